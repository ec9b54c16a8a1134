// SPDX-License-Identifier: Apache-2.0
// `peerage dev --ec2-endpoint` with an endpoint on this machine, such as moto: makes the demo's VPCs and request there,
// with plain EC2 calls of its own, since the product never creates any. Called by: cli/cmd_dev.c.
// Must never: speak to an address that is not loopback, or fail the start.
#include "app/demo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/encode.h"
#include "base/mem.h"
#include "base/xml.h"
#include "net/httpc.h"
#include "net/sigv4.h"

#define REQUESTER_ACCOUNT "210987654321"
#define CALL_MS           5000
#define REPLY_MAX         ((size_t)1 << 20)
#define ARENA_MAX         ((size_t)8 << 20)

struct remote {
    const char *endpoint;
    struct slice host;
    const struct clock *clock;
    struct httpc *client;
    struct arena *arena;
    struct error err;
};

static struct slice host_of(const char *endpoint)
{
    struct slice rest = slice_of(endpoint), host;
    ptrdiff_t at = slice_find(rest, ':');
    if (at > 0 && rest.n > (size_t)at + 2) rest = slice_skip(rest, (size_t)at + 3); // past "://"
    (void)slice_cut(&rest, '/', &host);
    return host;
}

bool demo_endpoint_is_local(const char *endpoint)
{
    struct slice host = host_of(endpoint), name;
    struct ip ip;
    if (slice_starts(host, SLICE("[::1]"))) return true;
    (void)slice_cut(&host, ':', &name);
    if (slice_eq_cstr(name, "localhost")) return true;
    return ip_parse(name, &ip) && ip.family == 4 && ip.b[0] == 127;
}

// One signed POST; the reply's root element, or NULL with r->err set.
static const struct xml_node *call(struct remote *r, const char *service, const struct sigv4_key *key, const char *body)
{
    char date[17];
    struct buf auth;
    struct httpc_reply reply;
    struct xml_node *root = NULL;
    struct wall now = clock_wall(r->clock);
    wall_sigv4(now, date);
    struct header h[5] = {{SLICE("Content-Type"), SLICE("application/x-www-form-urlencoded; charset=utf-8")},
                          {SLICE("Host"), r->host},
                          {SLICE("X-Amz-Date"), slice_of(date)}};
    unsigned n = 3;
    if (key->session_token.n) h[n++] = (struct header){SLICE("X-Amz-Security-Token"), key->session_token};
    struct sigv4_input in = {.method = SLICE("POST"),
                             .path = SLICE("/"),
                             .headers = h,
                             .header_count = n,
                             .payload = slice_of(body),
                             .normalize_path = true};
    struct sigv4_scope scope = {SLICE(DEMO_REGION), slice_of(service)};
    buf_init(&auth, 4096);
    if (sigv4_authorization(&in, key, &scope, now, r->arena, &auth, &r->err) == ERR_OK) {
        h[n++] = (struct header){SLICE("Authorization"), buf_view(&auth)};
        struct httpc_request q = {.method = "POST",
                                  .url = r->endpoint,
                                  .headers = h,
                                  .header_count = n,
                                  .body = slice_of(body),
                                  .connect_ms = CALL_MS,
                                  .total_ms = CALL_MS,
                                  .max_body = REPLY_MAX,
                                  .no_proxy = true};
        if (httpc_do(r->client, &q, r->arena, &reply, NULL, &r->err) == ERR_OK &&
            xml_read(r->arena, reply.body, &xml_limits_default, &root, &r->err) == ERR_OK && reply.status != 200) {
            struct slice text = xml_text(xml_find(root, "Error"), "Message");
            (void)error_set(&r->err, ERR_DENIED, "status %d: %.*s", reply.status, SLICE_FMT(text));
            root = NULL;
        }
    }
    buf_done(&auth);
    return root;
}

static bool copy_text(struct remote *r, const struct xml_node *root, const char *name, char *dst, size_t cap)
{
    const struct xml_node *found = root ? xml_find(root, name) : NULL;
    if (found && slice_copy(found->text, dst, cap) && *dst) return true;
    if (root) (void)error_set(&r->err, ERR_PROTOCOL, "the answer lacks %s", name);
    return false;
}

static struct sigv4_key key_of(const char *id, const char *secret, const char *token)
{
    return (struct sigv4_key){slice_of(id), slice_of(secret), slice_of(token)};
}

