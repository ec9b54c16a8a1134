// SPDX-License-Identifier: Apache-2.0
// Webhooks: which messages the events ask for, by spec/notices.def read here once more, and a receiver that checks what
// it is sent. Called by: check.c, transport.c, final.c. Must never: look into the outbox.
#include <stdio.h>

#include "base/encode.h"
#include "core/audit.h"
#include "notice/sign.h"
#include "tests/sim/sim.h"

enum { NEW = 1, PENDING = 2, PROVISIONING = 4, ACTIVE = 8, DELETING = 16, REJECTED = 32, DELETED = 64, EXPIRED = 128 };
enum { FAILED = 256, OTHERS = 512, LIVE = PENDING | PROVISIONING | ACTIVE | OTHERS, ANY = ~0 };
enum { NOTHING = 1, ACCEPT = 2, DID_ACCEPT = 4, REJECT = 8, DID_REJECT = 16, DELETE = 32, DID_DELETE = 64 };

static const char *const event_names[] = {
#define EVENT(id, type, text) [AUDIT_##id] = type,
#include "spec/events.def"
#undef EVENT
};
static const struct {
    enum notice notice;
    enum audit_type event;
    int was, is, request;
} rows[] = {
#define NOTICE_OF(id, event)                     {NOTICE_##id, AUDIT_##event, 0, 0, 0},
#define NOTICE_WHEN(id, event, was, is, request) {NOTICE_##id, AUDIT_##event, was, is, request},
#include "spec/notices.def"
#undef NOTICE_OF
#undef NOTICE_WHEN
};

static int status_bit(enum cloud_status s)
{
    static const int bits[] = {[CLOUD_UNKNOWN] = OTHERS,  [CLOUD_INITIATING] = PENDING,
                               [CLOUD_PENDING] = PENDING, [CLOUD_PROVISIONING] = PROVISIONING,
                               [CLOUD_ACTIVE] = ACTIVE,   [CLOUD_DELETING] = DELETING,
                               [CLOUD_DELETED] = DELETED, [CLOUD_REJECTED] = REJECTED,
                               [CLOUD_FAILED] = FAILED,   [CLOUD_EXPIRED] = EXPIRED};
    return bits[s];
}

static int request_bit(enum local_status s)
{
    switch (s) {
    case LOCAL_REQUEST_ACCEPT:
        return ACCEPT;
    case LOCAL_ACCEPT_REQUESTED:
        return DID_ACCEPT;
    case LOCAL_REQUEST_REJECT:
        return REJECT;
    case LOCAL_REJECT_REQUESTED:
        return DID_REJECT;
    case LOCAL_REQUEST_DELETE:
        return DELETE;
    case LOCAL_DELETE_REQUESTED:
        return DID_DELETE;
    default:
        return NOTHING;
    }
}

static void want(struct play *p, const struct event_row *e, enum notice notice)
{
    for (unsigned i = 0; i < p->hook_n; i++) {
        const struct hook *h = &p->hooks[i];
        if (h->elsewhere || !h->on || !(h->notices & (notice_set)1 << notice)) continue;
        if (h->project >= 0 && strcmp(e->group_id, p->groups[h->project]) != 0) continue;
        ASSERT(p->message_n < MESSAGES_MAX);
        struct message *m = &p->messages[p->message_n++];
        *m = (struct message){.hook = i, .notice = notice};
        memcpy(m->event, e->id, sizeof m->event);
        ASSERT(slice_copy(e->resource, m->subject, sizeof m->subject));
    }
}

static void hook_switched(struct play *p, const struct event_row *e, bool on)
{
    for (unsigned i = 0; i < p->hook_n; i++)
        if (slice_eq_cstr(e->resource, p->hooks[i].id)) p->hooks[i].on = on;
}

void hooks_event(struct play *p, const struct event_row *e, const struct peer *r, enum cloud_status was,
                 enum local_status local)
{
    if (!p->hook_n) return;
    if (strncmp(e->type, "PEERAGE_WEBHOOK_", 16) == 0) {
        const char *what = e->type + 16;
        if (strcmp(what, "ENABLED") == 0 || strcmp(what, "DISABLED") == 0) hook_switched(p, e, what[0] == 'E');
        p->some_dead |= what[0] == 'D' && strcmp(what, "DISABLED") != 0; // given up, or dropped
        return;
    }
    bool made = strcmp(e->type, event_names[AUDIT_CONNECTION_DISCOVERED]) == 0;
    int before = made ? NEW : r ? status_bit(was) : 0, now = r ? status_bit(r->cloud) : 0;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strcmp(event_names[rows[i].event], e->type) != 0) continue;
        bool moved = before != now || rows[i].event == AUDIT_CONNECTION_VANISHED;
        bool fits = rows[i].was == 0 || (r && moved && (rows[i].was & before) && (rows[i].is & now) &&
                                         (rows[i].request & request_bit(made ? LOCAL_NONE : local)));
        if (fits) want(p, e, rows[i].notice);
    }
}

