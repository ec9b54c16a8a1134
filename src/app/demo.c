// SPDX-License-Identifier: Apache-2.0
// Fills the demo's world: the simulated cloud, and the rows that answer for it. Called by: cli/cmd_dev.c.
// Must never: make again what the last start left.
#include "app/demo.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"

#define REQUESTER_ACCOUNT "210987654321"
#define ACCEPTER_ACCOUNT  "123456789012"
#define REQUESTER_VPC     "vpc-0c5d7e1f3a9b2d486"
#define ACCEPTER_VPC      "vpc-0a1b2c3d4e5f60718"
#define REQUESTER_CIDR    "10.20.0.0/16"
#define ACCEPTER_CIDR     "10.0.0.0/16"
#define DEMO_NAME         "demo"
#define SECRET_HOURS      (24 * 365)
#define ARENA_MAX         ((size_t)4 << 20)

static void set(char *dst, size_t cap, const char *src)
{
    bool fits = cstr_set(dst, cap, src);
    ASSERT(fits); // the sizes of DEMO_FIELDS are the makers'
}
#define SET(field, src) set(field, sizeof(field), src)

// ---- the simulated cloud ------------------------------------------------------------------------

// "AKIA" and 16 of A-Z2-7, as AWS makes them; a secret of 30 random bytes in base64 has 40 characters.
static void make_aws_key(const struct rng *rng, char key[136], char secret[136])
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint8_t raw[30];
    memcpy(key, "AKIA", 4);
    for (int i = 4; i < 20; i++) key[i] = alphabet[rng_below(rng, 32)];
    key[20] = '\0';
    rng_fill(rng, raw, sizeof raw);
    base64_encode(raw, sizeof raw, secret);
    mem_wipe(raw, sizeof raw);
}

static enum err add_account(struct demo *d, const struct rng *rng, const char *account, char key[136], char secret[136],
                            struct error *err)
{
    char have_key[EC2SIM_KEY_STR], have_secret[EC2SIM_SECRET_STR];
    if (ec2sim_account_key(d->sim, account, have_key, have_secret, err) == ERR_OK) {
        set(key, 136, have_key);
        set(secret, 136, have_secret);
        mem_wipe(have_secret, sizeof have_secret);
        return ERR_OK;
    }
    make_aws_key(rng, key, secret);
    return ec2sim_account_add(d->sim, account, key, secret, err);
}

static enum err add_vpc(struct demo *d, const char *account, const char *cidr, const char *name, const char *vpc_id,
                        struct error *err)
{
    char made[EC2SIM_ID_STR];
    struct ec2sim_vpc v = {
        .account_id = account, .region = DEMO_REGION, .cidrs = &cidr, .cidr_count = 1, .name = name, .vpc_id = vpc_id};
    if (ec2sim_vpc_add(d->sim, &v, made, err) == ERR_OK || err->code == ERR_EXISTS) return ERR_OK;
    return err->code;
}

static enum err add_request(struct demo *d, struct error *err)
{
    char code[24], id[EC2SIM_ID_STR];
    if (*d->peering && ec2sim_peering_status(d->sim, ACCEPTER_ACCOUNT, DEMO_REGION, d->peering, code, err) == ERR_OK)
        return ERR_OK;
    struct ec2sim_request q = {.requester_account_id = REQUESTER_ACCOUNT,
                               .requester_region = DEMO_REGION,
                               .requester_vpc_id = REQUESTER_VPC,
                               .accepter_account_id = ACCEPTER_ACCOUNT,
                               .accepter_region = DEMO_REGION,
                               .accepter_vpc_id = ACCEPTER_VPC,
                               .name = "peerage-demo"};
    if (ec2sim_peering_request(d->sim, &q, id, err) != ERR_OK) return err->code;
    SET(d->peering, id);
    return ERR_OK;
}

static enum err fill_sim(struct demo *d, const struct rng *rng, struct error *err)
{
    SET(d->requester_account, REQUESTER_ACCOUNT);
    SET(d->accepter_account, ACCEPTER_ACCOUNT);
    SET(d->requester_vpc, REQUESTER_VPC);
    SET(d->accepter_vpc, ACCEPTER_VPC);
    d->requester_session[0] = '\0';
    if (add_account(d, rng, ACCEPTER_ACCOUNT, d->accepter_key, d->accepter_secret, err) != ERR_OK ||
        add_account(d, rng, REQUESTER_ACCOUNT, d->requester_key, d->requester_secret, err) != ERR_OK ||
        add_vpc(d, ACCEPTER_ACCOUNT, ACCEPTER_CIDR, "peerage-demo-accepter", ACCEPTER_VPC, err) != ERR_OK ||
        add_vpc(d, REQUESTER_ACCOUNT, REQUESTER_CIDR, "peerage-demo-requester", REQUESTER_VPC, err) != ERR_OK)
        return err->code;
    return add_request(d, err);
}

enum err demo_sim_start(struct demo *d, const char *listen, const struct rng *rng, struct error *err)
{
    if (!*d->ec2sim_token) {
        uint8_t raw[32];
        rng_fill(rng, raw, sizeof raw);
        hex_encode(raw, sizeof raw, d->ec2sim_token);
    }
    struct ec2sim_options o;
    ec2sim_options_default(&o);
    o.listen = listen;
    o.data_dir = d->dir;
    o.management_token = d->ec2sim_token;
    if (ec2sim_start(&o, &d->sim, err) != ERR_OK) return error_prefix(err, "simulator");
    SET(d->ec2_url, ec2sim_url(d->sim));
    if (fill_sim(d, rng, err) != ERR_OK) return error_prefix(err, "simulator");
    d->env = (struct cloud_env){.access_key_id = d->accepter_key,
                                .secret_access_key = d->accepter_secret,
                                .imds_disabled = true,
                                .endpoint_ec2 = d->ec2_url,
                                .endpoint_sts = d->ec2_url};
    return ERR_OK;
}

