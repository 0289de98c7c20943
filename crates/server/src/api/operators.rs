//! The program itself, for operators: who they are and in which roles, its tiers, its rules and its criteria.

use std::{collections::BTreeSet, sync::Arc};

use axum::{
    Json,
    extract::{Path, State},
};
use engine::WriteError;
use policy::{Class, Lead, Role, Tier};
use program::{
    Command, Refusal,
    id::{CriterionId, TierId, UserId},
    program::Rules,
    vetting::Criterion,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::{
        Body,
        act::{Done, act, name},
        members::Reason,
        wire,
    },
    app::App,
    auth::{Approver, Reader},
    problem::{Problem, Refused, Undone, Unknown},
};

/// An operator.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperatorLine {
    /// Who.
    operator: String,
    /// In which roles.
    #[schema(value_type = Vec<wire::OperatorRole>)]
    roles: BTreeSet<Role>,
}

/// An operator that is added.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOperator {
    /// Who.
    #[schema(value_type = wire::Name)]
    operator: UserId,
}

/// In which roles an operator acts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// All of them.
    #[schema(value_type = Vec<wire::OperatorRole>)]
    roles: BTreeSet<Role>,
}

/// A tier.
#[derive(Debug, Serialize, ToSchema)]
pub struct TierLine {
    /// Its name.
    tier: String,
    /// How long before the public instant its members have items.
    lead: String,
    /// The classes they have early.
    #[schema(value_type = Vec<wire::ArtifactClass>)]
    classes: BTreeSet<Class>,
}

/// What a tier gives.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Gives {
    /// How long before the public instant its members have items.
    #[schema(value_type = wire::Length)]
    lead: Lead,
    /// The classes they have early.
    #[schema(value_type = Vec<wire::ArtifactClass>)]
    classes: BTreeSet<Class>,
}

/// What a member must meet.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Criteria {
    /// All of it; none means that admission asks for no criteria sheet.
    criteria: Vec<NewCriterion>,
}

/// Something that a member must meet.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCriterion {
    /// Its name on the sheet.
    #[schema(value_type = wire::Name)]
    id: CriterionId,
    /// What the member must meet, in one sentence.
    sentence: String,
    /// Where it comes from, in the program's own words.
    source: String,
}

/// List operators with their roles
#[utoipa::path(get, path = "/api/v1/operators", tag = "operator", responses(
    (status = 200, body = Vec<OperatorLine>),
    Refused,
))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Reader) -> Json<Vec<OperatorLine>> {
    let program = app.engine.program().await;
    let line = |operator: &UserId| OperatorLine {
        operator: operator.to_string(),
        roles: program.roles(operator).cloned().unwrap_or_default(),
    };
    Json(program.operators().map(line).collect())
}

act! {
    /// Add an operator; takes effect when a second operator asks for the same, once there are two
    present add "/api/v1/operators" takes NewOperator =>
    |NewOperator { operator }| Ok(Command::AddOperator(operator))
}

/// Set in which roles an operator acts; takes effect when a second operator asks for the same, once there are two
#[utoipa::path(post, path = "/api/v1/operators/{operator}/roles", tag = "operator",
    params(("operator" = String, Path)), request_body = Roles,
    responses(
        (status = 200, body = Done),
        Refused,
        Unknown,
        Undone,
))]
pub(crate) async fn roles(
    State(app): State<Arc<App>>,
    Approver(actor): Approver,
    Path(operator): Path<String>,
    Body(Roles { roles }): Body<Roles>,
) -> Result<Json<Done>, Problem> {
    let operator: UserId = name(&operator)?;
    about(&app, &actor, &operator, Command::SetRoles(operator.clone(), roles)).await
}

/// Remove an operator with all ways in; takes effect when a second operator asks for the same
#[utoipa::path(post, path = "/api/v1/operators/{operator}/remove", tag = "operator",
    params(("operator" = String, Path)), request_body = Reason,
    responses(
        (status = 200, description = "done, or noted until a second person says the same", body = Done),
        Refused,
        Unknown,
        Undone,
))]
pub(crate) async fn remove(
    State(app): State<Arc<App>>,
    Approver(actor): Approver,
    Path(operator): Path<String>,
    Body(Reason { reason }): Body<Reason>,
) -> Result<Json<Done>, Problem> {
    let operator: UserId = name(&operator)?;
    let command = Command::RemoveOperator { operator: operator.clone(), reason };
    about(&app, &actor, &operator, command).await
}

/// Carries out what is about an operator; one who is none is not found.
async fn about(
    app: &App,
    actor: &UserId,
    operator: &UserId,
    command: Command,
) -> Result<Json<Done>, Problem> {
    match app.engine.execute(actor, command).await {
        Ok(entries) => Done::of(&entries),
        Err(WriteError::Refused(Refusal::NotAnOperator(unknown))) if unknown == *operator => {
            Err(Problem::not_found())
        }
        Err(error) => Err(Problem::of_step(&error.into())),
    }
}

/// List tiers
#[utoipa::path(get, path = "/api/v1/tiers", tag = "operator", responses(
    (status = 200, body = Vec<TierLine>),
    Refused,
))]
pub(crate) async fn tiers(State(app): State<Arc<App>>, _: Reader) -> Json<Vec<TierLine>> {
    let line = |tier: &Tier| TierLine {
        tier: tier.id.clone(),
        lead: tier.lead.to_string(),
        classes: tier.classes.clone(),
    };
    Json(app.engine.program().await.tiers().map(line).collect())
}

act! {
    /// Add a tier, or change its lead time and classes
    set_tier "/api/v1/tiers/{tier}" ("tier"; String) takes Gives =>
    |tier, Gives { lead, classes }| {
        let id: TierId = name(&tier)?;
        let tier = Tier { id: id.to_string(), lead, classes };
        Ok(Command::SetTier(id, tier))
    }
}

/// Show the program's rules, with what a member must meet
#[utoipa::path(get, path = "/api/v1/rules", tag = "operator", responses(
    (status = 200, body = serde_json::Value),
    Refused,
))]
pub(crate) async fn rules(State(app): State<Arc<App>>, _: Reader) -> Json<Rules> {
    Json(app.engine.program().await.rules().clone())
}

act! {
    /// Set what a member must meet; takes effect when a second operator asks for the same
    present criteria "/api/v1/criteria" takes Criteria =>
    |Criteria { criteria }| {
        let one = |NewCriterion { id, sentence, source }| Criterion { id, sentence, source };
        Ok(Command::SetCriteria(criteria.into_iter().map(one).collect()))
    }
}
