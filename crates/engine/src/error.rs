//! What can go wrong in a step of the pipeline.

use std::{io, path::PathBuf};

use mark::{kinds::check::Difference, syntax::Problem};
use program::{
    Refusal,
    id::{CaseId, ItemId, MemberId, SightingId},
};
use thiserror::Error;

use crate::{blobs::BlobError, exhibit::ExhibitError, store::StoreError, writer::WriteError};

/// A step that was not done, or not to its end; doing it again goes on from there.
#[derive(Debug, Error)]
pub enum StepError {
    /// The program refuses it, or the log cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// A text or exhibit cannot be kept or read.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file cannot be read or written.
    #[error("`{path}`: {source}")]
    Io {
        /// Which path.
        path: PathBuf,
        /// What the file system said.
        source: io::Error,
    },
    /// A file is no text.
    #[error("`{0}` is not UTF-8 text: items are text, so that every copy can carry its marks")]
    NotText(PathBuf),
    /// A file's name cannot be an item's.
    #[error("`{path}`: {says}")]
    Name {
        /// Which path.
        path: PathBuf,
        /// What is wrong with its name.
        says: String,
    },
    /// What was found cannot be read.
    #[error(transparent)]
    Exhibit(#[from] ExhibitError),
    /// The markup does not parse.
    #[error("the markup of the package has {}; nothing was done:\n{}", counted(.0), list(.0))]
    Markup(Vec<Problem>),
    /// A copy would not mean what the package means.
    #[error("{0}; no copy was granted")]
    Difference(#[from] Box<Difference>),
    /// A copy does not come out as granted.
    #[error(
        "the copy of `{item}` for `{member}` does not come out as it was granted: it is not given out; run `forewarn verify`"
    )]
    NotReproduced {
        /// Which item.
        item: ItemId,
        /// Whose copy.
        member: MemberId,
    },
    /// The public files do not come out as they were published.
    #[error(
        "the public files of case `{0}` do not come out as they were published: nothing is written; run `forewarn verify`, and restore the folder `public` from the backup"
    )]
    NotAsPublished(CaseId),
    /// A member may not have its copies now.
    #[error("nothing for `{member}`: {says}")]
    NothingFor {
        /// Who.
        member: MemberId,
        /// Why.
        says: String,
    },
    /// A member has no key that copies could be sealed to.
    #[error(
        "`{0}` has no confirmed key: add one with `forewarn member key {0} age1…`, compare its fingerprint over a second channel, then confirm it"
    )]
    NoKey(MemberId),
    /// A key cannot be used.
    #[error("{0}")]
    Key(String),
    /// A copy cannot be sealed.
    #[error("cannot seal the copy of `{item}` for `{member}`: {says}")]
    Seal {
        /// Which item.
        item: ItemId,
        /// Whose copy.
        member: MemberId,
        /// Why.
        says: String,
    },
    /// A member's acknowledgement says nothing of this log, or is not signed by who it says.
    #[error("the acknowledgement does not hold: {0}; fetch the receipt again, then sign again")]
    Acknowledgement(String),
    /// A signed request was answered before.
    #[error("this signed request was sent before: sign each request anew")]
    Replayed,
    /// A proof cannot be made.
    #[error("cannot prove entry {seq}: {says}")]
    Proof {
        /// Which entry.
        seq: u64,
        /// Why.
        says: String,
    },
    /// Nobody held a copy, so there is nobody to weigh.
    #[error("no member held a copy of case `{case}`: sighting `{sighting}` cannot come from one")]
    NobodyHeld {
        /// Which case.
        case: CaseId,
        /// Which sighting.
        sighting: SightingId,
    },
    /// The trace cannot be computed.
    #[error("the trace failed: {0}")]
    Trace(String),
    /// The state kept changing under a release.
    #[error(
        "the program changed while wave `{0}` was released: run the release again, it goes on where it stopped"
    )]
    Unsettled(String),
}

impl StepError {
    /// Returns what the program refused, if it was that.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Write(WriteError::Refused(refusal)) => Some(refusal),
            _ => None,
        }
    }
}

impl From<Refusal> for StepError {
    fn from(refusal: Refusal) -> Self {
        Self::Write(WriteError::Refused(refusal))
    }
}

fn counted(problems: &[Problem]) -> String {
    match problems.len() {
        1 => String::from("one problem"),
        several => format!("{several} problems"),
    }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n")
}
