// SPDX-License-Identifier: Apache-2.0
// Behaviour of the planner: what it makes, changes and deletes and in which order, what it refuses, and with random
// files against a random world that answers the requests: a second plan is empty, nothing unnamed is touched, and what
// an export says is what is. Called by: meson test. Must never: use chance that a seed does not give again.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "declare/declare.h"

#define NOW    "2026-11-24T12:00:00Z"
#define ORG_1  "6b057f56fec97671e5000001"
#define KAFKA  "6b057f56fec97671e5000002"
#define SPARK  "6b057f56fec97671e5000003"
#define NET_1  "6b057f56fec97671e5000004"
#define NOBODY "6b057f56fec97671e5ffffff"

// ---- a world ----------------------------------------------------------------------------------------------

struct world {
    struct arena *arena;
    struct decl_item *root;
    unsigned next_id;
};

static const struct decl_under *under(enum decl_kind parent, enum decl_kind child)
{
    unsigned n;
    const struct decl_under *u = decl_unders(parent, &n);
    for (unsigned i = 0; i < n; i++)
        if (u[i].child == child) return &u[i];
    fail();
    return NULL;
}

static struct json_doc *json(struct slice text)
{
    struct json_doc *doc;
    struct error e = {.code = ERR_OK};
    if (json_read(text, 1 << 20, &doc, &e) != ERR_OK) fail_msg("%s: %.*s", e.detail, SLICE_FMT(text));
    return doc;
}

// What the API would show of it, made of a body.
static struct decl_item *add(struct world *w, struct decl_item *parent, enum decl_kind kind, const char *text)
{
    struct error e = {.code = ERR_OK};
    struct decl_item *i = decl_item_new(w->arena, under(parent->kind, kind), parent);
    assert_non_null(i);
    struct json_doc *doc = json(slice_of(text));
    if (decl_observe(w->arena, i, json_root(doc), &e) != ERR_OK) fail_msg("%s", e.detail);
    json_doc_free(doc);
    i->looked = UINT32_MAX;
    if (kind == DECL_ORG) (void)add(w, i, DECL_ORG_SETTINGS, "{}");
    if (kind == DECL_PROJECT) (void)add(w, i, DECL_PROJECT_SETTINGS, "{}");
    if (kind == DECL_PROJECT) (void)add(w, i, DECL_POLICY, "{}");
    return i;
}

static void world_begin(struct world *w)
{
    *w = (struct world){.arena = arena_new((size_t)512 << 20), .next_id = 0x100000};
    assert_non_null(w->arena);
    w->root = decl_item_new(w->arena, NULL, NULL);
    w->root->looked = UINT32_MAX;
}

static void forget_matches(struct decl_item *i)
{
    i->match = NULL;
    for (struct decl_item *c = i->first; c; c = c->next) forget_matches(c);
}

static void unlink_item(struct decl_item *gone)
{
    struct decl_item **at = &gone->parent->first, *before = NULL;
    while (*at != gone) before = *at, at = &(*at)->next;
    *at = gone->next;
    if (gone->parent->last == gone) gone->parent->last = before;
}

static struct decl_item *find(struct decl_item *i, struct slice id)
{
    struct decl_item *found = slice_eq(i->id, id) && id.n ? i : NULL;
    for (struct decl_item *c = i->first; c && !found; c = c->next) found = find(c, id);
    return found;
}

static struct decl_item *one_of(struct decl_item *parent, enum decl_kind kind)
{
    struct decl_item *c = parent->first;
    while (c && c->kind != kind) c = c->next;
    assert_non_null(c);
    return c;
}

// The members that a PATCH or PUT has, and no others.
static void change(struct world *w, struct decl_item *i, struct slice body)
{
    struct decl_item *sent = decl_item_new(w->arena, NULL, NULL);
    struct error e = {.code = ERR_OK};
    unsigned n;
    const struct decl_attr *t = decl_attrs(i->kind, &n);
    sent->kind = i->kind;
    struct json_doc *doc = json(body);
    assert_int_equal(decl_observe(w->arena, sent, json_root(doc), &e), ERR_OK);
    for (unsigned k = 0; k < n; k++) {
        struct slice name = slice_of(t[k].name), head;
        bool deeper = slice_cut(&name, '.', &head);
        const char *outer = arena_strndup(w->arena, head.p, head.n);
        const struct json_value *v = json_get(json_root(doc), outer);
        if (deeper) v = json_get(v, arena_strndup(w->arena, name.p, name.n));
        if (v) i->v[k] = sent->v[k];
        if (v && t[k].type == DECL_RULES) i->rules = sent->rules, i->version++;
    }
    json_doc_free(doc);
}

