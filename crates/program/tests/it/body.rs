//! Stored bytes: what is written reads back, and what this version does not know is refused.

use program::{Entry, event::BodyError};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    simulation::fixed,
    strategies,
    world::{World, about, key},
};

fn sample() -> Value {
    let mut world = World::founded();
    let applied = program::member::MemberCommand::Apply { name: String::from("Acme") };
    let entry = world.ok("ann", about("acme", applied)).remove(0);
    serde_json::from_slice(&entry.to_body().unwrap()).unwrap()
}

fn read(body: &Value) -> Result<Entry, BodyError> {
    Entry::from_body(7, &serde_json::to_vec(body).unwrap())
}

#[test]
fn a_newer_version_is_refused_whether_or_not_its_event_is_known() {
    let mut body = sample();
    body["v"] = json!(2);
    assert!(matches!(read(&body), Err(BodyError::Newer { seq: 7, found: 2 })));
    body["event"] = json!({"treaty": {"signed": {}}});
    assert!(matches!(read(&body), Err(BodyError::Newer { seq: 7, found: 2 })));
}

#[test]
fn what_is_no_entry_is_refused() {
    let changes: [fn(&mut Value); 9] = [
        |body| body["event"] = json!({"treaty": {"signed": {}}}),
        |body| body["event"] = json!({"member": {"vanished": {"member": "acme"}}}),
        |body| body["event"]["member"]["applied"]["member"] = json!("../acme"),
        |body| body["event"]["member"]["applied"] = json!({"member": "acme"}),
        |body| body["at"] = json!("2026-06-01T00:00:00"),
        |body| body["at"] = json!("2026-06-01"),
        |body| body["actor"] = json!(""),
        |body| {
            body.as_object_mut().unwrap().remove("v");
        },
        |body| *body = json!([]),
    ];
    for change in changes {
        let mut body = sample();
        change(&mut body);
        assert!(matches!(read(&body), Err(BodyError::Json { seq: 7, .. })), "{body}");
    }
    for bytes in [&b""[..], b"{", b"\xff", b"null"] {
        assert!(matches!(Entry::from_body(7, bytes), Err(BodyError::Json { .. })));
    }
}

/// The form is part of every log there is: it may be added to, and never changed.
#[test]
fn the_form_of_an_entry_is_this() {
    let expected = json!({
        "v": 1,
        "at": "2026-06-01T00:00:00Z",
        "actor": "ann",
        "event": {"member": {"applied": {"member": "acme", "name": "Acme"}}},
    });
    assert_eq!(sample(), expected);
    let mut world = World::founded();
    world.admit("acme", "early");
    assert!(matches!(world.refused("ann", about("acme", key("age1acme"))), program::Refusal::Exists { .. }));
    let bodies: Vec<String> = world.log[world.log.len() - 3..]
        .iter()
        .map(|entry| String::from_utf8(entry.to_body().unwrap()).unwrap())
        .collect();
    assert_eq!(
        bodies,
        [
            r#"{"v":1,"at":"2026-06-01T00:00:00Z","actor":"ann","event":{"member":{"key_added":{"member":"acme","recipient":"age1acme","fingerprint":"fp-age1acme"}}}}"#,
            r#"{"v":1,"at":"2026-06-01T00:00:00Z","actor":"bob","event":{"member":{"key_confirmed":{"member":"acme","fingerprint":"fp-age1acme"}}}}"#,
            r#"{"v":1,"at":"2026-06-01T00:00:00Z","actor":"ann","event":{"member":{"fact_recorded":{"member":"acme","fact":{"kind":"disclosure-duty","subject":"none","until":"2027-06-01T00:00:00Z"},"evidence":"a letter"}}}}"#,
        ]
    );
}

proptest! {
    #![proptest_config(fixed(2_048, 1))]

    #[test]
    fn every_entry_reads_back_as_it_was_written(entry in strategies::entries()) {
        let body = entry.to_body().unwrap();
        let back = Entry::from_body(entry.seq, &body).unwrap();
        prop_assert_eq!(&back, &entry);
        prop_assert_eq!(back.to_body().unwrap(), body);
    }

    #[test]
    fn no_bytes_make_reading_panic(mut body in any::<Vec<u8>>(), at in any::<usize>(), bit in 0..8_u32) {
        let _ = Entry::from_body(0, &body);
        body = serde_json::to_vec(&sample()).unwrap();
        let at = at % body.len();
        body[at] ^= 1 << bit;
        let _ = Entry::from_body(0, &body);
    }
}
