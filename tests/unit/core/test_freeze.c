// SPDX-License-Identifier: Apache-2.0
// Freezes and what a restore holds: intents and routes wait, none is lost, and no attempt begins.
#include "actions.h"

static size_t freezes(struct core_fixture *c, struct freeze **ret)
{
    size_t n;
    assert_ok(&c->f, store_freezes(c->f.reader, c->f.arena, ret, &n, &c->f.err));
    return n;
}

static void set(struct core_fixture *c, enum freeze_scope s, const char *id, bool on)
{
    assert_ok(&c->f, core_freeze(c->core, &somebody, s, id, on, SLICE("audit"), &c->f.err));
}

static void each_scope_makes_intents_wait(void **state)
{
    static const struct {
        enum freeze_scope scope;
        const char *id;
    } cases[] = {{FREEZE_ALL, NULL}, {FREEZE_GROUP, GROUP_ID}, {FREEZE_NETWORK, NETWORK_ID}};
    struct core_fixture *c = *state;
    discover_as(c, "pending-acceptance");
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    struct intent *i, *none, asked;
    assert_int_equal(due(c, &i), 1);
    for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
        set(c, cases[k].scope, cases[k].id, true);
        assert_int_equal(due(c, &none), 0);
        asked = *i;
        assert_err(&c->f, ERR_CONFLICT, core_intent_begin(c->core, &asked, &c->f.err));
        unsigned heard = c->heard.intents;
        set(c, cases[k].scope, cases[k].id, false);
        assert_int_equal(c->heard.intents, heard + 1);
        assert_int_equal(due(c, &none), 1);
    }
    set(c, FREEZE_GROUP, GROUP2_ID, true); // another's freeze is none
    assert_int_equal(due(c, &none), 1);
    (void)begun(c);
}

static void a_frozen_request_is_still_recorded(void **state)
{
    struct core_fixture *c = *state;
    discover_as(c, "pending-acceptance");
    set(c, FREEZE_ALL, NULL, true);
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    struct intent *none;
    size_t n;
    struct wall next;
    assert_ok(&c->f,
              core_intents_due(c->f.reader, clock_wall(&c->f.clock), 10, c->f.arena, &none, &n, &next, &c->f.err));
    assert_int_equal(n, 0);
    assert_int_equal(next.us, 0); // nothing to wake up for
}

static void an_outcome_may_come_while_frozen(void **state)
{
    struct core_fixture *c = *state;
    discover_as(c, "pending-acceptance");
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    struct intent i = begun(c);
    set(c, FREEZE_ALL, NULL, true);
    finish(c, &i, OUTCOME_DONE, NULL);
    assert_int_equal(row_now(c).local_status, LOCAL_ACCEPT_REQUESTED);
}

static void twice_is_one_freeze_and_one_event(void **state)
{
    struct core_fixture *c = *state;
    struct freeze *f;
    set(c, FREEZE_NETWORK, NETWORK_ID, true);
    set(c, FREEZE_NETWORK, NETWORK_ID, true);
    assert_int_equal(freezes(c, &f), 1);
    assert_string_equal(f->network_id, NETWORK_ID);
    assert_string_equal(f->group_id, GROUP_ID);
    assert_slice(f->why, "audit");
    assert_string_equal(f->actor, "abcdefgh");
    set(c, FREEZE_NETWORK, NETWORK_ID, false);
    set(c, FREEZE_NETWORK, NETWORK_ID, false);
    assert_int_equal(freezes(c, &f), 0);
    assert_string_equal(event_types(c), "PEERAGE_WRITES_RESUMED PEERAGE_WRITES_FROZEN");
}

static void what_does_not_exist_cannot_be_frozen(void **state)
{
    struct core_fixture *c = *state;
    struct slice why = {NULL, 0};
    assert_err(&c->f, ERR_NOT_FOUND, core_freeze(c->core, &somebody, FREEZE_GROUP, ORG_ID, true, why, &c->f.err));
    assert_err(
        &c->f, ERR_NOT_FOUND,
        core_freeze(c->core, &somebody, FREEZE_GROUP, "a much too long id to be one of ours", true, why, &c->f.err));
    assert_err(&c->f, ERR_NOT_FOUND, core_freeze(c->core, &somebody, FREEZE_NETWORK, GROUP_ID, true, why, &c->f.err));
}

// ---- restore ----------------------------------------------------------------------------------------------

