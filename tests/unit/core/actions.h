// SPDX-License-Identifier: Apache-2.0
// What the tests of actions share: one request seen by a scan, ways to ask, to work and to look.
// Called by: tests/unit/core/test_{action,intent,routes,freeze}.c. Must never: leave files behind.
#pragma once

#include "core/action.h"
#include "fixture.h"

#define PCX "pcx-0123456789abcdef0"

static const struct actor somebody = {PRINCIPAL_API_KEY, "abcdefgh", "10.1.2.3"};

static inline struct observed seen_as(const char *status)
{
    struct observed o = {.name = PCX,
                         .requester_account = "222222222222",
                         .requester_vpc = "vpc-0a0a0a0a0a0a0a0a0",
                         .requester_region = "us-east-1",
                         .accepter_account = "111111111111",
                         .accepter_vpc = "vpc-00000000000000001",
                         .accepter_region = "us-east-1",
                         .requester_cidrs = SLICE("10.0.0.0/16")};
    assert_true(cstr_set(o.cloud_status, sizeof(o.cloud_status), status));
    return o;
}

static inline struct connection row_now(struct core_fixture *c)
{
    struct connection row;
    assert_ok(&c->f, store_connection_get(c->f.reader, GROUP_ID, SLICE(PCX), c->f.arena, &row, &c->f.err));
    return row;
}

static inline void scan(struct core_fixture *c, enum change_kind kind, const struct observed *seen)
{
    struct network n;
    struct connection stored;
    assert_ok(&c->f, store_network_get(c->f.reader, NETWORK_ID, c->f.arena, &n, &c->f.err));
    bool is_new = kind == CHANGE_SEEN_NEW;
    if (!is_new) stored = row_now(c);
    struct change change = {kind, is_new ? NULL : &stored, seen};
    assert_ok(&c->f, core_scan_applied(c->core, &n, CORE_AS_OF_NOW, &change, 1, (struct slice){NULL, 0}, &c->f.err));
}

static inline void scan_as(struct core_fixture *c, const char *status)
{
    struct observed o = seen_as(status);
    scan(c, CHANGE_SEEN_CHANGED, &o);
}

static inline void discover_as(struct core_fixture *c, const char *status)
{
    struct observed o = seen_as(status);
    scan(c, CHANGE_SEEN_NEW, &o);
}

static inline enum action_answer ask_why(struct core_fixture *c, enum action action, struct slice *why)
{
    const struct action_request q = {.by = &somebody, .group_id = GROUP_ID, .name_or_id = SLICE(PCX), .action = action};
    enum action_answer answer;
    assert_ok(&c->f, core_action_request(c->core, &q, c->f.arena, &answer, why, &c->f.err));
    return answer;
}

static inline enum action_answer ask(struct core_fixture *c, enum action action)
{
    struct slice why;
    return ask_why(c, action, &why);
}

// The intents that are due now.
static inline size_t due(struct core_fixture *c, struct intent **ret)
{
    size_t n;
    struct wall next;
    assert_ok(&c->f,
              core_intents_due(c->f.reader, clock_wall(&c->f.clock), 100, c->f.arena, ret, &n, &next, &c->f.err));
    return n;
}

// The one that is due, begun.
static inline struct intent begun(struct core_fixture *c)
{
    struct intent *i;
    assert_int_equal(due(c, &i), 1);
    assert_ok(&c->f, core_intent_begin(c->core, i, &c->f.err));
    return *i;
}

static inline void finish(struct core_fixture *c, const struct intent *i, enum outcome outcome,
                          const struct observed *seen)
{
    const struct intent_result r = {.outcome = outcome,
                                    .reason = outcome == OUTCOME_DONE ? (struct slice){NULL, 0} : SLICE("AWS said no"),
                                    .seen = seen};
    assert_ok(&c->f, core_intent_outcome(c->core, i, &r, &c->f.err));
}

static inline void healthy(struct core_fixture *c)
{
    struct slice report;
    assert_ok(&c->f, store_check(c->f.store, c->f.arena, &report, &c->f.err));
    assert_slice(report, "ok");
}

static inline int actions_teardown(void **state)
{
    healthy(*state);
    return core_teardown(state);
}
