// SPDX-License-Identifier: Apache-2.0
// Runs a row of the table of resource commands: path, query and body from the command line, the request, the answer.
// Called by: cli.c for every command with a row. Must never: judge what the server judges, or ask for a second page
// before the first was whole.
#include "cli/resource.h"

#include <string.h>

#include "base/encode.h"
#include "base/json.h"
#include "base/mem.h"

#define TARGET_MAX ((size_t)8 << 10)
#define BODY_MAX   ((size_t)1 << 20)
#define PAGES_MAX  20000 // of 500 rows
#define PAGE_ALL   500
#define ANSWER_MAX ((size_t)64 << 20)

struct resource_call {
    struct cmd_ctx *c;
    const struct resource *r;
    struct api_client *x;
    const struct route_row *route;
    unsigned operand;             // the next one for a path parameter
    const char *org, *credential; // found by the name of a credential; NULL = not looked for
    struct buf target, body;
};

// ---- values of the command line ---------------------------------------------------------------------------

static const char *value_of(const struct cmd_ctx *c, const struct bind *b, unsigned *pos)
{
    if (b->flag) return arg_next(c->args, b->flag, pos);
    const char *text = *pos == 0 && b->operand < c->args->operand_count ? c->args->operands[b->operand] : NULL;
    *pos = 1;
    return text;
}

static enum err bad_value(const struct bind *b, const char *text, const char *want, struct error *err)
{
    return error_set(err, ERR_INVALID, "--%s %.60s: give %s", b->flag ? b->flag : b->name, text, want);
}

static enum err put_value(struct json_writer *w, const struct bind *b, const char *text, struct error *err)
{
    int64_t n;
    bool on = strcmp(text, "on") == 0;
    switch (b->as) {
    case AS_NUMBER:
        if (!slice_i64(slice_of(text), INT64_MIN, INT64_MAX, &n)) return bad_value(b, text, "a whole number", err);
        json_int(w, n);
        break;
    case AS_SWITCH:
        json_bool(w, true);
        break;
    case AS_ON_OFF:
        if (!on && strcmp(text, "off") != 0) return bad_value(b, text, "on or off", err);
        json_bool(w, on);
        break;
    default:
        json_cstr(w, text);
    }
    return ERR_OK;
}

static enum err put_member(struct resource_call *q, struct json_writer *w, const struct bind *b, struct error *err)
{
    unsigned pos = 0;
    const char *text = value_of(q->c, b, &pos);
    if (b->as == AS_ORG && api_org(q->c, q->x, &text, err) != ERR_OK) return err->code;
    if (!text) text = b->unset;
    if (!text) return ERR_OK;
    json_key(w, b->name);
    if (b->as != AS_TEXTS && b->as != AS_ROLES) return put_value(w, b, text, err);
    json_arr(w);
    for (; text; text = value_of(q->c, b, &pos)) {
        enum role role;
        if (b->as == AS_ROLES && pick_role(text, &role, err) != ERR_OK) return err->code;
        json_cstr(w, text);
    }
    json_arr_end(w);
    return ERR_OK;
}

static enum err make_body(struct resource_call *q, struct error *err)
{
    struct json_writer w;
    if (!(q->route->flags & ROUTE_BODY)) return ERR_OK;
    json_begin(&w, &q->body, false);
    if (q->r->body) {
        q->r->body(q->c, &w);
    } else {
        json_obj(&w);
        for (const struct bind *b = q->r->binds; b && b->name; b++)
            if (b->to == TO_BODY && put_member(q, &w, b, err) != ERR_OK) return err->code;
        json_obj_end(&w);
    }
    return q->body.fail ? error_set(err, ERR_TOO_LARGE, "what is to be sent is too long") : ERR_OK;
}

// ---- path and query ---------------------------------------------------------------------------------------

static bool is_id(const char *text)
{
    struct oid id;
    return oid_parse(slice_of(text), &id);
}

static const char *next_operand(struct resource_call *q)
{
    const struct args *a = q->c->args;
    return q->operand < a->operand_count ? a->operands[q->operand++] : "";
}

static enum err scope_of(struct resource_call *q, const char **ret, struct error *err)
{
    bool project = q->route->flags & ROUTE_GROUP;
    if (q->org && !project) {
        *ret = q->org;
        return ERR_OK;
    }
    if (!q->r->scope) return project ? api_project(q->c, q->x, ret, err) : api_org(q->c, q->x, ret, err);
    *ret = next_operand(q);
    return project ? api_project_named(q->c, q->x, *ret, ret, err) : ERR_OK;
}

