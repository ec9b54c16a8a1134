// SPDX-License-Identifier: Apache-2.0
// Small files as a whole, directories, and the lock file of a data directory.
// Called by: config, auth keys, cloud credentials, cli. Must never: leave a half-written file under the final
// name, keep a temporary after a failure, or put a file's text into an error message.

#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

#define READ_STEP 16384U

static enum err code_of(int e)
{
    switch (e) {
    case ENOENT:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
        return ERR_DENIED;
    case EROFS:
    case ENOSPC:
    case EDQUOT:
        return ERR_READ_ONLY;
    case ENOMEM:
        return ERR_NOMEM;
    case ENAMETOOLONG:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
        return ERR_INVALID;
    default:
        return ERR_IO;
    }
}

static enum err fail(struct error *err, int e, const char *what, const char *path)
{
    return error_errno(err, code_of(e), e, "cannot %s %s", what, path);
}

// ---- reading ------------------------------------------------------------------------------

static ssize_t read_retry(int fd, void *p, size_t n)
{
    ssize_t got;
    do got = read(fd, p, n);
    while (got < 0 && errno == EINTR);
    return got;
}

static enum err read_all(int fd, const char *path, size_t max, struct buf *out, struct error *err)
{
    for (;;) {
        // At the limit one more byte tells "exactly max" from "too large".
        char extra, *to = &extra;
        size_t want = MIN(max - out->n, READ_STEP);
        if (want > 0) {
            if (!buf_reserve(out, want)) return error_set(err, ERR_NOMEM, "out of memory while reading %s", path);
            to = out->p + out->n;
        }
        ssize_t got = read_retry(fd, to, want > 0 ? want : 1);
        if (got < 0) return fail(err, errno, "read", path);
        if (got == 0) return ERR_OK;
        if (want == 0) return error_set(err, ERR_TOO_LARGE, "%s is larger than the allowed %zu bytes", path, max);
        out->n += (size_t)got;
    }
}

enum err file_read(const char *path, size_t max, struct buf *out, struct error *err)
{
    buf_init(out, max);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return fail(err, errno, "open", path);
    enum err rc = read_all(fd, path, max, out, err);
    if (rc != ERR_OK) {
        mem_wipe(out->p, out->n); // it may have been the first half of a secret
        buf_done(out);
        buf_init(out, max);
    }
    close(fd);
    return rc;
}

// ---- writing ------------------------------------------------------------------------------

static bool write_all(int fd, struct slice text)
{
    while (text.n > 0) {
        ssize_t put = write(fd, text.p, text.n);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return false;
        text.p += put;
        text.n -= (size_t)put;
    }
    return true;
}

// The directory part of path, or "." when it has none.
static bool dir_of(const char *path, char *out, size_t cap)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL) return cstr_set(out, cap, ".");
    if (slash == path) return cstr_set(out, cap, "/");
    return slice_copy(slice_n(path, (size_t)(slash - path)), out, cap);
}

// A rename is durable only once its directory is.
static enum err sync_dir(const char *path, struct error *err)
{
    char dir[PATH_MAX];
    if (!dir_of(path, dir, sizeof(dir))) return fail(err, ENAMETOOLONG, "write", path);
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return fail(err, errno, "open directory", dir);
    int e = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    // Some file systems cannot sync a directory; they say EINVAL and there is nothing more to do.
    return e == 0 || e == EINVAL ? ERR_OK : fail(err, e, "sync directory", dir);
}

static int write_temporary(int fd, struct slice text, unsigned mode)
{
    int e = 0;
    if (fchmod(fd, (mode_t)mode) != 0 || !write_all(fd, text) || fsync(fd) != 0) e = errno;
    // Some network file systems report a lost write only here.
    if (close(fd) != 0 && e == 0) e = errno;
    return e;
}

