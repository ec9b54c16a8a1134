// SPDX-License-Identifier: Apache-2.0
// The EC2 and STS Query wire form: a form body in, XML out. Knows no operation.
// Called by: ec2sim/ec2*.c, sts.c, server.c. Must never: touch the model.
#pragma once

#include "base/arena.h"
#include "ec2sim/filter.h"

#define FORM_PARAMS_MAX 4096
#define FORM_LIST_MAX   1000

struct form_param {
    struct slice name, value; // decoded
    bool used;
};
struct form {
    struct form_param *v;
    unsigned n;
    struct arena *arena;
};
// MalformedQueryString, or InternalError when memory is out.
bool form_read(struct arena *a, struct slice body, struct form *ret, struct ec2_error *e) MUST_CHECK;
// Looks one up and marks it as understood; a value of p == NULL when absent.
struct slice form_get(struct form *f, const char *name);
bool form_need(struct form *f, const char *name, struct slice *ret, struct ec2_error *e) MUST_CHECK; // MissingParameter
// "true" or "false"; -1 when absent.
bool form_bool(struct form *f, const char *name, int *ret, struct ec2_error *e) MUST_CHECK;
// NAME.1, NAME.2 … in order, in the arena.
bool form_list(struct form *f, const char *name, const struct slice **ret, unsigned *ret_n,
               struct ec2_error *e) MUST_CHECK;
bool form_filters(struct form *f, struct sim_filters *ret, struct ec2_error *e) MUST_CHECK;
// PREFIX.1.Key / PREFIX.1.Value …
bool form_tags(struct form *f, const char *prefix, struct sim_tag_arg **ret, unsigned *ret_n,
               struct ec2_error *e) MUST_CHECK;
void form_allow(struct form *f, const char *prefix);                      // marks what begins so as understood
bool form_all_used(const struct form *f, struct ec2_error *e) MUST_CHECK; // UnknownParameter

// ---- pages. The token names the last item sent, bound to action and caller; ids cannot be mixed with MaxResults.
// rule: what the action allows (top: the highest MaxResults; the lowest is 5).
struct page_rule {
    const char *ids_name; // as EC2 names the list of ids in its error
    bool has_ids;
    unsigned top;
};
struct page {
    unsigned max;   // items
    uint64_t after; // sequence number of the last item of the page before
};
bool form_page(struct form *f, const char *action, const struct sim_caller *who, const struct page_rule *rule,
               int64_t default_max, struct page *ret, struct ec2_error *e) MUST_CHECK;
#define PAGE_TOKEN_STR 40
void page_token(const char *action, const struct sim_caller *who, uint64_t after, char out[PAGE_TOKEN_STR]);

// ---- XML
void xml_head(struct buf *out);
void xml_open(struct buf *out, const char *tag);
void xml_close(struct buf *out, const char *tag);
void xml_str(struct buf *out, const char *tag, const char *text); // <tag>escaped</tag>
void xml_slice(struct buf *out, const char *tag, struct slice text);
void xml_bool(struct buf *out, const char *tag, bool v);
void ec2_error_xml(struct buf *out, const struct ec2_error *e, const char *request_id);
void sts_error_xml(struct buf *out, const struct ec2_error *e, const char *request_id);
