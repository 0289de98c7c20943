//! Which duties follow from what is recorded about a member, and why.

use std::collections::BTreeMap;

use clap::Args;
use jiff::Timestamp;
use policy::{
    DutySubject, Fact, FactKind, Lead,
    duties::{Finding, Pack, Verdict},
};
use program::{
    Command,
    id::MemberId,
    member::{Member, MemberCommand, fact_key},
};
use serde::Serialize;

use crate::{
    args::{Common, instant},
    output,
    session::Session,
};

/// Say which duties follow from the facts.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn member fact acme legal-role --value manufacturer-eu-market --until 2027-06-30T00:00:00Z \\
      --evidence \"questionnaire of 2 November\" --as vera
  forewarn member duties acme
  forewarn member duties acme --record --as vera
  forewarn member duties acme --record --until 2027-01-01T00:00:00Z \\
      --evidence \"counsel's letter\" --as vera

Not legal advice. `--record` without `--until` records the duties that follow as never confirmed: until a
person confirms each, not knowing restricts. Duties about own products, about incidents, and about other
people's vulnerabilities are three things; only the last bar a member by the default policies.")]
pub(crate) struct DutiesArgs {
    /// Whose
    member: MemberId,
    /// Record the duties that follow and are not on record, for a person to review
    #[arg(long)]
    record: bool,
    /// Record them as confirmed until then
    #[arg(long, value_parser = instant, requires_all = ["record", "evidence"])]
    until: Option<Timestamp>,
    /// What the confirmation rests on
    #[arg(long, requires = "until")]
    evidence: Option<String>,
}

#[derive(Serialize)]
struct Shown<'a> {
    pack: jiff::civil::Date,
    notice: &'a str,
    duties: Vec<Row<'a>>,
    contradictions: Vec<String>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    verdict: Verdict,
    because: &'a [String],
    law: &'a str,
    article: &'a str,
    source: &'a str,
    subject: DutySubject,
    trigger: policy::Trigger,
    deadline: Option<Lead>,
    recipient: &'a str,
    recorded: bool,
}

pub(super) async fn run(common: &Common, session: &Session, args: DutiesArgs) -> anyhow::Result<()> {
    let pack = Pack::shipped()?;
    let program = session.engine.program().await;
    let member = program.member(&args.member)?.clone();
    drop(program);
    let facts: Vec<&Fact> = member.facts.values().map(|recorded| &recorded.fact).collect();
    let found = pack.derive(&facts, session.engine.clock().now());
    if args.record {
        return record(common, session, &pack, &member, &found, &args).await;
    }
    let rows = found.iter().map(|finding| row(&member, finding)).collect();
    let shown = Shown {
        pack: pack.version,
        notice: &pack.notice,
        duties: rows,
        contradictions: at_odds(&member, &found),
    };
    if common.json {
        return output::json(&shown);
    }
    output::say(format_args!("pack of {}. {}", shown.pack, shown.notice));
    let cells = shown.duties.iter().map(|row| {
        let deadline =
            row.deadline.map_or_else(|| String::from("open-ended"), |within| format!("within {within}"));
        vec![
            word(row.verdict).to_owned(),
            row.id.to_owned(),
            format!("{} on {}, {deadline}", row.subject, row.trigger),
            row.because.join("; "),
            if row.recorded { String::from("yes") } else { String::new() },
        ]
    });
    output::table(false, &(), &["follows", "duty", "what must be told", "because", "on record"], cells)?;
    shown.contradictions.iter().for_each(output::say);
    Ok(())
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Follows => "yes",
        Verdict::AskCounsel => "ask counsel",
        Verdict::Unknown => "not known",
        Verdict::No => "no",
    }
}

fn row<'a>(member: &Member, finding: &'a Finding<'a>) -> Row<'a> {
    let duty = finding.duty;
    Row {
        id: &duty.id,
        verdict: finding.verdict,
        because: &finding.because,
        law: &duty.law,
        article: &duty.article,
        source: &duty.source,
        subject: duty.subject,
        trigger: duty.trigger,
        deadline: duty.deadline,
        recipient: &duty.recipient,
        recorded: member.facts.contains_key(&fact_key(&duty.fact(None))),
    }
}

/// A member that said it is under no duty, and facts from which one follows: somebody has to ask again.
fn at_odds(member: &Member, found: &[Finding<'_>]) -> Vec<String> {
    let says_none = member.facts.iter().find(|(_, recorded)| {
        recorded.fact.kind == FactKind::DisclosureDuty && recorded.fact.subject == Some(DutySubject::None)
    });
    let follows = found.iter().filter(|finding| finding.verdict == Verdict::Follows);
    says_none
        .into_iter()
        .flat_map(|(key, _)| {
            follows.clone().map(move |finding| {
                format!(
                    "`{}` follows, but fact {key} says that there is no duty: ask again, then withdraw one",
                    finding.duty.id
                )
            })
        })
        .collect()
}

async fn record(
    common: &Common,
    session: &Session,
    pack: &Pack,
    member: &Member,
    found: &[Finding<'_>],
    args: &DutiesArgs,
) -> anyhow::Result<()> {
    // Two laws that ask the same within the same time are one fact, which says both.
    let mut wanted: BTreeMap<String, (Fact, Vec<String>)> = BTreeMap::new();
    for finding in found.iter().filter(|finding| finding.verdict == Verdict::Follows) {
        let fact = finding.duty.fact(args.until);
        let why = format!("{} (because {})", finding.duty.id, finding.because.join(", "));
        match wanted.entry(fact_key(&fact)) {
            std::collections::btree_map::Entry::Vacant(place) => {
                place.insert((fact, vec![why]));
            }
            std::collections::btree_map::Entry::Occupied(mut place) => {
                let (known, whys) = place.get_mut();
                known.says =
                    Some([known.says.take(), fact.says].into_iter().flatten().collect::<Vec<_>>().join("; "));
                whys.push(why);
            }
        }
    }
    // What is on record already is never made less sure; with a confirmation of its own it is renewed.
    wanted.retain(|key, _| args.until.is_some() || !member.facts.contains_key(key));
    let count = wanted.len();
    let mut entries = Vec::new();
    for (fact, whys) in wanted.into_values() {
        let derived = format!("derived from the pack of {}: {}", pack.version, whys.join("; "));
        let evidence = match &args.evidence {
            Some(evidence) => format!("{evidence}; {derived}"),
            None => format!("{derived}; not confirmed by a person yet"),
        };
        let command = MemberCommand::RecordFact { fact, evidence };
        entries.extend(session.execute(Command::Member(member.id.clone(), command)).await?);
    }
    let done = match args.until {
        Some(until) => format!("recorded {count} duties of `{}` as confirmed until {until}", member.id),
        None if count == 0 => format!("the duties of `{}` are on record", member.id),
        None => format!(
            "recorded {count} duties of `{0}` as never confirmed, which restricts it until somebody confirms them: \
             `forewarn member duties {0} --record --until INSTANT --evidence TEXT`",
            member.id
        ),
    };
    output::entries(common.json, &done, &entries)
}
