// SPDX-License-Identifier: Apache-2.0
// Nonces and the read window: form, age, other replicas, replay, bounds. Run by: meson test. Must never: need a store.
#include "auth/nonce.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/encode.h"
#include "base/mem.h"

#define KEY_1 "0011223344556677 = 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
#define KEY_2 "0011aabbccddeeff = ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff\n"
#define KEY_3 "99aabbccddeeff00 = ee0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eee\n"
#define NOW   INT64_C(1700000000)

static struct keyring *ring(const char *text)
{
    struct error err;
    struct keyring *k = NULL;
    assert_int_equal(keyring_parse(slice_of(text), &k, &err), ERR_OK);
    return k;
}

static int set_up(void **state)
{
    struct error err;
    return crypto_init(&err) == ERR_OK ? 0 : -1;
}

static struct wall at(int64_t s)
{
    return wall_from_sec(s);
}

static void it_has_the_recorded_form(void **state)
{
    struct keyring *k = ring(KEY_1);
    char a[NONCE_TEXT + 1], b[NONCE_TEXT + 1];
    uint8_t raw[24];
    size_t n;
    nonce_make(k, &rng_system, at(NOW), a);
    nonce_make(k, &rng_system, at(NOW), b);
    assert_int_equal(strlen(a), 32);
    assert_string_not_equal(a, b);
    assert_true(base64_decode(slice_of(a), raw, sizeof(raw), &n));
    assert_int_equal(n, 24);
    keyring_free(k);
}

static void it_lives_five_minutes(void **state)
{
    struct keyring *k = ring(KEY_1);
    char text[NONCE_TEXT + 1];
    struct nonce n;
    nonce_make(k, &rng_system, at(NOW), text);
    assert_int_equal(nonce_check(k, slice_of(text), at(NOW), &n), NONCE_FRESH);
    assert_int_equal(n.issued, NOW);
    assert_int_equal(nonce_check(k, slice_of(text), at(NOW + 299), &n), NONCE_FRESH);
    assert_int_equal(nonce_check(k, slice_of(text), at(NOW + 300), &n), NONCE_OLD);
    assert_int_equal(nonce_check(k, slice_of(text), at(NOW + 86400), &n), NONCE_OLD);
    assert_int_equal(nonce_check(k, slice_of(text), at(NOW - 60), &n), NONCE_FRESH);
    assert_int_equal(nonce_check(k, slice_of(text), at(NOW - 61), &n), NONCE_OLD);
    keyring_free(k);
}

static void other_replicas_and_old_keys_count(void **state)
{
    struct keyring *one = ring(KEY_1), *rotated = ring(KEY_2 KEY_1), *replica = ring(KEY_1), *other = ring(KEY_2 KEY_3);
    char text[NONCE_TEXT + 1];
    struct nonce n;
    nonce_make(one, &rng_system, at(NOW), text);
    assert_int_equal(nonce_check(replica, slice_of(text), at(NOW), &n), NONCE_FRESH);
    assert_int_equal(nonce_check(rotated, slice_of(text), at(NOW), &n), NONCE_FRESH); // KEY_2 has the same hint
    assert_int_equal(nonce_check(other, slice_of(text), at(NOW), &n), NONCE_FOREIGN);
    keyring_free(one);
    keyring_free(rotated);
    keyring_free(replica);
    keyring_free(other);
}

static void changed_ones_are_foreign(void **state)
{
    struct keyring *k = ring(KEY_1);
    char text[NONCE_TEXT + 1];
    struct nonce n;
    nonce_make(k, &rng_system, at(NOW), text);
    for (int i = 0; i < NONCE_TEXT; i++) {
        char was = text[i];
        for (int c = 1; c < 256; c++) {
            if (c == (unsigned char)was) continue;
            text[i] = (char)c;
            assert_int_equal(nonce_check(k, slice_n(text, NONCE_TEXT), at(NOW), &n), NONCE_FOREIGN);
        }
        text[i] = was;
    }
    uint8_t short_raw[22] = {0}; // 32 characters too, with padding
    base64_encode(short_raw, sizeof(short_raw), text);
    assert_int_equal(nonce_check(k, slice_of(text), at(NOW), &n), NONCE_FOREIGN);
    assert_int_equal(nonce_check(k, slice_n(text, 31), at(NOW), &n), NONCE_FOREIGN);
    assert_int_equal(nonce_check(k, slice_n(text, 33), at(NOW), &n), NONCE_FOREIGN);
    assert_int_equal(nonce_check(k, SLICE(""), at(NOW), &n), NONCE_FOREIGN);
    keyring_free(k);
}

// ---- the window

static struct nonce random_nonce(int64_t issued)
{
    struct nonce n = {.issued = (uint32_t)issued};
    rng_fill(&rng_system, n.mac, sizeof(n.mac));
    return n;
}

