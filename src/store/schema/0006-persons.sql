-- min_binary: 6
-- Persons of an OpenID Connect provider act by their names, which an older program could not read in events.
CREATE TABLE person_grant (
    org_id TEXT NOT NULL REFERENCES org (id),
    claim_group TEXT NOT NULL, -- as the provider writes it
    scope_id TEXT NOT NULL, -- the organisation, or a group of it
    role TEXT NOT NULL,
    PRIMARY KEY (org_id, claim_group, scope_id, role)
) STRICT;

-- A CHECK admits one more word: SQLite wants the table anew for that.
CREATE TABLE event_new (
    seq INTEGER PRIMARY KEY, -- order of commit
    group_id TEXT NOT NULL, -- '' = none
    id TEXT NOT NULL,
    created INTEGER NOT NULL,
    org_id TEXT NOT NULL,
    type TEXT NOT NULL,
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('api_key', 'service_account', 'local', 'person')),
    actor TEXT NOT NULL,
    remote TEXT NOT NULL,
    resource TEXT NOT NULL,
    detail TEXT NOT NULL,
    UNIQUE (group_id, id)
) STRICT;
INSERT INTO event_new (seq, group_id, id, created, org_id, type, actor_kind, actor, remote, resource, detail)
SELECT seq, group_id, id, created, org_id, type, actor_kind, actor, remote, resource, detail FROM event;
DROP TABLE event;
ALTER TABLE event_new RENAME TO event;
CREATE INDEX event_by_group ON event (group_id, seq);
CREATE INDEX event_of_org ON event (org_id, seq)
    WHERE group_id = '' OR type IN ('GROUP_CREATED', 'GROUP_DELETED');

CREATE TABLE intent_new (
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
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('api_key', 'service_account', 'local', 'person')),
    actor TEXT NOT NULL,
    rule TEXT NOT NULL, -- '' = none
    CHECK ((outcome = 'live') = (ended = 0)),
    PRIMARY KEY (group_id, id)
) STRICT;
INSERT INTO intent_new (group_id, id, connection_id, network_id, action, requested, not_before, last_attempt, attempts, uncertain, held, epoch, outcome, ended, reason, actor_kind, actor, rule)
SELECT group_id, id, connection_id, network_id, action, requested, not_before, last_attempt, attempts, uncertain, held, epoch, outcome, ended, reason, actor_kind, actor, rule FROM intent;
DROP TABLE intent;
ALTER TABLE intent_new RENAME TO intent;
CREATE UNIQUE INDEX intent_live ON intent (connection_id) WHERE ended = 0;
CREATE INDEX intent_due ON intent (not_before, id) WHERE ended = 0 AND held = 0;
CREATE INDEX intent_of_network ON intent (network_id) WHERE ended = 0;
CREATE INDEX intent_of_connection ON intent (connection_id);
