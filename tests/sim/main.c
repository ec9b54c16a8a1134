// SPDX-License-Identifier: Apache-2.0
// peerage_sim: plays many seeds, on several processes, and says how to play again what broke.
// Called by: tools/check, tools/soak, people. Must never: let the order of processes change what a seed does.
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "net/crypto.h"
#include "tests/sim/sim.h"

struct shared {
    _Atomic uint64_t next, played, steps, client_ops, calls, crashes, faults, few_kinds;
    _Atomic uint64_t broken_seed; // seed + 1
    int64_t begun;                // real time
    char broken[600];
};

struct args {
    uint64_t from, to;
    unsigned jobs;
    bool digest, list;
    int64_t seconds; // no new seed after that; 0 = all
    struct knobs knobs;
};

static void usage(void)
{
    fputs("peerage_sim --seeds A..B [--ops N] [--hours N] [--steps N] [--outage N] [--bug NAME] [--jobs N] [--seconds "
          "N] [--digest] "
          "[--trace]\n"
          "peerage_sim --list-bugs\n"
          "Plays each seed: a day of clients, faults and crashes against the simulated cloud. Exit 1 when one breaks.\n"
          "--steps N plays so many steps instead of a day, --outage N so many hours without EC2. --seconds N begins no "
          "seed after so long. --digest prints "
          "what "
          "each seed came to.\n",
          stderr);
    exit(2);
}

static uint64_t number(const char *text)
{
    uint64_t v;
    if (!slice_u64(slice_of(text), UINT64_MAX / 4, &v)) usage();
    return v;
}

static void read_seeds(char *text, struct args *a)
{
    char *dots = strstr(text, "..");
    if (dots) *dots = '\0';
    a->from = number(text);
    a->to = dots ? number(dots + 2) : a->from;
}

static void read_args(int argc, char **argv, struct args *a)
{
    static const struct option options[] = {
        {"seeds", 1, NULL, 's'},  {"steps", 1, NULL, 'n'},     {"ops", 1, NULL, 'o'},   {"hours", 1, NULL, 'h'},
        {"outage", 1, NULL, 'w'}, {"bug", 1, NULL, 'b'},       {"jobs", 1, NULL, 'j'},  {"seconds", 1, NULL, 'u'},
        {"digest", 0, NULL, 'd'}, {"list-bugs", 0, NULL, 'l'}, {"trace", 0, NULL, 't'}, {NULL, 0, NULL, 0}};
    *a = (struct args){.from = 1, .to = 1, .jobs = 1, .knobs = {.ops = 200, .hours = 24}};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c == 's')
            read_seeds(optarg, a);
        else if (c == 'n')
            a->knobs.steps = number(optarg);
        else if (c == 'o')
            a->knobs.ops = (unsigned)number(optarg);
        else if (c == 'h')
            a->knobs.hours = (unsigned)number(optarg);
        else if (c == 'w')
            a->knobs.outage = (unsigned)number(optarg);
        else if (c == 'b')
            a->knobs.bug = optarg;
        else if (c == 'j')
            a->jobs = (unsigned)MAX(number(optarg), 1);
        else if (c == 'u')
            a->seconds = (int64_t)number(optarg);
        else if (c == 'd')
            a->digest = true;
        else if (c == 'l')
            a->list = true;
        else if (c == 't')
            a->knobs.trace = true;
        else
            usage();
    }
    if (optind < argc || (a->knobs.bug && !bug_find(a->knobs.bug))) usage();
}

static void tell(const struct args *a, const struct play *p, struct shared *sh)
{
    uint64_t none = 0;
    if (!__atomic_compare_exchange_n((uint64_t *)&sh->broken_seed, &none, p->knobs.seed + 1, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST))
        return; // another was first
    snprintf(sh->broken, sizeof sh->broken, "%s", p->broken);
    printf("seed %llu broke at step %llu: %s\nplay it again: build/tests/sim/peerage_sim --seeds %llu",
           (unsigned long long)p->knobs.seed, (unsigned long long)p->broken_step, p->broken,
           (unsigned long long)p->knobs.seed);
    if (a->knobs.steps) printf(" --steps %llu", (unsigned long long)a->knobs.steps);
    if (a->knobs.ops != 200) printf(" --ops %u", a->knobs.ops);
    if (a->knobs.hours != 24) printf(" --hours %u", a->knobs.hours);
    if (a->knobs.outage) printf(" --outage %u", a->knobs.outage);
    if (a->knobs.bug) printf(" --bug %s", a->knobs.bug);
    printf(" --trace\n");
    fflush(stdout);
}

