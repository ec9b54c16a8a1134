// SPDX-License-Identifier: Apache-2.0
// Media ranges of Accept (RFC 9110 12.5.1), as far as versions need them. Called by: pipeline.c.
// Must never: allocate.
#include "pipeline/negotiate.h"

#define OWS " \t"

struct range {
    struct slice type;
    unsigned q; // thousandths
};

// q = 0 | 0.d | 0.dd | 0.ddd | 1 | 1.0…: anything else makes the range unusable.
static bool parse_q(struct slice s, unsigned *ret)
{
    if (s.n == 0 || s.n > 5 || (s.p[0] != '0' && s.p[0] != '1')) return false;
    if (s.n > 1 && s.p[1] != '.') return false;
    unsigned q = (unsigned)(s.p[0] - '0') * 1000, unit = 100;
    for (size_t i = 2; i < s.n; i++, unit /= 10) {
        if (s.p[i] < '0' || s.p[i] > '9') return false;
        q += (unsigned)(s.p[i] - '0') * unit;
    }
    if (q > 1000) return false;
    *ret = q;
    return true;
}

static bool parse_range(struct slice text, struct range *ret)
{
    struct slice piece;
    *ret = (struct range){.q = 1000};
    slice_cut(&text, ';', &piece);
    ret->type = slice_trim(piece, OWS);
    while (text.n) {
        slice_cut(&text, ';', &piece);
        struct slice name, value = slice_trim(piece, OWS);
        if (!slice_cut(&value, '=', &name)) return false;
        if (slice_eq_nocase(name, SLICE("q")) && !parse_q(value, &ret->q)) return false;
    }
    return ret->type.n > 0;
}

// "application/vnd.atlas.2024-11-13+json" -> 20241113
static bool parse_versioned(struct slice type, uint32_t *ret)
{
    const struct slice head = SLICE("application/vnd.atlas."), tail = SLICE("+json");
    if (type.n != head.n + 10 + tail.n) return false;
    if (!slice_eq_nocase(slice_n(type.p, head.n), head) || !slice_eq_nocase(slice_skip(type, head.n + 10), tail))
        return false;
    return date_parse_ymd(slice_n(type.p + head.n, 10), ret);
}

static bool is_plain(struct slice type)
{
    return slice_eq_cstr(type, "*/*") || slice_eq_nocase(type, SLICE("application/*")) ||
           slice_eq_nocase(type, SLICE("application/json"));
}

// The newest version of the row that is not newer than `asked`; 0 when all are.
static uint32_t resolve(const struct route_row *row, uint32_t asked)
{
    struct slice rest = slice_of(row->versions), one;
    uint32_t best = 0, v;
    while (rest.n) {
        slice_cut(&rest, ',', &one);
        if (date_parse_ymd(one, &v) && v <= asked) best = v;
    }
    return best;
}

// 0 = not acceptable; otherwise a version, or 1 for a row without versions.
static uint32_t judge(const struct route_row *row, const struct range *range, uint32_t today)
{
    uint32_t date;
    if (range->q == 0) return 0;
    if (parse_versioned(range->type, &date)) {
        if (date > today) return 0;
        return row->oldest ? resolve(row, date) : 1;
    }
    return !row->oldest && is_plain(range->type) ? 1 : 0;
}

bool negotiate(const struct request *r, const struct route_row *row, uint32_t today, uint32_t *ret_version)
{
    unsigned best_q = 0;
    uint32_t best = 0;
    bool any = false;
    for (unsigned i = 0; i < r->header_count; i++) {
        if (!slice_eq_nocase(r->headers[i].name, SLICE("Accept"))) continue;
        any = true;
        struct slice rest = r->headers[i].value, piece;
        while (rest.n) {
            struct range range;
            slice_cut(&rest, ',', &piece);
            if (!parse_range(piece, &range) || range.q <= best_q) continue;
            uint32_t version = judge(row, &range, today);
            if (version == 0) continue;
            best = version;
            best_q = range.q;
        }
    }
    if (!any && !row->oldest) best = 1;
    if (best == 0) return false;
    *ret_version = row->oldest ? best : 0;
    return true;
}
