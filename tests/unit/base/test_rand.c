// SPDX-License-Identifier: Apache-2.0
// Random bytes: the seeded source against the published outputs, and the properties of the system's.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/rand.h"

static void seeding_gives_the_published_splitmix_outputs(void **state)
{
    struct seeded_rng r;
    (void)rng_seeded(&r, 1234567);
    assert_true(r.s[0] == UINT64_C(6457827717110365317));
    assert_true(r.s[1] == UINT64_C(3203168211198807973));
    assert_true(r.s[2] == UINT64_C(9817491932198370423));
    assert_true(r.s[3] == UINT64_C(4593380528125082431));
}

static void the_generator_gives_the_published_outputs(void **state)
{
    struct seeded_rng r;
    struct rng rng = rng_seeded(&r, 0);
    r = (struct seeded_rng){{1, 2, 3, 4}};
    assert_true(rng_u64(&rng) == 11520);
    assert_true(rng_u64(&rng) == 0);
    assert_true(rng_u64(&rng) == 1509978240);
    assert_true(rng_u64(&rng) == UINT64_C(1215971899390074240));
}

static void seeded_bytes_are_little_endian_and_repeat(void **state)
{
    struct seeded_rng a, b;
    struct rng ra = rng_seeded(&a, 42), rb = rng_seeded(&b, 42);
    unsigned char x[19], y[19];
    rng_fill(&ra, x, sizeof(x));
    rng_fill(&rb, y, sizeof(y));
    assert_memory_equal(x, y, sizeof(x));
    ra = rng_seeded(&a, 42);
    uint64_t first = rng_u64(&ra);
    for (unsigned i = 0; i < 8; i++) assert_int_equal(x[i], (first >> (8 * i)) & 0xff);
    rb = rng_seeded(&b, 43);
    assert_true(rng_u64(&rb) != first);
}

static void below_stays_below_and_reaches_all(void **state)
{
    struct seeded_rng s;
    struct rng r = rng_seeded(&s, 7);
    unsigned seen[6] = {0};
    for (int i = 0; i < 60000; i++) {
        uint64_t v = rng_below(&r, 6);
        assert_true(v < 6);
        seen[v]++;
    }
    // 10000 expected, standard deviation 91: seven of them never happen by chance, a bias shows.
    for (int i = 0; i < 6; i++) assert_in_range(seen[i], 10000 - 640, 10000 + 640);
    for (int i = 0; i < 100; i++) assert_true(rng_below(&r, 1) == 0);
}

static void give_script(void *ctx, void *out, size_t n)
{
    const uint64_t **next = ctx;
    assert_int_equal(n, 8);
    for (unsigned i = 0; i < 8; i++) ((unsigned char *)out)[i] = (unsigned char)(**next >> (8 * i));
    (*next)++;
}

static void below_draws_again_where_the_remainder_is_biased(void **state)
{
    // 2^64 mod (2^63 + 1) is 2^63 - 1: all below that are drawn again.
    const uint64_t script[] = {0, (UINT64_C(1) << 63) - 2, (UINT64_C(1) << 63) - 1}, *next = script;
    struct rng r = {give_script, &next};
    assert_true(rng_below(&r, (UINT64_C(1) << 63) + 1) == (UINT64_C(1) << 63) - 1);
    assert_int_equal(next - script, 3);
}

static void system_source_fills_all_of_it(void **state)
{
    // Larger than one getrandom call gives for sure. Each 64-byte piece being zero has chance 2^-512.
    static unsigned char big[4096], zero[64];
    rng_fill(&rng_system, big, sizeof(big));
    for (size_t i = 0; i < sizeof(big); i += 64) assert_memory_not_equal(big + i, zero, 64);
    assert_true(rng_u64(&rng_system) != rng_u64(&rng_system));
    rng_fill(&rng_system, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeding_gives_the_published_splitmix_outputs),
        cmocka_unit_test(the_generator_gives_the_published_outputs),
        cmocka_unit_test(seeded_bytes_are_little_endian_and_repeat),
        cmocka_unit_test(below_stays_below_and_reaches_all),
        cmocka_unit_test(below_draws_again_where_the_remainder_is_biased),
        cmocka_unit_test(system_source_fills_all_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
