-- min_binary: 8
-- Any page of a long list costs its page: marks say how many entries follow them up to the next mark, so that the way to
-- an entry by its number leads over marks and then over one mark's entries. Kept by triggers, also for an older program.
CREATE TABLE list_mark (
    list TEXT NOT NULL, -- 'api_key', 'service_account': of an organisation or a group, as in credential_count; 'group'
    scope_id TEXT NOT NULL, -- '' = everything
    id TEXT NOT NULL, -- the entries' ids are this or above, and below the next mark's; '' = from the front
    n INTEGER NOT NULL CHECK (n >= 0),
    PRIMARY KEY (list, scope_id, id)
) STRICT, WITHOUT ROWID;

INSERT INTO list_mark SELECT list, scope_id, CASE k WHEN 0 THEN '' ELSE min(id) END, count(*) FROM (
    SELECT kind AS list, org_id AS scope_id, id, (row_number() OVER (PARTITION BY org_id, kind ORDER BY id) - 1) / 512 AS k
    FROM principal
) GROUP BY list, scope_id, k;
INSERT INTO list_mark SELECT list, scope_id, CASE k WHEN 0 THEN '' ELSE min(id) END, count(*) FROM (
    SELECT kind AS list, scope_id, id, (row_number() OVER (PARTITION BY scope_id, kind ORDER BY id) - 1) / 512 AS k
    FROM member
) GROUP BY list, scope_id, k;
INSERT INTO list_mark SELECT 'group', scope_id, CASE k WHEN 0 THEN '' ELSE min(id) END, count(*) FROM (
    SELECT org_id AS scope_id, id, (row_number() OVER (PARTITION BY org_id ORDER BY id) - 1) / 512 AS k
    FROM grp WHERE deleted = 0
) GROUP BY scope_id, k;
INSERT INTO list_mark SELECT 'group', '', CASE k WHEN 0 THEN '' ELSE min(id) END, count(*) FROM (
    SELECT id, (row_number() OVER (ORDER BY id) - 1) / 512 AS k FROM grp WHERE deleted = 0
) GROUP BY k;

-- An entry comes (by = 1) or has gone (by = -1): what the triggers on the lists' tables write into.
CREATE VIEW list_change AS SELECT list, scope_id, id, n AS by FROM list_mark;
CREATE TRIGGER list_changes INSTEAD OF INSERT ON list_change BEGIN
    INSERT INTO list_mark SELECT new.list, new.scope_id, '', 0 WHERE NOT EXISTS (
        SELECT 1 FROM list_mark WHERE list = new.list AND scope_id = new.scope_id AND id <= new.id);
    UPDATE list_mark SET n = n + new.by WHERE list = new.list AND scope_id = new.scope_id AND id = (
        SELECT max(id) FROM list_mark WHERE list = new.list AND scope_id = new.scope_id AND id <= new.id);
END;
CREATE TRIGGER list_mark_empty AFTER UPDATE OF n ON list_mark WHEN new.n = 0 BEGIN
    DELETE FROM list_mark WHERE list = new.list AND scope_id = new.scope_id AND id = new.id;
END;
CREATE TRIGGER list_mark_full AFTER UPDATE OF n ON list_mark WHEN new.n > 1024 BEGIN
    INSERT INTO list_mark VALUES (new.list, new.scope_id, coalesce(
        (SELECT id FROM principal WHERE org_id = new.scope_id AND kind = new.list AND id >= new.id
            ORDER BY id LIMIT 1 OFFSET 512),
        (SELECT id FROM member WHERE scope_id = new.scope_id AND kind = new.list AND id >= new.id
            ORDER BY id LIMIT 1 OFFSET 512),
        (SELECT id FROM grp WHERE deleted = 0 AND org_id = new.scope_id AND new.list = 'group' AND id >= new.id
            ORDER BY id LIMIT 1 OFFSET 512),
        (SELECT id FROM grp WHERE deleted = 0 AND new.scope_id = '' AND new.list = 'group' AND id >= new.id
            ORDER BY id LIMIT 1 OFFSET 512)), new.n - 512);
    UPDATE list_mark SET n = 512 WHERE list = new.list AND scope_id = new.scope_id AND id = new.id;
END;

CREATE TRIGGER principal_marks_in AFTER INSERT ON principal BEGIN
    INSERT INTO list_change VALUES (new.kind, new.org_id, new.id, 1);
END;
CREATE TRIGGER principal_marks_out AFTER DELETE ON principal BEGIN
    INSERT INTO list_change VALUES (old.kind, old.org_id, old.id, -1);
END;
CREATE TRIGGER member_marks_in AFTER INSERT ON member BEGIN
    INSERT INTO list_change VALUES (new.kind, new.scope_id, new.id, 1);
END;
CREATE TRIGGER member_marks_out AFTER DELETE ON member BEGIN
    INSERT INTO list_change VALUES (old.kind, old.scope_id, old.id, -1);
END;
CREATE TRIGGER grp_marks_in AFTER INSERT ON grp WHEN new.deleted = 0 BEGIN
    INSERT INTO list_change VALUES ('group', new.org_id, new.id, 1);
    INSERT INTO list_change VALUES ('group', '', new.id, 1);
END;
CREATE TRIGGER grp_marks_out AFTER UPDATE OF deleted ON grp WHEN old.deleted = 0 AND new.deleted <> 0 BEGIN
    INSERT INTO list_change VALUES ('group', new.org_id, new.id, -1);
    INSERT INTO list_change VALUES ('group', '', new.id, -1);
END;
