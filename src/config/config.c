// SPDX-License-Identifier: Apache-2.0
// Reads the configuration: a table from spec/options.def drives defaults, file, environment and flags alike.
// Called by: app, cli. Must never: accept what the table does not know, or say less than key, value, place and fix.
#include "config/config.h"

#include <string.h>

#include "base/file.h"
#include "base/ini.h"
#include "base/log.h"
#include "base/url.h"
#include "config/nearest.h"

#define FILE_MAX      (1U << 20)
#define OVERRIDES_MAX 1000
#define BLOCKS_MAX    256
#define ENV_PREFIX    "PEERAGE_CFG_"

enum kind { KIND_STR, KIND_INT, KIND_BOOL, KIND_SECONDS, KIND_LIST };
enum { RELOAD = 1 };

struct option {
    const char *key;
    enum kind kind;
    const char *text; // default of STR and LIST
    int64_t number;   // of the others
    int64_t min, max;
    unsigned flags;
    const char *help;
    size_t at; // in struct config
};
#define DEFAULT_STR(d)     .text = d
#define DEFAULT_LIST(d)    .text = d
#define DEFAULT_INT(d)     .number = d
#define DEFAULT_BOOL(d)    .number = d
#define DEFAULT_SECONDS(d) .number = d
static const struct option options[] = {
#define OPTION(field, type, name, def, lowest, highest, bits, text_)                                                   \
    {.key = name,                                                                                                      \
     .kind = KIND_##type,                                                                                              \
     DEFAULT_##type(def),                                                                                              \
     .min = lowest,                                                                                                    \
     .max = highest,                                                                                                   \
     .flags = bits,                                                                                                    \
     .help = text_,                                                                                                    \
     .at = offsetof(struct config, field)},
#include "spec/options.def"
#undef OPTION
};
#define OPTIONS ARRAY_LEN(options)

struct load {
    struct arena *arena;
    struct config *c;
    const char *file;
    const char *origins[OPTIONS];
    unsigned lines[OPTIONS]; // of the file, to find keys given twice
    struct config_override *overrides;
    struct config_override *section; // being read; NULL at the top
};

// ---- one value ------------------------------------------------------------------------------

static bool is_text(const struct option *o)
{
    return o->kind == KIND_STR || o->kind == KIND_LIST;
}

static const char **text_of(struct config *c, const struct option *o)
{
    return (const char **)(void *)((char *)c + o->at);
}

static void set_number(struct config *c, const struct option *o, int64_t v)
{
    void *at = (char *)c + o->at;
    if (o->kind == KIND_BOOL)
        *(bool *)at = v != 0;
    else
        *(int64_t *)at = v;
}

static int64_t number_of(const struct config *c, const struct option *o)
{
    const void *at = (const char *)c + o->at;
    return o->kind == KIND_BOOL ? *(const bool *)at : *(const int64_t *)at;
}

static bool parse_bool(struct slice v, int64_t *ret)
{
    static const char *const yes[] = {"true", "on", "yes", "1"}, *const no[] = {"false", "off", "no", "0"};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        if (slice_eq_cstr(v, yes[i]) || slice_eq_cstr(v, no[i])) {
            *ret = slice_eq_cstr(v, yes[i]);
            return true;
        }
    }
    return false;
}

// "90", "90s", "5m", "2h".
static bool parse_seconds(struct slice v, const struct option *o, int64_t *ret)
{
    int64_t unit = 1, n;
    if (v.n > 1 && strchr("smh", v.p[v.n - 1])) {
        unit = v.p[v.n - 1] == 'h' ? 3600 : v.p[v.n - 1] == 'm' ? 60 : 1;
        v.n--;
    }
    if (!slice_i64(v, 0, INT64_MAX / 3600, &n)) return false;
    if (n * unit < o->min || n * unit > o->max) return false;
    *ret = n * unit;
    return true;
}

static bool printable(struct slice v)
{
    for (size_t i = 0; i < v.n; i++)
        if ((unsigned char)v.p[i] < 0x20 || v.p[i] == 0x7f) return false;
    return true;
}

