// SPDX-License-Identifier: Apache-2.0
// Templates of the Name tag that an accepted connection gets. Source: EC2 user guide, "Tag restrictions". Pure.
// Called by: core. Must never: let a value through that AWS would refuse.
#pragma once

#include "model/connection.h"

#define NAME_TAG_CHARS 256
#define NAME_TAG_BYTES (NAME_TAG_CHARS * 4 + 1)
#define NAME_TAG_WORDS "{requesterAccountId} {requesterVpcId} {requesterRegion} {accepterVpcId} {connectionId}"

// ERR_INVALID says what is wrong: an unknown {word}, a character that AWS' tags do not allow, "aws:" or a space at the
// edges, or more than NAME_TAG_CHARS characters once the longest words are in.
enum err name_tag_check(struct slice template, struct error *err) MUST_CHECK;
// The value for one connection; of a template that was checked.
void name_tag_expand(struct slice template, const struct connection *c, char ret[NAME_TAG_BYTES]);
