// SPDX-License-Identifier: Apache-2.0
// One scan of one unit: lease, proof of the account, one paged Describe, a plan for each network, and core's record.
// Called by: reconcile/scanner on a pool thread. Must never: act on a network whose account was not proved, conclude
// anything from a part of a list, or record a failure that is only our own stopping.
#include <stdio.h>

#include "base/log.h"
#include "base/metrics.h"
#include "reconcile/inside.h"

#define SCAN_ARENA   ((size_t)512 << 20)
#define LEASE_MS     60000
#define LEASE_RENEW  (20 * NS_PER_SEC) // renewed when less is left: a write every 40 s, not every scan
#define VPC_EVERY_NS (3600 * NS_PER_SEC)
#define LOOKUPS_MAX  20 // describes by id in one scan of one network; the rest waits for the next

struct scan {
    struct scanner *s;
    struct unit *u;
    struct store_reader *reader;
    struct arena *a;
    struct cloud_target target;
    struct network *networks;
    struct unit_network *states; // same order
    size_t n;
    int64_t as_of; // where the record stood when the describe began
    struct described seen;
    bool trouble; // the store or memory failed: ours, not the cloud's
};

// ---- lease --------------------------------------------------------------------------------

struct lease_write {
    const char *name, *owner;
    struct wall now;
    uint64_t epoch;
};

static enum err write_lease(struct store_tx *tx, void *ctx, struct error *err)
{
    struct lease_write *l = ctx;
    return store_tx_lease(tx, l->name, l->owner, l->now, LEASE_MS, &l->epoch, err);
}

static enum err hold_lease(struct scanner *s, struct unit *u, struct error *err)
{
    struct mono now = clock_mono(s->opt.clock);
    if (u->lease_until.ns - now.ns > LEASE_RENEW) return ERR_OK;
    struct lease_write l = {.name = u->key, .owner = s->owner, .now = clock_wall(s->opt.clock)};
    enum err e = store_write(s->opt.store, write_lease, &l, err);
    if (e == ERR_OK) u->lease_until.ns = now.ns + LEASE_MS * NS_PER_MS;
    return e;
}

// ---- failures -----------------------------------------------------------------------------

static void store_trouble(struct scan *sc, const char *what, const struct error *err)
{
    sc->trouble = true;
    LOG(LOG_WARN, "scan result not recorded", LOG_S("step", what), LOG_S("unit", sc->u->key),
        LOG_S("error", err->detail));
}

// A message on the first failure and on every doubling, not on every scan.
static bool worth_a_line(uint32_t failures)
{
    return (failures & (failures + 1)) == 0;
}

static void record_failure(struct scan *sc, const struct network *net, const struct cloud_failure *f)
{
    struct error err;
    if (sc->s->stopping) return;
    bool denied = f->class == CLOUD_DENIED || f->class == CLOUD_CREDENTIALS;
    if (worth_a_line(net->failures))
        LOG(LOG_WARN, "scan failed", LOG_S("network", net->id), LOG_S("group", net->group_id),
            LOG_S("class", cloud_class_name(f->class)), LOG_S("code", f->code[0] ? f->code : NULL),
            LOG_S("requestId", f->request_id[0] ? f->request_id : NULL), LOG_I("failures", net->failures + 1),
            LOG_S("reason", f->message));
    enum err e = core_scan_failed(sc->s->opt.core, net, denied, slice_of(f->message), &err);
    if (e != ERR_OK && e != ERR_NOT_FOUND) store_trouble(sc, "failure", &err);
}

static enum scan_result result_of(enum cloud_class c)
{
    if (c == CLOUD_OK) return SCAN_OK;
    return c == CLOUD_TRANSIENT || c == CLOUD_THROTTLED ? SCAN_AWAY : SCAN_REFUSED;
}

// ---- networks -----------------------------------------------------------------------------

