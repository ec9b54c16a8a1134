// SPDX-License-Identifier: Apache-2.0
// The Events resource through the whole pipeline: recorded shape to the byte, filters, scopes, roles, and that no
// finished body outlives a new event.
#include "flow.h"

#define EVENTS     "/api/atlas/v2/groups/" FIX_GROUP "/events"
#define ORG_EVENTS "/api/atlas/v2/orgs/" FIX_ORG "/events"
#define OTHER_ORG  "0123456789abcdef000000ff"
#define V2023      "application/vnd.atlas.2023-01-01+json"
#define ID(n)      "0123456789abcdef0000e0" n

struct given {
    struct flow *flow;
    const char *id, *type, *group, *org, *resource;
    int64_t at; // seconds after FIX_NOW
    enum principal_kind kind;
    const char *actor, *remote;
};

static enum err insert_event(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct given *g = ctx;
    struct event_row e = {.created = {(FIX_NOW + g->at) * US_PER_SEC + 500000},
                          .actor_kind = g->kind,
                          .resource = slice_of(g->resource),
                          .detail = SLICE("{\"rule\":\"x\"}")};
    bool ok = cstr_set(e.id, sizeof(e.id), g->id) && cstr_set(e.type, sizeof(e.type), g->type) &&
              cstr_set(e.group_id, sizeof(e.group_id), g->group) && cstr_set(e.org_id, sizeof(e.org_id), g->org) &&
              cstr_set(e.actor, sizeof(e.actor), g->actor) && cstr_set(e.remote, sizeof(e.remote), g->remote);
    assert_true(ok);
    return store_tx_event(tx, &e, err);
}

static void add(struct flow *f, struct given g)
{
    struct error err = {0};
    if (!g.actor) g.actor = "scanner";
    if (!g.actor[0]) g.actor = f->fix->key.row.public_key;
    if (!g.remote) g.remote = "";
    if (!g.org) g.org = FIX_ORG;
    if (!g.resource) g.resource = "";
    if (store_write(f->fix->store, insert_event, &g, &err) != ERR_OK) fail_msg("%s", err.detail);
}

static enum err insert_org(struct store_tx *tx, void *ctx, struct error *err)
{
    struct org org = {.id = OTHER_ORG, .name = "Other", .external_id = "other"};
    return store_tx_org_insert(tx, &org, err);
}

#define SEEN    "PEERAGE_CONNECTION_DISCOVERED"
#define ASKED   "PEERAGE_CONNECTION_ACCEPT_REQUESTED"
#define CHANGED "PEERAGE_CONNECTION_STATUS_CHANGED"

static int set_up_events(void **state)
{
    if (set_up(state) != 0) return -1;
    struct flow *f = *state;
    write_rows(f, insert_org);
    add(f, (struct given){.id = ID("01"),
                          .type = "GROUP_CREATED",
                          .group = FIX_GROUP,
                          .resource = "Streams",
                          .kind = PRINCIPAL_LOCAL,
                          .actor = "local"});
    add(f,
        (struct given){
            .id = ID("02"), .type = SEEN, .group = FIX_GROUP, .resource = "pcx-1", .at = 10, .kind = PRINCIPAL_LOCAL});
    add(f, (struct given){.id = ID("03"),
                          .type = ASKED,
                          .group = FIX_GROUP,
                          .resource = "pcx-1",
                          .at = 20,
                          .actor = "",
                          .remote = "192.0.2.9"});
    add(f, (struct given){.id = ID("04"),
                          .type = CHANGED,
                          .group = FIX_GROUP,
                          .resource = "pcx-1",
                          .at = 30,
                          .kind = PRINCIPAL_LOCAL});
    add(f,
        (struct given){
            .id = ID("05"), .type = SEEN, .group = LOST_GROUP, .resource = "pcx-2", .at = 40, .kind = PRINCIPAL_LOCAL});
    add(f, (struct given){.id = ID("06"), .type = "ORG_CREATED", .group = "", .org = OTHER_ORG, .at = 50});
    return 0;
}
#define EVENT_TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up_events, tear_down)

