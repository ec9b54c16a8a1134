// SPDX-License-Identifier: Apache-2.0
// The published OpenAPI document, from spec/routes.def, params.def, responses.def, errors.def and schemas.json.
// Called by: cli (`peerage openapi`), tests that hold every reply against it. Must never: say what the tables do not.
#include "api/api.h"

#include <string.h>

#include "base/json.h"

extern const char spec_schemas[];
extern const unsigned long spec_schemas_len;

struct param_row {
    enum route route;
    const char *name, *schema;
    bool required;
    const char *dflt, *help;
};
static const struct param_row params[] = {
#define PARAM(route, name, schema, required, dflt, help) {ROUTE_##route, name, schema, required, dflt, help},
#include "spec/params.def"
#undef PARAM
};
struct response_row {
    const char *schema;
    bool is_list;
};
static const struct response_row responses[ROUTE_COUNT_] = {
#define RESPONSE(route, schema, is_list) [ROUTE_##route] = {schema, is_list},
#include "spec/responses.def"
#undef RESPONSE
};

static const char *const bodies[ROUTE_COUNT_] = {
#define BODY(route, schema) [ROUTE_##route] = schema,
#include "spec/bodies.def"
#undef BODY
};

static void add_ref(struct json_writer *w, const char *section, const char *name)
{
    char ref[128];
    struct buf b = {.p = ref, .cap = sizeof ref, .max = sizeof ref - 1};
    buf_fmt(&b, "#/components/%s/%s", section, name);
    ref[b.n] = '\0';
    json_obj(w);
    json_kstr(w, "$ref", ref);
    json_obj_end(w);
}

static void add_param(struct json_writer *w, const char *name, const char *in, const char *schema, bool required,
                      const char *help)
{
    json_obj(w);
    json_kstr(w, "name", name);
    json_kstr(w, "in", in);
    json_kbool(w, "required", required);
    if (help) json_kstr(w, "description", help);
    json_key(w, "schema");
    add_ref(w, "schemas", schema);
    json_obj_end(w);
}

static const struct {
    const char *name, *schema, *help;
} path_params[] = {
    {"groupId", "ObjectId", "The project."},
    {"orgId", "ObjectId", "The organization."},
    {"endpointSetId", "EndpointSetId", "The endpoint set."},
    {"scopeId", "ScopeId", "Whose limit it is."},
    {"groupName", "GroupName", "The project's name."},
    {"containerId", "ObjectId", "The network's id."},
    {"eventId", "ObjectId", "The event."},
    {"apiUserId", "ObjectId", "The API key's id."},
    {"clientId", "ClientId", "The service account."},
    {"secretId", "ObjectId", "The secret's id."},
    {"ipAddress", "AccessListAddress", "An address, or a block with its slash encoded: 192.0.2.0%2F24."},
    {"networkId", "ObjectId", "The network."},
    {"intentId", "ObjectId", "The intent."},
    {"id", "ConnectionId", "The connection's name or _id."},
    {"expectedRequestId", "ObjectId", "The expected request's id."},
    {"webhookId", "ObjectId", "The webhook's id."},
};

// Each {name} of the template, in its order. A name that the table lacks stops the build's first use of the document.
static void add_path_params(struct json_writer *w, const char *template)
{
    struct slice rest = slice_of(template), name;
    while (slice_cut(&rest, '{', &name)) {
        slice_cut(&rest, '}', &name);
        size_t i = 0;
        while (i < ARRAY_LEN(path_params) && !slice_eq_cstr(name, path_params[i].name)) i++;
        ASSERT(i < ARRAY_LEN(path_params));
        add_param(w, path_params[i].name, "path", path_params[i].schema, true, path_params[i].help);
    }
}

static void add_number_param(struct json_writer *w, const char *name, int64_t max, int64_t dflt)
{
    json_obj(w);
    json_kstr(w, "name", name);
    json_kstr(w, "in", "query");
    json_kbool(w, "required", false);
    json_key(w, "schema");
    json_obj(w);
    json_kstr(w, "type", "integer");
    json_kint(w, "minimum", 1);
    if (max) json_kint(w, "maximum", max);
    json_kint(w, "default", dflt);
    json_obj_end(w);
    json_obj_end(w);
}

// Open routes without versions are the OAuth endpoints: a form, and errors of their own.
static bool is_oauth(const struct route_row *row)
{
    return (row->flags & ROUTE_OPEN) && !row->oldest;
}

