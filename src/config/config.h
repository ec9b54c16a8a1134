// SPDX-License-Identifier: Apache-2.0
// The configuration, from spec/options.def: defaults < file < environment < flags. Called by: app, cli.
// Must never: be changed after start (a reload makes a new one), accept an unknown key, or guess a value.
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/cidr.h"
#include "base/error.h"

struct config_override {        // file section [limit SET_ID SCOPE] or [limit SET_ID] with capacity, refill, seconds
    const char *set_id, *scope; // scope "" = the whole set
    uint32_t capacity, refill, seconds;
    unsigned line;
};

#define OPTION_STR(field)     const char *field;
#define OPTION_INT(field)     int64_t field;
#define OPTION_BOOL(field)    bool field;
#define OPTION_SECONDS(field) int64_t field;
#define OPTION_LIST(field)    const char *field;
struct config {
#define OPTION(field, type, key, def, min, max, flags, help) OPTION_##type(field)
#include "spec/options.def"
#undef OPTION
    const struct cidr *proxies; // trusted_proxies, parsed
    unsigned proxy_count;
    const struct cidr *webhook_blocks; // webhook_allow, parsed
    unsigned webhook_block_count;
    const struct config_override *overrides;
    unsigned override_count;
    const char *file; // where it was read from, or NULL
    const char *const
        *origins; // of each option, in the order of options.def: "default", "FILE:LINE", a variable, a flag
};

struct config_source {
    const char *file;   // NULL = none
    char *const *env;   // environ; NULL = none
    char *const *flags; // "--key=value" strings, NULL-terminated; unknown ones are errors
};
// All strings live in `a`. ERR_INVALID names the key, the value, where it stood (file:line, variable or flag) and the
// fix.
enum err config_load(const struct config_source *src, struct arena *a, struct config *ret,
                     struct error *err) MUST_CHECK;
// A new configuration against the one in force: keys that differ and that only a restart applies, ", " between them;
// nothing when there is none.
void config_restart_keys(const struct config *in_force, const struct config *fresh, struct buf *out);
// The name of key i ("public_url" …), NULL past the end: for flags and help.
const char *config_key(unsigned i);
bool config_key_is_switch(const char *key); // a BOOL: its flag may stand without a value
// What `serve` needs beyond well-formed values: public_url set and an http(s) URL without path, query or trailing slash
// (a trailing slash is removed), TLS files both or neither, overrides naming known sets are checked by the caller.
enum err config_check_serve(const struct config *c, struct error *err) MUST_CHECK;
// Effective values, one `key = value  # source` a line. No option is secret today; secrets live in files named here.
void config_print(const struct config *c, struct buf *out);
// `peerage check-config --help-keys` and docs: key, type, default, range, help.
void config_describe(struct buf *out);
