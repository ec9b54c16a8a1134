// SPDX-License-Identifier: Apache-2.0
// What the groups of an OpenID Connect provider may do here. Called by: core (writes), auth, cli (reads).
// Must never: keep a person: who somebody is comes with each token.
#include "store/internal.h"

static enum err add_role(struct rows *rows, struct arena *a, struct slice group, struct slice scope, struct slice name,
                         struct error *err)
{
    struct person_grant *g = rows->n ? (struct person_grant *)rows->p + (rows->n - 1) : NULL;
    enum role role;
    if (!g || !slice_eq(g->claim_group, group) || !slice_eq_cstr(scope, g->grant.scope_id)) {
        g = rows_add(rows, a);
        if (!g) return rows_nomem(err);
        *g = (struct person_grant){.claim_group = arena_slice(a, group)};
        if (group.n && !g->claim_group.p) return rows_nomem(err);
        if (!slice_copy(scope, g->grant.scope_id, sizeof g->grant.scope_id))
            return error_set(err, ERR_CORRUPT, "store: a grant of a person's group has a malformed scope");
    }
    if (role_parse(name, &role)) g->grant.roles |= (role_set)1 << role;
    return ERR_OK;
}

enum err store_person_grants(struct store_reader *r, const char *org_id, struct arena *a, struct person_grant **ret,
                             size_t *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT claim_group, scope_id, role FROM person_grant WHERE org_id = ? ORDER BY 1, 2, 3");
    query_cstr(&q, org_id);
    struct rows rows = {.size = sizeof(struct person_grant)};
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) break;
        struct slice group = query_get_text(&q), scope = query_get_text(&q);
        code = add_role(&rows, a, group, scope, query_get_text(&q), err);
        if (code != ERR_OK) return code;
    }
    *ret = rows.p;
    *ret_n = rows.n;
    return ERR_OK;
}

enum err store_grants_of_groups(struct store_reader *r, const char *org_id, struct slice groups, struct arena *a,
                                struct grant **ret, unsigned *ret_n, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(r->db, "SELECT DISTINCT scope_id, role FROM person_grant WHERE org_id = ?1 AND claim_group IN "
                          "(SELECT value FROM json_each(?2)) ORDER BY scope_id");
    query_cstr(&q, org_id);
    query_text(&q, groups);
    struct rows rows = {.size = sizeof(struct grant)};
    struct grant *g = NULL;
    for (;;) {
        bool row;
        enum role role;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) break;
        struct slice scope = query_get_text(&q);
        if (!g || !slice_eq_cstr(scope, g->scope_id)) {
            g = rows_add(&rows, a);
            if (!g) return rows_nomem(err);
            *g = (struct grant){.roles = 0};
            if (!slice_copy(scope, g->scope_id, sizeof g->scope_id))
                return error_set(err, ERR_CORRUPT, "store: a grant of a person's group has a malformed scope");
        }
        if (role_parse(query_get_text(&q), &role)) g->roles |= (role_set)1 << role;
    }
    *ret = rows.p;
    *ret_n = (unsigned)rows.n;
    return ERR_OK;
}

enum err store_tx_person_grant(struct store_tx *tx, const char *org_id, struct slice claim_group, const struct grant *g,
                               struct error *err)
{
    struct query drop CLEANUP(query_close) =
        query_open(tx->reader.db, "DELETE FROM person_grant WHERE org_id = ? AND claim_group = ? AND scope_id = ?");
    query_cstr(&drop, org_id);
    query_text(&drop, claim_group);
    query_cstr(&drop, g->scope_id);
    tx->auth_changed = true;
    enum err code = query_run(&drop, err);
    for (unsigned i = 0; code == ERR_OK && i < ROLE_COUNT_; i++) {
        if (!(g->roles & (role_set)1 << i)) continue;
        struct query add CLEANUP(query_close) = query_open(
            tx->reader.db, "INSERT INTO person_grant (org_id, claim_group, scope_id, role) VALUES (?, ?, ?, ?)");
        query_cstr(&add, org_id);
        query_text(&add, claim_group);
        query_cstr(&add, g->scope_id);
        query_cstr(&add, role_name((enum role)i));
        code = query_run(&add, err);
    }
    return code;
}
