// SPDX-License-Identifier: Apache-2.0
// The running simulator through its C calls: seeding, the state file across restarts, damage, bounds, busy ports.
// Requests over the socket are tested by real clients in tests/system.
// Must never: leave its directory behind.

// clang-format off
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
// clang-format on
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "ec2sim/server.h"
#include "net/crypto.h"

#define REQUESTER "111111111111"
#define ACCEPTER  "222222222222"
#define HERE      "us-east-1"

static char dir[64], path[96];
static struct error err;

static int setup(void **state)
{
    (void)state;
    err = (struct error){0};
    assert_int_equal(crypto_init(&err), ERR_OK);
    snprintf(dir, sizeof(dir), "/tmp/ec2sim-test-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/ec2sim.json", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static struct ec2sim *start(bool with_dir)
{
    struct ec2sim_options o;
    struct ec2sim *s = NULL;
    ec2sim_options_default(&o);
    o.seed = 5;
    o.data_dir = with_dir ? dir : NULL;
    if (ec2sim_start(&o, &s, &err) != ERR_OK) fail_msg("%s", err.detail);
    return s;
}

static void add_vpc(struct ec2sim *s, const char *account, const char *cidr, char id[EC2SIM_ID_STR])
{
    const char *cidrs[] = {cidr};
    struct ec2sim_vpc v = {.account_id = account, .region = HERE, .cidrs = cidrs, .cidr_count = 1, .name = "n"};
    assert_int_equal(ec2sim_vpc_add(s, &v, id, &err), ERR_OK);
}

static void add_request(struct ec2sim *s, const char *vpc, const char *peer, char id[EC2SIM_ID_STR])
{
    struct ec2sim_request q = {.requester_account_id = REQUESTER,
                               .requester_region = HERE,
                               .requester_vpc_id = vpc,
                               .accepter_account_id = ACCEPTER,
                               .accepter_region = HERE,
                               .accepter_vpc_id = peer,
                               .name = "demo"};
    assert_int_equal(ec2sim_peering_request(s, &q, id, &err), ERR_OK);
}

static void status_is(struct ec2sim *s, const char *account, const char *id, const char *want)
{
    char code[24] = "";
    enum err rc = ec2sim_peering_status(s, account, HERE, id, code, &err);
    assert_int_equal(rc, *want ? ERR_OK : ERR_NOT_FOUND);
    assert_string_equal(code, want);
}

static void a_demo_world_is_seeded(void **state)
{
    (void)state;
    struct ec2sim *s = start(false);
    char a[EC2SIM_ID_STR], b[EC2SIM_ID_STR], p[EC2SIM_ID_STR], again[EC2SIM_ID_STR];
    char key[EC2SIM_KEY_STR], secret[EC2SIM_SECRET_STR];
    assert_int_equal(strncmp(ec2sim_url(s), "http://127.0.0.1:", 17), 0);
    assert_false(ec2sim_was_loaded(s));
    assert_int_equal(ec2sim_account_add(s, REQUESTER, "AKIAREQUESTER0000001", "secret-one", &err), ERR_OK);
    assert_int_equal(ec2sim_account_key(s, REQUESTER, key, secret, &err), ERR_OK);
    assert_string_equal(key, "AKIAREQUESTER0000001");
    assert_string_equal(secret, "secret-one");
    assert_int_equal(ec2sim_account_key(s, ACCEPTER, key, secret, &err), ERR_NOT_FOUND);
    add_vpc(s, REQUESTER, "10.1.0.0/16", a);
    add_vpc(s, ACCEPTER, "10.2.0.0/16", b);
    add_request(s, a, b, p);
    status_is(s, ACCEPTER, p, "pending-acceptance");
    add_request(s, a, b, again);
    assert_string_equal(p, again);
    assert_int_equal(ec2sim_clock_advance(s, 7 * 86400, &err), ERR_OK);
    status_is(s, ACCEPTER, p, "expired");
    assert_int_equal(ec2sim_clock_advance(s, 2 * 86400, &err), ERR_OK);
    status_is(s, ACCEPTER, p, "");
    ec2sim_stop(&s);
    assert_null(s);
    ec2sim_stop(&s); // nothing more to do
}

static void a_restart_goes_on_where_it_was(void **state)
{
    (void)state;
    struct ec2sim *s = start(true);
    char a[EC2SIM_ID_STR], b[EC2SIM_ID_STR], p[EC2SIM_ID_STR], fresh[EC2SIM_ID_STR];
    char key[EC2SIM_KEY_STR], secret[EC2SIM_SECRET_STR];
    struct stat st;
    assert_int_equal(ec2sim_account_add(s, REQUESTER, "AKIAREQUESTER0000001", "secret-one", &err), ERR_OK);
    assert_int_equal(ec2sim_role_add(s, "arn:aws:iam::222222222222:role/x", "ext", 900, &err), ERR_OK);
    add_vpc(s, REQUESTER, "10.1.0.0/16", a);
    add_vpc(s, ACCEPTER, "10.2.0.0/16", b);
    add_request(s, a, b, p);
    assert_int_equal(ec2sim_clock_advance(s, 86400, &err), ERR_OK);
    assert_int_equal(ec2sim_setting(s, "expirySeconds", 1000000, &err), ERR_OK);
    struct wall before = ec2sim_now(s);
    assert_int_equal(stat(path, &st), 0); // saved already, not only at stop
    assert_int_equal(st.st_mode & 0777, 0600);
    ec2sim_stop(&s);
    s = start(true);
    assert_true(ec2sim_was_loaded(s));
    assert_true(ec2sim_now(s).us >= before.us);
    assert_true(ec2sim_now(s).us < before.us + 600 * US_PER_SEC);
    assert_int_equal(ec2sim_account_key(s, REQUESTER, key, secret, &err), ERR_OK);
    assert_string_equal(secret, "secret-one");
    status_is(s, ACCEPTER, p, "pending-acceptance");
    status_is(s, REQUESTER, p, "pending-acceptance");
    add_vpc(s, ACCEPTER, "10.3.0.0/16", b); // the same seed: ids must not collide with those that are there
    add_request(s, a, b, fresh);
    assert_string_not_equal(fresh, p);
    ec2sim_stop(&s);
}

static void write_file(const char *text)
{
    assert_int_equal(file_write(path, slice_of(text), 0600, &err), ERR_OK);
}

static void a_damaged_file_is_named_and_kept(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{",
        "[]",
        "{\"format\":\"other\",\"version\":1}",
        "{\"format\":\"ec2sim\",\"version\":999}",
        "{\"format\":\"ec2sim\",\"version\":1,\"offset\":0,\"settings\":{},\"keys\":[],\"roles\":[],\"sessions\":[],"
        "\"vpcs\":[{\"seq\":1}],\"peerings\":[],\"nextSeq\":2}",
        "{\"format\":\"ec2sim\",\"version\":1,\"offset\":0,\"settings\":{\"expirySeconds\":0},\"keys\":[],\"roles\":[],"
        "\"sessions\":[],\"vpcs\":[],\"peerings\":[],\"nextSeq\":1}",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct ec2sim_options o;
        struct ec2sim *s = NULL;
        struct buf kept;
        ec2sim_options_default(&o);
        o.data_dir = dir;
        write_file(bad[i]);
        assert_int_equal(ec2sim_start(&o, &s, &err), ERR_CORRUPT);
        assert_null(s);
        assert_non_null(strstr(err.detail, path));
        assert_int_equal(file_read(path, 65536, &kept, &err), ERR_OK);
        assert_true(slice_eq_cstr(buf_view(&kept), bad[i]));
        buf_done(&kept);
    }
}

// ---- route tables in the state file

#define VPC_TEXT                                                                                                       \
    "\"vpcs\":[{\"seq\":1,\"id\":\"vpc-00000001\",\"account\":\"222222222222\",\"region\":\"us-east-1\",\"created\":"  \
    "5,"                                                                                                               \
    "\"blocks\":[\"10.2.0.0/16\",\"vpc-cidr-assoc-00000001\"],\"tags\":[]}],\"peerings\":[],"
#define HEAD_TEXT(version)                                                                                             \
    "{\"format\":\"ec2sim\",\"version\":" version                                                                      \
    ",\"offset\":0,\"settings\":{},\"keys\":[],\"roles\":[],\"sessions\":[],"
#define MAIN_TEXT(routes)                                                                                              \
    "{\"seq\":2,\"id\":\"rtb-00000002\",\"vpc\":\"vpc-00000001\",\"mainAssociation\":\"rtbassoc-00000003\","           \
    "\"created\":5,"                                                                                                   \
    "\"routes\":[" routes "],\"tags\":[\"k\",\"v\"]}"

static bool saved_holds(const char *text)
{
    struct buf file;
    assert_int_equal(file_read(path, 65536, &file, &err), ERR_OK);
    bool found = memmem(file.p, file.n, text, strlen(text)) != NULL;
    buf_done(&file);
    return found;
}

static void an_older_file_gets_main_tables(void **state)
{
    (void)state;
    write_file(HEAD_TEXT("1") VPC_TEXT "\"nextSeq\":2}");
    struct ec2sim *s = start(true);
    assert_true(ec2sim_was_loaded(s));
    ec2sim_stop(&s);
    assert_true(saved_holds("\"version\":2"));
    assert_true(saved_holds("\"mainAssociation\":\"rtbassoc-0"));
    s = start(true); // and that one is read again
    ec2sim_stop(&s);
}

static void routes_survive_a_restart(void **state)
{
    (void)state;
    const char *routes = "\"10.1.0.0/16\",\"pcx-00000009\",7,\"fd00::/64\",\"pcx-00000009\",8";
    write_file(HEAD_TEXT("2") VPC_TEXT "\"nextSeq\":3,\"routeTables\":[" MAIN_TEXT(
        "\"10.1.0.0/16\",\"pcx-00000009\",7,\"fd00::/64\",\"pcx-00000009\",8") "]}");
    struct ec2sim *s = start(true);
    char b[EC2SIM_ID_STR];
    add_vpc(s, ACCEPTER, "10.7.0.0/16", b);
    ec2sim_stop(&s);
    assert_true(saved_holds(routes));
    assert_true(saved_holds("\"tags\":[\"k\",\"v\"]"));
}

static void damaged_route_tables_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",                                                       // no list
        "\"routeTables\":[],",                                    // a VPC without its main table
        "\"routeTables\":[" MAIN_TEXT("") "," MAIN_TEXT("") "],", // twice
        "\"routeTables\":[" MAIN_TEXT("\"10.1.0.0/16\"") "],",    // half a route
        "\"routeTables\":[" MAIN_TEXT("\"x\",\"pcx-00000009\",7") "],",
        "\"routeTables\":[" MAIN_TEXT("\"10.1.0.0/16\",\"igw-00000009\",7") "],",
        "\"routeTables\":[" MAIN_TEXT("\"10.1.0.0/16\",\"pcx-00000009\",\"7\"") "],",
        "\"routeTables\":[{\"seq\":2,\"id\":\"rtb-00000002\",\"vpc\":\"vpc-00000008\",\"mainAssociation\":null,"
        "\"created\":5,\"routes\":[],\"tags\":[]}],", // of no VPC
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        char text[2048];
        struct ec2sim_options o;
        struct ec2sim *s = NULL;
        ec2sim_options_default(&o);
        o.data_dir = dir;
        snprintf(text, sizeof(text), HEAD_TEXT("2") VPC_TEXT "%s\"nextSeq\":3}", bad[i]);
        write_file(text);
        if (ec2sim_start(&o, &s, &err) != ERR_CORRUPT) fail_msg("%s", text);
    }
}

