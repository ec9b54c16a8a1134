// SPDX-License-Identifier: Apache-2.0
// Flags that many resource commands share: organisation, project, roles, page. Called by: cmd_*.c.
// Must never: choose among several.
#include <stdio.h>
#include <string.h>

#include "cli/cmd.h"
#include "config/nearest.h"

enum err pick_org(struct cmd_ctx *c, struct org *ret, struct error *err)
{
    const char *id = arg(c->args, "org");
    struct org *all;
    size_t n;
    if (id) {
        if (store_org_get(c->sv->reader, id, ret, err) == ERR_OK) return ERR_OK;
        if (err->code != ERR_NOT_FOUND) return err->code;
        return error_set(err, ERR_NOT_FOUND, "--org: there is no organisation %.40s; `peerage org list` shows them",
                         id);
    }
    if (store_orgs(c->sv->reader, c->arena, &all, &n, err) != ERR_OK) return err->code;
    if (n != 1)
        return error_set(err, ERR_INVALID, "there are %zu organisations; name one with --org ID (`peerage org list`)",
                         n);
    *ret = all[0];
    return ERR_OK;
}

enum err pick_project(struct cmd_ctx *c, struct group *ret, struct error *err)
{
    const char *id = arg(c->args, "project");
    struct group *all;
    size_t n;
    uint64_t total;
    if (id) {
        if (store_group_get(c->sv->reader, id, ret, err) == ERR_OK) return ERR_OK;
        if (err->code != ERR_NOT_FOUND) return err->code;
        return error_set(err, ERR_NOT_FOUND, "--project: there is no project %.40s; `peerage project list` shows them",
                         id);
    }
    if (store_groups(c->sv->reader, NULL, true, (struct page){1, 2}, c->arena, &all, &n, &total, err) != ERR_OK)
        return err->code;
    if (total != 1)
        return error_set(err, ERR_INVALID,
                         "there are %llu projects; name one with --project ID (`peerage project list`)",
                         (unsigned long long)total);
    *ret = all[0];
    return ERR_OK;
}

enum err pick_page(struct cmd_ctx *c, struct page *ret, struct error *err)
{
    int64_t number, size;
    if (arg_number(c->args, "page-num", 1, UINT32_MAX, 1, &number, err) != ERR_OK ||
        arg_number(c->args, "items-per-page", 1, 500, 100, &size, err) != ERR_OK)
        return err->code;
    *ret = (struct page){(uint32_t)number, (uint32_t)size};
    return ERR_OK;
}

enum err pick_role(const char *text, enum role *ret, struct error *err)
{
    const char *names[ROLE_COUNT_];
    if (role_parse(slice_of(text), ret)) return ERR_OK;
    for (int i = 0; i < ROLE_COUNT_; i++) names[i] = role_name((enum role)i);
    return error_set(err, ERR_INVALID, "--role: there is no role \"%.60s\"; the closest one is %s", text,
                     nearest(slice_of(text), names, ROLE_COUNT_));
}

enum err pick_grants(struct cmd_ctx *c, const char *org_id, struct grant ret[2], unsigned *ret_n, struct error *err)
{
    struct grant org = {.roles = 0}, project = {.roles = 0};
    struct group group;
    unsigned pos = 0, n = 0;
    for (const char *text; (text = arg_next(c->args, "role", &pos)) != NULL;) {
        enum role role;
        if (pick_role(text, &role, err) != ERR_OK) return err->code;
        *(role_is_org(role) ? &org.roles : &project.roles) |= (role_set)1 << role;
    }
    if (project.roles && pick_project(c, &group, err) != ERR_OK) return err->code;
    if (project.roles && strcmp(group.org_id, org_id) != 0)
        return error_set(err, ERR_INVALID, "--project: %s belongs to another organisation", group.id);
    // As in Atlas: who has a role in a project is a member of its organisation.
    if (!roles_of_org(org.roles)) org.roles |= (role_set)1 << ROLE_ORG_MEMBER;
    bool fits = cstr_set(org.scope_id, sizeof org.scope_id, org_id);
    if (project.roles) fits &= cstr_set(project.scope_id, sizeof project.scope_id, group.id);
    ASSERT(fits); // ids of rows
    if (project.roles && strcmp(project.scope_id, org.scope_id) < 0) ret[n++] = project;
    ret[n++] = org;
    if (project.roles && n == 1) ret[n++] = project;
    *ret_n = n;
    return ERR_OK;
}

bool pick_time(const char *text, struct wall *ret)
{
    char whole[21];
    uint32_t date;
    if (!date_parse_ymd(slice_of(text), &date)) return wall_parse_rfc3339(slice_of(text), ret);
    (void)snprintf(whole, sizeof whole, "%.10sT00:00:00Z", text);
    return wall_parse_rfc3339(slice_of(whole), ret);
}

enum err pick_network(struct cmd_ctx *c, const char *group_id, struct network *ret, struct error *err)
{
    const char *id = arg(c->args, "network");
    struct network *all;
    size_t n;
    if (id) {
        if (store_network_get(c->sv->reader, id, c->arena, ret, err) == ERR_OK) return ERR_OK;
        if (err->code != ERR_NOT_FOUND) return err->code;
        return error_set(err, ERR_NOT_FOUND, "--network: there is no network %.40s; `peerage network list` shows them",
                         id);
    }
    if (store_networks(c->sv->reader, group_id, c->arena, &all, &n, err) != ERR_OK) return err->code;
    if (n != 1)
        return error_set(err, ERR_INVALID,
                         "the project has %zu networks; name one with --network ID (`peerage network list`)", n);
    *ret = all[0];
    return ERR_OK;
}

struct slice pick_list(struct cmd_ctx *c, const char *flag)
{
    struct buf b;
    unsigned pos = 0;
    buf_init(&b, CMD_TEXT_MAX);
    for (const char *text; (text = arg_next(c->args, flag, &pos)) != NULL;) buf_fmt(&b, "%s%s", b.n ? " " : "", text);
    struct slice made = arena_slice(c->arena, buf_view(&b));
    buf_done(&b);
    return made;
}

struct slice grants_text(struct arena *a, const struct principal *p)
{
    struct buf b;
    buf_init(&b, 1 << 16);
    for (unsigned i = 0; i < p->grant_count; i++)
        for (int r = 0; r < ROLE_COUNT_; r++)
            if (p->grants[i].roles & ((role_set)1 << r))
                buf_fmt(&b, "%s%s@%s", b.n ? " " : "", role_name((enum role)r), p->grants[i].scope_id);
    struct slice made = b.fail ? SLICE("too many to show") : arena_slice(a, buf_view(&b));
    buf_done(&b);
    return made;
}
