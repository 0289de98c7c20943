//! What lapses soon at the members, most urgent first.

use clap::Args;
use jiff::Timestamp;
use policy::Lead;
use program::{due, id::MemberId};
use serde::Serialize;

use crate::{args::Common, output, session::Session};

/// List what lapses soon at the members.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  forewarn member due
  forewarn member due --within 7d --json

Agreements and facts end on their own date. A key's confirmation, a criteria sheet and a screening are due
again after the program's time for it (365 days, or what `init --attest-every` said). What has lapsed already
stays on the list until it is renewed. The last column is what the policies in force make of it.")]
pub(crate) struct DueArgs {
    /// How far to look ahead
    #[arg(long, default_value = "30d", value_name = "LENGTH")]
    within: Lead,
}

#[derive(Serialize)]
struct Row {
    member: MemberId,
    what: String,
    at: Timestamp,
    /// Whole days from now, rounded down; below zero once it has lapsed.
    days_left: i64,
    urgency: &'static str,
    then: String,
}

pub(super) async fn run(common: &Common, session: &Session, args: DueArgs) -> anyhow::Result<()> {
    let program = session.engine.program().await;
    let now = session.engine.clock().now();
    let found = due::due(&program, program.policies(), now, args.within.duration());
    let rows: Vec<Row> = found
        .into_iter()
        .map(|due| Row {
            days_left: due.days_left(now),
            urgency: due.urgency(now),
            what: due.what.to_string(),
            member: due.member,
            at: due.at,
            then: due.then,
        })
        .collect();
    if rows.is_empty() && !common.json {
        output::say(format_args!("nothing lapses within {}", args.within));
        return Ok(());
    }
    let cells = rows.iter().map(|row| {
        vec![
            row.urgency.to_owned(),
            row.member.to_string(),
            row.what.clone(),
            row.at.to_string(),
            row.days_left.to_string(),
            row.then.clone(),
        ]
    });
    output::table(common.json, &rows, &["due", "member", "what", "at", "days left", "then"], cells)
}
