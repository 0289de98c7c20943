-- Where the log was moved to, if it was: from then on nothing is added here, whoever asks.
CREATE TABLE moved (
    at     INTEGER PRIMARY KEY,
    target TEXT    NOT NULL
) STRICT;

CREATE TRIGGER entry_is_never_added_after_a_move BEFORE INSERT ON entry
WHEN EXISTS (SELECT 1 FROM moved)
BEGIN
    SELECT RAISE(ABORT, 'the log was moved');
END;

CREATE TRIGGER moved_is_never_changed BEFORE UPDATE ON moved
BEGIN
    SELECT RAISE(ABORT, 'a move is never undone');
END;

CREATE TRIGGER moved_is_never_removed BEFORE DELETE ON moved
BEGIN
    SELECT RAISE(ABORT, 'a move is never undone');
END;
