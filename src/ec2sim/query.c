// SPDX-License-Identifier: Apache-2.0
// Form bodies, lists, filters, page tokens; XML elements and the two error envelopes.
// Called by: ec2sim/ec2*.c, sts.c, server.c. Must never: echo a parameter unescaped.

#include "ec2sim/query.h"

#include <stdio.h>
#include <string.h>

#include "base/encode.h"
#include "base/xml.h"

// ---- the form

static bool decode(struct arena *a, struct slice s, struct slice *ret)
{
    char *room = arena_alloc(a, s.n + 1);
    size_t n;
    if (!room || !form_decode(s, room, s.n + 1, &n)) return false;
    *ret = slice_n(room, n);
    return true;
}

bool form_read(struct arena *a, struct slice body, struct form *ret, struct ec2_error *e)
{
    struct form f = {.arena = a};
    struct query_param q;
    unsigned count = 0;
    for (struct slice rest = body; query_next(&rest, &q);) count++;
    if (count > FORM_PARAMS_MAX)
        return ec2_fail(e, 400, "MalformedQueryString", "The request has more than %d parameters", FORM_PARAMS_MAX);
    f.v = arena_array(a, count + 1, sizeof(*f.v));
    if (!f.v) return ec2_fail_nomem(e);
    for (struct slice rest = body; query_next(&rest, &q); f.n++) {
        struct form_param *p = &f.v[f.n];
        if (!decode(a, q.name, &p->name) || !decode(a, q.value, &p->value))
            return arena_failed(a) ? ec2_fail_nomem(e)
                                   : ec2_fail(e, 400, "MalformedQueryString", "The query string is malformed");
        if (!utf8_valid(p->value)) return ec2_fail(e, 400, "InvalidParameterValue", "A parameter is not valid UTF-8");
        for (unsigned i = 0; i < f.n; i++)
            if (slice_eq(f.v[i].name, p->name))
                return ec2_fail(e, 400, "MalformedQueryString", "A parameter is given twice");
    }
    *ret = f;
    return true;
}

struct slice form_get(struct form *f, const char *name)
{
    for (unsigned i = 0; i < f->n; i++) {
        if (!slice_eq_cstr(f->v[i].name, name)) continue;
        f->v[i].used = true;
        return f->v[i].value;
    }
    return (struct slice){0};
}

static bool fail_missing(const char *name, struct ec2_error *e)
{
    return ec2_fail(e, 400, "MissingParameter", "The request must contain the parameter %s", name);
}

bool form_need(struct form *f, const char *name, struct slice *ret, struct ec2_error *e)
{
    struct slice v = form_get(f, name);
    if (v.n == 0) return fail_missing(name, e);
    *ret = v;
    return true;
}

bool form_bool(struct form *f, const char *name, int *ret, struct ec2_error *e)
{
    struct slice v = form_get(f, name);
    if (v.p && !slice_eq_cstr(v, "true") && !slice_eq_cstr(v, "false"))
        return ec2_fail(e, 400, "InvalidParameterValue", "Value (%.*s) for parameter %s is invalid.",
                        (int)MIN(v.n, (size_t)64), v.p, name);
    *ret = !v.p ? -1 : slice_eq_cstr(v, "true");
    return true;
}

// One pass finds PREFIX.N[.SUFFIX]; false when the name has another form.
static bool indexed(struct slice name, struct slice prefix, uint64_t *ret_index, struct slice *ret_suffix)
{
    if (!slice_starts(name, prefix) || name.n <= prefix.n || name.p[prefix.n] != '.') return false;
    struct slice rest = slice_skip(name, prefix.n + 1), head;
    bool more = slice_cut(&rest, '.', &head);
    if (!slice_u64(head, FORM_LIST_MAX, ret_index) || *ret_index == 0) return false;
    *ret_suffix = more ? rest : (struct slice){0};
    return true;
}

static unsigned highest(const struct form *f, const char *prefix)
{
    uint64_t index, top = 0;
    struct slice suffix;
    for (unsigned i = 0; i < f->n; i++)
        if (indexed(f->v[i].name, slice_of(prefix), &index, &suffix)) top = MAX(top, index);
    return (unsigned)top;
}

bool form_list(struct form *f, const char *name, const struct slice **ret, unsigned *ret_n, struct ec2_error *e)
{
    unsigned top = highest(f, name), n = 0;
    struct slice *v = arena_array(f->arena, top + 1, sizeof(*v));
    if (!v) return ec2_fail_nomem(e);
    for (unsigned i = 0; i < f->n; i++) {
        uint64_t index;
        struct slice suffix;
        if (!indexed(f->v[i].name, slice_of(name), &index, &suffix) || suffix.n) continue;
        f->v[i].used = true;
        v[index - 1] = f->v[i].value;
    }
    for (unsigned i = 0; i < top; i++)
        if (v[i].p) v[n++] = v[i];
    *ret = v;
    *ret_n = n;
    return true;
}

bool form_filters(struct form *f, struct sim_filters *ret, struct ec2_error *e)
{
    unsigned top = highest(f, "Filter"), n = 0;
    struct sim_filter *v = arena_array(f->arena, top + 1, sizeof(*v));
    if (!v) return ec2_fail_nomem(e);
    for (unsigned i = 1; i <= top; i++) {
        char name[32], values[32];
        struct slice label;
        snprintf(name, sizeof(name), "Filter.%u.Name", i);
        snprintf(values, sizeof(values), "Filter.%u.Value", i);
        if (!form_need(f, name, &label, e)) return false;
        v[n].name = label;
        if (!form_list(f, values, &v[n].values, &v[n].value_count, e)) return false;
        n++;
    }
    *ret = (struct sim_filters){.v = v, .n = n};
    return true;
}

