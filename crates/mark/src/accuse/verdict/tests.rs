use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::master::Generator;
use crate::reading::{Seen, SiteReading};

fn binary(m: usize, one: f64) -> Vec<SiteLaw> {
    (0..m).map(|i| SiteLaw { site: SiteId(format!("s{i}")), law: Law::Binary { one } }).collect()
}

fn reading(seen: Vec<Seen>) -> Reading {
    let sites = seen
        .into_iter()
        .enumerate()
        .map(|(i, seen)| SiteReading { site: SiteId(format!("s{i}")), seen })
        .collect();
    Reading {
        reader: "test/1".into(),
        leak_sha256: String::new(),
        sites,
        aligned: 1.0,
        derived: true,
        erased_channels: Vec::new(),
    }
}

fn row(member: usize, symbols: impl IntoIterator<Item = u32>) -> Row {
    Row { member: format!("m{member}"), symbols: symbols.into_iter().map(Symbol::Index).collect() }
}

fn random_rows(rng: &mut StdRng, n: usize, m: usize) -> Vec<Row> {
    (0..n).map(|j| row(j, (0..m).map(|_| rng.gen_range(0..2)).collect::<Vec<_>>())).collect()
}

fn indices(row: &Row) -> Vec<Seen> {
    row.symbols
        .iter()
        .map(|s| if let Symbol::Index(i) = s { Seen::Index(*i) } else { Seen::Erased })
        .collect()
}

#[test]
fn refuses_what_would_void_the_bound() {
    let sites = binary(2, 0.5);
    let rows = [row(0, [0, 1]), row(1, [1, 1])];
    let seen = reading(vec![Seen::Index(0), Seen::Erased]);
    for epsilon in [0.0, 1.0, -1.0, f64::NAN] {
        assert!(matches!(accuse(&sites, &rows, &seen, epsilon), Err(AccuseError::Epsilon(_))));
    }
    assert_eq!(accuse(&sites, &[], &seen, 0.01), Err(AccuseError::NoPopulation));
    let twice = [row(0, [0, 1]), row(0, [1, 1])];
    assert_eq!(accuse(&sites, &twice, &seen, 0.01), Err(AccuseError::MemberTwice("m0".into())));
    let mut same = binary(2, 0.5);
    same[1].site = same[0].site.clone();
    assert_eq!(accuse(&same, &rows, &seen, 0.01), Err(AccuseError::SiteTwice("s0".into())));
    for one in [0.0, 1.0, f64::NAN] {
        assert_eq!(accuse(&binary(2, one), &rows, &seen, 0.01), Err(AccuseError::Law("s0".into())));
    }
}

#[test]
fn refuses_a_reading_or_row_of_another_package() {
    let sites = binary(2, 0.5);
    let rows = [row(0, [0, 1])];
    let mismatch =
        |seen| matches!(accuse(&sites, &rows, &reading(seen), 0.01), Err(AccuseError::SiteMismatch { .. }));
    assert!(mismatch(vec![Seen::Erased]));
    assert!(mismatch(vec![Seen::Erased; 3]));
    let seen = |seen| accuse(&sites, &rows, &reading(vec![seen, Seen::Erased]), 0.01);
    assert_eq!(seen(Seen::Index(2)), Err(AccuseError::Seen("s0".into())));
    assert_eq!(seen(Seen::Tokens(vec![])), Err(AccuseError::Seen("s0".into())));
    let short = [row(0, [0])];
    assert_eq!(
        accuse(&sites, &short, &reading(vec![Seen::Erased; 2]), 0.01),
        Err(AccuseError::Row("m0".into()))
    );
    let value = [Row { member: "m0".into(), symbols: vec![Symbol::Value("ab".into()), Symbol::Index(0)] }];
    let read = reading(vec![Seen::Index(0), Seen::Erased]);
    assert_eq!(accuse(&sites, &value, &read, 0.01), Err(AccuseError::Row("m0".into())));
}

