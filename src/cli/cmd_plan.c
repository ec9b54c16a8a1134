// SPDX-License-Identifier: Apache-2.0
// `peerage plan`, `apply` and `export`: organisations, projects and what is in them as a file says. Called by: cli.c.
// Must never: do what it has not shown, go on after a failure, or show or take a secret.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/file.h"
#include "base/mem.h"
#include "cli/look.h"
#include "net/crypto.h"

#define EX_CHANGES  2 // plan: there is something to do
#define SHOWN_MAX   ((size_t)48 << 20)
#define DIGEST_HEX  33
#define ANSWER_MAX  16
#define ANSWER_ROOM ((size_t)66 << 20)

struct planned {
    struct decl_plan plan;
    char digest[DIGEST_HEX];
};

// ---- planning ---------------------------------------------------------------------------------------------

static enum err make_digest(struct cmd_ctx *c, struct planned *p, struct error *err)
{
    struct buf b;
    uint8_t sum[32];
    if (crypto_init(err) != ERR_OK) return err->code;
    buf_init(&b, SHOWN_MAX);
    decl_show_json(&b, c->arena, &p->plan);
    const struct slice text = buf_view(&b);
    bool whole = !b.fail;
    crypto_sha256(&text, 1, sum);
    buf_done(&b);
    hex_encode(sum, sizeof sum / 2, p->digest);
    return whole ? ERR_OK : error_set(err, ERR_TOO_LARGE, "the plan is too long; divide the file");
}

// Reads the file anew each time: matching leaves its marks on the tree.
static enum err plan_with(struct cmd_ctx *c, struct api_client *x, struct slice text, struct planned *ret,
                          struct error *err)
{
    struct decl_item *want, *have;
    const struct decl_plan_options o = {.now = clock_wall(&clock_system), .may_make_orgs = !api_is_remote(x)};
    if (decl_read(c->arena, text, &want, err) != ERR_OK || look(c, x, want, &have, err) != ERR_OK ||
        decl_plan(c->arena, want, have, &o, &ret->plan, err) != ERR_OK)
        return err->code;
    return make_digest(c, ret, err);
}

static enum err read_text(struct cmd_ctx *c, struct slice *ret, struct error *err)
{
    const char *path = c->args->operands[0];
    struct buf text;
    if (file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, DECL_FILE_MAX, &text, err) != ERR_OK) return err->code;
    *ret = arena_slice(c->arena, buf_view(&text));
    bool fits = ret->p || text.n == 0;
    buf_done(&text);
    return fits ? ERR_OK : error_set(err, ERR_NOMEM, "out of memory");
}

// A file that is wrong in itself asks nobody.
static enum err read_and_check(struct cmd_ctx *c, struct slice *ret, struct error *err)
{
    struct decl_item *want;
    if (read_text(c, ret, err) != ERR_OK) return err->code;
    return decl_read(c->arena, *ret, &want, err);
}

static int fail_at(struct cmd_ctx *c, struct error *err)
{
    const char *path = c->args->operands[0];
    if (strncmp(err->detail, "line ", 5) == 0 || strncmp(err->detail, "byte ", 5) == 0)
        (void)error_prefix(err, "%.100s", strcmp(path, "-") == 0 ? "standard input" : path);
    return cmd_fail(c, err);
}

static void show_json(struct cmd_ctx *c, const struct planned *p, size_t done, bool applied)
{
    buf_fmt(c->out, "{\"digest\":\"%s\",", p->digest);
    if (applied) buf_fmt(c->out, "\"done\":%zu,", done);
    decl_show_json(c->out, c->arena, &p->plan);
    buf_str(c->out, "}\n");
}

static int run_plan(struct cmd_ctx *c)
{
    struct api_client *x;
    struct planned p;
    struct slice text;
    struct error err;
    if (read_and_check(c, &text, &err) != ERR_OK) return fail_at(c, &err);
    if (api_open(c, &x, &err) != ERR_OK) return cmd_fail(c, &err);
    enum err code = plan_with(c, x, text, &p, &err);
    api_close(&x);
    if (code != ERR_OK) return fail_at(c, &err);
    if (c->json)
        show_json(c, &p, 0, false);
    else
        decl_show_text(c->out, c->arena, &p.plan);
    if (p.plan.n == 0) return EX_OK;
    if (!c->json) buf_fmt(c->out, "digest %s: `peerage apply --expect` does exactly this or nothing\n", p.digest);
    return EX_CHANGES;
}

