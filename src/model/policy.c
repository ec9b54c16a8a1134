// SPDX-License-Identifier: Apache-2.0
// The decision on a pending request. Called by: core, cli. Must never: let one block that it cannot read, or does not
// know, pass for a harmless one.
#include "model/policy.h"

#include <stdarg.h>
#include <stdio.h>

#include "model/connection.h"

static const char *const actions[POLICY_ACTION_COUNT_] = {
    [POLICY_HOLD] = "hold", [POLICY_ACCEPT] = "accept", [POLICY_REJECT] = "reject", [POLICY_HAND_OVER] = "hand-over"};
static const char *const checks[POLICY_CHECK_COUNT_] = {[POLICY_CHECK_MANAGED] = "managed",
                                                        [POLICY_CHECK_KNOWN] = "known",
                                                        [POLICY_CHECK_PRIVATE] = "private",
                                                        [POLICY_CHECK_NETWORK] = "network-overlap",
                                                        [POLICY_CHECK_PEERS] = "peering-overlap"};

const char *policy_action_name(enum policy_action a)
{
    ASSERT((unsigned)a < POLICY_ACTION_COUNT_);
    return actions[a];
}

bool policy_action_parse(struct slice s, enum policy_action *ret)
{
    for (unsigned i = 0; i < POLICY_ACTION_COUNT_; i++) {
        if (!slice_eq_cstr(s, actions[i])) continue;
        *ret = (enum policy_action)i;
        return true;
    }
    return false;
}

const char *policy_check_name(enum policy_check c)
{
    ASSERT((unsigned)c < POLICY_CHECK_COUNT_);
    return checks[c];
}

const char *policy_result_name(enum policy_result r)
{
    static const char *const results[] = {
        [POLICY_NOT_ASKED] = "not asked", [POLICY_PASSED] = "passed", [POLICY_FAILED] = "failed"};
    ASSERT((unsigned)r < ARRAY_LEN(results));
    return results[r];
}

bool policy_name_valid(struct slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                  c == '-';
        if (!ok) return false;
    }
    return s.n > 0 && s.n < POLICY_NAME;
}

// ---- blocks -----------------------------------------------------------------------------------------------

static bool shared_space(struct cidr c) // RFC 6598
{
    return cidr_within((struct cidr){{4, {100, 64}}, 10}, c);
}

static bool within_one(struct slice list, struct cidr inner)
{
    struct slice block;
    struct cidr c;
    while (cidr_list_next(&list, &block))
        if (cidr_parse(block, false, &c) && cidr_within(c, inner)) return true;
    return false;
}

// Whether every block of `inner` lies within one of `outer`.
static bool all_within(struct slice outer, struct slice inner)
{
    struct slice block;
    struct cidr c;
    while (cidr_list_next(&inner, &block))
        if (!cidr_parse(block, false, &c) || !within_one(outer, c)) return false;
    return true;
}

static bool known(struct slice list)
{
    return cidr_list_first(list).n > 0;
}

// Finds a pair that overlaps. A block on either side that cannot be read counts as overlapping.
static bool overlap(struct slice a, struct slice b, struct slice *ret_a, struct slice *ret_b)
{
    struct slice x;
    while (cidr_list_next(&a, &x)) {
        struct slice rest = b, y;
        while (cidr_list_next(&rest, &y)) {
            struct cidr cx, cy;
            if (cidr_parse(x, false, &cx) && cidr_parse(y, false, &cy) && !cidr_overlaps(cx, cy)) continue;
            *ret_a = x;
            *ret_b = y;
            return true;
        }
    }
    return false;
}

// ---- matching ---------------------------------------------------------------------------------------------

static bool in_list(struct slice list, struct slice what)
{
    struct slice one;
    if (!list.n) return true;
    while (cidr_list_next(&list, &one))
        if (slice_eq(one, what) || slice_eq(one, SLICE("*"))) return true;
    return false;
}

static enum policy_match match_cidrs(struct slice wanted, struct slice has)
{
    if (!wanted.n) return POLICY_YES;
    if (!known(has)) return POLICY_UNKNOWN;
    return all_within(wanted, has) ? POLICY_YES : POLICY_NO;
}

