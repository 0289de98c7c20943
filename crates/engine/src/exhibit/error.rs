//! Why an exhibit cannot be read, and what to give instead.

use std::{fmt::Display, io, path::PathBuf};

use serde::Serialize;
use thiserror::Error;

use super::{MOST_BYTES, MOST_FILES, MOST_TEXT, archive::MOST_RATIO};

/// Exhibits that cannot be read.
#[derive(Debug, Error)]
pub enum ExhibitError {
    /// The file system says no.
    #[error("`{path}`: {source}")]
    Io {
        /// Which path.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// What is there cannot be read.
    #[error("`{name}`: {why}")]
    Unread {
        /// Which file.
        name: String,
        /// Why.
        why: Unread,
    },
    /// Nothing that was found holds text.
    #[error("no exhibit can be read; `{name}` {why}")]
    NoneReadable {
        /// The first of them.
        name: String,
        /// What it is, and what to give instead.
        why: String,
    },
}

/// A file that holds no text and was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Its name.
    pub name: String,
    /// What it is, and what to give instead.
    pub why: String,
}

/// Why a file cannot be read.
#[derive(Debug, Error)]
pub enum Unread {
    /// A picture.
    #[error("is an image: give its text, typed or from a text recognition")]
    Image,
    /// A word processor's file.
    #[error("is an office document: save it as plain text, and give that")]
    Office,
    /// A PDF of pictures.
    #[error("is a PDF without text, likely a scan: give its text, typed or from a text recognition")]
    Scan,
    /// A PDF that cannot be parsed.
    #[error("is a PDF that cannot be read ({0}): give its text, as `pdftotext` writes it")]
    Pdf(String),
    /// A PDF that takes too much to parse.
    #[error("is a PDF, and {0}: give its text, as `pdftotext` writes it")]
    PdfLimit(String),
    /// Compressed.
    #[error("is packed in a way that is not read: unpack it, and give what is in it")]
    Packed,
    /// An archive in an archive.
    #[error("is an archive within the archive: unpack it, and give that")]
    Nested,
    /// A device, a pipe.
    #[error("is no regular file: save what leaked to a file, and give that")]
    NotRegular,
    /// More than is read.
    #[error(
        "is too much: a trace reads at most {} MiB of text, in at most {} MiB of files, expanded; give the part that leaked, or look for values with `forewarn mark hunt`",
        MOST_TEXT >> 20,
        MOST_BYTES >> 20
    )]
    TooMuch,
    /// More files than are read.
    #[error("holds more than {MOST_FILES} files: give the ones that leaked")]
    TooManyFiles,
    /// An archive larger than what is read.
    #[error("is an archive of more than {} MiB: unpack it, and give the part that leaked", MOST_BYTES >> 20)]
    BigArchive,
    /// No archive, though it begins like one.
    #[error("is no whole zip archive: {0}")]
    Broken(String),
    /// An entry of an archive that cannot be opened.
    #[error("holds an entry that cannot be read; encrypted ones cannot: {0}")]
    Closed(String),
    /// An entry that expands more than text does.
    #[error("expands more than {MOST_RATIO} times: no text does; unpack it, and give what leaked")]
    Bomb,
    /// Nothing in it is text.
    #[error("holds nothing that can be read")]
    Nothing,
    /// An entry of an archive.
    #[error("entry `{name}`: {why}")]
    Entry {
        /// Its name.
        name: String,
        /// Why.
        why: Box<Unread>,
    },
    /// The bytes do not come.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
}

impl Unread {
    /// Tells what is no text from what is too much or broken: the first is left out among others.
    pub(super) fn is_no_text(&self) -> bool {
        use Unread::{Image, Nested, Nothing, Office, Packed, Pdf, Scan};
        matches!(self, Image | Office | Scan | Pdf(_) | Packed | Nested | Nothing)
    }

    pub(super) fn of(self, name: impl Display) -> ExhibitError {
        ExhibitError::Unread { name: name.to_string(), why: self }
    }
}
