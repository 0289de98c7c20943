//! The public log's folder: the tree cut into immutable files.

use std::{fmt, ops::Range, str::FromStr};

use thiserror::Error;
use tlog_tiles::Tile;

use crate::{Commitment, Tree, TreeError, checkpoint::decimal, hash::HASH_SIZE, leaf_hash};

/// Levels of the tree in one tile. **Source:** C2SP tlog-tiles.
const TILE_HEIGHT: u8 = 8;

/// Hashes in a full tile, records in a full bundle.
const TILE_WIDTH: u16 = 1 << TILE_HEIGHT;

/// Highest tile level. **Source:** C2SP tlog-tiles: 0 to 63 without leading zeros.
const HIGHEST_LEVEL: u8 = 63;

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TileKind {
    /// Hashes of tree level `8 · level`; level 0 holds the leaves.
    Hashes {
        /// Tile level.
        level: u8,
    },
    /// The records themselves, each behind its big-endian 16-bit length.
    Entries,
}

/// Name of a file below the log's folder: `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`.
///
/// **Source:** C2SP tlog-tiles. Every tile has exactly one name; other spellings do not parse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TilePath {
    kind: TileKind,
    index: u64,
    width: u16,
}

/// A text that names no tile.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{given}` names no tile: ask for `tile/<level>/<index>` or `tile/entries/<index>`, as C2SP tlog-tiles has them"
)]
pub struct BadTilePath {
    given: String,
}

/// One file of the log's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TileFile {
    /// Name below the log's folder.
    pub path: TilePath,
    /// The file's bytes.
    pub bytes: Vec<u8>,
}

/// An export that must not be published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TilesError {
    /// The tree is shorter than the size asked for.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The first size is above the second.
    #[error("cannot export from {from} back to {to} entries: start at the size that was exported last")]
    Order {
        /// Size that was exported last.
        from: u64,
        /// Size to export.
        to: u64,
    },
    /// There are fewer records than leaves.
    #[error("entry {index} has a leaf but no record: read all records before exporting")]
    Missing {
        /// Entry without a record, counted from 0.
        index: u64,
    },
    /// A record does not hash to its leaf.
    #[error("the record of entry {index} does not hash to its leaf: the log's store is damaged, restore it")]
    Record {
        /// Entry at fault, counted from 0.
        index: u64,
    },
}

/// Yields the files to publish when the log grew from `from` to `to` entries: every tile and bundle that became
/// full, and the partial ones of size `to`.
///
/// `records` starts at entry 0. With `from` 0 it yields the whole folder. Publish the checkpoint of `to` after
/// these files, never before. The order is: by level, then by index, hashes before records.
///
/// # Errors
///
/// Refuses an export in which a record and its leaf do not fit together.
pub fn tiles<'a>(
    tree: &'a Tree,
    records: &'a [Commitment],
    from: u64,
    to: u64,
) -> Result<impl Iterator<Item = TileFile> + 'a, TilesError> {
    tree.within(to)?;
    if from > to {
        return Err(TilesError::Order { from, to });
    }
    // A bundle is written again from its first record.
    for index in from - from % u64::from(TILE_WIDTH)..to {
        let record = record_at(records, index).ok_or(TilesError::Missing { index })?;
        if tree.leaf(index) != Some(leaf_hash(record)) {
            return Err(TilesError::Record { index });
        }
    }
    let paths = Tile::new_tiles(TILE_HEIGHT, from, to).into_iter().filter_map(|tile| {
        let width = u16::try_from(tile.width()).ok()?;
        Some(TilePath { kind: TileKind::Hashes { level: tile.level() }, index: tile.level_index(), width })
    });
    let entries = |path: &TilePath| {
        (path.kind == TileKind::Hashes { level: 0 }).then_some(TilePath { kind: TileKind::Entries, ..*path })
    };
    Ok(paths
        .flat_map(move |path| [Some(path), entries(&path)])
        .flatten()
        .filter_map(|path| Some(TileFile { path, bytes: read_tile(tree, records, &path)? })))
}

/// Reads one file of the log's folder, or nothing when the log does not reach that far.
///
/// `records` starts at entry 0; it is read for bundles only.
#[must_use]
pub fn read_tile(tree: &Tree, records: &[Commitment], path: &TilePath) -> Option<Vec<u8>> {
    let first = path.index.checked_mul(u64::from(TILE_WIDTH))?;
    let range = first..first.checked_add(u64::from(path.width))?;
    let mut bytes = Vec::with_capacity(usize::from(path.width) * (HASH_SIZE + 2));
    for n in range {
        match path.kind {
            TileKind::Hashes { level } => {
                bytes.extend_from_slice(&tree.node(level.checked_mul(TILE_HEIGHT)?, n)?.0);
            }
            TileKind::Entries => bytes.extend_from_slice(&bundle(&[*record_at(records, n)?])),
        }
    }
    Some(bytes)
}

