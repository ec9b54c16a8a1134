// SPDX-License-Identifier: Apache-2.0
// Behaviour of the reader of declarative files: the tree, values in one spelling, everything that is refused and where.
// Called by: meson test. Must never: depend on the planner.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "declare/declare.h"

#define ID "6b057f56fec97671e5000032"

static struct decl_item *read_one(struct arena *a, const char *text)
{
    struct decl_item *root = NULL;
    struct error e = {.code = ERR_OK};
    if (decl_read(a, slice_of(text), &root, &e) != ERR_OK) fail_msg("%s\n%s", e.detail, text);
    return root;
}

static void refused(const char *text, const char *where)
{
    struct arena *a = arena_new(64 << 20);
    struct decl_item *root = NULL;
    struct error e = {.code = ERR_OK};
    assert_int_equal(decl_read(a, slice_of(text), &root, &e), ERR_INVALID);
    assert_null(root);
    if (!strstr(e.detail, where)) fail_msg("\"%s\" does not say \"%s\"\n%s", e.detail, where, text);
    arena_free(a);
}

static void value_is(const struct decl_item *i, const char *attr, const char *want)
{
    struct slice v = decl_value(i, attr);
    if (!slice_eq_cstr(v, want)) fail_msg("%s is %.*s, not %s", attr, SLICE_FMT(v), want);
}

static void a_file_becomes_items(void **state)
{
    struct arena *a = arena_new(64 << 20);
    const struct decl_item *root = read_one(a, "orgs:\n"
                                               "- name: no\n"
                                               "  settings: {apiAccessListRequired: true, securityContact: ''}\n"
                                               "  projects:\n"
                                               "  - id: " ID "\n"
                                               "    name: kafka\n"
                                               "    tags: {z: 1, a: \"b\\n\"}\n"
                                               "    networks:\n"
                                               "    - {accountId: 012345678901, region: eu-west-1, vpcId: vpc-1}\n"
                                               "    expectedRequests:\n"
                                               "    - requesterAccountId: '1'\n"
                                               "      owner: true\n"
                                               "      validUntil: 2026-12-31T01:00:00+01:00\n"
                                               "      cidrBlocks: [10.1.0.0/16, 10.0.0.0/16]\n"
                                               "    policy:\n"
                                               "      enabled: false\n"
                                               "      approvals: {deletes: 2}\n"
                                               "      rules:\n"
                                               "      - {name: r, action: accept, accounts: ['*']}\n"
                                               "      - {name: s, action: hold, vpcs: [b, a]}\n"
                                               "  - {name: old, delete: true}\n");
    const struct decl_item *org = root->first, *settings = org->first, *kafka = settings->next, *old = kafka->next;
    value_is(org, "name", "\"no\"");
    value_is(settings, "apiAccessListRequired", "true");
    value_is(settings, "securityContact", "\"\"");
    assert_null(decl_value(settings, "operationsContact").p);
    assert_true(slice_eq_cstr(kafka->id, ID));
    value_is(kafka, "tags", "{\"a\":\"b\\n\",\"z\":\"1\"}");
    const struct decl_item *network = kafka->first, *expected = network->next, *policy = expected->next;
    value_is(network, "accountId", "\"012345678901\"");
    assert_int_equal(network->line, 9);
    value_is(expected, "owner", "\"true\"");
    value_is(expected, "validUntil", "\"2026-12-31T00:00:00Z\"");
    value_is(expected, "cidrBlocks", "[\"10.0.0.0/16\",\"10.1.0.0/16\"]");
    value_is(policy, "enabled", "false");
    value_is(policy, "approvals.deletes", "2");
    assert_null(decl_value(policy, "approvals.accepts").p);
    value_is(policy->rules, "action", "\"accept\"");
    value_is(policy->rules->next, "vpcs", "[\"a\",\"b\"]");
    assert_null(policy->rules->next->next);
    assert_null(policy->first);
    assert_true(old->remove);
    assert_string_equal(decl_label(a, network), "no/kafka/vpc-1");
    assert_string_equal(decl_label(a, policy), "no/kafka");
    arena_free(a);
}

#define ORG     "orgs:\n- name: a\n"
#define PROJECT ORG "  projects:\n  - name: b\n"

