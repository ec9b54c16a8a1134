// SPDX-License-Identifier: Apache-2.0
// Backup while others write, restore, and what neither of them does.
#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "fixture.h"
#include "store/db.h"

struct writer {
    struct store *store;
    _Atomic bool stop;
    _Atomic uint64_t stored;
    unsigned failed;
};

static void *keep_writing(void *ctx)
{
    struct writer *w = ctx;
    struct error err;
    for (uint64_t i = 1; !w->stop; i++) {
        struct connection c = make_connection(i);
        if (store_write(w->store, insert_connection_fn, &c, &err) == ERR_OK)
            w->stored = i;
        else
            w->failed++;
    }
    return NULL;
}

static const char *in_dir(struct fixture *f, const char *name)
{
    static char path[4][128];
    static unsigned next;
    char *p = path[next++ % 4];
    (void)snprintf(p, sizeof(path[0]), "%s/%s", f->dir, name);
    return p;
}

static uint64_t total_of(struct fixture *f)
{
    struct connection_filter q = {.group_id = GROUP_ID, .local_status = -1, .page = {1, 1}};
    struct connection *rows;
    size_t n;
    uint64_t total;
    assert_ok(f, store_connections(f->reader, &q, f->arena, &rows, &n, &total, &f->err));
    return total;
}

static void move_to(struct fixture *f, const char *path)
{
    fixture_close(f);
    assert_true(cstr_set(f->path, sizeof(f->path), path));
}

static void a_backup_under_writes_restores_to_a_moment_of_them(void **state)
{
    struct fixture *f = *state;
    struct writer w = {.store = f->store};
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, keep_writing, &w), 0);
    while (w.stored < 50) sched_yield();
    uint64_t before = w.stored;
    const char *backup = in_dir(f, "backup");
    assert_ok(f, store_backup(f->store, backup, &f->err));
    uint64_t after = w.stored;
    w.stop = true;
    assert_int_equal(pthread_join(t, NULL), 0);
    assert_int_equal(w.failed, 0);
    struct stat st;
    assert_int_equal(stat(backup, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_not_equal(access(in_dir(f, "backup.partial"), F_OK), 0);

    const char *restored = in_dir(f, "restored.db");
    assert_ok(f, store_restore(backup, restored, &f->err));
    assert_int_equal(stat(restored, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    move_to(f, restored);
    fixture_open(f);
    uint64_t total = total_of(f);
    assert_true(total >= before && total <= after + 1); // one may have been committed and not yet counted
    struct slice report;
    assert_ok(f, store_check(f->store, f->arena, &report, &f->err));
    assert_slice(report, "ok");
    struct connection c = make_connection(900000);
    assert_ok(f, store_write(f->store, insert_connection_fn, &c, &f->err)); // and it goes on as a store
}

static void a_backup_never_overwrites(void **state)
{
    struct fixture *f = *state;
    const char *backup = in_dir(f, "backup");
    assert_ok(f, store_backup(f->store, backup, &f->err));
    assert_err(f, ERR_EXISTS, store_backup(f->store, backup, &f->err));
    assert_err(f, ERR_EXISTS, store_backup(f->store, f->path, &f->err));
    assert_err(f, ERR_IO, store_backup(f->store, in_dir(f, "no/such/place"), &f->err));
    assert_int_equal(total_of(f), 0);
}

static void a_restore_never_overwrites_a_store(void **state)
{
    struct fixture *f = *state;
    const char *backup = in_dir(f, "backup"), *other = in_dir(f, "other.db");
    assert_ok(f, store_backup(f->store, backup, &f->err));
    assert_err(f, ERR_BUSY, store_restore(backup, f->path, &f->err)); // it runs
    fixture_close(f);
    assert_err(f, ERR_EXISTS, store_restore(backup, f->path, &f->err));
    char wal[128];
    (void)snprintf(wal, sizeof(wal), "%s-wal", other);
    FILE *file = fopen(wal, "w");
    assert_non_null(file);
    fclose(file);
    assert_err(f, ERR_EXISTS, store_restore(backup, other, &f->err)); // it would be replayed into the restored one
    assert_int_not_equal(access(other, F_OK), 0);
}

static void overwrite(const char *path, long offset, const char *bytes, size_t n)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, offset, SEEK_SET), 0);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void change(struct fixture *f, const char *path, const char *sql)
{
    struct db *db;
    assert_ok(f, db_open(path, DB_WRITE, 0, &db, &f->err));
    assert_ok(f, db_exec(db, "PRAGMA foreign_keys=OFF", &f->err));
    assert_ok(f, db_exec(db, sql, &f->err));
    db_close(&db);
}

static void expect_no_restore(struct fixture *f, const char *backup, enum err code, const char *words)
{
    const char *target = in_dir(f, "target.db");
    assert_err(f, code, store_restore(backup, target, &f->err));
    if (!strstr(f->err.detail, words)) fail_msg("\"%s\" does not say \"%s\"", f->err.detail, words);
    assert_int_not_equal(access(target, F_OK), 0);
    assert_int_not_equal(access(in_dir(f, "target.db.partial"), F_OK), 0);
}

static void a_backup_that_does_not_verify_is_refused(void **state)
{
    struct fixture *f = *state;
    for (uint64_t i = 1; i <= 100; i++) {
        struct connection c = make_connection(i);
        assert_ok(f, store_write(f->store, insert_connection_fn, &c, &f->err));
    }
    char zeros[3000] = {0};
    const char *names[] = {"page", "newer", "count", "orphan", "empty", "short"};
    char path[ARRAY_LEN(names)][128];
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        (void)snprintf(path[i], sizeof(path[i]), "%s/%s", f->dir, names[i]);
        if (i != 4) assert_ok(f, store_backup(f->store, path[i], &f->err));
    }
    expect_no_restore(f, in_dir(f, "missing"), ERR_NOT_FOUND, "there is no file");
    overwrite(path[0], 20 * 4096, zeros, sizeof(zeros));
    expect_no_restore(f, path[0], ERR_CORRUPT, "damaged");
    change(f, path[1], "UPDATE schema_version SET version = 999, min_binary = 999");
    expect_no_restore(f, path[1], ERR_CONFLICT, "a newer Peerage wrote this store");
    change(f, path[2], "UPDATE connection_count SET n = n + 1");
    expect_no_restore(f, path[2], ERR_CORRUPT, "count");
    change(f, path[3], "UPDATE network SET group_id = 'nobody'");
    expect_no_restore(f, path[3], ERR_CORRUPT, "missing row of grp");
    int fd = open(path[4], O_CREAT | O_WRONLY, 0600);
    assert_true(fd >= 0);
    close(fd);
    expect_no_restore(f, path[4], ERR_CORRUPT, "no Peerage store");
    assert_int_equal(truncate(path[5], 4096 * 5), 0);
    expect_no_restore(f, path[5], ERR_CORRUPT, "");
}

