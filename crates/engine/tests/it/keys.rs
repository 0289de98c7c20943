//! Mark keys: their files and what follows from them.

use engine::keys::{MarkKey, read_as, write_secret};
use mark::{
    code::{Codebook, ReleaseSecret},
    master::Master,
    syntax::SourceFile,
};

fn master() -> Master {
    let text = String::from("Trace {~tr=rand:hex16~}, {~one|two|three~} of {~four|five~}.\n");
    Master::parse(&[SourceFile { path: String::from("a.md"), text }]).unwrap()
}

fn word(secret: &ReleaseSecret, member: &str) -> String {
    let master = master();
    let codebook = Codebook::new(secret, &master);
    mark::render::render(&master, &codebook.codeword(member)).remove(0).text
}

#[test]
fn a_mark_key_survives_its_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mark.key");
    let key = MarkKey::from_random([7; 32]);
    write_secret(&path, &key.to_key_file()).unwrap();
    let read = read_as(&path, MarkKey::parse).unwrap();
    assert_eq!(read.to_key_file(), key.to_key_file());
    assert_eq!(word(&read.release("c"), "acme"), word(&key.release("c"), "acme"));
    assert_eq!(read.commitment("c"), key.commitment("c"));
}

#[test]
fn a_mark_key_remembers_its_coalition() {
    let key = MarkKey::from_random([7; 32]);
    assert_eq!((key.colluders(), key.to_key_file().matches(':').count()), (2, 1));
    let text = key.for_colluders(5).to_key_file();
    assert_eq!(MarkKey::parse(&text).unwrap().colluders(), 5);
    for damaged in [format!("{}0", text.strip_suffix('5').unwrap()), format!("{}:5", *text)] {
        assert!(MarkKey::parse(&damaged).is_err(), "`{damaged}` was taken");
    }
}

#[test]
fn a_text_that_is_no_mark_key_is_refused_without_quoting_it() {
    let sound = MarkKey::from_random([7; 32]).to_key_file();
    for text in [
        "",
        "secret",
        &sound.replace("v1", "v2"),
        sound.strip_suffix(|_: char| true).unwrap(),
        &format!("{}00", *sound),
    ] {
        let says = MarkKey::parse(text).err().unwrap_or_else(|| panic!("`{text}` was taken"));
        assert!(text.is_empty() || !says.contains(text), "{says}");
    }
}

#[test]
fn every_key_every_case_and_every_member_has_marks_of_its_own() {
    let (one, other) = (MarkKey::from_random([7; 32]), MarkKey::from_random([8; 32]));
    let mut texts = Vec::new();
    for key in [&one, &other] {
        for case in ["c", "d", "cd"] {
            for member in ["acme", "bolt"] {
                texts.push(word(&key.release(case), member));
            }
        }
    }
    let mut commitments: Vec<_> = [&one, &other]
        .into_iter()
        .flat_map(|key| ["c", "d", "cd"].map(|case| key.commitment(case)))
        .collect();
    for list in [&mut texts, &mut commitments.iter_mut().map(|hash| hash.to_string()).collect()] {
        let whole = list.len();
        list.sort();
        list.dedup();
        assert_eq!(list.len(), whole);
    }
}
