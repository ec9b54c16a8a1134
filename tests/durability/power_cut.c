// SPDX-License-Identifier: Apache-2.0
// Power cuts: a run of the product is recorded change by change, its files are rebuilt as of many moments with what was
// not synced kept, dropped, torn or reordered, and the product opens them. What was acknowledged by then must be there
// once, the rest whole or not at all. Run by: tools/check and tools/soak. Usage: power_cut [EVERY [SEED]]: of the
// moments each EVERY-th, all with 1; and of the moments just before and after a sync each fourth of that.
#include "run.h"

#include <sys/stat.h>

#define API_CALLS 220

struct point { // what the store holds from this moment on
    size_t moment;
    uint64_t digest;
};

struct check {
    struct run *run;
    struct player *player;
    struct seeded_rng seed;
    struct rng rng;
    struct manual_clock manual;
    struct clock clock;
    struct arena *arena;
    char dir[64], path[96];
    struct point *points; // the states that the store went through, in order
    size_t point_count;
    uint64_t moments, images, lost, doubled, between, broken, retried;
    bool quiet;
};

static void say(struct check *c, uint64_t *count, size_t moment, enum cut cut, const char *what, const char *detail)
{
    ++*count;
    if (!c->quiet && *count <= 5)
        printf("power cut at change %zu, unsynced changes %s: %s%s%s\n", moment, cut_names[cut], what,
               detail[0] ? ": " : "", detail);
}

// ---- opening what was left ----------------------------------------------------------------------------------------

static struct store *open_image(struct check *c, struct error *err)
{
    struct store_options so;
    struct store *s = NULL;
    store_options_default(&so);
    so.path = c->path;
    so.create = true;
    so.clock = &c->clock;
    return store_open(&so, &s, err) == ERR_OK ? s : NULL;
}

// The shared memory of a dead process may be anything: the next one must not believe it.
static void leave_shm(struct check *c)
{
    char name[128];
    (void)snprintf(name, sizeof(name), "%s-shm", c->path);
    (void)unlink(name);
    if (rng_below(&c->rng, 2)) return;
    uint8_t noise[32768];
    FILE *f = fopen(name, "wb");
    assert_non_null(f);
    rng_fill(&c->rng, noise, sizeof(noise));
    assert_int_equal(fwrite(noise, 1, sizeof(noise), f), sizeof(noise));
    assert_int_equal(fclose(f), 0);
}

static bool digest_now(struct check *c, uint64_t *ret)
{
    struct buf text;
    buf_init(&text, DUMP_MAX);
    bool good = dump_all(c->path, NULL, &text);
    if (good) *ret = dump_digest(buf_view(&text));
    buf_done(&text);
    return good;
}

// ---- the states that there were -------------------------------------------------------------------------------------

static void note_point(struct check *c, struct player *p, size_t moment)
{
    struct error err;
    uint64_t digest;
    player_seek(p, moment);
    assert_true(player_write(p, CUT_KEEP, &c->rng, c->path));
    struct store *s = open_image(c, &err);
    if (!s) fail_msg("%s", err.detail);
    assert_true(digest_now(c, &digest));
    store_close(&s);
    if (c->point_count && c->points[c->point_count - 1].digest == digest) return;
    c->points[c->point_count++] = (struct point){moment, digest};
}

// The number of the state at a moment; the first is 0, for there is one at moment 0.
static size_t point_at(const struct check *c, size_t moment)
{
    size_t n = 0;
    while (n + 1 < c->point_count && c->points[n + 1].moment <= moment) n++;
    return n;
}

// After each sync, and at each acknowledgement: the latter must be what the live store showed.
static void collect_points(struct check *c)
{
    struct tape *t = c->run->tape;
    size_t n = tape_length(t), next = 0;
    struct player *p = player_new(t);
    c->points = mem_zalloc(n + 1 + c->run->n, sizeof(*c->points));
    note_point(c, p, 0);
    for (size_t moment = 1; moment <= n; moment++) {
        bool ack = next < c->run->n && c->run->acks[next].ended == moment;
        if (ack || tape_is_sync(t, moment - 1)) note_point(c, p, moment);
        for (; next < c->run->n && c->run->acks[next].ended == moment; next++)
            if (c->points[c->point_count - 1].digest != c->run->acks[next].digest)
                fail_msg("call %zu (%s) left another state than is on the tape", next, c->run->acks[next].what);
    }
    player_free(p);
    assert_int_equal(next, c->run->n);
}

