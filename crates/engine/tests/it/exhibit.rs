//! The body of the fuzz target for exhibits over seeds that were damaged at random.

#[path = "../../../../fuzz/src/exhibit.rs"]
#[expect(
    unreachable_pub,
    dead_code,
    reason = "the fuzz target uses it as a library, and answers as the PDF's reader"
)]
mod body;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{RngSeed, TestRunner};

const SEEDS: [&[u8]; 6] = [
    include_bytes!("../../../../fuzz/seeds/exhibit/archive.zip"),
    include_bytes!("../../../../fuzz/seeds/exhibit/expanding.zip"),
    include_bytes!("../../../../fuzz/seeds/exhibit/office.zip"),
    include_bytes!("../../../../fuzz/seeds/exhibit/binary.bin"),
    include_bytes!("../../../../fuzz/seeds/exhibit/latin.txt"),
    include_bytes!("../../../../fuzz/seeds/exhibit/mark.txt"),
];

#[test]
fn exhibits_survive_damage() {
    SEEDS.into_iter().for_each(body::exhibit);
    let config = ProptestConfig { cases: 2000, rng_seed: RngSeed::Fixed(11), ..ProptestConfig::default() };
    // The bytes from a place on become others, or are cut out, or stand there twice.
    let damages = vec((any::<Index>(), 0..3_u8, vec(any::<u8>(), 1..5)), 1..4);
    let outcome = TestRunner::new(config).run(&(0..SEEDS.len(), damages), |(seed, damages)| {
        let mut data = SEEDS[seed].to_vec();
        for (at, how, bytes) in damages {
            let from = at.index(data.len() + 1);
            let to = (from + bytes.len()).min(data.len());
            match how {
                0 => drop(data.splice(from..to, bytes)),
                1 => drop(data.drain(from..to)),
                _ => drop(data.splice(from..from, data[from..to].to_vec())),
            }
        }
        body::exhibit(&data);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}
