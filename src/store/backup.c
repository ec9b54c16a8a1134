// SPDX-License-Identifier: Apache-2.0
// Backup, restore and check. Called by: app and cli. Must never: overwrite a file, leave a half-written one under its
// final name, or restore what does not verify. The key files are not in a backup: a restored store needs them too.
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "store/internal.h"
#include "store/migrate.h"

static char *with_suffix(const char *path, const char *suffix)
{
    size_t n = strlen(path), m = strlen(suffix);
    char *p = mem_alloc(n + m + 1);
    if (!p) return NULL;
    memcpy(p, path, n);
    memcpy(p + n, suffix, m + 1);
    return p;
}

static enum err sync_path(const char *path, int flags, struct error *err)
{
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0) return error_errno(err, ERR_IO, errno, "cannot open %s", path);
    int rc = fsync(fd), e = errno;
    (void)close(fd); // fsync has told all that matters
    return rc == 0 ? ERR_OK : error_errno(err, ERR_IO, e, "cannot sync %s", path);
}

static enum err sync_directory_of(const char *path, struct error *err)
{
    char *copy CLEANUP(mem_freep) = mem_strndup(path, strlen(path)); // dirname writes into it
    if (!copy) return error_set(err, ERR_NOMEM, "store: out of memory");
    return sync_path(dirname(copy), O_RDONLY | O_DIRECTORY, err);
}

static enum err refuse_existing(const char *path, struct error *err)
{
    struct stat st;
    if (lstat(path, &st) != 0 && errno == ENOENT) return ERR_OK;
    return error_set(err, ERR_EXISTS, "%s exists already: name another file, or move it away", path);
}

static enum err make_empty(const char *path, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == EEXIST)
        return error_set(err, ERR_EXISTS,
                         "%s exists: an earlier copy was interrupted, or one runs; remove it if none does", path);
    if (fd < 0) return error_errno(err, ERR_IO, errno, "cannot make %s", path);
    (void)close(fd); // nothing was written
    return ERR_OK;
}

// link(2) rather than rename(2): it refuses an existing name.
static enum err publish(const char *partial, const char *path, struct error *err)
{
    enum err code = sync_path(partial, O_RDONLY, err);
    if (code != ERR_OK) return code;
    if (link(partial, path) != 0)
        return error_errno(err, errno == EEXIST ? ERR_EXISTS : ERR_IO, errno, "cannot make %s", path);
    (void)unlink(partial); // a second name of a good file does no harm
    return sync_directory_of(path, err);
}

// What is done to a copy before it gets its name; NULL = nothing.
typedef enum err (*copy_hook)(const char *partial, struct error *err);

// A compact copy of db at path: written under another name, synced, then named.
static enum err copy_to(struct db *db, const char *path, copy_hook prepare, struct error *err)
{
    char *partial CLEANUP(mem_freep) = with_suffix(path, ".partial");
    if (!partial) return error_set(err, ERR_NOMEM, "store: out of memory");
    enum err code = refuse_existing(path, err);
    if (code == ERR_OK) code = make_empty(partial, err);
    if (code != ERR_OK) return code;
    code = db_copy_into(db, partial, err);
    if (code == ERR_OK && prepare) code = prepare(partial, err);
    if (code == ERR_OK) code = publish(partial, path, err);
    if (code != ERR_OK) (void)unlink(partial); // the error at hand says more
    return code;
}

static enum err backup_on_writer(struct db *db, void *ctx, struct error *err)
{
    return copy_to(db, ctx, NULL, err);
}

enum err store_backup(struct store *s, const char *path, struct error *err)
{
    char *copy CLEANUP(mem_freep) = mem_strndup(path, strlen(path));
    if (!copy) return error_set(err, ERR_NOMEM, "store: out of memory");
    enum err code = store_maintain(s, backup_on_writer, copy, err);
    return code == ERR_OK ? code : error_prefix(err, "backup");
}

// ---- check ------------------------------------------------------------------------------------------------

static enum err add_lines(struct db *db, const char *sql, struct buf *out, struct error *err)
{
    struct query q CLEANUP(query_close) = query_open(db, sql);
    for (;;) {
        bool row;
        enum err code = query_step(&q, &row, err);
        if (code != ERR_OK || !row) return code;
        if (out->n) buf_char(out, '\n');
        buf_slice(out, query_get_text(&q));
    }
}