// ---- judging ------------------------------------------------------------------------------------------------------

// The client of the last call has heard nothing, or it does not trust what it heard: it asks again.
static void ask_again(struct check *c, struct store *s, const struct ack *a, size_t moment, enum cut cut)
{
    static const struct actor by = {PRINCIPAL_LOCAL, "cli", ""};
    const struct action_request q = {
        .by = &by, .group_id = FIX_GROUP, .name_or_id = slice_of(a->name), .action = a->action};
    struct core *core;
    struct error err = {0};
    enum action_answer answer = ANSWER_NOT_FOUND;
    struct slice why = {NULL, 0};
    arena_reset(c->arena);
    assert_int_equal(core_open(s, &c->clock, &c->rng, &core, &err), ERR_OK);
    enum err code = core_action_request(core, &q, c->arena, &answer, &why, &err);
    core_close(&core);
    c->retried++;
    if (code != ERR_OK || (answer != ANSWER_TAKEN && answer != ANSWER_ALREADY))
        say(c, &c->broken, moment, cut, "the repeated call is refused", code == ERR_OK ? a->what : err.detail);
    else if (dump_count(c->path, COUNT_INTENTS, a->name, action_name(a->action)) != a->intents ||
             dump_count(c->path, COUNT_EVENTS, a->name, action_name(a->action)) != a->events)
        say(c, &c->doubled, moment, cut, "the repeated call has another effect than one", a->what);
}

static void judge_state(struct check *c, size_t moment, enum cut cut, size_t acks)
{
    uint64_t digest;
    if (!digest_now(c, &digest)) {
        say(c, &c->broken, moment, cut, "it cannot be read", "");
        return;
    }
    size_t least = acks ? point_at(c, c->run->acks[acks - 1].ended) : 0;
    size_t most = MIN(point_at(c, moment) + 1, c->point_count - 1), i = least;
    // A token that was minted and revoked leaves the very state of before: what may be is looked for first.
    while (i < c->point_count && c->points[i].digest != digest) i++;
    if (i == c->point_count)
        for (i = 0; i < c->point_count && c->points[i].digest != digest;) i++;
    if (i == c->point_count)
        say(c, &c->between, moment, cut, "it is in a state that never was", "");
    else if (i < least)
        say(c, &c->lost, moment, cut, "acknowledged and gone", c->run->acks[acks - 1].what);
    else if (i > most)
        say(c, &c->between, moment, cut, "it is ahead of its time", "");
}

static void judge(struct check *c, size_t moment, enum cut cut, size_t acks)
{
    struct error err = {0};
    struct slice report;
    c->images++;
    assert_true(player_write(c->player, cut, &c->rng, c->path));
    leave_shm(c);
    struct store *s = open_image(c, &err);
    if (!s) {
        say(c, &c->broken, moment, cut, "it does not open", err.detail);
        return;
    }
    arena_reset(c->arena);
    if (store_check(s, c->arena, &report, &err) != ERR_OK || !slice_eq_cstr(report, "ok"))
        say(c, &c->broken, moment, cut, "its integrity check fails", err.detail);
    judge_state(c, moment, cut, acks);
    // The call that runs at this moment, else the one that has just ended.
    size_t last = acks < c->run->n && c->run->acks[acks].begun < moment ? acks : acks - 1;
    if ((acks || last != acks - 1) && c->run->acks[last].is_action) ask_again(c, s, &c->run->acks[last], moment, cut);
    store_close(&s);
}

