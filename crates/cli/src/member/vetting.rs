//! From an application to an admission: the criteria sheet, its two signatures, contacts.

use clap::{ArgGroup, Args, Subcommand};
use jiff::Timestamp;
use policy::Standing;
use program::{
    Command, Program,
    id::{CriterionId, MemberId, Sha256, TierId, UserId},
    member::{Agreement, Member, MemberCommand},
    vetting::{Answer, Contact, ContactRole, Criterion, SIGNERS, VettingCommand, rows, sheet_hash, signers},
};
use serde::Serialize;

use super::criteria;
use crate::{
    args::{Common, instant, named},
    output,
    session::Session,
};

/// Vet an applicant and admit it.
#[derive(Debug, Subcommand)]
pub(crate) enum VettingVerb {
    /// Take an application
    #[command(after_help = "\
Example, in a program with criteria:
  forewarn member apply acme --name \"Acme Security\" --as vera
  forewarn member vet acme --as vera
  forewarn member assess acme nda --met --evidence \"signed on 2 November\" --as vera  # for each
  forewarn member sheet acme
  forewarn member sign acme --as vera
  forewarn member sign acme --as alice
  forewarn member admit acme --tier entry --agreement v3 \\
      --agreement-until 2027-06-30T00:00:00Z --as vera")]
    Apply {
        /// Its id
        member: MemberId,
        /// Its name
        #[arg(long)]
        name: String,
    },
    /// Begin to vet an applicant
    Vet {
        /// Which one
        member: MemberId,
    },
    /// Decline an applicant
    Decline(super::MoveArgs),
    /// Admit an applicant into a tier, under an agreement; where there are criteria, on a sheet two people signed
    Admit {
        /// Which one
        member: MemberId,
        /// Its tier
        #[arg(long)]
        tier: TierId,
        /// Version of the agreement it signed
        #[arg(long, default_value = "1")]
        agreement: String,
        /// Until when the agreement binds
        #[arg(long, value_parser = instant)]
        agreement_until: Timestamp,
    },
    /// List the program's criteria, or propose others; two people change them
    #[command(after_help = "\
Example:
  forewarn member criteria
  forewarn member criteria --set default --as alice
  forewarn member criteria --set default --as bob       # in force now

A file has one [[criterion]] each, with `id`, `sentence` and `source`. A program without criteria admits by
`member add`, as one person's decision; with criteria, nobody is admitted but on a sheet two people signed.")]
    Criteria {
        /// `default`, `none`, or a TOML file
        #[arg(long, value_name = "LIST")]
        set: Option<String>,
    },
    /// Record what was found about a criterion; it voids the signatures on the sheet
    #[command(after_help = "\
Example:
  forewarn member assess acme api --met --evidence \"fetched a test package on 4 November\" --as vera
  forewarn member assess acme customer-base --waived \"a national CERT\" \\
      --evidence \"its founding law\" --as vera")]
    Assess(AssessArgs),
    /// Show a member's criteria sheet: what is met, open or not met, by whom, on what evidence, and who signed
    Sheet {
        /// Whose
        member: MemberId,
    },
    /// Sign a member's criteria sheet as it stands; two different people do
    Sign {
        /// Whose
        member: MemberId,
    },
    /// Name whom to reach at a member, preferably a role's address and not a person's
    #[command(after_help = "\
Example:
  forewarn member contact acme --role emergency --name \"Duty desk\" --address \"+43 1 000\" --as vera")]
    Contact {
        /// At which member
        member: MemberId,
        /// What for: security, technical, legal, emergency, administrative
        #[arg(long, value_parser = role)]
        role: ContactRole,
        /// Who answers
        #[arg(long)]
        name: String,
        /// Where: a mail address, a telephone number
        #[arg(long)]
        address: String,
    },
}

