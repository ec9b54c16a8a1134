// SPDX-License-Identifier: Apache-2.0
// Webhooks: adding, changing, testing, replaying, and recording what deliveries came to. Called by: notice, api, cli.
// Must never: write a change without its event, or a secret into one.
#include "core/webhook.h"

#include "core/inside.h"

struct hook_op {
    const struct core *core;
    const struct actor *by;
    const char *id;
    const struct webhook *added;
    const struct webhook_edit *edit;
    const struct webhook_secret *secret;
    struct wall when; // until (rotate), since (replay)
    struct slice reason;
    const char *delivery;
    bool on, changed;
    uint64_t n;
    struct arena *arena;
    struct webhook row;
    struct audit audit;
};

static enum err begin(struct store_tx *tx, struct hook_op *op, struct error *err)
{
    enum err code = store_webhook_get(store_tx_reader(tx), op->id, op->arena, &op->row, err);
    if (code != ERR_OK) return code;
    audit_begin(&op->audit, op->core->rng, clock_wall(op->core->clock), op->by);
    memcpy(op->audit.org_id, op->row.org_id, sizeof(op->audit.org_id));
    memcpy(op->audit.group_id, op->row.group_id, sizeof(op->audit.group_id));
    return ERR_OK;
}

struct member {
    const char *key;
    struct slice text;
};

static enum err write_event(struct store_tx *tx, const struct hook_op *op, enum audit_type type,
                            const struct member *members, unsigned n, struct error *err)
{
    struct buf detail;
    struct json_writer w;
    buf_init(&detail, 16384);
    json_begin(&w, &detail, false);
    json_obj(&w);
    for (unsigned i = 0; i < n; i++)
        if (members[i].text.n) json_kslice(&w, members[i].key, members[i].text);
    json_obj_end(&w);
    enum err code = detail.fail == BUF_OK ? audit_write(tx, &op->audit, type, slice_of(op->row.id),
                                                        n ? buf_view(&detail) : (struct slice){0}, err)
                                          : core_nomem(err);
    buf_done(&detail);
    return code;
}

static enum err run(struct core *c, store_fn fn, struct hook_op *op, struct error *err)
{
    op->core = c;
    op->arena = arena_new(1 << 20);
    if (!op->arena) return core_nomem(err);
    enum err code = store_write(c->store, fn, op, err);
    if (code == ERR_OK) core_tell(c, CORE_WEBHOOKS_CHANGED, op->row.group_id, "");
    arena_free(op->arena);
    op->arena = NULL;
    return code;
}

// ---- add, remove ------------------------------------------------------------------------------------------

static enum err check_scope(struct store_tx *tx, const struct webhook *w, struct error *err)
{
    struct org org;
    struct group group;
    enum err code = store_org_get(store_tx_reader(tx), w->org_id, &org, err);
    if (code != ERR_OK || !w->group_id[0]) return code;
    code = store_group_get(store_tx_reader(tx), w->group_id, &group, err);
    if (code != ERR_OK || strcmp(group.org_id, w->org_id) == 0) return code;
    return error_set(err, ERR_NOT_FOUND, "there is no group %s in organisation %s", w->group_id, w->org_id);
}

static enum err add(struct store_tx *tx, void *ctx, struct error *err)
{
    struct hook_op *op = ctx;
    struct webhook *all, *w = &op->row;
    size_t n;
    *w = *op->added;
    audit_begin(&op->audit, op->core->rng, clock_wall(op->core->clock), op->by);
    memcpy(op->audit.org_id, w->org_id, sizeof(op->audit.org_id));
    memcpy(op->audit.group_id, w->group_id, sizeof(op->audit.group_id));
    w->created = w->secrets[0].created = op->audit.now;
    w->enabled = true;
    w->reason = (struct slice){NULL, 0};
    w->secret_count = 1;
    enum err code = check_scope(tx, w, err);
    if (code == ERR_OK) code = store_webhooks(store_tx_reader(tx), w->org_id, op->arena, &all, &n, err);
    if (code != ERR_OK) return code;
    if (n >= WEBHOOKS_MAX)
        return error_set(err, ERR_TOO_LARGE, "the organisation has %d webhooks already; remove one", WEBHOOKS_MAX);
    code = store_tx_webhook_insert(tx, w, err);
    const struct member url = {"url", slice_of(w->url)};
    return code == ERR_OK ? write_event(tx, op, AUDIT_WEBHOOK_ADDED, &url, 1, err) : code;
}

