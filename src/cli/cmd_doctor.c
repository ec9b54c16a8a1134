// SPDX-License-Identifier: Apache-2.0
// `peerage doctor`: looks at everything that an operator would, and says of each what to do. The half that needs the
// store runs where the store is open: in the daemon when there is one. Called by: cli.c, the admin socket.
// Must never: change anything.
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "cli/cmd.h"
#include "net/crypto.h"

#define DISK_FAIL_MB    64
#define DISK_WARN_MB    1024
#define SKEW_WARN_S     60
#define SKEW_FAIL_S     300 // AWS refuses signatures that are older
#define SPARE_FILES     128
#define IDENTITIES_MAX  20
#define CHECK_REGION    "us-east-1"
#define STORE_REPLY_MAX ((size_t)1 << 20)

enum state { OK, WARN, FAIL };
static const char *const state_names[] = {[OK] = "ok", [WARN] = "warn", [FAIL] = "fail"};
static const struct column columns[] = {{"check", "CHECK"}, {"state", "STATE"}, {"detail", "DETAIL"}};

struct report {
    struct cmd_ctx *c;
    struct table t;
    enum state worst;
};

static void say(struct report *r, const char *check, enum state s, struct slice detail)
{
    table_str(&r->t, check);
    table_str(&r->t, state_names[s]);
    table_slice(&r->t, detail);
    if (s > r->worst) r->worst = s;
}
#define SAY(r, check, s, ...) say((r), (check), (s), slice_of(arena_fmt((r)->c->arena, __VA_ARGS__)))

// ---- the half that needs the store ----------------------------------------------------------------

// Former keys of the key file: still needed, or not any more.
static void look_at_sealing(struct report *r)
{
    struct services *sv = r->c->sv;
    struct sealing_key_info *all;
    size_t n;
    struct error err;
    if (auth_sealing_keys(sv->keys, sv->reader, r->c->arena, &all, &n, &err) != ERR_OK) {
        SAY(r, "sealing keys", FAIL, "%s", err.detail);
        return;
    }
    uint64_t left = 0;
    for (size_t i = 1; i < n; i++) left += all[i].rows;
    if (left > 0)
        SAY(r, "sealing keys", WARN,
            "%llu rows are still sealed with a retired key: keep the daemon running, it seals them anew",
            (unsigned long long)left);
    else if (n > 1)
        SAY(r, "sealing keys", OK,
            "%zu retired, which only older backups need: `peerage sealing-key forget` takes them out of the key file",
            n - 1);
    else
        SAY(r, "sealing keys", OK, "one, %s", all[0].id);
}

static void look_at_store(struct report *r)
{
    struct services *sv = r->c->sv;
    struct slice text;
    struct error err;
    if (store_check(sv->store, r->c->arena, &text, &err) != ERR_OK)
        SAY(r, "store", FAIL, "%s; restore a backup into another data_dir", err.detail);
    else if (!slice_eq_cstr(text, "ok"))
        SAY(r, "store", FAIL, "%.*s; restore a backup into another data_dir", SLICE_FMT(text));
    else if (!store_writable(sv->store))
        SAY(r, "store", FAIL, "it cannot be written: free disk space or make it writable");
    else
        SAY(r, "store", OK, "integrity and references hold");
    if (auth_verify_keys(sv->keys, sv->reader, &err) == ERR_OK)
        SAY(r, "keys", OK, "every stored credential opens with the key file");
    else
        SAY(r, "keys", FAIL, "%s; put back the key file that belongs to this store", err.detail);
    look_at_sealing(r);
}

static void look_at_identity(struct report *r, const struct cloud_target *t, const char *expected)
{
    struct cloud_failure f = {.http_status = 0};
    char account[ACCOUNT_ID] = "", arn[256] = "";
    const char *shown = *t->identity_ref ? t->identity_ref : "ambient credentials";
    enum cloud_class class = cloud_identity(r->c->sv->cloud, t, account, arn, &f);
    if (class != CLOUD_OK)
        SAY(r, "credentials", expected ? FAIL : WARN, "%s, %s: %s: %s", shown, t->region, cloud_class_name(class),
            f.message);
    else if (expected && strcmp(account, expected) != 0)
        SAY(r, "credentials", FAIL, "%s are of account %s, a network is in %s: give it --role-arn of a role there",
            shown, account, expected);
    else
        SAY(r, "credentials", OK, "%s, %s: account %s", shown, t->region, account);
}

