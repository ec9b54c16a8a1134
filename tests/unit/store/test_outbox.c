// SPDX-License-Identifier: Apache-2.0
// Webhooks and their outbox: who gets a message, order within a lane, the bound, replay, pruning, expiry.
// Run by: meson test.
#include "fixture.h"

#define HOOK  "e00000000000000000000001"
#define HOOK2 "e00000000000000000000002"

struct op {
    enum err (*fn)(struct store_tx *tx, struct op *op, struct error *err);
    struct webhook hook;
    struct delivery row;
    const char *id, *id2;
    struct wall when, until;
    uint64_t n, dropped;
    bool on, changed;
};

static enum err run_op(struct store_tx *tx, void *ctx, struct error *err)
{
    struct op *op = ctx;
    return op->fn(tx, op, err);
}

static void apply(struct fixture *f, struct op *op)
{
    assert_ok(f, store_write(f->store, run_op, op, &f->err));
}

static enum err insert_hook(struct store_tx *tx, struct op *op, struct error *err)
{
    return store_tx_webhook_insert(tx, &op->hook, err);
}
static enum err add_message(struct store_tx *tx, struct op *op, struct error *err)
{
    return store_tx_outbox_add(tx, &op->row, op->id, &op->n, &op->dropped, err);
}
static enum err outcome(struct store_tx *tx, struct op *op, struct error *err)
{
    return store_tx_outbox_outcome(tx, &op->row, err);
}
static enum err enable(struct store_tx *tx, struct op *op, struct error *err)
{
    return store_tx_webhook_enable(tx, op->id, op->on, SLICE("why"), &op->changed, err);
}
static enum err delete_hook(struct store_tx *tx, struct op *op, struct error *err)
{
    return store_tx_webhook_delete(tx, op->id, err);
}
static enum err replay(struct store_tx *tx, struct op *op, struct error *err)
{
    return store_tx_outbox_replay(tx, op->id, op->id2, op->when, op->until, &op->n, err);
}
static enum err prune(struct store_tx *tx, struct op *op, struct error *err)
{
    return store_tx_outbox_prune(tx, op->when, &op->n, err);
}
static enum err hurry(struct store_tx *tx, struct op *op, struct error *err)
{
    return store_tx_outbox_hurry(tx, op->id, op->when, err);
}
static enum err rotate(struct store_tx *tx, struct op *op, struct error *err)
{
    return store_tx_webhook_rotate(tx, op->id, &op->hook.secrets[0], op->until, err);
}
static enum err told(struct store_tx *tx, struct op *op, struct error *err)
{
    return store_tx_expiry_told(tx, op->id, (unsigned)op->n, err);
}

static void hook(struct fixture *f, const char *id, const char *group_id, notice_set notices)
{
    struct op op = {.fn = insert_hook,
                    .hook = {.org_id = ORG_ID,
                             .url = "https://example.com/",
                             .notices = notices,
                             .enabled = true,
                             .created = wall_from_sec(NOW_SEC),
                             .secrets = {{.key_id = "0011223344556677"}},
                             .secret_count = 1}};
    assert_true(cstr_set(op.hook.id, sizeof(op.hook.id), id));
    assert_true(cstr_set(op.hook.group_id, sizeof(op.hook.group_id), group_id));
    memset(op.hook.secrets[0].sealed, 7, sizeof(op.hook.secrets[0].sealed));
    apply(f, &op);
}

// One message at NOW_SEC + at; how many hooks got it.
static uint64_t message(struct fixture *f, uint64_t number, const char *group_id, enum notice n, const char *subject,
                        int64_t at, uint64_t *dropped)
{
    struct op op = {.fn = add_message,
                    .row = {.org_id = ORG_ID,
                            .notice = n,
                            .subject = slice_of(subject),
                            .created = wall_from_sec(NOW_SEC + at),
                            .body = SLICE("{}")}};
    set_id(op.row.id, 'f', number);
    assert_true(cstr_set(op.row.group_id, sizeof(op.row.group_id), group_id));
    apply(f, &op);
    if (dropped) *dropped = op.dropped;
    return op.n;
}

static struct delivery first(struct fixture *f, const char *id)
{
    struct delivery d;
    assert_ok(f, store_outbox_first(f->reader, id, f->arena, &d, &f->err));
    return d;
}