enum err core_webhook_add(struct core *c, const struct actor *by, const struct webhook *w, struct error *err)
{
    bool tls;
    const char *why;
    if (!webhook_url_check(slice_of(w->url), &tls, &why))
        return error_set(err, ERR_INVALID, "the URL of the webhook: %s", why);
    if (!(w->notices & NOTICE_ALL))
        return error_set(err, ERR_INVALID, "a webhook that is told nothing is of no use; name what it is told");
    struct hook_op op = {.by = by, .id = w->id, .added = w};
    return run(c, add, &op, err);
}

static enum err remove_hook(struct store_tx *tx, void *ctx, struct error *err)
{
    struct hook_op *op = ctx;
    enum err code = begin(tx, op, err);
    if (code == ERR_OK) code = store_tx_webhook_delete(tx, op->id, err);
    const struct member url = {"url", slice_of(op->row.url)};
    return code == ERR_OK ? write_event(tx, op, AUDIT_WEBHOOK_REMOVED, &url, 1, err) : code;
}

enum err core_webhook_remove(struct core *c, const struct actor *by, const char *id, struct error *err)
{
    struct hook_op op = {.by = by, .id = id};
    return run(c, remove_hook, &op, err);
}

// ---- change -----------------------------------------------------------------------------------------------

static enum err set_enabled(struct store_tx *tx, struct hook_op *op, struct error *err)
{
    enum err code = store_tx_webhook_enable(tx, op->id, op->on, op->reason, &op->changed, err);
    if (code != ERR_OK || !op->changed) return code;
    const struct member why = {"reason", op->reason};
    return write_event(tx, op, op->on ? AUDIT_WEBHOOK_ENABLED : AUDIT_WEBHOOK_DISABLED, &why, op->reason.n > 0, err);
}

static enum err enable(struct store_tx *tx, void *ctx, struct error *err)
{
    struct hook_op *op = ctx;
    enum err code = begin(tx, op, err);
    return code == ERR_OK ? set_enabled(tx, op, err) : code;
}

enum err core_webhook_enable(struct core *c, const struct actor *by, const char *id, bool on, struct slice reason,
                             struct error *err)
{
    struct hook_op op = {.by = by, .id = id, .on = on, .reason = on ? (struct slice){NULL, 0} : core_clip(reason)};
    return run(c, enable, &op, err);
}

// Becomes *w with what is asked. ERR_INVALID: it does not fit.
static enum err apply(const struct webhook_edit *q, struct webhook *w, struct error *err)
{
    bool tls;
    const char *why;
    if (q->url.p && !webhook_url_check(q->url, &tls, &why))
        return error_set(err, ERR_INVALID, "the URL of the webhook: %s", why);
    if (q->set_notices && !(q->notices & NOTICE_ALL))
        return error_set(err, ERR_INVALID, "a webhook that is told nothing is of no use; name what it is told");
    if (q->description.p && !slice_copy(q->description, w->description, sizeof(w->description)))
        return error_set(err, ERR_INVALID, "the description is longer than %zu bytes", sizeof(w->description) - 1);
    bool fits = !q->url.p || slice_copy(q->url, w->url, sizeof(w->url));
    ASSERT(fits); // it was checked
    if (q->set_notices) w->notices = q->notices;
    return ERR_OK;
}

