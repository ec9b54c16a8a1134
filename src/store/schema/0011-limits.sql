-- min_binary: 8
-- Rate limits that the operator has changed for one scope: a project, an organisation, a caller or an address. A program
-- of an older schema does not look at them.
CREATE TABLE limit_override (
    set_id TEXT NOT NULL, -- spec/limits.def
    scope TEXT NOT NULL,
    capacity INTEGER NOT NULL CHECK (capacity > 0),
    refill INTEGER NOT NULL CHECK (refill > 0),
    seconds INTEGER NOT NULL CHECK (seconds > 0),
    changed INTEGER NOT NULL,
    PRIMARY KEY (set_id, scope)
) STRICT, WITHOUT ROWID;
CREATE INDEX limit_override_by_scope ON limit_override (scope);
-- They go with what they are of.
CREATE TRIGGER limit_override_group AFTER UPDATE OF deleted ON grp WHEN new.deleted <> 0 BEGIN
    DELETE FROM limit_override WHERE scope = new.id;
END;
CREATE TRIGGER limit_override_org AFTER UPDATE OF deleted ON org WHEN new.deleted <> 0 BEGIN
    DELETE FROM limit_override WHERE scope = new.id;
END;
CREATE TRIGGER limit_override_principal AFTER DELETE ON principal BEGIN
    DELETE FROM limit_override WHERE scope = old.name;
END;
