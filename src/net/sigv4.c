// SPDX-License-Identifier: Apache-2.0
// Signature Version 4: canonical request, string to sign, signing key, and the same steps to verify.
// Source: AWS IAM User Guide, "Create a signed AWS API request"; proved on AWS' published vectors.
// Called by: cloud (signs), ec2sim (verifies). Must never: log a key, read a clock, or compare a signature early-out.
#include "net/sigv4.h"

#include <stdlib.h>

#include "base/encode.h"
#include "base/mem.h"
#include "net/crypto.h"

#define ALGORITHM      "AWS4-HMAC-SHA256"
#define CANONICAL_MAX  (512 * 1024)
#define QUERY_MAX      1000
#define SECRET_MAX     256
#define SHA256_HEX     65
#define SIGNATURE_TEXT 64

static enum err out_of_memory(struct error *err)
{
    return error_set(err, ERR_NOMEM, "no memory to sign a request");
}

static enum err buf_result(const struct buf *b, struct error *err)
{
    if (b->fail == BUF_TOO_LARGE) return error_set(err, ERR_TOO_LARGE, "request is too large to sign");
    return b->fail == BUF_OK ? ERR_OK : out_of_memory(err);
}

// ---- path ---------------------------------------------------------------------------------

// Writes the segments of path joined by '/', without empty, "." and resolved ".." ones (RFC 3986 5.2.4).
static bool normalize_path(struct slice path, struct buf *out)
{
    while (path.n) {
        struct slice segment;
        (void)slice_cut(&path, '/', &segment);
        if (segment.n == 0 || slice_eq(segment, SLICE("."))) continue;
        if (slice_eq(segment, SLICE(".."))) {
            while (out->n && out->p[out->n - 1] != '/') out->n--;
            if (out->n) out->n--;
            continue;
        }
        buf_char(out, '/');
        buf_slice(out, segment);
    }
    return out->fail == BUF_OK;
}

static bool ends_as_directory(struct slice path)
{
    return slice_ends(path, SLICE("/")) || slice_ends(path, SLICE("/.")) || slice_ends(path, SLICE("/.."));
}

static enum err add_path(const struct sigv4_input *in, struct buf *out, struct error *err)
{
    if (!in->normalize_path) {
        buf_slice(out, in->path.n ? in->path : SLICE("/"));
        return ERR_OK;
    }
    struct buf plain;
    buf_init(&plain, CANONICAL_MAX);
    if (normalize_path(in->path, &plain) && (plain.n == 0 || ends_as_directory(in->path))) buf_char(&plain, '/');
    struct slice rest = buf_view(&plain);
    // The path as sent is encoded once more, its slashes apart.
    while (rest.n) {
        struct slice segment;
        bool more = slice_cut(&rest, '/', &segment);
        percent_encode(out, segment);
        if (more) buf_char(out, '/');
    }
    enum err e = buf_result(&plain, err);
    buf_done(&plain);
    return e;
}

// ---- query --------------------------------------------------------------------------------

struct pair {
    struct slice name, value;
};

static int pair_cmp(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;
    int c = slice_cmp(x->name, y->name);
    return c ? c : slice_cmp(x->value, y->value);
}

// What was sent may be encoded in several ways: decode, then encode in the one canonical way.
static enum err recode(struct slice s, struct arena *a, struct slice *ret, struct error *err)
{
    char *plain = arena_alloc(a, s.n + 1);
    if (!plain) return out_of_memory(err);
    size_t n = 0;
    if (!percent_decode(s, plain, s.n + 1, &n)) { // a bad escape is text like any other
        if (s.n) memcpy(plain, s.p, s.n);
        n = s.n;
    }
    struct buf b;
    buf_init(&b, CANONICAL_MAX);
    percent_encode(&b, slice_n(plain, n));
    enum err e = buf_result(&b, err);
    if (e == ERR_OK) *ret = arena_slice(a, buf_view(&b));
    buf_done(&b);
    return e;
}

