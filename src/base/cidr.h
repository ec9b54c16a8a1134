// SPDX-License-Identifier: Apache-2.0
// IP addresses and CIDR blocks, IPv4 and IPv6. Called by: model, auth (access lists), httpd, cloud, ec2sim.
// Must never: accept host bits silently (cidr_parse refuses them), leading zeros, or ports.
#pragma once

#include "base/slice.h"

struct ip {
    uint8_t family; // 4 or 6; 0 = none
    uint8_t b[16];  // IPv4 in the first four; IPv4-mapped IPv6 is folded to IPv4 by ip_parse
};
struct cidr {
    struct ip ip;
    uint8_t prefix;
};
#define IP_STR   46
#define CIDR_STR 50
bool ip_parse(struct slice s, struct ip *ret) MUST_CHECK;
void ip_format(struct ip ip, char out[IP_STR]);
bool ip_eq(struct ip a, struct ip b);
struct sockaddr;
struct ip ip_from_sockaddr(const struct sockaddr *sa); // family 0 when neither
// A bare address is a /32 or /128 when allow_bare.
bool cidr_parse(struct slice s, bool allow_bare, struct cidr *ret) MUST_CHECK;
void cidr_format(struct cidr c, char out[CIDR_STR]);
bool cidr_contains(struct cidr c, struct ip ip);
bool cidr_within(struct cidr outer, struct cidr inner);
bool cidr_overlaps(struct cidr a, struct cidr b);
bool cidr_is_rfc1918(struct cidr c);
