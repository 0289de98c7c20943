//! What a generated value may be.

use std::collections::HashSet;

use super::stream::Stream;
use crate::master::{Generator, Master, Node};
use crate::render::{CONSONANTS, HEX, VOWELS, has_shape};

/// Draws before a value is taken even though it is excluded; more than half of every space is allowed, so
/// this happens with probability below 2^-256 and only keeps a hand-made master from looping.
const DRAWS: usize = 256;

/// Characters after which a value may not repeat.
const MAX_PERIOD: usize = 4;
/// Different characters a value must have.
const MIN_DISTINCT: usize = 4;

/// The values that a generator may give in one package, known to everybody.
///
/// A value is excluded when it
/// - repeats after 1 to 4 characters, counts up or down, or has fewer than 4 different characters;
/// - as hex has no letter, no digit, or reads as a number such as `123e45`;
/// - as a number ends in zeros or nines for half its length, starts like a timestamp of its length (10, 13, 16
///   or 19 digits: 1.0 to 2.2 thousand million seconds since 1970) or like a date (12 or 14 digits: 19…, 20…);
/// - occurs in the package's own text.
///
/// The exclusions are public, and the size of the space counts without them.
#[derive(Clone, Debug)]
pub struct ValueSpace {
    generator: Generator,
    in_text: HashSet<Vec<u8>>,
}

impl ValueSpace {
    /// Finds the space of a generator in a package.
    pub fn new(master: &Master, generator: Generator) -> ValueSpace {
        let mut in_text = HashSet::new();
        let length = usize::try_from(length(generator)).unwrap_or(usize::MAX).max(1);
        for file in &master.files {
            texts(&file.nodes, &mut |text| {
                let text = text.to_ascii_lowercase();
                for window in text.as_bytes().windows(length) {
                    if has_shape(generator, window) {
                        in_text.insert(window.to_vec());
                    }
                }
            });
        }
        ValueSpace { generator, in_text }
    }

    /// Tells whether a value may be drawn.
    pub fn holds(&self, value: &str) -> bool {
        has_shape(self.generator, value.as_bytes())
            && !guessable(self.generator, value)
            && !self.in_text.contains(value.as_bytes())
    }

    /// Gives a number of values that the space has at least, for the e-value of a match; 1 or more.
    pub fn at_least(&self) -> f64 {
        let in_text = u32::try_from(self.in_text.len()).map_or(f64::INFINITY, f64::from);
        let left = nominal_bits(self.generator).exp2() - guessable_at_most(self.generator) - in_text;
        // Rounding of a dozen operations is below 2^-45.
        (left * (1.0 - 2_f64.powi(-40))).max(1.0)
    }

    /// Gives the bits of [`ValueSpace::at_least`].
    pub fn bits(&self) -> f64 {
        self.at_least().log2()
    }
}

/// Gives the bits of a generator's values before exclusions.
pub fn nominal_bits(generator: Generator) -> f64 {
    match generator {
        Generator::Word(n) => f64::from(n.div_ceil(2)) * 18_f64.log2() + f64::from(n / 2) * 5_f64.log2(),
        Generator::Hex(n) => 4.0 * f64::from(n),
        Generator::Num(0) => 0.0,
        Generator::Num(n) => 9_f64.log2() + f64::from(n - 1) * 10_f64.log2(),
    }
}

/// Draws a value that `allowed` accepts, uniformly among those.
pub(super) fn draw(stream: &mut Stream, generator: Generator, allowed: impl Fn(&str) -> bool) -> String {
    let mut value = String::new();
    for _ in 0..DRAWS {
        value = one(stream, generator);
        if allowed(&value) {
            break;
        }
    }
    value
}

fn one(stream: &mut Stream, generator: Generator) -> String {
    (0..length(generator))
        .map(|place| match generator {
            Generator::Word(_) if place % 2 == 0 => pick(stream, CONSONANTS),
            Generator::Word(_) => pick(stream, VOWELS),
            Generator::Hex(_) => pick(stream, HEX),
            Generator::Num(_) if place == 0 => pick(stream, b"123456789"),
            Generator::Num(_) => pick(stream, b"0123456789"),
        })
        .collect()
}

