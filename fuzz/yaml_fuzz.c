// SPDX-License-Identifier: Apache-2.0
// The reader of YAML: whatever is read keeps to the limits, is well-formed as a tree and says where each value stands;
// what is refused is refused with a reason. Called by: fuzz/driver.c or libFuzzer. Must never: keep state.
#include "base/yaml_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t walk(const struct yaml_node *n, unsigned depth, const struct yaml_limits *lim)
{
    size_t all = 1;
    unsigned children = 0;
    ASSERT(n->line > 0 && n->column > 0);
    ASSERT(n->kind != YAML_SCALAR || (!n->first_child && n->text.p));
    ASSERT(n->kind == YAML_SCALAR || depth < lim->max_depth);
    ASSERT(!n->text.n || !memchr(n->text.p, 0, n->text.n));
    for (const struct yaml_node *c = n->first_child; c; c = c->next) {
        children++;
        all += walk(c, depth + 1, lim);
        if (n->kind != YAML_MAP) continue;
        ASSERT(c->key.p && c->key_line > 0);
        for (const struct yaml_node *later = c->next; later; later = later->next) ASSERT(!slice_eq(later->key, c->key));
    }
    ASSERT(children == n->count && (n->kind != YAML_MAP || children <= lim->max_keys));
    return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct yaml_limits small = {.max_bytes = 1 << 16, .max_nodes = 500, .max_depth = 5, .max_keys = 8};
    const struct yaml_limits *const limits[] = {&small, &yaml_limits_default};
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        struct arena *a = arena_new((size_t)64 << 20);
        struct yaml_node *root = NULL;
        struct error err = {.code = ERR_OK};
        ASSERT(a != NULL);
        if (yaml_read(a, slice_n((const char *)data, size), limits[i], &root, &err) == ERR_OK)
            ASSERT(walk(root, 0, limits[i]) <= limits[i]->max_nodes);
        else
            ASSERT(!root && err.detail[0]);
        arena_free(a);
    }
    return 0;
}
