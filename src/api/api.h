// SPDX-License-Identifier: Apache-2.0
// One call of the API as its handlers see it, the route table, and the handlers. Called by: pipeline, app.
// Must never: touch a socket or SQL, check a credential, or answer with a code that spec/errors.def lacks.
#pragma once

#include "auth/auth.h"
#include "cloud/cloud.h"
#include "core/action.h"
#include "httpd/httpd.h"
#include "limit/limit.h"
#include "net/problem.h"
#include "store/store.h"

struct body_cache;

// The cloud as handlers may ask it, on workers only: few at a time, and each call has a deadline. NULL: not at all.
// CLOUD_THROTTLED when too many ask already.
struct api_cloud {
    void *ctx;
    enum cloud_class (*identity)(void *ctx, const struct cloud_target *t, char ret_account[ACCOUNT_ID],
                                 char ret_arn[256], struct cloud_failure *f); // cloud_identity
    enum cloud_class (*check)(void *ctx, const struct cloud_target *t, const char *account, const char *vpc_id,
                              struct permission_check ret[PERMISSION_CHECKS], unsigned *ret_n,
                              struct cloud_failure *f); // cloud_check, without DryRun
};

struct api { // shared by all threads, immutable after start but for what its members lock themselves
    struct store *store;
    struct core *core;
    struct auth *auth;
    struct limits *limits;
    struct body_cache *cache;
    const struct clock *clock;
    struct api_cloud cloud;
    const char *public_url;     // no trailing slash
    const struct keyring *keys; // seals the secrets of webhooks
    const struct rng *rng;
    const struct cidr *webhook_allow; // blocks that webhooks may reach though they are not of the public Internet
    unsigned webhook_allow_count;
};

struct api_thread {
    struct store_reader *reader; // NULL on loops: they answer from memory or hand over
    bool is_loop;
    struct buf log; // finished access log lines of this round
};

enum route {
#define ROUTE(id, method, template, operation, versions, need, limit, flags, source, summary) ROUTE_##id,
#include "spec/routes.def"
#undef ROUTE
    ROUTE_COUNT_
};
enum {
    ROUTE_GROUP = 1,
    ROUTE_LIST = 2,
    ROUTE_OPEN = 4,
    ROUTE_WORKER = 8,
    ROUTE_BODY = 16,
    ROUTE_ORG = 32,
    ROUTE_CREATED = 64, // a success is 201
    ROUTE_EMPTY = 128   // a success is 204, without a body
};

struct call;
typedef void (*api_fn)(struct call *c);
struct route_row {
    enum method method;
    const char *template, *operation, *versions;
    enum need need;
    enum limit_set limit;
    unsigned flags;
    enum problem_source source;
    const char *summary;
    api_fn handler;
    uint32_t oldest; // first version as yyyymmdd; 0 = not versioned
};
const struct route_row *route_row(enum route r);

#define PATH_PARAMS_MAX 8
struct call {
    struct api *api;
    struct api_thread *thread;
    struct request *req;
    struct reply *rep;
    const struct route_row *route;
    struct slice params[PATH_PARAMS_MAX]; // decoded, in template order
    unsigned param_count;
    const struct principal *principal; // NULL on open routes
    struct group group;                // with ROUTE_GROUP
    struct org org;                    // with ROUTE_ORG
    uint32_t version;                  // resolved, yyyymmdd; 0 = not versioned
    struct problem_format fmt;
    struct page page;
    char remote[IP_STR]; // of call_actor
    uint64_t generation; // of the store, read before any row
};

// Who the caller is, for core: lives as long as the request.
struct actor call_actor(struct call *c);
// Whose token bucket it is: a person who bears the name of a key has one of his own. Empty: no memory.
struct slice call_user_scope(const struct call *c);

// ---- answering ------------------------------------------------------------------------------
void call_problem(struct call *c, enum problem p, const struct problem_param *params, unsigned n);
// The store's failure as the client sees it: 503 with Retry-After, or 500.
void call_store_problem(struct call *c, const struct error *err);
// 200, or 201 with ROUTE_CREATED: a body built in `body` (taken over) and the versioned content type.
void call_ok(struct call *c, struct buf *body);
// 204: the versioned content type, neither body nor Content-Length (recorded).
void call_no_content(struct call *c);
// 202 with the empty object, as recorded for every 202 without an entity.
void call_accepted(struct call *c);
// Content-Type and security headers of a success, for bodies from the cache too.
void call_success_head(struct call *c);

// Which of n rows in memory the page shows: from <= to <= n.
struct page_span {
    uint64_t from, to;
};
struct page_span call_page_span(const struct call *c, uint64_t n);

