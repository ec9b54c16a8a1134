// SPDX-License-Identifier: Apache-2.0
// The map against a plain array under random operations, failing allocations, and SipHash's values.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "base/mem.h"

static void siphash_values(void **state)
{
    // Key 00 01 … 0f and the empty text: from the reference vectors of SipHash-1-3. With the zero key: what
    // CPython 3.11 computes as hash(bytes) with PYTHONHASHSEED=0.
    static const uint64_t counting[2] = {UINT64_C(0x0706050403020100), UINT64_C(0x0f0e0d0c0b0a0908)};
    static const uint64_t zero[2] = {0, 0};
    assert_true(siphash13(counting, "", 0) == UINT64_C(0xabac0158050fc4dc));
    unsigned char seq[64], xs[300];
    for (unsigned i = 0; i < sizeof(seq); i++) seq[i] = (unsigned char)i;
    memset(xs, 'x', sizeof(xs));
    assert_true(siphash13(zero, "a", 1) == UINT64_C(0x407448d2b89b1813));
    assert_true(siphash13(zero, "abc", 3) == UINT64_C(0xc03bc3a0042630f2));
    assert_true(siphash13(zero, "1234567", 7) == UINT64_C(0xa33d651594fdae81));
    assert_true(siphash13(zero, "12345678", 8) == UINT64_C(0x3489982430560a87));
    assert_true(siphash13(zero, "123456789", 9) == UINT64_C(0x0fbc0f0007965fcf));
    assert_true(siphash13(zero, seq, sizeof(seq)) == UINT64_C(0x75e05fd5bbc870c6));
    assert_true(siphash13(zero, xs, sizeof(xs)) == UINT64_C(0x2f58903130dc04e4));
}

static struct slice key_of(char buf[16], unsigned i)
{
    return slice_n(buf, (size_t)snprintf(buf, 16, "k%u", i));
}

static void random_operations_agree_with_an_array(void **state)
{
    enum { KEYS = 300 };
    static char values[KEYS][2];
    void *have[KEYS] = {0};
    struct seeded_rng s;
    struct rng r = rng_seeded(&s, 11);
    struct map *m = map_new(&r);
    size_t len = 0;
    char buf[16];
    assert_non_null(m);
    for (int step = 0; step < 60000; step++) {
        // The share of removals swings, so that the map fills and empties many times.
        unsigned i = (unsigned)rng_below(&r, KEYS);
        bool put = rng_below(&r, 100) < (step / 5000 % 2 ? 20U : 80U);
        void *old = have[i], *got = (void *)1;
        if (put) {
            have[i] = &values[i][rng_below(&r, 2)];
            assert_true(map_put(m, key_of(buf, i), have[i], &got));
            len += old == NULL;
        } else {
            have[i] = NULL;
            got = map_remove(m, key_of(buf, i));
            len -= old != NULL;
        }
        assert_ptr_equal(got, old);
        assert_int_equal(map_len(m), len);
        unsigned look = (unsigned)rng_below(&r, KEYS);
        assert_ptr_equal(map_get(m, key_of(buf, look)), have[look]);
    }
    size_t cursor = 0, seen = 0;
    struct slice k;
    void *v;
    while (map_next(m, &cursor, &k, &v)) {
        uint64_t i;
        assert_true(slice_u64(slice_skip(k, 1), KEYS - 1, &i));
        assert_ptr_equal(v, have[i]);
        seen++;
    }
    assert_int_equal(seen, len);
    assert_false(map_next(m, &cursor, &k, &v));
    map_free(m);
}

static void keys_are_bytes_and_copied(void **state)
{
    int a, b, c;
    char key[3] = {'x', 0, 'y'};
    struct map *m = map_new(&rng_system);
    assert_true(map_put(m, slice_n(key, 3), &a, NULL));
    assert_true(map_put(m, slice_n(NULL, 0), &b, NULL));
    assert_true(map_put(m, slice_n(key, 1), &c, NULL));
    key[2] = 'z';
    assert_null(map_get(m, slice_n(key, 3)));
    assert_ptr_equal(map_get(m, slice_n("x\0y", 3)), &a);
    assert_ptr_equal(map_get(m, SLICE("")), &b);
    assert_ptr_equal(map_get(m, SLICE("x")), &c);
    assert_ptr_equal(map_remove(m, SLICE("")), &b);
    assert_null(map_remove(m, SLICE("")));
    assert_int_equal(map_len(m), 2);
    map_free(m);
    map_free(NULL);
}

static void an_empty_map_answers(void **state)
{
    struct map *m = map_new(&rng_system);
    size_t cursor = 0;
    struct slice k;
    void *v;
    assert_null(map_get(m, SLICE("a")));
    assert_null(map_remove(m, SLICE("a")));
    assert_false(map_next(m, &cursor, &k, &v));
    assert_int_equal(map_len(m), 0);
    map_free(m);
}

static void a_failed_put_changes_nothing(void **state)
{
    static int values[40];
    struct map *m = map_new(&rng_system);
    char buf[16];
    for (unsigned i = 0; i < 40; i++) {
        // Fails the first allocation, then the second, until one put needs no more.
        for (uint64_t nth = 1;; nth++) {
            void *old = &old;
            mem_fault_set(nth, false);
            bool ok = map_put(m, key_of(buf, i), &values[i], &old);
            bool fired = mem_fault_fired();
            mem_fault_set(0, false);
            assert_int_equal(ok, !fired);
            assert_int_equal(map_len(m), i + ok);
            for (unsigned k = 0; k < i; k++) assert_ptr_equal(map_get(m, key_of(buf, k)), &values[k]);
            if (ok) {
                assert_null(old);
                break;
            }
            assert_ptr_equal(old, &old);
            assert_null(map_get(m, key_of(buf, i)));
        }
    }
    map_free(m);
    mem_fault_set(1, false);
    m = map_new(&rng_system);
    mem_fault_set(0, false);
    assert_null(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_values),
        cmocka_unit_test(random_operations_agree_with_an_array),
        cmocka_unit_test(keys_are_bytes_and_copied),
        cmocka_unit_test(an_empty_map_answers),
        cmocka_unit_test(a_failed_put_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