static void a_count_is_good_once_within_64(void **state)
{
    struct window *w = window_new(1000, at(NOW));
    struct nonce n = random_nonce(NOW), m = random_nonce(NOW);
    assert_false(window_use(w, &n, 0, at(NOW)));
    assert_true(window_use(w, &n, 1, at(NOW)));
    assert_false(window_use(w, &n, 1, at(NOW)));
    assert_true(window_use(w, &m, 1, at(NOW)));
    assert_true(window_use(w, &n, 3, at(NOW)));
    assert_true(window_use(w, &n, 2, at(NOW)));
    assert_false(window_use(w, &n, 2, at(NOW)));
    assert_false(window_use(w, &n, 3, at(NOW)));
    assert_true(window_use(w, &n, 66, at(NOW)));
    assert_false(window_use(w, &n, 2, at(NOW)));   // 64 behind
    assert_false(window_use(w, &n, 3, at(NOW)));   // 63 behind, used
    assert_true(window_use(w, &n, 4, at(NOW)));    // 62 behind, not used
    assert_true(window_use(w, &n, 1000, at(NOW))); // a jump forgets all below
    assert_false(window_use(w, &n, 900, at(NOW)));
    assert_true(window_use(w, &n, 937, at(NOW)));
    assert_false(window_use(w, &n, 936, at(NOW)));
    assert_true(window_use(w, &n, UINT32_MAX, at(NOW)));
    assert_false(window_use(w, &n, UINT32_MAX, at(NOW)));
    window_free(w);
}

static void ten_thousand_replays_none_accepted(void **state)
{
    struct window *w = window_new(262144, at(NOW));
    struct nonce n = random_nonce(NOW);
    assert_true(window_use(w, &n, 1, at(NOW)));
    unsigned accepted = 0;
    for (int i = 0; i < 10000; i++) accepted += window_use(w, &n, 1, at(NOW + i / 40));
    assert_int_equal(accepted, 0);
    window_free(w);
}

static void ten_thousand_live_nonces_below_2_mb(void **state)
{
    struct window *w = window_new(262144, at(NOW));
    struct nonce *all = mem_zalloc(10000, sizeof(*all));
    for (int i = 0; i < 10000; i++) {
        all[i] = random_nonce(NOW + i / 50);
        assert_true(window_use(w, &all[i], 1, at(NOW + i / 50)));
    }
    print_message("10,000 live nonces: %zu bytes\n", window_bytes(w));
    assert_true(window_bytes(w) < 2 * 1000 * 1000);
    for (int i = 0; i < 10000; i++) assert_false(window_use(w, &all[i], 1, at(NOW + 200)));
    mem_free(all);
    window_free(w);
}

// Against a model that never forgets: whatever the window accepts must be new, also when it overflows all the time.
static void never_accepts_twice_however_full(void **state)
{
    enum { N = 60000 };
    struct nonce *all = mem_zalloc(N, sizeof(*all));
    uint64_t *used = mem_zalloc(N, sizeof(*used)); // bit nc of the first 63 counts
    struct window *w = window_new(1000, at(NOW));
    struct seeded_rng seed;
    struct rng rng = rng_seeded(&seed, 42);
    unsigned accepted = 0, newest = 0;
    size_t peak = 0;
    for (int i = 0; i < 400000; i++) {
        int64_t now = NOW + i / 400; // 1,000 seconds in all, 60 new nonces a second
        if (newest < N && i % 7 == 0) all[newest++] = random_nonce(now);
        unsigned pick = newest - 1 - (unsigned)rng_below(&rng, MIN(newest, 3000U));
        uint32_t nc = 1 + (uint32_t)rng_below(&rng, 5);
        if (now - all[pick].issued >= NONCE_LIFE_SECONDS) continue; // nonce_check refuses those before
        if (!window_use(w, &all[pick], nc, at(now))) continue;
        assert_false(used[pick] >> nc & 1);
        used[pick] |= UINT64_C(1) << nc;
        accepted++;
        peak = MAX(peak, window_bytes(w));
    }
    assert_true(accepted > 10000);
    assert_true(peak < 200 * 1024);
    mem_free(all);
    mem_free(used);
    window_free(w);
}

static void fresh_nonces_work_while_it_overflows(void **state)
{
    struct window *w = window_new(1000, at(NOW));
    for (int i = 0; i < 200000; i++) {
        struct nonce n = random_nonce(NOW + 1 + i / 100);
        assert_true(window_use(w, &n, 1, at(NOW + 1 + i / 100)));
    }
    window_free(w);
}

static void a_new_process_refuses_what_an_old_one_may_have_seen(void **state)
{
    struct window *w = window_new(1000, at(NOW));
    struct nonce before = random_nonce(NOW - 1), now = random_nonce(NOW);
    assert_false(window_use(w, &before, 1, at(NOW)));
    assert_true(window_use(w, &now, 1, at(NOW)));
    window_free(w);
    w = window_new(1000, at(0));
    assert_true(window_use(w, &before, 1, at(NOW)));
    window_free(w);
}

static void no_memory_refuses(void **state)
{
    struct nonce n = random_nonce(NOW);
    mem_fault_set(1, false);
    assert_null(window_new(10, at(NOW)));
    mem_fault_set(0, false);
    struct window *w = window_new(10, at(NOW));
    mem_fault_set(1, false);
    enum window_answer answer = window_use(w, &n, 1, at(NOW));
    mem_fault_set(0, false);
    assert_int_equal(answer, WINDOW_NOMEM);
    assert_true(window_use(w, &n, 1, at(NOW)));
    window_free(w);
    window_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_the_recorded_form),
        cmocka_unit_test(it_lives_five_minutes),
        cmocka_unit_test(other_replicas_and_old_keys_count),
        cmocka_unit_test(changed_ones_are_foreign),
        cmocka_unit_test(a_count_is_good_once_within_64),
        cmocka_unit_test(ten_thousand_replays_none_accepted),
        cmocka_unit_test(ten_thousand_live_nonces_below_2_mb),
        cmocka_unit_test(never_accepts_twice_however_full),
        cmocka_unit_test(fresh_nonces_work_while_it_overflows),
        cmocka_unit_test(a_new_process_refuses_what_an_old_one_may_have_seen),
        cmocka_unit_test(no_memory_refuses),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
