-- Who is signed in, and ceremonies under way. Whoever loses the rows signs in again, and loses nothing else.
CREATE TABLE session (
    sha256  BLOB    NOT NULL PRIMARY KEY,
    kind    TEXT    NOT NULL,
    holder  TEXT    NOT NULL,
    passkey TEXT    NOT NULL,
    created INTEGER NOT NULL,
    seen    INTEGER NOT NULL,
    ends    INTEGER NOT NULL,
    stepped INTEGER NOT NULL,
    state   TEXT    NOT NULL
) STRICT;

CREATE INDEX session_by_end ON session (ends);
CREATE INDEX session_by_holder ON session (kind, holder);
