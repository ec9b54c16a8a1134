// SPDX-License-Identifier: Apache-2.0
// The writer: shared commits, savepoints, generations, full disks, foreign locks, kill -9.
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "fixture.h"
#include "store/internal.h"

// ---- commits and generations ------------------------------------------------------------------------------

static enum err insert_then_fail(struct store_tx *tx, void *ctx, struct error *err)
{
    enum err code = store_tx_connection_insert(tx, ctx, err);
    return code == ERR_OK ? error_set(err, ERR_CONFLICT, "changed our mind") : code;
}

static void an_error_rolls_back_and_is_returned(void **state)
{
    struct fixture *f = *state;
    struct connection c = make_connection(1), got;
    uint64_t generation = store_generation(f->store);
    assert_err(f, ERR_CONFLICT, store_write(f->store, insert_then_fail, &c, &f->err));
    assert_string_equal(f->err.detail, "changed our mind");
    assert_int_equal(store_generation(f->store), generation);
    assert_err(f, ERR_NOT_FOUND, store_connection_get(f->reader, GROUP_ID, slice_of(c.id), f->arena, &got, &f->err));
    assert_ok(f, store_write(f->store, insert_connection_fn, &c, &f->err));
    assert_int_equal(store_generation(f->store), generation + 1);
}

static enum err nothing(struct store_tx *tx, void *ctx, struct error *err)
{
    return ERR_OK;
}

static enum err read_inside(struct store_tx *tx, void *ctx, struct error *err)
{
    struct connection c = make_connection(5), *rows;
    struct connection_filter q = {.group_id = GROUP_ID, .local_status = -1, .page = {1, 10}};
    size_t n;
    uint64_t total;
    enum err code = store_tx_connection_insert(tx, &c, err);
    if (code == ERR_OK) code = store_connections(store_tx_reader(tx), &q, ctx, &rows, &n, &total, err);
    if (code != ERR_OK) return code;
    return n == 1 && total == 1 ? ERR_OK : error_set(err, ERR_INTERNAL, "it does not see its own row");
}

static void generations_rise_only_for_what_they_stand_for(void **state)
{
    struct fixture *f = *state;
    uint64_t lists = store_generation(f->store), auth = store_auth_generation(f->store);
    assert_true(lists > 0 && auth > 0);
    assert_ok(f, store_write(f->store, nothing, NULL, &f->err));
    assert_int_equal(store_generation(f->store), lists);
    struct network n = make_network(NETWORK_ID, GROUP_ID, "vpc-00000000000000001");
    n.last_success = wall_from_sec(NOW_SEC);
    assert_ok(f, store_write(f->store, scan_network_fn, &n, &f->err));
    assert_int_equal(store_generation(f->store), lists); // a scan state that nobody sees
    n.failed = true;
    assert_ok(f, store_write(f->store, scan_network_fn, &n, &f->err));
    assert_int_equal(store_generation(f->store), lists + 1);
    assert_ok(f, store_write(f->store, scan_network_fn, &n, &f->err));
    assert_int_equal(store_generation(f->store), lists + 1);
    assert_int_equal(store_auth_generation(f->store), auth);
    assert_ok(f, store_write(f->store, read_inside, f->arena, &f->err));
}

// ---- many threads -----------------------------------------------------------------------------------------

#define THREADS 8
#define EACH    50
struct worker {
    struct store *store;
    unsigned index;
    unsigned stored, refused, wrong;
};

static void *write_many(void *ctx)
{
    struct worker *w = ctx;
    struct error err;
    for (unsigned i = 0; i < EACH; i++) {
        struct connection c = make_connection(w->index * EACH + i + 1);
        bool fails = i % 5 == 4;
        uint64_t before = store_generation(w->store);
        enum err code = store_write(w->store, fails ? insert_then_fail : insert_connection_fn, &c, &err);
        w->stored += code == ERR_OK;
        w->refused += code == ERR_CONFLICT;
        w->wrong += code == ERR_OK && store_generation(w->store) <= before;
    }
    return NULL;
}

