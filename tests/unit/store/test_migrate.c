// SPDX-License-Identifier: Apache-2.0
// Migrations on lists of our own: order, all or nothing, later versions, what was applied before.
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

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(each_missing_one_is_applied_once_in_order),
        T(a_broken_one_leaves_what_was_before),
        T(an_older_binary_may_stay_until_the_contraction),
        T(another_text_of_an_applied_one_is_refused),
        cmocka_unit_test(the_embedded_list_is_the_schema_of_this_binary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
