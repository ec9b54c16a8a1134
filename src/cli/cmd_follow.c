// SPDX-License-Identifier: Apache-2.0
// `peerage event follow`: the audit log as `event export` prints it, and then each new event as it is written.
// Called by: cli.c. Must never: skip an event or print one twice, or ask more than once a second when there is none.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/cmd.h"

#define REPLY_MAX     ((size_t)64 << 20)
#define ASK_EVERY_NS  NS_PER_SEC
#define CURSOR_DIGITS 24

extern const struct cmd cmd_event_export;

struct follow {
    struct cmd_ctx *c;
    struct args args;          // the export's: ours, and the cursor of the last line that was printed
    char after[CURSOR_DIGITS]; // as it stands there
};

// The flags of the command line, but with a cursor of our own, which moves on.
static enum err begin(struct follow *f, struct error *err)
{
    int64_t after;
    struct args *a = &f->args;
    if (arg_number(f->c->args, "after", 0, INT64_MAX, 0, &after, err) != ERR_OK) return err->code;
    *a = *f->c->args;
    a->cmd = &cmd_event_export;
    unsigned n = 0;
    for (unsigned i = 0; i < a->flag_count; i++) {
        if (!a->is_key[i] && strcmp(a->names[i], "after") == 0) continue;
        a->names[n] = a->names[i];
        a->values[n] = a->values[i];
        a->is_key[n++] = a->is_key[i];
    }
    if (n == ARGS_MAX) return error_set(err, ERR_INVALID, "more than %d flags", ARGS_MAX - 1);
    a->names[n] = "after";
    a->values[n] = f->after;
    a->is_key[n++] = false;
    a->flag_count = n;
    snprintf(f->after, sizeof f->after, "%lld", (long long)after);
    return ERR_OK;
}

static enum err take_cursor(struct follow *f, struct slice text, struct error *err)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    struct slice last = slice_trim(text, "\n");
    size_t at = last.n;
    while (at > 0 && last.p[at - 1] != '\n') at--;
    if (json_read(slice_skip(last, at), REPLY_MAX, &doc, err) != ERR_OK) return err->code;
    snprintf(f->after, sizeof f->after, "%lld", (long long)json_integer(json_get(json_root(doc), "cursor")));
    return ERR_OK;
}

// One look: what is new is printed. *ret_more: there was something.
static int look(struct follow *f, struct arena *arena, bool *ret_more)
{
    struct buf out, errout;
    struct error err;
    buf_init(&out, REPLY_MAX);
    buf_init(&errout, REPLY_MAX);
    struct cmd_ctx sub = {.cmd = &cmd_event_export, .args = &f->args, .out = &out, .err = &errout, .arena = arena};
    int code = service_run(&sub);
    buf_slice(f->c->err, buf_view(&errout));
    *ret_more = code == EX_OK && out.n > 0;
    if (*ret_more && take_cursor(f, buf_view(&out), &err) != ERR_OK) code = cmd_fail(f->c, &err);
    if (*ret_more && code == EX_OK && !cli_put_all(STDOUT_FILENO, &out)) code = EX_IOERR;
    buf_done(&out);
    buf_done(&errout);
    return code;
}

static int follow(struct cmd_ctx *c)
{
    struct follow f = {.c = c};
    struct error err;
    bool more;
    int code;
    if (begin(&f, &err) != ERR_OK) return cmd_usage(c, "%s", err.detail);
    struct arena *a = arena_new(REPLY_MAX * 2);
    if (!a) return EX_OSERR;
    while ((code = look(&f, a, &more)) == EX_OK) {
        arena_reset(a);
        if (!more) cli_pause(ASK_EVERY_NS);
    }
    arena_free(a);
    return code;
}

static const struct cmd_flag flags[] = {{"after", "CURSOR", "begin after this line's cursor (0)", false, false},
                                        {NULL}};
const struct cmd cmd_event_follow = {
    .name = "event follow",
    .summary = "print the audit log as JSON lines, and each event that comes",
    .detail =
        "Until it is interrupted or nobody reads. It ends with an error when Peerage cannot be asked; begin again\n"
        "with --after and the cursor of the last line.",
    .flags = flags,
    .traits = CMD_CONFIG,
    .run = follow};