static enum err add_query(struct slice query, struct buf *out, struct arena *a, struct error *err)
{
    struct query_param q;
    unsigned count = 0, n = 0;
    for (struct slice rest = query; query_next(&rest, &q);) count++;
    if (count == 0) return ERR_OK;
    if (count > QUERY_MAX) return error_set(err, ERR_TOO_LARGE, "more than %d query parameters", QUERY_MAX);
    struct pair *pairs = arena_array(a, count, sizeof *pairs);
    if (!pairs) return out_of_memory(err);
    for (struct slice rest = query; query_next(&rest, &q); n++) {
        enum err e = recode(q.name, a, &pairs[n].name, err);
        if (e == ERR_OK) e = recode(q.value, a, &pairs[n].value, err);
        if (e != ERR_OK) return e;
    }
    if (arena_failed(a)) return out_of_memory(err);
    qsort(pairs, n, sizeof *pairs, pair_cmp);
    for (unsigned i = 0; i < n; i++) {
        if (i) buf_char(out, '&');
        buf_slice(out, pairs[i].name);
        buf_char(out, '=');
        buf_slice(out, pairs[i].value);
    }
    return ERR_OK;
}

// ---- headers ------------------------------------------------------------------------------

struct signed_header {
    struct slice name; // lower case, in arena
    struct slice value;
    unsigned order; // of arrival: repeated headers keep it
};

static int header_cmp(const void *a, const void *b)
{
    const struct signed_header *x = a, *y = b;
    int c = slice_cmp(x->name, y->name);
    return c ? c : (x->order > y->order) - (x->order < y->order);
}