static void end(struct fixture *f, const char *id, enum delivery_state state, int64_t at)
{
    struct op op = {.fn = outcome, .row = first(f, id)};
    op.row.state = state;
    op.row.attempts++;
    op.row.last_attempt = op.row.finished = wall_from_sec(NOW_SEC + at);
    if (state == DELIVERY_PENDING) {
        op.row.finished.us = 0;
        op.row.not_before = wall_from_sec(NOW_SEC + at + 100);
    }
    op.row.status = 500;
    op.row.reason = SLICE("because");
    apply(f, &op);
}

// "1:pending 2:waiting …", oldest first.
static const char *states(struct fixture *f, const char *id)
{
    static char text[1024];
    struct delivery_filter all = {.webhook_id = id, .state = -1, .page = {1, 100}};
    struct delivery *rows;
    size_t n;
    text[0] = '\0';
    assert_ok(f, store_deliveries(f->reader, &all, f->arena, &rows, &n, &f->err));
    while (n-- > 0) {
        size_t at = strlen(text);
        (void)snprintf(text + at, sizeof(text) - at, "%s%d:%s", at ? " " : "", atoi(rows[n].id + 20),
                       delivery_state_name(rows[n].state));
    }
    return text;
}

static void a_hook_comes_back_whole(void **state)
{
    struct fixture *f = *state;
    struct webhook *all, one;
    size_t n;
    hook(f, HOOK, GROUP_ID, (notice_set)1 << NOTICE_FAILED | (notice_set)1 << NOTICE_REQUESTED);
    hook(f, HOOK2, "", NOTICE_ALL);
    assert_ok(f, store_webhooks(f->reader, NULL, f->arena, &all, &n, &f->err));
    assert_int_equal(n, 2);
    assert_string_equal(all[0].id, HOOK);
    assert_string_equal(all[0].group_id, GROUP_ID);
    assert_int_equal(all[0].notices, (notice_set)1 << NOTICE_FAILED | (notice_set)1 << NOTICE_REQUESTED);
    assert_int_equal(all[0].secret_count, 1);
    assert_int_equal(all[0].secrets[0].sealed[47], 7);
    assert_int_equal(all[1].notices, NOTICE_ALL);
    assert_ok(f, store_webhook_get(f->reader, HOOK2, f->arena, &one, &f->err));
    assert_string_equal(one.url, "https://example.com/");
    assert_err(f, ERR_NOT_FOUND, store_webhook_get(f->reader, GROUP_ID, f->arena, &one, &f->err));
    assert_ok(f, store_webhooks(f->reader, GROUP_ID, f->arena, &all, &n, &f->err));
    assert_int_equal(n, 0);
}

static void at_most_two_secrets_live(void **state)
{
    struct fixture *f = *state;
    struct webhook w;
    hook(f, HOOK, "", NOTICE_ALL);
    for (int i = 1; i <= 3; i++) {
        struct op op = {.fn = rotate, .id = HOOK, .until = wall_from_sec(NOW_SEC + i)};
        op.hook.secrets[0].created = wall_from_sec(NOW_SEC + i);
        apply(f, &op);
        assert_ok(f, store_webhook_get(f->reader, HOOK, f->arena, &w, &f->err));
        assert_int_equal(w.secret_count, 2);
        assert_int_equal(wall_sec(w.secrets[0].created), NOW_SEC + i);
        assert_int_equal(w.secrets[0].until.us, 0);
        assert_int_equal(wall_sec(w.secrets[1].until), NOW_SEC + i);
    }
    struct op op = {.fn = rotate, .id = HOOK2};
    assert_err(f, ERR_NOT_FOUND, store_write(f->store, run_op, &op, &f->err));
}

