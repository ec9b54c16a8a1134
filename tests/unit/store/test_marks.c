// SPDX-License-Identifier: Apache-2.0
// The marks of long lists: right after any changes, whoever made them, and made by their migration as the triggers
// would; and every page that they lead to. Run by: meson test. Must never: depend on where the marks lie, only on what
// they say.
#include "fixture.h"
#include "store/db.h"
#include "store/migrate.h"

#define MANY 5000
#define N(n) "WITH RECURSIVE c(x) AS (SELECT 0 UNION ALL SELECT x + 1 FROM c LIMIT " n ") "
// Ids in another order than they come in, in front of and behind each other's.
#define ID   "printf('d%023d', x * 3571 % 5000)"
#define NAME "printf('key%05d', x)"

static void sql(struct fixture *f, struct db *db, const char *text)
{
    assert_ok(f, db_exec(db, text, &f->err));
}

static struct db *raw(struct fixture *f)
{
    struct db *db;
    assert_ok(f, db_open(f->path, DB_WRITE, 5000, &db, &f->err));
    return db;
}

static int64_t number(struct fixture *f, struct db *db, const char *text)
{
    bool row;
    struct query q CLEANUP(query_close) = query_open(db, text);
    assert_ok(f, query_step(&q, &row, &f->err));
    assert_true(row);
    return query_get_int(&q);
}

static void insert_many(struct fixture *f, struct db *db)
{
    sql(f, db,
        N("5000") "INSERT INTO principal SELECT " NAME
                  ", CASE x % 5 WHEN 0 THEN 'service_account' ELSE 'api_key' END, " ID ", '" ORG_ID "', '', 1 FROM c");
    sql(f, db,
        N("5000") "INSERT INTO role_grant SELECT " NAME ", '" GROUP_ID "', r FROM c, (SELECT 'GROUP_OWNER' AS r UNION "
                  "SELECT 'GROUP_READ_ONLY') WHERE x % 2");
    sql(f, db, N("5000") "INSERT INTO grp (id, org_id, name, created) SELECT " ID ", '" ORG_ID "', 'g' || x, 1 FROM c");
}

// What the marks are about.
#define ENTRIES                                                                                                        \
    "WITH e(list, scope_id, id) AS (SELECT kind, org_id, id FROM principal UNION ALL SELECT kind, scope_id, id FROM "  \
    "member UNION ALL SELECT 'group', org_id, id FROM grp WHERE deleted = 0 UNION ALL SELECT 'group', '', id FROM "    \
    "grp "                                                                                                             \
    "WHERE deleted = 0), s AS (SELECT list, scope_id, id, n, lead(id, 1, 'x') OVER (PARTITION BY list, scope_id "      \
    "ORDER "                                                                                                           \
    "BY id) AS til FROM list_mark), own AS (SELECT e.list, e.scope_id, (SELECT max(m.id) FROM list_mark AS m WHERE "   \
    "m.list = e.list AND m.scope_id = e.scope_id AND m.id <= e.id) AS mark FROM e) "

static void marks_are_right(struct fixture *f, struct db *db)
{
    assert_int_equal(number(f, db, ENTRIES "SELECT count(*) FROM own WHERE mark IS NULL"), 0);
    assert_int_equal(number(f, db,
                            ENTRIES
                            "SELECT count(*) FROM s LEFT JOIN (SELECT list, scope_id, mark, count(*) AS n FROM own "
                            "GROUP BY list, scope_id, mark) AS o ON o.list = s.list AND o.scope_id = s.scope_id "
                            "AND o.mark = s.id WHERE o.n IS NOT s.n"),
                     0);
    assert_true(number(f, db, "SELECT coalesce(max(n), 0) FROM list_mark") <= 1024);
    assert_int_equal(number(f, db, "SELECT count(*) FROM list_mark WHERE n = 0"), 0);
}

static int64_t marks(struct fixture *f, struct db *db)
{
    return number(f, db, "SELECT count(*) FROM list_mark");
}

static void they_follow_every_change(void **state)
{
    struct fixture *f = *state;
    struct db *db = raw(f);
    insert_many(f, db);
    marks_are_right(f, db);
    assert_true(marks(f, db) > 15);
    // Gaps, whole marks' worth of them and in the front; cascades too.
    sql(f, db, "DELETE FROM principal WHERE id < 'd00000000000000000001500' OR substr(id, 24) IN ('3', '7')");
    sql(f, db, "DELETE FROM role_grant WHERE scope_id = '" GROUP_ID "' AND role = 'GROUP_OWNER'");
    sql(f, db, "DELETE FROM role_grant WHERE scope_id = '" GROUP_ID "' AND principal LIKE '%9'");
    sql(f, db, "UPDATE grp SET deleted = 1 WHERE id < 'd00000000000000000001500' OR substr(id, 24) IN ('3', '7')");
    marks_are_right(f, db);
    sql(f, db,
        N("700") "INSERT INTO principal SELECT 'new' || x, 'api_key', printf('c%023d', 700 - x), '" ORG_ID "', '', 1 "
                 "FROM c"); // in front of all, downwards
    sql(f, db,
        N("1500") "INSERT INTO grp (id, org_id, name, created) SELECT printf('e%023d', x), '" ORG_ID "', 'h' || x, 1 "
                  "FROM c"); // behind all, upwards
    marks_are_right(f, db);
    sql(f, db, "DELETE FROM principal");
    sql(f, db, "UPDATE grp SET deleted = 1");
    marks_are_right(f, db);
    assert_int_equal(marks(f, db), 0);
    db_close(&db);
}

