// SPDX-License-Identifier: Apache-2.0
// What the actuator's two files share: its object, its tasks and what it knows of each scan unit.
// Called by: reconcile/actuator.c, reconcile/perform.c. Must never: be included from another folder.
#pragma once

#include "base/map.h"
#include "base/worker.h"
#include "reconcile/act.h"
#include "reconcile/actuator.h"
#include "reconcile/inside.h"

#define TASKS_MAX 64
#define TASK_KEY  128

// One scan unit (identity, account, region): what is known of its cloud. All under actuator.lock.
struct act_unit {
    unsigned running;
    unsigned failures; // in a row, of the cloud being away
    struct mono gate;  // while failures: no attempt before
};

// One network. Never freed before the actuator: what it is made of never changes.
struct lane {
    char network_id[OID_HEX + 1];
    struct act_unit *unit;
    struct mono follow; // the scanner is woken then
    int64_t follow_ns;  // and after twice that again; 0 = not
};

enum task_kind { TASK_INTENT, TASK_ROUTE, TASK_FINISH };
struct task { // immutable while used, but for the thread that runs it
    bool used;
    enum task_kind kind;
    char key[TASK_KEY];
    struct actuator *actuator;
    struct lane *lane;
    struct intent intent; // texts are empty: they live no longer than the list of what is due
    struct peer_route route;
    struct finish finish;
    char value[CLOUD_TAG];  // of finish
    unsigned unit_failures; // when it was handed out
    // results
    bool attempted; // the cloud was asked
    bool away;      // and did not answer
    bool done;      // something changed in the cloud: look soon
    bool trouble;   // the store or memory failed
    enum { COUNT_NOTHING, COUNT_DONE, COUNT_FAILED, COUNT_RETRIED, COUNT_ROUTE, COUNT_FINISH } count;
};

struct actuator {
    struct actuator_options opt; // immutable
    _Atomic bool stopping;
    struct pool *pool;           // NULL without threads
    struct store_reader *reader; // of the job, or of actuator_run_once
    // owned by the job's thread (or run_once)
    struct map *lanes, *units; // by network id, by unit key
    struct mono wide;          // no long list of what is due before
    struct lock lock;          // guards what follows, and tasks, units and lanes
    struct job *job;
    struct task tasks[TASKS_MAX];
    struct mono hold; // the store is in trouble: nothing before
    struct actuator_status status;
};

// The attempt, on any thread; fills the task's results.
void perform(struct task *t, struct store_reader *reader);
