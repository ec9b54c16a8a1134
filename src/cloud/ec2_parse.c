// SPDX-License-Identifier: Apache-2.0
// EC2 and STS replies to structs. Unknown elements are ignored, known ones are checked; an item that is not ours or not
// well-formed is dropped and counted, a reply that cannot be read fails whole.
// Called by: cloud's calls, fuzzers. Must never: keep a pointer into the reply, or make a page look shorter than it
// was.
#include "cloud/ec2_parse.h"

#include "base/encode.h"

#define CIDRS_MAX   64
#define MESSAGE_MAX 400

// ---- small pieces -------------------------------------------------------------------------

static bool is_graph(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~') return false;
    return true;
}

// Cut to cap - 1 bytes at a character's edge; control characters become spaces, so that it stays one line.
static void copy_text(struct slice s, char *dst, size_t cap)
{
    size_t n = 0;
    while (s.n) {
        size_t k = utf8_len(s);
        if (k == 0) k = 1;
        if (n + k >= cap) break;
        for (size_t i = 0; i < k; i++) dst[n + i] = (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f ? ' ' : s.p[i];
        n += k;
        s = slice_skip(s, k);
    }
    dst[n] = '\0';
}

// An absent field is fine and gives ""; a present one must pass.
static bool take(const struct xml_node *n, const char *name, bool (*valid)(struct slice), char *dst, size_t cap)
{
    struct slice s = xml_text(n, name);
    if (s.n && !valid(s)) return false;
    return slice_copy(s, dst, cap);
}

static bool looks_like_html(struct slice body)
{
    body = slice_trim(body, " \t\r\n\xef\xbb\xbf");
    static const char *const heads[] = {"<!doctype html", "<html"};
    for (unsigned i = 0; i < ARRAY_LEN(heads); i++)
        if (slice_eq_nocase(slice_n(body.p, MIN(body.n, strlen(heads[i]))), slice_of(heads[i]))) return true;
    return false;
}

static bool has_doctype(struct slice body)
{
    return body.n && memmem(body.p, body.n, "<!DOCTYPE", 9) != NULL;
}

// ---- whole replies ------------------------------------------------------------------------

bool ec2_parse_error(struct slice body, struct arena *a, struct ec2_error *ret)
{
    static const struct xml_limits small = {.max_bytes = 256 * 1024, .max_nodes = 1000, .max_depth = 16};
    struct xml_node *root;
    struct error ignored; // "not an error document" is all that counts
    if (xml_read(a, body, &small, &root, &ignored) != ERR_OK) return false;
    if (!slice_eq_cstr(root->name, "Response") && !slice_eq_cstr(root->name, "ErrorResponse")) return false;
    const struct xml_node *e = xml_find(root, "Error");
    struct slice code = xml_text(e, "Code");
    if (code.n == 0 || code.n >= sizeof ret->code || !is_graph(code)) return false;
    *ret = (struct ec2_error){0};
    copy_text(code, ret->code, sizeof ret->code);
    copy_text(xml_text(e, "Message"), ret->message, sizeof ret->message);
    const struct xml_node *id = xml_find(root, "RequestID");
    if (!id) id = xml_find(root, "RequestId");
    if (id && is_graph(id->text)) copy_text(id->text, ret->request_id, sizeof ret->request_id);
    return true;
}

static enum cloud_class unreadable(struct slice body, const char *action, const struct error *why, struct error *err)
{
    if (looks_like_html(body)) {
        error_set(err, ERR_PROTOCOL,
                  "the answer to %s is an HTML page, not EC2's: is a proxy, a captive portal or a wrong endpoint in "
                  "between?",
                  action);
        return CLOUD_TRANSIENT;
    }
    error_set(err, why->code, "the answer to %s cannot be read: %s", action, why->detail);
    if (why->code == ERR_TOO_LARGE || has_doctype(body)) return CLOUD_PERMANENT;
    return CLOUD_TRANSIENT;
}

enum cloud_class ec2_parse_reply(struct slice body, const char *action, const struct xml_limits *lim, struct arena *a,
                                 const struct xml_node **ret_root, struct error *err)
{
    struct xml_node *root;
    struct error why;
    if (xml_read(a, body, lim, &root, &why) != ERR_OK) return unreadable(body, action, &why, err);
    size_t n = strlen(action);
    struct slice name = root->name;
    if (slice_starts(name, slice_of(action)) && slice_eq_cstr(slice_skip(name, n), "Response")) {
        *ret_root = root;
        return CLOUD_OK;
    }
    if (looks_like_html(body) || slice_eq_nocase(name, SLICE("html"))) {
        why = (struct error){.code = ERR_PROTOCOL};
        return unreadable(body, action, &why, err);
    }
    error_set(err, ERR_PROTOCOL, "the answer to %s has the root <%.*s>: is the endpoint really that service's?", action,
              (int)MIN(name.n, (size_t)60), name.p);
    return CLOUD_PERMANENT;
}

// ---- CIDR lists ---------------------------------------------------------------------------

struct cidr_list {
    struct cidr blocks[CIDRS_MAX];
    unsigned n;
    bool bad; // one block was no block: the list counts as not said
};

static void list_add(struct cidr_list *l, struct slice text)
{
    struct cidr c;
    if (text.n == 0) return;
    if (l->n == CIDRS_MAX || !cidr_parse(text, false, &c)) {
        l->bad = true;
        return;
    }
    for (unsigned i = 0; i < l->n; i++)
        if (ip_eq(l->blocks[i].ip, c.ip) && l->blocks[i].prefix == c.prefix) return;
    l->blocks[l->n++] = c;
}

// IPv4 first; the order is otherwise kept.
static struct slice list_text(const struct cidr_list *l, struct arena *a)
{
    char text[CIDRS_MAX * CIDR_STR];
    size_t n = 0;
    if (l->bad) return (struct slice){NULL, 0};
    for (int family = 4; family <= 6; family += 2)
        for (unsigned i = 0; i < l->n; i++) {
            if (l->blocks[i].ip.family != family) continue;
            if (n) text[n++] = ' ';
            cidr_format(l->blocks[i], text + n);
            n += strlen(text + n);
        }
    return arena_slice(a, slice_n(text, n));
}

static struct slice peering_cidrs(const struct xml_node *side, struct arena *a)
{
    struct cidr_list l = {.n = 0};
    list_add(&l, xml_text(side, "cidrBlock"));
    const struct xml_node *set = xml_child(side, "cidrBlockSet");
    for (const struct xml_node *i = set ? set->first_child : NULL; i; i = i->next)
        list_add(&l, xml_text(i, "cidrBlock"));
    set = xml_child(side, "ipv6CidrBlockSet");
    for (const struct xml_node *i = set ? set->first_child : NULL; i; i = i->next)
        list_add(&l, xml_text(i, "ipv6CidrBlock"));
    return list_text(&l, a);
}

// ---- peerings -----------------------------------------------------------------------------

// Letters and dashes: also codes that AWS may add later.
static bool status_code_valid(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || s.p[i] == '-')) return false;
    return s.n < CLOUD_STATUS;
}