// A credential that is named as people know it says which organisation is meant.
static enum err find_credential(struct resource_call *q, struct error *err)
{
    const struct args *a = q->c->args;
    bool wanted = strstr(q->route->template, "{apiUserId}") || strstr(q->route->template, "{clientId}");
    if (!wanted || a->operand_count == 0 || is_id(a->operands[0])) return ERR_OK;
    return api_credential(q->c, q->x, a->operands[0], &q->org, &q->credential, err);
}

static enum err put_parameter(struct resource_call *q, struct slice name, struct error *err)
{
    const char *text;
    if (slice_eq_cstr(name, "orgId") || slice_eq_cstr(name, "groupId")) {
        if (scope_of(q, &text, err) != ERR_OK) return err->code;
    } else {
        text = next_operand(q);
        if (q->credential && (slice_eq_cstr(name, "apiUserId") || slice_eq_cstr(name, "clientId")))
            text = q->credential;
    }
    percent_encode(&q->target, slice_of(text));
    return ERR_OK;
}

static enum err make_path(struct resource_call *q, struct error *err)
{
    struct slice rest = slice_of(q->route->template), before, name;
    if (find_credential(q, err) != ERR_OK) return err->code;
    while (slice_cut(&rest, '{', &before)) {
        buf_slice(&q->target, before);
        (void)slice_cut(&rest, '}', &name);
        if (put_parameter(q, name, err) != ERR_OK) return err->code;
    }
    buf_slice(&q->target, before);
    return ERR_OK;
}

static void put_query(struct resource_call *q, const char *name, const char *value)
{
    buf_char(&q->target, q->target.n && memchr(q->target.p, '?', q->target.n) ? '&' : '?');
    buf_fmt(&q->target, "%s=", name);
    percent_encode(&q->target, slice_of(value));
}

static enum err make_query(struct resource_call *q, struct error *err)
{
    for (const struct bind *b = q->r->binds; b && b->name; b++) {
        unsigned pos = 0;
        if (b->to != TO_QUERY) continue;
        const char *text = value_of(q->c, b, &pos);
        if (text && b->as == AS_PROJECT && api_project_named(q->c, q->x, text, &text, err) != ERR_OK) return err->code;
        if (!text && b->unset) put_query(q, b->name, b->unset);
        for (; text; text = value_of(q->c, b, &pos)) put_query(q, b->name, b->as == AS_SWITCH ? "true" : text);
    }
    return q->target.fail ? error_set(err, ERR_TOO_LARGE, "what is asked for is too long") : ERR_OK;
}

// ---- lists ------------------------------------------------------------------------------------------------

struct listing {
    struct table table;     // for people
    struct json_writer all; // for programs, with --all
    size_t rows;
    uint64_t total;
};

static const char *page_target(struct resource_call *q, unsigned number, unsigned size)
{
    bool has_query = memchr(q->target.p, '?', q->target.n) != NULL;
    return arena_fmt(q->c->arena, "%.*s%citemsPerPage=%u&pageNum=%u", SLICE_FMT(buf_view(&q->target)),
                     has_query ? '&' : '?', size, number);
}

static void take_rows(struct resource_call *q, struct listing *l, const struct json_value *results)
{
    const struct resource *r = q->r;
    for (size_t i = 0; i < json_array_len(results); i++) {
        const struct json_value *v = json_array_at(results, i);
        if (q->c->json)
            show_json(&l->all, v);
        else
            for (unsigned k = 0; k < r->n_columns; k++)
                table_slice(&l->table, show_value(q->c->arena, v, r->columns[k].key));
    }
    l->rows += json_array_len(results);
}

static enum err every_page(struct resource_call *q, struct listing *l, struct error *err)
{
    struct json_doc *doc;
    for (unsigned page = 1; page <= PAGES_MAX; page++) {
        const char *target = page_target(q, page, PAGE_ALL);
        struct arena *a CLEANUP(arena_freep) = arena_new(ANSWER_MAX); // a page's text goes as soon as it is read
        if (!target || !a) return error_set(err, ERR_NOMEM, "out of memory");
        if (api_call(q->x, "GET", target, (struct slice){NULL, 0}, a, &doc, err) != ERR_OK) return err->code;
        const struct json_value *results = json_get(json_root(doc), "results");
        size_t n = json_array_len(results);
        l->total = (uint64_t)json_integer(json_get(json_root(doc), "totalCount"));
        take_rows(q, l, results);
        json_doc_free(doc);
        if (n < PAGE_ALL) return ERR_OK;
    }
    return error_set(err, ERR_TOO_LARGE, "there are more than %d rows; ask for fewer", PAGES_MAX * PAGE_ALL);
}

