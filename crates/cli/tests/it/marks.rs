//! `forewarn mark`: keys, copies and traces without a program.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::{Value, json};

use crate::world::{Desk, demo, package, package_file};

const MEMBERS: [&str; 5] = ["veltrune", "ombrelis", "acme", "bolt", "cobalt"];

pub(crate) fn rendered() -> Desk {
    let desk = Desk::empty();
    desk.write("members.txt", MEMBERS.join("\n"));
    desk.ok(&["mark", "keygen", "release.key"]);
    let done = desk.json(&[
        "mark",
        "render",
        &package(),
        "--key",
        "release.key",
        "--members",
        "members.txt",
        "--out",
        "copies",
    ]);
    assert_eq!((&done["members"], &done["files"]), (&5.into(), &9.into()));
    desk
}

pub(crate) fn trace(desk: &Desk, leak: &[&str]) -> Value {
    let args = ["mark", "trace", &package(), "--key", "release.key", "--members", "members.txt"];
    desk.json(&[&args, leak].concat())
}

#[test]
fn a_key_is_private_and_never_overwritten() {
    let desk = Desk::empty();
    desk.ok(&["mark", "keygen", "release.key"]);
    let key = fs::read(desk.path("release.key")).unwrap();
    assert_eq!(fs::metadata(desk.path("release.key")).unwrap().permissions().mode() & 0o777, 0o600);
    let said = desk.refused(&["mark", "keygen", "release.key"]);
    assert!(said.contains("exists already and is not overwritten"), "{said}");
    assert_eq!(fs::read(desk.path("release.key")).unwrap(), key);
    desk.ok(&["mark", "keygen", "other.key"]);
    assert_ne!(fs::read(desk.path("other.key")).unwrap(), key);
    assert!(desk.refused(&["mark", "keygen", "none/release.key"]).contains("none/release.key"));
}

#[test]
fn every_member_gets_a_folder_of_copies_of_its_own() {
    let desk = rendered();
    let mut texts = Vec::new();
    for member in MEMBERS {
        let folder = desk.path("copies").join(member);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 9);
        texts.push(fs::read_to_string(folder.join("advisory.md")).unwrap());
    }
    assert!(texts.iter().all(|text| !text.contains("{~")));
    let whole = texts.len();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), whole, "two members have the same copy");
}

#[test]
fn a_copy_is_traced_to_its_member_and_to_nobody_else() {
    let desk = rendered();
    for member in ["veltrune", "cobalt"] {
        let traced = trace(&desk, &[&format!("copies/{member}")]);
        assert_eq!(traced["verdict"], "attributed");
        let [accused] = traced["accused"].as_array().unwrap().as_slice() else { panic!("{traced:#}") };
        assert_eq!(accused["member"], *member);
        assert!(accused["log10_e"].as_f64().unwrap() > traced["threshold_log10_e"].as_f64().unwrap());
        assert!(accused["p_value"].as_f64().unwrap() < 1e-6);
        assert_eq!(traced["epsilon"], json!(1e-6));
        let sites = |name: &str| traced["sites"][name].as_u64().unwrap();
        assert_eq!(sites("total"), sites("read") + sites("erased"));
        assert_eq!(traced, trace(&desk, &[&format!("copies/{member}")]));
    }
    let one = trace(&desk, &["copies/bolt/advisory.md"]);
    assert_eq!(one["accused"][0]["member"], "bolt");
    assert!(one["sites"]["erased"].as_u64().unwrap() > 0);
}

#[test]
fn among_very_many_members_the_same_one_is_named_and_the_rest_is_said_to_be_ruled_out() {
    let desk = rendered();
    let crowd: Vec<String> = (0..3200).map(|at| format!("other-{at}")).collect();
    desk.write("members.txt", [&MEMBERS.map(String::from)[..], &crowd].concat().join("\n"));
    let traced = trace(&desk, &["copies/cobalt"]);
    assert_eq!(traced["accused"].as_array().unwrap().len(), 1, "{traced:#}");
    assert_eq!(traced["accused"][0]["member"], "cobalt");
    let (weighed, population) = (traced["weighed"].as_u64().unwrap(), traced["population"].as_u64().unwrap());
    assert_eq!(population, 3205);
    assert!((1..population).contains(&weighed), "{weighed}");

    // The threshold is that of everybody, whoever was weighed in full: 2n/ε.
    let threshold = (2.0 * 3205.0 / 1e-6_f64).log10();
    assert!((traced["threshold_log10_e"].as_f64().unwrap() - threshold).abs() < 1e-6, "{traced:#}");
    let args = ["mark", "trace", &package(), "--key", "release.key", "--members", "members.txt"];
    let said = desk.ok(&[&args[..], &["copies/cobalt"]].concat());
    let rest = format!(
        "{weighed} members weighed in full; a bound shows of the other {} that none could be accused",
        population - weighed
    );
    assert!(said.contains(&rest), "{said}");

    // Whoever leaked is not among them: the others are not named in its place.
    desk.write("members.txt", crowd.join("\n"));
    assert_eq!(trace(&desk, &["copies/cobalt"])["accused"], json!([]));
}

#[test]
fn what_is_no_copy_accuses_nobody() {
    let desk = rendered();
    desk.write("empty.txt", "");
    desk.write(
        "noise.bin",
        (0..20_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect::<Vec<_>>(),
    );
    for leak in [demo("unrelated.md"), String::from("empty.txt"), String::from("noise.bin")] {
        let traced = trace(&desk, &[&leak]);
        assert_eq!(traced["accused"], json!([]), "{leak}");
        assert_eq!(traced["verdict"], "not_derived", "{leak}");
        let args = ["mark", "trace", &package(), "--key", "release.key", "--members", "members.txt", &leak];
        assert!(desk.ok(&args).starts_with("not derived"));
    }
    // The author's own text is nobody's copy.
    let master = trace(&desk, &[&package_file("notice.md")]);
    assert_eq!(master["accused"], json!([]), "{master:#}");
    // Another key's copies are nobody's either.
    desk.ok(&["mark", "keygen", "other.key"]);
    let args = ["mark", "trace", &package(), "--key", "other.key", "--members", "members.txt", "copies/acme"];
    assert_eq!(desk.json(&args)["accused"], json!([]));
}
