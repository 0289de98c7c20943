//! What is configured of people's signing in.

use serde::Deserialize;

use crate::oidc;

/// How people sign in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Where browsers find this server, as in `https://forewarn.example`.
    pub origin: String,
    /// The domain that passkeys are bound to; the origin's host where it is absent. With another one, every passkey is
    /// lost.
    pub rp_id: Option<String>,
    /// How long a session lasts at most, in hours.
    #[serde(default = "session_hours")]
    pub session_hours: u32,
    /// How long a session lasts without being used, in minutes.
    #[serde(default = "idle_minutes")]
    pub idle_minutes: u32,
    /// By what operators approve.
    #[serde(default)]
    pub approvals: Approvals,
    /// Where operators may sign in besides; what takes presence takes a passkey still.
    pub oidc: Option<oidc::Config>,
}

/// By what operators approve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approvals {
    /// A session after a step-up, or a token.
    #[default]
    Any,
    /// A session after a step-up alone: machines approve nothing.
    Passkey,
}

fn session_hours() -> u32 {
    12
}

fn idle_minutes() -> u32 {
    60
}
