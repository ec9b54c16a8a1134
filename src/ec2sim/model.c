// SPDX-License-Identifier: Apache-2.0
// The simulator's world: where records live, how they are found, and what may happen to a VPC.
// Called by: ec2sim. Must never: read a clock, lock, or do I/O (see model.h).

#include "ec2sim/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"

#define PURGE_FIRST 1024

bool ec2_fail(struct ec2_error *e, int status, const char *code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    e->status = status;
    snprintf(e->code, sizeof(e->code), "%s", code);
    vsnprintf(e->message, sizeof(e->message), fmt, ap);
    va_end(ap);
    return false;
}

bool ec2_fail_nomem(struct ec2_error *e)
{
    return ec2_fail(e, 500, "InternalError", "An internal error has occurred");
}

bool sim_init(struct sim *m, const struct rng *rng, const struct ec2sim_settings *set)
{
    *m = (struct sim){.next_seq = 1, .purge_at = PURGE_FIRST, .settings = *set, .rng = *rng};
    m->peering_by_id = map_new(rng);
    m->vpc_by_id = map_new(rng);
    m->table_by_id = map_new(rng);
    if (m->peering_by_id && m->vpc_by_id && m->table_by_id) return true;
    sim_done(m);
    return false;
}

void sim_vpc_free(struct sim_vpc *v)
{
    if (!v) return;
    sim_tags_free(&v->tags);
    mem_free(v->blocks);
    mem_free(v);
}

void sim_peering_free(struct sim_peering *p)
{
    if (!p) return;
    sim_tags_free(&p->requester_tags);
    sim_tags_free(&p->accepter_tags);
    mem_free(p);
}

void sim_done(struct sim *m)
{
    for (size_t i = 0; i < m->peering_count; i++) sim_peering_free(m->peerings[i]);
    for (size_t i = 0; i < m->vpc_count; i++) sim_vpc_free(m->vpcs[i]);
    for (size_t i = 0; i < m->table_count; i++) sim_table_free(m->tables[i]);
    mem_free(m->peerings);
    mem_free(m->vpcs);
    mem_free(m->tables);
    if (m->peering_by_id) map_free(m->peering_by_id);
    if (m->vpc_by_id) map_free(m->vpc_by_id);
    if (m->table_by_id) map_free(m->table_by_id);
    *m = (struct sim){0};
}

// ---- ids and lookup

bool sim_id_valid(struct slice id, const char *prefix)
{
    struct slice pre = slice_of(prefix);
    if (!slice_starts(id, pre)) return false;
    struct slice hex = slice_skip(id, pre.n);
    if (hex.n != 8 && hex.n != 17) return false;
    for (size_t i = 0; i < hex.n; i++)
        if (!((hex.p[i] >= '0' && hex.p[i] <= '9') || (hex.p[i] >= 'a' && hex.p[i] <= 'f'))) return false;
    return true;
}

void sim_new_id(struct sim *m, const char *prefix, char *out, size_t cap)
{
    do {
        uint8_t raw[8];
        char hex[17];
        rng_fill(&m->rng, raw, sizeof(raw));
        hex_encode(raw, sizeof(raw), hex);
        snprintf(out, cap, "%s0%s", prefix, hex); // ids that AWS gives today are 17 digits and begin with 0
    } while (sim_peering_find(m, slice_of(out)) || sim_vpc_find(m, slice_of(out)) || sim_table_find(m, slice_of(out)));
}

struct sim_peering *sim_peering_find(const struct sim *m, struct slice id)
{
    return map_get(m->peering_by_id, id);
}

struct sim_vpc *sim_vpc_find(const struct sim *m, struct slice id)
{
    return map_get(m->vpc_by_id, id);
}

struct sim_table *sim_table_find(const struct sim *m, struct slice id)
{
    return map_get(m->table_by_id, id);
}

static bool same_place(const struct sim_caller *a, const struct sim_caller *b)
{
    return strcmp(a->account, b->account) == 0 && strcmp(a->region, b->region) == 0;
}

