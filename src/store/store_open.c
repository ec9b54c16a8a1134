// SPDX-License-Identifier: Apache-2.0
// Opening, migrating and closing a store, and what can be asked without a transaction.
// Called by: app, cli. Must never: open a store that another process serves, or one of a newer schema.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "store/internal.h"
#include "store/migrate.h"

_Static_assert(STORE_MIN_BINARY <= STORE_VERSION, "a binary can open what it writes");

void store_options_default(struct store_options *o)
{
    *o = (struct store_options){.migrate = true,
                                .exclusive = true,
                                .write_queue_max = 1024,
                                .busy_ms = 5000,
                                .outbox_max = 10000,
                                .clock = &clock_system};
}

// Made by us first, so that the modes of the database, its WAL and its shared memory are all 0600 (SQLite copies them).
static enum err ensure_file(const struct store_options *o, struct error *err)
{
    if (file_exists(o->path)) return ERR_OK;
    if (!o->create)
        return error_set(err, ERR_NOT_FOUND, "store: there is no file %s (make it with: peerage init)", o->path);
    int fd = open(o->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return error_errno(err, ERR_IO, errno, "store: cannot make %s", o->path);
    (void)close(fd); // nothing was written
    return ERR_OK;
}

static enum err take_lock(struct store *s, struct error *err)
{
    char *path CLEANUP(mem_freep) = mem_alloc(strlen(s->path) + sizeof(".lock"));
    if (!path) return error_set(err, ERR_NOMEM, "store: out of memory");
    memcpy(path, s->path, strlen(s->path));
    memcpy(path + strlen(s->path), ".lock", sizeof(".lock"));
    enum err code = file_lock(path, &s->lock_fd, err);
    if (code == ERR_BUSY) return error_prefix(err, "store: another process uses %s", s->path);
    return code;
}

static enum err check_complete(uint32_t version, struct error *err)
{
    if (version >= STORE_VERSION) return ERR_OK;
    return error_set(err, ERR_CONFLICT,
                     "store: it has schema %u and this program needs %d: run `peerage migrate` (after a backup)",
                     version, STORE_VERSION);
}

static enum err open_writer(struct store *s, struct error *err)
{
    const struct store_options *o = &s->options;
    enum err code = ensure_file(o, err);
    if (code == ERR_OK) code = db_open(s->path, DB_WRITE, o->busy_ms, &s->db, err);
    if (code != ERR_OK) return code;
    uint32_t version = 0;
    code = migrate_verify(s->db, migrate_embedded(), &version, err); // before anything is written
    if (code == ERR_OK) code = db_use_wal(s->db, err);
    if (code == ERR_OK && o->migrate && version < STORE_VERSION) {
        code = migrate_apply(s->db, migrate_embedded(), clock_wall(o->clock), err);
        version = STORE_VERSION;
    }
    if (code == ERR_OK) code = check_complete(version, err);
    return code == ERR_OK ? writer_start(s, err) : code;
}

// No lock, no writer: another process may serve the store meanwhile.
static enum err open_inspection(struct store *s, struct error *err)
{
    struct db *db = NULL;
    enum err code = db_open(s->path, DB_READ, s->options.busy_ms, &db, err);
    if (code != ERR_OK) return code;
    uint32_t version = 0;
    code = migrate_verify(db, migrate_embedded(), &version, err);
    if (code == ERR_OK) code = check_complete(version, err);
    db_close(&db);
    return code;
}

enum err store_open(const struct store_options *o, struct store **ret, struct error *err)
{
    struct store *s = mem_zalloc(1, sizeof(*s));
    if (!s) return error_set(err, ERR_NOMEM, "store: out of memory");
    s->options = *o;
    s->lock_fd = -1;
    s->last = &s->first;
    lock_init(&s->lock, "store");
    cond_init(&s->done);
    atomic_store(&s->writable, o->exclusive);
    // Generations start at 1, so that 0 can mean "nothing cached".
    atomic_store(&s->generation, 1);
    atomic_store(&s->auth_generation, 1);
    s->path = mem_strndup(o->path, strlen(o->path));
    enum err code = s->path ? ERR_OK : error_set(err, ERR_NOMEM, "store: out of memory");
    s->options.path = s->path;
    if (code == ERR_OK && o->exclusive) code = take_lock(s, err);
    if (code == ERR_OK) code = o->exclusive ? open_writer(s, err) : open_inspection(s, err);
    if (code != ERR_OK) {
        store_close(&s);
        return code;
    }
    *ret = s;
    return ERR_OK;
}

void store_close(struct store **sp)
{
    struct store *s = *sp;
    if (!s) return;
    ASSERT(atomic_load(&s->readers) == 0);
    if (s->writer) writer_stop(s);
    for (size_t i = 0; i < LIST_SHAPES; i++) mem_free(s->tx.reader.list_sql[i]);
    db_close(&s->db);
    if (s->lock_fd >= 0) file_unlock(&s->lock_fd);
    cond_done(&s->done);
    lock_done(&s->lock);
    mem_free(s->path);
    mem_free(s);
    *sp = NULL;
}

uint64_t store_generation(const struct store *s)
{
    return atomic_load(&s->generation);
}

uint64_t store_auth_generation(const struct store *s)
{
    return atomic_load(&s->auth_generation);
}

bool store_writable(const struct store *s)
{
    return atomic_load(&s->writable);
}

uint64_t store_wal_bytes(const struct store *s)
{
    size_t n = strlen(s->path);
    char *path CLEANUP(mem_freep) = mem_alloc(n + sizeof("-wal"));
    struct stat st;
    if (!path) return 0;
    memcpy(path, s->path, n);
    memcpy(path + n, "-wal", sizeof("-wal"));
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

enum err store_migrate_status(const char *path, uint32_t *ret_have, uint32_t *ret_want, struct error *err)
{
    struct db *db = NULL;
    enum err code = db_open(path, DB_READ, 5000, &db, err);
    if (code != ERR_OK) return code;
    uint32_t version, min_binary;
    code = migrate_version(db, &version, &min_binary, err);
    db_close(&db);
    if (code != ERR_OK) return code;
    *ret_have = version;
    *ret_want = STORE_VERSION;
    return ERR_OK;
}
