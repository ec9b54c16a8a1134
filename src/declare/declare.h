// SPDX-License-Identifier: Apache-2.0
// Declarative files: what shall be, as a tree of items; what is, as another; and the steps that lead from one to the
// other. All of it pure: no I/O, no clock. Called by: cli (plan, apply, export), which observes and acts through the
// API. Must never: delete what the file does not name with `delete: true`, hold a secret, or give two plans for the
// same two trees.
//
// Values are kept as JSON text in one spelling (sorted sets and maps, times in UTC), so that equal means the same
// bytes. Everything lives in the arena that was handed in, and texts of a file in the file's arena.
#pragma once

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/yaml_read.h"

enum decl_kind {
#define DECL_KIND(id, noun) DECL_##id,
#define DECL_UNDER(parent, key, child, flags)
#define DECL_ATTR(kind, name, type, flags, absent)
#include "spec/declare.def"
#undef DECL_KIND
#undef DECL_UNDER
#undef DECL_ATTR
    DECL_KIND_COUNT_
};
enum decl_type { DECL_TEXT, DECL_BOOL, DECL_INT, DECL_TIME, DECL_SET, DECL_TAGS, DECL_RULES };
enum {
    DECL_KEY = 1,
    DECL_NEW = 2,
    DECL_FIXED = 4,
    DECL_NULL_OUT = 8,
    DECL_ONLY_TRUE = 16,
    DECL_LATER = 32,
};
enum {
    DECL_ONE = 1,    // always there, and one
    DECL_HOLDS = 2,  // a parent cannot be deleted while it has one
    DECL_INSIDE = 4, // part of an attribute of the parent
};
struct decl_attr {
    const char *name;
    enum decl_type type;
    unsigned flags;
    const char *absent;
};
struct decl_under {
    enum decl_kind parent;
    const char *key;
    enum decl_kind child;
    unsigned flags;
};
#define DECL_ATTRS_MAX 16

// One thing, wanted or observed.
struct decl_item {
    enum decl_kind kind;
    const struct decl_under *under; // NULL: the root
    struct decl_item *parent, *first, *last, *next;
    struct slice id;                // empty: not said; of a wanted one, also: not made yet
    struct slice v[DECL_ATTRS_MAX]; // by the kind's attributes; p NULL: not said
    struct decl_item *rules;        // of a policy, the first; chained by next
    unsigned line, column;          // in the file
    bool remove;                    // delete: true
    int64_t version;                // of an observed policy
    uint32_t looked;                // observed: whose children of these kinds (bits) are all there
    struct decl_item *match;        // wanted: the observed one, by decl_plan
};

// ---- kinds.c
const char *decl_noun(enum decl_kind k);
const struct decl_attr *decl_attrs(enum decl_kind k, unsigned *ret_n);
const struct decl_under *decl_unders(enum decl_kind parent, unsigned *ret_n);
int decl_attr_index(enum decl_kind k, struct slice name);                                                   // -1: none
struct decl_item *decl_item_new(struct arena *a, const struct decl_under *under, struct decl_item *parent); // or NULL
struct slice decl_value(const struct decl_item *i, const char *attr); // its JSON text; empty when not said
// What people call it: "acme/kafka/vpc-…"; in the arena, "" when memory is out.
const char *decl_label(struct arena *a, const struct decl_item *i);
const struct decl_item *decl_above(const struct decl_item *i, enum decl_kind k); // itself or a parent; NULL

// ---- value.c: one spelling for a value. ERR_INVALID says what is wrong, without the place.
enum err decl_value_of_yaml(struct arena *a, enum decl_type t, const struct yaml_node *n, struct slice *ret,
                            struct error *err) MUST_CHECK;
// absent is what is given for NULL and null. ERR_INVALID: no such value.
enum err decl_value_of_json(struct arena *a, const struct decl_attr *t, const struct json_value *v, struct slice *ret,
                            struct error *err) MUST_CHECK;
