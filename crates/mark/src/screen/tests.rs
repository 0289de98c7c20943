use proptest::prelude::*;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

use super::*;
use crate::accuse::bound::ln_e_threshold;
use crate::accuse::constant::ConstantTest;
use crate::accuse::factor::{BANK, MISREAD};
use crate::accuse::tail::{Step, Tail};

fn rows(rng: &mut StdRng, biases: &[f64], members: usize) -> PackedRows {
    let mut rows = PackedRows::new(biases.len(), members);
    for _ in 0..members {
        rows.push(biases.iter().map(|one| rng.gen_bool(*one))).unwrap();
    }
    rows
}

fn binary(one: f64, seen_one: bool) -> Weights {
    let hit_probability = if seen_one { one } else { 1.0 - one };
    Weights::of(hit_probability, |coalition, hit| coalition.binary(one, MISREAD, seen_one, seen_one == hit))
        .seen(seen_one)
}

/// A leak of the first two members' rows, some of it erased, and a value that some hit.
fn leak(rng: &mut StdRng, biases: &[f64], rows: &PackedRows, erased: f64, epsilon: f64, best: usize) -> Rule {
    let (first, second) = (rows.symbols(0), rows.symbols(1.min(rows.members() - 1)));
    let sites = biases.iter().zip(first.zip(second)).map(|(one, (first, second))| {
        let seen_one = if rng.r#gen() { first } else { second };
        if rng.gen_bool(erased) { Weights::ERASED } else { binary(*one, seen_one) }
    });
    let sites: Vec<Weights> = sites.collect();
    let test = ConstantTest::new(2, 1000.0).unwrap();
    let weights = Weights::of(test.hit_probability, |_, hit| test.factor(hit));
    let hits = (0..rows.members()).filter(|_| rng.gen_bool(0.01)).collect();
    let side = vec![Side { weights, hits }];

    let n = rows.members();
    let laws = sites.iter().zip(biases).filter(|(site, _)| **site != Weights::ERASED);
    let least_tail = std::array::from_fn(|tail| {
        let score = BANK.len() + tail;
        let of = |weights: &Weights, hit_probability: f64| {
            let (zero, one) = (weights.zero[score] as i64, weights.one[score] as i64);
            Step { hit: zero.max(one), miss: zero.min(one), hit_probability }
        };
        let mut steps = vec![of(&weights, test.hit_probability)];
        steps.extend(laws.clone().map(|(site, one)| {
            let hit = if site.one[score] > site.zero[score] { *one } else { 1.0 - one };
            of(site, hit)
        }));
        let (least, most) = (steps.iter().map(|s| s.miss).sum(), steps.iter().map(|s| s.hit).sum());
        let law = Tail::new(&steps);
        let found = least_accusing(&law, least, most, n, epsilon);
        let accuses = |score| law.at(score) * 2.0 <= epsilon / (2.0 * n as f64);
        assert!(accuses(found) || found > most);
        assert!(found == least || !accuses(found - 1));
        found
    });
    Rule { sites, side, least_ln_e: ln_e_threshold(n, epsilon), least_tail, best }
}

#[test]
fn rows_of_another_length_are_refused() {
    let mut rows = PackedRows::new(9, 2);
    let refused = rows.push([true; 8]).unwrap_err();
    assert_eq!(refused, ScreenError::Row { member: 0, found: 8, sites: 9 });
    assert!(rows.push([true; 10]).is_err());
    assert!(rows.push_bytes(&[0; 3]).is_err());
    rows.push_bytes(&[0, 0xff]).unwrap();
    assert_eq!(rows.members(), 1);
    assert_eq!(rows.symbols(0).filter(|one| *one).count(), 1);
    assert_eq!(rows.symbols(1).count(), 0);
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let mut rng = StdRng::seed_from_u64(1);
    let biases = [0.5; 20];
    let rows = rows(&mut rng, &biases, 3);
    let rule = leak(&mut rng, &biases, &rows, 0.0, 0.1, 1);
    let short = Rule { sites: rule.sites[1..].to_vec(), ..rule.clone() };
    assert_eq!(screen(&rows, &short).unwrap_err(), ScreenError::Sites { rule: 19, rows: 20 });
    let mut hit = rule.clone();
    hit.side[0].hits = vec![1, 3];
    assert_eq!(screen(&rows, &hit).unwrap_err(), ScreenError::Hit(3));
    let mut weight = rule;
    weight.sites[7].one[0] = f64::NEG_INFINITY;
    assert_eq!(screen(&rows, &weight).unwrap_err(), ScreenError::Weight(7));
    assert_eq!(Score::new(&[[0.0, f64::NAN]]).unwrap_err(), ScreenError::Weight(0));
}

#[test]
fn few_are_kept_where_one_pair_leaks() {
    for bias in [None, Some(0.5)] {
        let mut rng = StdRng::seed_from_u64(2);
        let biases: Vec<f64> = (0..600).map(|_| bias.unwrap_or_else(|| rng.gen_range(0.05..0.95))).collect();
        let rows = rows(&mut rng, &biases, 3000);
        let rule = leak(&mut rng, &biases, &rows, 0.2, 1e-6, 0);
        let screened = screen(&rows, &rule).unwrap();
        assert_eq!(screened.kept, [0, 1]);
        let ranked = screen(&rows, &Rule { best: 50, ..rule }).unwrap();
        assert!((50..60).contains(&ranked.kept.len()), "{}", ranked.kept.len());
    }
}

