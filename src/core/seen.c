// SPDX-License-Identifier: Apache-2.0
// Taking over what the cloud said of one known connection. Called by: scan.c and intent.c, so that a scan and the
// describe of an action leave the same rows and events. Must never: write when nothing differs.
#include "core/inside.h"

static enum lifecycle_event seen_event(const struct connection *row)
{
    return lifecycle_seen(cloud_status_of(slice_of(row->cloud_status)));
}

// What is said again about an end that has left the list already is no news.
static bool stays_unlisted(const struct connection *before, const struct connection *row)
{
    return !before->listed && strcmp(before->cloud_status, row->cloud_status) == 0 &&
           cloud_status_is_terminal(cloud_status_of(slice_of(row->cloud_status)));
}

enum err merge_seen(struct store_tx *tx, struct seen_merge *m, struct error *err)
{
    const struct connection *before = m->before;
    m->row = *before;
    bool differs = connection_merge(&m->row, m->seen), back = before->missing_since.us || !before->listed;
    if ((!differs && !back) || stays_unlisted(before, &m->row)) return ERR_OK;
    bool status_differs = strcmp(before->cloud_status, m->row.cloud_status) != 0;
    m->row.missing_since = (struct wall){0};
    m->row.listed = true;
    // One that comes back from outside the list is seen as if for the first time.
    enum lifecycle_event event = back && before->listed && !status_differs ? LIFECYCLE_REAPPEARED : seen_event(&m->row);
    enum audit_type type = back             ? AUDIT_CONNECTION_REAPPEARED
                           : status_differs ? AUDIT_CONNECTION_STATUS_CHANGED
                                            : AUDIT_CONNECTION_CHANGED;
    m->changed = true;
    const struct transition t = {
        .audit = m->audit, .type = type, .event = event, .before = before, .row = &m->row, .work = &m->work};
    return transition_apply(tx, &t, err);
}
