//! Exhibits as text: files, folders, archives and PDFs that leaked, in bounded memory.

mod archive;
mod decode;
mod error;
mod kind;
pub mod pdf;

use std::{
    fs::{self, File},
    io::{Cursor, Read, Seek},
    path::{Path, PathBuf},
};

use mark::read::LeakFile;
use program::id::Sha256;

use crate::hash::sha256;
pub use error::{ExhibitError, Skipped, Unread};
use kind::Kind;

/// Most bytes of exhibits, expanded, that one trace takes.
pub const MOST_BYTES: u64 = 16 << 20;
/// Most bytes of text among them; of a text of one-letter words the reader makes thirty times as many.
pub const MOST_TEXT: u64 = 4 << 20;
/// Most files.
pub const MOST_FILES: usize = 2000;

/// Bytes that tell what a file is.
const HEAD: u64 = 1024;

/// A file that was found outside, as it was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its name as found; in a folder, its path there.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A leaked file as text.
#[derive(Clone, Debug)]
pub struct Leaked {
    /// Its name and text.
    pub file: LeakFile,
    /// Of its bytes; of an archive's entry, of what it holds.
    pub sha256: Sha256,
}

/// What exhibits say.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// The files that can be read, in the order given and by name within a folder or an archive.
    pub files: Vec<Leaked>,
    /// The files that hold no text.
    pub skipped: Vec<Skipped>,
}

/// Takes files, and every file of a folder, as they were found.
///
/// # Errors
/// [`ExhibitError`] when one cannot be read, or when they are too much to be kept and traced.
pub fn found(paths: &[PathBuf]) -> Result<Vec<Found>, ExhibitError> {
    let (mut found, mut left) = (Vec::new(), MOST_BYTES);
    for path in paths {
        for (name, path) in files(path)? {
            let at = |why: Unread| why.of(path.display());
            if found.len() >= MOST_FILES {
                return Err(at(Unread::TooManyFiles));
            }
            let mut file = open(&path)?;
            let size = file.metadata().map_err(|source| io(&path, source))?.len();
            let bytes = take(&mut file, size, &mut left).map_err(at)?;
            found.push(Found { name, bytes });
        }
    }
    Ok(found)
}

/// Reads files, folders and archives as one leak.
///
/// In a folder or an archive, what holds no text is skipped, unless nothing is left.
///
/// # Errors
/// [`ExhibitError`] says what cannot be read as text, or is too much, and what to give instead.
pub fn read(paths: &[PathBuf]) -> Result<Texts, ExhibitError> {
    let mut intake = Intake::new();
    for path in paths {
        let before = intake.texts.files.len();
        let alone = !path.is_dir();
        let mut skipped = 0;
        for (name, file) in files(path)? {
            let at = file.display().to_string();
            match intake.file(open(&file)?, name) {
                Err(why) if !alone && why.is_no_text() => {
                    intake.texts.skipped.push(Skipped { name: at, why: why.to_string() });
                    skipped += 1;
                }
                done => done.map_err(|why| why.of(at))?,
            }
        }
        if intake.texts.files.len() == before && skipped > 0 {
            return Err(Unread::Nothing.of(path.display()));
        }
    }
    Ok(intake.texts)
}

/// Reads what was found as one leak; what holds no text is skipped, unless nothing is left.
///
/// # Errors
/// As [`read`].
pub fn texts<'a>(found: impl IntoIterator<Item = &'a Found>) -> Result<Texts, ExhibitError> {
    let mut intake = Intake::new();
    for Found { name, bytes } in found {
        match intake.file(Cursor::new(bytes.as_slice()), name.clone()) {
            Err(why) if why.is_no_text() => {
                intake.texts.skipped.push(Skipped { name: name.clone(), why: why.to_string() });
            }
            done => done.map_err(|why| why.of(name))?,
        }
    }
    match intake.texts.skipped.first() {
        Some(Skipped { name, why }) if intake.texts.files.is_empty() => {
            Err(ExhibitError::NoneReadable { name: name.clone(), why: why.clone() })
        }
        _ => Ok(intake.texts),
    }
}

/// Lists a file, or every regular file below a folder, by name; links to folders are not followed.
fn files(root: &Path) -> Result<Vec<(String, PathBuf)>, ExhibitError> {
    if !root.is_dir() {
        let name = root.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        return Ok(vec![(name, root.to_owned())]);
    }
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|source| io(&folder, source))? {
            let entry = entry.map_err(|source| io(&folder, source))?;
            let path = entry.path();
            if entry.file_type().map_err(|source| io(&path, source))?.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                found.push((name, path));
            }
            if found.len() + folders.len() > MOST_FILES {
                return Err(Unread::TooManyFiles.of(root.display()));
            }
        }
    }
    found.sort();
    Ok(found)
}

fn open(path: &Path) -> Result<File, ExhibitError> {
    // Opening a pipe would wait for a writer.
    if !fs::metadata(path).map_err(|source| io(path, source))?.is_file() {
        return Err(Unread::NotRegular.of(path.display()));
    }
    File::open(path).map_err(|source| io(path, source))
}

fn io(path: &Path, source: std::io::Error) -> ExhibitError {
    ExhibitError::Io { path: path.to_owned(), source }
}

/// Reads a file that claims to be `size` bytes long.
fn take(from: impl Read, size: u64, left: &mut u64) -> Result<Vec<u8>, Unread> {
    if size > *left {
        return Err(Unread::TooMuch);
    }
    let mut bytes = Vec::new();
    from.take(*left + 1).read_to_end(&mut bytes)?;
    *left = left.checked_sub(bytes.len() as u64).ok_or(Unread::TooMuch)?;
    Ok(bytes)
}

/// Collects a leak's texts.
struct Intake {
    texts: Texts,
    /// Bytes that may still be taken.
    left: u64,
    /// Bytes of text that may still be read.
    text_left: u64,
}

impl Intake {
    fn new() -> Self {
        Self { texts: Texts::default(), left: MOST_BYTES, text_left: MOST_TEXT }
    }

    fn file(&mut self, mut file: impl Read + Seek, name: String) -> Result<(), Unread> {
        let mut head = Vec::new();
        file.by_ref().take(HEAD).read_to_end(&mut head)?;
        let size = file.seek(std::io::SeekFrom::End(0))?;
        file.rewind()?;
        match kind::of(&head)? {
            Kind::Zip => self.archive(file, size),
            kind => self.take(file, size, kind, name),
        }
    }

    /// Reads one file's text, of which the bytes claim to be `size`.
    fn take(&mut self, from: impl Read, size: u64, kind: Kind, name: String) -> Result<(), Unread> {
        if self.texts.files.len() >= MOST_FILES {
            return Err(Unread::TooManyFiles);
        }
        let bytes = take(from, size, &mut self.left)?;
        let sha256 = sha256(&bytes);
        let text = match kind {
            Kind::Pdf => pdf::text(&bytes)?,
            Kind::Zip | Kind::Text => decode::decode(bytes),
        };
        self.text_left = self.text_left.checked_sub(text.len() as u64).ok_or(Unread::TooMuch)?;
        self.texts.files.push(Leaked { file: LeakFile { path: name, text }, sha256 });
        Ok(())
    }
}
