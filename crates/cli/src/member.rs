//! `forewarn member`: admit members and keep their records.

pub(crate) mod criteria;
mod due;
mod duties;
mod enrol;
mod screen;
mod show;
mod vetting;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use package::{MemberKey, MemberVerifier};
use policy::{DutySubject, Fact, FactKind, Lead, Standing, Trigger, duties::Pack};
use program::{
    Command,
    id::{MemberId, TierId},
    member::{Agreement, Enrolment, MemberCommand},
};

use crate::{
    args::{Common, instant, named},
    output,
    session::Session,
};

/// Admit members and keep their records.
#[derive(Debug, Subcommand)]
pub(crate) enum MemberVerb {
    #[command(flatten)]
    Vetting(vetting::VettingVerb),
    /// List what lapses soon at the members, most urgent first
    Due(due::DueArgs),
    /// Compare members' names with a sanctions list; a person decides
    Screen(screen::ScreenArgs),
    /// Record what came of a screening
    Screened(screen::ScreenedArgs),
    /// Say which legal duties follow from what is recorded, and why
    Duties(duties::DutiesArgs),
    /// Admit a member in one go, where the program has no criteria: application, vetting and admission
    #[command(after_help = "\
Example:
  forewarn member add acme --name \"Acme Security\" --tier entry \\
      --agreement v3 --agreement-until 2027-06-30T00:00:00Z \\
      --duty none --duty-until 2027-01-01T00:00:00Z \\
      --evidence \"counsel's letter 2026-11-02\" --as vera

A member that was never asked about disclosure duties has nothing before the public instant.")]
    Add(AddArgs),
    /// List the members
    List,
    /// Show one member's record
    Show {
        /// Which member
        member: MemberId,
    },
    /// Record a fact about a member, or withdraw one
    #[command(after_help = "\
Example:
  forewarn member fact acme disclosure-duty --subject third-party-vulnerability \\
      --trigger knowledge --deadline 48h --until 2027-01-01T00:00:00Z --evidence \"statute, art. 7\" --as vera
  forewarn member fact acme staff-location --value AT --value IN --until 2027-01-01T00:00:00Z \\
      --evidence \"list of offices\" --as vera

A fact of another kind than disclosure-duty is one statement: recording it again replaces it. With `--value`
it says codes, from which `forewarn member duties` derives duties.")]
    Fact(FactArgs),
    /// Invite a member's tool: a link, good once, by which it registers its keys and gets its token
    Enrol(enrol::EnrolArgs),
    /// Add a member's age key or signing key, or confirm one after comparing its fingerprint over a second channel
    #[command(after_help = "\
Example:
  forewarn member key acme age1… --as vera                     # shows the fingerprint
  forewarn member key acme forewarn-sign1… --as vera           # the key it acknowledges with
  forewarn member key acme --confirm 'FINGERPRINT' --as vera   # after reading it out by telephone")]
    Key(KeyArgs),
    /// Say whether a member's fetches must be signed with its confirmed signing key
    #[command(after_help = "\
Example:
  forewarn member signature acme --required --as vera

`forewarn-member fetch` signs by itself once a signing key is confirmed. With `--required` a stolen token alone
fetches nothing, and nobody can enter a fetch in the member's name.")]
    Signature {
        /// Which member
        member: MemberId,
        /// They must be signed
        #[arg(long, required_unless_present = "optional")]
        required: bool,
        /// They need not be signed any more
        #[arg(long, conflicts_with = "required")]
        optional: bool,
    },
    /// Record that a member signed an agreement
    Agreement {
        /// Which member
        member: MemberId,
        /// Which text
        #[arg(id = "agreement", value_name = "VERSION")]
        version: String,
        /// Until when it binds
        #[arg(long, value_parser = instant)]
        until: Timestamp,
    },
    /// Suspend a member, alone and at once: nothing is given to it from now on
    Suspend(MoveArgs),
    /// Reinstate a suspended or restricted member; takes effect when a second operator says the same
    Reinstate(MoveArgs),
}

/// Admit a member.
#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// Its id
    member: MemberId,
    /// Its name
    #[arg(long)]
    name: String,
    /// Its tier
    #[arg(long)]
    tier: TierId,
    /// Version of the agreement it signed
    #[arg(long, default_value = "1")]
    agreement: String,
    /// Until when the agreement binds
    #[arg(long, value_parser = instant)]
    agreement_until: Timestamp,
    /// What the member must disclose: none, own-product, third-party-vulnerability, incident
    #[arg(long, value_parser = subject, requires = "duty_until")]
    duty: Option<DutySubject>,
    /// Until when that answer holds
    #[arg(long, value_parser = instant, requires = "duty")]
    duty_until: Option<Timestamp>,
    /// What the answer rests on
    #[arg(long, default_value = "the member's statement on admission")]
    evidence: String,
    /// Its age key, still to be confirmed
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

