// SPDX-License-Identifier: Apache-2.0
// EC2 actions of the simulator: typed request from the form, model call, reply XML.
// Called by: server.c, unit tests (no socket needed). Must never: authenticate, lock, or read a clock.
#pragma once

#include "ec2sim/query.h"

// How a scripted fault bends an answer that would else be right.
struct ec2_quirks {
    bool foreign;        // Describe also holds a peering of two other accounts
    bool duplicate;      // Describe holds its first item twice
    bool unknown_status; // status codes are one that no document names
    bool doctype;        // the reply begins with a DOCTYPE
    uint64_t padding;    // so many bytes of white space before the root's end
    int64_t stale_s;     // Describe answers from a state that is this old
};
struct ec2_call {
    struct sim *m;
    const struct sim_caller *who;
    struct wall now; // simulated
    struct form *form;
    struct ec2_quirks quirks;
    const char *request_id;
    struct buf *out;
    struct ec2_error *e;
    // filled by ec2_run
    const char *action; // static, or NULL when unknown
    bool dry_run;
    bool changed; // the model is not what it was
};
#define EC2_VERSION "2016-11-15"
// Answers in out (status 200), or returns false with *e filled and out unchanged or to be thrown away.
bool ec2_run(struct ec2_call *c) MUST_CHECK;
// The static name of an action that we know, for counters; NULL otherwise.
const char *ec2_action_name(struct slice action);
const char *ec2_action_at(unsigned i); // walks them; NULL past the end

// ---- between the ec2*.c files
void ec2_reply_begin(struct ec2_call *c); // <ActionResponse xmlns…><requestId>
void ec2_reply_end(struct ec2_call *c);
bool ec2_dry_ok(struct ec2_call *c);    // DryRun=true and all checks passed: fails with DryRunOperation
bool ec2_done_true(struct ec2_call *c); // the whole reply <return>true</return>
// Closes the set and the reply of a Describe; with a nextToken when there is more after the item `last`.
void ec2_list_end(struct ec2_call *c, const char *set, bool more, uint64_t last);
// AWS takes a block with host bits and clears them (100.68.0.18/18 becomes 100.68.0.0/18). family: 4, 6, or 0 = any.
bool ec2_block_param(struct slice text, const char *name, uint8_t family, struct cidr *ret,
                     struct ec2_error *e) MUST_CHECK;
// code: instead of the state's own; NULL = its own.
void ec2_xml_peering(struct buf *out, const struct sim_view *v, const char *tag, const char *code);
void ec2_xml_vpc(struct buf *out, const struct sim_vpc *v, const char *state, const char *tag);
void ec2_xml_association(struct buf *out, const struct sim_block *b, const char *tag, const char *state);
void ec2_xml_options(struct buf *out, const char *tag, bool dns);
// route_state: instead of "active" or "blackhole"; NULL = the own.
void ec2_xml_table(struct buf *out, const struct sim_table_view *v, const char *tag, const char *route_state);
void ec2_xml_tags(struct buf *out, const struct sim_tags *t);
void ec2_xml_foreign(struct sim *m, struct buf *out, struct wall now);
bool ec2_tag_spec(struct ec2_call *c, const char *resource_type, struct sim_tag_arg **ret, unsigned *ret_n) MUST_CHECK;
bool ec2_tags_apply(struct ec2_call *c, struct sim_tags *t, const struct sim_tag_arg *args, unsigned n) MUST_CHECK;
bool ec2_create_vpc(struct ec2_call *c);
bool ec2_delete_vpc(struct ec2_call *c);
bool ec2_describe_vpcs(struct ec2_call *c);
bool ec2_associate_vpc_cidr_block(struct ec2_call *c);
bool ec2_create_tags(struct ec2_call *c);
bool ec2_delete_tags(struct ec2_call *c);
bool ec2_describe_tags(struct ec2_call *c);
bool ec2_describe_regions(struct ec2_call *c);
bool ec2_create_route_table(struct ec2_call *c);
bool ec2_delete_route_table(struct ec2_call *c);
bool ec2_describe_route_tables(struct ec2_call *c);
bool ec2_create_route(struct ec2_call *c);
bool ec2_replace_route(struct ec2_call *c);
bool ec2_delete_route(struct ec2_call *c);
