//! Cases: one vulnerability, or a chain, with its embargo and all that hangs on it.

mod apply;
mod decide;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Event,
    embargo::{Embargo, Move},
    grant::Granted,
    id::{CaseId, ItemId, MemberId, Sha256, UserId, WaveId},
    item::Item,
    marks::MarksCommitment,
    refusal::Refusal,
    wave::Wave,
};

pub(crate) use apply::{apply, apply_item, apply_marks, apply_wave};
pub use decide::check_publish;
pub(crate) use decide::decide;

/// A case under coordination.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Case {
    id: CaseId,
    title: String,
    cves: Vec<String>,
    opened: Timestamp,
    embargo: Embargo,
    #[serde(skip)]
    embargo_began: Option<Timestamp>,
    #[serde(skip)]
    proposed_by: Option<UserId>,
    #[serde(skip)]
    exit_proposed_by: Option<UserId>,
    observed: Observed,
    package: u32,
    items: BTreeMap<ItemId, Item>,
    /// Every item ever added, with the package version that brought it.
    #[serde(skip)]
    history: Vec<(u32, Item)>,
    waves: BTreeMap<WaveId, Wave>,
    #[serde(skip)]
    marks: BTreeMap<u32, MarksCommitment>,
    #[serde(skip)]
    grants: BTreeMap<ItemId, BTreeMap<MemberId, Granted>>,
    published: Option<Published>,
    closed: Option<Timestamp>,
}

/// What the world is known to know.
///
/// **Source:** Vultron case states P, X and A; each is a latch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Observed {
    /// Since when the public is aware.
    pub public_aware: Option<Timestamp>,
    /// Since when an exploit is public.
    pub exploit_public: Option<Timestamp>,
    /// Since when attacks are observed.
    pub attacks_observed: Option<Timestamp>,
}

impl Observed {
    /// Returns the gravest thing observed, in words.
    #[must_use]
    pub fn first(self) -> Option<&'static str> {
        let said = |since: Option<Timestamp>, words| since.map(|_| words);
        said(self.public_aware, "the public is aware")
            .or(said(self.exploit_public, "an exploit is public"))
            .or(said(self.attacks_observed, "attacks were observed"))
    }
}

/// Something the world was seen to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Observation {
    /// The public is aware.
    PublicAware,
    /// An exploit is public.
    ExploitPublic,
    /// Attacks are observed.
    AttacksObserved,
}

/// What became public, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Published {
    /// The instant the files carry.
    pub at: Timestamp,
    /// Which files.
    pub files: Vec<PublishedFile>,
}

/// One public file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedFile {
    /// Its name.
    pub name: String,
    /// SHA-256 of its bytes.
    pub sha256: Sha256,
}

/// What a person asks of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaseCommand {
    /// Opens it.
    Open {
        /// What it is about.
        title: String,
        /// Its CVE ids.
        cves: Vec<String>,
    },
    /// Reports what the world knows; may end the embargo, or ask for a decision.
    Observe {
        /// What was observed.
        what: Observation,
        /// Since when.
        at: Timestamp,
    },
    /// Publishes the advisory.
    Publish {
        /// The instant the files carry; not before the public instant, not after now.
        at: Timestamp,
        /// The public files.
        files: Vec<PublishedFile>,
    },
    /// Closes the case.
    Close,
}

/// What happened to a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseEvent {
    /// It was opened.
    Opened {
        /// Which.
        case: CaseId,
        /// What it is about.
        title: String,
        /// Its CVE ids.
        cves: Vec<String>,
    },
    /// The world knows something.
    Observed {
        /// Which case.
        case: CaseId,
        /// What.
        what: Observation,
        /// Since when.
        since: Timestamp,
    },
    /// The advisory is public.
    Published {
        /// Which case.
        case: CaseId,
        /// The instant the files carry.
        at: Timestamp,
        /// The public files.
        files: Vec<PublishedFile>,
    },
    /// It was closed.
    Closed {
        /// Which case.
        case: CaseId,
    },
}

impl Case {
    /// Returns its id.
    #[must_use]
    pub fn id(&self) -> &CaseId {
        &self.id
    }

    /// Returns what it is about.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Returns its CVE ids.
    #[must_use]
    pub fn cves(&self) -> &[String] {
        &self.cves
    }

    /// Returns when it was opened.
    #[must_use]
    pub fn opened(&self) -> Timestamp {
        self.opened
    }

    /// Returns its embargo.
    #[must_use]
    pub fn embargo(&self) -> Embargo {
        self.embargo
    }

    /// Returns what the world is known to know.
    #[must_use]
    pub fn observed(&self) -> Observed {
        self.observed
    }

    /// Returns the version of its package, 0 while it has no item.
    #[must_use]
    pub fn package(&self) -> u32 {
        self.package
    }

