// SPDX-License-Identifier: Apache-2.0
// Functions of src/ that the linker replaces in this program (-Wl,--wrap=name): calls of name arrive at __wrap_name,
// and __real_name is the original. meson.build holds the same list.
// Called by: the linker. Must never: be needed by src/.
#pragma once

#include "base/file.h"
#include "base/worker.h"
#include "cloud/internal.h"
#include "core/approve.h"
#include "core/inside.h"
#include "core/policy.h"
#include "core/webhook.h"
#include "net/httpc.h"
#include "net/sigv4.h"
#include "reconcile/act.h"
#include "reconcile/backoff.h"
#include "reconcile/plan.h"

#define WRAP(type, name, ...)                                                                                          \
    type __real_##name(__VA_ARGS__);                                                                                   \
    type __wrap_##name(__VA_ARGS__)

// ---- the machine: threads.c, transport.c, process.c
WRAP(enum err, job_start, const char *name, job_fn work, void *ctx, struct job **ret, struct error *err);
WRAP(void, job_poke, struct job *j);
WRAP(bool, job_stopping, const struct job *j);
WRAP(void, job_stop, struct job **j);
WRAP(enum err, pool_start, const char *name, unsigned threads, unsigned queue_max, void *(*make_ctx)(void *),
     void (*free_ctx)(void *), void *arg, struct pool **ret, struct error *err);
WRAP(bool, pool_submit, struct pool *p, pool_fn fn, void *item);
WRAP(unsigned, pool_queued, struct pool *p);
WRAP(void, pool_stop, struct pool **p);
WRAP(enum err, httpc_new, const struct httpc_options *opt, struct httpc **ret, struct error *err);
WRAP(void, httpc_free, struct httpc *c);
WRAP(enum err, httpc_do, struct httpc *c, const struct httpc_request *q, struct arena *a, struct httpc_reply *ret,
     bool *ret_sent, struct error *err);
WRAP(void, httpc_cancel, struct httpc *c);
WRAP(enum cloud_class, sts_assume_as, struct cloud *c, const struct cloud_target *as, const struct assume *q,
     struct creds *ret, struct cloud_failure *f);
WRAP(bool, file_exists, const char *path);
WRAP(enum err, file_lock, const char *path, int *ret_fd, struct error *err);
WRAP(void, file_unlock, int *fd);

WRAP(enum err, sigv4_authorization, const struct sigv4_input *in, const struct sigv4_key *key,
     const struct sigv4_scope *scope, struct wall now, struct arena *a, struct buf *out, struct error *err);
WRAP(enum err, store_reader_open, struct store *s, struct store_reader **ret, struct error *err);
WRAP(void, store_reader_close, struct store_reader **r);
WRAP(void *, mem_alloc, size_t size);
WRAP(void *, mem_zalloc, size_t count, size_t size);
WRAP(void *, mem_realloc, void *p, size_t size);
WRAP(char *, mem_strndup, const char *s, size_t n);
WRAP(void, mem_free, void *p);
WRAP(void, mem_freep, void *pp);

// ---- watched or, with --bug, broken: bugs.c
WRAP(enum err, core_intent_begin, struct core *c, struct intent *i, struct error *err);
WRAP(enum err, core_intent_outcome, struct core *c, const struct intent *i, const struct intent_result *r,
     struct error *err);
WRAP(enum err, core_action_request, struct core *c, const struct action_request *q, struct arena *a,
     enum action_answer *ret, struct slice *ret_why, struct error *err);
WRAP(enum verdict, action_judge, enum action a, enum local_status local, enum cloud_status cloud, const char **ret_why);
WRAP(void, act_decide, const struct act_input *in, struct act_decision *ret);
WRAP(void, act_route_decide, const struct act_route_input *in, struct act_route_decision *ret);
WRAP(enum err, core_route_outcome, struct core *c, const struct peer_route *row, const struct route_result *r,
     struct error *err);
WRAP(enum err, core_route_begin, struct core *c, struct peer_route *row, struct error *err);
WRAP(enum err, store_writes_allowed, struct store_reader *r, const char *group_id, const char *network_id, bool *ret,
     struct error *err);