// ---- applying ---------------------------------------------------------------------------------------------

// What was said so far, before something takes its time.
static void say(struct cmd_ctx *c)
{
    (void)cli_put_all(STDOUT_FILENO, c->out);
    buf_clear(c->out);
}

static bool is_yes(void)
{
    char answer[ANSWER_MAX];
    ssize_t n = read(STDIN_FILENO, answer, sizeof answer);
    struct slice s = slice_trim(slice_n(answer, n > 0 ? (size_t)n : 0), " \t\r\n");
    return slice_eq_cstr(s, "yes") || slice_eq_cstr(s, "y");
}

// The new id, for what comes below it.
static enum err take_id(struct cmd_ctx *c, const struct decl_request *q, struct slice body, struct decl_item *want,
                        struct error *err)
{
    struct json_doc *doc;
    if (!q->id_in) return ERR_OK;
    if (json_read(body, ANSWER_ROOM, &doc, err) != ERR_OK)
        return error_set(err, ERR_PROTOCOL, "it is made, but the answer is no JSON");
    const struct json_value *in = *q->id_in ? json_get(json_root(doc), q->id_in) : json_root(doc);
    struct slice id = json_string(json_get(in, "id"));
    want->id = id.n ? arena_slice(c->arena, id) : id;
    json_doc_free(doc);
    return want->id.n ? ERR_OK : error_set(err, ERR_PROTOCOL, "it is made, but the answer has no id");
}

static enum err do_step(struct cmd_ctx *c, struct api_client *x, const struct decl_step *s, struct error *err)
{
    struct decl_request q[DECL_REQUESTS_MAX];
    struct api_reply reply;
    unsigned n;
    if (decl_requests(c->arena, s, q, &n, err) != ERR_OK) return err->code;
    for (unsigned k = 0; k < n; k++) {
        if (api_ask(x, q[k].method, q[k].target, q[k].body, c->arena, &reply, err) != ERR_OK ||
            api_check(&reply, err) != ERR_OK)
            return err->code;
        enum err code = take_id(c, &q[k], reply.body, s->want, err);
        if (reply.body.n) mem_wipe((char *)(uintptr_t)reply.body.p, reply.body.n); // a webhook's has its secret
        if (code != ERR_OK) return code;
    }
    return ERR_OK;
}

static void tell_rest(struct cmd_ctx *c, const struct decl_plan *p, size_t done)
{
    buf_fmt(c->err, "peerage: %zu of %zu done; this one failed, and what follows is not done:\n", done, p->n);
    for (size_t i = done; i < p->n; i++) {
        buf_str(c->err, "  ");
        decl_show_step(c->err, c->arena, &p->steps[i]);
    }
    buf_str(c->err, "peerage: run it again to go on from there\n");
}

static int do_steps(struct cmd_ctx *c, struct api_client *x, const struct planned *p)
{
    struct error err = {.code = ERR_OK};
    size_t done = 0;
    while (done < p->plan.n && do_step(c, x, &p->plan.steps[done], &err) == ERR_OK) {
        if (!c->json) {
            buf_fmt(c->out, "done %zu/%zu ", done + 1, p->plan.n);
            decl_show_step(c->out, c->arena, &p->plan.steps[done]);
            say(c);
        }
        done++;
    }
    if (c->json) show_json(c, p, done, true);
    if (done == p->plan.n) return EX_OK;
    int code = cmd_fail(c, &err);
    tell_rest(c, &p->plan, done);
    return code;
}

static int changed_meanwhile(struct cmd_ctx *c, const struct planned *now, const char *expected)
{
    struct error err;
    (void)error_set(&err, ERR_CONFLICT,
                    "nothing is done: the plan now has digest %s, not %.40s; something changed meanwhile, look again "
                    "with `peerage plan`",
                    now->digest, expected);
    return cmd_fail(c, &err);
}