static enum err bad_value(const struct option *o, struct slice v, const char *place, struct error *err)
{
    int shown = (int)MIN(v.n, (size_t)80);
    const char *value = v.n ? v.p : "";
    switch (o->kind) {
    case KIND_BOOL:
        return error_set(err, ERR_INVALID, "%s: %s = \"%.*s\": give true or false", place, o->key, shown, value);
    case KIND_INT:
        return error_set(err, ERR_INVALID, "%s: %s = \"%.*s\": give a whole number from %lld to %lld", place, o->key,
                         shown, value, (long long)o->min, (long long)o->max);
    case KIND_SECONDS:
        return error_set(err, ERR_INVALID, "%s: %s = \"%.*s\": give %lld to %lld seconds, as 90, 90s, 5m or 2h", place,
                         o->key, shown, value, (long long)o->min, (long long)o->max);
    default:
        return error_set(err, ERR_INVALID, "%s: %s = \"%.*s\": give %lld to %lld printable bytes", place, o->key, shown,
                         value, (long long)o->min, (long long)o->max);
    }
}

static enum err set_value(struct load *l, size_t i, struct slice v, const char *place, struct error *err)
{
    const struct option *o = &options[i];
    int64_t n = 0;
    bool good;
    if (is_text(o))
        good = (int64_t)v.n >= o->min && (int64_t)v.n <= o->max && printable(v);
    else if (o->kind == KIND_BOOL)
        good = parse_bool(v, &n);
    else if (o->kind == KIND_SECONDS)
        good = parse_seconds(v, o, &n);
    else
        good = slice_i64(v, o->min, o->max, &n);
    if (!good) return bad_value(o, v, place, err);
    if (is_text(o)) {
        const char *copy = arena_strndup(l->arena, v.p ? v.p : "", v.n);
        if (!copy) return error_set(err, ERR_NOMEM, "no memory for the configuration");
        *text_of(l->c, o) = copy;
    } else {
        set_number(l->c, o, n);
    }
    l->origins[i] = place;
    return ERR_OK;
}

// ---- keys -----------------------------------------------------------------------------------

const char *config_key(unsigned i)
{
    return i < OPTIONS ? options[i].key : NULL;
}

bool config_key_is_switch(const char *key)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (strcmp(options[i].key, key) == 0) return options[i].kind == KIND_BOOL;
    return false;
}

// Compares in lower case with '-' as '_', so that all three spellings meet here.
static bool same_key(struct slice given, const char *key)
{
    if (given.n != strlen(key)) return false;
    for (size_t i = 0; i < given.n; i++) {
        char g = given.p[i] == '-' ? '_' : given.p[i];
        if (g >= 'A' && g <= 'Z') g = (char)(g - 'A' + 'a');
        if (g != key[i]) return false;
    }
    return true;
}

static enum err find_key(struct slice given, const char *place, const char *shown, size_t *ret, struct error *err)
{
    const char *names[OPTIONS];
    for (size_t i = 0; i < OPTIONS; i++) {
        names[i] = options[i].key;
        if (!same_key(given, options[i].key)) continue;
        *ret = i;
        return ERR_OK;
    }
    char lower[64];
    size_t n = MIN(given.n, sizeof lower);
    for (size_t i = 0; i < n; i++) {
        char g = given.p[i] == '-' ? '_' : given.p[i];
        lower[i] = g >= 'A' && g <= 'Z' ? (char)(g - 'A' + 'a') : g;
    }
    return error_set(err, ERR_INVALID,
                     "%s: unknown key \"%.80s\"; the nearest known one is \"%s\" (`peerage check-config --help-keys` "
                     "lists all)",
                     place, shown, nearest(slice_n(lower, n), names, OPTIONS));
}

// ---- the file -------------------------------------------------------------------------------

static enum err no_memory(struct error *err)
{
    return error_set(err, ERR_NOMEM, "no memory for the configuration");
}

static enum err close_section(struct load *l, struct error *err)
{
    const struct config_override *o = l->section;
    l->section = NULL;
    if (!o || (o->capacity && o->refill && o->seconds)) return ERR_OK;
    const char *missing = !o->capacity ? "capacity" : !o->refill ? "refill" : "seconds";
    return error_set(err, ERR_INVALID, "%s:%u: section [limit %s%s%s] lacks %s; add a line `%s = N`", l->file, o->line,
                     o->set_id, *o->scope ? " " : "", o->scope, missing, missing);
}

