//! Two and three hosts serve one program, on one PostgreSQL database and one S3, and are killed while waves fall due.

use std::collections::BTreeMap;

use package::Identity;
use serde_json::Value;
use testbed::{copy_folder, postgres, s3};

use crate::{
    serve::{Server, token},
    world::{Desk, admission, instant, package_file},
};

const MEMBERS: [&str; 5] = ["veltrune", "ombrelis", "tesslow", "quillan", "brandvik"];
const ITEMS: [&str; 2] = ["advisory.md", "notice.md"];

#[test]
fn two_hosts_killed_in_the_middle_of_waves_grant_everything_once() {
    killed_during_waves(2);
}

#[test]
fn three_hosts_killed_in_the_middle_of_waves_grant_everything_once() {
    killed_during_waves(3);
}

fn killed_during_waves(hosts: usize) {
    let (Some(database), Some(bucket)) = (postgres::database(), s3::bucket()) else { return };
    let mut desk = Desk::empty();
    desk.environment.extend(bucket.environment());
    desk.found(&["--database", &database.url, "--blobs", &format!("s3://{}/warn", bucket.name)]);
    people(&desk);
    // Every host has a data folder of its own.
    let roots: Vec<String> = (0..hosts).map(|host| format!("host-{host}")).collect();
    for root in &roots {
        copy_folder(&desk.path("acme"), &desk.path(root));
    }
    let start = |root: &String| Server::start(&desk, &["--data", root]);
    let mut servers: Vec<Server> = roots.iter().map(start).collect();
    let cases: Vec<String> = (1..=3).map(|number| format!("ACME-2026-{number}")).collect();
    for (round, case) in cases.iter().enumerate() {
        prepare(&desk, case);
        // The second approval makes the wave due: every host begins at once, and some are killed without a word.
        desk.by("bob", &["wave", "approve", case, "first"]);
        for (host, server) in servers.iter_mut().enumerate() {
            if host != round % hosts {
                server.child.kill().unwrap();
            }
        }
        servers = roots
            .iter()
            .zip(servers)
            .enumerate()
            .map(|(host, (root, server))| if host == round % hosts { server } else { start(root) })
            .collect();
        // And once all of them, at whatever step each of them is.
        if round == 1 {
            servers.iter_mut().for_each(|server| server.child.kill().unwrap());
            servers = roots.iter().map(start).collect();
        }
    }
    let member = token(&desk, &["--member", "brandvik", "--scope", "fetch"]);
    for server in &servers {
        server.await_copies(&member, ITEMS.len() * cases.len());
    }
    for server in servers {
        assert_eq!(server.stop().0, 0);
    }
    exactly_once(&desk, &cases);
    for root in &roots {
        let ran = desk.run(&["verify", "--data", root]);
        assert_eq!(ran.code, 0, "{}", ran.out);
    }
}

fn people(desk: &Desk) {
    for (number, member) in (1..).zip(MEMBERS) {
        desk.by("alice", &admission(member).iter().map(String::as_str).collect::<Vec<_>>());
        let key = Identity::from_random(&[number; 32]).unwrap().to_public();
        desk.by("alice", &["member", "key", member, &key.to_string()]);
        desk.by("alice", &["member", "key", member, "--confirm", &key.fingerprint()]);
    }
}

/// A case whose wave lacks one approval, and is due as soon as it has it.
fn prepare(desk: &Desk, case: &str) {
    desk.by("alice", &["case", "new", case, "--title", "Relay and Tidebook"]);
    let [advisory, notice] = ITEMS.map(package_file);
    desk.by("alice", &["case", "item", case, &advisory, &notice, "--class", "advisory"]);
    desk.by("alice", &["case", "embargo", "propose", case, "--ends", &instant(72)]);
    desk.by("bob", &["case", "embargo", "accept", case]);
    desk.by("alice", &["wave", "schedule", case, "first", "--lead", "14d", "--tier", "validate"]);
    desk.by("alice", &["wave", "approve", case, "first"]);
}

