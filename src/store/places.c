// SPDX-License-Identifier: Apache-2.0
// Where pages of long lists ended: who reads on from there need not step over all that comes before. Called by:
// credential_list.c. Must never: be believed after a commit that changed credentials (the auth generation tells).
#include "store/internal.h"

void places_init(struct places *p)
{
    *p = (struct places){.turn = 0};
    lock_init(&p->lock, "places");
}

void places_done(struct places *p)
{
    lock_done(&p->lock);
}

static bool same_list(const struct place *a, const struct place *b)
{
    return a->kind == b->kind && a->generation == b->generation && strcmp(a->scope_id, b->scope_id) == 0;
}

void places_nearest(struct places *p, struct place *at)
{
    struct place found = *at;
    found.index = 0;
    found.id[0] = '\0';
    lock_take(&p->lock);
    for (unsigned i = 0; i < PLACES; i++) {
        const struct place *k = &p->known[i];
        if (k->id[0] && same_list(k, at) && k->index <= at->index && k->index > found.index) found = *k;
    }
    lock_drop(&p->lock);
    *at = found;
}

void places_note(struct places *p, const struct place *end)
{
    lock_take(&p->lock);
    unsigned i = 0;
    while (i < PLACES && !(same_list(&p->known[i], end) && p->known[i].index == end->index)) i++;
    if (i == PLACES) i = p->turn++ % PLACES; // the oldest goes
    p->known[i] = *end;
    lock_drop(&p->lock);
}