// Seen by a reader while the others write: generation first, then rows, never fewer than promised before.
static void *read_many(void *ctx)
{
    struct worker *w = ctx;
    struct error err;
    struct store_reader *r;
    struct arena *a = arena_new(8 << 20);
    uint64_t last = 0;
    if (!a || store_reader_open(w->store, &r, &err) != ERR_OK) return w->wrong++, NULL;
    for (unsigned i = 0; i < 200; i++) {
        struct connection_filter q = {.group_id = GROUP_ID, .local_status = -1, .page = {1, 500}};
        struct connection *rows;
        size_t n;
        uint64_t total;
        arena_reset(a);
        if (store_connections(r, &q, a, &rows, &n, &total, &err) != ERR_OK || n != total || total < last) w->wrong++;
        last = total;
    }
    store_reader_close(&r);
    arena_free(a);
    return NULL;
}

static void threads_share_commits_and_errors_stay_alone(void **state)
{
    struct fixture *f = *state;
    struct worker w[THREADS + 2] = {0};
    pthread_t t[THREADS + 2];
    for (unsigned i = 0; i < THREADS + 2; i++) {
        w[i] = (struct worker){.store = f->store, .index = i};
        assert_int_equal(pthread_create(&t[i], NULL, i < THREADS ? write_many : read_many, &w[i]), 0);
    }
    unsigned stored = 0, refused = 0;
    for (unsigned i = 0; i < THREADS + 2; i++) {
        assert_int_equal(pthread_join(t[i], NULL), 0);
        stored += w[i].stored;
        refused += w[i].refused;
        assert_int_equal(w[i].wrong, 0);
    }
    assert_int_equal(stored, THREADS * EACH * 4 / 5);
    assert_int_equal(refused, THREADS * EACH / 5);
    struct connection_filter q = {.group_id = GROUP_ID, .local_status = -1, .page = {1, 500}};
    struct connection *rows;
    size_t n;
    uint64_t total;
    assert_ok(f, store_connections(f->reader, &q, f->arena, &rows, &n, &total, &f->err));
    assert_int_equal(total, stored);
    struct slice report;
    assert_ok(f, store_check(f->store, f->arena, &report, &f->err));
    assert_slice(report, "ok");
}

// ---- a queue that is full ---------------------------------------------------------------------------------

struct gate {
    pthread_mutex_t m;
    pthread_cond_t c;
    bool entered, open;
};

static enum err wait_at_gate(struct store_tx *tx, void *ctx, struct error *err)
{
    struct gate *g = ctx;
    pthread_mutex_lock(&g->m);
    g->entered = true;
    pthread_cond_broadcast(&g->c);
    while (!g->open) pthread_cond_wait(&g->c, &g->m);
    pthread_mutex_unlock(&g->m);
    return ERR_OK;
}

struct gated {
    struct store *store;
    struct gate *gate;
    enum err code;
};

static void *write_gated(void *ctx)
{
    struct gated *g = ctx;
    struct error err;
    g->code = store_write(g->store, g->gate ? wait_at_gate : nothing, g->gate, &err);
    return NULL;
}

static void a_full_queue_refuses_at_once_and_loses_nothing(void **state)
{
    struct fixture *f = *state;
    fixture_close(f);
    struct store_options o = fixture_options(f);
    o.write_queue_max = 2;
    assert_ok(f, store_open(&o, &f->store, &f->err));
    struct gate gate = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false};
    struct gated jobs[3] = {{f->store, &gate, ERR_OK}, {f->store, NULL, ERR_OK}, {f->store, NULL, ERR_OK}};
    pthread_t t[3];
    assert_int_equal(pthread_create(&t[0], NULL, write_gated, &jobs[0]), 0);
    pthread_mutex_lock(&gate.m);
    while (!gate.entered) pthread_cond_wait(&gate.c, &gate.m);
    pthread_mutex_unlock(&gate.m);
    for (int i = 1; i < 3; i++) assert_int_equal(pthread_create(&t[i], NULL, write_gated, &jobs[i]), 0);
    for (unsigned queued = 0; queued < 2;) { // both are waiting once the count says so
        lock_take(&f->store->lock);
        queued = f->store->queued;
        lock_drop(&f->store->lock);
        sched_yield();
    }
    assert_err(f, ERR_BUSY, store_write(f->store, nothing, NULL, &f->err));
    pthread_mutex_lock(&gate.m);
    gate.open = true;
    pthread_cond_broadcast(&gate.c);
    pthread_mutex_unlock(&gate.m);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(t[i], NULL), 0);
        assert_int_equal(jobs[i].code, ERR_OK);
    }
    assert_ok(f, store_write(f->store, nothing, NULL, &f->err));
}

