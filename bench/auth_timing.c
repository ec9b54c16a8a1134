// SPDX-License-Identifier: Apache-2.0
// Does the time of an answer tell an unknown user from a wrong secret? In process, per scheme: tries of both classes in
// random order, Welch's t of their times. Fixed beforehand: tries above the pooled 95th percentile are left out (the
// scheduler's work, not ours), and |t| must stay below 4.5, as dudect has it. The last line is for information: a
// loop's look into memory, which comes before the request is handed to a worker, and finds a key that its owner uses
// right now. Run by: make bench. Usage: auth_timing [TRIES_OF_EACH_CLASS]. Must never: time the making of a request.
#include "tests/unit/auth/fixture.h"

#include <math.h>
#include <time.h>

#define CREDENTIALS 1000
#define BOUND       4.5
#define KEEP        0.95
#define WARM        2000 // tries before the first that counts

enum { KNOWN, UNKNOWN, CLASSES };
static const char *const class_names[CLASSES] = {"wrong secret", "unknown"};

struct world {
    struct fix *f;
    char keys[CLASSES][CREDENTIALS][9];
    char accounts[CLASSES][CREDENTIALS][PRINCIPAL_NAME];
    char *token; // of an account, live
    // The key whose owner asks just before each try, and a name before it; NULL: nobody does.
    const char *in_use;
    char before[9];
    bool loop_first; // as the pipeline does, but for the way to the worker
};

// ---- names ---------------------------------------------------------------------------------------------------------

// A name that nobody has, in the gap before `known`: both lead to the same place in the same index. Where a name stands
// costs some nanoseconds more or less, whether somebody has it or not, and would hide what is looked for.
static void name_before(const char *known, const char *digits, size_t first, char *out)
{
    size_t n = strlen(known), at = first;
    memcpy(out, known, n + 1);
    while (at + 1 < n && known[at] == digits[0]) at++;
    assert_true(known[at] != digits[0]);
    out[at] = strchr(digits, known[at])[-1];
    for (size_t i = at + 1; i < n; i++) out[i] = digits[rng_u64(&rng_system) % strlen(digits)];
}

static const char letters[] = "abcdefghijklmnopqrstuvwxyz", hex_digits[] = "0123456789abcdef";

static void make_names(struct world *w)
{
    uint8_t raw[12];
    for (int i = 0; i < CREDENTIALS; i++) {
        rng_fill(&rng_system, raw, sizeof(raw));
        for (int k = 0; k < 8; k++) w->keys[KNOWN][i][k] = letters[raw[k] % 25 + (k == 7)];
        memcpy(w->accounts[KNOWN][i], "mdb_sa_id_", 10);
        raw[11] |= 1;
        hex_encode(raw, sizeof(raw), w->accounts[KNOWN][i] + 10);
        name_before(w->keys[KNOWN][i], letters, 3 + raw[11] % 5, w->keys[UNKNOWN][i]);
        name_before(w->accounts[KNOWN][i], hex_digits, 16 + raw[11] % 16, w->accounts[UNKNOWN][i]);
    }
}

// How many of the made-up names lead to the row of the name that they were made of.
static int same_rows(struct world *w)
{
    struct error err;
    struct key_seal key;
    struct near_account account;
    int n = 0;
    for (int i = 0; i < CREDENTIALS; i++) {
        assert_int_equal(store_key_seal_near(w->f->reader, slice_of(w->keys[UNKNOWN][i]), &key, &err), ERR_OK);
        assert_int_equal(store_account_near(w->f->reader, slice_of(w->accounts[UNKNOWN][i]), &account, &err), ERR_OK);
        n += strcmp(key.public_key, w->keys[KNOWN][i]) == 0 && strcmp(account.client_id, w->accounts[KNOWN][i]) == 0;
    }
    return n;
}

static enum err insert_key(struct store_tx *tx, const struct world *w, int i, struct error *err)
{
    uint8_t ha1[16];
    struct api_key_row row = {.org_id = FIX_ORG, .description = "of a measurement", .private_tail = "0123456789ab"};
    rng_fill(&rng_system, ha1, sizeof(ha1));
    oid_hex(oid_new(&rng_system, (struct wall){0}), row.id);
    memcpy(row.public_key, w->keys[KNOWN][i], sizeof(row.public_key));
    enum err e = keyring_seal(w->f->keys, KEY_HA1, slice_of(row.public_key), slice_n((const char *)ha1, sizeof(ha1)),
                              &rng_system, row.ha1_key_id, row.ha1_nonce, row.ha1_sealed, err);
    if (e == ERR_OK) e = store_tx_api_key_insert(tx, &row, err);
    return e == ERR_OK ? store_tx_grant(tx, row.public_key, FIX_ORG, 1u << ROLE_ORG_MEMBER, err) : e;
}

