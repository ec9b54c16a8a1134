// SPDX-License-Identifier: Apache-2.0
// Flags of organisations and groups by spec/settings.def, and tags. Called by: store, core, api.
// Must never: renumber a flag (the bits are stored).
#include "model/tenant.h"

#include "base/encode.h"

struct flag_row {
    const char *name;
    bool dflt;
};
static const struct flag_row org_flags[] = {
#define ORG_FLAG(id, name, dflt) [ORG_FLAG_##id] = {name, dflt},
#define GROUP_FLAG(id, name, dflt)
#include "spec/settings.def"
#undef ORG_FLAG
#undef GROUP_FLAG
};
static const struct flag_row group_flags[] = {
#define ORG_FLAG(id, name, dflt)
#define GROUP_FLAG(id, name, dflt) [GROUP_FLAG_##id] = {name, dflt},
#include "spec/settings.def"
#undef ORG_FLAG
#undef GROUP_FLAG
};
_Static_assert(ORG_FLAG_COUNT_ <= 32 && GROUP_FLAG_COUNT_ <= 32, "a flag_set has 32 bits");

const char *org_flag_name(enum org_flag f)
{
    ASSERT((unsigned)f < ORG_FLAG_COUNT_);
    return org_flags[f].name;
}

const char *group_flag_name(enum group_flag f)
{
    ASSERT((unsigned)f < GROUP_FLAG_COUNT_);
    return group_flags[f].name;
}

bool org_flag(flag_set flags, enum org_flag f)
{
    ASSERT((unsigned)f < ORG_FLAG_COUNT_);
    return ((flags >> f & 1) != 0) != org_flags[f].dflt;
}

bool group_flag(flag_set flags, enum group_flag f)
{
    ASSERT((unsigned)f < GROUP_FLAG_COUNT_);
    return ((flags >> f & 1) != 0) != group_flags[f].dflt;
}

flag_set org_flag_with(flag_set flags, enum org_flag f, bool on)
{
    return org_flag(flags, f) == on ? flags : flags ^ 1u << f;
}

flag_set group_flag_with(flag_set flags, enum group_flag f, bool on)
{
    return group_flag(flags, f) == on ? flags : flags ^ 1u << f;
}

bool tag_text_valid(struct slice s)
{
    size_t chars = 0;
    while (s.n) {
        size_t n = utf8_len(s);
        unsigned char c = (unsigned char)s.p[0];
        if (n == 0 || ++chars > TAG_CHARS || c < 0x20 || c == 0x7F) return false;
        s = slice_skip(s, n);
    }
    return chars > 0;
}

bool tag_next(struct slice *tags, struct tag *ret)
{
    struct slice pair;
    if (!tags->n) return false;
    slice_cut(tags, TAG_PAIR_END, &pair);
    slice_cut(&pair, TAG_KEY_END, &ret->key);
    ret->value = pair;
    return true;
}
