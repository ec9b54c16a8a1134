// SPDX-License-Identifier: Apache-2.0
// A resource command as a row: which operation of spec/routes.def it asks, where path, query and body get their values
// from, and which columns people see. resource.c does the rest for all of them, from afar and on this machine.
// Called by: resources_*.c (rows), cmd_*.c (commands that ask a row with values of their own). Must never: hold a rule
// that the server has: what is wrong, the server says.
#pragma once

#include "api/api.h"
#include "cli/ask.h"

enum bind_to { TO_QUERY, TO_BODY };
enum bind_as {
    AS_TEXT,
    AS_TEXTS,  // a flag that may be repeated: an array; in a query the parameter is repeated
    AS_ROLES,  // likewise: names of roles
    AS_NUMBER, // a whole number
    AS_SWITCH, // true when the switch is given
    AS_ON_OFF, // on or off
    AS_ORG,    // no flag of its own: the organisation that is meant (api_org)
    AS_PROJECT // a project's id or name
};
// Path parameters need none: {orgId} and {groupId} are --org and --project (api_org, api_project), or with `scope` the
// first operand; the others are the operands in their order.
struct bind {
    const char *flag; // without the dashes; NULL = operand `operand`
    unsigned operand;
    enum bind_to to;
    enum bind_as as;
    const char *name;  // parameter or attribute
    const char *unset; // what is sent when the flag is absent; NULL = nothing
};

struct resource_call;
enum shape { SHAPE_ONE, SHAPE_LIST, SHAPE_DONE };
struct resource {
    enum route route;
    int project_route;            // asked instead when --project is given; 0 = the same (no row has route 0)
    bool scope;                   // the first operand is the organisation or project
    enum shape shape;             // what a success shows: one thing, a page (with LIST_FLAGS), or only that it is done
    const struct bind *binds;     // ends with .name NULL; may be NULL
    const struct column *columns; // .key: a path through the answer, "roles.roleName", "a|b" = the first there is
    unsigned n_columns;
    const char *inside; // the member of the answer that the columns are of; NULL = the answer itself
    const char *done;   // SHAPE_DONE: "deleted"
    const char *note;   // for people, after a success
    // For what the rest cannot say; both may be NULL. `choose` gives the route. `body` writes the whole body.
    int (*choose)(const struct cmd_ctx *c);
    void (*body)(const struct cmd_ctx *c, struct json_writer *w);
};
// The run function of a command whose .api is a row: gives the exit code.
int resource_run(struct cmd_ctx *c);
// The same for a command that has opened its client already, and for a row that need not be its own.
int resource_ask(struct cmd_ctx *c, const struct resource *r, struct api_client *x);

#define LIST_FLAGS                                                                                                     \
    PAGE_FLAGS,                                                                                                        \
    {                                                                                                                  \
        "all", NULL, "every page", false, false                                                                        \
    }
#define ORG_FLAG                                                                                                       \
    {                                                                                                                  \
        "org", "ID", "its organisation (the only one)", false, false                                                   \
    }
#define PROJECT_FLAG                                                                                                   \
    {                                                                                                                  \
        "project", "ID|NAME", "its project (the only one)", false, false                                               \
    }
#define COLUMNS(list)   .columns = (list), .n_columns = ARRAY_LEN(list)
#define RESOURCE_TRAITS (CMD_CONFIG | CMD_JSON | CMD_REMOTE)
// A command without operands, and one with `count` of them.
#define ROW(sym, words, text, flag_list, row)                                                                          \
    const struct cmd sym = {.name = (words),                                                                           \
                            .summary = (text),                                                                         \
                            .flags = (flag_list),                                                                      \
                            .traits = RESOURCE_TRAITS,                                                                 \
                            .run = resource_run,                                                                       \
                            .api = &(row)}
#define ROW_OF(sym, words, named, count, text, flag_list, row)                                                         \
    const struct cmd sym = {.name = (words),                                                                           \
                            .operands = (named),                                                                       \
                            .min = (count),                                                                            \
                            .max = (count),                                                                            \
                            .summary = (text),                                                                         \
                            .flags = (flag_list),                                                                      \
                            .traits = RESOURCE_TRAITS,                                                                 \
                            .run = resource_run,                                                                       \
                            .api = &(row)}

// ---- show.c: an answer for people or programs
// The value at a path, arrays joined with spaces; in the arena. Empty: absent.
struct json_value;
struct slice show_value(struct arena *a, const struct json_value *v, const char *path);
// A whole value, as the API wrote it but indented.
void show_json(struct json_writer *w, const struct json_value *v);
int show_one(struct cmd_ctx *c, const struct resource *r, const struct json_value *v);
