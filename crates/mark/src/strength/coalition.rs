//! What members who compare their copies put together.

use std::collections::BTreeMap;

use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::master::{Master, SiteKind, Symbol};
use crate::render::{Codeword, placeholder};

/// How a coalition chooses where its copies differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mix {
    /// At every site the copy of one of them, by lot.
    BySite,
    /// Line by line the copy of one of them, by lot.
    ByLine,
    /// What most of them hold, ties by lot.
    Majority,
    /// What fewest of them hold, ties by lot.
    Minority,
}

impl Mix {
    /// Gives the strategies that differ for a coalition of this size.
    pub(super) fn of(colluders: u32) -> &'static [Mix] {
        match colluders {
            0 | 1 => &[],
            2 => &[Mix::BySite, Mix::ByLine],
            _ => &[Mix::BySite, Mix::ByLine, Mix::Majority, Mix::Minority],
        }
    }
}

/// Mixes codewords of one master; with `cut`, generated values that differ are replaced by a placeholder
/// that nobody holds.
///
/// A coalition shows at each site what one of its copies shows: what it cannot see to be a mark it keeps.
pub(super) fn mixed(master: &Master, rows: &[&[Symbol]], mix: Mix, cut: bool, rng: &mut StdRng) -> Codeword {
    let mut lines: BTreeMap<(&str, usize), usize> = BTreeMap::new();
    let symbols = master.sites.iter().enumerate().map(|(at, site)| {
        let held: Vec<&Symbol> = rows.iter().filter_map(|row| row.get(at)).collect();
        let differ = held.iter().any(|symbol| Some(symbol) != held.first());
        if let (true, true, SiteKind::Constant(generator)) = (cut, differ, &site.kind) {
            return Symbol::Value(placeholder(*generator));
        }
        let line = *lines
            .entry((site.at.file.as_str(), site.at.line))
            .or_insert_with(|| rng.gen_range(0..rows.len().max(1)));
        let shown = match mix {
            Mix::BySite => held.choose(rng).copied(),
            Mix::ByLine => held.get(line).copied(),
            Mix::Majority => by_count(&held, |count, best| count > best, rng),
            Mix::Minority => by_count(&held, |count, best| count < best, rng),
        };
        shown.cloned().unwrap_or(Symbol::Index(0))
    });
    Codeword::drawn(symbols.collect())
}

/// Chooses by lot among the symbols whose number of holders no other symbol's is `better` than.
fn by_count<'a>(
    held: &[&'a Symbol],
    better: impl Fn(usize, usize) -> bool,
    rng: &mut StdRng,
) -> Option<&'a Symbol> {
    let mut counts: BTreeMap<&Symbol, usize> = BTreeMap::new();
    for symbol in held {
        *counts.entry(symbol).or_default() += 1;
    }
    let best =
        counts.values().copied().reduce(|best, count| if better(count, best) { count } else { best })?;
    let able: Vec<&Symbol> =
        counts.into_iter().filter(|(_, count)| *count == best).map(|(symbol, _)| symbol).collect();
    able.choose(rng).copied()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::syntax::SourceFile;

    fn master() -> Master {
        let text = "{~a|b~} {~c|d~}\n{~e|f~} {~v=rand:hex12~}\n";
        Master::parse(&[SourceFile { path: "a.md".into(), text: text.into() }]).unwrap()
    }

    fn row(bits: [u32; 3], value: &str) -> Vec<Symbol> {
        bits.into_iter().map(Symbol::Index).chain([Symbol::Value(value.into())]).collect()
    }

    #[test]
    fn what_all_hold_is_kept_and_nothing_new_is_shown() {
        let master = master();
        let (one, two) = (row([0, 1, 0], "a1a1b2b2c3c3"), row([0, 0, 1], "0f0f1e1e2d2d"));
        let mut rng = StdRng::seed_from_u64(1);
        for mix in Mix::of(3) {
            for _ in 0..50 {
                let shown = mixed(&master, &[&one, &two], *mix, false, &mut rng);
                for (at, symbol) in shown.symbols().iter().enumerate() {
                    assert!(*symbol == one[at] || *symbol == two[at], "{mix:?}");
                }
            }
        }
        let cut = mixed(&master, &[&one, &two], Mix::BySite, true, &mut rng);
        assert_eq!(cut.symbols()[3], Symbol::Value("000000000000".into()));
        let alone = mixed(&master, &[&one, &one], Mix::BySite, true, &mut rng);
        assert_eq!(alone.symbols(), one);
    }

    #[test]
    fn most_and_fewest_win() {
        let master = master();
        let rows = [row([0, 1, 0], "a"), row([0, 1, 1], "b"), row([1, 0, 0], "c")];
        let rows: Vec<&[Symbol]> = rows.iter().map(Vec::as_slice).collect();
        let mut rng = StdRng::seed_from_u64(2);
        let most = mixed(&master, &rows, Mix::Majority, false, &mut rng);
        assert_eq!(most.symbols()[..3], [Symbol::Index(0), Symbol::Index(1), Symbol::Index(0)]);
        let fewest = mixed(&master, &rows, Mix::Minority, false, &mut rng);
        assert_eq!(fewest.symbols()[..3], [Symbol::Index(1), Symbol::Index(0), Symbol::Index(1)]);
    }

    #[test]
    fn a_line_comes_from_one_copy() {
        let master = master();
        let (one, two) = (row([0, 0, 0], "a"), row([1, 1, 1], "b"));
        let mut rng = StdRng::seed_from_u64(3);
        for _ in 0..20 {
            let shown = mixed(&master, &[&one, &two], Mix::ByLine, false, &mut rng);
            assert_eq!(shown.symbols()[0], shown.symbols()[1]);
        }
    }
}
