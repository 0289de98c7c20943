//! `forewarn move`: refused where it could lose or double anything, and proved equal where it is done.

use testbed::{copy_folder, postgres, s3};

use crate::{serve::Server, world::Desk};

#[test]
fn a_move_to_nowhere_or_onto_something_else_is_refused() {
    let desk = Desk::peopled();
    for (to, says) in [
        (&[][..], "where to? name a PostgreSQL database"),
        (&["--to", "mysql://u:hunter2@h/d"], "does not begin with postgres://"),
        (&["--to", "postgres://u:hunter2@127.0.0.1:1/d"], "no connection to the database"),
    ] {
        let said = desk.refused(&[&["move"], to].concat());
        assert!(said.contains(says) && !said.contains("hunter2"), "{said}");
    }
    desk.misused(&["move", "--to", "postgres://u@h/d", "--blobs", "elsewhere"], &["is no place in S3"]);
    let Some(database) = postgres::database() else { return };
    postgres::psql(&database.url, "CREATE TABLE recipe(name TEXT)");
    let said = desk.refused(&["move", "--to", &database.url]);
    assert!(said.contains("it has tables of something else"), "{said}");
    postgres::psql(&database.url, "DROP TABLE recipe");

    let other = Desk::empty();
    other.found(&["--database", &database.url]);
    let said = desk.refused(&["move", "--to", &database.url]);
    assert!(said.contains("holds another log: entry 0 there"), "{said}");
    let said = other.refused(&["move", "--to", &database.url]);
    assert!(said.contains("is on a server already"), "{said}");
    desk.by("alice", &["operator", "add", "zoe"]);
}

#[test]
fn a_moved_program_goes_on_there_and_only_there() {
    let (Some(database), Some(bucket)) = (postgres::database(), s3::bucket()) else { return };
    let mut desk = Desk::due();
    desk.environment.extend(bucket.environment());
    copy_folder(&desk.path("acme"), &desk.path("before"));
    let listed = desk.ok(&["log", "list", "--last", "1000", "--json"]);
    // A server is at work on the file, and nobody told it.
    let server = Server::start(&desk, &["--no-timer"]);
    let database_file = desk.path("acme/forewarn.db");
    let blobs = format!("s3://{}/acme", bucket.name);
    let moved = desk.json(&["move", "--to", &database.url, "--blobs", &blobs]);
    assert_eq!((moved["found"].as_u64(), moved["blobs"].as_u64()), (Some(0), Some(2)));
    assert_eq!(desk.ok(&["log", "list", "--last", "1000", "--json"]), listed);
    assert_eq!(desk.run(&["verify"]).code, 0, "{}", desk.run(&["verify"]).out);
    assert_eq!(server.stop().0, 0);

    // The folder knows where the log is; what was copied from it before or after does not go on.
    std::fs::create_dir(desk.path("after")).unwrap();
    for name in ["keys", "blobs", "public"] {
        copy_folder(&desk.path("before").join(name), &desk.path("after").join(name));
    }
    for name in ["forewarn.toml", "vkey", "checkpoint"] {
        std::fs::copy(desk.path("before").join(name), desk.path("after").join(name)).unwrap();
    }
    std::fs::copy(&database_file, desk.path("after/forewarn.db")).unwrap();
    let said = desk.refused(&["log", "list", "--data", "after"]);
    assert!(said.contains("the log was moved to `postgres://forewarn@"), "{said}");

    let entries = moved["entries"].as_u64().unwrap();
    desk.by("alice", &["wave", "release", "ACME-2026-7", "first"]);
    assert_eq!(desk.run(&["verify"]).code, 0);
    let said = desk.refused(&["move", "--to", &database.url]);
    assert!(said.contains("is on a server already"), "{said}");
    // A copy from before the move is behind what went on.
    let said = desk.refused(&["move", "--data", "before", "--to", &database.url]);
    assert!(said.contains("it goes on there already"), "{said}");
    assert!(entries > 10);
}

#[test]
fn an_interrupted_move_is_finished_by_the_same_command() {
    let Some(database) = postgres::database() else { return };
    let desk = Desk::peopled();
    copy_folder(&desk.path("acme"), &desk.path("before"));
    let first = desk.json(&["move", "--to", &database.url]);
    // As a crash leaves it: before the folder's description was written, the mark in the file or not.
    for name in ["forewarn.toml", "forewarn.db"] {
        std::fs::copy(desk.path("before").join(name), desk.path("acme").join(name)).unwrap();
        if name == "forewarn.toml" {
            let said = desk.refused(&["log", "list"]);
            assert!(said.contains("the log was moved"), "{said}");
        }
        let again = desk.json(&["move", "--to", &database.url]);
        assert_eq!(again["root"], first["root"]);
        assert_eq!(again["found"], first["entries"]);
        std::fs::copy(desk.path("before/forewarn.toml"), desk.path("acme/forewarn.toml")).unwrap();
    }
}
