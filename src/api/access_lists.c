// SPDX-License-Identifier: Apache-2.0
// …/apiKeys/{apiUserId}/accessList and …/serviceAccounts/{clientId}/accessList: from which addresses a credential may
// be used, and when it last was. Called by: pipeline. Must never: take a block with host bits for the block around it.
#include "api/credentials.h"

#include "base/json.h"

// ---- bodies -----------------------------------------------------------------------------------------------

static bool is_single(struct cidr block)
{
    return block.prefix == (block.ip.family == 4 ? 32 : 128);
}

static void add_link(struct call *c, struct json_writer *w, const struct cred_call *cc, const struct access_row *e)
{
    char address[IP_STR];
    ip_format(e->block.ip, address);
    char *href = arena_fmt(c->req->arena, "%s/api/atlas/v2/orgs/%s/apiKeys/%s/accessList/%s", c->api->public_url,
                           cc->op.org_id, cc->id, address);
    if (href && !is_single(e->block)) href = arena_fmt(c->req->arena, "%s%%2F%u", href, e->block.prefix);
    json_key(w, "links");
    json_arr(w);
    if (href) wire_link(w, slice_of(href), "self");
    json_arr_end(w);
}

static const char *some(const char *s)
{
    return s[0] ? s : NULL;
}

static void add_entry(struct call *c, struct json_writer *w, const struct cred_call *cc, const struct access_row *e)
{
    char block[CIDR_STR], address[IP_STR];
    cidr_format(e->block, block);
    ip_format(e->block.ip, address);
    bool key = cc->kind == PRINCIPAL_API_KEY;
    json_kstr(w, "cidrBlock", block);
    if (key) json_kint(w, "count", (int64_t)e->used);
    wire_time(w, key ? "created" : "createdAt", e->created);
    json_kstr(w, "ipAddress", is_single(e->block) ? address : NULL);
    if (key) wire_time(w, "lastUsed", e->last_used);
    json_kstr(w, "lastUsedAddress", some(e->last_address));
    if (!key) wire_time(w, "lastUsedAt", e->last_used);
    if (key)
        add_link(c, w, cc, e);
    else
        json_kint(w, "requestCount", (int64_t)e->used);
}

