// SPDX-License-Identifier: Apache-2.0
// One listening socket from an address as a person writes it.
// Called by: server.c. Must never: take over an address that somebody serves, or leave a dead socket file behind.
#pragma once

#include <sys/types.h>

#include "base/error.h"

#define LISTENER_ADDRESS 320

struct listener {
    int fd;
    bool is_unix;
    char address[LISTENER_ADDRESS]; // as bound: "127.0.0.1:8080", "[::1]:8080" or the socket's path
    dev_t dev;                      // of the socket file, so that only our own is removed
    ino_t ino;
};
// text: "HOST:PORT", "[v6]:PORT", ":PORT" (every address) or "unix:/path". ERR_INVALID, ERR_EXISTS (busy), ERR_IO.
enum err listener_open(const char *text, struct listener *ret, struct error *err) MUST_CHECK;
void listener_close(struct listener *l); // fd -1 is fine; removes the socket file when it is still ours