// JSON text with what YAML takes for a line end, or a terminal for a command, escaped (C1, U+2028, U+FEFF …).
void decl_put(struct buf *out, struct slice json);
// The text of a TEXT or TIME value, unescaped; in the arena.
struct slice decl_text(struct arena *a, struct slice value);
// The next element of a SET, or the next key or value of a TAGS value, each a JSON text.
bool decl_next(struct slice *rest, struct slice *ret); // *rest starts as the value; false at the end

// ---- read.c: the file. ERR_INVALID, ERR_TOO_LARGE: "line 3, column 5: …"; ERR_NOMEM.
#define DECL_FILE_MAX ((size_t)1 << 20)
enum err decl_read(struct arena *a, struct slice text, struct decl_item **ret, struct error *err) MUST_CHECK;

// ---- observe.c: what the API answered
// Fills in what the kind's attributes are called there; `id` too. ERR_PROTOCOL: an attribute has a shape that it may
// not.
enum err decl_observe(struct arena *a, struct decl_item *i, const struct json_value *object,
                      struct error *err) MUST_CHECK;

// ---- plan.c
enum decl_op { DECL_CREATE, DECL_UPDATE, DECL_DELETE };
struct decl_change {
    const struct decl_attr *attr;
    struct slice from, to; // JSON; from.p NULL: of something new
};
struct decl_step {
    enum decl_op op;
    struct decl_item *want;
    const struct decl_item *have; // NULL: to be made, or of something that is
    struct decl_change *changes;
    unsigned n;
};
struct decl_plan {
    struct decl_step *steps; // in the order in which they are done
    size_t n;
    const char **notes; // what the file says and is left out, and why
    size_t note_count;
};
struct decl_plan_options {
    struct wall now;
    bool may_make_orgs; // else one that is not seen is an error: whoever asks would not see it afterwards either
};
#define DECL_STEPS_MAX     10000
#define DECL_EXPECTED_DAYS 90 // how far ahead an expected request may end: used ones are known for so long
// want: of decl_read; its items' match is set, and ids are filled in. have: the root of what was observed; must have
// looked at every list that `want` has, below what both have. ERR_INVALID: the file cannot be had ("line 3, column 5:
// …"). ERR_CONFLICT: what the file says fits several. ERR_NOMEM, ERR_TOO_LARGE.
enum err decl_plan(struct arena *a, struct decl_item *want, struct decl_item *have, const struct decl_plan_options *o,
                   struct decl_plan *ret, struct error *err) MUST_CHECK;
// Whether this is the one that is meant: by its id, else by its key attributes.
bool decl_means(const struct decl_item *want, const struct decl_item *have);
// The rules of a wanted policy as the API takes them: hand-overs to names become ids; of a project that is still to be
// made {"new":"NAME"}. ERR_INVALID: there is no such project.
enum err decl_rules(struct arena *a, const struct decl_item *policy, struct slice *ret, struct error *err) MUST_CHECK;

// ---- show.c
void decl_show_text(struct buf *out, struct arena *a, const struct decl_plan *p);
void decl_show_step(struct buf *out, struct arena *a, const struct decl_step *s); // one line, without changes
// The members "steps" and "notes" of an object; also what the digest of a plan is taken of.
void decl_show_json(struct buf *out, struct arena *a, const struct decl_plan *p);
const char *decl_op_name(enum decl_op op);

// ---- request.c: a step as requests
struct decl_request {
    const char *method, *target;
    struct slice body; // empty: none
    const char *id_in; // of the answer: the object with the new id, "" = itself; NULL: there is none
};
#define DECL_REQUESTS_MAX 3
// Ids of parents must be known by now. They are sent in this order, and stopped at the first that fails.
enum err decl_requests(struct arena *a, const struct decl_step *s, struct decl_request ret[DECL_REQUESTS_MAX],
                       unsigned *ret_n, struct error *err) MUST_CHECK;
// Where a kind is read, below an observed parent; NULL when memory is out.
const char *decl_target(struct arena *a, enum decl_kind k, const struct decl_item *parent);

// ---- write.c: a file that says what was observed
void decl_write(struct buf *out, struct arena *a, const struct decl_item *root);
