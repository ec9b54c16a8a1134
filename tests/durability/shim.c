// SPDX-License-Identifier: Apache-2.0
// The shim: a VFS around SQLite's own, its allocator, and wrapped calls. The only test file that knows SQLite.
#include "shim.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/mem.h"
#include "tape.h"

static struct {
    pthread_mutex_t mutex;
    sqlite3_vfs *real;
    struct tape *tape; // NULL: nothing is recorded
    char path[256];    // of the database that is recorded; "" = the next one
    const char *synchronous;
    bool seeded;
    struct seeded_rng seed; // under mutex
    struct rng rng;
    _Atomic uint64_t call_left, disk_left;
    _Atomic bool call_hit, disk_hit;
    enum store_fault call_fault;
    bool call_rolls_back;
} shim = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static bool counts_down(_Atomic uint64_t *left, _Atomic bool *hit)
{
    uint64_t n = atomic_load(left);
    while (n != 0)
        if (atomic_compare_exchange_weak(left, &n, n - 1)) {
            if (n == 1) atomic_store(hit, true);
            return n == 1;
        }
    return false;
}

static bool disk_fails(void)
{
    return counts_down(&shim.disk_left, &shim.disk_hit);
}

// ---- files --------------------------------------------------------------------------------------------------------

struct file {
    sqlite3_file base;
    int kind;     // enum tape_file, or -1: not recorded
    bool creates; // its first sync is one of the directory too
    sqlite3_file *real;
};

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((struct file *)f)->real;
}

static void record(sqlite3_file *f, struct change c)
{
    int kind = ((struct file *)f)->kind;
    if (kind < 0) return;
    c.file = (enum tape_file)kind;
    pthread_mutex_lock(&shim.mutex);
    if (shim.tape) tape_add(shim.tape, c);
    pthread_mutex_unlock(&shim.mutex);
}

static int shim_close(sqlite3_file *f)
{
    return real_of(f)->pMethods->xClose(real_of(f));
}

static int shim_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
    if (disk_fails()) return SQLITE_IOERR_READ;
    return real_of(f)->pMethods->xRead(real_of(f), p, n, at);
}

static int shim_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    if (disk_fails()) return SQLITE_IOERR_WRITE;
    record(f, (struct change){.kind = CHANGE_WRITE, .at = (size_t)at, .n = (size_t)n, .data = (void *)(uintptr_t)p});
    return real_of(f)->pMethods->xWrite(real_of(f), p, n, at);
}

static int shim_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    if (disk_fails()) return SQLITE_IOERR_TRUNCATE;
    record(f, (struct change){.kind = CHANGE_TRUNCATE, .at = (size_t)size});
    return real_of(f)->pMethods->xTruncate(real_of(f), size);
}

static int shim_sync(sqlite3_file *f, int flags)
{
    if (disk_fails()) return SQLITE_IOERR_FSYNC;
    record(f, (struct change){.kind = CHANGE_SYNC, .at = ((struct file *)f)->creates});
    ((struct file *)f)->creates = false;
    return SQLITE_OK;
}

static int shim_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int shim_lock(sqlite3_file *f, int level)
{
    if (disk_fails()) return SQLITE_IOERR_LOCK;
    return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int shim_unlock(sqlite3_file *f, int level)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int shim_check_lock(sqlite3_file *f, int *held)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), held);
}

static int shim_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int shim_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}

static int shim_device(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}

static int shim_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **ret)
{
    if (disk_fails()) return SQLITE_IOERR_SHMMAP;
    return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, ret);
}

static int shim_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    if (!(flags & SQLITE_SHM_UNLOCK) && disk_fails()) return SQLITE_IOERR_SHMLOCK;
    return real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
}

