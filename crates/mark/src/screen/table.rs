//! An additive score as tables of bytes: what each pattern of four sites adds to it.

/// What each pattern of a line's two nibbles adds, the lower four sites first.
pub(super) type Nibbles = [[u8; 16]; 2];

/// Steps that a nibble's weights are rounded to: two entries fit a byte.
pub(super) const STEPS: u8 = 127;

/// An additive score with weights rounded to bytes, and how far that is from the exact one.
///
/// A member's exact score is within [`Table::error`] of [`Table::offset`] + [`Table::step`] · Q, where Q is
/// the sum of the table's entries over the member's nibbles.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) nibbles: Vec<Nibbles>,
    pub(super) offset: f64,
    pub(super) step: f64,
    pub(super) error: f64,
}

impl Table {
    /// Rounds a score's weights, symbol 0's and symbol 1's at each site, to [`STEPS`] a nibble.
    pub(super) fn rounded(weights: &[[f64; 2]]) -> Table {
        Table::of(weights, |sums| sums).0
    }

    /// Rounds a score's weights twice: a coarse table, and a fine one of what the coarse one rounded away.
    /// The fine one's error is that of both together.
    pub(super) fn rounded_twice(weights: &[[f64; 2]]) -> [Table; 2] {
        let (coarse, left) = Table::of(weights, |sums| sums);
        let mut left = left.into_iter();
        let (fine, _) = Table::of(weights, |_| left.next().unwrap_or_default());
        [coarse, fine]
    }

    /// Rounds each nibble's sums after `map`; also returns what rounding left of each.
    ///
    /// Per nibble the least of its 16 sums goes into the offset and the rest is rounded to [`STEPS`] of one
    /// size for all nibbles; [`Table::error`] is the sum over the nibbles of the greatest rounding error.
    fn of(weights: &[[f64; 2]], map: impl FnMut([f64; 16]) -> [f64; 16]) -> (Table, Vec<[f64; 16]>) {
        let sums: Vec<[f64; 16]> = weights.chunks(4).map(patterns).map(map).collect();
        let least = |sums: &[f64; 16]| sums.iter().copied().fold(f64::INFINITY, f64::min);
        let most = |sums: &[f64; 16]| sums.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let widest = sums.iter().map(|sums| most(sums) - least(sums)).fold(0.0, f64::max);
        let step = if widest > 0.0 { widest / f64::from(STEPS) } else { 1.0 };

        let (mut offset, mut error) = (0.0, rounding(weights));
        let (mut entries, mut left) = (Vec::with_capacity(sums.len()), Vec::with_capacity(sums.len()));
        for sums in sums {
            let base = least(&sums);
            let entry = sums.map(|sum| ((sum - base) / step).round().clamp(0.0, f64::from(STEPS)) as u8);
            let mut rounded = entry.iter().map(|entry| base + step * f64::from(*entry));
            let off = sums.map(|sum| sum - rounded.next().unwrap_or_default());
            error += off.iter().fold(0.0, |most, off| f64::max(most, off.abs()));
            offset += base;
            entries.push(entry);
            left.push(off);
        }
        (Table { nibbles: by_line(&entries), offset, step, error }, left)
    }

    /// Counts a member's ones at some of the sites, exactly.
    pub(super) fn count(sites: impl Iterator<Item = bool>) -> Table {
        let ones: Vec<[f64; 2]> = sites.map(|counts| [0.0, f64::from(u8::from(counts))]).collect();
        let entries: Vec<[u8; 16]> = ones.chunks(4).map(|of| patterns(of).map(|sum| sum as u8)).collect();
        Table { nibbles: by_line(&entries), offset: 0.0, step: 1.0, error: 0.0 }
    }
}

/// Returns a bound on what rounding to f64 takes from a sum of these weights in any order, twice over: in the
/// exact score and in the sums here.
///
/// A sum of m terms is off by at most m 2⁻⁵³ Σ|w| to first order; the bound returned is four times that of
/// a sum with 16 terms more.
pub(super) fn rounding(weights: &[[f64; 2]]) -> f64 {
    let greatest: f64 = weights.iter().map(|[zero, one]| zero.abs().max(one.abs())).sum();
    2.0 * (weights.len() + 16) as f64 * f64::EPSILON * greatest
}

/// The sum of at most four sites' weights for each pattern of their symbols.
fn patterns(sites: &[[f64; 2]]) -> [f64; 16] {
    std::array::from_fn(|pattern| {
        let weight =
            |(site, [zero, one]): (usize, &[f64; 2])| if pattern >> site & 1 == 1 { *one } else { *zero };
        sites.iter().enumerate().map(weight).sum()
    })
}

fn by_line(entries: &[[u8; 16]]) -> Vec<Nibbles> {
    entries
        .chunks(2)
        .map(|pair| [pair.first().copied().unwrap_or_default(), pair.get(1).copied().unwrap_or_default()])
        .collect()
}
