// SPDX-License-Identifier: Apache-2.0
// Migrations on lists of our own: order, all or nothing, later versions, what was applied before.
#include <signal.h>
#include <sys/wait.h>

#include "fixture.h"
#include "store/migrate.h"

#define FRAME                                                                                                          \
    "CREATE TABLE schema_version (one INTEGER PRIMARY KEY, version INTEGER, min_binary INTEGER);"                      \
    "CREATE TABLE migration (version INTEGER PRIMARY KEY, name TEXT, sha256 TEXT, applied INTEGER);"
static const struct migration list[] = {
    {1, 1, "first", "aa", FRAME "CREATE TABLE t (a INTEGER) STRICT"},
    {2, 1, "expand", "bb", "ALTER TABLE t ADD COLUMN b INTEGER; INSERT INTO t VALUES (1, 2)"},
    {3, 2, "contract", "cc", "ALTER TABLE t DROP COLUMN a"},
};
static const struct migration broken[] = {
    {1, 1, "first", "aa", FRAME "CREATE TABLE t (a INTEGER) STRICT"},
    {2, 1, "broken", "dd", "INSERT INTO t VALUES (7); CREATE TABLE t (a INTEGER)"},
};

struct on_file {
    struct fixture f;
    struct db *db;
};

static int setup(void **state)
{
    struct on_file *o = calloc(1, sizeof(*o));
    assert_non_null(o);
    fixture_dir(&o->f);
    FILE *file = fopen(o->f.path, "w");
    assert_non_null(file);
    fclose(file);
    assert_ok(&o->f, db_open(o->f.path, DB_WRITE, 0, &o->db, &o->f.err));
    *state = o;
    return 0;
}

static int teardown(void **state)
{
    struct on_file *o = *state;
    db_close(&o->db);
    fixture_done(&o->f);
    free(o);
    return 0;
}

static int64_t ask(struct on_file *o, const char *sql)
{
    struct query q CLEANUP(query_close) = query_open(o->db, sql);
    bool row;
    assert_ok(&o->f, query_step(&q, &row, &o->f.err));
    assert_true(row);
    return query_get_int(&q);
}

static struct migrate_list first(const struct migration *m, unsigned n)
{
    return (struct migrate_list){m, n};
}

static void apply(struct on_file *o, struct migrate_list l)
{
    assert_ok(&o->f, migrate_apply(o->db, l, wall_from_sec(NOW_SEC), &o->f.err));
}

static void each_missing_one_is_applied_once_in_order(void **state)
{
    struct on_file *o = *state;
    uint32_t version, min_binary;
    assert_ok(&o->f, migrate_version(o->db, &version, &min_binary, &o->f.err));
    assert_int_equal(version, 0);
    apply(o, first(list, 1));
    apply(o, first(list, 2));
    apply(o, first(list, 2));
    assert_int_equal(ask(o, "SELECT count(*) FROM t"), 1);
    assert_int_equal(ask(o, "SELECT b FROM t"), 2);
    assert_int_equal(ask(o, "SELECT applied FROM migration WHERE version = 2"), NOW_SEC * US_PER_SEC);
    assert_int_equal(ask(o, "PRAGMA application_id"), DB_APPLICATION_ID);
    assert_ok(&o->f, migrate_version(o->db, &version, &min_binary, &o->f.err));
    assert_int_equal(version, 2);
    assert_int_equal(min_binary, 1);
}

static void a_broken_one_leaves_what_was_before(void **state)
{
    struct on_file *o = *state;
    uint32_t version, min_binary;
    assert_err(&o->f, ERR_INTERNAL, migrate_apply(o->db, first(broken, 2), wall_from_sec(1), &o->f.err));
    assert_non_null(strstr(o->f.err.detail, "migration 2 (broken)"));
    assert_false(db_in_transaction(o->db));
    assert_ok(&o->f, migrate_version(o->db, &version, &min_binary, &o->f.err));
    assert_int_equal(version, 1);
    assert_int_equal(ask(o, "SELECT count(*) FROM t"), 0);
    apply(o, first(list, 3)); // mended, it goes on from there
    assert_int_equal(ask(o, "SELECT version FROM schema_version"), 3);
}

