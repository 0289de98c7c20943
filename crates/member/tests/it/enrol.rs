//! A member from its invitation to a receipt that holds its own signature, without a flag.

use std::fs;

use jiff::SignedDuration;
use program::member::MemberCommand;
use testbed::{about, harmless, member, user};

use crate::fetch::{Desk, Said};

async fn link(desk: &Desk, id: &str) -> String {
    let until = desk.world.clock.now().checked_add(SignedDuration::from_hours(24)).unwrap();
    let code = desk.world.engine.invite(&user("ann"), member(id), until).await.unwrap().1;
    format!("http://{}/enrol#{}", desk.serving.address, code.reveal())
}

async fn enrolled(desk: &Desk, id: &str) -> serde_json::Value {
    let said = desk.run(&["enrol", &link(desk, id).await, "--json"]).await;
    assert_eq!(said.code, 0, "{}", said.err);
    serde_json::from_str(&said.out).unwrap()
}

async fn confirmed(desk: &Desk, id: &str, told: &serde_json::Value) {
    for name in ["fingerprint", "signing_fingerprint"] {
        let fingerprint = told[name].as_str().unwrap().to_owned();
        desk.world.ok("bob", about(id, MemberCommand::ConfirmKey { fingerprint })).await;
    }
}

fn fine(said: Said) -> String {
    assert_eq!(said.code, 0, "{}", said.err);
    said.out
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_an_invitation_to_a_signed_receipt_without_a_flag() {
    let desk = Desk::of_acme(301).await;
    let told = enrolled(&desk, "acme").await;
    let waiting = fine(desk.run(&["status"]).await);
    assert!(waiting.contains("waiting") && waiting.contains("you cannot acknowledge"), "{waiting}");
    let refused = desk.run(&["fetch"]).await;
    assert!(refused.code == 1 && refused.err.contains("not sealed to this key"), "{}", refused.err);
    confirmed(&desk, "acme", &told).await;
    let fetched = desk.run(&["fetch"]).await;
    assert!(!fetched.err.contains("compare it"), "the log's key was pinned: {}", fetched.err);
    assert!(fine(fetched).contains("2 new"));
    for (item, _) in [("advisory.md", 0), ("reproduction.py", 0)] {
        assert!(desk.path("home/copies/c").join(item).exists());
    }
    assert!(fine(desk.run(&["verify"]).await).contains("acknowledged: 0"));
    let entries = desk.world.entries().await;
    assert!(fine(desk.run(&["acknowledge"]).await).contains("2 acknowledged now, 0 before"));
    assert_eq!(desk.world.entries().await, entries + 2);
    assert!(fine(desk.run(&["acknowledge"]).await).contains("0 acknowledged now, 2 before"));
    assert_eq!(desk.world.entries().await, entries + 2, "each once");
    assert!(fine(desk.run(&["verify"]).await).contains("acknowledged: 2"));
    assert!(fine(desk.run(&["fetch"]).await).contains("0 new, 2 there"));
    assert!(fine(desk.run(&["status"]).await).contains("2 of them acknowledged"));

    // A byte of the signature, and everything that lists it, changed: the receipt finds it out.
    let receipt = desk.path("home/copies/c/advisory.md.receipt.json");
    let good = fs::read_to_string(&receipt).unwrap();
    let changed = good.replacen("\"v\":2", "\"v\":1", 1);
    assert_ne!(changed, good);
    fs::write(&receipt, &changed).unwrap();
    let sums = desk.path("home/copies/SHA256SUMS");
    let digest = |text: &str| package::Digest::of(text.as_bytes()).to_string();
    let list = fs::read_to_string(&sums).unwrap().replace(&digest(&good), &digest(&changed));
    fs::write(&sums, list).unwrap();
    let said = desk.run(&["verify"]).await;
    assert!(said.code == 3 && said.out.contains("version"), "{}", said.out);
    testbed::sound(&desk.world.verify().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_reports_and_another_signature_is_refused() {
    let desk = Desk::of_acme(302).await;
    let told = enrolled(&desk, "acme").await;
    confirmed(&desk, "acme", &told).await;
    fine(desk.run(&["fetch"]).await);
    fs::write(desk.path("paste.txt"), "inert").unwrap();
    let sighting = [
        "report",
        "sighting",
        "--case",
        "c",
        "--kind",
        "leak",
        "--note",
        "on a paste site",
        "--file",
        "paste.txt",
    ];
    let at = desk.world.clock.now().to_string();
    let sighting = [&sighting[..], &["--at", &at]].concat();
    assert!(fine(desk.run(&sighting).await).contains("filed as M1"));
    assert!(fine(desk.run(&sighting).await).contains("filed already"));
    assert!(
        fine(desk.run(&["report", "coverage", "--case", "c", "--note", "rule 4711"]).await).contains("M2")
    );
    for (bad, says) in [
        (["report", "mistake", "--case", "c", "--note", ""], "must not be empty"),
        (["report", "mistake", "--case", "d", "--note", "x"], "nothing here for you"),
        (["report", "coverage", "--case", "c", "--at", "tomorrow"], "400"),
    ] {
        let said = desk.run(&bad).await;
        assert_eq!(said.code, 1, "{}", said.out);
        assert!(said.err.contains(says) || said.err.contains("422"), "{}", said.err);
    }
    // A key that the program does not know.
    fine(desk.run(&["keygen", "--out", "other"]).await);
    let entries = desk.world.entries().await;
    let said = desk.run(&["acknowledge", "--signing-key", "other.signkey"]).await;
    assert!(said.code == 1 && said.err.contains("another key"), "{}", said.err);
    assert_eq!(desk.world.entries().await, entries);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_good_once_and_keys_stay_when_enrolling_again() {
    let desk = Desk::of_acme(303).await;
    let link = link(&desk, "acme").await;
    fine(desk.run(&["enrol", &link]).await);
    let key = fs::read(desk.path("home/member.agekey")).unwrap();
    let said = desk.run(&["enrol", &link]).await;
    assert!(said.code == 1 && said.err.contains("ask the program's operators"), "{}", said.err);
    let cut = link.split('#').next().unwrap();
    assert!(desk.run(&["enrol", cut]).await.err.contains("no code"));
    desk.world.ok("ann", harmless("later")).await;
    enrolled(&desk, "acme").await;
    assert_eq!(fs::read(desk.path("home/member.agekey")).unwrap(), key);
    #[cfg(unix)]
    for name in ["home/member.agekey", "home/member.signkey", "home/token", "home/member.json"] {
        let mode = fs::metadata(desk.path(name)).unwrap().permissions();
        assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600, "{name}");
    }
}
