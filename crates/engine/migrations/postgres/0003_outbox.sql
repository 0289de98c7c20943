-- Notices that wait: hints, made again from the log when they are lost.
CREATE TABLE outbox (
    recipient     TEXT    NOT NULL,
    seq           BIGINT  NOT NULL,
    notification  BIGINT  NOT NULL,
    id            TEXT    NOT NULL,
    queued        BIGINT  NOT NULL,
    attempts      BIGINT  NOT NULL,
    claimed_until BIGINT  NOT NULL,
    says          TEXT    NOT NULL,
    PRIMARY KEY (recipient, seq)
);

CREATE INDEX outbox_by_claim ON outbox (claimed_until);