// The path's parts after /api/…/vN/; ids are 24 digits.
static void answer(struct world *w, const struct decl_request *q, struct slice *ret_id)
{
    char path[256];
    struct slice rest = slice_of(q->target), part, parts[6];
    unsigned n = 0;
    assert_true(slice_cut(&rest, '?', &part) || true);
    if (rest.n) assert_true(slice_starts(rest, SLICE("ifVersion=")));
    assert_true(slice_copy(part, path, sizeof path));
    rest = slice_skip(slice_of(path), 1);
    while (rest.n && n < 6) {
        (void)slice_cut(&rest, '/', &part);
        parts[n++] = part;
    }
    // api atlas v2 orgs|groups [id [list [id]]]
    struct decl_item *at = n > 4 ? find(w->root, parts[4]) : w->root;
    if (n > 4) assert_non_null(at);
    if (strcmp(q->method, "POST") == 0) {
        const char *id = arena_fmt(w->arena, "6b057f56fec97671e5%06x", w->next_id++);
        const char *body = arena_fmt(w->arena, "{\"id\":\"%s\",%.*s", id, SLICE_FMT(slice_skip(q->body, 1)));
        struct json_doc *doc = json(q->body);
        enum decl_kind kind = DECL_ORG;
        if (n > 5)
            kind = slice_eq_cstr(parts[5], "networks")   ? DECL_NETWORK
                   : slice_eq_cstr(parts[5], "webhooks") ? DECL_WEBHOOK
                                                         : DECL_EXPECTED;
        struct slice group = json_string(json_get(json_root(doc), "groupId"));
        struct slice org = json_string(json_get(json_root(doc), "orgId"));
        if (n == 4 && slice_eq_cstr(parts[3], "groups")) kind = DECL_PROJECT, at = find(w->root, org);
        if (group.n) at = find(w->root, group);
        assert_non_null(at);
        (void)add(w, at, kind, body);
        json_doc_free(doc);
        *ret_id = slice_of(id);
        return;
    }
    // The third part of a path of six may be a singleton; what is listed has an id after it, cut into the fifth rest.
    const char *last = strrchr(path, '/') + 1;
    struct decl_item *target = find(w->root, slice_of(last));
    if (strcmp(last, "settings") == 0)
        target = one_of(at, at->kind == DECL_ORG ? DECL_ORG_SETTINGS : DECL_PROJECT_SETTINGS);
    if (strcmp(last, "policy") == 0) target = one_of(at, DECL_POLICY);
    assert_non_null(target);
    if (strcmp(q->method, "DELETE") == 0)
        unlink_item(target);
    else
        change(w, target, q->body);
}

static struct decl_item *read_file(struct world *w, const char *text)
{
    struct decl_item *root = NULL;
    struct error e = {.code = ERR_OK};
    if (decl_read(w->arena, slice_of(text), &root, &e) != ERR_OK) fail_msg("%s\n%s", e.detail, text);
    return root;
}

static enum err plan_of(struct world *w, const char *text, struct decl_plan *ret, struct error *err)
{
    struct decl_plan_options o = {.may_make_orgs = true};
    assert_true(wall_parse_rfc3339(SLICE(NOW), &o.now));
    forget_matches(w->root);
    return decl_plan(w->arena, read_file(w, text), w->root, &o, ret, err);
}

static const char *shown(struct world *w, const struct decl_plan *p)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    decl_show_text(&b, w->arena, p);
    const char *text = arena_strndup(w->arena, b.p, b.n);
    buf_done(&b);
    return text;
}

// As many steps as `most`, as after a kill; the number of requests.
static unsigned apply(struct world *w, const struct decl_plan *p, size_t most)
{
    unsigned all = 0;
    for (size_t i = 0; i < p->n && i < most; i++) {
        struct decl_request q[DECL_REQUESTS_MAX];
        struct error e = {.code = ERR_OK};
        unsigned n = 0;
        if (decl_requests(w->arena, &p->steps[i], q, &n, &e) != ERR_OK) fail_msg("%s", e.detail);
        for (unsigned k = 0; k < n; k++, all++) {
            struct slice id = {NULL, 0};
            answer(w, &q[k], &id);
            if (q[k].id_in) p->steps[i].want->id = id;
        }
    }
    return all;
}

