//! Copies: a member's own renderings, made again on demand, checked, sealed, with their receipts.

use package::{MemberKey, Opening, Receipt};
use policy::{Action, Effect};
use program::{
    grant::Granted,
    id::{CaseId, ItemId, MemberId},
    item::{Item, Tlp},
    judge::{self, Dossier},
    member::Member,
};
use tlog::{Proof, SALT_SIZE};

use crate::{engine::Engine, error::StepError, hash::sha256, ledger::Ledger, master::Package, store::Stored};

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

/// A copy that a member was granted and may have now; it is not made yet.
#[derive(Clone, Debug)]
pub struct Available {
    /// Which case.
    pub case: CaseId,
    /// Which item.
    pub item: Item,
    /// The grant.
    pub granted: Granted,
}

impl Engine {
    /// Makes every copy that a member was granted and may have now.
    ///
    /// The policies are asked again: a suspension since the grant bites here.
    ///
    /// # Errors
    /// [`StepError`] when the member is unknown or has no key, or a copy does not come out as granted.
    pub async fn copies(&self, member: &MemberId) -> Result<Copies, StepError> {
        let (available, held_back) = self.available(member).await?;
        // Said first: without a key there will be nothing, whatever is granted.
        self.key_of(member).await?;
        let mut sealed = Vec::with_capacity(available.len());
        for Available { case, item, granted } in available {
            sealed.push(SealedCopy {
                sealed: self.seal(member, &case, &item.item, &granted).await?,
                receipt: self.receipt(&granted).await?,
                class: item.class,
                tlp: item.tlp,
                item: item.item,
                case,
            });
        }
        Ok(Copies { sealed, held_back })
    }

    /// Makes one copy and seals it; nothing when the member was not granted it or may not have it now, for whatever
    /// reason.
    ///
    /// # Errors
    /// [`StepError`] when the member has no key, or the copy does not come out as granted.
    pub async fn copy(
        &self,
        member: &MemberId,
        case: &CaseId,
        item: &ItemId,
    ) -> Result<Option<Vec<u8>>, StepError> {
        match self.available_one(member, case, item).await {
            Some(copy) => self.seal(member, case, item, &copy.granted).await.map(Some),
            None => Ok(None),
        }
    }

    /// Lists what a member was granted and may have now, and what of it is held back, by case and item.
    ///
    /// # Errors
    /// [`StepError`] when the member is unknown.
    pub async fn available(&self, id: &MemberId) -> Result<(Vec<Available>, Vec<HeldBack>), StepError> {
        let program = self.program().await;
        let member: &Member = program.member(id)?;
        let now = self.clock.now();
        let dossier = Dossier::of(&program, member, now);
        let subject = dossier.subject(member);
        let policies = program.policies();
        let asking = policies.at(now).of(&subject);
        let (mut available, mut held_back) = (Vec::new(), Vec::new());
        for case in program.cases() {
            for item in case.items() {
                let Some(granted) = case.granted(&item.item, id) else { continue };
                let decision = asking.decide(Action::Fetch, &policies.wanted(&judge::thing(case, item)));
                let (case, item) = (case.id().clone(), item.clone());
                if decision.effect == Effect::Permit {
                    available.push(Available { case, item, granted: granted.clone() });
                } else {
                    held_back.push(HeldBack { case, item: item.item, says: decision.says });
                }
            }
        }
        Ok((available, held_back))
    }

    /// Finds one thing that a member was granted and may have now.
    pub async fn available_one(&self, id: &MemberId, case: &CaseId, item: &ItemId) -> Option<Available> {
        let program = self.program().await;
        let member = program.member(id).ok()?;
        let now = self.clock.now();
        let found = program.case(case).ok().and_then(|case| {
            let item = case.item(item).ok()?;
            Some((case, item, case.granted(&item.item, id)?))
        });
        let Some((case, item, granted)) = found else {
            // The same question is asked for what is not there, so that the time an answer takes says little.
            let _ = judge::nothing(&program, program.policies(), member, now);
            return None;
        };
        let decision = judge::judge(&program, program.policies(), case, item, member, Action::Fetch, now);
        (decision.effect == Effect::Permit).then(|| Available {
            case: case.id().clone(),
            item: item.clone(),
            granted: granted.clone(),
        })
    }

