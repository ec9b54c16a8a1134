// SPDX-License-Identifier: Apache-2.0
// The cases of every_nth.c: organisations, projects, settings, keys, service accounts, access lists, limits.
// Called by: every_nth.c, through nth_tables. Must never: use the credential of the caller as the one that is changed.
#include "cases.h"

#define SPARE_ORG "0123456789abcdef00000007"

static void good(enum err code, const struct error *err)
{
    if (code != ERR_OK) fail_msg("%s: %s", err_name(code), err->detail);
}

static enum err add_spare(struct store_tx *tx, void *ctx, struct error *err)
{
    const struct org org = {.id = SPARE_ORG, .name = "Spare", .external_id = "spare"};
    return store_tx_org_insert(tx, &org, err);
}

// From now on a new account of that organisation asks.
static void ask_as(struct nth_world *w, const struct grant *grants, unsigned n)
{
    struct error err = {0};
    struct fix *x = w->flow->fix;
    good(auth_account_create(x->auth, grants->scope_id, "owner", "asks", grants, n, 8760, &x->account, &err), &err);
    mem_free(w->flow->token);
    w->flow->token = fix_token(x);
}

static void prep_spare(struct nth_world *w)
{
    static const struct grant owner = {SPARE_ORG, 1u << ROLE_ORG_OWNER};
    struct error err = {0};
    good(store_write(w->flow->fix->store, add_spare, NULL, &err), &err);
    ask_as(w, &owner, 1);
}

static void prep_2025(struct nth_world *w)
{
    static const struct grant owner[] = {{FIX_ORG, 1u << ROLE_ORG_OWNER}, {FIX_GROUP, 1u << ROLE_GROUP_OWNER}};
    fix_advance(w->flow->fix, 120 * 86400.0);
    ask_as(w, owner, 2);
}