static void answer_list(struct call *c, const struct cred_call *cc, bool count)
{
    struct access_row *rows;
    size_t n;
    struct error err;
    if (store_access_entries(c->thread->reader, cc->name, c->req->arena, &rows, &n, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    struct buf body;
    struct json_writer w;
    const struct page_span page = call_page_span(c, n);
    uint64_t total = count ? n : 0;
    wire_list_begin(c, &w, &body, total);
    for (uint64_t i = page.from; i < page.to; i++) {
        json_obj(&w);
        add_entry(c, &w, cc, &rows[i]);
        json_obj_end(&w);
    }
    wire_list_end(c, &w, total);
    call_ok(c, &body);
}

// ---- reading ----------------------------------------------------------------------------------------------

#define SHOWN 60 // bytes of what is wrong

static bool bad_address(struct call *c, struct slice text)
{
    if (text.n > SHOWN) {
        text.n = SHOWN;
        while (text.n && ((unsigned char)text.p[text.n] & 0xC0) == 0x80) text.n--; // whole characters
    }
    call_problem(c, P_INVALID_IP_ADDRESS, &PARAM_S(text), 1);
    return false;
}

// One element: an address or a block, never both.
static bool read_entry(struct call *c, const struct json_value *v, struct cidr *ret)
{
    struct slice address, block;
    struct ip ip;
    const struct body_field fields[] = {{"cidrBlock", BODY_TEXT, false, &block},
                                        {"count", BODY_READ_ONLY, false, NULL},
                                        {"created", BODY_READ_ONLY, false, NULL},
                                        {"createdAt", BODY_READ_ONLY, false, NULL},
                                        {"ipAddress", BODY_TEXT, false, &address},
                                        {"lastUsed", BODY_READ_ONLY, false, NULL},
                                        {"lastUsedAddress", BODY_READ_ONLY, false, NULL},
                                        {"lastUsedAt", BODY_READ_ONLY, false, NULL},
                                        {"links", BODY_IGNORED, false, NULL},
                                        {"requestCount", BODY_READ_ONLY, false, NULL}};
    struct problem_param names[] = {PARAM_C("cidrBlock"), PARAM_C("ipAddress")};
    if (!call_read_object(c, v, fields, ARRAY_LEN(fields))) return false;
    if (!address.p && !block.p) {
        call_problem(c, P_MISSING_ONE_OF_ATTRIBUTES, names, 2);
        return false;
    }
    if (address.p && block.p) {
        call_problem(c, P_MULTIPLE_VALUES_FOR_ENTRY, NULL, 0);
        return false;
    }
    if (block.p) return cidr_parse(block, false, ret) || bad_address(c, block);
    if (!ip_parse(address, &ip)) return bad_address(c, address);
    *ret = (struct cidr){ip, ip.family == 4 ? 32 : 128};
    return true;
}

static bool read_entries(struct call *c, struct cidr blocks[CRED_ACCESS_MAX], size_t *ret_n)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    if (!call_read_json(c, &doc) || !call_read_list(c, json_root(doc), CRED_ACCESS_MAX)) return false;
    size_t n = json_array_len(json_root(doc));
    for (size_t i = 0; i < n; i++)
        if (!read_entry(c, json_array_at(json_root(doc), i), &blocks[i])) return false;
    *ret_n = n;
    return true;
}

static bool read_path_entry(struct call *c, struct cidr *ret)
{
    return cidr_parse(c->params[2], true, ret) || bad_address(c, c->params[2]);
}

static enum principal_kind kind_of(const struct call *c)
{
    return strstr(c->route->template, "/apiKeys/") ? PRINCIPAL_API_KEY : PRINCIPAL_SERVICE_ACCOUNT;
}

// A key's list is the key's own, and its organisation's owners'.
static bool may_change(struct call *c, const struct cred_call *cc)
{
    if (cc->kind != PRINCIPAL_API_KEY) return true; // the route has asked for a role
    if (principal_is(c->principal, cc->kind, cc->name)) return true;
    if (principal_permits(c->principal, NEED_ORG_OWNER, cc->op.org_id, NULL)) return true;
    call_problem(c, P_USER_UNAUTHORIZED, NULL, 0);
    return false;
}

// ---- operations -------------------------------------------------------------------------------------------

void api_access_list(struct call *c)
{
    struct cred_call cc;
    struct credential found;
    bool count;
    creds_begin(c, kind_of(c), &cc);
    if (creds_include_count(c, &count) && creds_find(c, &cc, false, &found)) answer_list(c, &cc, count);
}

void api_access_add(struct call *c)
{
    struct cred_call cc;
    struct credential found;
    struct cidr blocks[CRED_ACCESS_MAX];
    size_t n;
    bool count;
    struct error err;
    creds_begin(c, kind_of(c), &cc);
    if (!creds_include_count(c, &count) || !creds_find(c, &cc, false, &found) || !may_change(c, &cc)) return;
    if (!read_entries(c, blocks, &n)) return;
    enum err code = cred_access_add(c->api->auth, &cc.op, cc.kind, cc.name, blocks, n, &err);
    if (creds_done(c, &cc, code, &err)) answer_list(c, &cc, count);
}

void api_access_get(struct call *c)
{
    struct cred_call cc;
    struct credential found;
    struct cidr block;
    struct access_row *rows;
    size_t n, i = 0;
    struct error err;
    creds_begin(c, kind_of(c), &cc);
    if (!read_path_entry(c, &block) || !creds_find(c, &cc, false, &found)) return;
    if (store_access_entries(c->thread->reader, cc.name, c->req->arena, &rows, &n, &err) != ERR_OK) {
        call_store_problem(c, &err);
        return;
    }
    while (i < n && !(rows[i].block.prefix == block.prefix && ip_eq(rows[i].block.ip, block.ip))) i++;
    if (i == n) {
        call_problem(c, P_API_KEY_ACCESS_LIST_NOT_FOUND, NULL, 0);
        return;
    }
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    add_entry(c, &w, &cc, &rows[i]);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}

void api_access_remove(struct call *c)
{
    struct cred_call cc;
    struct credential found;
    struct cidr block;
    struct error err;
    creds_begin(c, kind_of(c), &cc);
    if (!read_path_entry(c, &block) || !creds_find(c, &cc, false, &found) || !may_change(c, &cc)) return;
    enum err code = cred_access_remove(c->api->auth, &cc.op, cc.kind, cc.name, block, &err);
    if (creds_done(c, &cc, code, &err)) call_no_content(c);
}