#[test]
fn accuses_the_copy_and_nobody_else() {
    let mut rng = StdRng::seed_from_u64(7);
    let rows = random_rows(&mut rng, 100, 60);
    let sites = binary(60, 0.5);
    let trace = accuse(&sites, &rows, &reading(indices(&rows[42])), 1e-6).unwrap();
    assert_eq!((trace.verdict, trace.accused), (Verdict::Attributed, vec!["m42".to_owned()]));
    assert!(trace.members[42].log10_e > 10.0 && trace.members[42].p_value < 1e-15);
    assert_eq!(trace.sites, SiteCount { total: 60, read: 60, erased: 0 });
}

#[test]
fn one_misread_in_thirty_four_still_accuses_at_a_millionth() {
    let mut rng = StdRng::seed_from_u64(8);
    let rows = random_rows(&mut rng, 100, 35);
    let mut seen = indices(&rows[3]);
    seen[0] = Seen::Erased;
    let flipped = if seen[1] == Seen::Index(0) { 1 } else { 0 };
    seen[1] = Seen::Index(flipped);
    let trace = accuse(&binary(35, 0.5), &rows, &reading(seen), 1e-6).unwrap();
    assert_eq!(trace.accused, ["m3"]);
    assert_eq!(trace.sites, SiteCount { total: 35, read: 34, erased: 1 });
}

#[test]
fn too_few_sites_accuse_nobody() {
    let mut rng = StdRng::seed_from_u64(9);
    let rows = random_rows(&mut rng, 100, 20);
    let trace = accuse(&binary(20, 0.5), &rows, &reading(indices(&rows[0])), 1e-6).unwrap();
    assert_eq!((trace.verdict, trace.accused.len()), (Verdict::Inconclusive, 0));
}

#[test]
fn of_two_colluders_at_least_one_is_accused_and_no_innocent() {
    let mut rng = StdRng::seed_from_u64(10);
    let rows = random_rows(&mut rng, 100, 256);
    let mixed: Vec<Seen> = indices(&rows[1])
        .into_iter()
        .zip(indices(&rows[2]))
        .map(|(a, b)| if rng.gen_range(0..2) == 0 { a } else { b })
        .collect();
    let trace = accuse(&binary(256, 0.5), &rows, &reading(mixed), 1e-3).unwrap();
    assert!(!trace.accused.is_empty());
    assert!(trace.accused.iter().all(|m| m == "m1" || m == "m2"));
}

#[test]
fn not_derived_drops_alternatives_and_keeps_constants() {
    let mut rng = StdRng::seed_from_u64(11);
    let mut rows = random_rows(&mut rng, 100, 60);
    let mut sites = binary(61, 0.5);
    sites[60].law = Law::Value { space: 2f64.powi(48) };
    for (j, row) in rows.iter_mut().enumerate() {
        row.symbols.push(Symbol::Value(format!("{j:012x}")));
    }
    let mut seen = indices(&rows[5]);
    let tokens = |member: usize| Seen::Tokens(vec![format!("{member:012x}"), "ffffffffffff".into()]);
    seen[60] = Seen::Erased;
    let mut away = reading(seen);
    away.derived = false;
    let trace = accuse(&sites, &rows, &away, 1e-6).unwrap();
    assert_eq!((trace.verdict, trace.accused.len(), trace.sites.read), (Verdict::NotDerived, 0, 0));
    away.sites[60].seen = tokens(17);
    let trace = accuse(&sites, &rows, &away, 1e-6).unwrap();
    assert_eq!((trace.verdict, trace.accused), (Verdict::Attributed, vec!["m17".to_owned()]));
    away.sites[60].seen = tokens(117);
    let trace = accuse(&sites, &rows, &away, 1e-6).unwrap();
    assert_eq!((trace.verdict, trace.accused.len()), (Verdict::NotDerived, 0));
}

/// The contract of a free constant: whole and alone, it names one of a million.
#[test]
fn one_constant_of_64_bits_names_one_of_a_million() {
    let sites = [SiteLaw { site: SiteId("s0".into()), law: Law::Value { space: 2f64.powi(64) } }];
    let row = |member: usize| Row {
        member: format!("m{member}"),
        symbols: vec![Symbol::Value(format!("{member:016x}"))],
    };
    let rows: Vec<Row> = (0..1_000_000).map(row).collect();
    let tokens = vec![format!("{:016x}", 700_001), "ffffffffffffffff".into(), "0123456789abcdef".into()];
    let mut seen = reading(vec![Seen::Tokens(tokens)]);
    seen.derived = false;
    let trace = accuse(&sites, &rows, &seen, 1e-6).unwrap();
    assert_eq!((trace.verdict, trace.accused), (Verdict::Attributed, vec!["m700001".to_owned()]));
}

