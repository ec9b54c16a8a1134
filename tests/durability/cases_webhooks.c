// SPDX-License-Identifier: Apache-2.0
// The cases of every_nth.c: webhooks, in Peerage's own API, and what a delivery came to.
// Called by: every_nth.c, through its tables. Must never: have an effect outside its world, or send anything.
#include "cases.h"

#include "core/webhook.h"

#define HOOKS     "/api/peerage/v1/orgs/" FIX_ORG "/webhooks"
#define HOOK      "0123456789abcdef0000002a"
#define DELIVERED "0123456789abcdef0000002b"
#define PENDING   "0123456789abcdef0000002c"

static void good(enum err code, const struct error *err)
{
    if (code != ERR_OK) fail_msg("%s: %s", err_name(code), err->detail);
}

// ---- states to begin with -----------------------------------------------------------------------------------------

static struct delivery message(const char *id)
{
    struct delivery d = {.org_id = FIX_ORG,
                         .group_id = FIX_GROUP,
                         .notice = NOTICE_TEST,
                         .subject = slice_of(id),
                         .created = wall_from_sec(FIX_NOW),
                         .body = SLICE("{}")};
    assert_true(cstr_set(d.id, sizeof(d.id), id));
    return d;
}

static enum err first_delivery(struct store_reader *r, struct arena *a, struct delivery *ret, struct error *err)
{
    return store_outbox_first(r, HOOK, a, ret, err);
}

// One message that was delivered and one that is to be.
static enum err fill(struct store_tx *tx, void *ctx, struct error *err)
{
    struct nth_world *w = ctx;
    struct delivery done = message(DELIVERED), later = message(PENDING), row;
    uint64_t made, dropped;
    enum err e = store_tx_outbox_add(tx, &done, HOOK, &made, &dropped, err);
    if (e == ERR_OK) e = first_delivery(store_tx_reader(tx), w->flow->fix->arena, &row, err);
    if (e != ERR_OK) return e;
    row.state = DELIVERY_DONE;
    row.attempts = 1;
    row.status = 200;
    row.last_attempt = row.finished = row.created;
    e = store_tx_outbox_outcome(tx, &row, err);
    return e == ERR_OK ? store_tx_outbox_add(tx, &later, HOOK, &made, &dropped, err) : e;
}

static void prep_hook(struct nth_world *w)
{
    struct error err = {0};
    const struct webhook hook = {.id = HOOK,
                                 .org_id = FIX_ORG,
                                 .url = "https://example.com/",
                                 .notices = NOTICE_ALL,
                                 .secrets = {{.key_id = "0011223344556677"}}};
    prep_owner(w);
    good(core_webhook_add(w->flow->core, &nth_somebody, &hook, &err), &err);
    good(store_write(w->flow->fix->store, fill, w, &err), &err);
}

// ---- work ---------------------------------------------------------------------------------------------------------

static enum err came_to(struct nth_world *w, enum delivery_state state, bool hurry, bool gone, struct error *err)
{
    struct delivery row;
    enum err e = first_delivery(w->flow->fix->reader, w->flow->fix->arena, &row, err);
    if (e != ERR_OK) return e;
    row.state = state;
    row.attempts = 1;
    row.status = gone ? 410 : 200;
    row.reason = SLICE("");
    row.last_attempt = row.finished = wall_from_sec(FIX_NOW + 9);
    const struct delivery_outcome o = {&row, hurry, gone};
    return core_delivery_outcome(w->flow->core, &o, err);
}

static enum err op_delivered(struct nth_world *w, struct error *err)
{
    return came_to(w, DELIVERY_DONE, true, false, err);
}

static enum err op_gone(struct nth_world *w, struct error *err)
{
    return came_to(w, DELIVERY_DEAD, false, true, err);
}

static enum err op_prune(struct nth_world *w, struct error *err)
{
    uint64_t n;
    return core_outbox_prune(w->flow->core, wall_from_sec(FIX_NOW + 1), &n, err);
}

// ---- the cases ----------------------------------------------------------------------------------------------------

#define TO_HOOKS(m, t)     .method = METHOD_##m, .target = HOOKS t, .prep = prep_hook
#define WITH_BODY(m, t, b) TO_HOOKS(m, t), .type = JSON, .body = b
#define NEW                "{\"url\":\"https://example.com/new\",\"groupId\":\"" FIX_GROUP "\",\"events\":[\"scan.failing\"]}"

const struct nth_case nth_webhooks[] = {
    {.name = "webhooks", TO_HOOKS(GET, ""), .status = 200},
    {.name = "make a webhook", WITH_BODY(POST, "", NEW), .loose = true, .status = 201, .writes = true},
    {.name = "make a webhook, refused address", WITH_BODY(POST, "", "{\"url\":\"https://10.0.0.1/\"}"), .status = 400},
    {.name = "webhook", TO_HOOKS(GET, "/" HOOK), .status = 200},
    {.name = "webhook, unknown", TO_HOOKS(GET, "/" ROW), .status = 404},
    {.name = "change a webhook",
     WITH_BODY(PATCH, "/" HOOK, "{\"url\":\"https://example.org/\",\"enabled\":false,\"events\":[\"scan.failing\"]}"),
     .status = 200,
     .writes = true},
    {.name = "rotate a webhook's secret",
     TO_HOOKS(POST, "/" HOOK ":rotate"),
     .loose = true,
     .status = 200,
     .writes = true},
    {.name = "test a webhook", TO_HOOKS(POST, "/" HOOK ":test"), .status = 202, .writes = true},
    {.name = "replay",
     WITH_BODY(POST, "/" HOOK ":replay", "{\"deliveryId\":\"" DELIVERED "\"}"),
     .status = 200,
     .writes = true},
    {.name = "replay since",
     WITH_BODY(POST, "/" HOOK ":replay", "{\"since\":\"2020-01-01T00:00:00Z\"}"),
     .status = 200,
     .writes = true},
    {.name = "deliveries", TO_HOOKS(GET, "/" HOOK "/deliveries"), .status = 200},
    {.name = "delete a webhook", TO_HOOKS(DELETE, "/" HOOK), .status = 204, .writes = true},
    {OP("delivered", op_delivered, true, prep_hook)},
    {OP("given up, and gone", op_gone, true, prep_hook)},
    {OP("prune the outbox", op_prune, true, prep_hook)},
    {0},
};
