// SPDX-License-Identifier: Apache-2.0
// Every n-th allocation of every step of an action fails: an error and all as before, or no error and all as after.
#include "actions.h"
#include "core/policy.h"

typedef enum err (*step_fn)(struct core_fixture *c, struct error *err);

static enum err step_tables(struct core_fixture *c, struct error *err)
{
    static const char *const list[] = {"rtb-0000000a", "rtb-0000000b"};
    return core_network_tables(c->core, &somebody, NETWORK_ID, list, 2, err);
}

static enum err step_discover(struct core_fixture *c, struct error *err)
{
    struct network n = make_network(NETWORK_ID, GROUP_ID, "vpc-00000000000000001");
    struct observed o = seen_as("pending-acceptance");
    struct change change = {CHANGE_SEEN_NEW, NULL, &o};
    return core_scan_applied(c->core, &n, CORE_AS_OF_NOW, &change, 1, (struct slice){NULL, 0}, err);
}

static enum err step_protect(struct core_fixture *c, struct error *err)
{
    return core_connection_protect(c->core, &somebody, GROUP_ID, SLICE(PCX), true, err);
}

static enum err request(struct core_fixture *c, enum action action, enum action_answer want, struct error *err)
{
    const struct action_request q = {.by = &somebody,
                                     .group_id = GROUP_ID,
                                     .name_or_id = SLICE(PCX),
                                     .action = action,
                                     .requester_account = SLICE("222222222222"),
                                     .rule = "friends"};
    struct arena *a = arena_new(64 * 1024);
    enum action_answer answer = ANSWER_NOT_FOUND;
    struct slice why;
    if (!a) return error_set(err, ERR_NOMEM, "no arena");
    enum err code = core_action_request(c->core, &q, a, &answer, &why, err);
    if (code == ERR_OK) assert_int_equal(answer, want);
    arena_free(a);
    return code;
}

static enum err step_refused(struct core_fixture *c, struct error *err)
{
    return request(c, ACTION_DELETE, ANSWER_STATE, err);
}

static enum err step_accept(struct core_fixture *c, struct error *err)
{
    return request(c, ACTION_ACCEPT, ANSWER_TAKEN, err);
}

static struct intent the_intent; // as begun

static enum err step_begin(struct core_fixture *c, struct error *err)
{
    return core_intent_begin(c->core, &the_intent, err);
}

static enum err step_retry(struct core_fixture *c, struct error *err)
{
    const struct intent_result r = {.outcome = OUTCOME_RETRY, .reason = SLICE("throttled")};
    return core_intent_outcome(c->core, &the_intent, &r, err);
}

static enum err step_done(struct core_fixture *c, struct error *err)
{
    struct observed o = seen_as("active");
    o.requester_cidrs = SLICE("10.0.0.0/16 10.1.0.0/16"); // one of them must wait
    const struct intent_result r = {.outcome = OUTCOME_DONE, .seen = &o};
    return core_intent_outcome(c->core, &the_intent, &r, err);
}

static struct peer_route the_route;

static enum err step_route_begin(struct core_fixture *c, struct error *err)
{
    return core_route_begin(c->core, &the_route, err);
}

static enum err step_route_made(struct core_fixture *c, struct error *err)
{
    const struct route_result r = {.kind = ROUTE_RESULT_MADE};
    return core_route_outcome(c->core, &the_route, &r, err);
}

static enum err step_approve(struct core_fixture *c, struct error *err)
{
    return core_cidrs_approve(c->core, &somebody, GROUP_ID, SLICE(PCX), err);
}

static enum err step_freeze(struct core_fixture *c, struct error *err)
{
    return core_freeze(c->core, &somebody, FREEZE_NETWORK, NETWORK_ID, true, SLICE("why"), err);
}

static enum err step_remove(struct core_fixture *c, struct error *err)
{
    return core_network_remove(c->core, &somebody, NETWORK_ID, err);
}

// ---- policy -----------------------------------------------------------------------------------------------

static enum err step_know_vpc(struct core_fixture *c, struct error *err)
{
    struct network n = make_network(NETWORK_ID, GROUP_ID, "vpc-00000000000000001");
    return core_scan_applied(c->core, &n, CORE_AS_OF_NOW, NULL, 0, SLICE("10.99.0.0/16"), err);
}

static enum err step_policy(struct core_fixture *c, struct error *err)
{
    const struct policy_rule rule = {
        .name = "theirs", .action = POLICY_HAND_OVER, .cidrs = SLICE("10.77.0.0/16"), .target = GROUP2_ID};
    bool changed;
    return core_policy_set(c->core, &somebody, GROUP_ID, &rule, 1, -1, &changed, err);
}

static enum err step_enable(struct core_fixture *c, struct error *err)
{
    return core_policy_enable(c->core, &somebody, GROUP_ID, true, err);
}

static enum err step_expect(struct core_fixture *c, struct error *err)
{
    struct expected e;
    const struct expected_new n = {.group_id = GROUP_ID,
                                   .account = SLICE("222222222222"),
                                   .cidrs = SLICE("10.0.0.0/12"),
                                   .owner = SLICE("Ada"),
                                   .valid_until = wall_from_sec(NOW_SEC + 1000)};
    return core_expected_add(c->core, &somebody, &n, &e, err);
}

static enum err step_hand_over(struct core_fixture *c, struct error *err)
{
    struct network n = make_network(NETWORK_ID, GROUP_ID, "vpc-00000000000000001");
    struct observed o = seen_as("pending-acceptance");
    assert_true(cstr_set(o.name, sizeof(o.name), "pcx-00000000000000077"));
    o.requester_cidrs = SLICE("10.77.0.0/24");
    struct change change = {CHANGE_SEEN_NEW, NULL, &o};
    return core_scan_applied(c->core, &n, CORE_AS_OF_NOW, &change, 1, (struct slice){NULL, 0}, err);
}

