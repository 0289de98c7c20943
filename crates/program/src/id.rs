//! Names of things: short, printable, safe in a file name and in a log line.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Longest id, in bytes.
const LONGEST: usize = 64;

/// A text that cannot be an id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{given}` cannot be {what} id: use 1 to 64 letters, digits, `.`, `_` or `-`, starting with a letter or digit"
)]
pub struct BadId {
    given: String,
    what: &'static str,
}

fn check(text: &str, what: &'static str) -> Result<Arc<str>, BadId> {
    let sound = text.len() <= LONGEST
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if sound { Ok(Arc::from(text)) } else { Err(BadId { given: text.escape_debug().to_string(), what }) }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Returns the id's text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = BadId;
            fn from_str(text: &str) -> Result<Self, BadId> {
                check(text, $what).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadId;
            fn try_from(text: String) -> Result<Self, BadId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// Names a user: an operator of the program, or what acts where no person does.
    UserId, "a user"
);
id!(
    /// Names a member.
    MemberId, "a member"
);
id!(
    /// Names a tier.
    TierId, "a tier"
);
id!(
    /// Names a case.
    CaseId, "a case"
);
id!(
    /// Names an item within its case; it is the item's file name.
    ItemId, "an item"
);
id!(
    /// Names a wave within its case.
    WaveId, "a wave"
);
id!(
    /// Names a criterion of the program's criteria sheet.
    CriterionId, "a criterion"
);

impl UserId {
    /// Returns the name of what releases waves at their instant.
    #[must_use]
    pub fn timer() -> Self {
        Self(Arc::from(crate::actor::TIMER))
    }

    /// Returns the name of what sends notices.
    #[must_use]
    pub fn notifier() -> Self {
        Self(Arc::from(crate::actor::NOTIFIER))
    }

    /// Returns the name of whoever holds the data folder and gives no name.
    #[must_use]
    pub fn console() -> Self {
        Self(Arc::from(crate::actor::CONSOLE))
    }

    /// Returns the name of a member's tool, whichever member's.
    #[must_use]
    pub fn member() -> Self {
        Self(Arc::from(crate::actor::MEMBER))
    }
}

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(pub u32);

        impl FromStr for $name {
            type Err = BadNumber;
            fn from_str(text: &str) -> Result<Self, BadNumber> {
                text.strip_prefix($prefix)
                    .and_then(|digits| digits.parse().ok())
                    .map(Self)
                    .ok_or_else(|| BadNumber {
                        given: text.escape_debug().to_string(),
                        what: $what,
                        prefix: $prefix,
                    })
            }
        }

        impl TryFrom<String> for $name {
            type Error = BadNumber;
            fn try_from(text: String) -> Result<Self, BadNumber> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }
    };
}

numbered!(
    /// Names a viewing.
    ViewingId, "V", "a viewing's id"
);

/// A text that is not a numbered id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{given}` is not {what}: write `{prefix}` and a number, as in `{prefix}1`")]
pub struct BadNumber {
    given: String,
    what: &'static str,
    prefix: &'static str,
}

numbered!(
    /// Numbers a sighting, program-wide: `S1`, `S2`, ….
    SightingId, "S", "a sighting"
);
numbered!(
    /// Numbers a leak case, program-wide: `L1`, `L2`, ….
    LeakId, "L", "a leak case"
);
numbered!(
    /// Numbers a review, program-wide: `R1`, `R2`, ….
    ReviewId, "R", "a review"
);
numbered!(
    /// Numbers a deadline, program-wide: `D1`, `D2`, ….
    DeadlineId, "D", "a deadline"
);
numbered!(
    /// Numbers a notification, program-wide: `N1`, `N2`, ….
    NotificationId, "N", "a notification"
);
numbered!(
    /// Numbers a member's report, program-wide: `M1`, `M2`, ….
    ReportId, "M", "a member's report"
);
numbered!(
    /// Numbers an invitation, program-wide: `I1`, `I2`, ….
    InvitationId, "I", "an invitation"
);
numbered!(
    /// Numbers an endpoint, program-wide: `E1`, `E2`, ….
    EndpointId, "E", "an endpoint"
);
numbered!(
    /// Numbers a passkey, program-wide: `P1`, `P2`, ….
    PasskeyId, "P", "a passkey"
);
numbered!(
    /// Numbers a link that registers a passkey, program-wide: `K1`, `K2`, ….
    LinkId, "K", "a link"
);
numbered!(
    /// Numbers a token, program-wide: `T1`, `T2`, ….
    TokenId, "T", "a token"
);

/// A SHA-256 hash, as hex in text and JSON.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256(pub [u8; 32]);

/// A text that is not a SHA-256 hash.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not a SHA-256 hash: give 64 hexadecimal digits")]
pub struct BadHash(String);

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Sha256 {
    type Err = BadHash;
    fn from_str(text: &str) -> Result<Self, BadHash> {
        let bad = || BadHash(text.escape_debug().to_string());
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(bad());
        }
        let mut hash = [0; 32];
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            let mut value = 0;
            for digit in pair {
                let nibble = char::from(*digit).to_digit(16).and_then(|n| u8::try_from(n).ok());
                value = value << 4 | nibble.ok_or_else(bad)?;
            }
            *byte = value;
        }
        Ok(Self(hash))
    }
}

impl TryFrom<String> for Sha256 {
    type Error = BadHash;
    fn try_from(text: String) -> Result<Self, BadHash> {
        text.parse()
    }
}

impl From<Sha256> for String {
    fn from(hash: Sha256) -> Self {
        hash.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_would_hurt_a_path_or_a_log_line() {
        for bad in ["", ".hidden", "../up", "a/b", "a b", "a\nb", "-flag", "ä", &"x".repeat(65)] {
            let said = bad.parse::<MemberId>().unwrap_err().to_string();
            assert!(said.contains("cannot be a member id"), "{said}");
        }
        assert_eq!("Acme-1.eu_x".parse::<MemberId>().unwrap().as_str(), "Acme-1.eu_x");
    }

    #[test]
    fn numbers_have_their_prefix() {
        assert_eq!("S12".parse::<SightingId>().unwrap(), SightingId(12));
        assert!("12".parse::<SightingId>().is_err());
        assert!("L1".parse::<SightingId>().is_err());
        assert_eq!(LeakId(3).to_string(), "L3");
    }

    #[test]
    fn hashes_survive_json_and_refuse_other_lengths() {
        let hash = Sha256(std::array::from_fn(|i| i as u8));
        let json = serde_json::to_string(&hash).unwrap();
        assert_eq!(serde_json::from_str::<Sha256>(&json).unwrap(), hash);
        assert!("00".parse::<Sha256>().is_err());
        assert!("g0".repeat(32).parse::<Sha256>().is_err());
    }
}