// Cuts a real state file at many places: never a crash, never a half-read world.
static void every_cut_of_a_file_is_refused(void **state)
{
    (void)state;
    struct ec2sim *s = start(true);
    char a[EC2SIM_ID_STR], b[EC2SIM_ID_STR], p[EC2SIM_ID_STR];
    struct buf whole;
    add_vpc(s, REQUESTER, "10.1.0.0/16", a);
    add_vpc(s, ACCEPTER, "10.2.0.0/16", b);
    add_request(s, a, b, p);
    ec2sim_stop(&s);
    assert_int_equal(file_read(path, 1 << 20, &whole, &err), ERR_OK);
    for (size_t n = 0; n + 2 < whole.n; n += 37) {
        struct ec2sim_options o;
        ec2sim_options_default(&o);
        o.data_dir = dir;
        assert_int_equal(file_write(path, slice_n(whole.p, n), 0600, &err), ERR_OK);
        assert_int_equal(ec2sim_start(&o, &s, &err), ERR_CORRUPT);
    }
    buf_done(&whole);
}

static void a_busy_port_is_said(void **state)
{
    (void)state;
    struct ec2sim *s = start(false), *second = NULL;
    struct ec2sim_options o;
    ec2sim_options_default(&o);
    o.listen = ec2sim_url(s) + strlen("http://");
    assert_int_equal(ec2sim_start(&o, &second, &err), ERR_EXISTS);
    assert_null(second);
    ec2sim_stop(&s);
}