static void get(struct flow *f, const char *target)
{
    ask(f, METHOD_GET, target, V2023);
}

// The ids that the list shows, in its order, by their last two digits.
static void shows(struct flow *f, const char *target, const char *want)
{
    char got[256] = "";
    size_t n = 0;
    get(f, target);
    expect(f, 200, NULL);
    struct slice body = f->fix->rep.body;
    static const char mark[] = "\"id\":\"" ID("");
    for (size_t i = 0; i + sizeof(mark) + 2 < body.n && n + 4 < sizeof(got); i++) {
        if (memcmp(body.p + i, mark, sizeof(mark) - 1) != 0) continue;
        if (n) got[n++] = ' ';
        memcpy(got + n, body.p + i + sizeof(mark) - 1, 2);
        n += 2;
    }
    got[n] = '\0';
    if (strcmp(got, want) != 0) fail_msg("%s shows \"%s\", not \"%s\"", target, got, want);
}

static bool contains(struct flow *f, const char *text)
{
    const char *body = arena_strndup(f->fix->arena, f->fix->rep.body.p, f->fix->rep.body.n);
    return strstr(body, text) != NULL;
}

static void counts(struct flow *f, const char *total)
{
    const char *text = arena_fmt(f->fix->arena, "\"totalCount\":%s}", total);
    if (!contains(f, text)) fail_msg("no %s in %.*s", text, SLICE_FMT(f->fix->rep.body));
}

// ---- shape ------------------------------------------------------------------------------------------------

static void a_group_list_is_as_recorded(void **state)
{
    struct flow *f = *state;
#define QUERY "?includeCount=false&includeRaw=false&minDate=2023-11-14T22%3A13%3A30Z&"
    get(f, EVENTS QUERY "itemsPerPage=2&pageNum=2");
    expect(f, 200, NULL);
    body_is(f, "{\"links\":[{\"href\":\"" FIX_URL EVENTS QUERY
               "pageNum=2&itemsPerPage=2\",\"rel\":\"self\"},{\"href\":\"" FIX_URL EVENTS QUERY
               "itemsPerPage=2&pageNum=1\",\"rel\":\"previous\"}],\"results\":["
               "{\"created\":\"2023-11-14T22:13:30Z\",\"eventTypeName\":\"" SEEN "\",\"groupId\":\"" FIX_GROUP
               "\",\"id\":\"" ID("02") "\",\"isGlobalAdmin\":false,\"links\":[{\"href\":\"" FIX_URL EVENTS "/" ID(
                   "02") "\",\"rel\":\"self\"}],\"resourceId\":\"pcx-1\",\"resourceType\":"
                         "\"vpcPeeringConnection\",\"username\":\"scanner\"}],\"totalCount\":0}");
}

static void one_event_is_as_recorded(void **state)
{
    struct flow *f = *state;
    get(f, EVENTS "/" ID("03"));
    expect(f, 200, NULL);
    body_is(
        f, arena_fmt(f->fix->arena,
                     "{\"apiKeyId\":\"%s\",\"created\":\"2023-11-14T22:13:40Z\",\"eventTypeName\":\"" ASKED
                     "\",\"groupId\":\"" FIX_GROUP "\",\"id\":\"" ID(
                         "03") "\",\"isGlobalAdmin\":false,\"links\":"
                               "[{\"href\":\"" FIX_URL EVENTS
                               "/" ID("03") "\",\"rel\":\"self\"}],\"publicKey\":\"%s\","
                                            "\"remoteAddress\":\"192.0.2.9\",\"resourceId\":\"pcx-1\",\"resourceType\":"
                                            "\"vpcPeeringConnection\"}",
                     f->fix->key.row.id, f->fix->key.row.public_key));
    get(f, ORG_EVENTS "/" ID("01"));
    expect(f, 200, NULL);
    body_is(f, "{\"created\":\"2023-11-14T22:13:20Z\",\"eventTypeName\":\"GROUP_CREATED\",\"groupId\":\"" FIX_GROUP
               "\",\"id\":\"" ID("01") "\",\"isGlobalAdmin\":false,\"links\":[{\"href\":\"" FIX_URL EVENTS
                                       "/" ID("01") "\",\"rel\":\"self\"}],\"orgId\":\"" FIX_ORG
                                                    "\",\"username\":\"local\"}");
}

