// SPDX-License-Identifier: Apache-2.0
// Organisations and groups. Called by: api, app, cli. Must never: write a row without its event, or an event without a
// change.
#include "core/tenants.h"

#include "core/inside.h"
#include "model/name.h"

#define NAME_CHARS 64

static enum err check_name(struct slice name, const char *what, struct error *err)
{
    if (name.n < NAME_MAX_BYTES && name_valid(name, NAME_CHARS, NAME_PUNCT_GROUP)) return ERR_OK;
    return error_set(err, ERR_INVALID, "the name of the %s must be 1 to %d letters, digits or any of %s", what,
                     NAME_CHARS, NAME_PUNCT_GROUP);
}

// check_name() has seen the length.
static void set_name(char dst[NAME_MAX_BYTES], struct slice name)
{
    bool fits = slice_copy(name, dst, NAME_MAX_BYTES);
    ASSERT(fits);
}

static void begin(const struct core *c, const struct actor *by, const char *org_id, const char *group_id,
                  struct audit *ret)
{
    audit_begin(ret, c->rng, clock_wall(c->clock), by);
    bool fits =
        cstr_set(ret->org_id, sizeof(ret->org_id), org_id) && cstr_set(ret->group_id, sizeof(ret->group_id), group_id);
    ASSERT(fits); // ids come out of rows
}

// An event with the former name as its detail.
static enum err write_renamed(struct store_tx *tx, const struct audit *audit, enum audit_type type, struct slice name,
                              const char *former, struct error *err)
{
    char text[NAME_MAX_BYTES * 6 + 32]; // every character escaped
    struct buf b = {.p = text, .cap = sizeof text, .max = sizeof text};
    struct json_writer w;
    json_begin(&w, &b, false);
    json_obj(&w);
    json_kstr(&w, "formerName", former);
    json_obj_end(&w);
    return audit_write(tx, audit, type, name, buf_view(&b), err);
}

static enum err write_plain(struct store_tx *tx, const struct audit *audit, enum audit_type type, const char *resource,
                            struct error *err)
{
    return audit_write(tx, audit, type, slice_of(resource), (struct slice){0}, err);
}

// ---- groups -----------------------------------------------------------------------------------------------

struct group_op {
    const struct core *core;
    const struct actor *by;
    const struct group_new *new;
    const char *id;
    const struct group_edit *edit;
    struct arena *arena;
    struct group group; // out
    struct group_use use;
    bool changed;
};

static enum err grant_creator(struct store_tx *tx, const struct principal *p, const struct group *g, struct error *err)
{
    if (!p || principal_permits(p, NEED_ORG_OWNER, g->org_id, NULL)) return ERR_OK;
    if (p->kind == PRINCIPAL_PERSON) return ERR_OK; // roles of persons come with their groups
    return store_tx_grant(tx, p->name, g->id, 1u << ROLE_GROUP_OWNER, err);
}

static enum err make_group(struct store_tx *tx, void *ctx, struct error *err)
{
    struct group_op *op = ctx;
    const struct group_new *q = op->new;
    struct audit audit;
    char id[OID_HEX + 1];
    oid_hex(oid_new(op->core->rng, clock_wall(op->core->clock)), id);
    struct group g = {.flags = q->flags, .tags = q->tags};
    if (!cstr_set(g.org_id, sizeof(g.org_id), q->org_id))
        return error_set(err, ERR_NOT_FOUND, "there is no organization %s", q->org_id);
    begin(op->core, op->by, g.org_id, id, &audit);
    memcpy(g.id, id, sizeof(g.id));
    g.created = audit.now;
    set_name(g.name, q->name);
    enum err code = store_tx_group_insert(tx, &g, err);
    if (code == ERR_OK) code = audit_write(tx, &audit, AUDIT_GROUP_CREATED, q->name, (struct slice){0}, err);
    if (code == ERR_OK) code = grant_creator(tx, q->creator, &g, err);
    op->group = g;
    return code;
}

enum err core_group_make(struct core *c, const struct actor *by, const struct group_new *q, struct group *ret,
                         struct error *err)
{
    struct group_op op = {.core = c, .by = by, .new = q};
    enum err code = check_name(q->name, "group", err);
    if (code == ERR_OK) code = store_write(c->store, make_group, &op, err);
    if (code != ERR_OK) return code;
    *ret = op.group;
    core_tell(c, CORE_GROUPS_CHANGED, op.group.id, "");
    return ERR_OK;
}

