// SPDX-License-Identifier: Apache-2.0
// Small files, whole: read bounded, write atomically, lock. Called by: config, auth keys, cloud credentials, cli.
// Must never: follow a half-written file (write goes to a temporary in the same directory, fsync, rename, fsync dir).
#pragma once

#include "base/buf.h"
#include "base/error.h"

enum err file_read(const char *path, size_t max, struct buf *out, struct error *err) MUST_CHECK; // inits out
enum err file_write(const char *path, struct slice text, unsigned mode, struct error *err) MUST_CHECK;
enum err dir_make(const char *path, unsigned mode,
                  struct error *err) MUST_CHECK; // like mkdir -p; an existing directory is fine
// file_lock: exclusive flock on path (created 0600), non-blocking. ERR_BUSY names the holder's pid when it wrote it.
enum err file_lock(const char *path, int *ret_fd, struct error *err) MUST_CHECK;
void file_unlock(int *fd);
bool file_exists(const char *path);
// file_mode_is_private: ERR_DENIED when group or others may read it.
enum err file_check_private(const char *path, struct error *err) MUST_CHECK;