static enum err open_section(struct load *l, const struct ini_line *line, struct error *err)
{
    if (close_section(l, err) != ERR_OK) return err->code;
    struct slice rest = line->section, word, set;
    (void)slice_cut(&rest, ' ', &word);
    rest = slice_trim(rest, " \t");
    (void)slice_cut(&rest, ' ', &set);
    rest = slice_trim(rest, " \t");
    if (!slice_eq_cstr(word, "limit") || set.n == 0 || slice_find(rest, ' ') >= 0)
        return error_set(err, ERR_INVALID,
                         "%s:%u: unknown section [%.*s]; the one kind there is is [limit SET [SCOPE]]", l->file,
                         line->line, SLICE_FMT(slice_n(line->section.p, MIN(line->section.n, (size_t)80))));
    if (l->c->override_count == OVERRIDES_MAX)
        return error_set(err, ERR_TOO_LARGE, "%s:%u: more than %d [limit …] sections", l->file, line->line,
                         OVERRIDES_MAX);
    struct config_override *o = &l->overrides[l->c->override_count++];
    *o = (struct config_override){.line = line->line};
    o->set_id = arena_strndup(l->arena, set.p, set.n);
    o->scope = arena_strndup(l->arena, rest.n ? rest.p : "", rest.n);
    l->section = o;
    return o->set_id && o->scope ? ERR_OK : no_memory(err);
}

static enum err section_value(struct load *l, const struct ini_line *line, struct error *err)
{
    static const char *const keys[] = {"capacity", "refill", "seconds"};
    uint32_t *fields[] = {&l->section->capacity, &l->section->refill, &l->section->seconds};
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        uint64_t v;
        if (!slice_eq_cstr(line->key, keys[i])) continue;
        if (*fields[i])
            return error_set(err, ERR_INVALID, "%s:%u: %s is given twice in this section; keep one", l->file,
                             line->line, keys[i]);
        if (!slice_u64(line->value, 1000000000, &v) || v == 0)
            return error_set(err, ERR_INVALID, "%s:%u: %s = \"%.*s\": give a whole number from 1 to 1000000000",
                             l->file, line->line, keys[i],
                             SLICE_FMT(slice_n(line->value.p, MIN(line->value.n, (size_t)80))));
        *fields[i] = (uint32_t)v;
        return ERR_OK;
    }
    return error_set(err, ERR_INVALID,
                     "%s:%u: unknown key \"%.*s\" in a [limit …] section; the nearest known one is \"%s\"", l->file,
                     line->line, SLICE_FMT(slice_n(line->key.p, MIN(line->key.n, (size_t)80))),
                     nearest(line->key, keys, ARRAY_LEN(keys)));
}

static enum err on_line(void *ctx, const struct ini_line *line, struct error *err)
{
    struct load *l = ctx;
    if (line->key.n == 0) return open_section(l, line, err);
    if (l->section) return section_value(l, line, err);
    const char *place = arena_fmt(l->arena, "%s:%u", l->file, line->line);
    const char *shown = arena_strndup(l->arena, line->key.p, line->key.n);
    if (!place || !shown) return no_memory(err);
    size_t i;
    if (slice_find(line->key, '-') >= 0) // one spelling in the file, so that grep finds it
        return error_set(err, ERR_INVALID, "%s: \"%.80s\": keys of the file are written with _, not -", place, shown);
    if (find_key(line->key, place, shown, &i, err) != ERR_OK) return err->code;
    if (l->lines[i])
        return error_set(err, ERR_INVALID, "%s: %s was given in line %u already; keep one of the two", place,
                         options[i].key, l->lines[i]);
    l->lines[i] = line->line;
    return set_value(l, i, line->value, place, err);
}

static enum err read_file(struct load *l, struct error *err)
{
    struct buf text;
    l->overrides = arena_array(l->arena, OVERRIDES_MAX, sizeof *l->overrides);
    if (!l->overrides) return no_memory(err);
    if (file_read(l->file, FILE_MAX, &text, err) != ERR_OK) return err->code;
    enum err rc = ini_read(buf_view(&text), false, on_line, l, err);
    buf_done(&text);
    if (rc == ERR_OK)
        rc = close_section(l, err);
    else if (strncmp(err->detail, "line ", 5) == 0) // ini_read's own; ours name the file already
        error_prefix(err, "%s", l->file);
    l->c->overrides = l->overrides;
    return rc;
}

// ---- environment and flags ------------------------------------------------------------------

static enum err read_env(struct load *l, char *const *env, struct error *err)
{
    for (; *env; env++) {
        struct slice value = slice_of(*env), name;
        if (!slice_starts(value, SLICE(ENV_PREFIX)) || !slice_cut(&value, '=', &name)) continue;
        const char *place = arena_strndup(l->arena, name.p, name.n);
        if (!place) return no_memory(err);
        size_t i;
        if (find_key(slice_skip(name, strlen(ENV_PREFIX)), "environment", place, &i, err) != ERR_OK) return err->code;
        if (set_value(l, i, value, place, err) != ERR_OK) return err->code;
    }
    return ERR_OK;
}