static struct slice lower(struct slice s, struct arena *a)
{
    struct slice copy = arena_slice(a, s);
    char *p = (char *)(uintptr_t)copy.p; // our own copy
    for (size_t i = 0; i < copy.n; i++)
        if (p[i] >= 'A' && p[i] <= 'Z') p[i] = (char)(p[i] + ('a' - 'A'));
    return copy;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Trimmed, and runs of white space (a folded line's too) become one space.
static void add_value(struct buf *out, struct slice value)
{
    value = slice_trim(value, " \t\r\n");
    for (size_t i = 0; i < value.n; i++) {
        if (!is_space(value.p[i]))
            buf_char(out, value.p[i]);
        else if (!is_space(value.p[i - 1]))
            buf_char(out, ' ');
    }
}

// Sorts a copy of the headers by name; ERR_TOO_LARGE past SIGV4_HEADERS_MAX.
static enum err sort_headers(const struct sigv4_input *in, struct arena *a, struct signed_header **ret,
                             struct error *err)
{
    if (in->header_count > SIGV4_HEADERS_MAX)
        return error_set(err, ERR_TOO_LARGE, "more than %d headers to sign", SIGV4_HEADERS_MAX);
    struct signed_header *h = arena_array(a, in->header_count + 1, sizeof *h);
    if (!h) return out_of_memory(err);
    for (unsigned i = 0; i < in->header_count; i++)
        h[i] = (struct signed_header){lower(in->headers[i].name, a), in->headers[i].value, i};
    if (arena_failed(a)) return out_of_memory(err);
    qsort(h, in->header_count, sizeof *h, header_cmp);
    *ret = h;
    return ERR_OK;
}

static enum err add_headers(const struct sigv4_input *in, struct buf *out, struct slice *ret_names, struct arena *a,
                            struct error *err)
{
    struct signed_header *h = NULL;
    enum err e = sort_headers(in, a, &h, err);
    if (e != ERR_OK) return e;
    struct buf names;
    buf_init(&names, CANONICAL_MAX);
    for (unsigned i = 0; i < in->header_count; i++) {
        bool again = i > 0 && slice_eq(h[i].name, h[i - 1].name);
        if (again) {
            out->n -= out->fail == BUF_OK; // back over the line's end: "value1,value2"
            buf_char(out, ',');
        } else {
            if (names.n) buf_char(&names, ';');
            buf_slice(&names, h[i].name);
            buf_slice(out, h[i].name);
            buf_char(out, ':');
        }
        add_value(out, h[i].value);
        buf_char(out, '\n');
    }
    buf_char(out, '\n');
    buf_slice(out, buf_view(&names));
    buf_char(out, '\n');
    e = buf_result(&names, err);
    if (e == ERR_OK) *ret_names = arena_slice(a, buf_view(&names));
    buf_done(&names);
    return e;
}

static void add_sha256(struct buf *out, struct slice s)
{
    uint8_t hash[32];
    char hex[SHA256_HEX];
    crypto_sha256(&s, 1, hash);
    hex_encode(hash, sizeof hash, hex);
    buf_add(out, hex, sizeof hex - 1);
}

enum err sigv4_canonical(const struct sigv4_input *in, struct buf *out, struct slice *ret_signed_headers,
                         struct arena *a, struct error *err)
{
    struct slice names = {NULL, 0};
    buf_slice(out, in->method);
    buf_char(out, '\n');
    enum err e = add_path(in, out, err);
    if (e != ERR_OK) return e;
    buf_char(out, '\n');
    e = add_query(in->query, out, a, err);
    if (e != ERR_OK) return e;
    buf_char(out, '\n');
    e = add_headers(in, out, &names, a, err);
    if (e != ERR_OK) return e;
    add_sha256(out, in->payload);
    e = buf_result(out, err);
    if (e == ERR_OK && arena_failed(a)) e = out_of_memory(err);
    if (e == ERR_OK) *ret_signed_headers = names;
    return e;
}

// ---- signature ----------------------------------------------------------------------------

static struct slice hash_slice(const uint8_t hash[32])
{
    return slice_n((const char *)hash, 32);
}

static void signing_key(struct slice secret, struct slice date, const struct sigv4_scope *scope, uint8_t out[32])
{
    char first[4 + SECRET_MAX] = "AWS4";
    memcpy(first + 4, secret.p, secret.n);
    struct slice key = slice_n(first, 4 + secret.n);
    crypto_hmac_sha256(key, &date, 1, out);
    mem_wipe(first, sizeof first);
    struct slice steps[] = {scope->region, scope->service, SLICE("aws4_request")};
    for (unsigned i = 0; i < ARRAY_LEN(steps); i++) crypto_hmac_sha256(hash_slice(out), &steps[i], 1, out);
}

static void add_scope(struct buf *out, struct slice date, const struct sigv4_scope *scope)
{
    buf_slice(out, date);
    buf_char(out, '/');
    buf_slice(out, scope->region);
    buf_char(out, '/');
    buf_slice(out, scope->service);
    buf_lit(out, "/aws4_request");
}

// The hex signature of a canonical request. `stamp` is x-amz-date, `date` its day, which is also the scope's.
static enum err sign(struct slice canonical, struct slice secret, struct slice stamp, const struct sigv4_scope *scope,
                     char out[SHA256_HEX], struct error *err)
{
    if (secret.n == 0 || secret.n > SECRET_MAX)
        return error_set(err, ERR_INVALID, "secret access key must have 1 to %d characters", SECRET_MAX);
    struct slice date = slice_n(stamp.p, 8);
    struct buf text;
    buf_init(&text, CANONICAL_MAX);
    buf_lit(&text, ALGORITHM "\n");
    buf_slice(&text, stamp);
    buf_char(&text, '\n');
    add_scope(&text, date, scope);
    buf_char(&text, '\n');
    add_sha256(&text, canonical);
    enum err e = buf_result(&text, err);
    if (e == ERR_OK) {
        uint8_t key[32], mac[32];
        struct slice t = buf_view(&text);
        signing_key(secret, date, scope, key);
        crypto_hmac_sha256(hash_slice(key), &t, 1, mac);
        hex_encode(mac, sizeof mac, out);
        mem_wipe(key, sizeof key);
    }
    buf_done(&text);
    return e;
}

static const struct header *find_header(const struct header *h, unsigned n, const char *name)
{
    for (unsigned i = 0; i < n; i++)
        if (slice_eq_nocase(h[i].name, slice_of(name))) return &h[i];
    return NULL;
}

static enum err check_to_sign(const struct sigv4_input *in, const struct sigv4_key *key, const char *stamp,
                              struct error *err)
{
    if (!find_header(in->headers, in->header_count, "host"))
        return error_set(err, ERR_INVALID, "a request to sign needs a host header");
    const struct header *date = find_header(in->headers, in->header_count, "x-amz-date");
    if (!date || !slice_eq_cstr(date->value, stamp))
        return error_set(err, ERR_INVALID, "a request to sign needs the header x-amz-date: %s", stamp);
    if (key->session_token.n && !find_header(in->headers, in->header_count, "x-amz-security-token"))
        return error_set(err, ERR_INVALID, "temporary credentials need the header x-amz-security-token");
    return ERR_OK;
}

enum err sigv4_authorization(const struct sigv4_input *in, const struct sigv4_key *key, const struct sigv4_scope *scope,
                             struct wall when, struct arena *a, struct buf *out, struct error *err)
{
    char stamp[17], signature[SHA256_HEX];
    wall_sigv4(when, stamp);
    enum err e = check_to_sign(in, key, stamp, err);
    if (e != ERR_OK) return e;
    struct buf canonical;
    struct slice names;
    buf_init(&canonical, CANONICAL_MAX);
    e = sigv4_canonical(in, &canonical, &names, a, err);
    if (e == ERR_OK) e = sign(buf_view(&canonical), key->secret, slice_of(stamp), scope, signature, err);
    buf_done(&canonical);
    if (e != ERR_OK) return e;
    buf_lit(out, ALGORITHM " Credential=");
    buf_slice(out, key->access_key_id);
    buf_char(out, '/');
    add_scope(out, slice_n(stamp, 8), scope);
    buf_lit(out, ", SignedHeaders=");
    buf_slice(out, names);
    buf_lit(out, ", Signature=");
    buf_str(out, signature);
    return buf_result(out, err);
}

// ---- verification -------------------------------------------------------------------------

static enum err malformed(struct error *err, const char *what)
{
    return error_set(err, ERR_INVALID,
                     "Authorization header: %s; expected '" ALGORITHM
                     " Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=…, Signature=…'",
                     what);
}

static enum err parse_credential(struct slice value, struct sigv4_credential *c, struct error *err)
{
    struct slice *parts[] = {&c->access_key_id, &c->date, &c->region, &c->service};
    for (unsigned i = 0; i < ARRAY_LEN(parts); i++)
        if (!slice_cut(&value, '/', parts[i]) || parts[i]->n == 0) return malformed(err, "Credential is incomplete");
    if (!slice_eq(value, SLICE("aws4_request"))) return malformed(err, "Credential does not end in aws4_request");
    uint64_t day;
    if (c->date.n != 8 || !slice_u64(c->date, 99991231, &day))
        return malformed(err, "the date in Credential is not YYYYMMDD");
    return ERR_OK;
}

// Lower-case hex only: the signature is compared as text.
static bool is_signature(struct slice s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f'))) return false;
    return s.n == SIGNATURE_TEXT;
}

enum err sigv4_parse_authorization(struct slice value, struct sigv4_credential *ret, struct error *err)
{
    struct slice scheme;
    if (!slice_cut(&value, ' ', &scheme) || !slice_eq(scheme, SLICE(ALGORITHM)))
        return malformed(err, "the algorithm is not " ALGORITHM);
    struct sigv4_credential c = {{NULL, 0}};
    struct slice credential = {NULL, 0};
    while (value.n) {
        struct slice piece, name;
        (void)slice_cut(&value, ',', &piece);
        piece = slice_trim(piece, " \t");
        if (!slice_cut(&piece, '=', &name)) return malformed(err, "a part has no '='");
        struct slice *to = slice_eq(name, SLICE("Credential"))      ? &credential
                           : slice_eq(name, SLICE("SignedHeaders")) ? &c.signed_headers
                           : slice_eq(name, SLICE("Signature"))     ? &c.signature
                                                                    : NULL;
        if (!to) return malformed(err, "it has an unknown part");
        if (to->p) return malformed(err, "a part is given twice");
        *to = piece;
    }
    if (!credential.n || !c.signed_headers.n || !c.signature.n) return malformed(err, "a part is missing");
    if (!is_signature(c.signature)) return malformed(err, "Signature is not 64 lower-case hex digits");
    enum err e = parse_credential(credential, &c, err);
    if (e == ERR_OK) *ret = c;
    return e;
}

// Picks the headers that the client says it signed; all lines of a repeated one.
static enum err pick_headers(const struct request *r, struct slice names, struct header *out, unsigned *ret_n,
                             struct error *err)
{
    unsigned n = 0;
    while (names.n) {
        struct slice name;
        bool found = false;
        (void)slice_cut(&names, ';', &name);
        for (unsigned i = 0; i < r->header_count; i++) {
            if (!slice_eq_nocase(r->headers[i].name, name)) continue;
            if (n == SIGV4_HEADERS_MAX)
                return error_set(err, ERR_INVALID, "more than %d signed headers", SIGV4_HEADERS_MAX);
            out[n++] = r->headers[i];
            found = true;
        }
        if (!found) return error_set(err, ERR_INVALID, "signed header '%.*s' is not in the request", SLICE_FMT(name));
    }
    *ret_n = n;
    return ERR_OK;
}

static enum err check_signed(const struct header *h, unsigned n, const struct sigv4_credential *c, struct slice *ret,
                             struct error *err)
{
    const struct header *date = find_header(h, n, "x-amz-date");
    struct wall when;
    if (!find_header(h, n, "host") || !date)
        return error_set(err, ERR_INVALID, "'host' and 'x-amz-date' must be signed headers");
    if (!wall_parse_sigv4(date->value, &when))
        return error_set(err, ERR_INVALID, "x-amz-date is not of the form YYYYMMDDTHHMMSSZ");
    if (!slice_eq(slice_n(date->value.p, 8), c->date))
        return error_set(err, ERR_DENIED, "the date in Credential is not that of x-amz-date");
    *ret = date->value;
    return ERR_OK;
}

enum err sigv4_verify(const struct request *r, const struct sigv4_credential *c, struct slice secret, struct error *err)
{
    struct header headers[SIGV4_HEADERS_MAX];
    struct slice stamp, names;
    struct sigv4_input in = {.method = r->method_text,
                             .path = r->path,
                             .query = r->query,
                             .headers = headers,
                             .payload = r->body,
                             .normalize_path = true};
    enum err e = pick_headers(r, c->signed_headers, headers, &in.header_count, err);
    if (e == ERR_OK) e = check_signed(headers, in.header_count, c, &stamp, err);
    if (e != ERR_OK) return e;
    struct buf canonical;
    char signature[SHA256_HEX];
    struct sigv4_scope scope = {c->region, c->service};
    buf_init(&canonical, CANONICAL_MAX);
    e = sigv4_canonical(&in, &canonical, &names, r->arena, err);
    if (e == ERR_OK) e = sign(buf_view(&canonical), secret, stamp, &scope, signature, err);
    buf_done(&canonical);
    if (e != ERR_OK) return e;
    if (!slice_eq(names, c->signed_headers))
        return error_set(err, ERR_INVALID, "SignedHeaders must be lower case, sorted and without repetition");
    if (c->signature.n != SIGNATURE_TEXT || !crypto_equal(signature, c->signature.p, SIGNATURE_TEXT))
        return error_set(err, ERR_DENIED, "the signature that was computed differs from the one provided");
    return ERR_OK;
}
