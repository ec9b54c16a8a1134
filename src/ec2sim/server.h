// SPDX-License-Identifier: Apache-2.0
// The EC2-compatible simulator as a running thing: EC2 and STS Query API for VPC peering on one listener, an optional
// management API below /_ec2sim/, and the same management as plain C calls. What differs from AWS, and how sure we are
// of the rest, is in docs and in tests/unit/ec2sim/test_facts.c.
// Called by: app (`peerage dev`, `peerage ec2sim`), tests. Must never: judge signature dates by the simulated clock.
//
// All functions but start and stop may be called from any thread. With a data_dir every change is on disk when the
// call (or the EC2 request) returns; ERR_IO means: done in memory, not saved.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "ec2sim/settings.h"

#define EC2SIM_ACCOUNT_STR 13  // "123456789012"
#define EC2SIM_REGION_STR  32  // "ap-southeast-2"
#define EC2SIM_ID_STR      24  // "pcx-" or "vpc-" and 17 hex digits
#define EC2SIM_KEY_STR     129 // access key id
#define EC2SIM_SECRET_STR  129

struct ec2sim_options {
    const char *listen;              // "HOST:PORT"; port 0 takes a free one, see ec2sim_url
    const char *data_dir;            // NULL: memory only. Else DIR/ec2sim.json, mode 0600, made when absent
    const struct clock *clock;       // the real clock; the simulated one is it plus an offset. NULL = clock_system
    uint64_t seed;                   // ids and fault probabilities; 0 = from the system's randomness
    bool open_roles;                 // AssumeRole accepts any arn:aws:iam::ACCT:role/NAME, registered or not
    bool web_identity;               // AssumeRoleWithWebIdentity accepts any token for any role
    const char *management_token;    // NULL: no management API. Else requests need `X-Ec2sim-Token: TOKEN`
    struct ec2sim_settings settings; // at first start; a loaded state keeps its own
};
void ec2sim_options_default(struct ec2sim_options *o); // 127.0.0.1:0, memory only, open roles, no management

struct ec2sim;
// ERR_INVALID (option), ERR_EXISTS (port busy), ERR_CORRUPT (state file damaged or of a newer version: the detail names
// the file and says to move it away), ERR_IO, ERR_NOMEM. crypto_init must have been called.
enum err ec2sim_start(const struct ec2sim_options *o, struct ec2sim **ret, struct error *err) MUST_CHECK;
void ec2sim_stop(struct ec2sim **s);            // saves, stops the listener, frees; NULL-safe
const char *ec2sim_url(const struct ec2sim *s); // "http://127.0.0.1:4566", for AWS_ENDPOINT_URL_EC2 and _STS
bool ec2sim_was_loaded(const struct ec2sim *s); // start found a state in data_dir: nothing needs seeding

// ---- the world (each adds at once, without the checks' delays; ids are returned)

// Registers an access key of an account. The same three values again: ERR_OK. The key with other values: ERR_EXISTS.
enum err ec2sim_account_add(struct ec2sim *s, const char *account_id, const char *access_key_id,
                            const char *secret_access_key, struct error *err) MUST_CHECK;
// The first key registered for the account. ERR_NOT_FOUND when it has none.
enum err ec2sim_account_key(struct ec2sim *s, const char *account_id, char ret_access_key_id[EC2SIM_KEY_STR],
                            char ret_secret[EC2SIM_SECRET_STR], struct error *err) MUST_CHECK;
// A role that AssumeRole knows. external_id NULL = none needed. max_s: longest session (900..43200; 0 = 3600).
// Registering it again replaces it.
enum err ec2sim_role_add(struct ec2sim *s, const char *role_arn, const char *external_id, int64_t max_s,
                         struct error *err) MUST_CHECK;
struct ec2sim_vpc {
    const char *account_id, *region;
    const char *const *cidrs; // IPv4 or IPv6 blocks; the first IPv4 one is the primary
    unsigned cidr_count;      // 1..10
    const char *name;         // Name tag; NULL = none
    const char *vpc_id;       // NULL = made up; else "vpc-" and 8 or 17 hex digits, ERR_EXISTS when taken
};
enum err ec2sim_vpc_add(struct ec2sim *s, const struct ec2sim_vpc *v, char ret_vpc_id[EC2SIM_ID_STR],
                        struct error *err) MUST_CHECK;
// A peering request, as CreateVpcPeeringConnection by the requester would make it (same errors: ERR_NOT_FOUND no such
// VPC, ERR_TOO_LARGE quota, ERR_INVALID). An overlapping or unknown peer gives a `failed` one, and the same request
// while the first one lives gives the first one's id, as AWS does.
struct ec2sim_request {
    const char *requester_account_id, *requester_region, *requester_vpc_id;
    const char *accepter_account_id, *accepter_region, *accepter_vpc_id;
    const char *name; // the requester's Name tag; NULL = none
};
enum err ec2sim_peering_request(struct ec2sim *s, const struct ec2sim_request *q, char ret_id[EC2SIM_ID_STR],
                                struct error *err) MUST_CHECK;
// The status code that this side would see now ("pending-acceptance"…). ERR_NOT_FOUND when it sees none.
enum err ec2sim_peering_status(struct ec2sim *s, const char *account_id, const char *region, const char *id,
                               char ret_code[24], struct error *err) MUST_CHECK;
// n requests at once towards one VPC, each from a VPC of its own, past all quotas. `active`: already accepted.
struct ec2sim_bulk {
    uint32_t peerings; // 1..1000000
    const char *requester_account_id, *requester_region;
    const char *accepter_account_id, *accepter_region, *accepter_vpc_id;
    bool active;
};
enum err ec2sim_bulk_add(struct ec2sim *s, const struct ec2sim_bulk *b, struct error *err) MUST_CHECK;

// ---- time, behaviour, faults
struct wall ec2sim_now(struct ec2sim *s);                                                       // simulated
enum err ec2sim_clock_advance(struct ec2sim *s, int64_t seconds, struct error *err) MUST_CHECK; // >= 0
enum err ec2sim_setting(struct ec2sim *s, const char *name, int64_t value, struct error *err) MUST_CHECK;
// One fault rule in the JSON of POST /_ec2sim/faults (see ec2sim/fault.h). ERR_INVALID says what is wrong.
enum err ec2sim_fault_add(struct ec2sim *s, struct slice json, struct error *err) MUST_CHECK;
void ec2sim_faults_clear(struct ec2sim *s);
uint64_t ec2sim_calls(struct ec2sim *s, const char *action); // requests that named this action since start