const struct nth_case nth_tenants[] = {
    {.name = "make a group",
     POST_TO("/api/atlas/v2/groups"),
     .type = JSON,
     .body = "{\"name\":\"Another\",\"orgId\":\"" FIX_ORG "\"}",
     .loose = true,
     .status = 201,
     .writes = true,
     .prep = prep_owner},
    {.name = "make a group, name taken",
     POST_TO("/api/atlas/v2/groups"),
     .type = JSON,
     .body = "{\"name\":\"Streams\",\"orgId\":\"" FIX_ORG "\"}",
     .status = 409,
     .prep = prep_owner},
    {.name = "group by name", GET_OF("/api/atlas/v2/groups/byName/Streams", V2023), .status = 200},
    {.name = "change a group",
     .method = METHOD_PATCH,
     .target = GROUP,
     .accept = V2023,
     .type = JSON,
     .body = "{\"name\":\"Rivers\",\"tags\":[{\"key\":\"a\",\"value\":\"b\"}]}",
     .status = 200,
     .writes = true,
     .prep = prep_owner},
    {.name = "delete a group",
     .method = METHOD_DELETE,
     .target = "/api/atlas/v2/groups/" LOST_GROUP,
     .accept = V2023,
     .status = 202,
     .writes = true,
     .prep = prep_owner},
    {.name = "delete a group in use",
     .method = METHOD_DELETE,
     .target = GROUP,
     .accept = V2023,
     .status = 409,
     .prep = prep_owner},
    {.name = "settings of a group", GET_OF(GROUP "/settings", V2023), .status = 200},
    {.name = "change settings of a group",
     .method = METHOD_PATCH,
     .target = GROUP "/settings",
     .accept = V2023,
     .type = JSON,
     .body = "{\"isSchemaAdvisorEnabled\":false}",
     .status = 200,
     .writes = true,
     .prep = prep_owner},
    {.name = "organizations", GET_OF("/api/atlas/v2/orgs", V2023), .status = 200},
    {.name = "organization", GET_OF(ORG, V2023), .status = 200},
    {.name = "change an organization",
     .method = METHOD_PATCH,
     .target = ORG,
     .accept = V2023,
     .type = JSON,
     .body = "{\"name\":\"Emca\"}",
     .status = 200,
     .writes = true,
     .prep = prep_owner},
    {.name = "delete an organization in use",
     .method = METHOD_DELETE,
     .target = ORG,
     .accept = V2023,
     .status = 409,
     .prep = prep_owner},
    {.name = "groups of an organization", GET_OF(ORG "/groups?name=Str", V2023), .status = 200},
    {.name = "settings of an organization", GET_OF(ORG "/settings", V2023), .status = 200, .prep = prep_owner},
    {.name = "change settings of an organization",
     .method = METHOD_PATCH,
     .target = ORG "/settings",
     .accept = V2023,
     .type = JSON,
     .body = "{\"multiFactorAuthRequired\":true}",
     .status = 200,
     .writes = true,
     .prep = prep_owner},
    {.name = "make an organization",
     CHANGE(POST, "/api/atlas/v2/orgs", V2023, "{\"name\":\"Another\"}", 201),
     .loose = true,
     .prep = prep_owner},
    {.name = "make an organization with a key",
     CHANGE(POST, "/api/atlas/v2/orgs", V2023,
            "{\"name\":\"Another\",\"apiKey\":{\"desc\":\"first\",\"roles\":[\"ORG_OWNER\"]}}", 201),
     .loose = true,
     .prep = prep_owner},
    {.name = "make an organization with an account",
     CHANGE(POST, "/api/atlas/v2/orgs", V2023,
            "{\"name\":\"Another\",\"serviceAccount\":{\"name\":\"first\",\"description\":\"d\",\"roles\":[\"ORG_"
            "OWNER\"],\"secretExpiresAfterHours\":8}}",
            201),
     .loose = true,
     .prep = prep_owner},
    {.name = "delete an organization",
     CHANGE_PLAIN(DELETE, "/api/atlas/v2/orgs/" SPARE_ORG, V2023, 204),
     .prep = prep_spare},
    {.name = "types of events", GET_OF("/api/atlas/v2/eventTypes?itemsPerPage=5", V2023), .status = 200},
    {.name = "containers", GET_OF(GROUP "/containers?providerName=AWS", V2023), .status = 200},
    {.name = "rate limits",
     GET_OF("/api/atlas/v2/rateLimits?groupId=" FIX_GROUP, V2025),
     .status = 200,
     .prep = prep_2025},
    {.name = "rate limit",
     GET_OF("/api/atlas/v2/rateLimits/streams_group?groupId=" FIX_GROUP, V2025),
     .status = 200,
     .prep = prep_2025},
    {.name = "addresses of the control plane",
     GET_OF("/api/atlas/v2/unauth/controlPlaneIPAddresses", V2024),
     .status = 200},
    // keys
    {.name = "keys", GET_OF(ORG "/apiKeys", V2023), .status = 200, .prep = prep_key},
    {.name = "make a key",
     CHANGE(POST, ORG "/apiKeys", V2023, "{\"desc\":\"new\",\"roles\":[\"ORG_READ_ONLY\"]}", 200),
     .loose = true,
     .prep = prep_owner},
    {.name = "key", GET_OF(ORG "/apiKeys/{key}", V2023), .status = 200, .prep = prep_key},
    {.name = "change a key",
     CHANGE(PATCH, ORG "/apiKeys/{key}", V2023,
            "{\"desc\":\"changed\",\"roles\":[\"ORG_READ_ONLY\",\"ORG_GROUP_CREATOR\"]}", 200),
     .prep = prep_key},
    {.name = "delete a key", CHANGE_PLAIN(DELETE, ORG "/apiKeys/{key}", V2023, 204), .prep = prep_key},
    {.name = "access list of a key",
     GET_OF(ORG "/apiKeys/{key}"
                "/accessList",
            V2023),
     .status = 200,
     .prep = prep_key},
    {.name = "add to the access list of a key",
     CHANGE(POST,
            ORG "/apiKeys/{key}"
                "/accessList",
            V2023, "[{\"cidrBlock\":\"203.0.113.0/24\"},{\"ipAddress\":\"203.0.114.1\"}]", 200),
     .loose = true,
     .prep = prep_key},
    {.name = "entry of a key",
     GET_OF(ORG "/apiKeys/{key}"
                "/accessList/198.51.100.7",
            V2023),
     .status = 200,
     .prep = prep_key},
    {.name = "delete an entry of a key",
     CHANGE_PLAIN(DELETE,
                  ORG "/apiKeys/{key}"
                      "/accessList/198.51.100.7",
                  V2023, 204),
     .prep = prep_key},
    {.name = "keys of a project", GET_OF(GROUP "/apiKeys", V2023), .status = 200, .prep = prep_key},
    {.name = "make a key of a project",
     CHANGE(POST, GROUP "/apiKeys", V2023, "{\"desc\":\"new\",\"roles\":[\"GROUP_OWNER\"]}", 200),
     .loose = true,
     .prep = prep_owner},
    {.name = "give a key roles on a project",
     CHANGE(POST, GROUP "/apiKeys/{key}", V2023, "[{\"roles\":[\"GROUP_STREAM_PROCESSING_OWNER\"]}]", 204),
     .prep = prep_outside},
    {.name = "change the roles of a key on a project",
     CHANGE(PATCH, GROUP "/apiKeys/{key}", V2023, "{\"roles\":[\"GROUP_STREAM_PROCESSING_OWNER\"]}", 200),
     .prep = prep_key},
    {.name = "take the roles of a key on a project",
     CHANGE_PLAIN(DELETE, GROUP "/apiKeys/{key}", V2023, 204),
     .prep = prep_key},
    // service accounts
    {.name = "accounts", GET_OF(ORG "/serviceAccounts", V2024), .status = 200, .prep = prep_account},
    {.name = "make an account",
     CHANGE(POST, ORG "/serviceAccounts", V2024,
            "{\"name\":\"new\",\"description\":\"d\",\"roles\":[\"ORG_READ_ONLY\"],\"secretExpiresAfterHours\":8}",
            201),
     .loose = true,
     .prep = prep_owner},
    {.name = "account", GET_OF(ORG "/serviceAccounts/{account}", V2024), .status = 200, .prep = prep_account},
    {.name = "change an account",
     CHANGE(PATCH, ORG "/serviceAccounts/{account}", V2024,
            "{\"name\":\"changed\",\"description\":\"e\",\"roles\":[\"ORG_READ_ONLY\"]}", 200),
     .prep = prep_account},
    {.name = "delete an account",
     CHANGE_PLAIN(DELETE, ORG "/serviceAccounts/{account}", V2024, 204),
     .prep = prep_account},
    {.name = "make a secret",
     CHANGE(POST,
            ORG "/serviceAccounts/{account}"
                "/secrets",
            V2024, "{\"secretExpiresAfterHours\":8}", 201),
     .loose = true,
     .prep = prep_account},
    {.name = "delete a secret",
     CHANGE_PLAIN(DELETE,
                  ORG "/serviceAccounts/{account}"
                      "/secrets/{secret}",
                  V2024, 204),
     .prep = prep_account},
    {.name = "access list of an account",
     GET_OF(ORG "/serviceAccounts/{account}"
                "/accessList",
            V2024),
     .status = 200,
     .prep = prep_account},
    {.name = "add to the access list of an account",
     CHANGE(POST,
            ORG "/serviceAccounts/{account}"
                "/accessList",
            V2024, "[{\"cidrBlock\":\"203.0.113.0/24\"},{\"ipAddress\":\"203.0.114.1\"}]", 200),
     .loose = true,
     .prep = prep_account},
    {.name = "delete an entry of an account",
     CHANGE_PLAIN(DELETE,
                  ORG "/serviceAccounts/{account}"
                      "/accessList/198.51.100.7",
                  V2024, 204),
     .prep = prep_account},
    {.name = "accounts of a project", GET_OF(GROUP "/serviceAccounts", V2024), .status = 200, .prep = prep_account},
    {.name = "make an account of a project",
     CHANGE(POST, GROUP "/serviceAccounts", V2024,
            "{\"name\":\"new\",\"description\":\"d\",\"roles\":[\"GROUP_OWNER\"],\"secretExpiresAfterHours\":8}", 201),
     .loose = true,
     .prep = prep_owner},
    {.name = "account of a project",
     GET_OF(GROUP "/serviceAccounts/{account}", V2024),
     .status = 200,
     .prep = prep_account},
    {.name = "change an account of a project",
     CHANGE(PATCH, GROUP "/serviceAccounts/{account}", V2024,
            "{\"name\":\"changed\",\"description\":\"e\",\"roles\":[\"GROUP_OWNER\"]}", 200),
     .prep = prep_account},
    {.name = "take an account from a project",
     CHANGE_PLAIN(DELETE, GROUP "/serviceAccounts/{account}", V2024, 204),
     .prep = prep_account},
    {.name = "make a secret of a project",
     CHANGE(POST,
            GROUP "/serviceAccounts/{account}"
                  "/secrets",
            V2024, "{\"secretExpiresAfterHours\":8}", 201),
     .loose = true,
     .prep = prep_account},
    {.name = "delete a secret of a project",
     CHANGE_PLAIN(DELETE,
                  GROUP "/serviceAccounts/{account}"
                        "/secrets/{secret}",
                  V2024, 204),
     .prep = prep_account},
    {.name = "access list of an account of a project",
     GET_OF(GROUP "/serviceAccounts/{account}"
                  "/accessList",
            V2024),
     .status = 200,
     .prep = prep_account},
    {.name = "add to the access list of an account of a project",
     CHANGE(POST,
            GROUP "/serviceAccounts/{account}"
                  "/accessList",
            V2024, "[{\"cidrBlock\":\"203.0.113.0/24\"},{\"ipAddress\":\"203.0.114.1\"}]", 200),
     .loose = true,
     .prep = prep_account},
    {.name = "delete an entry of an account of a project",
     CHANGE_PLAIN(DELETE,
                  GROUP "/serviceAccounts/{account}"
                        "/accessList/198.51.100.7",
                  V2024, 204),
     .prep = prep_account},
    {.name = "projects of an account",
     GET_OF(ORG "/serviceAccounts/{account}"
                "/groups",
            V2024),
     .status = 200,
     .prep = prep_account},
    {.name = "invite an account",
     CHANGE(POST,
            GROUP "/serviceAccounts/{account}"
                  ":invite",
            V2024, "{\"roles\":[\"GROUP_STREAM_PROCESSING_OWNER\"]}", 200),
     .prep = prep_outside},
    {0},
};
