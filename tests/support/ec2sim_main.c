// SPDX-License-Identifier: Apache-2.0
// Runs the EC2 simulator alone, for the system tests and for trying it by hand.
// Called by: tests/system. Must never: be shipped (the product's command is `peerage ec2sim`).
// Prints one line, "listening URL", and ends on SIGTERM or SIGINT.

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/defs.h"
#include "ec2sim/server.h"
#include "net/crypto.h"

static int usage(void)
{
    fprintf(stderr, "usage: ec2sim [--listen HOST:PORT] [--data DIR] [--token TOKEN] [--seed N] [--closed-roles]\n"
                    "              [--web-identity] [--set NAME=NUMBER]... [--key ACCOUNT:KEYID:SECRET]...\n");
    return 2;
}

static bool set_one(struct ec2sim_options *o, const char *text)
{
    struct slice value = slice_of(text), name;
    struct error err;
    int64_t n;
    return slice_cut(&value, '=', &name) && slice_i64(value, 0, INT64_MAX, &n) &&
           ec2sim_settings_set(&o->settings, name, n, &err) == ERR_OK;
}

static bool parse(int argc, char **argv, struct ec2sim_options *o)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        uint64_t n;
        if (strcmp(argv[i], "--closed-roles") == 0) {
            o->open_roles = false;
            continue;
        }
        if (strcmp(argv[i], "--web-identity") == 0) {
            o->web_identity = true;
            continue;
        }
        if (!value) return false;
        i++;
        if (strcmp(argv[i - 1], "--listen") == 0)
            o->listen = value;
        else if (strcmp(argv[i - 1], "--data") == 0)
            o->data_dir = value;
        else if (strcmp(argv[i - 1], "--token") == 0)
            o->management_token = value;
        else if (strcmp(argv[i - 1], "--seed") == 0 && slice_u64(slice_of(value), UINT64_MAX, &n))
            o->seed = n;
        else if (strcmp(argv[i - 1], "--set") == 0 && set_one(o, value))
            continue;
        else if (strcmp(argv[i - 1], "--key") != 0)
            return false;
    }
    return true;
}

static enum err add_keys(struct ec2sim *s, int argc, char **argv, struct error *err)
{
    for (int i = 1; i + 1 < argc; i++) {
        struct slice rest = slice_of(argv[i + 1]), account, id;
        char a[16], k[132];
        if (strcmp(argv[i], "--key") != 0) continue;
        if (!slice_cut(&rest, ':', &account) || !slice_cut(&rest, ':', &id) || !slice_copy(account, a, sizeof(a)) ||
            !slice_copy(id, k, sizeof(k)))
            return error_set(err, ERR_INVALID, "--key must be ACCOUNT:KEYID:SECRET");
        enum err rc = ec2sim_account_add(s, a, k, rest.p, err);
        if (rc != ERR_OK) return rc;
    }
    return ERR_OK;
}

int main(int argc, char **argv)
{
    struct ec2sim_options o;
    struct ec2sim *s = NULL;
    struct error err = {0};
    sigset_t wanted;
    int got;
    ec2sim_options_default(&o);
    if (!parse(argc, argv, &o)) return usage();
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigprocmask(SIG_BLOCK, &wanted, NULL); // before the threads start, so that they inherit it
    if (crypto_init(&err) != ERR_OK || ec2sim_start(&o, &s, &err) != ERR_OK ||
        add_keys(s, argc, argv, &err) != ERR_OK) {
        fprintf(stderr, "ec2sim: %s\n", err.detail);
        ec2sim_stop(&s);
        return 1;
    }
    printf("listening %s\n", ec2sim_url(s));
    fflush(stdout);
    while (sigwait(&wanted, &got) != 0) {
    }
    ec2sim_stop(&s);
    return 0;
}
