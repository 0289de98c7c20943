use fearless_simd::{Level, dispatch, f64x8, prelude::*};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::super::factor::{BANK, Strategy, ln_mean_exp, ln_sum_exp};
use super::super::tail::tests::bits;
use super::lanes::{LANES, exp};
use super::pair::{PairTable, Pairs, PerModel, given_a_partner, ln_sums_of_others};
use super::triple::{given_two, ln_sums_of_pairs_without};
use super::*;

/// What a row says of its own, by the single e-value.
fn own(sites: &[Shown], ln_values: f64, hits: Vec<bool>) -> Own {
    let ln_e = BANK.map(|coalition| -> f64 {
        let factor = |(shown, &hit): (&Shown, &bool)| {
            (shown.given(&coalition, 1, u32::from(hit)) / shown.given(&coalition, 0, 0)).ln()
        };
        ln_values + sites.iter().zip(&hits).map(factor).sum::<f64>()
    });
    Own { ln_e: ln_mean_exp(&ln_e), ln_values, hits }
}

/// An innocent's chance of a hit.
fn hit_probability(shown: &Shown) -> f64 {
    match *shown {
        Shown::Binary { one, seen_one } => {
            if seen_one {
                one
            } else {
                1.0 - one
            }
        }
        Shown::Uniform { q } => 1.0 / q,
    }
}

/// Every row with its probability.
fn all_rows(sites: &[Shown]) -> impl Iterator<Item = (Vec<bool>, f64)> + '_ {
    (0..1u32 << sites.len()).map(|row| {
        let hits: Vec<bool> = (0..sites.len()).map(|i| row >> i & 1 == 1).collect();
        let chance = |(shown, &hit): (&Shown, &bool)| {
            let p = hit_probability(shown);
            if hit { p } else { 1.0 - p }
        };
        let mass = sites.iter().zip(&hits).map(chance).product();
        (hits, mass)
    })
}

/// The vector of the published figures: m=12, p_i=(2i+1)/24, d=.01, and the hits of x and x2.
fn vector_v() -> (Vec<Shown>, Vec<bool>, Vec<bool>) {
    let seen = bits("001001110111");
    let shown = seen.iter().enumerate();
    let shown = shown.map(|(i, &seen_one)| Shown::Binary { one: (2 * i + 1) as f64 / 24.0, seen_one });
    let hits = |row: &str| bits(row).iter().zip(&seen).map(|(x, y)| x == y).collect();
    (shown.collect(), hits("001010110111"), hits("100101011101"))
}

fn ln_pair(sites: &[Shown], member: &Own, partner: &Own) -> PerModel {
    let members = [member, partner];
    let mut terms = PairTable::new(&Words::new(sites, &members), &members).per_model(0, 1).unwrap();
    for (term, (_, weight)) in terms.iter_mut().zip(PAIR_BANK) {
        *term -= weight.ln();
    }
    terms
}

#[test]
fn published_pair_figures() {
    let (sites, x, x2) = vector_v();
    let terms = ln_pair(&sites, &own(&sites, 0.0, x), &own(&sites, 0.0, x2));
    for (colluders, strategy, want) in [
        (2, Strategy::Interleave, 3.335478647),
        (2, Strategy::AllOnes, -1.731435474),
        (3, Strategy::Minority, 0.098972357),
    ] {
        let model = PAIR_BANK.iter().position(|(c, _)| *c == Coalition { colluders, strategy }).unwrap();
        assert!((terms[model] - want).abs() < 1e-8, "{} is not {want}", terms[model]);
    }
}

#[test]
fn a_pair_has_mean_one_in_every_model() {
    let (sites, _, x2) = vector_v();
    let partner = own(&sites, 0.0, x2);
    let mut mean = [0.0; PAIR_BANK.len()];
    for (hits, mass) in all_rows(&sites) {
        for (sum, ln) in mean.iter_mut().zip(ln_pair(&sites, &own(&sites, 0.0, hits), &partner)) {
            *sum += mass * ln.exp();
        }
    }
    for mean in mean {
        assert!((mean - 1.0).abs() < 1e-10, "{mean}");
    }
}

