//! What may be done to a member's record.

use jiff::Timestamp;
use policy::{Fact, Standing};

use super::{
    Agreement, Enrolment, Key, MemberCommand, MemberEvent, SigningKey, check_change, check_move, takes_two,
};
use crate::{
    Event, context::Context, embargo::second_person, id::MemberId, notification, program::Program,
    refusal::Refusal, vetting::check_admission,
};

pub(crate) fn decide(
    program: &Program,
    ctx: &Context<'_>,
    id: &MemberId,
    command: MemberCommand,
) -> Result<Vec<Event>, Refusal> {
    let member = program.member(id);
    let event = |event| Ok(vec![Event::Member(event)]);
    let to = |to, reason: &str| MemberEvent::Moved { member: id.clone(), to, reason: reason.to_owned() };
    match command {
        MemberCommand::Apply { name } => match member {
            Ok(known) if known.standing != Standing::Declined => {
                Err(Refusal::Exists { what: "member", id: id.to_string() })
            }
            _ if name.trim().is_empty() => Err(Refusal::Empty("the member's name")),
            _ => event(MemberEvent::Applied { member: id.clone(), name }),
        },
        MemberCommand::Enrol(enrolment) => enrol(program, ctx, id, *enrolment),
        MemberCommand::Vet => {
            check_move(member?.standing, Standing::Vetting)?;
            event(to(Standing::Vetting, "vetting begins"))
        }
        MemberCommand::Admit { tier, agreement } => {
            let member = member?;
            let standing = member.standing;
            check_move(standing, Standing::Active)?;
            if standing != Standing::Vetting {
                return Err(Refusal::NotVetted { member: id.clone(), standing });
            }
            program.tier(&tier)?;
            still_binds(&agreement, ctx.now)?;
            check_admission(program.rules(), member, ctx.now)?;
            Ok([
                MemberEvent::Tiered { member: id.clone(), tier },
                MemberEvent::Signed { member: id.clone(), agreement },
                to(Standing::Active, "admitted"),
            ]
            .map(Event::Member)
            .into())
        }
        MemberCommand::Move { to: target, reason } => {
            let member = member?;
            check_change(member, target)?;
            if reason.trim().is_empty() {
                return Err(Refusal::Empty("the reason"));
            }
            if takes_two(target) {
                let first = member.proposed_move.as_ref().filter(|proposed| proposed.to == target);
                let first = first.filter(|proposed| program.first(Some(&proposed.by)).is_some());
                let Some(first) = first else {
                    return event(MemberEvent::MoveProposed { member: id.clone(), to: target, reason });
                };
                second_person(program, &first.by, ctx.actor, "restrict, remove or reinstate a member")?;
            }
            let moved = Event::Member(to(target, &reason));
            let told = notification::of_standing(program, member, target, ctx.now);
            Ok([moved].into_iter().chain(told).collect())
        }
        MemberCommand::ChangeTier { tier } => {
            member?;
            program.tier(&tier)?;
            event(MemberEvent::Tiered { member: id.clone(), tier })
        }
        MemberCommand::SignAgreement { agreement } => {
            member?;
            still_binds(&agreement, ctx.now)?;
            event(MemberEvent::Signed { member: id.clone(), agreement })
        }
        MemberCommand::RecordFact { fact, evidence } => {
            member?;
            check_fact(&fact, &evidence, ctx.now)?;
            event(MemberEvent::FactRecorded { member: id.clone(), fact, evidence })
        }
        MemberCommand::WithdrawFact { key, reason } => {
            if !member?.facts.contains_key(&key) {
                return Err(Refusal::UnknownFact { member: id.clone(), key });
            }
            if reason.trim().is_empty() {
                return Err(Refusal::Empty("the reason"));
            }
            event(MemberEvent::FactWithdrawn { member: id.clone(), key, reason })
        }
        MemberCommand::AddKey { recipient, fingerprint } => {
            member?;
            check_key(program, &recipient, &fingerprint)?;
            event(MemberEvent::KeyAdded { member: id.clone(), recipient, fingerprint })
        }
        MemberCommand::AddSigningKey { key, fingerprint } => {
            member?;
            check_signing_key(program, &key, &fingerprint)?;
            event(MemberEvent::SigningKeyAdded { member: id.clone(), key, fingerprint })
        }
        MemberCommand::ConfirmKey { fingerprint } => {
            let member = member?;
            let signing = member.signing_keys.iter().find(|key| key.fingerprint == fingerprint);
            if let Some(key) = signing {
                let member = id.clone();
                return match key.confirmed {
                    Some(_) => Ok(Vec::new()),
                    None => event(MemberEvent::SigningKeyConfirmed { member, fingerprint }),
                };
            }
            let known = member.keys.iter().find(|key| key.fingerprint == fingerprint);
            match known {
                None => Err(Refusal::UnknownKey { member: id.clone(), fingerprint }),
                Some(key) if key.confirmed_by.is_some() => Ok(Vec::new()),
                Some(_) => event(MemberEvent::KeyConfirmed { member: id.clone(), fingerprint }),
            }
        }
        MemberCommand::ReconfirmKey { fingerprint } => {
            let member = member?;
            let signing = member.signing_key().filter(|key| key.fingerprint == fingerprint);
            if let Some((_, at)) = signing.and_then(|key| key.confirmed.as_ref()) {
                let member = id.clone();
                return if *at == ctx.now {
                    Ok(Vec::new())
                } else {
                    event(MemberEvent::SigningKeyConfirmed { member, fingerprint })
                };
            }
            let in_use = member.confirmed_key().filter(|key| key.fingerprint == fingerprint);
            match in_use {
                None => Err(Refusal::UnknownKey { member: id.clone(), fingerprint }),
                Some(key) if key.confirmed_at == Some(ctx.now) => Ok(Vec::new()),
                Some(_) => event(MemberEvent::KeyReconfirmed { member: id.clone(), fingerprint }),
            }
        }
        MemberCommand::RequireSignature { required } => {
            let member = member?;
            if required && member.fetch_key(program.rules(), ctx.now).is_none() {
                return Err(Refusal::NothingToSignWith { member: id.clone() });
            }
            if required == member.signature_required {
                return Ok(Vec::new());
            }
            event(MemberEvent::SignatureRequired { member: id.clone(), required })
        }
    }
}

