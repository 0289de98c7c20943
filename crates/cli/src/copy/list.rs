//! `forewarn copy list`: how far copies have come.

use jiff::Timestamp;
use program::{
    delivery::{Row, deliveries},
    id::{CaseId, ItemId, MemberId},
};
use serde::Serialize;

use crate::{args::Common, output, session::Session};

/// A copy as listed.
#[derive(Serialize)]
struct Listed<'a> {
    case: &'a CaseId,
    item: &'a ItemId,
    member: &'a MemberId,
    delivery: String,
    granted: Option<Timestamp>,
    fetched: Option<Timestamp>,
    fetched_with: Option<String>,
    fetched_key: Option<&'a str>,
    acknowledged: Option<Timestamp>,
    acknowledged_key: Option<&'a str>,
}

impl<'a> Listed<'a> {
    fn of(case: &'a CaseId, row: &Row<'a>) -> Self {
        let fetched = row.granted.and_then(|granted| granted.fetched.as_ref());
        let acknowledged = row.granted.and_then(|granted| granted.acknowledged.as_deref());
        Self {
            case,
            item: row.item,
            member: row.member,
            delivery: row.state(),
            granted: row.granted.map(|granted| granted.at),
            fetched: fetched.map(|fetched| fetched.at),
            fetched_with: fetched.map(|fetched| fetched.by.to_string()),
            fetched_key: fetched.and_then(|it| it.signed.as_ref()).map(|signed| signed.key.as_str()),
            acknowledged: row.granted.and_then(|granted| granted.acknowledged_at()),
            acknowledged_key: acknowledged.map(|found| found.key.as_str()),
        }
    }
}

pub(super) async fn list(
    common: &Common,
    session: &Session,
    case: Option<&CaseId>,
    member: Option<&MemberId>,
) -> anyhow::Result<()> {
    let program = session.engine.program().await;
    // Something mistyped is not the same as nothing there.
    case.map(|id| program.case(id)).transpose()?;
    member.map(|id| program.member(id)).transpose()?;
    let listed: Vec<Listed<'_>> = program
        .cases()
        .filter(|known| case.is_none_or(|id| known.id() == id))
        .flat_map(|known| deliveries(&program, known).into_iter().map(|row| Listed::of(known.id(), &row)))
        .filter(|row| member.is_none_or(|id| row.member == id))
        .collect();
    let at = |at: Option<Timestamp>| at.map_or_else(String::new, |at| at.to_string());
    let rows = listed.iter().map(|row| {
        let with = row.fetched_with.as_ref().map_or_else(String::new, |by| format!(" with {by}"));
        vec![
            format!("{}: {}", row.case, row.item),
            row.member.to_string(),
            row.delivery.clone(),
            at(row.granted),
            format!("{}{with}{}", at(row.fetched), if row.fetched_key.is_some() { ", signed" } else { "" }),
            at(row.acknowledged),
        ]
    });
    output::table(
        common.json,
        &listed,
        &["copy", "member", "state", "granted", "fetched", "acknowledged"],
        rows,
    )
}
