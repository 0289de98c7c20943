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
        .map(|due| {
            let days_left = days(now, due.at);
            let urgency = urgency(now, due.at, days_left);
            Row {
                member: due.member,
                what: due.what.to_string(),
                at: due.at,
                days_left,
                urgency,
                then: due.then,
            }
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

fn days(now: Timestamp, at: Timestamp) -> i64 {
    const DAY: i128 = 86_400_000_000_000;
    let left = at.as_nanosecond().saturating_sub(now.as_nanosecond()).div_euclid(DAY);
    i64::try_from(left).unwrap_or(i64::MAX)
}

fn urgency(now: Timestamp, at: Timestamp, days_left: i64) -> &'static str {
    match days_left {
        _ if at <= now => "lapsed",
        ..1 => "in a day",
        1..7 => "in 7 days",
        7..30 => "in 30 days",
        _ => "later",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_whole_and_what_has_lapsed_says_so() {
        let now: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
        let told = |at: &str| {
            let at = at.parse().unwrap();
            (days(now, at), urgency(now, at, days(now, at)))
        };
        assert_eq!(told("2026-06-01T12:00:00Z"), (0, "lapsed"));
        assert_eq!(told("2026-05-31T13:00:00Z"), (-1, "lapsed"));
        assert_eq!(told("2026-06-01T12:00:01Z"), (0, "in a day"));
        assert_eq!(told("2026-06-02T11:59:59Z"), (0, "in a day"));
        assert_eq!(told("2026-06-02T11:59:59.999Z"), (0, "in a day"));
        assert_eq!(told("2026-06-02T12:00:00Z"), (1, "in 7 days"));
        assert_eq!(told("2026-06-08T12:00:00Z"), (7, "in 30 days"));
        assert_eq!(told("2026-07-01T12:00:00Z"), (30, "later"));
    }
}