enum err core_group_create(struct core *c, const struct actor *by, const char *org_id, struct slice name,
                           struct group *ret, struct error *err)
{
    return core_group_make(c, by, &(struct group_new){.org_id = org_id, .name = name}, ret, err);
}

// What differs, as events: each kind of change is one.
static enum err write_group_events(struct store_tx *tx, const struct audit *audit, const struct group *was,
                                   const struct group *is, struct error *err)
{
    const flag_set alerts = 1u << GROUP_FLAG_DEFAULT_ALERTS, differ = was->flags ^ is->flags;
    enum err code = ERR_OK;
    if (strcmp(was->name, is->name) != 0)
        code = write_renamed(tx, audit, AUDIT_GROUP_NAME_CHANGED, slice_of(is->name), was->name, err);
    if (code == ERR_OK && !slice_eq(was->tags, is->tags))
        code = write_plain(tx, audit, AUDIT_GROUP_TAGS_CHANGED, is->id, err);
    if (code == ERR_OK && (differ & alerts))
        code = write_plain(tx, audit, AUDIT_GROUP_DEFAULT_ALERTS_CHANGED, is->id, err);
    if (code == ERR_OK && (differ & ~alerts)) code = write_plain(tx, audit, AUDIT_GROUP_SETTINGS_CHANGED, is->id, err);
    return code;
}

static flag_set edit_group_flags(flag_set flags, flag_set change, flag_set on)
{
    for (unsigned i = 0; i < GROUP_FLAG_COUNT_; i++)
        if (change >> i & 1) flags = group_flag_with(flags, (enum group_flag)i, on >> i & 1);
    return flags;
}

static enum err edit_group(struct store_tx *tx, void *ctx, struct error *err)
{
    struct group_op *op = ctx;
    const struct group_edit *q = op->edit;
    struct store_reader *r = store_tx_reader(tx);
    struct group was;
    enum err code = store_group_get(r, op->id, &was, err);
    if (code == ERR_OK) code = store_group_tags(r, op->id, op->arena, &was.tags, err);
    if (code != ERR_OK) return code;
    struct group is = was;
    if (q->name.p) set_name(is.name, q->name);
    if (q->tags.p) is.tags = q->tags;
    is.flags = edit_group_flags(was.flags, q->change, q->on);
    op->group = is;
    op->changed = strcmp(was.name, is.name) != 0 || !slice_eq(was.tags, is.tags) || was.flags != is.flags;
    if (!op->changed) return ERR_OK;
    struct audit audit;
    begin(op->core, op->by, is.org_id, is.id, &audit);
    code = store_tx_group_update(tx, &is, err);
    return code == ERR_OK ? write_group_events(tx, &audit, &was, &is, err) : code;
}

enum err core_group_edit(struct core *c, const struct actor *by, const char *group_id, const struct group_edit *q,
                         struct arena *a, struct group *ret, struct error *err)
{
    struct group_op op = {.core = c, .by = by, .id = group_id, .edit = q, .arena = a};
    enum err code = q->name.p ? check_name(q->name, "group", err) : ERR_OK;
    if (code == ERR_OK) code = store_write(c->store, edit_group, &op, err);
    if (code != ERR_OK) return code;
    *ret = op.group;
    if (op.changed) core_tell(c, CORE_GROUPS_CHANGED, op.group.id, "");
    return ERR_OK;
}

static enum err delete_group(struct store_tx *tx, void *ctx, struct error *err)
{
    struct group_op *op = ctx;
    struct store_reader *r = store_tx_reader(tx);
    struct audit audit;
    enum err code = store_group_get(r, op->id, &op->group, err);
    if (code == ERR_OK) code = store_group_use(r, op->id, &op->use, err);
    if (code != ERR_OK) return code;
    if (op->use.networks || op->use.peerings)
        return error_set(err, ERR_CONFLICT, "the group %s still has networks: remove them first", op->group.name);
    begin(op->core, op->by, op->group.org_id, op->group.id, &audit);
    code = audit_write(tx, &audit, AUDIT_GROUP_DELETED, slice_of(op->group.name), (struct slice){0}, err);
    return code == ERR_OK ? store_tx_group_delete(tx, op->id, audit.now, err) : code;
}

enum err core_group_delete(struct core *c, const struct actor *by, const char *group_id, struct group_use *ret_use,
                           struct error *err)
{
    struct group_op op = {.core = c, .by = by, .id = group_id};
    enum err code = store_write(c->store, delete_group, &op, err);
    *ret_use = op.use;
    if (code == ERR_OK) core_tell(c, CORE_GROUPS_CHANGED, op.group.id, "");
    return code;
}