static void messages_go_to_whom_they_concern(void **state)
{
    struct fixture *f = *state;
    hook(f, HOOK, GROUP_ID, (notice_set)1 << NOTICE_FAILED);
    hook(f, HOOK2, "", NOTICE_ALL);
    assert_int_equal(message(f, 1, GROUP_ID, NOTICE_FAILED, "a", 0, NULL), 2);
    assert_int_equal(message(f, 2, GROUP_ID, NOTICE_ACTIVE, "a", 0, NULL), 1);
    assert_int_equal(message(f, 3, GROUP2_ID, NOTICE_FAILED, "a", 0, NULL), 1);
    assert_string_equal(states(f, HOOK), "1:pending");
    struct op op = {.fn = enable, .id = HOOK2, .on = false};
    apply(f, &op);
    assert_true(op.changed);
    op.changed = false;
    apply(f, &op);
    assert_false(op.changed);
    assert_int_equal(message(f, 4, GROUP2_ID, NOTICE_FAILED, "a", 0, NULL), 0);
    struct hook_due *due;
    size_t n;
    assert_ok(f, store_hooks_due(f->reader, f->arena, &due, &n, &f->err));
    assert_int_equal(n, 1); // the disabled one keeps what it has and is not due
    assert_string_equal(due[0].webhook_id, HOOK);
    assert_string_equal(states(f, HOOK2), "1:pending 2:waiting 3:pending");
    op = (struct op){.fn = delete_hook, .id = HOOK2};
    apply(f, &op);
    assert_string_equal(states(f, HOOK2), "");
    assert_err(f, ERR_NOT_FOUND, store_write(f->store, run_op, &op, &f->err));
}

static void a_lane_keeps_its_order_and_waits_for_no_other(void **state)
{
    struct fixture *f = *state;
    hook(f, HOOK, "", NOTICE_ALL);
    message(f, 1, GROUP_ID, NOTICE_REQUESTED, "a", 0, NULL);
    message(f, 2, GROUP_ID, NOTICE_ACCEPTED, "a", 1, NULL);
    message(f, 3, GROUP_ID, NOTICE_ACTIVE, "a", 2, NULL);
    message(f, 4, GROUP_ID, NOTICE_REQUESTED, "b", 3, NULL);
    message(f, 5, GROUP2_ID, NOTICE_REQUESTED, "a", 4, NULL); // another group's subject of that name
    assert_string_equal(states(f, HOOK), "1:pending 2:waiting 3:waiting 4:pending 5:pending");
    end(f, HOOK, DELIVERY_PENDING, 10); // 1 fails and is due later than the others
    assert_int_equal(atoi(first(f, HOOK).id + 20), 4);
    end(f, HOOK, DELIVERY_DONE, 11);
    end(f, HOOK, DELIVERY_DONE, 12);
    assert_string_equal(states(f, HOOK), "1:pending 2:waiting 3:waiting 4:delivered 5:delivered");
    end(f, HOOK, DELIVERY_DEAD, 200);
    assert_string_equal(states(f, HOOK), "1:dead 2:pending 3:waiting 4:delivered 5:delivered");
    assert_int_equal(wall_sec(first(f, HOOK).not_before), NOW_SEC + 200); // at once
    end(f, HOOK, DELIVERY_DONE, 201);
    assert_string_equal(states(f, HOOK), "1:dead 2:delivered 3:pending 4:delivered 5:delivered");
    struct op stale = {.fn = outcome, .row = first(f, HOOK)};
    end(f, HOOK, DELIVERY_DONE, 202);
    assert_err(f, ERR_NOT_FOUND, store_write(f->store, run_op, &stale, &f->err)); // told once
}

static void what_failed_can_be_hurried(void **state)
{
    struct fixture *f = *state;
    hook(f, HOOK, "", NOTICE_ALL);
    message(f, 1, GROUP_ID, NOTICE_REQUESTED, "a", 0, NULL);
    end(f, HOOK, DELIVERY_PENDING, 10);
    assert_int_equal(wall_sec(first(f, HOOK).not_before), NOW_SEC + 110);
    struct op op = {.fn = hurry, .id = HOOK, .when = wall_from_sec(NOW_SEC + 20)};
    apply(f, &op);
    assert_int_equal(wall_sec(first(f, HOOK).not_before), NOW_SEC + 20);
    op.when = wall_from_sec(NOW_SEC + 50); // never later
    apply(f, &op);
    assert_int_equal(wall_sec(first(f, HOOK).not_before), NOW_SEC + 20);
}

