use proptest::prelude::*;

use super::*;

const PLAIN: &[u8] = b"plain";
const SEALED: &[u8] = b"sealed bytes";

fn entry(item: &str) -> CopyEntry {
    CopyEntry {
        case: "c1".into(),
        item: item.into(),
        class: "advisory".into(),
        tlp: Tlp::AmberStrict,
        file: format!("c1/{item}"),
        sha256: Digest::of(PLAIN),
        size: PLAIN.len() as u64,
        sealed_file: format!("c1/{item}.age"),
        sealed_sha256: Digest::of(SEALED),
        sealed_size: SEALED.len() as u64,
        receipt_file: Some(format!("c1/{item}.receipt.json")),
    }
}

fn manifest() -> Manifest {
    Manifest::new(vec![entry("advisory.md"), entry("rule.yar")]).unwrap()
}

#[test]
fn names_that_leave_the_folder_are_refused() {
    for name in [
        "",
        ".",
        "..",
        "../x",
        "a/../b",
        "/etc/passwd",
        "a//b",
        "a/",
        "a\\b",
        "C:x",
        ".ssh",
        "a/.b",
        "-rf",
        "a b",
        "a\nb",
        "a\0b",
        "é",
        "con.",
        "a/./b",
        "~",
        "a|b",
    ] {
        let json =
            manifest().to_json().unwrap().replace("c1/advisory.md.age", &name.escape_default().to_string());
        assert!(Manifest::from_json(json.as_bytes()).is_err(), "{name:?}");
        let copies = vec![CopyEntry { receipt_file: Some(name.into()), ..entry("x") }];
        assert!(matches!(Manifest::new(copies), Err(ManifestError::Name { .. })), "{name:?}");
    }
    let long = CopyEntry { file: "a".repeat(201), ..entry("x") };
    assert!(matches!(Manifest::new(vec![long]), Err(ManifestError::Name { .. })));
}

#[test]
fn names_are_given_once() {
    let twice = |file: &str| Manifest::new(vec![entry("a"), CopyEntry { file: file.into(), ..entry("b") }]);
    for file in ["c1/a", "c1/A", "c1/a.age", "c1/b.age"] {
        assert!(matches!(twice(file), Err(ManifestError::Twice { .. })), "{file}");
    }
    assert!(twice("c1/c").is_ok());
}

#[test]
fn a_changed_file_is_named() {
    let manifest = manifest();
    let name = "c1/rule.yar.age";
    assert_eq!(manifest.check(name, SEALED).unwrap().item, "rule.yar");
    assert_eq!(manifest.check("c1/rule.yar", PLAIN).unwrap().item, "rule.yar");
    for at in 0..SEALED.len() {
        let mut changed = SEALED.to_vec();
        changed[at] ^= 1;
        assert!(matches!(manifest.check(name, &changed), Err(ManifestError::Changed { .. })));
    }
    assert!(matches!(manifest.check(name, &SEALED[1..]), Err(ManifestError::Size { .. })));
    assert!(matches!(manifest.check(name, PLAIN), Err(ManifestError::Size { .. })));
    assert!(matches!(manifest.check("c1/rule.yar.AGE", SEALED), Err(ManifestError::Unlisted { .. })));
    assert!(matches!(manifest.check("c1/rule.yar.receipt.json", b""), Err(ManifestError::Unlisted { .. })));
}

#[test]
fn what_is_missing_is_listed() {
    let present = ["c1/advisory.md.age", "c1/rule.yar.receipt.json"].map(str::to_owned).into();
    assert_eq!(manifest().missing(&present), ["c1/advisory.md.receipt.json", "c1/rule.yar.age"]);
}

#[test]
fn unreadable_json_is_refused() {
    let json = manifest().to_json().unwrap();
    let bad = |from: &str, to: &str| {
        assert!(json.contains(from), "{from}");
        Manifest::from_json(json.replacen(from, to, 1).as_bytes()).unwrap_err()
    };
    assert_eq!(bad("\"v\": 1", "\"v\": 2"), ManifestError::Version { found: 2 });
    for (from, to) in [
        ("TLP:AMBER+STRICT", "TLP:WHITE"),
        ("TLP:AMBER+STRICT", "tlp:amber+strict"),
        ("\"v\": 1", "\"v\": 1, \"more\": 1"),
        ("\"class\"", "\"klass\""),
        ("\"size\": 5", "\"size\": 5.0"),
    ] {
        assert!(matches!(bad(from, to), ManifestError::Json(_)), "{to}");
    }
    let cut = json.trim_end();
    for at in 0..cut.len() {
        assert!(Manifest::from_json(&cut.as_bytes()[..at]).is_err());
    }
    assert!(matches!("AMBER".parse::<Tlp>(), Err(ManifestError::Tlp { .. })));
}

#[test]
fn labels_read_as_they_are_written() {
    for label in Tlp::ALL {
        assert_eq!(label.to_string().parse::<Tlp>(), Ok(label));
        assert_eq!(serde_json::to_value(label).unwrap(), label.to_string());
    }
}

proptest! {
    #[test]
    fn json_round_trips(
        texts in prop::array::uniform3("\\PC{0,20}"),
        file in "[a-z][a-z0-9._+-]{0,20}[a-z]",
        label in prop::sample::select(&Tlp::ALL[..]),
        hash: [u8; 32],
        size: u64,
        receipt: bool,
    ) {
        let [case, item, class] = texts;
        let receipt_file = receipt.then(|| format!("{file}.json"));
        let sealed_file = format!("{file}.age");
        let sha256 = Digest::from_bytes(hash);
        let entry = CopyEntry {
            case, item, class, tlp: label, file, sha256, size, sealed_file, sealed_sha256: sha256,
            sealed_size: size, receipt_file,
        };
        let manifest = Manifest::new(vec![entry]).unwrap();
        let json = manifest.to_json().unwrap();
        prop_assert_eq!(Manifest::from_json(json.as_bytes()), Ok(manifest));
    }

    #[test]
    fn no_bytes_panic(bytes: Vec<u8>) {
        prop_assert!(Manifest::from_json(&bytes).is_err());
    }
}
