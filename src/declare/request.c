// SPDX-License-Identifier: Apache-2.0
// A step as requests to the API. Called by: cli. Must never: send an attribute that the step does not show.
#include "declare/declare.h"

#define BODY_MAX ((size_t)4 << 20)
#define ATLAS    "/api/atlas/v2"
#define OWN      "/api/peerage/v1"
#define ID_OF(i) SLICE_FMT((i)->id)

static const struct decl_item *group_of(const struct decl_item *i)
{
    const struct decl_item *g = decl_above(i, DECL_PROJECT);
    ASSERT(g != NULL);
    return g;
}

static const struct decl_item *org_of(const struct decl_item *i)
{
    const struct decl_item *o = decl_above(i, DECL_ORG);
    ASSERT(o != NULL);
    return o;
}

const char *decl_target(struct arena *a, enum decl_kind k, const struct decl_item *parent)
{
    switch (k) {
    case DECL_ORG:
        return ATLAS "/orgs";
    case DECL_ORG_SETTINGS:
        return arena_fmt(a, ATLAS "/orgs/%.*s/settings", ID_OF(org_of(parent)));
    case DECL_PROJECT:
        return arena_fmt(a, ATLAS "/orgs/%.*s/groups", ID_OF(org_of(parent)));
    case DECL_PROJECT_SETTINGS:
        return arena_fmt(a, ATLAS "/groups/%.*s/settings", ID_OF(group_of(parent)));
    case DECL_NETWORK:
        return arena_fmt(a, OWN "/groups/%.*s/networks", ID_OF(group_of(parent)));
    case DECL_EXPECTED:
        return arena_fmt(a, OWN "/groups/%.*s/expectedRequests", ID_OF(group_of(parent)));
    case DECL_WEBHOOK:
        return arena_fmt(a, OWN "/orgs/%.*s/webhooks", ID_OF(org_of(parent)));
    case DECL_POLICY:
        return arena_fmt(a, OWN "/groups/%.*s/policy", ID_OF(group_of(parent)));
    default:
        ASSERT(!"a kind that is read with its parent");
        return NULL;
    }
}

// ---- bodies -----------------------------------------------------------------------------------------------

static void put_tags(struct buf *b, struct slice value)
{
    struct slice key, text;
    bool first = true;
    buf_char(b, '[');
    while (decl_next(&value, &key) && decl_next(&value, &text)) {
        buf_fmt(b, "%s{\"key\":%.*s,\"value\":%.*s}", first ? "" : ",", SLICE_FMT(key), SLICE_FMT(text));
        first = false;
    }
    buf_char(b, ']');
}

static void put_value(struct buf *b, const struct decl_change *c)
{
    if (c->attr->type == DECL_TAGS)
        put_tags(b, c->to);
    else if ((c->attr->flags & DECL_NULL_OUT) && slice_eq_cstr(c->to, "\"\""))
        buf_str(b, "null");
    else
        buf_slice(b, c->to);
}

struct body {
    struct buf b;
    struct slice inside; // "approvals": its object is open
    unsigned n;
};

static void body_begin(struct body *x)
{
    *x = (struct body){.n = 0};
    buf_init(&x->b, BODY_MAX);
    buf_char(&x->b, '{');
}

static void body_close(struct body *x)
{
    if (x->inside.n) buf_char(&x->b, '}');
    x->inside = SLICE("");
}

// Attributes of one inner object stand beside each other in the table.
static void body_add(struct body *x, const struct decl_change *c)
{
    struct slice name = slice_of(c->attr->name), head;
    bool deeper = slice_cut(&name, '.', &head);
    bool same = deeper && slice_eq(head, x->inside);
    if (!same) body_close(x);
    if (x->n++) buf_char(&x->b, ',');
    if (deeper && !same) {
        buf_fmt(&x->b, "\"%.*s\":{", SLICE_FMT(head));
        x->inside = head;
    }
    if (!deeper) name = head;
    buf_fmt(&x->b, "\"%.*s\":", SLICE_FMT(name));
    put_value(&x->b, c);
}

static void body_text(struct body *x, const char *key, struct slice id)
{
    body_close(x);
    buf_fmt(&x->b, "%s\"%s\":\"%.*s\"", x->n++ ? "," : "", key, SLICE_FMT(id));
}

static enum err body_end(struct arena *a, struct body *x, struct slice *ret, struct error *err)
{
    body_close(x);
    buf_char(&x->b, '}');
    *ret = x->b.fail ? (struct slice){NULL, 0} : arena_slice(a, buf_view(&x->b));
    buf_done(&x->b);
    return ret->p ? ERR_OK : error_set(err, ERR_NOMEM, "out of memory");
}