static enum err step_replay(struct core_fixture *c, struct error *err)
{
    struct policy_replay *r;
    size_t n;
    struct arena *a = arena_new(32 << 20);
    if (!a) return error_set(err, ERR_NOMEM, "no arena");
    enum err code = core_policy_replay(c->f.reader, GROUP_ID, NULL, 0, (struct wall){0}, a, &r, &n, err);
    arena_free(a);
    return code;
}

// ---- each step --------------------------------------------------------------------------------------------

static void find_intent(struct core_fixture *c)
{
    struct intent *i;
    assert_int_equal(due(c, &i), 1);
    the_intent = *i;
}

static void find_route(struct core_fixture *c)
{
    struct peer_route *r;
    size_t n;
    struct wall next;
    assert_ok(&c->f, core_routes_due(c->f.reader, clock_wall(&c->f.clock), 9, c->f.arena, &r, &n, &next, &c->f.err));
    assert_int_equal(n, 2);
    the_route = r[0];
}

// All that an operation may change, as text.
static void snapshot(struct core_fixture *c, char *out, size_t cap)
{
    struct intent *i;
    struct peer_route *r;
    size_t intents, routes, at;
    struct error *e = &c->f.err;
    at = (size_t)snprintf(out, cap, "%s", event_types(c));
    assert_ok(&c->f, store_intents(c->f.reader, NULL, true, (struct page){1, 9}, c->f.arena, &i, &intents, e));
    for (size_t k = 0; k < intents; k++)
        at += (size_t)snprintf(out + at, cap - at, "\n%s %u %d %.*s", intent_end_name(i[k].end), i[k].attempts,
                               i[k].uncertain, SLICE_FMT(i[k].reason));
    assert_ok(&c->f, store_routes(c->f.reader, NETWORK_ID, NULL, c->f.arena, &r, &routes, e));
    for (size_t k = 0; k < routes; k++)
        at += (size_t)snprintf(out + at, cap - at, "\n%s %s %s %d", r[k].table_id, r[k].cidr,
                               peer_route_state_name(r[k].state), r[k].tried.us != 0);
    struct connection row;
    if (store_connection_get(c->f.reader, GROUP_ID, SLICE(PCX), c->f.arena, &row, e) == ERR_OK)
        at += (size_t)snprintf(out + at, cap - at, "\n%s %s %d", row.cloud_status, local_status_name(row.local_status),
                               row.is_protected);
    assert_true(at < cap);
}

static void fail_each_allocation_of(struct core_fixture *c, step_fn step)
{
    static char before[8192], after[8192];
    for (uint64_t n = 1;; n++) {
        struct error err = {ERR_OK, ""};
        snapshot(c, before, sizeof(before));
        mem_fault_set(n, false);
        enum err code = step(c, &err);
        bool fired = mem_fault_fired();
        mem_fault_set(0, false);
        if (code == ERR_OK) { // the fault did not matter, or there was none
            assert_true(n > 1);
            return;
        }
        assert_true(fired);
        assert_int_equal(code, ERR_NOMEM);
        snapshot(c, after, sizeof(after));
        assert_string_equal(after, before);
    }
}

static void each_step_is_done_or_not_at_all(void **state)
{
    static const struct {
        step_fn step;
        void (*then)(struct core_fixture *c);
    } steps[] = {{step_tables, NULL},        {step_discover, NULL},    {step_protect, NULL},      {step_refused, NULL},
                 {step_accept, find_intent}, {step_begin, NULL},       {step_retry, find_intent}, {step_begin, NULL},
                 {step_done, find_route},    {step_route_begin, NULL}, {step_route_made, NULL},   {step_approve, NULL},
                 {step_freeze, NULL},        {step_remove, NULL}};
    struct core_fixture *c = *state;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        fail_each_allocation_of(c, steps[i].step);
        if (steps[i].then) steps[i].then(c);
        healthy(c);
    }
    assert_string_equal(row_now(c).cloud_status, "active");
    assert_int_equal(row_now(c).local_status, LOCAL_ACTIVE);
}

static void a_policy_decides_or_nothing_is_recorded(void **state)
{
    static const step_fn steps[] = {step_know_vpc,  step_policy, step_enable, step_discover, // held
                                    step_expect,                                             // and accepted
                                    step_hand_over, step_replay};
    struct core_fixture *c = *state;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        fail_each_allocation_of(c, steps[i]);
        healthy(c);
    }
    assert_int_equal(row_now(c).local_status, LOCAL_REQUEST_ACCEPT);
    assert_string_equal(event_types(c),
                        "PEERAGE_POLICY_HANDED_OVER PEERAGE_POLICY_HANDED_OVER "
                        "PEERAGE_CONNECTION_DISCOVERED PEERAGE_EXPECTED_USED "
                        "PEERAGE_CONNECTION_ACCEPT_REQUESTED PEERAGE_EXPECTED_ADDED PEERAGE_POLICY_HELD "
                        "PEERAGE_CONNECTION_DISCOVERED PEERAGE_POLICY_ENABLED PEERAGE_POLICY_CHANGED "
                        "PEERAGE_NETWORK_CHANGED");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_policy_decides_or_nothing_is_recorded, core_setup, actions_teardown),
        cmocka_unit_test_setup_teardown(each_step_is_done_or_not_at_all, core_setup, actions_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
