-- min_binary: 1
-- What the resources of credentials need: lists that cost their page, however many keys there are, and marks of use.
-- The triggers keep what an older program does not know of, so it may still open this.
ALTER TABLE access_entry ADD COLUMN used INTEGER NOT NULL DEFAULT 0; -- requests from it
ALTER TABLE access_entry ADD COLUMN last_used INTEGER NOT NULL DEFAULT 0;
ALTER TABLE access_entry ADD COLUMN last_address TEXT NOT NULL DEFAULT '';
ALTER TABLE token ADD COLUMN secret_id TEXT NOT NULL DEFAULT ''; -- that it was minted with; '' = before there was this

DROP INDEX principal_by_org;
CREATE INDEX principal_by_org ON principal (org_id, kind, id, name);
CREATE INDEX role_grant_by_scope ON role_grant (scope_id, role, principal);

-- Credentials with a role on a group, in the order of their lists. Kept by the triggers on role_grant.
CREATE TABLE member (
    scope_id TEXT NOT NULL,
    principal TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (scope_id, principal)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX member_by_id ON member (scope_id, kind, id, principal);
-- How many there are, of organisations (all of theirs) and of groups (their members): totals without counting.
CREATE TABLE credential_count (
    scope_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    n INTEGER NOT NULL CHECK (n >= 0),
    PRIMARY KEY (scope_id, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO member SELECT DISTINCT g.scope_id, p.name, p.kind, p.id
FROM role_grant AS g JOIN principal AS p ON p.name = g.principal WHERE g.scope_id <> p.org_id;
INSERT INTO credential_count SELECT org_id, kind, count(*) FROM principal GROUP BY org_id, kind;
INSERT INTO credential_count SELECT scope_id, kind, count(*) FROM member GROUP BY scope_id, kind;

CREATE TRIGGER principal_enters AFTER INSERT ON principal BEGIN
    INSERT INTO credential_count VALUES (new.org_id, new.kind, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER principal_leaves AFTER DELETE ON principal BEGIN
    UPDATE credential_count SET n = n - 1 WHERE scope_id = old.org_id AND kind = old.kind;
    DELETE FROM credential_count WHERE scope_id = old.org_id AND kind = old.kind AND n = 0;
END;
CREATE TRIGGER member_enters AFTER INSERT ON member BEGIN
    INSERT INTO credential_count VALUES (new.scope_id, new.kind, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER member_leaves AFTER DELETE ON member BEGIN
    UPDATE credential_count SET n = n - 1 WHERE scope_id = old.scope_id AND kind = old.kind;
    DELETE FROM credential_count WHERE scope_id = old.scope_id AND kind = old.kind AND n = 0;
END;
CREATE TRIGGER role_granted AFTER INSERT ON role_grant BEGIN
    INSERT INTO member SELECT new.scope_id, p.name, p.kind, p.id FROM principal AS p
    WHERE p.name = new.principal AND p.org_id <> new.scope_id ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER role_taken AFTER DELETE ON role_grant
WHEN NOT EXISTS (SELECT 1 FROM role_grant WHERE principal = old.principal AND scope_id = old.scope_id) BEGIN
    DELETE FROM member WHERE scope_id = old.scope_id AND principal = old.principal;
END;