static void add_params(struct json_writer *w, enum route r)
{
    const struct route_row *row = route_row(r);
    json_key(w, "parameters");
    json_arr(w);
    add_path_params(w, row->template);
    for (size_t i = 0; i < ARRAY_LEN(params); i++)
        if (params[i].route == r)
            add_param(w, params[i].name, "query", params[i].schema, params[i].required, params[i].help);
    if (!is_oauth(row)) {
        add_param(w, "envelope", "query", "Boolean", false, "Put status and body into one JSON object.");
        add_param(w, "pretty", "query", "Boolean", false, "Indent the body.");
    }
    if (row->flags & ROUTE_LIST) {
        add_number_param(w, "itemsPerPage", 500, 100);
        add_number_param(w, "pageNum", 0, 1);
    }
    json_arr_end(w);
}

static void add_content(struct json_writer *w, const char *type, const char *section, const char *schema)
{
    json_key(w, "content");
    json_obj(w);
    json_key(w, type);
    json_obj(w);
    json_key(w, "schema");
    add_ref(w, section, schema);
    json_obj_end(w);
    json_obj_end(w);
}

static void add_error(struct json_writer *w, const char *status, const char *description, const char *schema)
{
    json_key(w, status);
    json_obj(w);
    json_kstr(w, "description", description);
    add_content(w, "application/json", "schemas", schema);
    json_obj_end(w);
}

#define MEDIA_TYPE 64
static void media_type_of(enum route r, char out[MEDIA_TYPE])
{
    uint32_t v = route_row(r)->oldest;
    struct buf b = {.p = out, .cap = MEDIA_TYPE, .max = MEDIA_TYPE - 1};
    if (v)
        buf_fmt(&b, "application/vnd.atlas.%04u-%02u-%02u+json", v / 10000, v / 100 % 100, v % 100);
    else
        buf_lit(&b, "application/json");
    out[b.n] = '\0';
}

static void add_success(struct json_writer *w, enum route r)
{
    static const char *const words[][2] = {
        {"200", "OK"}, {"201", "Created"}, {"202", "Recorded; the lists show what becomes of it."}, {"204", "Done"}};
    const struct response_row *response = &responses[r];
    unsigned flags = route_row(r)->flags;
    bool accepted = strcmp(response->schema, "Accepted") == 0;
    const char *const *word = words[flags & ROUTE_CREATED ? 1 : accepted ? 2 : flags & ROUTE_EMPTY ? 3 : 0];
    json_key(w, word[0]);
    json_obj(w);
    json_kstr(w, "description", word[1]);
    if (response->schema[0]) {
        char type[MEDIA_TYPE], schema[96];
        media_type_of(r, type);
        struct buf b = {.p = schema, .cap = sizeof schema, .max = sizeof schema - 1};
        buf_fmt(&b, "%s%s", response->is_list ? "Paginated" : "", response->schema);
        schema[b.n] = '\0';
        add_content(w, type, "schemas", schema);
    }
    json_obj_end(w);
}

static void add_responses(struct json_writer *w, enum route r)
{
    const struct route_row *row = route_row(r);
    json_key(w, "responses");
    json_obj(w);
    add_success(w, r);
    if (is_oauth(row)) {
        add_error(w, "400", "The form is wrong.", "OAuthError");
        add_error(w, "401", "The client or its secret is wrong.", "OAuthError");
        add_error(w, "403", "Too many live tokens.", "OAuthError");
        add_error(w, "429", "Too many requests.", "ApiError");
    } else {
        add_error(w, "400", "A parameter is missing or wrong.", "ApiError");
        if (!(row->flags & ROUTE_OPEN)) add_error(w, "401", "No valid credential, or no role.", "Unauthorized");
        if (!(row->flags & ROUTE_OPEN))
            add_error(w, "403", "The caller's address is not on its access list.", "ApiError");
        add_error(w, "404", "The project or the resource does not exist.", "ApiError");
        add_error(w, "406", "No version that the Accept header names exists.", "ApiError");
        if (row->method != METHOD_GET) add_error(w, "409", "The state of the resource forbids it.", "ApiError");
        if (row->flags & ROUTE_BODY) add_error(w, "415", "The media type of the body is not supported.", "ApiError");
        add_error(w, "429", "Too many requests.", "ApiError");
    }
    add_error(w, "500", "A defect.", "ApiError");
    add_error(w, "503", "The store is away or busy; retry.", "ApiError");
    json_obj_end(w);
}

