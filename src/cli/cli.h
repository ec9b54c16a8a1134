// SPDX-License-Identifier: Apache-2.0
// The command line's one door. Called by: main.c. Must never: grow.
#pragma once

int cli_main(int argc, char **argv); // the exit code, of sysexits.h