static struct slice types_of(struct arena *a, notice_set set)
{
    char text[1024];
    struct buf b = {.p = text, .cap = sizeof(text), .max = sizeof(text)};
    if ((set & NOTICE_ALL) == NOTICE_ALL) return SLICE("all");
    for (unsigned i = 0; i < NOTICE_COUNT_; i++)
        if (set & ((notice_set)1 << i)) buf_fmt(&b, "%s%s", b.n ? " " : "", notice_type((enum notice)i));
    ASSERT(b.fail == BUF_OK); // all types together are shorter
    return arena_slice(a, buf_view(&b));
}

static enum err tell_changed(struct store_tx *tx, struct hook_op *op, const struct webhook *was, struct error *err)
{
    const struct webhook *w = &op->row;
    const struct member what[] = {
        {"description", strcmp(was->description, w->description) ? slice_of(w->description) : (struct slice){NULL, 0}},
        {"events", was->notices != w->notices ? types_of(op->arena, w->notices) : (struct slice){NULL, 0}},
        {"url", strcmp(was->url, w->url) ? slice_of(w->url) : (struct slice){NULL, 0}}};
    return write_event(tx, op, AUDIT_WEBHOOK_CHANGED, what, ARRAY_LEN(what), err);
}

static enum err edit(struct store_tx *tx, void *ctx, struct error *err)
{
    struct hook_op *op = ctx;
    enum err code = begin(tx, op, err);
    if (code != ERR_OK) return code;
    const struct webhook was = op->row;
    code = apply(op->edit, &op->row, err);
    if (code == ERR_OK && (strcmp(was.url, op->row.url) != 0 || strcmp(was.description, op->row.description) != 0 ||
                           was.notices != op->row.notices)) {
        code = store_tx_webhook_update(tx, &op->row, err);
        if (code == ERR_OK) code = tell_changed(tx, op, &was, err);
    }
    if (code == ERR_OK && op->edit->set_enabled) code = set_enabled(tx, op, err);
    return code;
}

enum err core_webhook_edit(struct core *c, const struct actor *by, const char *id, const struct webhook_edit *q,
                           struct error *err)
{
    struct hook_op op = {.by = by,
                         .id = id,
                         .edit = q,
                         .on = q->enabled,
                         .reason = q->enabled ? (struct slice){NULL, 0} : core_clip(q->reason)};
    return run(c, edit, &op, err);
}

static enum err rotate(struct store_tx *tx, void *ctx, struct error *err)
{
    struct hook_op *op = ctx;
    char until[21];
    enum err code = begin(tx, op, err);
    if (code != ERR_OK) return code;
    struct webhook_secret s = *op->secret;
    s.created = op->audit.now;
    s.until = (struct wall){0};
    code = store_tx_webhook_rotate(tx, op->id, &s, op->when, err);
    wall_rfc3339(op->when, until);
    const struct member valid = {"formerValidUntil", slice_of(until)};
    return code == ERR_OK ? write_event(tx, op, AUDIT_WEBHOOK_ROTATED, &valid, 1, err) : code;
}

enum err core_webhook_rotate(struct core *c, const struct actor *by, const char *id, const struct webhook_secret *s,
                             struct wall until, struct error *err)
{
    struct hook_op op = {.by = by, .id = id, .secret = s, .when = until};
    return run(c, rotate, &op, err);
}

static enum err test(struct store_tx *tx, void *ctx, struct error *err)
{
    struct hook_op *op = ctx;
    enum err code = begin(tx, op, err);
    return code == ERR_OK ? write_event(tx, op, AUDIT_WEBHOOK_TESTED, NULL, 0, err) : code;
}

enum err core_webhook_test(struct core *c, const struct actor *by, const char *id, struct error *err)
{
    struct hook_op op = {.by = by, .id = id};
    return run(c, test, &op, err);
}

