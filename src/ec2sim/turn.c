// SPDX-License-Identifier: Apache-2.0
// The kinds of fault at work.
// Called by: server.c, inproc.c. Must never: let a kind without effect have one.

#include "ec2sim/turn.h"

#include <string.h>

#include "base/encode.h"

static bool fail_as_scripted(const struct fault_rule *f, struct ec2_error *e)
{
    return ec2_fail(e, (int)f->status, f->code, "%s", f->message);
}

enum turn_step turn_before(const struct turn_gate *g, struct fault_rule *ret, struct ec2_error *e)
{
    if (!faults_hit(g->faults, g->action, g->who, g->now, ret)) ret->kind = FAULT_NONE;
    switch (ret->kind) {
    case FAULT_THROTTLE:
    case FAULT_RATE:
    case FAULT_OUTAGE:
    case FAULT_ERROR:
        (void)fail_as_scripted(ret, e);
        return TURN_FAIL;
    case FAULT_LOST_REQUEST:
    case FAULT_UNREACHABLE:
    case FAULT_HTML:
    case FAULT_EMPTY:
        return TURN_SKIP;
    default:
        break;
    }
    if (!g->throttle || throttle_take(g->throttle, g->action, g->who, g->mono)) return TURN_RUN;
    (void)ec2_fail(e, 503, "RequestLimitExceeded", "Request limit exceeded.");
    return TURN_FAIL;
}

struct ec2_quirks turn_quirks(const struct fault_rule *f)
{
    enum fault_kind k = f->kind;
    return (struct ec2_quirks){.foreign = k == FAULT_FOREIGN,
                               .duplicate = k == FAULT_DUPLICATE,
                               .unknown_status = k == FAULT_UNKNOWN_STATUS,
                               .doctype = k == FAULT_DOCTYPE,
                               .padding = k == FAULT_HUGE ? (uint64_t)f->bytes : 0,
                               .stale_s = k == FAULT_STALE ? f->age_s : 0};
}

bool turn_after(const struct fault_rule *f, struct ec2_error *e)
{
    return f->kind == FAULT_ERROR_AFTER ? fail_as_scripted(f, e) : true;
}

bool turn_drops(const struct fault_rule *f)
{
    return f->kind == FAULT_LOST_REQUEST || f->kind == FAULT_LOST_REPLY || f->kind == FAULT_UNREACHABLE;
}

bool turn_bend(const struct fault_rule *f, bool ok, struct buf *body, struct turn_shape *shape)
{
    if (f->kind == FAULT_HTML) {
        buf_clear(body);
        buf_lit(body, "<html>\r\n<head><title>Bad Gateway</title></head>\r\n<body><h1>Bad Gateway<br></h1>");
        buf_lit(body, "The server was acting as a gateway.</body></html>\r\n");
        *shape = (struct turn_shape){(int)f->status, "text/html"};
        return true;
    }
    if (f->kind == FAULT_EMPTY) {
        buf_clear(body);
        *shape = (struct turn_shape){(int)f->status, TURN_XML};
        return true;
    }
    if (f->kind == FAULT_TRUNCATED && ok) body->n /= 2;
    return false;
}

void turn_request_id(const struct rng *rng, char out[TURN_ID_STR])
{
    static const uint8_t part[] = {4, 2, 2, 2, 6}; // bytes of the five groups
    uint8_t raw[16];
    char *p = out;
    size_t at = 0;
    rng_fill(rng, raw, sizeof(raw));
    raw[6] = (raw[6] & 0x0f) | 0x40;
    raw[8] = (raw[8] & 0x3f) | 0x80;
    for (size_t i = 0; i < ARRAY_LEN(part); i++) {
        if (i) *p++ = '-';
        hex_encode(raw + at, part[i], p); // ends with a NUL, which the next group overwrites
        at += part[i];
        p += 2 * part[i];
    }
}
