// SPDX-License-Identifier: Apache-2.0
// What is there, asked of the API, as far as a file speaks of it. Called by: cmd_plan.c.
// Must never: change anything, or ask for more lists than it needs.
#pragma once

#include "cli/ask.h"
#include "declare/declare.h"

// want: the file's root; NULL: everything that the caller may see. *ret lives in the command's arena.
// What api_call gives, with the place in the API before it; ERR_PROTOCOL for an answer of another shape.
enum err look(struct cmd_ctx *c, struct api_client *x, const struct decl_item *want, struct decl_item **ret,
              struct error *err) MUST_CHECK;
