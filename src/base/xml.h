// SPDX-License-Identifier: Apache-2.0
// A bounded reader for the XML that EC2 and STS answer: a small tree in an arena, over expat.
// Called by: cloud, tests. Must never: process a DOCTYPE or an entity declaration, or exceed its limits.
#pragma once

#include "base/arena.h"
#include "base/error.h"

struct xml_node {
    struct slice name; // local name, namespace prefix dropped
    struct slice text; // all character data directly inside, trimmed; empty for containers
    struct xml_node *first_child, *next;
};
struct xml_limits {
    size_t max_bytes, max_nodes;
    unsigned max_depth;
};
extern const struct xml_limits xml_limits_default; // 16 MiB, 1,000,000 nodes, depth 32
// ERR_PROTOCOL (not well-formed, DOCTYPE, no root), ERR_TOO_LARGE, ERR_NOMEM.
enum err xml_read(struct arena *a, struct slice text, const struct xml_limits *lim, struct xml_node **ret_root,
                  struct error *err) MUST_CHECK;
const struct xml_node *xml_child(const struct xml_node *n, const char *name); // NULL-safe
struct slice xml_text(const struct xml_node *n, const char *child);           // empty when absent
// xml_find: first node of that name anywhere below or at n, document order.
const struct xml_node *xml_find(const struct xml_node *n, const char *name);
// xml_escape: text for element content and attribute values.
struct buf;
void xml_escape(struct buf *out, struct slice s);