static void judge_all(struct check *c, size_t every)
{
    struct tape *t = c->run->tape;
    size_t n = tape_length(t), acks = 0, near = MAX(every / 4, (size_t)1), syncs = 0;
    for (size_t moment = 0; moment <= n; moment++) {
        while (acks < c->run->n && c->run->acks[acks].ended <= moment) acks++;
        bool at_sync = (moment < n && tape_is_sync(t, moment)) || (moment && tape_is_sync(t, moment - 1));
        syncs += at_sync;
        if (moment % every != 0 && !(at_sync && syncs % near == 0)) continue;
        c->moments++;
        player_seek(c->player, moment);
        for (int cut = 0; cut < CUT_COUNT_; cut++) judge(c, moment, (enum cut)cut, acks);
    }
}

// ---- the tests ----------------------------------------------------------------------------------------------------

static uint64_t every = 48;
static uint64_t seed = 1;

static void check_init(struct check *c, size_t api_calls)
{
    *c = (struct check){.run = run_make(seed, api_calls)};
    struct stat st;
    bool memory = stat("/dev/shm", &st) == 0 && S_ISDIR(st.st_mode);
    c->player = player_new(c->run->tape);
    c->rng = rng_seeded(&c->seed, seed + 1);
    c->manual.wall_us = FIX_NOW * US_PER_SEC;
    c->clock = clock_manual(&c->manual);
    c->arena = arena_new(8 << 20);
    (void)snprintf(c->dir, sizeof(c->dir), "%s/peerage-cut-XXXXXX", memory ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(c->dir));
    (void)snprintf(c->path, sizeof(c->path), "%s/store.db", c->dir);
    collect_points(c);
}

static void check_done(struct check *c)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal", ".lock"};
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        char name[128];
        (void)snprintf(name, sizeof(name), "%s%s", c->path, ends[i]);
        (void)unlink(name);
    }
    (void)rmdir(c->dir);
    player_free(c->player);
    arena_free(c->arena);
    mem_free(c->points);
    run_free(c->run);
}

static void report(const struct check *c, const char *what)
{
    printf("%s: %zu calls acknowledged, %zu of the API; %zu changes, %zu syncs; %llu moments, %llu images, %llu calls "
           "repeated: %llu lost, %llu doubled, %llu between, %llu broken\n",
           what, c->run->n, c->run->api, tape_length(c->run->tape), tape_syncs(c->run->tape),
           (unsigned long long)c->moments, (unsigned long long)c->images, (unsigned long long)c->retried,
           (unsigned long long)c->lost, (unsigned long long)c->doubled, (unsigned long long)c->between,
           (unsigned long long)c->broken);
}

static void nothing_acknowledged_is_lost_or_done_twice(void **state)
{
    struct check c;
    check_init(&c, API_CALLS);
    judge_all(&c, every);
    report(&c, "power cuts");
    assert_true(c.run->api >= 200 && c.moments > 50 && c.retried > 50);
    uint64_t bad = c.lost + c.doubled + c.between + c.broken;
    check_done(&c);
    assert_int_equal(bad, 0);
}

// The same test on a product that does not wait for the disk must fail.
static void a_store_that_does_not_sync_is_caught(void **state)
{
    static const char *const planted[] = {"OFF", "NORMAL"};
    for (size_t i = 0; i < ARRAY_LEN(planted); i++) {
        struct check c;
        char what[64];
        shim_synchronous(planted[i]);
        check_init(&c, 20);
        shim_synchronous(NULL);
        c.quiet = true;
        judge_all(&c, 24);
        (void)snprintf(what, sizeof(what), "planted synchronous=%s", planted[i]);
        report(&c, what);
        uint64_t lost = c.lost;
        check_done(&c);
        assert_true(lost > 0);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && !slice_u64(slice_of(argv[1]), 1000000, &every)) return 2;
    if (argc > 2 && !slice_u64(slice_of(argv[2]), UINT64_MAX, &seed)) return 2;
    if (every == 0) return 2;
    shim_install();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_acknowledged_is_lost_or_done_twice),
        cmocka_unit_test(a_store_that_does_not_sync_is_caught),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
