//! Sealing a copy to one member, and opening it.

use std::{
    io::{self, Read, Write},
    iter,
};

use age::{DecryptError, Decryptor, EncryptError, Encryptor};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::{Identity, MemberKey, padding::Padded};

/// Bytes moved at a time; the chunk size of the format, so that a chunk is never split. **Source:** C2SP age.
const CHUNK: usize = 64 * 1024;

/// How every file of the format starts. **Source:** C2SP age.
const MAGIC: &[u8] = b"age-encryption.org/";

/// Room for header, nonce and the first chunk's tag, in bytes.
const HEADER: usize = 4096;

/// A copy that could not be sealed.
#[derive(Debug, Error)]
pub enum SealError {
    /// The recipient's key cannot be used.
    #[error("cannot seal to the member's key: {0}; ask the member for a new key")]
    Key(String),
    /// The plaintext could not be read.
    #[error("reading the copy failed: {0}; nothing usable was written, seal again")]
    Read(#[source] io::Error),
    /// The sealed bytes could not be written.
    #[error("writing the sealed copy failed: {0}; what was written is incomplete, seal again")]
    Write(#[source] io::Error),
}

/// A sealed copy that could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The bytes are no age file.
    #[error("not a sealed copy: the file is not in the binary format of age; fetch it again")]
    NotSealed,
    /// The header was changed.
    #[error("the sealed copy's header was changed or cut off: fetch the copy again")]
    Header,
    /// Sealed to another key.
    #[error("the copy is not sealed to this key: use the key that was registered when the copy was made")]
    OtherKey,
    /// The content was changed.
    #[error("the sealed copy's content was changed: fetch the copy again")]
    Changed,
    /// The content ends too early.
    #[error("the sealed copy was cut off: fetch it again")]
    Cut,
    /// The sealed bytes could not be read.
    #[error("reading the sealed copy failed: {0}")]
    Read(#[source] io::Error),
    /// The plaintext could not be written.
    #[error("writing the opened copy failed: {0}; what was written is incomplete")]
    Write(#[source] io::Error),
}

/// Seals a copy so that only the member's key opens it; `age -d` opens it too. Its length is rounded up.
///
/// Sealing twice gives different bytes: file key and nonce are drawn by `age` from the operating system.
///
/// **Source:** C2SP age, version 1, binary.
///
/// # Errors
///
/// [`SealError::Key`] when the key cannot be used.
pub fn seal(plaintext: &[u8], key: &MemberKey) -> Result<Vec<u8>, SealError> {
    // One tag of 16 bytes for each chunk.
    let tags = (plaintext.len() / CHUNK + 1) * 16;
    let padded = Padded::new(key.recipient(), plaintext.len());
    let mut sealed = Vec::with_capacity(plaintext.len() + tags + padded.room() + HEADER);
    let mut writer = encryptor(&padded)?.wrap_output(&mut sealed).map_err(SealError::Write)?;
    writer.write_all(plaintext).map_err(SealError::Write)?;
    writer.finish().map_err(SealError::Write)?;
    Ok(sealed)
}

/// Seals a stream, and returns the plaintext's size in bytes; it is known at the end alone, and so nothing is padded.
///
/// After an error the output is incomplete and does not open.
///
/// # Errors
///
/// As [`seal`], and what reading or writing reports.
pub fn seal_to(mut plaintext: impl Read, sealed: impl Write, key: &MemberKey) -> Result<u64, SealError> {
    let mut writer = encryptor(key.recipient())?.wrap_output(sealed).map_err(SealError::Write)?;
    let size = pump(&mut plaintext, &mut writer).map_err(|failed| match failed {
        Failed::Reading(error) => SealError::Read(error),
        Failed::Writing(error) => SealError::Write(error),
    })?;
    writer.finish().and_then(|mut inner| inner.flush()).map_err(SealError::Write)?;
    Ok(size)
}

/// Opens a sealed copy.
///
/// # Errors
///
/// Says whether the key, the header or the content is at fault.
pub fn open(sealed: &[u8], identity: &Identity) -> Result<Vec<u8>, OpenError> {
    // Never grown, so no plaintext is left behind in freed memory.
    let mut plaintext = Vec::with_capacity(sealed.len());
    open_to(sealed, &mut plaintext, identity)?;
    Ok(plaintext)
}

/// Opens a sealed stream, and returns the plaintext's size in bytes.
///
/// Every chunk is authenticated before it is written, but a missing end shows only at the end: after an error
/// the output must be thrown away.
///
/// # Errors
///
/// As [`open`], and what reading or writing reports.
pub fn open_to(sealed: impl Read, mut plaintext: impl Write, identity: &Identity) -> Result<u64, OpenError> {
    let sealed = after_magic(sealed)?;
    let decryptor = Decryptor::new_buffered(io::BufReader::new(sealed)).map_err(header_error)?;
    let mut reader = decryptor.decrypt(iter::once(identity.identity())).map_err(header_error)?;
    let size = pump(&mut reader, &mut plaintext).map_err(|failed| match failed {
        Failed::Reading(error) => content_error(error),
        Failed::Writing(error) => OpenError::Write(error),
    })?;
    plaintext.flush().map_err(OpenError::Write)?;
    Ok(size)
}

fn encryptor(recipient: &dyn age::Recipient) -> Result<Encryptor, SealError> {
    Encryptor::with_recipients(iter::once(recipient)).map_err(|error| match error {
        EncryptError::Io(error) => SealError::Write(error),
        other => SealError::Key(other.to_string()),
    })
}

enum Failed {
    Reading(io::Error),
    Writing(io::Error),
}

fn pump(from: &mut impl Read, to: &mut impl Write) -> Result<u64, Failed> {
    let mut buffer = Zeroizing::new(vec![0; CHUNK]);
    let mut size = 0_u64;
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(size),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failed::Reading(error)),
        };
        let filled = buffer.get(..count).ok_or_else(|| Failed::Reading(io::ErrorKind::InvalidData.into()))?;
        to.write_all(filled).map_err(Failed::Writing)?;
        size += count as u64;
    }
}

