//! Refusals over HTTP, as RFC 9457 problem details.
//!
//! A member is never told more than what it may know: what exists and is withheld, and what does not exist,
//! give the same bytes.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use engine::{StepError, WriteError, store::StoreError};
use jiff::Timestamp;
use program::Refusal;
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

/// A refusal.
///
/// **Source:** RFC 9457.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Problem {
    /// The status code once more.
    status: u16,
    /// What kind of refusal.
    title: &'static str,
    /// What happened, and what to do.
    detail: String,
    /// After how many seconds to come again, as the field `Retry-After` says.
    #[serde(skip)]
    retry_after: Option<u64>,
}

/// What every operation with a token may answer with.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "the interface's description alone reads it")]
pub(crate) enum Refused {
    #[response(
        status = 401,
        description = "no token and no session that is good now; for a copy also a signature that is not good, or is missing where the member must sign",
        content_type = "application/problem+json"
    )]
    Unauthorized(Problem),
    #[response(
        status = 403,
        description = "not good for this; or, with the title `step-up needed`, only shortly after a step-up; or, with the title `passkey needed`, only for a person",
        content_type = "application/problem+json"
    )]
    Forbidden(Problem),
    #[response(
        status = 429,
        description = "too many tries from this network with what is not good; for a copy also too many fetches of what was fetched before",
        content_type = "application/problem+json",
        headers(("Retry-After" = u64, description = "seconds to wait"))
    )]
    TooManyRequests(Problem),
    #[response(
        status = 503,
        description = "the database is not to be had now; or, with the title `busy`, another does what only one may do at a time; the same may be asked again",
        content_type = "application/problem+json"
    )]
    Unavailable(Problem),
}

/// What an operation for people may answer with besides.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "the interface's description alone reads it")]
pub(crate) enum Unset {
    #[response(
        status = 403,
        description = "not signed in, or asked by another site's page",
        content_type = "application/problem+json"
    )]
    Forbidden(Problem),
    #[response(
        status = 404,
        description = "people do not sign in here: no `[identity]` is configured",
        content_type = "application/problem+json"
    )]
    NotFound(Problem),
    #[response(
        status = 429,
        description = "too many tries, or ceremonies begun, from this network",
        content_type = "application/problem+json",
        headers(("Retry-After" = u64, description = "seconds to wait"))
    )]
    TooManyRequests(Problem),
    #[response(
        status = 503,
        description = "too many at once, or the database is not to be had now",
        content_type = "application/problem+json"
    )]
    Unavailable(Problem),
}

/// What an operation on something named may answer with besides.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "the interface's description alone reads it")]
pub(crate) enum Unknown {
    #[response(
        status = 404,
        description = "nothing that the caller may know of: withheld and unknown are the same bytes",
        content_type = "application/problem+json"
    )]
    NotFound(Problem),
}

/// What a command with a body may answer with besides.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "the interface's description alone reads it")]
pub(crate) enum Undone {
    #[response(status = 400, description = "not to be read", content_type = "application/problem+json")]
    BadRequest(Problem),
    #[response(
        status = 409,
        description = "refused by the program",
        content_type = "application/problem+json"
    )]
    Conflict(Problem),
    #[response(status = 415, description = "no JSON", content_type = "application/problem+json")]
    UnsupportedMediaType(Problem),
    #[response(
        status = 422,
        description = "JSON of another shape",
        content_type = "application/problem+json"
    )]
    UnprocessableEntity(Problem),
}

