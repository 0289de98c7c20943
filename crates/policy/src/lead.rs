//! Lengths of time in whole seconds: how long before the public instant a tier hears, how long a duty leaves.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

const UNITS: [(char, u32); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Holds a length of time in whole seconds; a day is exactly 24 hours, whatever a calendar does.
///
/// Written as `14d`, `24h`, `30m`, `90s` or a combination with falling units, `1d12h`; shown in the
/// largest units that fit (`24h` is shown as `1d`). At most 2^32 - 1 seconds, about 136 years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Lead(u32);

impl Lead {
    /// Nothing early: the length zero, shown as `0s`.
    pub const ZERO: Self = Self(0);

    /// Makes a length of `seconds` seconds.
    pub const fn from_seconds(seconds: u32) -> Self {
        Self(seconds)
    }

    /// Returns the length in seconds.
    pub const fn seconds(self) -> u32 {
        self.0
    }

    /// Returns the length for arithmetic on instants.
    pub fn duration(self) -> jiff::SignedDuration {
        jiff::SignedDuration::from_secs(i64::from(self.0))
    }
}

impl fmt::Display for Lead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (letter, seconds) in UNITS {
            let count = rest / seconds;
            rest %= seconds;
            if count > 0 {
                write!(f, "{count}{letter}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Lead {
    type Err = LeadError;

    fn from_str(text: &str) -> Result<Self, LeadError> {
        let refused = || LeadError::Form { text: text.to_owned() };
        let mut units = UNITS.iter();
        let mut total: u32 = 0;
        let mut number: Option<u32> = None;
        for c in text.chars() {
            if let Some(digit) = c.to_digit(10) {
                let shifted = number.unwrap_or(0).checked_mul(10).and_then(|n| n.checked_add(digit));
                number = Some(shifted.ok_or_else(|| LeadError::Long { text: text.to_owned() })?);
                continue;
            }
            // The iterator only moves on, so a unit may not repeat or follow a smaller one.
            let (_, seconds) = units.by_ref().find(|(letter, _)| *letter == c).ok_or_else(refused)?;
            let count = number.take().ok_or_else(refused)?;
            let sum = count.checked_mul(*seconds).and_then(|part| total.checked_add(part));
            total = sum.ok_or_else(|| LeadError::Long { text: text.to_owned() })?;
        }
        if number.is_some() || text.is_empty() {
            return Err(refused());
        }
        Ok(Self(total))
    }
}

impl TryFrom<String> for Lead {
    type Error = LeadError;

    fn try_from(text: String) -> Result<Self, LeadError> {
        text.parse()
    }
}

impl From<Lead> for String {
    fn from(lead: Lead) -> Self {
        lead.to_string()
    }
}

/// Says why a text is not a length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeadError {
    /// The text is not numbers with the units d, h, m, s in falling order.
    #[error("`{text}` is not a length of time; write for example `14d`, `24h`, `30m`, `90s` or `1d12h`")]
    Form {
        /// The text as given.
        text: String,
    },
    /// The length does not fit 2^32 - 1 seconds.
    #[error("`{text}` is longer than 136 years; write a shorter length of time")]
    Long {
        /// The text as given.
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_not_a_length() {
        for text in ["", "d", "14", "14 d", "-1d", "1.5h", "12h1d", "1d1d", "1w", "5M", "1d 2h", "+3h", "١d"]
        {
            assert!(matches!(text.parse::<Lead>(), Err(LeadError::Form { .. })), "{text}");
        }
        for text in ["49711d", "4294967296s", "99999999999999999999s", "49710d23h"] {
            assert!(matches!(text.parse::<Lead>(), Err(LeadError::Long { .. })), "{text}");
        }
    }

    #[test]
    fn reads_and_shows_canonically() {
        let table = [("14d", 1_209_600, "14d"), ("24h", 86_400, "1d"), ("90s", 90, "1m30s"), ("0s", 0, "0s")];
        for (text, seconds, shown) in table {
            let lead: Lead = text.parse().unwrap();
            assert_eq!((lead.seconds(), lead.to_string().as_str()), (seconds, shown));
        }
        assert_eq!("1d12h".parse::<Lead>().unwrap().seconds(), 129_600);
        assert_eq!("4294967295s".parse::<Lead>().unwrap(), Lead::from_seconds(u32::MAX));
    }

    proptest::proptest! {
        #[test]
        fn what_is_shown_reads_back(seconds: u32) {
            let lead = Lead::from_seconds(seconds);
            proptest::prop_assert_eq!(lead.to_string().parse::<Lead>(), Ok(lead));
            let json = serde_json::to_string(&lead).unwrap();
            proptest::prop_assert_eq!(serde_json::from_str::<Lead>(&json).unwrap(), lead);
        }
    }
}
