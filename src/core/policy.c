// SPDX-License-Identifier: Apache-2.0
// Changes of a group's policy and of what it expects. Called by: cli, app (admin socket).
// Must never: leave half of a rule list, or change a policy without its event.
#include "core/inside.h"

// What every change has in common.
struct change_op {
    struct core *core;
    const struct actor *by;
    const char *group_id;
    struct arena *arena;
    struct audit audit;
    struct policy_follow follow;
    bool changed;
};

static enum err begin(struct store_tx *tx, struct change_op *op, struct error *err)
{
    return core_audit_group(tx, op->core, op->by, op->group_id, &op->audit, err);
}

// The event, and a new look at what waits.
static enum err finish(struct store_tx *tx, struct change_op *op, enum audit_type type, const struct buf *detail,
                       struct error *err)
{
    if (detail->fail != BUF_OK) return core_nomem(err);
    enum err code = audit_write(tx, &op->audit, type, slice_of(op->audit.group_id), buf_view(detail), err);
    op->changed = true;
    op->follow = (struct policy_follow){.core = op->core, .group_id = op->audit.group_id};
    return code == ERR_OK ? policy_follow(tx, &op->follow, err) : code;
}

static enum err run(struct core *c, store_fn fn, void *ctx, struct change_op *op, struct error *err)
{
    struct arena *a CLEANUP(arena_freep) = arena_new(4 << 20);
    if (!a) return core_nomem(err);
    op->core = c;
    op->arena = a;
    enum err code = store_write(c->store, fn, ctx, err);
    if (code != ERR_OK) return code;
    if (op->follow.intents) core_tell(c, CORE_INTENTS_CHANGED, op->group_id, "");
    if (op->follow.rows) core_tell(c, CORE_CONNECTIONS_CHANGED, op->group_id, "");
    return ERR_OK;
}

static enum err set_actor(char *dst, const struct audit *audit, struct error *err)
{
    if (cstr_set(dst, PRINCIPAL_NAME, audit->by.name)) return ERR_OK;
    return error_set(err, ERR_INVALID, "the name of the caller is too long for the audit log");
}

// ---- rules ------------------------------------------------------------------------------------------------

struct set_op {
    struct change_op op;
    const struct policy_rule *rules;
    size_t n;
    int64_t if_version;
};

static bool same_rule(const struct policy_rule *a, const struct policy_rule *b)
{
    return strcmp(a->name, b->name) == 0 && a->action == b->action && slice_eq(a->accounts, b->accounts) &&
           slice_eq(a->vpcs, b->vpcs) && slice_eq(a->cidrs, b->cidrs) && a->allow_shared == b->allow_shared &&
           strcmp(a->target, b->target) == 0;
}

static bool same_rules(const struct policy *p, const struct set_op *s)
{
    if (!p->version || p->rule_count != s->n) return false;
    for (size_t i = 0; i < s->n; i++)
        if (!same_rule(&p->rules[i], &s->rules[i])) return false;
    return true;
}

static enum err check_targets(struct store_tx *tx, const struct set_op *s, struct error *err)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct policy_rule *r = &s->rules[i];
        struct group g;
        struct error why;
        if (r->action != POLICY_HAND_OVER) continue;
        enum err code = store_group_get(store_tx_reader(tx), r->target, &g, &why);
        if (code != ERR_OK && code != ERR_NOT_FOUND) return *err = why, code;
        if (code == ERR_OK && strcmp(g.org_id, s->op.audit.org_id) == 0 && strcmp(g.id, s->op.audit.group_id) != 0)
            continue;
        return error_set(err, ERR_INVALID, "rule \"%s\": %s is no other project of the same organisation", r->name,
                         r->target);
    }
    return ERR_OK;
}

static void describe_rules(const struct policy *p, struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out, false);
    json_obj(&w);
    json_key(&w, "rules");
    json_arr(&w);
    for (size_t i = 0; i < p->rule_count; i++) policy_rule_write(&w, &p->rules[i]);
    json_arr_end(&w);
    json_kint(&w, "version", (int64_t)p->version);
    json_obj_end(&w);
}

static enum err replace(struct store_tx *tx, struct set_op *s, struct policy *p, struct error *err)
{
    p->rules = s->rules;
    p->rule_count = s->n;
    p->version++;
    p->changed = s->op.audit.now;
    enum err code = approvals_guard(tx, &s->op.audit, "sets the rules of its policy", err);
    if (code == ERR_OK) code = set_actor(p->actor, &s->op.audit, err);
    if (code == ERR_OK) code = store_tx_policy_put(tx, p, err);
    if (code == ERR_OK) code = store_tx_policy_rules(tx, p, err);
    if (code != ERR_OK) return code;
    struct buf detail;
    buf_init(&detail, 2 * POLICY_TEXT_MAX);
    describe_rules(p, &detail);
    code = finish(tx, &s->op, AUDIT_POLICY_CHANGED, &detail, err);
    buf_done(&detail);
    return code;
}