#[test]
fn bank_weights_sum_to_one() {
    let sum: f64 = PAIR_BANK.iter().map(|(_, weight)| weight).sum();
    assert!((sum - 1.0).abs() < 1e-12);
}

/// Mixed laws, more equal sites than a word holds, values: the tables against the definition.
#[test]
fn the_tables_agree_with_the_definition() {
    let mut rng = StdRng::seed_from_u64(4);
    let sites: Vec<Shown> = (0..200)
        .map(|i| match i % 5 {
            0 => Shown::Uniform { q: 24.0 },
            1 => Shown::Binary { one: 0.2, seen_one: rng.gen_bool(0.5) },
            _ => Shown::Binary { one: 0.5, seen_one: rng.gen_bool(0.5) },
        })
        .collect();
    let mut member = |ln_values| own(&sites, ln_values, (0..200).map(|_| rng.gen_bool(0.5)).collect());
    // Values to make up for the choices: what is negligible may be left out.
    let members = [member(71.25), member(-3.0), member(0.5)];
    let [j, k, l] = &members;
    let ln = |coalition: &Coalition, others: &[&Own]| -> f64 {
        let known = others.len() as u32;
        let factor = |(at, shown): (usize, &Shown)| {
            let hits: u32 = others.iter().map(|other| u32::from(other.hits[at])).sum();
            let own = u32::from(j.hits[at]);
            (shown.given(coalition, known + 1, hits + own) / shown.given(coalition, known, hits)).ln()
        };
        j.ln_values + sites.iter().enumerate().map(factor).sum::<f64>()
    };
    for (term, (coalition, _)) in ln_pair(&sites, j, k).iter().zip(PAIR_BANK) {
        let want = ln(&coalition, &[k]);
        assert!((term - want).abs() < 1e-9, "{term} is not {want}");
    }
    let triple = TRIPLE_BANK.map(|coalition| ln(&coalition, &[k, l]));
    let paired = [j, k, l];
    let words = Words::new(&sites, &paired);
    let mut pair = Pairs::new(1);
    pair.push(0.0, (1, 2));
    let got = &given_two(&words, &paired, &pair)[0];
    let want = ln_mean_exp(&triple);
    assert!((got.ln - want).abs() < 1e-9, "{} is not {want}", got.ln);
    assert_eq!(got.given, [1, 2]);
}

/// More members than lie side by side; evidence from far too little to count to more than a float holds.
#[test]
fn everybody_given_every_pair_agrees_with_the_definition() {
    let mut rng = StdRng::seed_from_u64(9);
    let sites: Vec<Shown> = (0..150)
        .map(|i| match i % 3 {
            0 => Shown::Uniform { q: 6.0 },
            1 => Shown::Binary { one: 0.2, seen_one: rng.gen_bool(0.5) },
            _ => Shown::Binary { one: 0.5, seen_one: i % 2 == 0 },
        })
        .collect();
    for ln_values in [0.0, 1500.0, -1500.0] {
        let members: Vec<Own> = (0..19)
            .map(|at| {
                let bias = if at < 3 { 0.9 } else { 0.45 };
                let values = if at % 4 == 2 { ln_values } else { 0.0 };
                own(&sites, values, (0..sites.len()).map(|_| rng.gen_bool(bias)).collect())
            })
            .collect();
        let paired: Vec<&Own> = members.iter().collect();
        let words = Words::new(&sites, &paired);
        let (_, pairs) = given_a_partner(&words, &paired, 120);
        let parts = given_two(&words, &paired, &pairs);
        let sums = ln_sums_of_pairs_without(members.len(), &pairs);
        for (at, (part, ln_all)) in parts.iter().zip(sums).enumerate() {
            let mut terms = Vec::new();
            let mut greatest = (f64::NEG_INFINITY, [0, 0]);
            for &(ln, (k, l)) in pairs.kept.iter().filter(|(_, (k, l))| *k != at && *l != at) {
                for coalition in TRIPLE_BANK {
                    let factor = |(place, shown): (usize, &Shown)| {
                        let known = u32::from(members[k].hits[place]) + u32::from(members[l].hits[place]);
                        let own = u32::from(members[at].hits[place]);
                        (shown.given(&coalition, 3, known + own) / shown.given(&coalition, 2, known)).ln()
                    };
                    let product: f64 = sites.iter().enumerate().map(factor).sum();
                    let term = ln - ln_all + members[at].ln_values + product - 6f64.ln();
                    terms.push(term);
                    if term > greatest.0 {
                        greatest = (term, [k, l]);
                    }
                }
            }
            let want = ln_sum_exp(&terms);
            let near = |want: f64| (part.ln - want).abs() < 1e-9;
            // What is negligible may be left out.
            assert!(near(want) || want < -20.0 && part.ln < want, "{at}: {} is not {want}", part.ln);
            assert!(part.ln >= greatest.0 - 1e-9, "{at}: {} is less than {}", part.ln, greatest.0);
            assert_eq!(part.given, greatest.1);
        }
    }
}