static void reopen(struct core_fixture *c)
{
    core_close(&c->core);
    fixture_open(&c->f);
    assert_ok(&c->f, core_open(c->f.store, &c->f.clock, &c->rng, &c->core, &c->f.err));
    core_on_change(c->core, hear, &c->heard);
}

static void a_restored_store_starts_frozen_with_its_intents_held(void **state)
{
    struct core_fixture *c = *state;
    char backup[128];
    (void)snprintf(backup, sizeof(backup), "%s/backup.db", c->f.dir);
    discover_as(c, "pending-acceptance");
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    assert_ok(&c->f, store_backup(c->f.store, backup, &c->f.err));
    struct intent *i;
    assert_int_equal(due(c, &i), 1); // the original goes on
    fixture_close(&c->f);
    (void)snprintf(c->f.path, sizeof(c->f.path), "%s/restored.db", c->f.dir);
    assert_ok(&c->f, store_restore(backup, c->f.path, &c->f.err));
    reopen(c);
    struct freeze *f;
    assert_int_equal(freezes(c, &f), 1);
    assert_string_equal(f->group_id, "");
    assert_string_equal(f->actor, "restore");
    assert_true(slice_starts(slice_of(event_types(c)), SLICE("PEERAGE_RESTORED ")));
    assert_int_equal(due(c, &i), 0);
    set(c, FREEZE_ALL, NULL, false);
    assert_int_equal(due(c, &i), 0); // held still
    uint64_t n;
    assert_ok(&c->f, core_intents_release(c->core, &somebody, GROUP2_ID, &n, &c->f.err));
    assert_int_equal(n, 0);
    assert_ok(&c->f, core_intents_release(c->core, &somebody, GROUP_ID, &n, &c->f.err));
    assert_int_equal(n, 1);
    struct intent begun_now = begun(c);
    assert_true(begun_now.uncertain); // what the original did since is not known here
}

static void a_held_intent_ends_by_what_a_scan_sees(void **state)
{
    struct core_fixture *c = *state;
    char backup[128];
    (void)snprintf(backup, sizeof(backup), "%s/backup.db", c->f.dir);
    discover_as(c, "pending-acceptance");
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    assert_ok(&c->f, store_backup(c->f.store, backup, &c->f.err));
    fixture_close(&c->f);
    (void)snprintf(c->f.path, sizeof(c->f.path), "%s/restored.db", c->f.dir);
    assert_ok(&c->f, store_restore(backup, c->f.path, &c->f.err));
    reopen(c);
    scan_as(c, "active"); // the original had accepted it before it was lost
    assert_int_equal(row_now(c).local_status, LOCAL_ACTIVE);
    uint64_t n;
    assert_ok(&c->f, core_intents_release(c->core, &somebody, NULL, &n, &c->f.err));
    assert_int_equal(n, 0);
}

// A person who does not want an old action any more need not let it happen first.
static void what_a_restore_held_can_be_cancelled(void **state)
{
    struct core_fixture *c = *state;
    char backup[128];
    (void)snprintf(backup, sizeof(backup), "%s/backup.db", c->f.dir);
    discover_as(c, "pending-acceptance");
    assert_int_equal(ask(c, ACTION_ACCEPT), ANSWER_TAKEN);
    assert_ok(&c->f, store_backup(c->f.store, backup, &c->f.err));
    fixture_close(&c->f);
    (void)snprintf(c->f.path, sizeof(c->f.path), "%s/restored.db", c->f.dir);
    assert_ok(&c->f, store_restore(backup, c->f.path, &c->f.err));
    reopen(c);
    struct intent *i;
    size_t n;
    assert_ok(&c->f, store_intents(c->f.reader, NULL, false, (struct page){1, 10}, c->f.arena, &i, &n, &c->f.err));
    assert_int_equal(n, 1);
    assert_true(i->held && i->uncertain);
    assert_ok(&c->f, core_intent_cancel(c->core, &somebody, i->id, &c->f.err));
    assert_int_equal(row_now(c).local_status, LOCAL_NONE);
    scan_as(c, "active"); // and what the original did is followed
    assert_int_equal(row_now(c).local_status, LOCAL_ACTIVE);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, core_setup, actions_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(each_scope_makes_intents_wait),          T(a_frozen_request_is_still_recorded),
        T(an_outcome_may_come_while_frozen),       T(twice_is_one_freeze_and_one_event),
        T(what_does_not_exist_cannot_be_frozen),   T(a_restored_store_starts_frozen_with_its_intents_held),
        T(a_held_intent_ends_by_what_a_scan_sees), T(what_a_restore_held_can_be_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
