//! What leaked, as text: files, folders and archives, in bounded memory.

use std::{
    fs::{self, File},
    io::{Read, Seek},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow, ensure};
use mark::read::LeakFile;
use zip::{ZipArchive, read::ZipFile};

use crate::output;

/// Most bytes of leaked files, expanded, that one trace reads; the reader needs about ten times as many.
const MOST_BYTES: u64 = 16 << 20;
/// Most files.
const MOST_FILES: usize = 2000;
/// Times an archive's entry may expand, once it is longer than [`SMALL`].
const MOST_RATIO: u64 = 200;
const SMALL: u64 = 1 << 16;

/// A leaked file as text.
pub(crate) struct Leaked {
    pub(crate) file: LeakFile,
    /// Of its bytes; of an archive's entry, of what it holds.
    pub(crate) sha256: String,
}

/// Reads files, folders and archives as one leak, in the order given and by name within each.
///
/// # Errors
/// Says what cannot be read as text, or is too much, and what to give instead. In a folder or an archive,
/// what is no text is skipped with a word, unless nothing is left.
pub(crate) fn read(paths: &[PathBuf]) -> anyhow::Result<Vec<Leaked>> {
    let mut intake = Intake { files: Vec::new(), left: MOST_BYTES };
    for path in paths {
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        if !path.is_dir() {
            intake.file(path, name).with_context(|| format!("`{}`", path.display()))?;
            continue;
        }
        let before = intake.files.len();
        let found = below(path)?;
        let mut skipped = 0;
        for (name, file) in found {
            if let Err(error) = intake.file(&file, name) {
                let error = error.downcast::<NoText>().with_context(|| format!("`{}`", file.display()))?;
                skip(&file.display().to_string(), &error);
                skipped += 1;
            }
        }
        ensure!(
            intake.files.len() > before || skipped == 0,
            "`{}` holds nothing that can be read",
            path.display()
        );
    }
    Ok(intake.files)
}

/// A file that is no text, and what to do about it.
#[derive(Debug)]
struct NoText(&'static str);

impl std::fmt::Display for NoText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for NoText {}

fn skip(name: &str, error: &NoText) {
    output::aside(format_args!("skipped `{name}`: {error}"));
}

/// Every regular file below a folder, by name; links to folders are not followed.
fn below(root: &Path) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let fail = |path: &Path| format!("`{}`", path.display());
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| fail(&folder))? {
            let entry = entry.with_context(|| fail(&folder))?;
            let path = entry.path();
            if entry.file_type().with_context(|| fail(&path))?.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                found.push((name, path));
            }
            ensure!(
                found.len() + folders.len() <= MOST_FILES,
                "`{}` holds more than {MOST_FILES} files: give the ones that leaked",
                root.display()
            );
        }
    }
    found.sort();
    Ok(found)
}

struct Intake {
    files: Vec<Leaked>,
    /// Bytes that may still be read.
    left: u64,
}

impl Intake {
    fn file(&mut self, path: &Path, name: String) -> anyhow::Result<()> {
        let mut file = File::open(path)?;
        ensure!(file.metadata()?.is_file(), "is no regular file: save what leaked to a file, and give that");
        let mut head = Vec::new();
        file.by_ref().take(1024).read_to_end(&mut head)?;
        file.rewind()?;
        if is_zip(&head) {
            return self.archive(file);
        }
        let size = file.metadata()?.len();
        refuse_known(&head)?;
        self.take(file, size, name)
    }

    /// Reads one file's bytes, which claim to be `size`.
    fn take(&mut self, from: impl Read, size: u64, name: String) -> anyhow::Result<()> {
        ensure!(self.files.len() < MOST_FILES, "more than {MOST_FILES} files leaked: give fewer");
        let too_much = || {
            anyhow!(
                "is too much: a trace reads at most {} MiB in all, expanded; give the part that leaked, or look for values with `forewarn mark hunt`",
                MOST_BYTES >> 20
            )
        };
        if size > self.left {
            return Err(too_much());
        }
        let mut bytes = Vec::new();
        from.take(self.left + 1).read_to_end(&mut bytes)?;
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or_else(too_much)?;
        let sha256 = evidence::sha256_hex(&bytes);
        self.files.push(Leaked { file: LeakFile { path: name, text: decode(bytes) }, sha256 });
        Ok(())
    }

