-- Where the log was moved to, if it was: from then on nothing is added here, whoever asks.
CREATE TABLE moved (
    at     BIGINT PRIMARY KEY,
    target TEXT   NOT NULL
);

CREATE FUNCTION nothing_follows_a_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM moved) THEN
        RAISE EXCEPTION 'the log was moved';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER entry_is_never_added_after_a_move BEFORE INSERT ON entry
    FOR EACH ROW EXECUTE FUNCTION nothing_follows_a_move();

CREATE TRIGGER moved_is_never_changed BEFORE UPDATE ON moved
    FOR EACH ROW EXECUTE FUNCTION entry_is_kept();

CREATE TRIGGER moved_is_never_removed BEFORE DELETE ON moved
    FOR EACH ROW EXECUTE FUNCTION entry_is_kept();

CREATE TRIGGER moved_is_never_emptied BEFORE TRUNCATE ON moved
    FOR EACH STATEMENT EXECUTE FUNCTION entry_is_kept();