static void bounds_are_kept(void **state)
{
    (void)state;
    struct ec2sim *s = start(false);
    char b[EC2SIM_ID_STR];
    const char *ten[] = {"10.0.0.0/16", "fd00::/56", "10.9.0.0/15", "nonsense"};
    struct ec2sim_vpc v = {.account_id = ACCEPTER, .region = HERE, .cidrs = ten, .cidr_count = 0};
    assert_int_equal(ec2sim_vpc_add(s, &v, b, &err), ERR_INVALID);
    v.cidr_count = 11;
    assert_int_equal(ec2sim_vpc_add(s, &v, b, &err), ERR_INVALID);
    v.cidr_count = 4;
    assert_int_equal(ec2sim_vpc_add(s, &v, b, &err), ERR_INVALID);
    v.cidr_count = 2;
    v.vpc_id = "vpc-0123456789abcdef0";
    assert_int_equal(ec2sim_vpc_add(s, &v, b, &err), ERR_OK);
    assert_string_equal(b, "vpc-0123456789abcdef0");
    assert_int_equal(ec2sim_vpc_add(s, &v, b, &err), ERR_EXISTS);
    v.account_id = "42";
    assert_int_equal(ec2sim_vpc_add(s, &v, b, &err), ERR_INVALID);
    assert_int_equal(ec2sim_clock_advance(s, -1, &err), ERR_INVALID);
    assert_int_equal(ec2sim_clock_advance(s, INT64_MAX, &err), ERR_INVALID);
    assert_int_equal(ec2sim_setting(s, "provisioningSeconds", -1, &err), ERR_INVALID);
    assert_int_equal(ec2sim_setting(s, "colour", 1, &err), ERR_NOT_FOUND);
    assert_int_equal(ec2sim_fault_add(s, SLICE("{\"kind\":\"no\"}"), &err), ERR_INVALID);
    assert_int_equal(ec2sim_fault_add(s, SLICE("not json"), &err), ERR_INVALID);
    struct ec2sim_options o;
    struct ec2sim *second = NULL;
    ec2sim_options_default(&o);
    o.management_token = "short";
    assert_int_equal(ec2sim_start(&o, &second, &err), ERR_INVALID);
    o.management_token = NULL;
    o.listen = "nonsense";
    assert_int_equal(ec2sim_start(&o, &second, &err), ERR_INVALID);
    ec2sim_stop(&s);
}