static bool read_item(const struct xml_node *item, struct arena *a, struct observed *o)
{
    const struct xml_node *req = xml_child(item, "requesterVpcInfo"), *acc = xml_child(item, "accepterVpcInfo");
    const struct xml_node *status = xml_child(item, "status");
    *o = (struct observed){.name = ""};
    if (!take(item, "vpcPeeringConnectionId", pcx_id_valid, o->name, sizeof o->name) || !o->name[0]) return false;
    bool ok = take(req, "ownerId", account_id_valid, o->requester_account, sizeof o->requester_account) &&
              take(req, "vpcId", vpc_id_valid, o->requester_vpc, sizeof o->requester_vpc) &&
              take(req, "region", region_valid, o->requester_region, sizeof o->requester_region) &&
              take(acc, "ownerId", account_id_valid, o->accepter_account, sizeof o->accepter_account) &&
              take(acc, "vpcId", vpc_id_valid, o->accepter_vpc, sizeof o->accepter_vpc) &&
              take(acc, "region", region_valid, o->accepter_region, sizeof o->accepter_region) &&
              take(status, "code", status_code_valid, o->cloud_status, sizeof o->cloud_status);
    if (!ok) return false;
    char message[MESSAGE_MAX];
    copy_text(xml_text(status, "message"), message, sizeof message);
    o->cloud_message = arena_slice(a, slice_of(message));
    o->requester_cidrs = peering_cidrs(req, a);
    o->accepter_cidrs = peering_cidrs(acc, a);
    struct wall when;
    if (wall_parse_rfc3339(xml_text(item, "expirationTime"), &when)) o->expiration = when;
    return true;
}

