// SPDX-License-Identifier: Apache-2.0
// Policies as JSON text, and what a rule must look like. Called by: cli, api, policy.c.
// Must never: pass over a key or a value that it does not understand.
#include <stdio.h>

#include "config/nearest.h"
#include "core/policy.h"
#include "model/connection.h"

struct reader {
    struct arena *arena;
    struct error *err;
    size_t at; // which rule, from 1
};

static enum err wrong(struct reader *r, const char *key, const char *what)
{
    return error_set(r->err, ERR_INVALID, "rule %zu: \"%s\" must be %s", r->at, key, what);
}

// ---- one value --------------------------------------------------------------------------------------------

static enum err read_text(struct reader *r, const char *key, const struct json_value *v, char *dst, size_t cap)
{
    struct slice s = json_string(v);
    if (json_type(v) != JSON_STRING || !s.n) return wrong(r, key, "text");
    if (slice_copy(s, dst, cap)) return ERR_OK;
    return error_set(r->err, ERR_INVALID, "rule %zu: \"%s\" is longer than %zu bytes", r->at, key, cap - 1);
}

static enum err read_bool(struct reader *r, const char *key, const struct json_value *v, bool *ret)
{
    if (json_type(v) != JSON_TRUE && json_type(v) != JSON_FALSE) return wrong(r, key, "true or false");
    *ret = json_type(v) == JSON_TRUE;
    return ERR_OK;
}

// An array of texts as one text with spaces between; a space inside one would make two of it.
static enum err read_list(struct reader *r, const char *key, const struct json_value *v, struct slice *ret)
{
    size_t n = json_array_len(v);
    struct buf b;
    if (json_type(v) != JSON_ARRAY || n == 0 || n > POLICY_LIST_MAX)
        return error_set(r->err, ERR_INVALID, "rule %zu: \"%s\" must be an array of 1 to %d texts", r->at, key,
                         POLICY_LIST_MAX);
    buf_init(&b, 16384);
    for (size_t i = 0; i < n; i++) {
        struct slice s = json_string(json_array_at(v, i));
        if (json_type(json_array_at(v, i)) != JSON_STRING || !s.n || slice_find(s, ' ') >= 0) {
            buf_done(&b);
            return wrong(r, key, "an array of texts without spaces");
        }
        if (i) buf_char(&b, ' ');
        buf_slice(&b, s);
    }
    bool large = b.fail == BUF_TOO_LARGE;
    *ret = b.fail ? (struct slice){NULL, 0} : arena_slice(r->arena, buf_view(&b));
    buf_done(&b);
    if (ret->n) return ERR_OK;
    return large ? error_set(r->err, ERR_INVALID, "rule %zu: \"%s\" is too long", r->at, key)
                 : error_set(r->err, ERR_NOMEM, "out of memory");
}

static enum err read_action(struct reader *r, const struct json_value *v, enum policy_action *ret)
{
    const char *names[POLICY_ACTION_COUNT_];
    struct slice s = json_string(v);
    if (policy_action_parse(s, ret)) return ERR_OK;
    for (int i = 0; i < POLICY_ACTION_COUNT_; i++) names[i] = policy_action_name((enum policy_action)i);
    return error_set(r->err, ERR_INVALID,
                     "rule %zu: \"action\" must be accept, reject, hold or hand-over; the closest to \"%.*s\" is %s",
                     r->at, (int)MIN(s.n, 40), s.n ? s.p : "", nearest(s, names, POLICY_ACTION_COUNT_));
}

// ---- one rule ---------------------------------------------------------------------------------------------

