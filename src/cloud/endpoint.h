// SPDX-License-Identifier: Apache-2.0
// Where a service of a region is: overrides first, then AWS' own names by partition. Pure. Called by: cloud/ec2_call,
// tests. Must never: resolve names or guess a partition.
#pragma once

#include "cloud/cloud.h"

#define ENDPOINT_URL 512

// endpoint_url settings of a profile; "" = none. Lower in rank than the environment's.
struct endpoint_overrides {
    char ec2[ENDPOINT_URL], sts[ENDPOINT_URL], all[ENDPOINT_URL];
};
struct endpoint {
    char url[ENDPOINT_URL + 8]; // with path, "/" at least
    char host[300];             // as the Host header says it: with the port only when it is not the scheme's own
    char path[ENDPOINT_URL];    // "/"…
};
// service: "ec2" or "sts". ERR_INVALID: unknown partition, malformed override, or an override together with FIPS or
// dual-stack.
enum err endpoint_resolve(const struct cloud_env *env, const struct endpoint_overrides *o, const char *service,
                          const char *region, struct endpoint *ret, struct error *err) MUST_CHECK;
// Partition's name by region, NULL when none fits.
const char *partition_of_region(const char *region);
