// SPDX-License-Identifier: Apache-2.0
// EC2's Filter.N: names ANDed, values of one name ORed, * and ? as wildcards.
// Called by: ec2sim/ec2*.c. Must never: match what the caller cannot see.
#pragma once

#include "ec2sim/model.h"

#define FILTER_VALUES_MAX 200 // in all filters of one request
#define FILTER_VALUE_MAX  255

struct sim_filter {
    struct slice name;
    const struct slice *values;
    unsigned value_count;
};
struct sim_filters {
    const struct sim_filter *v;
    unsigned n;
};
enum filter_kind { FILTER_PEERING, FILTER_VPC, FILTER_TABLE, FILTER_TAG };
// InvalidParameterValue for a name that the action does not know, FilterLimitExceeded past the limits.
bool filters_check(const struct sim_filters *f, enum filter_kind kind, struct ec2_error *e) MUST_CHECK;
bool filters_match_peering(const struct sim_filters *f, const struct sim_view *v);
bool filters_match_vpc(const struct sim_filters *f, const struct sim_vpc *v);
bool filters_match_table(const struct sim_filters *f, const struct sim_table_view *v);
struct sim_tag_row { // one item of DescribeTags
    const char *resource_id, *resource_type;
    const struct sim_tag *tag;
};
bool filters_match_tag(const struct sim_filters *f, const struct sim_tag_row *row);
// * any run, ? at most one character, \ takes the next literally (EC2 user guide, "List and filter").
bool filter_wildcard(struct slice pattern, struct slice text);