static enum err load_networks(struct scan *sc, struct error *err)
{
    struct scanner *s = sc->s;
    lock_take(&s->lock);
    size_t n = sc->u->network_count;
    sc->states = arena_array(sc->a, n + 1, sizeof *sc->states);
    if (sc->states && n) memcpy(sc->states, sc->u->networks, n * sizeof *sc->states);
    lock_drop(&s->lock);
    sc->networks = arena_array(sc->a, n + 1, sizeof *sc->networks);
    if (!sc->states || !sc->networks) return error_set(err, ERR_NOMEM, "no memory for a scan");
    for (size_t i = 0; i < n; i++) {
        enum err e = store_network_get(sc->reader, sc->states[i].id, sc->a, &sc->networks[sc->n], err);
        if (e == ERR_NOT_FOUND) continue; // removed meanwhile
        if (e != ERR_OK) return e;
        sc->states[sc->n++] = sc->states[i];
    }
    return ERR_OK;
}

static void vpc_was_asked(struct scan *sc, const char *network_id)
{
    struct scanner *s = sc->s;
    lock_take(&s->lock);
    for (size_t i = 0; i < sc->u->network_count; i++)
        if (strcmp(sc->u->networks[i].id, network_id) == 0)
            sc->u->networks[i].vpc_due.ns = clock_mono(s->opt.clock).ns + VPC_EVERY_NS;
    lock_drop(&s->lock);
}

// The network's own blocks, at first and then hourly. Only a VPC that is not there or not ours is a failure: the list
// of peerings is worth having without them.
static enum cloud_class ask_vpc(struct scan *sc, const struct network *net, const struct unit_network *state,
                                struct slice *ret_cidrs, struct cloud_failure *f)
{
    char owner[ACCOUNT_ID];
    if (state->vpc_due.ns && clock_mono(sc->s->opt.clock).ns < state->vpc_due.ns) return CLOUD_OK;
    enum cloud_class c = cloud_vpc(sc->s->opt.cloud, &sc->target, net->vpc_id, sc->a, ret_cidrs, owner, f);
    if (c == CLOUD_OK && owner[0] && strcmp(owner, net->account_id) != 0) {
        *f = (struct cloud_failure){.class = CLOUD_DENIED};
        snprintf(f->message, sizeof f->message, "%s belongs to account %s, not to %s: only its owner can accept",
                 net->vpc_id, owner, net->account_id);
        return CLOUD_DENIED;
    }
    if (c == CLOUD_OK) vpc_was_asked(sc, net->id);
    if (c == CLOUD_NOT_FOUND_YET) return c;
    if (c != CLOUD_OK)
        LOG(LOG_DEBUG, "VPC not described", LOG_S("network", net->id), LOG_S("class", cloud_class_name(c)),
            LOG_S("reason", f->message));
    return CLOUD_OK;
}

// ---- one network --------------------------------------------------------------------------

static enum err of_network(struct scan *sc, const struct network *net, struct plan_input *in, struct error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < sc->seen.n; i++) n += strcmp(sc->seen.items[i].accepter_vpc, net->vpc_id) == 0;
    struct observed *mine = arena_array(sc->a, n + 1, sizeof *mine);
    if (!mine) return error_set(err, ERR_NOMEM, "no memory for a scan");
    for (size_t i = 0; i < sc->seen.n; i++)
        if (strcmp(sc->seen.items[i].accepter_vpc, net->vpc_id) == 0) mine[in->seen_n++] = sc->seen.items[i];
    in->seen = mine;
    return ERR_OK;
}

// Expiry is a reason to look again: AWS alone says that a request has expired.
static void note_news(struct scan *sc, const struct plan_input *in)
{
    struct scan_news *news = &sc->u->news;
    for (size_t i = 0; i < in->seen_n; i++) {
        struct wall expires = in->seen[i].expiration;
        switch (cloud_status_of(slice_of(in->seen[i].cloud_status))) {
        case CLOUD_PENDING:
            news->moving |= expires.us && expires.us <= in->now.us;
            if (expires.us > in->now.us && (!news->expires.us || expires.us < news->expires.us))
                news->expires = expires;
            break;
        case CLOUD_INITIATING:
        case CLOUD_PROVISIONING:
        case CLOUD_DELETING:
            news->moving = true;
            break;
        default:
            break;
        }
    }
}

static bool has_row(const struct connection *rows, size_t n, const char *name)
{
    size_t lo = 0, hi = n; // by name
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = strcmp(rows[mid].name, name);
        if (c == 0) return true;
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return false;
}

