//! Events and the entries that carry them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    case::CaseEvent, deadline::DeadlineEvent, embargo::EmbargoEvent, endpoint::EndpointEvent,
    grant::GrantEvent, id::UserId, invitation::InvitationEvent, item::ItemEvent, leak::LeakEvent,
    marks::MarksEvent, member::MemberEvent, notification::NotificationEvent, passkey::PasskeyEvent,
    policies::PolicyEvent, program::ProgramEvent, report::ReportEvent, review::ReviewEvent,
    sighting::SightingEvent, subject::SubjectEvent, token::TokenEvent, vetting::VettingEvent,
    viewing::ViewingEvent, wave::WaveEvent,
};

/// Version of the entry's body; events are only ever added to.
pub const VERSION: u32 = 1;

/// Something that happened, named as in the log: `{"grant":{"given":{…}}}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// About the program itself.
    Program(ProgramEvent),
    /// About a member.
    Member(MemberEvent),
    /// About a case.
    Case(CaseEvent),
    /// About a case's embargo.
    Embargo(EmbargoEvent),
    /// About a case's items.
    Item(ItemEvent),
    /// About a package's marks.
    Marks(MarksEvent),
    /// About a wave.
    Wave(WaveEvent),
    /// About a copy.
    Grant(GrantEvent),
    /// About a sighting.
    Sighting(SightingEvent),
    /// About a leak case.
    Leak(LeakEvent),
    /// About a review.
    Review(ReviewEvent),
    /// About a deadline.
    Deadline(DeadlineEvent),
    /// About what members must be told.
    Notification(NotificationEvent),
    /// About where a member's machines are told.
    Endpoint(EndpointEvent),
    /// About how a member was vetted, and whom to reach there.
    Vetting(VettingEvent),
    /// About a token.
    Token(TokenEvent),
    /// About the policies.
    Policy(PolicyEvent),
    /// About an operator that reads an item.
    Viewing(ViewingEvent),
    /// About a member's report.
    Report(ReportEvent),
    /// About an invitation of a member's tool.
    Invitation(InvitationEvent),
    /// About passkeys and the links that register them.
    Passkey(PasskeyEvent),
    /// About who an operator is at an identity provider.
    Subject(SubjectEvent),
}

/// An event with its place, its instant and its author.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its place in the log, from 0.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub actor: UserId,
    /// What.
    pub event: Event,
}

/// The JSON that is hashed and stored; `at` is in it, so the log commits to the instant too.
#[derive(Serialize, Deserialize)]
struct Body {
    v: u32,
    at: Timestamp,
    actor: UserId,
    event: Event,
}

/// A body that is not an entry this version understands.
#[derive(Debug, Error)]
pub enum BodyError {
    /// Not the JSON of an entry.
    #[error("entry {seq} is not an entry of this program: {source}")]
    Json {
        /// Which entry.
        seq: u64,
        /// What the JSON reader said.
        source: serde_json::Error,
    },
    /// Written by a newer version.
    #[error("entry {seq} has version {found}, this is version {VERSION}: use a newer forewarn")]
    Newer {
        /// Which entry.
        seq: u64,
        /// Its version.
        found: u32,
    },
}

impl Entry {
    /// Returns the bytes that are hashed and stored.
    ///
    /// # Errors
    /// [`BodyError::Json`] when the event cannot be written, which no event decided here does.
    pub fn to_body(&self) -> Result<Vec<u8>, BodyError> {
        let body = Body { v: VERSION, at: self.at, actor: self.actor.clone(), event: self.event.clone() };
        serde_json::to_vec(&body).map_err(|source| BodyError::Json { seq: self.seq, source })
    }

    /// Reads an entry back from its stored bytes.
    ///
    /// # Errors
    /// [`BodyError`] when the bytes are no entry, or one of a newer version.
    pub fn from_body(seq: u64, body: &[u8]) -> Result<Self, BodyError> {
        #[derive(Deserialize)]
        struct Version {
            v: u32,
        }
        match serde_json::from_slice::<Body>(body) {
            Ok(Body { v, at, actor, event }) if v <= VERSION => Ok(Self { seq, at, actor, event }),
            Ok(Body { v, .. }) => Err(BodyError::Newer { seq, found: v }),
            Err(source) => match serde_json::from_slice::<Version>(body) {
                Ok(Version { v }) if v > VERSION => Err(BodyError::Newer { seq, found: v }),
                _ => Err(BodyError::Json { seq, source }),
            },
        }
    }
}