#[test]
fn members_without_a_bit_are_screened_by_their_values() {
    let mut rows = PackedRows::new(0, 500);
    (0..500).for_each(|_| rows.push([]).unwrap());
    let test = ConstantTest::new(1, 1e12).unwrap();
    let weights = Weights::of(test.hit_probability, |_, hit| test.factor(hit));
    let side = vec![Side { weights, hits: vec![499, 3] }];
    let rule = Rule { sites: Vec::new(), side, least_ln_e: 20.0, least_tail: [i64::MAX; 2], best: 0 };
    assert_eq!(screen(&rows, &rule).unwrap().kept, [3, 499]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn nobody_that_exact_scores_accuse_or_rank_is_lost(
        seed: u64, members in 1..700_usize, sites in 0..300_usize, one_bias: bool,
        erased in 0.0..0.9, epsilon in 1e-9..0.9, best in 0..80_usize,
    ) {
        let mut rng = StdRng::seed_from_u64(seed);
        let biases: Vec<f64> =
            (0..sites).map(|_| if one_bias { 0.5 } else { rng.gen_range(0.02..0.98) }).collect();
        let rows = rows(&mut rng, &biases, members);
        let rule = leak(&mut rng, &biases, &rows, erased, epsilon, best);
        let screened = screen(&rows, &rule).unwrap();

        let everybody: Vec<usize> = (0..members).collect();
        let exact = rescore(&rows, &rule, &everybody).unwrap();
        let mut order: Vec<&Weighed> = exact.iter().collect();
        order.sort_by(|a, b| b.ln_e.total_cmp(&a.ln_e));
        let needed = exact.iter().filter(|member| member.accuses(&rule)).chain(order.into_iter().take(best));
        for member in needed {
            prop_assert!(screened.kept.binary_search(&member.member).is_ok(), "{member:?} is lost");
        }
        prop_assert_eq!(screened.ln_e_at_most.len(), members);
        for (member, at_most) in exact.iter().zip(&screened.ln_e_at_most) {
            prop_assert!(member.ln_e <= *at_most, "{member:?} exceeds {at_most}");
        }
    }

    #[test]
    fn one_score_is_within_its_error(
        seed: u64, members in 1..300_usize, sites in 0..2500_usize, scale in 1e-3..1e3_f64,
    ) {
        let mut rng = StdRng::seed_from_u64(seed);
        let rows = rows(&mut rng, &vec![0.5; sites], members);
        let weights: Vec<[f64; 2]> =
            (0..sites).map(|_| [rng.gen_range(-scale..scale), rng.gen_range(-scale..scale)]).collect();
        let score = Score::new(&weights).unwrap();
        let exact: Vec<f64> = (0..members)
            .map(|member| rows.symbols(member).zip(&weights).map(|(one, of)| of[usize::from(one)]).sum())
            .collect();
        let mut found = Vec::new();
        score.each(&rows, |_, scores| found.extend_from_slice(scores));
        for (found, exact) in found.iter().zip(&exact) {
            prop_assert!((found - exact).abs() <= score.error(), "{found} {exact} {}", score.error());
        }
        let least = exact[rng.gen_range(0..members)];
        let kept = score.at_least(&rows, least);
        for member in (0..members).filter(|member| exact[*member] >= least) {
            prop_assert!(kept.contains(&member));
        }
        // Rounding off is what the error allows, and no more than a few times what it comes to.
        prop_assert!(score.error() <= sites as f64 * scale / 50.0 + 1e-6);
    }

    #[test]
    fn rows_without_sites_have_a_score(members in 1..600_usize) {
        let rows = rows(&mut StdRng::seed_from_u64(1), &[], members);
        let kept = Score::new(&[]).unwrap().at_least(&rows, 0.0);
        prop_assert_eq!(kept, (0..members).collect::<Vec<_>>());
    }

    #[test]
    fn every_kernel_adds_up_the_same(seed: u64, members in 1..600_usize, sites in 1..5000_usize) {
        let mut rng = StdRng::seed_from_u64(seed);
        let rows = rows(&mut rng, &vec![0.5; sites], members);
        let table: Vec<table::Nibbles> = (0..sites.div_ceil(8))
            .map(|_| [0, 1].map(|_| std::array::from_fn(|_| rng.gen_range(0..=table::STEPS))))
            .collect();
        let full = vec![[[table::STEPS; 16]; 2]; table.len()];
        for table in [&table, &full] {
            for lines in rows.blocks() {
                let want = Kernel::Portable.sums(lines, table);
                for kernel in kernels() {
                    prop_assert_eq!(kernel.sums(lines, table), want);
                }
            }
        }
    }
}

/// Every kernel this processor has.
fn kernels() -> Vec<Kernel> {
    use fearless_simd::Level;
    let level = Level::new();
    let mut kernels = vec![Kernel::new(), Kernel::Shuffle(Level::baseline())];
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    {
        kernels.extend(level.as_sse4_2().map(|level| Kernel::Shuffle(Level::Sse4_2(level))));
        kernels.extend(level.as_avx2().map(|level| Kernel::Shuffle(Level::Avx2(level))));
        kernels.extend(level.as_avx512().map(|level| Kernel::Shuffle(Level::Avx512(level))));
    }
    kernels.push(Kernel::Shuffle(level));
    kernels
}
