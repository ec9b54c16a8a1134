// SPDX-License-Identifier: Apache-2.0
// A policy's text: what is read passes its own checks, and is read again as the same when it is written; and what it
// decides is one decision. Called by: fuzz/driver.c or libFuzzer. Must never: take in what it would not write.
#include "core/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ARENA_MAX ((size_t)16 << 20)

static void write_all(struct buf *out, const struct policy_rule *rules, size_t n)
{
    struct json_writer w;
    json_begin(&w, out, false);
    json_obj(&w);
    json_key(&w, "rules");
    json_arr(&w);
    for (size_t i = 0; i < n; i++) policy_rule_write(&w, &rules[i]);
    json_arr_end(&w);
    json_obj_end(&w);
}

static void decide(const struct policy_rule *rules, size_t n)
{
    static const char *const blocks[] = {"", "10.20.0.0/16", "10.20.0.0/16 2001:db8::/56", "0.0.0.0/0"};
    for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
        const struct policy_facts f = {.rules = rules,
                                       .rule_count = n,
                                       .account = SLICE("222222222222"),
                                       .vpc = SLICE("vpc-00000001"),
                                       .cidrs = slice_of(blocks[i]),
                                       .mode = NETWORK_MANAGE,
                                       .network_cidrs = SLICE("10.0.0.0/16")};
        struct policy_decision d;
        policy_decide(&f, &d);
        ASSERT(d.reason[0]);
        ASSERT(d.action == POLICY_HOLD || (d.rule && d.rule->action == d.action));
        ASSERT(d.action != POLICY_ACCEPT || i == 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(ARENA_MAX);
    struct policy_rule *rules, *again;
    size_t n, m;
    struct error err;
    struct buf one, two;
    ASSERT(a != NULL);
    buf_init(&one, 8 * POLICY_TEXT_MAX);
    buf_init(&two, 8 * POLICY_TEXT_MAX);
    if (policy_text_read(slice_n((const char *)data, size), a, &rules, &n, &err) == ERR_OK) {
        ASSERT(n <= POLICY_RULES_MAX && policy_rules_check(rules, n, &err) == ERR_OK);
        decide(rules, n);
        write_all(&one, rules, n);
        if (policy_text_read(buf_view(&one), a, &again, &m, &err) == ERR_OK) {
            write_all(&two, again, m);
            ASSERT(slice_eq(buf_view(&one), buf_view(&two)));
        } else {
            ASSERT(one.n > POLICY_TEXT_MAX); // the same with more quotes
        }
    }
    buf_done(&one);
    buf_done(&two);
    arena_free(a);
    return 0;
}
