// SPDX-License-Identifier: Apache-2.0
// From audit events to messages in the outbox. A body is made once, when it happens, and never changes: what a receiver
// reads is how things stood then. Called by: audit.c. Must never: put a secret into a body.
#include "core/notices.h"

#define BODY_MAX 65536

enum { NEW = 1, PENDING = 2, PROVISIONING = 4, ACTIVE = 8, DELETING = 16, REJECTED = 32, DELETED = 64, EXPIRED = 128 };
enum { FAILED = 256, OTHER = 512, LIVE = PENDING | PROVISIONING | ACTIVE | OTHER, ANY = ~0 };
enum { NOTHING = 1, ACCEPT = 2, DID_ACCEPT = 4, REJECT = 8, DID_REJECT = 16, DELETE = 32, DID_DELETE = 64 };

struct rule {
    enum notice notice;
    enum audit_type event;
    int was, is, request; // was 0: always
};
static const struct rule rules[] = {
#define NOTICE_OF(id, event)                     {NOTICE_##id, AUDIT_##event, 0, 0, 0},
#define NOTICE_WHEN(id, event, was, is, request) {NOTICE_##id, AUDIT_##event, was, is, request},
#include "spec/notices.def"
#undef NOTICE_OF
#undef NOTICE_WHEN
};
static const enum audit_type silent[] = {
#define SILENT(event) AUDIT_##event,
#include "spec/notices.def"
#undef SILENT
};

static int status_bit(const struct connection *c)
{
    if (!c) return NEW;
    switch (cloud_status_of(slice_of(c->cloud_status))) {
    case CLOUD_INITIATING:
    case CLOUD_PENDING:
        return PENDING;
    case CLOUD_PROVISIONING:
        return PROVISIONING;
    case CLOUD_ACTIVE:
        return ACTIVE;
    case CLOUD_DELETING:
        return DELETING;
    case CLOUD_REJECTED:
        return REJECTED;
    case CLOUD_DELETED:
        return DELETED;
    case CLOUD_EXPIRED:
        return EXPIRED;
    case CLOUD_FAILED:
        return FAILED;
    default:
        return OTHER;
    }
}

