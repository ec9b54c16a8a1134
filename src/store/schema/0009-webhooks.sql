-- min_binary: 8
-- Webhooks and the outbox of what they are told. A program of an older schema writes no deliveries and sends none; what
-- is here waits for a newer one.
CREATE TABLE webhook (
    id TEXT NOT NULL PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES org (id),
    group_id TEXT NOT NULL, -- '' = all groups of the organisation
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    notices TEXT NOT NULL, -- types, space-separated
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    reason TEXT NOT NULL, -- why it is disabled
    created INTEGER NOT NULL
) STRICT;
CREATE INDEX webhook_by_org ON webhook (org_id, id);
CREATE TABLE webhook_secret (
    webhook_id TEXT NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    slot INTEGER NOT NULL CHECK (slot IN (0, 1)), -- 0 = current, 1 = the one before
    created INTEGER NOT NULL,
    until INTEGER NOT NULL, -- 0 = for good
    key_id TEXT NOT NULL,
    nonce BLOB NOT NULL CHECK (length(nonce) = 12),
    sealed BLOB NOT NULL CHECK (length(sealed) = 48),
    PRIMARY KEY (webhook_id, slot)
) STRICT;

-- One row a message and hook. Among those of one hook and lane at most one is pending; the others wait for it.
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    webhook_id TEXT NOT NULL REFERENCES webhook (id) ON DELETE CASCADE,
    org_id TEXT NOT NULL,
    group_id TEXT NOT NULL,
    notice TEXT NOT NULL,
    subject TEXT NOT NULL, -- with the group: the lane
    created INTEGER NOT NULL,
    queued INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'waiting', 'delivered', 'dead')),
    not_before INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    last_attempt INTEGER NOT NULL,
    finished INTEGER NOT NULL,
    status INTEGER NOT NULL,
    reason TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (webhook_id, id)
) STRICT;
CREATE UNIQUE INDEX outbox_head ON outbox (webhook_id, group_id, subject) WHERE state = 'pending';
CREATE INDEX outbox_due ON outbox (webhook_id, not_before, seq) WHERE state = 'pending';
CREATE INDEX outbox_lane ON outbox (webhook_id, group_id, subject, seq) WHERE state = 'waiting';
CREATE INDEX outbox_by_state ON outbox (state, seq);
CREATE INDEX outbox_finished ON outbox (finished) WHERE state IN ('delivered', 'dead');

-- The threshold in hours that was last told of a pending request; 0 = none.
ALTER TABLE connection ADD COLUMN expiry_told INTEGER NOT NULL DEFAULT 0;
CREATE INDEX connection_expiring ON connection (expiration)
WHERE listed = 1 AND missing_since = 0 AND cloud_status = 'pending-acceptance';