static enum err replay(struct store_tx *tx, void *ctx, struct error *err)
{
    struct hook_op *op = ctx;
    char since[21] = "", n[24];
    enum err code = begin(tx, op, err);
    if (code == ERR_OK) code = store_tx_outbox_replay(tx, op->id, op->delivery, op->when, op->audit.now, &op->n, err);
    if (code != ERR_OK) return code;
    if (op->n == 0 && op->delivery)
        return error_set(err, ERR_NOT_FOUND, "webhook %s has no delivered or dead delivery %.40s", op->id,
                         op->delivery);
    if (!op->delivery) wall_rfc3339(op->when, since);
    struct buf count = {.p = n, .cap = sizeof(n), .max = sizeof(n)};
    buf_u64(&count, op->n);
    const struct member what[] = {
        {"deliveries", buf_view(&count)}, {"delivery", slice_of(op->delivery)}, {"since", slice_of(since)}};
    return write_event(tx, op, AUDIT_WEBHOOK_REPLAYED, what, ARRAY_LEN(what), err);
}

enum err core_webhook_replay(struct core *c, const struct actor *by, const char *id, const char *delivery,
                             struct wall since, uint64_t *ret_n, struct error *err)
{
    struct hook_op op = {.by = by, .id = id, .delivery = delivery, .when = since};
    enum err code = run(c, replay, &op, err);
    if (code == ERR_OK) *ret_n = op.n;
    return code;
}

// ---- outcomes ---------------------------------------------------------------------------------------------

struct outcome_op {
    struct hook_op hook;
    const struct delivery_outcome *asked;
};

static enum err tell_dead(struct store_tx *tx, const struct hook_op *op, const struct delivery *d, struct error *err)
{
    char n[24];
    struct buf attempts = {.p = n, .cap = sizeof(n), .max = sizeof(n)};
    buf_u64(&attempts, d->attempts);
    const struct member what[] = {{"attempts", buf_view(&attempts)},
                                  {"delivery", slice_of(d->id)},
                                  {"reason", d->reason},
                                  {"subject", d->subject},
                                  {"type", slice_of(notice_type(d->notice))}};
    return write_event(tx, op, AUDIT_DELIVERY_DEAD, what, ARRAY_LEN(what), err);
}

static enum err outcome(struct store_tx *tx, void *ctx, struct error *err)
{
    struct outcome_op *op = ctx;
    const struct delivery *d = op->asked->row;
    enum err code = begin(tx, &op->hook, err);
    if (code == ERR_OK) code = store_tx_outbox_outcome(tx, d, err);
    if (code == ERR_OK && d->state == DELIVERY_DEAD) code = tell_dead(tx, &op->hook, d, err);
    if (code == ERR_OK && op->asked->gone) code = set_enabled(tx, &op->hook, err);
    if (code == ERR_OK && op->asked->hurry) code = store_tx_outbox_hurry(tx, op->hook.id, d->last_attempt, err);
    return code;
}

enum err core_delivery_outcome(struct core *c, const struct delivery_outcome *o, struct error *err)
{
    static const struct actor notifier = {PRINCIPAL_LOCAL, "notifier", NULL};
    struct outcome_op op = {.hook = {.core = c,
                                     .by = &notifier,
                                     .id = o->row->webhook_id,
                                     .on = false,
                                     .reason = SLICE("the receiver answered 410 Gone"),
                                     .arena = arena_new(1 << 20)},
                            .asked = o};
    if (!op.hook.arena) return core_nomem(err);
    enum err code = store_write(c->store, outcome, &op, err);
    arena_free(op.hook.arena);
    return code;
}

struct prune_op {
    struct wall before;
    uint64_t n;
};

static enum err prune(struct store_tx *tx, void *ctx, struct error *err)
{
    struct prune_op *op = ctx;
    return store_tx_outbox_prune(tx, op->before, &op->n, err);
}

enum err core_outbox_prune(struct core *c, struct wall before, uint64_t *ret_n, struct error *err)
{
    struct prune_op op = {.before = before};
    enum err code = store_write(c->store, prune, &op, err);
    if (code == ERR_OK) *ret_n = op.n;
    return code;
}
