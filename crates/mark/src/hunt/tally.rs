//! How many tokens of each shape a hunt has seen, whoever's they may be.

use std::collections::HashSet;

use crate::code::ValueSpace;
use crate::master::Generator;
use crate::render::has_shape;

/// Most distinct tokens of a shape that are kept to be told apart; about 5 MiB a shape.
const MOST_TOKENS: usize = 1 << 16;

/// The tokens of one shape.
pub(super) struct Tally<'a> {
    pub(super) generator: Generator,
    pub(super) space: &'a ValueSpace,
    distinct: HashSet<Box<[u8]>>,
    /// Later tokens that are none of the distinct ones, each time they are seen.
    beyond: u64,
}

impl<'a> Tally<'a> {
    pub(super) fn new(generator: Generator, space: &'a ValueSpace) -> Self {
        Tally { generator, space, distinct: HashSet::new(), beyond: 0 }
    }

    /// Counts a lower-case token if it may be a member's value, and says so.
    ///
    /// A token that the value space excludes is nobody's value and makes no match likelier.
    pub(super) fn counts(&mut self, token: &[u8]) -> bool {
        if !has_shape(self.generator, token) {
            return false;
        }
        if self.distinct.contains(token) {
            return true;
        }
        if !std::str::from_utf8(token).is_ok_and(|token| self.space.holds(token)) {
            return false;
        }
        if self.distinct.len() < MOST_TOKENS {
            self.distinct.insert(token.into());
        } else {
            self.beyond += 1;
        }
        true
    }

    /// Gives the number of distinct tokens, or more when there were too many to be told apart.
    pub(super) fn at_most(&self) -> u64 {
        self.beyond.saturating_add(u64::try_from(self.distinct.len()).unwrap_or(u64::MAX))
    }

    /// Tells whether [`Tally::at_most`] is exact.
    pub(super) fn is_exact(&self) -> bool {
        self.beyond == 0
    }
}
