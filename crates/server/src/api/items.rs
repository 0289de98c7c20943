//! A case's items, for operators: adding texts, and reading one.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use engine::{intake::Upload, viewing::Viewed};
use jiff::Timestamp;
use policy::Class;
use program::{
    Command,
    id::ItemId,
    item::Tlp,
    viewing::{Viewing, ViewingCommand},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::{
        Body,
        act::{Done, act, name},
        copies::PRIVATE,
        members::Reason,
        wire::{ArtifactClass, Label, Name},
    },
    app::App,
    auth::{Actor, Approver, Reader},
    problem::{Problem, Refused, Undone, Unknown},
};

/// Texts that become items.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// The texts; those that share named marks are added together.
    items: Vec<Text>,
}

/// A text that becomes an item.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// The item's name, as a file's.
    #[schema(value_type = Name)]
    item: ItemId,
    /// What kind of artifact it is.
    #[schema(value_type = ArtifactClass)]
    class: Class,
    /// How far a reader may pass it on; `AMBER+STRICT` when it is absent.
    #[serde(default = "strict")]
    #[schema(value_type = Label)]
    tlp: Tlp,
    /// The text, with the author's markup.
    text: String,
}

/// What came of asking for a text.
#[derive(Serialize, ToSchema)]
pub struct TextView {
    /// The viewing's number.
    viewing: String,
    /// SHA-256 of the text.
    sha256: String,
    /// The text as its author wrote it; absent while a second operator's approval is missing.
    text: Option<String>,
}

/// Who read, or asked to read, an item.
#[derive(Debug, Serialize, ToSchema)]
pub struct ViewingLine {
    /// Its number.
    viewing: String,
    /// Of which case.
    case: String,
    /// Which item.
    item: String,
    /// Who.
    by: String,
    /// Why.
    reason: String,
    /// When it was asked for.
    asked: Timestamp,
    /// Who approved it.
    approved_by: Option<String>,
    /// When the text was handed out.
    viewed: Option<Timestamp>,
}

/// Add texts as items of a case, or put them in the place of those that stand there
#[utoipa::path(post, path = "/api/v1/cases/{case}/items", tag = "operator",
    params(("case" = String, Path)), request_body = Texts,
    responses(
        (status = 200, description = "the entries; none where the same texts stand there", body = Done),
        Refused,
        Unknown,
        Undone,
))]
pub(crate) async fn add(
    State(app): State<Arc<App>>,
    Actor(actor): Actor,
    Path(case): Path<String>,
    Body(Texts { items }): Body<Texts>,
) -> Result<Json<Done>, Problem> {
    let upload = |Text { item, class, tlp, text }| Upload { item, class, tlp, text };
    let entries = app.engine.add_items(&actor, &name(&case)?, items.into_iter().map(upload).collect()).await;
    Done::of(&entries.map_err(|error| Problem::of_step(&error))?)
}

/// List warnings about the marks of a case's items; none of them stops a release
#[utoipa::path(get, path = "/api/v1/cases/{case}/lint", tag = "operator",
    params(("case" = String, Path)),
    responses(
        (status = 200, description = "a row for each warning: where, which rule, what it says", body = serde_json::Value),
        Refused,
        Unknown,
        (status = 409, body = Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn lint(
    State(app): State<Arc<App>>,
    // A warning may quote the text: it is for who may act, and not for who only looks.
    _: Actor,
    Path(case): Path<String>,
) -> Result<Response, Problem> {
    let warnings = app.engine.lint(&name(&case)?).await.map_err(|error| Problem::of_step(&error))?;
    Ok(([(header::CACHE_CONTROL, PRIVATE)], Json(warnings)).into_response())
}

/// Read an item's text; a reproduction takes a second operator's approval, and the log has it before the caller does
#[utoipa::path(post, path = "/api/v1/cases/{case}/items/{item}/view", tag = "operator",
    params(("case" = String, Path), ("item" = String, Path)), request_body = Reason,
    responses(
        (status = 200, description = "the text, or none yet; asked again once it is approved", body = TextView),
        Refused,
        Unknown,
        Undone,
))]
pub(crate) async fn view(
    State(app): State<Arc<App>>,
    Approver(actor): Approver,
    Path((case, item)): Path<(String, String)>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Response, Problem> {
    let viewed = app.engine.view(&actor, &name(&case)?, &name(&item)?, &reason).await;
    let Viewed { viewing, sha256, text } = viewed.map_err(|error| Problem::of_step(&error))?;
    let view = TextView { viewing: viewing.to_string(), sha256: sha256.to_string(), text };
    Ok(([(header::CACHE_CONTROL, PRIVATE)], Json(view)).into_response())
}

/// List who read, or asked to read, which item
#[utoipa::path(get, path = "/api/v1/viewings", tag = "operator", responses(
    (status = 200, body = Vec<ViewingLine>),
    Refused,
))]
pub(crate) async fn viewings(State(app): State<Arc<App>>, _: Reader) -> Json<Vec<ViewingLine>> {
    let line = |viewing: &Viewing| ViewingLine {
        viewing: viewing.id.to_string(),
        case: viewing.case.to_string(),
        item: viewing.item.to_string(),
        by: viewing.by.to_string(),
        reason: viewing.reason.clone(),
        asked: viewing.asked,
        approved_by: viewing.approved.as_ref().map(|(by, _)| by.to_string()),
        viewed: viewing.viewed,
    };
    Json(app.engine.program().await.viewings().map(line).collect())
}

act! {
    /// Approve that another operator reads an item once
    present approve_view "/api/v1/viewings/{viewing}/approve" ("viewing"; String) =>
    |viewing| Ok(Command::Viewing(ViewingCommand::Approve { viewing: name(&viewing)? }))
}

fn strict() -> Tlp {
    Tlp::AmberStrict
}