static void replay_puts_them_back_in_their_order(void **state)
{
    struct fixture *f = *state;
    hook(f, HOOK, "", NOTICE_ALL);
    hook(f, HOOK2, "", NOTICE_ALL);
    for (unsigned i = 1; i <= 3; i++) message(f, i, GROUP_ID, NOTICE_REQUESTED, "a", i, NULL);
    for (int i = 0; i < 3; i++) end(f, HOOK, DELIVERY_DONE, 10);
    assert_string_equal(states(f, HOOK), "1:delivered 2:delivered 3:delivered");
    struct op op = {.fn = replay, .id = HOOK, .when = wall_from_sec(NOW_SEC + 2), .until = wall_from_sec(NOW_SEC + 99)};
    apply(f, &op);
    assert_int_equal(op.n, 2);
    assert_string_equal(states(f, HOOK), "1:delivered 2:pending 3:waiting");
    assert_string_equal(states(f, HOOK2), "1:pending 2:waiting 3:waiting");
    struct delivery d = first(f, HOOK);
    assert_int_equal(d.attempts, 0);
    assert_int_equal(wall_sec(d.queued), NOW_SEC + 99); // a whole life again
    assert_int_equal(wall_sec(d.created), NOW_SEC + 2);
    char id[OID_HEX + 1];
    set_id(id, 'f', 1);
    op = (struct op){.fn = replay, .id = HOOK, .id2 = id, .until = wall_from_sec(NOW_SEC + 100)};
    apply(f, &op);
    assert_int_equal(op.n, 1);
    assert_string_equal(states(f, HOOK), "1:waiting 2:pending 3:waiting"); // 2 may be under way
    end(f, HOOK, DELIVERY_DONE, 101);
    assert_string_equal(states(f, HOOK), "1:pending 2:delivered 3:waiting");
    apply(f, &op);
    assert_int_equal(op.n, 0); // it is on its way
}

static void delivered_and_dead_ones_are_pruned(void **state)
{
    struct fixture *f = *state;
    hook(f, HOOK, "", NOTICE_ALL);
    for (unsigned i = 1; i <= 4; i++) message(f, i, GROUP_ID, NOTICE_REQUESTED, "a", 0, NULL);
    end(f, HOOK, DELIVERY_DONE, 10);
    end(f, HOOK, DELIVERY_DEAD, 20);
    end(f, HOOK, DELIVERY_DONE, 30);
    struct op op = {.fn = prune, .when = wall_from_sec(NOW_SEC + 25)};
    apply(f, &op);
    assert_int_equal(op.n, 2);
    assert_string_equal(states(f, HOOK), "3:delivered 4:pending");
    op.when = wall_from_sec(NOW_SEC + 999999);
    apply(f, &op);
    assert_string_equal(states(f, HOOK), "4:pending"); // however old
}

static void reopen_with(struct fixture *f, unsigned max)
{
    struct store_options o = fixture_options(f);
    fixture_close(f);
    o.outbox_max = max;
    assert_ok(f, store_open(&o, &f->store, &f->err));
    assert_ok(f, store_reader_open(f->store, &f->reader, &f->err));
}

static void a_full_outbox_loses_the_oldest_delivered_then_dead_then_pending(void **state)
{
    struct fixture *f = *state;
    uint64_t dropped;
    reopen_with(f, 10);
    hook(f, HOOK, "", NOTICE_ALL);
    for (unsigned i = 1; i <= 10; i++) message(f, i, GROUP_ID, NOTICE_REQUESTED, "a", i, NULL);
    end(f, HOOK, DELIVERY_DEAD, 20);
    end(f, HOOK, DELIVERY_DEAD, 21);
    end(f, HOOK, DELIVERY_DONE, 22);
    // Room for a tenth and one: the delivered 3 and the dead 1.
    assert_int_equal(message(f, 11, GROUP_ID, NOTICE_REQUESTED, "b", 30, &dropped), 1);
    assert_int_equal(dropped, 0);
    assert_string_equal(states(f, HOOK),
                        "2:dead 4:pending 5:waiting 6:waiting 7:waiting 8:waiting 9:waiting 10:waiting "
                        "11:pending");
    message(f, 12, GROUP_ID, NOTICE_REQUESTED, "b", 31, &dropped);
    message(f, 13, GROUP_ID, NOTICE_REQUESTED, "b", 32, &dropped); // 2, then 4, the head of its lane
    assert_int_equal(dropped, 1);
    assert_string_equal(states(f, HOOK), "5:pending 6:waiting 7:waiting 8:waiting 9:waiting 10:waiting 11:pending "
                                         "12:waiting 13:waiting");
    struct outbox_stats s;
    assert_ok(f, store_outbox_stats(f->reader, NULL, &s, &f->err));
    assert_int_equal(s.pending, 9);
    assert_int_equal(s.dead, 0);
    assert_int_equal(wall_sec(s.oldest), NOW_SEC + 5);
    assert_ok(f, store_outbox_stats(f->reader, HOOK2, &s, &f->err));
    assert_int_equal(s.pending, 0);
    assert_int_equal(s.oldest.us, 0);
}

