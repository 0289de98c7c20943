//! What the sender of notices is told: a part of the server's configuration.

use std::path::PathBuf;

use program::notification::Channels;
use serde::Deserialize;

/// How notices are sent; an unknown key is refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where members look when they were told that there is something: the server's own address.
    pub url: String,
    /// Mail addresses of the program's operators, for alarms and for what lapses.
    #[serde(default)]
    pub operators: Vec<String>,
    /// The mail server; without one nothing is mailed.
    pub mail: Option<Mail>,
    /// How members' endpoints are spoken to.
    #[serde(default)]
    pub webhooks: Webhooks,
}

/// The mail server that takes notices.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// Its name.
    pub host: String,
    /// Its port; the usual one of the kind of TLS when absent.
    pub port: Option<u16>,
    /// How the connection is secured.
    #[serde(default)]
    pub tls: Tls,
    /// Who writes: an address, perhaps with a name before it.
    pub from: String,
    /// The account there, when it asks for one.
    pub username: Option<String>,
    /// A file with the account's password, readable by its owner alone.
    pub password_file: Option<PathBuf>,
    /// A certificate authority of one's own, PEM, beside those that browsers trust.
    pub authority: Option<PathBuf>,
}

/// How a connection to the mail server is secured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// STARTTLS, and nothing without it; port 587.
    #[default]
    Starttls,
    /// TLS from the first byte; port 465.
    Implicit,
    /// None, for a mail server on this host alone; port 25.
    None,
}

/// How members' endpoints are spoken to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Webhooks {
    /// Whether endpoints on this host may be spoken to, without TLS too: for trying things out, never for members.
    pub loopback: bool,
    /// A certificate authority of one's own, PEM, beside those that browsers trust.
    pub authority: Option<PathBuf>,
}

impl Config {
    /// Returns what can be sent by.
    #[must_use]
    pub fn channels(&self) -> Channels {
        let mail = self.mail.is_some();
        Channels { mail, webhooks: true, operators: mail && !self.operators.is_empty() }
    }
}
