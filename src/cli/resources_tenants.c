// SPDX-License-Identifier: Apache-2.0
// Rows of the table of resource commands: organisations, projects, API keys, service accounts, access lists. Called by:
// cmds.c. Must never: do anything; resource.c does it.
#include <string.h>

#include "base/json.h"
#include "cli/resource.h"

static const struct cmd_flag org_flags[] = {ORG_FLAG, {NULL}};
static const struct cmd_flag org_list_flags[] = {
    {"org", "ID", "only this organisation's (the only one)", false, false}, LIST_FLAGS, {NULL}};
static const struct cmd_flag scope_list_flags[] = {
    ORG_FLAG, {"project", "ID|NAME", "only those with a role on this project", false, false}, LIST_FLAGS, {NULL}};
static const struct cmd_flag scope_flags[] = {
    ORG_FLAG, {"project", "ID|NAME", "as this project sees it", false, false}, {NULL}};

// ---- organisations ----------------------------------------------------------------------------------------

static const struct column org_columns[] = {{"id", "ID"}, {"name", "NAME"}};
static const struct resource org_get = {.route = ROUTE_ORG_GET, .scope = true, COLUMNS(org_columns)};
static const struct bind org_names[] = {{.operand = 1, .name = "name", .to = TO_BODY}, {.name = NULL}};
static const struct resource org_rename = {
    .route = ROUTE_ORG_UPDATE, .scope = true, .binds = org_names, COLUMNS(org_columns)};
static const struct resource org_delete = {
    .route = ROUTE_ORG_DELETE, .scope = true, .shape = SHAPE_DONE, .done = "deleted"};

ROW_OF(cmd_org_get, "org get", "ORG", 1, "show an organisation, by id", NULL, org_get);
ROW_OF(cmd_org_rename, "org rename", "ORG NAME", 2, "give an organisation another name", NULL, org_rename);
ROW_OF(cmd_org_delete, "org delete", "ORG", 1, "delete an organisation that has no projects", NULL, org_delete);

// ---- projects ---------------------------------------------------------------------------------------------

static const struct column project_columns[] = {
    {"id", "ID"}, {"name", "NAME"}, {"orgId", "ORGANISATION"}, {"created", "CREATED"}};

static int projects_route(const struct cmd_ctx *c)
{
    return arg(c->args, "org") ? ROUTE_ORG_GROUPS : ROUTE_GROUPS_LIST;
}

static const struct cmd_flag projects_flags[] = {
    {"org", "ID", "only this organisation's", false, false}, LIST_FLAGS, {NULL}};
static const struct resource project_list = {.shape = SHAPE_LIST, .choose = projects_route, COLUMNS(project_columns)};
static const struct resource project_get = {.route = ROUTE_GROUP_GET, .scope = true, COLUMNS(project_columns)};
static const struct bind project_new[] = {
    {.name = "name", .to = TO_BODY}, {NULL, 0, TO_BODY, AS_ORG, "orgId", NULL}, {.name = NULL}};
static const struct resource project_create = {
    .route = ROUTE_GROUP_CREATE, .binds = project_new, COLUMNS(project_columns)};
static const struct bind project_names[] = {{.operand = 1, .name = "name", .to = TO_BODY}, {.name = NULL}};
static const struct resource project_rename = {
    .route = ROUTE_GROUP_UPDATE, .scope = true, .binds = project_names, COLUMNS(project_columns)};
static const struct resource project_delete = {
    .route = ROUTE_GROUP_DELETE, .scope = true, .shape = SHAPE_DONE, .done = "deleted"};

ROW(cmd_project_list, "project list", "list projects", projects_flags, project_list);
ROW_OF(cmd_project_get, "project get", "PROJECT", 1, "show a project, by id or name", NULL, project_get);
ROW_OF(cmd_project_create, "project create", "NAME", 1, "make a project (Atlas' group)", org_flags, project_create);
ROW_OF(cmd_project_rename, "project rename", "PROJECT NAME", 2, "give a project another name", NULL, project_rename);
ROW_OF(cmd_project_delete, "project delete", "PROJECT", 1, "delete a project that has no networks", NULL,
       project_delete);

// ---- API keys ---------------------------------------------------------------------------------------------

static const struct column key_columns[] = {{"publicKey", "PUBLIC KEY"},
                                            {"privateKey", "PRIVATE KEY"},
                                            {"id", "ID"},
                                            {"roles.roleName", "ROLES"},
                                            {"desc", "DESCRIPTION"}};

static bool has_project_role(const struct cmd_ctx *c)
{
    unsigned pos = 0;
    for (const char *text; (text = arg_next(c->args, "role", &pos)) != NULL;)
        if (slice_starts(slice_of(text), SLICE("GROUP_"))) return true;
    return false;
}