#[test]
fn the_exponential_is_exact_to_fourteen_places() {
    let mut rng = StdRng::seed_from_u64(10);
    let level = Level::new();
    for span in [1e-3, 1.0, 40.0, 708.0] {
        for _ in 0..1000 {
            let x: [f64; LANES] = std::array::from_fn(|_| rng.gen_range(-span..=span));
            let got: [f64; LANES] = dispatch!(level, simd => exp(simd, f64x8::load_array(simd, x)).into());
            for (x, got) in x.iter().zip(got) {
                assert!((got / x.exp() - 1.0).abs() < 1e-14, "e^{x} is not {got}");
            }
        }
    }
    let ends = [0.0, -0.0, 709.0, -708.0, -709.0, -1e300, f64::NEG_INFINITY, f64::MIN_POSITIVE];
    let got: [f64; LANES] = dispatch!(level, simd => exp(simd, f64x8::load_array(simd, ends)).into());
    assert_eq!((got[0], got[1], got[7]), (1.0, 1.0, 1.0));
    assert!(got[2].is_finite() && got[3..7].iter().all(|e| (0.0..=4e-308).contains(e)), "{got:?}");
}

fn ln_e(parts: &[Part]) -> f64 {
    ln_sum_exp(&parts.iter().map(|part| part.ln).collect::<Vec<_>>())
}

/// Sums E exactly over all rows of an innocent, at `at` among the others, whose rows are fixed.
fn mean((screened, triples): (usize, usize), sites: &[Shown], others: &[Own], at: usize) -> f64 {
    all_rows(sites)
        .map(|(hits, mass)| {
            let mut members = others.to_vec();
            members.insert(at, own(sites, 0.0, hits));
            mass * ln_e(&joint(screened, triples, sites, &members)[at]).exp()
        })
        .sum()
}

/// Others that colluded to make the reading, so that weights and screen are as uneven as they get.
#[test]
fn the_joint_e_value_has_mean_one_over_all_rows() {
    let mut rng = StdRng::seed_from_u64(6);
    for round in 0..6 {
        let mut sites = vec![Shown::Binary { one: 0.5, seen_one: true }; 3];
        sites.extend((0..5).map(|i| Shown::Binary { one: 0.15 * f64::from(i + 1), seen_one: i % 2 == 0 }));
        sites.push(Shown::Uniform { q: 6.0 });
        let others: Vec<Own> = (0..6)
            .map(|k| {
                let bias = if k < 2 { 0.8 } else { 0.4 };
                own(&sites, 0.0, sites.iter().map(|_| rng.gen_bool(bias)).collect())
            })
            .collect();
        let at = round % 7;
        for others in [&others[..], &others[..2], &others[..1], &[]] {
            let all = mean((SCREEN, TRIPLES), &sites, others, at.min(others.len()));
            assert!((all - 1.0).abs() < 1e-10, "{all}");
        }
        // Seven members, one pair in all that is evaluated; then three of them screened.
        for given_up in [(SCREEN, 7), (3, TRIPLES)] {
            let less = mean(given_up, &sites, &others, at);
            assert!(less < 1.0 && less > 0.4, "{given_up:?}: {less}");
        }
    }
}

