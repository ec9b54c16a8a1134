// SPDX-License-Identifier: Apache-2.0
// What tenants change beside their connections, each step one call that is acknowledged when it returns.
// Called by: run.c. Must never: change what the other steps rely on (roles of the caller, the policy of what they ask).
#include "run.h"

#include "core/approve.h"
#include "core/policy.h"
#include "core/webhook.h"

#define GROUP "/api/atlas/v2/groups/" FIX_GROUP
#define ORG   "/api/atlas/v2/orgs/" FIX_ORG
#define V2024 "application/vnd.atlas.2024-08-05+json"
#define LATER (FIX_NOW + 300 * 86400)

static const struct actor somebody = {PRINCIPAL_LOCAL, "cli", ""};

static void good(enum err code, const struct error *err)
{
    if (code != ERR_OK) fail_msg("%s: %s", err_name(code), err->detail);
}

// ---- over the API

static void call(struct run *r, const char *what, enum method m, const char *target, const char *body, int status)
{
    fix_advance(r->flow->fix, 61); // the bucket fills
    struct ack *a = run_begin(r, what, true);
    run_send(r, m, target, body ? ACCEPT : NULL, body ? body : "", false);
    expect(r->flow, status, NULL);
    run_acknowledged(r, a);
}

static void keep(struct run *r, const char *name, char *out, size_t room)
{
    char open[32];
    int n = snprintf(open, sizeof(open), "\"%s\":\"", name);
    struct slice body = r->flow->fix->rep.body;
    const char *at = memmem(body.p, body.n, open, (size_t)n);
    assert_non_null(at);
    struct slice rest = slice_skip(body, (size_t)(at - body.p) + (size_t)n), value;
    assert_true(slice_cut(&rest, '"', &value) && slice_copy(value, out, room));
}

static void settings(struct run *r)
{
    char body[96];
    (void)snprintf(body, sizeof(body), "{\"multiFactorAuthRequired\":%s}", r->n % 2 ? "true" : "false");
    call(r, "settings", METHOD_PATCH, ORG "/settings", body, 200);
}

static void project(struct run *r)
{
    char body[96];
    (void)snprintf(body, sizeof(body), "{\"name\":\"project-%zu\",\"orgId\":\"" FIX_ORG "\"}", r->n);
    call(r, "project", METHOD_POST, "/api/atlas/v2/groups", body, 201);
}

static void rename_org(struct run *r)
{
    char body[96];
    (void)snprintf(body, sizeof(body), "{\"name\":\"Acme-%zu\"}", r->n);
    call(r, "organization", METHOD_PATCH, ORG, body, 200);
}

static void key_made(struct run *r)
{
    call(r, "key made", METHOD_POST, GROUP "/apiKeys", "{\"desc\":\"a key\",\"roles\":[\"GROUP_READ_ONLY\"]}", 200);
    keep(r, "id", r->key_id, sizeof(r->key_id));
}

static void of_key(struct run *r, const char *what, enum method m, const char *end, const char *body, int status)
{
    char target[160];
    (void)snprintf(target, sizeof(target), ORG "/apiKeys/%s%s", r->key_id, end);
    call(r, what, m, target, body, status);
}

static void key_listed(struct run *r)
{
    of_key(r, "key's access list", METHOD_POST, "/accessList", "[{\"cidrBlock\":\"203.0.113.0/24\"}]", 200);
}

static void key_changed(struct run *r)
{
    of_key(r, "key changed", METHOD_PATCH, "", "{\"desc\":\"another\"}", 200);
}

static void key_deleted(struct run *r)
{
    of_key(r, "key deleted", METHOD_DELETE, "", NULL, 204);
}

static void account_made(struct run *r)
{
    struct new_account made;
    struct error err = {0};
    const struct grant grants[] = {{FIX_ORG, 1u << ROLE_ORG_MEMBER}};
    struct ack *a = run_begin(r, "account made", false);
    good(auth_account_create(r->flow->fix->auth, FIX_ORG, "machine", "of a run", grants, 1, 8760, &made, &err), &err);
    run_acknowledged(r, a);
    assert_true(cstr_set(r->client_id, sizeof(r->client_id), made.row.client_id));
    memcpy(r->secret_id, made.secret.id, sizeof(r->secret_id));
}

static struct cred_op operation(struct run *r)
{
    return (struct cred_op){.by = &somebody, .org_id = FIX_ORG, .arena = r->flow->fix->arena};
}

static void secret_made(struct run *r)
{
    struct new_secret made;
    struct error err = {0};
    struct cred_op op = operation(r);
    struct ack *a = run_begin(r, "secret made", false);
    good(cred_secret_create(r->flow->fix->auth, &op, r->client_id, 24, &made, &err), &err);
    assert_int_equal(op.result, CRED_DONE);
    run_acknowledged(r, a);
}

static void secret_deleted(struct run *r)
{
    struct error err = {0};
    struct cred_op op = operation(r);
    struct ack *a = run_begin(r, "secret deleted", false);
    good(cred_secret_delete(r->flow->fix->auth, &op, r->client_id, r->secret_id, &err), &err);
    assert_int_equal(op.result, CRED_DONE);
    run_acknowledged(r, a);
}