static enum err read_member(struct reader *r, struct slice key, const struct json_value *v, struct policy_rule *rule)
{
    static const char *const keys[] = {"name", "action", "accounts", "vpcs", "cidrs", "allowSharedSpace", "project"};
    if (slice_eq_cstr(key, "name")) return read_text(r, "name", v, rule->name, sizeof(rule->name));
    if (slice_eq_cstr(key, "action")) return read_action(r, v, &rule->action);
    if (slice_eq_cstr(key, "accounts")) return read_list(r, "accounts", v, &rule->accounts);
    if (slice_eq_cstr(key, "vpcs")) return read_list(r, "vpcs", v, &rule->vpcs);
    if (slice_eq_cstr(key, "cidrs")) return read_list(r, "cidrs", v, &rule->cidrs);
    if (slice_eq_cstr(key, "allowSharedSpace")) return read_bool(r, "allowSharedSpace", v, &rule->allow_shared);
    if (slice_eq_cstr(key, "project")) return read_text(r, "project", v, rule->target, sizeof(rule->target));
    return error_set(r->err, ERR_INVALID, "rule %zu: there is no key \"%.*s\"; the closest one is \"%s\"", r->at,
                     (int)MIN(key.n, 60), key.n ? key.p : "", nearest(key, keys, ARRAY_LEN(keys)));
}

static enum err read_rule(struct reader *r, const struct json_value *v, struct policy_rule *rule)
{
    void *iter = NULL;
    struct slice key;
    const struct json_value *member;
    if (json_type(v) != JSON_OBJECT) return error_set(r->err, ERR_INVALID, "rule %zu: must be an object", r->at);
    while (json_object_next(v, &iter, &key, &member)) {
        enum err code = read_member(r, key, member, rule);
        if (code != ERR_OK) return code;
    }
    if (!json_get(v, "name")) return error_set(r->err, ERR_INVALID, "rule %zu: \"name\" is missing", r->at);
    if (!json_get(v, "action")) return error_set(r->err, ERR_INVALID, "rule %zu: \"action\" is missing", r->at);
    return ERR_OK;
}

static enum err read_root(const struct json_value *root, const struct json_value **ret, struct error *err)
{
    void *iter = NULL;
    struct slice key;
    const struct json_value *v;
    *ret = json_get(root, "rules");
    while (json_object_next(root, &iter, &key, &v))
        if (!slice_eq_cstr(key, "rules"))
            return error_set(err, ERR_INVALID, "a policy has one key, \"rules\", and not \"%.*s\"", (int)MIN(key.n, 60),
                             key.n ? key.p : "");
    if (json_type(root) == JSON_OBJECT && *ret && json_type(*ret) == JSON_ARRAY) return ERR_OK;
    return error_set(err, ERR_INVALID, "a policy must be an object {\"rules\": […]}");
}

enum err policy_rules_read(const struct json_value *list, struct arena *a, struct policy_rule **ret, size_t *ret_n,
                           struct error *err)
{
    struct reader r = {.arena = a, .err = err};
    size_t n = json_array_len(list);
    if (json_type(list) != JSON_ARRAY) return error_set(err, ERR_INVALID, "\"rules\" must be an array");
    if (n > POLICY_RULES_MAX)
        return error_set(err, ERR_INVALID, "a policy has at most %d rules, this one has %zu", POLICY_RULES_MAX, n);
    struct policy_rule *rules = arena_array(a, n + 1, sizeof(*rules));
    if (!rules) return error_set(err, ERR_NOMEM, "out of memory");
    enum err code = ERR_OK;
    for (size_t i = 0; i < n; i++) {
        r.at = i + 1;
        if ((code = read_rule(&r, json_array_at(list, i), &rules[i])) != ERR_OK) return code;
    }
    if ((code = policy_rules_check(rules, n, err)) != ERR_OK) return code;
    *ret = rules;
    *ret_n = n;
    return ERR_OK;
}

enum err policy_text_read(struct slice text, struct arena *a, struct policy_rule **ret, size_t *ret_n,
                          struct error *err)
{
    struct json_doc *doc CLEANUP(json_doc_freep) = NULL;
    const struct json_value *list;
    if (json_read(text, POLICY_TEXT_MAX, &doc, err) != ERR_OK) return error_prefix(err, "the policy");
    enum err code = read_root(json_root(doc), &list, err);
    return code == ERR_OK ? policy_rules_read(list, a, ret, ret_n, err) : code;
}

