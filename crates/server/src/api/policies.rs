//! Versions of the program's policies, for operators: checked, compared, changed by two people.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use engine::{
    policy_diff::{PolicyDiff, compare},
    progress::Unwatched,
};
use policy::{PolicySet, Row, Scenario};
use program::{
    Command,
    policies::{PolicyCommand, PolicyVersion},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::{
        Body,
        act::{act, blocking, name, refused},
        members::Reason,
    },
    app::App,
    auth::Reader,
    problem::{Problem, Refused, Undone, Unknown},
};

/// How many decisions a scenario may ask for: some seconds' work.
const DECISIONS: usize = 10_000;

/// A set of policies.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// What it is called.
    name: String,
    /// Its Cedar text.
    text: String,
}

/// A set that is proposed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSet {
    /// What it is called.
    name: String,
    /// Its Cedar text; it goes into the log.
    text: String,
    /// Why.
    reason: String,
}

/// A scenario that a set is tried on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// The scenario as TOML: an instant, the public instant, tiers, members with their facts, and items.
    scenario: String,
    /// The set; the one in force when it is absent.
    #[serde(default)]
    set: Option<Set>,
}

/// What a set decides on a scenario.
#[derive(Debug, Serialize)]
pub(crate) struct Tried {
    decisions: Vec<Row>,
}

/// A set that is sound.
#[derive(Debug, Serialize, ToSchema)]
pub struct Sound {
    /// What it is called.
    name: String,
    /// SHA-256 of the schema it was checked against and its text.
    version: String,
    /// How many policies it has.
    policies: usize,
}

/// A version with its text.
#[derive(Debug, Serialize)]
pub(crate) struct Shown {
    #[serde(flatten)]
    version: PolicyVersion,
    text: String,
}

/// List every version of the policies, with who proposed and adopted it, and when it was in force
#[utoipa::path(get, path = "/api/v1/policies", tag = "operator", responses(
    (status = 200, description = "oldest first, without their texts", body = Vec<serde_json::Value>),
    Refused,
))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Reader) -> Json<Vec<PolicyVersion>> {
    Json(app.engine.program().await.policy_versions().cloned().collect())
}

/// Show a version of the policies with its text
#[utoipa::path(get, path = "/api/v1/policies/{number}", tag = "operator",
    params(("number" = String, Path)),
    responses(
        (status = 200, body = serde_json::Value),
        Refused,
        Unknown,
))]
pub(crate) async fn version(
    State(app): State<Arc<App>>,
    _: Reader,
    Path(number): Path<String>,
) -> Result<Json<Shown>, Problem> {
    let program = app.engine.program().await;
    let known = program.policy_version(name(&number)?).map_err(|refusal| Problem::of_refusal(&refusal))?;
    Ok(Json(Shown { text: known.text.as_ref().to_owned(), version: known.clone() }))
}

/// Check whether a set is sound; changes nothing
#[utoipa::path(post, path = "/api/v1/policies/check", tag = "operator", request_body = Set, responses(
    (status = 200, body = Sound),
    Refused,
    Undone,
))]
pub(crate) async fn check(_: Reader, Body(set): Body<Set>) -> Result<Json<Sound>, Problem> {
    let set = parsed(set).await?;
    let (name, version) = (set.name().to_owned(), set.version().to_owned());
    Ok(Json(Sound { name, version, policies: set.policies().count() }))
}

/// Show which decisions on open cases would change if a set replaced the one in force; changes nothing
#[utoipa::path(post, path = "/api/v1/policies/diff", tag = "operator", request_body = Set, responses(
    (status = 200, description = "the changes; what would open comes first", body = serde_json::Value),
    Refused,
    Undone,
))]
pub(crate) async fn diff(
    State(app): State<Arc<App>>,
    _: Reader,
    Body(set): Body<Set>,
) -> Result<Json<PolicyDiff>, Problem> {
    let other = parsed(set).await?;
    let now = app.engine.clock().now();
    // On a copy of the state: a comparison may take long, and what is due meanwhile must not wait for it.
    let program = app.engine.program().await.clone();
    blocking(move || compare(&program, program.policies(), &other, now, &Unwatched)).await.map(Json)
}

/// Decide for every member and item of a scenario; changes nothing
#[utoipa::path(post, path = "/api/v1/policies/test", tag = "operator", request_body = Trial, responses(
    (status = 200, description = "for each member and item whether and from when it is released, the policies and facts that decide, and why", body = serde_json::Value),
    Refused,
    Undone,
))]
pub(crate) async fn test(
    State(app): State<Arc<App>>,
    _: Reader,
    Body(Trial { scenario, set }): Body<Trial>,
) -> Result<Json<Tried>, Problem> {
    let set = match set {
        Some(set) => set,
        None => {
            let program = app.engine.program().await;
            let (name, text) = (program.policies().name().to_owned(), program.policies().text().to_owned());
            Set { name, text }
        }
    };
    let scenario = Scenario::parse(&scenario).map_err(refused)?;
    let wanted = scenario.decisions();
    if wanted > DECISIONS {
        let says = format!(
            "the scenario asks for {wanted} decisions, and {DECISIONS} are made here: ask for fewer, or try it with \
             `forewarn policy test`"
        );
        return Err(refused(says));
    }
    let set = parsed(set).await?;
    blocking(move || Tried { decisions: scenario.run(&set) }).await.map(Json)
}

act! {
    /// Propose a set for the program; one that waited is superseded
    propose "/api/v1/policies" takes NewSet =>
    |NewSet { name, text, reason }| Ok(Command::Policy(PolicyCommand::Propose { name, text, reason }))
}

act! {
    /// Put a proposed version in force; somebody else than who proposed it
    present adopt "/api/v1/policies/{number}/adopt" ("number"; String) =>
    |number| Ok(Command::Policy(PolicyCommand::Adopt { number: name(&number)? }))
}

act! {
    /// Take a proposed version back
    withdraw "/api/v1/policies/{number}/withdraw" ("number"; String) takes Reason =>
    |number, Reason { reason }| {
        Ok(Command::Policy(PolicyCommand::Withdraw { number: name(&number)?, reason }))
    }
}

async fn parsed(Set { name, text }: Set) -> Result<PolicySet, Problem> {
    blocking(move || PolicySet::parse(&name, &text)).await?.map_err(refused)
}
