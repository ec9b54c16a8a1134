// SPDX-License-Identifier: Apache-2.0
// The world of `peerage dev`: a simulated cloud with a pending peering request, and an organisation, a project, an API
// key, a service account and a network that answer for it. Called by: cli/cmd_dev.c.
// Must never: be used by serve, create anything in a cloud that is not on this machine, or print a secret.
#pragma once

#include "app/app.h"
#include "ec2sim/server.h"

#define DEMO_REGION "us-east-1"

// What DIR/demo.state (mode 0600) remembers, so that the next start goes on with the same ids and secrets.
#define DEMO_FIELDS(X)                                                                                                 \
    X(org_id, 32)                                                                                                      \
    X(group_id, 32)                                                                                                    \
    X(network_id, 32)                                                                                                  \
    X(public_key, 16)                                                                                                  \
    X(private_key, 40)                                                                                                 \
    X(client_id, 64)                                                                                                   \
    X(client_secret, 64)                                                                                               \
    X(ec2sim_token, 72)                                                                                                \
    X(requester_account, 16)                                                                                           \
    X(accepter_account, 16)                                                                                            \
    X(requester_vpc, 32)                                                                                               \
    X(accepter_vpc, 32)                                                                                                \
    X(peering, 32)                                                                                                     \
    X(requester_key, 136)                                                                                              \
    X(requester_secret, 136)                                                                                           \
    X(requester_session, 2048)                                                                                         \
    X(accepter_key, 136)                                                                                               \
    X(accepter_secret, 136)
struct demo {
#define X(field, size) char field[size];
    DEMO_FIELDS(X)
#undef X
    struct ec2sim *sim; // NULL: another endpoint was named
    char ec2_url[300];
    const char *dir;
    struct cloud_env env;  // for the app: the accepter's credentials at the simulator
    char remote_note[400]; // why not, and what to do
};

// Reads demo.state when there is one. ERR_INVALID: damaged; names the file.
enum err demo_load(struct demo *d, const char *dir, struct error *err) MUST_CHECK;
enum err demo_save(const struct demo *d, struct error *err) MUST_CHECK;
// Starts the simulator on `listen`, with its accounts, VPCs and the request.
enum err demo_sim_start(struct demo *d, const char *listen, const struct rng *rng, struct error *err) MUST_CHECK;
// Another endpoint on this machine: makes the VPCs and the request there with the credentials of the environment. Says
// in remote_note what kept it from that; never fails the start.
void demo_remote_seed(struct demo *d, const char *endpoint, const struct clock *clock);
bool demo_endpoint_is_local(const char *endpoint);
// Organisation, project, key, account and network, as far as they are not there.
enum err demo_seed(struct demo *d, struct services *sv, struct error *err) MUST_CHECK;
// DIR/demo.env, mode 0600.
enum err demo_write_env(const struct demo *d, const char *url, const char *management_url,
                        struct error *err) MUST_CHECK;
void demo_remove_env(const char *dir); // before the start: its presence says "ready"
void demo_stop(struct demo *d);        // the simulator; wipes the secrets
