//! What operators do for members' tools: invite them, confirm signing keys, see how far copies have come.

use package::MemberSigner;
use serde_json::json;

use crate::world::{CASE, Desk};

#[test]
fn how_far_copies_have_come_is_listed() {
    let desk = Desk::due();
    let states = |desk: &Desk| -> Vec<String> {
        let rows = desk.json(&["copy", "list", "--member", "veltrune"]);
        let state = |row: &serde_json::Value| row["delivery"].as_str().unwrap().to_owned();
        rows.as_array().unwrap().iter().map(state).collect()
    };
    assert_eq!(states(&desk), ["not granted", "not granted"]);
    desk.by("alice", &["wave", "release", CASE, "first"]);
    assert_eq!(states(&desk), ["granted", "granted"]);
    let table = desk.ok(&["copy", "list", "--case", CASE]);
    assert!(table.contains("veltrune") && table.contains("not granted"), "ombrelis has no key: {table}");
    assert!(desk.ok(&["case", "show", CASE]).contains("acknowledged"));
    assert!(desk.refused(&["copy", "list", "--member", "nobody"]).contains("no member `nobody`"));
    assert!(desk.refused(&["copy", "list", "--case", "none"]).contains("no case `none`"));
}

#[test]
fn a_signing_key_is_registered_and_confirmed_as_any_key() {
    let desk = Desk::peopled();
    let signer = MemberSigner::from_random(&[4; 32]);
    let (key, fingerprint) = (signer.verifier().to_string(), signer.verifier().fingerprint());
    let cut = key.split_at(key.len() - 1).0;
    desk.refuses(&["member", "key", "veltrune", cut], &["checksum"]);
    desk.refuses(
        &["member", "key", "veltrune", "FOREWARN-SIGN-SECRET-KEY-1QQQ"],
        &["must not leave its owner"],
    );
    assert!(desk.by("alice", &["member", "key", "veltrune", &key]).contains(&fingerprint));
    desk.refuses(&["member", "key", "ombrelis", &key], &["exists already"]);
    desk.by("alice", &["member", "key", "veltrune", "--confirm", &fingerprint]);
    let member = desk.json(&["member", "show", "veltrune"]);
    assert_eq!(member["signing_keys"][0]["fingerprint"], fingerprint);
    assert!(desk.ok(&["member", "show", "veltrune"]).contains(&format!("{fingerprint} (confirmed)")));
}

#[test]
fn an_invitation_is_shown_once_and_its_code_is_not_in_the_log() {
    let desk = Desk::peopled();
    let enrol = ["member", "enrol", "veltrune", "--url", "https://warn.example/"];
    desk.refuses(&["member", "enrol", "nobody", "--url", "https://warn.example"], &["no member `nobody`"]);
    desk.refuses(&["member", "enrol", "veltrune", "--url", "warn.example"], &["https://"]);
    desk.refuses(&[&enrol[..], &["--for", "31d"]].concat(), &["none lasts beyond"]);
    let told = desk.json_by("alice", &enrol);
    let link = told["link"].as_str().unwrap();
    assert!(link.starts_with("https://warn.example/enrol#forewarn_enrol_"), "{link}");
    assert_eq!(told["invitation"], json!("I1"));
    let code = link.split('#').nth(1).unwrap();
    let database = std::fs::read(desk.path("acme/forewarn.db")).unwrap();
    assert!(!database.windows(code.len()).any(|window| window == code.as_bytes()));
    assert!(desk.ok(&["report", "list"]).contains("no report yet"));
    desk.refuses(&["report", "adopt", "M1"], &["no report `M1`"]);
}

