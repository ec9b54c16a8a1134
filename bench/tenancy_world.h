// SPDX-License-Identifier: Apache-2.0
// A store of many organisations, projects and keys with the whole pipeline over it, in process and on a manual clock.
// Called by: bench/tenancy.c. Must never: be timed while it is made.
#pragma once

#include "pipeline/pipeline.h"

#define WORLD_ACCOUNTS 100

struct world_size {
    unsigned orgs, groups, keys; // the first organisation has half of all, and its first project 3 in 5 of its keys
};
struct world {
    struct world_size size;
    char dir[40], path[64];
    struct manual_clock hands;
    struct clock clock;
    struct keyring *keys;
    struct store *store;
    struct store_reader *reader;
    struct auth *auth;
    struct limits *limits;
    struct body_cache *cache;
    struct core *core;
    struct pipeline *pipeline;
    struct http_app app;
    void *loop, *worker;
    struct new_account accounts[WORLD_ACCOUNTS]; // owners of the first organisation
    char *tokens[WORLD_ACCOUNTS];
    char nonce[33];
    uint32_t nc;
};
// Ends the process with a message when anything fails.
void world_make(struct world *w, struct world_size size);
void world_free(struct world *w);
void world_mint(struct world *w);  // a new token for each account
void world_nonce(struct world *w); // a new nonce, as a challenge gives it
void world_key_name(unsigned n, char out[9]);
void world_org_id(unsigned n, char out[OID_HEX + 1]);
void world_group_id(unsigned n, char out[OID_HEX + 1]);
uint64_t world_of_first_org(const struct world *w, unsigned all); // how many of all keys or projects it has
uint64_t world_of_first_group(const struct world *w);             // how many keys

// A request with these headers, on the loop and then on the worker where the loop hands over; ends the process unless
// it is a 200. The reply is in *rep until world_done.
struct world_request {
    struct request r;
    struct header headers[2];
    struct reply rep;
    struct arena *arena;
};
void world_request(struct world *w, struct world_request *q, const char *target, const char *accept);
// The Authorization header: the Digest answer of a key, or a token.
void world_digest(struct world *w, struct world_request *q, unsigned key);
void world_bearer(struct world_request *q, const char *token);
void world_send(struct world *w, struct world_request *q);
void world_check(const struct world_request *q);
