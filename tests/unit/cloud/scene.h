// SPDX-License-Identifier: Apache-2.0
// What the tests of calls and credentials share: a cloud on a manual clock against a scripted server.
// Called by: tests/unit/cloud. Must never: sleep; what the cloud would have slept is summed up.
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
// cmocka needs the three above first
#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "cloud/internal.h"
#include "net/crypto.h"
#include "tests/support/fake_http.h"

#define NOW_SEC INT64_C(1733944840) // 2024-12-11T19:20:40Z
#define ACCOUNT "111111111111"

struct scene {
    struct fake_http server;
    struct cloud_options opt;
    struct cloud *cloud;
    struct manual_clock hands;
    struct clock clock;
    struct seeded_rng seed;
    struct rng rng;
    struct arena *a;
    char url[64], dir[64], config[128], credentials[128], file[128];
    _Atomic int64_t slept_ns;
    _Atomic unsigned sleeps;
    _Atomic int mode; // the script's own
    struct cloud_failure f;
    struct cloud_target t;
};
static struct scene *scene_now; // the sleeping hook has no context of its own

static inline void scene_sleep(struct cloud *c, int64_t ns)
{
    (void)c;
    scene_now->slept_ns += ns;
    scene_now->sleeps++;
}

static inline void scene_begin(struct scene *s, void (*answer)(void *, int, const char *, unsigned))
{
    memset(s, 0, sizeof *s);
    scene_now = s;
    fake_start(&s->server, answer, s);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%d", s->server.port);
    snprintf(s->dir, sizeof s->dir, "/tmp/peerage-cloud-XXXXXX");
    assert_non_null(mkdtemp(s->dir));
    snprintf(s->config, sizeof s->config, "%s/config", s->dir);
    snprintf(s->credentials, sizeof s->credentials, "%s/credentials", s->dir);
    snprintf(s->file, sizeof s->file, "%s/file", s->dir);
    s->hands.wall_us = NOW_SEC * US_PER_SEC;
    s->hands.mono_ns = 1000 * NS_PER_SEC;
    s->clock = clock_manual(&s->hands);
    s->rng = rng_seeded(&s->seed, 1);
    cloud_options_default(&s->opt);
    s->opt.clock = &s->clock;
    s->opt.rng = &s->rng;
    s->opt.call_ms = 5000;
    s->opt.env = (struct cloud_env){
        .endpoint_all = s->url, .config_file = s->config, .credentials_file = s->credentials, .imds_disabled = true};
    s->t = (struct cloud_target){.identity = IDENTITY_AMBIENT, .identity_ref = "", .region = "us-east-1"};
    s->a = arena_new(64 << 20);
}

// After the environment was set.
static inline void scene_cloud(struct scene *s)
{
    struct error err;
    assert_int_equal(cloud_new(&s->opt, &s->cloud, &err), ERR_OK);
    s->cloud->sleep = scene_sleep;
}

static inline void scene_keys(struct scene *s)
{
    s->opt.env.access_key_id = "AKIDEXAMPLE";
    s->opt.env.secret_access_key = "wJalrXUtnFEMI";
}

static inline void scene_write(struct scene *s, const char *path, const char *text)
{
    struct error err;
    (void)s;
    assert_int_equal(file_write(path, slice_of(text), 0600, &err), ERR_OK);
}

static inline int scene_remove(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st, (void)type, (void)where;
    return remove(path);
}

static inline void scene_end(struct scene *s)
{
    cloud_free(s->cloud);
    fake_stop(&s->server);
    arena_free(s->a);
    (void)nftw(s->dir, scene_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void send_xml(int fd, const char *status, const char *body)
{
    fake_reply(fd, status, "Content-Type: text/xml\r\n", body);
}

static inline void send_error(int fd, const char *status, const char *code, const char *headers)
{
    char body[512];
    snprintf(body, sizeof body,
             "<Response><Errors><Error><Code>%s</Code><Message>told so</Message></Error></Errors><RequestID>req-1"
             "</RequestID></Response>",
             code);
    fake_reply(fd, status, headers, body);
}

static inline void send_caller(int fd, const char *account)
{
    char body[512];
    snprintf(
        body, sizeof body,
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::%s:user/x</Arn><Account>%s</Account>"
        "</GetCallerIdentityResult></GetCallerIdentityResponse>",
        account, account);
    send_xml(fd, "200 OK", body);
}

static inline int setup_crypto(void **state)
{
    struct error err;
    (void)state;
    return crypto_init(&err) == ERR_OK ? 0 : -1;
}
