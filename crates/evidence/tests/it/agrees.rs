//! The scorer and the check, each with formulas of its own, on the same leaks.

use evidence::file::Verdict;
use evidence::{Evidence, check};
use mark::code::Bias;
use proptest::prelude::*;

use crate::world::{Case, PLAIN, traced};

/// Checks with every row open, and returns how many members are accused, with others' help or alone.
#[track_caller]
fn agree(case: Case) -> (usize, usize) {
    let (evidence, rows) = traced(case);
    // Through the file, as everybody else gets it.
    let evidence = Evidence::from_json(evidence.to_json().unwrap().as_bytes()).unwrap();
    let findings = check(&evidence, &rows);
    assert_eq!(findings.wrong, Vec::<String>::new(), "{case:?}");
    assert!(!findings.is_incomplete(), "{case:?}: {:?}", findings.unchecked);
    let accused = evidence.members.iter().filter(|member| member.accused);
    (accused.clone().count(), accused.filter(|member| member.given.is_empty()).count())
}

fn cases() -> impl Strategy<Value = Case> {
    let code = (0..70usize, 0..5usize, 0..3usize);
    let bias = prop_oneof![Just(Bias::Half), Just(Bias::Nuida(5)), Just(Bias::Arcsine)];
    let leak = (0..4usize, 0.0..0.6f64, any::<bool>());
    (any::<u64>(), 1..9usize, code, leak, bias, prop_oneof![Just(1e-6), Just(1e-2)]).prop_map(
        |(seed, members, (binary, ternary, values), (leakers, erased, derived), bias, epsilon)| Case {
            seed,
            members,
            leakers: leakers.min(members),
            binary,
            ternary,
            values: values.max(usize::from(binary + ternary == 0)),
            erased,
            bias,
            derived,
            epsilon,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn scorer_and_check_agree(case in cases()) {
        agree(case);
    }
}

#[test]
fn on_accusations_that_need_others() {
    let (mut two, mut three) = (0, 0);
    for seed in 0..12 {
        let pair = Case { seed, members: 12, leakers: 2, binary: 110, values: 0, erased: 0.0, ..PLAIN };
        let (all, alone) = agree(pair);
        two += all - alone;
        let bias = Bias::Nuida(3);
        let (all, alone) = agree(Case { leakers: 3, binary: 260, bias, epsilon: 1e-2, ..pair });
        three += all - alone;
    }
    assert!(two > 0 && three > 0, "no accusation rested on others: {two}, {three}");
}

#[test]
fn on_more_pairs_than_are_evaluated() {
    // 8,778 pairs of 133 members, of which 3,759 are; most weigh the same.
    agree(Case { members: 133, leakers: 3, binary: 30, values: 0, ternary: 0, ..PLAIN });
}

#[test]
fn on_long_codes_and_nothing_read() {
    let (accused, _) = agree(Case { binary: 1500, ..PLAIN });
    assert_eq!(accused, 1);
    let case = Case { leakers: 0, derived: false, ..PLAIN };
    assert_eq!(traced(case).0.verdict, Verdict::NotDerived);
    agree(case);
}

#[test]
fn the_accused_row_alone_is_enough_where_it_was_enough_to_accuse() {
    let (evidence, rows) = traced(PLAIN);
    let findings = check(&evidence, &rows[..1]);
    assert!(!findings.is_wrong() && !findings.is_incomplete(), "{findings:?}");
    assert!(findings.checked.iter().any(|line| line == "`member-0`: its own row is enough to accuse it"));
    let rest = findings.unchecked.iter().find(|rest| rest.needs.contains("the rows of `member-1`")).unwrap();
    assert!(!rest.accusation);
    // Without it nothing is known.
    let findings = check(&evidence, &rows[1..]);
    assert!(!findings.is_wrong() && findings.is_incomplete());
    let rest = findings.unchecked.iter().find(|rest| rest.accusation).unwrap();
    assert_eq!(
        (rest.what.as_str(), rest.needs.as_str()),
        ("the accusation of `member-0`", "the rows of `member-0`")
    );
}
