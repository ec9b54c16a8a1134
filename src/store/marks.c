// SPDX-License-Identifier: Apache-2.0
// Where an entry of a long list lies, by its number: over the marks that the schema keeps (0010), from the nearer end.
// Called by: credential_list.c, groups.c. Must never: read the entries themselves.
#include "store/internal.h"

// Marks from an end on: entries before (from the front) or behind (from the back) are counted until `index` is reached.
static enum err walk(struct query *q, int64_t total, bool back, struct mark *ret, struct error *err)
{
    for (int64_t passed = 0;;) {
        bool row;
        enum err code = query_step(q, &row, err);
        if (code != ERR_OK) return code;
        if (!row) return error_set(err, ERR_CORRUPT, "store: the marks of a list do not fit its count");
        char id[OID_HEX + 1];
        query_get_cstr(q, id, sizeof(id));
        int64_t n = query_get_int(q), first = back ? total - passed - n : passed;
        code = query_check(q, err);
        if (code != ERR_OK) return code;
        passed += n;
        if (ret->index < first || ret->index >= first + n) continue;
        ret->skip = ret->index - first;
        memcpy(ret->id, id, sizeof(ret->id));
        return ERR_OK;
    }
}

#define MARKS "SELECT id, n FROM list_mark WHERE list = ? AND scope_id = ? ORDER BY id"

enum err mark_find(struct store_reader *r, const char *list, struct slice scope, int64_t total, struct mark *ret,
                   struct error *err)
{
    ASSERT(ret->index >= 0 && ret->index < total);
    bool back = ret->index > total / 2;
    struct query q CLEANUP(query_close) = query_open(r->db, back ? MARKS " DESC" : MARKS);
    query_cstr(&q, list);
    query_text(&q, scope);
    return walk(&q, total, back, ret, err);
}
