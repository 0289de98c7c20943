//! What may be done in a member's vetting, and what admission asks of it.

use std::collections::BTreeSet;

use jiff::{Timestamp, tz::TimeZone};
use policy::Standing;

use super::{
    Answer, Contact, Criterion, SIGNERS, Screening, ScreeningOutcome, VettingCommand, VettingEvent, rows,
    sheet_hash, signers,
};
use crate::{
    Event,
    context::Context,
    id::MemberId,
    member::Member,
    program::{Program, Rules},
    refusal::Refusal,
};

pub(crate) fn decide(
    program: &Program,
    ctx: &Context<'_>,
    id: &MemberId,
    command: VettingCommand,
) -> Result<Vec<Event>, Refusal> {
    let (member, rules) = (program.member(id)?, program.rules());
    let event = |event| Ok(vec![Event::Vetting(event)]);
    match command {
        VettingCommand::Assess { criterion, answer, evidence } => {
            vetted_now(member)?;
            if rules.criteria.is_empty() {
                return Err(Refusal::NoCriteria);
            }
            if !rules.criteria.iter().any(|known| known.id == criterion) {
                return Err(Refusal::UnknownCriterion(criterion));
            }
            not_empty(&evidence, "the evidence of an assessment")?;
            if let Answer::Waived { reason } = &answer {
                not_empty(reason, "the reason of a waiver")?;
            }
            event(VettingEvent::Assessed { member: id.clone(), criterion, answer, evidence })
        }
        VettingCommand::Sign => {
            vetted_now(member)?;
            if rules.criteria.is_empty() {
                return Err(Refusal::NoCriteria);
            }
            check_complete(rules, member, ctx.now)?;
            if signers(rules, member).contains(ctx.actor) {
                return Ok(Vec::new());
            }
            event(VettingEvent::SheetSigned { member: id.clone(), sheet: sheet_hash(rules, member) })
        }
        VettingCommand::Screen(screening) => {
            check_screening(&screening, ctx.now)?;
            event(VettingEvent::Screened { member: id.clone(), screening })
        }
        VettingCommand::SetContact(role, contact) => {
            let Contact { name, address } = &contact;
            not_empty(name, "the contact's name")?;
            not_empty(address, "the contact's address")?;
            if member.contacts.get(&role) == Some(&contact) {
                return Ok(Vec::new());
            }
            event(VettingEvent::ContactSet { member: id.clone(), role, contact })
        }
    }
}

/// Checks that a member may be admitted as far as its sheet is concerned; a program without criteria asks for none.
pub(crate) fn check_admission(rules: &Rules, member: &Member, now: Timestamp) -> Result<(), Refusal> {
    not_on_list(member)?;
    if rules.criteria.is_empty() {
        return Ok(());
    }
    check_complete(rules, member, now)?;
    match signers(rules, member).len() {
        have if have < SIGNERS => Err(Refusal::SheetUnsigned { member: member.id.clone(), have }),
        _ => Ok(()),
    }
}

/// Checks a list of criteria: each has a name of its own, a sentence and a source.
pub(crate) fn check_criteria(criteria: &[Criterion]) -> Result<(), Refusal> {
    let mut named = BTreeSet::new();
    for criterion in criteria {
        not_empty(&criterion.sentence, "the sentence of a criterion")?;
        not_empty(&criterion.source, "the source of a criterion")?;
        if !named.insert(&criterion.id) {
            return Err(Refusal::Exists { what: "criterion", id: criterion.id.to_string() });
        }
    }
    Ok(())
}

fn check_complete(rules: &Rules, member: &Member, now: Timestamp) -> Result<(), Refusal> {
    not_on_list(member)?;
    let missing: Vec<String> = rows(rules, &member.sheet, now)
        .filter(|row| !row.state.settled())
        .map(|row| format!("`{}` is {}", row.criterion.id, row.state.as_str()))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Refusal::SheetIncomplete { member: member.id.clone(), missing: missing.join(", ") })
}

fn not_on_list(member: &Member) -> Result<(), Refusal> {
    match &member.sheet.screening {
        Some(recorded) if recorded.screening.outcome == ScreeningOutcome::Hit => {
            Err(Refusal::OnList { member: member.id.clone(), reason: recorded.screening.reason.clone() })
        }
        _ => Ok(()),
    }
}

/// An applicant is vetted once somebody has begun to; a member is attested again while it is one.
fn vetted_now(member: &Member) -> Result<(), Refusal> {
    match member.standing {
        Standing::Vetting | Standing::Active | Standing::Restricted | Standing::Suspended => Ok(()),
        standing @ (Standing::Applied | Standing::Declined | Standing::Removed) => {
            Err(Refusal::NotInVetting { member: member.id.clone(), standing })
        }
    }
}

fn check_screening(screening: &Screening, now: Timestamp) -> Result<(), Refusal> {
    not_empty(&screening.list, "the list's name")?;
    not_empty(&screening.reason, "the reason of a screening's outcome")?;
    // A day begins up to 14 hours earlier elsewhere than in UTC.
    let latest = now.to_zoned(TimeZone::UTC).date().tomorrow();
    match latest {
        Ok(latest) if screening.list_date > latest => {
            Err(Refusal::ListFromTheFuture { date: screening.list_date, now })
        }
        _ => Ok(()),
    }
}

fn not_empty(text: &str, what: &'static str) -> Result<(), Refusal> {
    if text.trim().is_empty() { Err(Refusal::Empty(what)) } else { Ok(()) }
}
