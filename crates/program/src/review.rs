//! Reviews: a decision on a member's standing, by two people.

use jiff::Timestamp;
use policy::Standing;
use serde::{Deserialize, Serialize};

use crate::{
    Event,
    context::Context,
    embargo::second_person,
    id::{LeakId, MemberId, ReviewId, UserId},
    leak::Verdict,
    member::{self, Member, MemberEvent},
    program::Program,
    refusal::Refusal,
};

/// What a review may come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing stands against the member; it is active again.
    Clear,
    /// A warning; its standing stays.
    Warn,
    /// Restricted: nothing before the public.
    Restrict,
    /// Suspended.
    Suspend,
    /// Removed for good.
    Remove,
}

impl Outcome {
    /// Returns the standing that the outcome gives a member, if it changes it.
    #[must_use]
    pub fn standing(self) -> Option<Standing> {
        match self {
            Self::Clear => Some(Standing::Active),
            Self::Warn => None,
            Self::Restrict => Some(Standing::Restricted),
            Self::Suspend => Some(Standing::Suspended),
            Self::Remove => Some(Standing::Removed),
        }
    }

    /// Returns the outcome's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Warn => "warn",
            Self::Restrict => "restrict",
            Self::Suspend => "suspend",
            Self::Remove => "remove",
        }
    }
}

/// A review of a member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Review {
    /// Its number.
    pub id: ReviewId,
    /// Of whom.
    pub member: MemberId,
    /// The leak case it rests on, if one.
    pub leak: Option<LeakId>,
    /// Why it was opened.
    pub reason: String,
    /// When.
    pub opened: Timestamp,
    /// By whom.
    pub opened_by: UserId,
    /// What the member replied.
    pub reply: Option<String>,
    /// The outcome on the table, why, and who proposed it.
    pub proposed: Option<(Outcome, String, UserId)>,
    /// The outcome, when it was decided and who confirmed it.
    pub decided: Option<(Outcome, Timestamp, UserId)>,
}

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
    },
    /// It was decided.
    Decided {
        /// Which review.
        review: ReviewId,
        /// How.
        outcome: Outcome,
    },
}

pub(crate) fn decide(
    program: &Program,
    ctx: &Context<'_>,
    command: ReviewCommand,
) -> Result<Vec<Event>, Refusal> {
    let event = |event| Ok(vec![Event::Review(event)]);
    match command {
        ReviewCommand::Open { member, leak, reason } => {
            program.member(&member)?;
            if reason.trim().is_empty() {
                return Err(Refusal::Empty("the reason of a review"));
            }
            if let Some(leak) = leak {
                accused_in(program, leak, &member)?;
            }
            event(ReviewEvent::Opened { review: program.next_review(), member, leak, reason })
        }
        ReviewCommand::Reply { review, text } => {
            open(program, review)?;
            if text.trim().is_empty() {
                return Err(Refusal::Empty("a reply"));
            }
            event(ReviewEvent::Replied { review, text })
        }
        ReviewCommand::Propose { review, outcome, reason } => {
            let member = program.member(&open(program, review)?.member)?;
            reachable(member, outcome)?;
            if reason.trim().is_empty() {
                return Err(Refusal::Empty("the reason of an outcome"));
            }
            event(ReviewEvent::Proposed { review, outcome, reason })
        }
        ReviewCommand::Confirm { review } => {
            let known = open(program, review)?;
            let Some((outcome, reason, by)) = &known.proposed else {
                return Err(Refusal::NothingProposed(review));
            };
            second_person(Some(by), ctx.actor, "propose and confirm a review's outcome")?;
            let member = program.member(&known.member)?;
            reachable(member, *outcome)?;
            let decided = Event::Review(ReviewEvent::Decided { review, outcome: *outcome });
            let moved = outcome.standing().filter(|to| *to != member.standing).map(|to| {
                let reason = format!("review {review}: {reason}");
                Event::Member(MemberEvent::Moved { member: known.member.clone(), to, reason })
            });
            Ok([decided].into_iter().chain(moved).collect())
        }
    }
}

/// A review may confirm the standing a member already has, for example a suspension that went before it.
fn reachable(member: &Member, outcome: Outcome) -> Result<(), Refusal> {
    match outcome.standing() {
        Some(to) if to != member.standing => member::check_change(member, to),
        _ => Ok(()),
    }
}

fn accused_in(program: &Program, leak: LeakId, member: &MemberId) -> Result<(), Refusal> {
    let trace = program.leak(leak)?.trace.as_ref();
    let accused = trace
        .filter(|trace| trace.verdict == Verdict::Attributed)
        .is_some_and(|trace| trace.accused.iter().any(|accused| accused.member == *member));
    if accused { Ok(()) } else { Err(Refusal::NotAccused { leak, member: member.clone() }) }
}

fn open(program: &Program, id: ReviewId) -> Result<&Review, Refusal> {
    let review = program.review(id)?;
    if review.decided.is_some() { Err(Refusal::ReviewDecided(id)) } else { Ok(review) }
}

pub(crate) fn apply(program: &mut Program, event: &ReviewEvent, at: Timestamp, actor: &UserId) {
    if let ReviewEvent::Opened { review, member, leak, reason } = event {
        program.put_review(Review {
            id: *review,
            member: member.clone(),
            leak: *leak,
            reason: reason.clone(),
            opened: at,
            opened_by: actor.clone(),
            reply: None,
            proposed: None,
            decided: None,
        });
        return;
    }
    let Some(review) = program.review_mut(event.review()) else { return };
    match event {
        ReviewEvent::Opened { .. } => {}
        ReviewEvent::Replied { text, .. } => review.reply = Some(text.clone()),
        ReviewEvent::Proposed { outcome, reason, .. } => {
            review.proposed = Some((*outcome, reason.clone(), actor.clone()));
        }
        ReviewEvent::Decided { outcome, .. } => review.decided = Some((*outcome, at, actor.clone())),
    }
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