    fn archive(&mut self, file: File) -> anyhow::Result<()> {
        ensure!(
            file.metadata()?.len() <= MOST_BYTES,
            "is an archive of more than {} MiB: unpack it, and give the part that leaked",
            MOST_BYTES >> 20
        );
        let mut archive = ZipArchive::new(file).context("is no whole zip archive")?;
        ensure!(
            archive.len() <= MOST_FILES,
            "holds more than {MOST_FILES} files: unpack it, and give the ones that leaked"
        );
        ensure!(
            archive.index_for_name("[Content_Types].xml").is_none(),
            NoText("is an office document: save it as plain text, and give that")
        );
        let mut order: Vec<usize> = (0..archive.len()).collect();
        order.sort_by_key(|at| {
            let name = archive.name_for_index(*at).and_then(Result::ok);
            name.map_or_else(String::new, |name| name.into_owned())
        });
        let before = self.files.len();
        for at in order {
            let entry =
                archive.by_index(at).context("holds an entry that cannot be read; encrypted ones cannot")?;
            if entry.is_dir() {
                continue;
            }
            let name = entry.name().context("holds a name that is no text")?.into_owned();
            if let Err(error) = self.entry(entry, name.clone()) {
                let error = error.downcast::<NoText>().with_context(|| format!("entry `{name}`"))?;
                skip(&name, &error);
            }
        }
        ensure!(self.files.len() > before, "holds nothing that can be read");
        Ok(())
    }

    fn entry(&mut self, mut entry: ZipFile<'_, File>, name: String) -> anyhow::Result<()> {
        let (size, packed) = (entry.size(), entry.compressed_size());
        let most = SMALL.max(packed.saturating_mul(MOST_RATIO));
        let bomb =
            || anyhow!("expands more than {MOST_RATIO} times: no text does; unpack it, and give what leaked");
        if size > most {
            return Err(bomb());
        }
        let mut head = Vec::new();
        entry.by_ref().take(1024).read_to_end(&mut head)?;
        ensure!(!is_zip(&head), NoText("is an archive within the archive: unpack it, and give that"));
        refuse_known(&head)?;
        // Sizes in an archive are claims.
        let mut rest = entry.take(most + 1);
        self.take(head.as_slice().chain(&mut rest), size, name)?;
        if rest.limit() == 0 { Err(bomb()) } else { Ok(()) }
    }
}

fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// Refuses what is known to be no text.
fn refuse_known(head: &[u8]) -> Result<(), NoText> {
    const IMAGES: [&[u8]; 6] = [b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*"];
    const PACKED: [&[u8]; 6] =
        [b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\xfd7zXZ\0", b"BZh", b"\x28\xb5\x2f\xfd"];
    let is = |magics: &[&[u8]]| magics.iter().any(|magic| head.starts_with(magic));
    let brand = head.get(4..12).unwrap_or_default();
    let webp = head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP");
    if is(&IMAGES) || webp || brand == b"ftypheic" || brand == b"ftypavif" || brand == b"ftypmif1" {
        return Err(NoText("is an image: give its text, typed or from a text recognition"));
    }
    if head.windows(5).any(|window| window == b"%PDF-") {
        return Err(NoText("is a PDF: give its text, as `pdftotext` writes it"));
    }
    if is(&PACKED) {
        return Err(NoText("is packed in a way that is not read: unpack it, and give what is in it"));
    }
    Ok(())
}

/// Text of any encoding: by its byte order mark, as UTF-8, as UTF-16 where every other byte is zero, as
/// Latin-1; of anything else the printable runs.
fn decode(bytes: Vec<u8>) -> String {
    let utf16 = |bytes: &[u8], pair: fn([u8; 2]) -> u16| {
        let units = bytes
            .chunks_exact(2)
            .map(|two| pair([two.first().copied().unwrap_or(0), two.last().copied().unwrap_or(0)]));
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return utf16(rest, u16::from_le_bytes);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return utf16(rest, u16::from_be_bytes);
    }
    let zeros = |odd: usize| bytes.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    if bytes.len() >= 8 && odd * 5 >= bytes.len() * 2 && even * 20 <= bytes.len() {
        return utf16(&bytes, u16::from_le_bytes);
    }
    if bytes.len() >= 8 && even * 5 >= bytes.len() * 2 && odd * 20 <= bytes.len() {
        return utf16(&bytes, u16::from_be_bytes);
    }
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let bytes = error.into_bytes();
            let binary = bytes.iter().any(|byte| *byte < b' ' && !b"\t\n\r\x0c\x1b".contains(byte));
            if binary { printable(&bytes) } else { bytes.iter().map(|byte| char::from(*byte)).collect() }
        }
    }
}

fn printable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        if byte.is_ascii_graphic() || byte.is_ascii_whitespace() {
            text.push(char::from(*byte));
        } else if !text.ends_with(char::REPLACEMENT_CHARACTER) {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_any_encoding_is_the_same_text() {
        let text = "Löschen: the relay keeps its slot";
        let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
        let units: Vec<u16> = text.encode_utf16().collect();
        let le: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        let be: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        for bytes in [
            text.as_bytes().to_vec(),
            latin,
            le.clone(),
            be.clone(),
            [b"\xff\xfe".to_vec(), le].concat(),
            [b"\xfe\xff".to_vec(), be].concat(),
        ] {
            assert_eq!(decode(bytes), text);
        }
    }

    #[test]
    fn of_a_binary_file_the_printable_runs_are_left() {
        assert_eq!(
            decode(b"\x00\x01\xffname=4be1209ac77d\x02\x03".to_vec()),
            "\u{fffd}name=4be1209ac77d\u{fffd}"
        );
        assert_eq!(decode(Vec::new()), "");
    }
}