static void the_migration_makes_what_the_triggers_keep(void **state)
{
    struct fixture *f = *state;
    struct migrate_list all = migrate_embedded(), before = {all.m, 0};
    struct db *db;
    while (before.n < all.n && !strstr(all.m[before.n].name, "marks")) before.n++;
    fixture_close(f);
    remove_all(f->path);
    FILE *file = fopen(f->path, "wb");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    assert_ok(f, db_open(f->path, DB_WRITE, 0, &db, &f->err));
    assert_ok(f, migrate_apply(db, before, wall_from_sec(NOW_SEC), &f->err));
    sql(f, db,
        "INSERT INTO org (id, name, external_id, api_access_list_required, created) VALUES ('" ORG_ID
        "', 'o', 'x', 0, 1)");
    sql(f, db, "INSERT INTO grp (id, org_id, name, created) VALUES ('" GROUP_ID "', '" ORG_ID "', 'one', 1)");
    insert_many(f, db);
    sql(f, db, "UPDATE grp SET deleted = 1 WHERE name LIKE 'g1%'");
    assert_ok(f, migrate_apply(db, all, wall_from_sec(NOW_SEC), &f->err));
    marks_are_right(f, db);
    assert_true(marks(f, db) > 10);
    sql(f, db, "DELETE FROM principal WHERE name LIKE '%1'");
    marks_are_right(f, db);
    db_close(&db);
    fixture_open(f);
}

// ---- pages -------------------------------------------------------------------------------------------------

static void check_keys(struct fixture *f, struct db *db, const char *group, uint32_t size)
{
    struct credential_filter q = {.org_id = ORG_ID, .group_id = group, .kind = PRINCIPAL_API_KEY, .page = {1, size}};
    struct query truth CLEANUP(query_close) =
        query_open(db, group ? "SELECT id FROM member WHERE kind = 'api_key' AND scope_id = '" GROUP_ID "' ORDER BY id"
                             : "SELECT id FROM principal WHERE kind = 'api_key' ORDER BY id");
    size_t n = 1;
    for (uint64_t seen = 0, total = 1; n; q.page.number++, seen += n) {
        struct credential *rows;
        arena_reset(f->arena);
        assert_ok(f, store_credentials_page(f->reader, &q, f->arena, &rows, &n, &total, &f->err));
        assert_int_equal(n, MIN((uint64_t)size, total - seen));
        for (size_t i = 0; i < n; i++) {
            bool row;
            assert_ok(f, query_step(&truth, &row, &f->err));
            assert_true(row);
            assert_true(slice_eq_cstr(query_get_text(&truth), rows[i].principal.id));
        }
    }
}

static void check_groups(struct fixture *f, struct db *db, const struct principal *p, uint32_t size)
{
    struct group_search q = {.principal = p, .page = {1, size}};
    struct query truth CLEANUP(query_close) = query_open(db, "SELECT id FROM grp WHERE deleted = 0 ORDER BY id");
    size_t n = 1;
    for (uint64_t seen = 0, total = 1; n; q.page.number++, seen += n) {
        struct group *rows;
        arena_reset(f->arena);
        assert_ok(f, store_groups_find(f->reader, &q, f->arena, &rows, &n, &total, &f->err));
        assert_int_equal(n, MIN((uint64_t)size, total - seen));
        for (size_t i = 0; i < n; i++) {
            bool row;
            assert_ok(f, query_step(&truth, &row, &f->err));
            assert_true(row);
            assert_true(slice_eq_cstr(query_get_text(&truth), rows[i].id));
        }
    }
}

static void every_page_is_where_it_belongs(void **state)
{
    struct fixture *f = *state;
    struct db *db = raw(f);
    struct grant owner = {ORG_ID, 1u << ROLE_ORG_OWNER};
    struct principal p = {.kind = PRINCIPAL_API_KEY, .org_id = ORG_ID, .grants = &owner, .grant_count = 1};
    insert_many(f, db);
    sql(f, db, "DELETE FROM principal WHERE substr(id, 22) < '300'"); // marks of unlike size
    sql(f, db, "UPDATE grp SET deleted = 1 WHERE substr(id, 22) < '300'");
    sql(f, db,
        N("5000") "INSERT INTO api_key SELECT " NAME ", '', '', zeroblob(12), zeroblob(32) FROM c WHERE EXISTS "
                  "(SELECT 1 FROM principal WHERE name = " NAME " AND kind = 'api_key')");
    for (uint32_t size = 37; size <= 500; size += 463) {
        check_keys(f, db, NULL, size);
        check_keys(f, db, GROUP_ID, size);
        check_groups(f, db, NULL, size);
        check_groups(f, db, &p, size);
    }
    db_close(&db);
}

static void marks_that_do_not_fit_are_damage(void **state)
{
    struct fixture *f = *state;
    struct db *db = raw(f);
    insert_many(f, db);
    sql(f, db, "DELETE FROM list_mark WHERE scope_id = '" ORG_ID "' AND id > ''");
    struct credential_filter q = {.org_id = ORG_ID, .kind = PRINCIPAL_API_KEY, .page = {30, 100}};
    struct credential *rows;
    size_t n;
    uint64_t total;
    assert_err(f, ERR_CORRUPT, store_credentials_page(f->reader, &q, f->arena, &rows, &n, &total, &f->err));
    db_close(&db);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, fixture_setup, fixture_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(they_follow_every_change),
        T(the_migration_makes_what_the_triggers_keep),
        T(every_page_is_where_it_belongs),
        T(marks_that_do_not_fit_are_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
