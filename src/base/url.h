// SPDX-License-Identifier: Apache-2.0
// The parts of an http or https URL, and whether its host is this machine (RFC 3986 3.2, RFC 9110 4.2). Pure.
// Called by: config, model (webhooks), auth (OpenID Connect), cloud (endpoints, container credentials), cli.
// Must never: repair what is wrong, resolve a name, or take a user and password for a host.
#pragma once

#include "base/slice.h"

enum url_fault {
    URL_OK,
    URL_SCHEME,    // neither http:// nor https://, in lower case
    URL_CHARACTER, // one that must be percent-encoded: a space, control, quote, backslash, < or >, or not ASCII
    URL_USER,      // user information: a credential in clear, or a host that is none
    URL_HOST,      // no host, or none that can be: a name of letters, digits, '-', '.' and '_', or [IPv6]
    URL_PORT,      // not 1 to 65535
};
struct url { // views of the text
    bool tls;
    struct slice authority; // "[::1]:8080"
    struct slice host;      // "[::1]", with its brackets
    struct slice rest;      // path, query and fragment as they stand; may be empty
};
enum url_fault url_split(struct slice text, struct url *ret) MUST_CHECK; // *ret is untouched but for URL_OK
// "localhost", 127.0.0.0/8 or [::1], as written.
bool url_is_loopback(const struct url *u);