// ---- policy: rules are replaced as a whole, if nobody else has; the rest is changed by name ------------------

static enum err rules_request(struct arena *a, const struct decl_step *s, struct decl_request *ret, struct error *err)
{
    struct slice rules;
    long long version = s->have ? (long long)s->have->version : 0;
    if (decl_rules(a, s->want, &rules, err) != ERR_OK) return err->code;
    const char *target = arena_fmt(a, "%s?ifVersion=%lld", decl_target(a, DECL_POLICY, s->want->parent), version);
    const char *body = arena_fmt(a, "{\"rules\":%.*s}", SLICE_FMT(rules));
    *ret = (struct decl_request){"PUT", target, slice_of(body), NULL};
    return target && body ? ERR_OK : error_set(err, ERR_NOMEM, "out of memory");
}

static enum err policy_requests(struct arena *a, const struct decl_step *s, struct decl_request *ret, unsigned *ret_n,
                                struct error *err)
{
    struct body body;
    bool rules = false, off = false;
    unsigned n = 0;
    body_begin(&body);
    for (unsigned k = 0; k < s->n; k++) {
        const struct decl_change *c = &s->changes[k];
        off |= strcmp(c->attr->name, "enabled") == 0 && slice_eq_cstr(c->to, "false");
        rules |= c->attr->type == DECL_RULES;
        if (c->attr->type != DECL_RULES) body_add(&body, c);
    }
    bool edit = body.n > 0;
    struct decl_request patch = {.method = "PATCH", .target = decl_target(a, DECL_POLICY, s->want->parent)};
    if (body_end(a, &body, &patch.body, err) != ERR_OK) return err->code;
    // Off before the rules change, on after: rules that nobody meant to decide never do.
    if (edit && off) ret[n++] = patch;
    if (rules && rules_request(a, s, &ret[n++], err) != ERR_OK) return err->code;
    if (edit && !off) ret[n++] = patch;
    *ret_n = n;
    return ERR_OK;
}

// ---- all others -------------------------------------------------------------------------------------------

static const char *own_target(struct arena *a, const struct decl_item *i)
{
    if (i->under->flags & DECL_ONE) return decl_target(a, i->kind, i->parent);
    if (i->kind == DECL_PROJECT) return arena_fmt(a, ATLAS "/groups/%.*s", ID_OF(i));
    const char *list = decl_target(a, i->kind, i->parent);
    return list ? arena_fmt(a, "%s/%.*s", list, ID_OF(i)) : NULL;
}

static const char *new_target(struct arena *a, const struct decl_item *i)
{
    return i->kind == DECL_PROJECT ? ATLAS "/groups" : decl_target(a, i->kind, i->parent);
}

static enum err write_body(struct arena *a, const struct decl_step *s, struct slice *ret, struct error *err)
{
    const struct decl_item *i = s->want;
    struct body body;
    body_begin(&body);
    for (unsigned k = 0; k < s->n; k++) body_add(&body, &s->changes[k]);
    if (s->op == DECL_CREATE && i->kind == DECL_PROJECT) body_text(&body, "orgId", i->parent->id);
    if (s->op == DECL_CREATE && i->kind == DECL_WEBHOOK && i->parent->kind == DECL_PROJECT)
        body_text(&body, "groupId", i->parent->id);
    return body_end(a, &body, ret, err);
}

enum err decl_requests(struct arena *a, const struct decl_step *s, struct decl_request ret[DECL_REQUESTS_MAX],
                       unsigned *ret_n, struct error *err)
{
    const struct decl_item *i = s->want;
    struct decl_request r = {.method = "DELETE"};
    if (i->kind == DECL_POLICY) return policy_requests(a, s, ret, ret_n, err);
    if (s->op == DECL_CREATE) {
        r = (struct decl_request){.method = "POST", .target = new_target(a, i)};
        r.id_in = i->kind == DECL_ORG ? "organization" : "";
    } else {
        r.target = own_target(a, i);
        if (s->op == DECL_UPDATE) r.method = "PATCH";
    }
    if (!r.target) return error_set(err, ERR_NOMEM, "out of memory");
    if (s->op != DECL_DELETE && write_body(a, s, &r.body, err) != ERR_OK) return err->code;
    ret[0] = r;
    *ret_n = 1;
    return ERR_OK;
}
