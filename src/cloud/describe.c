// SPDX-License-Identifier: Apache-2.0
// What EC2 says of peerings and VPCs: paged, deduplicated, checked on our side. Source: EC2 API reference,
// DescribeVpcPeeringConnections and DescribeVpcs. Called by: reconcile and cli through cloud.h.
// Must never: trust a server-side filter, answer a part as if it were the whole, or follow a paging loop without end.
#include <stdio.h>

#include "base/map.h"
#include "base/mem.h"
#include "cloud/internal.h"

#define PARAMS_MAX  8192
#define TREE_FACTOR 6 // a tree takes this many times its text at most, for replies of many small elements
#define RESULTS_MAX 100000

struct scratch {
    struct arena *a;
    struct buf params;
};

static enum cloud_class scratch_new(struct cloud *c, struct scratch *s, struct cloud_failure *f)
{
    s->a = arena_new((size_t)1024 * 1024 + c->opt.max_reply * (TREE_FACTOR + 1));
    if (!s->a) return cloud_fail(f, CLOUD_TRANSIENT, "no memory to ask EC2");
    buf_init(&s->params, PARAMS_MAX);
    return CLOUD_OK;
}

static void scratch_done(struct scratch *s)
{
    arena_free(s->a);
    buf_done(&s->params);
}

static enum cloud_class ask(struct cloud *c, const struct cloud_target *t, const char *action, struct scratch *s,
                            const struct xml_node **ret, struct cloud_failure *f)
{
    struct aws_call q = {.service = "ec2", .action = action, .version = EC2_VERSION, .params = buf_view(&s->params)};
    return aws_call_as(c, &q, t, s->a, ret, NULL, f);
}

// ---- incoming -----------------------------------------------------------------------------

struct listing {
    struct map *index; // name -> position + 1
    struct observed *items;
    size_t n, cap;
    unsigned dropped, pages;
    char last_token[NEXT_TOKEN_MAX + 1];
};

static bool grow(struct listing *l, size_t more)
{
    if (l->n + more <= l->cap) return true;
    size_t cap = MAX(l->n + more, l->cap * 2);
    struct observed *p = mem_realloc(l->items, cap * sizeof *p);
    if (!p) return false;
    l->items = p;
    l->cap = cap;
    return true;
}

// A record may move between pages while we read: the later sight is the newer one.
static bool merge(struct listing *l, const struct peering_page *page)
{
    if (!grow(l, page->n)) return false;
    for (size_t i = 0; i < page->n; i++) {
        struct slice name = slice_of(page->items[i].name);
        uintptr_t at = (uintptr_t)map_get(l->index, name);
        if (at) {
            l->items[at - 1] = page->items[i];
            continue;
        }
        if (!map_put(l->index, name, (void *)(l->n + 1), NULL)) return false;
        l->items[l->n++] = page->items[i];
    }
    return true;
}

static void incoming_params(const struct cloud *c, const char *account, struct slice token, struct buf *params)
{
    char size[16];
    buf_clear(params);
    param_add(params, "Filter.1.Name", SLICE("accepter-vpc-info.owner-id"));
    param_add(params, "Filter.1.Value.1", slice_of(account));
    snprintf(size, sizeof size, "%u", c->opt.page_size);
    param_add(params, "MaxResults", slice_of(size));
    if (token.n) param_add(params, "NextToken", token);
}

// One page; *ret_more tells whether another follows.
static enum cloud_class next_page(struct cloud *c, const struct cloud_target *t, const char *account, struct scratch *s,
                                  struct listing *l, struct arena *a, bool *ret_more, struct cloud_failure *f)
{
    struct peering_page page;
    struct error err;
    const struct xml_node *root;
    incoming_params(c, account, slice_of(l->last_token), &s->params);
    enum cloud_class rc = ask(c, t, "DescribeVpcPeeringConnections", s, &root, f);
    if (rc != CLOUD_OK) return rc;
    rc = ec2_parse_peerings(root, account, t->region, a, &page, &err);
    if (rc != CLOUD_OK) return cloud_fail(f, rc, "%s", err.detail);
    l->pages++;
    l->dropped += page.dropped;
    if (!merge(l, &page)) return cloud_fail(f, CLOUD_TRANSIENT, "no memory for EC2's list of peering connections");
    if (l->n > RESULTS_MAX)
        return cloud_fail(f, CLOUD_PERMANENT, "EC2 lists more than %d peering connections for one account and region",
                          RESULTS_MAX);
    *ret_more = page.next_token.n > 0;
    if (!*ret_more) return CLOUD_OK;
    if (slice_eq_cstr(page.next_token, l->last_token))
        return cloud_fail(f, CLOUD_PERMANENT, "EC2 answered the same nextToken twice: its list does not end");
    if (l->pages >= c->opt.max_pages)
        return cloud_fail(f, CLOUD_PERMANENT, "EC2's list of peering connections has more than %u pages",
                          c->opt.max_pages);
    if (!slice_copy(page.next_token, l->last_token, sizeof l->last_token))
        return cloud_fail(f, CLOUD_PERMANENT, "EC2 answered a nextToken that is too long");
    return CLOUD_OK;
}