/// Record what was found about a criterion.
#[derive(Debug, Args)]
#[command(
    override_usage = "forewarn member assess [OPTIONS] <MEMBER> <CRITERION> <--met|--not-met|--waived REASON> \
                             --evidence TEXT"
)]
#[command(group(ArgGroup::new("answer").required(true).args(["met", "not_met", "waived"])))]
pub(crate) struct AssessArgs {
    /// Which member
    member: MemberId,
    /// Which criterion
    criterion: CriterionId,
    /// It meets it
    #[arg(long)]
    met: bool,
    /// It does not
    #[arg(long)]
    not_met: bool,
    /// It is not asked of this member, for this reason
    #[arg(long, value_name = "REASON")]
    waived: Option<String>,
    /// What that rests on
    #[arg(long)]
    evidence: String,
}

fn role(text: &str) -> Result<ContactRole, String> {
    named(text, "security, technical, legal, emergency, administrative")
}

pub(crate) async fn act(common: &Common, session: &Session, verb: VettingVerb) -> anyhow::Result<()> {
    let about = |id: &MemberId, command| Command::Member(id.clone(), command);
    let vetting = |id: &MemberId, command| Command::Vetting(id.clone(), command);
    let (done, command) = match verb {
        VettingVerb::Criteria { set: None } => return list(common, session).await,
        VettingVerb::Criteria { set: Some(set) } => return propose(common, session, &set).await,
        VettingVerb::Sheet { member } => return sheet(common, session, &member).await,
        VettingVerb::Apply { member, name } => {
            (format!("took the application of `{member}`"), about(&member, MemberCommand::Apply { name }))
        }
        VettingVerb::Vet { member } => {
            (format!("`{member}` is being vetted"), about(&member, MemberCommand::Vet))
        }
        VettingVerb::Decline(super::MoveArgs { member, reason }) => {
            let command = MemberCommand::Move { to: Standing::Declined, reason };
            (format!("declined `{member}`"), about(&member, command))
        }
        VettingVerb::Admit { member, tier, agreement, agreement_until } => {
            let agreement = Agreement { version: agreement, until: agreement_until };
            let done = format!("admitted `{member}`");
            (done, about(&member, MemberCommand::Admit { tier, agreement }))
        }
        VettingVerb::Assess(AssessArgs { member, criterion, not_met, waived, evidence, .. }) => {
            let answer = match waived {
                Some(reason) => Answer::Waived { reason },
                None if not_met => Answer::NotMet,
                None => Answer::Met,
            };
            let done = format!("`{criterion}` of `{member}` is {}", answer.as_str());
            (done, vetting(&member, VettingCommand::Assess { criterion, answer, evidence }))
        }
        VettingVerb::Sign { member } => {
            let done = format!("signed the criteria sheet of `{member}` as it stands");
            (done, vetting(&member, VettingCommand::Sign))
        }
        VettingVerb::Contact { member, role, name, address } => {
            let done = format!("named the {} contact of `{member}`", role.as_str());
            (done, vetting(&member, VettingCommand::SetContact(role, Contact { name, address })))
        }
    };
    output::entries(common.json, &done, &session.execute(command).await?)
}

async fn list(common: &Common, session: &Session) -> anyhow::Result<()> {
    let program = session.engine.program().await;
    let criteria = &program.rules().criteria;
    let rows = criteria.iter().map(|one| vec![one.id.to_string(), one.sentence.clone(), one.source.clone()]);
    output::table(common.json, criteria, &["criterion", "a member", "source"], rows)
}

async fn propose(common: &Common, session: &Session, set: &str) -> anyhow::Result<()> {
    let wanted: Vec<Criterion> = criteria::named(set)?;
    let count = wanted.len();
    let entries = session.execute(Command::SetCriteria(wanted.clone())).await?;
    let done = if session.engine.program().await.rules().criteria == wanted {
        format!("{count} criteria are in force")
    } else {
        format!("proposed {count} criteria: another operator runs the same command, with `--as`")
    };
    output::entries(common.json, &done, &entries)
}

/// A sheet as shown.
#[derive(Serialize)]
struct Shown<'a> {
    member: &'a MemberId,
    standing: Standing,
    sheet: Sha256,
    complete: bool,
    criteria: Vec<Line<'a>>,
    screening: Option<&'a program::vetting::RecordedScreening>,
    signatures: Vec<Signed<'a>>,
    ready: bool,
}

