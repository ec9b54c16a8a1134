// SPDX-License-Identifier: Apache-2.0
// The simulator's state as one JSON file, written whole and atomically after each change; many changes share a write.
// Called by: server.c. Must never: hold the state lock over I/O, or take a damaged file for an empty one.

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "ec2sim/state.h"

#define FORMAT_VERSION 2 // 1: without route tables; read, never written

// ---- writing

static void put_caller(struct json_writer *w, const struct sim_caller *c)
{
    json_kstr(w, "account", c->account);
    json_kstr(w, "region", c->region);
}

static void put_tags(struct json_writer *w, const char *key, const struct sim_tags *t)
{
    json_key(w, key);
    json_arr(w);
    for (unsigned i = 0; i < t->n; i++) {
        json_cstr(w, t->v[i].key);
        json_cstr(w, t->v[i].value);
    }
    json_arr_end(w);
}

static void put_vpc(struct json_writer *w, const struct sim_vpc *v)
{
    json_obj(w);
    json_kint(w, "seq", (int64_t)v->seq);
    json_kstr(w, "id", v->id);
    put_caller(w, &v->owner);
    json_kint(w, "created", v->created.us);
    json_key(w, "blocks");
    json_arr(w);
    for (unsigned i = 0; i < v->block_count; i++) {
        char text[CIDR_STR];
        cidr_format(v->blocks[i].cidr, text);
        json_cstr(w, text);
        json_cstr(w, v->blocks[i].assoc);
    }
    json_arr_end(w);
    put_tags(w, "tags", &v->tags);
    json_obj_end(w);
}

// Routes that are gone are not kept: after a restart no reader is stale.
static void put_table(struct json_writer *w, const struct sim_table *t)
{
    json_obj(w);
    json_kint(w, "seq", (int64_t)t->seq);
    json_kstr(w, "id", t->id);
    json_kstr(w, "vpc", t->vpc_id);
    json_kstr(w, "mainAssociation", t->is_main ? t->assoc : NULL);
    json_kint(w, "created", t->created.us);
    json_key(w, "routes");
    json_arr(w);
    for (unsigned i = 0; i < t->route_count; i++) {
        char to[CIDR_STR];
        const struct sim_route *r = &t->routes[i];
        if (r->deleted.us) continue;
        cidr_format(r->to, to);
        json_cstr(w, to);
        json_cstr(w, r->pcx);
        json_int(w, r->created.us);
    }
    json_arr_end(w);
    put_tags(w, "tags", &t->tags);
    json_obj_end(w);
}

static void put_side(struct json_writer *w, const char *key, const struct sim_side *s)
{
    json_key(w, key);
    json_obj(w);
    put_caller(w, &s->at);
    json_kstr(w, "vpc", s->vpc_id);
    json_kbool(w, "dns", s->dns);
    json_obj_end(w);
}

static const struct {
    const char *name;
    size_t offset;
} instants[] = {
    {"created", offsetof(struct sim_peering, created)}, {"decided", offsetof(struct sim_peering, decided)},
    {"expires", offsetof(struct sim_peering, expires)}, {"accepted", offsetof(struct sim_peering, accepted)},
    {"active", offsetof(struct sim_peering, active)},   {"rejected", offsetof(struct sim_peering, rejected)},
    {"deleted", offsetof(struct sim_peering, deleted)}, {"gone", offsetof(struct sim_peering, gone)},
};

static void put_peering(struct json_writer *w, const struct sim_peering *p)
{
    json_obj(w);
    json_kint(w, "seq", (int64_t)p->seq);
    json_kstr(w, "id", p->id);
    put_side(w, "requester", &p->requester);
    put_side(w, "accepter", &p->accepter);
    put_tags(w, "requesterTags", &p->requester_tags);
    put_tags(w, "accepterTags", &p->accepter_tags);
    json_kbool(w, "doomed", p->doomed);
    json_kbool(w, "deletedByRequester", p->deleted_by_requester);
    for (size_t i = 0; i < ARRAY_LEN(instants); i++)
        json_kint(w, instants[i].name, ((const struct wall *)(const void *)((const char *)p + instants[i].offset))->us);
    json_obj_end(w);
}