enum cloud_class cloud_describe_incoming(struct cloud *c, const struct cloud_target *t, const char *account,
                                         struct arena *a, struct described *ret, unsigned *ret_foreign,
                                         struct cloud_failure *f)
{
    struct scratch s;
    struct listing l = {.index = map_new(c->opt.rng)};
    enum cloud_class rc = scratch_new(c, &s, f);
    if (rc != CLOUD_OK) {
        map_free(l.index);
        return rc;
    }
    bool more = true;
    if (!l.index) rc = cloud_fail(f, CLOUD_TRANSIENT, "no memory to ask EC2");
    while (rc == CLOUD_OK && more) rc = next_page(c, t, account, &s, &l, a, &more, f);
    struct observed *items = rc == CLOUD_OK ? arena_array(a, l.n + 1, sizeof *items) : NULL;
    if (rc == CLOUD_OK && !items) rc = cloud_fail(f, CLOUD_TRANSIENT, "no memory for EC2's list");
    if (rc == CLOUD_OK) {
        if (l.n) memcpy(items, l.items, l.n * sizeof *items);
        *ret = (struct described){.items = items, .n = l.n, .pages = l.pages};
        *ret_foreign = l.dropped;
    }
    mem_free(l.items);
    map_free(l.index);
    scratch_done(&s);
    return rc;
}

// ---- by id --------------------------------------------------------------------------------

enum cloud_class cloud_describe_one(struct cloud *c, const struct cloud_target *t, const char *name, struct arena *a,
                                    struct observed *ret, struct cloud_failure *f)
{
    struct scratch s;
    struct peering_page page;
    struct error err;
    const struct xml_node *root;
    enum cloud_class rc = scratch_new(c, &s, f);
    if (rc != CLOUD_OK) return rc;
    param_add(&s.params, "VpcPeeringConnectionId.1", slice_of(name)); // no MaxResults next to ids: EC2 refuses that
    rc = ask(c, t, "DescribeVpcPeeringConnections", &s, &root, f);
    if (rc == CLOUD_OK) {
        rc = ec2_parse_peerings(root, NULL, t->region, a, &page, &err);
        if (rc != CLOUD_OK) cloud_fail(f, rc, "%s", err.detail);
    }
    scratch_done(&s);
    if (rc != CLOUD_OK) return rc;
    for (size_t i = 0; i < page.n; i++) {
        if (strcmp(page.items[i].name, name) != 0) continue;
        *ret = page.items[i];
        return CLOUD_OK;
    }
    if (page.dropped) // something was there that could not be read: that is not "absent"
        return cloud_fail(f, CLOUD_PERMANENT, "EC2's record of %s is malformed", name);
    return cloud_fail(f, CLOUD_NOT_FOUND_YET, "EC2 does not list %s", name);
}

enum cloud_class cloud_name_tag_find(struct cloud *c, const struct cloud_target *t, const char *name,
                                     char ret[CLOUD_TAG], struct cloud_failure *f)
{
    struct scratch s;
    struct error err;
    const struct xml_node *root;
    enum cloud_class rc = scratch_new(c, &s, f);
    if (rc != CLOUD_OK) return rc;
    param_add(&s.params, "VpcPeeringConnectionId.1", slice_of(name));
    rc = ask(c, t, "DescribeVpcPeeringConnections", &s, &root, f);
    if (rc == CLOUD_OK) {
        rc = ec2_parse_tag(root, name, "Name", ret, &err);
        if (rc != CLOUD_OK) cloud_fail(f, rc, "%s", err.detail);
    }
    scratch_done(&s);
    return rc;
}

enum cloud_class cloud_vpc(struct cloud *c, const struct cloud_target *t, const char *vpc_id, struct arena *a,
                           struct slice *ret_cidrs, char ret_owner[ACCOUNT_ID], struct cloud_failure *f)
{
    struct scratch s;
    struct vpc_info vpc;
    struct error err;
    const struct xml_node *root;
    enum cloud_class rc = scratch_new(c, &s, f);
    if (rc != CLOUD_OK) return rc;
    param_add(&s.params, "VpcId.1", slice_of(vpc_id));
    rc = ask(c, t, "DescribeVpcs", &s, &root, f);
    if (rc == CLOUD_OK) {
        rc = ec2_parse_vpc(root, vpc_id, a, &vpc, &err);
        if (rc != CLOUD_OK) cloud_fail(f, rc, "%s", err.detail);
    }
    if (rc == CLOUD_OK) {
        *ret_cidrs = vpc.cidrs;
        memcpy(ret_owner, vpc.owner, ACCOUNT_ID);
    }
    scratch_done(&s);
    return rc;
}
