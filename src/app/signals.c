// SPDX-License-Identifier: Apache-2.0
// Signals as events: the main thread waits for them, all others have them blocked. Called by: cli (serve, dev).
// Must never: do work in a signal handler; there is none.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/inside.h"
#include "base/log.h"

#define EXIT_TEMPFAIL 75

static sigset_t wanted(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    return set;
}

void signals_block(void)
{
    sigset_t set = wanted();
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignore, NULL); // neither can fail with these arguments
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
}

struct stopping {
    struct app **app;
    int64_t drain_ms;
    int done_fd;
};

// The job's thread: main goes on listening for signals meanwhile.
static int64_t stop_app(void *ctx)
{
    struct stopping *s = ctx;
    struct app *a = *s->app;
    app_stop(&a, s->drain_ms);
    uint64_t one = 1;
    ssize_t n = write(s->done_fd, &one, sizeof one);
    ASSERT(n == sizeof one);
    return -1;
}

// The next signal, or 0 when done_fd has something. -1: interrupted.
static int next_signal(int signal_fd, int done_fd)
{
    struct pollfd fds[] = {{.fd = signal_fd, .events = POLLIN}, {.fd = done_fd, .events = POLLIN}};
    if (poll(fds, 2, -1) < 0) {
        ASSERT(errno == EINTR);
        return -1;
    }
    if (fds[1].revents) return 0;
    struct signalfd_siginfo info;
    ssize_t n = read(signal_fd, &info, sizeof info);
    return n == sizeof info ? (int)info.ssi_signo : -1;
}

static int drain(struct app **a, int signal_fd, int done_fd)
{
    struct stopping s = {.app = a, .drain_ms = (*a)->config->drain_timeout * 1000, .done_fd = done_fd};
    struct job *job = NULL;
    struct error err;
    app_drain_begin(*a);
    if (job_start("stop", stop_app, &s, &job, &err) != ERR_OK) { // out of threads: stop here, without the second signal
        app_stop(a, s.drain_ms);
        return 0;
    }
    for (unsigned more = 0;;) {
        int got = next_signal(signal_fd, done_fd);
        if (got == 0) break;
        if (got != SIGTERM && got != SIGINT) continue;
        if (++more > 1) _exit(EXIT_TEMPFAIL); // every acknowledged write is on disk
        LOG(LOG_WARN, "second signal: not waiting for requests in flight");
        app_hurry(*a);
    }
    job_stop(&job);
    *a = NULL;
    return 0;
}

int app_run_until_signal(struct app **a, void (*reload)(void *ctx, struct app *a), void *ctx)
{
    sigset_t set = wanted();
    int signal_fd = signalfd(-1, &set, SFD_CLOEXEC), done_fd = eventfd(0, EFD_CLOEXEC);
    int code = 0, got = SIGTERM;
    if (signal_fd < 0 || done_fd < 0)
        LOG(LOG_ERROR, "no descriptor is left for signals: stopping");
    else
        while ((got = next_signal(signal_fd, done_fd)) == SIGHUP || got == -1)
            if (got == SIGHUP && reload) reload(ctx, *a);
    if (signal_fd >= 0 && done_fd >= 0) {
        LOG(LOG_INFO, "signal", LOG_S("name", got == SIGINT ? "SIGINT" : "SIGTERM"));
        code = drain(a, signal_fd, done_fd);
    } else {
        app_stop(a, 0);
        code = EXIT_TEMPFAIL;
    }
    if (signal_fd >= 0) close(signal_fd);
    if (done_fd >= 0) close(done_fd);
    return code;
}