#[test]
fn laws_of_kinds() {
    assert_eq!(Law::of(&SiteKind::Choice { q: 2 }, 0.0), Law::Binary { one: 0.5 });
    assert_eq!(Law::of(&SiteKind::Choice { q: 3 }, 0.0), Law::Uniform { q: 3.0 });
    assert_eq!(Law::of(&SiteKind::Order { items: 2, keep: 2 }, 0.0), Law::Binary { one: 0.5 });
    assert_eq!(Law::of(&SiteKind::Order { items: 5, keep: 5 }, 0.0), Law::Uniform { q: 120.0 });
    assert_eq!(Law::of(&SiteKind::Order { items: 5, keep: 3 }, 0.0), Law::Uniform { q: 60.0 });
    assert_eq!(Law::of(&SiteKind::Constant(Generator::Hex(12)), 9.0), Law::Value { space: 9.0 });
}

/// Leaks of members outside the population, or of nobody: every accusation is of an innocent.
#[test]
fn false_accusations_stay_under_epsilon() {
    let (leaks, n, m, epsilon) = (2000, 40, 24, 1e-2);
    let mut rng = StdRng::seed_from_u64(20261121);
    let sites = binary(m, 0.5);
    let mut accusations = 0;
    for leak in 0..leaks {
        let rows = random_rows(&mut rng, n, m);
        let bias = [0.0, 0.5, 1.0][leak % 3];
        let seen = (0..m).map(|i| match i % 6 {
            5 => Seen::Erased,
            _ => Seen::Index(u32::from(rng.gen_bool(bias))),
        });
        let trace = accuse(&sites, &rows, &reading(seen.collect()), epsilon).unwrap();
        accusations += usize::from(!trace.accused.is_empty());
    }
    assert!(accusations > 0, "the simulation is too small to see the bound at work");
    assert!(accusations as f64 <= epsilon * leaks as f64, "{accusations} of {leaks}");
}

/// What colluders show where they differ, `ones` of `c` holding symbol 1.
#[derive(Clone, Copy, Debug)]
enum Attack {
    Interleave,
    AllOnes,
    Coin,
    Minority,
}

/// A leak that the first `c` members mixed, with a share of its sites erased.
fn mix(rng: &mut StdRng, rows: &[Row], c: usize, attack: Attack, erased: f64) -> Reading {
    let sites = (0..rows[0].symbols.len()).map(|site| {
        let ones = rows[..c].iter().filter(|row| row.symbols[site] == Symbol::Index(1)).count();
        let one = match attack {
            _ if ones == 0 || ones == c => ones == c,
            Attack::Interleave => rng.gen_range(0..c) < ones,
            Attack::AllOnes => true,
            Attack::Coin => rng.gen_bool(0.5),
            Attack::Minority => 2 * ones < c || (2 * ones == c && rng.gen_bool(0.5)),
        };
        if rng.gen_bool(erased) { Seen::Erased } else { Seen::Index(u32::from(one)) }
    });
    reading(sites.collect())
}

/// Rates of (E >= n/ε for a colluder, a colluder accused); at most a leak that accuses an innocent.
fn detection(leaks: usize, m: usize, (c, attack, erased): (usize, Attack, f64), epsilon: f64) -> (f64, f64) {
    let n = 100;
    let mut rng = StdRng::seed_from_u64(m as u64 + c as u64);
    let (mut reached, mut named, mut wrong) = (0, 0, 0);
    for _ in 0..leaks {
        let rows = random_rows(&mut rng, n, m);
        let trace = accuse(&binary(m, 0.5), &rows, &mix(&mut rng, &rows, c, attack, erased), epsilon);
        let trace = trace.unwrap();
        let guilty: Vec<&str> = rows[..c].iter().map(|row| row.member.as_str()).collect();
        wrong += usize::from(trace.accused.iter().any(|member| !guilty.contains(&member.as_str())));
        reached += usize::from(trace.members[..c].iter().any(|e| e.log10_e >= (n as f64 / epsilon).log10()));
        named += usize::from(trace.accused.iter().any(|member| guilty.contains(&member.as_str())));
    }
    assert!(wrong as f64 <= 1.0 + epsilon * leaks as f64, "{wrong} of {leaks}");
    (reached as f64 / leaks as f64, named as f64 / leaks as f64)
}