static void planned(struct world *w, const char *file, const char *want)
{
    struct decl_plan p;
    struct error e = {.code = ERR_OK};
    if (plan_of(w, file, &p, &e) != ERR_OK) fail_msg("%s\n%s", e.detail, file);
    assert_string_equal(shown(w, &p), want);
}

static void applied(struct world *w, const char *file)
{
    struct decl_plan p;
    struct error e = {.code = ERR_OK};
    if (plan_of(w, file, &p, &e) != ERR_OK) fail_msg("%s\n%s", e.detail, file);
    (void)apply(w, &p, SIZE_MAX);
    planned(w, file, "nothing to do: all is as the file says\n");
}

static void refused(struct world *w, const char *file, enum err want, const char *what)
{
    struct decl_plan p;
    struct error e = {.code = ERR_OK};
    assert_int_equal(plan_of(w, file, &p, &e), want);
    if (!strstr(e.detail, what)) fail_msg("\"%s\" does not say \"%s\"", e.detail, what);
}

static void small_world(struct world *w)
{
    world_begin(w);
    struct decl_item *org = add(w, w->root, DECL_ORG, "{\"id\":\"" ORG_1 "\",\"name\":\"acme\"}");
    struct decl_item *kafka = add(w, org, DECL_PROJECT, "{\"id\":\"" KAFKA "\",\"name\":\"kafka\"}");
    (void)add(w, org, DECL_PROJECT, "{\"id\":\"" SPARK "\",\"name\":\"spark\"}");
    (void)add(w, kafka, DECL_NETWORK,
              "{\"id\":\"" NET_1 "\",\"accountId\":\"1\",\"region\":\"r\",\"vpcId\":\"vpc-1\",\"mode\":\"observe\"}");
}

#define IN_ACME  "orgs:\n- name: acme\n  projects:\n"
#define IN_KAFKA IN_ACME "  - name: kafka\n"

// ---- cases ------------------------------------------------------------------------------------------------

static void a_team_is_made_from_nothing(void **state)
{
    struct world w;
    world_begin(&w);
    const char *file =
        "orgs:\n- name: acme\n  settings: {apiAccessListRequired: true, genAIFeaturesEnabled: true}\n"
        "  projects:\n  - name: kafka\n    tags: {t: x}\n"
        "    policy: {enabled: true, rules: [{name: r, action: hand-over, accounts: ['*'], project: b}]}\n"
        "    networks: [{accountId: 1, region: r, vpcId: vpc-1, mode: manage}]\n"
        "    webhooks: [{url: 'https://x'}]\n"
        "  - name: b\n";
    planned(&w, file,
            "+ organisation acme\n    name: \"acme\"\n"
            "~ settings of organisation acme\n    apiAccessListRequired: true\n"
            "+ project acme/kafka\n    name: \"kafka\"\n    tags: {\"t\":\"x\"}\n"
            "+ project acme/b\n    name: \"b\"\n"
            "+ network acme/kafka/vpc-1\n    accountId: \"1\"\n    region: \"r\"\n    vpcId: \"vpc-1\"\n"
            "    mode: \"manage\"\n"
            "+ webhook acme/kafka/https://x\n    url: \"https://x\"\n"
            "~ policy of project acme/kafka\n    enabled: true\n    rules\n"
            "        + {\"accounts\":[\"*\"],\"action\":\"hand-over\",\"name\":\"r\",\"project\":{\"new\":\"b\"}}\n"
            "5 to create, 2 to change, 0 to delete\n");
    applied(&w, file);
    arena_free(w.arena);
}

static void only_what_differs_is_changed_with_its_old_value(void **state)
{
    struct world w;
    small_world(&w);
    planned(&w, IN_KAFKA "    networks: [{accountId: 1, region: r, vpcId: vpc-1, mode: manage, dns: false}]\n",
            "~ network acme/kafka/vpc-1 (" NET_1 ")\n    mode: \"observe\" -> \"manage\"\n"
            "0 to create, 1 to change, 0 to delete\n");
    planned(&w, "orgs: []\n", "nothing to do: all is as the file says\n");
    planned(&w, "orgs:\n- name: acme\n  projects: []\n", "nothing to do: all is as the file says\n");
    planned(&w, IN_KAFKA "    networks: []\n    policy: {rules: []}\n", "nothing to do: all is as the file says\n");
    arena_free(w.arena);
}