#[derive(Serialize)]
struct Line<'a> {
    criterion: &'a CriterionId,
    state: &'static str,
    evidence: Option<&'a str>,
    waived: Option<&'a str>,
    by: Option<&'a UserId>,
    at: Option<Timestamp>,
}

#[derive(Serialize)]
struct Signed<'a> {
    by: &'a UserId,
    at: Timestamp,
    holds: bool,
}

impl<'a> Shown<'a> {
    fn of(program: &'a Program, member: &'a Member, now: Timestamp) -> Self {
        let (rules, stands) = (program.rules(), sheet_hash(program.rules(), member));
        let lines = rows(rules, &member.sheet, now).map(|row| Line {
            criterion: &row.criterion.id,
            state: row.state.as_str(),
            evidence: row.assessment.map(|found| found.evidence.as_str()),
            waived: row.assessment.and_then(|found| match &found.answer {
                Answer::Waived { reason } => Some(reason.as_str()),
                Answer::Met | Answer::NotMet => None,
            }),
            by: row.assessment.map(|found| &found.by),
            at: row.assessment.map(|found| found.at),
        });
        let complete = rows(rules, &member.sheet, now).all(|row| row.state.settled());
        let on_list =
            member.sheet.screening.as_ref().is_some_and(|recorded| {
                recorded.screening.outcome == program::vetting::ScreeningOutcome::Hit
            });
        let signatures = member.sheet.signatures.iter();
        Self {
            member: &member.id,
            standing: member.standing,
            sheet: stands,
            complete,
            criteria: lines.collect(),
            screening: member.sheet.screening.as_ref(),
            signatures: signatures
                .map(|signed| Signed { by: &signed.by, at: signed.at, holds: signed.sheet == stands })
                .collect(),
            ready: complete && !on_list && signers(rules, member).len() >= SIGNERS,
        }
    }
}

async fn sheet(common: &Common, session: &Session, id: &MemberId) -> anyhow::Result<()> {
    let program = session.engine.program().await;
    let member = program.member(id)?;
    let shown = Shown::of(&program, member, session.engine.clock().now());
    if common.json {
        return output::json(&shown);
    }
    if shown.criteria.is_empty() {
        output::say("this program has no criteria: `forewarn member criteria --set default` proposes some");
    }
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let mut rows: Vec<Vec<String>> = shown
        .criteria
        .iter()
        .map(|line| {
            let waived = line.waived.map_or_else(String::new, |reason| format!("{reason}; "));
            vec![
                line.criterion.to_string(),
                line.state.to_owned(),
                line.by.map_or_else(String::new, ToString::to_string),
                line.at.map_or_else(String::new, |at| at.to_string()),
                format!("{waived}{}", text(line.evidence)),
            ]
        })
        .collect();
    rows.push(match shown.screening {
        None => vec![
            String::from("(screening)"),
            String::from("never"),
            String::new(),
            String::new(),
            String::new(),
        ],
        Some(recorded) => {
            let screening = &recorded.screening;
            vec![
                String::from("(screening)"),
                screening.outcome.as_str().to_owned(),
                recorded.by.to_string(),
                recorded.at.to_string(),
                format!("{} of {}: {}", screening.list, screening.list_date, screening.reason),
            ]
        }
    });
    output::table(false, &(), &["criterion", "is", "by", "at", "evidence"], rows)?;
    for signed in &shown.signatures {
        let void = if signed.holds { "" } else { ", void: the sheet has changed since" };
        output::say(format_args!("signed by {} at {}{void}", signed.by, signed.at));
    }
    let missing: Vec<&str> = ContactRole::ALL
        .iter()
        .filter(|role| !member.contacts.contains_key(*role))
        .map(|role| role.as_str())
        .collect();
    if !missing.is_empty() {
        output::say(format_args!("no contact for: {}", missing.join(", ")));
    }
    if member.confirmed_key().is_none() {
        output::say("no confirmed key: nothing can be sealed to it before it is public");
    }
    output::say(format_args!("sheet {}", shown.sheet));
    Ok(())
}
