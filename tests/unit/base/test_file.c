// SPDX-License-Identifier: Apache-2.0
// Files: bounds of reading, atomic writing with nothing left behind, directories, lock files, modes.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

static char root[64];

static const char *in_root(const char *name)
{
    static char path[4][256];
    static unsigned turn;
    char *p = path[turn++ % 4];
    snprintf(p, 256, "%s/%s", root, name);
    return p;
}

static int set_up(void **state)
{
    strncpy(root, "/tmp/peerage-test-file-XXXXXX", sizeof(root) - 1);
    return mkdtemp(root) ? 0 : -1;
}

static void remove_tree(const char *path)
{
    DIR *d = opendir(path);
    if (d) {
        for (struct dirent *e; (e = readdir(d));) {
            char sub[512];
            if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
            snprintf(sub, sizeof(sub), "%s/%s", path, e->d_name);
            if (unlink(sub) != 0) remove_tree(sub);
        }
        closedir(d);
    }
    rmdir(path);
}

static int tear_down(void **state)
{
    remove_tree(root);
    return 0;
}

static unsigned entries(void)
{
    unsigned n = 0;
    DIR *d = opendir(root);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) n += e->d_name[0] != '.';
    closedir(d);
    return n;
}

static void put(const char *path, const char *text)
{
    struct error err;
    assert_int_equal(file_write(path, slice_of(text), 0600, &err), ERR_OK);
}

static void reads_up_to_the_bound_and_not_beyond(void **state)
{
    struct error err;
    struct buf b;
    const char *path = in_root("ten");
    put(path, "0123456789");
    assert_int_equal(file_read(path, 10, &b, &err), ERR_OK);
    assert_true(slice_eq(buf_view(&b), SLICE("0123456789")));
    buf_done(&b);
    assert_int_equal(file_read(path, 9, &b, &err), ERR_TOO_LARGE);
    assert_non_null(strstr(err.detail, "9 bytes"));
    assert_non_null(strstr(err.detail, path));
    assert_null(strstr(err.detail, "01234"));
    assert_int_equal(b.n, 0);
    buf_done(&b);
    put(path, "");
    assert_int_equal(file_read(path, 0, &b, &err), ERR_OK);
    assert_int_equal(b.n, 0);
    buf_done(&b);
    put(path, "x");
    assert_int_equal(file_read(path, 0, &b, &err), ERR_TOO_LARGE);
    buf_done(&b);
}

static void reads_a_large_file_and_survives_each_failed_allocation(void **state)
{
    enum { N = 100000 };
    struct error err;
    struct buf b;
    char *text = mem_zalloc(1, N + 1);
    const char *path = in_root("large");
    for (int i = 0; i < N; i++) text[i] = (char)('a' + i % 23);
    put(path, text);
    for (uint64_t nth = 1;; nth++) {
        mem_fault_set(nth, false);
        enum err rc = file_read(path, N * 2, &b, &err);
        bool fired = mem_fault_fired();
        mem_fault_set(0, false);
        assert_int_equal(rc, fired ? ERR_NOMEM : ERR_OK);
        if (rc == ERR_OK) break;
        buf_done(&b);
    }
    assert_true(slice_eq(buf_view(&b), slice_n(text, N)));
    buf_done(&b);
    mem_free(text);
}

static void reading_says_what_is_wrong(void **state)
{
    struct error err;
    struct buf b;
    assert_int_equal(file_read(in_root("none"), 10, &b, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.detail, "none"));
    buf_done(&b);
    assert_int_equal(file_read(root, 10, &b, &err), ERR_INVALID);
    buf_done(&b);
    put(in_root("plain"), "x");
    assert_int_equal(file_read(in_root("plain/below"), 10, &b, &err), ERR_INVALID);
    buf_done(&b);
}