/// Record or withdraw a fact.
#[derive(Debug, Args)]
pub(crate) struct FactArgs {
    /// Which member
    member: MemberId,
    /// disclosure-duty, jurisdiction, ownership, staff-location, data-location, legal-role,
    /// government-programme, criteria, other
    #[arg(value_parser = kind)]
    kind: FactKind,
    /// Of a duty: none, own-product, third-party-vulnerability, incident
    #[arg(long, value_parser = subject)]
    subject: Option<DutySubject>,
    /// Of a duty: knowledge, exploitation, incident
    #[arg(long, value_parser = trigger)]
    trigger: Option<Trigger>,
    /// Of a duty: how long it leaves, as in 48h
    #[arg(long)]
    deadline: Option<Lead>,
    /// The statement in words
    #[arg(long)]
    says: Option<String>,
    /// The statement as a code that duties are derived from; all of them in one fact, or `none`
    #[arg(long = "value", value_name = "CODE", conflicts_with_all = ["says", "withdraw"])]
    values: Vec<String>,
    /// Until when it holds; a fact without it counts as not confirmed
    #[arg(long, value_parser = instant)]
    until: Option<Timestamp>,
    /// What it rests on
    #[arg(long, required_unless_present = "withdraw")]
    evidence: Option<String>,
    /// Withdraw the fact instead, for this reason
    #[arg(long, value_name = "REASON")]
    withdraw: Option<String>,
}

/// Add or confirm a key.
#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    /// Which member
    member: MemberId,
    /// The age recipient, age1…, or the signing key, forewarn-sign1…
    #[arg(required_unless_present_any = ["confirm", "reconfirm"])]
    key: Option<String>,
    /// The fingerprint as compared over a second channel
    #[arg(long, value_name = "FINGERPRINT", conflicts_with = "key")]
    confirm: Option<String>,
    /// The fingerprint of the key in use, as compared once more
    #[arg(long, value_name = "FINGERPRINT", conflicts_with_all = ["key", "confirm"])]
    reconfirm: Option<String>,
}

/// Move a member to another standing.
#[derive(Debug, Args)]
pub(crate) struct MoveArgs {
    /// Which member
    member: MemberId,
    /// Why
    #[arg(long)]
    reason: String,
}

fn subject(text: &str) -> Result<DutySubject, String> {
    named(text, "none, own-product, third-party-vulnerability, incident")
}

fn trigger(text: &str) -> Result<Trigger, String> {
    named(text, "knowledge, exploitation, incident")
}

fn kind(text: &str) -> Result<FactKind, String> {
    named(
        text,
        "disclosure-duty, jurisdiction, ownership, staff-location, data-location, legal-role, government-programme, criteria, other",
    )
}

/// Reads a key here and not while the command line is parsed, which would print a secret key given by mistake.
fn key(text: &str) -> anyhow::Result<MemberKey> {
    Ok(text.parse()?)
}

pub(crate) async fn run(common: &Common, verb: MemberVerb) -> anyhow::Result<()> {
    let session = Session::open(common).await?;
    let done = act(common, &session, verb).await;
    session.close(done).await
}

