-- min_binary: 1
-- Policies of groups, and requests that are expected. A program of schema 3 decides nothing by itself.
CREATE TABLE policy (
    group_id TEXT NOT NULL PRIMARY KEY REFERENCES grp (id),
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    version INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    actor TEXT NOT NULL
) STRICT;
CREATE TABLE policy_rule (
    group_id TEXT NOT NULL REFERENCES grp (id),
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('hold', 'accept', 'reject', 'hand-over')),
    accounts TEXT NOT NULL,
    vpcs TEXT NOT NULL,
    cidrs TEXT NOT NULL,
    allow_shared INTEGER NOT NULL CHECK (allow_shared IN (0, 1)),
    target_group TEXT NOT NULL, -- '' = none
    PRIMARY KEY (group_id, position),
    UNIQUE (group_id, name)
) STRICT;
CREATE TABLE expected (
    group_id TEXT NOT NULL REFERENCES grp (id),
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    vpc TEXT NOT NULL,
    cidrs TEXT NOT NULL,
    allow_shared INTEGER NOT NULL CHECK (allow_shared IN (0, 1)),
    owner TEXT NOT NULL,
    ticket TEXT NOT NULL,
    created INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    actor TEXT NOT NULL,
    used INTEGER NOT NULL,
    used_by TEXT NOT NULL,
    PRIMARY KEY (group_id, id)
) STRICT;
-- What is held and why, as it was last told: the same again is no event.
CREATE TABLE policy_hold (
    group_id TEXT NOT NULL REFERENCES grp (id),
    connection_id TEXT NOT NULL REFERENCES connection (id),
    rule TEXT NOT NULL,
    reason TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (group_id, connection_id)
) STRICT;

-- Whether anybody has acted on a connection before.
CREATE INDEX intent_of_connection ON intent (connection_id);

-- A connection may be handed over to another group than its network's: the counts follow.
CREATE TRIGGER connection_count_moved AFTER UPDATE OF group_id ON connection WHEN old.listed = 1 BEGIN
    UPDATE connection_count SET n = n - 1
    WHERE group_id = old.group_id AND requester_account = old.requester_account AND network_id = old.network_id
        AND cloud_status = old.cloud_status AND local_status = old.local_status;
    DELETE FROM connection_count
    WHERE group_id = old.group_id AND requester_account = old.requester_account AND network_id = old.network_id
        AND cloud_status = old.cloud_status AND local_status = old.local_status AND n = 0;
    INSERT INTO connection_count
    VALUES (new.group_id, new.requester_account, new.network_id, new.cloud_status, new.local_status, 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;