#[test]
fn a_link_for_a_passkey_takes_two_operators_or_whoever_holds_the_folder() {
    let desk = Desk::peopled();
    let at = ["--url", "https://warn.example/"];
    let invite = |whom: &[&'static str]| [&["passkey", "invite"], whom, &at].concat();
    let (bob, jo) = (["--operator", "bob"], ["--member", "veltrune", "--name", "Jo Park"]);
    desk.refuses(&invite(&["--operator", "zoe"]), &["`zoe` is not an operator"]);
    desk.refuses(&invite(&["--member", "nobody", "--name", "Jo"]), &["no member `nobody`"]);
    desk.refuses(&["passkey", "invite", "--operator", "bob", "--url", "http://warn.example"], &["https://"]);
    desk.refuses(&[&invite(&bob)[..], &["--for", "8d"]].concat(), &["none lasts beyond"]);

    // Of two operators the second gets the link, and whoever holds the folder needs nobody.
    let waits = desk.json_by("alice", &invite(&bob));
    assert_eq!((&waits["url"], &waits["waits_for"]), (&json!(null), &json!("a second operator")));
    let made = desk.json_by("ines", &invite(&bob));
    let url = made["url"].as_str().unwrap();
    assert!(url.starts_with("https://warn.example/enrol-passkey#forewarn_passkey_"), "{url}");
    let code = url.split('#').nth(1).unwrap();
    let database = std::fs::read(desk.path("acme/forewarn.db")).unwrap();
    assert!(!database.windows(code.len()).any(|window| window == code.as_bytes()));
    assert!(desk.json(&invite(&bob))["url"].as_str().unwrap().contains("#forewarn_passkey_"));
    assert_eq!(desk.json_by("alice", &invite(&jo))["link"], json!("K3"));

    let listed = desk.ok(&["passkey", "list"]);
    assert!(listed.contains("operator bob") && listed.contains("Jo Park of member veltrune"), "{listed}");
    assert_eq!(desk.json(&["passkey", "list"])["links"].as_array().unwrap().len(), 2, "one ended");
    desk.refuses(&["passkey", "revoke", "P1", "--reason", "lost"], &["no passkey `P1`"]);
}

#[test]
fn who_an_operator_is_at_a_provider_takes_two_operators_or_whoever_holds_the_folder() {
    let desk = Desk::peopled();
    let subject = ["--issuer", "https://id.example", "--subject", "248289761001"];
    let link = |operator: &'static str| [&["operator", "link", operator][..], &subject].concat();
    let unlink = |reason| [&["operator", "unlink"][..], &subject, &["--reason", reason]].concat();
    desk.refuses(&link("zoe"), &["`zoe` is not an operator"]);
    desk.refuses(&unlink("left"), &["248289761001"]);
    assert_eq!(desk.json(&["operator", "subjects"]), json!([]));

    let waits = desk.by("alice", &link("bob"));
    assert!(waits.contains("another operator runs the same command"), "{waits}");
    assert_eq!(desk.json(&["operator", "subjects"]), json!([]), "one person lets nobody in");
    let done = desk.by("ines", &link("bob"));
    assert!(done.contains("248289761001 at https://id.example signs in as `bob`"), "{done}");
    let listed = desk.json(&["operator", "subjects"]);
    assert_eq!((&listed[0]["operator"], &listed[0]["by"]), (&json!("bob"), &json!("ines")));
    desk.refuses(&link("ines"), &["248289761001 at https://id.example"]);

    desk.refuses(&unlink(" "), &["the reason"]);
    assert!(desk.by("alice", &unlink("left the organisation")).contains("signs in as nobody"));
    assert_eq!(desk.json(&["operator", "subjects"]), json!([]));
    desk.ok(&link("ines"));
    assert!(desk.ok(&["operator", "subjects"]).contains("248289761001"));
}

#[test]
fn an_operator_who_leaves_takes_every_way_in_along() {
    let desk = Desk::peopled();
    let remove = |user: &'static str| ["operator", "remove", user, "--reason", "left"];
    for operator in ["alice", "ines"] {
        desk.by(operator, &["operator", "add", "mia"]);
    }
    let token = desk.run(&["token", "new", "--role", "operator", "--user", "mia", "--as", "mia"]);
    assert_eq!(token.code, 0, "{}", token.err);
    let proposed = desk.by("alice", &remove("mia"));
    assert!(proposed.contains("another operator runs the same command"), "{proposed}");
    let done = desk.by("ines", &remove("mia"));
    assert!(done.contains("`mia` is no operator any more"), "{done}");
    assert!(desk.ok(&["token", "list"]).contains("no operator any more"));
    let refused = desk.refused(&["operator", "add", "zoe", "--as", "mia"]);
    assert!(refused.contains("`mia` is not an operator"), "{refused}");
    for operator in ["alice", "ines"] {
        desk.by(operator, &remove("bob"));
    }
    let refused = desk.refused(&[&remove("ines")[..], &["--as", "alice"]].concat());
    assert!(refused.contains("one of two operators"), "{refused}");
}