/// Published detection rates of the joint e-value at p = 1/2, n = 100, within three standard errors.
#[test]
fn two_colluders_are_found_as_often_as_published() {
    use Attack::{AllOnes, Interleave};
    let leaks = 40;
    for (m, attack, erased, epsilon, want) in [
        (64, Interleave, 0.0, 1e-3, 0.85),
        (64, AllOnes, 0.0, 1e-6, 0.80),
        (128, Interleave, 0.0, 1e-6, 1.0),
        (128, AllOnes, 0.0, 1e-6, 1.0),
        (128, Interleave, 0.5, 1e-3, 0.82),
        (256, Interleave, 0.5, 1e-6, 1.0),
    ] {
        let (reached, named) = detection(leaks, m, (2, attack, erased), epsilon);
        // Standard error of this simulation and of the published one, which had 60 leaks.
        let error = (want * (1.0 - want) * (1.0 / leaks as f64 + 1.0 / 60.0)).sqrt();
        assert!((reached - want).abs() <= 3.0 * error, "{m} {attack:?} {erased}: {reached}, not {want}");
        assert!(want < 1.0 || named == 1.0, "{m} {attack:?} {erased}: {named}");
    }
}

/// At p = 1/2 the minority of three is a sum modulo 2, which no single row and no pair bears on.
#[test]
fn three_colluders_are_found_whatever_they_do() {
    use Attack::{AllOnes, Coin, Interleave, Minority};
    for attack in [Interleave, AllOnes, Coin, Minority] {
        let (_, named) = detection(4, 512, (3, attack, 0.0), 1e-6);
        assert_eq!(named, 1.0, "{attack:?}");
    }
}

#[test]
fn colluders_are_listed_in_the_order_found() {
    let mut rng = StdRng::seed_from_u64(12);
    let guilty = |accused: &[String]| {
        let mut sorted = accused.to_vec();
        sorted.sort();
        assert_eq!(sorted, ["m0", "m1", "m2"]);
    };
    let rows = random_rows(&mut rng, 60, 400);
    let seen = mix(&mut rng, &rows, 3, Attack::Minority, 0.0);
    let trace = accuse(&binary(400, 0.5), &rows, &seen, 1e-6).unwrap();
    guilty(&trace.accused);
    for found in trace.members.iter().filter(|found| trace.accused.contains(&found.member)) {
        let others: Vec<&String> = trace.members[..3].iter().map(|e| &e.member).collect();
        assert!(found.given.len() == 2 && found.given.iter().all(|k| others.contains(&k)), "{found:?}");
        assert!(found.p_value > 1e-3, "{found:?}");
    }
    assert!(trace.members.iter().skip(3).all(|innocent| innocent.given.is_empty()));

    let seen = mix(&mut rng, &rows, 3, Attack::Interleave, 0.0);
    let trace = accuse(&binary(400, 0.5), &rows, &seen, 1e-6).unwrap();
    guilty(&trace.accused);
    let evidence = |member: &String| trace.members.iter().find(|e| e.member == *member).unwrap();
    let needed: Vec<usize> = trace.accused.iter().map(|member| evidence(member).given.len()).collect();
    assert!(needed.is_sorted() && needed[0] == 0 && needed[2] > 0, "{needed:?}");
}

