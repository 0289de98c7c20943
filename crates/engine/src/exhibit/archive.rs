//! Zip archives, whose entries' sizes are claims.

use std::io::{Read, Seek};

use zip::{ZipArchive, read::ZipFile};

use super::{HEAD, Intake, MOST_BYTES, MOST_FILES, Skipped, Unread, kind, kind::Kind};

/// Times an entry may expand, once it is longer than [`SMALL`].
pub(super) const MOST_RATIO: u64 = 200;
const SMALL: u64 = 1 << 16;

impl Intake {
    /// Reads an archive of `size` bytes, its entries by name.
    pub(super) fn archive(&mut self, file: impl Read + Seek, size: u64) -> Result<(), Unread> {
        if size > MOST_BYTES {
            return Err(Unread::BigArchive);
        }
        let mut archive = ZipArchive::new(file).map_err(|error| Unread::Broken(error.to_string()))?;
        if archive.len() > MOST_FILES {
            return Err(Unread::TooManyFiles);
        }
        if archive.index_for_name("[Content_Types].xml").is_some() {
            return Err(Unread::Office);
        }
        let mut order: Vec<(String, usize)> = (0..archive.len())
            .map(|at| {
                let name = archive.name_for_index(at).and_then(Result::ok);
                (name.map_or_else(String::new, |name| name.into_owned()), at)
            })
            .collect();
        order.sort();
        let before = self.texts.files.len();
        for (name, at) in order {
            let entry = archive.by_index(at).map_err(|error| Unread::Closed(error.to_string()))?;
            if entry.is_dir() {
                continue;
            }
            match self.entry(entry, name.clone()) {
                Err(why) if why.is_no_text() => {
                    self.texts.skipped.push(Skipped { name, why: why.to_string() });
                }
                done => done.map_err(|why| Unread::Entry { name, why: Box::new(why) })?,
            }
        }
        if self.texts.files.len() == before { Err(Unread::Nothing) } else { Ok(()) }
    }

    fn entry<R: Read>(&mut self, mut entry: ZipFile<'_, R>, name: String) -> Result<(), Unread> {
        let (size, packed) = (entry.size(), entry.compressed_size());
        let most = SMALL.max(packed.saturating_mul(MOST_RATIO));
        if size > most {
            return Err(Unread::Bomb);
        }
        let mut head = Vec::new();
        entry.by_ref().take(HEAD).read_to_end(&mut head)?;
        let kind = match kind::of(&head)? {
            Kind::Zip => return Err(Unread::Nested),
            kind => kind,
        };
        let mut rest = entry.take(most + 1);
        self.take(head.as_slice().chain(&mut rest), size, kind, name)?;
        if rest.limit() == 0 { Err(Unread::Bomb) } else { Ok(()) }
    }
}
