// SPDX-License-Identifier: Apache-2.0
// Recording what a scan found: rows, marks, the network's scan state and the events, in one transaction a network.
// Called by: reconcile. Must never: write when nothing changed (beyond one scan state a minute), or overwrite what
// was recorded since the scan's describe began.
#include "core/inside.h"

struct scan {
    struct core *core;
    const struct network *seen_by; // as the scanner read it
    int64_t as_of;
    const struct change *changes;
    size_t n;
    struct slice vpc_cidrs;
    struct arena *arena; // of one change at a time

    struct audit audit;
    struct network net; // the row inside the transaction
    int64_t stands_at;  // the last event before the transaction
    bool rows_changed, net_changed, work;
};

static enum err begin(struct store_tx *tx, struct scan *s, struct arena *a, struct error *err)
{
    enum err code = store_network_get(store_tx_reader(tx), s->seen_by->id, a, &s->net, err);
    if (code == ERR_OK) code = core_audit_group(tx, s->core, NULL, s->net.group_id, &s->audit, err);
    return code == ERR_OK ? store_event_last(store_tx_reader(tx), &s->stands_at, err) : code;
}

static enum err commit_row(struct store_tx *tx, struct scan *s, enum audit_type type, enum lifecycle_event event,
                           const struct connection *before, struct connection *row, struct error *err)
{
    s->rows_changed = true;
    const struct transition t = {
        .audit = &s->audit, .type = type, .event = event, .before = before, .row = row, .work = &s->work};
    return transition_apply(tx, &t, err);
}

// ---- one change -------------------------------------------------------------------------------------------

static enum err insert_new(struct store_tx *tx, struct scan *s, const struct observed *seen, struct error *err)
{
    struct connection row = {.first_seen = s->audit.now, .listed = true};
    oid_hex(oid_new(s->audit.rng, s->audit.now), row.id);
    memcpy(row.group_id, s->net.group_id, sizeof(row.group_id));
    memcpy(row.network_id, s->net.id, sizeof(row.network_id));
    memcpy(row.name, seen->name, sizeof(row.name));
    (void)connection_merge(&row, seen); // into an empty row: everything said is new
    return commit_row(tx, s, AUDIT_CONNECTION_DISCOVERED, lifecycle_seen(cloud_status_of(slice_of(row.cloud_status))),
                      NULL, &row, err);
}

static enum err take_observation(struct store_tx *tx, struct scan *s, const struct connection *before,
                                 const struct observed *seen, struct error *err)
{
    struct seen_merge m = {.audit = &s->audit, .before = before, .seen = seen};
    enum err code = merge_seen(tx, &m, err);
    s->rows_changed |= m.changed;
    s->work |= m.work;
    return code;
}

static enum err take_absence(struct store_tx *tx, struct scan *s, enum change_kind kind,
                             const struct connection *before, struct error *err)
{
    struct connection row = *before;
    if (!before->listed) return ERR_OK;
    if (!row.missing_since.us && kind != CHANGE_UNLIST) row.missing_since = s->audit.now;
    if (kind == CHANGE_MISSING) {
        if (before->missing_since.us) return ERR_OK;
        return commit_row(tx, s, AUDIT_CONNECTION_MISSING, LIFECYCLE_MISSING, before, &row, err);
    }
    row.listed = false;
    if (kind == CHANGE_VANISHED)
        return commit_row(tx, s, AUDIT_CONNECTION_VANISHED, LIFECYCLE_VANISHED, before, &row, err);
    return commit_row(tx, s, AUDIT_CONNECTION_UNLISTED, LIFECYCLE_WINDOW_PASSED, before, &row, err);
}

// The row as it is now: by id, or, for what plan took for new, by name (an earlier scan may have been recorded since).
static enum err load(struct store_tx *tx, struct scan *s, const struct change *c, struct connection *ret,
                     struct error *err)
{
    if (c->stored) return store_tx_connection_get(tx, c->stored->id, s->arena, ret, err);
    return store_connection_of_network(store_tx_reader(tx), s->net.id, slice_of(c->seen->name), s->arena, ret, err);
}

