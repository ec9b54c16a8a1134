// SPDX-License-Identifier: Apache-2.0
// The credential cache: references, replacement, bounds, the queue of unknown names, threads; and the failure counter.
// Run by: meson test, and under ThreadSanitizer.
#include "auth/cache.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>

#include "auth/failures.h"
#include "base/mem.h"

static struct slice name_of(char out[16], unsigned i)
{
    return slice_n(out, (size_t)snprintf(out, 16, "name-%u", i));
}

static struct cache_entry *entry(enum cache_kind kind, struct slice name, bool known, int64_t loaded)
{
    struct cache_entry *e = cache_entry_new(kind, name, 4096);
    assert_non_null(e);
    e->known = known;
    e->loaded.ns = loaded;
    return e;
}

static void put(struct cache *c, enum cache_kind kind, struct slice name, bool known, int64_t loaded)
{
    struct cache_entry *e = entry(kind, name, known, loaded);
    cache_put(c, e);
    cache_drop(e);
}

static void entries_are_found_by_kind_and_name(void **state)
{
    struct cache *c = cache_new(1000, 1 << 20, &rng_system);
    put(c, CACHE_KEY, SLICE("x"), true, 1);
    put(c, CACHE_ACCOUNT, SLICE("x"), true, 2);
    put(c, CACHE_TOKEN, SLICE("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), true, 3);
    assert_null(cache_get(c, CACHE_KEY, SLICE("y")));
    assert_null(cache_get(c, CACHE_TOKEN, SLICE("x")));
    assert_null(cache_get(c, CACHE_TOKEN, SLICE("baaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"))); // same end, another token
    struct cache_entry *e = cache_get(c, CACHE_ACCOUNT, SLICE("x"));
    assert_int_equal(e->loaded.ns, 2);
    cache_drop(e);
    assert_int_equal(cache_count(c), 3);
    cache_free(c);
}

static void a_held_entry_outlives_replacement_and_the_cache(void **state)
{
    struct cache *c = cache_new(1000, 1 << 20, &rng_system);
    put(c, CACHE_KEY, SLICE("x"), true, 1);
    struct cache_entry *old = cache_get(c, CACHE_KEY, SLICE("x"));
    put(c, CACHE_KEY, SLICE("x"), false, 2);
    struct cache_entry *new = cache_get(c, CACHE_KEY, SLICE("x"));
    assert_int_equal(old->loaded.ns, 1);
    assert_int_equal(new->loaded.ns, 2);
    assert_int_equal(cache_count(c), 1);
    struct cache_entry *token = entry(CACHE_TOKEN, SLICE("0123456789abcdef0"), true, 1);
    token->account = new; // takes our reference
    cache_put(c, token);
    cache_free(c);
    assert_true(slice_eq_cstr(old->name, "x"));
    assert_true(slice_eq_cstr(token->account->name, "x"));
    cache_drop(old);
    cache_drop(token);
}

static void sweeping_forgets_by_age(void **state)
{
    struct cache *c = cache_new(1000, 1 << 20, &rng_system);
    char text[16];
    for (unsigned i = 0; i < 100; i++) put(c, CACHE_KEY, name_of(text, i), i % 2, i);
    cache_sweep(c, (struct mono){40});
    assert_int_equal(cache_count(c), 60);
    assert_null(cache_get(c, CACHE_KEY, SLICE("name-39")));
    struct cache_entry *e = cache_get(c, CACHE_KEY, SLICE("name-40"));
    assert_non_null(e);
    cache_drop(e);
    cache_sweep(c, (struct mono){1000});
    assert_int_equal(cache_count(c), 0);
    assert_int_equal(cache_bytes(c), 0);
    cache_free(c);
}

static void bounds_hold_and_strangers_push_out_strangers_only(void **state)
{
    struct cache *c = cache_new(640, 1 << 20, &rng_system); // 20 of each queue in each shard
    char text[16];
    for (unsigned i = 0; i < 50; i++) put(c, CACHE_KEY, name_of(text, i), true, i);
    for (unsigned i = 1000; i < 50000; i++) put(c, CACHE_KEY, name_of(text, i), false, i);
    assert_true(cache_count(c) <= 320 + 50);
    for (unsigned i = 0; i < 50; i++) {
        struct cache_entry *e = cache_get(c, CACHE_KEY, name_of(text, i));
        assert_non_null(e);
        cache_drop(e);
    }
    for (unsigned i = 1000; i < 50000; i++) put(c, CACHE_KEY, name_of(text, i), true, i);
    assert_true(cache_count(c) <= 640);
    assert_null(cache_get(c, CACHE_KEY, SLICE("name-0"))); // the oldest went first
    struct cache_entry *e = cache_get(c, CACHE_KEY, SLICE("name-49999"));
    assert_non_null(e);
    cache_drop(e);
    cache_free(c);
}

static void bytes_are_bounded(void **state)
{
    enum { MAX_BYTES = 16 * 2 * 8192 };
    struct cache *c = cache_new(100000, MAX_BYTES, &rng_system);
    static char text[4000];
    memset(text, 'x', sizeof(text));
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(text, 16, "%u", i);
        put(c, CACHE_KEY, slice_n(text, sizeof(text)), true, i);
        assert_true(cache_bytes(c) <= MAX_BYTES);
    }
    assert_true(cache_count(c) > 0);
    struct cache_entry *e = cache_entry_new(CACHE_KEY, SLICE("big"), 1 << 20);
    char *big = arena_alloc(e->arena, 100000);
    assert_non_null(big);
    e->known = true;
    cache_put(c, e); // larger than a shard may hold: not kept
    assert_null(cache_get(c, CACHE_KEY, SLICE("big")));
    cache_drop(e);
    cache_free(c);
}

static void no_memory(void **state)
{
    for (uint64_t n = 1; n <= 2; n++) {
        mem_fault_set(n, true);
        struct cache_entry *e = cache_entry_new(CACHE_KEY, SLICE("x"), 4096);
        mem_fault_set(0, false);
        assert_null(e);
    }
    mem_fault_set(1, true);
    struct cache *c = cache_new(10, 10, &rng_system);
    struct failures *f = failures_new(10, &rng_system);
    mem_fault_set(0, false);
    assert_null(c);
    assert_null(f);
    cache_free(NULL);
    failures_free(NULL);
    cache_drop(NULL);
}

// ---- threads: run under ThreadSanitizer too

struct worker {
    struct cache *c;
    struct failures *f;
    unsigned seed, seen;
};

static void *churn(void *arg)
{
    struct worker *w = arg;
    struct seeded_rng s;
    struct rng rng = rng_seeded(&s, w->seed);
    for (int64_t i = 0; i < 20000; i++) {
        char text[16];
        struct slice name = name_of(text, (unsigned)rng_below(&rng, 300));
        struct cache_entry *e = cache_get(w->c, CACHE_KEY, name);
        if (e) {
            w->seen += slice_eq(e->name, name) && e->ha1[0] == 7;
            cache_drop(e);
        }
        if (e == NULL || rng_below(&rng, 10) == 0) {
            struct cache_entry *fresh = cache_entry_new(CACHE_KEY, name, 4096);
            if (fresh == NULL) return NULL;
            fresh->ha1[0] = 7;
            fresh->known = rng_below(&rng, 2);
            fresh->loaded.ns = i;
            cache_put(w->c, fresh);
            cache_drop(fresh);
        }
        if (i % 1000 == 999) cache_sweep(w->c, (struct mono){i - 500});
        if (failures_note(w->f, (struct ip){.family = 4, .b = {10, 0, (uint8_t)(i % 3), 1}}, (struct mono){i}))
            w->seen++;
    }
    return NULL;
}

static void threads_may_churn(void **state)
{
    struct worker w[4];
    pthread_t t[4];
    struct cache *c = cache_new(64, 1 << 20, &rng_system);
    struct failures *f = failures_new(60, &rng_system);
    for (unsigned i = 0; i < 4; i++) {
        w[i] = (struct worker){c, f, i + 1, 0};
        assert_int_equal(pthread_create(&t[i], NULL, churn, &w[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(t[i], NULL);
        assert_true(w[i].seen > 0);
    }
    cache_free(c);
    failures_free(f);
}

// ---- the failure counter

static struct ip address(const char *s)
{
    struct ip ip = {0};
    assert_true(ip_parse(slice_of(s), &ip));
    return ip;
}

static unsigned allowed(struct failures *f, struct ip ip, int64_t now_s, unsigned times)
{
    unsigned n = 0;
    for (unsigned i = 0; i < times; i++) n += failures_note(f, ip, (struct mono){now_s * NS_PER_SEC});
    return n;
}

static void failures_are_counted_by_address(void **state)
{
    struct failures *f = failures_new(60, &rng_system);
    assert_int_equal(allowed(f, address("192.0.2.1"), 0, 100), 60);
    assert_int_equal(allowed(f, address("192.0.2.2"), 0, 100), 60);
    assert_int_equal(allowed(f, address("192.0.2.1"), 59, 100), 0);
    assert_int_equal(allowed(f, address("192.0.2.1"), 60, 100), 60);
    // One client commands a whole /64.
    assert_int_equal(allowed(f, address("2001:db8::1"), 0, 50), 50);
    assert_int_equal(allowed(f, address("2001:db8::ffff:2"), 0, 50), 10);
    assert_int_equal(allowed(f, address("2001:db8:0:1::1"), 0, 50), 50);
    assert_int_equal(allowed(f, (struct ip){0}, 0, 100), 60);
    failures_free(f);
}

static void a_flood_of_addresses_does_not_free_a_guesser(void **state)
{
    struct failures *f = failures_new(60, &rng_system);
    struct ip guesser = address("192.0.2.1");
    assert_int_equal(allowed(f, guesser, 0, 100), 60);
    for (unsigned i = 0; i < 100000; i++) {
        struct ip ip = {.family = 4, .b = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}};
        (void)allowed(f, ip, 0, 1);
    }
    assert_int_equal(allowed(f, guesser, 0, 100), 0);
    failures_free(f);
    f = failures_new(0, &rng_system); // at least one
    assert_int_equal(allowed(f, guesser, 0, 5), 1);
    failures_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_found_by_kind_and_name),
        cmocka_unit_test(a_held_entry_outlives_replacement_and_the_cache),
        cmocka_unit_test(sweeping_forgets_by_age),
        cmocka_unit_test(bounds_hold_and_strangers_push_out_strangers_only),
        cmocka_unit_test(bytes_are_bounded),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(threads_may_churn),
        cmocka_unit_test(failures_are_counted_by_address),
        cmocka_unit_test(a_flood_of_addresses_does_not_free_a_guesser),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
