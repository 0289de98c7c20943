//! The bodies of the fuzz targets over seeds that were damaged at random.

#[path = "../../../../fuzz/src/bodies.rs"]
#[expect(unreachable_pub, reason = "the fuzz targets use it as a library")]
mod bodies;

use mark::render::render_default;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;

/// Damages of one input, at most.
const DAMAGES: usize = 5;
/// Bytes of the long inputs.
const LONG: usize = 1 << 20;

const PACKAGE: [&[u8]; 8] = [
    include_bytes!("../../../../fuzz/seeds/package/feed.json"),
    include_bytes!("../../../../fuzz/seeds/package/guide.md"),
    include_bytes!("../../../../fuzz/seeds/package/net.rules"),
    include_bytes!("../../../../fuzz/seeds/package/notice.txt"),
    include_bytes!("../../../../fuzz/seeds/package/poc.py"),
    include_bytes!("../../../../fuzz/seeds/package/rule.yar"),
    include_bytes!("../../../../fuzz/seeds/package/sample.http"),
    include_bytes!("../../../../fuzz/seeds/package/sigma.yml"),
];
const TRAFFIC: [&[u8]; 2] = [
    include_bytes!("../../../../fuzz/seeds/hunt/binary.bin"),
    include_bytes!("../../../../fuzz/seeds/hunt/web.log"),
];

/// Extensions of the kinds that have a parser.
const KINDS: [&str; 8] = ["txt", "md", "py", "json", "yml", "yar", "rules", "http"];

/// What is deep or long in some kind of file.
const PIECES: [&str; 24] = [
    "{~",
    "~}",
    "{~a|",
    "{~x=",
    "|",
    "\\",
    "<!--~shuffle-->\n",
    "<!--~/shuffle-->\n",
    "#~ shuffle\n",
    "#~ end\n",
    "#~ alt\n",
    "[",
    "{\"a\":",
    "(",
    "- ",
    "> ",
    "a: &a *a\n",
    "\"\"\"",
    "    ",
    "é\u{301}\u{200b}",
    "%25",
    "\\u00",
    "/* ",
    "\u{c}a.py\n",
];

/// A change to an input.
#[derive(Clone, Debug)]
enum Damage {
    Flip(Index, u8),
    Cut(Index, Index),
    Repeat(Index, Index, usize),
    Insert(Index, usize, usize),
    Splice(Index, usize, Index),
}

impl Damage {
    fn any() -> impl Strategy<Value = Damage> {
        let at = any::<Index>;
        prop_oneof![
            (at(), any::<u8>()).prop_map(|(at, bits)| Damage::Flip(at, bits)),
            (at(), at()).prop_map(|(a, b)| Damage::Cut(a, b)),
            (at(), at(), 2..6_usize).prop_map(|(a, b, times)| Damage::Repeat(a, b, times)),
            (at(), 0..PIECES.len(), 1..40_usize)
                .prop_map(|(at, what, times)| Damage::Insert(at, what, times)),
            (at(), any::<usize>(), at()).prop_map(|(at, seed, from)| Damage::Splice(at, seed, from)),
        ]
    }

    fn apply(&self, seeds: &[Vec<u8>], data: &mut Vec<u8>) {
        let place = |index: &Index, data: &[u8]| index.index(data.len() + 1);
        match self {
            Damage::Flip(at, bits) => {
                let at = place(at, data);
                if let Some(byte) = data.get_mut(at) {
                    *byte ^= bits;
                }
            }
            Damage::Cut(a, b) => {
                let (a, b) = (place(a, data), place(b, data));
                data.drain(a.min(b)..a.max(b).min(a.min(b) + 64));
            }
            Damage::Repeat(a, b, times) => {
                let (a, b) = (place(a, data), place(b, data));
                let part = data[a.min(b)..a.max(b).min(a.min(b) + 256)].repeat(*times);
                data.splice(a..a, part);
            }
            Damage::Insert(at, what, times) => {
                let at = place(at, data);
                data.splice(at..at, PIECES[*what].repeat(*times).into_bytes());
            }
            Damage::Splice(at, seed, from) => {
                let (at, seed) = (place(at, data), &seeds[seed % seeds.len()]);
                data.truncate(at);
                data.extend_from_slice(&seed[place(from, seed)..]);
            }
        }
    }
}

/// Runs a body over seeds with up to [`DAMAGES`] damages each.
fn over_damaged(seeds: &[Vec<u8>], cases: u32, body: fn(&[u8])) {
    let config = ProptestConfig { cases, rng_seed: RngSeed::Fixed(11), ..ProptestConfig::default() };
    seeds.iter().for_each(|seed| body(seed));
    let damaged = (0..seeds.len(), vec(Damage::any(), 1..=DAMAGES));
    let outcome = proptest::test_runner::TestRunner::new(config).run(&damaged, |(seed, damages)| {
        let mut data = seeds[seed].clone();
        damages.iter().for_each(|damage| damage.apply(seeds, &mut data));
        body(&data);
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

/// Runs a body over every piece repeated to a length, in a file of each of some kinds.
fn over_long(kinds: &[&str], length: usize, body: fn(&[u8])) {
    for kind in kinds {
        for piece in PIECES {
            body(format!("long.{kind}\n{}", piece.repeat(length / piece.len())).as_bytes());
        }
    }
}

fn sources() -> Vec<Vec<u8>> {
    PACKAGE.iter().map(|seed| seed.to_vec()).collect()
}

/// The default copy of every file, as it would leak.
fn leaks() -> Vec<Vec<u8>> {
    let files = render_default(&bodies::package()).into_iter();
    files.map(|file| format!("{}\n{}", file.path, file.text).into_bytes()).collect()
}

#[test]
fn markup_survives_damage() {
    over_damaged(&sources(), 400, bodies::markup);
}

#[test]
fn copies_survive_damage() {
    over_damaged(&sources(), 300, bodies::copies);
}

#[test]
fn reader_survives_damage() {
    over_damaged(&leaks(), 400, bodies::reader);
}

#[test]
fn readers_of_one_kind_survive_damage() {
    let readers = [
        bodies::reader_json,
        bodies::reader_prose,
        bodies::reader_rules,
        bodies::reader_plain,
        bodies::reader_python,
        bodies::reader_yara,
        bodies::reader_http,
        bodies::reader_yaml,
    ];
    for (leak, body) in leaks().into_iter().zip(readers) {
        over_damaged(&[leak], 60, body);
    }
}

#[test]
fn propose_survives_damage() {
    over_damaged(&sources(), 200, bodies::propose);
}

#[test]
fn lint_survives_damage() {
    over_damaged(&sources(), 200, bodies::lint);
}

#[test]
fn hunt_survives_damage() {
    let seeds: Vec<Vec<u8>> = TRAFFIC.iter().map(|seed| seed.to_vec()).collect();
    over_damaged(&seeds, 400, bodies::hunt);
}

#[test]
fn markup_survives_length_and_depth() {
    over_long(&["md", "py"], LONG, bodies::markup);
}

#[test]
fn copies_survive_length_and_depth() {
    over_long(&KINDS, LONG >> 4, bodies::copies);
}

#[test]
fn reader_survives_length_and_depth() {
    over_long(&["txt", "json"], LONG, bodies::reader);
}

#[test]
fn lint_survives_length_and_depth() {
    over_long(&KINDS, LONG >> 4, bodies::lint);
}

#[test]
fn hunt_survives_length_and_depth() {
    over_long(&["txt"], LONG, bodies::hunt);
}
