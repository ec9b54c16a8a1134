// SPDX-License-Identifier: Apache-2.0
// The cloud as handlers of the API may ask it: who a role is, and what it may do. Called by: app.c (hands it to the
// pipeline). Must never: let callers of the API take all workers, or write to the cloud.
#include "app/inside.h"

#include <stdio.h>

#define PROBES_MAX 2 // at once; an answer of AWS can take long

static struct cloud *begin(struct app *a, struct cloud_failure *f)
{
    struct error err = {.detail = "too many callers have something checked; try again in a moment"};
    struct cloud *cloud = NULL;
    lock_take(&a->lock);
    if (a->probes < PROBES_MAX && (a->cloud || app_make_cloud(a, &err) == ERR_OK)) {
        a->probes++;
        cloud = a->cloud;
    }
    lock_drop(&a->lock);
    if (cloud) return cloud;
    *f = (struct cloud_failure){.class = CLOUD_THROTTLED};
    snprintf(f->message, sizeof f->message, "%s", err.detail);
    return NULL;
}

static void end(struct app *a)
{
    lock_take(&a->lock);
    a->probes--;
    lock_drop(&a->lock);
}

static enum cloud_class identity(void *ctx, const struct cloud_target *t, char ret_account[ACCOUNT_ID],
                                 char ret_arn[256], struct cloud_failure *f)
{
    struct app *a = ctx;
    struct cloud *cloud = begin(a, f);
    if (!cloud) return CLOUD_THROTTLED;
    enum cloud_class class = cloud_identity(cloud, t, ret_account, ret_arn, f);
    end(a);
    return class;
}

static enum cloud_class check(void *ctx, const struct cloud_target *t, const char *account, const char *vpc_id,
                              struct permission_check ret[PERMISSION_CHECKS], unsigned *ret_n, struct cloud_failure *f)
{
    struct app *a = ctx;
    struct cloud *cloud = begin(a, f);
    if (!cloud) return CLOUD_THROTTLED;
    enum cloud_class class = cloud_check(cloud, t, account, vpc_id, false, ret, ret_n, f);
    end(a);
    return class;
}

struct api_cloud app_probe(struct app *a)
{
    return (struct api_cloud){.ctx = a, .identity = identity, .check = check};
}