static int key_create_route(const struct cmd_ctx *c)
{
    return has_project_role(c) ? ROUTE_GROUP_KEY_CREATE : ROUTE_ORG_KEY_CREATE;
}

#define ROLE_FLAG(required)                                                                                            \
    {                                                                                                                  \
        "role", "ROLE", "e.g. ORG_OWNER, GROUP_READ_ONLY, GROUP_STREAM_PROCESSING_OWNER", (required), true             \
    }
static const struct cmd_flag key_new_flags[] = {
    {"role", "ROLE", "e.g. ORG_OWNER, GROUP_READ_ONLY, on the machine GLOBAL_OWNER (operator)", true, true},
    ORG_FLAG,
    {"project", "ID|NAME", "where GROUP_… roles count (the only one)", false, false},
    {"description", "TEXT", "what it is for", false, false},
    {NULL},
};
static const struct bind key_new[] = {{"role", 0, TO_BODY, AS_ROLES, "roles", NULL},
                                      {"description", 0, TO_BODY, AS_TEXT, "desc", "made by peerage key create"},
                                      {.name = NULL}};
static const struct cmd_flag key_update_flags[] = {
    {"role", "ROLE", "all its roles of the organisation, or with --project of that project", false, true},
    {"description", "TEXT", "what it is for", false, false},
    ORG_FLAG,
    {"project", "ID|NAME", "where GROUP_… roles count", false, false},
    {NULL},
};
static const struct bind key_changes[] = {
    {"role", 0, TO_BODY, AS_ROLES, "roles", NULL}, {"description", 0, TO_BODY, AS_TEXT, "desc", NULL}, {.name = NULL}};
static const struct resource key_list = {
    .route = ROUTE_ORG_KEYS_LIST, .project_route = ROUTE_GROUP_KEYS_LIST, .shape = SHAPE_LIST, COLUMNS(key_columns)};
static const struct resource key_get = {.route = ROUTE_ORG_KEY_GET, COLUMNS(key_columns)};
static const struct resource key_create = {
    .choose = key_create_route, .binds = key_new, .note = "The private key is shown this once.", COLUMNS(key_columns)};
static const struct resource key_update = {
    .route = ROUTE_ORG_KEY_UPDATE, .project_route = ROUTE_GROUP_KEY_UPDATE, .binds = key_changes, COLUMNS(key_columns)};
static const struct resource key_delete = {.route = ROUTE_ORG_KEY_DELETE, .shape = SHAPE_DONE, .done = "deleted"};

static void assignment(const struct cmd_ctx *c, struct json_writer *w)
{
    unsigned pos = 0;
    json_arr(w);
    json_obj(w);
    json_key(w, "roles");
    json_arr(w);
    for (const char *text; (text = arg_next(c->args, "role", &pos)) != NULL;) json_cstr(w, text);
    json_arr_end(w);
    json_obj_end(w);
    json_arr_end(w);
}

static const struct cmd_flag assign_flags[] = {ROLE_FLAG(true), PROJECT_FLAG, ORG_FLAG, {NULL}};
static const struct cmd_flag unassign_flags[] = {PROJECT_FLAG, ORG_FLAG, {NULL}};
static const struct resource key_assign = {
    .route = ROUTE_GROUP_KEY_ADD, .shape = SHAPE_DONE, .body = assignment, .done = "has roles on the project"};
static const struct resource key_unassign = {
    .route = ROUTE_GROUP_KEY_REMOVE, .shape = SHAPE_DONE, .done = "has no role on the project"};

ROW(cmd_key_list, "key list", "list API keys", scope_list_flags, key_list);
ROW_OF(cmd_key_get, "key get", "PUBLIC_KEY", 1, "show an API key", org_flags, key_get);
ROW(cmd_key_create, "key create", "make an API key; its private key is printed once", key_new_flags, key_create);
ROW_OF(cmd_key_update, "key update", "PUBLIC_KEY", 1, "change roles or description of an API key", key_update_flags,
       key_update);
ROW_OF(cmd_key_assign, "key assign", "PUBLIC_KEY", 1, "give an API key roles on a project", assign_flags, key_assign);
ROW_OF(cmd_key_unassign, "key unassign", "PUBLIC_KEY", 1, "take an API key's roles on a project", unassign_flags,
       key_unassign);
ROW_OF(cmd_key_delete, "key delete", "PUBLIC_KEY", 1, "delete an API key", org_flags, key_delete);

// ---- service accounts -------------------------------------------------------------------------------------

