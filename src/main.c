// SPDX-License-Identifier: Apache-2.0
// The program's entry: everything is in src/cli. Called by: the system. Must never: do more than this.
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