enum policy_match policy_rule_match(const struct policy_rule *r, const struct policy_facts *f, const char **ret_why)
{
    static const char *const whys[] = {[POLICY_NO] = "a block lies outside its blocks",
                                       [POLICY_YES] = "matches",
                                       [POLICY_UNKNOWN] = "asks for blocks, which are not known"};
    bool account = in_list(r->accounts, f->account), vpc = in_list(r->vpcs, f->vpc);
    enum policy_match m = account && vpc ? match_cidrs(r->cidrs, f->cidrs) : POLICY_NO;
    *ret_why = !account ? "another account" : !vpc ? "another VPC" : whys[m];
    return m;
}

static enum policy_match match_expected(const struct expected *e, const struct policy_facts *f)
{
    if (e->used.us || f->now.us >= e->valid_until.us) return POLICY_NO;
    if (!slice_eq_cstr(f->account, e->account) || (e->vpc[0] && !slice_eq_cstr(f->vpc, e->vpc))) return POLICY_NO;
    return match_cidrs(e->cidrs, f->cidrs);
}

// The more an expected request says, the sooner it is taken: one that names a VPC is not left over for another's. Of
// equals the one that ends first, then the older.
static bool rather(const struct expected *a, const struct expected *b)
{
    int na = (a->vpc[0] != 0) * 2 + (a->cidrs.n != 0), nb = (b->vpc[0] != 0) * 2 + (b->cidrs.n != 0);
    if (na != nb) return na > nb;
    if (a->valid_until.us != b->valid_until.us) return a->valid_until.us < b->valid_until.us;
    return strcmp(a->id, b->id) < 0;
}

static const struct expected *find_expected(const struct policy_facts *f, enum policy_match *ret)
{
    const struct expected *best = NULL;
    for (size_t i = 0; i < f->expected_count; i++) {
        const struct expected *e = &f->expected[i];
        enum policy_match m = match_expected(e, f);
        if (m == POLICY_NO || (best && !rather(e, best))) continue;
        best = e;
        *ret = m;
    }
    return best;
}

// ---- checks -----------------------------------------------------------------------------------------------

static void say(struct policy_decision *d, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void say(struct policy_decision *d, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)vsnprintf(d->reason, sizeof(d->reason), fmt, ap);
    va_end(ap);
}

static bool verdict(struct policy_decision *d, enum policy_check c, bool passed)
{
    d->checks[c] = passed ? POLICY_PASSED : POLICY_FAILED;
    return passed;
}

static bool check_managed(const struct policy_facts *f, struct policy_decision *d)
{
    if (verdict(d, POLICY_CHECK_MANAGED, f->mode == NETWORK_MANAGE)) return true;
    say(d, "the network is only observed, Peerage writes nothing to AWS for it");
    return false;
}

static bool check_known(const struct policy_facts *f, struct policy_decision *d)
{
    struct slice rest = f->cidrs, block;
    struct cidr c;
    while (cidr_list_next(&rest, &block)) {
        if (cidr_parse(block, false, &c)) continue;
        say(d, "%.*s is no CIDR block", (int)MIN(block.n, 64), block.p);
        return verdict(d, POLICY_CHECK_KNOWN, false);
    }
    if (!known(f->cidrs)) say(d, "the requester's CIDR blocks are not known yet");
    return verdict(d, POLICY_CHECK_KNOWN, known(f->cidrs));
}

static bool check_private(const struct policy_facts *f, bool allow_shared, struct policy_decision *d)
{
    struct slice rest = f->cidrs, block;
    while (cidr_list_next(&rest, &block)) {
        struct cidr c;
        bool read = cidr_parse(block, false, &c), shared = read && shared_space(c);
        if (read && (cidr_is_rfc1918(c) || (shared && allow_shared))) continue;
        say(d,
            shared ? "%.*s is shared address space (100.64.0.0/10), which needs allowSharedSpace"
                   : "%.*s is outside the private ranges of RFC 1918",
            (int)MIN(block.n, 64), block.p);
        return verdict(d, POLICY_CHECK_PRIVATE, false);
    }
    return verdict(d, POLICY_CHECK_PRIVATE, true);
}

