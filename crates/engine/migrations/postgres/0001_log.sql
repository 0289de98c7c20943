-- The log: append-only, by the database's own word too.
CREATE TABLE entry (
    seq  BIGINT PRIMARY KEY,
    at   BIGINT NOT NULL,
    salt BYTEA  NOT NULL,
    body BYTEA  NOT NULL,
    leaf BYTEA  NOT NULL
);

CREATE FUNCTION entry_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an entry is never changed or removed';
END
$$;

CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry
    FOR EACH ROW EXECUTE FUNCTION entry_is_kept();

CREATE TRIGGER entry_is_never_removed BEFORE DELETE ON entry
    FOR EACH ROW EXECUTE FUNCTION entry_is_kept();

CREATE TRIGGER entry_is_never_emptied BEFORE TRUNCATE ON entry
    FOR EACH STATEMENT EXECUTE FUNCTION entry_is_kept();
