// SPDX-License-Identifier: Apache-2.0
// The character rule of names in the OpenAPI document: Unicode letters (L), numbers (N) and a few more.
// Called by: core (organisations, groups), auth (service accounts). Must never: accept invalid UTF-8.
#pragma once

#include "base/slice.h"

#define NAME_PUNCT_GROUP   "-_.(),:&@+'" // Group.name, Organization.name: 1..64 characters
#define NAME_PUNCT_ACCOUNT "-_.,' "      // service account name (1..64) and description (1..250)

// True when s has 1..max_chars characters (code points), each a letter, a number or in punct.
bool name_valid(struct slice s, size_t max_chars, const char *punct);
