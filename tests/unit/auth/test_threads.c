// SPDX-License-Identifier: Apache-2.0
// auth_check from several threads at once, each with a reader of its own, while tokens come and go and the clock moves:
// every right request passes, every wrong one is refused, whatever the interleaving. Run by: meson test, and under
// ThreadSanitizer. Must never: assert on a thread (cmocka cannot).
#include "fixture.h"

#include <pthread.h>

#define THREADS 4
#define ROUNDS  150

struct worker {
    struct fix f; // shares auth, store and keys; has its own reader, arena and request
    char *token, *revoked;
    unsigned wrong;
};

static void *check_many(void *arg)
{
    struct worker *w = arg;
    struct fix *f = &w->f;
    for (int i = 0; i < ROUNDS; i++) {
        w->wrong += fix_bearer(f, w->token) != AUTH_OK;
        w->wrong += fix_bearer(f, w->revoked) != AUTH_BAD_TOKEN;
        fix_request(f, i % 8 ? METHOD_GET : METHOD_DELETE, "/api/atlas/v2/groups");
        fix_digest(f, (struct fix_digest){0});
        w->wrong += fix_result(f, NULL) != AUTH_OK;
        w->wrong += fix_result(f, NULL) != AUTH_CHALLENGE;                    // the same again is a replay
        if (i % 10 == 0) manual_clock_advance(f->clock.ctx, 300 * NS_PER_MS); // the one clock of all
        if (i % 25 == 0) auth_note_used(f->auth, f->account.row.client_id, "000000000000000000000000", f->r.received);
    }
    return NULL;
}

static void every_answer_is_right_on_every_thread(void **state)
{
    struct fix *f = *state;
    struct error err;
    static struct worker w[THREADS];
    pthread_t t[THREADS];
    char *token = fix_token(f), *revoked = fix_token(f), body[JWT_MAX + 16];
    snprintf(body, sizeof(body), "token=%s", revoked);
    fix_form(f, "/api/oauth/revoke", body);
    fix_basic(f, NULL);
    auth_oauth_revoke(f->auth, f->reader, &f->r, &f->rep);
    for (unsigned i = 0; i < THREADS; i++) {
        w[i] = (struct worker){.f = *f, .token = token, .revoked = revoked};
        reply_init(&w[i].f.rep);
        w[i].f.arena = arena_new(1 << 20);
        assert_int_equal(store_reader_open(f->store, &w[i].f.reader, &err), ERR_OK);
    }
    for (unsigned i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&t[i], NULL, check_many, &w[i]), 0);
    for (int i = 0; i < 20; i++) {
        mem_free(fix_token(f));
        auth_tick(f->auth);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(t[i], NULL);
        assert_int_equal(w[i].wrong, 0);
        reply_done(&w[i].f.rep);
        arena_free(w[i].f.arena);
        store_reader_close(&w[i].f.reader);
    }
    mem_free(token);
    mem_free(revoked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {FIX_TEST(every_answer_is_right_on_every_thread)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