static void wrong_files_are_refused_with_their_place(void **state)
{
    refused("- a\n", "line 1, column 1: file: give a map");
    refused("org: []\n", "line 1, column 1: there is no key \"org\" here; there are: orgs");
    refused("orgs: {}\n", "line 1, column 7: \"orgs\" must be a list");
    refused("orgs:\n- x\n", "line 2, column 3: organisation: give a map");
    refused("orgs:\n- {}\n", "this organisation needs \"name\", or an \"id\"");
    refused("orgs:\n- name: ~\n", "line 2, column 9: \"name\": there is no value");
    refused("orgs:\n- name:\n", "there is no value");
    refused("orgs:\n- name: [a]\n", "give one text");
    refused(ORG "  nam: b\n",
            "line 3, column 3: there is no key \"nam\" here; there are: settings, projects, webhooks, name");
    refused(ORG "  id: 12\n", "line 3, column 7: \"id\" must be 24");
    refused(ORG "  delete: yes\n", "\"delete\" can only be true");
    refused(ORG "  delete: \"true\"\n", "\"delete\" can only be true");
    refused(ORG "  settings: []\n", "settings of organisation: give a map");
    refused(ORG "  settings: {delete: true}\n", "there is no key \"delete\"");
    refused(ORG "  settings: {id: " ID "}\n", "there is no key \"id\"");
    refused(ORG "  settings: {apiAccessListRequired: yes}\n", "give true or false, without quotes");
    refused(ORG "  settings: {apiAccessListRequired: \"true\"}\n", "give true or false");
    refused(ORG "  settings: {maxServiceAccountSecretValidityInHours: 010}\n", "give a number");
    refused(ORG "  settings: {maxServiceAccountSecretValidityInHours: 0x10}\n", "give a number");
    refused(ORG "  settings: {maxServiceAccountSecretValidityInHours: -1}\n", "give a number");
    refused(ORG "  settings: {maxServiceAccountSecretValidityInHours: '8'}\n", "give a number");
    refused(PROJECT "    tags: [a]\n", "give a map of texts");
    refused(PROJECT "    networks:\n    - {accountId: 1, region: r}\n",
            "line 6, column 7: this network needs \"vpcId\"");
    refused(PROJECT "    networks:\n    - {accountId: 1, region: r, vpcId: v, default: false}\n",
            "say true of the one");
    refused(PROJECT "    policy: {rules: {}}\n", "\"rules\" must be a list");
    refused(PROJECT "    policy: {rules: [{name: r}]}\n", "this rule needs \"action\"");
    refused(PROJECT "    policy: {rules: [{name: r, action: hold, id: " ID "}]}\n", "there is no key \"id\"");
    refused(PROJECT "    policy: {rules: [{name: r, action: hold, delete: true}]}\n", "there is no key \"delete\"");
    refused(PROJECT "    policy: {rules: [{name: r, action: hold, accounts: [a, a]}]}\n", "\"a\" is there twice");
    refused(PROJECT "    policy: {approvals: 2}\n", "\"approvals\" must be a map");
    refused(PROJECT "    policy: {approvals: {accept: 2}}\n", "there is no key \"accept\" in \"approvals\"");
    refused(PROJECT "    policy: {approvals.accepts: 2}\n", "there is no key \"approvals.accepts\"");
    refused(PROJECT "    expectedRequests: [{requesterAccountId: 1, owner: o, validUntil: soon}]\n", "give a time");
    refused(PROJECT "    expectedRequests: [{requesterAccountId: 1, owner: o, validUntil: 2026-02-30}]\n",
            "give a time");
    refused(PROJECT "    delete: true\n    tags: {}\n", "is to be deleted: \"tags\" says nothing");
    refused(PROJECT "    delete: true\n    networks: [{accountId: 1, region: r, vpcId: v}]\n",
            "say \"delete: true\" of this network");
    refused(PROJECT "    delete: true\n    settings: {}\n", "say \"delete: true\" of this settings");
    refused(ORG "  webhooks: [{url: u, secret: s}]\n", "there is no key \"secret\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_becomes_items),
        cmocka_unit_test(wrong_files_are_refused_with_their_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
