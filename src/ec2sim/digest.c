// SPDX-License-Identifier: Apache-2.0
// Folds the model, field by field, through SipHash.
// Called by: inproc.c, tests. Must never: leave out a field that an answer can depend on.

#include "ec2sim/digest.h"

#include <string.h>

static void flush(struct fold *f)
{
    const uint64_t key[2] = {f->h, f->n};
    f->h = siphash13(key, f->room, f->n);
    f->n = 0;
}

void fold_bytes(struct fold *f, const void *p, size_t n)
{
    const uint8_t *from = p;
    while (n > 0) {
        size_t part = MIN(n, sizeof(f->room) - f->n);
        memcpy(f->room + f->n, from, part);
        f->n += part;
        from += part;
        n -= part;
        if (f->n == sizeof(f->room)) flush(f);
    }
}

void fold_int(struct fold *f, int64_t v)
{
    uint8_t b[8];
    for (unsigned i = 0; i < 8; i++) b[i] = (uint8_t)((uint64_t)v >> (8 * i));
    fold_bytes(f, b, sizeof(b));
}

void fold_str(struct fold *f, const char *s)
{
    fold_bytes(f, s, strlen(s) + 1); // the NUL keeps "ab","c" and "a","bc" apart
}

uint64_t fold_end(struct fold *f)
{
    flush(f);
    return f->h;
}

static void fold_cidr(struct fold *f, struct cidr c)
{
    fold_int(f, c.ip.family << 8 | c.prefix);
    fold_bytes(f, c.ip.b, sizeof(c.ip.b));
}

static void fold_caller(struct fold *f, const struct sim_caller *c)
{
    fold_str(f, c->account);
    fold_str(f, c->region);
}

static void fold_tags(struct fold *f, const struct sim_tags *t)
{
    fold_int(f, t->n);
    for (unsigned i = 0; i < t->n; i++) {
        fold_str(f, t->v[i].key);
        fold_str(f, t->v[i].value);
    }
}

static void fold_vpc(struct fold *f, const struct sim_vpc *v)
{
    fold_int(f, (int64_t)v->seq);
    fold_str(f, v->id);
    fold_caller(f, &v->owner);
    fold_int(f, v->created.us);
    fold_int(f, v->block_count);
    for (unsigned i = 0; i < v->block_count; i++) {
        fold_cidr(f, v->blocks[i].cidr);
        fold_str(f, v->blocks[i].assoc);
    }
    fold_str(f, v->main->id);
    fold_tags(f, &v->tags);
}

static void fold_table(struct fold *f, const struct sim_table *t)
{
    fold_int(f, (int64_t)t->seq);
    fold_str(f, t->id);
    fold_str(f, t->vpc_id);
    fold_caller(f, &t->owner);
    fold_int(f, t->is_main);
    fold_str(f, t->assoc);
    fold_int(f, t->created.us);
    fold_int(f, t->route_count);
    for (unsigned i = 0; i < t->route_count; i++) {
        fold_cidr(f, t->routes[i].to);
        fold_str(f, t->routes[i].pcx);
        fold_int(f, t->routes[i].created.us);
        fold_int(f, t->routes[i].deleted.us);
    }
    fold_tags(f, &t->tags);
}

static void fold_side(struct fold *f, const struct sim_side *s)
{
    fold_caller(f, &s->at);
    fold_str(f, s->vpc_id);
    fold_int(f, s->dns);
}

static void fold_peering(struct fold *f, const struct sim_peering *p)
{
    const struct wall at[] = {p->created, p->decided,  p->expires, p->accepted,
                              p->active,  p->rejected, p->deleted, p->gone};
    fold_int(f, (int64_t)p->seq);
    fold_str(f, p->id);
    fold_side(f, &p->requester);
    fold_side(f, &p->accepter);
    fold_tags(f, &p->requester_tags);
    fold_tags(f, &p->accepter_tags);
    fold_int(f, p->doomed | p->deleted_by_requester << 1);
    for (size_t i = 0; i < ARRAY_LEN(at); i++) fold_int(f, at[i].us);
}

void sim_fold(struct fold *f, const struct sim *m)
{
    const char *name;
    int64_t value;
    fold_int(f, (int64_t)m->next_seq);
    fold_int(f, (int64_t)m->purge_at);
    for (unsigned i = 0; ec2sim_settings_at(&m->settings, i, &name, &value); i++) fold_int(f, value);
    fold_int(f, (int64_t)m->vpc_count);
    for (size_t i = 0; i < m->vpc_count; i++) fold_vpc(f, m->vpcs[i]);
    fold_int(f, (int64_t)m->table_count);
    for (size_t i = 0; i < m->table_count; i++) fold_table(f, m->tables[i]);
    fold_int(f, (int64_t)m->peering_count);
    for (size_t i = 0; i < m->peering_count; i++) fold_peering(f, m->peerings[i]);
}

uint64_t sim_digest(const struct sim *m)
{
    struct fold f = {0};
    sim_fold(&f, m);
    return fold_end(&f);
}
