//! All members' values in one hash table.

use std::hash::{DefaultHasher, Hasher};

use super::HuntError;
use crate::code::Codebook;
use crate::master::{SiteIx, Symbol};

/// Every member's value of every constant: 16 to 32 bytes a value, found in one probe whoever has it.
///
/// A slot holds half of a value's hash and who has it; the value itself is derived again when the halves
/// agree.
pub(super) struct Table<'a> {
    codebook: &'a Codebook,
    members: &'a [String],
    sites: Vec<SiteIx>,
    /// 0 where empty; else the upper half of the hash above the entry's number, from 1.
    slots: Vec<u64>,
}

/// Whose value it is, and of which constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Owner {
    /// Index in the members.
    pub(super) member: usize,
    /// Index in the constants.
    pub(super) constant: usize,
}

impl<'a> Table<'a> {
    pub(super) fn new(
        codebook: &'a Codebook,
        members: &'a [String],
        sites: Vec<SiteIx>,
    ) -> Result<Self, HuntError> {
        let entries = members.len().saturating_mul(sites.len());
        if u32::try_from(entries).is_err() {
            return Err(HuntError::TooMany(entries));
        }
        let slots = vec![0; entries.saturating_mul(2).next_power_of_two()];
        let mut table = Table { codebook, members, sites, slots };
        let mut number = 0_u64;
        for member in members {
            for at in 0..table.sites.len() {
                number += 1;
                let site = table.sites.get(at).copied();
                if let Some(Symbol::Value(value)) = site.and_then(|site| codebook.symbol(member, site)) {
                    table.insert(hash(value.as_bytes()), number);
                }
            }
        }
        Ok(table)
    }

    /// Finds everybody whose value a token is; at most a handful by chance, nobody nearly always.
    pub(super) fn owners(&self, token: &[u8]) -> impl Iterator<Item = Owner> {
        let hash = hash(token);
        self.probe(hash)
            .map_while(|at| self.slots.get(at).copied().filter(|&slot| slot != 0))
            .filter(move |slot| slot >> 32 == hash >> 32)
            .filter_map(|slot| self.owner(slot & 0xffff_ffff))
            .filter(move |owner| self.value(*owner).is_some_and(|value| value.as_bytes() == token))
    }

    fn insert(&mut self, hash: u64, number: u64) {
        let free = self.probe(hash).find(|&at| self.slots.get(at) == Some(&0));
        if let Some(slot) = free.and_then(|at| self.slots.get_mut(at)) {
            *slot = hash & !0xffff_ffff | number;
        }
    }

    /// Slots in the order in which they are tried; at least half of all are empty.
    fn probe(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let mask = self.slots.len() - 1;
        let first = usize::try_from(hash & 0xffff_ffff).unwrap_or(0);
        (0..=mask).map(move |step| first.wrapping_add(step) & mask)
    }

    fn owner(&self, number: u64) -> Option<Owner> {
        let entry = usize::try_from(number.checked_sub(1)?).ok()?;
        let constants = self.sites.len();
        Some(Owner { member: entry.checked_div(constants)?, constant: entry.checked_rem(constants)? })
    }

    fn value(&self, owner: Owner) -> Option<String> {
        let member = self.members.get(owner.member)?;
        match self.codebook.symbol(member, *self.sites.get(owner.constant)?)? {
            Symbol::Value(value) => Some(value),
            Symbol::Index(_) => None,
        }
    }
}

fn hash(token: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(token);
    hasher.finish()
}