impl Problem {
    /// Nothing is there, or nothing that the caller may know of.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not found", "there is nothing here for you under this name")
    }

    /// No token, or none that is good.
    #[must_use]
    pub fn unauthorized() -> Self {
        let detail = "sign in, or send `Authorization: Bearer TOKEN` with a token that is good now, from where you are";
        Self::new(StatusCode::UNAUTHORIZED, "not authorised", detail)
    }

    /// A request that is not signed as it should be; the token is good, so that the caller may be told why.
    pub fn unsigned(says: impl std::fmt::Display) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "not authorised", says.to_string())
    }

    /// Somebody came too often; good until an instant.
    #[must_use]
    pub fn too_many(says: &str, until: Timestamp, now: Timestamp) -> Self {
        let seconds = u64::try_from(until.duration_since(now).as_secs()).unwrap_or(0).max(1);
        let detail = format!("{says}: come again in {seconds} seconds");
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too many requests", detail);
        Self { retry_after: Some(seconds), ..problem }
    }

    /// A token that is not good for this.
    #[must_use]
    pub fn forbidden(scope: program::token::Scope) -> Self {
        let detail =
            format!("what you show lacks the scope `{scope}`: ask an operator for a token that has it");
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// A session whose person did not show to be there within the last minutes.
    #[must_use]
    pub fn step_up_needed() -> Self {
        let detail = "this needs your passkey once more: `POST /api/v1/step-up/begin`, answer it, then ask the same \
            again within five minutes";
        Self::new(StatusCode::FORBIDDEN, "step-up needed", detail)
    }

    /// A token where only a person may act.
    #[must_use]
    pub fn passkey_needed() -> Self {
        let detail = "here this takes a person with a passkey, and no token does it: sign in at `/sign-in`";
        Self::new(StatusCode::FORBIDDEN, "passkey needed", detail)
    }

    /// A change that another site's page asks for.
    #[must_use]
    pub fn cross_site() -> Self {
        let detail =
            "this was not asked by a page of this server, and nothing was done: open the server's own page";
        Self::new(StatusCode::FORBIDDEN, "asked from elsewhere", detail)
    }

    /// Nobody can sign in.
    #[must_use]
    pub fn no_identity() -> Self {
        let detail = "people do not sign in here: whoever runs this server sets `[identity] origin` in its configuration";
        Self::new(StatusCode::NOT_FOUND, "no sign-in", detail)
    }

    /// An answer that signs nobody in, whatever is wrong with it.
    #[must_use]
    pub fn not_signed_in() -> Self {
        let detail =
            "this did not work: begin again, with a passkey that is registered here and was not revoked";
        Self::new(StatusCode::FORBIDDEN, "not signed in", detail)
    }

    /// A link that registers nothing, whatever is wrong with it.
    #[must_use]
    pub fn no_link() -> Self {
        let detail = "this link is unknown, used or over: ask the program's operators for a new one";
        Self::new(StatusCode::FORBIDDEN, "no link", detail)
    }

    /// A token where a session is asked about.
    #[must_use]
    pub fn no_session() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "no session",
            "this is for people that are signed in, and not for tokens",
        )
    }

    /// A session of somebody without a passkey.
    #[must_use]
    pub fn no_passkey() -> Self {
        let detail = "you have no passkey here: ask another operator for a link, and register one";
        Self::new(StatusCode::CONFLICT, "no passkey", detail)
    }

    /// Too many at once.
    #[must_use]
    pub fn busy() -> Self {
        let detail = "too many are signing in at once: try again in five minutes";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail)
    }

    /// Another trace is made.
    #[must_use]
    pub fn tracing() -> Self {
        let detail = "another leak case is traced, and one is at a time: ask the same again in a moment";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail);
        Self { retry_after: Some(5), ..problem }
    }

    /// There is no key to seal to.
    #[must_use]
    pub fn no_key() -> Self {
        let detail =
            "you have no confirmed key that a copy could be sealed to: register one and have it confirmed";
        Self::new(StatusCode::CONFLICT, "no key", detail)
    }

    /// What was sent cannot be read.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad request", detail)
    }

    /// What was sent has the form that was asked for, and is not what it should be.
    pub fn refused(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "refused", detail)
    }

    /// Something failed that the caller cannot mend.
    #[must_use]
    pub fn internal() -> Self {
        let detail = "something failed here, and was written down; try again later";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error", detail)
    }

    /// The database is away, and comes back without anybody's doing here.
    #[must_use]
    pub fn unavailable() -> Self {
        let detail =
            "the database is not to be had now, and that was written down; ask the same again in a moment";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
    }

    /// Says to whoever asked why the log could not be read or written.
    #[must_use]
    pub fn of_store(error: &StoreError) -> Self {
        tracing::error!(error = %error, "the database failed");
        match error {
            StoreError::Unreachable(_)
            | StoreError::Unsettled(_)
            | StoreError::Busy
            | StoreError::Moved(_) => Self::unavailable(),
            _ => Self::internal(),
        }
    }

    /// Tells whether nothing good was shown.
    pub(crate) fn is_unauthorized(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED.as_u16()
    }

    /// Tells whether it refuses somebody for who it is, or is not.
    pub(crate) fn is_forbidden(&self) -> bool {
        self.status == StatusCode::FORBIDDEN.as_u16()
    }

    pub(crate) fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        Self { status: status.as_u16(), title, detail: detail.into(), retry_after: None }
    }

    /// Says to an operator why a step was not done.
    #[must_use]
    pub fn of_step(error: &StepError) -> Self {
        match error {
            StepError::Write(WriteError::Refused(refusal)) => Self::of_refusal(refusal),
            StepError::Write(WriteError::Store(error)) | StepError::Store(error) => Self::of_store(error),
            StepError::Write(_) | StepError::Blob(_) | StepError::Io { .. } => {
                tracing::error!(error = %error, "a step failed");
                Self::internal()
            }
            other => Self::new(StatusCode::CONFLICT, "refused", other.to_string()),
        }
    }

    /// Says to an operator why a command was refused.
    #[must_use]
    pub fn of_refusal(refusal: &Refusal) -> Self {
        let unknown = matches!(
            refusal,
            Refusal::UnknownMember(_)
                | Refusal::UnknownCase(_)
                | Refusal::UnknownItem { .. }
                | Refusal::UnknownWave { .. }
                | Refusal::UnknownTier(_)
                | Refusal::UnknownNotification(_)
                | Refusal::UnknownEndpoint(_)
                | Refusal::UnknownSighting(_)
                | Refusal::UnknownLeak(_)
                | Refusal::UnknownReview(_)
                | Refusal::UnknownToken(_)
                | Refusal::UnknownPasskey(_)
                | Refusal::UnknownSubject(_)
                | Refusal::UnknownReport(_)
                | Refusal::UnknownPolicy(_)
                | Refusal::UnknownViewing(_)
                | Refusal::UnknownCriterion(_)
                | Refusal::UnknownKey { .. }
                | Refusal::UnknownFact { .. }
        );
        let (status, title) =
            if unknown { (StatusCode::NOT_FOUND, "not found") } else { (StatusCode::CONFLICT, "refused") };
        Self::new(status, title, refusal.to_string())
    }

    /// Says to a member why something that it did was refused, and no more than that.
    #[must_use]
    pub fn of_member_act(error: &StepError) -> Self {
        let refused = |says: String| Self::new(StatusCode::CONFLICT, "refused", says);
        let Some(refusal) = error.refusal() else {
            return match error {
                StepError::Acknowledgement(_) => refused(error.to_string()),
                StepError::Replayed => Self::unsigned(error),
                other => Self::of_member_step(other),
            };
        };
        match refusal {
            Refusal::UnknownCase(_)
            | Refusal::UnknownItem { .. }
            | Refusal::UnknownMember(_)
            | Refusal::Withheld { .. } => Self::not_found(),
            Refusal::TokenNotGood => Self::unauthorized(),
            Refusal::Unsigned => Self::unsigned(refusal),
            Refusal::NoInvitation => Self::new(StatusCode::FORBIDDEN, "no invitation", refusal.to_string()),
            Refusal::Exists { .. } => refused(String::from(
                "this key cannot be registered: make new ones with `forewarn-member keygen`",
            )),
            Refusal::AcknowledgedAlready
            | Refusal::OtherGrant
            | Refusal::NoSigningKey
            | Refusal::OtherSigningKey { .. }
            | Refusal::SeenInTheFuture { .. }
            | Refusal::Empty(_)
            | Refusal::BadName { .. }
            | Refusal::BadPasskey
            | Refusal::BadNote { .. }
            | Refusal::BadExhibits { .. }
            | Refusal::TooManyReports { .. } => refused(refusal.to_string()),
            _ => Self::of_member_step(error),
        }
    }

    /// Says to a member that something failed, and to the log what.
    #[must_use]
    pub fn of_member_step(error: &StepError) -> Self {
        match error {
            StepError::NoKey(_) | StepError::Key(_) => Self::no_key(),
            StepError::Store(error) | StepError::Write(WriteError::Store(error)) => Self::of_store(error),
            other => {
                tracing::error!(error = %other, "a member's request failed");
                Self::internal()
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let kind = HeaderValue::from_static("application/problem+json");
        let mut response = (status, [(header::CONTENT_TYPE, kind)], body).into_response();
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
