// SPDX-License-Identifier: Apache-2.0
// New webhooks and new secrets: made here, sealed, handed out once. Called by: cli. Must never: store one in clear.
#include "base/mem.h"
#include "notice/notice.h"

enum err hook_add(const struct hook_maker *m, struct webhook *w, char secret[WEBHOOK_SECRET_TEXT], struct error *err)
{
    oid_hex(oid_new(m->rng, clock_wall(m->clock)), w->id);
    enum err e = keyring_make_webhook_secret(m->keys, m->rng, w->id, &w->secrets[0], secret, err);
    if (e == ERR_OK) e = core_webhook_add(m->core, m->by, w, err);
    if (e != ERR_OK) mem_wipe(secret, WEBHOOK_SECRET_TEXT);
    return e;
}

enum err hook_rotate(const struct hook_maker *m, const char *id, int64_t overlap_us, char secret[WEBHOOK_SECRET_TEXT],
                     struct wall *ret_until, struct error *err)
{
    struct webhook_secret s;
    struct wall until = {clock_wall(m->clock).us + overlap_us};
    enum err e = keyring_make_webhook_secret(m->keys, m->rng, id, &s, secret, err);
    if (e == ERR_OK) e = core_webhook_rotate(m->core, m->by, id, &s, until, err);
    if (e != ERR_OK) mem_wipe(secret, WEBHOOK_SECRET_TEXT);
    if (e == ERR_OK) *ret_until = until;
    return e;
}