// ---- organisations ----------------------------------------------------------------------------------------

// RFC 9562 section 5.4: a version 4 UUID.
static void make_external_id(const struct rng *rng, char out[37])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t b[16];
    rng_fill(rng, b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0F) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3F) | 0x80);
    for (size_t i = 0, at = 0; i < sizeof(b); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out[at++] = '-';
        out[at++] = digits[b[i] >> 4];
        out[at++] = digits[b[i] & 15];
    }
    out[36] = '\0';
}

struct org_op {
    const struct core *core;
    const struct actor *by;
    const struct org_new *new;
    const char *id;
    const struct org_edit *edit;
    struct org org; // out
    bool changed;
};

static enum err check_room(struct store_tx *tx, uint64_t most, struct error *err)
{
    uint64_t n;
    if (most == 0) return ERR_OK;
    enum err code = store_org_count(store_tx_reader(tx), &n, err);
    if (code != ERR_OK || n < most) return code;
    return error_set(err, ERR_TOO_LARGE, "there are %llu organizations already", (unsigned long long)n);
}

static enum err make_org(struct store_tx *tx, void *ctx, struct error *err)
{
    struct org_op *op = ctx;
    const struct org_new *q = op->new;
    struct audit audit;
    audit_begin(&audit, op->core->rng, clock_wall(op->core->clock), op->by);
    op->org = (struct org){.created = audit.now, .flags = q->flags};
    oid_hex(oid_new(audit.rng, audit.now), op->org.id);
    make_external_id(audit.rng, op->org.external_id);
    memcpy(audit.org_id, op->org.id, sizeof(audit.org_id));
    set_name(op->org.name, q->name);
    enum err code = check_room(tx, q->most, err);
    if (code == ERR_OK) code = store_tx_org_insert(tx, &op->org, err);
    if (code == ERR_OK) code = audit_write(tx, &audit, AUDIT_ORG_CREATED, q->name, (struct slice){0}, err);
    return code == ERR_OK && q->also ? q->also(tx, &op->org, q->ctx, err) : code;
}

enum err core_org_make(struct core *c, const struct actor *by, const struct org_new *q, struct org *ret,
                       struct error *err)
{
    struct org_op op = {.core = c, .by = by, .new = q};
    enum err code = check_name(q->name, "organization", err);
    if (code == ERR_OK) code = store_write(c->store, make_org, &op, err);
    if (code != ERR_OK) return code;
    *ret = op.org;
    core_tell(c, CORE_GROUPS_CHANGED, "", "");
    return ERR_OK;
}

enum err core_org_create(struct core *c, const struct actor *by, struct slice name, struct org *ret, struct error *err)
{
    return core_org_make(c, by, &(struct org_new){.name = name}, ret, err);
}

// Settings that have events of their own.
static enum err write_switch(struct store_tx *tx, const struct audit *audit, const struct org *is, bool was_on,
                             bool is_on, enum audit_type on, enum audit_type off, struct error *err)
{
    return was_on == is_on ? ERR_OK : write_plain(tx, audit, is_on ? on : off, is->id, err);
}

#define WITH_EVENTS (1u << ORG_FLAG_MULTI_FACTOR | 1u << ORG_FLAG_RESTRICT_EMPLOYEES)

static bool others_differ(const struct org *was, const struct org *is)
{
    return ((was->flags ^ is->flags) & ~WITH_EVENTS) || was->secret_hours != is->secret_hours ||
           was->session_idle_s != is->session_idle_s || was->session_absolute_s != is->session_absolute_s ||
           strcmp(was->operations_contact, is->operations_contact) != 0 ||
           strcmp(was->security_contact, is->security_contact) != 0;
}

static bool orgs_differ(const struct org *was, const struct org *is)
{
    return strcmp(was->name, is->name) != 0 || was->flags != is->flags ||
           was->api_access_list_required != is->api_access_list_required || others_differ(was, is);
}

