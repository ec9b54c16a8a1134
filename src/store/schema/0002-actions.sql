-- min_binary: 1
-- What people ask Peerage to do in the cloud. A program of schema 1 only reads the cloud, so it may still open this.
ALTER TABLE network ADD COLUMN protected INTEGER NOT NULL DEFAULT 0 CHECK (protected IN (0, 1));
ALTER TABLE connection ADD COLUMN protected INTEGER NOT NULL DEFAULT 0 CHECK (protected IN (0, 1));

-- Intents: made before the cloud is called, ended after. Those that ended stay as history.
CREATE TABLE intent (
    group_id TEXT NOT NULL REFERENCES grp (id),
    id TEXT NOT NULL UNIQUE,
    connection_id TEXT NOT NULL REFERENCES connection (id),
    network_id TEXT NOT NULL REFERENCES network (id),
    action TEXT NOT NULL CHECK (action IN ('accept', 'reject', 'delete')),
    requested INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    last_attempt INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    uncertain INTEGER NOT NULL CHECK (uncertain IN (0, 1)), -- an attempt was begun and its outcome is not known
    held INTEGER NOT NULL CHECK (held IN (0, 1)), -- older than a restore: waits for a person
    epoch INTEGER NOT NULL, -- fencing: an outcome counts only with the epoch of the last attempt
    outcome TEXT NOT NULL CHECK (outcome IN ('live', 'done', 'failed', 'dropped')),
    ended INTEGER NOT NULL,
    reason TEXT NOT NULL,
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('api_key', 'service_account', 'local')),
    actor TEXT NOT NULL,
    rule TEXT NOT NULL, -- '' = none
    CHECK ((outcome = 'live') = (ended = 0)),
    PRIMARY KEY (group_id, id)
) STRICT;
CREATE UNIQUE INDEX intent_live ON intent (connection_id) WHERE ended = 0;
CREATE INDEX intent_due ON intent (not_before, id) WHERE ended = 0 AND held = 0;
CREATE INDEX intent_of_network ON intent (network_id) WHERE ended = 0;

-- While a row is here nothing is written to the cloud: of everything ('', ''), a group (id, ''), or a network.
CREATE TABLE freeze (
    group_id TEXT NOT NULL,
    network_id TEXT NOT NULL,
    since INTEGER NOT NULL,
    why TEXT NOT NULL,
    actor TEXT NOT NULL,
    PRIMARY KEY (group_id, network_id)
) STRICT;

-- Route tables of a network, the blocks of each requester, and the routes from one to the other.
CREATE TABLE network_table (
    group_id TEXT NOT NULL REFERENCES grp (id),
    network_id TEXT NOT NULL REFERENCES network (id),
    table_id TEXT NOT NULL,
    PRIMARY KEY (group_id, network_id, table_id)
) STRICT;
CREATE TABLE peer_cidr (
    group_id TEXT NOT NULL REFERENCES grp (id),
    connection_id TEXT NOT NULL REFERENCES connection (id),
    cidr TEXT NOT NULL,
    approved INTEGER NOT NULL CHECK (approved IN (0, 1)), -- 0: came after acceptance and waits for a person
    since INTEGER NOT NULL,
    PRIMARY KEY (group_id, connection_id, cidr)
) STRICT;
CREATE TABLE route (
    group_id TEXT NOT NULL REFERENCES grp (id),
    connection_id TEXT NOT NULL REFERENCES connection (id),
    network_id TEXT NOT NULL REFERENCES network (id),
    table_id TEXT NOT NULL,
    cidr TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('wanted', 'made', 'removing', 'conflict')),
    ours INTEGER NOT NULL CHECK (ours IN (0, 1)), -- a call of ours made it
    tried INTEGER NOT NULL, -- when a call to make it was last begun
    changed INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (group_id, connection_id, table_id, cidr)
) STRICT;
CREATE INDEX route_due ON route (not_before) WHERE state <> 'made';
CREATE INDEX route_of_network ON route (network_id);
