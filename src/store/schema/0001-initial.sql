-- min_binary: 1
-- Times are microseconds since 1970 (UTC), 0 = none. Ids are 24 hex digits. Rows of tenants have keys that begin with
-- the group, so that another engine can shard them; the rest are small reference tables.
CREATE TABLE schema_version (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    version INTEGER NOT NULL,
    min_binary INTEGER NOT NULL
) STRICT;
CREATE TABLE migration (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    applied INTEGER NOT NULL
) STRICT;

-- Organisations and groups ---------------------------------------------------------------------------------
CREATE TABLE org (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    external_id TEXT NOT NULL UNIQUE,
    api_access_list_required INTEGER NOT NULL CHECK (api_access_list_required IN (0, 1)),
    created INTEGER NOT NULL
) STRICT;
CREATE TABLE grp (
    id TEXT NOT NULL PRIMARY KEY,
    org_id TEXT NOT NULL REFERENCES org (id),
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    UNIQUE (org_id, name)
) STRICT;

-- Credentials ----------------------------------------------------------------------------------------------
CREATE TABLE principal (
    name TEXT NOT NULL PRIMARY KEY, -- public key or client id
    kind TEXT NOT NULL CHECK (kind IN ('api_key', 'service_account')),
    id TEXT NOT NULL UNIQUE,
    org_id TEXT NOT NULL REFERENCES org (id),
    description TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;
CREATE INDEX principal_by_org ON principal (org_id, id);
CREATE TABLE api_key (
    public_key TEXT NOT NULL PRIMARY KEY REFERENCES principal (name) ON DELETE CASCADE,
    private_tail TEXT NOT NULL,
    ha1_key_id TEXT NOT NULL,
    ha1_nonce BLOB NOT NULL CHECK (length(ha1_nonce) = 12),
    ha1_sealed BLOB NOT NULL CHECK (length(ha1_sealed) = 32)
) STRICT;
CREATE TABLE service_account (
    client_id TEXT NOT NULL PRIMARY KEY REFERENCES principal (name) ON DELETE CASCADE,
    name TEXT NOT NULL
) STRICT;
CREATE TABLE sa_secret (
    client_id TEXT NOT NULL REFERENCES service_account (client_id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    masked TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    last_used INTEGER NOT NULL,
    PRIMARY KEY (client_id, id)
) STRICT;
CREATE TABLE role_grant (
    principal TEXT NOT NULL REFERENCES principal (name) ON DELETE CASCADE,
    scope_id TEXT NOT NULL, -- an organisation's or a group's id
    role TEXT NOT NULL,
    PRIMARY KEY (principal, scope_id, role)
) STRICT, WITHOUT ROWID;
CREATE TABLE access_entry (
    principal TEXT NOT NULL REFERENCES principal (name) ON DELETE CASCADE,
    cidr TEXT NOT NULL,
    created INTEGER NOT NULL,
    PRIMARY KEY (principal, cidr)
) STRICT, WITHOUT ROWID;

-- Tokens, nonces, signing keys ------------------------------------------------------------------------------
CREATE TABLE token (
    jti_hash BLOB NOT NULL PRIMARY KEY CHECK (length(jti_hash) = 32),
    client_id TEXT NOT NULL REFERENCES service_account (client_id) ON DELETE CASCADE,
    issued INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT;
CREATE INDEX token_by_client ON token (client_id, expires);
CREATE TABLE nonce_use (
    nonce TEXT NOT NULL,
    nc INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (nonce, nc)
) STRICT;
CREATE INDEX nonce_use_by_expiry ON nonce_use (expires);
CREATE TABLE signing_key (
    kid TEXT NOT NULL PRIMARY KEY,
    seal_key_id TEXT NOT NULL,
    nonce BLOB NOT NULL CHECK (length(nonce) = 12),
    sealed BLOB NOT NULL CHECK (length(sealed) = 48),
    created INTEGER NOT NULL,
    retired INTEGER NOT NULL
) STRICT;

-- Networks -------------------------------------------------------------------------------------------------
CREATE TABLE network (
    group_id TEXT NOT NULL REFERENCES grp (id),
    id TEXT NOT NULL UNIQUE,
    account_id TEXT NOT NULL,
    region TEXT NOT NULL,
    vpc_id TEXT NOT NULL,
    cidrs TEXT NOT NULL,
    identity TEXT NOT NULL CHECK (identity IN ('ambient', 'profile', 'role')),
    identity_ref TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('observe', 'manage')),
    is_default INTEGER NOT NULL CHECK (is_default IN (0, 1)),
    created INTEGER NOT NULL,
    removed INTEGER NOT NULL, -- when it was removed; the row stays for the history of its connections
    last_attempt INTEGER NOT NULL,
    last_success INTEGER NOT NULL,
    failures INTEGER NOT NULL,
    failed INTEGER NOT NULL CHECK (failed IN (0, 1)),
    failure TEXT NOT NULL,
    PRIMARY KEY (group_id, id)
) STRICT;
CREATE UNIQUE INDEX network_by_vpc ON network (account_id, region, vpc_id) WHERE removed = 0;
CREATE UNIQUE INDEX network_default ON network (group_id, region) WHERE is_default = 1 AND removed = 0;
CREATE INDEX network_failed ON network (id) WHERE failed = 1 AND removed = 0;

-- Connections ----------------------------------------------------------------------------------------------
CREATE TABLE connection (
    group_id TEXT NOT NULL REFERENCES grp (id),
    id TEXT NOT NULL UNIQUE,
    network_id TEXT NOT NULL REFERENCES network (id),
    name TEXT NOT NULL,
    requester_account TEXT NOT NULL,
    requester_vpc TEXT NOT NULL,
    requester_region TEXT NOT NULL,
    accepter_account TEXT NOT NULL,
    accepter_vpc TEXT NOT NULL,
    accepter_region TEXT NOT NULL,
    requester_cidrs TEXT NOT NULL,
    accepter_cidrs TEXT NOT NULL,
    cloud_status TEXT NOT NULL,
    cloud_message TEXT NOT NULL,
    local_status TEXT NOT NULL CHECK (local_status IN ('NONE', 'UPDATE_FAILED', 'REQUEST_ACCEPT', 'ACCEPT_REQUESTED',
        'REQUEST_REJECT', 'REJECT_REQUESTED', 'REQUEST_DELETE', 'DELETE_REQUESTED', 'ACTIVE')),
    status_message TEXT NOT NULL,
    expiration INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    missing_since INTEGER NOT NULL,
    terminal_since INTEGER NOT NULL,
    listed INTEGER NOT NULL CHECK (listed IN (0, 1)),
    expiry_order INTEGER NOT NULL, -- the expiration that lists show; those without one last
    PRIMARY KEY (group_id, id),
    UNIQUE (network_id, name)
) STRICT;
-- Each list of the API has an index that also orders it, so that a page costs its own length.
CREATE INDEX connection_by_group ON connection (group_id, id) WHERE listed = 1;
CREATE INDEX connection_by_requester ON connection (group_id, requester_account, id) WHERE listed = 1;
CREATE INDEX connection_by_status ON connection (group_id, cloud_status, id) WHERE listed = 1;
CREATE INDEX connection_by_expiry ON connection (group_id, expiry_order, id) WHERE listed = 1;
CREATE INDEX connection_all_by_id ON connection (id, group_id) WHERE listed = 1;
CREATE INDEX connection_all_by_expiry ON connection (expiry_order, id, group_id) WHERE listed = 1;
CREATE INDEX connection_by_name ON connection (group_id, name);
CREATE INDEX connection_of_network ON connection (network_id, name) WHERE listed = 1;

-- How many listed connections there are of each sort, kept by the triggers below: totals of lists without counting.
CREATE TABLE connection_count (
    group_id TEXT NOT NULL,
    requester_account TEXT NOT NULL,
    network_id TEXT NOT NULL,
    cloud_status TEXT NOT NULL,
    local_status TEXT NOT NULL,
    n INTEGER NOT NULL CHECK (n >= 0),
    PRIMARY KEY (group_id, requester_account, network_id, cloud_status, local_status)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER connection_count_insert AFTER INSERT ON connection WHEN new.listed = 1 BEGIN
    INSERT INTO connection_count
    VALUES (new.group_id, new.requester_account, new.network_id, new.cloud_status, new.local_status, 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER connection_count_leave
AFTER UPDATE OF listed, requester_account, network_id, cloud_status, local_status ON connection WHEN old.listed = 1 BEGIN
    UPDATE connection_count SET n = n - 1
    WHERE group_id = old.group_id AND requester_account = old.requester_account AND network_id = old.network_id
        AND cloud_status = old.cloud_status AND local_status = old.local_status;
    DELETE FROM connection_count
    WHERE group_id = old.group_id AND requester_account = old.requester_account AND network_id = old.network_id
        AND cloud_status = old.cloud_status AND local_status = old.local_status AND n = 0;
END;
CREATE TRIGGER connection_count_enter
AFTER UPDATE OF listed, requester_account, network_id, cloud_status, local_status ON connection WHEN new.listed = 1 BEGIN
    INSERT INTO connection_count
    VALUES (new.group_id, new.requester_account, new.network_id, new.cloud_status, new.local_status, 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;

-- Events and leases ------------------------------------------------------------------------------------------
CREATE TABLE event (
    seq INTEGER PRIMARY KEY, -- order of commit
    group_id TEXT NOT NULL, -- '' = none
    id TEXT NOT NULL,
    created INTEGER NOT NULL,
    org_id TEXT NOT NULL,
    type TEXT NOT NULL,
    actor_kind TEXT NOT NULL CHECK (actor_kind IN ('api_key', 'service_account', 'local')),
    actor TEXT NOT NULL,
    remote TEXT NOT NULL,
    resource TEXT NOT NULL,
    detail TEXT NOT NULL,
    UNIQUE (group_id, id)
) STRICT;
CREATE INDEX event_by_group ON event (group_id, seq);
CREATE TABLE lease (
    name TEXT NOT NULL PRIMARY KEY,
    owner TEXT NOT NULL,
    expires INTEGER NOT NULL,
    epoch INTEGER NOT NULL
) STRICT;
