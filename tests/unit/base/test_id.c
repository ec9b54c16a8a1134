// SPDX-License-Identifier: Apache-2.0
// ObjectIds: shape, uniqueness, repeatability and what is refused.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/id.h"

static void begins_with_the_second(void **state)
{
    char hex[OID_HEX + 1];
    struct wall now = wall_from_sec(0x67631fd5);
    struct oid id = oid_new(&rng_system, now);
    oid_hex(id, hex);
    assert_int_equal(strlen(hex), OID_HEX);
    assert_memory_equal(hex, "67631fd5", 8);
    assert_int_equal(oid_time(id).us, now.us);
    assert_int_equal(oid_time((struct oid){{0xff, 0xff, 0xff, 0xff}}).us, INT64_C(0xffffffff) * US_PER_SEC);
}

static void ids_of_one_second_differ(void **state)
{
    enum { N = 2000 };
    static struct oid ids[N];
    for (int i = 0; i < N; i++) ids[i] = oid_new(&rng_system, wall_from_sec(1));
    for (int i = 0; i < N; i++)
        for (int k = i + 1; k < N; k++) assert_false(oid_eq(ids[i], ids[k]));
}

static void fill_zero(void *ctx, void *out, size_t n)
{
    memset(out, 0, n);
}

static void the_counter_alone_keeps_ids_apart(void **state)
{
    struct oid a = oid_new(&rng_system, wall_from_sec(1)), b = oid_new(&rng_system, wall_from_sec(1));
    assert_memory_not_equal(a.b + 9, b.b + 9, 3);
}

static void a_seed_gives_the_same_ids_again(void **state)
{
    struct seeded_rng s;
    struct rng r = rng_seeded(&s, 99);
    struct oid a = oid_new(&r, wall_from_sec(5)), b = oid_new(&r, wall_from_sec(5));
    (void)oid_new(&rng_system, wall_from_sec(5));
    r = rng_seeded(&s, 99);
    assert_true(oid_eq(a, oid_new(&r, wall_from_sec(5))));
    assert_true(oid_eq(b, oid_new(&r, wall_from_sec(5))));
    assert_false(oid_eq(a, b));
}

static void hex_and_back(void **state)
{
    char hex[OID_HEX + 1];
    struct oid id;
    assert_true(oid_parse(SLICE("0123456789abcdef01fe2dbc"), &id));
    assert_int_equal(id.b[0], 0x01);
    assert_int_equal(id.b[5], 0xab);
    assert_int_equal(id.b[11], 0xbc);
    oid_hex(id, hex);
    assert_string_equal(hex, "0123456789abcdef01fe2dbc");
}

static void refuses_what_the_contract_refuses(void **state)
{
    static const char *const bad[] = {"",
                                      "0123456789abcdef01fe2db",
                                      "0123456789abcdef01fe2dbcd",
                                      "0123456789ABCDEF01fe2dbc",
                                      "0123456789abcdeg01fe2dbc",
                                      "0123456789abcde/01fe2dbc",
                                      "0123456789abcde:01fe2dbc",
                                      "0123456789abcde`01fe2dbc",
                                      " 123456789abcdef01fe2dbc"};
    struct oid id = {{9}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (oid_parse(slice_of(bad[i]), &id)) fail_msg("accepted: %s", bad[i]);
    assert_int_equal(id.b[0], 9);
}

static void order_is_that_of_the_text(void **state)
{
    struct oid a, b, zero = {{0}};
    assert_true(oid_parse(SLICE("0fffffffffffffffffffffff"), &a));
    assert_true(oid_parse(SLICE("f00000000000000000000000"), &b));
    assert_true(oid_cmp(a, b) < 0 && oid_cmp(b, a) > 0 && oid_cmp(a, a) == 0);
    assert_true(oid_is_zero(zero));
    zero.b[11] = 1;
    assert_false(oid_is_zero(zero));
    struct rng r = {fill_zero, NULL};
    assert_true(oid_is_zero(oid_new(&r, (struct wall){0})));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_with_the_second),
        cmocka_unit_test(ids_of_one_second_differ),
        cmocka_unit_test(the_counter_alone_keeps_ids_apart),
        cmocka_unit_test(a_seed_gives_the_same_ids_again),
        cmocka_unit_test(hex_and_back),
        cmocka_unit_test(refuses_what_the_contract_refuses),
        cmocka_unit_test(order_is_that_of_the_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
