// SPDX-License-Identifier: Apache-2.0
// One command of the program: its name, flags, help and function, as one row. cmds.c lists all rows; parsing, help,
// suggestions and the admin socket read nothing else.
// Called by: src/cli. Must never: print a secret more than once, or write to the log.
#pragma once

#include <sysexits.h>

#include "app/app.h"

struct cmd_flag {
    const char *name;  // without the dashes; NULL ends the list
    const char *value; // what stands for its value in help; NULL = a switch
    const char *help;
    bool required, many;
};

enum {
    CMD_CONFIG = 1,   // --config FILE, --data DIR and the environment say which store
    CMD_KEYS = 2,     // every configuration key is a flag too
    CMD_JSON = 4,     // --json
    CMD_SERVICE = 8,  // runs inside the daemon when there is one, else with the store's lock
    CMD_PATH = 16,    // the operand is a path: made absolute before it goes to the daemon
    CMD_HIDDEN = 32,  // internal half of another command
    CMD_REMOTE = 128, // with CMD_CONFIG: asks the API (ask.h), of the server that --profile or the environment names
    CMD_TEXT =
        64, // CMD_SERVICE: the operand is a file, or - for standard input, that is read here: run() gets its text
};

struct args;
struct resource;
struct cmd_ctx {
    const struct cmd *cmd;
    const struct args *args;
    struct services *sv;   // CMD_SERVICE only
    struct buf *out, *err; // what goes to stdout and stderr
    struct arena *arena;   // until the command ends
    bool json;
};

struct cmd {
    const char *name;     // "network add"
    const char *operands; // "FILE"; NULL = none
    unsigned min, max;    // how many operands
    const char *summary;  // one line, without a full stop
    const char *detail;   // more, or NULL
    const struct cmd_flag *flags;
    unsigned traits;
    int (*run)(struct cmd_ctx *c); // exit code of sysexits.h
    const struct resource *api;    // a row of resource.h: what it asks the API; NULL = run() knows
};
extern const struct cmd *const cmds[];
extern const unsigned cmd_count;

// ---- cli.c
bool cli_put_all(int fd, const struct buf *b); // writes all of it; false: nobody reads any more
void cli_pause(int64_t ns);                    // real time: between two looks of a command that follows something
// app_command_fn of the daemon: only CMD_SERVICE commands.
int cli_service_command(void *ctx, struct services *sv, int argc, char **argv, struct buf *out, struct buf *errout);

// ---- args.c
#define ARGS_MAX 64
struct args {
    const struct cmd *cmd;
    const char *names[ARGS_MAX]; // of the table, or of config.c with '_'
    const char *values[ARGS_MAX];
    bool is_key[ARGS_MAX]; // a configuration key
    unsigned flag_count;
    const char *operands[ARGS_MAX];
    unsigned operand_count;
    bool help;
};
extern const char args_on[]; // the value of a switch that was given
// argv: what follows the command's name. Values point into argv. ERR_INVALID says what is wrong, with the
// closest flag.
enum err args_parse(const struct cmd *cmd, int argc, char **argv, struct args *ret, struct error *err) MUST_CHECK;
// The command's own flags and those that its traits bring; how many lists (1 to 4).
unsigned cmd_flag_lists(const struct cmd *cmd, const struct cmd_flag *ret[4]);
const char *arg(const struct args *a, const char *name);                     // the last value, or NULL
bool arg_on(const struct args *a, const char *name);                         // a switch was given
const char *arg_next(const struct args *a, const char *name, unsigned *pos); // *pos starts at 0; NULL at the end
// A number flag, or `def` when it is absent.
enum err arg_number(const struct args *a, const char *name, int64_t min, int64_t max, int64_t def, int64_t *ret,
                    struct error *err) MUST_CHECK;

// ---- help.c
void help_all(struct buf *out);
void help_cmd(const struct cmd *cmd, struct buf *out);
const struct cmd *cmd_find(int argc, char **argv, int *ret_words); // NULL: no such command
void cmd_suggest(int argc, char **argv, struct buf *out);          // for an unknown one

// ---- where.c
// The configuration that the command line names: --config, else --data (no file), else PEERAGE_CFG_…, else
// /etc/peerage/peerage.conf, else ./.peerage of `peerage dev`.
enum err cli_config(const struct args *args, struct arena *a, struct config *ret, struct error *err) MUST_CHECK;
// The same with flags of our own put before the command line's; NULL-terminated.
enum err cli_config_with(const struct args *args, const char *const *more, bool system_file, struct arena *a,
                         struct config *ret, struct error *err) MUST_CHECK;