static enum err insert_account(struct store_tx *tx, const struct world *w, int i, struct error *err)
{
    struct service_account_row row = {.org_id = FIX_ORG, .name = "robot", .description = "of a measurement"};
    struct sa_secret_row secret = {.masked = "mdb_sa_sk_...", .expires = {(FIX_NOW + 86400 * 365) * US_PER_SEC}};
    oid_hex(oid_new(&rng_system, (struct wall){0}), row.id);
    oid_hex(oid_new(&rng_system, (struct wall){0}), secret.id);
    rng_fill(&rng_system, secret.hash, sizeof(secret.hash));
    memcpy(row.client_id, w->accounts[KNOWN][i], sizeof(row.client_id));
    enum err e = store_tx_account_insert(tx, &row, err);
    if (e == ERR_OK) e = store_tx_secret_insert(tx, row.client_id, &secret, err);
    return e == ERR_OK ? store_tx_grant(tx, row.client_id, FIX_ORG, 1u << ROLE_ORG_MEMBER, err) : e;
}

static enum err fill(struct store_tx *tx, void *ctx, struct error *err)
{
    enum err e = ERR_OK;
    for (int i = 0; i < CREDENTIALS && e == ERR_OK; i++) {
        e = insert_key(tx, ctx, i, err);
        if (e == ERR_OK) e = insert_account(tx, ctx, i, err);
    }
    return e;
}

// ---- one try -------------------------------------------------------------------------------------------------------

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

static int64_t timed_check(struct world *w)
{
    struct auth_answer a;
    int64_t begin = now_ns();
    if (w->loop_first) auth_check(w->f->auth, NULL, &w->f->r, false, &a);
    auth_check(w->f->auth, w->f->reader, &w->f->r, true, &a);
    int64_t ns = now_ns() - begin;
    assert_true(a.result == AUTH_CHALLENGE || a.result == AUTH_BAD_TOKEN);
    auth_release(w->f->auth, &a);
    return ns;
}

static int64_t guess_key(struct world *w, int class, unsigned i)
{
    if (w->in_use) {
        fix_request(w->f, METHOD_GET, "/api/atlas/v2/groups");
        fix_digest(w->f, (struct fix_digest){0});
        assert_int_equal(fix_result(w->f, NULL), AUTH_OK);
    } else {
        fix_advance(w->f, 2.5); // nothing that is kept is fresh
    }
    fix_request(w->f, METHOD_GET, "/api/atlas/v2/groups");
    const char *user = !w->in_use ? w->keys[class][i] : class == KNOWN ? w->in_use : w->before;
    fix_digest(w->f, (struct fix_digest){.user = user, .password = "00000000-0000-4000-8000-000000000000"});
    return timed_check(w);
}

static int64_t guess_secret(struct world *w, int class, unsigned i)
{
    char text[160];
    fix_form(w->f, "/api/oauth/token", "grant_type=client_credentials");
    snprintf(text, sizeof(text), "%s:mdb_sa_sk_0123456789012345678901234567890123456789", w->accounts[class][i]);
    fix_basic(w->f, text);
    int64_t begin = now_ns();
    auth_oauth_token(w->f->auth, w->f->reader, &w->f->r, &w->f->rep);
    int64_t ns = now_ns() - begin;
    assert_int_equal(w->f->rep.status, 401);
    return ns;
}

// A live token whose MAC is wrong, against a made-up one of the same shape: another jti.
static int64_t guess_token(struct world *w, int class, unsigned i)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t n = strlen(w->token);
    fix_request(w->f, METHOD_GET, "/api/atlas/v2/groups");
    char *token = arena_strndup(w->f->arena, w->token, n);
    char *claims = strchr(token, '.') + 1, *mac = strrchr(token, '.') + 1;
    uint8_t raw[43];
    rng_fill(&rng_system, raw, sizeof(raw));
    for (unsigned k = 0; k < 42; k++) mac[k] = digits[raw[k] % 64];
    // Both are written to, the known one with what it has.
    for (unsigned k = 0; k < 12; k++) claims[8 + k] = class == KNOWN ? claims[8 + k] : digits[(raw[k] + i) % 64];
    fix_header(w->f, "Authorization", arena_fmt(w->f->arena, "Bearer %s", token));
    return timed_check(w);
}

