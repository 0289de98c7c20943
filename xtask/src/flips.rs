//! Tampering: one byte changed behind the program's back, after which `verify` must refuse.

use crate::exec::{refusal, stdout};
use crate::judges::files;
use crate::story::{Story, verify};
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};

/// How the stored body of a log entry begins: its version is the first field.
const BODY: &[u8] = br#"{"v":"#;

/// How far into a body the byte is changed: the hour of its instant, so that the entry still parses.
const DEPTH: usize = 25;

/// How much of a body tells it from others; entries of one instant begin alike.
const PREFIX: usize = 100;

/// Changes one byte of the checkpoint, of a blob and of log entries, each in a fresh copy of the data.
///
/// # Errors
/// When `verify` accepts changed data, crashes on it, or refuses data that nobody changed.
pub(crate) fn check(story: &Story) -> Result<()> {
    let untouched = copy(story, "untouched")?;
    stdout(&mut verify(story, &untouched)).context("`verify` refused an unchanged copy")?;

    let checkpoint =
        std::fs::read(story.data.join("checkpoint")).context("no `checkpoint` in the data folder")?;
    for (what, at) in checkpoint_offsets(&checkpoint)? {
        tamper(story, &format!("checkpoint, {what}"), |data| flip(&data.join("checkpoint"), at).map(|()| 1))?;
    }
    let blob = files(&story.data.join("blobs"))?.into_iter().next().context("no blob in the data folder")?;
    let inside = blob.strip_prefix(&story.data)?;
    let middle = usize::try_from(std::fs::metadata(&blob)?.len())? / 2;
    tamper(story, "blob", |data| flip(&data.join(inside), middle).map(|()| 1))?;

    let database =
        std::fs::read(story.data.join("forewarn.db")).context("no `forewarn.db` in the data folder")?;
    let bodies: Vec<Vec<u8>> = bodies(&database);
    ensure!(!bodies.is_empty(), "no log entry found in the bytes of `forewarn.db`");
    let chosen = [0, bodies.len() / 2, bodies.len() - 1];
    for body in chosen.into_iter().filter_map(|at| bodies.get(at)) {
        tamper(story, "log entry", |data| flip_everywhere(data, body))?;
    }
    println!("    tampering: {} single changed bytes, each refused by `verify`", 4 + chosen.len());
    Ok(())
}

fn tamper(story: &Story, what: &str, change: impl FnOnce(&Path) -> Result<usize>) -> Result<()> {
    let data = copy(story, "tampered")?;
    let changed = change(&data).with_context(|| format!("changing {what}"))?;
    ensure!(changed > 0, "changing {what} found nothing to change");
    refusal(&mut verify(story, &data)).with_context(|| format!("one byte changed: {what}"))?;
    Ok(())
}

/// Places in a signed note worth changing: size, root hash and signature.
fn checkpoint_offsets(note: &[u8]) -> Result<[(&'static str, usize); 3]> {
    let text = std::str::from_utf8(note)?;
    let mut lines = text.split_inclusive('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start, line))
    });
    let size = lines.nth(1).context("checkpoint without a size")?.0;
    let root = lines.next().context("checkpoint without a root")?.0;
    let signature =
        lines.find(|(_, line)| line.starts_with('—')).context("checkpoint without a signature")?;
    // Past the key id, into the signature itself; not the last characters, which may be padding.
    let inside = signature.0 + signature.1.trim_end().len() - 12;
    Ok([("size", size), ("root", root + 10), ("signature", inside)])
}

/// The beginnings of entry bodies in the raw bytes of the database, in file order.
fn bodies(database: &[u8]) -> Vec<Vec<u8>> {
    let starts = database
        .windows(PREFIX)
        .filter(|bytes| bytes.starts_with(BODY) && bytes.get(DEPTH).is_some_and(u8::is_ascii_alphanumeric));
    starts.map(<[u8]>::to_vec).collect()
}

/// Changes a byte of one body wherever SQLite keeps it: in the database file and in its write-ahead log.
fn flip_everywhere(data: &Path, body: &[u8]) -> Result<usize> {
    let mut changed = 0;
    for name in ["forewarn.db", "forewarn.db-wal"] {
        let path = data.join(name);
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let found: Vec<usize> =
            bytes.windows(body.len()).enumerate().filter(|(_, it)| *it == body).map(|(at, _)| at).collect();
        for at in &found {
            flip(&path, at + DEPTH)?;
        }
        changed += found.len();
    }
    Ok(changed)
}

/// Changes the lowest bit of the byte at an offset; letters and digits stay printable.
fn flip(path: &Path, at: usize) -> Result<()> {
    let mut bytes = std::fs::read(path)?;
    let byte = bytes.get_mut(at).with_context(|| format!("`{}` has no byte {at}", path.display()))?;
    *byte ^= 1;
    Ok(std::fs::write(path, bytes)?)
}

/// A fresh copy of the data folder.
fn copy(story: &Story, name: &str) -> Result<PathBuf> {
    let target = story.scratch.path().join(name);
    if target.exists() {
        std::fs::remove_dir_all(&target)?;
    }
    copy_folder(&story.data, &target)?;
    Ok(target)
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_size_root_and_signature_of_a_note() {
        let note = "example.net/log\n27\nQ3JhbmJlcnJpZXMgYW5kIGxpbmdvbmJlcnJpZXM=\n\n— example.net/log AAAAAbcdefghijklmnopqrstuvwxyz0123456789==\n";
        let [(_, size), (_, root), (_, signature)] = checkpoint_offsets(note.as_bytes()).unwrap();
        assert_eq!(&note.as_bytes()[size..size + 2], b"27");
        assert_eq!(note.as_bytes()[root], b'J');
        assert_eq!(&note.as_bytes()[signature..signature + 4], b"0123");
        assert!(checkpoint_offsets(b"example.net/log\n27\nroot\n").is_err());
    }

    #[test]
    fn changes_every_copy_of_a_body_and_nothing_else() {
        let body = br#"{"v":1,"at":"2025-06-24T17:00:00Z","actor":"ada","event":{"granted":{"member":"veltrune","item":"advisory"}}}"#;
        let mut file = b"page one ".to_vec();
        file.extend_from_slice(body);
        let found = bodies(&file);
        assert_eq!(found.len(), 1);
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("forewarn.db"), &file).unwrap();
        std::fs::write(folder.path().join("forewarn.db-wal"), [file.clone(), file.clone()].concat()).unwrap();
        assert_eq!(flip_everywhere(folder.path(), &found[0]).unwrap(), 3);
        let changed = std::fs::read(folder.path().join("forewarn.db")).unwrap();
        assert_eq!(changed.iter().zip(&file).filter(|(a, b)| a != b).count(), 1);
    }
}