static void put_auth(struct json_writer *w, const struct auth *a)
{
    json_key(w, "keys");
    json_arr(w);
    for (unsigned i = 0; i < a->key_count; i++) {
        json_obj(w);
        json_kstr(w, "account", a->keys[i].account);
        json_kstr(w, "id", a->keys[i].id);
        json_kstr(w, "secret", a->keys[i].secret);
        json_obj_end(w);
    }
    json_arr_end(w);
    json_key(w, "roles");
    json_arr(w);
    for (unsigned i = 0; i < a->role_count; i++) {
        json_obj(w);
        json_kstr(w, "arn", a->roles[i].arn);
        json_kstr(w, "externalId", a->roles[i].external_id);
        json_kint(w, "maxSeconds", a->roles[i].max_s);
        json_obj_end(w);
    }
    json_arr_end(w);
    json_key(w, "sessions");
    json_arr(w);
    for (unsigned i = 0; i < a->session_count; i++) {
        const struct auth_session *x = &a->sessions[i];
        json_obj(w);
        json_kstr(w, "account", x->account);
        json_kstr(w, "id", x->id);
        json_kstr(w, "secret", x->secret);
        json_kstr(w, "token", x->token);
        json_kstr(w, "arn", x->arn);
        json_kstr(w, "userId", x->user_id);
        json_kint(w, "expires", x->expires.us);
        json_obj_end(w);
    }
    json_arr_end(w);
}

void persist_encode(const struct ec2sim *s, struct buf *out)
{
    struct json_writer w;
    const char *name;
    int64_t value;
    json_begin(&w, out, false);
    json_obj(&w);
    json_kstr(&w, "format", "ec2sim");
    json_kint(&w, "version", FORMAT_VERSION);
    json_kint(&w, "offset", s->offset_us);
    json_kint(&w, "nextSeq", (int64_t)s->model.next_seq);
    json_key(&w, "settings");
    json_obj(&w);
    for (unsigned i = 0; ec2sim_settings_at(&s->model.settings, i, &name, &value); i++) json_kint(&w, name, value);
    json_obj_end(&w);
    put_auth(&w, &s->auth);
    json_key(&w, "vpcs");
    json_arr(&w);
    for (size_t i = 0; i < s->model.vpc_count; i++) put_vpc(&w, s->model.vpcs[i]);
    json_arr_end(&w);
    json_key(&w, "routeTables");
    json_arr(&w);
    for (size_t i = 0; i < s->model.table_count; i++) put_table(&w, s->model.tables[i]);
    json_arr_end(&w);
    json_key(&w, "peerings");
    json_arr(&w);
    for (size_t i = 0; i < s->model.peering_count; i++) put_peering(&w, s->model.peerings[i]);
    json_arr_end(&w);
    json_obj_end(&w);
    buf_char(out, '\n');
}

// ---- reading: every getter says what is wrong, so that a damaged file is named and not repaired

static enum err bad(struct error *err, const char *what)
{
    return error_set(err, ERR_CORRUPT, "%s", what);
}

static bool get_text(const struct json_value *o, const char *key, char *out, size_t cap)
{
    const struct json_value *v = json_get(o, key);
    return is_json(v, JSON_STRING) && slice_copy(json_string(v), out, cap);
}

static bool get_int(const struct json_value *o, const char *key, int64_t min, int64_t *ret)
{
    const struct json_value *v = json_get(o, key);
    if (!is_json(v, JSON_INT) || json_integer(v) < min) return false;
    *ret = json_integer(v);
    return true;
}

static bool get_bool(const struct json_value *o, const char *key, bool *ret)
{
    const struct json_value *v = json_get(o, key);
    if (!is_json(v, JSON_TRUE) && !is_json(v, JSON_FALSE)) return false;
    *ret = is_json(v, JSON_TRUE);
    return true;
}