static const struct {
    uint32_t since; // the schema that can answer it
    const char *sql;
} checks[] = {
    {0, "SELECT integrity_check FROM pragma_integrity_check(20) WHERE integrity_check <> 'ok'"},
    {0, "SELECT 'row ' || rowid || ' of ' || \"table\" || ' names a missing row of ' || parent "
        "FROM pragma_foreign_key_check LIMIT 20"},
    // What the triggers counted, against the rows themselves.
    {1, "SELECT 'the count of listed connections of group ' || group_id || ' is wrong' FROM ("
        "SELECT group_id, requester_account, network_id, cloud_status, local_status, count(*) AS n FROM connection "
        "WHERE listed = 1 GROUP BY 1, 2, 3, 4, 5 EXCEPT SELECT * FROM connection_count) LIMIT 20"},
    {1, "SELECT 'there is a count without connections for group ' || group_id FROM ("
        "SELECT * FROM connection_count EXCEPT SELECT group_id, requester_account, network_id, cloud_status, "
        "local_status, count(*) FROM connection WHERE listed = 1 GROUP BY 1, 2, 3, 4, 5) LIMIT 20"},
    // An action is under way exactly while its intent lives.
    {2, "SELECT 'connection ' || name || ' is ' || local_status || ' without a live intent' FROM connection AS c "
        "WHERE local_status IN ('REQUEST_ACCEPT', 'REQUEST_REJECT', 'REQUEST_DELETE') AND listed = 1 AND NOT EXISTS "
        "(SELECT 1 FROM intent WHERE connection_id = c.id AND ended = 0) LIMIT 20"},
    {2, "SELECT 'intent ' || i.id || ' lives though its connection is ' || c.local_status FROM intent AS i "
        "JOIN connection AS c ON c.id = i.connection_id "
        "WHERE i.ended = 0 AND c.local_status <> 'REQUEST_' || upper(i.action) LIMIT 20"},
    // A delivery waits for another one that is pending, or nothing would ever let it go.
    {9, "SELECT 'delivery ' || id || ' waits for none' FROM outbox AS o WHERE state = 'waiting' AND NOT EXISTS "
        "(SELECT 1 FROM outbox AS p WHERE p.webhook_id = o.webhook_id AND p.group_id = o.group_id AND "
        "p.subject = o.subject AND p.state = 'pending') LIMIT 20"},
};

// The findings, a line each; empty when there are none.
static enum err check_db(struct db *db, uint32_t version, struct buf *out, struct error *err)
{
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        if (checks[i].since > version) continue;
        enum err code = add_lines(db, checks[i].sql, out, err);
        if (code == ERR_CORRUPT) { // so broken that it cannot even be checked
            if (out->n) buf_char(out, '\n');
            buf_str(out, err->detail);
            return ERR_OK;
        }
        if (code != ERR_OK) return code;
    }
    return ERR_OK;
}

enum err store_check(struct store *s, struct arena *a, struct slice *ret_report, struct error *err)
{
    struct db *db = NULL;
    enum err code = db_open(s->path, DB_READ, s->options.busy_ms, &db, err);
    if (code != ERR_OK) return code;
    struct buf out;
    buf_init(&out, 64 * 1024);
    code = check_db(db, STORE_VERSION, &out, err);
    db_close(&db);
    struct slice report = {NULL, 0};
    if (code == ERR_OK) report = arena_slice(a, out.n ? buf_view(&out) : SLICE("ok"));
    buf_done(&out);
    if (code != ERR_OK) return code;
    if (!report.n) return rows_nomem(err);
    *ret_report = report;
    return ERR_OK;
}

// ---- restore ----------------------------------------------------------------------------------------------

static enum err verify_backup(struct db *db, uint32_t *ret_version, struct error *err)
{
    uint32_t version = 0;
    enum err code = migrate_verify(db, migrate_embedded(), &version, err);
    if (code != ERR_OK) return code;
    *ret_version = version;
    if (version == 0) return error_set(err, ERR_CORRUPT, "it holds no Peerage store");
    struct buf out;
    buf_init(&out, 64 * 1024);
    code = check_db(db, version, &out, err);
    if (code == ERR_OK && out.n) {
        struct slice rest = buf_view(&out), line;
        (void)slice_cut(&rest, '\n', &line);
        code = error_set(err, ERR_CORRUPT, "it is damaged: %.*s", SLICE_FMT(line));
    }
    buf_done(&out);
    return code;
}

