// SPDX-License-Identifier: Apache-2.0
// Ordered schema migrations, embedded with their SHA-256 at build time (tools/embed-sql.py).
// Called by: store_open.c, backup.c. Must never: apply a part of a migration, or touch a store that a newer binary
// closed to this one.
#pragma once

#include "base/clock.h"
#include "store/db.h"

struct migration {
    uint32_t version;    // 1, 2, …
    uint32_t min_binary; // oldest binary (by STORE_VERSION) that may open a store with this migration
    const char *name, *sha256, *sql;
};
extern const struct migration store_migrations[]; // generated
extern const unsigned store_migration_count;

struct migrate_list {
    const struct migration *m;
    unsigned n;
};
static inline struct migrate_list migrate_embedded(void)
{
    return (struct migrate_list){store_migrations, store_migration_count};
}

// The version row; 0 when the file has no schema yet. ERR_CORRUPT when there is something else in it.
enum err migrate_version(struct db *db, uint32_t *ret_version, uint32_t *ret_min_binary, struct error *err) MUST_CHECK;
// Verifies that this binary (list.n) may use the store and that what was applied is what the list says. ERR_CONFLICT:
// min_binary above list.n. ERR_CORRUPT: a checksum differs or a row is missing. *ret_version as above.
enum err migrate_verify(struct db *db, struct migrate_list list, uint32_t *ret_version, struct error *err) MUST_CHECK;
// Applies what is missing, each migration in its own transaction with its row and the new version.
enum err migrate_apply(struct db *db, struct migrate_list list, struct wall now, struct error *err) MUST_CHECK;