// ---- the receiver

static struct slice header_of(const struct httpc_request *q, const char *name)
{
    for (unsigned i = 0; i < q->header_count; i++)
        if (slice_eq_nocase(q->headers[i].name, slice_of(name))) return q->headers[i].value;
    return SLICE("");
}

static bool is_signed(const struct hook *h, const struct httpc_request *q)
{
    uint8_t secret[WEBHOOK_SECRET + 3];
    char text[SIGN_TEXT];
    size_t n;
    uint64_t when;
    struct slice coded = slice_skip(slice_of(h->secret), sizeof "whsec_" - 1);
    ASSERT(base64_decode(coded, secret, sizeof secret, &n) && n == WEBHOOK_SECRET);
    if (!slice_u64(header_of(q, "webhook-timestamp"), UINT64_MAX / 4, &when)) return false;
    sign_message(secret, header_of(q, "webhook-id"), (int64_t)when, q->body, text);
    return slice_eq_cstr(header_of(q, "webhook-signature"), text);
}

// The message, when all before it of the same subject were taken.
static struct message *find_message(struct play *p, unsigned hook, struct slice event, struct slice type)
{
    for (unsigned i = 0; i < p->message_n; i++) {
        struct message *m = &p->messages[i];
        if (m->hook == hook && slice_eq_cstr(event, m->event) && slice_eq_cstr(type, notice_type(m->notice))) return m;
    }
    return NULL;
}

static void check_order(struct play *p, const struct message *m)
{
    for (const struct message *k = p->messages; k < m && !p->some_dead; k++)
        if (k->hook == m->hook && !k->taken && strcmp(k->subject, m->subject) == 0)
            play_broke(p, "a receiver is sent %s of %s before %s", notice_type(m->notice), m->subject,
                       notice_type(k->notice));
}

bool hooks_receive(struct play *p, const struct httpc_request *q, int *ret_status, bool *ret_lost)
{
    unsigned i = 0;
    struct slice event, type;
    while (i < p->hook_n && strcmp(p->hooks[i].url, q->url) != 0) i++;
    if (i == p->hook_n) return false;
    check_step(p); // what its event was
    if (p->broken[0]) return true;
    play_note(p, "message", p->hooks[i].url, q->body.n);
    if (!is_signed(&p->hooks[i], q)) play_broke(p, "a message to %s is not signed rightly", q->url);
    if (p->hooks[i].elsewhere) play_broke(p, "another organisation is sent what happened here");
    if (!detail_text(q->body, "eventId", &event) || !detail_text(q->body, "type", &type)) event = type = SLICE("");
    struct message *m = find_message(p, i, event, type);
    if (!m) play_broke(p, "a message of type %.*s to %s that no event asks for", SLICE_FMT(type), q->url);
    if (p->broken[0]) return true;
    check_order(p, m);
    *ret_lost = !p->receiver_well && chance(p, 4);
    *ret_status = p->receiver_well || !chance(p, 3) ? 200 : 503;
    if (*ret_status == 200) m->taken = true; // perhaps nobody hears it, and it comes again
    return true;
}

// Whoever is on gets what has been asked for.
void hooks_final(struct play *p)
{
    struct error err;
    p->receiver_well = true;
    for (unsigned i = 0; i < p->hook_n && !p->broken[0]; i++)
        if (core_webhook_enable(p->core, &persons[0], p->hooks[i].id, true, SLICE(""), &err) != ERR_OK)
            play_broke(p, "a webhook cannot be enabled: %s", err.detail);
    check_step(p);
    for (int i = 0; i < 8 && p->hook_n && !p->broken[0]; i++) {
        (void)notifier_run_once(p->notifier);
        p->now_ns += HOUR_NS;
    }
    for (unsigned i = 0; i < p->message_n && !p->broken[0] && !p->some_dead; i++)
        if (!p->messages[i].taken)
            play_broke(p, "%s of %s was never sent to %s", notice_type(p->messages[i].notice), p->messages[i].subject,
                       p->hooks[p->messages[i].hook].url);
}
