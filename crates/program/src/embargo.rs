//! The embargo of a case: Vultron's EM machine, its authority and its limits.
//!
//! **Source:** CERTCC/Vultron, embargo management; states None, Proposed, Active, Revise, Exited and the
//! ten edges of its transition table. Unlike Vultron's peers, one authority decides here (the program),
//! and two of its people must agree.

use jiff::Timestamp;
use policy::Lead;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    Event,
    case::Case,
    context::Context,
    id::{CaseId, UserId},
    notification,
    program::{Program, Rules},
    refusal::Refusal,
};

/// The state of a case's embargo; in force in `Active` and `Revise`, over for good in `Exited`.
///
/// Every instant is UTC; an embargo never ends on a bare date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Embargo {
    /// Nothing proposed, or the proposal was rejected.
    #[default]
    None,
    /// An end is proposed and binds nobody yet.
    Proposed {
        /// The proposed end.
        ends: Timestamp,
    },
    /// In force.
    Active {
        /// When it ends.
        ends: Timestamp,
    },
    /// In force, with another end proposed; the old end holds until that is accepted.
    Revise {
        /// When it ends as things stand.
        ends: Timestamp,
        /// When it would end.
        proposed: Timestamp,
    },
    /// Over; the instant is the public instant.
    Exited {
        /// When it was over.
        at: Timestamp,
    },
}

/// A step of the embargo machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Move {
    /// Proposes an end.
    Propose(Timestamp),
    /// Accepts what is proposed.
    Accept,
    /// Rejects what is proposed; an embargo in force goes on.
    Reject,
    /// Ends the embargo.
    Terminate(Timestamp),
}

/// A step that the machine does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an embargo that is {from} cannot take `{step}`: {hint}")]
pub struct IllegalMove {
    from: &'static str,
    step: &'static str,
    hint: &'static str,
}

impl Embargo {
    /// Returns the state after `step`; every path that changes an embargo goes through here.
    ///
    /// # Errors
    /// [`IllegalMove`] when the table has no such edge.
    pub fn step(self, step: Move) -> Result<Self, IllegalMove> {
        Ok(match (self, step) {
            (Self::None | Self::Proposed { .. }, Move::Propose(ends)) => Self::Proposed { ends },
            (Self::Proposed { .. }, Move::Reject) => Self::None,
            (Self::Proposed { ends } | Self::Revise { proposed: ends, .. }, Move::Accept) => {
                Self::Active { ends }
            }
            (Self::Active { ends } | Self::Revise { ends, .. }, Move::Propose(proposed)) => {
                Self::Revise { ends, proposed }
            }
            (Self::Revise { ends, .. }, Move::Reject) => Self::Active { ends },
            (Self::Active { .. } | Self::Revise { .. }, Move::Terminate(at)) => Self::Exited { at },
            (from, step) => return Err(illegal(from, step)),
        })
    }

    /// Returns the instant from which the public may know, as far as it is settled.
    ///
    /// `None` while no embargo was ever in force: then nothing may be released at all.
    #[must_use]
    pub fn public(self) -> Option<Timestamp> {
        match self {
            Self::None | Self::Proposed { .. } => None,
            Self::Active { ends } | Self::Revise { ends, .. } => Some(ends),
            Self::Exited { at } => Some(at),
        }
    }

    /// Returns the end of an embargo in force.
    #[must_use]
    pub fn in_force_until(self) -> Option<Timestamp> {
        match self {
            Self::Active { ends } | Self::Revise { ends, .. } => Some(ends),
            Self::None | Self::Proposed { .. } | Self::Exited { .. } => None,
        }
    }

    /// Returns the end that is proposed and not accepted yet.
    #[must_use]
    pub fn proposed(self) -> Option<Timestamp> {
        match self {
            Self::Proposed { ends } | Self::Revise { proposed: ends, .. } => Some(ends),
            Self::None | Self::Active { .. } | Self::Exited { .. } => None,
        }
    }

