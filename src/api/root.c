// SPDX-License-Identifier: Apache-2.0
// GET /api/atlas/v2: who am I, and is this the API. Called by: pipeline. Must never: show another credential.
#include "api/api.h"

#include "base/json.h"

static void add_access_list(struct json_writer *w, const struct credential *cred)
{
    json_key(w, "accessList");
    json_arr(w);
    for (unsigned i = 0; i < cred->access_count; i++) {
        struct cidr entry = cred->access_list[i];
        char text[CIDR_STR];
        cidr_format(entry, text);
        json_obj(w);
        json_kstr(w, "cidrBlock", text);
        bool single = entry.prefix == (entry.ip.family == 4 ? 32 : 128);
        char address[IP_STR];
        ip_format(entry.ip, address);
        if (single) json_kstr(w, "ipAddress", address);
        json_obj_end(w);
    }
    json_arr_end(w);
}

static void add_roles(struct json_writer *w, const struct principal *p)
{
    json_key(w, "roles");
    json_arr(w);
    for (unsigned i = 0; i < p->grant_count; i++)
        for (unsigned r = 0; r < ROLE_COUNT_; r++) {
            if (!(p->grants[i].roles & (1u << r))) continue;
            json_obj(w);
            if (r != ROLE_GLOBAL_OWNER)
                json_kstr(w, role_is_org((enum role)r) ? "orgId" : "groupId", p->grants[i].scope_id);
            json_kstr(w, "roleName", role_name((enum role)r));
            json_obj_end(w);
        }
    json_arr_end(w);
}

void api_system_status(struct call *c)
{
    const struct credential *cred = container_of(c->principal, struct credential, principal);
    struct buf body;
    struct json_writer w;
    wire_entity_begin(c, &w, &body);
    json_key(&w, "apiKey");
    json_obj(&w);
    add_access_list(&w, cred);
    json_kstr(&w, "id", c->principal->id);
    json_kstr(&w, "publicKey", c->principal->name);
    add_roles(&w, c->principal);
    json_obj_end(&w);
    json_kstr(&w, "appName", "MongoDB Atlas"); // the schema's only value: clients look for it
    json_kstr(&w, "build", PEERAGE_BUILD);
    wire_self_link(c, &w);
    json_kbool(&w, "throttling", false);
    wire_entity_end(c, &w);
    call_ok(c, &body);
}