fn pick(stream: &mut Stream, alphabet: &[u8]) -> char {
    let drawn = stream.below(u64::try_from(alphabet.len()).unwrap_or(1));
    usize::try_from(drawn).ok().and_then(|at| alphabet.get(at)).map_or('?', |&byte| char::from(byte))
}

fn length(generator: Generator) -> u32 {
    match generator {
        Generator::Word(n) | Generator::Hex(n) | Generator::Num(n) => n,
    }
}

/// Tells whether a value of a generator's shape could well stand in a text by chance.
fn guessable(generator: Generator, value: &str) -> bool {
    let bytes = value.as_bytes();
    let repeats =
        (1..=MAX_PERIOD).any(|period| bytes.iter().zip(bytes.iter().skip(period)).all(|(a, b)| a == b));
    let steps = |up: bool| {
        let digits = |byte: &u8| HEX.iter().position(|digit| digit == byte);
        bytes.iter().zip(bytes.iter().skip(1)).all(|(a, b)| match (digits(a), digits(b)) {
            (Some(a), Some(b)) => {
                if up {
                    a + 1 == b
                } else {
                    b + 1 == a
                }
            }
            _ => false,
        })
    };
    let distinct = bytes.iter().collect::<HashSet<_>>().len();
    if repeats || steps(true) || steps(false) || distinct < MIN_DISTINCT {
        return true;
    }
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    match generator {
        Generator::Word(_) => false,
        Generator::Hex(_) => {
            let float = digits + 1 == bytes.len() && bytes.contains(&b'e');
            digits == 0 || digits == bytes.len() || float
        }
        Generator::Num(n) => {
            let half = bytes.len().div_ceil(2);
            let tail = |digit: u8| bytes.iter().rev().take(half).all(|&byte| byte == digit);
            let instant = matches!(n, 10 | 13 | 16 | 19)
                && ["1", "20", "21"].iter().any(|start| value.starts_with(start));
            let date = matches!(n, 12 | 14) && ["19", "20"].iter().any(|start| value.starts_with(start));
            tail(b'0') || tail(b'9') || instant || date
        }
    }
}

/// Counts the values that [`guessable`] excludes, or more: the sum over its rules.
fn guessable_at_most(generator: Generator) -> f64 {
    let power = |base: f64, n: u32| base.powi(i32::try_from(n).unwrap_or(i32::MAX));
    match generator {
        Generator::Word(n) => {
            // Periods 2 and 4; three letters are two consonants and a vowel or one and two.
            let repeats = 90.0 + 90.0 * 90.0;
            let (consonants, vowels) = (n.div_ceil(2), n / 2);
            repeats + 153.0 * 5.0 * power(2.0, consonants) + 18.0 * 10.0 * power(2.0, vowels)
        }
        Generator::Hex(n) => {
            let repeats = power(16.0, 1) + power(16.0, 2) + power(16.0, 3) + power(16.0, 4);
            let few = 560.0 * power(3.0, n);
            let numbers = power(10.0, n) + power(6.0, n) + f64::from(n) * power(10.0, n.saturating_sub(1));
            repeats + 32.0 + few + numbers
        }
        Generator::Num(n) => {
            let repeats = 10.0 + 1e2 + 1e3 + 1e4;
            let few = 120.0 * power(3.0, n);
            let tails = 2.0 * power(10.0, n - n.div_ceil(2));
            let instants = if matches!(n, 10 | 13 | 16 | 19) { 1.2 * power(10.0, n - 1) } else { 0.0 };
            let dates = if matches!(n, 12 | 14) { 2.0 * power(10.0, n - 2) } else { 0.0 };
            repeats + 20.0 + few + tails + instants + dates
        }
    }
}

fn texts(nodes: &[Node], visit: &mut impl FnMut(&str)) {
    for node in nodes {
        match node {
            Node::Text(text) => visit(text),
            Node::Constant { .. } => {}
            Node::Choice { branches: inner, .. } | Node::Order { items: inner, .. } => {
                for nodes in inner {
                    texts(nodes, visit);
                }
            }
        }
    }
}