enum err file_write(const char *path, struct slice text, unsigned mode, struct error *err)
{
    char tmp[PATH_MAX];
    int n = snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path);
    if (n < 0 || (size_t)n >= sizeof(tmp)) return fail(err, ENAMETOOLONG, "write", path);
    int fd = mkostemp(tmp, O_CLOEXEC);
    if (fd < 0) return fail(err, errno, "create a temporary file beside", path);
    int e = write_temporary(fd, text, mode);
    if (e == 0 && rename(tmp, path) != 0) e = errno;
    if (e != 0) {
        unlink(tmp);
        return fail(err, e, "write", path);
    }
    return sync_dir(path, err);
}

// ---- directories --------------------------------------------------------------------------

static enum err make_one(const char *path, unsigned mode, struct error *err)
{
    struct stat st;
    if (mkdir(path, (mode_t)mode) == 0) return ERR_OK;
    int e = errno;
    // mkdir of an existing directory may also say EROFS or EACCES, so look before believing it.
    if (stat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode)) return ERR_OK;
        return error_set(err, ERR_INVALID, "%s exists and is not a directory", path);
    }
    return fail(err, e, "make directory", path);
}

enum err dir_make(const char *path, unsigned mode, struct error *err)
{
    char part[PATH_MAX];
    if (path[0] == '\0') return error_set(err, ERR_INVALID, "the name of the directory is empty");
    if (!cstr_set(part, sizeof(part), path)) return fail(err, ENAMETOOLONG, "make directory", path);
    for (char *p = part + 1; *p; p++) {
        if (*p != '/') continue;
        *p = '\0';
        enum err rc = make_one(part, mode, err);
        if (rc != ERR_OK) return rc;
        *p = '/';
    }
    return make_one(part, mode, err);
}

// ---- lock file ----------------------------------------------------------------------------

static enum err busy(int fd, const char *path, struct error *err)
{
    char text[32];
    uint64_t pid;
    ssize_t got = pread(fd, text, sizeof(text), 0);
    struct slice s = slice_n(text, got > 0 ? (size_t)got : 0), head;
    (void)slice_cut(&s, '\n', &head); // a missing newline leaves all of it in head
    if (slice_u64(head, INT_MAX, &pid))
        return error_set(err, ERR_BUSY, "%s is locked by process %u: stop that process first", path, (unsigned)pid);
    return error_set(err, ERR_BUSY, "%s is locked by another process: stop that process first", path);
}

static int flock_retry(int fd, int operation)
{
    int rc;
    do rc = flock(fd, operation);
    while (rc != 0 && errno == EINTR);
    return rc;
}

enum err file_lock(const char *path, int *ret_fd, struct error *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return fail(err, errno, "open lock file", path);
    if (flock_retry(fd, LOCK_EX | LOCK_NB) != 0) {
        enum err rc = errno == EWOULDBLOCK ? busy(fd, path, err) : fail(err, errno, "lock", path);
        close(fd);
        return rc;
    }
    char text[32];
    int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
    // The number is a courtesy to the next who tries; the lock holds without it, even on a full disk.
    if (ftruncate(fd, 0) == 0) (void)write_all(fd, slice_n(text, (size_t)n));
    *ret_fd = fd;
    return ERR_OK;
}

void file_unlock(int *fd)
{
    if (*fd < 0) return;
    // The file stays: removing it would let two processes lock two different files of one name.
    // What remains is emptied, and if that fails only a stale number stays.
    int rc = ftruncate(*fd, 0);
    (void)rc;
    close(*fd);
    *fd = -1;
}

// ---- questions ----------------------------------------------------------------------------

bool file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

enum err file_check_private(const char *path, struct error *err)
{
    struct stat st;
    if (stat(path, &st) != 0) return fail(err, errno, "look at", path);
    if ((st.st_mode & (S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH)) == 0) return ERR_OK;
    return error_set(err, ERR_DENIED,
                     "%s holds a secret and others may read or change it (mode %04o): run chmod 600 %s", path,
                     (unsigned)(st.st_mode & 07777), path);
}
