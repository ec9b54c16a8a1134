// SPDX-License-Identifier: Apache-2.0
// Parses a listen address, binds it and says in plain words why it could not.
// Called by: server.c at start and stop. Must never: set SO_REUSEPORT (two daemons would share a port unseen).
#include "httpd/listener.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cidr.h"

#define BACKLOG 4096 // the kernel cuts it to net.core.somaxconn

struct address {
    struct sockaddr_storage sa;
    socklen_t n;
};

static struct sockaddr *sockaddr_of(struct address *a)
{
    return (struct sockaddr *)(void *)&a->sa;
}

// Splits "host:port" and "[v6]:port"; host gets no brackets.
static bool split(struct slice text, struct slice *host, struct slice *port)
{
    if (slice_starts(text, SLICE("["))) {
        ptrdiff_t end = slice_find(text, ']');
        if (end < 0) return false;
        *host = slice_n(text.p + 1, (size_t)end - 1);
        struct slice rest = slice_skip(text, (size_t)end + 1);
        if (!slice_starts(rest, SLICE(":"))) return false;
        *port = slice_skip(rest, 1);
        return slice_find(*host, ':') >= 0;
    }
    struct slice rest = text;
    if (!slice_cut(&rest, ':', host)) return false;
    *port = rest;
    return slice_find(rest, ':') < 0; // a bare IPv6 address has no port that we could tell from it
}

static void from_ip(struct ip ip, uint16_t port, struct address *ret)
{
    *ret = (struct address){0};
    if (ip.family == 4) {
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
        memcpy(&in.sin_addr, ip.b, 4);
        memcpy(&ret->sa, &in, sizeof in);
        ret->n = sizeof in;
    } else {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
        memcpy(&in6.sin6_addr, ip.b, 16);
        memcpy(&ret->sa, &in6, sizeof in6);
        ret->n = sizeof in6;
    }
}

static uint16_t port_of(const struct address *a)
{
    struct sockaddr_in in; // the port stands at the same place for both families
    memcpy(&in, &a->sa, sizeof in);
    return ntohs(in.sin_port);
}

static enum err look_up(struct slice host, uint16_t port, struct address *ret, struct error *err)
{
    char name[256];
    if (!slice_copy(host, name, sizeof name)) return error_set(err, ERR_INVALID, "the host name is too long");
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list = NULL;
    int e = getaddrinfo(name, NULL, &hints, &list);
    if (e != 0) return error_set(err, ERR_INVALID, "cannot resolve the host %s: %s", name, gai_strerror(e));
    // IPv4 first: what "localhost" means to most clients.
    struct addrinfo *pick = list;
    for (struct addrinfo *i = list; i; i = i->ai_next)
        if (i->ai_family == AF_INET) {
            pick = i;
            break;
        }
    struct ip ip = ip_from_sockaddr(pick->ai_addr);
    freeaddrinfo(list);
    if (ip.family == 0) return error_set(err, ERR_INVALID, "the host %s has no IP address", name);
    from_ip(ip, port, ret);
    return ERR_OK;
}

// *ret_any: every address of both families is meant.
static enum err parse_tcp(const char *text, struct address *ret, bool *ret_any, struct error *err)
{
    struct slice host, port;
    uint64_t number;
    if (!split(slice_of(text), &host, &port) || !slice_u64(port, 65535, &number))
        return error_set(err, ERR_INVALID,
                         "the listen address \"%s\" is not HOST:PORT, [IPv6]:PORT or unix:/path "
                         "(for example 127.0.0.1:8080; port 0 takes a free one)",
                         text);
    struct ip ip = {.family = 6};
    *ret_any = host.n == 0 || slice_eq_cstr(host, "*");
    if (!*ret_any && !ip_parse(host, &ip)) return look_up(host, (uint16_t)number, ret, err);
    from_ip(ip, (uint16_t)number, ret);
    return ERR_OK;
}

static enum err bind_failed(int e, const char *text, struct error *err)
{
    if (e == EADDRINUSE)
        return error_set(err, ERR_EXISTS,
                         "the address %s is in use by another program; stop it (`ss -ltnp` shows it) or choose "
                         "another listen address, e.g. with --listen 127.0.0.1:0 for a free port",
                         text);
    if (e == EADDRNOTAVAIL)
        return error_set(err, ERR_INVALID, "this machine has no address %s; choose a listen address of its own", text);
    if (e == EACCES)
        return error_set(err, ERR_IO,
                         "not allowed to listen on %s; choose a port above 1023 or grant CAP_NET_BIND_SERVICE", text);
    return error_errno(err, ERR_IO, e, "cannot listen on %s", text);
}