static void shim_shm_barrier(sqlite3_file *f)
{
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int shim_shm_unmap(sqlite3_file *f, int remove)
{
    return real_of(f)->pMethods->xShmUnmap(real_of(f), remove);
}

static const sqlite3_io_methods methods = {2, // no memory-mapped reads: every byte passes here
                                           shim_close,
                                           shim_read,
                                           shim_write,
                                           shim_truncate,
                                           shim_sync,
                                           shim_size,
                                           shim_lock,
                                           shim_unlock,
                                           shim_check_lock,
                                           shim_control,
                                           shim_sector,
                                           shim_device,
                                           shim_shm_map,
                                           shim_shm_lock,
                                           shim_shm_barrier,
                                           shim_shm_unmap};

// The file of the tape that this name is, or -1. Names the tape's database when it has none yet.
static int kind_of(const char *name, int flags)
{
    int kind = -1;
    pthread_mutex_lock(&shim.mutex);
    bool main_db = flags & SQLITE_OPEN_MAIN_DB;
    if (shim.tape && name && main_db && (flags & SQLITE_OPEN_READWRITE) && !shim.path[0])
        (void)snprintf(shim.path, sizeof(shim.path), "%s", name);
    size_t n = strlen(shim.path);
    if (shim.tape && name && n && strncmp(name, shim.path, n) == 0) {
        static const char *const ends[TAPE_FILES] = {"", "-wal", "-journal"};
        for (int i = 0; i < TAPE_FILES; i++)
            if (strcmp(name + n, ends[i]) == 0) kind = i;
    }
    pthread_mutex_unlock(&shim.mutex);
    return kind;
}

static int shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *ret_flags)
{
    struct file *mine = (struct file *)f;
    mine->real = (sqlite3_file *)(mine + 1);
    int rc = shim.real->xOpen(shim.real, name, mine->real, flags, ret_flags);
    f->pMethods = mine->real->pMethods ? &methods : NULL;
    mine->kind = kind_of(name, flags);
    mine->creates = (flags & SQLITE_OPEN_CREATE) && (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL));
    return rc;
}

static int shim_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
    struct file f = {.kind = kind_of(name, 0)};
    record(&f.base, (struct change){.kind = CHANGE_DELETE});
    if (sync_dir) record(&f.base, (struct change){.kind = CHANGE_SYNC, .at = 1});
    return shim.real->xDelete(shim.real, name, sync_dir);
}

// ---- memory -------------------------------------------------------------------------------------------------------

#define HEAD 16 // the size, before each block

static void *sql_malloc(int n)
{
    char *p = mem_alloc((size_t)n + HEAD);
    if (!p) return NULL;
    memcpy(p, &n, sizeof(n));
    return p + HEAD;
}

static void sql_free(void *p)
{
    if (p) mem_free((char *)p - HEAD);
}

static int sql_size(void *p)
{
    int n = 0;
    if (p) memcpy(&n, (char *)p - HEAD, sizeof(n));
    return n;
}

static void *sql_realloc(void *p, int n)
{
    char *q = mem_realloc(p ? (char *)p - HEAD : NULL, (size_t)n + HEAD);
    if (!q) return NULL;
    memcpy(q, &n, sizeof(n));
    return q + HEAD;
}

static int sql_roundup(int n)
{
    return (n + 7) & ~7;
}

static int sql_init(void *ctx)
{
    return SQLITE_OK;
}

static void sql_shutdown(void *ctx) {}

void shim_install(void)
{
    static sqlite3_mem_methods memory = {sql_malloc,  sql_free, sql_realloc,  sql_size,
                                         sql_roundup, sql_init, sql_shutdown, NULL};
    static sqlite3_vfs vfs;
    int rc = sqlite3_config(SQLITE_CONFIG_MALLOC, &memory);
    // Without lookaside every small piece is an allocation that can fail.
    if (rc == SQLITE_OK) rc = sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0);
    if (rc == SQLITE_OK) rc = sqlite3_initialize();
    ASSERT(rc == SQLITE_OK);
    shim.real = sqlite3_vfs_find(NULL);
    vfs = *shim.real; // names, time and randomness are the real one's
    vfs.zName = "shim";
    vfs.szOsFile = (int)sizeof(struct file) + shim.real->szOsFile;
    vfs.xOpen = shim_open;
    vfs.xDelete = shim_delete;
    rc = sqlite3_vfs_register(&vfs, 1);
    ASSERT(rc == SQLITE_OK);
}

// ---- the tape in use ----------------------------------------------------------------------------------------------

struct tape *tape_start(void)
{
    struct tape *t = tape_new();
    pthread_mutex_lock(&shim.mutex);
    shim.tape = t;
    shim.path[0] = '\0';
    pthread_mutex_unlock(&shim.mutex);
    return t;
}

void tape_stop(struct tape *t)
{
    pthread_mutex_lock(&shim.mutex);
    if (shim.tape == t) shim.tape = NULL;
    pthread_mutex_unlock(&shim.mutex);
}

size_t tape_length(struct tape *t)
{
    pthread_mutex_lock(&shim.mutex);
    size_t n = t->n;
    pthread_mutex_unlock(&shim.mutex);
    return n;
}

// ---- chance