static enum err read_flags(struct load *l, char *const *flags, struct error *err)
{
    for (; *flags; flags++) {
        struct slice value = slice_of(*flags), name;
        bool has_value = slice_cut(&value, '=', &name);
        const char *place = arena_strndup(l->arena, name.p ? name.p : "", name.n);
        if (!place) return no_memory(err);
        if (!slice_starts(name, SLICE("--")))
            return error_set(err, ERR_INVALID, "\"%.80s\": flags are written --key=value", place);
        size_t i;
        if (find_key(slice_skip(name, 2), "command line", place, &i, err) != ERR_OK) return err->code;
        if (!has_value && options[i].kind != KIND_BOOL)
            return error_set(err, ERR_INVALID, "%s needs a value: %s=…", place, place);
        if (!has_value) value = SLICE("true");
        if (set_value(l, i, value, place, err) != ERR_OK) return err->code;
    }
    return ERR_OK;
}

// ---- what the values mean -------------------------------------------------------------------

static const char *origin_of(const struct load *l, const char *key)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (strcmp(options[i].key, key) == 0) return l->origins[i];
    return "default";
}

static enum err parse_blocks(struct load *l, const char *key, const char *text, const struct cidr **ret,
                             unsigned *ret_n, struct error *err)
{
    struct slice rest = slice_of(text), item;
    struct cidr *found = arena_array(l->arena, BLOCKS_MAX, sizeof *found);
    unsigned n = 0;
    if (!found) return no_memory(err);
    while (rest.n) {
        (void)slice_cut(&rest, ',', &item);
        item = slice_trim(item, " \t");
        if (item.n == 0) continue;
        if (n == BLOCKS_MAX)
            return error_set(err, ERR_TOO_LARGE, "%s: %s has more than %d blocks", origin_of(l, key), key, BLOCKS_MAX);
        if (!cidr_parse(item, true, &found[n]))
            return error_set(err, ERR_INVALID,
                             "%s: %s: \"%.*s\" is no CIDR block; write 10.0.0.0/8, 192.0.2.7 or fd00::/8, "
                             "without host bits",
                             origin_of(l, key), key, SLICE_FMT(slice_n(item.p, MIN(item.n, (size_t)80))));
        n++;
    }
    *ret = found;
    *ret_n = n;
    return ERR_OK;
}

static enum err check_meaning(struct load *l, struct error *err)
{
    enum log_level level;
    if (!log_parse_level(slice_of(l->c->log_level), &level))
        return error_set(err, ERR_INVALID, "%s: log_level = \"%.80s\": give debug, info, warn or error",
                         origin_of(l, "log_level"), l->c->log_level);
    size_t n = strlen(l->c->public_url);
    if (n > 1 && l->c->public_url[n - 1] == '/' && l->c->public_url[n - 2] != '/') {
        l->c->public_url = arena_strndup(l->arena, l->c->public_url, n - 1);
        if (!l->c->public_url) return no_memory(err);
    }
    enum err rc = parse_blocks(l, "trusted_proxies", l->c->trusted_proxies, &l->c->proxies, &l->c->proxy_count, err);
    if (rc != ERR_OK) return rc;
    return parse_blocks(l, "webhook_allow", l->c->webhook_allow, &l->c->webhook_blocks, &l->c->webhook_block_count,
                        err);
}

enum err config_load(const struct config_source *src, struct arena *a, struct config *ret, struct error *err)
{
    struct config c = {.file = NULL};
    struct load l = {.arena = a, .c = &c, .file = src->file};
    for (size_t i = 0; i < OPTIONS; i++) {
        l.origins[i] = "default";
        if (is_text(&options[i]))
            *text_of(&c, &options[i]) = options[i].text;
        else
            set_number(&c, &options[i], options[i].number);
    }
    if (src->file) {
        c.file = l.file = arena_strndup(a, src->file, strlen(src->file));
        if (!c.file) return no_memory(err);
        if (read_file(&l, err) != ERR_OK) return err->code;
    }
    if (src->env && read_env(&l, src->env, err) != ERR_OK) return err->code;
    if (src->flags && read_flags(&l, src->flags, err) != ERR_OK) return err->code;
    if (check_meaning(&l, err) != ERR_OK) return err->code;
    const char **origins = arena_array(a, OPTIONS, sizeof *origins);
    if (!origins) return no_memory(err);
    memcpy(origins, l.origins, sizeof l.origins);
    c.origins = origins;
    *ret = c;
    return ERR_OK;
}

