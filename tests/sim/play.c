// SPDX-License-Identifier: Apache-2.0
// One play: what is ready runs, time jumps to what comes next, crashes unwind, and the end is checked.
// Called by: main.c. Must never: pick anything without the seed.
#include <stdarg.h>
#include <stdio.h>

#include "tests/sim/sim.h"

#define START_US  (INT64_C(1800000000) * US_PER_SEC)
#define QUIET_NS  (3 * HOUR_NS)
#define STEPS_TOP 400000 // of one day: more is a loop
#define LEAK_MAX  20000  // series of metrics are made once and stay

struct play *playing;

struct mono fake_mono(void *ctx)
{
    return (struct mono){((struct play *)ctx)->now_ns};
}

struct wall play_wall(const struct play *p)
{
    return (struct wall){START_US + p->now_ns / 1000 + p->wall_off_us};
}

struct wall cloud_wall(const struct play *p)
{
    return (struct wall){START_US + p->now_ns / 1000};
}

struct wall fake_wall(void *ctx)
{
    return play_wall(ctx);
}

uint64_t draw(struct play *p, uint64_t n)
{
    return rng_below(&p->rng, n);
}

bool chance(struct play *p, unsigned one_in)
{
    return draw(p, one_in) == 0;
}

static void fold(struct play *p, const void *data, size_t n)
{
    const unsigned char *b = data;
    for (size_t i = 0; i < n; i++) p->digest = (p->digest ^ b[i]) * UINT64_C(0x100000001b3);
}

void play_note(struct play *p, const char *what, const char *detail, int64_t n)
{
    fold(p, what, strlen(what));
    fold(p, detail, strlen(detail));
    fold(p, &n, sizeof n);
    fold(p, &p->now_ns, sizeof p->now_ns);
    if (p->knobs.trace)
        printf("%8llu %14.6f %*s%s %s %lld\n", (unsigned long long)p->steps, (double)p->now_ns / 1e9, p->depth * 2, "",
               what, detail, (long long)n);
}

void play_broke(struct play *p, const char *fmt, ...)
{
    va_list ap;
    if (p->broken[0]) return; // the first says most
    va_start(ap, fmt);
    (void)vsnprintf(p->broken, sizeof p->broken, fmt, ap);
    va_end(ap);
    p->broken_step = p->steps;
    if (p->knobs.trace) printf("BROKEN at step %llu: %s\n", (unsigned long long)p->steps, p->broken);
}

void play_crash(struct play *p, const char *where)
{
    if (p->dead || !p->alive) return;
    play_note(p, "crash", where, p->depth);
    p->dead = true;
    p->crashes++;
    p->crash_at_call = 0;
    memvfs_freeze(true);
    cloud_cancel(p->cloud);
}

void play_until(struct play *p, int64_t ns)
{
    while (!p->dead && !p->broken[0]) {
        bool ready = p->alive && threads_ready();
        if (ready && p->now_ns <= ns && !chance(p, 8)) {
            p->steps++;
            p->now_ns += (int64_t)draw(p, NS_PER_MS);
            threads_run_one(p);
            check_step(p);
            continue;
        }
        int64_t next = p->phase == PHASE_RUN ? script_next(p) : INT64_MAX;
        next = MIN(next, ready ? p->now_ns + (int64_t)draw(p, 200 * NS_PER_MS) : p->alive ? threads_next() : INT64_MAX);
        if (next > ns) break;
        p->now_ns = MAX(p->now_ns, next);
        if (p->phase == PHASE_RUN && script_next(p) <= p->now_ns) {
            p->steps++;
            script_run_due(p);
            check_step(p);
        }
        if (p->steps > MAX((uint64_t)STEPS_TOP, p->knobs.steps * 2)) play_broke(p, "it does not come to rest");
    }
    if (!p->dead) p->now_ns = MAX(p->now_ns, ns);
}

// Down for a while, then started again on the same files.
static void restart(struct play *p)
{
    int64_t now = p->now_ns;
    process_stop(p);
    p->now_ns = now;
    memvfs_reopen();
    memvfs_full(false); // somebody has made room, or it could be neither restored nor started
    if (p->phase == PHASE_RUN && chance(p, 8)) {
        play_note(p, "restored", "", 0);
        memvfs_hold_intents(play_wall(p).us);
        p->freeze_all = p->was_restored = true;
    }
    play_until(p, now + (int64_t)(chance(p, 6) ? draw(p, HOUR_NS) : draw(p, 30 * NS_PER_SEC)));
    memvfs_full(false); // nor may it have filled up meanwhile
    p->store_well_at = INT64_MAX;
    if (!p->broken[0]) process_start(p);
    if (!p->broken[0]) check_restart(p);
}

static bool goes_on(const struct play *p)
{
    if (p->broken[0]) return false;
    if (p->knobs.steps) return p->steps < p->knobs.steps;
    return p->now_ns < (int64_t)p->knobs.hours * HOUR_NS || p->client_ops < p->knobs.ops;
}

static void run(struct play *p)
{
    if (p->knobs.outage) outage_run(p);
    while (!p->knobs.outage && goes_on(p)) {
        play_until(p, p->now_ns + 10 * MINUTE_NS);
        if (p->dead && !p->broken[0]) restart(p);
    }
    if (p->broken[0]) return;
    script_calm(p);
    p->phase = PHASE_QUIET;
    int64_t end = p->now_ns + QUIET_NS;
    while (p->now_ns < end && !p->broken[0]) {
        play_until(p, end);
        if (p->dead && !p->broken[0]) restart(p);
    }
    if (!p->broken[0]) check_full(p);
    if (!p->broken[0]) check_final(p);
}

static void seed_all(struct play *p)
{
    p->rng = rng_seeded(&p->seeded, p->knobs.seed * 2 + 1);
    p->process_rng = rng_seeded(&p->process_seeded, p->knobs.seed * 2 + 2);
    p->clock = (struct clock){fake_mono, fake_wall, p};
    p->now_ns = HOUR_NS;
    p->digest = UINT64_C(0xcbf29ce484222325);
    p->store_well_at = INT64_MAX;
}

static void free_all(struct play *p)
{
    if (p->alive) process_stop(p);
    threads_check_gone();
    ec2sim_world_free(&p->world);
    for (unsigned i = 0; i < p->peer_count; i++) mem_free(p->peers[i]);
    map_free(p->peer_by_name);
    mem_free(p->made);
    mem_free(p->undone);
    mem_free(p->messages);
    keyring_free(p->keys);
    arena_free(p->arena);
    memvfs_reset();
}

bool play_run(const struct knobs *k, struct play *ret)
{
    struct play *p = ret;
    size_t before = heap_live();
    *p = (struct play){.knobs = *k, .bug = k->bug ? bug_find(k->bug) : 0};
    playing = p;
    seed_all(p);
    p->peer_by_name = map_new(&p->rng);
    p->arena = arena_new((size_t)256 << 20);
    ASSERT(p->peer_by_name && p->arena);
    script_world(p);
    process_set_up(p);
    script_set_up(p);
    if (!p->broken[0]) run(p);
    uint64_t world = ec2sim_world_digest(p->world);
    fold(p, &world, sizeof world);
    free_all(p);
    size_t after = heap_live();
    if (!p->broken[0] && !k->warming && after > before + LEAK_MAX)
        play_broke(p, "memory was not given back: %zu bytes", after - before);
    return !p->broken[0];
}