static const struct json_value *get_array(const struct json_value *o, const char *key)
{
    const struct json_value *v = json_get(o, key);
    return is_json(v, JSON_ARRAY) ? v : NULL;
}

static bool get_caller(const struct json_value *o, struct sim_caller *c)
{
    return get_text(o, "account", c->account, sizeof(c->account)) &&
           get_text(o, "region", c->region, sizeof(c->region)) && auth_account_valid(slice_of(c->account));
}

static bool get_tags(const struct json_value *o, const char *key, struct sim_tags *t)
{
    const struct json_value *a = get_array(o, key);
    if (!a || json_array_len(a) % 2 || json_array_len(a) > 2 * SIM_TAGS_MAX) return false;
    for (size_t i = 0; i < json_array_len(a); i += 2) {
        const struct json_value *k = json_array_at(a, i), *v = json_array_at(a, i + 1);
        if (!is_json(k, JSON_STRING) || !is_json(v, JSON_STRING) || json_string(k).n == 0 ||
            !sim_tags_put(t, json_string(k), json_string(v)))
            return false;
    }
    return true;
}

static bool get_blocks(const struct json_value *o, struct sim_vpc *v)
{
    const struct json_value *a = get_array(o, "blocks");
    size_t n = a ? json_array_len(a) : 0;
    if (n < 2 || n % 2 || n > 2 * SIM_BLOCKS_MAX || !(v->blocks = mem_zalloc(n / 2, sizeof(*v->blocks)))) return false;
    v->block_count = (unsigned)(n / 2);
    for (size_t i = 0; i < n; i += 2)
        if (!cidr_parse(json_string(json_array_at(a, i)), false, &v->blocks[i / 2].cidr) ||
            !slice_copy(json_string(json_array_at(a, i + 1)), v->blocks[i / 2].assoc, SIM_ASSOC_STR))
            return false;
    return true;
}

static bool get_vpc(struct sim *m, const struct json_value *o)
{
    int64_t seq;
    int64_t last = m->vpc_count ? (int64_t)m->vpcs[m->vpc_count - 1]->seq : 0;
    struct sim_vpc *v = mem_zalloc(1, sizeof(*v));
    if (v && get_int(o, "seq", last + 1, &seq) && get_text(o, "id", v->id, sizeof(v->id)) &&
        sim_id_valid(slice_of(v->id), "vpc-") && !sim_vpc_find(m, slice_of(v->id)) && get_caller(o, &v->owner) &&
        get_int(o, "created", 1, &v->created.us) && get_blocks(o, v) && get_tags(o, "tags", &v->tags)) {
        v->seq = (uint64_t)seq;
        if (sim_restore_vpc(m, v)) return true;
    }
    sim_vpc_free(v);
    return false;
}

static bool get_routes(const struct json_value *o, struct sim_table *t)
{
    const struct json_value *a = get_array(o, "routes");
    if (!a || json_array_len(a) % 3) return false;
    for (size_t i = 0; i < json_array_len(a); i += 3) {
        struct sim_route r = {.created = {json_integer(json_array_at(a, i + 2))}};
        struct slice pcx = json_string(json_array_at(a, i + 1));
        if (!cidr_parse(json_string(json_array_at(a, i)), false, &r.to) || !sim_id_valid(pcx, "pcx-") ||
            !slice_copy(pcx, r.pcx, sizeof(r.pcx)) || !is_json(json_array_at(a, i + 2), JSON_INT) || r.created.us < 1 ||
            !sim_route_put(t, &r))
            return false;
    }
    return true;
}

static bool get_main(const struct json_value *o, struct sim_table *t)
{
    if (is_json(json_get(o, "mainAssociation"), JSON_NULL)) return true;
    t->is_main = true;
    return get_text(o, "mainAssociation", t->assoc, sizeof(t->assoc)) && sim_id_valid(slice_of(t->assoc), "rtbassoc-");
}