static void a_rename_needs_the_id(void **state)
{
    struct world w;
    small_world(&w);
    planned(&w, IN_ACME "  - {id: " KAFKA ", name: streams}\n",
            "~ project acme/kafka (" KAFKA ")\n    name: \"kafka\" -> \"streams\"\n"
            "0 to create, 1 to change, 0 to delete\n");
    planned(&w, IN_ACME "  - name: streams\n",
            "+ project acme/streams\n    name: \"streams\"\n1 to create, 0 to change, 0 to delete\n");
    refused(&w, IN_ACME "  - {id: " KAFKA ", name: spark}\n", ERR_CONFLICT, "project " SPARK " has this name now");
    refused(&w, IN_ACME "  - {id: " KAFKA ", name: spark}\n  - {id: " SPARK ", name: kafka}\n", ERR_CONFLICT,
            "rename that one first");
    refused(&w, IN_ACME "  - {id: " KAFKA ", name: x}\n  - name: kafka\n", ERR_INVALID,
            "the same project as in line 4");
    applied(&w, IN_ACME "  - {id: " SPARK ", delete: true}\n  - {id: " KAFKA ", name: spark}\n");
    arena_free(w.arena);
}

static void what_is_meant_must_be_clear(void **state)
{
    struct world w;
    small_world(&w);
    struct decl_item *org = w.root->first, *kafka = find(w.root, SLICE(KAFKA));
    (void)add(&w, org, DECL_WEBHOOK, "{\"id\":\"" NOBODY "\",\"url\":\"https://x\"}");
    (void)add(&w, org, DECL_WEBHOOK, "{\"id\":\"6b057f56fec97671e5fffffe\",\"url\":\"https://x\"}");
    refused(&w, "orgs:\n- name: acme\n  webhooks: [{url: 'https://x', enabled: true}]\n", ERR_CONFLICT,
            "name one by its id");
    refused(&w, IN_ACME "  - {id: " NOBODY "}\n", ERR_INVALID, "there is no project with id " NOBODY " there");
    refused(&w, "orgs:\n- {id: " NOBODY ", name: x}\n", ERR_INVALID, "there is no organisation with id");
    refused(&w, "orgs:\n- name: new\n  projects: [{id: " KAFKA "}]\n", ERR_INVALID, "there is no project with id");
    refused(&w, IN_ACME "  - name: x\n  - name: x\n", ERR_INVALID, "the same project as in line 4");
    refused(&w, IN_ACME "  - name: kafka\n  - {id: " KAFKA "}\n", ERR_INVALID, "the same project as in line 4");
    refused(&w, IN_KAFKA "    networks: [{id: " NET_1 ", vpcId: vpc-2}]\n", ERR_CONFLICT,
            "\"vpcId\" of a network cannot");
    refused(&w, IN_KAFKA "    policy: {rules: [{name: r, action: hand-over, project: none}]}\n", ERR_INVALID,
            "there is no project \"none\"");
    assert_non_null(kafka);
    struct decl_plan p;
    struct error e = {.code = ERR_OK};
    const struct decl_plan_options remote = {.may_make_orgs = false};
    forget_matches(w.root);
    assert_int_equal(decl_plan(w.arena, read_file(&w, "orgs: [{name: new}]"), w.root, &remote, &p, &e), ERR_INVALID);
    assert_non_null(strstr(e.detail, "you do not see this organisation"));
    arena_free(w.arena);
}

static void deletions_are_explicit_and_come_first(void **state)
{
    struct world w;
    small_world(&w);
    refused(&w, IN_ACME "  - {name: kafka, delete: true}\n", ERR_CONFLICT,
            "it has the network acme/kafka/vpc-1, which must be deleted first");
    refused(&w, "orgs: [{name: acme, delete: true}]\n", ERR_CONFLICT, "it has the project acme/kafka");
    const char *move = IN_ACME "  - {name: spark, networks: [{accountId: 1, region: r, vpcId: vpc-1}]}\n"
                               "  - {name: kafka, delete: true, networks: [{id: " NET_1 ", delete: true}]}\n";
    planned(&w, move,
            "- network acme/kafka/vpc-1 (" NET_1 ")\n- project acme/kafka (" KAFKA ")\n"
            "+ network acme/spark/vpc-1\n    accountId: \"1\"\n    region: \"r\"\n    vpcId: \"vpc-1\"\n"
            "1 to create, 0 to change, 2 to delete\n");
    applied(&w, move);
    assert_null(find(w.root, SLICE(NET_1)));
    planned(&w, "orgs: [{name: none, delete: true, projects: [{name: x, delete: true}]}]\n",
            "nothing to do: all is as the file says\n");
    arena_free(w.arena);
}

