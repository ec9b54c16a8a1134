// SPDX-License-Identifier: Apache-2.0
// The one error type of the program: a code that callers branch on, and a sentence for people.
// Called by: everything that can fail. Must never: be thread-local, log, or carry a secret.
//
// A function that can fail returns `enum err` and takes `struct error *err` as its last parameter.
// `err` may not be NULL. On ERR_OK it is untouched. Results (`ret_…`/`out`) are untouched on failure.
#pragma once

#include "base/defs.h"

enum err {
    ERR_OK = 0,
    ERR_NOMEM,       // allocation failed or arena exhausted
    ERR_INVALID,     // input is wrong; the detail names what and how to mend it
    ERR_TOO_LARGE,   // a documented bound was passed
    ERR_NOT_FOUND,   // the thing asked for does not exist
    ERR_EXISTS,      // it exists already
    ERR_CONFLICT,    // the state forbids it
    ERR_DENIED,      // credentials or permissions
    ERR_BUSY,        // locked or overloaded: try again later
    ERR_WOULD_BLOCK, // not answerable without blocking, and the caller may not block
    ERR_READ_ONLY,   // the store cannot be written (read-only or full)
    ERR_IO,          // the operating system refused; detail has the reason
    ERR_TIMEOUT,     // a deadline passed
    ERR_THROTTLED,   // the other side asked us to slow down
    ERR_UNAVAILABLE, // the other side is away or broken for now
    ERR_PROTOCOL,    // the other side answered something it may not
    ERR_CORRUPT,     // stored data fails its own checks
    ERR_INTERNAL,    // a defect
    ERR_COUNT_
};

struct error {
    enum err code;
    char detail[480]; // one line, no trailing full stop needed, never a secret
};

// error_set: fills err and returns `code`. detail is cut, never overflowed.
enum err error_set(struct error *err, enum err code, const char *fmt, ...) PRINTF_LIKE(3, 4);
// error_prefix: puts "prefix: " before the detail that is there; returns err->code.
enum err error_prefix(struct error *err, const char *fmt, ...) PRINTF_LIKE(2, 3);
// error_errno: like error_set, appends ": " and the text of errno_value.
enum err error_errno(struct error *err, enum err code, int errno_value, const char *fmt, ...) PRINTF_LIKE(4, 5);
// err_name: "not-found" etc., for logs.
const char *err_name(enum err code);