static void account_deleted(struct run *r)
{
    struct error err = {0};
    struct cred_op op = operation(r);
    struct ack *a = run_begin(r, "account deleted", false);
    good(cred_remove(r->flow->fix->auth, &op, PRINCIPAL_SERVICE_ACCOUNT, r->client_id, &err), &err);
    assert_int_equal(op.result, CRED_DONE);
    run_acknowledged(r, a);
}

// ---- policies: of accounts that never ask

static void policy(struct run *r)
{
    struct error err = {0};
    bool changed = false;
    struct policy_rule rule = {.action = POLICY_ACCEPT, .accounts = SLICE("999988887777")};
    (void)snprintf(rule.name, sizeof(rule.name), "rule-%zu", r->n);
    struct ack *a = run_begin(r, "policy", false);
    good(core_policy_set(r->flow->core, &somebody, FIX_GROUP, &rule, 1, -1, &changed, &err), &err);
    assert_true(changed);
    run_acknowledged(r, a);
}

static void policy_switched(struct run *r)
{
    struct error err = {0};
    struct ack *a = run_begin(r, "policy switched", false);
    good(core_policy_enable(r->flow->core, &somebody, FIX_GROUP, r->tenant % 2 == 0, &err), &err);
    run_acknowledged(r, a);
}

static void expected(struct run *r)
{
    struct error err = {0};
    struct expected row;
    const struct expected_new new = {.group_id = FIX_GROUP,
                                     .account = SLICE("999988887777"),
                                     .owner = SLICE("team"),
                                     .valid_until = wall_from_sec(LATER)};
    struct ack *a = run_begin(r, "expected", false);
    good(core_expected_add(r->flow->core, &somebody, &new, &row, &err), &err);
    run_acknowledged(r, a);
    memcpy(r->expected_id, row.id, sizeof(r->expected_id));
}

static void expected_no_more(struct run *r)
{
    struct error err = {0};
    struct ack *a = run_begin(r, "expected no more", false);
    good(core_expected_remove(r->flow->core, &somebody, FIX_GROUP, r->expected_id, &err), &err);
    run_acknowledged(r, a);
}

static void approvals(struct run *r)
{
    struct error err = {0};
    const struct approval_rule rule = {.accepts = 1, .deletes = r->n % 2 ? 2 : 3};
    struct ack *a = run_begin(r, "approvals", false);
    good(core_approvals_set(r->flow->core, &somebody, FIX_GROUP, &rule, &err), &err);
    run_acknowledged(r, a);
}

// ---- webhooks: from then on events make messages

static void hook(struct run *r)
{
    struct error err = {0};
    struct webhook w = {.notices = NOTICE_ALL, .enabled = true, .url = "https://hook.example/", .org_id = FIX_ORG};
    w.secrets[0] = (struct webhook_secret){.key_id = "0011223344556677"};
    w.secret_count = 1;
    (void)snprintf(w.id, sizeof(w.id), "%024zx", r->n + 4096);
    struct ack *a = run_begin(r, "webhook", false);
    good(core_webhook_add(r->flow->core, &somebody, &w, &err), &err);
    run_acknowledged(r, a);
    memcpy(r->hook_id, w.id, sizeof(r->hook_id));
}

static void hook_tested(struct run *r)
{
    struct error err = {0};
    struct ack *a = run_begin(r, "webhook tested", false);
    good(core_webhook_test(r->flow->core, &somebody, r->hook_id, &err), &err);
    run_acknowledged(r, a);
}

static void hook_delivered(struct run *r)
{
    struct error err = {0};
    struct fix *x = r->flow->fix;
    struct delivery d;
    good(store_outbox_first(x->reader, r->hook_id, x->arena, &d, &err), &err);
    d.state = DELIVERY_DONE;
    d.attempts++;
    d.status = 200;
    d.last_attempt = d.finished = clock_wall(&x->clock);
    const struct delivery_outcome o = {.row = &d};
    struct ack *a = run_begin(r, "delivered", false);
    good(core_delivery_outcome(r->flow->core, &o, &err), &err);
    run_acknowledged(r, a);
}

static void hook_rotated(struct run *r)
{
    struct error err = {0};
    const struct webhook_secret s = {.key_id = "0011223344556677"};
    struct ack *a = run_begin(r, "webhook's secret", false);
    good(core_webhook_rotate(r->flow->core, &somebody, r->hook_id, &s, wall_from_sec(LATER), &err), &err);
    run_acknowledged(r, a);
}

static void hook_off(struct run *r)
{
    struct error err = {0};
    struct ack *a = run_begin(r, "webhook off", false);
    good(core_webhook_enable(r->flow->core, &somebody, r->hook_id, false, SLICE("tired"), &err), &err);
    run_acknowledged(r, a);
}

static void hook_removed(struct run *r)
{
    struct error err = {0};
    struct ack *a = run_begin(r, "webhook removed", false);
    good(core_webhook_remove(r->flow->core, &somebody, r->hook_id, &err), &err);
    run_acknowledged(r, a);
}

bool run_tenant(struct run *r)
{
    static void (*const steps[])(struct run * r) = {
        hook,         key_made,        policy,           hook_tested,    settings,    account_made,
        key_listed,   expected,        policy_switched,  hook_delivered, secret_made, key_changed,
        hook_rotated, project,         expected_no_more, secret_deleted, approvals,   key_deleted,
        hook_off,     policy_switched, account_deleted,  hook_removed,   rename_org};
    steps[r->tenant % ARRAY_LEN(steps)](r);
    r->tenant++;
    return true;
}
