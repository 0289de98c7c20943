//! What may be asked of a review, and what happens to it.

use policy::Restriction;
use serde::{Deserialize, Serialize};

use super::Outcome;
use crate::id::{LeakId, MemberId, ReviewId};

/// What a person asks of a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReviewCommand {
    /// Opens one.
    Open {
        /// Of whom.
        member: MemberId,
        /// The leak case it rests on.
        leak: Option<LeakId>,
        /// Why.
        reason: String,
    },
    /// Records what the member replied.
    Reply {
        /// Which review.
        review: ReviewId,
        /// What it said.
        text: String,
    },
    /// Proposes an outcome, or another one.
    Propose {
        /// Which review.
        review: ReviewId,
        /// Which outcome.
        outcome: Outcome,
        /// Why.
        reason: String,
        /// What was found.
        finding: Option<String>,
        /// Which classes a restriction takes, until when; without it a restriction takes everything early.
        restriction: Option<Restriction>,
    },
    /// Confirms the outcome on the table; somebody else than who proposed it.
    Confirm {
        /// Which review.
        review: ReviewId,
    },
}

/// What happened to a review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewEvent {
    /// It was opened.
    Opened {
        /// Its number.
        review: ReviewId,
        /// Of whom.
        member: MemberId,
        /// The leak case it rests on.
        leak: Option<LeakId>,
        /// Why.
        reason: String,
    },
    /// The member replied.
    Replied {
        /// Which review.
        review: ReviewId,
        /// What it said.
        text: String,
    },
    /// An outcome is on the table.
    Proposed {
        /// Which review.
        review: ReviewId,
        /// Which outcome.
        outcome: Outcome,
        /// Why.
        reason: String,
        /// What was found.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        finding: Option<String>,
        /// Which classes a restriction takes, until when.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        restriction: Option<Restriction>,
    },
    /// It was decided.
    Decided {
        /// Which review.
        review: ReviewId,
        /// How.
        outcome: Outcome,
        /// Which classes a restriction takes, until when.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        restriction: Option<Restriction>,
    },
}

impl ReviewEvent {
    /// Returns the review it is about.
    #[must_use]
    pub fn review(&self) -> ReviewId {
        match self {
            Self::Opened { review, .. }
            | Self::Replied { review, .. }
            | Self::Proposed { review, .. }
            | Self::Decided { review, .. } => *review,
        }
    }
}
