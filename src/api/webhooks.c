// SPDX-License-Identifier: Apache-2.0
// …/orgs/{orgId}/webhooks: who is told of what happens in an organisation or one of its projects, and what was
// delivered. Called by: pipeline. Must never: show a secret but in the answer that made it, show or touch a webhook of
// another organisation, or take a URL that could never be reached (net/target.h looks again at each connection).
#include "api/api.h"

#include "base/json.h"
#include "base/mem.h"
#include "core/webhook.h"
#include "net/target.h"

#define OVERLAP_HOURS     24
#define OVERLAP_HOURS_MAX 720
#define HOUR_US           (3600 * US_PER_SEC)

static bool bad_query(struct call *c, const char *name)
{
    call_problem(c, P_INVALID_QUERY_PARAMETER, &PARAM_C(name), 1);
    return false;
}

static void not_found(struct call *c)
{
    char *what = arena_fmt(c->req->arena, "webhook with id %.*s", SLICE_FMT(c->params[1]));
    call_problem(c, P_RESOURCE_NOT_FOUND, &PARAM_C(what ? what : ""), 1);
}

// What core refused of one that was there when the request came.
static void refuse(struct call *c, const struct error *err)
{
    const char *detail = arena_strndup(c->req->arena, err->detail, strlen(err->detail));
    if (err->code == ERR_NOT_FOUND)
        not_found(c);
    else if (err->code == ERR_INVALID)
        call_bad_attribute(c, "url", detail ? detail : "is wrong");
    else if (err->code == ERR_TOO_LARGE)
        call_problem(c, P_MAX_WEBHOOKS_EXCEEDED, &PARAM_N(WEBHOOKS_MAX), 1);
    else
        call_store_problem(c, err);
}

// The webhook of the path, if it is this organisation's.
static bool find(struct call *c, struct webhook *ret)
{
    struct oid id;
    struct error err;
    if (!oid_parse(c->params[1], &id)) return not_found(c), false;
    char hex[OID_HEX + 1];
    oid_hex(id, hex);
    enum err code = store_webhook_get(c->thread->reader, hex, c->req->arena, ret, &err);
    if (code == ERR_OK && strcmp(ret->org_id, c->org.id) == 0) return true;
    if (code == ERR_OK || code == ERR_NOT_FOUND)
        not_found(c);
    else
        call_store_problem(c, &err);
    return false;
}

// ---- the answer -------------------------------------------------------------------------------------------

static const char *some(const char *s)
{
    return s[0] ? s : NULL;
}

static void add_events(struct json_writer *w, notice_set set)
{
    json_key(w, "events");
    json_arr(w);
    for (unsigned i = 0; i < NOTICE_COUNT_; i++)
        if (set & ((notice_set)1 << i)) json_cstr(w, notice_type((enum notice)i));
    json_arr_end(w);
}

static void add_link(struct call *c, struct json_writer *w, const struct webhook *h)
{
    char *href =
        arena_fmt(c->req->arena, "%s/api/peerage/v1/orgs/%s/webhooks/%s", c->api->public_url, h->org_id, h->id);
    json_key(w, "links");
    json_arr(w);
    if (href) wire_link(w, slice_of(href), "self");
    json_arr_end(w);
}

static unsigned live_secrets(const struct call *c, const struct webhook *h)
{
    unsigned n = 0;
    for (unsigned i = 0; i < h->secret_count; i++)
        n += h->secrets[i].until.us == 0 || h->secrets[i].until.us > c->req->received.us;
    return n;
}

static bool add_members(struct call *c, struct json_writer *w, const struct webhook *h, const char *secret,
                        struct error *err)
{
    struct outbox_stats s;
    if (store_outbox_stats(c->thread->reader, h->id, &s, err) != ERR_OK) return false;
    wire_time(w, "created", h->created);
    json_kint(w, "dead", (int64_t)s.dead);
    json_kstr(w, "description", some(h->description));
    json_kbool(w, "enabled", h->enabled);
    add_events(w, h->notices);
    json_kstr(w, "groupId", some(h->group_id));
    json_kstr(w, "id", h->id);
    add_link(c, w, h);
    json_kstr(w, "orgId", h->org_id);
    json_kint(w, "pending", (int64_t)s.pending);
    if (h->reason.n) json_kslice(w, "reason", h->reason);
    json_kstr(w, "secret", secret);
    json_kint(w, "secrets", live_secrets(c, h));
    json_kstr(w, "url", h->url);
    return true;
}