static const struct column account_columns[] = {{"clientId", "CLIENT ID"},
                                                {"name", "NAME"},
                                                {"roles", "ROLES"},
                                                {"secrets.id", "SECRETS"},
                                                {"secrets.expiresAt", "EXPIRE"},
                                                {"createdAt", "CREATED"},
                                                {"description", "DESCRIPTION"}};
static const struct column new_account_columns[] = {{"clientId", "CLIENT ID"},
                                                    {"secrets.secret", "CLIENT SECRET"},
                                                    {"name", "NAME"},
                                                    {"roles", "ROLES"},
                                                    {"secrets.expiresAt", "SECRET EXPIRES"}};
static const struct column secret_columns[] = {
    {"id", "ID"}, {"secret", "CLIENT SECRET"}, {"createdAt", "CREATED"}, {"expiresAt", "EXPIRES"}};

static int account_create_route(const struct cmd_ctx *c)
{
    return has_project_role(c) ? ROUTE_GROUP_ACCOUNT_CREATE : ROUTE_ORG_ACCOUNT_CREATE;
}

#define HOURS_FLAG                                                                                                     \
    {                                                                                                                  \
        "secret-hours", "N", "how long its secret lives, 8 to 8760 (2160)", false, false                               \
    }
static const struct cmd_flag account_new_flags[] = {
    ROLE_FLAG(true),
    ORG_FLAG,
    {"project", "ID|NAME", "where GROUP_… roles count (the only one)", false, false},
    {"description", "TEXT", "what it is for", false, false},
    HOURS_FLAG,
    {NULL},
};
static const struct bind account_new[] = {
    {.name = "name", .to = TO_BODY},
    {"role", 0, TO_BODY, AS_ROLES, "roles", NULL},
    {"description", 0, TO_BODY, AS_TEXT, "description", "made by peerage service-account create"},
    {"secret-hours", 0, TO_BODY, AS_NUMBER, "secretExpiresAfterHours", "2160"},
    {.name = NULL}};
static const struct cmd_flag account_update_flags[] = {
    {"name", "NAME", "another name", false, false},
    {"description", "TEXT", "what it is for", false, false},
    {"role", "ROLE", "all its roles of the organisation, or with --project of that project", false, true},
    ORG_FLAG,
    {"project", "ID|NAME", "where GROUP_… roles count", false, false},
    {NULL},
};
static const struct bind account_changes[] = {{"name", 0, TO_BODY, AS_TEXT, "name", NULL},
                                              {"description", 0, TO_BODY, AS_TEXT, "description", NULL},
                                              {"role", 0, TO_BODY, AS_ROLES, "roles", NULL},
                                              {.name = NULL}};
static const struct cmd_flag secret_new_flags[] = {HOURS_FLAG, ORG_FLAG, PROJECT_FLAG, {NULL}};
static const struct bind secret_new[] = {{"secret-hours", 0, TO_BODY, AS_NUMBER, "secretExpiresAfterHours", "2160"},
                                         {.name = NULL}};
static const struct resource account_list = {.route = ROUTE_ORG_ACCOUNTS_LIST,
                                             .project_route = ROUTE_GROUP_ACCOUNTS_LIST,
                                             .shape = SHAPE_LIST,
                                             COLUMNS(account_columns)};
static const struct resource account_get = {
    .route = ROUTE_ORG_ACCOUNT_GET, .project_route = ROUTE_GROUP_ACCOUNT_GET, COLUMNS(account_columns)};
static const struct resource account_create = {.choose = account_create_route,
                                               .binds = account_new,
                                               .note = "The client secret is shown this once.",
                                               COLUMNS(new_account_columns)};
static const struct resource account_update = {.route = ROUTE_ORG_ACCOUNT_UPDATE,
                                               .project_route = ROUTE_GROUP_ACCOUNT_UPDATE,
                                               .binds = account_changes,
                                               COLUMNS(account_columns)};
static const struct resource account_delete = {
    .route = ROUTE_ORG_ACCOUNT_REMOVE, .shape = SHAPE_DONE, .done = "deleted"};
static const struct resource account_assign = {
    .route = ROUTE_GROUP_ACCOUNT_INVITE, .binds = account_changes, COLUMNS(account_columns)};
static const struct resource account_unassign = {
    .route = ROUTE_GROUP_ACCOUNT_REMOVE, .shape = SHAPE_DONE, .done = "has no role on the project"};
static const struct resource secret_add = {.route = ROUTE_ORG_SECRET_CREATE,
                                           .project_route = ROUTE_GROUP_SECRET_CREATE,
                                           .binds = secret_new,
                                           .note = "The client secret is shown this once.",
                                           COLUMNS(secret_columns)};
