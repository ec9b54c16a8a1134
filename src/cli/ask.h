// SPDX-License-Identifier: Apache-2.0
// The `peerage` command as a client of the API: one client asks a remote server over HTTP, or, when none is named, the
// daemon of this machine through its admin socket, or, when no daemon runs, the same pipeline in this process with the
// store's lock. The last two ask as the local administrator, who may do everything and spends no rate limit.
// Called by: every command of the table (resource.c), `plan`, `apply`, `connection watch`. Must never: choose between
// two servers silently, send a request a second time that may have had its effect, or print a secret.
//
// Which one: --profile NAME; else this machine when --data or --config is given; else PEERAGE_PROFILE; else PEERAGE_URL
// with PEERAGE_PUBLIC_KEY and PEERAGE_PRIVATE_KEY, or PEERAGE_CLIENT_ID and PEERAGE_CLIENT_SECRET (the names of
// demo.env); else this machine. The command needs CMD_CONFIG | CMD_REMOTE, and must not be CMD_SERVICE.
#pragma once

#include "cli/cmd.h"

struct api_client;
struct api_reply {
    int status;        // of HTTP, whatever it is
    struct slice body; // in the arena of api_ask; empty for 204
};

// ERR_INVALID (what names the server is wrong or incomplete), ERR_DENIED (a file of secrets that others may read),
// ERR_NOT_FOUND (no such profile, no store), ERR_BUSY (another process holds the store), ERR_IO. Nothing is asked yet,
// but for an access token when the credential is a service account's: ERR_DENIED, ERR_TIMEOUT, ERR_UNAVAILABLE.
enum err api_open(struct cmd_ctx *c, struct api_client **ret, struct error *err) MUST_CHECK;
// Gives the access token back (it was never written anywhere), lets go of the store. NULL-safe.
void api_close(struct api_client **x);

// One request. method: "GET", "POST", "PUT", "PATCH", "DELETE". target: path and query as on the wire, from "/api/" on;
// use api_segment for what a person typed. body: JSON, or empty. Any status is ERR_OK (api_check judges it). A 429 is
// obeyed once: after Retry-After, if that is a minute at most, the request is sent again; nothing else is.
// ERR_TIMEOUT, ERR_UNAVAILABLE, ERR_PROTOCOL, ERR_TOO_LARGE (64 MiB), ERR_NOMEM: the detail names the server, and says
// so when a change may have been made although no answer came.
enum err api_ask(struct api_client *x, const char *method, const char *target, struct slice body, struct arena *a,
                 struct api_reply *ret, struct error *err) MUST_CHECK;
// ERR_OK for 2xx. Else Atlas' detail and code, "Cannot find … (GROUP_NOT_FOUND)", with the code that gives the exit
// code (exit_of): 400, 409, 413, 415 ERR_INVALID 65; 401, 403 ERR_DENIED 77; 404 ERR_NOT_FOUND 66; 429 and 503
// ERR_THROTTLED, ERR_BUSY 75; other 5xx ERR_UNAVAILABLE 69; what is no answer of this API ERR_PROTOCOL 76.
enum err api_check(const struct api_reply *r, struct error *err) MUST_CHECK;
// api_ask and api_check, and the answer read: *ret_doc is the caller's; NULL for an empty answer.
struct json_doc;
enum err api_call(struct api_client *x, const char *method, const char *target, struct slice body, struct arena *a,
                  struct json_doc **ret_doc, struct error *err) MUST_CHECK;

const char *api_accept(const char *target); // what to ask for: versioned below /api/atlas/
// "/api/…" + text percent-encoded as one segment or query value; in the arena, NULL when memory is out.
const char *api_segment(struct arena *a, const char *before, const char *text, const char *after) MUST_CHECK;

// The organisation or project that is meant: the flag (--org, --project), else the profile's or the environment's
// (PEERAGE_ORG_ID, PEERAGE_GROUP_ID) when the server is a remote one, else the only one that the caller sees.
// ERR_INVALID: there are several or none; the detail says how to name one.
enum err api_org(struct cmd_ctx *c, struct api_client *x, const char **ret, struct error *err) MUST_CHECK;
enum err api_project(struct cmd_ctx *c, struct api_client *x, const char **ret, struct error *err) MUST_CHECK;

// By name, where a person types one: what is an id already stays as it is. ERR_NOT_FOUND.
enum err api_project_named(struct cmd_ctx *c, struct api_client *x, const char *name, const char **ret,
                           struct error *err) MUST_CHECK;
// An API key by its public key, or a service account by its client id: the organisation it is of, looked for in that of
// --org or of the profile, else in all that the caller sees, and the id that paths have. ERR_NOT_FOUND.
enum err api_credential(struct cmd_ctx *c, struct api_client *x, const char *name, const char **ret_org,
                        const char **ret_id, struct error *err) MUST_CHECK;
const struct server *api_server(const struct api_client *x); // of a remote one; else all NULL

bool api_is_remote(const struct api_client *x);
const char *api_name(const struct api_client *x); // for messages: the URL, "the daemon", "the store"

// ---- server.c: a remote server and who asks it
struct server {
    const char *profile; // its name; NULL = of the environment
    const char *url;     // "https://peerage.example", without a trailing slash
    const char *public_key, *private_key, *private_key_file;
    const char *client_id, *client_secret, *client_secret_file;
    const char *ca_file;       // NULL = the system's
    const char *org, *project; // defaults, NULL = none
};
// *ret_remote false: this machine. Secrets that stand in files are read. Strings live in the arena.
enum err server_pick(struct cmd_ctx *c, struct server *ret, bool *ret_remote, struct error *err) MUST_CHECK;
const char *server_url(struct arena *a, const char *url) MUST_CHECK; // without slashes at its end; NULL stays NULL
// Whether all is there to ask it: a URL, one credential, a secret that may go over that URL.
enum err server_check(const struct server *s, struct error *err) MUST_CHECK;

// ---- profiles.c: ~/.config/peerage/profiles
#define PROFILES_MAX 64
struct profiles {
    struct server list[PROFILES_MAX];
    unsigned n;
};
enum err profiles_path(struct arena *a, const char **ret, struct error *err) MUST_CHECK;
// An absent file has none. ERR_DENIED: it holds secrets and others may read it. ERR_INVALID names file and line.
enum err profiles_read(struct arena *a, struct profiles *ret, struct error *err) MUST_CHECK;
enum err profiles_write(struct arena *a, const struct profiles *p, struct error *err) MUST_CHECK; // mode 0600
struct server *profiles_find(struct profiles *p, const char *name);                               // NULL: none

// ---- ask_remote.c
struct remote;
enum err remote_open(const struct server *s, struct remote **ret, struct error *err) MUST_CHECK;
void remote_close(struct remote **r);
enum err remote_ask(struct remote *r, const char *method, const char *target, struct slice body, struct arena *a,
                    struct api_reply *ret, struct error *err) MUST_CHECK;