// Ends a body that may hold a secret, or, where it could not be made whole, the answer that says so.
static void finish(struct call *c, struct buf *body, bool whole, const struct error *err)
{
    if (whole) {
        call_ok(c, body);
        return;
    }
    if (body->p) mem_wipe(body->p, body->n);
    buf_done(body);
    call_store_problem(c, err);
}

static void answer(struct call *c, const struct webhook *h, const char *secret)
{
    struct buf body;
    struct json_writer w;
    struct error err;
    wire_entity_begin(c, &w, &body);
    bool whole = add_members(c, &w, h, secret, &err);
    wire_entity_end(c, &w);
    finish(c, &body, whole, &err);
}

// As it is stored now.
static void answer_stored(struct call *c, const char *id, const char *secret)
{
    struct webhook h;
    struct error err;
    if (store_webhook_get(c->thread->reader, id, c->req->arena, &h, &err) == ERR_OK)
        answer(c, &h, secret);
    else
        refuse(c, &err);
}

void api_webhooks_list(struct call *c)
{
    struct webhook *all;
    size_t n;
    struct error err;
    if (store_webhooks(c->thread->reader, c->org.id, c->req->arena, &all, &n, &err) != ERR_OK) { // WEBHOOKS_MAX at most
        call_store_problem(c, &err);
        return;
    }
    const struct page_span page = call_page_span(c, n);
    struct buf body;
    struct json_writer w;
    bool whole = true;
    wire_list_begin(c, &w, &body, n);
    for (uint64_t i = page.from; whole && i < page.to; i++) {
        json_obj(&w);
        whole = add_members(c, &w, &all[i], NULL, &err);
        json_obj_end(&w);
    }
    wire_list_end(c, &w, n);
    finish(c, &body, whole, &err);
}

void api_webhook_get(struct call *c)
{
    struct webhook h;
    if (find(c, &h)) answer(c, &h, NULL);
}

// ---- making and changing ----------------------------------------------------------------------------------

struct form {
    struct slice url, description, group, reason;
    struct body_texts events;
    struct body_bool enabled;
};

#define FIELDS_READ_ONLY                                                                                               \
    {"created", BODY_READ_ONLY, false, NULL}, {"dead", BODY_READ_ONLY, false, NULL},                                   \
        {"id", BODY_READ_ONLY, false, NULL}, {"links", BODY_IGNORED, false, NULL},                                     \
        {"orgId", BODY_READ_ONLY, false, NULL}, {"pending", BODY_READ_ONLY, false, NULL},                              \
        {"secret", BODY_READ_ONLY, false, NULL},                                                                       \
    {                                                                                                                  \
        "secrets", BODY_READ_ONLY, false, NULL                                                                         \
    }

static bool read_events(struct call *c, const struct body_texts *t, notice_set *ret)
{
    notice_set set = 0;
    enum notice n;
    for (size_t i = 0; i < t->n; i++) {
        if (!notice_parse(t->v[i], &n))
            return call_bad_attribute(c, "events", "must be types of messages, as connection.requested");
        set |= (notice_set)1 << n;
    }
    if (t->found && set == 0)
        return call_bad_attribute(c, "events", "must name what the webhook is told; leave it out for everything");
    *ret = t->found ? set : NOTICE_ALL;
    return true;
}

static bool check_url(struct call *c, struct slice url)
{
    struct target_policy p = {.allow = c->api->webhook_allow, .allow_count = c->api->webhook_allow_count};
    const char *why;
    return target_url_check(&p, url, &why) || call_bad_attribute(c, "url", why);
}

static bool check_description(struct call *c, struct slice text)
{
    return text.n < WEBHOOK_DESCRIPTION || call_bad_attribute(c, "description", "is longer than 250 bytes");
}

// One of the organisation's; whether another exists is not told.
static bool read_group(struct call *c, struct slice text, char ret[OID_HEX + 1])
{
    struct oid id;
    struct group g;
    struct error err;
    const char *why = "is no project of the organization";
    if (!text.p) return true;
    if (!oid_parse(text, &id)) return call_bad_attribute(c, "groupId", why);
    oid_hex(id, ret);
    enum err code = store_group_get(c->thread->reader, ret, &g, &err);
    if (code == ERR_OK && strcmp(g.org_id, c->org.id) == 0) return true;
    if (code == ERR_OK || code == ERR_NOT_FOUND) return call_bad_attribute(c, "groupId", why);
    call_store_problem(c, &err);
    return false;
}