static void add_json_body(struct json_writer *w, enum route r)
{
    char type[MEDIA_TYPE];
    media_type_of(r, type);
    json_key(w, "requestBody");
    json_obj(w);
    json_kbool(w, "required", true);
    add_content(w, type, "schemas", bodies[r]);
    json_obj_end(w);
}

static void add_form_body(struct json_writer *w, enum route r)
{
    const char *required = r == ROUTE_OAUTH_TOKEN ? "grant_type" : "token";
    json_key(w, "requestBody");
    json_obj(w);
    json_kbool(w, "required", true);
    json_key(w, "content");
    json_obj(w);
    json_key(w, "application/x-www-form-urlencoded");
    json_obj(w);
    json_key(w, "schema");
    json_obj(w);
    json_kstr(w, "type", "object");
    json_key(w, "required");
    json_arr(w);
    json_cstr(w, required);
    json_arr_end(w);
    json_key(w, "properties");
    json_obj(w);
    json_key(w, required);
    json_obj(w);
    json_kstr(w, "type", "string");
    json_obj_end(w);
    json_obj_end(w);
    json_obj_end(w);
    json_obj_end(w);
    json_obj_end(w);
    json_obj_end(w);
}

static void add_security(struct json_writer *w, const char *const *names, size_t n)
{
    json_key(w, "security");
    json_arr(w);
    for (size_t i = 0; i < n; i++) {
        json_obj(w);
        json_key(w, names[i]);
        json_arr(w);
        json_arr_end(w);
        json_obj_end(w);
    }
    json_arr_end(w);
}

static void add_operation(struct json_writer *w, enum route r)
{
    static const char *const api[] = {"DigestAuth", "ServiceAccounts"}, *const oauth[] = {"ClientCredentials"};
    static const char *const names[] = {[METHOD_GET] = "get",
                                        [METHOD_POST] = "post",
                                        [METHOD_PUT] = "put",
                                        [METHOD_PATCH] = "patch",
                                        [METHOD_DELETE] = "delete"};
    const struct route_row *row = route_row(r);
    ASSERT((size_t)row->method < ARRAY_LEN(names) && names[row->method]);
    json_key(w, names[row->method]);
    json_obj(w);
    json_kstr(w, "operationId", row->operation);
    json_kstr(w, "summary", row->summary);
    add_params(w, r);
    if (is_oauth(row)) {
        add_form_body(w, r);
        add_security(w, oauth, ARRAY_LEN(oauth));
    } else {
        if (row->flags & ROUTE_BODY) add_json_body(w, r);
        add_security(w, api, row->flags & ROUTE_OPEN ? 0 : ARRAY_LEN(api));
    }
    add_responses(w, r);
    json_obj_end(w);
}

static bool same_path(int a, int b)
{
    return strcmp(route_row((enum route)a)->template, route_row((enum route)b)->template) == 0;
}

// A path stands once, with all its methods, where its first route stands.
static void add_path(struct json_writer *w, int first)
{
    for (int i = 0; i < first; i++)
        if (same_path(i, first)) return;
    json_key(w, route_row((enum route)first)->template);
    json_obj(w);
    for (int i = first; i < ROUTE_COUNT_; i++)
        if (same_path(i, first)) add_operation(w, (enum route)i);
    json_obj_end(w);
}

static void copy_value(struct json_writer *w, const struct json_value *v)
{
    void *iter = NULL;
    struct slice key;
    const struct json_value *member;
    switch (json_type(v)) {
    case JSON_OBJECT:
        json_obj(w);
        while (json_object_next(v, &iter, &key, &member)) {
            char name[128];
            ASSERT(slice_copy(key, name, sizeof name)); // our own file
            json_key(w, name);
            copy_value(w, member);
        }
        json_obj_end(w);
        return;
    case JSON_ARRAY:
        json_arr(w);
        for (size_t i = 0; i < json_array_len(v); i++) copy_value(w, json_array_at(v, i));
        json_arr_end(w);
        return;
    case JSON_STRING:
        json_str(w, json_string(v));
        return;
    case JSON_INT:
        json_int(w, json_integer(v));
        return;
    case JSON_TRUE:
    case JSON_FALSE:
        json_bool(w, json_type(v) == JSON_TRUE);
        return;
    default:
        json_null(w);
    }
}