// ---- many ----------------------------------------------------------------------------------------------------------

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

struct sample {
    int64_t *ns;
    size_t n;
    double mean, variance;
};

static void describe(struct sample *s, int64_t most)
{
    double sum = 0, squares = 0;
    size_t kept = 0;
    for (size_t i = 0; i < s->n; i++) kept += s->ns[i] <= most;
    for (size_t i = 0; i < s->n; i++) sum += s->ns[i] <= most ? (double)s->ns[i] : 0;
    s->mean = sum / (double)kept;
    for (size_t i = 0; i < s->n; i++) {
        double d = (double)s->ns[i] - s->mean;
        squares += s->ns[i] <= most ? d * d : 0;
    }
    s->variance = squares / (double)(kept - 1) / (double)kept; // of the mean
}

typedef int64_t (*guess_fn)(struct world *w, int class, unsigned i);

static bool measure(struct world *w, const char *name, guess_fn guess, size_t tries)
{
    struct sample s[CLASSES] = {{.ns = mem_zalloc(tries, sizeof(int64_t))}, {.ns = mem_zalloc(tries, sizeof(int64_t))}};
    int64_t *all = mem_zalloc(2 * tries, sizeof(int64_t));
    assert_true(s[0].ns && s[1].ns && all);
    for (int i = 0; i < WARM; i++) (void)guess(w, i % 2, (unsigned)(rng_u64(&rng_system) % CREDENTIALS));
    while (s[KNOWN].n < tries || s[UNKNOWN].n < tries) {
        uint64_t dice = rng_u64(&rng_system);
        int class = s[KNOWN].n == tries ? UNKNOWN : s[UNKNOWN].n == tries ? KNOWN : (int)(dice >> 63);
        int64_t ns = guess(w, class, (unsigned)(dice % CREDENTIALS));
        all[s[KNOWN].n + s[UNKNOWN].n] = ns;
        s[class].ns[s[class].n++] = ns;
    }
    qsort(all, 2 * tries, sizeof(*all), by_value);
    int64_t most = all[(size_t)(KEEP * (double)(2 * tries))], median = all[tries];
    for (int c = 0; c < CLASSES; c++) describe(&s[c], most);
    double t = (s[KNOWN].mean - s[UNKNOWN].mean) / sqrt(s[KNOWN].variance + s[UNKNOWN].variance);
    printf("%-28s %zu tries each: %s %.0f ns, %s %.0f ns (median of all %lld ns), Welch t = %+.2f%s\n", name, tries,
           class_names[KNOWN], s[KNOWN].mean, class_names[UNKNOWN], s[UNKNOWN].mean, (long long)median, t,
           fabs(t) < BOUND || w->loop_first ? "" : "  TOO FAR APART");
    for (int c = 0; c < CLASSES; c++) mem_free(s[c].ns);
    mem_free(all);
    return fabs(t) < BOUND;
}

static size_t tries_of_each = 100000;

static void times_tell_nothing(void **state)
{
    static struct world w;
    struct error err = {0};
    (void)state;
    w.f = fix_new();
    fix_shut(w.f);
    w.f->slow_down = UINT32_MAX; // the 429 of a guesser would hide what is measured
    fix_open(w.f, false);
    make_names(&w);
    if (store_write(w.f->store, fill, &w, &err) != ERR_OK) fail_msg("%s", err.detail);
    assert_true(same_rows(&w) > CREDENTIALS * 9 / 10);
    w.token = fix_token(w.f);
    bool ok = measure(&w, "Digest, many names", guess_key, tries_of_each);
    w.in_use = w.f->key.row.public_key;
    name_before(w.in_use, letters, 6, w.before);
    ok &= measure(&w, "Digest, a key in use", guess_key, tries_of_each);
    ok &= measure(&w, "OAuth client secret", guess_secret, tries_of_each);
    ok &= measure(&w, "bearer token", guess_token, tries_of_each);
    w.loop_first = true;
    (void)measure(&w, "(information) with the loop", guess_key, tries_of_each);
    mem_free(w.token);
    fix_free(w.f);
    assert_true(ok);
}

int main(int argc, char **argv)
{
    uint64_t n;
    if (argc > 1 && slice_u64(slice_of(argv[1]), 10000000, &n) && n > 1) tries_of_each = n;
    const struct CMUnitTest tests[] = {cmocka_unit_test(times_tell_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