static bool read_new(struct call *c, struct webhook *w)
{
    struct form f;
    const struct body_field fields[] = {{"description", BODY_TEXT, false, &f.description},
                                        {"enabled", BODY_READ_ONLY, false, NULL},
                                        {"events", BODY_TEXTS, false, &f.events},
                                        {"groupId", BODY_TEXT, false, &f.group},
                                        {"reason", BODY_READ_ONLY, false, NULL},
                                        {"url", BODY_TEXT, true, &f.url},
                                        FIELDS_READ_ONLY};
    if (!call_read_body(c, fields, ARRAY_LEN(fields)) || !check_url(c, f.url) || !check_description(c, f.description) ||
        !read_events(c, &f.events, &w->notices) || !read_group(c, f.group, w->group_id))
        return false;
    bool fits = slice_copy(f.url, w->url, sizeof w->url) && cstr_set(w->org_id, sizeof w->org_id, c->org.id) &&
                (!f.description.p || slice_copy(f.description, w->description, sizeof w->description));
    ASSERT(fits); // the lengths were checked
    return true;
}

void api_webhook_create(struct call *c)
{
    const struct actor by = call_actor(c);
    struct webhook w = {.enabled = true};
    char secret[WEBHOOK_SECRET_TEXT];
    struct error err;
    if (!read_new(c, &w)) return;
    oid_hex(oid_new(c->api->rng, c->req->received), w.id);
    enum err code = keyring_make_webhook_secret(c->api->keys, c->api->rng, w.id, &w.secrets[0], secret, &err);
    if (code == ERR_OK) code = core_webhook_add(c->api->core, &by, &w, &err);
    if (code == ERR_OK)
        answer_stored(c, w.id, secret);
    else
        refuse(c, &err);
    mem_wipe(secret, sizeof secret);
}

static bool read_edit(struct call *c, struct webhook_edit *q)
{
    struct form f;
    const struct body_field fields[] = {{"description", BODY_TEXT, false, &f.description},
                                        {"enabled", BODY_BOOL, false, &f.enabled},
                                        {"events", BODY_TEXTS, false, &f.events},
                                        {"groupId", BODY_READ_ONLY, false, NULL},
                                        {"reason", BODY_TEXT, false, &f.reason},
                                        {"url", BODY_TEXT, false, &f.url},
                                        FIELDS_READ_ONLY};
    if (!call_read_body(c, fields, ARRAY_LEN(fields)) || (f.url.p && !check_url(c, f.url)) ||
        !check_description(c, f.description) || !read_events(c, &f.events, &q->notices))
        return false;
    if (f.reason.p && (!f.enabled.found || f.enabled.v))
        return call_bad_attribute(c, "reason", "belongs to \"enabled\": false");
    q->url = f.url;
    q->description = f.description;
    q->set_notices = f.events.found;
    q->set_enabled = f.enabled.found;
    q->enabled = f.enabled.v;
    q->reason = f.reason.n ? f.reason : SLICE("disabled over the API");
    return true;
}

void api_webhook_update(struct call *c)
{
    const struct actor by = call_actor(c);
    struct webhook h;
    struct webhook_edit q = {.set_enabled = false};
    struct error err;
    if (!find(c, &h) || !read_edit(c, &q)) return;
    if (core_webhook_edit(c->api->core, &by, h.id, &q, &err) == ERR_OK)
        answer_stored(c, h.id, NULL);
    else
        refuse(c, &err);
}

void api_webhook_delete(struct call *c)
{
    const struct actor by = call_actor(c);
    struct webhook h;
    struct error err;
    if (!find(c, &h)) return;
    if (core_webhook_remove(c->api->core, &by, h.id, &err) == ERR_OK)
        call_no_content(c);
    else
        refuse(c, &err);
}

// ---- secret, test, replay ---------------------------------------------------------------------------------

static bool read_hours(struct call *c, uint64_t *ret)
{
    bool found;
    struct slice v;
    *ret = OVERLAP_HOURS;
    if (!call_query(c, "overlapHours", &found, &v)) return false;
    return !found || slice_u64(v, OVERLAP_HOURS_MAX, ret) || bad_query(c, "overlapHours");
}

