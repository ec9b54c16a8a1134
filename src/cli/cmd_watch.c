// SPDX-License-Identifier: Apache-2.0
// `peerage connection watch`: follows one connection, a line for each change, until it is active or ended.
// Called by: cli.c. Must never: change it, or ask more than twice a second.
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/cmd.h"
#include "model/connection.h"

#define REPLY_MAX     ((size_t)1 << 20)
#define ASK_EVERY_NS  (500 * NS_PER_MS)
#define WATCH_MAX_SEC (7 * 86400)

enum goal { GOAL_ACTIVE, GOAL_ENDED, GOAL_COUNT_ };
static const char *const goal_names[GOAL_COUNT_] = {[GOAL_ACTIVE] = "active", [GOAL_ENDED] = "ended"};

struct watch {
    struct cmd_ctx *c;
    enum goal goal;
    char shown[1024]; // the last line without its time
};

struct look { // of one answer; in its document
    struct slice cloud, local, message;
    bool listed;
};

// ---- what people and programs see of a change -------------------------------------------------------------

static void line(struct watch *w, const struct look *l, struct buf *out)
{
    char when[21];
    wall_rfc3339(clock_wall(&clock_system), when);
    if (!w->c->json) {
        buf_fmt(out, "%s  %.*s  %.*s%s%.*s\n", when, SLICE_FMT(l->cloud), SLICE_FMT(l->local), l->message.n ? "  " : "",
                SLICE_FMT(l->message));
        return;
    }
    struct json_writer j;
    json_begin(&j, out, false);
    json_obj(&j);
    json_kslice(&j, "cloudStatus", l->cloud);
    json_kslice(&j, "localStatus", l->local);
    if (l->message.n) json_kslice(&j, "statusMessage", l->message);
    json_kstr(&j, "time", when);
    json_obj_end(&j);
    buf_char(out, '\n');
}

// At once, since who watches waits for it; a reader that has gone ends the watch.
static bool show(struct watch *w, const struct look *l)
{
    char now[sizeof w->shown];
    struct buf same = {.p = now, .cap = sizeof now, .max = sizeof now - 1}, out;
    buf_fmt(&same, "%.*s %.*s %.*s", SLICE_FMT(l->cloud), SLICE_FMT(l->local),
            SLICE_FMT(slice_n(l->message.p, MIN(l->message.n, (size_t)800))));
    now[same.n] = '\0';
    if (strcmp(now, w->shown) == 0) return true;
    memcpy(w->shown, now, sizeof now);
    buf_init(&out, REPLY_MAX);
    line(w, l, &out);
    bool good = out.fail == BUF_OK && cli_put_all(STDOUT_FILENO, &out);
    buf_done(&out);
    return good;
}

// ---- when it is over --------------------------------------------------------------------------------------

static bool is_over(const struct watch *w, const struct look *l, int *ret_code)
{
    enum cloud_status cloud = cloud_status_of(l->cloud);
    bool ended = !l->listed || cloud_status_is_terminal(cloud);
    bool active = cloud == CLOUD_ACTIVE && slice_eq_cstr(l->local, local_status_name(LOCAL_ACTIVE));
    bool failed = slice_eq_cstr(l->local, local_status_name(LOCAL_UPDATE_FAILED));
    *ret_code = (w->goal == GOAL_ACTIVE ? active : ended) ? EX_OK : EX_UNAVAILABLE;
    return *ret_code == EX_OK || ended || failed;
}

static bool look(struct watch *w, struct slice text, int *ret_code)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    struct error err;
    if (json_read(text, REPLY_MAX, &doc, &err) != ERR_OK) {
        *ret_code = cmd_fail(w->c, &err);
        return true;
    }
    const struct json_value *root = json_root(doc);
    const struct look l = {json_string(json_get(root, "cloudStatus")), json_string(json_get(root, "localStatus")),
                           json_string(json_get(root, "statusMessage")),
                           json_type(json_get(root, "listed")) == JSON_TRUE};
    *ret_code = EX_IOERR;
    return !show(w, &l) || is_over(w, &l, ret_code);
}

// True: it is over, with *ret_code.
static bool ask(struct watch *w, struct arena *a, int *ret_code)
{
    struct buf out, errout;
    buf_init(&out, REPLY_MAX);
    buf_init(&errout, REPLY_MAX);
    *ret_code = service_ask(w->c, &cmd_connection_get, a, &out, &errout);
    bool over = *ret_code != EX_OK || look(w, buf_view(&out), ret_code);
    buf_slice(w->c->err, buf_view(&errout));
    buf_done(&out);
    buf_done(&errout);
    return over;
}

static int watch(struct cmd_ctx *c)
{
    struct watch w = {.c = c};
    struct error err;
    int64_t seconds;
    int code;
    const char *until = arg(c->args, "until");
    if (arg_number(c->args, "timeout", 1, WATCH_MAX_SEC, 600, &seconds, &err) != ERR_OK)
        return cmd_usage(c, "%s", err.detail);
    while (until && w.goal < GOAL_COUNT_ && strcmp(until, goal_names[w.goal]) != 0) w.goal++;
    if (w.goal == GOAL_COUNT_) return cmd_usage(c, "--until %.40s: give active or ended", until);
    struct mono end = {clock_mono(&clock_system).ns + seconds * NS_PER_SEC};
    struct arena *a = arena_new(REPLY_MAX);
    if (!a) return EX_OSERR;
    while (!ask(&w, a, &code)) {
        arena_reset(a);
        if (clock_mono(&clock_system).ns >= end.ns) {
            buf_fmt(c->err, "peerage: %s is not %s after %lld s\n", c->args->operands[0], goal_names[w.goal],
                    (long long)seconds);
            code = EX_TEMPFAIL;
            break;
        }
        cli_pause(ASK_EVERY_NS);
    }
    arena_free(a);
    return code;
}

static const struct cmd_flag flags[] = {
    {"until", "active|ended", "what to wait for (active)", false, false},
    {"timeout", "SECONDS", "give up then (600)", false, false},
    {"project", "ID", "its project (the only one)", false, false},
    {NULL},
};
const struct cmd cmd_connection_watch = {
    .name = "connection watch",
    .operands = "NAME",
    .min = 1,
    .max = 1,
    .summary = "follow a connection until it is active or ended",
    .detail =
        "A line for each change. Exit code 0 once it is what was waited for, 69 when it has become something that\n"
        "cannot turn into that (ended, or an action failed), 75 when the time is up.",
    .flags = flags,
    .traits = CMD_CONFIG | CMD_JSON,
    .run = watch};
