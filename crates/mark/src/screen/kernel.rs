//! The inner loop: what the entries of one table add up to for each member of a block.

use fearless_simd::{Level, Simd, dispatch, prelude::*, u8x16, u8x64, u16x32};

use super::rows::{LANES, Line};
use super::table::Nibbles;

/// Lines whose entries, at most 2 · [`STEPS`](super::table::STEPS) each, still add up to 16 bits.
const SPILL: usize = 256;

/// How the sums are computed on this processor; either way they are the same.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kernel {
    /// With byte shuffles.
    Shuffle(Level),
    /// Entry by entry.
    Portable,
}

impl Kernel {
    /// Chooses for the processor that this runs on.
    pub(super) fn new() -> Self {
        let level = Level::new();
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        let shuffles = level.as_sse4_2().is_some();
        #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
        let shuffles = !level.is_fallback();
        if shuffles { Kernel::Shuffle(level) } else { Kernel::Portable }
    }

    /// Returns the sum of a table's entries for each member of a block; at most 2³² / 254 lines.
    pub(super) fn sums(self, block: &[Line], table: &[Nibbles]) -> [u32; LANES] {
        match self {
            Kernel::Shuffle(level) => dispatch!(level, simd => shuffle(simd, block, table)),
            Kernel::Portable => portable(block, table),
        }
    }
}

/// Looks 64 nibbles up at once: a 16-byte table is one operand of a byte shuffle, the nibbles the other.
///
/// A line's two entries fit a byte together. Two neighbouring bytes are one 16-bit lane. `all` adds lanes up, its upper halves included, modulo 2¹⁶;
/// `odd` adds the upper halves alone, so what the lower ones add up to is the difference.
#[inline(always)]
fn shuffle<S: Simd>(simd: S, block: &[Line], table: &[Nibbles]) -> [u32; LANES] {
    let low = u8x64::splat(simd, 15);
    let mut sums = [0; LANES];
    for (lines, table) in block.chunks(SPILL).zip(table.chunks(SPILL)) {
        let mut halves = [(u16x32::splat(simd, 0), u16x32::splat(simd, 0)); LANES / 64];
        for (line, table) in lines.iter().zip(table) {
            let [lower, upper] = table.map(|table| u8x64::block_splat(u8x16::load_array(simd, table)));
            for ((all, odd), bytes) in halves.iter_mut().zip(line.0.as_chunks().0) {
                let bytes = u8x64::load_array_ref(simd, bytes);
                let shifted: u8x64<S> = (bytes.bitcast::<u16x32<S>>() >> 4).bitcast();
                let entries = lower.swizzle_dyn_within_blocks(bytes & low)
                    + upper.swizzle_dyn_within_blocks(shifted & low);
                let pairs: u16x32<S> = entries.bitcast();
                *all += pairs;
                *odd += pairs >> 8;
            }
        }
        for ((all, odd), sums) in halves.into_iter().zip(sums.as_chunks_mut::<64>().0) {
            let even: [u16; 32] = (all - (odd << 8)).into();
            let odd: [u16; 32] = odd.into();
            for (([first, second], even), odd) in sums.as_chunks_mut().0.iter_mut().zip(even).zip(odd) {
                *first += u32::from(even);
                *second += u32::from(odd);
            }
        }
    }
    sums
}

/// The same, one member's byte at a time.
fn portable(block: &[Line], table: &[Nibbles]) -> [u32; LANES] {
    let mut sums = [0; LANES];
    for (line, [lower, upper]) in block.iter().zip(table) {
        for (sum, byte) in sums.iter_mut().zip(line.0) {
            let entry = |table: &[u8; 16], nibble: u8| {
                u32::from(table.get(usize::from(nibble)).copied().unwrap_or(0))
            };
            *sum += entry(lower, byte & 15) + entry(upper, byte >> 4);
        }
    }
    sums
}
