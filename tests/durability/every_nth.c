// SPDX-License-Identifier: Apache-2.0
// Every n-th allocation, every n-th call of the store and every n-th access to its files fails, one at a time and for
// each kind of request, until a round ends without a fault. Without a fault there is no error; with one there is an
// error in our shape, or the right answer; the rows are as before or as after, never between, and as after when the
// answer says so; the same request then succeeds. Memory is SQLite's and jansson's too; OpenSSL's is not, for digests
// abort without it (net/crypto.c). Run by: tools/check with ASan and LSan, tools/soak. Usage: every_nth [EVERY [CASE]]:
// every fault with 1, else each EVERY-th; of one case or of all.
#include "cases.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>

enum fault { FAULT_MEMORY, FAULT_IO, FAULT_BUSY, FAULT_FULL, FAULT_READ_ONLY, FAULT_DISK, FAULT_COUNT_ };
static const char *const fault_names[FAULT_COUNT_] = {
    "allocation",        "store call (I/O)",       "store call (busy)",
    "store call (full)", "store call (read-only)", "file access"};

struct tally {
    uint64_t rounds, fired, errors, right;
};

static struct tally tally[FAULT_COUNT_];
static uint64_t every = 1;
static const char *only; // NULL: all cases
static bool routes_seen[ROUTE_COUNT_];
static char now_running[160]; // for a crash

static void crashed(int sig)
{
    size_t n = strlen(now_running);
    ssize_t written = write(STDERR_FILENO, now_running, n);
    (void)written;
    (void)signal(sig, SIG_DFL);
    (void)raise(sig);
}

// ---- faults -------------------------------------------------------------------------------------------------------

static void set_fault(enum fault f, uint64_t n)
{
    static const enum store_fault calls[FAULT_COUNT_] = {[FAULT_IO] = STORE_FAULT_IO,
                                                         [FAULT_BUSY] = STORE_FAULT_BUSY,
                                                         [FAULT_FULL] = STORE_FAULT_FULL,
                                                         [FAULT_READ_ONLY] = STORE_FAULT_READ_ONLY};
    if (f == FAULT_MEMORY)
        mem_fault_set(n, false);
    else if (f == FAULT_DISK)
        disk_fault_set(n);
    else
        store_fault_set(n, calls[f], f == FAULT_FULL);
}

static bool fault_fired(enum fault f)
{
    return f == FAULT_MEMORY ? mem_fault_fired() : f == FAULT_DISK ? disk_fault_fired() : store_fault_fired();
}

// ---- what is allowed ----------------------------------------------------------------------------------------------

// One of our two errors, whole.
static bool is_error(const struct nth_answer *o, bool oauth)
{
    struct json_doc *doc;
    struct error err;
    if (o->op) return o->code != ERR_OK;
    if (o->head_failed) return true; // httpd then answers 500 by itself
    if (o->status != 500 && (o->status != 503 || !o->retry_after)) return false;
    if (json_read(o->body, 4096, &doc, &err) != ERR_OK) return false;
    const struct json_value *root = json_root(doc), *content = json_get(root, "content");
    const char *want = o->status == 503 ? "SERVICE_UNAVAILABLE" : "UNEXPECTED_ERROR";
    if (content) root = content;
    bool ours = slice_eq_cstr(json_string(json_get(root, "errorCode")), want) ||
                (oauth && slice_eq_cstr(json_string(json_get(root, "error")), "server_error"));
    json_doc_free(doc);
    return ours;
}

static bool is_right(const struct nth_case *c, const struct nth_answer *o, const struct nth_answer *want)
{
    if (o->op) return o->code == want->code;
    return o->status == want->status && !o->head_failed &&
           (c->loose ? o->body.n == want->body.n : slice_eq(o->body, want->body));
}

static uint64_t failures;

// Each is shown, the first two of a kind.
static void note_failure(const struct nth_case *c, enum fault f, uint64_t n, const char *what,
                         const struct nth_answer *o)
{
    static const struct nth_case *of;
    static const char *kind;
    static unsigned shown;
    failures++;
    shown = of == c && kind == what ? shown + 1 : 1;
    of = c;
    kind = what;
    if (shown > 2) return;
    printf("%s, %s %llu fails: %s; answer %d %s %.*s\n", c->name, fault_names[f], (unsigned long long)n, what,
           o->status, o->op ? err_name(o->code) : "", SLICE_FMT(o->body));
}

// ---- rounds -------------------------------------------------------------------------------------------------------

struct nth_expected {
    struct nth_answer answer;
    char *before, *after; // rows
};

// Where the rows differ from both states.
static void show_difference(const char *before, const char *after, const char *rows)
{
    for (const char *at = rows; *at;) {
        const char *end = strchr(at, '\n');
        size_t n = end ? (size_t)(end - at) : strlen(at);
        if (n > 0 && (!memmem(before, strlen(before), at, n) || !memmem(after, strlen(after), at, n)))
            printf("  %s%.*s\n",
                   memmem(before, strlen(before), at, n) ? "as before: "
                   : memmem(after, strlen(after), at, n) ? "as after: "
                                                         : "neither: ",
                   (int)n, at);
        at += n + (end != NULL);
    }
}