static void a_store_in_use_is_no_backup(void **state)
{
    struct fixture *f = *state;
    expect_no_restore(f, f->path, ERR_CONFLICT, "peerage backup");
}

static void check_names_what_is_wrong(void **state)
{
    struct fixture *f = *state;
    struct connection c = make_connection(1);
    assert_ok(f, store_write(f->store, insert_connection_fn, &c, &f->err));
    fixture_close(f);
    change(f, f->path, "UPDATE connection_count SET n = 5");
    fixture_open(f);
    struct slice report;
    assert_ok(f, store_check(f->store, f->arena, &report, &f->err));
    assert_slice(report, "the count of listed connections of group " GROUP_ID " is wrong\n"
                         "there is a count without connections for group " GROUP_ID);
}

static void a_path_with_odd_characters_is_restored_from(void **state)
{
    struct fixture *f = *state;
    const char *odd = in_dir(f, "a?b#c%41 'd\"");
    assert_ok(f, store_backup(f->store, odd, &f->err));
    assert_ok(f, store_restore(odd, in_dir(f, "target.db"), &f->err));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_backup_under_writes_restores_to_a_moment_of_them),
        T(a_backup_never_overwrites),
        T(a_restore_never_overwrites_a_store),
        T(a_backup_that_does_not_verify_is_refused),
        T(a_store_in_use_is_no_backup),
        T(check_names_what_is_wrong),
        T(a_path_with_odd_characters_is_restored_from),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
