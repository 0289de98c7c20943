//! Which duties follow from what is recorded about a member, and why.

use clap::Args;
use jiff::Timestamp;
use policy::duties::{Pack, Verdict};
use program::{
    Command,
    duties::{Confirmed, duties, to_record},
    id::MemberId,
    member::Member,
};

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

pub(super) async fn run(common: &Common, session: &Session, args: DutiesArgs) -> anyhow::Result<()> {
    let pack = Pack::shipped()?;
    let program = session.engine.program().await;
    let member = program.member(&args.member)?.clone();
    drop(program);
    let now = session.engine.clock().now();
    if args.record {
        return record(common, session, &pack, &member, args).await;
    }
    let shown = duties(&pack, &member, now);
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

async fn record(
    common: &Common,
    session: &Session,
    pack: &Pack,
    member: &Member,
    args: DutiesArgs,
) -> anyhow::Result<()> {
    let confirmed = args.until.map(|until| Confirmed { until, evidence: args.evidence.unwrap_or_default() });
    let commands = to_record(pack, member, session.engine.clock().now(), confirmed.as_ref());
    let count = commands.len();
    let mut entries = Vec::new();
    for command in commands {
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