static void add_array_of(struct json_writer *w, const char *key, const char *item)
{
    json_key(w, key);
    json_obj(w);
    json_kstr(w, "type", "array");
    json_key(w, "items");
    add_ref(w, "schemas", item);
    json_obj_end(w);
}

static void add_paginated(struct json_writer *w, const char *item)
{
    char name[96];
    struct buf b = {.p = name, .cap = sizeof name, .max = sizeof name - 1};
    buf_fmt(&b, "Paginated%s", item);
    name[b.n] = '\0';
    json_key(w, name);
    json_obj(w);
    json_kstr(w, "type", "object");
    json_kbool(w, "additionalProperties", false);
    json_key(w, "required");
    json_arr(w);
    json_cstr(w, "links");
    json_cstr(w, "results");
    json_cstr(w, "totalCount");
    json_arr_end(w);
    json_key(w, "properties");
    json_obj(w);
    add_array_of(w, "links", "Link");
    add_array_of(w, "results", item);
    json_key(w, "status");
    json_obj(w);
    json_kstr(w, "type", "integer");
    json_obj_end(w);
    json_key(w, "totalCount");
    json_obj(w);
    json_kstr(w, "type", "integer");
    json_kint(w, "minimum", 0);
    json_obj_end(w);
    json_obj_end(w);
    json_obj_end(w);
}

static bool listed_before(enum route r)
{
    for (int i = 0; i < (int)r; i++)
        if (responses[i].is_list && strcmp(responses[i].schema, responses[r].schema) == 0) return true;
    return false;
}

static void add_schemas(struct json_writer *w)
{
    struct json_doc *doc;
    struct error err;
    ASSERT(json_read(slice_n(spec_schemas, spec_schemas_len), 1 << 20, &doc, &err) == ERR_OK);
    void *iter = NULL;
    struct slice key;
    const struct json_value *member;
    json_key(w, "schemas");
    json_obj(w);
    while (json_object_next(json_root(doc), &iter, &key, &member)) {
        char name[96];
        ASSERT(slice_copy(key, name, sizeof name));
        json_key(w, name);
        copy_value(w, member);
    }
    for (int i = 0; i < ROUTE_COUNT_; i++)
        if (responses[i].is_list && !listed_before((enum route)i)) add_paginated(w, responses[i].schema);
    // A 401 comes from the authentication layer or from a role check: two shapes, as recorded.
    json_key(w, "Unauthorized");
    json_obj(w);
    json_key(w, "oneOf");
    json_arr(w);
    add_ref(w, "schemas", "ApiError");
    add_ref(w, "schemas", "AuthenticationError");
    json_arr_end(w);
    json_obj_end(w);
    json_obj_end(w);
    json_doc_free(doc);
}

static void add_scheme(struct json_writer *w, const char *name, const char *scheme)
{
    json_key(w, name);
    json_obj(w);
    json_kstr(w, "type", "http");
    json_kstr(w, "scheme", scheme);
    json_obj_end(w);
}

void api_openapi(struct buf *out, const char *public_url)
{
    struct json_writer w;
    json_begin(&w, out, true);
    json_obj(&w);
    json_kstr(&w, "openapi", "3.0.3");
    json_key(&w, "info");
    json_obj(&w);
    json_kstr(&w, "title", "Peerage");
    json_kstr(&w, "version", PEERAGE_VERSION);
    json_obj_end(&w);
    json_key(&w, "servers");
    json_arr(&w);
    json_obj(&w);
    json_kstr(&w, "url", public_url);
    json_obj_end(&w);
    json_arr_end(&w);
    json_key(&w, "paths");
    json_obj(&w);
    for (int i = 0; i < ROUTE_COUNT_; i++) add_path(&w, i);
    json_obj_end(&w);
    json_key(&w, "components");
    json_obj(&w);
    json_key(&w, "securitySchemes");
    json_obj(&w);
    add_scheme(&w, "DigestAuth", "digest");
    add_scheme(&w, "ServiceAccounts", "bearer");
    add_scheme(&w, "ClientCredentials", "basic");
    json_obj_end(&w);
    add_schemas(&w);
    json_obj_end(&w);
    json_obj_end(&w);
}
