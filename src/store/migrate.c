// SPDX-License-Identifier: Apache-2.0
// Applying and verifying migrations. Called by: store_open.c, backup.c. Must never: leave half a migration behind.
#include "store/migrate.h"

static enum err has_schema(struct db *db, bool *ret, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(db, "SELECT count(*), coalesce(sum(name = 'schema_version'), 0) FROM sqlite_schema");
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    int64_t objects = query_get_int(&q), ours = query_get_int(&q);
    if (objects > 0 && ours == 0)
        return error_set(err, ERR_CORRUPT, "store: the file is a database, but not one of Peerage: name another path");
    *ret = ours > 0;
    return ERR_OK;
}

static enum err check_application(struct db *db, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(db, "PRAGMA application_id");
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    if (query_get_int(&q) == DB_APPLICATION_ID) return ERR_OK;
    return error_set(err, ERR_CORRUPT, "store: the file is a database, but not one of Peerage: name another path");
}

enum err migrate_version(struct db *db, uint32_t *ret_version, uint32_t *ret_min_binary, struct error *err)
{
    bool exists = false;
    enum err code = has_schema(db, &exists, err);
    if (code != ERR_OK) return code;
    if (!exists) {
        *ret_version = *ret_min_binary = 0;
        return ERR_OK;
    }
    code = check_application(db, err);
    if (code != ERR_OK) return code;
    struct query q CLEANUP(query_close) = query_open(db, "SELECT version, min_binary FROM schema_version");
    bool row;
    code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    if (!row) return error_set(err, ERR_CORRUPT, "store: the schema version is missing (restore a backup)");
    *ret_version = (uint32_t)query_get_int(&q);
    *ret_min_binary = (uint32_t)query_get_int(&q);
    return ERR_OK;
}

static enum err verify_one(struct db *db, const struct migration *m, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(db, "SELECT sha256 FROM migration WHERE version = ?");
    query_int(&q, m->version);
    bool row;
    enum err code = query_step(&q, &row, err);
    if (code != ERR_OK) return code;
    if (!row)
        return error_set(err, ERR_CORRUPT, "store: the record of migration %u (%s) is missing (restore a backup)",
                         m->version, m->name);
    if (!slice_eq_cstr(query_get_text(&q), m->sha256))
        return error_set(err, ERR_CORRUPT,
                         "store: migration %u (%s) was applied from another text than this program's: the store was "
                         "made by a modified build; use that build, or restore a backup",
                         m->version, m->name);
    return ERR_OK;
}

enum err migrate_verify(struct db *db, struct migrate_list list, uint32_t *ret_version, struct error *err)
{
    uint32_t version, min_binary;
    enum err code = migrate_version(db, &version, &min_binary, err);
    if (code != ERR_OK) return code;
    if (min_binary > list.n)
        return error_set(err, ERR_CONFLICT,
                         "store: a newer Peerage wrote this store (schema %u, which needs a program of schema %u or "
                         "newer; this one has %u): start that version, or restore a backup made by this one",
                         version, min_binary, list.n);
    for (unsigned i = 0; i < list.n && list.m[i].version <= version; i++) {
        code = verify_one(db, &list.m[i], err);
        if (code != ERR_OK) return code;
    }
    *ret_version = version;
    return ERR_OK;
}

static enum err record(struct db *db, const struct migration *m, struct wall now, struct error *err)
{
    struct query q CLEANUP(query_close) =
        query_open(db, "INSERT INTO migration (version, name, sha256, applied) VALUES (?, ?, ?, ?)");
    query_int(&q, m->version);
    query_cstr(&q, m->name);
    query_cstr(&q, m->sha256);
    query_wall(&q, now);
    enum err code = query_run(&q, err);
    if (code != ERR_OK) return code;
    struct query v CLEANUP(query_close) =
        query_open(db, "INSERT INTO schema_version (one, version, min_binary) VALUES (1, ?, ?) "
                       "ON CONFLICT DO UPDATE SET version = excluded.version, min_binary = excluded.min_binary");
    query_int(&v, m->version);
    query_int(&v, m->min_binary);
    return query_run(&v, err);
}

static enum err apply_one(struct db *db, const struct migration *m, struct wall now, struct error *err)
{
    enum err code = db_exec(db, "BEGIN IMMEDIATE", err);
    if (code != ERR_OK) return code;
    code = db_exec(db, m->sql, err);
    if (code == ERR_OK) code = record(db, m, now, err);
    if (code == ERR_OK) code = db_exec(db, "COMMIT", err);
    if (code == ERR_OK) return ERR_OK;
    error_prefix(err, "migration %u (%s)", m->version, m->name);
    db_rollback(db);
    return code;
}

enum err migrate_apply(struct db *db, struct migrate_list list, struct wall now, struct error *err)
{
    uint32_t version;
    enum err code = migrate_verify(db, list, &version, err);
    _Static_assert(DB_APPLICATION_ID == 1348822386, "the number in the statement");
    if (code == ERR_OK && version == 0) code = db_exec(db, "PRAGMA application_id=1348822386", err);
    for (unsigned i = 0; code == ERR_OK && i < list.n; i++)
        if (list.m[i].version > version) code = apply_one(db, &list.m[i], now, err);
    return code;
}