static bool check_network(const struct policy_facts *f, struct policy_decision *d)
{
    struct slice mine, theirs;
    if (!known(f->network_cidrs)) {
        say(d, "the CIDR blocks of the network's own VPC are not known yet");
        return verdict(d, POLICY_CHECK_NETWORK, false);
    }
    if (!overlap(f->cidrs, f->network_cidrs, &theirs, &mine)) return verdict(d, POLICY_CHECK_NETWORK, true);
    say(d, "%.*s overlaps %.*s of the network's own VPC", (int)MIN(theirs.n, 64), theirs.p, (int)MIN(mine.n, 64),
        mine.p);
    return verdict(d, POLICY_CHECK_NETWORK, false);
}

static bool check_peers(const struct policy_facts *f, struct policy_decision *d)
{
    struct slice mine, theirs;
    for (size_t i = 0; i < f->peer_count; i++) {
        const struct policy_peer *p = &f->peers[i];
        if (!known(p->cidrs))
            say(d, "the CIDR blocks of %s, another live peering of the network, are not known", p->name);
        else if (overlap(f->cidrs, p->cidrs, &theirs, &mine))
            say(d, "%.*s overlaps %.*s of %s, another live peering of the network", (int)MIN(theirs.n, 64), theirs.p,
                (int)MIN(mine.n, 64), mine.p, p->name);
        else
            continue;
        return verdict(d, POLICY_CHECK_PEERS, false);
    }
    return verdict(d, POLICY_CHECK_PEERS, true);
}

// The first that fails holds; those after it were not asked.
static void accept_checked(const struct policy_facts *f, bool allow_shared, struct policy_decision *d)
{
    if (!check_managed(f, d) || !check_known(f, d) || !check_private(f, allow_shared, d) || !check_network(f, d) ||
        !check_peers(f, d))
        return;
    d->action = POLICY_ACCEPT;
    say(d, d->expected ? "the request was expected and every check passes" : "the rule matches and every check passes");
}

// ---- deciding ---------------------------------------------------------------------------------------------

static void name_rule(struct policy_decision *d, const char *prefix, const char *name)
{
    (void)snprintf(d->rule_name, sizeof(d->rule_name), "%s%s", prefix, name);
}

static void act(const struct policy_facts *f, struct policy_decision *d)
{
    switch (d->rule->action) {
    case POLICY_ACCEPT:
        accept_checked(f, d->rule->allow_shared, d);
        return;
    case POLICY_REJECT:
        if (!check_managed(f, d)) return;
        d->action = POLICY_REJECT;
        say(d, "the rule matches");
        return;
    case POLICY_HAND_OVER:
        if (f->handed_over) {
            say(d, "it was handed over once already");
            return;
        }
        d->action = POLICY_HAND_OVER;
        say(d, "the rule matches");
        return;
    default:
        say(d, "the rule leaves it to people");
    }
}

void policy_decide(const struct policy_facts *f, struct policy_decision *ret)
{
    struct policy_decision *d = ret;
    const char *why;
    enum policy_match m = POLICY_NO;
    *d = (struct policy_decision){.action = POLICY_HOLD};
    d->expected = find_expected(f, &m);
    if (d->expected) {
        name_rule(d, EXPECTED_RULE, d->expected->id);
        accept_checked(f, d->expected->allow_shared, d); // blocks that are not known fail a check
        return;
    }
    for (size_t i = 0; i < f->rule_count && m == POLICY_NO; i++) {
        m = policy_rule_match(&f->rules[i], f, &why);
        if (m != POLICY_NO) d->rule = &f->rules[i];
    }
    if (m == POLICY_NO) {
        say(d, "no rule matches");
        return;
    }
    name_rule(d, "", d->rule->name);
    if (m == POLICY_UNKNOWN)
        say(d, "the requester's CIDR blocks are not known yet, and the rule asks for them");
    else
        act(f, d);
}