static char *rows_copy(struct nth_world *w)
{
    struct slice rows = world_rows(w);
    char *copy = mem_strndup(rows.p, rows.n);
    assert_non_null(copy);
    return copy;
}

static void ask_with(struct nth_world *w, const struct nth_case *c, enum fault f, uint64_t n, struct nth_answer *ret)
{
    world_prepare(w, c);
    (void)snprintf(now_running, sizeof(now_running), "in: %s, %s %llu\n", c->name, fault_names[f],
                   (unsigned long long)n);
    set_fault(f, n);
    enum err code = world_run(w, c);
    set_fault(f, 0);
    world_answer(w, c, code, ret);
}

static void judge(const struct nth_case *c, enum fault f, uint64_t n, const struct nth_expected *want,
                  const struct nth_answer *o, const char *rows)
{
    bool fired = fault_fired(f), right = is_right(c, o, &want->answer), error = is_error(o, c->oauth);
    bool before = strcmp(rows, want->before) == 0, after = strcmp(rows, want->after) == 0;
    if (!before && !after) {
        show_difference(want->before, want->after, rows);
        note_failure(c, f, n, "the rows are between", o);
    }
    if (!fired && !right) note_failure(c, f, n, "no fault, another answer", o);
    if (fired && !right && !error) note_failure(c, f, n, "neither an error nor the right answer", o);
    if (right && !after) note_failure(c, f, n, "acknowledged and not done", o);
    tally[f].rounds++;
    tally[f].fired += fired;
    tally[f].errors += fired && !right;
    tally[f].right += fired && right;
}

// One world, one fault. False: none fired any more.
static bool run_round(const struct nth_case *c, enum fault f, uint64_t n, const struct nth_expected *want)
{
    struct nth_answer o, again;
    struct nth_world *w = world_new(c);
    ask_with(w, c, f, n, &o);
    bool fired = fault_fired(f);
    char *rows = rows_copy(w);
    judge(c, f, n, want, &o, rows);
    bool undone = strcmp(rows, want->before) == 0;
    mem_free(rows);
    if (fired && undone) {
        ask_with(w, c, f, 0, &again);
        if (!is_right(c, &again, &want->answer)) note_failure(c, f, n, "the same request fails afterwards", &again);
        answer_done(&again);
    }
    answer_done(&o);
    world_free(w);
    return fired;
}

// `at`: which of the EVERY rounds, so that the cases differ in it.
static void run_case(const struct nth_case *c, uint64_t at)
{
    struct nth_expected want;
    struct nth_world *w = world_new(c);
    want.before = rows_copy(w);
    ask_with(w, c, FAULT_MEMORY, 0, &want.answer);
    if (c->op ? want.answer.code != ERR_OK : want.answer.status != c->status)
        fail_msg("%s: %d %s %.*s instead of %d", c->name, want.answer.status, err_name(want.answer.code),
                 SLICE_FMT(want.answer.body), c->status);
    if (want.answer.route >= 0) routes_seen[want.answer.route] = true;
    want.after = rows_copy(w);
    if ((strcmp(want.before, want.after) != 0) != c->writes)
        fail_msg("%s: it %s", c->name, c->writes ? "wrote nothing" : "wrote");
    world_free(w);
    for (int f = 0; f < FAULT_COUNT_; f++)
        for (uint64_t n = 1 + at % every; run_round(c, (enum fault)f, n, &want); n += every) {
        }
    mem_free(want.before);
    mem_free(want.after);
    answer_done(&want.answer);
}

static void each_request_is_done_or_refused_or_not_done(void **state)
{
    static const struct nth_case *const tables[] = {nth_connections, nth_tenants, nth_policy,
                                                    nth_operator,    nth_own,     nth_webhooks};
    size_t n = 0;
    for (size_t t = 0; t < ARRAY_LEN(tables); t++)
        for (const struct nth_case *c = tables[t]; c->name; c++, n++)
            if (!only || strcmp(only, c->name) == 0) run_case(c, n);
    for (int i = 0; i < ROUTE_COUNT_ && !only; i++) {
        if (routes_seen[i]) continue;
        printf("%s has no case of its own: give it one in a table of tests/durability/cases*.c\n",
               route_row((enum route)i)->operation);
        failures++;
    }
    printf("%zu kinds of request and of work, all %d routes\n", n, ROUTE_COUNT_);
    assert_int_equal(failures, 0);
    for (int f = 0; f < FAULT_COUNT_; f++)
        printf("failing %s: %llu rounds, %llu faults, %llu errors, %llu right answers: 0 crashes, 0 between\n",
               fault_names[f], (unsigned long long)tally[f].rounds, (unsigned long long)tally[f].fired,
               (unsigned long long)tally[f].errors, (unsigned long long)tally[f].right);
}

int main(int argc, char **argv)
{
    if (argc > 1 && (!slice_u64(slice_of(argv[1]), 1000000, &every) || every == 0)) return 2;
    only = argc > 2 ? argv[2] : NULL;
    shim_install();
    (void)signal(SIGABRT, crashed);
    int quiet = only ? STDERR_FILENO : open("/dev/null", O_WRONLY | O_CLOEXEC);
    log_open(LOG_INFO, quiet, &clock_system); // lines are made, which takes memory too
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_request_is_done_or_refused_or_not_done)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