/// Leaks that two or three colluders mixed, whole and half erased: an accusation is false when it names
/// anybody else.
#[test]
fn false_accusations_beside_colluders_stay_under_epsilon() {
    use Attack::{AllOnes, Coin, Interleave, Minority};
    let (leaks, n, m, epsilon) = (3000, 24, 40, 1e-2);
    let mut rng = StdRng::seed_from_u64(20261122);
    let sites = binary(m, 0.5);
    let (mut wrong, mut right) = (0, 0);
    for leak in 0..leaks {
        let rows = random_rows(&mut rng, n, m);
        let (c, erased) = (2 + leak % 2, [0.0, 0.5][leak / 2 % 2]);
        let attack = [Interleave, AllOnes, Coin, Minority][leak / 4 % 4];
        let trace = accuse(&sites, &rows, &mix(&mut rng, &rows, c, attack, erased), epsilon).unwrap();
        let guilty = |member: &String| rows[..c].iter().any(|row| row.member == *member);
        wrong += usize::from(!trace.accused.iter().all(guilty));
        right += usize::from(trace.accused.iter().any(guilty));
    }
    assert!(right > leaks / 10, "the simulation is too weak to see the bound at work: {right} of {leaks}");
    assert!(wrong as f64 <= epsilon * leaks as f64, "{wrong} of {leaks}");
}

/// Enumerates an innocent's rows over mixed sites, the others' rows fixed, and sums E and the accusing
/// probability exactly.
fn enumerate(laws: &[Law], seen: &[Seen], epsilon: f64, others: &[Row]) -> (f64, f64) {
    let sites: Vec<SiteLaw> =
        laws.iter().enumerate().map(|(i, &law)| SiteLaw { site: SiteId(format!("s{i}")), law }).collect();
    let mut rows = vec![(Vec::new(), 1.0)];
    for law in laws {
        let choices: Vec<(Symbol, f64)> = match *law {
            Law::Binary { one } => vec![(Symbol::Index(0), 1.0 - one), (Symbol::Index(1), one)],
            Law::Uniform { q } => (0..q as u32).map(|i| (Symbol::Index(i), 1.0 / q)).collect(),
            Law::Value { space } => {
                (0..space as u32).map(|i| (Symbol::Value(i.to_string()), 1.0 / space)).collect()
            }
        };
        rows = rows
            .iter()
            .flat_map(|(row, mass): &(Vec<Symbol>, f64)| {
                choices.iter().map(move |(symbol, p)| {
                    let mut row = row.clone();
                    row.push(symbol.clone());
                    (row, mass * p)
                })
            })
            .collect();
    }
    let (mut mean, mut accusing) = (0.0, 0.0);
    for (symbols, mass) in rows {
        let mut population = vec![Row { member: "innocent".into(), symbols }];
        population.extend_from_slice(others);
        let trace = accuse(&sites, &population, &reading(seen.to_vec()), epsilon).unwrap();
        mean += 10f64.powf(trace.members[0].log10_e) * mass;
        // P(p <= t) <= t, here at the accusing threshold of n = 1.
        accusing += if trace.members[0].p_value <= epsilon { mass } else { 0.0 };
    }
    (mean, accusing)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn e_has_mean_at_most_one_and_p_is_valid(
        biases in proptest::collection::vec((0.05..0.95f64, 0..3u32), 1..4),
        rank in 0..4u32,
        tokens in 0..3u32,
        epsilon in 0.001..0.5f64,
        others in proptest::collection::vec((proptest::collection::vec(0..2u32, 3), 0..4u32, 0..5u32), 0..4),
    ) {
        let mut laws: Vec<Law> = biases.iter().map(|&(one, _)| Law::Binary { one }).collect();
        let mut seen: Vec<Seen> =
            biases.iter().map(|&(_, s)| if s == 2 { Seen::Erased } else { Seen::Index(s) }).collect();
        laws.push(Law::Uniform { q: 4.0 });
        seen.push(Seen::Index(rank));
        laws.push(Law::Value { space: 5.0 });
        seen.push(Seen::Tokens((0..tokens).map(|t| t.to_string()).collect()));
        let others: Vec<Row> = others
            .iter()
            .enumerate()
            .map(|(j, (bits, index, value))| {
                let mut row = row(j, bits.iter().take(biases.len()).copied());
                row.symbols.extend([Symbol::Index(*index), Symbol::Value(value.to_string())]);
                row
            })
            .collect();
        let (mean, accusing) = enumerate(&laws, &seen, epsilon, &others);
        prop_assert!(mean <= 1.0 + 1e-9, "{mean}");
        prop_assert!(accusing <= epsilon * (1.0 + 1e-9));
    }
}
