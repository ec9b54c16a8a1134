-- min_binary: 8
-- How many must ask for an action before it is taken up, and who has. An older program would act on the first.
CREATE TABLE approval_rule (
    group_id TEXT NOT NULL PRIMARY KEY REFERENCES grp (id),
    accepts INTEGER NOT NULL CHECK (accepts BETWEEN 1 AND 5), -- 1: who asks first
    deletes INTEGER NOT NULL CHECK (deletes BETWEEN 0 AND 5) -- of what is protected; 0: nobody can
) STRICT;
CREATE TABLE approval (
    group_id TEXT NOT NULL REFERENCES grp (id),
    connection_id TEXT NOT NULL REFERENCES connection (id),
    action TEXT NOT NULL CHECK (action IN ('accept', 'delete')),
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('api_key', 'service_account', 'local', 'person')),
    actor TEXT NOT NULL,
    blocks TEXT NOT NULL, -- the requester's, when it was given: for others it does not count
    given INTEGER NOT NULL,
    PRIMARY KEY (group_id, connection_id, action, actor_kind, actor)
) STRICT;