    /// Returns its items by id.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.items.values()
    }

    /// Returns an item.
    ///
    /// # Errors
    /// [`Refusal::UnknownItem`].
    pub fn item(&self, id: &ItemId) -> Result<&Item, Refusal> {
        let unknown = || Refusal::UnknownItem { case: self.id.clone(), item: id.clone() };
        self.items.get(id).ok_or_else(unknown)
    }

    /// Returns the items as they stood in a version of the package, by id.
    #[must_use]
    pub fn items_of(&self, package: u32) -> BTreeMap<&ItemId, &Item> {
        self.history
            .iter()
            .filter(|(since, _)| *since <= package)
            .map(|(_, item)| (&item.item, item))
            .collect()
    }

    /// Returns its waves by id.
    pub fn waves(&self) -> impl Iterator<Item = &Wave> {
        self.waves.values()
    }

    /// Returns a wave.
    ///
    /// # Errors
    /// [`Refusal::UnknownWave`].
    pub fn wave(&self, id: &WaveId) -> Result<&Wave, Refusal> {
        let unknown = || Refusal::UnknownWave { case: self.id.clone(), wave: id.clone() };
        self.waves.get(id).ok_or_else(unknown)
    }

    /// Returns what was committed about the marks of a package version.
    #[must_use]
    pub fn marks(&self, package: u32) -> Option<&MarksCommitment> {
        self.marks.get(&package)
    }

    /// Returns every grant by item and member.
    pub fn grants(&self) -> impl Iterator<Item = (&ItemId, &MemberId, &Granted)> {
        self.grants
            .iter()
            .flat_map(|(item, by)| by.iter().map(move |(member, granted)| (item, member, granted)))
    }

    /// Returns the grants of one item by member.
    pub fn grants_of(&self, item: &ItemId) -> impl Iterator<Item = (&MemberId, &Granted)> {
        self.grants.get(item).into_iter().flatten()
    }

    /// Returns a member's grant of an item.
    #[must_use]
    pub fn granted(&self, item: &ItemId, member: &MemberId) -> Option<&Granted> {
        self.grants.get(item)?.get(member)
    }

    pub(crate) fn granted_mut(&mut self, item: &ItemId, member: &MemberId) -> Option<&mut Granted> {
        self.grants.get_mut(item)?.get_mut(member)
    }

    /// Returns what became public.
    #[must_use]
    pub fn published(&self) -> Option<&Published> {
        self.published.as_ref()
    }

    /// Returns when it was closed.
    #[must_use]
    pub fn closed(&self) -> Option<Timestamp> {
        self.closed
    }

    /// Returns since when an embargo was in force first; revisions do not move it.
    pub(crate) fn embargo_began(&self) -> Option<Timestamp> {
        self.embargo_began
    }

    pub(crate) fn proposed_by(&self) -> Option<&UserId> {
        self.proposed_by.as_ref()
    }

    pub(crate) fn exit_proposed_by(&self) -> Option<&UserId> {
        self.exit_proposed_by.as_ref()
    }

    pub(crate) fn check_open(&self) -> Result<(), Refusal> {
        if self.closed.is_some() { Err(Refusal::CaseClosed { case: self.id.clone() }) } else { Ok(()) }
    }

    /// Returns the event that sets a latch, unless it is set already.
    pub(crate) fn observe(&self, what: Observation, since: Timestamp) -> Option<Event> {
        let known = match what {
            Observation::PublicAware => self.observed.public_aware,
            Observation::ExploitPublic => self.observed.exploit_public,
            Observation::AttacksObserved => self.observed.attacks_observed,
        };
        let case = self.id.clone();
        known.is_none().then_some(Event::Case(CaseEvent::Observed { case, what, since }))
    }

    /// Takes a step of the embargo machine; a step the machine does not have changes nothing.
    pub(crate) fn move_embargo(&mut self, step: Move, at: Timestamp, actor: &UserId) {
        let Ok(next) = self.embargo.step(step) else { return };
        self.embargo = next;
        self.proposed_by = matches!(step, Move::Propose(_)).then(|| actor.clone());
        if let Move::Accept = step {
            self.embargo_began.get_or_insert(at);
        }
        if let Move::Accept | Move::Terminate(_) = step {
            // Who wanted the exit wanted it of the end that held then.
            self.exit_proposed_by = None;
        }
    }

    /// Makes approvals of every wave that `touched` picks start over; they were for the wave as it stood.
    pub(crate) fn void_approvals(&mut self, touched: impl Fn(&Wave) -> bool) {
        for wave in self.waves.values_mut().filter(|wave| touched(wave)) {
            wave.approvals.clear();
        }
    }

    pub(crate) fn propose_exit(&mut self, actor: &UserId) {
        self.exit_proposed_by = Some(actor.clone());
    }

    pub(crate) fn withdraw_exit(&mut self) {
        self.exit_proposed_by = None;
    }

    pub(crate) fn put_grant(&mut self, item: ItemId, member: MemberId, granted: Granted) {
        self.grants.entry(item).or_default().insert(member, granted);
    }
}