static bool get_table(struct sim *m, const struct json_value *o)
{
    int64_t seq;
    int64_t last = m->table_count ? (int64_t)m->tables[m->table_count - 1]->seq : 0;
    struct sim_table *t = mem_zalloc(1, sizeof(*t));
    if (t && get_int(o, "seq", last + 1, &seq) && get_text(o, "id", t->id, sizeof(t->id)) &&
        sim_id_valid(slice_of(t->id), "rtb-") && !sim_table_find(m, slice_of(t->id)) &&
        get_text(o, "vpc", t->vpc_id, sizeof(t->vpc_id)) && get_int(o, "created", 1, &t->created.us) &&
        get_main(o, t) && get_routes(o, t) && get_tags(o, "tags", &t->tags)) {
        const struct sim_vpc *v = sim_vpc_find(m, slice_of(t->vpc_id));
        t->seq = (uint64_t)seq;
        if (v) t->owner = v->owner;
        if (v && !(t->is_main && v->main) && sim_restore_table(m, t)) return true;
    }
    sim_table_free(t);
    return false;
}

static bool get_side(const struct json_value *o, const char *key, struct sim_side *s)
{
    const struct json_value *side = json_get(o, key);
    return get_caller(side, &s->at) && get_text(side, "vpc", s->vpc_id, sizeof(s->vpc_id)) &&
           sim_id_valid(slice_of(s->vpc_id), "vpc-") && get_bool(side, "dns", &s->dns);
}

static bool get_instants(const struct json_value *o, struct sim_peering *p)
{
    for (size_t i = 0; i < ARRAY_LEN(instants); i++)
        if (!get_int(o, instants[i].name, 0, &((struct wall *)(void *)((char *)p + instants[i].offset))->us))
            return false;
    return p->created.us && p->decided.us && p->expires.us;
}

static bool get_peering(struct sim *m, const struct json_value *o)
{
    int64_t seq;
    int64_t last = m->peering_count ? (int64_t)m->peerings[m->peering_count - 1]->seq : 0;
    struct sim_peering *p = mem_zalloc(1, sizeof(*p));
    if (p && get_int(o, "seq", last + 1, &seq) && get_text(o, "id", p->id, sizeof(p->id)) &&
        sim_id_valid(slice_of(p->id), "pcx-") && !sim_peering_find(m, slice_of(p->id)) &&
        get_side(o, "requester", &p->requester) && get_side(o, "accepter", &p->accepter) &&
        get_tags(o, "requesterTags", &p->requester_tags) && get_tags(o, "accepterTags", &p->accepter_tags) &&
        get_bool(o, "doomed", &p->doomed) && get_bool(o, "deletedByRequester", &p->deleted_by_requester) &&
        get_instants(o, p)) {
        p->seq = (uint64_t)seq;
        if (sim_restore_peering(m, p)) return true;
    }
    sim_peering_free(p);
    return false;
}

static enum err get_settings(struct ec2sim *s, const struct json_value *root, struct error *err)
{
    void *iter = NULL;
    struct slice key;
    const struct json_value *v, *o = json_get(root, "settings");
    if (!is_json(o, JSON_OBJECT)) return bad(err, "settings are missing");
    while (json_object_next(o, &iter, &key, &v)) {
        struct error why = {0};
        if (!is_json(v, JSON_INT) || ec2sim_settings_set(&s->model.settings, key, json_integer(v), &why) != ERR_OK)
            return bad(err, why.detail[0] ? why.detail : "a setting is not a number");
    }
    return ERR_OK;
}

static bool get_session(struct auth *a, const struct json_value *o)
{
    struct auth_session x = {0};
    struct error err = {0};
    bool ok = get_text(o, "account", x.account, sizeof(x.account)) && get_text(o, "id", x.id, sizeof(x.id)) &&
              get_text(o, "secret", x.secret, sizeof(x.secret)) && get_text(o, "token", x.token, sizeof(x.token)) &&
              get_text(o, "arn", x.arn, sizeof(x.arn)) && get_text(o, "userId", x.user_id, sizeof(x.user_id)) &&
              get_int(o, "expires", 1, &x.expires.us) && auth_session_add(a, &x, x.expires, &err) == ERR_OK;
    mem_wipe(&x, sizeof(x));
    return ok;
}

