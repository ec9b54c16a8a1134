-- min_binary: 6
-- What a network asks of the connections that are accepted for it, and what of it is still to be set.
CREATE TABLE network_option (
    group_id TEXT NOT NULL REFERENCES grp (id),
    network_id TEXT NOT NULL REFERENCES network (id),
    dns INTEGER NOT NULL CHECK (dns IN (0, 1)),
    name_tag TEXT NOT NULL, -- template, '' = none
    peering_limit INTEGER NOT NULL, -- AWS' quotas, 0 = AWS' default
    route_limit INTEGER NOT NULL,
    PRIMARY KEY (group_id, network_id)
) STRICT;
CREATE TABLE finish (
    group_id TEXT NOT NULL REFERENCES grp (id),
    connection_id TEXT NOT NULL REFERENCES connection (id),
    network_id TEXT NOT NULL REFERENCES network (id),
    kind TEXT NOT NULL CHECK (kind IN ('dns', 'name')),
    value TEXT NOT NULL,
    since INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (group_id, connection_id, kind)
) STRICT;
CREATE INDEX finish_due ON finish (not_before);
CREATE INDEX finish_of_network ON finish (network_id);
