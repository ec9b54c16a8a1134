// SPDX-License-Identifier: Apache-2.0
// One attempt to deliver: sign and POST. Called by: notifier.c, tests. Must never: retry.
#pragma once

#include "net/httpc.h"
#include "net/target.h"
#include "notice/notice.h"
#include "notice/schedule.h"

struct send {
    const struct keyring *keys;
    const struct webhook *hook;
    const struct delivery *delivery;
    const struct cidr *allow;
    unsigned allow_count;
    int64_t total_ms;
    struct wall now;
};
// What came of it, in ret and arena. *reason: for people, empty when delivered.
void send_once(const struct send *s, struct httpc *http, struct arena *a, struct attempt *ret, struct slice *reason);