// A WAL or shared-memory file without its database would be replayed into the restored one.
static enum err refuse_existing_store(const char *path, struct error *err)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
        char *name CLEANUP(mem_freep) = with_suffix(path, suffixes[i]);
        if (!name) return error_set(err, ERR_NOMEM, "store: out of memory");
        enum err code = refuse_existing(name, err);
        if (code != ERR_OK) return code;
    }
    return ERR_OK;
}

// A database file whose WAL lies beside it is only half of a store: `cp` of a running one looks like that.
static enum err refuse_wal_of(const char *backup, struct error *err)
{
    struct stat st;
    char *wal CLEANUP(mem_freep) = with_suffix(backup, "-wal");
    if (!wal) return error_set(err, ERR_NOMEM, "store: out of memory");
    if (stat(wal, &st) != 0 || st.st_size == 0) return ERR_OK;
    return error_set(err, ERR_CONFLICT,
                     "%s exists: this is a store in use or a copy of one, no backup; make one with "
                     "`peerage backup`",
                     wal);
}

// What was asked before the backup may have been done, undone or forgotten since: nothing is written to the cloud
// until a person lifts the freeze, and no old intent is taken up until one releases it.
static const char *const freeze_steps[] = {
    "INSERT INTO freeze (group_id, network_id, since, why, actor) "
    "VALUES ('', '', ?, 'restored from a backup', 'restore') ON CONFLICT DO NOTHING",
    // An attempt may have been begun after the backup: each is resolved by asking the cloud first.
    "UPDATE intent SET held = 1, uncertain = 1 WHERE ended = 0 AND ? > 0",
    // An ObjectId begins with the seconds (BSON specification).
    "INSERT INTO event (group_id, id, created, org_id, type, actor_kind, actor, remote, resource, detail) "
    "SELECT '', printf('%08x', ?1 / 1000000) || lower(hex(randomblob(8))), ?1, '', 'PEERAGE_RESTORED', 'local', "
    "'restore', '', '', '' WHERE ?1 > 0",
};

static enum err run_freeze(struct db *db, struct wall now, struct error *err)
{
    enum err code = db_exec(db, "BEGIN IMMEDIATE", err);
    for (size_t i = 0; code == ERR_OK && i < ARRAY_LEN(freeze_steps); i++) {
        struct query q CLEANUP(query_close) = query_open(db, freeze_steps[i]);
        query_wall(&q, now);
        code = query_run(&q, err);
    }
    return code == ERR_OK ? db_exec(db, "COMMIT", err) : code;
}

static enum err freeze_copy(const char *partial, struct error *err)
{
    struct db *db = NULL;
    enum err code = db_open(partial, DB_WRITE, 0, &db, err);
    if (code == ERR_OK) code = run_freeze(db, clock_wall(&clock_system), err);
    db_close(&db); // what is not committed is rolled back
    return code;
}

static enum err restore_locked(const char *backup, const char *path, struct error *err)
{
    struct db *db = NULL;
    uint32_t version = 0;
    enum err code = refuse_existing_store(path, err);
    if (code == ERR_OK) code = refuse_wal_of(backup, err);
    if (code == ERR_OK) code = db_open(backup, DB_IMMUTABLE, 0, &db, err);
    if (code == ERR_OK) code = verify_backup(db, &version, err);
    // A store of schema 1 has no intents: it can neither be frozen nor need it.
    if (code == ERR_OK) code = copy_to(db, path, version >= 2 ? freeze_copy : NULL, err);
    db_close(&db);
    return code;
}

enum err store_restore(const char *backup, const char *path, struct error *err)
{
    char *lock CLEANUP(mem_freep) = with_suffix(path, ".lock");
    if (!lock) return error_set(err, ERR_NOMEM, "store: out of memory");
    int fd = -1;
    enum err code = file_lock(lock, &fd, err);
    if (code != ERR_OK) return error_prefix(err, "restore");
    code = restore_locked(backup, path, err);
    file_unlock(&fd);
    return code == ERR_OK ? code : error_prefix(err, "restore of %s", backup);
}