static const struct resource secret_delete = {.route = ROUTE_ORG_SECRET_DELETE,
                                              .project_route = ROUTE_GROUP_SECRET_DELETE,
                                              .shape = SHAPE_DONE,
                                              .done = "has one secret less"};
static const struct column reach_columns[] = {{"groupId", "PROJECT"}, {"roles", "ROLES"}};
static const struct resource account_projects = {
    .route = ROUTE_ORG_ACCOUNT_GROUPS, .shape = SHAPE_LIST, COLUMNS(reach_columns)};

ROW(cmd_account_list, "service-account list", "list service accounts", scope_list_flags, account_list);
ROW_OF(cmd_account_get, "service-account get", "CLIENT_ID", 1, "show a service account and its secrets' ids",
       scope_flags, account_get);
ROW_OF(cmd_account_create, "service-account create", "NAME", 1, "make a service account; its secret is printed once",
       account_new_flags, account_create);
ROW_OF(cmd_account_update, "service-account update", "CLIENT_ID", 1,
       "change name, description or roles of a service account", account_update_flags, account_update);
ROW_OF(cmd_account_assign, "service-account assign", "CLIENT_ID", 1, "give a service account roles on a project",
       assign_flags, account_assign);
ROW_OF(cmd_account_unassign, "service-account unassign", "CLIENT_ID", 1, "take a service account's roles on a project",
       unassign_flags, account_unassign);
ROW_OF(cmd_account_projects, "service-account projects", "CLIENT_ID", 1,
       "list the projects that a service account has roles on", org_list_flags, account_projects);
ROW_OF(cmd_account_add_secret, "service-account add-secret", "CLIENT_ID", 1,
       "give a service account a second secret, printed once", secret_new_flags, secret_add);
ROW_OF(cmd_account_delete_secret, "service-account delete-secret", "CLIENT_ID SECRET_ID", 2,
       "delete a secret and the tokens that it minted", unassign_flags, secret_delete);
ROW_OF(cmd_account_delete, "service-account delete", "CLIENT_ID", 1, "delete a service account and its tokens",
       org_flags, account_delete);

// ---- access lists -----------------------------------------------------------------------------------------

static const struct column entry_columns[] = {{"cidrBlock", "ADDRESSES"}, {"lastUsedAddress", "LAST USED FROM"}};

static bool is_account(const struct cmd_ctx *c)
{
    return slice_starts(slice_of(c->args->operands[0]), SLICE("mdb_sa_id_"));
}

static int entries_route(const struct cmd_ctx *c)
{
    return is_account(c) ? ROUTE_ORG_ACCOUNT_ACCESS_LIST : ROUTE_KEY_ACCESS_LIST;
}

static int entry_add_route(const struct cmd_ctx *c)
{
    return is_account(c) ? ROUTE_ORG_ACCOUNT_ACCESS_ADD : ROUTE_KEY_ACCESS_ADD;
}

static int entry_remove_route(const struct cmd_ctx *c)
{
    return is_account(c) ? ROUTE_ORG_ACCOUNT_ACCESS_REMOVE : ROUTE_KEY_ACCESS_REMOVE;
}

static void entry(const struct cmd_ctx *c, struct json_writer *w)
{
    const char *text = c->args->operands[1];
    json_arr(w);
    json_obj(w);
    json_kstr(w, strchr(text, '/') ? "cidrBlock" : "ipAddress", text);
    json_obj_end(w);
    json_arr_end(w);
}

static const struct resource access_list = {.shape = SHAPE_LIST, .choose = entries_route, COLUMNS(entry_columns)};
static const struct resource access_add = {
    .shape = SHAPE_LIST, .choose = entry_add_route, .body = entry, COLUMNS(entry_columns)};
static const struct resource access_remove = {
    .shape = SHAPE_DONE, .choose = entry_remove_route, .done = "may no longer be used from there"};

ROW_OF(cmd_access_list, "access-list list", "CREDENTIAL", 1, "list the addresses that a credential may be used from",
       org_list_flags, access_list);
const struct cmd cmd_access_add = {.name = "access-list add",
                                   .operands = "CREDENTIAL ADDRESSES",
                                   .min = 2,
                                   .max = 2,
                                   .summary = "let a credential be used from an address or block",
                                   .detail =
                                       "CREDENTIAL is a public key or a client id. Without entries it may be used "
                                       "from everywhere,\nunless its organisation asks for a list.",
                                   .flags = org_flags,
                                   .traits = RESOURCE_TRAITS,
                                   .run = resource_run,
                                   .api = &access_add};
ROW_OF(cmd_access_remove, "access-list remove", "CREDENTIAL ADDRESSES", 2, "take an address or block away again",
       org_flags, access_remove);
