//! Evidence that was changed, and files that are none.

use evidence::file::{Seen, Symbol};
use evidence::{Evidence, EvidenceError, RowOpening, check};
use mark::code::Bias;
use proptest::prelude::*;

use crate::world::{Case, PLAIN, scorer, traced};

fn sound() -> (Evidence, Vec<RowOpening>) {
    traced(Case { binary: 24, bias: Bias::Nuida(3), ..PLAIN })
}

/// Changes evidence and returns what the check says against it.
#[track_caller]
fn wrong(change: impl FnOnce(&mut Evidence, &mut Vec<RowOpening>)) -> String {
    let (mut evidence, mut rows) = sound();
    assert!(!check(&evidence, &rows).is_wrong());
    change(&mut evidence, &mut rows);
    let findings = check(&evidence, &rows);
    assert!(findings.is_wrong());
    findings.wrong.join("; ")
}

#[test]
fn every_kind_of_change_is_named() {
    assert!(wrong(|e, _| e.scorer.misread = 0.02).contains("constants of the scorer"));
    assert!(wrong(|e, _| e.scorer.bank.truncate(21)).contains("constants of the scorer"));
    assert!(wrong(|e, _| e.scorer.version = "mark-score/99".into()).contains("does not know the scorer"));
    assert!(wrong(|e, _| e.epsilon = 1e-5).contains("thresholds"));
    assert!(wrong(|e, _| e.reading.derived = false).contains("the reading was changed"));
    assert!(wrong(|e, _| e.reading.sites.swap(0, 1)).contains("the reading was changed"));
    assert!(wrong(|e, _| e.biases.ones[3].1 += 1).contains("probabilities"));
    assert!(wrong(|e, _| e.commitment.root.replace_range(0..1, "x")).contains("root"));
    assert!(wrong(|e, _| e.commitment.rows.swap(0, 1)).contains("root"));
    assert!(wrong(|e, _| e.members[0].accused = false).contains("`member-0` is not accused"));
    assert!(wrong(|e, _| e.members[1].accused = true).contains("`member-1` is accused"));
    assert!(wrong(|e, _| e.members[1].name = "member-2".into()).contains("two members have one name"));
    assert!(wrong(|e, _| e.members[0].own_log10_e += 1e-6).contains("its row alone gives"));
    assert!(wrong(|e, _| e.members[0].log10_p -= 1e-6).contains("its row alone gives"));
    assert!(wrong(|e, _| e.members[0].log10_e += 1e-6).contains("all rows together give"));
    assert!(wrong(|e, _| e.members[0].given.push("member-1".into())).contains("rest on the rows of others"));
    assert!(
        wrong(|_, rows| rows[1].salt.replace_range(0..2, "zz")).contains("not the one that was committed")
    );
    assert!(wrong(|_, rows| rows[1].member = "acme".into()).contains("belongs to no member"));
    let flipped = |rows: &mut Vec<RowOpening>| {
        let Symbol::Index(index) = &mut rows[0].symbols[0].1 else { return rows[0].symbols.truncate(1) };
        *index ^= 1;
    };
    assert!(wrong(|_, rows| flipped(rows)).contains("not the one that was committed"));
    assert!(
        wrong(|_, rows| {
            rows.push(rows[0].clone());
            flipped(rows)
        })
        .contains("not the one")
    );
    // A member less makes the threshold lower; the commitment counts them.
    assert!(wrong(|e, _| e.members.truncate(4)).contains("5 rows were committed to, 4 members"));
}

#[test]
fn constants_here_are_those_of_the_scorer() {
    let (mut evidence, rows) = sound();
    evidence.scorer = scorer();
    assert!(!check(&evidence, &rows).is_wrong());
}