// Has anything been recorded of this row since the describe began: an action's outcome, or what its own describe saw?
// Every write of a row has its event.
static enum err is_overtaken(struct store_tx *tx, const struct scan *s, const struct connection *row, bool *ret,
                             struct error *err)
{
    *ret = false;
    if (s->as_of >= s->stands_at) return ERR_OK;
    return store_event_between(store_tx_reader(tx), row->group_id, s->as_of, s->stands_at, slice_of(row->name), ret,
                               err);
}

static enum err apply_one(struct store_tx *tx, struct scan *s, const struct change *c, struct error *err)
{
    if (c->kind == CHANGE_LOST) return ERR_OK;
    ASSERT((unsigned)c->kind < CHANGE_KIND_COUNT_ && (c->stored || c->seen));
    struct connection before;
    struct error why;
    enum err code = load(tx, s, c, &before, &why);
    if (code == ERR_NOT_FOUND && !c->stored) return insert_new(tx, s, c->seen, err);
    if (code != ERR_OK) return *err = why, code;
    bool overtaken;
    code = is_overtaken(tx, s, &before, &overtaken, err);
    if (code != ERR_OK || overtaken) return code;
    return c->seen ? take_observation(tx, s, &before, c->seen, err) : take_absence(tx, s, c->kind, &before, err);
}

// ---- the network's own state ------------------------------------------------------------------------------

static bool due(struct wall last, struct wall now)
{
    return now.us - last.us >= SCAN_STATE_QUIET_US || now.us < last.us;
}

static bool cidrs_differ(const struct network *n, struct slice vpc_cidrs)
{
    return vpc_cidrs.n && !slice_eq(n->cidrs, vpc_cidrs);
}

static enum err record_success(struct store_tx *tx, struct scan *s, struct error *err)
{
    struct network *n = &s->net;
    bool recovered = n->failed, quiet = !n->failures && !s->rows_changed && !s->net_changed;
    if (quiet && !recovered && !due(n->last_success, s->audit.now)) return ERR_OK;
    n->last_attempt = n->last_success = s->audit.now;
    n->failures = 0;
    n->failed = false;
    n->failure = (struct slice){NULL, 0};
    s->net_changed |= recovered;
    enum err code = store_tx_network_scan(tx, n, err);
    if (code != ERR_OK || !recovered) return code;
    return audit_write(tx, &s->audit, AUDIT_SCAN_RECOVERED, slice_of(n->id), (struct slice){NULL, 0}, err);
}

static enum err record_cidrs(struct store_tx *tx, struct scan *s, struct error *err)
{
    if (!cidrs_differ(&s->net, s->vpc_cidrs)) return ERR_OK;
    s->net_changed = true;
    enum err code = store_tx_network_cidrs(tx, s->net.id, s->vpc_cidrs, err);
    if (code != ERR_OK) return code;
    return audit_write(tx, &s->audit, AUDIT_NETWORK_CHANGED, slice_of(s->net.id), (struct slice){NULL, 0}, err);
}

// What a decision rests on may be another now.
static enum err follow_policy(struct store_tx *tx, struct scan *s, struct error *err)
{
    struct policy_follow f = {.core = s->core, .network_id = s->net.id};
    if (!s->rows_changed && !s->net_changed) return ERR_OK;
    enum err code = policy_follow(tx, &f, err);
    s->work |= f.intents;
    return code;
}

static enum err apply(struct store_tx *tx, void *ctx, struct error *err)
{
    struct scan *s = ctx;
    struct arena *a = arena_new(64 * 1024); // the network row outlives the single changes
    enum err code = a ? begin(tx, s, a, err) : core_nomem(err);
    if (code == ERR_OK) code = record_cidrs(tx, s, err);
    for (size_t i = 0; code == ERR_OK && i < s->n; i++) {
        arena_reset(s->arena);
        code = apply_one(tx, s, &s->changes[i], err);
    }
    if (code == ERR_OK) code = follow_policy(tx, s, err);
    if (code == ERR_OK) code = record_success(tx, s, err);
    arena_free(a);
    return code;
}

