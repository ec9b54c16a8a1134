// SPDX-License-Identifier: Apache-2.0
// SQLite's files in memory: fast, crashable at any write, and full when told.
// Called by: tests/sim. Must never: touch the real file system, or let a write through once frozen.
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/sim.h"

#define FILES_MAX 8
#define SHM_MAX   64

struct body {
    char name[256];
    bool there;
    unsigned open;
    char *p;
    size_t n, cap;
    int shared, reserved, pending, exclusive; // locks of main files
    char *shm[SHM_MAX];
    unsigned shm_n;
    int shm_shared[SQLITE_SHM_NLOCK];
    bool shm_excl[SQLITE_SHM_NLOCK];
};

struct handle {
    sqlite3_file base;
    struct body *body;
    int level;
    unsigned shm_held, shm_held_excl; // bits
};

static struct body files[FILES_MAX];
static struct {
    bool there;
    char name[256];
    char *p;
    size_t n;
} kept[FILES_MAX];
static bool frozen, full;
static int64_t crash_in;
static uint64_t writes;
static sqlite3_vfs vfs;
static sqlite3_io_methods methods;

// ---- files

static struct body *find(const char *name)
{
    for (int i = 0; i < FILES_MAX; i++)
        if (files[i].there && strcmp(files[i].name, name) == 0) return &files[i];
    return NULL;
}

static struct body *make(const char *name)
{
    for (int i = 0; i < FILES_MAX; i++) {
        struct body *b = &files[i];
        if (b->there || b->open) continue;
        char *p = b->p; // kept for the next one of this place
        size_t cap = b->cap;
        *b = (struct body){.there = true, .p = p, .cap = cap};
        ASSERT(cstr_set(b->name, sizeof b->name, name));
        return b;
    }
    return NULL;
}

static void drop_shm(struct body *b)
{
    for (unsigned i = 0; i < b->shm_n; i++) free(b->shm[i]);
    b->shm_n = 0;
    memset(b->shm_shared, 0, sizeof b->shm_shared);
    memset(b->shm_excl, 0, sizeof b->shm_excl);
}

// One write or sync; true when it may not happen.
static bool step(int *rc)
{
    writes++;
    if (frozen) {
        *rc = SQLITE_IOERR_WRITE;
        return true;
    }
    *rc = SQLITE_OK;
    return false;
}

// After a write: the instant at which the process may die.
static int after(int rc)
{
    if (crash_in && --crash_in == 0) {
        play_crash(playing, "store");
        return SQLITE_IOERR_WRITE;
    }
    return rc;
}

static int m_close(sqlite3_file *f)
{
    struct handle *h = (struct handle *)f;
    h->body->open--;
    return SQLITE_OK;
}

static int m_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
    struct body *b = ((struct handle *)f)->body;
    size_t have = (size_t)at < b->n ? b->n - (size_t)at : 0, take = MIN(have, (size_t)n);
    if (take) memcpy(to, b->p + at, take);
    if (take == (size_t)n) return SQLITE_OK;
    memset((char *)to + take, 0, (size_t)n - take);
    return SQLITE_IOERR_SHORT_READ;
}

static int m_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
    struct body *b = ((struct handle *)f)->body;
    int rc;
    size_t end = (size_t)at + (size_t)n;
    if (step(&rc)) return rc;
    if (full && end > b->n) return SQLITE_FULL;
    if (end > b->cap) {
        size_t cap = MAX(end * 2, (size_t)65536);
        char *p = realloc(b->p, cap);
        if (!p) return SQLITE_IOERR_NOMEM;
        b->p = p;
        b->cap = cap;
    }
    if ((size_t)at > b->n) memset(b->p + b->n, 0, (size_t)at - b->n);
    memcpy(b->p + at, from, (size_t)n);
    b->n = MAX(b->n, end);
    return after(SQLITE_OK);
}

