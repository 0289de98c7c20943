//! How likely symbol 1 is at a site of two symbols: the law of the code, by the coalition it is made for.
//!
//! | declared colluders | law |
//! |---|---|
//! | 1, 2 | p = 1/2 at every site: most evidence a site, and nothing to hide |
//! | 3 to 16 | p at the nodes of Nuida's law, drawn with its weights |
//! | more | p = sin² of a uniform angle, cut off at [`CUT_OFF`] |
//!
//! At p = 1/2 three colluders who show what fewest of them hold show a sum modulo 2, which no single row and
//! no pair of rows bears on; biased sites do not have that hole, and pay for it against one leaker.
//!
//! A site's p is P/65536 with P drawn from the release secret and the site's id, so the law that a symbol is
//! drawn by and the one that it is weighed by are the same number exactly. Whatever law is declared, the bound
//! on accusing an innocent holds; a wrong declaration costs power only.
//!
//! **Source:** Nuida, Fujitsu, Hagiwara, Kitagawa, Watanabe, Ogawa and Imai, "An improvement of discrete Tardos
//! fingerprinting codes", Designs, Codes and Cryptography 52, 2009; the arcsine law: Tardos, "Optimal
//! probabilistic fingerprint codes", 2003.

use serde::{Deserialize, Serialize};

/// Denominator of every p.
pub const SCALE: u32 = 1 << 16;

/// Least p of the arcsine law, and 1 less the greatest, in 1/[`SCALE`]: 0.02.
pub const CUT_OFF: u32 = 1311;

/// Most colluders for whom the nodes of Nuida's law are drawn.
const MOST_NUIDA: u32 = 16;

/// A law that the p of sites of two symbols are drawn from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bias {
    /// p = 1/2.
    #[default]
    Half,
    /// Nuida's law for that many colluders, 3 to 16.
    Nuida(u32),
    /// The arcsine law.
    Arcsine,
}

impl Bias {
    /// Chooses the law for a declared number of colluders.
    pub fn for_colluders(colluders: u32) -> Bias {
        match colluders {
            0..=2 => Bias::Half,
            3..=MOST_NUIDA => Bias::Nuida(colluders),
            _ => Bias::Arcsine,
        }
    }

    /// Returns the possible p with their probabilities, ascending; empty for the arcsine law, which has a
    /// density.
    pub fn nodes(self) -> Vec<(f64, f64)> {
        match self {
            Bias::Half => vec![(0.5, 1.0)],
            Bias::Nuida(colluders) => nuida(colluders),
            Bias::Arcsine => Vec::new(),
        }
    }
}

/// Draws the P of sites, with the law's nodes made once.
pub(crate) struct Draw {
    bias: Bias,
    /// P and the share of 2^32 up to which it is drawn.
    nodes: Vec<(u32, u64)>,
}

impl Draw {
    pub(crate) fn new(bias: Bias) -> Draw {
        let mut upto = 0.0;
        let node = |(p, weight): (f64, f64)| {
            upto += weight;
            ((p * f64::from(SCALE)).round() as u32, (upto * 2f64.powi(32)).round() as u64)
        };
        Draw { bias, nodes: bias.nodes().into_iter().map(node).collect() }
    }

    /// Draws a site's P, in 1/[`SCALE`], from a source of uniform numbers below a given one.
    pub(crate) fn next(&self, mut below: impl FnMut(u64) -> u64) -> u32 {
        if self.bias == Bias::Arcsine {
            return arcsine(below);
        }
        let at = below(1 << 32);
        let found = self.nodes.iter().find(|(_, upto)| at < *upto).or(self.nodes.last());
        found.map_or(SCALE / 2, |(p, _)| *p)
    }
}

/// Draws P of the arcsine law: a²/(a²+b²) is sin² of the angle of (a, b), uniform when the point is uniform in
/// a disc; integers alone, so that every machine draws the same.
fn arcsine(mut below: impl FnMut(u64) -> u64) -> u32 {
    const RADIUS: u64 = 1 << 24;
    loop {
        // Centres of cells: no point is the origin.
        let (a, b) = (2 * below(RADIUS) + 1, 2 * below(RADIUS) + 1);
        let sum = a * a + b * b;
        if sum > 4 * RADIUS * RADIUS {
            continue;
        }
        let p = u32::try_from(a * a * u64::from(SCALE / 4) / sum * 4).unwrap_or(0);
        if (CUT_OFF..=SCALE - CUT_OFF).contains(&p) {
            return p;
        }
    }
}

/// Returns the nodes of Nuida's law: with k = ⌈c/2⌉ the roots z of the Legendre polynomial of degree k and
/// their Gauss weights w give p = (1+z)/2 with probability proportional to w/√(p(1-p)).
fn nuida(colluders: u32) -> Vec<(f64, f64)> {
    let degree = colluders.max(1).div_ceil(2);
    let mut nodes: Vec<(f64, f64)> = legendre_roots(degree)
        .into_iter()
        .map(|z| {
            let (_, slope) = legendre(degree, z);
            let p = (1.0 + z) / 2.0;
            (p, 2.0 / ((1.0 - z * z) * slope * slope) / (p * (1.0 - p)).sqrt())
        })
        .collect();
    let total: f64 = nodes.iter().map(|(_, weight)| weight).sum();
    nodes.iter_mut().for_each(|(_, weight)| *weight /= total);
    nodes
}

