// SPDX-License-Identifier: Apache-2.0
// Listen addresses as text: a free port in place of port 0, and the URL that reaches a listener.
// Called by: app, cli. Must never: keep a port; the listener that follows may find it taken and says so.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/app.h"

#define QUIET_FIRST 20000U
#define QUIET_COUNT 12000U
#define QUIET_TRIES 32U

static bool split(struct slice listen, struct slice *host, struct slice *port)
{
    for (size_t i = listen.n; i-- > 0;) {
        if (listen.p[i] != ':') continue;
        *host = slice_n(listen.p, i);
        *port = slice_skip(listen, i + 1);
        return true;
    }
    return false;
}

static struct slice bare(struct slice host)
{
    if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']') return slice_n(host.p + 1, host.n - 2);
    return host;
}

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

// Binds and lets go: the port that it was, 0 when it is taken.
static unsigned try_port(union address at, socklen_t n, unsigned port)
{
    int fd = socket(at.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return 0;
    if (at.any.sa_family == AF_INET6)
        at.v6.sin6_port = htons((uint16_t)port);
    else
        at.v4.sin_port = htons((uint16_t)port);
    port = 0;
    if (bind(fd, &at.any, n) == 0 && getsockname(fd, &at.any, &n) == 0)
        port = ntohs(at.any.sa_family == AF_INET6 ? at.v6.sin6_port : at.v4.sin_port);
    close(fd);
    return port;
}

// What the kernel gives for port 0 it may give to an outgoing connection before we listen; below its range
// (net.ipv4.ip_local_port_range begins at 32768) only who asks for a port by number gets one.
static unsigned quiet_port(union address at, socklen_t n, unsigned given)
{
    for (unsigned i = 0; i < QUIET_TRIES; i++) {
        unsigned found = try_port(at, n, QUIET_FIRST + (given + i * 251) % QUIET_COUNT);
        if (found) return found;
    }
    return given;
}

// A free port of the family of `host`; 0 on failure.
static unsigned free_port(struct slice host)
{
    struct ip ip;
    union address at = {.v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}}};
    socklen_t n = sizeof at.v4;
    if (ip_parse(bare(host), &ip) && ip.family == 6) {
        at.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
        memcpy(&at.v6.sin6_addr, ip.b, sizeof ip.b);
        n = sizeof at.v6;
    } else if (ip_parse(host, &ip)) {
        memcpy(&at.v4.sin_addr, ip.b, 4);
    }
    unsigned given = try_port(at, n, 0);
    return given ? quiet_port(at, n, given) : 0;
}

enum err listen_resolve(const char *listen, char *ret, size_t cap, struct error *err)
{
    struct slice host, port;
    if (!split(slice_of(listen), &host, &port))
        return error_set(err, ERR_INVALID, "\"%.80s\" is no listen address: write HOST:PORT, e.g. 127.0.0.1:8080",
                         listen);
    if (!slice_eq_cstr(port, "0"))
        return cstr_set(ret, cap, listen) ? ERR_OK : error_set(err, ERR_INVALID, "the listen address is too long");
    unsigned found = free_port(host);
    if (found == 0) return error_set(err, ERR_IO, "no free port for \"%.80s\"", listen);
    int n = snprintf(ret, cap, "%.*s:%u", SLICE_FMT(host), found);
    return n > 0 && (size_t)n < cap ? ERR_OK : error_set(err, ERR_INVALID, "the listen address is too long");
}

void listen_url(const char *address, bool tls, char *ret, size_t cap)
{
    struct slice host = {NULL, 0}, port = {NULL, 0};
    (void)split(slice_of(address), &host, &port);
    if (slice_eq_cstr(host, "0.0.0.0")) host = SLICE("127.0.0.1");
    if (slice_eq_cstr(host, "[::]")) host = SLICE("[::1]");
    snprintf(ret, cap, "%s://%.*s:%.*s", tls ? "https" : "http", SLICE_FMT(host), SLICE_FMT(port));
}
