// SPDX-License-Identifier: Apache-2.0
// The known word that a mistyped one is nearest to, for errors that name it.
// Called by: config (keys), cli (commands and flags). Must never: decide; it only suggests.
#pragma once

#include "base/slice.h"

// Fewest insertions, deletions, replacements and swaps of neighbours; ties go to the earlier name. Bytes past the 64th
// of a word are not looked at. NULL only when n is 0.
const char *nearest(struct slice word, const char *const *names, size_t n);