static void answer_rotated(struct call *c, const char *id, struct wall until, const char *secret)
{
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    wire_time(&w, "formerValidUntil", until);
    json_kstr(&w, "id", id);
    json_kstr(&w, "secret", secret);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

void api_webhook_rotate(struct call *c)
{
    const struct actor by = call_actor(c);
    struct webhook h;
    struct webhook_secret s;
    char secret[WEBHOOK_SECRET_TEXT];
    uint64_t hours;
    struct error err;
    if (!find(c, &h) || !read_hours(c, &hours)) return;
    struct wall until = {c->req->received.us + (int64_t)hours * HOUR_US};
    enum err code = keyring_make_webhook_secret(c->api->keys, c->api->rng, h.id, &s, secret, &err);
    if (code == ERR_OK) code = core_webhook_rotate(c->api->core, &by, h.id, &s, until, &err);
    if (code == ERR_OK)
        answer_rotated(c, h.id, until, secret);
    else
        refuse(c, &err);
    mem_wipe(secret, sizeof secret);
}

void api_webhook_test(struct call *c)
{
    const struct actor by = call_actor(c);
    struct webhook h;
    struct error err;
    if (!find(c, &h)) return;
    if (core_webhook_test(c->api->core, &by, h.id, &err) == ERR_OK)
        call_accepted(c);
    else
        refuse(c, &err);
}

static bool read_replay(struct call *c, const char **ret_delivery, struct wall *ret_since)
{
    struct slice delivery, since;
    struct oid id;
    const struct body_field fields[] = {{"deliveryId", BODY_TEXT, false, &delivery},
                                        {"since", BODY_TEXT, false, &since}};
    if (!call_read_body(c, fields, ARRAY_LEN(fields))) return false;
    if (!delivery.p == !since.p) return call_bad_attribute(c, "deliveryId", "is given, or since, and not both");
    if (delivery.p && !oid_parse(delivery, &id))
        return call_bad_attribute(c, "deliveryId", "must be 24 hexadecimal digits");
    if (since.p && !wall_parse_rfc3339(since, ret_since))
        return call_bad_attribute(c, "since", "must be a time, as 2030-01-31T08:00:00Z");
    *ret_delivery = delivery.p; // ends with NUL
    return true;
}

static void answer_replayed(struct call *c, const char *id, uint64_t n)
{
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    json_kint(&w, "deliveries", (int64_t)n);
    json_kstr(&w, "id", id);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

void api_webhook_replay(struct call *c)
{
    const struct actor by = call_actor(c);
    struct webhook h;
    const char *delivery = NULL;
    struct wall since = {0};
    uint64_t n;
    struct error err;
    if (!find(c, &h) || !read_replay(c, &delivery, &since)) return;
    enum err code = core_webhook_replay(c->api->core, &by, h.id, delivery, since, &n, &err);
    if (code == ERR_OK)
        answer_replayed(c, h.id, n);
    else if (code == ERR_NOT_FOUND && delivery)
        call_bad_attribute(c, "deliveryId", "is no delivery of this webhook that was delivered or is dead");
    else
        refuse(c, &err);
}

// ---- deliveries -------------------------------------------------------------------------------------------

static bool read_filter(struct call *c, struct delivery_filter *f)
{
    bool found;
    struct slice v;
    struct oid id;
    enum delivery_state s = DELIVERY_PENDING;
    if (!call_query(c, "state", &found, &v)) return false;
    if (found && !delivery_state_parse(v, &s)) return bad_query(c, "state");
    f->state = found ? (int)s : -1;
    if (!call_query(c, "deliveryId", &found, &v)) return false;
    if (found && !oid_parse(v, &id)) return bad_query(c, "deliveryId");
    if (found) f->id = arena_strndup(c->req->arena, v.p, v.n);
    return true;
}

static void add_delivery(struct json_writer *w, const struct delivery *d)
{
    json_obj(w);
    json_kint(w, "attempts", d->attempts);
    wire_time(w, "created", d->created);
    json_kstr(w, "groupId", some(d->group_id));
    json_kstr(w, "id", d->id);
    wire_time(w, "lastAttempt", d->last_attempt);
    if (d->state == DELIVERY_PENDING) wire_time(w, "notBefore", d->not_before);
    if (d->reason.n) json_kslice(w, "reason", d->reason);
    json_kstr(w, "state", delivery_state_name(d->state));
    if (d->status) json_kint(w, "status", d->status);
    json_kslice(w, "subject", d->subject);
    json_kstr(w, "type", notice_type(d->notice));
    json_kstr(w, "webhookId", d->webhook_id);
    json_obj_end(w);
}

void api_webhook_deliveries(struct call *c)
{
    struct webhook h;
    struct delivery_filter f = {.page = c->page};
    struct delivery *all;
    size_t n;
    uint64_t total;
    struct error err;
    if (!find(c, &h) || !read_filter(c, &f)) return;
    f.webhook_id = h.id;
    if (store_deliveries_count(c->thread->reader, &f, &total, &err) != ERR_OK ||
        store_deliveries(c->thread->reader, &f, c->req->arena, &all, &n, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    struct buf body;
    struct json_writer w;
    wire_list_begin(c, &w, &body, total);
    for (size_t i = 0; i < n; i++) add_delivery(&w, &all[i]);
    wire_list_end(c, &w, total);
    call_ok(c, &body);
}