static enum err set(struct store_tx *tx, void *ctx, struct error *err)
{
    struct set_op *s = ctx;
    struct policy p;
    enum err code = begin(tx, &s->op, err);
    if (code == ERR_OK) code = store_policy_get(store_tx_reader(tx), s->op.audit.group_id, s->op.arena, &p, err);
    if (code != ERR_OK) return code;
    if (s->if_version >= 0 && (uint64_t)s->if_version != p.version)
        return error_set(err, ERR_CONFLICT, "the policy has version %llu by now, not %lld; look at it again",
                         (unsigned long long)p.version, (long long)s->if_version);
    code = check_targets(tx, s, err);
    return code == ERR_OK && !same_rules(&p, s) ? replace(tx, s, &p, err) : code;
}

enum err core_policy_set(struct core *c, const struct actor *by, const char *group_id, const struct policy_rule *rules,
                         size_t n, int64_t if_version, bool *ret_changed, struct error *err)
{
    struct set_op s = {.op = {.by = by, .group_id = group_id}, .rules = rules, .n = n, .if_version = if_version};
    enum err code = policy_rules_check(rules, n, err);
    if (code == ERR_OK) code = run(c, set, &s, &s.op, err);
    if (code == ERR_OK) *ret_changed = s.op.changed;
    return code;
}

// ---- switch, and how many must ask -------------------------------------------------------------------------

struct edit_op {
    struct change_op op;
    const struct policy_edit *asked;
};

static enum err turn(struct store_tx *tx, struct edit_op *e, bool on, struct error *err)
{
    struct policy p;
    enum err code = store_policy_get(store_tx_reader(tx), e->op.audit.group_id, e->op.arena, &p, err);
    if (code != ERR_OK || p.enabled == on) return code;
    if (on) code = approvals_guard(tx, &e->op.audit, "enables its policy", err);
    p.enabled = on;
    p.changed = e->op.audit.now;
    if (code == ERR_OK) code = set_actor(p.actor, &e->op.audit, err);
    if (code == ERR_OK) code = store_tx_policy_put(tx, &p, err);
    if (code != ERR_OK) return code;
    struct buf detail;
    buf_init(&detail, 64);
    buf_fmt(&detail, "{\"version\":%llu}", (unsigned long long)p.version);
    code = finish(tx, &e->op, on ? AUDIT_POLICY_ENABLED : AUDIT_POLICY_DISABLED, &detail, err);
    buf_done(&detail);
    return code;
}

static enum err set_approvals(struct store_tx *tx, struct edit_op *e, struct error *err)
{
    const struct policy_edit *q = e->asked;
    struct approval_rule rule;
    enum err code = store_approval_rule(store_tx_reader(tx), e->op.audit.group_id, &rule, err);
    if (code != ERR_OK) return code;
    if (q->set_accepts) rule.accepts = q->accepts;
    if (q->set_deletes) rule.deletes = q->deletes;
    code = approvals_check(&rule, err);
    return code == ERR_OK ? approvals_set_in_tx(tx, &e->op.audit, &rule, err) : code;
}

static enum err edit(struct store_tx *tx, void *ctx, struct error *err)
{
    struct edit_op *e = ctx;
    enum err code = begin(tx, &e->op, err);
    if (code == ERR_OK && e->asked->set_enabled) code = turn(tx, e, e->asked->enabled, err);
    if (code == ERR_OK && (e->asked->set_accepts || e->asked->set_deletes)) code = set_approvals(tx, e, err);
    return code;
}

enum err core_policy_edit(struct core *c, const struct actor *by, const char *group_id, const struct policy_edit *q,
                          struct error *err)
{
    struct edit_op e = {.op = {.by = by, .group_id = group_id}, .asked = q};
    return run(c, edit, &e, &e.op, err);
}

enum err core_policy_enable(struct core *c, const struct actor *by, const char *group_id, bool on, struct error *err)
{
    const struct policy_edit q = {.set_enabled = true, .enabled = on};
    return core_policy_edit(c, by, group_id, &q, err);
}

// ---- expected requests ------------------------------------------------------------------------------------

struct expect_op {
    struct change_op op;
    const struct expected_new *asked;
    const char *id; // of the one to remove
    struct expected row;
};

void policy_expected_detail(const struct expected *e, struct buf *out)
{
    struct json_writer w;
    char until[21];
    wall_rfc3339(e->valid_until, until);
    json_begin(&w, out, false);
    json_obj(&w);
    if (e->cidrs.n) json_kslice(&w, "cidrBlocks", e->cidrs);
    json_kstr(&w, "expectedId", e->id);
    json_kslice(&w, "owner", e->owner);
    json_kstr(&w, "requesterAccountId", e->account);
    if (e->vpc[0]) json_kstr(&w, "requesterVpcId", e->vpc);
    if (e->ticket.n) json_kslice(&w, "ticket", e->ticket);
    json_kstr(&w, "validUntil", until);
    json_obj_end(&w);
}

static enum err tell(struct store_tx *tx, struct expect_op *x, enum audit_type type, struct error *err)
{
    struct buf detail;
    buf_init(&detail, 32768);
    policy_expected_detail(&x->row, &detail);
    enum err code = finish(tx, &x->op, type, &detail, err);
    buf_done(&detail);
    return code;
}

