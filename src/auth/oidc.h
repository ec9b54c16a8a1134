// SPDX-License-Identifier: Apache-2.0
// Persons by OpenID Connect: fetches a provider's keys (OpenID Connect Discovery 1.0, JWKS), keeps them, and checks
// tokens with them. Called by: auth/check.c on workers. Must never: run on a loop, follow a redirect, speak plain HTTP
// but to this machine, or let strangers' tokens make it fetch more often than the bounds below say.
#pragma once

#include "auth/oidc_token.h"

#define OIDC_KEYS_FRESH_NS (600 * NS_PER_SEC)   // then they are fetched again
#define OIDC_KEYS_STALE_NS (86400 * NS_PER_SEC) // and used so long when that fails
#define OIDC_RETRY_NS      (5 * NS_PER_SEC)     // between two fetches when one failed
#define OIDC_NEW_KEY_NS    (30 * NS_PER_SEC)    // between two fetches because of an unknown key

struct oidc;
struct oidc_options { // strings outlive it
    const char *issuer, *audience;
    const char *jwks_url; // "" = as the issuer's discovery document says
    const char *name_claim, *groups_claim;
    const char *ca_file; // "" = that of the machine
    const struct clock *clock;
};
// Fetches nothing yet. ERR_INVALID: an URL is not https (http only for this machine itself).
enum err oidc_new(const struct oidc_options *opt, struct oidc **ret, struct error *err) MUST_CHECK;
void oidc_free(struct oidc *o); // NULL-safe; no check may be running
// May block for a fetch, at most a few seconds; several threads. *ret_why as oidc_check.
enum oidc_verdict oidc_verify(struct oidc *o, struct slice token, struct wall now, struct arena *a,
                              struct oidc_person *ret, const char **ret_why) MUST_CHECK;
bool oidc_url_allowed(const char *url); // https, or http to this machine