void shim_random(uint64_t seed)
{
    pthread_mutex_lock(&shim.mutex);
    shim.seeded = seed != 0;
    shim.rng = rng_seeded(&shim.seed, seed);
    pthread_mutex_unlock(&shim.mutex);
}

ssize_t __real_getrandom(void *p, size_t n, unsigned flags);
ssize_t __wrap_getrandom(void *p, size_t n, unsigned flags);

ssize_t __wrap_getrandom(void *p, size_t n, unsigned flags)
{
    pthread_mutex_lock(&shim.mutex);
    bool seeded = shim.seeded;
    if (seeded) rng_fill(&shim.rng, p, n);
    pthread_mutex_unlock(&shim.mutex);
    return seeded ? (ssize_t)n : __real_getrandom(p, n, flags);
}

// ---- wrapped calls ------------------------------------------------------------------------------------------------

void shim_synchronous(const char *value)
{
    shim.synchronous = value;
}

void store_fault_set(uint64_t n, enum store_fault what, bool rolls_back)
{
    atomic_store(&shim.call_left, 0);
    if (n) atomic_store(&shim.call_hit, false);
    shim.call_fault = what;
    shim.call_rolls_back = rolls_back;
    atomic_store(&shim.call_left, n);
}

bool store_fault_fired(void)
{
    return atomic_load(&shim.call_hit);
}

void disk_fault_set(uint64_t n)
{
    atomic_store(&shim.disk_left, 0);
    if (n) atomic_store(&shim.disk_hit, false);
    atomic_store(&shim.disk_left, n);
}

bool disk_fault_fired(void)
{
    return atomic_load(&shim.disk_hit);
}

int __real_sqlite3_step(sqlite3_stmt *s);
int __wrap_sqlite3_step(sqlite3_stmt *s);
int __real_sqlite3_prepare_v3(sqlite3 *h, const char *sql, int n, unsigned flags, sqlite3_stmt **ret,
                              const char **tail);
int __wrap_sqlite3_prepare_v3(sqlite3 *h, const char *sql, int n, unsigned flags, sqlite3_stmt **ret,
                              const char **tail);
int __real_sqlite3_exec(sqlite3 *h, const char *sql, int (*fn)(void *, int, char **, char **), void *ctx, char **msg);
int __wrap_sqlite3_exec(sqlite3 *h, const char *sql, int (*fn)(void *, int, char **, char **), void *ctx, char **msg);

// SQLITE_OK: the call may go on.
static int call_fails(sqlite3 *h, bool ends)
{
    static const int codes[STORE_FAULT_COUNT_] = {[STORE_FAULT_IO] = SQLITE_IOERR_WRITE,
                                                  [STORE_FAULT_BUSY] = SQLITE_BUSY,
                                                  [STORE_FAULT_FULL] = SQLITE_FULL,
                                                  [STORE_FAULT_READ_ONLY] = SQLITE_READONLY};
    if (ends || !counts_down(&shim.call_left, &shim.call_hit)) return SQLITE_OK; // a rollback does not fail
    if (shim.call_rolls_back && !sqlite3_get_autocommit(h)) (void)__real_sqlite3_exec(h, "ROLLBACK", NULL, NULL, NULL);
    return codes[shim.call_fault];
}

static bool is_end(const char *sql)
{
    return sql && strncmp(sql, "ROLLBACK", 8) == 0;
}

int __wrap_sqlite3_step(sqlite3_stmt *s)
{
    int rc = call_fails(sqlite3_db_handle(s), is_end(sqlite3_sql(s)));
    return rc == SQLITE_OK ? __real_sqlite3_step(s) : rc;
}

int __wrap_sqlite3_prepare_v3(sqlite3 *h, const char *sql, int n, unsigned flags, sqlite3_stmt **ret, const char **tail)
{
    int rc = call_fails(h, is_end(sql));
    return rc == SQLITE_OK ? __real_sqlite3_prepare_v3(h, sql, n, flags, ret, tail) : rc;
}

int __wrap_sqlite3_exec(sqlite3 *h, const char *sql, int (*fn)(void *, int, char **, char **), void *ctx, char **msg)
{
    char bent[1024];
    const char *at = shim.synchronous ? strstr(sql, "synchronous=FULL") : NULL;
    if (at) {
        (void)snprintf(bent, sizeof(bent), "%.*ssynchronous=%s%s", (int)(at - sql), sql, shim.synchronous, at + 16);
        sql = bent;
    }
    int rc = call_fails(h, is_end(sql));
    return rc == SQLITE_OK ? __real_sqlite3_exec(h, sql, fn, ctx, msg) : rc;
}