bool sim_vpc_get(const struct sim *m, const struct sim_caller *who, struct slice id, const struct sim_vpc **ret,
                 struct ec2_error *e)
{
    int n = (int)MIN(id.n, (size_t)64);
    if (!slice_starts(id, SLICE("vpc-")))
        return ec2_fail(e, 400, "InvalidVpcId.Malformed", "Invalid id: \"%.*s\" (expecting \"vpc-...\")", n,
                        n ? id.p : "");
    if (!sim_id_valid(id, "vpc-"))
        return ec2_fail(e, 400, "InvalidVpcId.Malformed", "The vpc ID %.*s is malformed", n, id.p);
    struct sim_vpc *v = sim_vpc_find(m, id);
    if (!v || !same_place(&v->owner, who))
        return ec2_fail(e, 400, "InvalidVpcID.NotFound", "The vpc ID '%.*s' does not exist", n, id.p);
    *ret = v;
    return true;
}

const struct sim_vpc *sim_vpc_next(const struct sim *m, const struct sim_caller *who, uint64_t after)
{
    size_t lo = 0, hi = m->vpc_count;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (m->vpcs[mid]->seq <= after)
            lo = mid + 1;
        else
            hi = mid;
    }
    for (; lo < m->vpc_count; lo++)
        if (same_place(&m->vpcs[lo]->owner, who)) return m->vpcs[lo];
    return NULL;
}

// ---- storing

// Grows an array of pointers so that one more fits.
static bool room_for_one(void *array_of_pointers, size_t count, size_t *cap)
{
    if (count < *cap) return true;
    size_t want = *cap ? *cap * 2 : 64, bytes;
    if (mul_overflows(want, sizeof(void *), &bytes)) return false;
    void **slot = array_of_pointers, *grown = mem_realloc(*slot, bytes);
    if (!grown) return false;
    *slot = grown;
    *cap = want;
    return true;
}

bool sim_restore_vpc(struct sim *m, struct sim_vpc *v)
{
    ASSERT(m->vpc_count == 0 || m->vpcs[m->vpc_count - 1]->seq < v->seq);
    if (!room_for_one(&m->vpcs, m->vpc_count, &m->vpc_cap) || !map_put(m->vpc_by_id, slice_of(v->id), v, NULL))
        return false;
    m->vpcs[m->vpc_count++] = v;
    m->next_seq = MAX(m->next_seq, v->seq + 1);
    return true;
}

bool sim_restore_peering(struct sim *m, struct sim_peering *p)
{
    ASSERT(m->peering_count == 0 || m->peerings[m->peering_count - 1]->seq < p->seq);
    if (!room_for_one(&m->peerings, m->peering_count, &m->peering_cap) ||
        !map_put(m->peering_by_id, slice_of(p->id), p, NULL))
        return false;
    m->peerings[m->peering_count++] = p;
    m->next_seq = MAX(m->next_seq, p->seq + 1);
    return true;
}

bool sim_restore_table(struct sim *m, struct sim_table *t)
{
    ASSERT(m->table_count == 0 || m->tables[m->table_count - 1]->seq < t->seq);
    struct sim_vpc *v = sim_vpc_find(m, slice_of(t->vpc_id));
    ASSERT(v && !(t->is_main && v->main));
    if (!room_for_one(&m->tables, m->table_count, &m->table_cap) || !map_put(m->table_by_id, slice_of(t->id), t, NULL))
        return false;
    m->tables[m->table_count++] = t;
    m->next_seq = MAX(m->next_seq, t->seq + 1);
    if (t->is_main) v->main = t;
    return true;
}

bool sim_restore_main(struct sim *m, struct sim_vpc *v)
{
    struct sim_table *t = sim_table_new(m, v, v->created, true);
    if (t && sim_restore_table(m, t)) return true;
    sim_table_free(t);
    return false;
}