/// Decides on a whole enrolment: all of it or nothing.
fn enrol(
    program: &Program,
    ctx: &Context<'_>,
    id: &MemberId,
    enrolment: Enrolment,
) -> Result<Vec<Event>, Refusal> {
    if !program.rules().criteria.is_empty() {
        return Err(Refusal::SheetFirst { member: id.clone() });
    }
    let Enrolment { name, tier, agreement, facts, key } = enrolment;
    let mut events = decide(program, ctx, id, MemberCommand::Apply { name })?;
    program.tier(&tier)?;
    still_binds(&agreement, ctx.now)?;
    let moved = |to, reason: &str| MemberEvent::Moved { member: id.clone(), to, reason: reason.to_owned() };
    let mut then = vec![
        moved(Standing::Vetting, "vetting begins"),
        MemberEvent::Tiered { member: id.clone(), tier },
        MemberEvent::Signed { member: id.clone(), agreement },
        moved(Standing::Active, "admitted"),
    ];
    for (fact, evidence) in facts {
        check_fact(&fact, &evidence, ctx.now)?;
        then.push(MemberEvent::FactRecorded { member: id.clone(), fact, evidence });
    }
    if let Some((recipient, fingerprint)) = key {
        check_key(program, &recipient, &fingerprint)?;
        then.push(MemberEvent::KeyAdded { member: id.clone(), recipient, fingerprint });
    }
    events.extend(then.into_iter().map(Event::Member));
    Ok(events)
}

fn check_fact(fact: &Fact, evidence: &str, now: Timestamp) -> Result<(), Refusal> {
    if let Some(until) = fact.until.filter(|until| *until <= now) {
        return Err(Refusal::FactEnded { until });
    }
    if evidence.trim().is_empty() {
        return Err(Refusal::Empty("the evidence of a fact"));
    }
    Ok(())
}

/// Checks a key program-wide: were it two members', each could open, and leak, what is marked as the other's.
pub(crate) fn check_key(program: &Program, recipient: &str, fingerprint: &str) -> Result<(), Refusal> {
    if recipient.trim().is_empty() || fingerprint.trim().is_empty() {
        return Err(Refusal::Empty("a key and its fingerprint"));
    }
    let same = |key: &Key| key.recipient == recipient || key.fingerprint == fingerprint;
    if program.members().flat_map(|member| &member.keys).any(same) {
        return Err(Refusal::Exists { what: "key", id: fingerprint.to_owned() });
    }
    Ok(())
}

/// Checks a signing key program-wide: were it two members', one's word could be taken for the other's.
pub(crate) fn check_signing_key(program: &Program, key: &str, fingerprint: &str) -> Result<(), Refusal> {
    if key.trim().is_empty() || fingerprint.trim().is_empty() {
        return Err(Refusal::Empty("a key and its fingerprint"));
    }
    let same = |known: &SigningKey| known.key == key || known.fingerprint == fingerprint;
    if program.members().flat_map(|member| &member.signing_keys).any(same) {
        return Err(Refusal::Exists { what: "key", id: fingerprint.to_owned() });
    }
    Ok(())
}

fn still_binds(agreement: &Agreement, now: Timestamp) -> Result<(), Refusal> {
    if agreement.until <= now {
        return Err(Refusal::AgreementEnded { until: agreement.until });
    }
    Ok(())
}
