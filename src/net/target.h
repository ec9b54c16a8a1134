// SPDX-License-Identifier: Apache-2.0
// Where webhooks may connect to: an operator of a project must not reach this machine's neighbours through them.
// Pure. Called by: notice/send.c (each address), api (what a URL names), tests. Must never: trust a name; it is asked
// with resolved addresses.
#pragma once

#include "base/cidr.h"

// Of the public Internet: none of the special-purpose blocks of IANA's registries (loopback, private, link-local with
// the metadata addresses, shared, documentation, multicast, translation and tunnel prefixes …).
bool target_is_public(struct ip ip);

struct target_policy {
    const struct cidr *allow; // the operator's webhook_allow
    unsigned allow_count;
    bool tls; // https; plain http reaches only what `allow` names
};
bool target_allowed(const struct target_policy *p, struct ip ip);
// Whether a webhook with this URL could ever be delivered, so that a mistake is told when it is made: the shape
// (model/webhook.h), plain http without any block in `allow`, an address in numbers that may not be reached. A name is
// not resolved here: what it stands for is seen at each connection. p->tls is set. False: *ret_why, for people.
bool target_url_check(struct target_policy *p, struct slice url, const char **ret_why) MUST_CHECK;
