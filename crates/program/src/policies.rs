//! Policies: which set decides, every version of it there was, and how two people change it.
//!
//! The text of a set is in the log, so what was decided at an instant can be decided again from the log alone.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, LazyLock},
};

use jiff::Timestamp;
use policy::{PolicyError, PolicySet};
use serde::{Deserialize, Serialize};

use crate::{
    Event, context::Context, embargo::second_person, id::UserId, program::Program, refusal::Refusal,
    review::restriction_in_force,
};

/// One version of the program's policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PolicyVersion {
    /// Its number, from 1.
    pub number: u32,
    /// What the set is called.
    pub name: String,
    /// Its Cedar text.
    #[serde(skip)]
    pub text: Arc<str>,
    /// SHA-256 of the schema it was checked against and its text, as in grants.
    pub version: String,
    /// Why it was proposed.
    pub reason: String,
    /// Who proposed it.
    pub proposed_by: UserId,
    /// When.
    pub proposed: Timestamp,
    /// What became of it.
    #[serde(flatten)]
    pub state: PolicyState,
}

/// What became of a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PolicyState {
    /// It waits for a second person.
    Proposed,
    /// It decides, or did.
    Adopted {
        /// Since when.
        adopted: Timestamp,
        /// Who adopted it.
        adopted_by: UserId,
        /// Until when; absent for the one in force.
        until: Option<Timestamp>,
    },
    /// It was taken back.
    Withdrawn {
        /// When.
        withdrawn: Timestamp,
        /// By whom.
        withdrawn_by: UserId,
        /// Why.
        why: String,
    },
    /// Another one was proposed in its place.
    Superseded {
        /// When.
        superseded: Timestamp,
    },
}

/// Every version there was, and the set that decides.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Policies {
    versions: BTreeMap<u32, PolicyVersion>,
    in_force: InForce,
}

/// The set that decides; two are the same where name and text are.
#[derive(Clone)]
struct InForce(Arc<PolicySet>);

/// What a person asks of the policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyCommand {
    /// Proposes a set; one that waited is superseded.
    Propose {
        /// What it is called.
        name: String,
        /// Its Cedar text.
        text: String,
        /// Why.
        reason: String,
    },
    /// Puts a proposed version in force; somebody else than who proposed it.
    Adopt {
        /// Which version.
        number: u32,
    },
    /// Takes a proposed version back.
    Withdraw {
        /// Which version.
        number: u32,
        /// Why.
        reason: String,
    },
}

/// What happened to the policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyEvent {
    /// A version was proposed.
    Proposed {
        /// Its number.
        number: u32,
        /// What it is called.
        name: String,
        /// Its Cedar text.
        text: String,
        /// SHA-256 of the schema it was checked against and its text.
        version: String,
        /// Why.
        reason: String,
    },
    /// A version is in force.
    Adopted {
        /// Which one.
        number: u32,
    },
    /// A version was taken back.
    Withdrawn {
        /// Which one.
        number: u32,
        /// Why.
        reason: String,
    },
}

impl Program {
    /// Returns the policies in force; where their text cannot be read, a set that refuses everything.
    ///
    /// A log without a version, from before there were any, is judged by the shipped set.
    #[must_use]
    pub fn policies(&self) -> &PolicySet {
        &self.policies.in_force.0
    }

    /// Returns every version of the policies, oldest first.
    pub fn policy_versions(&self) -> impl Iterator<Item = &PolicyVersion> {
        self.policies.versions.values()
    }

    /// Returns the version in force; none in a log from before there were versions.
    #[must_use]
    pub fn policy_in_force(&self) -> Option<&PolicyVersion> {
        self.policy_versions().find(|known| matches!(known.state, PolicyState::Adopted { until: None, .. }))
    }

    /// Returns a version of the policies.
    ///
    /// # Errors
    /// [`Refusal::UnknownPolicy`].
    pub fn policy_version(&self, number: u32) -> Result<&PolicyVersion, Refusal> {
        self.policies.versions.get(&number).ok_or(Refusal::UnknownPolicy(number))
    }
}

pub(crate) fn decide(
    program: &Program,
    ctx: &Context<'_>,
    command: PolicyCommand,
) -> Result<Vec<Event>, Refusal> {
    let event = match command {
        PolicyCommand::Propose { name, text, reason } => propose(program, name, text, reason)?,
        PolicyCommand::Adopt { number } => adopt(program, ctx, number)?,
        PolicyCommand::Withdraw { number, reason } => {
            waiting(program, number)?;
            if reason.trim().is_empty() {
                return Err(Refusal::Empty("the reason"));
            }
            PolicyEvent::Withdrawn { number, reason }
        }
    };
    Ok(vec![Event::Policy(event)])
}

/// Returns the events that put the shipped set in force when a program is founded.
///
/// The text is written down and not only its name: another version of Forewarn may ship another text.
pub(crate) fn founding() -> [PolicyEvent; 2] {
    let set = shipped();
    let proposed = PolicyEvent::Proposed {
        number: 1,
        name: set.name().to_owned(),
        text: set.text().to_owned(),
        version: set.version().to_owned(),
        reason: String::from("in force from the beginning"),
    };
    [proposed, PolicyEvent::Adopted { number: 1 }]
}

