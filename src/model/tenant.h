// SPDX-License-Identifier: Apache-2.0
// Records of organisations and groups, their settings and tags. Pure. Called by: store, core, api, cli.
// Must never: do I/O, or let a flag's bit mean anything but "differs from its default".
#pragma once

#include "base/clock.h"
#include "base/id.h"
#include "base/slice.h"

#define NAME_MAX_BYTES   256
#define CONTACT_MAX      321 // an address of e-mail: 64 + @ + 255, and NUL
#define SECRET_HOURS_MIN 8
#define SECRET_HOURS_MAX 8760

enum org_flag {
#define ORG_FLAG(id, name, dflt) ORG_FLAG_##id,
#define GROUP_FLAG(id, name, dflt)
#include "spec/settings.def"
#undef ORG_FLAG
#undef GROUP_FLAG
    ORG_FLAG_COUNT_
};
enum group_flag {
#define ORG_FLAG(id, name, dflt)
#define GROUP_FLAG(id, name, dflt) GROUP_FLAG_##id,
#include "spec/settings.def"
#undef ORG_FLAG
#undef GROUP_FLAG
    GROUP_FLAG_COUNT_
};
typedef uint32_t flag_set; // bit (1 << enum org_flag or group_flag): it differs from its default
const char *org_flag_name(enum org_flag f);
const char *group_flag_name(enum group_flag f);
bool org_flag(flag_set flags, enum org_flag f); // what holds
bool group_flag(flag_set flags, enum group_flag f);
flag_set org_flag_with(flag_set flags, enum org_flag f, bool on);
flag_set group_flag_with(flag_set flags, enum group_flag f, bool on);

struct org {
    char id[OID_HEX + 1];
    char name[NAME_MAX_BYTES];
    char external_id[37]; // made by us, one per organisation: the ExternalId of every role that its networks assume
    bool api_access_list_required;
    flag_set flags;
    uint32_t secret_hours;                       // longest life of a new secret of a service account; 0 = not set
    uint32_t session_idle_s, session_absolute_s; // 0 = not set
    char operations_contact[CONTACT_MAX], security_contact[CONTACT_MAX];
    struct wall created;
};
struct group {
    char id[OID_HEX + 1], org_id[OID_HEX + 1];
    char name[NAME_MAX_BYTES];
    flag_set flags;
    struct wall created;
    struct slice tags; // see tag_next; only of reads that take an arena
};
// The longest life that the organisation allows a secret.
static inline uint32_t org_secret_hours(const struct org *o)
{
    return o->secret_hours ? o->secret_hours : SECRET_HOURS_MAX;
}

// ---- tags: pairs of key and value, each 1 to 255 characters without control characters, in one text
#define TAGS_MAX     50
#define TAG_CHARS    255
#define TAG_KEY_END  '\x1f'
#define TAG_PAIR_END '\x1e'
struct tag {
    struct slice key, value;
};
bool tag_text_valid(struct slice s);
bool tag_next(struct slice *tags, struct tag *ret); // false at the end
