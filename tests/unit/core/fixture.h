// SPDX-License-Identifier: Apache-2.0
// A core on the store's fixture, with a listener that counts. Called by: tests/unit/core. Must never: leave files.
#pragma once

#include "../store/fixture.h"
#include "core/core.h"

struct heard {
    unsigned networks, connections, groups, intents;
    char group_id[OID_HEX + 1], network_id[OID_HEX + 1];
};

struct core_fixture {
    struct fixture f;
    struct core *core;
    struct seeded_rng seed;
    struct rng rng;
    struct heard heard;
};

static inline void hear(void *ctx, const struct core_change *change)
{
    struct heard *h = ctx;
    h->networks += change->kind == CORE_NETWORKS_CHANGED;
    h->connections += change->kind == CORE_CONNECTIONS_CHANGED;
    h->groups += change->kind == CORE_GROUPS_CHANGED;
    h->intents += change->kind == CORE_INTENTS_CHANGED;
    assert_true(cstr_set(h->group_id, sizeof(h->group_id), change->group_id));
    assert_true(cstr_set(h->network_id, sizeof(h->network_id), change->network_id));
}

static inline int core_setup(void **state)
{
    struct core_fixture *c = calloc(1, sizeof(*c));
    assert_non_null(c);
    fixture_dir(&c->f);
    fixture_open(&c->f);
    assert_ok(&c->f, store_write(c->f.store, seed_fn, NULL, &c->f.err));
    c->rng = rng_seeded(&c->seed, 7);
    assert_ok(&c->f, core_open(c->f.store, &c->f.clock, &c->rng, &c->core, &c->f.err));
    core_on_change(c->core, hear, &c->heard);
    *state = c;
    return 0;
}

static inline int core_teardown(void **state)
{
    struct core_fixture *c = *state;
    core_close(&c->core);
    fixture_done(&c->f);
    free(c);
    return 0;
}

static inline void advance(struct core_fixture *c, int64_t seconds)
{
    manual_clock_advance(&c->f.hands, seconds * NS_PER_SEC);
}

// The events' types, newest first, in one line.
static inline const char *event_types(struct core_fixture *c)
{
    static char text[4096];
    struct event_row *rows;
    size_t n;
    text[0] = '\0';
    assert_ok(&c->f, store_events(c->f.reader, NULL, (struct page){1, 100}, c->f.arena, &rows, &n, &c->f.err));
    for (size_t i = 0; i < n; i++) {
        size_t at = strlen(text);
        (void)snprintf(text + at, sizeof(text) - at, "%s%s", i ? " " : "", rows[i].type);
    }
    return text;
}
