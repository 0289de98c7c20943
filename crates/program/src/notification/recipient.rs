//! Who gets a notice, and where.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    id::{EndpointId, MemberId},
    vetting::ContactRole,
};

/// Where a member's notice goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Receiver {
    /// To a contact, by mail.
    Mail(ContactRole),
    /// To an endpoint of the member's, over HTTP.
    Webhook(EndpointId),
}

/// Whose notice, and where it goes: `veltrune/mail/security`, `veltrune/webhook/E3`, `operators`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Recipient {
    /// A member.
    Member(MemberId, Receiver),
    /// The program's own operators, by mail.
    Operators,
}

/// A text that names no recipient.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is no recipient: write `member/mail/role`, `member/webhook/E1` or `operators`")]
pub struct BadRecipient(String);

impl Recipient {
    /// Returns the member.
    #[must_use]
    pub fn member(&self) -> Option<&MemberId> {
        match self {
            Self::Member(member, _) => Some(member),
            Self::Operators => None,
        }
    }

    /// Returns where a member's notice goes.
    #[must_use]
    pub fn receiver(&self) -> Option<&Receiver> {
        match self {
            Self::Member(_, receiver) => Some(receiver),
            Self::Operators => None,
        }
    }

    /// Returns what is not after any other recipient of the same member.
    pub(super) fn first_of(member: &MemberId) -> Self {
        Self::Member(member.clone(), Receiver::Mail(ContactRole::Security))
    }
}

impl fmt::Display for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mail(role) => write!(f, "mail/{}", role.as_str()),
            Self::Webhook(endpoint) => write!(f, "webhook/{endpoint}"),
        }
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Member(member, receiver) => write!(f, "{member}/{receiver}"),
            Self::Operators => f.write_str(OPERATORS),
        }
    }
}

/// No member's recipient: those have two slashes.
const OPERATORS: &str = "operators";

impl FromStr for Recipient {
    type Err = BadRecipient;

    fn from_str(text: &str) -> Result<Self, BadRecipient> {
        if text == OPERATORS {
            return Ok(Self::Operators);
        }
        let bad = || BadRecipient(text.escape_debug().to_string());
        let (member, rest) = text.split_once('/').ok_or_else(bad)?;
        let (channel, which) = rest.split_once('/').ok_or_else(bad)?;
        let receiver = match channel {
            "mail" => Receiver::Mail(ContactRole::named(which).ok_or_else(bad)?),
            "webhook" => Receiver::Webhook(which.parse().map_err(|_| bad())?),
            _ => return Err(bad()),
        };
        Ok(Self::Member(member.parse().map_err(|_| bad())?, receiver))
    }
}

impl TryFrom<String> for Recipient {
    type Error = BadRecipient;
    fn try_from(text: String) -> Result<Self, BadRecipient> {
        text.parse()
    }
}

impl From<Recipient> for String {
    fn from(recipient: Recipient) -> Self {
        recipient.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_nobody_is_refused() {
        for bad in [
            "",
            "acme",
            "acme/mail",
            "acme/mail/boss",
            "acme/webhook/1",
            "acme/fax/E1",
            "/mail/legal",
            "../x/mail/legal",
        ] {
            assert!(bad.parse::<Recipient>().is_err(), "{bad}");
        }
    }

    #[test]
    fn text_and_back() {
        for text in ["acme/mail/security", "acme/webhook/E3", "operators"] {
            assert_eq!(text.parse::<Recipient>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_members_recipients_stand_together() {
        let first = Recipient::first_of(&"acme".parse().unwrap());
        for text in ["acme/mail/security", "acme/mail/legal", "acme/webhook/E1"] {
            assert!(text.parse::<Recipient>().unwrap() >= first);
        }
        assert!("acm/webhook/E9".parse::<Recipient>().unwrap() < first);
    }
}