// The item is what was asked for: accepter in our account and region.
static bool is_ours(struct observed *o, const char *account, const char *region)
{
    if (account && strcmp(o->accepter_account, account) != 0) return false;
    if (!o->accepter_region[0]) return cstr_set(o->accepter_region, sizeof o->accepter_region, region);
    return strcmp(o->accepter_region, region) == 0;
}

static enum cloud_class read_next_token(const struct xml_node *root, struct arena *a, struct slice *ret,
                                        struct error *err)
{
    struct slice token = xml_text(root, "nextToken");
    if (token.n > NEXT_TOKEN_MAX) {
        error_set(err, ERR_TOO_LARGE, "EC2 answered a nextToken of %zu bytes; at most %d are accepted", token.n,
                  NEXT_TOKEN_MAX);
        return CLOUD_PERMANENT;
    }
    *ret = token.n ? arena_slice(a, token) : (struct slice){NULL, 0};
    return CLOUD_OK;
}

static enum cloud_class no_memory(struct error *err)
{
    error_set(err, ERR_NOMEM, "no memory for EC2's answer");
    return CLOUD_TRANSIENT;
}

static size_t count_children(const struct xml_node *set)
{
    size_t n = 0;
    for (const struct xml_node *i = set->first_child; i; i = i->next) n++;
    return n;
}

enum cloud_class ec2_parse_peerings(const struct xml_node *root, const char *account, const char *region,
                                    struct arena *a, struct peering_page *ret, struct error *err)
{
    const struct xml_node *set = xml_child(root, "vpcPeeringConnectionSet");
    if (!set) {
        error_set(err, ERR_PROTOCOL, "EC2's answer has no vpcPeeringConnectionSet");
        return CLOUD_PERMANENT;
    }
    struct peering_page page = {.n = 0};
    page.items = arena_array(a, count_children(set) + 1, sizeof *page.items);
    if (!page.items) return no_memory(err);
    for (const struct xml_node *i = set->first_child; i; i = i->next) {
        struct observed *o = &page.items[page.n];
        if (read_item(i, a, o) && is_ours(o, account, region))
            page.n++;
        else
            page.dropped++;
    }
    enum cloud_class c = read_next_token(root, a, &page.next_token, err);
    if (c != CLOUD_OK) return c;
    if (arena_failed(a)) return no_memory(err);
    *ret = page;
    return CLOUD_OK;
}

enum cloud_class ec2_parse_peering(const struct xml_node *root, const char *region, struct arena *a,
                                   struct observed *ret, struct error *err)
{
    const struct xml_node *item = xml_child(root, "vpcPeeringConnection");
    struct observed o;
    if (!item || !read_item(item, a, &o) || !is_ours(&o, NULL, region)) {
        error_set(err, ERR_PROTOCOL, "EC2's answer has no vpcPeeringConnection, or a malformed one");
        return CLOUD_PERMANENT;
    }
    if (arena_failed(a)) return no_memory(err);
    *ret = o;
    return CLOUD_OK;
}

// ---- tags ---------------------------------------------------------------------------------

enum cloud_class ec2_parse_tag(const struct xml_node *root, const char *name, const char *key, char ret[CLOUD_TAG],
                               struct error *err)
{
    const struct xml_node *set = xml_child(root, "vpcPeeringConnectionSet"), *item = set ? set->first_child : NULL;
    while (item && !slice_eq_cstr(xml_text(item, "vpcPeeringConnectionId"), name)) item = item->next;
    if (!item) {
        error_set(err, ERR_NOT_FOUND, "EC2 does not list %s", name);
        return CLOUD_NOT_FOUND_YET;
    }
    ret[0] = '\0';
    const struct xml_node *tags = xml_child(item, "tagSet");
    for (const struct xml_node *t = tags ? tags->first_child : NULL; t; t = t->next) {
        if (!slice_eq_cstr(xml_text(t, "key"), key)) continue;
        copy_text(xml_text(t, "value"), ret, CLOUD_TAG);
        break;
    }
    return CLOUD_OK;
}

// ---- routes -------------------------------------------------------------------------------