static bool text_ok(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F) return false;
    return s.n <= EXPECTED_TEXT_MAX;
}

static enum err check_blocks(struct slice list, struct error *err)
{
    struct slice block;
    struct cidr c;
    unsigned n = 0;
    while (cidr_list_next(&list, &block)) {
        if (!cidr_parse(block, false, &c))
            return error_set(err, ERR_INVALID, "%.*s is no CIDR block: write it as 10.0.0.0/16, without host bits",
                             (int)MIN(block.n, 64), block.p);
        if (++n > POLICY_LIST_MAX) return error_set(err, ERR_INVALID, "at most %d CIDR blocks", POLICY_LIST_MAX);
    }
    return ERR_OK;
}

static enum err check_expected(const struct expected_new *n, struct wall now, struct error *err)
{
    if (!account_id_valid(n->account)) return error_set(err, ERR_INVALID, "the account must be 12 digits");
    if (n->vpc.n && !vpc_id_valid(n->vpc))
        return error_set(err, ERR_INVALID, "the VPC must be vpc- and 8 or 17 hexadecimal digits in lower case");
    if (!n->owner.n || !text_ok(n->owner) || !text_ok(n->ticket))
        return error_set(err, ERR_INVALID, "owner (required) and ticket are one line of at most %d bytes",
                         EXPECTED_TEXT_MAX);
    if (n->valid_until.us <= now.us)
        return error_set(err, ERR_INVALID, "the time until which the request is expected must be in the future");
    return check_blocks(n->cidrs, err);
}

static void fill(struct expected *e, const struct expected_new *n, const struct audit *audit)
{
    *e = (struct expected){.cidrs = n->cidrs,
                           .allow_shared = n->allow_shared,
                           .owner = n->owner,
                           .ticket = n->ticket,
                           .created = audit->now,
                           .valid_until = n->valid_until};
    oid_hex(oid_new(audit->rng, audit->now), e->id);
    memcpy(e->group_id, audit->group_id, sizeof(e->group_id));
    bool fits = slice_copy(n->account, e->account, sizeof(e->account)) && slice_copy(n->vpc, e->vpc, sizeof(e->vpc));
    ASSERT(fits); // check_expected() has seen the lengths
}

static enum err add(struct store_tx *tx, void *ctx, struct error *err)
{
    struct expect_op *x = ctx;
    struct expected *open;
    size_t n = 0;
    enum err code = begin(tx, &x->op, err);
    const struct audit *audit = &x->op.audit;
    if (code == ERR_OK) code = check_expected(x->asked, audit->now, err);
    if (code == ERR_OK) code = approvals_guard(tx, audit, "registers requests that are accepted alone", err);
    if (code == ERR_OK)
        code = store_tx_expected_prune(tx, audit->group_id, (struct wall){audit->now.us - EXPECTED_KEEP_US}, err);
    if (code == ERR_OK)
        code = store_expected(store_tx_reader(tx), audit->group_id, audit->now, x->op.arena, &open, &n, err);
    if (code != ERR_OK) return code;
    if (n >= EXPECTED_OPEN_MAX)
        return error_set(err, ERR_CONFLICT, "%d requests are expected already; remove some first", EXPECTED_OPEN_MAX);
    fill(&x->row, x->asked, audit);
    code = set_actor(x->row.actor, audit, err);
    if (code == ERR_OK) code = store_tx_expected_insert(tx, &x->row, err);
    return code == ERR_OK ? tell(tx, x, AUDIT_EXPECTED_ADDED, err) : code;
}

enum err core_expected_add(struct core *c, const struct actor *by, const struct expected_new *n, struct expected *ret,
                           struct error *err)
{
    struct expect_op x = {.op = {.by = by, .group_id = n->group_id}, .asked = n};
    enum err code = run(c, add, &x, &x.op, err);
    if (code == ERR_OK) *ret = x.row;
    return code;
}

static enum err remove_one(struct store_tx *tx, void *ctx, struct error *err)
{
    struct expect_op *x = ctx;
    struct expected *all;
    size_t n = 0, i = 0;
    enum err code = begin(tx, &x->op, err);
    const char *group = x->op.audit.group_id;
    if (code == ERR_OK) code = store_expected(store_tx_reader(tx), group, (struct wall){0}, x->op.arena, &all, &n, err);
    if (code == ERR_OK) code = store_tx_expected_delete(tx, group, x->id, err);
    if (code != ERR_OK) return code;
    while (i < n && strcmp(all[i].id, x->id) != 0) i++;
    ASSERT(i < n); // it was there to be deleted
    x->row = all[i];
    return tell(tx, x, AUDIT_EXPECTED_REMOVED, err);
}

enum err core_expected_remove(struct core *c, const struct actor *by, const char *group_id, const char *id,
                              struct error *err)
{
    struct expect_op x = {.op = {.by = by, .group_id = group_id}, .id = id};
    return run(c, remove_one, &x, &x.op, err);
}
