// SPDX-License-Identifier: Apache-2.0
// The lifecycle, every state with every event, against a matrix written from the prose of the lifecycle.
#include "core/transition.h"
#include "fixture.h"

// One letter a state: N none, U update failed, a request accept, A accept requested, r request reject, R reject
// requested, d request delete, D delete requested, * active; - for a pair that cannot be.
static const char letters[] = "NUaArRdD*";
static const enum local_status states[] = {
    LOCAL_NONE,           LOCAL_UPDATE_FAILED,    LOCAL_REQUEST_ACCEPT, LOCAL_ACCEPT_REQUESTED,
    LOCAL_REQUEST_REJECT, LOCAL_REJECT_REQUESTED, LOCAL_REQUEST_DELETE, LOCAL_DELETE_REQUESTED,
    LOCAL_ACTIVE};
_Static_assert(ARRAY_LEN(states) == LOCAL_COUNT_ - 1, "all but the overlay");

static const struct {
    enum lifecycle_event event;
    const char *next; // in the order of `letters`
} matrix[] = {
    {LIFECYCLE_SEEN_PENDING, "NUaArRdD*"},     {LIFECYCLE_SEEN_PROVISIONING, "NUAAUUdD*"},
    {LIFECYCLE_SEEN_ACTIVE, "****UUdD*"},      {LIFECYCLE_SEEN_DELETING, "NUUUURDDN"},
    {LIFECYCLE_SEEN_REJECTED, "NUUURRDDN"},    {LIFECYCLE_SEEN_DELETED, "NUUUURDDN"},
    {LIFECYCLE_SEEN_EXPIRED, "NUUUURDDN"},     {LIFECYCLE_SEEN_FAILED, "NUUUURDDN"},
    {LIFECYCLE_SEEN_UNKNOWN, "NUaArRdD*"},     {LIFECYCLE_MISSING, "NUaArRdD*"},
    {LIFECYCLE_REAPPEARED, "NUaArRdD*"},       {LIFECYCLE_VANISHED, "NUUUURDDN"},
    {LIFECYCLE_WINDOW_PASSED, "NUaArRdD*"},    {LIFECYCLE_REQUESTED_ACCEPT, "aa-------"},
    {LIFECYCLE_REQUESTED_REJECT, "rr-------"}, {LIFECYCLE_REQUESTED_DELETE, "dd-d-d--d"},
    {LIFECYCLE_CALL_DONE, "--A-R-D--"},        {LIFECYCLE_CALL_FAILED, "--U-U-U--"},
    {LIFECYCLE_CALL_RETRIED, "--a-r-d--"},     {LIFECYCLE_CANCELLED, "--N-N-*--"},
    {LIFECYCLE_FINISHING, "NUaArRdD*"},        {LIFECYCLE_APPROVED, "NU-A-R--*"},
};
_Static_assert(ARRAY_LEN(matrix) == LIFECYCLE_EVENT_COUNT_, "a row for each event");

static enum local_status state_of(char letter)
{
    const char *at = strchr(letters, letter);
    assert_non_null(at);
    return states[at - letters];
}

static void every_state_and_event_goes_where_the_matrix_says(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(matrix); i++) {
        for (size_t j = 0; j < ARRAY_LEN(states); j++) {
            enum local_status next;
            const char *why;
            bool can_be = lifecycle_next(states[j], matrix[i].event, true, &next, &why);
            if (can_be != (matrix[i].next[j] != '-'))
                fail_msg("%s with event %u: %d", local_status_name(states[j]), matrix[i].event, can_be);
            if (!can_be) continue;
            if (next != state_of(matrix[i].next[j]))
                fail_msg("%s with event %u goes to %s", local_status_name(states[j]), matrix[i].event,
                         local_status_name(next));
            bool enters_failure = next == LOCAL_UPDATE_FAILED && states[j] != next;
            assert_int_equal(why[0] != '\0', enters_failure);
        }
    }
}

static void the_same_cloud_status_again_moves_nothing(void **state)
{
    for (unsigned e = LIFECYCLE_SEEN_PENDING; e <= LIFECYCLE_SEEN_UNKNOWN; e++) {
        for (size_t j = 0; j < ARRAY_LEN(states); j++) {
            enum local_status next;
            const char *why;
            assert_true(lifecycle_next(states[j], (enum lifecycle_event)e, false, &next, &why));
            assert_int_equal(next, states[j]);
            assert_string_equal(why, "");
        }
    }
}

static void the_overlay_is_no_stored_state(void **state)
{
    for (unsigned e = 0; e < LIFECYCLE_EVENT_COUNT_; e++) {
        enum local_status next;
        const char *why;
        assert_false(lifecycle_next(LOCAL_SCAN_FAILED, (enum lifecycle_event)e, true, &next, &why));
    }
}

static void the_table_has_each_pair_once(void **state)
{
    static unsigned char seen[LOCAL_COUNT_][LIFECYCLE_EVENT_COUNT_];
#define TRANSITION(from, event, next, guard, actor, why) seen[LOCAL_##from][LIFECYCLE_##event]++;
#define FORBIDDEN(from, event)                           seen[LOCAL_##from][LIFECYCLE_##event]++;
#include "spec/lifecycle.def"
#undef TRANSITION
    for (unsigned s = 0; s < LOCAL_COUNT_; s++)
        for (unsigned e = 0; e < LIFECYCLE_EVENT_COUNT_; e++) assert_int_equal(seen[s][e], s != LOCAL_SCAN_FAILED);
}

static void every_code_of_aws_is_an_event(void **state)
{
    static const struct {
        const char *code;
        enum lifecycle_event event;
    } codes[] = {{"initiating-request", LIFECYCLE_SEEN_PENDING},
                 {"pending-acceptance", LIFECYCLE_SEEN_PENDING},
                 {"provisioning", LIFECYCLE_SEEN_PROVISIONING},
                 {"active", LIFECYCLE_SEEN_ACTIVE},
                 {"deleting", LIFECYCLE_SEEN_DELETING},
                 {"deleted", LIFECYCLE_SEEN_DELETED},
                 {"rejected", LIFECYCLE_SEEN_REJECTED},
                 {"failed", LIFECYCLE_SEEN_FAILED},
                 {"expired", LIFECYCLE_SEEN_EXPIRED},
                 {"", LIFECYCLE_SEEN_UNKNOWN},
                 {"Active", LIFECYCLE_SEEN_UNKNOWN},
                 {"something-new", LIFECYCLE_SEEN_UNKNOWN}};
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        assert_int_equal(lifecycle_seen(cloud_status_of(slice_of(codes[i].code))), codes[i].event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_and_event_goes_where_the_matrix_says),
        cmocka_unit_test(the_same_cloud_status_again_moves_nothing),
        cmocka_unit_test(the_overlay_is_no_stored_state),
        cmocka_unit_test(the_table_has_each_pair_once),
        cmocka_unit_test(every_code_of_aws_is_an_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