static int m_truncate(sqlite3_file *f, sqlite3_int64 n)
{
    struct body *b = ((struct handle *)f)->body;
    int rc;
    if (step(&rc)) return rc;
    b->n = MIN(b->n, (size_t)n);
    return after(SQLITE_OK);
}

static int m_sync(sqlite3_file *f, int flags)
{
    int rc;
    (void)f, (void)flags;
    return step(&rc) ? rc : after(SQLITE_OK);
}

static int m_size(sqlite3_file *f, sqlite3_int64 *ret)
{
    *ret = (sqlite3_int64)((struct handle *)f)->body->n;
    return SQLITE_OK;
}

static int m_lock(sqlite3_file *f, int level)
{
    struct handle *h = (struct handle *)f;
    struct body *b = h->body;
    if (level <= h->level) return SQLITE_OK;
    if (level == SQLITE_LOCK_SHARED) {
        if (b->pending || b->exclusive) return SQLITE_BUSY;
        b->shared++;
    } else if (level == SQLITE_LOCK_RESERVED) {
        if (b->reserved || b->pending || b->exclusive) return SQLITE_BUSY;
        b->reserved = 1;
    } else if (level == SQLITE_LOCK_EXCLUSIVE) {
        if (b->shared > 1 || (h->level < SQLITE_LOCK_RESERVED && b->reserved)) return SQLITE_BUSY;
        b->exclusive = b->reserved = 1;
    }
    h->level = level;
    return SQLITE_OK;
}

static int m_unlock(sqlite3_file *f, int level)
{
    struct handle *h = (struct handle *)f;
    struct body *b = h->body;
    if (level >= h->level) return SQLITE_OK;
    if (h->level == SQLITE_LOCK_EXCLUSIVE) b->exclusive = 0;
    if (h->level >= SQLITE_LOCK_RESERVED) b->reserved = 0;
    if (level == SQLITE_LOCK_NONE) b->shared--;
    h->level = level;
    return SQLITE_OK;
}

static int m_reserved(sqlite3_file *f, int *ret)
{
    *ret = ((struct handle *)f)->body->reserved;
    return SQLITE_OK;
}

static int m_control(sqlite3_file *f, int op, void *arg)
{
    (void)f, (void)arg;
    return op == SQLITE_FCNTL_POWERSAFE_OVERWRITE ? SQLITE_OK : SQLITE_NOTFOUND;
}

static int m_sector(sqlite3_file *f)
{
    (void)f;
    return 4096;
}

static int m_traits(sqlite3_file *f)
{
    (void)f;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

// ---- shared memory of the WAL index

static int m_shm_map(sqlite3_file *f, int region, int size, int extend, void volatile **ret)
{
    struct body *b = ((struct handle *)f)->body;
    *ret = NULL;
    if (region >= SHM_MAX) return SQLITE_IOERR_SHMSIZE;
    while (b->shm_n <= (unsigned)region) {
        if (!extend) return SQLITE_OK;
        b->shm[b->shm_n] = calloc(1, (size_t)size);
        if (!b->shm[b->shm_n]) return SQLITE_IOERR_NOMEM;
        b->shm_n++;
    }
    *ret = b->shm[region];
    return SQLITE_OK;
}

static int m_shm_lock(sqlite3_file *f, int first, int n, int flags)
{
    struct handle *h = (struct handle *)f;
    struct body *b = h->body;
    bool take = flags & SQLITE_SHM_LOCK, exclusive = flags & SQLITE_SHM_EXCLUSIVE;
    for (int i = first; take && i < first + n; i++) {
        int others = b->shm_shared[i] - (int)((h->shm_held >> i) & 1);
        if (b->shm_excl[i] && !((h->shm_held_excl >> i) & 1)) return SQLITE_BUSY;
        if (exclusive && others > 0) return SQLITE_BUSY;
    }
    for (int i = first; i < first + n; i++) {
        unsigned bit = 1U << i;
        if (exclusive) {
            b->shm_excl[i] = take;
            h->shm_held_excl = take ? h->shm_held_excl | bit : h->shm_held_excl & ~bit;
        } else if (take != !!(h->shm_held & bit)) {
            b->shm_shared[i] += take ? 1 : -1;
            h->shm_held ^= bit;
        }
    }
    return SQLITE_OK;
}

static void m_shm_barrier(sqlite3_file *f)
{
    (void)f;
}

static int m_shm_unmap(sqlite3_file *f, int drop)
{
    (void)f;
    (void)drop; // the memory goes with the file, or with memvfs_reopen
    return SQLITE_OK;
}

// ---- the file system

static int v_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *ret_flags)
{
    struct handle *h = (struct handle *)f;
    (void)v;
    *h = (struct handle){.base = {NULL}};
    if (!name) return SQLITE_CANTOPEN; // temporary files stay in memory
    struct body *b = find(name);
    if (!b) b = make(name);
    if (!b) return SQLITE_CANTOPEN;
    b->open++;
    h->body = b;
    h->base.pMethods = &methods;
    if (ret_flags) *ret_flags = flags;
    return SQLITE_OK;
}

