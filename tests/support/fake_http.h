// SPDX-License-Identifier: Apache-2.0
// A one-connection-at-a-time HTTP server on loopback whose every answer is raw bytes that the test writes.
// Called by: unit tests of net and cloud. Must never: listen beyond 127.0.0.1, or parse more than it needs.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FAKE_REQUESTS 64
#define FAKE_BYTES    16384

struct fake_http {
    int listener, stop[2], port;
    pthread_t thread;
    // Writes the answer to fd; `n` counts requests from 0. Runs on the server's thread.
    void (*answer)(void *ctx, int fd, const char *request, unsigned n);
    void *ctx;
    pthread_mutex_t mutex; // guards what follows
    unsigned count;
    char *requests[FAKE_REQUESTS];
};

static inline void fake_send(int fd, const char *text)
{
    size_t n = strlen(text);
    while (n) {
        ssize_t k = send(fd, text, n, MSG_NOSIGNAL);
        if (k <= 0) return;
        text += k;
        n -= (size_t)k;
    }
}

// A whole reply with Content-Length.
static inline void fake_reply(int fd, const char *status, const char *headers, const char *body)
{
    char head[2048];
    snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n", status,
             strlen(body), headers);
    fake_send(fd, head);
    fake_send(fd, body);
}

// Reads head and body as far as Content-Length says.
static inline void fake_read(int fd, char *buf)
{
    size_t n = 0, want = SIZE_MAX;
    buf[0] = '\0';
    while (n < FAKE_BYTES - 1 && n < want) {
        ssize_t k = recv(fd, buf + n, FAKE_BYTES - 1 - n, 0);
        if (k <= 0) return;
        n += (size_t)k;
        buf[n] = '\0';
        const char *end = strstr(buf, "\r\n\r\n"), *length = strcasestr(buf, "\r\nContent-Length:");
        if (end) want = (size_t)(end - buf) + 4 + (length && length < end ? strtoul(length + 17, NULL, 10) : 0);
    }
}

static inline void *fake_main(void *arg)
{
    struct fake_http *s = arg;
    for (;;) {
        struct pollfd p[2] = {{.fd = s->listener, .events = POLLIN}, {.fd = s->stop[0], .events = POLLIN}};
        if (poll(p, 2, -1) < 0 || p[1].revents) return NULL;
        int fd = accept(s->listener, NULL, NULL);
        if (fd < 0) continue;
        char *buf = malloc(FAKE_BYTES);
        fake_read(fd, buf);
        pthread_mutex_lock(&s->mutex);
        unsigned n = s->count++;
        if (n < FAKE_REQUESTS) s->requests[n] = strdup(buf);
        pthread_mutex_unlock(&s->mutex);
        s->answer(s->ctx, fd, buf, n);
        free(buf);
        shutdown(fd, SHUT_WR);
        close(fd);
    }
}

// Serves on a socket that listens already; fake_stop closes it.
static inline void fake_serve(struct fake_http *s, int listener, void (*answer)(void *, int, const char *, unsigned),
                              void *ctx)
{
    memset(s, 0, sizeof *s);
    s->answer = answer;
    s->ctx = ctx;
    s->listener = listener;
    pthread_mutex_init(&s->mutex, NULL);
    if (pipe(s->stop) || pthread_create(&s->thread, NULL, fake_main, s)) abort();
}

static inline void fake_start(struct fake_http *s, void (*answer)(void *, int, const char *, unsigned), void *ctx)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 64)) abort();
    getsockname(fd, (struct sockaddr *)&a, &len);
    fake_serve(s, fd, answer, ctx);
    s->port = ntohs(a.sin_port);
}

static inline void fake_stop(struct fake_http *s)
{
    if (write(s->stop[1], "x", 1) != 1) abort();
    pthread_join(s->thread, NULL);
    for (unsigned i = 0; i < FAKE_REQUESTS; i++) free(s->requests[i]);
    close(s->listener);
    close(s->stop[0]);
    close(s->stop[1]);
    pthread_mutex_destroy(&s->mutex);
}

static inline unsigned fake_count(struct fake_http *s)
{
    pthread_mutex_lock(&s->mutex);
    unsigned n = s->count;
    pthread_mutex_unlock(&s->mutex);
    return n;
}

// The i-th request's text, or "" when it has not come.
static inline const char *fake_request(struct fake_http *s, unsigned i)
{
    pthread_mutex_lock(&s->mutex);
    const char *r = i < s->count && i < FAKE_REQUESTS ? s->requests[i] : "";
    pthread_mutex_unlock(&s->mutex);
    return r;
}
