//! Reviews of members, for operators: opened, replied to, decided by two people.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json,
    extract::{Path, State},
};
use jiff::Timestamp;
use policy::{Class, Restriction};
use program::{
    Command,
    id::{LeakId, MemberId},
    review::{Outcome, Review, ReviewCommand},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::{
        act::{act, name},
        wire,
    },
    app::App,
    auth::Reader,
    problem::{Problem, Refused, Unknown},
};

/// A review of a member.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReviewLine {
    /// Its number.
    review: String,
    /// Of whom.
    member: String,
    /// The leak case it rests on.
    leak: Option<String>,
    /// Why it was opened.
    reason: String,
    /// When.
    opened: Timestamp,
    /// By whom.
    opened_by: String,
    /// What the member replied.
    reply: Option<String>,
    /// The outcome on the table.
    proposed: Option<ProposedLine>,
    /// The outcome that was decided.
    decided: Option<&'static str>,
    /// When it was decided.
    decided_at: Option<Timestamp>,
    /// Who confirmed it.
    confirmed_by: Option<String>,
}

/// An outcome on the table.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProposedLine {
    /// Which.
    outcome: &'static str,
    /// Why.
    reason: String,
    /// What was found.
    finding: Option<String>,
    /// Which classes it takes until when, where it does not take everything.
    restriction: Option<String>,
    /// Who proposed it.
    by: String,
}

/// A review that is opened.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReview {
    /// Of whom.
    #[schema(value_type = wire::Name)]
    member: MemberId,
    /// The leak case it rests on, as in `L1`.
    #[serde(default)]
    #[schema(value_type = Option<wire::LeakNumber>)]
    leak: Option<LeakId>,
    /// Why.
    reason: String,
}

/// What a member replied.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// Its words.
    text: String,
}

/// An outcome that is proposed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// Which.
    #[schema(value_type = wire::ReviewOutcome)]
    outcome: Outcome,
    /// Why.
    reason: String,
    /// What was found.
    #[serde(default)]
    finding: Option<String>,
    /// Of the outcome `restrict`: what it takes; everything early, until a review lifts it, when it is absent.
    #[serde(default)]
    restriction: Option<Taken>,
}

/// What a restriction takes from a member.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// The classes it may not have early.
    #[schema(value_type = Vec<wire::ArtifactClass>)]
    classes: BTreeSet<Class>,
    /// The instant it ends by itself.
    #[serde(default)]
    until: Option<Timestamp>,
}

/// List reviews
#[utoipa::path(get, path = "/api/v1/reviews", tag = "operator", responses(
    (status = 200, body = Vec<ReviewLine>),
    Refused,
))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Reader) -> Json<Vec<ReviewLine>> {
    Json(app.engine.program().await.reviews().map(line).collect())
}

/// Describe a review
#[utoipa::path(get, path = "/api/v1/reviews/{review}", tag = "operator",
    params(("review" = String, Path)),
    responses(
        (status = 200, body = ReviewLine),
        Refused,
        Unknown,
))]
pub(crate) async fn review(
    State(app): State<Arc<App>>,
    _: Reader,
    Path(id): Path<String>,
) -> Result<Json<ReviewLine>, Problem> {
    let program = app.engine.program().await;
    program.review(name(&id)?).map(|review| Json(line(review))).map_err(|error| Problem::of_refusal(&error))
}

act! {
    /// Open a review of a member
    open "/api/v1/reviews" takes NewReview =>
    |NewReview { member, leak, reason }| Ok(Command::Review(ReviewCommand::Open { member, leak, reason }))
}

act! {
    /// Record what the member replied
    reply "/api/v1/reviews/{review}/reply" ("review"; String) takes Reply =>
    |id, Reply { text }| Ok(Command::Review(ReviewCommand::Reply { review: name(&id)?, text }))
}

act! {
    /// Propose an outcome, or another one
    propose "/api/v1/reviews/{review}/propose" ("review"; String) takes Proposal =>
    |id, Proposal { outcome, reason, finding, restriction }| {
        let restriction = restriction.map(|Taken { classes, until }| Restriction { classes, until });
        let review = name(&id)?;
        Ok(Command::Review(ReviewCommand::Propose { review, outcome, reason, finding, restriction }))
    }
}

act! {
    /// Confirm the outcome on the table; somebody else than who proposed it
    present confirm "/api/v1/reviews/{review}/confirm" ("review"; String) =>
    |id| Ok(Command::Review(ReviewCommand::Confirm { review: name(&id)? }))
}

fn line(review: &Review) -> ReviewLine {
    let proposed = review.proposed.as_ref().map(|proposed| ProposedLine {
        outcome: proposed.outcome.as_str(),
        reason: proposed.reason.clone(),
        finding: proposed.finding.clone(),
        restriction: proposed.restriction.as_ref().map(ToString::to_string),
        by: proposed.by.to_string(),
    });
    ReviewLine {
        review: review.id.to_string(),
        member: review.member.to_string(),
        leak: review.leak.map(|leak| leak.to_string()),
        reason: review.reason.clone(),
        opened: review.opened,
        opened_by: review.opened_by.to_string(),
        reply: review.reply.clone(),
        proposed,
        decided: review.decided.as_ref().map(|(outcome, ..)| outcome.as_str()),
        decided_at: review.decided.as_ref().map(|(_, at, _)| *at),
        confirmed_by: review.decided.as_ref().map(|(.., by)| by.to_string()),
    }
}