#[test]
fn impossible_files_are_refused() {
    let (sound, _) = sound();
    let json = sound.to_json().unwrap();
    let refused = |from: &str, to: &str| {
        assert!(json.contains(from), "{from}");
        Evidence::from_json(json.replacen(from, to, 1).as_bytes()).unwrap_err()
    };
    for number in ["NaN", "null", "-1", "0", "1", "1e999", "\"1\"", "1e-6e"] {
        let error = refused(r#""epsilon": 1e-6"#, &format!(r#""epsilon": {number}"#));
        assert!(matches!(error, EvidenceError::Json(_) | EvidenceError::Number { field: "epsilon", .. }));
    }
    assert!(matches!(refused("forewarn-evidence/1", "forewarn-evidence/2"), EvidenceError::Version(_)));
    assert!(matches!(refused(r#""made_by""#, r#""key": 1, "made_by""#), EvidenceError::Json(_)));
    assert!(matches!(refused(r#""verdict": "attributed","#, ""), EvidenceError::Json(_)));
    assert!(matches!(
        refused(r#""space": "#, r#""space": 1e40"#),
        EvidenceError::Number { .. } | EvidenceError::Json(_)
    ));
    let mut many = sound.clone();
    many.reading.sites = vec![many.reading.sites[0].clone(); 100_001];
    let error = Evidence::from_json(many.to_json().unwrap().as_bytes()).unwrap_err();
    assert!(matches!(error, EvidenceError::TooMany { what: "sites", .. }));
    let mut seen = sound.clone();
    seen.reading.sites.iter_mut().filter(|s| s.law.is_some()).for_each(|s| s.seen = Seen::Index(7));
    assert!(Evidence::from_json(seen.to_json().unwrap().as_bytes()).is_err());
    for bytes in [&b""[..], b"{}", b"[]", b"\xff\xfe", b"null", &[b'['; 100_000]] {
        assert!(matches!(Evidence::from_json(bytes), Err(EvidenceError::Json(_))));
        assert!(RowOpening::from_json(bytes).is_err());
    }
}

/// Every number of the evidence that a check can bear on, in one order.
fn numbers(evidence: &Evidence) -> Vec<f64> {
    let mut numbers = vec![evidence.epsilon, evidence.log10_e_threshold, evidence.log10_p_threshold];
    for member in &evidence.members {
        numbers.extend([member.own_log10_e, member.log10_e, member.log10_p]);
    }
    numbers.extend(evidence.biases.ones.iter().map(|(_, p)| f64::from(*p)));
    let spaces = evidence.reading.sites.iter().filter_map(|site| match site.law {
        Some(evidence::file::Law::Value { space, .. }) => Some(space),
        Some(evidence::file::Law::Uniform { q }) => Some(f64::from(q)),
        _ => None,
    });
    numbers.extend(spaces);
    numbers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// A byte of the file is another: it does not read, the check says so, or the numbers are what they were, up
    /// to decimals that no computation distinguishes.
    #[test]
    fn a_changed_byte_is_refused_reported_or_no_change(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let (evidence, rows) = sound();
        let mut bytes = evidence.to_json().unwrap().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = to;
        let Ok(changed) = Evidence::from_json(&bytes) else { return Ok(()) };
        let findings = check(&changed, &rows);
        if findings.is_wrong() {
            return Ok(());
        }
        let (was, is) = (numbers(&evidence), numbers(&changed));
        prop_assert_eq!(was.len(), is.len());
        for (was, is) in was.into_iter().zip(is) {
            prop_assert!((was - is).abs() <= 3e-6 * was.abs().max(f64::MIN_POSITIVE) || (was - is).abs() < 1e-8, "{was} became {is}");
        }
        prop_assert_eq!(&changed.reading.sites.len(), &evidence.reading.sites.len());
        prop_assert_eq!(&changed.commitment, &evidence.commitment);
        prop_assert_eq!(changed.reading.to_logged().unwrap(), evidence.reading.to_logged().unwrap());
    }

    /// A digit of a number is another: the same, without luck in where the byte falls.
    #[test]
    fn a_changed_digit_of_a_members_number_is_reported(member in 0..5usize, field in 0..3usize, by in 1..2000i32) {
        let (mut evidence, rows) = sound();
        let member = &mut evidence.members[member];
        let number = [&mut member.own_log10_e, &mut member.log10_e, &mut member.log10_p];
        *number.into_iter().nth(field).unwrap() += f64::from(by) * 1e-6;
        prop_assert!(check(&evidence, &rows).is_wrong());
    }

    #[test]
    fn a_changed_byte_of_a_row_is_refused_or_reported(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let (evidence, mut rows) = sound();
        let sound = serde_json::to_vec(&rows[0]).unwrap();
        let mut bytes = sound.clone();
        let at = at.index(bytes.len());
        bytes[at] = to;
        let Ok(row) = RowOpening::from_json(&bytes) else { return Ok(()) };
        if row != rows[0] {
            rows[0] = row;
            prop_assert!(check(&evidence, &rows).is_wrong());
        }
    }

    #[test]
    fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Evidence::from_json(&bytes);
        let _ = RowOpening::from_json(&bytes);
    }
}
