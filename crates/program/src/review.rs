//! Reviews: a decision on a member's standing, by two people.

mod event;

use jiff::Timestamp;
use policy::{Restriction, Standing};
use serde::{Deserialize, Serialize};

use crate::{
    Event,
    context::Context,
    embargo::second_person,
    id::{LeakId, MemberId, ReviewId, UserId},
    leak::Verdict,
    member::{self, Member, MemberEvent},
    notification::{self, About},
    program::Program,
    refusal::Refusal,
};

pub use event::{ReviewCommand, ReviewEvent};

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
    /// What is on the table.
    pub proposed: Option<Proposed>,
    /// The outcome, when it was decided and who confirmed it.
    pub decided: Option<(Outcome, Timestamp, UserId)>,
}

/// An outcome on the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proposed {
    /// Which outcome.
    pub outcome: Outcome,
    /// Why.
    pub reason: String,
    /// What was found.
    pub finding: Option<String>,
    /// Which classes the outcome takes, until when; absent where it takes none, or everything.
    pub restriction: Option<Restriction>,
    /// Who proposed it.
    pub by: UserId,
}

impl Proposed {
    /// Returns the standing it gives a member, if it changes it.
    #[must_use]
    pub fn standing(&self) -> Option<Standing> {
        // Who is restricted in some classes has the others.
        if self.restriction.is_some() { Some(Standing::Active) } else { self.outcome.standing() }
    }
}

impl std::fmt::Display for Proposed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.restriction {
            Some(restriction) => write!(f, "{} {restriction}", self.outcome.as_str()),
            None => f.write_str(self.outcome.as_str()),
        }
    }
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
            let same =
                |known: &&Review| known.member == member && known.leak == leak && known.decided.is_none();
            if let Some(known) = program.reviews().find(same) {
                return Err(Refusal::ReviewOpen { review: known.id, member });
            }
            let review = program.next_review();
            let text = format!("review {review} of it was opened, and it may reply before that is decided");
            let told = notification::due(program, About::Review(review), [member.clone()].into(), text);
            let opened = Event::Review(ReviewEvent::Opened { review, member, leak, reason });
            Ok([opened].into_iter().chain(told).collect())
        }
        ReviewCommand::Reply { review, text } => {
            open(program, review)?;
            if text.trim().is_empty() {
                return Err(Refusal::Empty("a reply"));
            }
            event(ReviewEvent::Replied { review, text })
        }
        ReviewCommand::Propose { review, outcome, reason, finding, restriction } => {
            let member = program.member(&open(program, review)?.member)?;
            if reason.trim().is_empty() {
                return Err(Refusal::Empty("the reason of an outcome"));
            }
            let by = ctx.actor.clone();
            let proposed = Proposed { outcome, reason, finding, restriction, by };
            check(program, ctx, member, &proposed)?;
            let Proposed { reason, finding, restriction, .. } = proposed;
            event(ReviewEvent::Proposed { review, outcome, reason, finding, restriction })
        }
        ReviewCommand::Confirm { review } => {
            let known = open(program, review)?;
            let Some(proposed) = &known.proposed else {
                return Err(Refusal::NothingProposed(review));
            };
            second_person(program, &proposed.by, ctx.actor, "propose and confirm a review's outcome")?;
            let member = program.member(&known.member)?;
            check(program, ctx, member, proposed)?;
            let (outcome, restriction) = (proposed.outcome, proposed.restriction.clone());
            let decided = Event::Review(ReviewEvent::Decided { review, outcome, restriction });
            let moved = proposed.standing().filter(|to| *to != member.standing).map(|to| {
                let reason = format!("review {review}: {}", proposed.reason);
                Event::Member(MemberEvent::Moved { member: known.member.clone(), to, reason })
            });
            let text = format!("review {review} of it was decided: {}", effect(proposed));
            let told = notification::due(program, About::Review(review), [known.member.clone()].into(), text);
            Ok([decided].into_iter().chain(moved).chain(told).collect())
        }
    }
}

/// Says what an outcome means for the member; its reason is told over a confidential channel.
fn effect(proposed: &Proposed) -> String {
    match (&proposed.restriction, proposed.outcome) {
        (Some(restriction), _) => format!("it is restricted, {restriction}"),
        (None, Outcome::Clear) => String::from("nothing stands against it"),
        (None, Outcome::Warn) => String::from("it is warned, and its standing stays as it is"),
        (None, Outcome::Restrict) => String::from("it is restricted and has nothing before it is public"),
        (None, Outcome::Suspend) => String::from("it is suspended and has nothing until it is reinstated"),
        (None, Outcome::Remove) => String::from("it is removed from the program for good"),
    }
}

/// Returns how often a member was warned by reviews that were decided by an instant.
#[must_use]
pub fn warnings(program: &Program, member: &MemberId, by: Timestamp) -> usize {
    let warned = |review: &&Review| {
        review.member == *member
            && review.decided.as_ref().is_some_and(|(outcome, at, _)| *outcome == Outcome::Warn && *at <= by)
    };
    program.reviews().filter(warned).count()
}

/// Checks that an outcome may be had now. A review may confirm the standing a member already has, for example
/// a suspension that went before it.
fn check(program: &Program, ctx: &Context<'_>, member: &Member, proposed: &Proposed) -> Result<(), Refusal> {
    if let Some(to) = proposed.standing().filter(|to| *to != member.standing) {
        member::check_change(member, to)?;
    }
    let Some(wanted) = &proposed.restriction else { return Ok(()) };
    if proposed.outcome != Outcome::Restrict {
        return Err(Refusal::NothingToRestrict { outcome: proposed.outcome.as_str() });
    }
    if wanted.classes.is_empty() {
        return Err(Refusal::Empty("the list of restricted classes"));
    }
    if let Some(until) = wanted.until.filter(|until| *until <= ctx.now) {
        return Err(Refusal::RestrictionEnded { until });
    }
    if !program.policies().heeds_restrictions() {
        return Err(Refusal::RestrictionUnheeded);
    }
    match restriction_in_force(program, &member.id, ctx.now) {
        Some(held) if !covers(wanted, held) => {
            Err(Refusal::RestrictsLess { member: member.id.clone(), held: held.clone() })
        }
        _ => Ok(()),
    }
}

/// Returns what a review took from a member, as long as it holds.
#[must_use]
pub fn restriction_in_force<'a>(
    program: &'a Program,
    member: &MemberId,
    now: Timestamp,
) -> Option<&'a Restriction> {
    program.restriction(member).filter(|held| held.until.is_none_or(|until| now < until))
}

fn covers(wanted: &Restriction, held: &Restriction) -> bool {
    let as_long = match (wanted.until, held.until) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wanted), Some(held)) => wanted >= held,
    };
    as_long && wanted.classes.is_superset(&held.classes)
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
        ReviewEvent::Proposed { outcome, reason, finding, restriction, .. } => {
            review.proposed = Some(Proposed {
                outcome: *outcome,
                reason: reason.clone(),
                finding: finding.clone(),
                restriction: restriction.clone(),
                by: actor.clone(),
            });
        }
        ReviewEvent::Decided { outcome, restriction, .. } => {
            review.decided = Some((*outcome, at, actor.clone()));
            let member = review.member.clone();
            if *outcome == Outcome::Clear || restriction.is_some() {
                program.restrict(&member, restriction.clone());
            }
        }
    }
}