static void an_event_of_no_group_links_to_null(void **state)
{
    struct flow *f = *state;
    add(f, (struct given){.id = ID("07"), .type = "API_KEY_DELETED", .group = "", .resource = "abcdefgh", .actor = ""});
    get(f, ORG_EVENTS "?eventType=API_KEY_DELETED&envelope=true");
    expect(f, 200, NULL);
    body_is(f,
            arena_fmt(f->fix->arena,
                      "{\"links\":[{\"href\":\"" FIX_URL ORG_EVENTS
                      "?eventType=API_KEY_DELETED&envelope=true&pageNum=1&itemsPerPage=100\",\"rel\":\"self\"}],"
                      "\"results\":[{\"apiKeyId\":\"%s\",\"created\":\"2023-11-14T22:13:20Z\",\"eventTypeName\":"
                      "\"API_KEY_DELETED\",\"id\":\"" ID(
                          "07") "\",\"isGlobalAdmin\":false,\"links\":[{\"href\":"
                                "\"" FIX_URL "/api/atlas/v2/groups/null/events/" ID(
                                    "07") "\",\"rel\":\"self\"}],\"orgId\":\"" FIX_ORG
                                          "\",\"publicKey\":\"%s\",\"targetPublicKey\":\"abcdefgh\"}],\"status\":200,"
                                          "\"totalCount\":1}",
                      f->fix->key.row.id, f->fix->key.row.public_key));
}

// ---- scopes -----------------------------------------------------------------------------------------------

static void each_scope_shows_its_own(void **state)
{
    struct flow *f = *state;
    shows(f, EVENTS, "04 03 02 01");
    counts(f, "4");
    add(f, (struct given){.id = ID("08"), .type = "SERVICE_ACCOUNT_DELETED", .group = "", .resource = "mdb_sa_id_1"});
    // Newest first; what setting up wrote (two credentials) has other ids, and ID(05) and ID(06) are not ours.
    shows(f, ORG_EVENTS, "08 01");
    counts(f, "4");
    shows(f, ORG_EVENTS "?eventType=" SEEN, "");
}

