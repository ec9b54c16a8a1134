// SPDX-License-Identifier: Apache-2.0
// Query parameters: strict where we know the name, silent where we do not (design: unknown ones are ignored).
// Called by: pipeline (common ones), handlers. Must never: take the first of two.
#include "api/api.h"

#include "base/encode.h"
#include "base/json.h"

static bool bad(struct call *c, const char *name)
{
    call_problem(c, P_INVALID_QUERY_PARAMETER, &PARAM_C(name), 1);
    return false;
}

static bool name_is(struct call *c, struct slice raw, const char *name)
{
    if (slice_eq_cstr(raw, name)) return true;
    if (slice_find(raw, '%') < 0) return false;
    char *out = arena_alloc(c->req->arena, raw.n);
    size_t n;
    return out && form_decode(raw, out, raw.n, &n) && slice_eq_cstr(slice_n(out, n), name);
}

bool call_query(struct call *c, const char *name, bool *ret_found, struct slice *ret)
{
    struct slice rest = c->req->query, value = {NULL, 0};
    struct query_param q;
    bool found = false;
    while (query_next(&rest, &q)) {
        if (!name_is(c, q.name, name)) continue;
        if (found) return bad(c, name);
        found = true;
        value = q.value;
    }
    *ret_found = found;
    if (!found) return true;
    char *out = arena_alloc(c->req->arena, value.n + 1);
    size_t n = 0;
    if (!out || !form_decode(value, out, value.n, &n) || !utf8_valid(slice_n(out, n))) return bad(c, name);
    *ret = slice_n(out, n);
    return true;
}

bool call_query_required(struct call *c, const char *name, struct slice *ret)
{
    bool found;
    if (!call_query(c, name, &found, ret)) return false;
    if (!found) {
        call_problem(c, P_MISSING_QUERY_PARAMETER, &PARAM_C(name), 1);
        return false;
    }
    if (slice_trim(*ret, " \t").n == 0) return bad(c, name);
    return true;
}

// Room for every type that there is, and a bound.
#define VALUES_MAX 200

static bool add_value(struct call *c, const char *name, struct slice raw, struct json_writer *w)
{
    char *out = arena_alloc(c->req->arena, raw.n + 1);
    size_t n = 0;
    if (!out || !form_decode(raw, out, raw.n, &n) || n == 0 || !utf8_valid(slice_n(out, n))) return bad(c, name);
    json_str(w, slice_n(out, n));
    return true;
}

bool call_query_values(struct call *c, const char *name, struct slice *ret)
{
    struct slice rest = c->req->query;
    struct query_param q;
    struct buf list;
    struct json_writer w;
    unsigned n = 0;
    bool ok = true;
    buf_init(&list, 1 << 18);
    json_begin(&w, &list, false);
    json_arr(&w);
    while (ok && query_next(&rest, &q)) {
        if (!name_is(c, q.name, name)) continue;
        ok = n++ < VALUES_MAX ? add_value(c, name, q.value, &w) : bad(c, name);
    }
    json_arr_end(&w);
    if (ok && n > 0) {
        *ret = list.fail ? (struct slice){NULL, 0} : arena_slice(c->req->arena, buf_view(&list));
        if (!ret->p) {
            call_problem(c, P_UNEXPECTED_ERROR, NULL, 0);
            ok = false;
        }
    }
    buf_done(&list);
    return ok;
}

bool call_query_bool(struct call *c, const char *name, bool *ret)
{
    bool found;
    struct slice v;
    if (!call_query(c, name, &found, &v)) return false;
    if (!found) return true;
    if (slice_eq_cstr(v, "true"))
        *ret = true;
    else if (slice_eq_cstr(v, "false"))
        *ret = false;
    else
        return bad(c, name);
    return true;
}

static bool read_number(struct call *c, const char *name, uint32_t max, uint32_t *ret)
{
    bool found;
    struct slice v;
    if (!call_query(c, name, &found, &v)) return false;
    if (!found) return true;
    uint64_t n;
    if (!slice_u64(v, max, &n) || n < 1) return bad(c, name);
    *ret = (uint32_t)n;
    return true;
}

bool call_read_query(struct call *c)
{
    c->page = (struct page){.number = 1, .size = 100};
    // The format first, so that the other parameters' errors already come in it.
    if (!call_query_bool(c, "envelope", &c->fmt.envelope)) return false;
    if (!call_query_bool(c, "pretty", &c->fmt.pretty)) return false;
    if (!(c->route->flags & ROUTE_LIST)) return true;
    return read_number(c, "itemsPerPage", 500, &c->page.size) && read_number(c, "pageNum", INT32_MAX, &c->page.number);
}

bool call_query_group(struct call *c, bool *ret_found)
{
    struct slice v;
    struct oid id;
    struct error err;
    if (!call_query(c, "groupId", ret_found, &v)) return false;
    if (!*ret_found) return true;
    if (!oid_parse(v, &id)) return bad(c, "groupId");
    char hex[OID_HEX + 1];
    oid_hex(id, hex);
    switch (store_group_get(c->thread->reader, hex, &c->group, &err)) {
    case ERR_OK:
        break;
    case ERR_NOT_FOUND:
        call_problem(c, P_GROUP_NOT_FOUND, &PARAM_S(v), 1);
        return false;
    default:
        call_store_problem(c, &err);
        return false;
    }
    if (principal_permits(c->principal, NEED_GROUP_READ, c->group.org_id, c->group.id)) return true;
    call_problem(c, P_NOT_IN_GROUP, NULL, 0); // every role on a project, or that reaches into it, may read it
    return false;
}

struct page_span call_page_span(const struct call *c, uint64_t n)
{
    uint64_t from = MIN((uint64_t)(c->page.number - 1) * c->page.size, n);
    return (struct page_span){from, MIN(from + c->page.size, n)};
}
