//! An operator's act: one command, carried out in the caller's name, answered with the entries that it came to.

use std::str::FromStr;

use axum::{Json, http::StatusCode};
use jiff::Timestamp;
use program::{Command, Entry, id::UserId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, problem::Problem};

/// What an act came to.
#[derive(Debug, Serialize, ToSchema)]
pub struct Done {
    /// The entries of the log that it is, in order; none where there was nothing left to do.
    entries: Vec<Noted>,
}

/// An entry of the log.
#[derive(Debug, Serialize, ToSchema)]
pub struct Noted {
    /// Its place in the log, from 0.
    seq: u64,
    /// When.
    at: Timestamp,
    /// By whom.
    actor: String,
    /// What, as the log has it: what waits for a second person says that it is proposed.
    event: serde_json::Value,
}

impl Done {
    /// Shows entries.
    ///
    /// # Errors
    /// [`Problem::internal`] when an event cannot be written, which no event that was logged does.
    pub(crate) fn of(entries: &[Entry]) -> Result<Json<Self>, Problem> {
        let noted = |entry: &Entry| {
            let event = serde_json::to_value(&entry.event).map_err(|_| Problem::internal())?;
            Ok(Noted { seq: entry.seq, at: entry.at, actor: entry.actor.to_string(), event })
        };
        entries.iter().map(noted).collect::<Result<_, Problem>>().map(|entries| Json(Self { entries }))
    }
}

/// Carries a command out.
pub(crate) async fn carry_out(app: &App, actor: &UserId, command: Command) -> Result<Json<Done>, Problem> {
    let entries = app.engine.execute(actor, command).await;
    Done::of(&entries.map_err(|error| Problem::of_step(&error.into()))?)
}

/// Reads a name out of a path; what cannot be a name names nothing.
pub(crate) fn name<T: FromStr>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::not_found())
}

/// Refuses what is written as it should be and does not hold.
pub(crate) fn refused(why: impl std::fmt::Display) -> Problem {
    Problem::new(StatusCode::CONFLICT, "refused", why.to_string())
}

/// Works where nobody who asks for something short waits behind it.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(error = %error, "long work broke off");
        Problem::internal()
    })
}

/// Makes the handler of an act that is one command: its path, what names things in it, the body if it takes one, and
/// how these become the command.
macro_rules! act {
    // What takes a person's presence, or a machine that may act without it, says so before its name.
    ($(#[doc = $doc:literal])* present $($rest:tt)+) => {
        crate::api::act::act! { @Approver $(#[doc = $doc])* $($rest)+ }
    };
    (
        @$who:ident $(#[doc = $doc:literal])*
        $name:ident $path:tt $(($($param:tt),+; $named:ty))? takes $body:ident => $command:expr
    ) => {
        $(#[doc = $doc])*
        #[utoipa::path(post, path = $path, tag = "operator",
            params($($(($param = String, Path)),+)?), request_body = $body,
            responses(
                (status = 200, description = "done, or noted until a second person says the same", body = crate::api::act::Done),
                crate::problem::Refused,
                crate::problem::Unknown,
                crate::problem::Undone,
        ))]
        pub(crate) async fn $name(
            axum::extract::State(app): axum::extract::State<std::sync::Arc<crate::app::App>>,
            crate::auth::$who(actor): crate::auth::$who,
            $(axum::extract::Path(named): axum::extract::Path<$named>,)?
            crate::api::Body(body): crate::api::Body<$body>,
        ) -> Result<axum::Json<crate::api::act::Done>, crate::problem::Problem> {
            let read: fn($($named,)? $body) -> Result<program::Command, crate::problem::Problem> = $command;
            let command = read($(std::convert::identity::<$named>(named),)? body)?;
            crate::api::act::carry_out(&app, &actor, command).await
        }
    };
    (@$who:ident $(#[doc = $doc:literal])* $name:ident $path:tt ($($param:tt),+; $named:ty) => $command:expr) => {
        $(#[doc = $doc])*
        #[utoipa::path(post, path = $path, tag = "operator",
            params($(($param = String, Path)),+),
            responses(
                (status = 200, description = "done, or noted until a second person says the same", body = crate::api::act::Done),
                crate::problem::Refused,
                crate::problem::Unknown,
                (status = 409, body = crate::problem::Problem, content_type = "application/problem+json"),
        ))]
        pub(crate) async fn $name(
            axum::extract::State(app): axum::extract::State<std::sync::Arc<crate::app::App>>,
            crate::auth::$who(actor): crate::auth::$who,
            axum::extract::Path(named): axum::extract::Path<$named>,
        ) -> Result<axum::Json<crate::api::act::Done>, crate::problem::Problem> {
            let read: fn($named) -> Result<program::Command, crate::problem::Problem> = $command;
            crate::api::act::carry_out(&app, &actor, read(named)?).await
        }
    };
    ($($rest:tt)+) => {
        crate::api::act::act! { @Actor $($rest)+ }
    };
}

pub(crate) use act;
