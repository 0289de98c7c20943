//! Subjects: who an operator is at an identity provider. Nobody is an operator because a provider says so: a log entry,
//! asked for by two operators or the console, says which of its people that is.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Event, actor, context::Context, embargo::second_person, id::UserId, program::Program, refusal::Refusal,
};

/// Most bytes of an issuer or a subject. **Source:** OpenID Connect Core, section 2, for a subject.
const LONGEST: usize = 255;

/// A person as an identity provider names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// The provider's issuer identifier, an address.
    pub issuer: String,
    /// The person's identifier there, which the provider gives to nobody else.
    pub subject: String,
}

/// Which operator a subject signs in as.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Linked {
    /// Which operator.
    pub operator: UserId,
    /// Since when.
    pub at: Timestamp,
    /// Who said so.
    pub by: UserId,
}

/// What is asked of subjects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SubjectCommand {
    /// Lets a subject sign in as an operator; two operators must ask, or the console.
    Link {
        /// As whom.
        operator: UserId,
        /// Who.
        subject: Subject,
    },
    /// Ends that, and the operator's sessions that were opened so.
    Unlink {
        /// Who.
        subject: Subject,
        /// Why.
        reason: String,
    },
}

/// What happened to a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectEvent {
    /// One person asked for it.
    LinkProposed {
        /// As whom.
        operator: UserId,
        /// Who.
        subject: Subject,
    },
    /// It may sign in as an operator.
    Linked {
        /// As whom.
        operator: UserId,
        /// Who.
        subject: Subject,
    },
    /// It may not any more.
    Unlinked {
        /// Who.
        subject: Subject,
        /// Why.
        reason: String,
    },
}

/// Every subject of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subjects {
    known: BTreeMap<Subject, Linked>,
    /// As whom one person asked to let a subject in, and who that person was.
    proposed: BTreeMap<Subject, (UserId, UserId)>,
    /// When an operator last lost a subject.
    barred: BTreeMap<UserId, Timestamp>,
}

impl Subjects {
    /// Returns the subjects that are linked.
    pub fn iter(&self) -> impl Iterator<Item = (&Subject, &Linked)> {
        self.known.iter()
    }

    /// Returns as which operator a subject signs in; nothing for one that nobody linked.
    #[must_use]
    pub fn operator(&self, subject: &Subject) -> Option<&UserId> {
        self.known.get(subject).map(|linked| &linked.operator)
    }

    /// Returns when an operator last lost a subject: no session by a provider that began before is good.
    #[must_use]
    pub fn barred(&self, operator: &UserId) -> Option<Timestamp> {
        self.barred.get(operator).copied()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.subject, self.issuer)
    }
}

/// Decides on a subject; what is so already decides on nothing.
pub(crate) fn decide(
    program: &Program,
    ctx: &Context<'_>,
    command: SubjectCommand,
) -> Result<Vec<Event>, Refusal> {
    let subjects = program.subjects();
    let event = match command {
        SubjectCommand::Link { operator, subject } => {
            if !program.operators().any(|known| *known == operator) {
                return Err(Refusal::NotAnOperator(operator));
            }
            check(&subject.issuer, "the issuer")?;
            check(&subject.subject, "the subject")?;
            match subjects.operator(&subject) {
                Some(known) if *known == operator => return Ok(Vec::new()),
                Some(_) => return Err(Refusal::Exists { what: "subject", id: subject.to_string() }),
                None => {}
            }
            match subjects.proposed.get(&subject) {
                _ if ctx.actor.as_str() == actor::CONSOLE => {}
                Some((wanted, first)) if *wanted == operator && program.first(Some(first)).is_some() => {
                    second_person(program, first, ctx.actor, "let a subject sign in as an operator")?;
                }
                _ => return Ok(vec![Event::Subject(SubjectEvent::LinkProposed { operator, subject })]),
            }
            SubjectEvent::Linked { operator, subject }
        }
        SubjectCommand::Unlink { subject, reason } => {
            if reason.trim().is_empty() {
                return Err(Refusal::Empty("the reason"));
            }
            if subjects.operator(&subject).is_none() {
                return Err(Refusal::UnknownSubject(subject));
            }
            SubjectEvent::Unlinked { subject, reason }
        }
    };
    Ok(vec![Event::Subject(event)])
}

fn check(text: &str, what: &'static str) -> Result<(), Refusal> {
    if text.is_empty() {
        return Err(Refusal::Empty(what));
    }
    if text.len() > LONGEST || text.trim() != text || text.contains(char::is_control) {
        return Err(Refusal::BadName { what, most: LONGEST });
    }
    Ok(())
}

/// Takes in what happened to a subject.
pub(crate) fn apply(subjects: &mut Subjects, event: &SubjectEvent, at: Timestamp, actor: &UserId) {
    match event {
        SubjectEvent::LinkProposed { operator, subject } => {
            subjects.proposed.insert(subject.clone(), (operator.clone(), actor.clone()));
        }
        SubjectEvent::Linked { operator, subject } => {
            subjects.proposed.remove(subject);
            let linked = Linked { operator: operator.clone(), at, by: actor.clone() };
            subjects.known.insert(subject.clone(), linked);
        }
        SubjectEvent::Unlinked { subject, .. } => {
            if let Some(linked) = subjects.known.remove(subject) {
                subjects.barred.insert(linked.operator, at);
            }
        }
    }
}