const char *cli_path_absolute(struct arena *a, const char *path);

// ---- service.c
#define CMD_TEXT_MAX ((size_t)128 << 10) // bytes of such a file
// Runs a CMD_SERVICE command through DATA/admin.sock, or here with the store's lock.
int service_run(struct cmd_ctx *c);
// Runs another CMD_SERVICE command for this one, with --json, and with those of this one's flags and operands that the
// other one has too. What it prints goes to out and errout; the exit code is its.
int service_ask(struct cmd_ctx *c, const struct cmd *cmd, struct arena *a, struct buf *out, struct buf *errout);
// The path of the admin socket, short enough for one, as app.c does it; it may lead through *ret_fd, which the caller
// closes (-1 = none). False: there is no such file.
#define SERVICE_SOCKET 108
bool service_socket(const char *data_dir, char out[SERVICE_SOCKET], int *ret_fd) MUST_CHECK;
// 0 when something answers on the admin socket of this data directory.
bool service_daemon_alive(const char *data_dir);

// ---- prompt.c
bool prompt_possible(void);        // somebody sits at a terminal
void prompt_say(const char *text); // to the terminal at once; NULL is nothing
// Asks, when somebody sits there, and reads one line of standard input in any case, a secret without showing it.
// ERR_INVALID: nothing, or too long.
enum err prompt_line(const char *question, bool hidden, char *ret, size_t cap, struct error *err) MUST_CHECK;

// ---- print.c: what commands print, as text for people or as JSON
int cmd_fail(struct cmd_ctx *c, const struct error *err); // "peerage: …" to err; the exit code for it
int cmd_usage(struct cmd_ctx *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
int exit_of(enum err e);
struct column {
    const char *key, *heading;
};
#define TABLE_COLUMNS 16
struct table {
    struct cmd_ctx *c;
    const struct column *columns;
    unsigned n, at;
    struct buf cells; // text: each ends in \0; kinds decide how JSON shows them
    struct buf kinds;
};
void table_begin(struct table *t, struct cmd_ctx *c, const struct column *columns, unsigned n);
void table_slice(struct table *t, struct slice s); // empty: "-" for people, absent in JSON
void table_str(struct table *t, const char *s);
void table_int(struct table *t, int64_t v);
void table_bool(struct table *t, bool v);
void table_time(struct table *t, struct wall w);
void table_drop(struct table *t); // instead of table_end: nothing is printed
int table_end(struct table *t);   // prints; 0, or EX_SOFTWARE when out of memory
// One thing: "Heading: value" lines, or one JSON object. `t` has one row.
int table_end_single(struct table *t);

// ---- pick.c: what most resource commands need
// --org, or the only one there is. ERR_INVALID when it is missing and there are several or none.
enum err pick_org(struct cmd_ctx *c, struct org *ret, struct error *err) MUST_CHECK;
// --project, or the only one there is.
enum err pick_project(struct cmd_ctx *c, struct group *ret, struct error *err) MUST_CHECK;
// A role's name, or ERR_INVALID with the closest one.
enum err pick_role(const char *text, enum role *ret, struct error *err) MUST_CHECK;
// --role (many) and --project as grants of an organisation: 1 or 2, sorted by scope.
enum err pick_grants(struct cmd_ctx *c, const char *org_id, struct grant ret[2], unsigned *ret_n,
                     struct error *err) MUST_CHECK;
// --page-num and --items-per-page, as the API has them.
enum err pick_page(struct cmd_ctx *c, struct page *ret, struct error *err) MUST_CHECK;
#define PAGE_FLAGS                                                                                                     \
    {"page-num", "N", "which page (1)", false, false},                                                                 \
    {                                                                                                                  \
        "items-per-page", "N", "rows of a page, up to 500 (100)", false, false                                         \
    }
// RFC 3339, or a date for its first instant in UTC.
bool pick_time(const char *text, struct wall *ret) MUST_CHECK;
// --network, or the only one of the project.
enum err pick_network(struct cmd_ctx *c, const char *group_id, struct network *ret, struct error *err) MUST_CHECK;
// The values of a flag that may be repeated, with a space between; empty when there is none.
struct slice pick_list(struct cmd_ctx *c, const char *flag);
// "ORG_OWNER@ID GROUP_OWNER@ID", in the arena.
struct slice grants_text(struct arena *a, const struct principal *p);
extern const struct cmd cmd_doctor_store;   // run by doctor, through the daemon or here
extern const struct cmd cmd_connection_get; // likewise by watch