// ---- query parameters (api/query.c) -----------------------------------------------------------
// pretty, envelope and, with ROUTE_LIST, itemsPerPage and pageNum. False: the 400 is made.
bool call_read_query(struct call *c) MUST_CHECK;
// One decoded value. *ret_found false when absent. False on failure (given twice, bad escape): the 400 is made.
bool call_query(struct call *c, const char *name, bool *ret_found, struct slice *ret) MUST_CHECK;
// Present and not blank, else 400 MISSING_QUERY_PARAMETER or INVALID_QUERY_PARAMETER.
bool call_query_required(struct call *c, const char *name, struct slice *ret) MUST_CHECK;
// true or false; *ret stays as it is when absent. False: the 400 is made.
bool call_query_bool(struct call *c, const char *name, bool *ret) MUST_CHECK;
// All values of a parameter that may be given several times, as a JSON array of strings in the request's arena; *ret
// stays as it is when absent. False (a blank one, bad escape, more than 200): the 400 is made.
bool call_query_values(struct call *c, const char *name, struct slice *ret) MUST_CHECK;

// groupId=: a group that the caller may read, into c->group; the same split as in a path: malformed 400, unknown 404,
// no role 401. *ret_found false when absent. False: the refusal is made.
bool call_query_group(struct call *c, bool *ret_found) MUST_CHECK;

// ---- request bodies (api/body.c) --------------------------------------------------------------
// Media type of a route with ROUTE_BODY: application/json or application/vnd.atlas.YYYY-MM-DD+json. An absent one
// passes with an empty body only, so that what is missing is named. False: the 415 is made.
bool call_check_media_type(struct call *c) MUST_CHECK;
enum body_kind {    // what a field's `ret` points to
    BODY_TEXT,      // struct slice, in the request's arena; p NULL when absent
    BODY_TEXTS,     // struct body_texts: an array of strings
    BODY_INT,       // struct body_int
    BODY_BOOL,      // struct body_bool
    BODY_VALUE,     // const struct json_value *, as long as the document; NULL when absent
    BODY_READ_ONLY, // nothing: known and refused, 400 ATTRIBUTE_READ_ONLY
    BODY_IGNORED    // nothing: known and ignored, whatever it holds
};
#define BODY_TEXTS_MAX 100
struct body_texts {
    struct slice *v; // in the request's arena
    size_t n;
    bool found;
};
struct body_int {
    int64_t v;
    bool found;
};
struct body_bool {
    bool v, found;
};
struct body_field {
    const char *name;
    enum body_kind kind;
    bool required;
    void *ret;
};
// Reads a JSON object of these fields and of no others; null is as good as absent. False: the 400 is made.
// No BODY_VALUE: the document is gone when it returns.
bool call_read_body(struct call *c, const struct body_field *fields, unsigned n) MUST_CHECK;
// The parts of it, for bodies with arrays and objects inside: the document, to be freed by the caller, an object of at
// most 64 fields in it, and what must be an array of at most max elements (json_array_at gives them). False: the 400 is
// made.
struct json_doc;
struct json_value;
bool call_read_json(struct call *c, struct json_doc **ret) MUST_CHECK;
bool call_read_json_max(struct call *c, size_t max, struct json_doc **ret) MUST_CHECK; // of so many bytes
bool call_read_object(struct call *c, const struct json_value *v, const struct body_field *fields,
                      unsigned n) MUST_CHECK;
bool call_read_list(struct call *c, const struct json_value *v, size_t max) MUST_CHECK;
// 400 INVALID_ATTRIBUTE naming the field, with badRequestDetail. False, for who refuses by it.
bool call_bad_attribute(struct call *c, const char *field, const char *description);

// ---- bodies (api/wire.c) ----------------------------------------------------------------------
struct json_writer;
// Entity with its envelope: {"content":{…},"status":200} or {…}; call begin, write members, call end.
void wire_entity_begin(struct call *c, struct json_writer *w, struct buf *body);
void wire_entity_end(struct call *c, struct json_writer *w);
// List: {"links":[…],"results":[ … ],"status"?,"totalCount":N}.
void wire_list_begin(struct call *c, struct json_writer *w, struct buf *body, uint64_t total);
void wire_list_end(struct call *c, struct json_writer *w, uint64_t total);
void wire_link(struct json_writer *w, struct slice href, const char *rel);
void wire_self_link(struct call *c, struct json_writer *w); // "links":[{self}] of a single entity
// "links" of a project or an organisation: itself under `collection`, and what Atlas links from it (n 0 in lists).
void wire_resource_links(struct call *c, struct json_writer *w, const char *collection, const char *id,
                         const char *const *subs, size_t n);
void wire_time(struct json_writer *w, const char *key, struct wall t); // absent when 0
#define WIRE_BODY_MAX (8u << 20)

