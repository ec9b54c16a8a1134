// SPDX-License-Identifier: Apache-2.0
// Defaults, range checks and walking of the settings table.
// Called by: ec2sim. Must never: know what a setting does.

#include "ec2sim/settings.h"

struct row {
    const char *name;
    size_t offset;
    int64_t dflt, min, max;
};
static const struct row rows[] = {
#define X(field, wire, dflt, min, max, meaning) {wire, offsetof(struct ec2sim_settings, field), dflt, min, max},
    EC2SIM_SETTINGS(X)
#undef X
};

static int64_t *slot(struct ec2sim_settings *s, const struct row *r)
{
    return (int64_t *)(void *)((char *)s + r->offset);
}

void ec2sim_settings_default(struct ec2sim_settings *s)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) *slot(s, &rows[i]) = rows[i].dflt;
}

enum err ec2sim_settings_set(struct ec2sim_settings *s, struct slice name, int64_t value, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!slice_eq_cstr(name, rows[i].name)) continue;
        if (value < rows[i].min || value > rows[i].max)
            return error_set(err, ERR_INVALID, "setting %s is %lld; it must be from %lld to %lld", rows[i].name,
                             (long long)value, (long long)rows[i].min, (long long)rows[i].max);
        *slot(s, &rows[i]) = value;
        return ERR_OK;
    }
    return error_set(err, ERR_NOT_FOUND, "there is no simulator setting named %.*s", (int)MIN(name.n, (size_t)60),
                     name.n ? name.p : "");
}

bool ec2sim_settings_at(const struct ec2sim_settings *s, unsigned i, const char **ret_name, int64_t *ret_value)
{
    if (i >= ARRAY_LEN(rows)) return false;
    *ret_name = rows[i].name;
    *ret_value = *(const int64_t *)(const void *)((const char *)s + rows[i].offset);
    return true;
}
