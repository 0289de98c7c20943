-- The log: append-only, by the database's own word too.
CREATE TABLE entry (
    seq  INTEGER PRIMARY KEY,
    at   INTEGER NOT NULL,
    salt BLOB    NOT NULL,
    body BLOB    NOT NULL,
    leaf BLOB    NOT NULL
) STRICT;

CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry
BEGIN
    SELECT RAISE(ABORT, 'an entry is never changed');
END;

CREATE TRIGGER entry_is_never_removed BEFORE DELETE ON entry
BEGIN
    SELECT RAISE(ABORT, 'an entry is never removed');
END;

-- REPLACE removes rows without asking the trigger above.
CREATE TRIGGER entry_is_never_replaced BEFORE INSERT ON entry
WHEN EXISTS (SELECT 1 FROM entry WHERE seq = NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'an entry is never replaced');
END;