static int list_all(struct resource_call *q)
{
    struct listing l = {.rows = 0};
    struct error err;
    struct cmd_ctx *c = q->c;
    table_begin(&l.table, c, q->r->columns, q->r->n_columns);
    json_begin(&l.all, c->out, true);
    if (c->json) {
        json_obj(&l.all);
        json_key(&l.all, "results");
        json_arr(&l.all);
    }
    if (every_page(q, &l, &err) != ERR_OK) {
        table_drop(&l.table);
        buf_clear(c->out); // half a list would look whole
        return cmd_fail(c, &err);
    }
    if (!c->json) return table_end(&l.table);
    table_drop(&l.table);
    json_arr_end(&l.all);
    json_kint(&l.all, "totalCount", (int64_t)l.rows);
    json_obj_end(&l.all);
    buf_char(c->out, '\n');
    return c->out->fail ? EX_SOFTWARE : EX_OK;
}

static int show_page(struct resource_call *q, const struct json_value *answer)
{
    struct listing l = {.rows = 0};
    struct cmd_ctx *c = q->c;
    if (c->json) return show_one(c, q->r, answer);
    table_begin(&l.table, c, q->r->columns, q->r->n_columns);
    // Some lists of Atlas are bare arrays.
    take_rows(q, &l, json_type(answer) == JSON_ARRAY ? answer : json_get(answer, "results"));
    uint64_t total = (uint64_t)json_integer(json_get(answer, "totalCount"));
    int code = table_end(&l.table);
    if (code == EX_OK && total > l.rows)
        buf_fmt(c->out, "%zu of %llu; --page-num, --items-per-page and --all show more\n", l.rows,
                (unsigned long long)total);
    return code;
}

static enum err add_page(struct resource_call *q, struct error *err)
{
    struct page page;
    if (pick_page(q->c, &page, err) != ERR_OK) return err->code;
    const char *number = arg(q->c->args, "page-num"), *size = arg(q->c->args, "items-per-page");
    if (size) put_query(q, "itemsPerPage", size);
    if (number) put_query(q, "pageNum", number);
    return ERR_OK;
}

// ---- all of it --------------------------------------------------------------------------------------------

static int show_done(struct resource_call *q, const struct json_value *answer)
{
    const struct args *a = q->c->args;
    if (!q->c->json) {
        buf_fmt(q->c->out, "%s: %s\n", a->operand_count ? a->operands[0] : q->c->cmd->name, q->r->done);
        return EX_OK;
    }
    if (answer) return show_one(q->c, q->r, answer);
    buf_lit(q->c->out, "{ }\n");
    return EX_OK;
}

static int send_and_show(struct resource_call *q)
{
    struct json_doc *doc;
    struct error err;
    const struct resource *r = q->r;
    const char *target = arena_strndup(q->c->arena, q->target.p, q->target.n);
    if (!target) return EX_OSERR;
    if (api_call(q->x, method_name(q->route->method), target, buf_view(&q->body), q->c->arena, &doc, &err) != ERR_OK)
        return cmd_fail(q->c, &err);
    const struct json_value *answer = doc ? json_root(doc) : NULL;
    int code = r->shape == SHAPE_DONE || !answer ? show_done(q, answer)
               : r->shape == SHAPE_LIST          ? show_page(q, answer)
                                                 : show_one(q->c, r, answer);
    json_doc_free(doc);
    if (code == EX_OK && r->note && !q->c->json) buf_fmt(q->c->out, "%s\n", r->note);
    return code;
}

static enum err prepare(struct resource_call *q, struct error *err)
{
    const struct resource *r = q->r;
    bool project = r->project_route && arg(q->c->args, "project");
    int route = r->choose ? r->choose(q->c) : project ? r->project_route : (int)r->route;
    q->route = route_row((enum route)route);
    if (make_body(q, err) != ERR_OK || make_path(q, err) != ERR_OK) return err->code;
    return make_query(q, err);
}

int resource_ask(struct cmd_ctx *c, const struct resource *r, struct api_client *x)
{
    struct resource_call q = {.c = c, .r = r, .x = x};
    struct error err;
    int code;
    bool all = r->shape == SHAPE_LIST && arg_on(c->args, "all");
    buf_init(&q.target, TARGET_MAX);
    buf_init(&q.body, BODY_MAX);
    if (prepare(&q, &err) != ERR_OK)
        code = cmd_fail(c, &err);
    else if (all)
        code = list_all(&q);
    else if (r->shape == SHAPE_LIST && add_page(&q, &err) != ERR_OK)
        code = cmd_usage(c, "%s", err.detail);
    else
        code = send_and_show(&q);
    if (q.body.p) mem_wipe(q.body.p, q.body.cap);
    buf_done(&q.target);
    buf_done(&q.body);
    return code;
}

int resource_run(struct cmd_ctx *c)
{
    struct api_client *x;
    struct error err;
    if (api_open(c, &x, &err) != ERR_OK) return cmd_fail(c, &err);
    int code = resource_ask(c, c->cmd->api, x);
    api_close(&x);
    return code;
}
