//! Who operators are at identity providers.

use std::sync::Arc;

use axum::{Json, extract::State};
use jiff::Timestamp;
use program::{
    Command,
    id::UserId,
    subject::{Subject, SubjectCommand},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::{act::act, wire},
    app::App,
    auth::Reader,
    problem::Refused,
};

/// A subject that signs in as an operator.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubjectLine {
    /// As whom.
    operator: String,
    /// The provider.
    issuer: String,
    /// The person's identifier there.
    subject: String,
    /// Since when.
    linked: Timestamp,
    /// Who said so.
    by: String,
}

/// A subject that is to sign in as an operator.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSubject {
    /// As whom.
    #[schema(value_type = wire::Name)]
    operator: UserId,
    /// The provider's issuer identifier.
    issuer: String,
    /// The person's identifier there.
    subject: String,
}

/// A subject that is not to sign in any more.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OldSubject {
    /// The provider's issuer identifier.
    issuer: String,
    /// The person's identifier there.
    subject: String,
    /// Why; it is logged.
    reason: String,
}

/// List who signs in as which operator at an identity provider
#[utoipa::path(get, path = "/api/v1/subjects", tag = "operator", responses(
    (status = 200, body = Vec<SubjectLine>),
    Refused,
))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Reader) -> Json<Vec<SubjectLine>> {
    let program = app.engine.program().await;
    let lines = program.subjects().iter().map(|(subject, linked)| SubjectLine {
        operator: linked.operator.to_string(),
        issuer: subject.issuer.clone(),
        subject: subject.subject.clone(),
        linked: linked.at,
        by: linked.by.to_string(),
    });
    Json(lines.collect())
}

act! {
    /// Let somebody sign in as an operator at an identity provider; takes effect when a second person says the same
    present link "/api/v1/subjects" takes NewSubject =>
    |NewSubject { operator, issuer, subject }| {
        Ok(Command::Subject(SubjectCommand::Link { operator, subject: Subject { issuer, subject } }))
    }
}

act! {
    /// End that, and the sessions that were opened so
    unlink "/api/v1/subjects/unlink" takes OldSubject =>
    |OldSubject { issuer, subject, reason }| {
        Ok(Command::Subject(SubjectCommand::Unlink { subject: Subject { issuer, subject }, reason }))
    }
}