// The listed rows, and history of what was observed, so that what left the list is not taken for new.
static enum err with_rows(struct scan *sc, const struct network *net, struct plan_input *in, struct error *err)
{
    struct connection *listed;
    size_t n;
    enum err e = store_connections_of_network(sc->reader, net->id, sc->a, &listed, &n, err);
    if (e != ERR_OK) return e;
    struct connection *rows = arena_array(sc->a, n + in->seen_n + 1, sizeof *rows);
    if (!rows) return error_set(err, ERR_NOMEM, "no memory for a scan");
    if (n) memcpy(rows, listed, n * sizeof *rows);
    in->stored_n = n;
    for (size_t i = 0; i < in->seen_n; i++) {
        if (has_row(listed, n, in->seen[i].name)) continue;
        struct slice name = slice_of(in->seen[i].name);
        e = store_connection_of_network(sc->reader, net->id, name, sc->a, &rows[in->stored_n], err);
        if (e == ERR_OK)
            in->stored_n++;
        else if (e != ERR_NOT_FOUND)
            return e;
    }
    in->stored = rows;
    return ERR_OK;
}

// Twice absent: ask by id. True when the change is to be recorded.
static bool settle_lost(struct scan *sc, const struct network *net, struct change *c)
{
    struct cloud_failure f;
    struct observed *o = arena_alloc(sc->a, sizeof *o);
    if (!o) return false;
    enum cloud_class class = cloud_describe_one(sc->s->opt.cloud, &sc->target, c->stored->name, sc->a, o, &f);
    if (class == CLOUD_NOT_FOUND_YET) {
        c->kind = CHANGE_VANISHED;
        return true;
    }
    // There after all, but no longer ours, would be a contradiction: leave the row as it is.
    bool ours = class == CLOUD_OK && strcmp(o->accepter_vpc, net->vpc_id) == 0 &&
                strcmp(o->accepter_account, net->account_id) == 0;
    if (!ours) return false;
    c->kind = CHANGE_REAPPEARED;
    c->seen = o;
    return true;
}

static size_t settle_all(struct scan *sc, const struct network *net, struct change *changes, size_t n)
{
    size_t kept = 0;
    unsigned asked = 0;
    for (size_t i = 0; i < n; i++) {
        struct change c = changes[i];
        if (c.kind == CHANGE_LOST && (asked++ >= LOOKUPS_MAX || sc->s->stopping || !settle_lost(sc, net, &c))) continue;
        changes[kept++] = c;
    }
    return kept;
}

static void log_changes(const struct network *net, const struct change *changes, size_t n)
{
    static const char *const names[CHANGE_KIND_COUNT_] = {[CHANGE_SEEN_NEW] = "new",
                                                          [CHANGE_SEEN_CHANGED] = "changed",
                                                          [CHANGE_REAPPEARED] = "reappeared",
                                                          [CHANGE_MISSING] = "missing",
                                                          [CHANGE_LOST] = "lost",
                                                          [CHANGE_VANISHED] = "vanished",
                                                          [CHANGE_UNLIST] = "left the list"};
    for (size_t i = 0; i < n; i++)
        LOG(LOG_INFO, "connection observed", LOG_S("change", names[changes[i].kind]), LOG_S("group", net->group_id),
            LOG_S("network", net->id), LOG_S("name", changes[i].seen ? changes[i].seen->name : changes[i].stored->name),
            LOG_S("cloudStatus", changes[i].seen ? changes[i].seen->cloud_status : NULL));
}

