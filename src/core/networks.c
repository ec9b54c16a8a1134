// SPDX-License-Identifier: Apache-2.0
// Adding and removing networks. Called by: api, cli (admin socket). Must never: bind one VPC twice, or leave a region
// of a group without a default while it has networks.
#include "core/inside.h"

#define CIDRS_MAX 64 // AWS allows far fewer blocks a VPC

// ---- validation -------------------------------------------------------------------------------------------

static enum err check_cidrs(struct slice list, struct error *err)
{
    struct slice block;
    unsigned n = 0;
    while (cidr_list_next(&list, &block)) {
        struct cidr c;
        if (!cidr_parse(block, false, &c))
            return error_set(err, ERR_INVALID, "%.*s is no CIDR block: write it as 10.0.0.0/16, without host bits",
                             (int)MIN(block.n, 64), block.p);
        if (++n > CIDRS_MAX) return error_set(err, ERR_INVALID, "a network has at most %d CIDR blocks", CIDRS_MAX);
    }
    return ERR_OK;
}

static bool profile_valid(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x20 || s.p[i] > 0x7E || s.p[i] == ']') return false;
    return s.n > 0;
}

static enum err check_identity(const struct network_new *n, struct error *err)
{
    char account[ACCOUNT_ID];
    if (n->identity_ref.n >= sizeof(((struct network *)0)->identity_ref))
        return error_set(err, ERR_TOO_LARGE, "the role ARN or profile name is longer than 255 bytes");
    switch (n->identity) {
    case IDENTITY_AMBIENT:
        if (!n->identity_ref.n) return ERR_OK;
        return error_set(err, ERR_INVALID, "ambient credentials take no role or profile");
    case IDENTITY_PROFILE:
        if (profile_valid(n->identity_ref)) return ERR_OK;
        return error_set(err, ERR_INVALID, "the profile must be the name of a section of the AWS configuration file");
    default:
        if (role_arn_parse(n->identity_ref, account, err) != ERR_OK) return err->code;
        if (slice_eq_cstr(n->account_id, account)) return ERR_OK;
        return error_set(err, ERR_INVALID,
                         "the role belongs to account %s but the network to %.*s: name a role of the VPC's own account",
                         account, SLICE_FMT(n->account_id));
    }
}

static enum err check(const struct network_new *n, struct error *err)
{
    if (!account_id_valid(n->account_id)) return error_set(err, ERR_INVALID, "the account must be 12 digits");
    if (!region_valid(n->region)) return error_set(err, ERR_INVALID, "the region must be an AWS name like us-east-1");
    if (!vpc_id_valid(n->vpc_id))
        return error_set(err, ERR_INVALID, "the VPC must be vpc- and 8 or 17 hexadecimal digits in lower case");
    if (n->mode != NETWORK_OBSERVE && n->mode != NETWORK_MANAGE)
        return error_set(err, ERR_INVALID, "the mode must be observe or manage");
    enum err code = check_identity(n, err);
    return code == ERR_OK ? check_cidrs(n->cidrs, err) : code;
}

// ---- adding -----------------------------------------------------------------------------------------------

struct add {
    const struct core *core;
    const struct actor *by;
    const struct network_new *asked;
    struct network row;
    struct arena *arena;
};

// What a removal leaves behind.
struct left {
    uint64_t intents; // dropped
    uint64_t routes;  // of ours, still in AWS
};

static enum err describe(struct store_tx *tx, const struct audit *audit, enum audit_type type, const struct network *n,
                         const struct left *left, struct error *err)
{
    struct buf detail;
    struct json_writer w;
    buf_init(&detail, 2048);
    json_begin(&w, &detail, false);
    json_obj(&w);
    json_kstr(&w, "accountId", n->account_id);
    if (left) json_kint(&w, "intentsDropped", (int64_t)left->intents);
    json_kstr(&w, "mode", n->mode == NETWORK_MANAGE ? "manage" : "observe");
    json_kstr(&w, "regionName", n->region);
    if (left) json_kint(&w, "routesLeft", (int64_t)left->routes);
    json_kstr(&w, "vpcId", n->vpc_id);
    json_obj_end(&w);
    enum err code =
        detail.fail == BUF_OK ? audit_write(tx, audit, type, slice_of(n->id), buf_view(&detail), err) : core_nomem(err);
    buf_done(&detail);
    return code;
}

static bool fill(struct network *row, const struct network_new *n, const char *group_id)
{
    row->identity = n->identity;
    row->mode = n->mode;
    row->cidrs = n->cidrs;
    return cstr_set(row->group_id, sizeof(row->group_id), group_id) &&
           slice_copy(n->account_id, row->account_id, sizeof(row->account_id)) &&
           slice_copy(n->region, row->region, sizeof(row->region)) &&
           slice_copy(n->vpc_id, row->vpc_id, sizeof(row->vpc_id)) &&
           slice_copy(n->identity_ref, row->identity_ref, sizeof(row->identity_ref));
}