/// Writes records as an entry bundle: each behind its big-endian 16-bit length.
#[must_use]
pub fn bundle(records: &[Commitment]) -> Vec<u8> {
    const LENGTH: [u8; 2] = (HASH_SIZE as u16).to_be_bytes();
    records.iter().flat_map(|record| LENGTH.into_iter().chain(*record.as_bytes())).collect()
}

impl TilePath {
    /// Returns which entries a bundle holds, or a tile of leaves, counted from 0.
    #[must_use]
    pub fn records(&self) -> Option<Range<u64>> {
        let first = self.index.checked_mul(u64::from(TILE_WIDTH))?;
        let leaves = matches!(self.kind, TileKind::Entries | TileKind::Hashes { level: 0 });
        leaves.then_some(first..first.checked_add(u64::from(self.width))?)
    }

    /// Returns how many entries a log must have to hold this tile.
    #[must_use]
    pub fn reach(&self) -> Option<u64> {
        let level = match self.kind {
            TileKind::Entries => 0,
            TileKind::Hashes { level } => u32::from(level),
        };
        let nodes = self.index.checked_mul(u64::from(TILE_WIDTH))?.checked_add(u64::from(self.width))?;
        nodes.checked_mul(u64::from(TILE_WIDTH).checked_pow(level)?)
    }

    /// Returns what the tile holds.
    #[must_use]
    pub fn kind(&self) -> TileKind {
        self.kind
    }

    /// Tells whether the tile is full and therefore final; a partial one may go once the full one exists.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TileKind::Hashes { level } => write!(f, "tile/{level}/")?,
            TileKind::Entries => f.write_str("tile/entries/")?,
        }
        write_index(f, self.index)?;
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

impl FromStr for TilePath {
    type Err = BadTilePath;

    fn from_str(text: &str) -> Result<Self, BadTilePath> {
        parse(text).filter(|path| path.to_string() == text).ok_or_else(|| BadTilePath {
            given: text.chars().take(80).flat_map(char::escape_debug).collect(),
        })
    }
}

fn record_at(records: &[Commitment], index: u64) -> Option<&Commitment> {
    records.get(usize::try_from(index).ok()?)
}

fn write_index(f: &mut fmt::Formatter<'_>, index: u64) -> fmt::Result {
    // Groups of three digits, all but the last behind an `x`: no folder holds more than a thousand of each.
    fn upper(f: &mut fmt::Formatter<'_>, rest: u64) -> fmt::Result {
        if rest == 0 {
            return Ok(());
        }
        upper(f, rest / 1000)?;
        write!(f, "x{:03}/", rest % 1000)
    }
    upper(f, index / 1000)?;
    write!(f, "{:03}", index % 1000)
}

