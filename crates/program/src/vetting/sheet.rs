//! The criteria sheet as it stands: which criteria are met, what it hashes to, whose signatures hold.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sha2::Digest;

use super::{Answer, Assessment, Criterion, Sheet};
use crate::{
    id::{Sha256, UserId},
    member::Member,
    program::Rules,
};

/// How many different people sign a sheet before its member is admitted.
pub const SIGNERS: usize = 2;

/// Where a criterion stands for a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Met, with evidence.
    Met,
    /// Not asked of this member, for a reason.
    Waived,
    /// Nobody assessed it.
    Open,
    /// Assessed longer ago than the program's rules allow: as good as open.
    Stale,
    /// Not met.
    NotMet,
}

impl State {
    /// Returns the state's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Waived => "waived",
            Self::Open => "open",
            Self::Stale => "to be assessed again",
            Self::NotMet => "not met",
        }
    }

    /// Returns whether a member may be admitted with a criterion in this state.
    #[must_use]
    pub fn settled(self) -> bool {
        matches!(self, Self::Met | Self::Waived)
    }
}

/// One line of a sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// What is asked.
    pub criterion: &'a Criterion,
    /// What was found, if anybody looked.
    pub assessment: Option<&'a Assessment>,
    /// Where that leaves it.
    pub state: State,
}

/// Returns a member's sheet, a line for each criterion in force.
pub fn rows<'a>(rules: &'a Rules, sheet: &'a Sheet, now: Timestamp) -> impl Iterator<Item = Row<'a>> {
    rules.criteria.iter().map(move |criterion| {
        let assessment = sheet.assessments.get(&criterion.id);
        let state = match assessment {
            None => State::Open,
            Some(Assessment { answer: Answer::NotMet, .. }) => State::NotMet,
            Some(found) if due_again(rules, found.at).is_none_or(|due| due <= now) => State::Stale,
            Some(Assessment { answer: Answer::Met, .. }) => State::Met,
            Some(Assessment { answer: Answer::Waived { .. }, .. }) => State::Waived,
        };
        Row { criterion, assessment, state }
    })
}

/// Returns when what was found at an instant is due again; nothing where the calendar ends before that.
pub(crate) fn due_again(rules: &Rules, found: Timestamp) -> Option<Timestamp> {
    found.checked_add(rules.attest_every.duration()).ok()
}

/// Returns whose signatures hold for the sheet as it stands.
#[must_use]
pub fn signers(rules: &Rules, member: &Member) -> BTreeSet<UserId> {
    let stands = sheet_hash(rules, member);
    let signatures = member.sheet.signatures.iter().filter(|signature| signature.sheet == stands);
    signatures.map(|signature| signature.by.clone()).collect()
}

/// Returns the SHA-256 of the sheet as it stands: the member, the criteria in force, what was found about each, and
/// the newest screening.
///
/// Every text goes in with its length before it, so that no two sheets share their bytes.
#[must_use]
pub fn sheet_hash(rules: &Rules, member: &Member) -> Sha256 {
    let mut texts = Texts(sha2::Sha256::new());
    texts.put(["forewarn criteria sheet, version 1", member.id.as_str(), &member.name]);
    for criterion in &rules.criteria {
        texts.put(["criterion", criterion.id.as_str(), &criterion.sentence, &criterion.source]);
        let Some(found) = member.sheet.assessments.get(&criterion.id) else { continue };
        texts.put([
            "found",
            found.answer.as_str(),
            &found.evidence,
            &found.at.to_string(),
            found.by.as_str(),
        ]);
        if let Answer::Waived { reason } = &found.answer {
            texts.put([reason.as_str()]);
        }
    }
    if let Some(recorded) = &member.sheet.screening {
        let screening = &recorded.screening;
        let (sha256, day) = (screening.sha256.to_string(), screening.list_date.to_string());
        texts.put(["screening", &screening.list, &sha256, &day]);
        texts.put([screening.outcome.as_str(), &screening.reason]);
        texts.put([recorded.at.to_string().as_str(), recorded.by.as_str()]);
    }
    Sha256(texts.0.finalize().into())
}

struct Texts(sha2::Sha256);

impl Texts {
    fn put<const N: usize>(&mut self, texts: [&str; N]) {
        for text in texts {
            self.0.update((text.len() as u64).to_le_bytes());
            self.0.update(text.as_bytes());
        }
    }
}