#[test]
fn weights_of_others_sum_to_one() {
    let weights = [0.0, 700.0, 3.0, 699.0, 0.0];
    for (at, others) in ln_sums_of_others(&weights).into_iter().enumerate() {
        let sum: f64 =
            weights.iter().enumerate().filter(|(k, _)| *k != at).map(|(_, w)| (w - others).exp()).sum();
        assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    }
    assert_eq!(ln_sums_of_others(&[5.0]), [f64::NEG_INFINITY]);
}

/// Pairs of very uneven evidence: whoever is left out, the weights of the rest sum to one.
#[test]
fn weights_of_pairs_without_a_member_sum_to_one() {
    let kept = vec![(2000.0, (0, 1)), (3.0, (2, 3)), (0.0, (1, 2)), (1.0, (0, 3))];
    let mut pairs = Pairs::new(4);
    pairs.kept = kept;
    for (at, sum) in ln_sums_of_pairs_without(5, &pairs).into_iter().enumerate() {
        let without = pairs.kept.iter().filter(|(_, (k, l))| *k != at && *l != at);
        let weights: f64 = without.map(|(ln, _)| (ln - sum).exp()).sum();
        assert!((weights - 1.0).abs() < 1e-12, "{at}: {weights}");
    }
}

#[test]
fn pairs_that_are_dropped_stay_in_the_sum() {
    let mut pairs = Pairs::new(10);
    for k in 0..5000 {
        pairs.push(f64::from(k % 100) / 50.0, (k as usize, 6000));
    }
    pairs.drop_least();
    assert_eq!(pairs.kept.len(), 10);
    assert!(pairs.kept.iter().all(|(ln, _)| *ln == 99.0 / 50.0));
    let sum: f64 = (0..100).map(|k| 50.0 * (f64::from(k) / 50.0).exp()).sum();
    let kept = 10.0 * (99.0f64 / 50.0).exp();
    assert!((pairs.ln_rest.exp() + kept - sum).abs() < 1e-6);
}

#[test]
fn without_a_partner_the_row_stands_alone() {
    let (sites, x, _) = vector_v();
    let alone = own(&sites, 0.0, x);
    let parts = joint(SCREEN, TRIPLES, &sites, std::slice::from_ref(&alone));
    assert_eq!(parts, [[Part { ln: alone.ln_e, given: vec![] }]]);
    let values = own(&[], 12.0, vec![]);
    assert_eq!(joint(SCREEN, TRIPLES, &[], &[values.clone(), values])[1], [Part { ln: 12.0, given: vec![] }]);
}

#[test]
fn equal_sites_share_a_class() {
    let mut sites = vec![Shown::Binary { one: 0.5, seen_one: true }; 65];
    sites.insert(1, Shown::Uniform { q: 6.0 });
    let hits: Vec<bool> = (0..66).map(|place| place % 2 == 0 || place == 1).collect();
    let member = own(&sites, 0.0, hits);
    let words = Words::new(&sites, &[&member]);
    assert_eq!(words.classes.iter().map(|class| class.places.len()).collect::<Vec<_>>(), [65, 1]);
    assert_eq!(words.at_last_words(|class| class.places.len()), [None, Some(65), Some(1)]);
    assert_eq!(words.counts(&words.hits[0]), [33.0, 1.0]);
}
