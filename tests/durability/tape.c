// SPDX-License-Identifier: Apache-2.0
// What was done to the files of a database, and what a power cut makes of it. The model of the disk: a sync makes the
// changes of its file so far durable; until then each may have arrived or not, writes in pieces of 512 bytes. Bytes
// beside a write are left alone. A name that was removed leads to its former content until the directory is synced.
#include "tape.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

#define SECTOR 512

const char *const cut_names[CUT_COUNT_] = {"kept", "dropped", "torn", "sectors", "reordered"};
static const char *const ends[TAPE_FILES] = {"", "-wal", "-journal"};

// ---- the tape -----------------------------------------------------------------------------------------------------

struct tape *tape_new(void)
{
    struct tape *t = mem_zalloc(1, sizeof(*t));
    ASSERT(t);
    return t;
}

void tape_free(struct tape *t)
{
    for (size_t i = 0; i < t->n; i++) mem_free(t->all[i].data);
    mem_free(t->all);
    mem_free(t);
}

void tape_add(struct tape *t, struct change c)
{
    if (t->n == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 1024;
        t->all = mem_realloc(t->all, t->cap * sizeof(*t->all));
        ASSERT(t->all);
    }
    if (c.kind == CHANGE_WRITE) {
        uint8_t *copy = mem_alloc(c.n);
        ASSERT(copy);
        memcpy(copy, c.data, c.n);
        c.data = copy;
    }
    t->all[t->n++] = c;
}

bool tape_is_sync(struct tape *t, size_t i)
{
    return t->all[i].kind == CHANGE_SYNC;
}

size_t tape_syncs(struct tape *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) n += t->all[i].kind == CHANGE_SYNC;
    return n;
}

// ---- the player ---------------------------------------------------------------------------------------------------

struct content {
    uint8_t *p;
    size_t n, cap;
    bool exists;
};

struct player {
    struct tape *tape;
    size_t moment;
    struct content stable[TAPE_FILES]; // synced
    size_t synced[TAPE_FILES];         // changes before this one are in `stable`
};

static void grow(struct content *c, size_t n)
{
    if (n > c->cap) {
        c->cap = MAX(n, c->cap * 2);
        c->p = mem_realloc(c->p, c->cap);
        ASSERT(c->p);
    }
    if (n > c->n) {
        memset(c->p + c->n, 0, n - c->n);
        c->n = n;
    }
}

static void put(struct content *c, size_t at, const uint8_t *p, size_t n)
{
    grow(c, at + n);
    memcpy(c->p + at, p, n);
    c->exists = true;
}

static void apply(struct content *c, const struct change *change)
{
    switch (change->kind) {
    case CHANGE_WRITE:
        put(c, change->at, change->data, change->n);
        break;
    case CHANGE_TRUNCATE:
        if (change->at > c->n) grow(c, change->at);
        c->n = change->at;
        break;
    case CHANGE_DELETE:
        c->n = 0;
        c->exists = false;
        break;
    case CHANGE_SYNC:
        break; // what it does is up to the player
    }
}

// Each piece of a write arrives or not.
static void apply_sectors(struct content *c, const struct change *change, const struct rng *rng)
{
    for (size_t at = 0; at < change->n;) {
        size_t n = MIN(SECTOR - (change->at + at) % SECTOR, change->n - at);
        if (rng_below(rng, 2)) put(c, change->at + at, change->data + at, n);
        at += n;
    }
}

struct player *player_new(struct tape *t)
{
    struct player *p = mem_zalloc(1, sizeof(*p));
    ASSERT(p);
    p->tape = t;
    return p;
}

void player_free(struct player *p)
{
    for (int i = 0; i < TAPE_FILES; i++) mem_free(p->stable[i].p);
    mem_free(p);
}

// The changes of a file before `end` are durable.
static void settle(struct player *p, enum tape_file file, size_t end)
{
    for (size_t i = p->synced[file]; i < end; i++)
        if (p->tape->all[i].file == file) apply(&p->stable[file], &p->tape->all[i]);
    p->synced[file] = end;
}

// Removals become durable with their directory.
static void settle_removals(struct player *p)
{
    for (size_t i = 0; i < p->moment; i++) {
        const struct change *c = &p->tape->all[i];
        if (c->kind == CHANGE_DELETE && i >= p->synced[c->file]) settle(p, c->file, i + 1);
    }
}

void player_seek(struct player *p, size_t moment)
{
    ASSERT(moment >= p->moment && moment <= p->tape->n);
    for (; p->moment < moment; p->moment++) {
        const struct change *c = &p->tape->all[p->moment];
        if (c->kind != CHANGE_SYNC) continue;
        if (c->at == 1) settle_removals(p);
        settle(p, c->file, p->moment + 1);
    }
}

static size_t pending(const struct player *p, enum tape_file file)
{
    size_t n = 0;
    for (size_t i = p->synced[file]; i < p->moment; i++) n += p->tape->all[i].file == file;
    return n;
}

// What of the pending changes of one file arrives: the first `whole` of them, then perhaps a piece of the next.
static void cut_prefix(const struct player *p, enum tape_file file, size_t whole, enum cut cut, const struct rng *rng,
                       struct content *c)
{
    for (size_t i = p->synced[file]; i < p->moment; i++) {
        const struct change *change = &p->tape->all[i];
        if (change->file != file) continue;
        if (whole-- > 0) {
            apply(c, change);
            continue;
        }
        if (change->kind == CHANGE_WRITE && cut == CUT_TORN) put(c, change->at, change->data, change->n / 2);
        if (change->kind == CHANGE_WRITE && cut == CUT_SECTORS) apply_sectors(c, change, rng);
        return;
    }
}

// Any subset. What follows a removal is of another file of the same name: it needs the removal.
static void cut_reordered(const struct player *p, enum tape_file file, const struct rng *rng, struct content *c)
{
    for (size_t i = p->synced[file]; i < p->moment; i++) {
        const struct change *change = &p->tape->all[i];
        if (change->file != file) continue;
        bool arrived = rng_below(rng, 2);
        if (change->kind == CHANGE_DELETE && !arrived) return;
        if (arrived && change->kind == CHANGE_WRITE && rng_below(rng, 4) == 0)
            apply_sectors(c, change, rng);
        else if (arrived)
            apply(c, change);
    }
}

static bool write_file(const char *path, const struct content *c)
{
    if (!c->exists) return unlink(path) == 0 || access(path, F_OK) != 0;
    FILE *f = fopen(path, "wb");
    if (!f) return false;
    bool good = c->n == 0 || fwrite(c->p, 1, c->n, f) == c->n;
    return fclose(f) == 0 && good;
}

bool player_write(struct player *p, enum cut cut, const struct rng *rng, const char *path)
{
    bool good = true;
    for (int i = 0; i < TAPE_FILES && good; i++) {
        struct content c = {0};
        char name[300];
        size_t n = pending(p, (enum tape_file)i);
        if (p->stable[i].n) put(&c, 0, p->stable[i].p, p->stable[i].n);
        c.exists = p->stable[i].exists;
        if (cut == CUT_REORDERED)
            cut_reordered(p, (enum tape_file)i, rng, &c);
        else if (cut != CUT_DROP)
            cut_prefix(p, (enum tape_file)i, cut == CUT_KEEP ? n : rng_below(rng, n + 1), cut, rng, &c);
        (void)snprintf(name, sizeof(name), "%s%s", path, ends[i]);
        good = write_file(name, &c);
        mem_free(c.p);
    }
    return good;
}
