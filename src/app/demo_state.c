// SPDX-License-Identifier: Apache-2.0
// The two files of `peerage dev`: demo.state, from which the next start goes on, and demo.env, which people and tests
// read. Both mode 0600. Called by: cli/cmd_dev.c. Must never: write a value elsewhere.
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/demo.h"
#include "base/file.h"
#include "base/ini.h"
#include "base/mem.h"

#define FILE_MAX 65536

static const struct field {
    const char *name;
    size_t at, size;
} fields[] = {
#define X(field, size) {#field, offsetof(struct demo, field), size},
    DEMO_FIELDS(X)
#undef X
};

static enum err path_of(const struct demo *d, const char *name, char out[APP_PATH], struct error *err)
{
    int n = snprintf(out, APP_PATH, "%s/%s", d->dir, name);
    if (n > 0 && n < APP_PATH) return ERR_OK;
    return error_set(err, ERR_INVALID, "the data directory's path is too long");
}

static enum err on_line(void *ctx, const struct ini_line *line, struct error *err)
{
    struct demo *d = ctx;
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (!slice_eq_cstr(line->key, fields[i].name)) continue;
        if (slice_copy(line->value, (char *)d + fields[i].at, fields[i].size)) return ERR_OK;
        return error_set(err, ERR_INVALID, "line %u is too long", line->line);
    }
    return ERR_OK; // of a newer version
}

enum err demo_load(struct demo *d, const char *dir, struct error *err)
{
    char path[APP_PATH];
    struct buf text;
    *d = (struct demo){.dir = dir};
    if (path_of(d, "demo.state", path, err) != ERR_OK) return err->code;
    if (!file_exists(path)) return ERR_OK;
    if (file_read(path, FILE_MAX, &text, err) != ERR_OK) return err->code;
    enum err rc = ini_read(buf_view(&text), false, on_line, d, err);
    if (text.p) mem_wipe(text.p, text.cap);
    buf_done(&text);
    if (rc == ERR_OK) return ERR_OK;
    return error_prefix(err, "%s is damaged; move it away and the demo makes new credentials", path);
}

static enum err write_private(const char *path, struct buf *text, struct error *err)
{
    enum err rc =
        text->fail ? error_set(err, ERR_NOMEM, "no memory for %s", path) : file_write(path, buf_view(text), 0600, err);
    if (text->p) mem_wipe(text->p, text->cap);
    buf_done(text);
    return rc;
}

enum err demo_save(const struct demo *d, struct error *err)
{
    char path[APP_PATH];
    struct buf text;
    if (path_of(d, "demo.state", path, err) != ERR_OK) return err->code;
    buf_init(&text, FILE_MAX);
    buf_lit(&text, "# Secrets of `peerage dev`, for this directory only.\n");
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        const char *value = (const char *)d + fields[i].at;
        if (*value) buf_fmt(&text, "%s = %s\n", fields[i].name, value);
    }
    return write_private(path, &text, err);
}

// Single quotes keep every byte for a shell; our values hold none.
static void put(struct buf *out, const char *name, const char *value)
{
    buf_fmt(out, "export %s='", name);
    for (; *value; value++)
        if (*value != '\'' && (unsigned char)*value >= 0x20) buf_char(out, *value);
    buf_lit(out, "'\n");
}

static void put_slash(struct buf *out, const char *name, const char *url)
{
    char with[320];
    snprintf(with, sizeof with, "%s/", url);
    put(out, name, with);
}

enum err demo_write_env(const struct demo *d, const char *url, const char *management_url, struct error *err)
{
    char path[APP_PATH];
    struct buf t;
    if (path_of(d, "demo.env", path, err) != ERR_OK) return err->code;
    buf_init(&t, FILE_MAX);
    buf_lit(&t, "# Written by `peerage dev` when it was ready. Load it into a shell:  . demo.env\n");
    put(&t, "PEERAGE_URL", url);
    put(&t, "PEERAGE_EC2_URL", d->ec2_url);
    put(&t, "PEERAGE_MANAGEMENT_URL", management_url);
    put(&t, "PEERAGE_ORG_ID", d->org_id);
    put(&t, "PEERAGE_GROUP_ID", d->group_id);
    put(&t, "PEERAGE_PUBLIC_KEY", d->public_key);
    put(&t, "PEERAGE_PRIVATE_KEY", d->private_key);
    put(&t, "PEERAGE_CLIENT_ID", d->client_id);
    put(&t, "PEERAGE_CLIENT_SECRET", d->client_secret);
    put(&t, "PEERAGE_REQUESTER_ACCOUNT_ID", d->requester_account);
    put(&t, "PEERAGE_PEERING_NAME", d->peering);
    put(&t, "PEERAGE_ACCEPTER_ACCOUNT_ID", d->accepter_account);
    put(&t, "PEERAGE_ACCEPTER_VPC_ID", d->accepter_vpc);
    put(&t, "PEERAGE_REQUESTER_VPC_ID", d->requester_vpc);
    put(&t, "PEERAGE_REQUESTER_ACCESS_KEY_ID", d->requester_key);
    put(&t, "PEERAGE_REQUESTER_SECRET_ACCESS_KEY", d->requester_secret);
    buf_lit(&t, "# Names that clients read by themselves.\n");
    put_slash(&t, "MONGODB_ATLAS_BASE_URL", url);
    put_slash(&t, "MONGODB_ATLAS_OPS_MANAGER_URL", url);
    put(&t, "MONGODB_ATLAS_PUBLIC_API_KEY", d->public_key);
    put(&t, "MONGODB_ATLAS_PRIVATE_API_KEY", d->private_key);
    put(&t, "MONGODB_ATLAS_CLIENT_ID", d->client_id);
    put(&t, "MONGODB_ATLAS_CLIENT_SECRET", d->client_secret);
    put(&t, "MONGODB_ATLAS_ORG_ID", d->org_id);
    put(&t, "MONGODB_ATLAS_PROJECT_ID", d->group_id);
    put(&t, "AWS_ENDPOINT_URL_EC2", d->ec2_url);
    put(&t, "AWS_ENDPOINT_URL_STS", d->ec2_url);
    buf_lit(&t, "# More of the demo.\n");
    put(&t, "PEERAGE_DEMO_REGION", DEMO_REGION);
    put(&t, "PEERAGE_DEMO_NETWORK_ID", d->network_id);
    put(&t, "PEERAGE_DEMO_DATA_DIR", d->dir);
    put(&t, "PEERAGE_REQUESTER_SESSION_TOKEN", d->requester_session);
    put(&t, "PEERAGE_ACCEPTER_ACCESS_KEY_ID", d->accepter_key);
    put(&t, "PEERAGE_ACCEPTER_SECRET_ACCESS_KEY", d->accepter_secret);
    put(&t, "PEERAGE_EC2SIM_TOKEN", d->sim ? d->ec2sim_token : "");
    return write_private(path, &t, err);
}

void demo_remove_env(const char *dir)
{
    char path[APP_PATH];
    int n = snprintf(path, sizeof path, "%s/demo.env", dir);
    if (n > 0 && (size_t)n < sizeof path) (void)unlink(path); // not there at the first start
}
