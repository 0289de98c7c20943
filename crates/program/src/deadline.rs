//! Running clocks that somebody must answer.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Event,
    id::{CaseId, DeadlineId},
    program::Program,
};

/// What a deadline asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineKind {
    /// Attacks were observed under embargo: end it, or say why not.
    ///
    /// **Source:** Vultron embargo rules, "attacks observed: should terminate".
    ExitDecision,
}

/// A running clock; it never outlives the embargo it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// Its number.
    pub id: DeadlineId,
    /// The case it runs for.
    pub case: CaseId,
    /// What it asks for.
    pub kind: DeadlineKind,
    /// When it was opened.
    pub opened: Timestamp,
    /// When an answer is due.
    pub due: Timestamp,
    /// How it was answered, and when.
    pub closed: Option<(Timestamp, String)>,
}

/// What happened to a deadline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineEvent {
    /// It began to run.
    Opened {
        /// Its number.
        id: DeadlineId,
        /// For which case.
        case: CaseId,
        /// What it asks for.
        kind: DeadlineKind,
        /// When an answer is due.
        due: Timestamp,
    },
    /// It was answered.
    Closed {
        /// Its number.
        id: DeadlineId,
        /// How.
        how: String,
    },
}

/// Opens an exit decision for a case under embargo, unless one runs already.
pub(crate) fn open_exit_decision(program: &Program, case: &CaseId, now: Timestamp) -> Vec<Event> {
    let Some(ends) = program.case(case).ok().and_then(|c| c.embargo().at(now).in_force_until()) else {
        return Vec::new();
    };
    if running(program, case).next().is_some() {
        return Vec::new();
    }
    let wanted = now.checked_add(program.rules().exit_decision.duration()).unwrap_or(ends);
    vec![Event::Deadline(DeadlineEvent::Opened {
        id: program.next_deadline(),
        case: case.clone(),
        kind: DeadlineKind::ExitDecision,
        due: wanted.min(ends),
    })]
}

/// Closes a case's running exit decision, if there is one.
pub(crate) fn close_exit_decision(program: &Program, case: &CaseId, how: &str) -> Vec<Event> {
    running(program, case)
        .map(|deadline| Event::Deadline(DeadlineEvent::Closed { id: deadline.id, how: how.to_owned() }))
        .collect()
}

fn running<'a>(program: &'a Program, case: &'a CaseId) -> impl Iterator<Item = &'a Deadline> {
    program.deadlines().filter(move |d| d.case == *case && d.closed.is_none())
}

/// Brings a case's running deadlines forward to the embargo's end: none outlives it, even once it is shortened.
pub(crate) fn clamp(program: &mut Program, case: &CaseId) {
    let Some(ends) = program.case(case).ok().and_then(|c| c.embargo().public()) else { return };
    for deadline in program.deadlines_mut().filter(|d| d.case == *case && d.closed.is_none()) {
        deadline.due = deadline.due.min(ends);
    }
}

pub(crate) fn apply(program: &mut Program, event: &DeadlineEvent, at: Timestamp) {
    match event {
        DeadlineEvent::Opened { id, case, kind, due } => program.put_deadline(Deadline {
            id: *id,
            case: case.clone(),
            kind: *kind,
            opened: at,
            due: *due,
            closed: None,
        }),
        DeadlineEvent::Closed { id, how } => {
            if let Some(deadline) = program.deadline_mut(*id) {
                deadline.closed = Some((at, how.clone()));
            }
        }
    }
}