    /// Returns the state at an instant: an embargo whose end has come is over, whether or not that is logged.
    ///
    /// **Source:** Vultron embargo rules, timer expiry terminates.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        match self {
            Self::Active { ends } | Self::Revise { ends, .. } if ends <= now => Self::Exited { at: ends },
            other => other,
        }
    }

    /// Returns the state's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Proposed { .. } => "proposed",
            Self::Active { .. } => "active",
            Self::Revise { .. } => "in revision",
            Self::Exited { .. } => "over",
        }
    }
}

fn illegal(from: Embargo, step: Move) -> IllegalMove {
    let hint = match (from, step) {
        (Embargo::Exited { .. }, _) => "open a new case if there is something new to hold",
        (Embargo::None, _) => "propose an end first",
        (Embargo::Proposed { .. }, _) => "accept or reject the proposal first",
        (Embargo::Active { .. }, _) => "propose another end first",
        (Embargo::Revise { .. }, _) => "accept or reject the revision first",
    };
    let step = match step {
        Move::Propose(_) => "propose",
        Move::Accept => "accept",
        Move::Reject => "reject",
        Move::Terminate(_) => "terminate",
    };
    IllegalMove { from: from.name(), step, hint }
}

/// What a person asks of an embargo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmbargoCommand {
    /// Proposes an end, or another end.
    Propose {
        /// The proposed end.
        ends: Timestamp,
    },
    /// Accepts the proposal; someone else than who proposed it.
    Accept {
        /// The end as the accepting person saw it; another one on the table is not accepted unseen.
        ends: Option<Timestamp>,
    },
    /// Rejects the proposal.
    Reject,
    /// Ends the embargo early; takes effect when a second person asks for the same.
    Terminate {
        /// Why.
        reason: String,
    },
    /// Keeps the embargo although attacks were observed; closes the exit decision.
    Keep {
        /// Why.
        reason: String,
    },
}

/// A proposed end, as an acceptance names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The proposed end.
    pub ends: Timestamp,
    /// Who proposed it.
    pub by: UserId,
}

/// What happened to an embargo.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmbargoEvent {
    /// The machine took a step.
    Moved {
        /// Whose embargo.
        case: CaseId,
        /// Which step.
        step: Move,
        /// Why, where somebody said so or a rule forced it.
        reason: String,
        /// Of an acceptance, which proposal it was for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        accepts: Option<Proposal>,
    },
    /// One person asked for an early end; a second one is needed.
    ExitProposed {
        /// Whose embargo.
        case: CaseId,
        /// Why.
        reason: String,
    },
    /// The embargo is kept although attacks were observed.
    Kept {
        /// Whose embargo.
        case: CaseId,
        /// Why.
        reason: String,
    },
}

impl EmbargoEvent {
    /// Returns the case it belongs to.
    #[must_use]
    pub fn case(&self) -> &CaseId {
        match self {
            Self::Moved { case, .. } | Self::ExitProposed { case, .. } | Self::Kept { case, .. } => case,
        }
    }
}

pub(crate) fn decide(
    program: &Program,
    ctx: &Context<'_>,
    id: &CaseId,
    command: EmbargoCommand,
) -> Result<Vec<Event>, Refusal> {
    let case = program.case(id)?;
    case.check_open()?;
    let embargo = case.embargo().at(ctx.now);
    let moved = |step, reason: &str| {
        Event::Embargo(EmbargoEvent::Moved { case: id.clone(), step, reason: reason.into(), accepts: None })
    };
    match command {
        EmbargoCommand::Propose { ends } => {
            let step = Move::Propose(ends);
            embargo.step(step)?;
            may_propose(case, embargo, ends, ctx.now, program.rules())?;
            match embargo.proposed() {
                Some(first) if ctx.now < first && first <= ends => {
                    Err(Refusal::LaterProposal { case: id.clone(), ends, first })
                }
                _ => Ok(vec![moved(step, "proposed")]),
            }
        }
        EmbargoCommand::Accept { ends } => accept(program, ctx, case, embargo, ends),
        EmbargoCommand::Reject => {
            embargo.step(Move::Reject)?;
            Ok(vec![moved(Move::Reject, "rejected")])
        }
        EmbargoCommand::Terminate { reason } => {
            let step = Move::Terminate(ctx.now);
            embargo.step(step)?;
            check_reason(&reason)?;
            match program.first(case.exit_proposed_by()) {
                Some(first) if first != ctx.actor => {
                    let mut events = vec![moved(step, &reason)];
                    events.extend(crate::deadline::close_exit_decision(program, id, "embargo ended"));
                    events.extend(notification::of_exit(program, case, ctx.now, &reason));
                    Ok(events)
                }
                Some(_) => Err(Refusal::SamePerson { what: "end the embargo early" }),
                None => Ok(vec![Event::Embargo(EmbargoEvent::ExitProposed { case: id.clone(), reason })]),
            }
        }
        EmbargoCommand::Keep { reason } => {
            let closed = crate::deadline::close_exit_decision(program, id, "embargo kept");
            if closed.is_empty() || embargo.in_force_until().is_none() {
                return Err(Refusal::NothingToDecide { case: id.clone() });
            }
            check_reason(&reason)?;
            let kept = Event::Embargo(EmbargoEvent::Kept { case: id.clone(), reason });
            Ok([kept].into_iter().chain(closed).collect())
        }
    }
}