static void expected_requests_are_asked_for_once(void **state)
{
    struct world w;
    small_world(&w);
    const char *file = IN_KAFKA "    expectedRequests:\n"
                                "    - {requesterAccountId: 2, owner: o, validUntil: 2026-12-31, cidrBlocks: [b, a]}\n"
                                "    - {requesterAccountId: 3, owner: o, validUntil: 2026-11-24T12:00:00Z}\n";
    const char *note = "note: line 7: expected request acme/kafka/3 is past and left out\n";
    struct decl_plan p;
    struct error e = {.code = ERR_OK};
    assert_int_equal(plan_of(&w, file, &p, &e), ERR_OK);
    assert_int_equal(p.n, 1);
    assert_non_null(strstr(shown(&w, &p), note));
    (void)apply(&w, &p, 1);
    assert_int_equal(plan_of(&w, file, &p, &e), ERR_OK);
    assert_int_equal(p.n, 0); // used or open: it was asked for
    struct decl_item *kafka = find(w.root, SLICE(KAFKA));
    (void)add(&w, kafka, DECL_EXPECTED,
              "{\"id\":\"" NOBODY "\",\"requesterAccountId\":\"2\",\"owner\":\"o\",\"cidrBlocks\":[\"a\",\"b\"],"
              "\"validUntil\":\"2026-12-31T00:00:00Z\"}");
    assert_int_equal(plan_of(&w, file, &p, &e), ERR_OK);
    assert_int_equal(p.n, 0); // two that are alike are no conflict
    refused(&w, IN_KAFKA "    expectedRequests: [{requesterAccountId: 2, owner: o, validUntil: 2027-02-23}]\n",
            ERR_INVALID, "more than 90 days ahead");
    arena_free(w.arena);
}

static void a_policy_is_off_before_its_rules_change_and_on_after(void **state)
{
    struct world w;
    small_world(&w);
    struct decl_request q[DECL_REQUESTS_MAX];
    struct decl_plan p;
    struct error e = {.code = ERR_OK};
    unsigned n;
    const char *on = IN_KAFKA "    policy: {enabled: true, approvals: {accepts: 3, deletes: 2},\n"
                              "      rules: [{name: r, action: hold, accounts: ['1']}, {name: s, action: hand-over, "
                              "accounts: ['2'], project: spark}]}\n";
    assert_int_equal(plan_of(&w, on, &p, &e), ERR_OK);
    assert_int_equal(decl_requests(w.arena, &p.steps[0], q, &n, &e), ERR_OK);
    assert_int_equal(n, 2);
    assert_string_equal(q[0].method, "PUT");
    assert_string_equal(q[0].target, "/api/peerage/v1/groups/" KAFKA "/policy?ifVersion=0");
    assert_true(slice_ends(q[0].body, SLICE("\"project\":\"" SPARK "\"}]}")));
    assert_string_equal(q[1].method, "PATCH");
    assert_true(slice_eq_cstr(q[1].body, "{\"enabled\":true,\"approvals\":{\"accepts\":3,\"deletes\":2}}"));
    applied(&w, on);
    assert_int_equal(plan_of(&w, IN_KAFKA "    policy: {enabled: false, rules: []}\n", &p, &e), ERR_OK);
    assert_int_equal(decl_requests(w.arena, &p.steps[0], q, &n, &e), ERR_OK);
    assert_int_equal(n, 2);
    assert_string_equal(q[0].method, "PATCH");
    assert_string_equal(q[1].target, "/api/peerage/v1/groups/" KAFKA "/policy?ifVersion=1");
    // By the new name of what is renamed, and the rules stay as they are.
    planned(&w,
            IN_ACME "  - {id: " SPARK ", name: s2}\n  - name: kafka\n    policy: {rules: [{name: r, action: hold, "
                    "accounts: ['1']}, {name: s, action: hand-over, accounts: ['2'], project: s2}]}\n",
            "~ project acme/spark (" SPARK ")\n    name: \"spark\" -> \"s2\"\n0 to create, 1 to change, 0 to delete\n");
    planned(&w,
            IN_KAFKA "    policy: {rules: [{name: s, action: hand-over, accounts: ['2'], project: spark}, {name: r, "
                     "action: hold, accounts: ['1']}]}\n",
            "~ policy of project acme/kafka\n    rules\n      the same in another order\n"
            "          {\"accounts\":[\"2\"],\"action\":\"hand-over\",\"name\":\"s\",\"project\":\"" SPARK "\"}\n"
            "          {\"accounts\":[\"1\"],\"action\":\"hold\",\"name\":\"r\"}\n"
            "0 to create, 1 to change, 0 to delete\n");
    arena_free(w.arena);
}