static bool same_identity(const struct network *a, const struct network *b)
{
    return a->identity == b->identity && strcmp(a->identity_ref, b->identity_ref) == 0 &&
           strcmp(a->region, b->region) == 0 && strcmp(a->account_id, b->account_id) == 0;
}

static void look_at_networks(struct report *r)
{
    struct services *sv = r->c->sv;
    struct network *all;
    size_t n, asked = 0;
    struct error err;
    if (store_networks(sv->reader, NULL, r->c->arena, &all, &n, &err) != ERR_OK) {
        SAY(r, "networks", FAIL, "%s", err.detail);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct group group;
        struct org org = {.external_id = ""};
        bool seen = false;
        if (all[i].failed) SAY(r, "networks", FAIL, "%s: %.*s", all[i].vpc_id, SLICE_FMT(all[i].failure));
        for (size_t k = 0; k < i; k++) seen |= same_identity(&all[i], &all[k]);
        if (seen || asked++ == IDENTITIES_MAX) continue;
        if (store_group_get(sv->reader, all[i].group_id, &group, &err) == ERR_OK)
            (void)!store_org_get(sv->reader, group.org_id, &org, &err); // without it the role refuses, which is told
        struct cloud_target t = {.identity = all[i].identity,
                                 .identity_ref = all[i].identity_ref,
                                 .external_id = all[i].identity == IDENTITY_ROLE ? org.external_id : "",
                                 .region = all[i].region};
        look_at_identity(r, &t, all[i].account_id);
    }
    if (n > 0) return;
    SAY(r, "networks", WARN, "none yet: `peerage network add` names a VPC to watch");
    look_at_identity(r, &(struct cloud_target){.identity_ref = "", .external_id = "", .region = CHECK_REGION}, NULL);
}

static void look_at_clock(struct report *r)
{
    int64_t skew = cloud_clock_skew(r->c->sv->cloud);
    int64_t far = skew < 0 ? -skew : skew;
    SAY(r, "clock",
        far > SKEW_FAIL_S   ? FAIL
        : far > SKEW_WARN_S ? WARN
                            : OK,
        far > SKEW_WARN_S ? "%lld s away from AWS' clock: set up NTP" : "%lld s away from the cloud's clock",
        (long long)skew);
}

static int run_store(struct cmd_ctx *c)
{
    struct report r = {.c = c};
    table_begin(&r.t, c, columns, ARRAY_LEN(columns));
    look_at_store(&r);
    look_at_networks(&r);
    look_at_clock(&r);
    return table_end(&r.t);
}

// ---- the half that needs only files and limits ----------------------------------------------------

static void look_at_dir(struct report *r, const struct config *config)
{
    struct stat st;
    struct statvfs fs;
    if (stat(config->data_dir, &st) != 0) {
        SAY(r, "data directory", FAIL, "%s: %s; `peerage init` makes it", config->data_dir, strerror(errno));
        return;
    }
    if (st.st_mode & 077)
        SAY(r, "data directory", WARN, "%s is open to other users: chmod 700 it", config->data_dir);
    else if (access(config->data_dir, R_OK | W_OK | X_OK) != 0)
        SAY(r, "data directory", FAIL, "%s: %s; it must belong to the service's user", config->data_dir,
            strerror(errno));
    else
        SAY(r, "data directory", OK, "%s, mode %03o", config->data_dir, (unsigned)(st.st_mode & 0777));
    if (statvfs(config->data_dir, &fs) != 0) return;
    unsigned long long mb = (unsigned long long)fs.f_bavail * fs.f_frsize >> 20;
    SAY(r, "disk",
        mb < DISK_FAIL_MB   ? FAIL
        : mb < DISK_WARN_MB ? WARN
                            : OK,
        mb < DISK_WARN_MB ? "%llu MiB free: make room" : "%llu MiB free", mb);
}

static void look_at_key_file(struct report *r, const struct config *config)
{
    struct error err;
    struct keyring *keys;
    size_t n = strlen(config->data_dir);
    if (file_check_private(config->key_file, &err) != ERR_OK)
        SAY(r, "key file", FAIL, "%s; chmod 600 it, or put it back from its backup", err.detail);
    else if (keyring_load(config->key_file, &keys, &err) != ERR_OK)
        SAY(r, "key file", FAIL, "%s", err.detail);
    else {
        keyring_free(keys);
        bool inside = strncmp(config->key_file, config->data_dir, n) == 0 && config->key_file[n] == '/';
        SAY(r, "key file", inside ? WARN : OK,
            inside ? "%s is inside data_dir: who copies the one has the other" : "%s", config->key_file);
    }
}