// Where a route leads: the one element that is no destination, no state and no origin.
static struct slice route_target(const struct xml_node *route)
{
    static const char *const others[] = {"destinationCidrBlock",
                                         "destinationIpv6CidrBlock",
                                         "destinationPrefixListId",
                                         "instanceOwnerId",
                                         "origin",
                                         "state"};
    struct slice peering = xml_text(route, "vpcPeeringConnectionId");
    if (peering.n) return peering;
    for (const struct xml_node *i = route->first_child; i; i = i->next) {
        bool other = i->text.n == 0;
        for (unsigned k = 0; k < ARRAY_LEN(others) && !other; k++) other = slice_eq_cstr(i->name, others[k]);
        if (!other) return i->text;
    }
    return (struct slice){NULL, 0};
}

static bool leads_to(const struct xml_node *route, const struct cidr *block)
{
    struct cidr c;
    struct slice text = xml_text(route, block->ip.family == 6 ? "destinationIpv6CidrBlock" : "destinationCidrBlock");
    return text.n && cidr_parse(text, false, &c) && ip_eq(c.ip, block->ip) && c.prefix == block->prefix;
}

// The quota of routes is one of each family; AWS' own do not count (VPC user guide, "Quotas", route tables).
static bool is_counted(const struct xml_node *route, bool propagated, const struct cidr *block)
{
    const char *family = block->ip.family == 6 ? "destinationIpv6CidrBlock" : "destinationCidrBlock";
    return !propagated && xml_text(route, family).n && !slice_eq_cstr(route_target(route), "local");
}

static void read_route(const struct xml_node *route, bool propagated, struct cloud_route *r)
{
    r->found = true;
    r->propagated = propagated;
    r->blackhole = slice_eq_cstr(xml_text(route, "state"), "blackhole");
    struct slice target = route_target(route);
    copy_text(is_graph(target) ? target : (struct slice){NULL, 0}, r->target, sizeof r->target);
}

static bool read_table(const struct xml_node *table, const struct cidr *block, struct cloud_route *r)
{
    *r = (struct cloud_route){.routes = 0};
    if (!take(table, "vpcId", vpc_id_valid, r->vpc_id, sizeof r->vpc_id)) return false;
    const struct xml_node *set = xml_child(table, "routeSet");
    for (const struct xml_node *i = set ? set->first_child : NULL; i; i = i->next) {
        bool propagated = slice_eq_cstr(xml_text(i, "origin"), "EnableVgwRoutePropagation");
        r->routes++;
        r->counted += is_counted(i, propagated, block);
        if (leads_to(i, block) && (!r->found || (r->propagated && !propagated))) read_route(i, propagated, r);
    }
    return true;
}

enum cloud_class ec2_parse_route(const struct xml_node *root, const char *table_id, const struct cidr *block,
                                 struct cloud_route *ret, struct error *err)
{
    const struct xml_node *set = xml_child(root, "routeTableSet");
    if (!set) {
        error_set(err, ERR_PROTOCOL, "EC2's answer has no routeTableSet");
        return CLOUD_PERMANENT;
    }
    for (const struct xml_node *i = set->first_child; i; i = i->next) {
        struct cloud_route r;
        if (!slice_eq_cstr(xml_text(i, "routeTableId"), table_id)) continue;
        if (!read_table(i, block, &r)) {
            error_set(err, ERR_PROTOCOL, "EC2 names a VPC of %s that is no VPC id", table_id);
            return CLOUD_PERMANENT;
        }
        *ret = r;
        return CLOUD_OK;
    }
    error_set(err, ERR_NOT_FOUND, "EC2 knows no route table %s in this account and region", table_id);
    return CLOUD_NOT_FOUND_YET;
}

// ---- VPCs ---------------------------------------------------------------------------------

static bool is_associated(const struct xml_node *item, const char *state_name)
{
    struct slice state = xml_text(xml_child(item, state_name), "state");
    return slice_eq_cstr(state, "associated");
}