static void what_cannot_be_said_of_a_new_thing_is_a_step_of_its_own(void **state)
{
    struct world w;
    small_world(&w);
    const char *off = IN_KAFKA "    webhooks: [{url: 'https://x', enabled: false, description: d}]\n";
    planned(&w, off,
            "+ webhook acme/kafka/https://x\n    url: \"https://x\"\n    description: \"d\"\n"
            "~ webhook acme/kafka/https://x\n    enabled: false\n1 to create, 1 to change, 0 to delete\n");
    planned(&w, IN_KAFKA "    webhooks: [{url: 'https://x', enabled: true}]\n",
            "+ webhook acme/kafka/https://x\n    url: \"https://x\"\n1 to create, 0 to change, 0 to delete\n");
    struct decl_plan p;
    struct error e = {.code = ERR_OK};
    assert_int_equal(plan_of(&w, off, &p, &e), ERR_OK);
    (void)apply(&w, &p, 1); // killed between the two
    planned(&w, off,
            "~ webhook acme/kafka/https://x (6b057f56fec97671e5100000)\n    enabled: true -> false\n"
            "0 to create, 1 to change, 0 to delete\n");
    applied(&w, off);
    arena_free(w.arena);
}

static void nothing_of_a_file_reaches_a_terminal_bare(void **state)
{
    struct world w;
    world_begin(&w);
    struct decl_plan p;
    struct error e = {.code = ERR_OK};
    assert_int_equal(plan_of(&w, "orgs: [{name: \"a\\e[31m\\n\\x9b\\L\"}]\n", &p, &e), ERR_OK);
    for (const char *s = shown(&w, &p); *s; s++) assert_true((*s >= 0x20 && *s < 0x7F) || *s == '\n');
    assert_non_null(strstr(shown(&w, &p), "\\u001B[31m\\n\\u009b\\u2028"));
    arena_free(w.arena);
}

// ---- chance -----------------------------------------------------------------------------------------------

static uint64_t roll_state;
static unsigned roll(unsigned below)
{
    roll_state ^= roll_state << 13;
    roll_state ^= roll_state >> 7;
    roll_state ^= roll_state << 17;
    return (unsigned)(roll_state % below);
}

static void put_network(struct buf *b, unsigned i, bool remove)
{
    buf_fmt(b, "    - {accountId: %u, region: r, vpcId: vpc-%u", i % 2, i);
    if (remove) {
        buf_str(b, ", delete: true}\n");
        return;
    }
    if (roll(2)) buf_fmt(b, ", mode: %s", roll(2) ? "manage" : "observe");
    if (roll(2)) buf_fmt(b, ", nameTag: \"%s\"", roll(2) ? "" : "\xe2\x80\xa8 {group}");
    if (roll(2)) buf_fmt(b, ", peeringLimit: %u", roll(3));
    buf_str(b, "}\n");
}

static void put_policy(struct buf *b)
{
    buf_str(b, "    policy:\n");
    if (roll(2)) buf_fmt(b, "      enabled: %s\n", roll(2) ? "true" : "false");
    if (roll(2)) buf_fmt(b, "      approvals: {accepts: %u}\n", 1 + roll(2));
    buf_str(b, "      rules: [");
    for (unsigned i = roll(4); i > 0; i--) buf_fmt(b, "{name: r%u, action: hold, accounts: ['%u']},", i, roll(3));
    buf_str(b, "]\n");
}

