// SPDX-License-Identifier: Apache-2.0
// The running simulator's inside: shared by server.c, manage.c and persist.c only.
// Must never: be included from outside of ec2sim.
#pragma once

#include "base/lock.h"
#include "base/worker.h"
#include "ec2sim/auth.h"
#include "ec2sim/fault.h"
#include "ec2sim/model.h"
#include "ec2sim/server.h"
#include "httpd/httpd.h"

#define STATE_BYTES_MAX ((size_t)1 << 30)
#define CALL_NAMES_MAX  32

struct ec2sim {
    // immutable after start
    const struct clock *clock;
    struct httpd *httpd;
    char url[300];
    char *management_token; // NULL = none
    char *state_path;       // NULL = memory only
    bool was_loaded;

    struct lock lock; // all below, to the blank line
    struct sim model;
    struct auth auth;
    struct faults faults;
    struct throttle throttle;
    struct seeded_rng seeded;
    struct rng rng;      // of the model and the faults
    int64_t offset_us;   // simulated = real + offset
    uint64_t generation; // counts changes
    struct {
        const char *action;
        uint64_t n;
    } calls[CALL_NAMES_MAX];
    bool stopping;
    struct cond stop; // wakes slow answers

    struct lock save_lock; // all below
    struct cond saved;
    struct job *saver;
    uint64_t saved_generation; // written, or tried and failed
    struct error save_error;   // of the last try; code 0 = it worked
};

struct wall state_now(struct ec2sim *s); // simulated; under lock
void state_changed(struct ec2sim *s);    // under lock
// Waits (without the lock) until what was changed so far is on disk. Without a data_dir at once.
enum err state_save(struct ec2sim *s, struct error *err) MUST_CHECK;

// ---- persist.c
void persist_encode(const struct ec2sim *s, struct buf *out); // under lock
// Fills model, auth, offset. ERR_CORRUPT; then the parts must be done and inited again.
enum err persist_decode(struct ec2sim *s, struct slice text, struct error *err) MUST_CHECK;
// Reads state_path when it exists; sets was_loaded.
enum err persist_load(struct ec2sim *s, struct error *err) MUST_CHECK;
enum err persist_start(struct ec2sim *s, struct error *err) MUST_CHECK;
void persist_stop(struct ec2sim *s); // last save, then no more

// ---- manage.c
void manage_handle(struct ec2sim *s, const struct request *req, struct reply *rep);

// ---- server.c: gives the reply a body that it frees when sent. Takes the bytes over.
void state_reply(struct reply *rep, int status, const char *content_type, struct buf *body);
