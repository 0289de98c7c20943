//! Vetting: the criteria sheet that two people sign, the screening, and whom to reach at a member.

mod decide;
mod sheet;

use std::collections::BTreeMap;

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::{
    id::{CriterionId, MemberId, Sha256, UserId},
    member::Member,
};

pub(crate) use decide::{check_admission, check_criteria, decide};
pub(crate) use sheet::due_again;
pub use sheet::{Row, SIGNERS, State, rows, sheet_hash, signers};

/// Something that a member must meet to be admitted; data of the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// Its name on the sheet.
    pub id: CriterionId,
    /// What the member must meet, in one sentence.
    pub sentence: String,
    /// Where it comes from, in the program's own words.
    pub source: String,
}

/// What was found about a criterion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The member meets it.
    Met,
    /// It does not.
    NotMet,
    /// It is not asked of this member.
    Waived {
        /// Why not.
        reason: String,
    },
}

/// A criterion's place on a member's sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Assessment {
    /// What was found.
    pub answer: Answer,
    /// What it rests on.
    pub evidence: String,
    /// When it was found.
    pub at: Timestamp,
    /// By whom.
    pub by: UserId,
}

/// A person's word that the sheet holds, as it stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Signature {
    /// Whose.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// The sheet it was given for; for any other sheet it counts nothing.
    pub sheet: Sha256,
}

/// What a person made of comparing the member's name with a sanctions list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScreeningOutcome {
    /// Nobody on the list is this member.
    Clear,
    /// The member is on the list.
    Hit,
}

/// A comparison with a sanctions list, as a person recorded it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screening {
    /// The list's name.
    pub list: String,
    /// SHA-256 of the list's file.
    pub sha256: Sha256,
    /// The day the list is of, as its publisher says.
    pub list_date: Date,
    /// What came of it.
    pub outcome: ScreeningOutcome,
    /// Why.
    pub reason: String,
}

/// A screening with its provenance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordedScreening {
    /// What was recorded.
    pub screening: Screening,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: UserId,
}

/// A member's criteria sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sheet {
    /// What was found, criterion by criterion.
    pub assessments: BTreeMap<CriterionId, Assessment>,
    /// Who signed, oldest first; [`signers`] says whose word holds for the sheet as it stands.
    pub signatures: Vec<Signature>,
    /// The newest screening.
    pub screening: Option<RecordedScreening>,
}

/// What a contact is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactRole {
    /// Who handles what the program sends.
    Security,
    /// Who makes detections of it.
    Technical,
    /// Who answers for agreement and duties.
    Legal,
    /// Who answers at any hour.
    Emergency,
    /// Who keeps the membership.
    Administrative,
}

/// Whom to reach, preferably a role's address and not a person's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Who answers there.
    pub name: String,
    /// Where: a mail address, a telephone number.
    pub address: String,
}

impl Contact {
    /// Returns the address when it is one that mail can be sent to, as far as its shape tells.
    #[must_use]
    pub fn mail(&self) -> Option<&str> {
        let (local, domain) = self.address.trim().rsplit_once('@')?;
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_graphic());
        (plain(local) && plain(domain)).then(|| self.address.trim())
    }
}

/// What a person asks of a member's vetting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VettingCommand {
    /// Records what was found about a criterion.
    Assess {
        /// Which one.
        criterion: CriterionId,
        /// What was found.
        answer: Answer,
        /// What it rests on.
        evidence: String,
    },
    /// Signs the sheet as it stands.
    Sign,
    /// Records what came of comparing the member's name with a sanctions list.
    Screen(Screening),
    /// Names a contact, in place of the one before.
    SetContact(ContactRole, Contact),
}

/// What happened in a member's vetting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VettingEvent {
    /// A criterion was assessed.
    Assessed {
        /// About whom.
        member: MemberId,
        /// Which criterion.
        criterion: CriterionId,
        /// What was found.
        answer: Answer,
        /// What it rests on.
        evidence: String,
    },
    /// The sheet was signed.
    SheetSigned {
        /// Whose sheet.
        member: MemberId,
        /// Its hash, see [`sheet_hash`].
        sheet: Sha256,
    },
    /// The member's name was compared with a sanctions list.
    Screened {
        /// Whose.
        member: MemberId,
        /// With what, and what came of it.
        screening: Screening,
    },
    /// A contact was named.
    ContactSet {
        /// Whose.
        member: MemberId,
        /// What for.
        role: ContactRole,
        /// Whom to reach.
        contact: Contact,
    },
}

pub(crate) fn apply(member: &mut Member, event: &VettingEvent, at: Timestamp, actor: &UserId) {
    let by = actor.clone();
    match event {
        VettingEvent::Assessed { criterion, answer, evidence, .. } => {
            let assessment = Assessment { answer: answer.clone(), evidence: evidence.clone(), at, by };
            member.sheet.assessments.insert(criterion.clone(), assessment);
        }
        VettingEvent::SheetSigned { sheet, .. } => {
            member.sheet.signatures.push(Signature { by, at, sheet: *sheet });
        }
        VettingEvent::Screened { screening, .. } => {
            member.sheet.screening = Some(RecordedScreening { screening: screening.clone(), at, by });
        }
        VettingEvent::ContactSet { role, contact, .. } => {
            member.contacts.insert(*role, contact.clone());
        }
    }
}

impl VettingEvent {
    /// Returns the member it is about.
    #[must_use]
    pub fn member(&self) -> &MemberId {
        match self {
            Self::Assessed { member, .. }
            | Self::SheetSigned { member, .. }
            | Self::Screened { member, .. }
            | Self::ContactSet { member, .. } => member,
        }
    }
}

impl ContactRole {
    /// Every role, in the order of declaration.
    pub const ALL: [Self; 5] =
        [Self::Security, Self::Technical, Self::Legal, Self::Emergency, Self::Administrative];

    /// Returns the role's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Technical => "technical",
            Self::Legal => "legal",
            Self::Emergency => "emergency",
            Self::Administrative => "administrative",
        }
    }

    /// Returns the role of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

impl Answer {
    /// Returns the answer's name.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NotMet => "not met",
            Self::Waived { .. } => "waived",
        }
    }
}

impl ScreeningOutcome {
    /// Returns the outcome's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Hit => "hit",
        }
    }
}