static void teardown_checked(struct fixture *f)
{
    struct slice report;
    assert_ok(f, store_check(f->store, f->arena, &report, &f->err));
    assert_slice(report, "ok"); // none waits for nothing
}

static int checked_teardown(void **state)
{
    teardown_checked(*state);
    return fixture_teardown(state);
}

static size_t expiring(struct fixture *f, int64_t at, struct connection **ret)
{
    size_t n;
    assert_ok(f, store_expiring(f->reader, wall_from_sec(NOW_SEC + at), 100, f->arena, ret, &n, &f->err));
    return n;
}

static void requests_come_under_their_thresholds(void **state)
{
    struct fixture *f = *state;
    struct connection c = make_connection(0), *got; // expires at NOW_SEC + 7 days
    const int64_t end_at = 604800, hour = 3600;
    assert_ok(f, store_write(f->store, insert_connection_fn, &c, &f->err));
    assert_int_equal(expiring(f, end_at - 72 * hour - 1, &got), 0);
    assert_int_equal(expiring(f, end_at - 72 * hour, &got), 1);
    assert_string_equal(got[0].name, c.name);
    struct op op = {.fn = told, .id = c.id, .n = 72};
    apply(f, &op);
    assert_int_equal(expiring(f, end_at - 72 * hour, &got), 0);
    assert_int_equal(expiring(f, end_at - 24 * hour - 1, &got), 0);
    assert_int_equal(expiring(f, end_at - 24 * hour, &got), 1);
    assert_int_equal(expiring(f, end_at - 1, &got), 1);
    op.n = 4;
    apply(f, &op);
    assert_int_equal(expiring(f, end_at - 1, &got), 0);
    op.n = 0;
    apply(f, &op);
    assert_int_equal(expiring(f, end_at, &got), 0); // it has expired
    // What the whole-row update of a scan writes leaves the mark alone.
    op.n = 4;
    apply(f, &op);
    assert_ok(f, store_write(f->store, update_connection_fn, &c, &f->err));
    assert_int_equal(expiring(f, end_at - 1, &got), 0);
    op.n = 0;
    apply(f, &op);
    c.missing_since = wall_from_sec(NOW_SEC);
    assert_ok(f, store_write(f->store, update_connection_fn, &c, &f->err));
    assert_int_equal(expiring(f, end_at - 1, &got), 0);
    c.missing_since.us = 0;
    assert_true(cstr_set(c.cloud_status, sizeof(c.cloud_status), "active"));
    assert_ok(f, store_write(f->store, update_connection_fn, &c, &f->err));
    assert_int_equal(expiring(f, end_at - 1, &got), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_hook_comes_back_whole, fixture_setup, checked_teardown),
        cmocka_unit_test_setup_teardown(at_most_two_secrets_live, fixture_setup, checked_teardown),
        cmocka_unit_test_setup_teardown(messages_go_to_whom_they_concern, fixture_setup, checked_teardown),
        cmocka_unit_test_setup_teardown(a_lane_keeps_its_order_and_waits_for_no_other, fixture_setup, checked_teardown),
        cmocka_unit_test_setup_teardown(what_failed_can_be_hurried, fixture_setup, checked_teardown),
        cmocka_unit_test_setup_teardown(replay_puts_them_back_in_their_order, fixture_setup, checked_teardown),
        cmocka_unit_test_setup_teardown(delivered_and_dead_ones_are_pruned, fixture_setup, checked_teardown),
        cmocka_unit_test_setup_teardown(a_full_outbox_loses_the_oldest_delivered_then_dead_then_pending, fixture_setup,
                                        checked_teardown),
        cmocka_unit_test_setup_teardown(requests_come_under_their_thresholds, fixture_setup, checked_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
