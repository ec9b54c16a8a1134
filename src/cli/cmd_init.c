// SPDX-License-Identifier: Apache-2.0
// `peerage init`: key file, store, first organisation, project and owner key, printed once. Called by: cli.c.
// Must never: run over a store that has credentials, or print the key a second time.
#include "base/mem.h"
#include "cli/cmd.h"

static enum err refuse_used(struct services *sv, struct arena *a, struct org **ret_orgs, size_t *ret_n,
                            struct error *err)
{
    struct credential *all;
    size_t n;
    if (store_credentials(sv->reader, NULL, a, &all, &n, err) != ERR_OK) return err->code;
    if (n > 0)
        return error_set(err, ERR_EXISTS,
                         "%s is initialised already (%zu credentials); `peerage key create` makes more keys, `peerage "
                         "key reset` a new private key",
                         sv->config->data_dir, n);
    return store_orgs(sv->reader, a, ret_orgs, ret_n, err);
}

static enum err make_owner(struct cmd_ctx *c, struct services *sv, struct org *org, struct group *group,
                           struct new_api_key *key, struct error *err)
{
    static const struct actor by = {.kind = PRINCIPAL_LOCAL, .name = "cli"};
    const char *org_name = arg(c->args, "org"), *project = arg(c->args, "project");
    struct org *orgs;
    struct group *groups;
    size_t n;
    uint64_t total;
    if (refuse_used(sv, c->arena, &orgs, &n, err) != ERR_OK) return err->code;
    // An earlier run may have ended between these steps: go on where it was.
    if (n > 0)
        *org = orgs[0];
    else if (core_org_create(sv->core, &by, slice_of(org_name ? org_name : "main"), org, err) != ERR_OK)
        return error_prefix(err, "--org");
    if (store_groups(sv->reader, NULL, true, (struct page){1, 1}, c->arena, &groups, &n, &total, err) != ERR_OK)
        return err->code;
    if (n > 0)
        *group = groups[0];
    else if (core_group_create(sv->core, &by, org->id, slice_of(project ? project : "main"), group, err) != ERR_OK)
        return error_prefix(err, "--project");
    struct grant owner = {.roles = (role_set)1 << ROLE_ORG_OWNER};
    if (!cstr_set(owner.scope_id, sizeof owner.scope_id, org->id))
        return error_set(err, ERR_INTERNAL, "an organisation id does not fit");
    return auth_api_key_create(sv->auth, org->id, "owner, made by peerage init", &owner, 1, key, err);
}

static int print_owner(struct cmd_ctx *c, const struct services *sv, const struct org *org, const struct group *group,
                       const struct new_api_key *key)
{
    static const struct column columns[] = {{"dataDir", "data directory"}, {"keyFile", "key file"},
                                            {"orgId", "organisation"},     {"projectId", "project"},
                                            {"publicKey", "public key"},   {"privateKey", "private key"}};
    struct table t;
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    table_str(&t, sv->config->data_dir);
    table_str(&t, sv->config->key_file);
    table_str(&t, org->id);
    table_str(&t, group->id);
    table_str(&t, key->row.public_key);
    table_str(&t, key->private_key);
    int code = table_end_single(&t);
    if (code == EX_OK && !c->json)
        buf_lit(c->out, "\nThe private key is shown this once. Back up the key file apart from the data directory: "
                        "without it no API key works.\n");
    return code;
}

static int run(struct cmd_ctx *c)
{
    struct config config;
    struct error err;
    struct app *app;
    struct services sv;
    if (cli_config(c->args, c->arena, &config, &err) != ERR_OK) {
        (void)cmd_fail(c, &err);
        return EX_CONFIG;
    }
    struct app_options o = {
        .config = &config, .clock = &clock_system, .rng = &rng_system, .create = true, .migrate = true};
    if (app_open(&o, &app, &err) != ERR_OK) return cmd_fail(c, &err);
    struct org org;
    struct group group;
    struct new_api_key key;
    int code;
    if (app_services(app, &sv, &err) != ERR_OK) {
        code = cmd_fail(c, &err);
    } else {
        code = make_owner(c, &sv, &org, &group, &key, &err) == ERR_OK ? print_owner(c, &sv, &org, &group, &key)
                                                                      : cmd_fail(c, &err);
        mem_wipe(&key, sizeof key);
        app_services_done(&sv);
    }
    app_stop(&app, 0);
    return code;
}

static const struct cmd_flag flags[] = {
    {"org", "NAME", "name of the first organisation (main)", false, false},
    {"project", "NAME", "name of its first project (main)", false, false},
    {NULL},
};
const struct cmd cmd_init = {
    .name = "init",
    .summary = "make the store, the key file and the first owner key",
    .flags = flags,
    .traits = CMD_CONFIG | CMD_KEYS | CMD_JSON,
    .run = run,
};