// Whether anybody may still see it. Settings may be changed to longer windows, but what is swept is gone.
static bool seen_by_anybody(const struct sim *m, const struct sim_peering *p, struct wall now)
{
    struct sim_view v;
    if (sim_state_at(p, now) < SIM_EXPIRED && sim_state_at(p, now) != SIM_FAILED)
        return true; // perhaps not propagated yet
    return sim_view(m, p, &p->requester.at, now, &v) || sim_view(m, p, &p->accepter.at, now, &v);
}

void sim_purge(struct sim *m, struct wall now)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->peering_count; i++) {
        struct sim_peering *p = m->peerings[i];
        if (seen_by_anybody(m, p, now)) {
            m->peerings[kept++] = p;
            continue;
        }
        map_remove(m->peering_by_id, slice_of(p->id));
        sim_peering_free(p);
    }
    m->peering_count = kept;
    m->purge_at = MAX((size_t)PURGE_FIRST, kept * 2);
}

// ---- VPCs

static bool block_size_ok(struct cidr c)
{
    return c.ip.family == 4 ? c.prefix >= 16 && c.prefix <= 28 : c.prefix >= 44 && c.prefix <= 60;
}

static bool blocks_set(struct sim *m, struct sim_vpc *v, const struct sim_vpc_spec *spec)
{
    v->blocks = mem_zalloc(spec->block_count, sizeof(*v->blocks));
    if (!v->blocks) return false;
    for (unsigned i = 0; i < spec->block_count; i++) {
        v->blocks[i].cidr = spec->blocks[i];
        sim_new_id(m, "vpc-cidr-assoc-", v->blocks[i].assoc, sizeof(v->blocks[i].assoc));
    }
    v->block_count = spec->block_count;
    return true;
}

// Out of the list, with its main table, and freed.
static void vpc_drop(struct sim *m, struct sim_vpc *v)
{
    size_t i = m->vpc_count - 1;
    while (m->vpcs[i] != v) i--;
    memmove(&m->vpcs[i], &m->vpcs[i + 1], (m->vpc_count - i - 1) * sizeof(m->vpcs[0]));
    m->vpc_count--;
    map_remove(m->vpc_by_id, slice_of(v->id));
    if (v->main) sim_table_drop(m, v->main);
    sim_vpc_free(v);
}

bool sim_vpc_create(struct sim *m, const struct sim_caller *who, struct wall now, const struct sim_vpc_spec *spec,
                    struct sim_vpc **ret, struct ec2_error *e)
{
    ASSERT(spec->block_count >= 1 && spec->block_count <= SIM_BLOCKS_MAX);
    for (unsigned i = 0; i < spec->block_count; i++) {
        char text[CIDR_STR];
        cidr_format(spec->blocks[i], text);
        if (!block_size_ok(spec->blocks[i]))
            return ec2_fail(e, 400, "InvalidVpc.Range", "The CIDR '%s' is invalid.", text);
    }
    if (spec->id.n && sim_vpc_find(m, spec->id))
        return ec2_fail(e, 400, "InvalidVpcID.Duplicate", "The vpc ID '%.*s' exists already", SLICE_FMT(spec->id));
    struct sim_vpc *v = mem_zalloc(1, sizeof(*v));
    if (!v) return ec2_fail_nomem(e);
    v->seq = m->next_seq;
    v->owner = *who;
    v->created = now;
    sim_new_id(m, "vpc-", v->id, sizeof(v->id));
    if ((spec->id.n && !slice_copy(spec->id, v->id, sizeof(v->id))) || !blocks_set(m, v, spec) ||
        !sim_restore_vpc(m, v)) {
        sim_vpc_free(v);
        return ec2_fail_nomem(e);
    }
    if (!sim_restore_main(m, v)) {
        vpc_drop(m, v);
        return ec2_fail_nomem(e);
    }
    *ret = v;
    return true;
}

