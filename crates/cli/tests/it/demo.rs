//! The demonstration, once, and everything that `verify` must notice in its folder.

use std::fs;

use crate::world::{Desk, files};

#[test]
fn the_demonstration_names_its_leaker_and_verifies_until_a_byte_changes() {
    let desk = Desk::empty();
    let ran = desk.run(&["demo", "--dir", "acme", "--seed", "7", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let outcome: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(outcome["accused"], serde_json::json!([outcome["leaker"]]));
    assert_eq!((&outcome["members"], &outcome["waves"]), (&84.into(), &3.into()));
    for count in ["grants", "withheld", "log_size", "timing_suspects", "elapsed_ms"] {
        assert!(outcome[count].as_u64().is_some_and(|n| n > 0), "{count}: {outcome:#}");
    }
    assert!(outcome["epsilon"].as_f64().is_some_and(|epsilon| epsilon > 0.0 && epsilon <= 1e-6));
    assert!(outcome["max_innocent_log10_e"].as_f64().is_some());
    assert!(ran.err.contains("it is the copy of"), "the story is told beside the result");

    let before = files(&desk.path("acme"));
    let sound = desk.json(&["verify"]);
    assert_eq!(sound["sound"], true, "{sound:#}");
    assert_eq!(files(&desk.path("acme")), before, "verifying changed something");

    let database = fs::read(desk.path("acme/forewarn.db")).unwrap();
    let body = database.windows(9).position(|window| window == b"sundermyr").unwrap();
    let (blob, _) = files(&desk.path("acme/blobs")).remove(3);
    let name: String = ["parent", "file"]
        .iter()
        .zip([blob.parent().unwrap(), &blob])
        .fold(String::new(), |name, (_, part)| name + part.file_name().unwrap().to_str().unwrap());
    for (path, at, says) in [
        (desk.path("acme/checkpoint"), 30, String::from("checkpoint")),
        (desk.path("acme/forewarn.db"), body, String::from("was changed")),
        (blob, 100, name),
        (desk.path("acme/public/TOOLSHELL-2025/advisory.md"), 5, String::from("is not what was published")),
    ] {
        let bytes = fs::read(&path).unwrap();
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        fs::write(&path, changed).unwrap();
        let ran = desk.run(&["verify", "--json"]);
        assert_eq!(ran.code, 3, "{says}: {}", ran.out);
        let found: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
        assert_eq!(found["sound"], false);
        let problems: Vec<String> = found["checks"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|check| check["problems"].as_array().unwrap())
            .map(|problem| problem.as_str().unwrap().to_owned())
            .collect();
        assert!(problems.iter().any(|problem| problem.contains(&says)), "{says}: {problems:?}");
        fs::write(&path, bytes).unwrap();
    }
    assert_eq!(files(&desk.path("acme")), before);
    assert!(desk.ok(&["verify"]).ends_with("everything fits\n"));
}