static void many_at_once(void **state)
{
    (void)state;
    struct ec2sim *s = start(true);
    char b[EC2SIM_ID_STR];
    add_vpc(s, ACCEPTER, "10.2.0.0/16", b);
    struct ec2sim_bulk many = {.peerings = 20000,
                               .requester_account_id = REQUESTER,
                               .requester_region = HERE,
                               .accepter_account_id = ACCEPTER,
                               .accepter_region = HERE,
                               .accepter_vpc_id = b};
    assert_int_equal(ec2sim_bulk_add(s, &many, &err), ERR_OK);
    many.peerings = 0;
    assert_int_equal(ec2sim_bulk_add(s, &many, &err), ERR_INVALID);
    many.peerings = 1;
    many.accepter_vpc_id = "vpc-00000000";
    assert_int_equal(ec2sim_bulk_add(s, &many, &err), ERR_NOT_FOUND);
    ec2sim_stop(&s);
    s = start(true); // 20,000 come back
    assert_true(ec2sim_was_loaded(s));
    ec2sim_stop(&s);
}

// Loading with every allocation failing once: an error each time, no leak, and the file is as it was.
static void loading_survives_lack_of_memory(void **state)
{
    (void)state;
    struct ec2sim *s = start(true);
    char a[EC2SIM_ID_STR], b[EC2SIM_ID_STR], p[EC2SIM_ID_STR];
    add_vpc(s, REQUESTER, "10.1.0.0/16", a);
    add_vpc(s, ACCEPTER, "10.2.0.0/16", b);
    add_request(s, a, b, p);
    ec2sim_stop(&s);
    for (uint64_t n = 1;; n++) {
        struct ec2sim_options o;
        ec2sim_options_default(&o);
        o.data_dir = dir;
        mem_fault_set(n, false);
        enum err rc = ec2sim_start(&o, &s, &err);
        bool fired = mem_fault_fired();
        mem_fault_set(0, false);
        if (rc == ERR_OK) ec2sim_stop(&s);
        if (!fired) break;
        assert_true(n < 2000);
    }
    s = start(true);
    status_is(s, ACCEPTER, p, "pending-acceptance");
    ec2sim_stop(&s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_demo_world_is_seeded),
        T(a_restart_goes_on_where_it_was),
        T(a_damaged_file_is_named_and_kept),
        T(an_older_file_gets_main_tables),
        T(routes_survive_a_restart),
        T(damaged_route_tables_are_refused),
        T(every_cut_of_a_file_is_refused),
        T(a_busy_port_is_said),
        T(bounds_are_kept),
        T(many_at_once),
        T(loading_survives_lack_of_memory),
    };
    return cmocka_run_group_tests_name("ec2sim server", tests, NULL, NULL);
}