void demo_stop(struct demo *d)
{
    ec2sim_stop(&d->sim);
    mem_wipe(d, sizeof *d);
}

// ---- the rows -----------------------------------------------------------------------------------

static const struct actor demo_actor = {.kind = PRINCIPAL_LOCAL, .name = "dev"};

// By name too: a crash may have come between a row and demo.state.
static enum err seed_org(struct demo *d, struct services *sv, struct arena *a, struct error *err)
{
    struct org org, *all;
    size_t n;
    if (*d->org_id && store_org_get(sv->reader, d->org_id, &org, err) == ERR_OK) return ERR_OK;
    if (store_orgs(sv->reader, a, &all, &n, err) != ERR_OK) return err->code;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(all[i].name, DEMO_NAME) != 0) continue;
        SET(d->org_id, all[i].id);
        return ERR_OK;
    }
    if (core_org_create(sv->core, &demo_actor, SLICE(DEMO_NAME), &org, err) != ERR_OK) return err->code;
    SET(d->org_id, org.id);
    return ERR_OK;
}

static enum err seed_group(struct demo *d, struct services *sv, struct arena *a, struct error *err)
{
    struct group group, *all;
    size_t n;
    uint64_t total;
    if (*d->group_id && store_group_get(sv->reader, d->group_id, &group, err) == ERR_OK) return ERR_OK;
    if (store_groups(sv->reader, NULL, true, (struct page){1, 500}, a, &all, &n, &total, err) != ERR_OK)
        return err->code;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(all[i].name, DEMO_NAME) != 0 || strcmp(all[i].org_id, d->org_id) != 0) continue;
        SET(d->group_id, all[i].id);
        return ERR_OK;
    }
    if (core_group_create(sv->core, &demo_actor, d->org_id, SLICE(DEMO_NAME), &group, err) != ERR_OK) return err->code;
    SET(d->group_id, group.id);
    return ERR_OK;
}

static enum err seed_key(struct demo *d, struct services *sv, struct arena *a, struct error *err)
{
    struct credential found;
    struct new_api_key made;
    bool there = *d->public_key && store_api_key_find(sv->reader, slice_of(d->public_key), a, &found, err) == ERR_OK;
    if (there && *d->private_key) return ERR_OK;
    struct grant owner = {.roles = (role_set)1 << ROLE_ORG_OWNER};
    SET(owner.scope_id, d->org_id);
    enum err rc = there ? auth_api_key_reset(sv->auth, d->public_key, &made, err)
                        : auth_api_key_create(sv->auth, d->org_id, "demo", &owner, 1, &made, err);
    if (rc != ERR_OK) return rc;
    SET(d->public_key, made.row.public_key);
    SET(d->private_key, made.private_key);
    mem_wipe(&made, sizeof made);
    return ERR_OK;
}

static enum err seed_account(struct demo *d, struct services *sv, struct arena *a, struct error *err)
{
    struct credential found;
    struct new_account made;
    bool there = *d->client_id && store_account_find(sv->reader, slice_of(d->client_id), a, &found, err) == ERR_OK;
    bool lives = false;
    for (unsigned i = 0; there && i < found.secret_count; i++)
        lives |= found.secrets[i].expires.us == 0 || found.secrets[i].expires.us > clock_wall(sv->clock).us;
    if (lives && *d->client_secret) return ERR_OK;
    struct grant owner = {.roles = (role_set)1 << ROLE_ORG_OWNER};
    SET(owner.scope_id, d->org_id);
    if (auth_account_create(sv->auth, d->org_id, "demo", "Made by peerage dev", &owner, 1, SECRET_HOURS, &made, err) !=
        ERR_OK)
        return err->code;
    SET(d->client_id, made.row.client_id);
    SET(d->client_secret, made.client_secret);
    mem_wipe(&made, sizeof made);
    return ERR_OK;
}

static enum err seed_network(struct demo *d, struct services *sv, struct arena *a, struct error *err)
{
    struct network net, *all;
    size_t count;
    if (!*d->accepter_vpc) return ERR_OK; // another cloud, and no VPC of ours in it
    if (store_networks(sv->reader, d->group_id, a, &all, &count, err) != ERR_OK) return err->code;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(all[i].vpc_id, d->accepter_vpc) != 0) continue;
        SET(d->network_id, all[i].id);
        return ERR_OK;
    }
    struct network_new n = {.group_id = d->group_id,
                            .account_id = slice_of(d->accepter_account),
                            .region = SLICE(DEMO_REGION),
                            .vpc_id = slice_of(d->accepter_vpc),
                            .identity = IDENTITY_AMBIENT,
                            .mode = NETWORK_MANAGE,
                            .make_default = true};
    if (core_network_add(sv->core, &demo_actor, &n, a, &net, err) != ERR_OK) return err->code;
    SET(d->network_id, net.id);
    return ERR_OK;
}

enum err demo_seed(struct demo *d, struct services *sv, struct error *err)
{
    struct arena *a = arena_new(ARENA_MAX);
    if (!a) return error_set(err, ERR_NOMEM, "no memory for the demo");
    enum err rc = seed_org(d, sv, a, err);
    if (rc == ERR_OK) rc = seed_group(d, sv, a, err);
    if (rc == ERR_OK) rc = seed_key(d, sv, a, err);
    if (rc == ERR_OK) rc = seed_account(d, sv, a, err);
    if (rc == ERR_OK) rc = seed_network(d, sv, a, err);
    arena_free(a);
    if (rc == ERR_OK) rc = demo_save(d, err);
    return rc;
}
