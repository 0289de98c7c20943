//! Endpoints: where a member's machines are told over HTTP that there is something.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Event,
    id::{EndpointId, MemberId, UserId},
    program::Program,
    refusal::Refusal,
};

/// How many endpoints one member may have.
pub const MOST: usize = 5;

/// Longest URL, in bytes.
const LONGEST: usize = 2048;

/// Where one member's notices go over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// Its number.
    pub id: EndpointId,
    /// Whose.
    pub member: MemberId,
    /// Where.
    pub url: String,
    /// What its secret is derived with; says nothing about it.
    pub salt: String,
    /// Since when.
    pub added: Timestamp,
    /// Who added it.
    pub by: UserId,
}

/// The endpoints of a program that are in use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    used: BTreeMap<MemberId, Vec<Endpoint>>,
    /// How many there ever were: a number is never given twice.
    ever: u32,
}

/// What a person asks of endpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointCommand {
    /// Adds one.
    Add {
        /// Whose.
        member: MemberId,
        /// Where.
        url: String,
        /// Fresh randomness that its secret is derived with.
        salt: String,
    },
    /// Takes one away; nothing more is sent there.
    Remove {
        /// Which one.
        endpoint: EndpointId,
    },
}

/// What happened to an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointEvent {
    /// It was added.
    Added {
        /// Its number.
        endpoint: EndpointId,
        /// Whose.
        member: MemberId,
        /// Where.
        url: String,
        /// What its secret is derived with.
        salt: String,
    },
    /// It was taken away.
    Removed {
        /// Which one.
        endpoint: EndpointId,
    },
}

impl Endpoints {
    /// Returns those in use, member by member.
    pub fn all(&self) -> impl Iterator<Item = &Endpoint> {
        self.used.values().flatten()
    }

    /// Returns a member's, oldest first.
    pub fn of(&self, member: &MemberId) -> impl Iterator<Item = &Endpoint> {
        self.used.get(member).into_iter().flatten()
    }

    /// Returns one in use.
    ///
    /// # Errors
    /// [`Refusal::UnknownEndpoint`].
    pub fn endpoint(&self, id: EndpointId) -> Result<&Endpoint, Refusal> {
        self.all().find(|endpoint| endpoint.id == id).ok_or(Refusal::UnknownEndpoint(id))
    }
}

pub(crate) fn decide(program: &Program, command: EndpointCommand) -> Result<Vec<Event>, Refusal> {
    let event = match command {
        EndpointCommand::Add { member, url, salt } => {
            let known = program.member(&member)?;
            check_url(&url)?;
            let endpoints = program.endpoints();
            if endpoints.of(&known.id).any(|endpoint| endpoint.url == url) {
                return Err(Refusal::Exists { what: "endpoint", id: url });
            }
            if endpoints.of(&known.id).count() >= MOST {
                return Err(Refusal::TooManyEndpoints { member });
            }
            let endpoint = EndpointId(endpoints.ever.saturating_add(1));
            EndpointEvent::Added { endpoint, member, url, salt }
        }
        EndpointCommand::Remove { endpoint } => {
            program.endpoints().endpoint(endpoint)?;
            EndpointEvent::Removed { endpoint }
        }
    };
    Ok(vec![Event::Endpoint(event)])
}

pub(crate) fn apply(endpoints: &mut Endpoints, event: &EndpointEvent, at: Timestamp, actor: &UserId) {
    match event {
        EndpointEvent::Added { endpoint, member, url, salt } => {
            endpoints.ever = endpoints.ever.max(endpoint.0);
            let added = Endpoint {
                id: *endpoint,
                member: member.clone(),
                url: url.clone(),
                salt: salt.clone(),
                added: at,
                by: actor.clone(),
            };
            endpoints.used.entry(member.clone()).or_default().push(added);
        }
        EndpointEvent::Removed { endpoint } => {
            endpoints.used.values_mut().for_each(|own| own.retain(|known| known.id != *endpoint));
        }
    }
}

/// Checks that a URL is one that notices may go to: `https`, a host, and nobody's password in it.
///
/// Plain `http` is for a receiver on the sender's own host, which only a server that was told so talks to.
fn check_url(url: &str) -> Result<(), Refusal> {
    let bad = |says: &'static str| Refusal::BadUrl { url: url.escape_debug().to_string(), says };
    if url.len() > LONGEST || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(bad("it is at most 2048 visible ASCII characters"));
    }
    let rest = match url.split_once("://") {
        Some(("https", rest)) => rest,
        Some(("http", rest)) if on_this_host(rest) => rest,
        _ => return Err(bad("it begins with `https://`")),
    };
    let host = host_of(rest);
    if host.is_empty() || host.starts_with(':') || host.contains('@') {
        return Err(bad("it names a host, and neither user nor password"));
    }
    if url.contains('#') {
        return Err(bad("it has no fragment"));
    }
    Ok(())
}

fn host_of(rest: &str) -> &str {
    rest.split(['/', '?', '#', '\\']).next().unwrap_or_default()
}

fn on_this_host(rest: &str) -> bool {
    let host = host_of(rest);
    ["127.0.0.1", "[::1]"]
        .iter()
        .any(|local| host.strip_prefix(local).is_some_and(|port| port.is_empty() || port.starts_with(':')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_that_notices_must_not_go_to_is_refused() {
        for bad in [
            "",
            "example.net",
            "ftp://example.net/",
            "http://example.net/",
            "HTTPS//example.net",
            "https://",
            "https:///path",
            "https://:443/",
            "https://user:secret@example.net/",
            "https://example.net/#part",
            "https://example.net/a b",
            "https://exämple.net/",
            "http://127.0.0.1.example.net/",
            "http://127.0.0.1@example.net/",
            "https://example.net/\n",
        ] {
            assert!(matches!(check_url(bad), Err(Refusal::BadUrl { .. })), "{bad}");
        }
        assert!(check_url(&format!("https://example.net/{}", "x".repeat(LONGEST))).is_err());
    }

    #[test]
    fn https_and_the_own_host_are_taken() {
        for good in [
            "https://example.net",
            "https://example.net:8443/a?b=c",
            "http://127.0.0.1:8080/x",
            "http://[::1]:9/",
        ] {
            assert!(check_url(good).is_ok(), "{good}");
        }
    }
}