static void put_project(struct buf *b, unsigned i)
{
    bool remove = roll(6) == 0;
    unsigned networks = roll(4);
    buf_fmt(b, "  - name: p%u\n", i);
    if (remove) buf_str(b, "    delete: true\n");
    if (remove || networks) buf_str(b, "    networks:\n");
    for (unsigned n = 0; n < 4; n++)
        if (remove || n < networks) put_network(b, n, remove || roll(5) == 0);
    if (remove) return;
    if (roll(2)) buf_fmt(b, "    tags: {%s}\n", roll(2) ? "a: b, c: \"d\\\"\"" : "");
    if (roll(2)) buf_fmt(b, "    settings: {isDataExplorerEnabled: %s}\n", roll(2) ? "true" : "false");
    if (roll(2)) put_policy(b);
    if (roll(2)) buf_fmt(b, "    webhooks: [{url: 'https://%u', enabled: %s}]\n", roll(2), roll(2) ? "true" : "false");
    if (roll(2))
        buf_fmt(b, "    expectedRequests: [{requesterAccountId: %u, owner: o, validUntil: 2026-12-0%u}]\n", roll(2),
                1 + roll(2));
}

static void random_file(struct buf *b)
{
    buf_clear(b);
    buf_str(b, "orgs:\n");
    for (unsigned o = 0; o < 2; o++) {
        buf_fmt(b, "- name: o%u\n", o);
        if (roll(2)) buf_fmt(b, "  settings: {operationsContact: '%s'}\n", roll(2) ? "a@b" : "");
        buf_str(b, "  projects:\n");
        for (unsigned p = 0; p < 3; p++)
            if (roll(4)) put_project(b, p);
        buf_str(b, "  - name: always\n");
    }
    buf_char(b, '\0');
}

static size_t count(const struct decl_item *i)
{
    size_t n = 1;
    for (const struct decl_item *c = i->first; c; c = c->next) n += count(c);
    return n;
}

static void check_export(struct world *w)
{
    struct decl_plan p;
    struct error e = {.code = ERR_OK};
    struct buf b;
    buf_init(&b, 1 << 20);
    decl_write(&b, w->arena, w->root);
    buf_char(&b, '\0');
    if (plan_of(w, b.p, &p, &e) != ERR_OK) fail_msg("%s\n%s", e.detail, b.p);
    if (p.n) fail_msg("%s\n%s", shown(w, &p), b.p);
    buf_done(&b);
}

static void after_apply_the_plan_is_empty(void **state)
{
    struct buf file;
    buf_init(&file, 1 << 20);
    for (uint64_t seed = 1; seed <= 150; seed++) {
        struct world w;
        roll_state = seed * 0x9E3779B97F4A7C15u;
        world_begin(&w);
        for (unsigned round = 0; round < 4; round++) {
            struct decl_plan p;
            struct error e = {.code = ERR_OK};
            random_file(&file);
            if (plan_of(&w, file.p, &p, &e) != ERR_OK) fail_msg("seed %u: %s\n%s", (unsigned)seed, e.detail, file.p);
            size_t before = count(w.root), deletions = 0;
            for (size_t i = 0; i < p.n; i++) {
                if (p.steps[i].op != DECL_DELETE) continue;
                assert_true(p.steps[i].want->remove);
                deletions++;
            }
            if (roll(2)) { // a kill in the middle: what is left is planned anew
                (void)apply(&w, &p, roll((unsigned)p.n + 1));
                assert_int_equal(plan_of(&w, file.p, &p, &e), ERR_OK);
                before = count(w.root), deletions = 0;
                for (size_t i = 0; i < p.n; i++) deletions += p.steps[i].op == DECL_DELETE;
            }
            (void)apply(&w, &p, SIZE_MAX);
            if (deletions == 0) assert_true(count(w.root) >= before);
            assert_int_equal(plan_of(&w, file.p, &p, &e), ERR_OK);
            if (p.n) fail_msg("seed %u:\n%s\n%s", (unsigned)seed, shown(&w, &p), file.p);
            check_export(&w);
        }
        arena_free(w.arena);
    }
    buf_done(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_team_is_made_from_nothing),
        cmocka_unit_test(only_what_differs_is_changed_with_its_old_value),
        cmocka_unit_test(a_rename_needs_the_id),
        cmocka_unit_test(what_is_meant_must_be_clear),
        cmocka_unit_test(deletions_are_explicit_and_come_first),
        cmocka_unit_test(expected_requests_are_asked_for_once),
        cmocka_unit_test(a_policy_is_off_before_its_rules_change_and_on_after),
        cmocka_unit_test(what_cannot_be_said_of_a_new_thing_is_a_step_of_its_own),
        cmocka_unit_test(nothing_of_a_file_reaches_a_terminal_bare),
        cmocka_unit_test(after_apply_the_plan_is_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
