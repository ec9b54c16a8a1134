// SPDX-License-Identifier: Apache-2.0
// How many calls a second the simulated cloud takes in process: a life of a peering with routes, over and over.
// Called by: people. Prints one line; exit 1 below the floor that deterministic simulation needs. Judged by processor
// time, so that a busy machine does not matter.

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "ec2sim/inproc.h"

#define FLOOR     50000
#define LIVES     20000
#define REQUESTER "111111111111"
#define ACCEPTER  "222222222222"

static uint64_t calls, refused;
static struct wall now = {1800000000 * US_PER_SEC};

static struct ec2sim_answer call(struct ec2sim_world *w, const char *who, const char *fmt, ...) PRINTF_LIKE(3, 4);
static struct ec2sim_answer call(struct ec2sim_world *w, const char *who, const char *fmt, ...)
{
    char body[512];
    struct ec2sim_answer a;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(body, sizeof(body), fmt, ap);
    va_end(ap);
    struct ec2sim_call q = {.who = slice_of(who), .region = "us-east-1", .body = slice_of(body), .now = now};
    ec2sim_world_call(w, &q, &a);
    calls++;
    refused += a.status != 200;
    return a;
}

static void text_of(struct ec2sim_answer a, const char *open, char out[32])
{
    const char *p = a.body.n ? memmem(a.body.p, a.body.n, open, strlen(open)) : NULL;
    struct slice rest = p ? slice_skip(a.body, (size_t)(p - a.body.p) + strlen(open)) : (struct slice){0}, text;
    *out = 0;
    if (!slice_cut(&rest, '<', &text) || !slice_copy(text, out, 32)) *out = 0;
}

#define V "&Version=2016-11-15"
static void one_life(struct ec2sim_world *w, const char *own, const char *peer, const char *rtb)
{
    char pcx[32];
    text_of(call(w, REQUESTER, "Action=CreateVpcPeeringConnection" V "&VpcId=%s&PeerVpcId=%s&PeerOwnerId=" ACCEPTER,
                 own, peer),
            "<vpcPeeringConnectionId>", pcx);
    (void)call(w, ACCEPTER,
               "Action=DescribeVpcPeeringConnections" V
               "&MaxResults=1000&Filter.1.Name=accepter-vpc-info.owner-id&Filter.1.Value.1=" ACCEPTER
               "&Filter.2.Name=status-code&Filter.2.Value.1=pending-acceptance");
    (void)call(w, ACCEPTER, "Action=AcceptVpcPeeringConnection" V "&VpcPeeringConnectionId=%s", pcx);
    now.us += 5 * US_PER_SEC;
    (void)call(w, ACCEPTER, "Action=DescribeVpcPeeringConnections" V "&VpcPeeringConnectionId.1=%s", pcx);
    (void)call(w, ACCEPTER, "Action=CreateTags" V "&ResourceId.1=%s&Tag.1.Key=Name&Tag.1.Value=mine", pcx);
    (void)call(w, ACCEPTER,
               "Action=CreateRoute" V "&RouteTableId=%s&DestinationCidrBlock=10.1.0.0/16&VpcPeeringConnectionId=%s",
               rtb, pcx);
    (void)call(w, ACCEPTER, "Action=DescribeRouteTables" V "&RouteTableId.1=%s", rtb);
    (void)call(w, ACCEPTER, "Action=DeleteRoute" V "&RouteTableId=%s&DestinationCidrBlock=10.1.0.0/16", rtb);
    (void)call(w, ACCEPTER, "Action=DeleteVpcPeeringConnection" V "&VpcPeeringConnectionId=%s", pcx);
    now.us += 7200 * US_PER_SEC;
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / (double)NS_PER_SEC;
}

int main(void)
{
    struct ec2sim_world *w;
    struct error err;
    char own[32], peer[32], rtb[32];
    if (ec2sim_world_new(1, NULL, &w, &err) != ERR_OK) return 1;
    text_of(call(w, REQUESTER, "Action=CreateVpc" V "&CidrBlock=10.1.0.0/16"), "<vpcId>", own);
    text_of(call(w, ACCEPTER, "Action=CreateVpc" V "&CidrBlock=10.2.0.0/16"), "<vpcId>", peer);
    text_of(call(w, ACCEPTER, "Action=DescribeRouteTables" V), "<routeTableId>", rtb);
    double began = cpu_seconds();
    for (int i = 0; i < LIVES; i++) one_life(w, own, peer, rtb);
    double seconds = cpu_seconds() - began;
    double rate = (double)calls / seconds;
    printf("%llu calls, %llu refused, %.2f s of processor time, %.0f calls/s, digest %016llx\n",
           (unsigned long long)calls, (unsigned long long)refused, seconds, rate,
           (unsigned long long)ec2sim_world_digest(w));
    ec2sim_world_free(&w);
    return refused == 0 && rate >= FLOOR ? 0 : 1;
}
