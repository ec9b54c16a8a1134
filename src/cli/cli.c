// SPDX-License-Identifier: Apache-2.0
// From argv to a command's function, and its output to stdout and stderr. Called by: main.c, app's admin socket.
// Must never: know what a command does.
#include "cli/cli.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/lock.h"
#include "base/mem.h"
#include "cli/cmd.h"

#define OUT_MAX   ((size_t)64 << 20)
#define ARENA_MAX ((size_t)128 << 20)

bool cli_put_all(int fd, const struct buf *b)
{
    size_t at = 0;
    while (at < b->n) {
        ssize_t n = write(fd, b->p + at, b->n - at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        at += (size_t)n;
    }
    return true;
}

void cli_pause(int64_t ns)
{
    struct lock lock;
    struct cond never;
    lock_init(&lock, "pause");
    cond_init(&never);
    lock_take(&lock);
    (void)cond_wait_for(&never, &lock, ns);
    lock_drop(&lock);
    cond_done(&never);
    lock_done(&lock);
}

static void wipe(struct buf *b)
{
    if (b->p) mem_wipe(b->p, b->cap); // fresh secrets are printed from here
    buf_done(b);
}

static int run_parsed(const struct cmd *cmd, int argc, char **argv, struct services *sv, struct buf *out,
                      struct buf *errout)
{
    struct args args;
    struct error err;
    struct cmd_ctx c = {.cmd = cmd, .args = &args, .sv = sv, .out = out, .err = errout};
    if (args_parse(cmd, argc, argv, &args, &err) != ERR_OK) {
        buf_fmt(errout, "peerage %s: %s\n", cmd->name, err.detail);
        return EX_USAGE;
    }
    if (args.help) {
        help_cmd(cmd, out);
        return EX_OK;
    }
    c.json = arg_on(&args, "json");
    c.arena = arena_new(ARENA_MAX);
    if (!c.arena) return EX_OSERR;
    int code = (cmd->traits & CMD_SERVICE) && !sv ? service_run(&c) : cmd->run(&c);
    arena_free(c.arena);
    return code;
}

int cli_service_command(void *ctx, struct services *sv, int argc, char **argv, struct buf *out, struct buf *errout)
{
    int words = 0;
    const struct cmd *cmd = cmd_find(argc, argv, &words);
    if (!cmd || !(cmd->traits & CMD_SERVICE)) {
        buf_fmt(errout, "peerage: the daemon knows no command \"%.60s\"; is it of another version?\n", argv[0]);
        return EX_USAGE;
    }
    return run_parsed(cmd, argc - words, argv + words, sv, out, errout);
}

static int dispatch(int argc, char **argv, struct buf *out, struct buf *errout)
{
    int words = 0;
    if (argc < 2) {
        help_all(errout);
        return EX_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        help_all(out);
        return EX_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        buf_lit(out, "peerage " PEERAGE_VERSION "\n");
        return EX_OK;
    }
    const struct cmd *cmd = cmd_find(argc - 1, argv + 1, &words);
    if (!cmd) {
        cmd_suggest(argc - 1, argv + 1, errout);
        return EX_USAGE;
    }
    return run_parsed(cmd, argc - 1 - words, argv + 1 + words, NULL, out, errout);
}

// Whoever crashes here holds secrets, the daemon everybody's: no core file is left. Where the limit may not be set
// (a sandbox forbids the call), the service's own stands.
static void leave_no_core(void)
{
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

int cli_main(int argc, char **argv)
{
    struct buf out, errout;
    leave_no_core();
    buf_init(&out, OUT_MAX);
    buf_init(&errout, OUT_MAX);
    int code = dispatch(argc, argv, &out, &errout);
    if (!cli_put_all(STDOUT_FILENO, &out) && code == EX_OK) code = EX_IOERR;
    (void)cli_put_all(STDERR_FILENO, &errout); // there is nowhere to say that this failed
    wipe(&out);
    wipe(&errout);
    return code;
}
