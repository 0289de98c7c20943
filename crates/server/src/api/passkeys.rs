//! Passkeys and the links that register them, for operators.

use std::sync::Arc;

use axum::{Json, extract::State, http::StatusCode, response::Response};
use engine::passkey::Invited;
use jiff::Timestamp;
use program::{
    Command, Program,
    id::{MemberId, UserId},
    passkey::{Link, Passkey, PasskeyCommand, User},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    api::{
        Body,
        act::{act, name, refused},
        members::Reason,
        sign_in::private,
        wire::Name,
    },
    app::App,
    auth::{Approver, Reader},
    problem::{Problem, Refused, Undone, Unknown},
};

/// A passkey, without what it is checked by.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasskeyLine {
    /// Its number.
    pub(crate) passkey: String,
    /// Whose.
    user: String,
    /// What its holder calls it.
    pub(crate) label: String,
    /// When it was registered.
    pub(crate) registered: Timestamp,
    /// Who made the link.
    by: String,
    /// Whether somebody signs in with it now.
    pub(crate) good: bool,
    /// When it was revoked.
    pub(crate) revoked: Option<Timestamp>,
}

impl PasskeyLine {
    /// Describes a passkey.
    pub(crate) fn of(known: &Passkey, program: &Program) -> Self {
        Self {
            passkey: known.id.to_string(),
            user: known.user.to_string(),
            label: known.label.clone(),
            registered: known.registered,
            by: known.by.to_string(),
            good: known.good(program),
            revoked: known.revoked.as_ref().map(|(at, _)| *at),
        }
    }
}

/// A link, without its code, which nobody has.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkLine {
    /// Its number.
    link: String,
    /// For whom.
    user: String,
    /// Who made it.
    by: String,
    /// From when on it is good for nothing.
    until: Timestamp,
    /// The passkey that was registered by it.
    passkey: Option<String>,
}

/// Every passkey and link.
#[derive(Debug, Serialize, ToSchema)]
pub struct Passkeys {
    /// The passkeys, oldest first.
    passkeys: Vec<PasskeyLine>,
    /// The links, oldest first, those that ended too.
    links: Vec<LinkLine>,
}

/// A link that is asked for: for an operator, or for somebody at a member.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLink {
    /// Which operator.
    #[serde(default)]
    #[schema(value_type = Option<Name>)]
    operator: Option<UserId>,
    /// Which member.
    #[serde(default)]
    #[schema(value_type = Option<Name>)]
    member: Option<MemberId>,
    /// Who at the member.
    #[serde(default)]
    name: Option<String>,
    /// Until when it is good; 7 days ahead at most.
    until: Timestamp,
}

/// A link that was made.
#[derive(Serialize, ToSchema)]
pub struct MadeLink {
    /// Its number.
    link: String,
    /// What to send; its code is here this once, and nowhere else.
    url: String,
}

/// A link that waits.
#[derive(Serialize, ToSchema)]
pub struct WaitingLink {
    /// What it waits for.
    waits_for: &'static str,
}

/// List passkeys and the links that register them
#[utoipa::path(get, path = "/api/v1/passkeys", tag = "operator", responses(
    (status = 200, body = Passkeys),
    Refused,
))]
pub(crate) async fn list(State(app): State<Arc<App>>, _: Reader) -> Json<Passkeys> {
    let program = app.engine.program().await;
    let link = |link: &Link| LinkLine {
        link: link.id.to_string(),
        user: link.user.to_string(),
        by: link.by.to_string(),
        until: link.until,
        passkey: link.used.map(|(_, passkey)| passkey.to_string()),
    };
    Json(Passkeys {
        passkeys: program.passkeys().iter().map(|known| PasskeyLine::of(known, &program)).collect(),
        links: program.passkeys().links().map(link).collect(),
    })
}

/// Make a link by which a person registers a passkey, once; for an operator two operators must ask
///
/// The operator it is for may be one of the two, and is enough once it has a good passkey.
#[utoipa::path(post, path = "/api/v1/passkeys/links", tag = "operator", request_body = NewLink, responses(
    (status = 201, body = MadeLink),
    (status = 202, description = "noted until a second operator asks for the same", body = WaitingLink),
    Refused,
    Unknown,
    Undone,
))]
pub(crate) async fn invite(
    State(app): State<Arc<App>>,
    Approver(actor): Approver,
    Body(NewLink { operator, member, name, until }): Body<NewLink>,
) -> Result<Response, Problem> {
    let origin = app.identity()?.origin().to_owned();
    let user = match (operator, member, name) {
        (Some(operator), None, None) => User::Operator(operator),
        (None, Some(member), Some(name)) => User::AtMember { member, name },
        _ => return Err(refused("name an `operator`, or a `member` and the `name` of somebody there")),
    };
    let invited = app.engine.invite_user(&actor, user, until).await;
    Ok(match invited.map_err(|error| Problem::of_step(&error.into()))? {
        Invited::Made(link, code) => {
            let url = format!("{origin}/enrol-passkey#{}", code.reveal());
            private(StatusCode::CREATED, &MadeLink { link: link.to_string(), url })
        }
        Invited::Waits => private(StatusCode::ACCEPTED, &WaitingLink { waits_for: "a second operator" }),
    })
}

act! {
    /// Revoke anybody's passkey, at once and for good; the sessions that it opened end with it
    revoke "/api/v1/passkeys/{passkey}/revoke" ("passkey"; String) takes Reason =>
    |passkey, Reason { reason }| {
        let passkey = name(&passkey)?;
        Ok(Command::Passkey(PasskeyCommand::Revoke { passkey, reason, by: None }))
    }
}