static void an_older_binary_may_stay_until_the_contraction(void **state)
{
    struct on_file *o = *state;
    uint32_t version;
    apply(o, first(list, 2));
    assert_ok(&o->f, migrate_verify(o->db, first(list, 1), &version, &o->f.err));
    assert_int_equal(version, 2);
    apply(o, first(list, 1)); // nothing to do for it
    assert_int_equal(ask(o, "SELECT version FROM schema_version"), 2);
    apply(o, first(list, 3));
    assert_ok(&o->f, migrate_verify(o->db, first(list, 2), &version, &o->f.err));
    assert_err(&o->f, ERR_CONFLICT, migrate_verify(o->db, first(list, 1), &version, &o->f.err));
    assert_err(&o->f, ERR_CONFLICT, migrate_apply(o->db, first(list, 1), wall_from_sec(1), &o->f.err));
}

static void another_text_of_an_applied_one_is_refused(void **state)
{
    struct on_file *o = *state;
    uint32_t version;
    struct migration changed[] = {list[0], list[1]};
    apply(o, first(list, 2));
    changed[1].sha256 = "ee";
    assert_err(&o->f, ERR_CORRUPT, migrate_verify(o->db, first(changed, 2), &version, &o->f.err));
}

// Tables that a later schema writes anew keep their rows, their indexes and the order of events.
static void rows_of_the_first_release_live_on(void **state)
{
    struct on_file *o = *state;
    struct migrate_list l = migrate_embedded();
    apply(o, first(l.m, 2));
    static const char rows[] =
        "PRAGMA foreign_keys = OFF;"
        "INSERT INTO event VALUES (7, 'g', 'e1', 1, 'o', 'T', 'api_key', 'abcdefgh', '', 'r', '{}');"
        "INSERT INTO event VALUES (9, '', 'e2', 2, 'o', 'T', 'local', 'cli', '', '', '');"
        "INSERT INTO intent VALUES ('g', 'i', 'c', 'n', 'accept', 1, 1, 0, 0, 0, 0, 1, 'live', 0, '', 'local', 'cli', "
        "'');";
    assert_ok(&o->f, db_exec(o->db, rows, &o->f.err));
    static const char indexes[] =
        "SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND tbl_name IN ('event', 'intent')";
    for (unsigned n = 3; n <= l.n; n++) { // none is forgotten on the way
        int64_t before = ask(o, indexes);
        apply(o, first(l.m, n));
        assert_true(ask(o, indexes) >= before);
    }
    assert_int_equal(ask(o, "SELECT sum(seq) FROM event"), 16);
    assert_int_equal(ask(o, "SELECT count(*) FROM event WHERE actor = 'abcdefgh' AND detail = '{}' AND created = 1"),
                     1);
    assert_int_equal(ask(o, "SELECT count(*) FROM intent WHERE outcome = 'live' AND action = 'accept'"), 1);
    assert_int_equal(ask(o, "SELECT count(*) FROM sqlite_schema WHERE name LIKE '%_new'"), 0);
}

static void the_embedded_list_is_the_schema_of_this_binary(void **state)
{
    struct migrate_list l = migrate_embedded();
    assert_int_equal(l.n, STORE_VERSION);
    assert_int_equal(l.m[l.n - 1].min_binary, STORE_MIN_BINARY);
    for (unsigned i = 0; i < l.n; i++) {
        assert_int_equal(l.m[i].version, i + 1);
        assert_int_equal(strlen(l.m[i].sha256), 64);
    }
}

// ---- a store of the first schema, with rows ---------------------------------------------------------------

static const char *const old_rows =
    "INSERT INTO org VALUES ('" ORG_ID "', 'acme', 'x-1', 0, 1);"
    "INSERT INTO grp VALUES ('" GROUP_ID "', '" ORG_ID "', 'one', 1);"
    "INSERT INTO network VALUES ('" GROUP_ID "', '" NETWORK_ID "', '111111111111', 'us-east-1', "
    "'vpc-00000000000000001', '', 'ambient', '', 'manage', 1, 1, 0, 0, 0, 0, 0, '');"
    "WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 100) INSERT INTO connection "
    "SELECT '" GROUP_ID "', printf('d%023d', value), '" NETWORK_ID "', printf('pcx-%08d', value), '222222222222', "
    "'vpc-0a0a0a0a', 'us-east-1', '111111111111', 'vpc-00000000000000001', 'us-east-1', '10.0.0.0/16', '', 'active', "
    "'Active', 'ACTIVE', '', 0, 1, 1, 0, 0, 1, 9223372036854775807 FROM n;";

