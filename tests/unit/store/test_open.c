// SPDX-License-Identifier: Apache-2.0
// Opening: creation, locks between processes, versions, checksums, damage, read-only places.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "fixture.h"
#include "store/db.h"

static int dir_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    fixture_dir(f);
    *state = f;
    return 0;
}

static void write_file(const char *path, const char *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

// Runs SQL on the closed store, as another program would.
static void tamper(struct fixture *f, const char *sql)
{
    struct db *db;
    assert_ok(f, db_open(f->path, DB_WRITE, 0, &db, &f->err));
    assert_ok(f, db_exec(db, sql, &f->err));
    db_close(&db);
}

static void make_store(struct fixture *f)
{
    fixture_open(f);
    assert_ok(f, store_write(f->store, seed_fn, NULL, &f->err));
    fixture_close(f);
}

static void expect_refusal(struct fixture *f, enum err code, const char *words)
{
    struct store_options o = fixture_options(f);
    struct store *s = NULL;
    assert_err(f, code, store_open(&o, &s, &f->err));
    assert_null(s);
    if (!strstr(f->err.detail, words)) fail_msg("\"%s\" does not say \"%s\"", f->err.detail, words);
}

static mode_t mode_of(const char *dir, const char *name)
{
    char path[160];
    struct stat st;
    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static void a_missing_file_is_made_only_when_asked(void **state)
{
    struct fixture *f = *state;
    struct store_options o = fixture_options(f);
    struct store *s = NULL;
    o.create = false;
    assert_err(f, ERR_NOT_FOUND, store_open(&o, &s, &f->err));
    assert_int_not_equal(access(f->path, F_OK), 0);
    fixture_open(f);
    assert_ok(f, store_write(f->store, seed_fn, NULL, &f->err));
    assert_int_equal(mode_of(f->dir, "peerage.db"), 0600);
    assert_int_equal(mode_of(f->dir, "peerage.db-wal"), 0600);
    assert_int_equal(mode_of(f->dir, "peerage.db-shm"), 0600);
    assert_int_equal(mode_of(f->dir, "peerage.db.lock"), 0600);
    uint32_t have, want;
    assert_ok(f, store_migrate_status(f->path, &have, &want, &f->err));
    assert_int_equal(have, STORE_VERSION);
    assert_int_equal(want, STORE_VERSION);
}

static void what_was_written_is_there_after_reopening(void **state)
{
    struct fixture *f = *state;
    make_store(f);
    fixture_open(f);
    struct group g;
    assert_ok(f, store_group_get(f->reader, GROUP_ID, &g, &f->err));
    assert_string_equal(g.name, "one");
}

// Child: opens the store, says so, waits to be killed.
static pid_t holder(struct fixture *f)
{
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct store_options o = fixture_options(f);
        struct store *s;
        struct error err;
        char c = store_open(&o, &s, &err) == ERR_OK;
        (void)!write(ready[1], &c, 1);
        for (;;) pause();
    }
    char c = 0;
    assert_int_equal(read(ready[0], &c, 1), 1);
    assert_int_equal(c, 1);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

static void a_second_process_is_told_who_has_it(void **state)
{
    struct fixture *f = *state;
    pid_t pid = holder(f);
    char number[16];
    (void)snprintf(number, sizeof(number), "%d", (int)pid);
    expect_refusal(f, ERR_BUSY, number);
    expect_refusal(f, ERR_BUSY, "another process uses");
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    fixture_open(f); // the lock dies with its process
}

static void inspection_reads_beside_a_running_server(void **state)
{
    struct fixture *f = *state;
    fixture_open(f);
    assert_ok(f, store_write(f->store, seed_fn, NULL, &f->err));
    struct store_options o = fixture_options(f);
    o.exclusive = o.create = false;
    struct store *s;
    struct store_reader *r;
    struct group g;
    assert_ok(f, store_open(&o, &s, &f->err));
    assert_ok(f, store_reader_open(s, &r, &f->err));
    assert_ok(f, store_group_get(r, GROUP_ID, &g, &f->err));
    assert_false(store_writable(s));
    assert_err(f, ERR_READ_ONLY, store_write(s, seed_fn, NULL, &f->err));
    store_reader_close(&r);
    store_close(&s);
}

static void what_is_no_store_is_refused_and_untouched(void **state)
{
    struct fixture *f = *state;
    static const char text[] =
        "these are notes, not a database; they are longer than a hundred bytes so that SQLite reads "
        "a whole header from them and refuses it";
    write_file(f->path, text, sizeof(text));
    expect_refusal(f, ERR_CORRUPT, "not a database");
    struct stat st;
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_size, sizeof(text));
}

static void another_programs_database_is_refused(void **state)
{
    struct fixture *f = *state;
    write_file(f->path, "", 0);
    tamper(f, "CREATE TABLE notes (t TEXT)");
    expect_refusal(f, ERR_CORRUPT, "not one of Peerage");
    tamper(f, "DROP TABLE notes; CREATE TABLE schema_version (one INTEGER, version INTEGER, min_binary INTEGER)");
    expect_refusal(f, ERR_CORRUPT, "not one of Peerage");
}

static void an_empty_file_becomes_a_store(void **state)
{
    struct fixture *f = *state;
    write_file(f->path, "", 0);
    struct store_options o = fixture_options(f);
    o.migrate = false;
    struct store *s = NULL;
    assert_err(f, ERR_CONFLICT, store_open(&o, &s, &f->err));
    assert_non_null(strstr(f->err.detail, "peerage migrate"));
    make_store(f);
}

static void a_newer_schema_is_refused_by_its_min_binary_only(void **state)
{
    struct fixture *f = *state;
    make_store(f);
    tamper(f, "UPDATE schema_version SET version = 99; INSERT INTO migration VALUES (99, 'later', 'x', 1)");
    fixture_open(f); // an expanding migration: this binary may still use it
    fixture_close(f);
    tamper(f, "UPDATE schema_version SET min_binary = 99");
    char words[160];
    (void)snprintf(words, sizeof(words),
                   "a newer Peerage wrote this store (schema 99, which needs a program of schema 99 or newer; this one "
                   "has %d)",
                   STORE_VERSION);
    expect_refusal(f, ERR_CONFLICT, words);
    tamper(f, "UPDATE schema_version SET min_binary = 1");
    fixture_open(f);
}

static void a_changed_migration_is_refused(void **state)
{
    struct fixture *f = *state;
    make_store(f);
    tamper(f, "UPDATE migration SET sha256 = replace(sha256, substr(sha256, 1, 1), 'z')");
    expect_refusal(f, ERR_CORRUPT, "migration 1 (initial) was applied from another text");
    tamper(f, "DELETE FROM migration");
    expect_refusal(f, ERR_CORRUPT, "the record of migration 1 (initial) is missing");
    tamper(f, "DELETE FROM schema_version");
    expect_refusal(f, ERR_CORRUPT, "schema version is missing");
}

static void damage_is_an_error_never_a_crash(void **state)
{
    struct fixture *f = *state;
    make_store(f);
    tamper(f, "VACUUM"); // damage to a page that is free does no harm, and nothing would find it
    struct stat st;
    assert_int_equal(stat(f->path, &st), 0);
    char *bytes = malloc((size_t)st.st_size);
    int fd = open(f->path, O_RDONLY);
    assert_int_equal(read(fd, bytes, (size_t)st.st_size), st.st_size);
    close(fd);
    for (off_t page = 0; page < st.st_size; page += 4096) {
        char *copy = malloc((size_t)st.st_size);
        memcpy(copy, bytes, (size_t)st.st_size);
        memset(copy + page + (page ? 0 : 100), 0xA5, 2000);
        write_file(f->path, copy, (size_t)st.st_size);
        free(copy);
        struct store_options o = fixture_options(f);
        if (store_open(&o, &f->store, &f->err) == ERR_OK) {
            struct slice report = SLICE("");
            enum err code = store_check(f->store, f->arena, &report, &f->err);
            assert_true(code == ERR_CORRUPT || (code == ERR_OK && !slice_eq_cstr(report, "ok")));
            store_close(&f->store);
        } else {
            assert_int_equal(f->err.code, ERR_CORRUPT);
        }
    }
    free(bytes);
}

// As another user, since root may write everywhere.
static void a_read_only_directory_is_a_clear_error(void **state)
{
    struct fixture *f = *state;
    make_store(f);
    if (getuid() != 0) assert_int_equal(chmod(f->path, 0400), 0);
    assert_int_equal(chmod(f->dir, getuid() == 0 ? 0555 : 0500), 0);
    if (getuid() == 0) assert_int_equal(chmod(f->path, 0444), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (getuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) _exit(2);
        struct store_options o = fixture_options(f);
        struct store *s = NULL;
        struct error err = {ERR_OK, ""};
        enum err code = store_open(&o, &s, &err);
        _exit((code == ERR_IO || code == ERR_READ_ONLY || code == ERR_DENIED) && err.detail[0] ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(chmod(f->dir, 0700), 0);
}

static void without_memory_opening_fails_cleanly(void **state)
{
    struct fixture *f = *state;
    make_store(f);
    bool fired = true;
    for (uint64_t n = 1; fired; n++) {
        struct store_options o = fixture_options(f);
        struct store *s = NULL;
        struct store_reader *r = NULL;
        assert_in_range(n, 1, 1000);
        mem_fault_set(n, false);
        enum err code = store_open(&o, &s, &f->err);
        if (code == ERR_OK) code = store_reader_open(s, &r, &f->err);
        fired = mem_fault_fired();
        mem_fault_set(0, false);
        assert_int_equal(code, fired ? ERR_NOMEM : ERR_OK);
        store_reader_close(&r);
        store_close(&s);
    }
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, dir_setup, fixture_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_missing_file_is_made_only_when_asked),
        T(what_was_written_is_there_after_reopening),
        T(a_second_process_is_told_who_has_it),
        T(inspection_reads_beside_a_running_server),
        T(what_is_no_store_is_refused_and_untouched),
        T(another_programs_database_is_refused),
        T(an_empty_file_becomes_a_store),
        T(a_newer_schema_is_refused_by_its_min_binary_only),
        T(a_changed_migration_is_refused),
        T(damage_is_an_error_never_a_crash),
        T(a_read_only_directory_is_a_clear_error),
        T(without_memory_opening_fails_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