// Asks, while nothing is held open, and plans again: what was agreed to is what is done.
static int ask_and_do(struct cmd_ctx *c, struct slice text, const struct planned *shown)
{
    struct api_client *x;
    struct planned p;
    struct error err;
    buf_fmt(c->out, "Do this? Type yes: ");
    say(c);
    if (!is_yes()) {
        buf_str(c->err, "peerage: nothing is done\n");
        return EX_CHANGES;
    }
    if (api_open(c, &x, &err) != ERR_OK) return cmd_fail(c, &err);
    int code;
    if (plan_with(c, x, text, &p, &err) != ERR_OK)
        code = fail_at(c, &err);
    else if (strcmp(p.digest, shown->digest) != 0)
        code = changed_meanwhile(c, &p, shown->digest);
    else
        code = do_steps(c, x, &p);
    api_close(&x);
    return code;
}

static int apply_now(struct cmd_ctx *c, struct slice text, bool yes)
{
    const char *expected = arg(c->args, "expect");
    struct api_client *x;
    struct planned p;
    struct error err;
    if (api_open(c, &x, &err) != ERR_OK) return cmd_fail(c, &err);
    int code = -1;
    if (plan_with(c, x, text, &p, &err) != ERR_OK) {
        code = fail_at(c, &err);
    } else if (p.plan.n && expected && strcmp(p.digest, expected) != 0) {
        code = changed_meanwhile(c, &p, expected);
    } else {
        if (!c->json) decl_show_text(c->out, c->arena, &p.plan);
        if (p.plan.n == 0 || yes) code = do_steps(c, x, &p);
    }
    api_close(&x);
    return code >= 0 ? code : ask_and_do(c, text, &p);
}

static int run_apply(struct cmd_ctx *c)
{
    bool yes = arg_on(c->args, "yes"), from_stdin = strcmp(c->args->operands[0], "-") == 0;
    struct slice text;
    struct error err;
    if (!yes && (c->json || from_stdin || !isatty(STDIN_FILENO)))
        return cmd_usage(c, "nobody can be asked here: look at `peerage plan`, then give --yes, best with --expect");
    if (read_and_check(c, &text, &err) != ERR_OK) return fail_at(c, &err);
    return apply_now(c, text, yes);
}

// ---- export -----------------------------------------------------------------------------------------------

static int run_export(struct cmd_ctx *c)
{
    struct api_client *x;
    struct decl_item *have;
    struct error err;
    if (api_open(c, &x, &err) != ERR_OK) return cmd_fail(c, &err);
    enum err code = look(c, x, NULL, &have, &err);
    api_close(&x);
    if (code != ERR_OK) return cmd_fail(c, &err);
    decl_write(c->out, c->arena, have);
    return EX_OK;
}

#define FILE_FORM "FILE is YAML or JSON; - is standard input. docs/declarative.md says what can stand in it.\n"
static const struct cmd_flag apply_flags[] = {
    {"yes", NULL, "do not ask", false, false},
    {"expect", "DIGEST", "only if the plan is the one that `peerage plan` showed", false, false},
    {NULL},
};
const struct cmd cmd_plan = {
    .name = "plan",
    .operands = "FILE",
    .min = 1,
    .max = 1,
    .summary = "show what would make things as a file says",
    .detail = FILE_FORM
    "Nothing is changed. What the file does not mention is left alone; only what says \"delete: true\" is\n"
    "deleted. Exit code 0: nothing to do. 2: there are changes.",
    .traits = CMD_CONFIG | CMD_REMOTE | CMD_JSON,
    .run = run_plan};
const struct cmd cmd_apply = {
    .name = "apply",
    .operands = "FILE",
    .min = 1,
    .max = 1,
    .summary = "make things as a file says, after showing the plan and asking",
    .detail = FILE_FORM "It stops at the first failure and says what is done; running it again goes on from there.",
    .flags = apply_flags,
    .traits = CMD_CONFIG | CMD_REMOTE | CMD_JSON,
    .run = run_apply};
const struct cmd cmd_export = {.name = "export",
                               .summary = "write what there is as a file for `peerage plan`",
                               .detail =
                                   "All that the caller may see, without what is at its default, and without secrets.",
                               .traits = CMD_CONFIG | CMD_REMOTE,
                               .run = run_export};
