//! Copies: a member's own renderings, made again on demand, checked, sealed, with their receipts.

use std::collections::BTreeMap;

use package::{MemberKey, Opening, Receipt};
use policy::{Action, Effect};
use program::{
    grant::Granted,
    id::{CaseId, ItemId, MemberId},
    item::{Item, Tlp},
    judge,
    member::Member,
};
use tlog::{Proof, SALT_SIZE};

use crate::{engine::Engine, error::StepError, hash::sha256, master::Package, store::Stored};

/// A member's sealed copy of an item.
pub struct SealedCopy {
    /// Which case.
    pub case: CaseId,
    /// Which item.
    pub item: ItemId,
    /// What kind of artifact it is.
    pub class: policy::Class,
    /// How far its reader may pass it on.
    pub tlp: Tlp,
    /// The copy, sealed to the member's key.
    pub sealed: Vec<u8>,
    /// What proves the grant.
    pub receipt: Receipt,
}

/// A copy that was granted and may not be had now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBack {
    /// Which case.
    pub case: CaseId,
    /// Which item.
    pub item: ItemId,
    /// Why.
    pub says: String,
}

/// Everything a member may fetch now, and what it may not.
pub struct Copies {
    /// The copies, by case and item.
    pub sealed: Vec<SealedCopy>,
    /// What was granted and is held back.
    pub held_back: Vec<HeldBack>,
}

struct Wanted {
    case: CaseId,
    item: Item,
    granted: Granted,
}

impl Engine {
    /// Makes every copy that a member was granted and may have now.
    ///
    /// The policies are asked again: a suspension since the grant bites here.
    ///
    /// # Errors
    /// [`StepError`] when the member is unknown or has no key, or a copy does not come out as granted.
    pub async fn copies(&self, member: &MemberId) -> Result<Copies, StepError> {
        let (wanted, held_back, key) = self.wanted(member).await?;
        let mut packages: BTreeMap<(CaseId, u32), Package> = BTreeMap::new();
        let mut sealed = Vec::with_capacity(wanted.len());
        for Wanted { case, item, granted } in wanted {
            let at = (case.clone(), granted.package);
            if !packages.contains_key(&at) {
                packages.insert(at.clone(), self.package(&case, granted.package).await?);
            }
            let text = packages
                .get(&at)
                .and_then(|package| render(package, member, &item.item))
                .filter(|text| sha256(text.as_bytes()) == granted.sha256)
                .ok_or_else(|| StepError::NotReproduced {
                    item: item.item.clone(),
                    member: member.clone(),
                })?;
            let fail = |error: package::SealError| StepError::Seal {
                item: item.item.clone(),
                member: member.clone(),
                says: error.to_string(),
            };
            sealed.push(SealedCopy {
                sealed: package::seal(text.as_bytes(), &key).map_err(fail)?,
                receipt: self.receipt(&granted).await?,
                class: item.class,
                tlp: item.tlp,
                item: item.item,
                case,
            });
        }
        Ok(Copies { sealed, held_back })
    }

    async fn wanted(&self, id: &MemberId) -> Result<(Vec<Wanted>, Vec<HeldBack>, MemberKey), StepError> {
        let program = self.program().await;
        let member: &Member = program.member(id)?;
        let now = self.clock.now();
        let mut wanted = Vec::new();
        let mut held_back = Vec::new();
        for case in program.cases() {
            for item in case.items() {
                let Some(granted) = case.granted(&item.item, id) else { continue };
                let decision = judge::judge(&program, &self.policy, case, item, member, Action::Fetch, now);
                if decision.effect == Effect::Permit {
                    let (case, item, granted) = (case.id().clone(), item.clone(), granted.clone());
                    wanted.push(Wanted { case, item, granted });
                } else {
                    let (case, item) = (case.id().clone(), item.item.clone());
                    held_back.push(HeldBack { case, item, says: decision.says });
                }
            }
        }
        let key = member.confirmed_key().ok_or_else(|| StepError::NoKey(id.clone()))?;
        let key = key
            .recipient
            .parse()
            .map_err(|error: package::MemberKeyError| StepError::Key(error.to_string()))?;
        Ok((wanted, held_back, key))
    }

    /// Proves a grant against the log as it is now.
    async fn receipt(&self, granted: &Granted) -> Result<Receipt, StepError> {
        let fail = |says: String| StepError::Proof { seq: granted.seq, says };
        let stored = self.store.entry(granted.seq).await?;
        let stored =
            stored.ok_or_else(|| fail(String::from("the entry is missing; run `forewarn verify`")))?;
        let (opening, proof) = self.prove(stored).await?;
        Receipt::issue(opening, &proof, &self.keys.log.verifier()).map_err(|error| fail(error.to_string()))
    }

    /// Opens an entry and proves it against the log as it is now.
    pub(crate) async fn prove(&self, stored: Stored) -> Result<(Opening, Proof), StepError> {
        let fail = |says: String| StepError::Proof { seq: stored.seq, says };
        let ledger = self.ledger().await;
        let (tree, signer) = (ledger.tree(), &self.keys.log);
        let hashes = tree.inclusion(stored.seq, tree.len()).map_err(|error| fail(error.to_string()))?;
        let checkpoint = tlog::Checkpoint::new(signer.name(), tree.len(), tree.root())
            .and_then(|checkpoint| checkpoint.sign(signer))
            .map_err(|error| fail(error.to_string()))?;
        let proof = Proof { extra: None, index: stored.seq, hashes, checkpoint };
        let salt = <[u8; SALT_SIZE]>::try_from(stored.salt.as_slice())
            .map_err(|_| fail(String::from("its salt was changed; run `forewarn verify`")))?;
        Ok((Opening { seq: stored.seq, salt, body: stored.body }, proof))
    }
}

pub(crate) fn render(package: &Package, member: &MemberId, item: &ItemId) -> Option<String> {
    let word = package.codebook.codeword(member.as_str());
    let file = package.index_of(item)?;
    Some(mark::render::render_file(&package.master, file, &word)?.text)
}
