// SPDX-License-Identifier: Apache-2.0
// Reads pipelines from standard input, each after its length, and writes what the parser understood of each.
// Called by: tests/system/pipeline_diff.py. Must never: answer one pipeline with the state of another.
//   in:  u32 length, bytes            (little endian, as this machine)
//   out: u32 length, text of h1_describe for each request, then "E end problem seed-split-agrees\n"
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/h1_pipeline.h"

#define PIPELINE_MAX (1u << 20)

struct split {
    uint64_t rng;
    struct buf out;
};

static size_t arrive(void *ctx, size_t left)
{
    struct split *s = ctx;
    s->rng = s->rng * 6364136223846793005u + 1442695040888963407u;
    return MIN(1 + (size_t)(s->rng >> 40) % 97, left);
}

static void on_request(void *ctx, const struct h1_seen *seen)
{
    struct split *s = ctx;
    buf_char(&s->out, seen->absolute ? 'A' : 'O');
    h1_describe(&s->out, seen);
}

static void understand(struct split *s, const char *p, size_t n, bool in_pieces)
{
    struct h1_pipeline t = {&h1_limits_default, in_pieces ? arrive : NULL, on_request, s, false};
    struct h1_reject rej = {PROBLEM_NONE, NULL};
    enum h1_pipeline_end end = h1_pipeline_run(&t, p, n, &rej);
    buf_fmt(&s->out, "E %d %s|%s|", (int)end, rej.problem ? problem_row(rej.problem)->code : "-",
            rej.detail ? rej.detail : "-");
}

int main(void)
{
    static char in[PIPELINE_MAX];
    struct split whole = {0}, pieces = {.rng = 1};
    buf_init(&whole.out, SIZE_MAX / 2);
    buf_init(&pieces.out, SIZE_MAX / 2);
    uint32_t n;
    while (fread(&n, sizeof n, 1, stdin) == 1) {
        if (n > sizeof in || fread(in, 1, n, stdin) != n) return 1;
        buf_clear(&whole.out);
        buf_clear(&pieces.out);
        understand(&whole, in, n, false);
        understand(&pieces, in, n, true);
        bool agree = slice_eq(buf_view(&whole.out), buf_view(&pieces.out));
        buf_str(&whole.out, agree ? "same\n" : "DIFFERENT\n");
        uint32_t size = (uint32_t)whole.out.n;
        if (whole.out.fail || fwrite(&size, sizeof size, 1, stdout) != 1) return 1;
        if (fwrite(whole.out.p, 1, size, stdout) != size) return 1;
        if (fflush(stdout)) return 1;
    }
    buf_done(&whole.out);
    buf_done(&pieces.out);
    return 0;
}