// Another account for the requester where the endpoint knows AssumeRole; the same one elsewhere.
static void find_requester(struct remote *r, struct demo *d, const struct sigv4_key *ours)
{
    const struct xml_node *root = call(r, "sts", ours,
                                       "Action=AssumeRole&Version=2011-06-15&RoleSessionName=peerage-demo&RoleArn="
                                       "arn%3Aaws%3Aiam%3A%3A" REQUESTER_ACCOUNT "%3Arole%2Fpeerage-demo");
    if (copy_text(r, root, "AccessKeyId", d->requester_key, sizeof d->requester_key) &&
        copy_text(r, root, "SecretAccessKey", d->requester_secret, sizeof d->requester_secret) &&
        copy_text(r, root, "SessionToken", d->requester_session, sizeof d->requester_session)) {
        struct sigv4_key theirs = key_of(d->requester_key, d->requester_secret, d->requester_session);
        root = call(r, "sts", &theirs, "Action=GetCallerIdentity&Version=2011-06-15");
        if (copy_text(r, root, "Account", d->requester_account, sizeof d->requester_account)) return;
    }
    (void)!slice_copy(ours->access_key_id, d->requester_key, sizeof d->requester_key);
    (void)!slice_copy(ours->secret, d->requester_secret, sizeof d->requester_secret);
    (void)!slice_copy(ours->session_token, d->requester_session, sizeof d->requester_session);
    memcpy(d->requester_account, d->accepter_account, sizeof d->requester_account);
}

static bool make_vpc(struct remote *r, const struct sigv4_key *key, const char *block, char *ret, size_t cap)
{
    const char *body = arena_fmt(r->arena, "Action=CreateVpc&Version=2016-11-15&CidrBlock=%s", block);
    return body && copy_text(r, call(r, "ec2", key, body), "vpcId", ret, cap);
}

static bool request_is_there(struct remote *r, const struct demo *d, const struct sigv4_key *ours)
{
    if (!*d->peering) return false;
    const char *body = arena_fmt(
        r->arena, "Action=DescribeVpcPeeringConnections&Version=2016-11-15&VpcPeeringConnectionId.1=%s", d->peering);
    const struct xml_node *root = body ? call(r, "ec2", ours, body) : NULL;
    const struct xml_node *id = root ? xml_find(root, "vpcPeeringConnectionId") : NULL;
    return id && slice_eq_cstr(id->text, d->peering);
}

static bool seed(struct remote *r, struct demo *d, const struct sigv4_key *ours)
{
    const struct xml_node *root = call(r, "sts", ours, "Action=GetCallerIdentity&Version=2011-06-15");
    if (!copy_text(r, root, "Account", d->accepter_account, sizeof d->accepter_account)) return false;
    if (request_is_there(r, d, ours)) return true;
    find_requester(r, d, ours);
    struct sigv4_key theirs = key_of(d->requester_key, d->requester_secret, d->requester_session);
    if (!make_vpc(r, ours, "10.0.0.0%2F16", d->accepter_vpc, sizeof d->accepter_vpc) ||
        !make_vpc(r, &theirs, "10.20.0.0%2F16", d->requester_vpc, sizeof d->requester_vpc))
        return false;
    const char *body = arena_fmt(r->arena,
                                 "Action=CreateVpcPeeringConnection&Version=2016-11-15&VpcId=%s&PeerVpcId=%s"
                                 "&PeerOwnerId=%s&PeerRegion=" DEMO_REGION,
                                 d->requester_vpc, d->accepter_vpc, d->accepter_account);
    return body && copy_text(r, call(r, "ec2", &theirs, body), "vpcPeeringConnectionId", d->peering, sizeof d->peering);
}

void demo_remote_seed(struct demo *d, const char *endpoint, const struct clock *clock)
{
    const char *id = getenv("AWS_ACCESS_KEY_ID"), *secret = getenv("AWS_SECRET_ACCESS_KEY");
    struct remote r = {.endpoint = endpoint, .host = host_of(endpoint), .clock = clock};
    struct httpc_options opt = {.user_agent = "peerage/" PEERAGE_VERSION};
    struct sigv4_key ours = key_of(id ? id : "", secret ? secret : "", getenv("AWS_SESSION_TOKEN"));
    bool done = false;
    r.arena = arena_new(ARENA_MAX);
    if (!id || !secret)
        (void)error_set(&r.err, ERR_DENIED, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set");
    else if (!r.arena)
        (void)error_set(&r.err, ERR_NOMEM, "out of memory");
    else if (httpc_new(&opt, &r.client, &r.err) == ERR_OK)
        done = seed(&r, d, &ours);
    if (!done) {
        d->accepter_vpc[0] = d->requester_vpc[0] = d->peering[0] = '\0';
        snprintf(d->remote_note, sizeof d->remote_note,
                 "No demo request was made at %s: %.200s. Make one there by hand with\n  aws ec2 "
                 "create-vpc-peering-connection --endpoint-url URL …",
                 endpoint, r.err.detail);
    }
    httpc_free(r.client);
    arena_free(r.arena);
}