static void writes_replace_the_whole_with_the_mode_asked_for(void **state)
{
    struct error err;
    struct stat st;
    struct buf b;
    const char *path = in_root("w");
    mode_t before = umask(077); // the mode is the caller's word, whatever the umask
    assert_int_equal(file_write(path, SLICE("a long first text"), 0640, &err), ERR_OK);
    umask(before);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(file_write(path, SLICE("two"), 0600, &err), ERR_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(file_read(path, 100, &b, &err), ERR_OK);
    assert_true(slice_eq(buf_view(&b), SLICE("two")));
    buf_done(&b);
    assert_int_equal(entries(), 1);
}

static void a_failed_write_leaves_the_old_text_and_nothing_else(void **state)
{
    struct error err;
    struct buf b;
    const char *path = in_root("keep");
    put(path, "old");
    // A file size limit makes the write itself fail, half way.
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 10;
    void (*old_handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum err rc = file_write(path, SLICE("longer than ten bytes"), 0600, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, old_handler);
    assert_int_equal(rc, ERR_IO);
    assert_int_equal(file_read(path, 100, &b, &err), ERR_OK);
    assert_true(slice_eq(buf_view(&b), SLICE("old")));
    buf_done(&b);
    assert_int_equal(entries(), 1);
    // The target is a directory: rename fails.
    assert_int_equal(dir_make(in_root("d"), 0700, &err), ERR_OK);
    assert_int_equal(file_write(in_root("d"), SLICE("x"), 0600, &err), ERR_INVALID);
    assert_int_equal(entries(), 2);
    assert_int_equal(file_write(in_root("no/where"), SLICE("x"), 0600, &err), ERR_NOT_FOUND);
}

static void names_without_a_directory_are_here(void **state)
{
    struct error err;
    char cwd[256];
    assert_non_null(getcwd(cwd, sizeof(cwd)));
    assert_int_equal(chdir(root), 0);
    enum err rc = file_write("bare", SLICE("x"), 0600, &err);
    assert_int_equal(chdir(cwd), 0);
    assert_int_equal(rc, ERR_OK);
    assert_true(file_exists(in_root("bare")));
    assert_false(file_exists(in_root("bear")));
}

static void a_name_too_long_is_an_error(void **state)
{
    struct error err;
    char name[6000];
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(file_write(name, SLICE("x"), 0600, &err), ERR_INVALID);
    assert_int_equal(dir_make(name, 0700, &err), ERR_INVALID);
}

static void directories_are_made_with_their_parents(void **state)
{
    struct error err;
    struct stat st;
    assert_int_equal(dir_make(in_root("a/b//c/"), 0750, &err), ERR_OK);
    assert_int_equal(stat(in_root("a/b/c"), &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(dir_make(in_root("a/b/c"), 0750, &err), ERR_OK);
    assert_int_equal(dir_make("/", 0750, &err), ERR_OK);
    assert_int_equal(dir_make("", 0750, &err), ERR_INVALID);
    put(in_root("a/file"), "x");
    assert_int_equal(dir_make(in_root("a/file"), 0750, &err), ERR_INVALID);
    assert_non_null(strstr(err.detail, "not a directory"));
    assert_int_equal(dir_make(in_root("a/file/sub"), 0750, &err), ERR_INVALID);
}

static void a_lock_is_exclusive_and_names_its_holder(void **state)
{
    struct error err;
    struct stat st;
    char want[32];
    const char *path = in_root("lock");
    int fd = -1, second = -5;
    assert_int_equal(file_lock(path, &fd, &err), ERR_OK);
    assert_true(fd >= 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(file_lock(path, &second, &err), ERR_BUSY);
    assert_int_equal(second, -5);
    snprintf(want, sizeof(want), "process %d", (int)getpid());
    assert_non_null(strstr(err.detail, want));
    file_unlock(&fd);
    assert_int_equal(fd, -1);
    file_unlock(&fd); // a second time is harmless
    assert_int_equal(file_lock(path, &second, &err), ERR_OK);
    // A holder that wrote nothing is still a holder.
    assert_int_equal(ftruncate(second, 0), 0);
    assert_int_equal(file_lock(path, &fd, &err), ERR_BUSY);
    assert_non_null(strstr(err.detail, "another process"));
    file_unlock(&second);
}

static void a_lock_ends_with_its_process(void **state)
{
    struct error err;
    const char *path = in_root("lock");
    int fd = -1, status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) _exit(file_lock(path, &fd, &err) == ERR_OK ? 0 : 1); // ends without unlocking
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(file_lock(path, &fd, &err), ERR_OK);
    file_unlock(&fd);
}

static void a_lock_does_not_follow_a_link(void **state)
{
    struct error err;
    int fd = -1;
    assert_int_equal(symlink("/tmp/peerage-nowhere", in_root("link")), 0);
    assert_int_equal(file_lock(in_root("link"), &fd, &err), ERR_INVALID);
    assert_int_equal(fd, -1);
}

static void secrets_that_others_may_read_are_refused(void **state)
{
    struct error err;
    const char *path = in_root("secret");
    put(path, "s");
    static const struct {
        mode_t mode;
        enum err want;
    } rows[] = {{0600, ERR_OK}, {0400, ERR_OK}, {0640, ERR_DENIED}, {0604, ERR_DENIED}, {0620, ERR_DENIED}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(chmod(path, rows[i].mode), 0);
        assert_int_equal(file_check_private(path, &err), rows[i].want);
    }
    assert_non_null(strstr(err.detail, "chmod 600"));
    assert_int_equal(file_check_private(in_root("none"), &err), ERR_NOT_FOUND);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(reads_up_to_the_bound_and_not_beyond),
        T(reads_a_large_file_and_survives_each_failed_allocation),
        T(reading_says_what_is_wrong),
        T(writes_replace_the_whole_with_the_mode_asked_for),
        T(a_failed_write_leaves_the_old_text_and_nothing_else),
        T(names_without_a_directory_are_here),
        T(a_name_too_long_is_an_error),
        T(directories_are_made_with_their_parents),
        T(a_lock_is_exclusive_and_names_its_holder),
        T(a_lock_ends_with_its_process),
        T(a_lock_does_not_follow_a_link),
        T(secrets_that_others_may_read_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
