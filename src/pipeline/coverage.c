// SPDX-License-Identifier: Apache-2.0
// The rows behind coverage.h: a small table, searched in line, since only `dev` has one. Called by: pipeline, cli.
// Must never: be held over anything but the search itself.
#include "pipeline/coverage.h"

#include <stdlib.h>
#include <string.h>

#include "base/lock.h"
#include "base/mem.h"

struct coverage {
    struct lock lock;
    struct missed_row rows[COVERAGE_ROWS_MAX]; // these under lock
    unsigned count;
    uint64_t dropped;
};

const char *missed_name(enum missed m)
{
    static const char *const names[MISSED_COUNT_] = {[MISSED_OPERATION] = "operation not offered",
                                                     [MISSED_PATH] = "unknown path",
                                                     [MISSED_METHOD] = "wrong method",
                                                     [MISSED_VERSION] = "unknown version"};
    ASSERT((unsigned)m < MISSED_COUNT_);
    return names[m];
}

struct coverage *coverage_new(void)
{
    struct coverage *c = mem_zalloc(1, sizeof *c);
    if (c) lock_init(&c->lock, "coverage");
    return c;
}

void coverage_free(struct coverage *c)
{
    if (!c) return;
    lock_done(&c->lock);
    mem_free(c);
}

// What fits of it; what a terminal would act on is not kept.
static void keep(char *out, size_t cap, struct slice text)
{
    size_t n = MIN(text.n, cap - 1);
    for (size_t i = 0; i < n; i++) out[i] = (unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f ? '?' : text.p[i];
    out[n] = '\0';
}

static struct missed_row *find(struct coverage *c, const struct missed_row *key)
{
    for (unsigned i = 0; i < c->count; i++) {
        struct missed_row *r = &c->rows[i];
        if (r->kind == key->kind && strcmp(r->method, key->method) == 0 && strcmp(r->what, key->what) == 0) return r;
    }
    if (c->count == COVERAGE_ROWS_MAX) return NULL;
    c->rows[c->count] = *key;
    return &c->rows[c->count++];
}

void coverage_note(struct coverage *c, enum missed kind, struct slice method, struct slice what, struct slice client,
                   struct wall now)
{
    struct missed_row key = {.kind = kind};
    if (!c) return;
    keep(key.method, sizeof key.method, method);
    keep(key.what, sizeof key.what, what);
    lock_take(&c->lock);
    struct missed_row *r = find(c, &key);
    if (r) {
        keep(r->client, sizeof r->client, client);
        r->times++;
        r->last = now;
    } else {
        c->dropped++;
    }
    lock_drop(&c->lock);
}

static int more_often(const void *a, const void *b)
{
    const struct missed_row *x = a, *y = b;
    if (x->times != y->times) return x->times < y->times ? 1 : -1;
    int by_name = strcmp(x->what, y->what);
    return by_name ? by_name : strcmp(x->method, y->method);
}

enum err coverage_list(struct coverage *c, struct arena *a, struct missed_row **ret, size_t *ret_n,
                       uint64_t *ret_dropped, struct error *err)
{
    struct missed_row *rows = arena_alloc(a, sizeof(c->rows));
    if (!rows) return error_set(err, ERR_NOMEM, "no memory for what was asked for");
    lock_take(&c->lock);
    memcpy(rows, c->rows, c->count * sizeof *rows);
    *ret_n = c->count;
    *ret_dropped = c->dropped;
    lock_drop(&c->lock);
    qsort(rows, *ret_n, sizeof *rows, more_often);
    *ret = rows;
    return ERR_OK;
}

void coverage_clear(struct coverage *c)
{
    lock_take(&c->lock);
    c->count = 0;
    c->dropped = 0;
    lock_drop(&c->lock);
}
