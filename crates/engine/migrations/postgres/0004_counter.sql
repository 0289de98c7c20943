-- How often something was done within a time. Whoever loses the rows lets a little more through, and loses nothing else.
CREATE TABLE counter (
    name TEXT   NOT NULL PRIMARY KEY,
    ends BIGINT NOT NULL,
    used BIGINT NOT NULL
);

CREATE INDEX counter_by_end ON counter (ends);
