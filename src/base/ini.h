// SPDX-License-Identifier: Apache-2.0
// INI text: our configuration file and AWS' shared files. Called by: config, cloud.
// Must never: guess. A line that is neither section, key = value, comment nor blank is an error with its number.
#pragma once

#include "base/error.h"
#include "base/slice.h"

struct ini_line {
    unsigned line;           // 1-based
    struct slice section;    // "" before the first header; inner white space kept
    struct slice key, value; // trimmed. Comments: whole lines that begin with # or ;
    bool nested;             // AWS style: an indented line below `key =`; section holds, parent is the outer key
    struct slice parent;
};
// Calls on_line for each setting. A callback error stops and is returned. `aws` allows nested lines;
// without it an indented line is an error. Also called with key empty for each section header.
typedef enum err (*ini_fn)(void *ctx, const struct ini_line *line, struct error *err);
enum err ini_read(struct slice text, bool aws, ini_fn on_line, void *ctx, struct error *err) MUST_CHECK;
