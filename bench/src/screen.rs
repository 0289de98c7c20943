//! Screening the rows of a very large program, against merely reading them.

use std::{hint::black_box, time::Duration};

use anyhow::{Context as _, ensure};
use engine::Stopwatch;
use mark::{
    accuse::{
        bound::ln_e_threshold,
        factor::MISREAD,
        joint,
        tail::{Step, Tail},
    },
    screen::{ADDITIVE, PackedRows, Rule, Score, Weights, least_accusing, rescore, screen},
};

const MEMBERS: usize = 1_000_000;
const SITES: usize = 4096;
const EPSILON: f64 = 1e-6;
const COLLUDERS: [usize; 2] = [123_456, 654_321];
/// One site in so many is erased.
const ERASED: u64 = 5;
/// How often; the best one counts.
const RUNS: usize = 10;

pub(crate) fn run() -> anyhow::Result<()> {
    let mut random = Random(88_172_645_463_325_252);
    let mixed: Vec<u8> = (0..SITES)
        .map(|site| {
            let angle = 0.2 + (site as f64 + 0.5) / SITES as f64 * (std::f64::consts::FRAC_PI_2 - 0.4);
            (256.0 * angle.sin().powi(2)).round() as u8
        })
        .collect();
    population("biases between 0.04 and 0.96", &mixed, &mut random, true)?;
    population("one bias, 1/2", &[128; SITES], &mut random, false)
}

fn population(name: &str, biases: &[u8], random: &mut Random, alone: bool) -> anyhow::Result<()> {
    let rows = rows(biases, random)?;
    let rule = rule(biases, &rows, random)?;
    if alone {
        one_score(&rows, &rule)?;
    }
    let (taken, screened) = best(|| screen(&rows, &rule))?;
    let (weighed_in, weighed) = best(|| rescore(&rows, &rule, &screened.kept))?;
    let accused: Vec<usize> =
        weighed.iter().filter(|weighed| weighed.accuses(&rule)).map(|weighed| weighed.member).collect();
    ensure!(accused == COLLUDERS, "the leakers alone are accused, not {accused:?}");
    println!(
        "screen: the same size, {name}, all {ADDITIVE} scores bounded, nobody lost that exact scores accuse or rank among the best {}: {:.0} ms; {} kept and weighed exactly: {:.0} ms",
        rule.best,
        milliseconds(taken),
        screened.kept.len(),
        milliseconds(weighed_in),
    );
    Ok(())
}

/// Times one score and reading the same rows.
fn one_score(rows: &PackedRows, rule: &Rule) -> anyhow::Result<()> {
    let pair = ADDITIVE - 1;
    let of = |weights: &[f64; ADDITIVE]| weights.get(pair).copied().unwrap_or_default();
    let weights: Vec<[f64; 2]> = rule.sites.iter().map(|site| [of(&site.zero), of(&site.one)]).collect();
    let score = Score::new(&weights)?;
    let least = *rule.least_tail.last().context("the pair score's least")? as f64;
    let (read, _) = best(|| anyhow::Ok(black_box(sum(rows))))?;
    let (scored, kept) = best(|| anyhow::Ok(score.at_least(rows, least)))?;
    ensure!(COLLUDERS.iter().all(|colluder| kept.contains(colluder)), "no leaker is lost");
    println!(
        "screen: {MEMBERS} members, {SITES} sites, one core, one score (best of {RUNS}): {:.0} ms, {:.2} times the {:.0} ms that reading the same {} MB takes; {} members kept",
        milliseconds(scored),
        scored.as_secs_f64() / read.as_secs_f64().max(1e-9),
        milliseconds(read),
        MEMBERS * SITES / 8 / 1_000_000,
        kept.len(),
    );
    Ok(())
}

/// Reads every byte once.
fn sum(rows: &PackedRows) -> u64 {
    let mut sums = [0_u64; 8];
    for part in rows.lines().flat_map(|line| line.as_chunks::<64>().0) {
        for (sum, bytes) in sums.iter_mut().zip(part.as_chunks::<8>().0) {
            *sum = sum.wrapping_add(u64::from_le_bytes(*bytes));
        }
    }
    sums.iter().fold(0, |all, sum| all ^ sum)
}

fn best<T, E>(mut work: impl FnMut() -> Result<T, E>) -> Result<(Duration, T), E> {
    let mut timed = || {
        let watch = Stopwatch::start();
        let result = work()?;
        Ok((watch.elapsed(), result))
    };
    let mut best = timed()?;
    for _ in 1..RUNS {
        best = std::cmp::min_by_key(best, timed()?, |(time, _)| *time);
    }
    Ok(best)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Draws everybody's row; `biases` are 256 P(symbol is 1), site by site.
fn rows(biases: &[u8], random: &mut Random) -> anyhow::Result<PackedRows> {
    // Bit k of the biases of 64 sites, k from the lowest.
    let planes: Vec<[u64; 8]> = biases
        .chunks(64)
        .map(|sites| {
            std::array::from_fn(|k| {
                sites.iter().enumerate().fold(0, |word, (at, bias)| word | u64::from(bias >> k & 1) << at)
            })
        })
        .collect();
    let mut rows = PackedRows::new(SITES, MEMBERS);
    let mut row = Vec::with_capacity(SITES / 8);
    for _ in 0..MEMBERS {
        row.clear();
        for planes in &planes {
            // Compares 64 uniform bytes with 64 biases at once, a bit of each at a time.
            let word = planes.iter().fold(0, |less, plane| {
                let drawn = random.word();
                (!drawn & plane) | (!(drawn ^ plane) & less)
            });
            row.extend(word.to_le_bytes());
        }
        rows.push_bytes(&row)?;
    }
    Ok(rows)
}

/// What the colluders, who interleave, are weighed by.
fn rule(biases: &[u8], rows: &PackedRows, random: &mut Random) -> anyhow::Result<Rule> {
    let [first, second] = COLLUDERS.map(|member| rows.symbols(member));
    let (mut sites, mut steps) = (Vec::with_capacity(SITES), [Vec::new(), Vec::new()]);
    for ((bias, first), second) in biases.iter().zip(first).zip(second) {
        let seen_one = if random.word() >> 63 == 0 { first } else { second };
        if (random.word() >> 32).is_multiple_of(ERASED) {
            sites.push(Weights::ERASED);
            continue;
        }
        let one = f64::from(*bias) / 256.0;
        let hit_probability = if seen_one { one } else { 1.0 - one };
        let weights = Weights::of(hit_probability, |coalition, hit| {
            coalition.binary(one, MISREAD, seen_one, seen_one == hit)
        });
        for (steps, (hit, miss)) in
            steps.iter_mut().zip(weights.one.iter().zip(&weights.zero).skip(ADDITIVE - 2))
        {
            steps.push(Step { hit: *hit as i64, miss: *miss as i64, hit_probability });
        }
        sites.push(weights.seen(seen_one));
    }
    let least_tail = steps.map(|steps| {
        let (least, most) =
            (steps.iter().map(|step| step.miss).sum(), steps.iter().map(|step| step.hit).sum());
        least_accusing(&Tail::new(&steps), least, most, MEMBERS, EPSILON)
    });
    let least_ln_e = ln_e_threshold(MEMBERS, EPSILON);
    Ok(Rule { sites, side: Vec::new(), least_ln_e, least_tail, best: joint::SCREEN })
}

/// **Source:** Marsaglia, "Xorshift RNGs", 2003.
struct Random(u64);

impl Random {
    fn word(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