/// Accepts what is proposed, by name, if it is what the accepting person saw.
fn accept(
    program: &Program,
    ctx: &Context<'_>,
    case: &Case,
    embargo: Embargo,
    seen: Option<Timestamp>,
) -> Result<Vec<Event>, Refusal> {
    let step = Move::Accept;
    embargo.step(step)?;
    let id = case.id();
    if let (Some(given), Some(proposed)) = (seen, embargo.proposed())
        && given != proposed
    {
        return Err(Refusal::OtherProposal { case: id.clone(), given, proposed });
    }
    if let Some(first) = case.proposed_by() {
        second_person(program, first, ctx.actor, "accept the embargo's end")?;
    }
    let accepts = match (embargo.proposed(), case.proposed_by()) {
        (Some(ends), Some(by)) => Some(Proposal { ends, by: by.clone() }),
        _ => None,
    };
    let mut told = None;
    if let Some(ends) = embargo.proposed() {
        may_propose(case, embargo, ends, ctx.now, program.rules())?;
        told = embargo.in_force_until().and_then(|_| notification::of_move(program, case, ends));
    }
    let reason = String::from("accepted by a second person");
    let moved = Event::Embargo(EmbargoEvent::Moved { case: id.clone(), step, reason, accepts });
    Ok([moved].into_iter().chain(told).collect())
}

/// Checks a proposed end against what Vultron forbids and what the program allows.
///
/// **Source:** Vultron embargo rules: no new embargo once the public, an exploit or attacks are there; it
/// ends at an instant and not never, and repeated extension does not delay it for ever either.
fn may_propose(
    case: &Case,
    embargo: Embargo,
    ends: Timestamp,
    now: Timestamp,
    rules: &Rules,
) -> Result<(), Refusal> {
    if ends <= now {
        return Err(Refusal::EndsInThePast { ends, now });
    }
    let began = case.embargo_began().filter(|_| embargo.in_force_until().is_some()).unwrap_or(now);
    if ends.duration_since(began) > rules.max_embargo.duration() {
        return Err(Refusal::EmbargoTooLong { ends, max: rules.max_embargo });
    }
    let Some(seen) = case.observed().first() else { return Ok(()) };
    match embargo.in_force_until() {
        None => Err(Refusal::TooLateForEmbargo { seen }),
        Some(held) if ends > held => Err(Refusal::NoExtension { seen, held }),
        Some(_) => Ok(()),
    }
}

fn check_reason(reason: &str) -> Result<(), Refusal> {
    if reason.trim().is_empty() { Err(Refusal::Empty("the reason")) } else { Ok(()) }
}

/// Checks that `second` is not who took the first step.
pub(crate) fn second_person(
    program: &Program,
    first: &UserId,
    second: &UserId,
    what: &'static str,
) -> Result<(), Refusal> {
    if first == second {
        return Err(Refusal::SamePerson { what });
    }
    if program.first(Some(first)).is_none() {
        return Err(Refusal::FirstPersonGone { first: first.clone(), what });
    }
    Ok(())
}