/// Finds the roots, all of them within (-1, 1), between changes of sign on a grid, by halving.
fn legendre_roots(degree: u32) -> Vec<f64> {
    const CELLS: i32 = 4096;
    let value = |z: f64| legendre(degree, z).0;
    // Off the middle of the interval, which is a root of every odd degree.
    let edge = |cell: i32| f64::from(2 * cell + 1 - CELLS) / f64::from(CELLS);
    (-1..CELLS)
        .filter_map(|cell| {
            let (mut low, mut high) = (edge(cell), edge(cell + 1));
            if (value(low) < 0.0) == (value(high) < 0.0) {
                return None;
            }
            for _ in 0..60 {
                let middle = (low + high) / 2.0;
                if (value(middle) < 0.0) == (value(low) < 0.0) { low = middle } else { high = middle }
            }
            Some((low + high) / 2.0)
        })
        .collect()
}

/// Returns the Legendre polynomial and its slope at z, |z| < 1, by the three-term recurrence.
fn legendre(degree: u32, z: f64) -> (f64, f64) {
    let (mut before, mut value) = (0.0, 1.0);
    for n in 1..=degree {
        let n = f64::from(n);
        (before, value) = (value, ((2.0 * n - 1.0) * z * value - (n - 1.0) * before) / n);
    }
    (value, f64::from(degree) * (before - z * value) / (1.0 - z * z))
}

#[cfg(test)]
mod tests {
    use super::super::stream::{Keys, Stream};
    use super::*;

    fn draws(bias: Bias, count: usize) -> Vec<u32> {
        let (keys, draw) = (Keys::derive(&[5; 32]), Draw::new(bias));
        let one = |site: usize| {
            let mut stream = Stream::bias(&keys, &format!("s{site}"));
            draw.next(|n| stream.below(n))
        };
        (0..count).map(one).collect()
    }

    #[track_caller]
    fn near(got: &[(f64, f64)], want: &[(f64, f64)]) {
        assert_eq!(got.len(), want.len());
        for ((p, weight), (want_p, want_weight)) in got.iter().zip(want) {
            assert!((p - want_p).abs() < 1e-8 && (weight - want_weight).abs() < 1e-8, "{got:?}");
        }
    }

    #[test]
    fn the_declared_coalition_chooses_the_law() {
        assert_eq!([0, 1, 2].map(Bias::for_colluders), [Bias::Half; 3]);
        assert_eq!([3, 16].map(Bias::for_colluders), [Bias::Nuida(3), Bias::Nuida(16)]);
        assert_eq!(Bias::for_colluders(17), Bias::Arcsine);
    }

    #[test]
    fn nodes_are_the_published_ones() {
        let (outer, inner) = (0.248_330_04, 0.251_669_96);
        near(&Bias::Nuida(3).nodes(), &[(0.211_324_87, 0.5), (0.788_675_13, 0.5)]);
        assert_eq!(Bias::Nuida(3).nodes(), Bias::Nuida(4).nodes());
        near(
            &Bias::Nuida(6).nodes(),
            &[(0.112_701_67, 0.332_013_15), (0.5, 0.335_973_69), (0.887_298_33, 0.332_013_15)],
        );
        near(
            &Bias::Nuida(8).nodes(),
            &[(0.069_431_84, outer), (0.330_009_48, inner), (0.669_990_52, inner), (0.930_568_16, outer)],
        );
    }

    #[test]
    fn nodes_of_every_size_are_symmetric_and_sum_to_one() {
        for colluders in 3..=MOST_NUIDA {
            let nodes = Bias::Nuida(colluders).nodes();
            assert_eq!(nodes.len(), colluders.div_ceil(2) as usize);
            let mut mirrored: Vec<_> = nodes.iter().map(|(p, weight)| (1.0 - p, *weight)).collect();
            mirrored.reverse();
            near(&nodes, &mirrored);
            assert!((nodes.iter().map(|(_, weight)| weight).sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn draws_follow_the_nodes() {
        assert!(draws(Bias::Half, 100).into_iter().all(|p| p == SCALE / 2));
        let drawn = draws(Bias::Nuida(6), 4000);
        for (p, weight) in Bias::Nuida(6).nodes() {
            let p = (p * f64::from(SCALE)).round() as u32;
            let share = drawn.iter().filter(|drawn| **drawn == p).count() as f64 / 4000.0;
            assert!((share - weight).abs() < 0.03, "{p}: {share}");
        }
        assert_eq!(draws(Bias::Nuida(3), 1)[0].min(51687), draws(Bias::Nuida(3), 1)[0]);
    }

    /// P(p <= x) of the cut-off law is (asin √x - asin √t)/(π/2 - 2 asin √t).
    #[test]
    fn arcsine_draws_have_its_distribution() {
        let mut drawn: Vec<f64> =
            draws(Bias::Arcsine, 4000).into_iter().map(|p| f64::from(p) / f64::from(SCALE)).collect();
        drawn.sort_by(f64::total_cmp);
        let low = (f64::from(CUT_OFF) / f64::from(SCALE)).sqrt().asin();
        let law = |x: f64| (x.sqrt().asin() - low) / (std::f64::consts::FRAC_PI_2 - 2.0 * low);
        let gap = drawn.iter().enumerate().map(|(at, x)| (law(*x) - at as f64 / 4000.0).abs());
        // Kolmogorov–Smirnov at 4000 draws: 0.0258 at one in a hundred.
        assert!(gap.fold(0.0, f64::max) < 0.0258);
    }
}
