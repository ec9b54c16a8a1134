// SPDX-License-Identifier: Apache-2.0
// A strict reader for files that people write: the part of YAML that JSON and indentation need, as a tree in an arena.
// Called by: declare. Must never: follow an alias, resolve a tag, guess a type, or exceed its limits.
//
// Refused, with line and column: anchors and aliases, tags, directives, merge keys, keys that are twice in a map or are
// no plain text, several documents, NUL, bytes that are no UTF-8. What a scalar means (text, number, truth) is the
// schema's to say: `no` is the text "no" where a text is asked for.
#pragma once

#include "base/arena.h"
#include "base/error.h"

enum yaml_kind { YAML_SCALAR, YAML_LIST, YAML_MAP };
struct yaml_node {
    enum yaml_kind kind;
    bool plain;            // a scalar without quotes, and no block
    unsigned line, column; // of the value, from 1
    unsigned count;        // children
    struct slice text;     // of a scalar
    struct slice key;      // of a member of a map
    unsigned key_line, key_column;
    struct yaml_node *first_child, *next;
};
struct yaml_limits {
    size_t max_bytes, max_nodes;
    unsigned max_depth, max_keys; // of maps and lists within each other; of one map
};
extern const struct yaml_limits yaml_limits_default; // 1 MiB, 100,000 nodes, depth 16, 64 keys
// ERR_INVALID ("line 3, column 5: …"), ERR_TOO_LARGE, ERR_NOMEM. An empty document is ERR_INVALID.
enum err yaml_read(struct arena *a, struct slice text, const struct yaml_limits *lim, struct yaml_node **ret_root,
                   struct error *err) MUST_CHECK;
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key); // NULL when absent or no map
