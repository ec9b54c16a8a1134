// SPDX-License-Identifier: Apache-2.0
// Edit distance with swaps (optimal string alignment) over three rows. Called by: config, cli.
// Must never: allocate, or look further than WORD_MAX bytes.
#include "config/nearest.h"

#define WORD_MAX 64

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;
    return m < c ? m : c;
}

static unsigned distance(struct slice a, struct slice b)
{
    unsigned rows[3][WORD_MAX + 1];
    unsigned *before = rows[0], *above = rows[1], *row = rows[2];
    a.n = MIN(a.n, (size_t)WORD_MAX);
    b.n = MIN(b.n, (size_t)WORD_MAX);
    for (size_t j = 0; j <= b.n; j++) above[j] = before[j] = (unsigned)j;
    for (size_t i = 1; i <= a.n; i++) {
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= b.n; j++) {
            unsigned differs = a.p[i - 1] != b.p[j - 1];
            row[j] = min3(above[j] + 1, row[j - 1] + 1, above[j - 1] + differs);
            bool swapped = i > 1 && j > 1 && a.p[i - 1] == b.p[j - 2] && a.p[i - 2] == b.p[j - 1];
            if (swapped) row[j] = MIN(row[j], before[j - 2] + 1);
        }
        unsigned *spare = before;
        before = above;
        above = row;
        row = spare;
    }
    return above[b.n];
}

const char *nearest(struct slice word, const char *const *names, size_t n)
{
    const char *best = NULL;
    unsigned best_distance = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned d = distance(word, slice_of(names[i]));
        if (best && d >= best_distance) continue;
        best = names[i];
        best_distance = d;
    }
    return best;
}