static void look_at_limits(struct report *r, const struct config *config)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
    int64_t need = config->max_connections + SPARE_FILES;
    bool enough = files.rlim_cur == RLIM_INFINITY || (int64_t)files.rlim_cur >= need;
    SAY(r, "open files", enough ? OK : WARN,
        enough ? "limit %lld" : "limit %lld: raise it (LimitNOFILE=) or lower max_connections below it",
        (long long)files.rlim_cur);
}

static bool state_of(struct slice s, enum state *ret)
{
    for (int i = OK; i <= FAIL; i++)
        if (slice_eq_cstr(s, state_names[i])) {
            *ret = (enum state)i;
            return true;
        }
    return false;
}

static void merge(struct report *r, struct slice text)
{
    struct json_doc *doc;
    struct error err;
    if (json_read(text, STORE_REPLY_MAX, &doc, &err) != ERR_OK) {
        SAY(r, "store", FAIL, "the daemon's answer cannot be read: %s", err.detail);
        return;
    }
    const struct json_value *rows = json_get(json_root(doc), "results");
    for (size_t i = 0; i < json_array_len(rows); i++) {
        const struct json_value *row = json_array_at(rows, i);
        enum state s = FAIL;
        (void)state_of(json_string(json_get(row, "state")), &s); // an unknown word stays a failure
        struct slice check = json_string(json_get(row, "check"));
        const char *name = arena_strndup(r->c->arena, check.p ? check.p : "", check.n);
        say(r, name ? name : "store", s, json_string(json_get(row, "detail")));
    }
    json_doc_free(doc);
}

static void look_inside(struct report *r)
{
    struct buf out, errout;
    buf_init(&out, STORE_REPLY_MAX);
    buf_init(&errout, STORE_REPLY_MAX);
    if (service_ask(r->c, &cmd_doctor_store, r->c->arena, &out, &errout) == EX_OK)
        merge(r, buf_view(&out));
    else
        SAY(r, "store", FAIL, "%.*s", SLICE_FMT(slice_trim(buf_view(&errout), "\n")));
    buf_done(&out);
    buf_done(&errout);
}

static int run(struct cmd_ctx *c)
{
    struct config config;
    struct error err;
    struct report r = {.c = c};
    table_begin(&r.t, c, columns, ARRAY_LEN(columns));
    if (crypto_init(&err) != ERR_OK || cli_config(c->args, c->arena, &config, &err) != ERR_OK) {
        SAY(&r, "configuration", FAIL, "%s", err.detail);
        (void)table_end(&r.t);
        return EX_CONFIG;
    }
    bool demo = !config.file && file_exists(arena_fmt(c->arena, "%s/demo.state", config.data_dir));
    if (config_check_serve(&config, &err) != ERR_OK)
        SAY(&r, "configuration", demo ? OK : FAIL, "%s", demo ? "the directory of `peerage dev`" : err.detail);
    else
        SAY(&r, "configuration", OK, "%s", config.file ? config.file : "no file: defaults, environment and flags");
    look_at_dir(&r, &config);
    look_at_key_file(&r, &config);
    look_at_limits(&r, &config);
    bool daemon = service_daemon_alive(config.data_dir);
    SAY(&r, "daemon", OK, daemon ? "answers on its admin socket" : "not running");
    look_inside(&r);
    int code = table_end(&r.t);
    return code == EX_OK && r.worst == FAIL ? EX_CONFIG : code;
}

const struct cmd cmd_doctor = {
    .name = "doctor",
    .summary = "look for what is wrong, and say what to do",
    .detail = "Exit code 0 when nothing failed (warnings do not count), else 78.",
    .traits = CMD_CONFIG | CMD_KEYS | CMD_JSON,
    .run = run,
};
const struct cmd cmd_doctor_store = {
    .name = "doctor-store",
    .summary = "the half of doctor that needs the store",
    .traits = CMD_CONFIG | CMD_JSON | CMD_SERVICE | CMD_HIDDEN,
    .run = run_store,
};