// ---- trouble from outside ---------------------------------------------------------------------------------

static uint64_t count_listed(struct fixture *f)
{
    struct connection_filter q = {.group_id = GROUP_ID, .local_status = -1, .page = {1, 1}};
    struct connection *rows;
    size_t n;
    uint64_t total;
    assert_ok(f, store_connections(f->reader, &q, f->arena, &rows, &n, &total, &f->err));
    return total;
}

static void a_foreign_lock_is_busy_in_bounded_time_and_reads_go_on(void **state)
{
    struct fixture *f = *state;
    fixture_close(f);
    struct store_options o = fixture_options(f);
    o.busy_ms = 200;
    assert_ok(f, store_open(&o, &f->store, &f->err));
    assert_ok(f, store_reader_open(f->store, &f->reader, &f->err));
    struct db *other;
    struct connection c = make_connection(1);
    assert_ok(f, db_open(f->path, DB_WRITE, 0, &other, &f->err));
    assert_ok(f, db_exec(other, "BEGIN IMMEDIATE", &f->err));
    struct mono start = clock_mono(&clock_system);
    assert_err(f, ERR_BUSY, store_write(f->store, insert_connection_fn, &c, &f->err));
    int64_t took = clock_mono(&clock_system).ns - start.ns;
    assert_true(took >= 150 * NS_PER_MS && took < 5 * NS_PER_SEC);
    assert_int_equal(count_listed(f), 0);
    assert_ok(f, db_exec(other, "ROLLBACK", &f->err));
    assert_ok(f, store_write(f->store, insert_connection_fn, &c, &f->err));
    assert_int_equal(count_listed(f), 1);
    db_close(&other);
}

static enum err stop_growth(struct store_tx *tx, void *ctx, struct error *err)
{
    return db_limit_growth(tx->reader.db, *(unsigned *)ctx, err);
}

static void a_full_disk_is_read_only_until_there_is_room(void **state)
{
    struct fixture *f = *state;
    unsigned pages = 4;
    assert_ok(f, store_write(f->store, stop_growth, &pages, &f->err));
    uint64_t stored = 0;
    enum err code = ERR_OK;
    for (uint64_t i = 1; code == ERR_OK && i < 2000; i++) {
        struct connection c = make_connection(i);
        code = store_write(f->store, insert_connection_fn, &c, &f->err);
        stored += code == ERR_OK;
    }
    assert_int_equal(code, ERR_READ_ONLY);
    assert_non_null(strstr(f->err.detail, "full"));
    assert_false(store_writable(f->store));
    assert_int_equal(count_listed(f), stored);
    assert_ok(f, store_write(f->store, nothing, NULL, &f->err));
    struct connection c = make_connection(5000);
    pages = 0;
    assert_ok(f, store_write(f->store, stop_growth, &pages, &f->err));
    assert_ok(f, store_write(f->store, insert_connection_fn, &c, &f->err));
    assert_true(store_writable(f->store));
    assert_int_equal(count_listed(f), stored + 1);
    struct slice report;
    assert_ok(f, store_check(f->store, f->arena, &report, &f->err));
    assert_slice(report, "ok");
}

