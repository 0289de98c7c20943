-- Who is signed in, and ceremonies under way. Whoever loses the rows signs in again, and loses nothing else.
CREATE TABLE session (
    sha256  BYTEA   NOT NULL PRIMARY KEY,
    kind    TEXT    NOT NULL,
    holder  TEXT    NOT NULL,
    passkey TEXT    NOT NULL,
    created BIGINT  NOT NULL,
    seen    BIGINT  NOT NULL,
    ends    BIGINT  NOT NULL,
    stepped BIGINT  NOT NULL,
    state   TEXT    NOT NULL
);

CREATE INDEX session_by_end ON session (ends);
CREATE INDEX session_by_holder ON session (kind, holder);
