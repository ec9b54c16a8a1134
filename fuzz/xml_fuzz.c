// SPDX-License-Identifier: Apache-2.0
// The XML reader: bounded trees, and a tree that is written and read again is the same tree.
// Called by: fuzz/driver.c or libFuzzer. Must never: follow a document outside of itself.
#include "base/buf.h"
#include "base/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct xml_limits limits = {.max_bytes = 4096, .max_nodes = 200, .max_depth = 10};

static unsigned write_node(struct buf *out, const struct xml_node *n, unsigned depth)
{
    unsigned count = 1;
    // With a prefix even what is left of "a:1" or ":" is a name.
    ASSERT(depth <= limits.max_depth);
    buf_lit(out, "<x:");
    buf_slice(out, n->name);
    buf_char(out, '>');
    xml_escape(out, n->text);
    for (const struct xml_node *c = n->first_child; c; c = c->next) count += write_node(out, c, depth + 1);
    buf_lit(out, "</x:");
    buf_slice(out, n->name);
    buf_char(out, '>');
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(1 << 20);
    struct buf first, second;
    struct error err;
    struct xml_node *root = NULL;
    ASSERT(arena);
    buf_init(&first, 1 << 24);
    buf_init(&second, 1 << 24);
    enum err e = xml_read(arena, slice_n((const char *)data, size), &limits, &root, &err);
    ASSERT((e == ERR_OK) == (root != NULL));
    if (root) {
        ASSERT(size <= limits.max_bytes);
        unsigned count = write_node(&first, root, 1);
        ASSERT(count <= limits.max_nodes);
        const struct xml_limits roomy = {.max_bytes = 1 << 24, .max_nodes = 200, .max_depth = 10};
        struct xml_node *again = NULL;
        e = xml_read(arena, buf_view(&first), &roomy, &again, &err);
        ASSERT(e == ERR_OK && write_node(&second, again, 1) == count);
        ASSERT(slice_eq(buf_view(&first), buf_view(&second)));
    }
    buf_done(&first);
    buf_done(&second);
    arena_free(arena);
    return 0;
}
