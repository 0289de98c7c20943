use std::fmt;

use serde::{Deserialize, Serialize};

use crate::master::Location;

/// Something wrong with a package's markup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Rule that found it, `E1` to `E10`.
    pub id: String,
    /// Where it is.
    pub at: Location,
    /// What is wrong and what to do.
    pub says: String,
    /// Whether the package can be used in spite of it.
    pub severity: Severity,
}

/// How bad a [`Problem`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The package works; an author should look.
    Warning,
    /// The package has no rendering.
    Error,
}

impl Problem {
    pub(crate) fn error(id: &str, at: Location, says: impl Into<String>) -> Problem {
        Problem { id: id.to_owned(), at, says: says.into(), severity: Severity::Error }
    }

    pub(crate) fn warning(id: &str, at: Location, says: impl Into<String>) -> Problem {
        Problem { id: id.to_owned(), at, says: says.into(), severity: Severity::Warning }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.at, self.says)
    }
}
