// SPDX-License-Identifier: Apache-2.0
// The steps from what is to what shall be. Called by: cli. Must never: do I/O, read a clock, take away what the file
// does not say to delete, or depend on the order in which the API answered.
//
// First each wanted item is matched with an observed one: by id, else by its key attributes. Then come the deletions,
// what is below first; then, kind by kind and in the order of the file, what is made or changed. So a network can move
// from one project to another, a parent is there before what is in it, and a policy is switched on last.
#include "declare/declare.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/id.h"

#define SIBLINGS_MAX 5000
#define DAY_US       (INT64_C(86400) * US_PER_SEC)

struct planner {
    struct arena *arena;
    const struct decl_plan_options *o;
    struct decl_plan *plan;
    struct error *err;
};

static enum err wrong(struct planner *p, const struct decl_item *at, enum err code, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
static enum err wrong(struct planner *p, const struct decl_item *at, enum err code, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return error_set(p->err, code, "line %u, column %u: %s", at->line, at->column, text);
}

static enum err no_memory(struct planner *p)
{
    return error_set(p->err, ERR_NOMEM, "no memory for the plan");
}

static struct slice value_or_absent(const struct decl_item *i, unsigned at)
{
    unsigned n;
    return i->v[at].p ? i->v[at] : slice_of(decl_attrs(i->kind, &n)[at].absent);
}

static bool same_key(const struct decl_item *x, const struct decl_item *y)
{
    unsigned n;
    const struct decl_attr *t = decl_attrs(x->kind, &n);
    for (unsigned k = 0; k < n; k++)
        if ((t[k].flags & DECL_KEY) && !slice_eq(value_or_absent(x, k), value_or_absent(y, k))) return false;
    return true;
}

bool decl_means(const struct decl_item *want, const struct decl_item *have)
{
    if (want->under != have->under) return false;
    if (want->under->flags & DECL_ONE) return true;
    return want->id.n ? slice_eq(want->id, have->id) : same_key(want, have);
}

// ---- matching ---------------------------------------------------------------------------------------------

static enum err find_by_id(struct planner *p, struct decl_item *want, struct decl_item *parent)
{
    for (struct decl_item *c = parent ? parent->first : NULL; c && !want->match; c = c->next)
        if (c->under == want->under && slice_eq(c->id, want->id)) want->match = c;
    if (want->match || want->remove) return ERR_OK;
    return wrong(p, want, ERR_INVALID,
                 "there is no %s with id %.*s%s, or you may not see it; one that shall be made has none",
                 decl_noun(want->kind), SLICE_FMT(want->id), parent && parent->kind != DECL_ROOT ? " there" : "");
}

// Of expected requests several may be alike: any of them says that it was asked for.
static enum err find_by_key(struct planner *p, struct decl_item *want, struct decl_item *parent)
{
    for (struct decl_item *c = parent ? parent->first : NULL; c; c = c->next) {
        if (c->under != want->under || !same_key(want, c)) continue;
        if (want->match && want->kind != DECL_EXPECTED)
            return wrong(p, want, ERR_CONFLICT, "there are several such %ss, %.*s and %.*s: name one by its id",
                         decl_noun(want->kind), SLICE_FMT(want->match->id), SLICE_FMT(c->id));
        if (!want->match) want->match = c;
    }
    return ERR_OK;
}

static enum err match_one(struct planner *p, struct decl_item *want, struct decl_item *parent)
{
    if (want->under->flags & DECL_ONE) {
        for (struct decl_item *c = parent ? parent->first : NULL; c && !want->match; c = c->next)
            if (c->under == want->under) want->match = c;
        return ERR_OK;
    }
    if ((want->id.n ? find_by_id(p, want, parent) : find_by_key(p, want, parent)) != ERR_OK) return p->err->code;
    if (!want->match) return ERR_OK;
    if (want->match->match)
        return wrong(p, want, ERR_INVALID, "this is the same %s as in line %u", decl_noun(want->kind),
                     want->match->match->line);
    want->match->match = want;
    want->id = want->match->id;
    return ERR_OK;
}

static enum err check_siblings(struct planner *p, const struct decl_item *parent)
{
    size_t n = 0;
    for (const struct decl_item *x = parent->first; x; x = x->next) {
        if (++n > SIBLINGS_MAX)
            return wrong(p, x, ERR_TOO_LARGE, "more than %d in one place; divide the file", SIBLINGS_MAX);
        for (const struct decl_item *y = parent->first; y != x && !x->match && !x->id.n; y = y->next)
            if (y->under == x->under && !y->match && !y->id.n && same_key(x, y))
                return wrong(p, x, ERR_INVALID, "this is the same %s as in line %u", decl_noun(x->kind), y->line);
    }
    return ERR_OK;
}

static enum err match_all(struct planner *p, struct decl_item *want, struct decl_item *have)
{
    for (struct decl_item *c = want->first; c; c = c->next) {
        ASSERT(!have || (have->looked & (1u << c->kind)));
        if (match_one(p, c, have) != ERR_OK || match_all(p, c, c->match) != ERR_OK) return p->err->code;
    }
    return check_siblings(p, want);
}

// ---- rules ------------------------------------------------------------------------------------------------

static bool is_named(struct arena *a, const struct decl_item *i, struct slice name)
{
    return i->kind == DECL_PROJECT && slice_eq(decl_text(a, decl_value(i, "name")), name);
}

// The wanted names count first: what is renamed is found by its new name, not by its old one.
static bool find_project(struct arena *a, const struct decl_item *org, struct slice name, struct slice *ret_id)
{
    *ret_id = (struct slice){NULL, 0};
    for (const struct decl_item *c = org->first; c; c = c->next)
        if (!c->remove && is_named(a, c, name)) return *ret_id = c->id, true;
    for (const struct decl_item *c = org->match ? org->match->first : NULL; c; c = c->next) {
        bool renamed = c->match && (c->match->remove || decl_value(c->match, "name").p);
        if (!renamed && is_named(a, c, name)) return *ret_id = c->id, true;
    }
    return false;
}

static enum err put_target(struct arena *a, const struct decl_item *policy, const struct decl_item *rule,
                           struct slice value, struct buf *b, struct error *err)
{
    const struct decl_item *org = decl_above(policy, DECL_ORG);
    struct slice text = decl_text(a, value), id;
    struct oid oid;
    if (oid_parse(text, &oid) || text.n == 0 || !org) {
        buf_slice(b, value);
        return ERR_OK;
    }
    if (!find_project(a, org, text, &id))
        return error_set(err, ERR_INVALID,
                         "line %u, column %u: there is no project \"%.*s\" in the organisation to hand over to",
                         rule->line, rule->column, (int)MIN(text.n, (size_t)60), text.p);
    if (id.n)
        buf_fmt(b, "\"%.*s\"", SLICE_FMT(id));
    else
        buf_fmt(b, "{\"new\":%.*s}", SLICE_FMT(value));
    return ERR_OK;
}

static enum err put_rule(struct arena *a, const struct decl_item *policy, const struct decl_item *rule, struct buf *b,
                         struct error *err)
{
    unsigned n;
    const struct decl_attr *t = decl_attrs(DECL_RULE, &n);
    bool first = true;
    buf_char(b, '{');
    for (unsigned k = 0; k < n; k++) {
        if (slice_eq_cstr(value_or_absent(rule, k), t[k].absent)) continue;
        buf_fmt(b, "%s\"%s\":", first ? "" : ",", t[k].name);
        first = false;
        if (strcmp(t[k].name, "project") == 0) {
            if (put_target(a, policy, rule, rule->v[k], b, err) != ERR_OK) return err->code;
        } else {
            buf_slice(b, rule->v[k]);
        }
    }
    buf_char(b, '}');
    return ERR_OK;
}

enum err decl_rules(struct arena *a, const struct decl_item *policy, struct slice *ret, struct error *err)
{
    struct buf b;
    enum err code = ERR_OK;
    buf_init(&b, 4 * DECL_FILE_MAX);
    buf_char(&b, '[');
    for (const struct decl_item *rule = policy->rules; rule && code == ERR_OK; rule = rule->next) {
        if (rule != policy->rules) buf_char(&b, ',');
        code = put_rule(a, policy, rule, &b, err);
    }
    buf_char(&b, ']');
    struct slice made = b.fail ? (struct slice){NULL, 0} : arena_slice(a, buf_view(&b));
    buf_done(&b);
    if (code == ERR_OK && !made.p) return error_set(err, ERR_NOMEM, "out of memory");
    if (code == ERR_OK) *ret = made;
    return code;
}

static enum err make_rules(struct planner *p, struct decl_item *i)
{
    int at = i->kind == DECL_POLICY ? decl_attr_index(i->kind, SLICE("rules")) : -1;
    if (at >= 0 && i->v[at].p && decl_rules(p->arena, i, &i->v[at], p->err) != ERR_OK) return p->err->code;
    for (struct decl_item *c = i->first; c; c = c->next)
        if (make_rules(p, c) != ERR_OK) return p->err->code;
    return ERR_OK;
}

// ---- steps ------------------------------------------------------------------------------------------------

static enum err add_step(struct planner *p, enum decl_op op, struct decl_item *want, struct decl_step **ret)
{
    struct decl_plan *plan = p->plan;
    if (plan->n == DECL_STEPS_MAX)
        return wrong(p, want, ERR_TOO_LARGE, "that is more than %d changes; divide the file", DECL_STEPS_MAX);
    struct decl_step *s = &plan->steps[plan->n++];
    *s = (struct decl_step){.op = op, .want = want, .have = want->match};
    *ret = s;
    return ERR_OK;
}

static enum err add_note(struct planner *p, const struct decl_item *i, const char *what)
{
    const char *text =
        arena_fmt(p->arena, "line %u: %s %s %s", i->line, decl_noun(i->kind), decl_label(p->arena, i), what);
    if (!text) return no_memory(p);
    if (p->plan->note_count < DECL_STEPS_MAX) p->plan->notes[p->plan->note_count++] = text;
    return ERR_OK;
}

// A new name that another has, who keeps it. Two that change names go one after the other, in two runs.
static enum err check_rename(struct planner *p, const struct decl_item *want)
{
    for (const struct decl_item *c = want->match->parent->first; c; c = c->next) {
        if (c == want->match || c->under != want->under || !same_key(want, c)) continue;
        if (c->match && c->match->remove) continue;
        return wrong(p, want, ERR_CONFLICT, "%s %.*s has this name now%s", decl_noun(want->kind), SLICE_FMT(c->id),
                     c->match ? "; rename that one first, in a run of its own" : "");
    }
    return ERR_OK;
}

static enum err check_change(struct planner *p, const struct decl_item *want, const struct decl_attr *t)
{
    if (!(t->flags & DECL_FIXED)) return t->flags & DECL_KEY ? check_rename(p, want) : ERR_OK;
    return wrong(
        p, want, ERR_CONFLICT,
        "\"%s\" of a %s cannot be changed: say \"delete: true\" of the old one, and the new one without its id",
        t->name, decl_noun(want->kind));
}

// What changes, with the old values; of something new, all that is said.
static enum err differences(struct planner *p, struct decl_item *want, struct decl_change **ret, unsigned *ret_n)
{
    unsigned n, count = 0;
    const struct decl_attr *t = decl_attrs(want->kind, &n);
    const struct decl_item *have = want->match;
    bool new_one = !have && (want->under->flags & DECL_ONE); // a new parent comes with what is absent
    struct decl_change *all = arena_array(p->arena, n + 1, sizeof *all);
    if (!all) return no_memory(p);
    for (unsigned k = 0; k < n; k++) {
        struct slice from = have ? value_or_absent(have, k) : (struct slice){NULL, 0};
        if (!want->v[k].p || (have && slice_eq(from, want->v[k]))) continue;
        if (new_one && slice_eq_cstr(want->v[k], t[k].absent)) continue;
        if (have && check_change(p, want, &t[k]) != ERR_OK) return p->err->code;
        all[count++] = (struct decl_change){&t[k], from, want->v[k]};
    }
    *ret = all;
    *ret_n = count;
    return ERR_OK;
}

// How long the API knows that an expected request was used: one that is forgotten would be asked for again.
static enum err check_expected(struct planner *p, const struct decl_item *want, bool *ret_skip)
{
    struct wall until;
    *ret_skip = false;
    if (want->kind != DECL_EXPECTED || want->match) return ERR_OK;
    if (!wall_parse_rfc3339(decl_text(p->arena, decl_value(want, "validUntil")), &until)) return no_memory(p);
    if (until.us <= p->o->now.us) {
        *ret_skip = true;
        return add_note(p, want, "is past and left out");
    }
    if (until.us - p->o->now.us <= DECL_EXPECTED_DAYS * DAY_US) return ERR_OK;
    return wrong(p, want, ERR_INVALID,
                 "\"validUntil\" is more than %d days ahead; used requests are known no longer, and this one could be "
                 "asked for twice",
                 DECL_EXPECTED_DAYS);
}

static enum err check_new(struct planner *p, const struct decl_item *want)
{
    unsigned n;
    const struct decl_attr *t = decl_attrs(want->kind, &n);
    if (want->kind == DECL_ORG && !p->o->may_make_orgs)
        return wrong(
            p, want, ERR_INVALID,
            "you do not see this organisation; a credential belongs to one organisation, so one is made on the "
            "server's machine (`peerage apply` there, or `peerage org create`)");
    for (unsigned k = 0; k < n; k++)
        if ((t[k].flags & DECL_NEW) && !want->v[k].p)
            return wrong(p, want, ERR_INVALID, "this new %s needs \"%s\"", decl_noun(want->kind), t[k].name);
    return ERR_OK;
}

// What cannot be said while a thing is made and is not so by itself: moved to the end; how many there are.
static unsigned set_apart(struct planner *p, struct decl_change *all, unsigned *n)
{
    struct decl_change later[DECL_ATTRS_MAX];
    unsigned kept = 0, count = 0;
    for (unsigned k = 0; k < *n; k++) {
        if (!(all[k].attr->flags & DECL_LATER))
            all[kept++] = all[k];
        else if (!slice_eq_cstr(all[k].to, all[k].attr->absent))
            later[count++] = all[k];
    }
    for (unsigned k = 0; k < count; k++) all[kept + k] = later[k];
    *n = kept;
    return count;
}

static enum err add_changes(struct planner *p, enum decl_op op, struct decl_item *want, struct decl_change *changes,
                            unsigned n)
{
    struct decl_step *s = NULL;
    if (add_step(p, op, want, &s) != ERR_OK) return p->err->code;
    s->changes = changes;
    s->n = n;
    return ERR_OK;
}

static enum err change_one(struct planner *p, struct decl_item *want)
{
    struct decl_change *changes = NULL;
    unsigned n = 0;
    bool skip = false, there = want->match || (want->under->flags & DECL_ONE);
    if (check_expected(p, want, &skip) != ERR_OK) return p->err->code;
    if (skip) return ERR_OK;
    if (!there && check_new(p, want) != ERR_OK) return p->err->code;
    if (differences(p, want, &changes, &n) != ERR_OK) return p->err->code;
    if (there) return n ? add_changes(p, DECL_UPDATE, want, changes, n) : ERR_OK;
    unsigned later = set_apart(p, changes, &n);
    if (add_changes(p, DECL_CREATE, want, changes, n) != ERR_OK) return p->err->code;
    return later ? add_changes(p, DECL_UPDATE, want, changes + n, later) : ERR_OK;
}

static enum err change_kind(struct planner *p, struct decl_item *i, enum decl_kind kind)
{
    for (struct decl_item *c = i->first; c; c = c->next) {
        if (c->remove) continue;
        if (c->kind == kind && change_one(p, c) != ERR_OK) return p->err->code;
        if (change_kind(p, c, kind) != ERR_OK) return p->err->code;
    }
    return ERR_OK;
}

// ---- deletions --------------------------------------------------------------------------------------------

static enum err check_empty(struct planner *p, const struct decl_item *want)
{
    for (const struct decl_item *c = want->match->first; c; c = c->next)
        if ((c->under->flags & DECL_HOLDS) && !c->match)
            return wrong(p, want, ERR_CONFLICT, "it cannot be deleted: it has the %s %s, which must be deleted first",
                         decl_noun(c->kind), decl_label(p->arena, c));
    return ERR_OK;
}

static enum err delete_kind(struct planner *p, struct decl_item *i, enum decl_kind kind)
{
    struct decl_step *s;
    for (struct decl_item *c = i->first; c; c = c->next) {
        if (delete_kind(p, c, kind) != ERR_OK) return p->err->code;
        if (c->kind != kind || !c->remove || !c->match) continue;
        if (check_empty(p, c) != ERR_OK || add_step(p, DECL_DELETE, c, &s) != ERR_OK) return p->err->code;
    }
    return ERR_OK;
}

enum err decl_plan(struct arena *a, struct decl_item *want, struct decl_item *have, const struct decl_plan_options *o,
                   struct decl_plan *ret, struct error *err)
{
    struct decl_plan plan = {.steps = arena_array(a, DECL_STEPS_MAX, sizeof *plan.steps),
                             .notes = arena_array(a, DECL_STEPS_MAX, sizeof *plan.notes)};
    struct planner p = {a, o, &plan, err};
    if (!plan.steps || !plan.notes) return no_memory(&p);
    want->match = have;
    if (match_all(&p, want, have) != ERR_OK || make_rules(&p, want) != ERR_OK) return err->code;
    for (int k = DECL_KIND_COUNT_ - 1; k > DECL_ROOT; k--)
        if (delete_kind(&p, want, (enum decl_kind)k) != ERR_OK) return err->code;
    for (int k = DECL_ROOT + 1; k < DECL_KIND_COUNT_; k++)
        if (change_kind(&p, want, (enum decl_kind)k) != ERR_OK) return err->code;
    *ret = plan;
    return ERR_OK;
}
