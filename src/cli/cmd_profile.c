// SPDX-License-Identifier: Apache-2.0
// `peerage profile set|list|show|delete`: servers and credentials by name, for --profile and PEERAGE_PROFILE.
// Called by: cli.c. Must never: take a secret from the command line, or show one.
#include <string.h>

#include "base/mem.h"
#include "cli/ask.h"

#define SECRET_MAX 1024

static enum err read_all(struct cmd_ctx *c, struct profiles **ret, struct error *err)
{
    *ret = arena_alloc(c->arena, sizeof **ret);
    return *ret ? profiles_read(c->arena, *ret, err) : error_set(err, ERR_NOMEM, "out of memory");
}

static enum err find(struct cmd_ctx *c, struct profiles **ret_all, struct server **ret, struct error *err)
{
    const char *name = c->args->operands[0];
    if (read_all(c, ret_all, err) != ERR_OK) return err->code;
    *ret = profiles_find(*ret_all, name);
    if (*ret) return ERR_OK;
    return error_set(err, ERR_NOT_FOUND, "there is no profile \"%.60s\"; `peerage profile list` shows them", name);
}

// ---- set --------------------------------------------------------------------------------------------------

// [name] and its values stand on lines of their own in the file.
static bool is_plain(const char *text, bool name)
{
    for (const char *p = text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f || (name && (strchr("[]#;\"' ", *p)))) return false;
    return *text != '\0';
}

static enum err take_flags(struct cmd_ctx *c, struct server *s, struct error *err)
{
    const struct {
        const char *flag;
        const char **to;
    } fields[] = {{"url", &s->url},
                  {"public-key", &s->public_key},
                  {"private-key-file", &s->private_key_file},
                  {"client-id", &s->client_id},
                  {"client-secret-file", &s->client_secret_file},
                  {"ca-file", &s->ca_file},
                  {"org", &s->org},
                  {"project", &s->project}};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const char *text = arg(c->args, fields[i].flag);
        if (!text) continue;
        if (!is_plain(text, false)) return error_set(err, ERR_INVALID, "--%s: it is empty or no text", fields[i].flag);
        bool path = strstr(fields[i].flag, "-file") != NULL;
        *fields[i].to = path ? cli_path_absolute(c->arena, text) : i == 0 ? server_url(c->arena, text) : text;
    }
    return ERR_OK;
}

static enum err ask_secret(struct cmd_ctx *c, const char *question, const char **ret, struct error *err)
{
    char text[SECRET_MAX];
    if (prompt_line(question, true, text, sizeof text, err) != ERR_OK) return err->code;
    enum err code = is_plain(text, false) ? ERR_OK : error_set(err, ERR_INVALID, "the secret is no line of text");
    *ret = code == ERR_OK ? arena_strndup(c->arena, text, strlen(text)) : NULL;
    mem_wipe(text, sizeof text);
    return code == ERR_OK && !*ret ? error_set(err, ERR_NOMEM, "out of memory") : code;
}

// One kind of credential; a new name of one brings a new secret.
static enum err take_credential(struct cmd_ctx *c, struct server *s, struct error *err)
{
    bool key = arg(c->args, "public-key"), account = arg(c->args, "client-id");
    if (key && account) return error_set(err, ERR_INVALID, "give --public-key or --client-id, not both");
    if (key) s->client_id = s->client_secret = s->client_secret_file = NULL;
    if (account) s->public_key = s->private_key = s->private_key_file = NULL;
    if (arg(c->args, "private-key-file")) s->private_key = NULL;
    if (arg(c->args, "client-secret-file")) s->client_secret = NULL;
    if (key && !arg(c->args, "private-key-file")) {
        s->private_key_file = NULL;
        return ask_secret(c, "Private key: ", &s->private_key, err);
    }
    if (account && !arg(c->args, "client-secret-file")) {
        s->client_secret_file = NULL;
        return ask_secret(c, "Client secret: ", &s->client_secret, err);
    }
    return ERR_OK;
}

static enum err check_whole(const struct server *s, struct error *err)
{
    struct server with = *s; // a secret in a file counts
    if (with.private_key_file) with.private_key = "-";
    if (with.client_secret_file) with.client_secret = "-";
    return server_check(&with, err);
}