// ---- finished bodies (api/cache.c) --------------------------------------------------------------
// Keyed by (route, target); an entry serves only while store_generation is what it was rendered from.
struct cached_body {
    enum route route;
    uint64_t generation;
    char group_id[OID_HEX + 1], org_id[OID_HEX + 1];
    struct slice body;
};
struct body_cache *body_cache_new(size_t max_bytes, const struct rng *rng) MUST_CHECK;
void body_cache_free(struct body_cache *b);
// NULL when there is none of this generation. The caller calls body_cache_drop when done.
const struct cached_body *body_cache_get(struct body_cache *b, struct slice target, uint64_t generation);
void body_cache_drop(const struct cached_body *e);
// Copies. Failure to store is no failure.
void body_cache_put(struct body_cache *b, struct slice target, const struct cached_body *e);

// ---- the operations, one a route -----------------------------------------------------------------
void api_system_status(struct call *c);
void api_groups_list(struct call *c);
void api_group_get(struct call *c);
void api_group_create(struct call *c);
void api_group_by_name(struct call *c);
void api_group_update(struct call *c);
void api_group_delete(struct call *c);
void api_group_settings_get(struct call *c);
void api_group_settings_update(struct call *c);
void api_orgs_list(struct call *c);
void api_org_create(struct call *c);
void api_org_get(struct call *c);
void api_org_update(struct call *c);
void api_org_delete(struct call *c);
void api_org_groups(struct call *c);
void api_org_settings_get(struct call *c);
void api_org_settings_update(struct call *c);
void api_peerings_list(struct call *c);
void api_peerings_active(struct call *c);
void api_account_details(struct call *c);
void api_peering_accept(struct call *c);
void api_peering_reject(struct call *c);
void api_peering_delete(struct call *c);
void api_group_events(struct call *c);
void api_group_event(struct call *c);
void api_org_events(struct call *c);
void api_org_event(struct call *c);
void api_keys_list(struct call *c);
void api_key_create(struct call *c);
void api_key_get(struct call *c);
void api_key_update(struct call *c);
void api_key_remove(struct call *c);
void api_access_list(struct call *c);
void api_access_add(struct call *c);
void api_access_get(struct call *c);
void api_access_remove(struct call *c);
void api_key_assign(struct call *c);
void api_accounts_list(struct call *c);
void api_account_create(struct call *c);
void api_account_get(struct call *c);
void api_account_update(struct call *c);
void api_account_remove(struct call *c);
void api_secret_create(struct call *c);
void api_secret_delete(struct call *c);
void api_account_groups(struct call *c);
void api_account_invite(struct call *c);
void api_oauth_token(struct call *c);
void api_oauth_revoke(struct call *c);
void api_event_types(struct call *c);
void api_rate_limits(struct call *c);
void api_rate_limit(struct call *c);
void api_group_teams(struct call *c);
void api_group_limits(struct call *c);
void api_group_addresses(struct call *c);
void api_group_slow_ms(struct call *c);
void api_group_slow_ms_off(struct call *c);
void api_containers(struct call *c);
void api_containers_all(struct call *c);
void api_container(struct call *c);
void api_control_plane(struct call *c);
void api_inbox(struct call *c);
void api_limits(struct call *c);
void api_limit_get(struct call *c);
void api_limit_set(struct call *c);
void api_limit_lift(struct call *c);
void api_signing_keys(struct call *c);
void api_signing_key_rotate(struct call *c);
void api_policy_get(struct call *c);
void api_policy_set(struct call *c);
void api_policy_edit(struct call *c);
void api_policy_test(struct call *c);
void api_policy_dry_run(struct call *c);
void api_policy_dry_run_rules(struct call *c);
void api_webhooks_list(struct call *c);
void api_webhook_create(struct call *c);
void api_webhook_get(struct call *c);
void api_webhook_update(struct call *c);
void api_webhook_delete(struct call *c);
void api_webhook_rotate(struct call *c);
void api_webhook_test(struct call *c);
void api_webhook_replay(struct call *c);
void api_webhook_deliveries(struct call *c);
void api_expected_list(struct call *c);
void api_expected_create(struct call *c);
void api_expected_get(struct call *c);
void api_expected_delete(struct call *c);
void api_freezes(struct call *c);
void api_freeze_get(struct call *c);
void api_freeze_put(struct call *c);
void api_freeze_delete(struct call *c);
void api_intents_list(struct call *c);
void api_intent_cancel(struct call *c);
void api_intents_release(struct call *c);
void api_connection_history(struct call *c);
void api_connection_update(struct call *c);
void api_connection_approve(struct call *c);
void api_networks_list(struct call *c);
void api_network_get(struct call *c);
void api_network_create(struct call *c);
void api_network_update(struct call *c);
void api_network_delete(struct call *c);
void api_network_check(struct call *c);
void api_network_routes(struct call *c);

// ---- the published document (api/openapi.c) ------------------------------------------------------
void api_openapi(struct buf *out, const char *public_url); // OpenAPI 3.0.3 JSON, pretty, from the tables
void api_differences(struct buf *out);                     // docs/differences.md, from the tables