WRAP(enum err, store_network_get, struct store_reader *r, const char *network_id, struct arena *a, struct network *ret,
     struct error *err);
WRAP(enum err, store_tx_connection_protect, struct store_tx *tx, const char *id, bool on, bool *ret_changed,
     struct error *err);
WRAP(enum err, audit_write_about, struct store_tx *tx, const struct audit *a, enum audit_type type,
     struct slice resource, struct slice detail, const struct audit_subject *about, struct error *err);
WRAP(enum err, store_tx_connection_update, struct store_tx *tx, const struct connection *c, struct error *err);
WRAP(enum err, store_tx_intent_end, struct store_tx *tx, const char *connection_id, enum intent_end end,
     struct slice reason, struct wall now, struct error *err);
WRAP(enum err, store_tx_routes_follow, struct store_tx *tx, const char *network_id, const char *connection_id,
     struct wall now, uint64_t *ret_n, struct error *err);
WRAP(enum err, store_tx_peer_cidr, struct store_tx *tx, const struct connection *c, struct slice cidr, bool approved,
     struct wall now, struct error *err);
WRAP(enum err, plan_network, const struct plan_input *in, struct arena *a, struct change **ret, size_t *ret_n,
     struct error *err);
WRAP(enum cloud_class, cloud_describe_incoming, struct cloud *c, const struct cloud_target *t, const char *account,
     struct arena *a, struct described *ret, unsigned *ret_foreign, struct cloud_failure *f);
WRAP(enum err, store_tx_lease_reset, struct store_tx *tx, struct error *err);
WRAP(enum err, core_scan_applied, struct core *c, const struct network *net, int64_t as_of,
     const struct change *changes, size_t n, struct slice vpc_cidrs, struct error *err);
WRAP(int64_t, backoff_failed, int64_t interval_ns, unsigned failures, unsigned failing, const struct rng *rng);
WRAP(int64_t, cloud_status_window_us, enum cloud_status s);
WRAP(bool, connection_merge, struct connection *row, const struct observed *seen);
WRAP(void, held_done, struct held *h);
WRAP(enum cloud_class, cloud_identity, struct cloud *c, const struct cloud_target *t, char ret_account[ACCOUNT_ID],
     char ret_arn[256], struct cloud_failure *f);
WRAP(enum err, store_policy_get, struct store_reader *r, const char *group_id, struct arena *a, struct policy *ret,
     struct error *err);
WRAP(void, policy_decide, const struct policy_facts *f, struct policy_decision *ret);
WRAP(enum err, store_expected, struct store_reader *r, const char *group_id, struct wall open_at, struct arena *a,
     struct expected **ret, size_t *ret_n, struct error *err);
WRAP(enum err, store_tx_expected_use, struct store_tx *tx, const char *id, const char *name, struct wall now,
     struct error *err);
WRAP(enum err, store_approval_rule, struct store_reader *r, const char *group_id, struct approval_rule *ret,
     struct error *err);
WRAP(enum err, store_tx_approve, struct store_tx *tx, const struct action_approval *given, struct error *err);
WRAP(enum err, store_tx_outbox_add, struct store_tx *tx, const struct delivery *d, const char *only_webhook,
     uint64_t *ret_n, uint64_t *ret_dropped, struct error *err);
WRAP(enum err, core_delivery_outcome, struct core *c, const struct delivery_outcome *o, struct error *err);
WRAP(enum err, keyring_open_webhook, const struct keyring *k, const char *webhook_id, const struct webhook_secret *s,
     uint8_t ret[WEBHOOK_SECRET], struct error *err);
WRAP(enum err, store_tx_intents_drop, struct store_tx *tx, const char *network_id, struct slice reason, struct wall now,
     uint64_t *ret_n, struct error *err);
WRAP(enum err, core_finish_due, struct store_reader *r, struct wall now, size_t max, struct arena *a,
     struct finish **ret, size_t *ret_n, struct wall *ret_next, struct error *err);
