// SPDX-License-Identifier: Apache-2.0
// Lines of the key file, and changing it: a new key in front, a retired one out; what people wrote beside keys stays.
// Called by: auth/keyring.c, auth/sealing.c. Must never: use a key before it is durable, drop one that was not asked
// for, or leave key material in memory.
#include "auth/keyring.h"

#include "base/encode.h"
#include "base/file.h"
#include "base/mem.h"

#define FILE_MAX 8192

// ---- one line -----------------------------------------------------------------------------------------------------

static bool is_key_id(struct slice s)
{
    uint8_t raw[8];
    char again[17];
    if (!hex_decode(s, raw, sizeof(raw))) return false;
    hex_encode(raw, sizeof(raw), again);
    return slice_eq_cstr(s, again); // lower case only: ids are compared as text
}

static struct slice next_word(struct slice *rest)
{
    struct slice word;
    *rest = slice_trim(*rest, " \t");
    size_t n = 0;
    while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t') n++;
    word = slice_n(rest->p, n);
    *rest = slice_skip(*rest, n);
    return word;
}

// "created TIME", "retired TIME", each once at most.
static bool read_dates(struct slice rest, struct key_line *l)
{
    for (struct slice word = next_word(&rest); word.n > 0; word = next_word(&rest)) {
        struct wall *t = slice_eq(word, SLICE("created"))   ? &l->created
                         : slice_eq(word, SLICE("retired")) ? &l->retired
                                                            : NULL;
        if (!t || t->us != 0 || !wall_parse_rfc3339(next_word(&rest), t)) return false;
    }
    return true;
}

enum err key_line_read(struct slice line, unsigned number, struct key_line *ret, struct error *err)
{
    uint8_t raw[32];
    struct key_line l = {.created = {0}};
    bool cut = slice_cut(&line, '=', &l.id);
    l.id = slice_trim(l.id, " \t");
    if (!cut || !is_key_id(l.id))
        return error_set(err, ERR_INVALID, "line %u of the key file must be KEYID = KEY, KEYID being 16 lower-case hex",
                         number);
    l.key = next_word(&line);
    bool ok = hex_decode(l.key, raw, sizeof(raw));
    mem_wipe(raw, sizeof(raw));
    if (!ok) return error_set(err, ERR_INVALID, "line %u of the key file: the key must be 64 hex digits", number);
    if (!read_dates(line, &l))
        return error_set(err, ERR_INVALID,
                         "line %u of the key file: behind the key may stand created TIME and retired TIME, such as "
                         "2026-11-24T08:00:00Z",
                         number);
    *ret = l;
    return ERR_OK;
}

static void put_line(struct buf *b, const struct key_line *l)
{
    char time[21];
    buf_slice(b, l->id);
    buf_lit(b, " = ");
    buf_slice(b, l->key);
    if (l->created.us) {
        wall_rfc3339(l->created, time);
        buf_lit(b, " created ");
        buf_str(b, time);
    }
    if (l->retired.us) {
        wall_rfc3339(l->retired, time);
        buf_lit(b, " retired ");
        buf_str(b, time);
    }
    buf_char(b, '\n');
}

// ---- the whole file -----------------------------------------------------------------------------------------------

struct edit {
    const struct key_line *first; // goes before all keys; or
    struct slice forget;          // the id whose line goes
    struct wall now;
};

// The text with the change. The lines of keys are written anew, all others stay as they are.
static enum err edit_text(struct slice text, const struct edit *e, struct buf *out, struct error *err)
{
    bool before = true; // no key yet
    for (unsigned number = 1; text.n > 0; number++) {
        struct slice whole, line;
        struct key_line l;
        (void)slice_cut(&text, '\n', &whole);
        line = slice_trim(whole, " \t\r");
        if (line.n == 0 || line.p[0] == '#') {
            buf_slice(out, whole);
            buf_char(out, '\n');
            continue;
        }
        if (key_line_read(line, number, &l, err) != ERR_OK) return err->code;
        if (before && e->first) {
            put_line(out, e->first);
            if (l.retired.us == 0) l.retired = e->now;
        }
        before = false;
        if (!slice_eq(l.id, e->forget)) put_line(out, &l);
    }
    return out->fail ? error_set(err, ERR_TOO_LARGE, "the key file would be larger than %d bytes", FILE_MAX) : ERR_OK;
}

