//! `forewarn member list` and `show`.

use jiff::Timestamp;
use policy::{DutySubject, FactKind, Standing};
use program::{
    id::{MemberId, TierId},
    member::Member,
    program::Rules,
};
use serde::Serialize;

use crate::{args::Common, output, session::Session};

/// A member as listed.
#[derive(Serialize)]
struct Listed<'a> {
    id: &'a MemberId,
    name: &'a str,
    standing: Standing,
    tier: Option<&'a TierId>,
    key: policy::KeyState,
    agreement_until: Option<Timestamp>,
    disclosure: String,
}

impl<'a> Listed<'a> {
    fn of(member: &'a Member, rules: &Rules, now: Timestamp) -> Self {
        let duties = member.facts.values().filter(|fact| fact.fact.kind == FactKind::DisclosureDuty);
        let said: Vec<&str> =
            duties.map(|duty| duty.fact.subject.map_or("unknown", DutySubject::as_str)).collect();
        Self {
            id: &member.id,
            name: &member.name,
            standing: member.standing,
            tier: member.tier.as_ref(),
            key: member.key_state(rules, now),
            agreement_until: member.agreement.as_ref().map(|agreement| agreement.until),
            disclosure: if said.is_empty() { String::from("never asked") } else { said.join(", ") },
        }
    }
}

pub(super) async fn list(common: &Common, session: &Session) -> anyhow::Result<()> {
    let now = session.engine.clock().now();
    let program = session.engine.program().await;
    let members: Vec<Listed> =
        program.members().map(|member| Listed::of(member, program.rules(), now)).collect();
    let rows = members.iter().map(|member| {
        vec![
            member.id.to_string(),
            member.name.to_owned(),
            member.standing.to_string(),
            member.tier.map_or_else(String::new, ToString::to_string),
            member.key.to_string(),
            member.agreement_until.map_or_else(String::new, |until| until.to_string()),
            member.disclosure.clone(),
        ]
    });
    let headings = ["member", "name", "standing", "tier", "key", "agreement until", "must disclose"];
    output::table(common.json, &members, &headings, rows)
}

pub(super) async fn show(common: &Common, session: &Session, id: &MemberId) -> anyhow::Result<()> {
    let program = session.engine.program().await;
    let member = program.member(id)?;
    if common.json {
        return output::json(member);
    }
    let mut standing = format!("{} ({}, by {})", member.standing, member.reason, member.moved_by);
    if let Some(proposed) = &member.proposed_move {
        standing += &format!("; {} proposed by {}: {}", proposed.to, proposed.by, proposed.reason);
    }
    let warned = program::review::warnings(&program, id, session.engine.clock().now());
    if warned > 0 {
        standing += &format!("; warned {}", crate::case::count(warned, "time"));
    }
    let mut rows = vec![
        vec![String::from("name"), member.name.clone()],
        vec![String::from("standing"), standing],
        vec![String::from("tier"), member.tier.as_ref().map_or_else(String::new, ToString::to_string)],
    ];
    if let Some(agreement) = &member.agreement {
        let text = format!("version {} until {}", agreement.version, agreement.until);
        rows.push(vec![String::from("agreement"), text]);
    }
    rows.extend(member.contacts.iter().map(|(role, contact)| {
        vec![format!("{} contact", role.as_str()), format!("{}, {}", contact.name, contact.address)]
    }));
    rows.extend(member.keys.iter().map(|key| vec![String::from("key"), key.to_string()]));
    rows.extend(member.signing_keys.iter().map(|key| vec![String::from("signing key"), key.to_string()]));
    rows.extend(member.facts.iter().map(|(key, recorded)| {
        let text = format!(
            "{} (evidence: {}; {} by {})",
            recorded.fact, recorded.evidence, recorded.at, recorded.by
        );
        vec![format!("fact {key}"), text]
    }));
    output::table(false, &(), &["", id.as_str()], rows)
}
