// SPDX-License-Identifier: Apache-2.0
// Tables of docs/ec2sim.md, made from the code that they tell of: a test holds that the page has them as they are.
// Called by: tests/unit/ec2sim. Must never: write the page (`test_x print` shows what to put there).
#pragma once

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/file.h"
#include "support/ec2sim_world.h"

#define PAGE_MAX ((size_t)1 << 20)

static UNUSED int page_print(void (*put)(struct buf *out))
{
    struct buf b;
    buf_init(&b, PAGE_MAX);
    put(&b);
    printf("%.*s", (int)b.n, b.p);
    buf_done(&b);
    return 0;
}

static UNUSED void assert_page_holds(void (*put)(struct buf *out))
{
    struct buf want, page;
    struct error err;
    buf_init(&want, PAGE_MAX);
    put(&want);
    assert_int_equal(file_read(SOURCE_ROOT "/docs/ec2sim.md", PAGE_MAX, &page, &err), ERR_OK);
    if (!memmem(page.p, page.n, want.p, want.n))
        fail_msg("docs/ec2sim.md lacks this table:\n%.*s", (int)want.n, want.p);
    buf_done(&want);
    buf_done(&page);
}
