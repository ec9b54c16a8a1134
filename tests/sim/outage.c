// SPDX-License-Identifier: Apache-2.0
// Hours without EC2: requests keep coming before it, callers ask in its first half and read in all of it, nothing else
// goes wrong. Reads are served, what is asked is taken and waits, EC2 is called once a second at most, memory stays
// flat; then it is back, and play.c checks that all has converged. Called by: play.c. Must never: let the script
// meddle.
#include <stdio.h>

#include "tests/sim/sim.h"

#define ASKED_A_MINUTE 3
#define WRITTEN_HOUR   ((size_t)64 << 10)  // what SQLite keeps of the pages that callers' own changes fill
#define GROWTH_MAX     ((size_t)128 << 10) // second half, callers only read: pages that are read for the first time

static uint64_t listed(struct play *p)
{
    struct connection_filter q = {.local_status = -1, .page = {1, 100}};
    struct connection *rows;
    uint64_t total = 0;
    size_t n;
    struct error err;
    arena_reset(p->arena);
    if (store_connections(p->reader, &q, p->arena, &rows, &n, &total, &err) != ERR_OK)
        play_broke(p, "a list was not served while EC2 was away: %s", err.detail);
    return total;
}

static unsigned waiting(const struct play *p)
{
    unsigned n = 0;
    for (unsigned i = 0; i < p->peer_count; i++)
        for (int a = 0; a < ACTION_COUNT_; a++) n += p->peers[i]->act[a].owed;
    return n;
}

static void minute(struct play *p, bool ask)
{
    for (int i = 0; ask && i < ASKED_A_MINUTE && !p->broken[0]; i++) {
        client_op(p);
        check_step(p);
    }
    if (!p->broken[0]) (void)listed(p);
    play_until(p, p->now_ns + MINUTE_NS);
}

void outage_run(struct play *p)
{
    size_t base = 0;
    unsigned most = 0;
    p->phase = PHASE_QUIET; // the script does nothing by itself
    for (int i = 0; i < 90 && !p->broken[0]; i++) {
        cloud_op(p);
        play_until(p, p->now_ns + MINUTE_NS);
    }
    if (!p->broken[0] && listed(p) == 0) play_broke(p, "there is nothing to list");
    uint64_t calls = p->calls;
    int64_t begun = p->now_ns, end = begun + (int64_t)p->knobs.outage * HOUR_NS;
    p->unreachable = true;
    p->away_since = begun;
    p->away_until = end;
    for (int64_t hour = 1; p->now_ns < end && !p->broken[0];) {
        bool first_half = hour * 2 <= p->knobs.outage;
        minute(p, first_half);
        most = MAX(most, waiting(p));
        if (p->now_ns - begun < hour * HOUR_NS) continue;
        if (hour == 1 || hour == p->knobs.outage / 2 + 1) base = heap_live();
        if (heap_live() > base + (first_half ? (size_t)hour * WRITTEN_HOUR : GROWTH_MAX))
            play_broke(p, "memory grows while EC2 is away: from %zu to %zu bytes", base, heap_live());
        hour++;
    }
    p->outage_calls = p->calls - calls;
    p->outage_waiting = most;
    int64_t seconds = (p->now_ns - begun) / NS_PER_SEC;
    if (!p->broken[0] && (int64_t)p->outage_calls > seconds)
        play_broke(p, "EC2 was asked %llu times in %lld s while it was away", (unsigned long long)p->outage_calls,
                   (long long)seconds);
    if (!p->broken[0] && most == 0) play_broke(p, "nothing was asked for while EC2 was away");
}
