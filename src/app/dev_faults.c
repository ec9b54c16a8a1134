// SPDX-License-Identifier: Apache-2.0
// /dev/faults on the management listener of `peerage dev`: POST adds a rule of pipeline/fault.h and answers its id, GET
// lists the rules with what they have seen and hit, DELETE removes them all. Called by: management.c.
// Must never: answer in serve, or block.
#include "app/inside.h"
#include "base/json.h"
#include "pipeline/fault.h"

#define RULE_MAX ((size_t)1024)

static enum err add(struct client_faults *f, struct slice body, uint64_t *ret_id, struct error *err)
{
    struct json_doc *doc = NULL;
    enum err rc = json_read(body, RULE_MAX, &doc, err);
    if (rc == ERR_OK) rc = client_faults_add(f, json_root(doc), ret_id, err);
    json_doc_free(doc);
    return rc;
}

static int post(struct client_faults *f, const struct request *req, struct json_writer *w)
{
    struct error err = {0};
    uint64_t id = 0;
    if (add(f, req->body, &id, &err) == ERR_OK) {
        json_kint(w, "id", (int64_t)id);
        return 200;
    }
    json_kstr(w, "error", err.detail);
    return err.code == ERR_NOMEM ? 500 : 400;
}

int dev_faults(struct client_faults *f, const struct request *req, struct buf *out)
{
    struct json_writer w;
    int status = 200;
    json_begin(&w, out, false);
    json_obj(&w);
    if (req->method == METHOD_POST) {
        status = post(f, req, &w);
    } else if (req->method == METHOD_DELETE) {
        client_faults_clear(f);
    } else {
        json_key(&w, "faults");
        client_faults_json(f, &w);
    }
    json_obj_end(&w);
    return status;
}