static enum err add(struct store_tx *tx, void *ctx, struct error *err)
{
    struct add *op = ctx;
    struct network rival;
    struct audit audit;
    enum err code = core_audit_group(tx, op->core, op->by, op->asked->group_id, &audit, err);
    if (code != ERR_OK) return code;
    op->row = (struct network){.created = audit.now};
    oid_hex(oid_new(audit.rng, audit.now), op->row.id);
    bool fits = fill(&op->row, op->asked, audit.group_id);
    ASSERT(fits); // check() has seen the lengths
    struct error none;
    code = store_network_default(store_tx_reader(tx), audit.group_id, op->row.region, op->arena, &rival, &none);
    if (code != ERR_OK && code != ERR_NOT_FOUND) return *err = none, code;
    op->row.is_default = code == ERR_NOT_FOUND;
    code = store_tx_network_insert(tx, &op->row, err);
    if (code == ERR_OK && op->asked->make_default && !op->row.is_default) {
        op->row.is_default = true;
        code = store_tx_network_make_default(tx, op->row.id, err);
    }
    if (code == ERR_OK) code = describe(tx, &audit, AUDIT_NETWORK_ADDED, &op->row, NULL, err);
    if (code != ERR_OK || !op->asked->edit) return code;
    return network_edit_in_tx(tx, op->core, op->by, op->row.id, op->asked->edit, op->arena, err);
}

enum err core_network_add(struct core *c, const struct actor *by, const struct network_new *n, struct arena *a,
                          struct network *ret, struct error *err)
{
    struct add op = {.core = c, .by = by, .asked = n, .arena = a};
    enum err code = check(n, err);
    if (code != ERR_OK) return code;
    struct slice cidrs = arena_slice(a, n->cidrs);
    if (cidrs.n != n->cidrs.n) return core_nomem(err);
    code = store_write(c->store, add, &op, err);
    if (code != ERR_OK) return code;
    *ret = op.row;
    ret->cidrs = cidrs;
    core_tell(c, CORE_NETWORKS_CHANGED, ret->group_id, ret->id);
    return ERR_OK;
}

// ---- removing ---------------------------------------------------------------------------------------------

struct removal {
    const struct core *core;
    const struct actor *by;
    const char *network_id;
    char group_id[OID_HEX + 1];
    struct arena *arena;
};

// The oldest network left in the region answers accountDetails from now on (ids begin with the time).
static enum err promote(struct store_tx *tx, const struct network *gone, struct arena *a, struct error *err)
{
    struct network *rows;
    size_t n;
    enum err code = store_networks(store_tx_reader(tx), gone->group_id, a, &rows, &n, err);
    for (size_t i = 0; code == ERR_OK && i < n; i++)
        if (strcmp(rows[i].region, gone->region) == 0) return store_tx_network_make_default(tx, rows[i].id, err);
    return code;
}

// Intents are dropped, and nothing in AWS is touched: traffic must not stop because Peerage looks away.
static enum err let_go(struct store_tx *tx, struct removal *op, const struct network *n, const struct audit *audit,
                       struct error *err)
{
    struct left left = {0, 0};
    enum err code =
        store_tx_intents_drop(tx, n->id, SLICE("its network was removed from Peerage"), audit->now, &left.intents, err);
    if (code == ERR_OK) code = store_tx_routes_forget(tx, n->id, &left.routes, err);
    if (code == ERR_OK) code = store_tx_network_delete(tx, n->id, audit->now, err);
    if (code == ERR_OK && n->is_default) code = promote(tx, n, op->arena, err);
    return code == ERR_OK ? describe(tx, audit, AUDIT_NETWORK_REMOVED, n, &left, err) : code;
}

static enum err removal(struct store_tx *tx, void *ctx, struct error *err)
{
    struct removal *op = ctx;
    struct network n;
    struct audit audit;
    enum err code = store_network_get(store_tx_reader(tx), op->network_id, op->arena, &n, err);
    if (code == ERR_OK && n.is_protected)
        return error_set(err, ERR_CONFLICT,
                         "network %s is protected from deletion: lift that first (peerage network unprotect %s)", n.id,
                         n.id);
    if (code == ERR_OK) code = core_audit_group(tx, op->core, op->by, n.group_id, &audit, err);
    if (code == ERR_OK) code = approvals_guard_network(tx, &audit, err);
    if (code != ERR_OK) return code;
    memcpy(op->group_id, n.group_id, sizeof(op->group_id));
    return let_go(tx, op, &n, &audit, err);
}

enum err core_network_remove(struct core *c, const struct actor *by, const char *network_id, struct error *err)
{
    struct removal op = {.core = c, .by = by, .network_id = network_id, .arena = arena_new(16 << 20)};
    if (!op.arena) return core_nomem(err);
    enum err code = store_write(c->store, removal, &op, err);
    arena_free(op.arena);
    if (code == ERR_OK) core_tell(c, CORE_NETWORKS_CHANGED, op.group_id, network_id);
    return code;
}