static int v_delete(sqlite3_vfs *v, const char *name, int sync)
{
    struct body *b = find(name);
    (void)v, (void)sync;
    if (frozen) return SQLITE_IOERR_DELETE;
    if (!b) return SQLITE_IOERR_DELETE_NOENT;
    b->there = false;
    b->n = 0;
    drop_shm(b);
    return SQLITE_OK;
}

static int v_access(sqlite3_vfs *v, const char *name, int flags, int *ret)
{
    (void)v, (void)flags;
    struct body *b = find(name);
    *ret = b && (flags != SQLITE_ACCESS_EXISTS || b->n > 0);
    return SQLITE_OK;
}

static int v_full(sqlite3_vfs *v, const char *name, int n, char *out)
{
    (void)v;
    return cstr_set(out, (size_t)n, name) ? SQLITE_OK : SQLITE_CANTOPEN;
}

static int v_random(sqlite3_vfs *v, int n, char *out)
{
    (void)v;
    for (int i = 0; i < n; i++) out[i] = (char)(i * 37 + 11);
    return n;
}

static int v_sleep(sqlite3_vfs *v, int us)
{
    (void)v; // nobody else could let go of a lock meanwhile
    return us;
}

static int v_time(sqlite3_vfs *v, double *ret)
{
    (void)v;
    *ret = 2460000.5;
    return SQLITE_OK;
}

static int v_error(sqlite3_vfs *v, int n, char *out)
{
    (void)v, (void)n, (void)out;
    return 0;
}

// ---- memory

static void *h_take(int n)
{
    return heap_take((size_t)n);
}

static void *h_again(void *p, int n)
{
    return heap_again(p, (size_t)n);
}

static int h_size(void *p)
{
    return p ? (int)heap_size(p) : 0;
}

static int h_round(int n)
{
    return (n + 7) & ~7;
}

static int h_begin(void *p)
{
    (void)p;
    return SQLITE_OK;
}

static void h_end(void *p)
{
    (void)p;
}

static const sqlite3_mem_methods heap = {h_take, heap_give, h_again, h_size, h_round, h_begin, h_end, NULL};

// ---- for the play

