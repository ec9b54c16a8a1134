// SPDX-License-Identifier: Apache-2.0
// Tells the service manager how we are: one datagram to $NOTIFY_SOCKET, as sd_notify(3) documents its protocol.
// Called by: app. Must never: fail anything, since the service runs the same without a manager.
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/inside.h"

void notify_send(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    if (!path || (*path != '/' && *path != '@') || !cstr_set(at.sun_path, sizeof at.sun_path, path)) return;
    socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    if (*path == '@') at.sun_path[0] = '\0'; // Linux' abstract names
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    (void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&at, n);
    close(fd);
}

bool notify_watchdog(void)
{
    const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    uint64_t v;
    if (!us || !slice_u64(slice_of(us), UINT64_MAX, &v) || v == 0) return false;
    return !pid || (slice_u64(slice_of(pid), UINT64_MAX, &v) && v == (uint64_t)getpid());
}