/// Refuses what is no age file before `age` reads it: `age` calls that a damaged header or a missing end.
fn after_magic(mut sealed: impl Read) -> Result<impl Read, OpenError> {
    let mut head = Vec::with_capacity(MAGIC.len());
    sealed.by_ref().take(MAGIC.len() as u64).read_to_end(&mut head).map_err(OpenError::Read)?;
    if head == MAGIC {
        Ok(io::Cursor::new(head).chain(sealed))
    } else if MAGIC.starts_with(&head) {
        Err(OpenError::Cut)
    } else {
        Err(OpenError::NotSealed)
    }
}

fn header_error(error: DecryptError) -> OpenError {
    match error {
        DecryptError::NoMatchingKeys => OpenError::OtherKey,
        DecryptError::UnknownFormat => OpenError::NotSealed,
        DecryptError::Io(error) => match error.kind() {
            io::ErrorKind::UnexpectedEof => OpenError::Cut,
            io::ErrorKind::InvalidData => OpenError::Header,
            _ => OpenError::Read(error),
        },
        DecryptError::DecryptionFailed => OpenError::Changed,
        _ => OpenError::Header,
    }
}

fn content_error(error: io::Error) -> OpenError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => OpenError::Cut,
        io::ErrorKind::InvalidData => OpenError::Changed,
        _ => OpenError::Read(error),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn identity(byte: u8) -> Identity {
        Identity::from_random(&[byte; 32]).unwrap()
    }

    #[test]
    fn every_changed_byte_is_refused() {
        let mine = identity(1);
        let sealed = seal(b"what only one member may know", &mine.to_public()).unwrap();
        // Of the filler, which is thousands of times the same letter, some bytes stand for all.
        let filler = |at: usize| sealed.get(at.saturating_sub(2)..at + 3) == Some(&b"xxxxx"[..]);
        for at in (0..sealed.len()).filter(|at| !filler(*at) || at % 97 == 0) {
            for flip in [0x01, 0x20, 0x80] {
                let mut changed = sealed.clone();
                changed[at] ^= flip;
                assert!(open(&changed, &mine).is_err(), "byte {at} changed by {flip:#x} passes");
            }
            assert!(open(&sealed[..at], &mine).is_err(), "cut at {at} it passes");
        }
        let longer = [sealed.as_slice(), b"x"].concat();
        assert!(open(&longer, &mine).is_err());
    }

    #[test]
    fn damage_is_named() {
        let mine = identity(1);
        let sealed = seal(&vec![7; 3 * CHUNK], &mine.to_public()).unwrap();
        assert!(matches!(open(&sealed, &identity(2)), Err(OpenError::OtherKey)));
        assert!(matches!(open(b"hello\n", &mine), Err(OpenError::NotSealed)));
        assert!(matches!(open(b"-----BEGIN AGE ENCRYPTED FILE-----\n", &mine), Err(OpenError::NotSealed)));
        let mut changed = sealed.clone();
        changed[CHUNK * 2] ^= 1;
        assert!(matches!(open(&changed, &mine), Err(OpenError::Changed)));
        // Exactly at the end of the first chunk, where every chunk that is left still authenticates.
        let header = sealed.len() - 3 * (CHUNK + 16);
        assert!(open(&sealed[..header + CHUNK + 16], &mine).is_err());
        assert!(matches!(open(&[], &mine), Err(OpenError::Cut)));
        assert!(matches!(open(&sealed[..9], &mine), Err(OpenError::Cut)));
        assert!(matches!(open(&sealed[..header - 9], &mine), Err(OpenError::Cut)));
        let mut changed = sealed.clone();
        let mac = changed.windows(5).position(|window| window == b"\n--- ").unwrap() + 5;
        // Another digit of base64, whichever stands there.
        changed[mac] = if changed[mac] == b'A' { b'B' } else { b'A' };
        assert!(matches!(open(&changed, &mine), Err(OpenError::Header)));
    }

    #[test]
    fn failing_streams_are_told_apart() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::ConnectionReset.into())
            }
        }
        impl Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::StorageFull.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let mine = identity(1);
        let key = mine.to_public();
        assert!(matches!(seal_to(Broken, Vec::new(), &key), Err(SealError::Read(_))));
        assert!(matches!(seal_to(&b"x"[..], Broken, &key), Err(SealError::Write(_))));
        assert!(matches!(open_to(Broken, Vec::new(), &mine), Err(OpenError::Read(_))));
        let sealed = seal(b"x", &key).unwrap();
        assert!(matches!(open_to(&*sealed, Broken, &mine), Err(OpenError::Write(_))));
    }

    #[test]
    fn lengths_are_told_in_steps_and_no_finer() {
        let mine = identity(1);
        // What is left of a sealed copy's length once the library's own random stanza is taken out.
        let length = |size: usize| {
            let sealed = seal(&vec![7; size], &mine.to_public()).unwrap();
            let end = sealed.windows(5).position(|window| window == b"\n--- ").unwrap();
            let header = String::from_utf8(sealed[..end].to_vec()).unwrap();
            let grease = header
                .split("\n-> ")
                .find(|stanza| stanza.split([' ', '\n']).next().unwrap().ends_with("-grease"));
            sealed.len() - grease.map_or(0, |stanza| stanza.len() + 4)
        };
        assert_eq!(length(0), length(1));
        assert_eq!(length(1), length(4_000));
        assert_ne!(length(4_000), length(5_000));
        assert_eq!(length(1_000_000), length(1_010_000));
        assert!(length(1_000_000) < 1_040_000);
    }

    #[test]
    fn sealing_twice_never_repeats() {
        let mine = identity(1);
        let one = seal(b"same", &mine.to_public()).unwrap();
        assert_ne!(one, seal(b"same", &mine.to_public()).unwrap());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn what_is_sealed_opens(secret: [u8; 32], seed: u8, size in prop_oneof![0..200_usize, CHUNK - 2..CHUNK + 3, 2 * CHUNK - 1..2 * CHUNK + 2]) {
            let mine = Identity::from_random(&secret).unwrap();
            let plaintext: Vec<u8> = (0..size).map(|i| (i as u8).wrapping_mul(31) ^ seed).collect();
            let sealed = seal(&plaintext, &mine.to_public()).unwrap();
            prop_assert_eq!(&open(&sealed, &mine).unwrap(), &plaintext);

            let mut streamed = Vec::new();
            prop_assert_eq!(seal_to(&*plaintext, &mut streamed, &mine.to_public()).unwrap(), size as u64);
            let mut opened = Vec::new();
            prop_assert_eq!(open_to(&*streamed, &mut opened, &mine).unwrap(), size as u64);
            prop_assert_eq!(opened, plaintext);
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            prop_assert!(open(&bytes, &identity(1)).is_err());
        }
    }
}