pub(crate) fn apply(case: &mut Case, event: &EmbargoEvent, at: Timestamp, actor: &UserId) {
    match event {
        EmbargoEvent::Moved { step, .. } => case.move_embargo(*step, at, actor),
        EmbargoEvent::ExitProposed { .. } => case.propose_exit(actor),
        EmbargoEvent::Kept { .. } => case.withdraw_exit(),
    }
}

/// Returns the instant a lead before the end, which is when a wave with that lead is due.
#[must_use]
pub fn before(end: Timestamp, lead: Lead) -> Timestamp {
    end.checked_sub(lead.duration()).unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn t(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    const STATES: fn() -> [Embargo; 5] = || {
        [
            Embargo::None,
            Embargo::Proposed { ends: t(10) },
            Embargo::Active { ends: t(10) },
            Embargo::Revise { ends: t(10), proposed: t(20) },
            Embargo::Exited { at: t(5) },
        ]
    };
    const STEPS: fn() -> [Move; 4] =
        || [Move::Propose(t(30)), Move::Accept, Move::Reject, Move::Terminate(t(7))];

    #[test]
    fn has_vultrons_ten_edges_and_no_other() {
        let edges: Vec<String> = STATES()
            .into_iter()
            .flat_map(|from| STEPS().map(|step| (from, step)))
            .filter_map(|(from, step)| Some((from, step, from.step(step).ok()?)))
            .map(|(from, step, to)| {
                let letter = match step {
                    Move::Propose(_) => 'p',
                    Move::Accept => 'a',
                    Move::Reject => 'r',
                    Move::Terminate(_) => 't',
                };
                format!("{} -{letter}-> {}", from.name(), to.name())
            })
            .collect();
        assert_eq!(
            edges,
            [
                "none -p-> proposed",
                "proposed -p-> proposed",
                "proposed -a-> active",
                "proposed -r-> none",
                "active -p-> in revision",
                "active -t-> over",
                "in revision -p-> in revision",
                "in revision -a-> active",
                "in revision -r-> active",
                "in revision -t-> over",
            ]
        );
    }

    /// Vultron's grammar of embargo histories, corrected: `(p+r)*(p+a(p+[ar])*p*t)?` and its prefixes.
    fn grammar(history: &str) -> bool {
        let mut state = 'N';
        for letter in history.chars() {
            state = match (state, letter) {
                ('N' | 'P', 'p') => 'P',
                ('P', 'r') => 'N',
                ('P', 'a') => 'A',
                ('A' | 'R', 'p') => 'R',
                ('R', 'a' | 'r') => 'A',
                ('A' | 'R', 't') => 'X',
                _ => return false,
            };
        }
        true
    }

    proptest! {
        #[test]
        fn a_revision_never_interrupts_the_embargo(history in "[part]{0,9}") {
            let mut state = Embargo::None;
            let mut legal = true;
            for letter in history.chars() {
                let step = match letter {
                    'p' => Move::Propose(t(99)),
                    'a' => Move::Accept,
                    'r' => Move::Reject,
                    _ => Move::Terminate(t(1)),
                };
                let was_in_force = state.in_force_until().is_some();
                match state.step(step) {
                    Ok(next) => {
                        let ended = matches!(step, Move::Terminate(_));
                        prop_assert!(!was_in_force || ended || next.in_force_until().is_some());
                        state = next;
                    }
                    Err(_) => { legal = false; break; }
                }
            }
            prop_assert_eq!(legal, grammar(&history));
        }
    }

    #[test]
    fn a_rejected_revision_keeps_the_old_end() {
        let revised = Embargo::Active { ends: t(10) }.step(Move::Propose(t(20))).unwrap();
        assert_eq!(revised.public(), Some(t(10)));
        assert_eq!(revised.step(Move::Reject).unwrap(), Embargo::Active { ends: t(10) });
        assert_eq!(revised.step(Move::Accept).unwrap(), Embargo::Active { ends: t(20) });
    }
}
