-- Notices that wait: hints, made again from the log when they are lost.
CREATE TABLE outbox (
    recipient     TEXT    NOT NULL,
    seq           INTEGER NOT NULL,
    notification  INTEGER NOT NULL,
    id            TEXT    NOT NULL,
    queued        INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    claimed_until INTEGER NOT NULL,
    says          TEXT    NOT NULL,
    PRIMARY KEY (recipient, seq)
) STRICT;

CREATE INDEX outbox_by_claim ON outbox (claimed_until);