static int request_bit(const struct connection *c)
{
    switch (c ? c->local_status : LOCAL_NONE) {
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

static bool fits(const struct rule *r, const struct audit_subject *about)
{
    if (r->was == 0) return true;
    if (!about) return false;
    int was = status_bit(about->before), is = status_bit(about->row);
    // What has vanished keeps the last cloudStatus that was seen.
    bool moved = was != is || r->event == AUDIT_CONNECTION_VANISHED;
    return moved && (r->was & was) && (r->is & is) && (r->request & request_bit(about->before));
}

notice_set notices_of(enum audit_type type, const struct audit_subject *about)
{
    notice_set set = 0;
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        if (rules[i].event == type && fits(&rules[i], about)) set |= (notice_set)1 << rules[i].notice;
    return set;
}

bool notices_know(enum audit_type type)
{
    for (size_t i = 0; i < ARRAY_LEN(rules); i++)
        if (rules[i].event == type) return true;
    for (size_t i = 0; i < ARRAY_LEN(silent); i++)
        if (silent[i] == type) return true;
    return false;
}

// ---- bodies -----------------------------------------------------------------------------------------------

struct message {
    const struct delivery *delivery;
    const struct event_row *event;
    const struct audit_subject *about;
    bool brief; // the whole one was too large: a receiver looks the event up by its id
};

static void put_data(struct json_writer *w, const struct message *m)
{
    const struct event_row *e = m->event;
    const struct connection *row = m->about ? m->about->row : NULL;
    json_key(w, "data");
    json_obj(w);
    json_kstr(w, "actor", e->actor);
    if (row && !m->brief) {
        json_key(w, "connection");
        json_obj(w);
        connection_json_fields(w, row);
        json_obj_end(w);
    }
    if (e->detail.n && !m->brief) { // a JSON object of our own making: it goes in as it is
        json_key(w, "detail");
        buf_slice(w->out, e->detail);
        w->after_key = false;
    }
    json_kstr(w, "eventId", e->id);
    json_kstr(w, "eventTypeName", e->type);
    json_kstr(w, "groupId", e->group_id[0] ? e->group_id : NULL);
    json_kstr(w, "networkId", row ? row->network_id : NULL);
    json_kstr(w, "orgId", e->org_id[0] ? e->org_id : NULL);
    json_kslice(w, "subject", e->resource);
    json_obj_end(w);
}

static void put_body(struct buf *out, const struct message *m)
{
    struct json_writer w;
    char when[25];
    buf_clear(out);
    wall_rfc3339_ms(m->event->created, when);
    json_begin(&w, out, false);
    json_obj(&w);
    put_data(&w, m);
    json_kstr(&w, "id", m->delivery->id);
    json_kstr(&w, "timestamp", when);
    json_kstr(&w, "type", notice_type(m->delivery->notice));
    json_obj_end(&w);
}

// ---- into the outbox --------------------------------------------------------------------------------------

static enum err tell_dropped(struct store_tx *tx, const struct audit *a, uint64_t n, struct error *err)
{
    struct audit all = *a; // of whatever organisation they were
    char detail[64];
    all.org_id[0] = all.group_id[0] = '\0';
    struct buf b = {.p = detail, .cap = sizeof(detail), .max = sizeof(detail)};
    buf_fmt(&b, "{\"deliveries\":%llu}", (unsigned long long)n);
    return audit_write(tx, &all, AUDIT_DELIVERIES_DROPPED, (struct slice){NULL, 0}, buf_view(&b), err);
}

// A test goes to the hook that it is about, and to no other.
static bool only_hook(const struct delivery *d, char ret[OID_HEX + 1])
{
    return d->notice == NOTICE_TEST && slice_copy(d->subject, ret, OID_HEX + 1);
}

static enum err write_one(struct store_tx *tx, const struct audit *a, struct message *m, struct delivery *d,
                          struct error *err)
{
    char only[OID_HEX + 1];
    bool test = only_hook(d, only), wanted = test;
    uint64_t n, dropped;
    struct buf body;
    enum err code = test ? ERR_OK : store_outbox_wanted(store_tx_reader(tx), d, &wanted, err);
    if (code != ERR_OK || !wanted) return code;
    m->delivery = d;
    buf_init(&body, BODY_MAX);
    put_body(&body, m);
    m->brief = body.fail == BUF_TOO_LARGE;
    if (m->brief) put_body(&body, m);
    if (body.fail == BUF_OK) {
        d->body = buf_view(&body);
        code = store_tx_outbox_add(tx, d, test ? only : NULL, &n, &dropped, err);
        if (code == ERR_OK && dropped) code = tell_dropped(tx, a, dropped, err);
    } else {
        code = error_set(err, ERR_NOMEM, "out of memory while writing the outbox");
    }
    buf_done(&body);
    return code;
}

enum err notices_write(struct store_tx *tx, const struct audit *a, enum audit_type type, const struct event_row *event,
                       const struct audit_subject *about, struct error *err)
{
    notice_set set = notices_of(type, about);
    for (unsigned i = 0; set && i < NOTICE_COUNT_; i++) {
        if (!(set & ((notice_set)1 << i))) continue;
        struct delivery d = {.notice = (enum notice)i, .subject = event->resource, .created = event->created};
        struct message m = {.event = event, .about = about};
        oid_hex(oid_new(a->rng, a->now), d.id);
        memcpy(d.org_id, event->org_id, sizeof(d.org_id));
        memcpy(d.group_id, event->group_id, sizeof(d.group_id));
        enum err code = write_one(tx, a, &m, &d, err);
        if (code != ERR_OK) return code;
    }
    return ERR_OK;
}