async fn act(common: &Common, session: &Session, verb: MemberVerb) -> anyhow::Result<()> {
    let one = |id: MemberId, command| Command::Member(id, command);
    let (done, entries) = match verb {
        MemberVerb::List => return show::list(common, session).await,
        MemberVerb::Vetting(verb) => return vetting::act(common, session, verb).await,
        MemberVerb::Due(args) => return due::run(common, session, args).await,
        MemberVerb::Screen(args) => return screen::screen(common, session, args).await,
        MemberVerb::Screened(args) => return screen::screened(common, session, args).await,
        MemberVerb::Duties(args) => return duties::run(common, session, args).await,
        MemberVerb::Show { member } => return show::show(common, session, &member).await,
        MemberVerb::Add(args) => {
            let (done, member) = (format!("admitted `{}`", args.member), args.member.clone());
            let command = MemberCommand::Enrol(Box::new(enrolment(args)?));
            (done, session.execute(one(member, command)).await?)
        }
        MemberVerb::Fact(args) => {
            let done = format!("recorded for `{}`", args.member);
            (done, session.execute(fact(args)?).await?)
        }
        MemberVerb::Enrol(args) => return enrol::run(common, session, args).await,
        MemberVerb::Key(KeyArgs { member, key: Some(key), .. }) => {
            let (fingerprint, command) = registered(&key)?;
            let done = format!(
                "added a key for `{member}`; its fingerprint is {fingerprint}: read it to the member over a second \
                 channel, then `forewarn member key {member} --confirm '{fingerprint}'`"
            );
            (done, session.execute(one(member, command)).await?)
        }
        MemberVerb::Key(KeyArgs { member, reconfirm: Some(fingerprint), .. }) => {
            let done = format!("confirmed the key of `{member}` once more");
            (done, session.execute(one(member, MemberCommand::ReconfirmKey { fingerprint })).await?)
        }
        MemberVerb::Key(KeyArgs { member, confirm, .. }) => {
            let done = format!("confirmed the key of `{member}`");
            let command = MemberCommand::ConfirmKey { fingerprint: confirm.unwrap_or_default() };
            (done, session.execute(one(member, command)).await?)
        }
        MemberVerb::Signature { member, required, .. } => {
            let done = match required {
                true => format!("fetches by `{member}` must be signed"),
                false => format!("fetches by `{member}` need not be signed"),
            };
            (done, session.execute(one(member, MemberCommand::RequireSignature { required })).await?)
        }
        MemberVerb::Agreement { member, version, until } => {
            let command = MemberCommand::SignAgreement { agreement: Agreement { version, until } };
            let done = format!("`{member}` signed until {until}");
            (done, session.execute(one(member, command)).await?)
        }
        MemberVerb::Suspend(MoveArgs { member, reason }) => {
            let done = format!(
                "suspended `{member}`: nothing is given to it from now on; it must be told, see `forewarn notification list`"
            );
            let command = MemberCommand::Move { to: Standing::Suspended, reason };
            (done, session.execute(one(member, command)).await?)
        }
        MemberVerb::Reinstate(MoveArgs { member, reason }) => {
            let command = MemberCommand::Move { to: Standing::Active, reason };
            let entries = session.execute(one(member.clone(), command)).await?;
            let done = match session.engine.program().await.member(&member)?.standing {
                Standing::Active => {
                    format!("reinstated `{member}`; it must be told, see `forewarn notification list`")
                }
                _ => format!("noted; `{member}` is reinstated when another operator runs the same command"),
            };
            (done, entries)
        }
    };
    output::entries(common.json, &done, &entries)
}

/// Reads a key of either kind; returns its fingerprint and the command that adds it.
fn registered(text: &str) -> anyhow::Result<(String, MemberCommand)> {
    if text.trim().to_ascii_lowercase().starts_with("forewarn-sign") {
        let key: MemberVerifier = text.parse()?;
        let (key, fingerprint) = (key.to_string(), key.fingerprint());
        return Ok((fingerprint.clone(), MemberCommand::AddSigningKey { key, fingerprint }));
    }
    let key = key(text)?;
    let (recipient, fingerprint) = (key.to_string(), key.fingerprint());
    Ok((fingerprint.clone(), MemberCommand::AddKey { recipient, fingerprint }))
}

fn enrolment(args: AddArgs) -> anyhow::Result<Enrolment> {
    let duty = args.duty.map(|subject| {
        let trigger = (subject == DutySubject::ThirdPartyVulnerability).then_some(Trigger::Knowledge);
        let fact = Fact {
            kind: FactKind::DisclosureDuty,
            subject: Some(subject),
            trigger,
            deadline: None,
            says: None,
            until: args.duty_until,
        };
        (fact, args.evidence)
    });
    let key = args.key.as_deref().map(key).transpose()?;
    Ok(Enrolment {
        name: args.name,
        tier: args.tier,
        agreement: Agreement { version: args.agreement, until: args.agreement_until },
        facts: duty.into_iter().collect(),
        key: key.map(|key| (key.to_string(), key.fingerprint())),
    })
}

fn fact(args: FactArgs) -> anyhow::Result<Command> {
    let says = match args.values.as_slice() {
        [] => args.says,
        values => Some(Pack::shipped()?.says(args.kind, values)?),
    };
    let fact = Fact {
        kind: args.kind,
        subject: args.subject,
        trigger: args.trigger,
        deadline: args.deadline,
        says,
        until: args.until,
    };
    let command = match args.withdraw {
        Some(reason) => MemberCommand::WithdrawFact { key: program::member::fact_key(&fact), reason },
        None => MemberCommand::RecordFact { fact, evidence: args.evidence.unwrap_or_default() },
    };
    Ok(Command::Member(args.member, command))
}
