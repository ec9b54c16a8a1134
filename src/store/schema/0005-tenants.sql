-- min_binary: 1
-- Organisations and groups that may be changed and deleted. A deleted row stays, since history refers to it; its name
-- becomes '#' and its id, which no name can be, so that the name is free. An older program shows it under that name.
ALTER TABLE org ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0; -- when
ALTER TABLE org ADD COLUMN flags INTEGER NOT NULL DEFAULT 0; -- bits of spec/settings.def that differ from their default
ALTER TABLE org ADD COLUMN secret_hours INTEGER NOT NULL DEFAULT 0; -- 0 = not set, as below
ALTER TABLE org ADD COLUMN session_idle_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE org ADD COLUMN session_absolute_s INTEGER NOT NULL DEFAULT 0;
ALTER TABLE org ADD COLUMN operations_contact TEXT NOT NULL DEFAULT '';
ALTER TABLE org ADD COLUMN security_contact TEXT NOT NULL DEFAULT '';
ALTER TABLE grp ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE grp ADD COLUMN flags INTEGER NOT NULL DEFAULT 0;
ALTER TABLE grp ADD COLUMN tags TEXT NOT NULL DEFAULT ''; -- key, 0x1F, value, 0x1E; and so on

-- Lists of groups cost their page: by organisation in order of id, and by the beginning of a name.
CREATE INDEX grp_live ON grp (id) WHERE deleted = 0;
CREATE INDEX grp_by_org ON grp (org_id, id) WHERE deleted = 0;
CREATE INDEX grp_by_prefix ON grp (org_id, name COLLATE NOCASE, id) WHERE deleted = 0;
-- The events of an organisation itself, without looking at each of its groups.
CREATE INDEX event_of_org ON event (org_id, seq)
    WHERE group_id = '' OR type IN ('GROUP_CREATED', 'GROUP_DELETED');

-- How many groups an organisation has, kept by the triggers below: totals of lists without counting.
CREATE TABLE org_size (
    org_id TEXT NOT NULL PRIMARY KEY REFERENCES org (id),
    n INTEGER NOT NULL CHECK (n >= 0)
) STRICT, WITHOUT ROWID;
INSERT INTO org_size SELECT org_id, count(*) FROM grp GROUP BY org_id;
CREATE TRIGGER org_size_insert AFTER INSERT ON grp WHEN new.deleted = 0 BEGIN
    INSERT INTO org_size VALUES (new.org_id, 1) ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER org_size_delete AFTER UPDATE OF deleted ON grp WHEN old.deleted = 0 AND new.deleted <> 0 BEGIN
    UPDATE org_size SET n = n - 1 WHERE org_id = new.org_id;
END;