static bool worth_writing(const struct scan *s)
{
    const struct network *n = s->seen_by;
    for (size_t i = 0; i < s->n; i++)
        if (s->changes[i].kind != CHANGE_LOST) return true;
    return n->failed || n->failures || cidrs_differ(n, s->vpc_cidrs) ||
           due(n->last_success, clock_wall(s->core->clock));
}

static void tell(struct core *c, const struct scan *s)
{
    if (s->rows_changed) core_tell(c, CORE_CONNECTIONS_CHANGED, s->net.group_id, s->net.id);
    if (s->net_changed) core_tell(c, CORE_NETWORKS_CHANGED, s->net.group_id, s->net.id);
    if (s->work) core_tell(c, CORE_INTENTS_CHANGED, s->net.group_id, s->net.id);
}

enum err core_scan_begin(struct store_reader *r, int64_t *ret_as_of, struct error *err)
{
    return store_event_last(r, ret_as_of, err);
}

enum err core_scan_applied(struct core *c, const struct network *net, int64_t as_of, const struct change *changes,
                           size_t n, struct slice vpc_cidrs, struct error *err)
{
    struct scan s = {.core = c, .seen_by = net, .as_of = as_of, .changes = changes, .n = n, .vpc_cidrs = vpc_cidrs};
    if (!worth_writing(&s)) return ERR_OK;
    s.arena = arena_new(256 * 1024);
    if (!s.arena) return core_nomem(err);
    enum err code = store_write(c->store, apply, &s, err);
    if (code == ERR_OK) tell(c, &s);
    arena_free(s.arena);
    return code;
}

// ---- failures ---------------------------------------------------------------------------------------------

struct failure {
    struct scan scan;
    bool denied;
    struct slice reason;
};

static void failed_detail(const struct failure *f, struct buf *out)
{
    struct json_writer w;
    json_begin(&w, out, false);
    json_obj(&w);
    json_kbool(&w, "denied", f->denied);
    json_kslice(&w, "reason", f->reason);
    json_obj_end(&w);
}

static enum err announce_failure(struct store_tx *tx, const struct failure *f, struct error *err)
{
    struct buf detail;
    buf_init(&detail, 8192);
    failed_detail(f, &detail);
    enum err code = detail.fail == BUF_OK ? audit_write(tx, &f->scan.audit, AUDIT_SCAN_FAILED, slice_of(f->scan.net.id),
                                                        buf_view(&detail), err)
                                          : core_nomem(err);
    buf_done(&detail);
    return code;
}

static bool becomes_failed(const struct network *n, bool denied)
{
    return n->failed || denied || n->failures + 1 >= SCAN_FAILURES_MAX;
}

static enum err fail_network(struct store_tx *tx, void *ctx, struct error *err)
{
    struct failure *f = ctx;
    struct scan *s = &f->scan;
    enum err code = begin(tx, s, s->arena, err);
    if (code != ERR_OK) return code;
    struct network *n = &s->net;
    bool failed = becomes_failed(n, f->denied);
    s->net_changed = failed && (!n->failed || !slice_eq(n->failure, f->reason));
    n->failed = failed;
    if (failed) n->failure = f->reason;
    if (n->failures < UINT32_MAX) n->failures++;
    n->last_attempt = s->audit.now;
    code = store_tx_network_scan(tx, n, err);
    return code == ERR_OK && s->net_changed ? announce_failure(tx, f, err) : code;
}

enum err core_scan_failed(struct core *c, const struct network *net, bool denied, struct slice reason,
                          struct error *err)
{
    struct failure f = {.scan = {.core = c, .seen_by = net}, .denied = denied, .reason = core_clip(reason)};
    bool known = net->failed && slice_eq(net->failure, f.reason);
    if (known && !due(net->last_attempt, clock_wall(c->clock))) return ERR_OK;
    f.scan.arena = arena_new(64 * 1024);
    if (!f.scan.arena) return core_nomem(err);
    enum err code = store_write(c->store, fail_network, &f, err);
    if (code == ERR_OK) tell(c, &f.scan);
    arena_free(f.scan.arena);
    return code;
}