bool form_tags(struct form *f, const char *prefix, struct sim_tag_arg **ret, unsigned *ret_n, struct ec2_error *e)
{
    unsigned top = highest(f, prefix);
    struct sim_tag_arg *v = arena_array(f->arena, top + 1, sizeof(*v));
    if (!v) return ec2_fail_nomem(e);
    for (unsigned i = 1; i <= top; i++) {
        char key[96], value[96];
        snprintf(key, sizeof(key), "%s.%u.Key", prefix, i);
        snprintf(value, sizeof(value), "%s.%u.Value", prefix, i);
        if (!form_need(f, key, &v[i - 1].key, e)) return false;
        v[i - 1].value = form_get(f, value);
        v[i - 1].has_value = v[i - 1].value.p != NULL;
    }
    *ret = v;
    *ret_n = top;
    return true;
}

void form_allow(struct form *f, const char *prefix)
{
    for (unsigned i = 0; i < f->n; i++)
        if (slice_starts(f->v[i].name, slice_of(prefix))) f->v[i].used = true;
}

bool form_all_used(const struct form *f, struct ec2_error *e)
{
    for (unsigned i = 0; i < f->n; i++)
        if (!f->v[i].used)
            return ec2_fail(e, 400, "UnknownParameter", "The parameter %.*s is not recognized",
                            (int)MIN(f->v[i].name.n, (size_t)80), f->v[i].name.p);
    return true;
}

// ---- pages

// 8 bytes of position and 8 of a check over position, action and caller, so that a token of another list is refused.
static void token_bytes(const char *action, const struct sim_caller *who, uint64_t after, uint8_t out[16])
{
    static const uint64_t key[2] = {0x7065657261676531ULL, 0x65633273696d7061ULL};
    char text[160];
    int n = snprintf(text, sizeof(text), "%s/%s/%s/%llu", action, who->account, who->region, (unsigned long long)after);
    uint64_t check = siphash13(key, text, (size_t)n);
    memcpy(out, &after, 8);
    memcpy(out + 8, &check, 8);
}

void page_token(const char *action, const struct sim_caller *who, uint64_t after, char out[PAGE_TOKEN_STR])
{
    uint8_t raw[16];
    token_bytes(action, who, after, raw);
    base64url_encode(raw, sizeof(raw), out);
}

static bool token_read(const char *action, const struct sim_caller *who, struct slice token, uint64_t *ret)
{
    uint8_t raw[16], want[16];
    size_t n;
    uint64_t after;
    if (!base64url_decode(token, raw, sizeof(raw), &n) || n != sizeof(raw)) return false;
    memcpy(&after, raw, 8);
    token_bytes(action, who, after, want);
    if (memcmp(raw, want, sizeof(raw)) != 0) return false;
    *ret = after;
    return true;
}

bool form_page(struct form *f, const char *action, const struct sim_caller *who, const struct page_rule *rule,
               int64_t default_max, struct page *ret, struct ec2_error *e)
{
    struct slice max = form_get(f, "MaxResults"), token = form_get(f, "NextToken");
    struct page p = {.max = (unsigned)default_max};
    uint64_t n;
    if ((max.p || token.n) && rule->has_ids)
        return ec2_fail(e, 400, "InvalidParameterCombination", "The parameter %s cannot be used with the parameter %s",
                        rule->ids_name, max.p ? "MaxResults" : "NextToken");
    if (max.p) {
        if (!slice_u64(max, INT32_MAX, &n) || n < 5 || n > rule->top)
            return ec2_fail(e, 400, "InvalidParameterValue",
                            "Value ( %.*s ) for parameter maxResults is invalid. Expecting a value from 5 to %u.",
                            (int)MIN(max.n, (size_t)32), max.p, rule->top);
        p.max = (unsigned)n;
    }
    if (token.n && !token_read(action, who, token, &p.after))
        return ec2_fail(e, 400, "InvalidPaginationToken", "The pagination token is invalid");
    *ret = p;
    return true;
}

// ---- XML

void xml_head(struct buf *out)
{
    buf_lit(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
}

void xml_open(struct buf *out, const char *tag)
{
    buf_char(out, '<');
    buf_str(out, tag);
    buf_char(out, '>');
}

void xml_close(struct buf *out, const char *tag)
{
    buf_lit(out, "</");
    buf_str(out, tag);
    buf_char(out, '>');
}

void xml_slice(struct buf *out, const char *tag, struct slice text)
{
    xml_open(out, tag);
    xml_escape(out, text);
    xml_close(out, tag);
}

void xml_str(struct buf *out, const char *tag, const char *text)
{
    xml_slice(out, tag, slice_of(text));
}

void xml_bool(struct buf *out, const char *tag, bool v)
{
    xml_str(out, tag, v ? "true" : "false");
}

void ec2_error_xml(struct buf *out, const struct ec2_error *e, const char *request_id)
{
    xml_head(out);
    buf_lit(out, "<Response><Errors><Error>");
    xml_str(out, "Code", e->code);
    xml_str(out, "Message", e->message);
    buf_lit(out, "</Error></Errors>");
    xml_str(out, "RequestID", request_id);
    buf_lit(out, "</Response>");
}

void sts_error_xml(struct buf *out, const struct ec2_error *e, const char *request_id)
{
    buf_lit(out, "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    ");
    xml_str(out, "Type", e->status >= 500 ? "Receiver" : "Sender");
    buf_lit(out, "\n    ");
    xml_str(out, "Code", e->code);
    buf_lit(out, "\n    ");
    xml_str(out, "Message", e->message);
    buf_lit(out, "\n  </Error>\n  ");
    xml_str(out, "RequestId", request_id);
    buf_lit(out, "\n</ErrorResponse>\n");
}
