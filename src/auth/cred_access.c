// SPDX-License-Identifier: Apache-2.0
// Access lists of keys and accounts. Called by: api, cli. Must never: add half of what was asked, or let a caller take
// away the entry that lets it in.
#include "auth/cred_inside.h"

#include <stdio.h>

static bool same(struct cidr a, struct cidr b)
{
    return a.prefix == b.prefix && ip_eq(a.ip, b.ip);
}

static enum err access_event(struct store_tx *tx, const struct cred_work *w, enum cred_event type, struct cidr block,
                             struct error *err)
{
    char text[CIDR_STR];
    cidr_format(block, text);
    const char *detail = arena_fmt(w->op->arena, "{\"cidrBlock\":\"%s\"}", text);
    if (!detail) return error_set(err, ERR_NOMEM, "no memory for the event");
    return cred_event(tx, w, type, w->op->group_id, slice_of(detail), err);
}

static enum err add_one(struct store_tx *tx, struct cred_work *w, struct cidr block, struct error *err)
{
    enum err code = store_tx_access_add(tx, w->name, block, w->now, err);
    if (code != ERR_EXISTS) return code == ERR_OK ? access_event(tx, w, CRED_ACCESS_ADDED, block, err) : code;
    _Static_assert(sizeof(w->op->why) >= CIDR_STR, "room for a block");
    cidr_format(block, w->op->why);
    return cred_refuse(w, CRED_ENTRY_EXISTS, err);
}

static enum err add_all(struct store_tx *tx, void *ctx, struct error *err)
{
    struct cred_work *w = ctx;
    enum err code = cred_find(tx, w, err);
    if (code == ERR_OK) code = cred_check_reach(w, err);
    if (code == ERR_OK && w->n_blocks > CRED_ACCESS_MAX - MIN(w->target.access_count, (unsigned)CRED_ACCESS_MAX))
        return cred_refuse(w, CRED_LIST_FULL, err);
    for (size_t i = 0; code == ERR_OK && i < w->n_blocks; i++) code = add_one(tx, w, w->blocks[i], err);
    return code;
}

enum err cred_access_add(struct auth *a, struct cred_op *op, enum principal_kind kind, const char *name,
                         const struct cidr *blocks, size_t n, struct error *err)
{
    struct cred_work w = {
        .a = a, .op = op, .kind = kind, .name = name, .blocks = blocks, .n_blocks = n, .now = clock_wall(a->o.clock)};
    return cred_run(&w, add_all, err);
}

// The caller takes from its own list what lets this request in, and nothing else of the list would.
static bool locks_itself_out(const struct cred_work *w)
{
    const struct cred_op *op = w->op;
    const struct credential *t = &w->target;
    if (!op->caller || op->peer.family == 0 || !principal_is(op->caller, w->kind, w->name)) return false;
    if (!cidr_contains(w->blocks[0], op->peer)) return false;
    for (unsigned i = 0; i < t->access_count; i++)
        if (!same(t->access_list[i], w->blocks[0]) && cidr_contains(t->access_list[i], op->peer)) return false;
    return true;
}

static enum err remove_one(struct store_tx *tx, void *ctx, struct error *err)
{
    struct cred_work *w = ctx;
    bool there = false;
    enum err code = cred_find(tx, w, err);
    if (code == ERR_OK) code = cred_check_reach(w, err);
    if (code != ERR_OK) return code;
    for (unsigned i = 0; i < w->target.access_count; i++) there |= same(w->target.access_list[i], w->blocks[0]);
    if (!there) return cred_refuse(w, CRED_NO_ENTRY, err);
    if (locks_itself_out(w)) {
        _Static_assert(sizeof(w->op->why) >= IP_STR, "room for an address");
        ip_format(w->op->peer, w->op->why);
        return cred_refuse(w, CRED_OWN_ADDRESS, err);
    }
    code = store_tx_access_remove(tx, w->name, w->blocks[0], err);
    return code == ERR_OK ? access_event(tx, w, CRED_ACCESS_DELETED, w->blocks[0], err) : code;
}

enum err cred_access_remove(struct auth *a, struct cred_op *op, enum principal_kind kind, const char *name,
                            struct cidr block, struct error *err)
{
    struct cred_work w = {
        .a = a, .op = op, .kind = kind, .name = name, .blocks = &block, .n_blocks = 1, .now = clock_wall(a->o.clock)};
    return cred_run(&w, remove_one, err);
}