static void make_old_store(struct on_file *o)
{
    apply(o, first(migrate_embedded().m, 1));
    assert_ok(&o->f, db_exec(o->db, old_rows, &o->f.err));
    assert_ok(&o->f, db_use_wal(o->db, &o->f.err));
}

static void expect_the_rows(struct on_file *o)
{
    fixture_open(&o->f);
    struct connection_filter q = {.group_id = GROUP_ID, .local_status = -1, .page = {1, 500}};
    struct connection *rows;
    struct network net;
    size_t n;
    uint64_t total;
    assert_ok(&o->f, store_connections(o->f.reader, &q, o->f.arena, &rows, &n, &total, &o->f.err));
    assert_int_equal(n, 100);
    assert_int_equal(total, 100);
    assert_string_equal(rows[99].name, "pcx-00000100");
    assert_int_equal(rows[99].local_status, LOCAL_ACTIVE);
    assert_false(rows[99].is_protected);
    assert_ok(&o->f, store_network_get(o->f.reader, NETWORK_ID, o->f.arena, &net, &o->f.err));
    assert_int_equal(net.mode, NETWORK_MANAGE);
    assert_false(net.is_protected);
    struct slice report;
    assert_ok(&o->f, store_check(o->f.store, o->f.arena, &report, &o->f.err));
    assert_slice(report, "ok");
    fixture_close(&o->f);
}

static void an_old_store_keeps_its_rows(void **state)
{
    struct on_file *o = *state;
    make_old_store(o);
    db_close(&o->db);
    struct store_options options = fixture_options(&o->f);
    options.migrate = false;
    struct store *s = NULL;
    assert_err(&o->f, ERR_CONFLICT, store_open(&options, &s, &o->f.err));
    expect_the_rows(o);
    uint32_t have, want;
    assert_ok(&o->f, store_migrate_status(o->f.path, &have, &want, &o->f.err));
    assert_int_equal(have, STORE_VERSION);
    assert_int_equal(want, STORE_VERSION);
}

static void a_backup_of_the_first_schema_is_restored(void **state)
{
    struct on_file *o = *state;
    make_old_store(o);
    db_close(&o->db); // its WAL goes with it: the file is as good as a backup
    char backup[sizeof(o->f.path)];
    memcpy(backup, o->f.path, sizeof(backup));
    (void)snprintf(o->f.path, sizeof(o->f.path), "%s/restored.db", o->f.dir);
    assert_ok(&o->f, store_restore(backup, o->f.path, &o->f.err));
    expect_the_rows(o);
}

// Dies inside the n-th migration, when all its statements have run and nothing is committed.
static void die_in(const char *path, unsigned n)
{
    struct migrate_list l = migrate_embedded();
    struct db *db;
    struct error err;
    if (db_open(path, DB_WRITE, 0, &db, &err) != ERR_OK) _exit(1);
    if (migrate_apply(db, first(l.m, n - 1), wall_from_sec(NOW_SEC), &err) != ERR_OK) _exit(2);
    if (db_exec(db, "BEGIN IMMEDIATE", &err) != ERR_OK || db_exec(db, l.m[n - 1].sql, &err) != ERR_OK) _exit(3);
    (void)raise(SIGKILL);
}

static void death_in_any_migration_leaves_a_store_that_goes_on(void **state)
{
    struct on_file *o = *state;
    make_old_store(o);
    db_close(&o->db);
    for (unsigned n = 2; n <= STORE_VERSION; n++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) die_in(o->f.path, n);
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        uint32_t have, want;
        assert_ok(&o->f, store_migrate_status(o->f.path, &have, &want, &o->f.err));
        assert_int_equal(have, n - 1);
    }
    expect_the_rows(o);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(each_missing_one_is_applied_once_in_order),
        T(a_broken_one_leaves_what_was_before),
        T(an_older_binary_may_stay_until_the_contraction),
        T(rows_of_the_first_release_live_on),
        T(another_text_of_an_applied_one_is_refused),
        T(an_old_store_keeps_its_rows),
        T(a_backup_of_the_first_schema_is_restored),
        T(death_in_any_migration_leaves_a_store_that_goes_on),
        cmocka_unit_test(the_embedded_list_is_the_schema_of_this_binary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
