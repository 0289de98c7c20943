//! What the server is told at its start: one TOML file, and the command line over it.

use std::{net::SocketAddr, path::PathBuf};

use ipnet::IpNet;
use policy::Lead;
use serde::Deserialize;

use crate::identity::config::{Approvals, Identity};

/// The server's configuration; an unknown key is refused, since a mistyped limit would be none.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where members, operators and readers of the log connect.
    pub listen: SocketAddr,
    /// Where health and metrics are asked for; nobody else can when it is absent.
    pub admin: Option<SocketAddr>,
    /// The host by which members reach the server, with its port if that is not 443: what signatures of their requests
    /// are checked against. Without it that is the field `Host`, which a proxy must leave as it is.
    pub authority: Option<String>,
    /// Certificate and key; without them a proxy in front must speak TLS.
    pub tls: Option<Tls>,
    /// Networks of proxies in front, whose word in `X-Forwarded-For` on where a request comes from is believed.
    pub proxies: Vec<IpNet>,
    /// What one caller may use of the server.
    pub limits: Limits,
    /// Whether waves are released at their instant by this process.
    pub timer: bool,
    /// How often the log gets an entry that says nothing, in seconds; what happens between two is shown to the public
    /// with the second. 0 for never, and everything is shown at once.
    pub heartbeat_seconds: u32,
    /// How members are told that there is something; without it nobody is.
    pub notices: Option<notify::Config>,
    /// How people sign in; without it nobody does.
    pub identity: Option<Identity>,
}

/// PEM files.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate chain.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// Whether clients are asked for a certificate, which tokens may be bound to; nobody must have one. The listener
    /// speaks TLS 1.3 alone then.
    #[serde(default)]
    pub client_certificates: bool,
}

/// Bounds on what a request may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Largest body of a request, in bytes.
    pub body: usize,
    /// How long the headers of a request may take, in seconds.
    pub header_seconds: u64,
    /// How long an answer may take to begin, in seconds.
    pub answer_seconds: u64,
    /// How many of those that are woken at once are asked to come in a second; the others come later.
    pub woken_a_second: u64,
    /// How many tries with a token, a code or a sign-in that is not good one network has in a minute, before it is told
    /// to wait; 0 for any number. A good one is never told so.
    pub bad_tries: u32,
    /// How often a member may fetch one copy again within an hour, on all replicas together; 0 for any number. The first
    /// fetch and going on with one that broke off are not counted.
    pub repeated_fetches: u32,
    /// Sealed copies kept for fetches that are resumed, in bytes.
    pub sealed: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8440)),
            admin: None,
            authority: None,
            tls: None,
            proxies: Vec::new(),
            limits: Limits::default(),
            timer: true,
            heartbeat_seconds: 300,
            notices: None,
            identity: None,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 1 << 20,
            header_seconds: 10,
            answer_seconds: 30,
            woken_a_second: 1000,
            bad_tries: 30,
            repeated_fetches: 60,
            sealed: 64 << 20,
        }
    }
}

impl Config {
    /// Returns the cadence of heartbeats, if there are any.
    #[must_use]
    pub fn cadence(&self) -> Option<Lead> {
        (self.heartbeat_seconds > 0).then(|| Lead::from_seconds(self.heartbeat_seconds))
    }

    /// Tells whether only people with passkeys approve.
    #[must_use]
    pub fn takes_passkeys(&self) -> bool {
        self.identity.as_ref().is_some_and(|identity| identity.approvals == Approvals::Passkey)
    }

    /// Reads a configuration.
    ///
    /// # Errors
    /// What is wrong with the text, and where.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        for text in [
            "port = 80",
            "[limits]\nbodies = 1",
            "[identity]\norigin = \"x\"\nlifetime = 1",
            "[tls]\ncertificate = \"c\"\nkey = \"k\"\nca = \"x\"",
        ] {
            let said = Config::parse(text).unwrap_err().to_string();
            assert!(said.contains("unknown field"), "{said}");
        }
        for text in ["listen = \"somewhere\"", "proxies = [\"here\"]", "proxies = [\"10.0.0.1\"]"] {
            assert!(Config::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let config = Config::parse("listen = \"[::]:443\"\n[limits]\nbody = 10").unwrap();
        assert_eq!(config.limits, Limits { body: 10, ..Limits::default() });
        assert_eq!((config.listen.port(), config.admin, config.timer), (443, None, true));
        assert_eq!(Config::parse("").unwrap(), Config::default());
    }
}
