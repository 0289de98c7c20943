//! What a file is, by its first bytes.

use super::Unread;

/// What can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text of some encoding, or bytes with text among them.
    Text,
    /// A PDF.
    Pdf,
    /// A zip archive.
    Zip,
}

/// Tells a file's kind; refuses what is known to hold no text.
pub(super) fn of(head: &[u8]) -> Result<Kind, Unread> {
    const IMAGES: [&[u8]; 6] = [b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*"];
    const PACKED: [&[u8]; 6] =
        [b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07", b"\xfd7zXZ\0", b"BZh", b"\x28\xb5\x2f\xfd"];
    const ZIP: [&[u8]; 2] = [b"PK\x03\x04", b"PK\x05\x06"];
    let is = |magics: &[&[u8]]| magics.iter().any(|magic| head.starts_with(magic));
    let brand = head.get(4..12).unwrap_or_default();
    let webp = head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP");
    if is(&IMAGES) || webp || brand == b"ftypheic" || brand == b"ftypavif" || brand == b"ftypmif1" {
        return Err(Unread::Image);
    }
    if is(&PACKED) {
        return Err(Unread::Packed);
    }
    Ok(match () {
        () if is(&ZIP) => Kind::Zip,
        () if head.windows(5).any(|window| window == b"%PDF-") => Kind::Pdf,
        () => Kind::Text,
    })
}