static void strangers_find_nothing(void **state)
{
    struct flow *f = *state;
    static const struct {
        const char *target;
        int status;
        const char *code;
    } rows[] = {
        {EVENTS "/" ID("05"), 404, "EVENT_NOT_FOUND"}, // of another group
        {EVENTS "/" ID("06"), 404, "EVENT_NOT_FOUND"}, // of another organisation
        {ORG_EVENTS "/" ID("06"), 404, "ORG_EVENT_NOT_FOUND"},
        {ORG_EVENTS "/" ID("03"), 404, "ORG_EVENT_NOT_FOUND"}, // of a group of ours
        {EVENTS "/" ID("99"), 404, "EVENT_NOT_FOUND"},
        {EVENTS "/x", 400, "PATH_PARAM_PARSE_ERROR"},
        {ORG_EVENTS "/0123456789ABCDEF00000001", 400, "PATH_PARAM_PARSE_ERROR"},
        {"/api/atlas/v2/orgs/x/events", 400, "PATH_PARAM_PARSE_ERROR"},
        {"/api/atlas/v2/orgs/111111111111111111111111/events", 404, "ORG_NOT_FOUND"},
        {"/api/atlas/v2/orgs/" OTHER_ORG "/events", 401, "USER_UNAUTHORIZED"},
        {"/api/atlas/v2/orgs/" OTHER_ORG "/events/" ID("06"), 401, "USER_UNAUTHORIZED"},
        {"/api/atlas/v2/groups/" LOST_GROUP "/events", 401, "USER_UNAUTHORIZED"},
        {"/api/atlas/v2/groups/111111111111111111111111/events", 404, "GROUP_NOT_FOUND"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        get(f, rows[i].target);
        if (rows[i].status == 401)
            assert_int_equal(f->fix->rep.status, 401); // NOT_IN_GROUP or USER_UNAUTHORIZED
        else
            expect(f, rows[i].status, rows[i].code);
    }
    get(f, EVENTS "/" ID("99"));
    body_is(f, "{\"detail\":\"No event with ID " ID(
                   "99") " exists in group " FIX_GROUP
                         ".\",\"error\":404,\"errorCode\":\"EVENT_NOT_FOUND\",\"parameters\":[\"" ID(
                             "99") "\",\"" FIX_GROUP "\"],\"reason\":\"Not Found\"}");
}

static enum err drop_org_role(struct store_tx *tx, void *ctx, struct error *err)
{
    struct flow *f = ctx;
    return store_tx_grant(tx, f->fix->account.row.client_id, FIX_ORG, 0, err);
}

static void the_organisation_needs_a_role_on_it(void **state)
{
    struct flow *f = *state;
    struct error err = {0};
    get(f, ORG_EVENTS);
    expect(f, 200, NULL);
    if (store_write(f->fix->store, drop_org_role, f, &err) != ERR_OK) fail_msg("%s", err.detail);
    get(f, ORG_EVENTS);
    expect(f, 401, "USER_UNAUTHORIZED");
    get(f, EVENTS);
    expect(f, 200, NULL);
}

// ---- filters ----------------------------------------------------------------------------------------------

static void filters_choose(void **state)
{
    struct flow *f = *state;
    static const struct {
        const char *query, *want;
    } rows[] = {
        {"?eventType=" SEEN, "02"},
        {"?eventType=" SEEN "&eventType=" ASKED, "03 02"},
        {"?excludedEventType=" SEEN "&excludedEventType=GROUP_CREATED", "04 03"},
        {"?eventType=" SEEN "&excludedEventType=" SEEN, ""},
        {"?eventType=%27%20OR%201%3D1--", ""},
        {"?eventType=%22%5D", ""},
        {"?clusterNames=c1&eventType=" SEEN, ""},
        {"?minDate=2023-11-14T22:13:40Z", "04 03"}, // 20 s after FIX_NOW
        {"?maxDate=2023-11-14T22:13:40Z", "03 02 01"},
        {"?minDate=2023-11-14T22:13:30Z&maxDate=2023-11-14T22:13:40Z", "03 02"},
        {"?minDate=2023-11-15T00:13:40%2B02:00", "04 03"},
        {"?minDate=2023-11-14T22:13:40.6Z", "04"},
        {"?maxDate=2023-11-14T22:13:19Z", ""},
        {"?itemsPerPage=2", "04 03"},
        {"?itemsPerPage=2&pageNum=2", "02 01"},
        {"?pageNum=9", ""},
        {"?includeRaw=true", "04 03 02 01"},
    };
    char target[200];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        snprintf(target, sizeof(target), EVENTS "%s", rows[i].query); // not in the arena, which each request resets
        manual_clock_advance(&f->fix->manual, 60 * NS_PER_SEC);       // the bucket
        shows(f, target, rows[i].want);
    }
}

static void an_uncounted_list_has_no_next(void **state)
{
    struct flow *f = *state;
    shows(f, EVENTS "?itemsPerPage=2&includeCount=false", "04 03");
    counts(f, "0");
    assert_false(contains(f, "\"next\""));
    shows(f, EVENTS "?itemsPerPage=2&includeCount=true", "04 03");
    counts(f, "4");
    assert_true(contains(f, "\"next\""));
}