static enum err apply_network(struct scan *sc, const struct network *net, struct slice cidrs, struct error *err)
{
    struct plan_input in = {.complete = true, .now = clock_wall(sc->s->opt.clock)};
    struct change *changes;
    size_t n;
    enum err e = of_network(sc, net, &in, err);
    if (e == ERR_OK) note_news(sc, &in);
    if (e == ERR_OK) e = with_rows(sc, net, &in, err);
    if (e == ERR_OK) e = plan_network(&in, sc->a, &changes, &n, err);
    if (e != ERR_OK) return e;
    n = settle_all(sc, net, changes, n);
    sc->u->news.changed |= n > 0;
    if (sc->s->stopping) return ERR_OK;
    e = core_scan_applied(sc->s->opt.core, net, sc->as_of, changes, n, cidrs, err);
    if (e == ERR_OK) log_changes(net, changes, n);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum cloud_class scan_network(struct scan *sc, size_t i)
{
    const struct network *net = &sc->networks[i];
    struct slice cidrs = {NULL, 0};
    struct cloud_failure f;
    struct error err;
    enum cloud_class c = ask_vpc(sc, net, &sc->states[i], &cidrs, &f);
    if (c != CLOUD_OK) {
        record_failure(sc, net, &f);
        return c;
    }
    if (apply_network(sc, net, cidrs, &err) != ERR_OK) store_trouble(sc, "changes", &err);
    return CLOUD_OK;
}

// ---- the unit -----------------------------------------------------------------------------

static enum cloud_class prove_account(struct scan *sc, struct cloud_failure *f)
{
    char account[ACCOUNT_ID], arn[256];
    enum cloud_class c = cloud_identity(sc->s->opt.cloud, &sc->target, account, arn, f);
    if (c != CLOUD_OK || strcmp(account, sc->u->account) == 0) return c;
    *f = (struct cloud_failure){.class = CLOUD_DENIED};
    snprintf(
        f->message, sizeof f->message,
        "the network's credentials belong to account %s, but the network names account %s; correct its identity or "
        "its account",
        account, sc->u->account);
    return CLOUD_DENIED;
}

static enum cloud_class look(struct scan *sc, struct cloud_failure *f)
{
    unsigned foreign = 0;
    enum cloud_class c = prove_account(sc, f);
    if (c == CLOUD_OK)
        c = cloud_describe_incoming(sc->s->opt.cloud, &sc->target, sc->u->account, sc->a, &sc->seen, &foreign, f);
    if (c == CLOUD_OK && foreign)
        LOG(LOG_DEBUG, "records dropped that were not asked for", LOG_S("unit", sc->u->key), LOG_I("records", foreign));
    return c;
}

static enum cloud_class run(struct scan *sc)
{
    struct cloud_failure f;
    struct error err;
    if (load_networks(sc, &err) != ERR_OK || core_scan_begin(sc->reader, &sc->as_of, &err) != ERR_OK) {
        store_trouble(sc, "networks", &err);
        return CLOUD_OK;
    }
    if (sc->n == 0) return CLOUD_OK;
    enum cloud_class worst = look(sc, &f);
    for (size_t i = 0; worst != CLOUD_OK && i < sc->n; i++) record_failure(sc, &sc->networks[i], &f);
    if (worst != CLOUD_OK) return worst;
    for (size_t i = 0; i < sc->n && !sc->s->stopping; i++) {
        enum cloud_class c = scan_network(sc, i);
        if (c != CLOUD_OK) worst = c;
    }
    return worst;
}

static void count(enum cloud_class c, bool trouble, int64_t ns)
{
    char labels[40];
    snprintf(labels, sizeof labels, "result=\"%s\"", trouble ? "store" : cloud_class_name(c));
    metric_add(M_SCANS, metric_series(M_SCANS, labels), 1);
    metric_observe(M_SCAN_DURATION, metric_series(M_SCAN_DURATION, ""), ns);
}

enum scan_result scan_unit(struct scanner *s, struct unit *u, struct store_reader *reader)
{
    struct error err;
    if (s->stopping) return SCAN_STOPPED;
    if (!reader) return SCAN_AWAY;
    struct mono begun = clock_mono(s->opt.clock);
    u->news = (struct scan_news){.moving = false};
    enum err e = hold_lease(s, u, &err);
    if (e == ERR_BUSY) return SCAN_LEASED_AWAY;
    struct scan sc = {.s = s, .u = u, .reader = reader, .a = e == ERR_OK ? arena_new(SCAN_ARENA) : NULL};
    sc.target = (struct cloud_target){
        .identity = u->identity, .identity_ref = u->ref, .external_id = u->external_id, .region = u->region};
    if (!sc.a) {
        if (e == ERR_OK) error_set(&err, ERR_NOMEM, "no memory for a scan");
        store_trouble(&sc, "lease", &err);
        return SCAN_AWAY;
    }
    enum cloud_class c = run(&sc);
    arena_free(sc.a);
    if (s->stopping) return SCAN_STOPPED;
    count(c, sc.trouble, clock_mono(s->opt.clock).ns - begun.ns);
    return sc.trouble ? SCAN_AWAY : result_of(c);
}