static enum err get_auth(struct auth *a, const struct json_value *root, struct error *err)
{
    const struct json_value *keys = get_array(root, "keys"), *roles = get_array(root, "roles");
    const struct json_value *sessions = get_array(root, "sessions");
    struct error why = {0};
    if (!keys || !roles || !sessions) return bad(err, "keys, roles or sessions are missing");
    for (size_t i = 0; i < json_array_len(keys); i++) {
        const struct json_value *o = json_array_at(keys, i);
        if (auth_key_add(a, json_string(json_get(o, "account")), json_string(json_get(o, "id")),
                         json_string(json_get(o, "secret")), &why) != ERR_OK)
            return bad(err, why.detail);
    }
    for (size_t i = 0; i < json_array_len(roles); i++) {
        const struct json_value *o = json_array_at(roles, i);
        if (auth_role_add(a, json_string(json_get(o, "arn")), json_string(json_get(o, "externalId")),
                          json_integer(json_get(o, "maxSeconds")), &why) != ERR_OK)
            return bad(err, why.detail);
    }
    for (size_t i = 0; i < json_array_len(sessions); i++)
        if (!get_session(a, json_array_at(sessions, i))) return bad(err, "a session is damaged");
    return ERR_OK;
}

static enum err get_records(struct ec2sim *s, const struct json_value *root, struct error *err)
{
    const struct json_value *vpcs = get_array(root, "vpcs"), *peerings = get_array(root, "peerings");
    int64_t next;
    if (!vpcs || !peerings) return bad(err, "vpcs or peerings are missing");
    for (size_t i = 0; i < json_array_len(vpcs); i++)
        if (!get_vpc(&s->model, json_array_at(vpcs, i)))
            return error_set(err, ERR_CORRUPT, "VPC number %zu is damaged", i + 1);
    for (size_t i = 0; i < json_array_len(peerings); i++)
        if (!get_peering(&s->model, json_array_at(peerings, i)))
            return error_set(err, ERR_CORRUPT, "peering number %zu is damaged", i + 1);
    if (!get_int(root, "nextSeq", (int64_t)s->model.next_seq, &next))
        return bad(err, "nextSeq is missing or too small");
    s->model.next_seq = (uint64_t)next;
    s->model.purge_at = MAX(s->model.purge_at, s->model.peering_count * 2);
    return ERR_OK;
}

// A file of version 1 gives every VPC a new main table.
static enum err get_tables(struct ec2sim *s, const struct json_value *root, int64_t version, struct error *err)
{
    struct sim *m = &s->model;
    const struct json_value *tables = get_array(root, "routeTables");
    if (version >= 2 && !tables) return bad(err, "routeTables are missing");
    for (size_t i = 0; version >= 2 && i < json_array_len(tables); i++)
        if (!get_table(m, json_array_at(tables, i)))
            return error_set(err, ERR_CORRUPT, "route table number %zu is damaged", i + 1);
    for (size_t i = 0; i < m->vpc_count; i++) {
        if (m->vpcs[i]->main) continue;
        if (version >= 2) return error_set(err, ERR_CORRUPT, "VPC number %zu has no main route table", i + 1);
        if (!sim_restore_main(m, m->vpcs[i])) return error_set(err, ERR_NOMEM, "out of memory");
    }
    return ERR_OK;
}