static enum err name_bound(int fd, char *out, size_t cap, struct error *err)
{
    struct address a = {.n = sizeof a.sa};
    if (getsockname(fd, sockaddr_of(&a), &a.n) < 0) return error_errno(err, ERR_IO, errno, "getsockname");
    char host[INET6_ADDRSTRLEN], port[8];
    int e = getnameinfo(sockaddr_of(&a), a.n, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    if (e != 0) return error_set(err, ERR_IO, "cannot name the bound address: %s", gai_strerror(e));
    struct buf b;
    buf_init(&b, cap - 1);
    buf_fmt(&b, a.sa.ss_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
    bool ok = b.fail == BUF_OK && slice_copy(buf_view(&b), out, cap);
    buf_done(&b);
    return ok ? ERR_OK : error_set(err, ERR_NOMEM, "out of memory while naming the bound address");
}

static enum err open_tcp(const char *text, struct listener *l, struct error *err)
{
    struct address a;
    bool any = false;
    enum err e = parse_tcp(text, &a, &any, err);
    if (e) return e;
    l->fd = socket(a.sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0 && errno == EAFNOSUPPORT && any) { // a kernel without IPv6
        from_ip((struct ip){.family = 4}, port_of(&a), &a);
        l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    }
    if (l->fd < 0) return error_errno(err, ERR_IO, errno, "cannot make a socket for %s", text);
    int on = 1, off = 0;
    // A restart must not wait for old connections in TIME_WAIT. On Linux this never lets two listeners share.
    (void)setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (a.sa.ss_family == AF_INET6) (void)setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(l->fd, sockaddr_of(&a), a.n) < 0 || listen(l->fd, BACKLOG) < 0) return bind_failed(errno, text, err);
    return name_bound(l->fd, l->address, sizeof l->address, err);
}

// A socket file that nobody answers is left from a crash: removed. Anything else stays.
static enum err clear_stale(const char *path, const struct sockaddr_un *un, struct error *err)
{
    struct stat st;
    if (lstat(path, &st) < 0)
        return errno == ENOENT ? ERR_OK : error_errno(err, ERR_IO, errno, "cannot look at %s", path);
    if (!S_ISSOCK(st.st_mode))
        return error_set(err, ERR_EXISTS, "%s exists and is no socket; remove it or choose another path", path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return error_errno(err, ERR_IO, errno, "cannot make a socket for %s", path);
    int e = connect(fd, (const struct sockaddr *)(const void *)un, sizeof *un) == 0 ? 0 : errno;
    (void)close(fd);
    if (e != ECONNREFUSED)
        return error_set(err, ERR_EXISTS, "another process serves the socket %s; stop it or choose another path", path);
    if (unlink(path) < 0 && errno != ENOENT) return error_errno(err, ERR_IO, errno, "cannot remove the dead %s", path);
    return ERR_OK;
}

static enum err open_unix(const char *path, struct listener *l, struct error *err)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    if (path[0] != '/')
        return error_set(err, ERR_INVALID, "the socket path \"%s\" is not absolute; write unix:/path", path);
    if (!cstr_set(un.sun_path, sizeof un.sun_path, path))
        return error_set(err, ERR_INVALID, "the socket path is longer than %zu bytes: %s", sizeof un.sun_path - 1,
                         path);
    enum err e = clear_stale(path, &un, err);
    if (e) return e;
    l->is_unix = true;
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0) return error_errno(err, ERR_IO, errno, "cannot make a socket for %s", path);
    // On Linux the file gets the mode of the socket's own inode: private from its first moment, whatever the umask.
    if (fchmod(l->fd, 0600) < 0) return error_errno(err, ERR_IO, errno, "cannot restrict %s", path);
    if (bind(l->fd, (const struct sockaddr *)(const void *)&un, sizeof un) < 0) return bind_failed(errno, path, err);
    struct stat st;
    if (chmod(path, 0600) < 0 || lstat(path, &st) < 0)
        return error_errno(err, ERR_IO, errno, "cannot restrict %s", path);
    l->dev = st.st_dev;
    l->ino = st.st_ino;
    ASSERT(cstr_set(l->address, sizeof l->address, path)); // shorter than sun_path
    if (listen(l->fd, BACKLOG) < 0) return bind_failed(errno, path, err);
    return ERR_OK;
}

enum err listener_open(const char *text, struct listener *ret, struct error *err)
{
    struct listener l = {.fd = -1};
    struct slice s = slice_of(text);
    bool is_unix = slice_starts(s, SLICE("unix:"));
    enum err e = is_unix ? open_unix(text + 5, &l, err) : open_tcp(text, &l, err);
    if (e) {
        listener_close(&l);
        return e;
    }
    *ret = l;
    return ERR_OK;
}

void listener_close(struct listener *l)
{
    if (l->fd < 0) return;
    struct stat st;
    if (l->is_unix && l->address[0] && lstat(l->address, &st) == 0 && st.st_dev == l->dev && st.st_ino == l->ino)
        (void)unlink(l->address); // best effort: a left file is found dead at the next start
    (void)close(l->fd);
    l->fd = -1;
}
