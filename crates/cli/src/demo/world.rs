//! The demonstration's fictional members and its inert package.

use anyhow::Context as _;
use engine::{Entropy, intake::Upload};
use jiff::Timestamp;
use package::Identity;
use policy::{Class, DutySubject, Fact, FactKind, Lead, Trigger};
use program::{
    Command,
    id::MemberId,
    item::Tlp,
    member::{Agreement, MemberCommand},
    program::Rules,
    vetting::{Answer, Contact, ContactRole, VettingCommand},
};
use serde::Deserialize;

/// Every file of the package with its class.
const PACKAGE: [(&str, Class, &str); 9] = [
    ("notice.md", Class::Notice, include_str!("../../demo/package/notice.md")),
    ("advisory.md", Class::Advisory, include_str!("../../demo/package/advisory.md")),
    ("detection-guidance.md", Class::Detection, include_str!("../../demo/package/detection-guidance.md")),
    ("sigma.yml", Class::Detection, include_str!("../../demo/package/sigma.yml")),
    ("yara.yar", Class::Detection, include_str!("../../demo/package/yara.yar")),
    ("suricata.rules", Class::Detection, include_str!("../../demo/package/suricata.rules")),
    ("indicators.json", Class::Indicator, include_str!("../../demo/package/indicators.json")),
    ("http-sample.http", Class::Reproduction, include_str!("../../demo/package/http-sample.http")),
    ("reproduction.py", Class::Reproduction, include_str!("../../demo/package/reproduction.py")),
];

const MEMBERS: &str = include_str!("../../demo/members.toml");

/// How long the fictional duties leave.
const DUTY_DEADLINE: Lead = Lead::from_seconds(48 * 3600);

/// A fictional member with its secret key.
pub(crate) struct Fictional {
    pub(crate) id: MemberId,
    pub(crate) tier: String,
    pub(crate) duty: bool,
    pub(crate) identity: Identity,
    name: String,
    country: String,
    duty_text: Option<String>,
}

#[derive(Deserialize)]
struct Cast {
    member: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: MemberId,
    name: String,
    tier: String,
    country: String,
    #[serde(default)]
    duty: bool,
    duty_text: Option<String>,
}

/// Makes the members with their keys.
pub(crate) fn members(entropy: &Entropy) -> anyhow::Result<Vec<Fictional>> {
    let cast: Cast = toml::from_str(MEMBERS).context("the demonstration's members")?;
    cast.member
        .into_iter()
        .map(|row| {
            Ok(Fictional {
                id: row.id,
                tier: row.tier,
                duty: row.duty,
                identity: Identity::from_random(&entropy.bytes())?,
                name: row.name,
                country: row.country,
                duty_text: row.duty_text,
            })
        })
        .collect()
}

/// Returns what takes a member from its application to a complete sheet, with what is known of it.
pub(crate) fn vetting(member: &Fictional, rules: &Rules, until: Timestamp) -> Vec<Command> {
    let about = |command| Command::Member(member.id.clone(), command);
    let apply = [MemberCommand::Apply { name: member.name.clone() }, MemberCommand::Vet].map(about);
    let assess = rules.criteria.iter().map(|criterion| {
        let evidence = String::from("application form and interview of 2025 (fictional)");
        let assess =
            VettingCommand::Assess { criterion: criterion.id.clone(), answer: Answer::Met, evidence };
        Command::Vetting(member.id.clone(), assess)
    });
    let contact =
        Contact { name: String::from("response desk"), address: format!("psirt@{}.example", member.id) };
    let contact = VettingCommand::SetContact(ContactRole::Security, contact);
    let facts = facts(member, until)
        .map(|(fact, evidence)| about(MemberCommand::RecordFact { fact, evidence: evidence.to_owned() }));
    let key = member.identity.to_public();
    let (recipient, fingerprint) = (key.to_string(), key.fingerprint());
    let keys = [
        MemberCommand::AddKey { recipient, fingerprint: fingerprint.clone() },
        MemberCommand::ConfirmKey { fingerprint },
    ];
    apply
        .into_iter()
        .chain(assess)
        .chain([Command::Vetting(member.id.clone(), contact)])
        .chain(facts)
        .chain(keys.map(about))
        .collect()
}

/// Returns what signs a member's sheet.
pub(crate) fn signature(member: &Fictional) -> Command {
    Command::Vetting(member.id.clone(), VettingCommand::Sign)
}

/// Returns what admits a member whose sheet is signed.
pub(crate) fn admission(member: &Fictional, until: Timestamp) -> anyhow::Result<Command> {
    let agreement = Agreement { version: String::from("2025-1"), until };
    let admit = MemberCommand::Admit { tier: member.tier.parse()?, agreement };
    Ok(Command::Member(member.id.clone(), admit))
}

fn facts(member: &Fictional, until: Timestamp) -> [(Fact, &'static str); 2] {
    let plain = |kind, says: Option<String>| Fact {
        kind,
        subject: None,
        trigger: None,
        deadline: None,
        says,
        until: Some(until),
    };
    let duty = if member.duty {
        Fact {
            subject: Some(DutySubject::ThirdPartyVulnerability),
            trigger: Some(Trigger::Knowledge),
            deadline: Some(DUTY_DEADLINE),
            ..plain(FactKind::DisclosureDuty, member.duty_text.clone())
        }
    } else {
        Fact { subject: Some(DutySubject::None), ..plain(FactKind::DisclosureDuty, None) }
    };
    let place = plain(FactKind::Jurisdiction, Some(member.country.clone()));
    [(duty, "questionnaire of 2025 and counsel's note (fictional)"), (place, "register extract (fictional)")]
}

/// Returns the package's files.
pub(crate) fn package() -> anyhow::Result<Vec<Upload>> {
    PACKAGE
        .into_iter()
        .map(|(name, class, text)| {
            let tlp = if class == Class::Reproduction { Tlp::Red } else { Tlp::AmberStrict };
            Ok(Upload { item: name.parse()?, class, tlp, text: text.to_owned() })
        })
        .collect()
}
