// SPDX-License-Identifier: Apache-2.0
// Tag sets: limits, lookup, change. Tags of a peering belong to one account and Region each (the peering guide).
// Called by: ec2.c, model.c, persist.c. Must never: show one side's tags to the other.

#include <string.h>

#include "base/mem.h"
#include "ec2sim/model.h"

static ptrdiff_t find(const struct sim_tags *t, struct slice key)
{
    for (unsigned i = 0; i < t->n; i++)
        if (slice_eq_cstr(key, t->v[i].key)) return (ptrdiff_t)i;
    return -1;
}

const char *sim_tag_find(const struct sim_tags *t, struct slice key)
{
    ptrdiff_t i = find(t, key);
    return i < 0 ? NULL : t->v[i].value;
}

bool sim_tags_check(const struct sim_tags *now_there, const struct sim_tag_arg *args, unsigned n, struct ec2_error *e)
{
    unsigned total = now_there ? now_there->n : 0;
    for (unsigned i = 0; i < n; i++) {
        if (args[i].key.n == 0) return ec2_fail(e, 400, "InvalidParameterValue", "Tag key cannot be empty");
        if (args[i].key.n > 128 || args[i].value.n > 256)
            return ec2_fail(e, 400, "InvalidParameterValue",
                            "Tag key exceeds the maximum length of 128 or its value that of 256 characters.");
        if (slice_starts(args[i].key, SLICE("aws:")))
            return ec2_fail(e, 400, "InvalidParameterValue",
                            "Tag keys starting with 'aws:' are reserved for internal "
                            "use");
        total += !now_there || find(now_there, args[i].key) < 0;
    }
    if (total > SIM_TAGS_MAX)
        return ec2_fail(e, 400, "TagLimitExceeded", "The maximum number of tags for a resource is %d.", SIM_TAGS_MAX);
    return true;
}

bool sim_tags_put(struct sim_tags *t, struct slice key, struct slice value)
{
    char *v = mem_strndup(value.n ? value.p : "", value.n);
    if (!v) return false;
    ptrdiff_t at = find(t, key);
    if (at >= 0) {
        mem_free(t->v[at].value);
        t->v[at].value = v;
        return true;
    }
    char *k = mem_strndup(key.p, key.n);
    struct sim_tag *grown = k ? mem_realloc(t->v, (t->n + 1) * sizeof(*grown)) : NULL;
    if (!grown) {
        mem_free(k);
        mem_free(v);
        return false;
    }
    t->v = grown;
    t->v[t->n++] = (struct sim_tag){.key = k, .value = v};
    return true;
}

void sim_tags_free(struct sim_tags *t)
{
    for (unsigned i = 0; i < t->n; i++) {
        mem_free(t->v[i].key);
        mem_free(t->v[i].value);
    }
    mem_free(t->v);
    *t = (struct sim_tags){0};
}

void sim_tags_drop(struct sim_tags *t, const struct sim_tag_arg *args, unsigned n)
{
    if (n == 0) sim_tags_free(t);
    for (unsigned i = 0; i < n; i++) {
        ptrdiff_t at = find(t, args[i].key);
        if (at < 0 || (args[i].has_value && !slice_eq_cstr(args[i].value, t->v[at].value))) continue;
        mem_free(t->v[at].key);
        mem_free(t->v[at].value);
        memmove(&t->v[at], &t->v[at + 1], (t->n - (unsigned)at - 1) * sizeof(t->v[0]));
        t->n--;
    }
}

bool sim_tags_of(struct sim *m, const struct sim_caller *who, struct wall now, struct slice id, struct sim_tags **ret,
                 struct ec2_error *e)
{
    if (slice_starts(id, SLICE("vpc-"))) {
        const struct sim_vpc *v;
        if (!sim_vpc_get(m, who, id, &v, e)) return false;
        *ret = &sim_vpc_find(m, id)->tags;
        return true;
    }
    if (slice_starts(id, SLICE("rtb-"))) {
        struct sim_table *t;
        if (!sim_table_get(m, who, id, &t, e)) return false;
        *ret = &t->tags;
        return true;
    }
    if (slice_starts(id, SLICE("pcx-"))) {
        struct sim_view v;
        if (!sim_peering_get(m, who, now, id, &v, e)) return false;
        struct sim_peering *p = sim_peering_find(m, id);
        *ret = sim_role_of(p, who) == SIM_ACCEPTER ? &p->accepter_tags : &p->requester_tags;
        return true;
    }
    return ec2_fail(e, 400, "InvalidID", "The ID '%.*s' is not valid", (int)MIN(id.n, (size_t)64), id.n ? id.p : "");
}
