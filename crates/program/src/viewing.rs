//! Viewings: an operator reads the text of an item, and the log says so before it does.
//!
//! Which operator may, and which class takes a second person's approval, is for the policies on operators to say.

use std::{collections::BTreeSet, sync::LazyLock};

use jiff::Timestamp;
use policy::{Class, Decision, Effect, Operator, OperatorSet, Role};
use serde::{Deserialize, Serialize};

use crate::{
    Event,
    context::Context,
    id::{CaseId, ItemId, Sha256, UserId, ViewingId},
    item::Item,
    program::Program,
    refusal::Refusal,
};

/// One reading of one item by one operator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Viewing {
    /// Its number.
    pub id: ViewingId,
    /// Of which case.
    pub case: CaseId,
    /// Which item.
    pub item: ItemId,
    /// SHA-256 of the item's text as it was asked for.
    pub text: Sha256,
    /// Who wants to read it.
    pub by: UserId,
    /// Why.
    pub reason: String,
    /// Since when it was asked for.
    pub asked: Timestamp,
    /// Who approved it, and when.
    pub approved: Option<(UserId, Timestamp)>,
    /// When the text was handed out; a viewing is for once.
    pub viewed: Option<Timestamp>,
}

/// What a person asks of viewings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ViewingCommand {
    /// Reads an item, or asks for the approval that this takes.
    View {
        /// Of which case.
        case: CaseId,
        /// Which item.
        item: ItemId,
        /// Why.
        reason: String,
    },
    /// Approves that somebody else reads an item once.
    Approve {
        /// Which viewing.
        viewing: ViewingId,
    },
}

/// What happened to a viewing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewingEvent {
    /// Somebody asked to read an item.
    Asked {
        /// Its number.
        viewing: ViewingId,
        /// Of which case.
        case: CaseId,
        /// Which item.
        item: ItemId,
        /// SHA-256 of the item's text.
        text: Sha256,
        /// Why.
        reason: String,
    },
    /// Somebody else approved it.
    Approved {
        /// Its number.
        viewing: ViewingId,
    },
    /// The text was handed out.
    Viewed {
        /// Its number.
        viewing: ViewingId,
        /// The policies that decided.
        policies: Vec<String>,
        /// What they read.
        facts: Vec<String>,
    },
}

impl ViewingEvent {
    /// Returns the viewing it is about.
    #[must_use]
    pub fn viewing(&self) -> ViewingId {
        match self {
            Self::Asked { viewing, .. } | Self::Approved { viewing } | Self::Viewed { viewing, .. } => {
                *viewing
            }
        }
    }
}

pub(crate) fn decide(
    program: &Program,
    ctx: &Context<'_>,
    command: ViewingCommand,
) -> Result<Vec<Event>, Refusal> {
    match command {
        ViewingCommand::View { case, item, reason } => view(program, ctx, case, item, reason),
        ViewingCommand::Approve { viewing } => {
            let known = program.viewing(viewing)?;
            if known.viewed.is_some() || known.approved.is_some() {
                return Err(Refusal::ViewingApproved(viewing));
            }
            let item = current(program, known)?;
            let decision = may(program, &known.by, Some(ctx.actor), item, ctx.now);
            if decision.effect != Effect::Permit {
                return Err(Refusal::MayNotView {
                    actor: known.by.clone(),
                    item: known.item.clone(),
                    says: decision.says,
                });
            }
            Ok(vec![Event::Viewing(ViewingEvent::Approved { viewing })])
        }
    }
}

fn view(
    program: &Program,
    ctx: &Context<'_>,
    case: CaseId,
    id: ItemId,
    reason: String,
) -> Result<Vec<Event>, Refusal> {
    if reason.trim().is_empty() {
        return Err(Refusal::Empty("the reason"));
    }
    let item = program.case(&case)?.item(&id)?;
    let waits = program.viewings().find(|known| {
        known.viewed.is_none()
            && known.by == *ctx.actor
            && (&known.case, &known.item) == (&case, &id)
            && known.text == item.text
    });
    let approver = waits.and_then(|known| known.approved.as_ref()).map(|(approver, _)| approver);
    let decision = may(program, ctx.actor, approver, item, ctx.now);
    let viewing = waits.map_or_else(|| program.next_viewing(), |known| known.id);
    let asked = ViewingEvent::Asked { viewing, case, item: id.clone(), text: item.text, reason };
    if decision.effect == Effect::Permit {
        let (policies, facts) = (decision.policies, decision.facts);
        let viewed = ViewingEvent::Viewed { viewing, policies, facts };
        let asked = waits.is_none().then_some(asked);
        return Ok(asked.into_iter().chain([viewed]).map(Event::Viewing).collect());
    }
    if let Some(known) = waits {
        return Err(Refusal::ViewingWaits(known.id));
    }
    // Asked for where somebody's approval would do; refused at once where nobody's would.
    let with = |other: &UserId| may(program, ctx.actor, Some(other), item, ctx.now);
    let tried: Vec<Decision> = program.operators().map(with).collect();
    if tried.iter().any(|decision| decision.effect == Effect::Permit) {
        return Ok(vec![Event::Viewing(asked)]);
    }
    // What an approval would not mend is said first.
    let unmended = tried.into_iter().find(|decision| decision.policies.is_empty());
    let says = unmended.unwrap_or(decision).says;
    Err(Refusal::MayNotView { actor: ctx.actor.clone(), item: id, says })
}

/// Asks the policies on operators; with what is on record about both people at this instant.
fn may(
    program: &Program,
    reader: &UserId,
    approver: Option<&UserId>,
    item: &Item,
    now: Timestamp,
) -> Decision {
    static SET: LazyLock<Result<OperatorSet, String>> =
        LazyLock::new(|| OperatorSet::shipped().map_err(|error| error.to_string()));
    let none: &BTreeSet<Role> = &BTreeSet::new();
    let operator = |user: &'_ UserId| program.roles(user).unwrap_or(none);
    let reader = Operator { user: reader.as_str(), roles: operator(reader) };
    let approver = approver.map(|user| Operator { user: user.as_str(), roles: operator(user) });
    let about: (&str, Class) = (item.item.as_str(), item.class);
    match &*SET {
        Ok(set) => set.may_read(reader, approver, about, now),
        Err(why) => Decision {
            effect: Effect::Deny,
            policies: Vec::new(),
            facts: Vec::new(),
            says: format!("denied: {why}"),
        },
    }
}

/// Returns the item of a viewing, as long as its text is the one that was asked for.
fn current<'a>(program: &'a Program, known: &Viewing) -> Result<&'a Item, Refusal> {
    let item = program.case(&known.case)?.item(&known.item)?;
    if item.text == known.text { Ok(item) } else { Err(Refusal::ViewingStale(known.id)) }
}

pub(crate) fn apply(program: &mut Program, event: &ViewingEvent, at: Timestamp, actor: &UserId) {
    if let ViewingEvent::Asked { viewing, case, item, text, reason } = event {
        program.put_viewing(Viewing {
            id: *viewing,
            case: case.clone(),
            item: item.clone(),
            text: *text,
            by: actor.clone(),
            reason: reason.clone(),
            asked: at,
            approved: None,
            viewed: None,
        });
        return;
    }
    let Some(viewing) = program.viewing_mut(event.viewing()) else { return };
    match event {
        ViewingEvent::Asked { .. } => {}
        ViewingEvent::Approved { .. } => viewing.approved = Some((actor.clone(), at)),
        ViewingEvent::Viewed { .. } => viewing.viewed = Some(at),
    }
}
