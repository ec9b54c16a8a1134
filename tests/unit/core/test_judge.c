// SPDX-License-Identifier: Apache-2.0
// What an action means, every action in every state, against a matrix written from the design's prose.
#include "core/action.h"
#include "core/transition.h"
#include "fixture.h"

// A letter a verdict: t take, a already, . forbidden. Columns: initiating-request, pending-acceptance, provisioning,
// active, deleting, deleted, rejected, failed, expired, unknown.
static const enum cloud_status clouds[] = {CLOUD_INITIATING, CLOUD_PENDING, CLOUD_PROVISIONING, CLOUD_ACTIVE,
                                           CLOUD_DELETING,   CLOUD_DELETED, CLOUD_REJECTED,     CLOUD_FAILED,
                                           CLOUD_EXPIRED,    CLOUD_UNKNOWN};
static const struct {
    enum local_status local;
    const char *accept, *reject, *delete;
} matrix[] = {
    {LOCAL_NONE, ".taa......", ".t....a...", "...taaaaa."},
    {LOCAL_UPDATE_FAILED, ".taa......", ".t....a...", "...taaaaa."},
    {LOCAL_REQUEST_ACCEPT, "aaaa.....a", "......a...", "....aaaaa."},
    {LOCAL_ACCEPT_REQUESTED, "aaaa.....a", "......a...", "...taaaaa."},
    {LOCAL_REQUEST_REJECT, "..aa......", "aa....a..a", "....aaaaa."},
    {LOCAL_REJECT_REQUESTED, "..aa......", "aa....a..a", "...taaaaa."},
    {LOCAL_REQUEST_DELETE, "..........", "......a...", "aaaaaaaaaa"},
    {LOCAL_DELETE_REQUESTED, "..........", "......a...", "aaaaaaaaaa"},
    {LOCAL_ACTIVE, "aaaa.....a", "......a...", "...taaaaa."},
};
_Static_assert(ARRAY_LEN(matrix) == LOCAL_COUNT_ - 1, "all stored states");

static const char *row_of(size_t i, enum action a)
{
    return a == ACTION_ACCEPT ? matrix[i].accept : a == ACTION_REJECT ? matrix[i].reject : matrix[i].delete;
}

static char letter(enum verdict v)
{
    return v == VERDICT_TAKE ? 't' : v == VERDICT_ALREADY ? 'a' : '.';
}

static void every_action_in_every_state_means_what_the_matrix_says(void **state)
{
    for (unsigned a = 0; a < ACTION_COUNT_; a++) {
        for (size_t i = 0; i < ARRAY_LEN(matrix); i++) {
            for (size_t j = 0; j < ARRAY_LEN(clouds); j++) {
                const char *why = NULL;
                enum verdict v = action_judge((enum action)a, matrix[i].local, clouds[j], &why);
                if (letter(v) != row_of(i, (enum action)a)[j])
                    fail_msg("%s in %s with cloud status %d is %c", action_name((enum action)a),
                             local_status_name(matrix[i].local), clouds[j], letter(v));
                assert_int_equal(v == VERDICT_FORBID, why != NULL && why[0]);
            }
        }
    }
}

// What is taken must be a transition, and what the lifecycle allows must be taken somewhere.
static void the_judge_and_the_lifecycle_agree(void **state)
{
    static const enum lifecycle_event events[] = {LIFECYCLE_REQUESTED_ACCEPT, LIFECYCLE_REQUESTED_REJECT,
                                                  LIFECYCLE_REQUESTED_DELETE};
    for (unsigned a = 0; a < ACTION_COUNT_; a++) {
        for (size_t i = 0; i < ARRAY_LEN(matrix); i++) {
            enum local_status next;
            const char *why;
            bool taken = strchr(row_of(i, (enum action)a), 't');
            bool allowed = lifecycle_next(matrix[i].local, events[a], false, &next, &why);
            assert_int_equal(taken, allowed);
        }
    }
}

static void the_table_has_each_pair_once(void **state)
{
    static unsigned char seen[ACTION_COUNT_][LOCAL_COUNT_];
#define JUDGE(action, local, ...) seen[ACTION_##action][LOCAL_##local]++;
#include "spec/actions.def"
#undef JUDGE
    for (unsigned a = 0; a < ACTION_COUNT_; a++)
        for (unsigned s = 0; s < LOCAL_COUNT_; s++) assert_int_equal(seen[a][s], s != LOCAL_SCAN_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_action_in_every_state_means_what_the_matrix_says),
        cmocka_unit_test(the_judge_and_the_lifecycle_agree),
        cmocka_unit_test(the_table_has_each_pair_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
