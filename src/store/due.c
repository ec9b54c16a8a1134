// SPDX-License-Identifier: Apache-2.0
// What is due, whatever it is: the rows whose time has come, and when the next one's does. Called by: intents.c,
// routes.c, finish.c. Must never: answer from two moments.
#include "store/internal.h"

static enum err come(struct store_reader *r, const struct due_query *d, struct wall now, size_t max, struct arena *a,
                     struct rows *rows, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, d->come);
    query_wall(&q, now);
    query_int(&q, (int64_t)MIN(max, (size_t)INT32_MAX));
    return rows_collect(&q, a, rows, d->get, err);
}

static enum err next(struct store_reader *r, const struct due_query *d, struct wall now, struct wall *ret,
                     struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(r->db, d->next);
    query_wall(&q, now);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code == ERR_OK) *ret = row ? query_get_wall(&q) : (struct wall){0};
    return code;
}

enum err due_read(struct store_reader *r, const struct due_query *d, struct wall now, size_t max, struct arena *a,
                  void **ret, size_t *ret_n, struct wall *ret_next, struct error *err)
{
    struct rows rows = {.size = d->row_size};
    struct wall then = now;
    enum err code = reader_begin(r, err);
    if (code != ERR_OK) return code;
    code = come(r, d, now, max, a, &rows, err);
    if (code == ERR_OK && rows.n < max) code = next(r, d, now, &then, err);
    reader_end(r);
    if (code != ERR_OK) return code;
    *ret = rows.p;
    *ret_n = rows.n;
    *ret_next = then;
    return ERR_OK;
}