// ---- writing ----------------------------------------------------------------------------------------------

static void write_list(struct json_writer *w, const char *key, struct slice list)
{
    struct slice one;
    if (!list.n) return;
    json_key(w, key);
    json_arr(w);
    while (cidr_list_next(&list, &one)) json_str(w, one);
    json_arr_end(w);
}

void policy_rule_write(struct json_writer *w, const struct policy_rule *r)
{
    json_obj(w);
    json_kstr(w, "name", r->name);
    json_kstr(w, "action", policy_action_name(r->action));
    write_list(w, "accounts", r->accounts);
    write_list(w, "vpcs", r->vpcs);
    write_list(w, "cidrs", r->cidrs);
    if (r->allow_shared) json_kbool(w, "allowSharedSpace", true);
    if (r->target[0]) json_kstr(w, "project", r->target);
    json_obj_end(w);
}

// ---- shapes -----------------------------------------------------------------------------------------------

static enum err bad(const struct policy_rule *r, struct error *err, const char *what, struct slice value)
{
    return error_set(err, ERR_INVALID, "rule \"%s\": \"%.*s\" is no %s", r->name, (int)MIN(value.n, 60),
                     value.n ? value.p : "", what);
}

static enum err check_lists(const struct policy_rule *r, struct error *err)
{
    struct slice rest = r->accounts, one;
    struct cidr c;
    while (cidr_list_next(&rest, &one))
        if (!account_id_valid(one) && !slice_eq_cstr(one, "*")) return bad(r, err, "account of 12 digits, or *", one);
    rest = r->vpcs;
    while (cidr_list_next(&rest, &one))
        if (!vpc_id_valid(one)) return bad(r, err, "VPC: vpc- and 8 or 17 hexadecimal digits in lower case", one);
    rest = r->cidrs;
    while (cidr_list_next(&rest, &one))
        if (!cidr_parse(one, false, &c)) return bad(r, err, "CIDR block without host bits, as 10.0.0.0/16", one);
    if (r->accounts.n || r->vpcs.n || r->cidrs.n) return ERR_OK;
    return error_set(err, ERR_INVALID,
                     "rule \"%s\" has no condition: name accounts, vpcs or cidrs; \"accounts\": [\"*\"] says any",
                     r->name);
}

static enum err check_rule(const struct policy_rule *r, struct error *err)
{
    struct oid id;
    if (!policy_name_valid(slice_of(r->name)))
        return error_set(err, ERR_INVALID, "rule \"%s\": a name is 1 to %d of A-Z, a-z, 0-9, \".\", \"_\" and \"-\"",
                         r->name, POLICY_NAME - 1);
    if (r->allow_shared && r->action != POLICY_ACCEPT)
        return error_set(err, ERR_INVALID, "rule \"%s\": allowSharedSpace is for rules that accept", r->name);
    if (r->action == POLICY_HAND_OVER && !oid_parse(slice_of(r->target), &id))
        return error_set(err, ERR_INVALID, "rule \"%s\": hand-over needs \"project\", the id of another project",
                         r->name);
    if (r->action != POLICY_HAND_OVER && r->target[0])
        return error_set(err, ERR_INVALID, "rule \"%s\": \"project\" is for rules that hand over", r->name);
    return check_lists(r, err);
}

enum err policy_rules_check(const struct policy_rule *rules, size_t n, struct error *err)
{
    if (n > POLICY_RULES_MAX) return error_set(err, ERR_INVALID, "a policy has at most %d rules", POLICY_RULES_MAX);
    for (size_t i = 0; i < n; i++) {
        enum err code = check_rule(&rules[i], err);
        if (code != ERR_OK) return code;
        for (size_t j = 0; j < i; j++)
            if (strcmp(rules[i].name, rules[j].name) == 0)
                return error_set(err, ERR_INVALID, "two rules are named \"%s\"", rules[i].name);
    }
    return ERR_OK;
}