static void count(const struct play *p, struct shared *sh)
{
    sh->played++;
    sh->steps += p->steps;
    sh->client_ops += p->client_ops;
    sh->calls += p->calls;
    sh->crashes += p->crashes;
    sh->faults += p->faults;
    sh->few_kinds += __builtin_popcount(p->fault_kinds) < 5;
}

static void work(const struct args *a, struct shared *sh)
{
    static struct play p;
    struct error err;
    log_open(LOG_ERROR, 2, &clock_system);
    if (a->knobs.trace) log_set_level(LOG_DEBUG);
    setvbuf(stdout, NULL, _IOLBF, 0);
    mallopt(M_TRIM_THRESHOLD, 256 << 20); // the same memory again and again
    mallopt(M_MMAP_THRESHOLD, 64 << 20);
    memvfs_register();
    if (crypto_init(&err) != ERR_OK) exit(2);
    struct knobs first = {.seed = 0, .hours = 1, .warming = true}; // what is allocated once
    if (!play_run(&first, &p)) exit(2);
    for (;;) {
        struct knobs k = a->knobs;
        if (a->seconds && clock_mono(&clock_system).ns > sh->begun + a->seconds * NS_PER_SEC) break;
        k.seed = sh->next++;
        if (k.seed > a->to || sh->broken_seed) break;
        bool good = play_run(&k, &p);
        count(&p, sh);
        if (k.outage)
            printf("seed %llu: %u h without EC2, %llu calls, %u actions waiting at most\n", (unsigned long long)k.seed,
                   k.outage, (unsigned long long)p.outage_calls, p.outage_waiting);
        if (a->digest) printf("%llu %016llx\n", (unsigned long long)k.seed, (unsigned long long)p.digest);
        if (!good) tell(a, &p, sh);
    }
    fflush(stdout);
}

static int sum_up(const struct args *a, const struct shared *sh, double seconds)
{
    struct rusage u;
    getrusage(a->jobs > 1 ? RUSAGE_CHILDREN : RUSAGE_SELF, &u);
    printf("%llu seeds, %llu steps, %llu client operations, %llu calls, %llu faults, %llu crashes in %.1f s "
           "(%.1f seeds/s), %ld MiB at most: %s\n",
           (unsigned long long)sh->played, (unsigned long long)sh->steps, (unsigned long long)sh->client_ops,
           (unsigned long long)sh->calls, (unsigned long long)sh->faults, (unsigned long long)sh->crashes, seconds,
           (double)sh->played / seconds, u.ru_maxrss / 1024, sh->broken_seed ? "1 broke" : "0 broke");
    return sh->broken_seed ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct args a;
    bool died = false;
    read_args(argc, argv, &a);
    for (unsigned i = 1; a.list && bug_name(i); i++) puts(bug_name(i));
    if (a.list) return 0;
    struct shared *sh = mmap(NULL, sizeof *sh, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (sh == MAP_FAILED) return 2;
    sh->next = a.from;
    int64_t begun = sh->begun = clock_mono(&clock_system).ns;
    for (unsigned i = 0; a.jobs > 1 && i < a.jobs; i++) {
        pid_t child = fork();
        if (child < 0) return 2;
        if (child == 0) {
            work(&a, sh);
            _exit(0);
        }
    }
    if (a.jobs == 1) work(&a, sh);
    for (int status; wait(&status) > 0;) died |= !WIFEXITED(status) || WEXITSTATUS(status) != 0;
    int rc = sum_up(&a, sh, (double)(clock_mono(&clock_system).ns - begun) / 1e9);
    if (died) fputs("a process died: play the seeds with --jobs 1 to see where\n", stdout);
    return died ? 2 : rc;
}
