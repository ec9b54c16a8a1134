// SPDX-License-Identifier: Apache-2.0
// The roles and what each permits: one table, one row a need. Source: x-rolesRequirements of the OpenAPI document and
// https://www.mongodb.com/docs/atlas/reference/user-roles (every project role grants Project Read Only, every
// organisation role Organization Member, Organization Stream Processing Admin also Organization Read Only).
// Called by: auth, pipeline, api, store. Must never: grant what no row of the table names.
#include "model/principal.h"

static const struct {
    const char *name;
    bool org;
} roles[] = {
#define ORG                   true
#define GROUP                 false
#define GLOBAL                true
#define ROLE(id, name, scope) [ROLE_##id] = {name, scope},
#include "spec/roles.def"
#undef ROLE
#undef ORG
#undef GROUP
#undef GLOBAL
};
_Static_assert(ARRAY_LEN(roles) == ROLE_COUNT_, "a name for each role");
_Static_assert(ROLE_COUNT_ <= 32, "role_set has 32 bits");

#define BIT(id) (1u << ROLE_##id)
enum {
#define GLOBAL                0
#define ORG                   0
#define GROUP                 1
#define ROLE(id, name, scope) +(scope * (1 << ROLE_##id))
    ALL_GROUP = 0
#include "spec/roles.def"
    ,
#undef ORG
#undef GROUP
#define ORG   1
#define GROUP 0
    ALL_ORG = 0
#include "spec/roles.def"
#undef ROLE
#undef ORG
#undef GROUP
#undef GLOBAL
};
// Roles of the organisation that reach into its groups.
#define ORG_REACHES (BIT(ORG_OWNER) | BIT(ORG_STREAM_PROCESSING_ADMIN) | BIT(ORG_READ_ONLY))

static const struct {
    role_set any_of;
    bool on_group; // the roles on a group count too, and those of the organisation that reach into it
} needs[] = {
    [NEED_ANY] = {0, false},
    [NEED_GROUP_READ] = {ALL_GROUP | ORG_REACHES, true},
    [NEED_STREAM_OWNER] = {BIT(ORG_STREAM_PROCESSING_ADMIN) | BIT(GROUP_STREAM_PROCESSING_OWNER) | BIT(GROUP_OWNER) |
                               BIT(ORG_OWNER),
                           true},
    [NEED_GROUP_OWNER] = {BIT(GROUP_OWNER) | BIT(ORG_OWNER), true},
    [NEED_ORG_MEMBER] = {ALL_ORG, false},
    [NEED_ORG_READ] = {BIT(ORG_OWNER) | BIT(ORG_READ_ONLY) | BIT(ORG_STREAM_PROCESSING_ADMIN), false},
    [NEED_ORG_OWNER] = {BIT(ORG_OWNER), false},
    [NEED_GROUP_ACCESS] = {BIT(GROUP_ACCESS_MANAGER) | BIT(GROUP_OWNER) | BIT(ORG_OWNER), true},
    [NEED_ORG_GROUP_CREATOR] = {BIT(ORG_OWNER) | BIT(ORG_GROUP_CREATOR), false},
    [NEED_OPERATOR] = {ROLES_OPERATOR, false}, // asked by is_operator alone
};
_Static_assert(ARRAY_LEN(needs) == NEED_COUNT_, "a row for each need");

const char *role_name(enum role r)
{
    ASSERT((unsigned)r < ROLE_COUNT_);
    return roles[r].name;
}

bool role_parse(struct slice s, enum role *ret)
{
    for (unsigned i = 0; i < ROLE_COUNT_; i++) {
        if (!slice_eq_cstr(s, roles[i].name)) continue;
        *ret = (enum role)i;
        return true;
    }
    return false;
}

bool role_is_org(enum role r)
{
    ASSERT((unsigned)r < ROLE_COUNT_);
    return roles[r].org;
}

static role_set roles_on(const struct principal *p, const char *scope_id)
{
    unsigned lo = 0, hi = p->grant_count;
    while (lo < hi) {
        unsigned mid = lo + (hi - lo) / 2;
        int c = strcmp(p->grants[mid].scope_id, scope_id);
        if (c == 0) return p->grants[mid].roles;
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return 0;
}

bool principal_is(const struct principal *p, enum principal_kind kind, const char *name)
{
    return p->kind == kind && strcmp(p->name, name) == 0;
}

role_set roles_of_org(role_set set)
{
    return set & ALL_ORG;
}

role_set principal_roles(const struct principal *p, const char *org_id, const char *group_id)
{
    role_set of_org = roles_on(p, org_id) & ALL_ORG;
    if (!group_id) return of_org;
    return (roles_on(p, group_id) & ALL_GROUP) | (of_org & ORG_REACHES);
}

// An owner of an organisation can mint secrets for its service accounts, so none of them is the operator, whatever a
// row says.
static bool is_operator(const struct principal *p)
{
    return p->kind != PRINCIPAL_SERVICE_ACCOUNT && (roles_on(p, p->org_id) & ROLES_OPERATOR) != 0;
}

bool principal_permits(const struct principal *p, enum need need, const char *org_id, const char *group_id)
{
    ASSERT((unsigned)need < NEED_COUNT_);
    if (need == NEED_ANY || p->kind == PRINCIPAL_LOCAL) return true;
    if (need == NEED_OPERATOR) return is_operator(p);
    if (!org_id || (needs[need].on_group && !group_id)) return false;
    return (principal_roles(p, org_id, needs[need].on_group ? group_id : NULL) & needs[need].any_of) != 0;
}

bool principal_in_group(const struct principal *p, const char *org_id, const char *group_id)
{
    return p->kind == PRINCIPAL_LOCAL || principal_roles(p, org_id, group_id) != 0;
}