static enum err decode_root(struct ec2sim *s, const struct json_value *root, struct error *err)
{
    int64_t version;
    if (!slice_eq_cstr(json_string(json_get(root, "format")), "ec2sim") || !get_int(root, "version", 1, &version))
        return bad(err, "it is not a state file of the simulator");
    if (version > FORMAT_VERSION)
        return error_set(err, ERR_CORRUPT, "it was written by a newer version (format %lld, this one knows %d)",
                         (long long)version, FORMAT_VERSION);
    if (!get_int(root, "offset", 0, &s->offset_us)) return bad(err, "the clock's offset is missing");
    enum err rc = get_settings(s, root, err);
    if (rc == ERR_OK) rc = get_auth(&s->auth, root, err);
    if (rc == ERR_OK) rc = get_records(s, root, err);
    return rc == ERR_OK ? get_tables(s, root, version, err) : rc;
}

enum err persist_decode(struct ec2sim *s, struct slice text, struct error *err)
{
    struct json_doc *doc = NULL;
    enum err rc = json_read(text, STATE_BYTES_MAX, &doc, err);
    if (rc == ERR_NOMEM) return rc;
    if (rc != ERR_OK) {
        err->code = ERR_CORRUPT;
        return ERR_CORRUPT;
    }
    rc = decode_root(s, json_root(doc), err);
    json_doc_free(doc);
    return rc;
}

enum err persist_load(struct ec2sim *s, struct error *err)
{
    struct buf text;
    if (!file_exists(s->state_path)) return ERR_OK;
    enum err rc = file_read(s->state_path, STATE_BYTES_MAX, &text, err);
    if (rc != ERR_OK) return rc;
    rc = persist_decode(s, buf_view(&text), err);
    mem_wipe(text.p, text.n);
    buf_done(&text);
    if (rc == ERR_CORRUPT) {
        struct error why = *err;
        return error_set(err, ERR_CORRUPT,
                         "the simulator's state file %.200s is damaged: %.160s; move it away to start afresh",
                         s->state_path, why.detail);
    }
    s->was_loaded = rc == ERR_OK;
    return rc;
}

// ---- saving

static enum err save_now(struct ec2sim *s, uint64_t *ret_generation, struct error *err)
{
    struct buf text;
    buf_init(&text, STATE_BYTES_MAX);
    lock_take(&s->lock);
    persist_encode(s, &text);
    *ret_generation = s->generation;
    lock_drop(&s->lock);
    enum err rc = text.fail ? error_set(err, text.fail == BUF_NOMEM ? ERR_NOMEM : ERR_TOO_LARGE,
                                        "the simulator's state does not fit in memory to be saved")
                            : file_write(s->state_path, buf_view(&text), 0600, err);
    if (text.p) mem_wipe(text.p, text.n);
    buf_done(&text);
    return rc;
}

static int64_t save_job(void *ctx)
{
    struct ec2sim *s = ctx;
    uint64_t generation = 0;
    struct error err = {0};
    if (save_now(s, &generation, &err) == ERR_OK) err = (struct error){0};
    lock_take(&s->save_lock);
    s->saved_generation = MAX(s->saved_generation, generation);
    s->save_error = err;
    cond_wake_all(&s->saved);
    lock_drop(&s->save_lock);
    return -1;
}

enum err persist_start(struct ec2sim *s, struct error *err)
{
    return job_start("ec2sim-save", save_job, s, &s->saver, err);
}

void persist_stop(struct ec2sim *s)
{
    if (s->saver) job_stop(&s->saver);
    uint64_t generation;
    struct error err = {0};
    if (s->state_path && save_now(s, &generation, &err) != ERR_OK)
        return; // each change was told already that it is not saved
}

enum err state_save(struct ec2sim *s, struct error *err)
{
    if (!s->saver) return ERR_OK;
    lock_take(&s->lock);
    uint64_t want = s->generation;
    lock_drop(&s->lock);
    job_poke(s->saver);
    lock_take(&s->save_lock);
    while (s->saved_generation < want) cond_wait(&s->saved, &s->save_lock);
    enum err rc = s->save_error.code;
    if (rc != ERR_OK) *err = s->save_error;
    lock_drop(&s->save_lock);
    return rc;
}
