// SPDX-License-Identifier: Apache-2.0
// What the API answered as items. Called by: cli. Must never: take a value whose shape it does not know.
#include "declare/declare.h"

static const struct json_value *member(const struct json_value *object, const char *name)
{
    char first[64];
    const char *dot = strchr(name, '.');
    if (!dot) return json_get(object, name);
    bool fits = slice_copy(slice_n(name, (size_t)(dot - name)), first, sizeof first);
    ASSERT(fits); // of the table
    return json_get(json_get(object, first), dot + 1);
}

static enum err observe_rules(struct arena *a, struct decl_item *i, const struct json_value *list, struct error *err)
{
    unsigned n;
    const struct decl_under *u = decl_unders(i->kind, &n);
    struct decl_item *before = NULL;
    if (list && json_type(list) != JSON_ARRAY) return error_set(err, ERR_PROTOCOL, "\"rules\" is no list");
    for (size_t k = 0; k < json_array_len(list); k++) {
        struct decl_item *rule = decl_item_new(a, u, i);
        if (!rule) return error_set(err, ERR_NOMEM, "out of memory");
        if (decl_observe(a, rule, json_array_at(list, k), err) != ERR_OK) return err->code;
        if (before)
            before->next = rule;
        else
            i->rules = rule;
        before = rule;
    }
    return ERR_OK;
}

enum err decl_observe(struct arena *a, struct decl_item *i, const struct json_value *object, struct error *err)
{
    unsigned n;
    const struct decl_attr *t = decl_attrs(i->kind, &n);
    struct slice id = json_string(json_get(object, "id"));
    if (json_type(object) != JSON_OBJECT) return error_set(err, ERR_PROTOCOL, "%s: no object", decl_noun(i->kind));
    i->version = json_integer(json_get(object, "version"));
    if (id.n) i->id = arena_slice(a, id);
    if (id.n && !i->id.p) return error_set(err, ERR_NOMEM, "out of memory");
    for (unsigned k = 0; k < n; k++) {
        enum err code = t[k].type == DECL_RULES
                            ? observe_rules(a, i, json_get(object, t[k].name), err)
                            : decl_value_of_json(a, &t[k], member(object, t[k].name), &i->v[k], err);
        if (code == ERR_INVALID)
            return error_set(err, ERR_PROTOCOL, "%s: unexpected %s", decl_noun(i->kind), t[k].name);
        if (code != ERR_OK) return code;
        if (t[k].type == DECL_RULES && decl_rules(a, i, &i->v[k], err) != ERR_OK) return err->code;
    }
    return ERR_OK;
}
