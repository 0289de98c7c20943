//! What a receipt reads from the stored body of a log entry: that it grants a copy, acknowledges or fetches one.

use jiff::Timestamp;
use serde::Deserialize;

use tlog::Hash;

use crate::{Digest, MemberVerifier, Signature, fetching::SignedFetch};

/// Version of the entry's body that this reader knows.
const BODY_VERSION: u32 = 1;

/// The grant in an entry's body.
///
/// Fields that are not read here may be added to the body; the entry's kind and these fields may not change.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) at: Timestamp,
    pub(crate) actor: String,
    pub(crate) given: Given,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Given {
    pub(crate) case: String,
    pub(crate) wave: String,
    pub(crate) item: String,
    pub(crate) member: String,
    pub(crate) sha256: Digest,
    pub(crate) size: u64,
}

/// A member's acknowledgement in an entry's body.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Acknowledging {
    pub(crate) case: String,
    pub(crate) item: String,
    pub(crate) member: String,
    /// The grant's entry.
    pub(crate) grant: u64,
    pub(crate) sha256: Digest,
    pub(crate) tree_size: u64,
    pub(crate) root: Hash,
    pub(crate) key: MemberVerifier,
    pub(crate) signature: Signature,
}

/// A member's first fetch in an entry's body.
#[derive(Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Fetching {
    pub(crate) case: String,
    pub(crate) item: String,
    pub(crate) member: String,
    pub(crate) signed: Option<SignedFetch>,
}

impl Grant {
    /// Reads a body; the error says what is wrong with it.
    pub(crate) fn read(body: &[u8]) -> Result<Self, String> {
        let Body { at, actor, event } = read(body)?;
        match event {
            Event::Grant(GrantEvent::Given(given)) => Ok(Self { at, actor, given }),
            Event::Grant(other) => Err(other.says()),
        }
    }
}

impl Acknowledging {
    /// Reads a body and when it was logged; the error says what is wrong with it.
    pub(crate) fn read(body: &[u8]) -> Result<(Timestamp, Self), String> {
        let Body { at, event, .. } = read(body)?;
        match event {
            Event::Grant(GrantEvent::Acknowledged(acknowledging)) => Ok((at, *acknowledging)),
            Event::Grant(other) => Err(other.says()),
        }
    }
}

impl Fetching {
    /// Reads a body and when it was logged; the error says what is wrong with it.
    pub(crate) fn read(body: &[u8]) -> Result<(Timestamp, Self), String> {
        let Body { at, event, .. } = read(body)?;
        match event {
            Event::Grant(GrantEvent::Fetched(fetching)) => Ok((at, *fetching)),
            Event::Grant(other) => Err(other.says()),
        }
    }
}

impl GrantEvent {
    fn says(&self) -> String {
        String::from(match self {
            Self::Given(_) => "it grants a copy",
            Self::Acknowledged(_) => "it acknowledges a copy",
            Self::Fetched(_) => "it says that a copy was fetched",
        })
    }
}

fn read(body: &[u8]) -> Result<Body, String> {
    let Version { v } = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if v != BODY_VERSION {
        return Err(format!("its version is {v}, this tool reads {BODY_VERSION}: update the tool"));
    }
    serde_json::from_slice(body).map_err(|error| error.to_string())
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

#[derive(Deserialize)]
struct Body {
    at: Timestamp,
    actor: String,
    event: Event,
}

// As enums and not as structs: an event has exactly one kind, and every other kind is refused.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Event {
    Grant(GrantEvent),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum GrantEvent {
    Given(Given),
    Acknowledged(Box<Acknowledging>),
    Fetched(Box<Fetching>),
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = concat!(
        r#"{"v":1,"at":"2026-03-10T17:00:00Z","actor":"timer","event":{"grant":{"given":{"#,
        r#""case":"c1","wave":"w1","item":"advisory.md","member":"acme","later":[1,{}],"#,
        r#""sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","size":3}}},"also":null}"#,
    );

    #[test]
    fn what_is_no_grant_is_refused() {
        let bad = |from: &str, to: &str| {
            assert!(BODY.contains(from), "{from}");
            Grant::read(BODY.replacen(from, to, 1).as_bytes()).unwrap_err()
        };
        assert!(bad(r#""v":1"#, r#""v":2"#).contains("update the tool"));
        assert!(bad(r#""grant""#, r#""leak""#).contains("leak"));
        assert!(bad(r#""given""#, r#""withheld""#).contains("withheld"));
        assert!(bad(r#"{"grant""#, r#"{"note":{},"grant""#).contains("note"));
        bad("17:00:00Z", "17:00:00");
        bad(r#""size":3"#, r#""size":-3"#);
        bad(r#""size":3"#, r#""size":3,"size":3"#);
        bad(r#","member":"acme""#, "");
        bad("ba7816", "BA7816");
        bad(r#""item":"advisory.md""#, r#""item":7"#);
        assert!(Grant::read(b"").is_err());
        assert!(Grant::read(b"[]").is_err());
        assert!(Grant::read(format!("{BODY}x").as_bytes()).is_err());
    }

    #[test]
    fn further_fields_do_no_harm() {
        let grant = Grant::read(BODY.as_bytes()).unwrap();
        assert_eq!(grant.actor, "timer");
        assert_eq!(grant.at.to_string(), "2026-03-10T17:00:00Z");
        assert_eq!((grant.given.wave.as_str(), grant.given.size), ("w1", 3));
        assert_eq!(grant.given.sha256, Digest::of(b"abc"));
    }
}