fn parse(text: &str) -> Option<TilePath> {
    let (kind, rest) = text.strip_prefix("tile/")?.split_once('/')?;
    let kind = if kind == "entries" {
        TileKind::Entries
    } else {
        let level = u8::try_from(decimal(kind)?).ok()?;
        (level <= HIGHEST_LEVEL).then_some(TileKind::Hashes { level })?
    };
    let (index, width) = match rest.split_once(".p/") {
        Some((index, width)) => (index, u16::try_from(decimal(width)?).ok()?),
        None => (rest, TILE_WIDTH),
    };
    if width == 0 || width > TILE_WIDTH {
        return None;
    }
    let mut number = 0_u64;
    for group in index.split('/') {
        let group: u64 = group.strip_prefix('x').unwrap_or(group).parse().ok()?;
        number = number.checked_mul(1000)?.checked_add(group)?;
    }
    Some(TilePath { kind, index: number, width })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use tlog_tiles::{Error, TileHashReader, TileReader};

    use super::*;
    use crate::commitment;

    fn log(size: u64) -> (Tree, Vec<Commitment>) {
        let records: Vec<_> = (0..size).map(|i| commitment(&[5; 16], &i.to_be_bytes())).collect();
        (records.iter().map(leaf_hash).collect(), records)
    }

    fn files(tree: &Tree, records: &[Commitment], from: u64, to: u64) -> BTreeMap<String, Vec<u8>> {
        tiles(tree, records, from, to).unwrap().map(|f| (f.path.to_string(), f.bytes)).collect()
    }

    #[test]
    fn what_does_not_fit_is_not_exported() {
        let (tree, mut records) = log(300);
        let refused = |records: &[Commitment], from, to| tiles(&tree, records, from, to).err();
        assert_eq!(refused(&records, 0, 301), Some(TreeError::Size { size: 301, len: 300 }.into()));
        assert_eq!(refused(&records, 9, 8), Some(TilesError::Order { from: 9, to: 8 }));
        assert_eq!(refused(&records[..299], 0, 300), Some(TilesError::Missing { index: 299 }));
        records.swap(257, 258);
        assert_eq!(refused(&records, 290, 300), Some(TilesError::Record { index: 257 }));
        assert_eq!(refused(&records, 0, 256), None);
    }

    #[test]
    fn what_the_log_does_not_reach_is_not_read() {
        let (tree, records) = log(300);
        let read = |path: &str| read_tile(&tree, &records, &path.parse().unwrap());
        for path in ["tile/0/001", "tile/0/001.p/45", "tile/0/002", "tile/1/000.p/2", "tile/2/000.p/1"] {
            assert_eq!(read(path), None, "{path}");
        }
        for path in ["tile/entries/001", "tile/entries/001.p/45", "tile/63/000", "tile/8/x999/x999/999"] {
            assert_eq!(read(path), None, "{path}");
        }
        assert_eq!(read("tile/1/000.p/1").unwrap().len(), 32);
        assert_eq!(read("tile/entries/001.p/44").unwrap().len(), 44 * 34);
    }

    #[test]
    fn other_spellings_are_refused() {
        for bad in [
            "",
            "tile",
            "tile/0",
            "tile/0/",
            "tile/0/1",
            "tile/0/0001",
            "tile/00/001",
            "tile/64/001",
            "tile/-1/001",
            "tile/data/001",
            "tile/entries/x001",
            "tile/0/001/002",
            "tile/0/x000/001",
            "tile/0/001.p/0",
            "tile/0/001.p/256",
            "tile/0/001.p/257",
            "tile/0/001.p/01",
            "tile/0/001.p/",
            "tile/0/001.p",
            "/tile/0/001",
            "tile/0/001/",
            "tile/0/../001",
            "tile/8/0/001",
            "tile/0/+01",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/entries/001.p/1/2",
            "Tile/0/001",
        ] {
            assert!(bad.parse::<TilePath>().is_err(), "{bad}");
        }
    }

    #[test]
    fn names_follow_the_specification() {
        // The example of C2SP tlog-tiles: index 1234067.
        let path: TilePath = "tile/3/x001/x234/067.p/8".parse().unwrap();
        assert_eq!(path, TilePath { kind: TileKind::Hashes { level: 3 }, index: 1_234_067, width: 8 });
        let names = |size| {
            let (tree, records) = log(size);
            files(&tree, &records, 0, size).into_keys().collect::<Vec<_>>()
        };
        assert!(names(0).is_empty());
        assert_eq!(names(1), ["tile/0/000.p/1", "tile/entries/000.p/1"]);
        assert_eq!(names(256), ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]);
        let all = names(65_537);
        for name in ["tile/0/255", "tile/0/256.p/1", "tile/1/000", "tile/2/000.p/1", "tile/entries/256.p/1"] {
            assert!(all.iter().any(|n| n == name), "{name}");
        }
        assert_eq!(all.len(), 257 + 1 + 1 + 257);
    }

    #[test]
    fn growing_writes_what_the_whole_folder_has() {
        let (tree, records) = log(800);
        let mut folder = BTreeMap::new();
        let mut from = 0;
        for to in [1, 2, 255, 256, 257, 257, 511, 800] {
            folder.extend(files(&tree, &records, from, to));
            for (path, bytes) in files(&tree, &records, 0, to) {
                assert_eq!(folder.get(&path), Some(&bytes), "{path} at {to}");
            }
            from = to;
        }
    }

    /// Reads the exported hash tiles back through the library's checking reader.
    struct Folder(BTreeMap<String, Vec<u8>>);

    impl TileReader for Folder {
        fn height(&self) -> u8 {
            TILE_HEIGHT
        }

        fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
            let path = |tile: &Tile| tile.path().replacen("tile/8/", "tile/", 1);
            tiles.iter().map(|t| self.0.get(&path(t)).cloned().ok_or(Error::InvalidTile)).collect()
        }

        fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
    }

    #[test]
    fn a_checking_reader_accepts_the_folder_and_refuses_a_changed_one() {
        let (tree, records) = log(70_000);
        let mut folder = Folder(files(&tree, &records, 0, 70_000));
        let root = tree.root().into();
        let prove = |folder: &Folder, index| {
            let reader = TileHashReader::new(70_000, root, folder);
            let path = tlog_tiles::prove_record(70_000, index, &reader)?;
            tlog_tiles::check_record(&path, 70_000, root, index, tree.leaf(index).unwrap().into())
        };
        for index in (0..70_000).step_by(997).chain([255, 256, 65_535, 65_536, 69_999]) {
            prove(&folder, index).unwrap();
        }
        for path in ["tile/0/000", "tile/1/001.p/17", "tile/2/000.p/1"] {
            folder.0.get_mut(path).unwrap()[7] ^= 1;
            let index = if path.starts_with("tile/0") { 3 } else { 65_536 };
            assert!(prove(&folder, index).is_err(), "{path}");
            folder.0.get_mut(path).unwrap()[7] ^= 1;
        }
    }

    proptest! {
        #[test]
        fn names_round_trip(level in 0..=64_u8, index: u64, width in 1..=TILE_WIDTH) {
            let kind = if level == 64 { TileKind::Entries } else { TileKind::Hashes { level } };
            let path = TilePath { kind, index, width };
            prop_assert_eq!(path.to_string().parse::<TilePath>().unwrap(), path);
        }

        #[test]
        fn no_text_panics(text in "(tile/)?[0-9x/.pentris]{0,40}") {
            if let Ok(path) = text.parse::<TilePath>() {
                prop_assert_eq!(path.to_string(), text);
            }
        }
    }
}