void memvfs_register(void)
{
    methods = (sqlite3_io_methods){.iVersion = 2,
                                   .xClose = m_close,
                                   .xRead = m_read,
                                   .xWrite = m_write,
                                   .xTruncate = m_truncate,
                                   .xSync = m_sync,
                                   .xFileSize = m_size,
                                   .xLock = m_lock,
                                   .xUnlock = m_unlock,
                                   .xCheckReservedLock = m_reserved,
                                   .xFileControl = m_control,
                                   .xSectorSize = m_sector,
                                   .xDeviceCharacteristics = m_traits,
                                   .xShmMap = m_shm_map,
                                   .xShmLock = m_shm_lock,
                                   .xShmBarrier = m_shm_barrier,
                                   .xShmUnmap = m_shm_unmap};
    vfs = (sqlite3_vfs){.iVersion = 1,
                        .szOsFile = sizeof(struct handle),
                        .mxPathname = 200,
                        .zName = "simulation",
                        .xOpen = v_open,
                        .xDelete = v_delete,
                        .xAccess = v_access,
                        .xFullPathname = v_full,
                        .xRandomness = v_random,
                        .xSleep = v_sleep,
                        .xCurrentTime = v_time,
                        .xGetLastError = v_error};
    ASSERT(sqlite3_config(SQLITE_CONFIG_SINGLETHREAD) == SQLITE_OK); // so we are, and it is faster
    ASSERT(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK);
    ASSERT(sqlite3_config(SQLITE_CONFIG_MALLOC, &heap) == SQLITE_OK);
    ASSERT(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}

void memvfs_reset(void)
{
    for (int i = 0; i < FILES_MAX; i++) {
        ASSERT(!files[i].open);
        drop_shm(&files[i]);
        files[i].there = false;
        files[i].n = 0;
    }
    frozen = full = false;
    crash_in = 0;
    writes = 0;
}

void memvfs_keep_template(void)
{
    for (int i = 0; i < FILES_MAX; i++) {
        if (!files[i].there || !files[i].n) continue;
        kept[i].there = true;
        kept[i].n = files[i].n;
        kept[i].p = malloc(files[i].n);
        ASSERT(kept[i].p);
        memcpy(kept[i].p, files[i].p, files[i].n);
        memcpy(kept[i].name, files[i].name, sizeof kept[i].name);
    }
}

bool memvfs_from_template(void)
{
    bool any = false;
    for (int i = 0; i < FILES_MAX; i++) {
        if (!kept[i].there) continue;
        struct body *b = make(kept[i].name);
        if (b->cap < kept[i].n) {
            b->p = realloc(b->p, kept[i].n);
            b->cap = kept[i].n;
            ASSERT(b->p);
        }
        memcpy(b->p, kept[i].p, kept[i].n);
        b->n = kept[i].n;
        any = true;
    }
    return any;
}

void memvfs_freeze(bool on)
{
    frozen = on;
    crash_in = 0;
}

void memvfs_crash_at(int64_t n)
{
    crash_in = n;
}

void memvfs_full(bool on)
{
    full = on;
}

void memvfs_reopen(void)
{
    for (int i = 0; i < FILES_MAX; i++) {
        ASSERT(!files[i].open);
        drop_shm(&files[i]);
        files[i].shared = files[i].reserved = files[i].pending = files[i].exclusive = 0;
    }
    frozen = false;
}

uint64_t memvfs_writes(void)
{
    return writes;
}

// Small pages: each commit copies and sums up whole ones.
void memvfs_small_pages(void)
{
    sqlite3 *h;
    ASSERT(sqlite3_open_v2(STORE_PATH, &h, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    ASSERT(sqlite3_exec(h, "PRAGMA page_size=1024; VACUUM", NULL, NULL, NULL) == SQLITE_OK);
    ASSERT(sqlite3_close(h) == SQLITE_OK);
}

void memvfs_hold_intents(int64_t now_us)
{
    char sql[400];
    sqlite3 *h;
    snprintf(sql, sizeof sql,
             "INSERT OR IGNORE INTO freeze (group_id, network_id, since, why, actor) VALUES ('', '', %lld, 'restored', "
             "'restore'); UPDATE intent SET held = 1, uncertain = 1 WHERE ended = 0;",
             (long long)now_us);
    ASSERT(sqlite3_open_v2(STORE_PATH, &h, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK);
    int rc = sqlite3_exec(h, sql, NULL, NULL, NULL);
    if (rc != SQLITE_OK) play_broke(playing, "the store cannot be changed between two lives: %s", sqlite3_errmsg(h));
    ASSERT(sqlite3_close(h) == SQLITE_OK);
}
