// SPDX-License-Identifier: Apache-2.0
// A declarative file: whatever is read has a plan or a reason against it, the same one each time, deletes nothing of
// what is not there, and its requests are JSON. Called by: fuzz/driver.c or libFuzzer. Must never: keep state.
#include "declare/declare.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SHOWN_MAX ((size_t)64 << 20)

static void check_requests(struct arena *a, const struct decl_plan *p)
{
    for (size_t i = 0; i < p->n; i++) {
        struct decl_request q[DECL_REQUESTS_MAX];
        struct error err;
        unsigned n = 0;
        ASSERT(p->steps[i].op != DECL_DELETE);
        if (decl_requests(a, &p->steps[i], q, &n, &err) != ERR_OK) continue;
        for (unsigned k = 0; k < n; k++) {
            struct json_doc *doc;
            enum err code = json_read(q[k].body, SHOWN_MAX, &doc, &err);
            ASSERT(code == ERR_OK);
            json_doc_free(doc);
        }
    }
}

static bool show(struct arena *a, struct slice text, struct buf *out)
{
    const struct decl_plan_options o = {.now = wall_from_sec(1790000000), .may_make_orgs = true};
    struct decl_item *want = NULL, *have = decl_item_new(a, NULL, NULL);
    struct decl_plan p;
    struct error err = {.code = ERR_OK};
    buf_init(out, SHOWN_MAX);
    if (!have || decl_read(a, text, &want, &err) != ERR_OK) return false;
    have->looked = UINT32_MAX;
    if (decl_plan(a, want, have, &o, &p, &err) != ERR_OK) {
        ASSERT(err.detail[0]);
        return false;
    }
    decl_show_json(out, a, &p);
    check_requests(a, &p);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_n((const char *)data, size);
    struct arena *a = arena_new((size_t)256 << 20), *b = arena_new((size_t)256 << 20);
    struct buf one, two;
    ASSERT(a && b);
    bool first = show(a, text, &one), second = show(b, text, &two);
    ASSERT(first == second && slice_eq(buf_view(&one), buf_view(&two)));
    buf_done(&one);
    buf_done(&two);
    arena_free(a);
    arena_free(b);
    return 0;
}
