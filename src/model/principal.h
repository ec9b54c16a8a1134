// SPDX-License-Identifier: Apache-2.0
// Who is calling and what that permits: pure. Called by: auth (makes it), pipeline and api (ask it), store (loads
// grants). Must never: do I/O, or grant anything that a role row does not name.
#pragma once

#include "base/id.h"
#include "base/slice.h"

enum role {
#define ROLE(id, name, scope) ROLE_##id,
#include "spec/roles.def"
#undef ROLE
    ROLE_COUNT_
};
const char *role_name(enum role r);
bool role_parse(struct slice s, enum role *ret) MUST_CHECK;
bool role_is_org(enum role r); // its grant sits on an organisation; GLOBAL_OWNER's too

typedef uint32_t role_set; // bit (1 << enum role)
// The operator of the whole server: granted on this machine only, on the key's own organisation, where it implies
// nothing. No API route gives, takes or shows it to anybody but the local administrator.
#define ROLES_OPERATOR ((role_set)1 << ROLE_GLOBAL_OWNER)

struct grant {
    char scope_id[OID_HEX + 1]; // an organisation's or a group's id
    role_set roles;
};

enum principal_kind {
    PRINCIPAL_API_KEY,
    PRINCIPAL_SERVICE_ACCOUNT,
    PRINCIPAL_LOCAL,  // admin socket, cli, scanner
    PRINCIPAL_PERSON, // of an OpenID Connect provider: no row, an id made of the name
};
#define PRINCIPAL_NAME 128
struct principal {
    enum principal_kind kind;
    char name[PRINCIPAL_NAME];  // public key, client id or a person's name: the key of the USER buckets, and the actor
                                // in logs and events
    char id[OID_HEX + 1];       // the row's ObjectId
    char org_id[OID_HEX + 1];   // the one organisation it belongs to
    const struct grant *grants; // sorted by scope_id
    unsigned grant_count;
};

// Who does something: written to the event rows. NULL where an operation allows it means the server itself.
struct actor {
    enum principal_kind kind;
    const char *name;   // public key, client id, or "cli", "admin", "scanner"
    const char *remote; // address, or NULL or "" for local
    bool is_operator;   // GLOBAL_OWNER, who is as good as the local administrator where that is said
};

// What a route asks for (x-rolesRequirements of the OpenAPI document, facts §1.2 and §9.3b).
enum need {
    NEED_ANY,          // authenticated is enough
    NEED_GROUP_READ,   // Project Read Only or anything above
    NEED_STREAM_OWNER, // ORG_STREAM_PROCESSING_ADMIN, GROUP_STREAM_PROCESSING_OWNER, GROUP_OWNER, ORG_OWNER
    NEED_GROUP_OWNER,
    NEED_ORG_MEMBER,
    NEED_ORG_READ,
    NEED_ORG_OWNER,
    NEED_GROUP_ACCESS,      // Project Access Manager: GROUP_ACCESS_MANAGER, GROUP_OWNER, ORG_OWNER
    NEED_ORG_GROUP_CREATOR, // may make projects in it
    NEED_OPERATOR,          // GLOBAL_OWNER, whatever the organisation; a service account never
    NEED_COUNT_
};
// Whether it is that very credential: a person may bear the name of a key.
bool principal_is(const struct principal *p, enum principal_kind kind, const char *name);
role_set roles_of_org(role_set set); // those of an organisation; GLOBAL_OWNER is none of them
// Roles on the group itself plus those of its organisation that reach into groups.
role_set principal_roles(const struct principal *p, const char *org_id, const char *group_id /* NULL: org only */);
bool principal_permits(const struct principal *p, enum need need, const char *org_id, const char *group_id);
// Any role at all that lets it see the group (false: NOT_IN_GROUP).
bool principal_in_group(const struct principal *p, const char *org_id, const char *group_id);