fn propose(program: &Program, name: String, text: String, reason: String) -> Result<PolicyEvent, Refusal> {
    if name.trim().is_empty() {
        return Err(Refusal::Empty("the name of a policy set"));
    }
    if reason.trim().is_empty() {
        return Err(Refusal::Empty("the reason"));
    }
    let set = sound(&name, &text)?;
    let same = |known: &&PolicyVersion| {
        known.name == name
            && *known.text == text
            && matches!(known.state, PolicyState::Proposed | PolicyState::Adopted { until: None, .. })
    };
    if let Some(known) = program.policy_versions().find(same) {
        return Err(Refusal::SamePolicy(known.number));
    }
    let last = program.policy_versions().last().map_or(0, |known| known.number);
    let version = set.version().to_owned();
    Ok(PolicyEvent::Proposed { number: last.saturating_add(1), name, text, version, reason })
}

fn adopt(program: &Program, ctx: &Context<'_>, number: u32) -> Result<PolicyEvent, Refusal> {
    let proposed = waiting(program, number)?;
    second_person(program, &proposed.proposed_by, ctx.actor, "propose and adopt policies")?;
    // It was sound when it was proposed, perhaps to an earlier version of this program.
    let set = sound(&proposed.name, &proposed.text)?;
    let restricted = |id| restriction_in_force(program, id, ctx.now).is_some();
    if !set.heeds_restrictions()
        && let Some(member) = program.members().find(|member| restricted(&member.id))
    {
        return Err(Refusal::RestrictionIgnored { number, member: member.id.clone() });
    }
    Ok(PolicyEvent::Adopted { number })
}

/// Returns a version that waits for its second person.
fn waiting(program: &Program, number: u32) -> Result<&PolicyVersion, Refusal> {
    let known = program.policy_version(number)?;
    let state = match &known.state {
        PolicyState::Proposed => return Ok(known),
        PolicyState::Adopted { .. } => "adopted",
        PolicyState::Withdrawn { .. } => "withdrawn",
        PolicyState::Superseded { .. } => "superseded",
    };
    Err(Refusal::PolicyNotWaiting { number, state })
}

fn sound(name: &str, text: &str) -> Result<PolicySet, Refusal> {
    PolicySet::parse(name, text).map_err(|error| Refusal::UnsoundPolicy(Box::new(error)))
}

pub(crate) fn apply(program: &mut Program, event: &PolicyEvent, at: Timestamp, actor: &UserId) {
    let versions = &mut program.policies.versions;
    match event {
        PolicyEvent::Proposed { number, name, text, version, reason } => {
            for waiting in versions.values_mut().filter(|known| known.state == PolicyState::Proposed) {
                waiting.state = PolicyState::Superseded { superseded: at };
            }
            let proposed = PolicyVersion {
                number: *number,
                name: name.clone(),
                text: Arc::from(text.as_str()),
                version: version.clone(),
                reason: reason.clone(),
                proposed_by: actor.clone(),
                proposed: at,
                state: PolicyState::Proposed,
            };
            versions.insert(*number, proposed);
        }
        PolicyEvent::Adopted { number } => {
            if !versions.contains_key(number) {
                return;
            }
            for known in versions.values_mut() {
                if let PolicyState::Adopted { until: until @ None, .. } = &mut known.state {
                    *until = Some(at);
                }
            }
            if let Some(known) = versions.get_mut(number) {
                known.state = PolicyState::Adopted { adopted: at, adopted_by: actor.clone(), until: None };
                program.policies.in_force = InForce::read(&known.name, &known.text);
            }
            // A wave was approved under the policies as they were.
            program.void_every_approval();
        }
        PolicyEvent::Withdrawn { number, reason } => {
            if let Some(known) = versions.get_mut(number) {
                known.state = PolicyState::Withdrawn {
                    withdrawn: at,
                    withdrawn_by: actor.clone(),
                    why: reason.clone(),
                };
            }
        }
    }
}

/// The shipped set, read once: every program starts from it.
static SHIPPED: LazyLock<Arc<PolicySet>> = LazyLock::new(|| {
    Arc::new(PolicySet::default_set().unwrap_or_else(|error| closed("default", "", &error)))
});

fn shipped() -> &'static Arc<PolicySet> {
    &SHIPPED
}

fn closed(name: &str, text: &str, error: &PolicyError) -> PolicySet {
    PolicySet::closed(name, text, error)
}

impl InForce {
    /// Reads a text that is in the log; one that this version cannot read refuses everything.
    fn read(name: &str, text: &str) -> Self {
        if (name, text) == (shipped().name(), shipped().text()) {
            return Self::default();
        }
        let set = PolicySet::parse(name, text).unwrap_or_else(|error| closed(name, text, &error));
        Self(Arc::new(set))
    }
}

impl Default for InForce {
    fn default() -> Self {
        Self(shipped().clone())
    }
}

impl PartialEq for InForce {
    fn eq(&self, other: &Self) -> bool {
        (self.0.name(), self.0.text()) == (other.0.name(), other.0.text())
    }
}

impl fmt::Debug for InForce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.name(), self.0.version())
    }
}