// Scheme and authority only: what is appended to it begins with "/api/".
static const char *base_url_fault(struct slice text)
{
    static const char *const faults[] = {
        [URL_SCHEME] = "it must begin with https:// or http://",
        [URL_CHARACTER] = "it has a character that no URL may have",
        [URL_USER] = "it may hold no user or password",
        [URL_HOST] = "the host is missing or wrong",
        [URL_PORT] = "the port must be 1 to 65535",
    };
    struct url u;
    enum url_fault fault = url_split(text, &u);
    if (fault != URL_OK) return faults[fault];
    return u.rest.n ? "it may have no path, query or fragment" : NULL;
}

enum err config_check_serve(const struct config *c, struct error *err)
{
    if (*c->public_url == '\0')
        return error_set(err, ERR_INVALID,
                         "public_url is not set: give the base URL that clients use, e.g. `public_url = "
                         "https://peerage.example.com` in %s, PEERAGE_CFG_PUBLIC_URL or --public-url",
                         c->file ? c->file : "the configuration file");
    const char *fault = base_url_fault(slice_of(c->public_url));
    if (fault)
        return error_set(err, ERR_INVALID, "public_url = \"%.120s\": %s; write e.g. https://peerage.example.com",
                         c->public_url, fault);
    if ((*c->tls_cert == '\0') != (*c->tls_key == '\0'))
        return error_set(err, ERR_INVALID, "%s is set but %s is not: set both for TLS, or neither",
                         *c->tls_cert ? "tls_cert" : "tls_key", *c->tls_cert ? "tls_key" : "tls_cert");
    if (*c->oidc_issuer && (!*c->oidc_audience || !*c->oidc_org))
        return error_set(err, ERR_INVALID,
                         "oidc_issuer is set but %s is not: tokens must be for us, and persons of one "
                         "organisation (`peerage org list` shows their ids)",
                         *c->oidc_audience ? "oidc_org" : "oidc_audience");
    return ERR_OK;
}

// ---- showing --------------------------------------------------------------------------------

static void put_value(struct buf *out, const struct config *c, const struct option *o)
{
    if (is_text(o))
        buf_str(out, *text_of((struct config *)(uintptr_t)c, o));
    else if (o->kind == KIND_BOOL)
        buf_str(out, number_of(c, o) ? "true" : "false");
    else
        buf_i64(out, number_of(c, o));
}

void config_print(const struct config *c, struct buf *out)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        buf_fmt(out, "%s = ", options[i].key);
        put_value(out, c, &options[i]);
        buf_fmt(out, "  # %s\n", c->origins[i]);
    }
    for (unsigned i = 0; i < c->override_count; i++) {
        const struct config_override *o = &c->overrides[i];
        buf_fmt(out, "\n[limit %s%s%s]  # %s:%u\ncapacity = %u\nrefill = %u\nseconds = %u\n", o->set_id,
                *o->scope ? " " : "", o->scope, c->file, o->line, o->capacity, o->refill, o->seconds);
    }
}

void config_describe(struct buf *out)
{
    static const char *const kinds[] = {"text", "number", "true or false", "seconds", "list"};
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *o = &options[i];
        buf_fmt(out, "%s  (%s", o->key, kinds[o->kind]);
        if (o->kind == KIND_INT || o->kind == KIND_SECONDS)
            buf_fmt(out, ", %lld to %lld", (long long)o->min, (long long)o->max);
        buf_lit(out, "; default ");
        if (is_text(o))
            buf_str(out, *o->text ? o->text : "not set");
        else if (o->kind == KIND_BOOL)
            buf_str(out, o->number ? "true" : "false");
        else
            buf_i64(out, o->number);
        buf_fmt(out, "%s)\n    %s\n", o->flags & RELOAD ? "; SIGHUP applies it" : "", o->help);
    }
    buf_lit(out,
            "\n[limit SET [SCOPE]]\n    capacity, refill, seconds: a token bucket other than the documented one, of "
            "a whole set or of one\n    scope (a project id, a public key or client id, or an address).\n");
}

void config_restart_keys(const struct config *in_force, const struct config *fresh, struct buf *out)
{
    for (size_t i = 0; i < OPTIONS; i++) {
        const struct option *o = &options[i];
        bool same = is_text(o) ? strcmp(*text_of((struct config *)(uintptr_t)in_force, o),
                                        *text_of((struct config *)(uintptr_t)fresh, o)) == 0
                               : number_of(in_force, o) == number_of(fresh, o);
        if (same || (o->flags & RELOAD)) continue;
        buf_fmt(out, "%s%s", out->n ? ", " : "", o->key);
    }
}