bool sim_ipv6_block(struct sim *m, struct cidr *ret)
{
    struct cidr c = {.ip = {.family = 6}, .prefix = 56};
    rng_fill(&m->rng, c.ip.b, 7);
    c.ip.b[0] = 0x26;
    c.ip.b[1] = 0x00;
    c.ip.b[2] = 0x1f;
    *ret = c;
    return true;
}

bool sim_vpc_associate(struct sim *m, const struct sim_caller *who, struct wall now, struct slice id, struct cidr block,
                       const struct sim_block **ret, struct ec2_error *e)
{
    const struct sim_vpc *found;
    char text[CIDR_STR];
    cidr_format(block, text);
    if (!sim_vpc_get(m, who, id, &found, e)) return false;
    if (!block_size_ok(block)) return ec2_fail(e, 400, "InvalidVpc.Range", "The CIDR '%s' is invalid.", text);
    if (found->block_count >= SIM_BLOCKS_MAX)
        return ec2_fail(e, 400, "CidrLimitExceeded",
                        "This network '%s' has met its maximum number of allowed CIDRs: %d", found->id, SIM_BLOCKS_MAX);
    for (unsigned i = 0; i < found->block_count; i++)
        if (cidr_overlaps(found->blocks[i].cidr, block))
            return ec2_fail(e, 400, "CidrConflict", "The CIDR '%s' conflicts with another CIDR of the VPC.", text);
    if (sim_block_hits_route(m, found, block))
        return ec2_fail(e, 400, "CidrConflict", "The CIDR '%s' conflicts with a route in a route table of the VPC.",
                        text);
    struct sim_vpc *v = sim_vpc_find(m, id);
    struct sim_block *grown = mem_realloc(v->blocks, (v->block_count + 1) * sizeof(*grown));
    if (!grown) return ec2_fail_nomem(e);
    v->blocks = grown;
    struct sim_block *b = &grown[v->block_count++];
    *b = (struct sim_block){.cidr = block};
    sim_new_id(m, "vpc-cidr-assoc-", b->assoc, sizeof(b->assoc));
    *ret = b;
    return true;
}

static bool touches(const struct sim_peering *p, const struct sim_vpc *v)
{
    return strcmp(p->requester.vpc_id, v->id) == 0 || strcmp(p->accepter.vpc_id, v->id) == 0;
}

// The peering guide: a foreign pending request keeps the VPC, an active peering goes with it; a deletion across Regions
// that is still under way keeps both VPCs for a while (seen by users).
static bool vpc_is_free(const struct sim *m, const struct sim_vpc *v, struct wall now)
{
    for (size_t i = 0; i < m->peering_count; i++) {
        const struct sim_peering *p = m->peerings[i];
        if (!touches(p, v)) continue;
        enum sim_state s = sim_state_at(p, now);
        bool foreign = strcmp(p->requester.at.account, v->owner.account) != 0;
        if (s == SIM_DELETING || s == SIM_PROVISIONING || (s == SIM_PENDING && foreign)) return false;
    }
    return true;
}

bool sim_vpc_delete(struct sim *m, const struct sim_caller *who, struct wall now, struct slice id, bool dry_run,
                    struct ec2_error *e)
{
    const struct sim_vpc *v;
    if (!sim_vpc_get(m, who, id, &v, e)) return false;
    if (!vpc_is_free(m, v, now) || sim_vpc_has_other_tables(m, v))
        return ec2_fail(e, 400, "DependencyViolation", "The vpc '%s' has dependencies and cannot be deleted.", v->id);
    if (dry_run) return true;
    for (size_t i = 0; i < m->peering_count; i++) {
        struct sim_peering *p = m->peerings[i];
        enum sim_state s = sim_state_at(p, now);
        if (!touches(p, v) || (s != SIM_ACTIVE && s != SIM_PENDING && s != SIM_INITIATING)) continue;
        p->deleted = p->gone = now;
        p->deleted_by_requester = strcmp(p->requester.vpc_id, v->id) == 0;
    }
    vpc_drop(m, sim_vpc_find(m, id));
    return true;
}