/// Every member has a grant of every item of every case, one; and every wave was released once.
fn exactly_once(desk: &Desk, cases: &[String]) {
    let log = desk.json(&["log", "list", "--last", "1000000"]);
    let mut grants: BTreeMap<[String; 3], u32> = BTreeMap::new();
    let mut releases: BTreeMap<String, u32> = BTreeMap::new();
    for entry in log.as_array().unwrap() {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if let Some(given) = entry["event"]["grant"].get("given") {
            let key = ["case", "member", "item"].map(|field| text(&given[field]));
            *grants.entry(key).or_default() += 1;
        }
        if let Some(released) = entry["event"]["wave"].get("released") {
            *releases.entry(text(&released["case"])).or_default() += 1;
        }
    }
    let expected: BTreeMap<_, _> = cases
        .iter()
        .flat_map(|case| {
            MEMBERS.map(|member| ITEMS.map(|item| [case.clone(), member.to_owned(), item.to_owned()]))
        })
        .flatten()
        .map(|key| (key, 1))
        .collect();
    assert_eq!(grants, expected);
    assert_eq!(releases, cases.iter().map(|case| (case.clone(), 1)).collect());
}

#[test]
fn the_demonstration_is_the_same_on_a_server_and_in_s3() {
    let (Some(database), Some(bucket)) = (postgres::database(), s3::bucket()) else { return };
    let mut desk = Desk::empty();
    desk.environment.extend(bucket.environment());
    desk.environment.push(("DATABASE_URL", database.url.clone()));
    let played = |desk: &Desk, args: &[&str]| -> Value {
        let ran = desk.run(&[&["demo", "--json", "--dir"][..], args].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        serde_json::from_str(&ran.out).unwrap()
    };
    let there = played(&desk, &["acme", "--blobs", &format!("s3://{}/demo", bucket.name)]);
    assert!(!desk.path("acme/database").exists(), "an address from the environment is kept nowhere");
    assert_eq!(desk.run(&["verify"]).code, 0);
    desk.environment.clear();
    let said = desk.refused(&["log", "list"]);
    assert!(said.contains("DATABASE_URL"), "{said}");
    let here = played(&desk, &["here"]);
    for figure in ["grants", "withheld", "log_size", "leaker", "accused", "max_innocent_log10_e"] {
        assert_eq!(there[figure], here[figure], "{figure}");
    }
    // The password of a server is nobody's business, whatever is said.
    desk.environment.push(("DATABASE_URL", String::from("postgres://u:hunter2@127.0.0.1:1/none")));
    let said = desk.refused(&["log", "list"]);
    assert!(said.contains("no connection to the database") && !said.contains("hunter2"), "{said}");
    let said = desk.run(&["verify", "--data", "here"]);
    assert!(said.code == 3 && said.out.contains("DATABASE_URL names a server"), "{}", said.out);
}

#[test]
fn a_database_that_goes_away_is_told_and_the_same_server_goes_on_when_it_is_back() {
    let Some(cluster) = postgres::Cluster::start() else { return };
    let desk = Desk::empty();
    desk.found(&["--database", &cluster.database()]);
    let operator = token(&desk, &["--role", "operator"]);
    let server = Server::start(&desk, &[]);
    assert_eq!(server.get("/api/v1/cases/X", &operator).0, 404);
    cluster.halt();
    let (status, said) = server.get("/api/v1/cases/X", &operator);
    let said = String::from_utf8(said).unwrap();
    assert!(status == 503 && said.contains("ask the same again"), "{status} {said}");
    let refused = desk.refused(&["operator", "list"]);
    assert!(refused.contains("no connection to the database"), "{refused}");
    cluster.resume();
    assert_eq!(server.get("/api/v1/cases/X", &operator).0, 404, "no restart, and nobody waits");
    desk.by("alice", &["operator", "add", "mia"]);
    assert_eq!(server.stop().0, 0);
}
