//! People: passkeys, and the sessions that they open.

pub(crate) mod acknowledgement;
pub(crate) mod ceremony;
pub mod config;
pub(crate) mod cookie;

use axum::http::{HeaderMap, HeaderValue, Method};
use engine::session::Lifetime;
use jiff::SignedDuration;
use program::{id::PasskeyId, passkey::User};
use thiserror::Error;
use webauthn_rs::prelude::{Url, Webauthn, WebauthnBuilder};

use crate::{
    app::App,
    oidc::{Provider, ProviderError},
    problem::Problem,
};

/// What a server needs to know people.
pub struct Identity {
    webauthn: Webauthn,
    origin: String,
    lifetime: Lifetime,
    provider: Option<Provider>,
}

/// A configuration by which nobody could sign in, or by which somebody else could.
#[derive(Debug, Error)]
pub enum IdentityError {
    /// The identity provider cannot be used.
    #[error("`[identity.oidc]`: {0}")]
    Provider(#[from] ProviderError),
    /// No origin of a page.
    #[error(
        "`origin` is `{0}`: write what browsers show before the first slash of a path, as in `https://forewarn.example`; `http` only for `localhost`"
    )]
    Origin(String),
    /// The origin does not lie within the relying party's domain.
    #[error("`rp_id` is `{rp_id}`: write the host of `{origin}`, or a domain that it lies in")]
    RpId {
        /// What was given.
        rp_id: String,
        /// The origin.
        origin: String,
    },
    /// No length of a session.
    #[error("`{0}` must be 1 or more, and a session lasts for 168 hours at most")]
    Lifetime(&'static str),
}

impl Identity {
    /// Makes it of what was configured.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn new(config: &config::Identity, program: &str) -> Result<Self, IdentityError> {
        let bad = || IdentityError::Origin(config.origin.escape_debug().to_string());
        let url = Url::parse(&config.origin).map_err(|_| bad())?;
        let host = url.domain().ok_or_else(bad)?;
        let secure = url.scheme() == "https" || (url.scheme() == "http" && host == "localhost");
        let origin = url.origin().ascii_serialization();
        if !secure || origin != config.origin {
            return Err(bad());
        }
        let rp_id = config.rp_id.as_deref().unwrap_or(host);
        let other = |_| IdentityError::RpId { rp_id: rp_id.to_owned(), origin: origin.clone() };
        // A whole top-level domain is nobody's, but for the one that stands for this very host.
        if !rp_id.contains('.') && rp_id != "localhost" {
            return Err(other(webauthn_rs::prelude::WebauthnError::Configuration));
        }
        let webauthn = WebauthnBuilder::new(rp_id, &url).map_err(other)?.rp_name(program).build();
        let webauthn = webauthn.map_err(other)?;
        let provider = config.oidc.as_ref().map(|oidc| Provider::new(oidc, &origin)).transpose()?;
        Ok(Self { webauthn, lifetime: config.lifetime()?, origin, provider })
    }

    /// Returns how long sessions last.
    #[must_use]
    pub fn lifetime(&self) -> Lifetime {
        self.lifetime
    }

    /// Returns where operators may sign in besides.
    pub(crate) fn provider(&self) -> Option<&Provider> {
        self.provider.as_ref()
    }

    /// Returns the origin of the pages.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Refuses a request that changes something unless it comes from a page of this origin.
    ///
    /// # Errors
    /// [`Problem::cross_site`].
    pub(crate) fn check_site(&self, method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
        let here = cookie::from_here(method, headers, &self.origin);
        if here { Ok(()) } else { Err(Problem::cross_site()) }
    }
}

impl config::Identity {
    fn lifetime(&self) -> Result<Lifetime, IdentityError> {
        if !(1..=168).contains(&self.session_hours) {
            return Err(IdentityError::Lifetime("session_hours"));
        }
        if self.idle_minutes == 0 {
            return Err(IdentityError::Lifetime("idle_minutes"));
        }
        let whole = SignedDuration::from_hours(i64::from(self.session_hours));
        Ok(Lifetime { whole, idle: SignedDuration::from_mins(i64::from(self.idle_minutes)) })
    }
}

/// Opens a session for a person that just signed in, by a passkey or another way; returns what sets its cookie.
///
/// # Errors
/// [`Problem::busy`] when there are too many, and as [`Problem::of_store`].
pub async fn open_session(
    app: &App,
    user: &User,
    passkey: Option<PasskeyId>,
) -> Result<HeaderValue, Problem> {
    let lifetime = app.identity()?.lifetime();
    let opened = app.engine.open_session(user, passkey, lifetime).await;
    let text = opened.map_err(|error| Problem::of_store(&error))?.ok_or_else(Problem::busy)?;
    cookie::opened(&text).ok_or_else(Problem::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Identity, IdentityError> {
        Identity::new(&toml::from_str(text).unwrap(), "Acme")
    }

    #[test]
    fn an_origin_that_is_none_is_refused() {
        for origin in [
            "portal.example",
            "http://portal.example",
            "https://portal.example/",
            "https://portal.example/x",
            "https://PORTAL.example",
            "https://portal.example:443",
            "https://192.0.2.7",
            "https://user@portal.example",
            "https://localhost.evil.example:0x",
            "",
        ] {
            let refused = of(&format!("origin = \"{origin}\"")).err();
            assert!(matches!(refused, Some(IdentityError::Origin(said)) if said == origin), "{origin}");
        }
        for rp_id in ["example", "other.example", "ortal.example", "x.portal.example", ""] {
            let refused = of(&format!("origin = \"https://portal.example\"\nrp_id = \"{rp_id}\"")).err();
            assert!(matches!(refused, Some(IdentityError::RpId { .. })), "{rp_id}");
        }
        for line in ["session_hours = 0", "session_hours = 169", "idle_minutes = 0"] {
            let refused = of(&format!("origin = \"https://portal.example\"\n{line}")).err();
            assert!(matches!(refused, Some(IdentityError::Lifetime(_))), "{line}");
        }
        for good in ["https://portal.example", "https://portal.example:8443", "http://localhost:8440"] {
            assert_eq!(of(&format!("origin = \"{good}\"")).unwrap().origin(), good);
        }
        assert!(of("origin = \"https://fw.portal.example\"\nrp_id = \"portal.example\"").is_ok());
    }
}
