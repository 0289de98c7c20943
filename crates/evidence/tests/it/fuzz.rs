//! The body of the fuzz target over seeds that were damaged at random.

#[path = "../../../../fuzz/src/evidence.rs"]
#[expect(unreachable_pub, reason = "the fuzz target uses it as a library")]
mod body;

use evidence::{Evidence, RowOpening, check};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{RngSeed, TestRunner};

/// A trace alone and one with a program's log; rows follow after form feeds.
const SEEDS: [&[u8]; 2] = [
    include_bytes!("../../../../fuzz/seeds/evidence/alone.txt"),
    include_bytes!("../../../../fuzz/seeds/evidence/logged.txt"),
];

/// What stands in for a number.
const NUMBERS: [&str; 12] = [
    "0",
    "-0.0",
    "1",
    "-1",
    "1e308",
    "5e-324",
    "1e999",
    "null",
    "65536",
    "4294967295",
    "18446744073709551615",
    "0.9999999999999999",
];

/// A change to a report.
#[derive(Clone, Debug)]
enum Damage {
    Flip(Index, u8),
    Cut(Index, u8),
    Repeat(Index, u8, u8),
    Number(Index, &'static str),
}

impl Damage {
    fn any() -> impl Strategy<Value = Damage> {
        let at = any::<Index>;
        prop_oneof![
            1 => (at(), any::<u8>()).prop_map(|(at, bits)| Damage::Flip(at, bits)),
            1 => (at(), any::<u8>()).prop_map(|(at, length)| Damage::Cut(at, length)),
            1 => (at(), any::<u8>(), 2..9_u8).prop_map(|(at, length, times)| Damage::Repeat(at, length, times)),
            3 => (at(), select(&NUMBERS[..])).prop_map(|(at, number)| Damage::Number(at, number)),
        ]
    }

    fn apply(&self, data: &mut Vec<u8>) {
        let place = |at: &Index| at.index(data.len() + 1);
        match self {
            Damage::Flip(at, bits) => {
                let at = place(at);
                data.get_mut(at).into_iter().for_each(|byte| *byte ^= bits);
            }
            Damage::Cut(at, length) => {
                let from = place(at);
                data.drain(from..(from + usize::from(*length)).min(data.len()));
            }
            Damage::Repeat(at, length, times) => {
                let from = place(at);
                let to = (from + usize::from(*length)).min(data.len());
                let part = data[from..to].repeat(usize::from(*times));
                data.splice(from..from, part);
            }
            Damage::Number(at, number) => {
                let at = place(at);
                let Some(from) = data[at..].iter().position(u8::is_ascii_digit).map(|from| at + from) else {
                    return;
                };
                let digits = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
                let to =
                    data[from..].iter().position(|byte| !digits(byte)).map_or(data.len(), |to| from + to);
                data.splice(from..to, number.bytes());
            }
        }
    }
}

#[test]
fn seeds_hold() {
    for seed in SEEDS {
        let mut parts = seed.split(|byte| *byte == b'\x0c');
        let evidence = Evidence::from_json(parts.next().unwrap()).unwrap();
        let rows: Vec<RowOpening> = parts.map(|row| RowOpening::from_json(row).unwrap()).collect();
        assert_eq!(check(&evidence, &rows).wrong, Vec::<String>::new());
    }
}

#[test]
fn evidence_survives_damage() {
    let config = ProptestConfig { cases: 2000, rng_seed: RngSeed::Fixed(11), ..ProptestConfig::default() };
    let damaged = (0..SEEDS.len(), vec(Damage::any(), 1..=4));
    let outcome = TestRunner::new(config).run(&damaged, |(seed, damages)| {
        let mut data = SEEDS[seed].to_vec();
        damages.iter().for_each(|damage| damage.apply(&mut data));
        body::evidence(&data);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn evidence_survives_length_and_depth() {
    for piece in ["[", "{\"a\":", "\"", "\\u00", "0", "1e", "-", "\x0c{", "é"] {
        body::evidence(piece.repeat((1 << 20) / piece.len()).as_bytes());
    }
}