static void bad_filters_are_named(void **state)
{
    struct flow *f = *state;
    static const char *const bad[] = {"?minDate=2023-11-14",
                                      "?minDate=",
                                      "?maxDate=x",
                                      "?maxDate=2023-11-14T22:13:40",
                                      "?maxDate=1969-01-01T00:00:00Z",
                                      "?minDate=2023-11-14T22:13:40Z&minDate=2023-11-14T22:13:40Z",
                                      "?includeCount=1",
                                      "?includeRaw=no",
                                      "?eventType",
                                      "?eventType=",
                                      "?eventType=A&eventType=",
                                      "?eventType=%FF",
                                      "?excludedEventType=",
                                      "?clusterNames=",
                                      "?includeCount=true&includeCount=true"};
    char target[200];
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        snprintf(target, sizeof(target), EVENTS "%s", bad[i]);
        get(f, target);
        expect(f, 400, "INVALID_QUERY_PARAMETER");
    }
    get(f, EVENTS "/" ID("03") "?includeRaw=x");
    expect(f, 400, "INVALID_QUERY_PARAMETER");
}

static void two_hundred_types_are_enough(void **state)
{
    struct flow *f = *state;
    struct buf b;
    buf_init(&b, 1 << 16);
    buf_str(&b, EVENTS "?eventType=" SEEN);
    for (int i = 1; i < 200; i++) buf_str(&b, "&eventType=A");
    buf_char(&b, '\0');
    shows(f, b.p, "02");
    b.n--;
    buf_str(&b, "&eventType=A");
    buf_char(&b, '\0');
    get(f, b.p);
    expect(f, 400, "INVALID_QUERY_PARAMETER");
    buf_done(&b);
}

// ---- freshness and limits -----------------------------------------------------------------------------------

static void a_new_event_is_shown_at_once(void **state)
{
    struct flow *f = *state;
    shows(f, EVENTS, "04 03 02 01");
    add(f, (struct given){.id = ID("09"), .type = CHANGED, .group = FIX_GROUP, .kind = PRINCIPAL_LOCAL});
    shows(f, EVENTS, "09 04 03 02 01"); // though no list of connections changed
    assert_true(f->moved);
}

static const char *header(struct flow *f, const char *name)
{
    const char *head = arena_strndup(f->fix->arena, f->fix->rep.head.p, f->fix->rep.head.n);
    const char *at = strstr(head, name);
    assert_non_null(at);
    return at + strlen(name);
}

static void buckets_are_the_documented_ones(void **state)
{
    struct flow *f = *state;
    get(f, EVENTS);
    assert_int_equal(atoi(header(f, "RateLimit-Limit: ")), 300);
    get(f, EVENTS "/" ID("03"));
    assert_int_equal(atoi(header(f, "RateLimit-Remaining: ")), 298);
    get(f, ORG_EVENTS);
    assert_int_equal(atoi(header(f, "RateLimit-Limit: ")), 500);
    assert_int_equal(atoi(header(f, "RateLimit-Remaining: ")), 499);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EVENT_TEST(a_group_list_is_as_recorded),
        EVENT_TEST(one_event_is_as_recorded),
        EVENT_TEST(an_event_of_no_group_links_to_null),
        EVENT_TEST(each_scope_shows_its_own),
        EVENT_TEST(strangers_find_nothing),
        EVENT_TEST(the_organisation_needs_a_role_on_it),
        EVENT_TEST(filters_choose),
        EVENT_TEST(an_uncounted_list_has_no_next),
        EVENT_TEST(bad_filters_are_named),
        EVENT_TEST(two_hundred_types_are_enough),
        EVENT_TEST(a_new_event_is_shown_at_once),
        EVENT_TEST(buckets_are_the_documented_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