static enum err write_org_events(struct store_tx *tx, const struct audit *audit, const struct org *was,
                                 const struct org *is, struct error *err)
{
    enum err code = ERR_OK;
    if (strcmp(was->name, is->name) != 0)
        code = write_renamed(tx, audit, AUDIT_ORG_RENAMED, slice_of(is->name), was->name, err);
    if (code == ERR_OK)
        code = write_switch(tx, audit, is, was->api_access_list_required, is->api_access_list_required,
                            AUDIT_ORG_ACCESS_LIST_REQUIRED, AUDIT_ORG_ACCESS_LIST_OPTIONAL, err);
    if (code == ERR_OK)
        code = write_switch(tx, audit, is, org_flag(was->flags, ORG_FLAG_MULTI_FACTOR),
                            org_flag(is->flags, ORG_FLAG_MULTI_FACTOR), AUDIT_ORG_MULTI_FACTOR_REQUIRED,
                            AUDIT_ORG_MULTI_FACTOR_OPTIONAL, err);
    if (code == ERR_OK)
        code = write_switch(tx, audit, is, org_flag(was->flags, ORG_FLAG_RESTRICT_EMPLOYEES),
                            org_flag(is->flags, ORG_FLAG_RESTRICT_EMPLOYEES), AUDIT_ORG_EMPLOYEES_RESTRICTED,
                            AUDIT_ORG_EMPLOYEES_UNRESTRICTED, err);
    if (code == ERR_OK && others_differ(was, is))
        code = write_plain(tx, audit, AUDIT_ORG_SETTINGS_CHANGED, is->id, err);
    return code;
}

static void apply_edit(const struct org_edit *q, struct org *is)
{
    if (q->name.p) set_name(is->name, q->name);
    for (unsigned i = 0; i < ORG_FLAG_COUNT_; i++)
        if (q->change >> i & 1) is->flags = org_flag_with(is->flags, (enum org_flag)i, q->on >> i & 1);
    if (q->set_access) is->api_access_list_required = q->access;
    if (q->set_hours) is->secret_hours = q->secret_hours;
    if (q->set_idle) is->session_idle_s = q->session_idle_s;
    if (q->set_absolute) is->session_absolute_s = q->session_absolute_s;
    bool fits = (!q->operations_contact.p || slice_copy(q->operations_contact, is->operations_contact, CONTACT_MAX)) &&
                (!q->security_contact.p || slice_copy(q->security_contact, is->security_contact, CONTACT_MAX));
    ASSERT(fits); // core_org_edit() has seen the lengths
}

static enum err edit_org(struct store_tx *tx, void *ctx, struct error *err)
{
    struct org_op *op = ctx;
    struct org was;
    enum err code = store_org_get(store_tx_reader(tx), op->id, &was, err);
    if (code != ERR_OK) return code;
    op->org = was;
    apply_edit(op->edit, &op->org);
    op->changed = orgs_differ(&was, &op->org);
    if (!op->changed) return ERR_OK;
    struct audit audit;
    begin(op->core, op->by, was.id, "", &audit);
    code = store_tx_org_update(tx, &op->org, err);
    return code == ERR_OK ? write_org_events(tx, &audit, &was, &op->org, err) : code;
}

enum err core_org_edit(struct core *c, const struct actor *by, const char *org_id, const struct org_edit *q,
                       struct org *ret, struct error *err)
{
    struct org_op op = {.core = c, .by = by, .id = org_id, .edit = q};
    if (q->operations_contact.n >= CONTACT_MAX || q->security_contact.n >= CONTACT_MAX)
        return error_set(err, ERR_TOO_LARGE, "a contact is longer than %d bytes", CONTACT_MAX - 1);
    enum err code = q->name.p ? check_name(q->name, "organization", err) : ERR_OK;
    if (code == ERR_OK) code = store_write(c->store, edit_org, &op, err);
    if (code != ERR_OK) return code;
    *ret = op.org;
    if (op.changed) core_tell(c, CORE_GROUPS_CHANGED, "", "");
    return ERR_OK;
}

static enum err delete_org(struct store_tx *tx, void *ctx, struct error *err)
{
    struct org_op *op = ctx;
    struct audit audit;
    uint64_t groups = 0;
    enum err code = store_org_get(store_tx_reader(tx), op->id, &op->org, err);
    if (code == ERR_OK) code = store_org_size(store_tx_reader(tx), op->id, &groups, err);
    if (code != ERR_OK) return code;
    if (groups)
        return error_set(err, ERR_CONFLICT, "the organization %s still has projects: delete them first", op->org.name);
    begin(op->core, op->by, op->org.id, "", &audit);
    code = audit_write(tx, &audit, AUDIT_ORG_DELETED, slice_of(op->org.id), (struct slice){0}, err);
    return code == ERR_OK ? store_tx_org_delete(tx, op->id, audit.now, err) : code;
}

enum err core_org_delete(struct core *c, const struct actor *by, const char *org_id, struct error *err)
{
    struct org_op op = {.core = c, .by = by, .id = org_id};
    enum err code = store_write(c->store, delete_org, &op, err);
    if (code == ERR_OK) core_tell(c, CORE_GROUPS_CHANGED, "", "");
    return code;
}
