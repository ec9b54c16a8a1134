// SPDX-License-Identifier: Apache-2.0
// The rules of plan.h as one merge over two lists sorted by name. Called by: reconcile/scanner.
// Must never: have an effect.
#include "reconcile/plan.h"

#include <stdlib.h>

static int row_cmp(const void *a, const void *b)
{
    const struct connection *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static int seen_cmp(const void *a, const void *b)
{
    const struct observed *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static bool window_passed(const struct connection *row, bool seen, struct wall now)
{
    enum cloud_status status = cloud_status_of(slice_of(row->cloud_status));
    int64_t window = cloud_status_window_us(status);
    if (status == CLOUD_DELETED && seen && row->local_status != LOCAL_DELETE_REQUESTED) window = DELETED_BY_OTHERS_US;
    return window > 0 && row->terminal_since.us && now.us - row->terminal_since.us >= window;
}

static bool is_end(const struct connection *row)
{
    return cloud_status_is_terminal(cloud_status_of(slice_of(row->cloud_status)));
}

static bool judge_seen(const struct connection *row, const struct observed *seen, struct wall now,
                       enum change_kind *ret)
{
    struct connection after = *row;
    bool differs = connection_merge(&after, seen);
    bool same_status = strcmp(row->cloud_status, after.cloud_status) == 0;
    if (!row->listed) {
        *ret = CHANGE_REAPPEARED;
        return !(same_status && is_end(row));
    }
    *ret = row->missing_since.us ? CHANGE_REAPPEARED : CHANGE_SEEN_CHANGED;
    if (row->missing_since.us || differs) return true;
    *ret = CHANGE_UNLIST;
    return window_passed(row, true, now);
}

static bool judge_absent(const struct connection *row, bool complete, struct wall now, enum change_kind *ret)
{
    if (!row->listed) return false;
    *ret = CHANGE_UNLIST;
    if (is_end(row)) return window_passed(row, false, now);
    if (!complete) return false;
    *ret = row->missing_since.us ? CHANGE_LOST : CHANGE_MISSING;
    return !row->missing_since.us || now.us - row->missing_since.us >= VANISH_AFTER_US;
}

struct merge {
    const struct connection **rows;
    const struct observed **seen;
    struct change *out;
    size_t n;
};

static void step(struct merge *m, const struct plan_input *in, const struct connection *row,
                 const struct observed *seen)
{
    enum change_kind kind = CHANGE_SEEN_NEW;
    bool change = true;
    if (row && seen)
        change = judge_seen(row, seen, in->now, &kind);
    else if (row)
        change = judge_absent(row, in->complete, in->now, &kind);
    if (!change) return;
    bool with_seen = kind == CHANGE_SEEN_NEW || kind == CHANGE_SEEN_CHANGED || kind == CHANGE_REAPPEARED;
    m->out[m->n++] = (struct change){.kind = kind, .stored = row, .seen = with_seen ? seen : NULL};
}

enum err plan_network(const struct plan_input *in, struct arena *a, struct change **ret, size_t *ret_n,
                      struct error *err)
{
    struct merge m = {.rows = arena_array(a, in->stored_n + 1, sizeof *m.rows),
                      .seen = arena_array(a, in->seen_n + 1, sizeof *m.seen),
                      .out = arena_array(a, in->stored_n + in->seen_n + 1, sizeof *m.out)};
    if (!m.rows || !m.seen || !m.out) return error_set(err, ERR_NOMEM, "no memory to plan a scan's changes");
    for (size_t i = 0; i < in->stored_n; i++) m.rows[i] = &in->stored[i];
    for (size_t i = 0; i < in->seen_n; i++) m.seen[i] = &in->seen[i];
    qsort(m.rows, in->stored_n, sizeof *m.rows, row_cmp);
    qsort(m.seen, in->seen_n, sizeof *m.seen, seen_cmp);
    size_t r = 0, s = 0;
    while (r < in->stored_n || s < in->seen_n) {
        int c = r == in->stored_n ? 1 : s == in->seen_n ? -1 : strcmp(m.rows[r]->name, m.seen[s]->name);
        step(&m, in, c <= 0 ? m.rows[r] : NULL, c >= 0 ? m.seen[s] : NULL);
        r += c <= 0;
        s += c >= 0;
    }
    *ret = m.out;
    *ret_n = m.n;
    return ERR_OK;
}