static int set(struct cmd_ctx *c)
{
    struct profiles *all;
    struct error err;
    const char *name = c->args->operands[0];
    if (!is_plain(name, true))
        return cmd_usage(c, "\"%.60s\": a profile's name has no spaces, brackets or quotes", name);
    if (read_all(c, &all, &err) != ERR_OK) return cmd_fail(c, &err);
    struct server *s = profiles_find(all, name);
    if (!s && all->n == PROFILES_MAX) return cmd_usage(c, "there are %d profiles already", PROFILES_MAX);
    if (!s) {
        s = &all->list[all->n++];
        *s = (struct server){.profile = name};
    }
    if (take_flags(c, s, &err) != ERR_OK || take_credential(c, s, &err) != ERR_OK || check_whole(s, &err) != ERR_OK ||
        profiles_write(c->arena, all, &err) != ERR_OK)
        return cmd_fail(c, &err);
    if (!c->json) buf_fmt(c->out, "%s: kept; use it with --profile %s or PEERAGE_PROFILE=%s\n", name, name, name);
    if (c->json) buf_lit(c->out, "{ }\n");
    return EX_OK;
}

// ---- the others -------------------------------------------------------------------------------------------

static const struct column columns[] = {{"name", "NAME"},     {"url", "URL"},          {"credential", "CREDENTIAL"},
                                        {"secret", "SECRET"}, {"org", "ORGANISATION"}, {"project", "PROJECT"},
                                        {"caFile", "CA FILE"}};

static void put_row(struct table *t, const struct server *s)
{
    const char *file = s->private_key_file ? s->private_key_file : s->client_secret_file;
    table_str(t, s->profile);
    table_str(t, s->url ? s->url : "");
    table_str(t, s->public_key ? s->public_key : s->client_id ? s->client_id : "");
    table_str(t, file ? file : s->private_key || s->client_secret ? "kept in the profile" : "");
    table_str(t, s->org ? s->org : "");
    table_str(t, s->project ? s->project : "");
    table_str(t, s->ca_file ? s->ca_file : "");
}

static int list(struct cmd_ctx *c)
{
    struct profiles *all;
    struct error err;
    struct table t;
    if (read_all(c, &all, &err) != ERR_OK) return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    for (unsigned i = 0; i < all->n; i++) put_row(&t, &all->list[i]);
    return table_end(&t);
}

static int show(struct cmd_ctx *c)
{
    struct profiles *all;
    struct server *s;
    struct error err;
    struct table t;
    if (find(c, &all, &s, &err) != ERR_OK) return cmd_fail(c, &err);
    table_begin(&t, c, columns, ARRAY_LEN(columns));
    put_row(&t, s);
    return table_end_single(&t);
}

static int drop(struct cmd_ctx *c)
{
    struct profiles *all;
    struct server *s;
    struct error err;
    if (find(c, &all, &s, &err) != ERR_OK) return cmd_fail(c, &err);
    memmove(s, s + 1, (size_t)(&all->list[all->n] - (s + 1)) * sizeof *s);
    all->n--;
    if (profiles_write(c->arena, all, &err) != ERR_OK) return cmd_fail(c, &err);
    if (c->json)
        buf_lit(c->out, "{ }\n");
    else
        buf_fmt(c->out, "%s: deleted\n", c->args->operands[0]);
    return EX_OK;
}

// ---- rows -------------------------------------------------------------------------------------------------

static const struct cmd_flag set_flags[] = {
    {"url", "URL", "the server, e.g. https://peerage.example", false, false},
    {"public-key", "KEY", "of an API key", false, false},
    {"private-key-file", "FILE", "where its private key stands, read at each use", false, false},
    {"client-id", "ID", "of a service account", false, false},
    {"client-secret-file", "FILE", "where its secret stands, read at each use", false, false},
    {"ca-file", "FILE", "PEM certificates to trust instead of the system's", false, false},
    {"org", "ID", "organisation when --org is not given", false, false},
    {"project", "ID|NAME", "project when --project is not given", false, false},
    {NULL},
};
const struct cmd cmd_profile_set = {
    .name = "profile set",
    .operands = "NAME",
    .min = 1,
    .max = 1,
    .summary = "keep a server and a credential under a name, or change it",
    .detail = "Without a file for it the secret is asked for at the terminal, or read as the first line of standard\n"
              "input; never from the command line, which others can see. What is not given stays as it was. Profiles\n"
              "are kept in ~/.config/peerage/profiles, which only its owner may read.",
    .flags = set_flags,
    .traits = CMD_JSON,
    .run = set};
const struct cmd cmd_profile_list = {
    .name = "profile list", .summary = "list profiles", .traits = CMD_JSON, .run = list};
const struct cmd cmd_profile_show = {.name = "profile show",
                                     .operands = "NAME",
                                     .min = 1,
                                     .max = 1,
                                     .summary = "show a profile, without its secret",
                                     .traits = CMD_JSON,
                                     .run = show};
const struct cmd cmd_profile_delete = {.name = "profile delete",
                                       .operands = "NAME",
                                       .min = 1,
                                       .max = 1,
                                       .summary = "forget a profile",
                                       .traits = CMD_JSON,
                                       .run = drop};
