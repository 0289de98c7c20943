//! The constants of the scorers that can be checked, written down a second time.

use crate::file::Scorer;

pub(crate) const BANK: [(u32, &str); 22] = [
    (1, "interleave"),
    (2, "interleave"),
    (2, "all_ones"),
    (2, "all_zeros"),
    (3, "interleave"),
    (3, "majority"),
    (3, "minority"),
    (3, "all_ones"),
    (3, "all_zeros"),
    (3, "coin"),
    (5, "interleave"),
    (5, "majority"),
    (5, "minority"),
    (5, "all_ones"),
    (5, "all_zeros"),
    (5, "coin"),
    (8, "interleave"),
    (8, "majority"),
    (8, "minority"),
    (8, "all_ones"),
    (8, "all_zeros"),
    (8, "coin"),
];
pub(crate) const PAIR_BANK: [(u32, &str, f64); 8] = [
    (2, "interleave", 0.3),
    (2, "all_ones", 0.1),
    (2, "all_zeros", 0.1),
    (3, "interleave", 0.1),
    (3, "majority", 0.1),
    (3, "minority", 0.1),
    (3, "all_ones", 0.1),
    (3, "all_zeros", 0.1),
];
pub(crate) const TRIPLE_BANK: [(u32, &str); 6] =
    [(3, "interleave"), (3, "majority"), (3, "minority"), (3, "all_ones"), (3, "all_zeros"), (3, "coin")];
/// The model whose log factor is the second tail score.
pub(crate) const PAIR: (u32, &str) = (2, "interleave");
pub(crate) const MISREAD: f64 = 0.01;
pub(crate) const RHO: f64 = 0.5;
pub(crate) const CAP: f64 = 1e15;
pub(crate) const STEP: f64 = 1.0 / 64.0;
pub(crate) const WEIGHT_CAP: f64 = 32.0;
pub(crate) const SCORES: u32 = 2;
pub(crate) const SCREEN: u32 = 3000;
pub(crate) const TRIPLES: u32 = 500_000;
/// Evidence beyond the threshold that rounding is given, in nats.
pub(crate) const ROUNDING_NATS: f64 = 1e-9;
/// Tails below are given as this.
pub(crate) const FLOOR: f64 = 1e-290;
/// ln of what a term given two partners may be left out for.
pub(crate) const NEGLIGIBLE: f64 = -30.0;
/// Most steps of the computation that are done.
pub(crate) const MOST_WORK: f64 = 1e11;

/// Returns the constants of a scorer; `None` for one that is not known.
pub(crate) fn scorer(version: &str) -> Option<Scorer> {
    let models = |bank: &[(u32, &str)]| bank.iter().map(|(c, name)| (*c, (*name).to_owned())).collect();
    (version == "mark-score/3").then(|| Scorer {
        version: version.to_owned(),
        bank: models(&BANK),
        pair_bank: PAIR_BANK.iter().map(|(c, name, weight)| (*c, (*name).to_owned(), *weight)).collect(),
        triple_bank: models(&TRIPLE_BANK),
        misread: MISREAD,
        rho: RHO,
        cap: CAP,
        step: STEP,
        weight_cap: WEIGHT_CAP,
        scores: SCORES,
        screen: SCREEN,
        triples: TRIPLES,
        rounding_nats: ROUNDING_NATS,
    })
}
