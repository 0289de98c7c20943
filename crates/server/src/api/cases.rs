//! Cases: all of them for an operator, for a member those of which it may have something now.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::request::Parts,
};
use jiff::Timestamp;
use program::{
    Command, Program,
    case::{Case, CaseCommand},
    id::{CaseId, MemberId},
    token::Scope,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::{
        act::{act, name},
        copies::CopyLine,
        wire::{Cve, Name},
    },
    app::App,
    auth,
    problem::{Problem, Refused, Unknown},
};

/// A case, as far as the caller may see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum CaseView {
    /// For a member: what it may fetch.
    Member(MemberCase),
    /// For an operator: how it stands.
    Operator(OperatorCase),
}

/// A case as a member sees it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MemberCase {
    /// Its id.
    case: String,
    /// When its embargo ends or ended.
    public: Option<Timestamp>,
    /// What the member may fetch of it now.
    items: Vec<CopyLine>,
}

/// A case as an operator sees it; no text of any item is in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperatorCase {
    /// Its id.
    case: String,
    /// Its title.
    title: String,
    /// The vulnerabilities' names.
    cves: Vec<String>,
    /// Where its embargo stands: `none`, `proposed`, `active`, `revise` or `exited`, with its instants.
    embargo: serde_json::Value,
    /// When its embargo ends or ended.
    public: Option<Timestamp>,
    /// Its items.
    items: Vec<ItemLine>,
    /// Its waves.
    waves: Vec<WaveLine>,
    /// When it was closed.
    closed: Option<Timestamp>,
}

/// An item of a case.
#[derive(Debug, Serialize, ToSchema)]
pub struct ItemLine {
    /// Its name.
    item: String,
    /// What kind of artifact it is.
    class: String,
    /// How far it may be passed on (TLP 2.0).
    tlp: String,
    /// How many members have a copy.
    granted: usize,
}

/// A wave of a case.
#[derive(Debug, Serialize, ToSchema)]
pub struct WaveLine {
    /// Its name.
    wave: String,
    /// How long before the embargo's end it is due.
    lead: String,
    /// To whom.
    tiers: Vec<String>,
    /// Of what.
    items: Vec<String>,
    /// Who approved it.
    approved_by: Vec<String>,
    /// When it was released first.
    released: Option<Timestamp>,
}

/// A case that is opened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCase {
    /// Its id.
    #[schema(value_type = Name)]
    case: CaseId,
    /// What it is about.
    title: String,
    /// Its CVE ids.
    #[serde(default)]
    #[schema(value_type = Vec<Cve>)]
    cves: Vec<String>,
}

/// List cases
#[utoipa::path(get, path = "/api/v1/cases", tag = "member", responses(
    (status = 200, body = Vec<CaseView>),
    Refused,
))]
pub(crate) async fn list(State(app): State<Arc<App>>, parts: Parts) -> Result<Json<Vec<CaseView>>, Problem> {
    match caller(&parts, &app).await? {
        None => {
            let program = app.engine.program().await;
            Ok(Json(program.cases().map(|case| CaseView::Operator(of_operator(case))).collect()))
        }
        Some(member) => Ok(Json(of_member(&app, &member).await?.into_iter().map(CaseView::Member).collect())),
    }
}

/// Describe a case
#[utoipa::path(get, path = "/api/v1/cases/{case}", tag = "member",
    params(("case" = String, Path)),
    responses(
        (status = 200, body = CaseView),
        Refused,
        Unknown,
))]
pub(crate) async fn case(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    parts: Parts,
) -> Result<Json<CaseView>, Problem> {
    let caller = caller(&parts, &app).await?;
    let id: CaseId = id.parse().map_err(|_| Problem::not_found())?;
    let view = match caller {
        None => {
            let program = app.engine.program().await;
            program.case(&id).ok().map(|case| CaseView::Operator(of_operator(case)))
        }
        Some(member) => {
            let cases = of_member(&app, &member).await?;
            cases.into_iter().find(|case| case.case == id.as_str()).map(CaseView::Member)
        }
    };
    view.map(Json).ok_or_else(Problem::not_found)
}

act! {
    /// Open a case
    open "/api/v1/cases" takes NewCase => |NewCase { case, title, cves }| {
        let sound = cves.iter().try_for_each(|text| program::cve::check(text));
        sound.map_err(|error| Problem::bad_request(error.to_string()))?;
        Ok(Command::Case(case, CaseCommand::Open { title, cves }))
    }
}

act! {
    /// Close a case whose embargo is over
    close "/api/v1/cases/{case}/close" ("case"; String) =>
    |case| Ok(Command::Case(name(&case)?, CaseCommand::Close))
}

/// Tells which member calls; nothing stands for an operator or an observer.
async fn caller(parts: &Parts, app: &App) -> Result<Option<MemberId>, Problem> {
    let caller = auth::caller(parts, app).await?;
    let member = caller.member().cloned();
    caller.check(if member.is_some() { Scope::Fetch } else { Scope::Read })?;
    Ok(member)
}

async fn of_member(app: &App, member: &MemberId) -> Result<Vec<MemberCase>, Problem> {
    let (available, _) =
        app.engine.available(member).await.map_err(|error| Problem::of_member_step(&error))?;
    let program = app.engine.program().await;
    let mut cases: Vec<MemberCase> = Vec::new();
    for copy in &available {
        let line = CopyLine::of(copy);
        match cases.last_mut().filter(|case| case.case == copy.case.as_str()) {
            Some(case) => case.items.push(line),
            None => cases.push(MemberCase {
                case: copy.case.to_string(),
                public: public(&program, &copy.case),
                items: vec![line],
            }),
        }
    }
    Ok(cases)
}

fn public(program: &Program, case: &CaseId) -> Option<Timestamp> {
    program.case(case).ok()?.embargo().public()
}

fn of_operator(case: &Case) -> OperatorCase {
    let items = case.items().map(|item| ItemLine {
        item: item.item.to_string(),
        class: item.class.to_string(),
        tlp: item.tlp.to_string(),
        granted: case.grants_of(&item.item).count(),
    });
    let waves = case.waves().map(|wave| WaveLine {
        wave: wave.wave.to_string(),
        lead: wave.lead.to_string(),
        tiers: wave.tiers.iter().map(ToString::to_string).collect(),
        items: wave.items.iter().map(ToString::to_string).collect(),
        approved_by: wave.approvals.keys().map(ToString::to_string).collect(),
        released: wave.released,
    });
    OperatorCase {
        case: case.id().to_string(),
        title: case.title().to_owned(),
        cves: case.cves().to_vec(),
        embargo: serde_json::to_value(case.embargo()).unwrap_or_default(),
        public: case.embargo().public(),
        items: items.collect(),
        waves: waves.collect(),
        closed: case.closed(),
    }
}