// Makes what the text says the ring that holds; the former one stays readable.
static enum err adopt(struct keyring *k, struct slice text, struct error *err)
{
    struct keyring *fresh;
    enum err e = keyring_parse(text, &fresh, err);
    if (e != ERR_OK) return e;
    struct ring *ring = atomic_load(&fresh->ring);
    ring->older = atomic_load(&k->ring);
    atomic_store_explicit(&k->ring, ring, memory_order_release);
    atomic_store(&fresh->ring, NULL);
    keyring_free(fresh);
    return ERR_OK;
}

static enum err check_same(const struct keyring *k, struct slice text, struct error *err)
{
    struct keyring *file;
    enum err e = keyring_parse(text, &file, err);
    if (e != ERR_OK) return e;
    const struct ring *a = keyring_ring(k), *b = keyring_ring(file);
    bool same = a->n == b->n;
    for (unsigned i = 0; same && i < a->n; i++)
        same = strcmp(a->keys[i].id, b->keys[i].id) == 0 &&
               crypto_equal(a->keys[i].derived, b->keys[i].derived, sizeof(a->keys[i].derived));
    keyring_free(file);
    if (same) return ERR_OK;
    return error_set(err, ERR_CONFLICT, "the key file has other keys than when it was read: restart, then try again");
}

static enum err change_file(struct keyring *k, const struct edit *edit, struct error *err)
{
    struct buf text, changed;
    buf_init(&changed, FILE_MAX);
    enum err e = k->path ? ERR_OK : error_set(err, ERR_CONFLICT, "these keys are of no file");
    if (e != ERR_OK) return e;
    e = file_read(k->path, FILE_MAX, &text, err);
    if (e != ERR_OK) return e;
    e = check_same(k, buf_view(&text), err);
    if (e == ERR_OK) e = edit_text(buf_view(&text), edit, &changed, err);
    if (e == ERR_OK) e = file_write(k->path, buf_view(&changed), 0600, err);
    if (e == ERR_OK) e = adopt(k, buf_view(&changed), err);
    mem_wipe(text.p, text.n);
    if (changed.p) mem_wipe(changed.p, changed.n);
    buf_done(&text);
    buf_done(&changed);
    return e;
}

enum err keyring_rotate(struct keyring *k, const struct rng *rng, struct wall now, struct error *err)
{
    uint8_t raw[8 + 32];
    char id[17], key[65];
    if (keyring_ring(k)->n >= KEYRING_MAX)
        return error_set(err, ERR_CONFLICT, "the key file has %d keys: forget a retired one first", KEYRING_MAX);
    rng_fill(rng, raw, sizeof(raw));
    hex_encode(raw, 8, id);
    hex_encode(raw + 8, 32, key);
    const struct key_line first = {slice_of(id), slice_of(key), now, {0}};
    enum err e = change_file(k, &(struct edit){.first = &first, .now = now}, err);
    mem_wipe(raw, sizeof(raw));
    mem_wipe(key, sizeof(key));
    return e;
}

enum err keyring_forget(struct keyring *k, const char *id, struct error *err)
{
    const struct ring *ring = keyring_ring(k);
    for (unsigned i = 0; i < ring->n; i++) {
        if (strcmp(ring->keys[i].id, id) != 0) continue;
        if (i == 0) return error_set(err, ERR_CONFLICT, "key %s is the one in use", id);
        return change_file(k, &(struct edit){.forget = slice_of(id)}, err);
    }
    return error_set(err, ERR_NOT_FOUND, "the key file has no key \"%.40s\"; `peerage sealing-key list` shows them",
                     id);
}