static struct slice vpc_cidrs(const struct xml_node *vpc, struct arena *a)
{
    struct cidr_list l = {.n = 0};
    list_add(&l, xml_text(vpc, "cidrBlock"));
    const struct xml_node *set = xml_child(vpc, "cidrBlockAssociationSet");
    for (const struct xml_node *i = set ? set->first_child : NULL; i; i = i->next)
        if (is_associated(i, "cidrBlockState")) list_add(&l, xml_text(i, "cidrBlock"));
    set = xml_child(vpc, "ipv6CidrBlockAssociationSet");
    for (const struct xml_node *i = set ? set->first_child : NULL; i; i = i->next)
        if (is_associated(i, "ipv6CidrBlockState")) list_add(&l, xml_text(i, "ipv6CidrBlock"));
    return list_text(&l, a);
}

enum cloud_class ec2_parse_vpc(const struct xml_node *root, const char *vpc_id, struct arena *a, struct vpc_info *ret,
                               struct error *err)
{
    const struct xml_node *set = xml_child(root, "vpcSet");
    if (!set) {
        error_set(err, ERR_PROTOCOL, "EC2's answer has no vpcSet");
        return CLOUD_PERMANENT;
    }
    for (const struct xml_node *i = set->first_child; i; i = i->next) {
        if (!slice_eq_cstr(xml_text(i, "vpcId"), vpc_id)) continue;
        struct vpc_info v = {.owner = ""};
        if (!take(i, "ownerId", account_id_valid, v.owner, sizeof v.owner)) {
            error_set(err, ERR_PROTOCOL, "EC2 names an owner of %s that is no account id", vpc_id);
            return CLOUD_PERMANENT;
        }
        v.cidrs = vpc_cidrs(i, a);
        if (arena_failed(a)) return no_memory(err);
        *ret = v;
        return CLOUD_OK;
    }
    error_set(err, ERR_NOT_FOUND, "EC2 knows no VPC %s in this account and region", vpc_id);
    return CLOUD_NOT_FOUND_YET;
}

// ---- STS ----------------------------------------------------------------------------------

enum cloud_class ec2_parse_caller(const struct xml_node *root, char ret_account[ACCOUNT_ID], char ret_arn[256],
                                  struct error *err)
{
    const struct xml_node *result = xml_child(root, "GetCallerIdentityResult");
    struct slice account = xml_text(result, "Account"), arn = xml_text(result, "Arn");
    if (!account_id_valid(account) || arn.n == 0 || arn.n >= 256 || !is_graph(arn)) {
        error_set(err, ERR_PROTOCOL, "STS answered GetCallerIdentity without an account id and an ARN");
        return CLOUD_PERMANENT;
    }
    bool ok = slice_copy(account, ret_account, ACCOUNT_ID) && slice_copy(arn, ret_arn, 256);
    ASSERT(ok); // both lengths were checked above
    return CLOUD_OK;
}

enum err creds_check(const struct raw_creds *c, struct wall *ret_expires, struct error *err)
{
    struct wall when = {0};
    if (c->access_key_id.n == 0 || c->access_key_id.n > ACCESS_KEY_ID_MAX || !is_graph(c->access_key_id))
        return error_set(err, ERR_INVALID, "the access key id must have 1 to %d visible characters", ACCESS_KEY_ID_MAX);
    if (c->secret.n == 0 || c->secret.n > SECRET_KEY_MAX || !is_graph(c->secret))
        return error_set(err, ERR_INVALID, "the secret access key must have 1 to %d visible characters",
                         SECRET_KEY_MAX);
    if (c->token.n > TOKEN_MAX || !is_graph(c->token))
        return error_set(err, ERR_INVALID, "the session token must have at most %d visible characters", TOKEN_MAX);
    if (c->expiration.n && !wall_parse_rfc3339(c->expiration, &when))
        return error_set(err, ERR_INVALID, "the expiration of the credentials is no RFC 3339 time");
    *ret_expires = when;
    return ERR_OK;
}

enum cloud_class ec2_parse_creds(const struct xml_node *root, struct raw_creds *ret, struct error *err)
{
    const struct xml_node *c = xml_find(root, "Credentials");
    struct raw_creds r = {xml_text(c, "AccessKeyId"), xml_text(c, "SecretAccessKey"), xml_text(c, "SessionToken"),
                          xml_text(c, "Expiration")};
    struct wall ignored;
    struct error why;
    if (creds_check(&r, &ignored, &why) != ERR_OK || r.token.n == 0 || r.expiration.n == 0) {
        error_set(err, ERR_PROTOCOL, "STS answered without complete credentials");
        return CLOUD_PERMANENT;
    }
    *ret = r;
    return CLOUD_OK;
}