// A real limit of the operating system, in a child because it is the process's: writes fail, reads go on, and after the
// limit is lifted writes go on.
static int run_with_small_files(struct fixture *f)
{
    struct store_options o = fixture_options(f);
    struct rlimit small = {256 * 1024, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    if (store_open(&o, &f->store, &f->err) != ERR_OK) return 1;
    if (store_reader_open(f->store, &f->reader, &f->err) != ERR_OK) return 2;
    if (setrlimit(RLIMIT_FSIZE, &small) != 0) return 3;
    uint64_t stored = 0;
    enum err code = ERR_OK;
    for (uint64_t i = 1; code == ERR_OK && i < 2000; i++) {
        struct connection c = make_connection(i);
        code = store_write(f->store, insert_connection_fn, &c, &f->err);
        stored += code == ERR_OK;
    }
    if (code != ERR_READ_ONLY || store_writable(f->store)) return 4;
    if (stored == 0 || count_listed(f) != stored) return 5;
    if (setrlimit(RLIMIT_FSIZE, &none) != 0) return 6;
    struct connection c = make_connection(5000);
    if (store_write(f->store, insert_connection_fn, &c, &f->err) != ERR_OK || !store_writable(f->store)) return 7;
    return count_listed(f) == stored + 1 ? 0 : 8;
}

static void a_file_size_limit_is_read_only_until_lifted(void **state)
{
    struct fixture *f = *state;
    fixture_close(f);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) _exit(run_with_small_files(f));
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

// ---- kill -9 ----------------------------------------------------------------------------------------------

struct crasher {
    struct store *store;
    unsigned index;
    int acks;
};

static void *write_and_tell(void *ctx)
{
    struct crasher *c = ctx;
    struct error err;
    for (uint64_t i = 0;; i++) {
        struct connection row = make_connection(c->index * 1000000 + i + 1);
        uint64_t number = c->index * 1000000 + i + 1;
        if (store_write(c->store, insert_connection_fn, &row, &err) != ERR_OK) _exit(1);
        if (write(c->acks, &number, sizeof(number)) != sizeof(number)) _exit(1);
    }
}

static void run_until_killed(struct fixture *f, int acks)
{
    struct store_options o = fixture_options(f);
    if (store_open(&o, &f->store, &f->err) != ERR_OK) _exit(1);
    static struct crasher c[4];
    pthread_t t;
    for (unsigned i = 0; i < 4; i++) {
        c[i] = (struct crasher){f->store, (unsigned)getpid() * 4 % 100000 + i, acks};
        if (pthread_create(&t, NULL, write_and_tell, &c[i]) != 0) _exit(1);
    }
    for (;;) pause();
}

static void one_kill(struct fixture *f, unsigned after)
{
    int acks[2];
    assert_int_equal(pipe(acks), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) run_until_killed(f, acks[1]);
    close(acks[1]);
    static uint64_t numbers[4096];
    size_t n = 0;
    while (n < after && read(acks[0], &numbers[n], sizeof(numbers[n])) == sizeof(numbers[n])) n++;
    assert_int_equal(kill(pid, SIGKILL), 0);
    while (n < ARRAY_LEN(numbers) && read(acks[0], &numbers[n], sizeof(numbers[n])) == sizeof(numbers[n])) n++;
    close(acks[0]);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_true(n >= after);
    fixture_open(f);
    arena_reset(f->arena);
    for (size_t i = 0; i < n; i++) {
        struct connection c = make_connection(numbers[i]), got;
        assert_ok(f, store_connection_get(f->reader, GROUP_ID, slice_of(c.id), f->arena, &got, &f->err));
    }
    struct slice report;
    assert_ok(f, store_check(f->store, f->arena, &report, &f->err));
    assert_slice(report, "ok");
    fixture_close(f);
}

static void what_was_acknowledged_survives_kill_9(void **state)
{
    struct fixture *f = *state;
    fixture_close(f);
    static const unsigned after[] = {1, 2, 5, 17, 40, 101};
    for (size_t i = 0; i < ARRAY_LEN(after); i++) one_kill(f, after[i]);
}

// ---- the log is kept short --------------------------------------------------------------------------------

static void the_wal_is_checkpointed_by_the_writer(void **state)
{
    struct fixture *f = *state;
    uint64_t longest = 0;
    for (uint64_t i = 1; i <= 1500; i++) {
        struct connection c = make_connection(i);
        assert_ok(f, store_write(f->store, insert_connection_fn, &c, &f->err));
        longest = MAX(longest, store_wal_bytes(f->store));
    }
    assert_true(longest < 8 << 20); // each write dirties a dozen pages: without checkpoints this would be 70 MiB
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_error_rolls_back_and_is_returned),
        T(generations_rise_only_for_what_they_stand_for),
        T(threads_share_commits_and_errors_stay_alone),
        T(a_full_queue_refuses_at_once_and_loses_nothing),
        T(a_foreign_lock_is_busy_in_bounded_time_and_reads_go_on),
        T(a_full_disk_is_read_only_until_there_is_room),
        T(a_file_size_limit_is_read_only_until_lifted),
        T(what_was_acknowledged_survives_kill_9),
        T(the_wal_is_checkpointed_by_the_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