    async fn seal(
        &self,
        id: &MemberId,
        case: &CaseId,
        item: &ItemId,
        granted: &Granted,
    ) -> Result<Vec<u8>, StepError> {
        let key = self.key_of(id).await?;
        let package = self.shelved(case, granted.package).await?;
        let text = render(&package, id, item)
            .filter(|text| sha256(text.as_bytes()) == granted.sha256)
            .ok_or_else(|| StepError::NotReproduced { item: item.clone(), member: id.clone() })?;
        let fail = |error: package::SealError| StepError::Seal {
            item: item.clone(),
            member: id.clone(),
            says: error.to_string(),
        };
        package::seal(text.as_bytes(), &key).map_err(fail)
    }

    async fn key_of(&self, id: &MemberId) -> Result<MemberKey, StepError> {
        let program = self.program().await;
        let key = program.member(id)?.confirmed_key().ok_or_else(|| StepError::NoKey(id.clone()))?;
        key.recipient.parse().map_err(|error: package::MemberKeyError| StepError::Key(error.to_string()))
    }

    /// Proves a grant against the log as it is now.
    ///
    /// # Errors
    /// [`StepError`] when the log cannot be read.
    pub async fn receipt(&self, granted: &Granted) -> Result<Receipt, StepError> {
        let fail = |says: String| StepError::Proof { seq: granted.seq, says };
        let grant = self.stored(granted.seq).await?;
        let verifier = self.keys.log.verifier();
        let signed = granted.fetched.as_ref().filter(|fetched| fetched.signed.is_some());
        let fetched = self.stored_if(signed.map(|fetched| fetched.seq)).await?;
        let acknowledged = self.stored_if(granted.acknowledged.as_ref().map(|found| found.seq)).await?;
        // One checkpoint for all: the log may grow between two.
        let ledger = self.ledger().await;
        let (opening, proof) = self.proved(&ledger, grant)?;
        let mut receipt = Receipt::issue(opening, &proof, &verifier);
        if let Some(fetched) = fetched {
            let (opening, proof) = self.proved(&ledger, fetched)?;
            receipt = receipt.and_then(|it| it.with_fetch(opening, &proof, &verifier));
        }
        if let Some(acknowledged) = acknowledged {
            let (opening, proof) = self.proved(&ledger, acknowledged)?;
            receipt = receipt.and_then(|it| it.with_acknowledgement(opening, &proof, &verifier));
        }
        receipt.map_err(|error| fail(error.to_string()))
    }

    async fn stored_if(&self, seq: Option<u64>) -> Result<Option<Stored>, StepError> {
        match seq {
            Some(seq) => self.stored(seq).await.map(Some),
            None => Ok(None),
        }
    }

    async fn stored(&self, seq: u64) -> Result<Stored, StepError> {
        let says = || String::from("the entry is missing; run `forewarn verify`");
        self.store.entry(seq).await?.ok_or_else(|| StepError::Proof { seq, says: says() })
    }

    /// Opens an entry and proves it against the log as it is now.
    pub(crate) async fn prove(&self, stored: Stored) -> Result<(Opening, Proof), StepError> {
        let ledger = self.ledger().await;
        self.proved(&ledger, stored)
    }

    fn proved(&self, ledger: &Ledger, stored: Stored) -> Result<(Opening, Proof), StepError> {
        let fail = |says: String| StepError::Proof { seq: stored.seq, says };
        let tree = ledger.tree();
        let hashes = tree.inclusion(stored.seq, tree.len()).map_err(|error| fail(error.to_string()))?;
        let checkpoint = self.signed(tree)?;
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
