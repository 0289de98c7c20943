//! Hunting through made-up traffic for the values of made-up members.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;
use crate::code::ReleaseSecret;
use crate::master::{Generator, Symbol};
use crate::read::tests::{constant, master as hand_made, text};
use crate::syntax::SourceFile;

const EPSILON: f64 = 1e-6;
/// Place of a member who leaks.
const LEAKER: usize = 3;

fn parsed(text: &str) -> Master {
    let source = SourceFile { path: "guide.md".into(), text: text.into() };
    Master::parse(&[source]).unwrap_or_else(|problems| panic!("{problems:#?}"))
}

/// A master of one constant, with a shape that the markup may refuse.
fn of_shape(generator: Generator) -> Master {
    let mut master = hand_made(vec![text("a "), constant(0, generator)]);
    master.sites[0].kind = SiteKind::Constant(generator);
    master
}

/// A release whose constants are a trace id, a file name and a boundary.
struct Release {
    codebook: Codebook,
    master: Master,
    members: Vec<String>,
}

impl Release {
    fn of(count: usize) -> Release {
        let master =
            parsed("Send {~tr=rand:hex16~}, drop {~fn=rand:word12~}.ico, boundary {~bd=rand:num24~}.\n");
        let codebook = Codebook::new(&ReleaseSecret::new([7; 32]), &master);
        Release { codebook, master, members: (0..count).map(|n| format!("member-{n}")).collect() }
    }

    fn hunter(&self) -> Hunter<'_> {
        Hunter::new(&self.master, &self.codebook, &self.members, EPSILON).unwrap()
    }

    /// A member's trace id, file name and boundary.
    fn values(&self, member: usize) -> [String; 3] {
        let word = self.codebook.codeword(&self.members[member]);
        let values = word.symbols().iter().map(|symbol| match symbol {
            Symbol::Value(value) => value.clone(),
            Symbol::Index(_) => panic!("all sites are constants"),
        });
        values.collect::<Vec<_>>().try_into().unwrap()
    }

    fn hunt(&self, input: &[u8]) -> HuntReport {
        self.hunt_in(&[input])
    }

    /// Hunts through one stream in chunks.
    fn hunt_in(&self, chunks: &[&[u8]]) -> HuntReport {
        let mut hunter = self.hunter();
        let mut stream = Stream::new(0);
        chunks.iter().for_each(|chunk| hunter.feed(&mut stream, chunk));
        hunter.end(stream);
        hunter.finish()
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for group in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(group.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let six = bits >> (18 - 6 * at) & 63;
            out.push(if at > group.len() { '=' } else { char::from(ALPHABET[six as usize]) });
        }
    }
    out
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[test]
fn a_hunt_for_nothing_is_refused() {
    let release = Release::of(2);
    let new = |epsilon, members: &[String]| {
        Hunter::new(&release.master, &release.codebook, members, epsilon).err().unwrap()
    };
    for epsilon in [0.0, 1.0, -1.0, f64::NAN] {
        assert!(matches!(new(epsilon, &release.members), HuntError::Epsilon(_)));
    }
    assert_eq!(new(EPSILON, &[]), HuntError::NoMember);
    let twice = ["a".to_owned(), "b".to_owned(), "a".to_owned()];
    assert_eq!(new(EPSILON, &twice), HuntError::MemberTwice("a".into()));

    let refused = |master: &Master| {
        let codebook = Codebook::new(&ReleaseSecret::new([1; 32]), master);
        Hunter::new(master, &codebook, &release.members, EPSILON).err()
    };
    assert_eq!(refused(&parsed("No {~constant|value~} here.\n")), Some(HuntError::NoConstant));
    for n in [7, 65] {
        let odd = of_shape(Generator::Hex(n));
        assert!(matches!(refused(&odd), Some(HuntError::Length(_, length)) if length == n as usize));
    }
}

#[test]
fn parts_of_longer_tokens_are_no_hits() {
    let release = Release::of(10);
    for value in release.values(LEAKER) {
        let (head, _) = value.split_at(value.len() - 1);
        let (_, tail) = value.split_at(1);
        for input in [
            format!("x{value}"),
            format!("{value}x"),
            format!(" 0{value}0 "),
            format!("{value}{value}"),
            format!("{head} {tail}"),
            head.to_owned(),
            format!("%41{value}"),
            base64(format!("a{value}").as_bytes()),
            base64(format!(" {value}0").as_bytes()),
            hex::encode(format!("a{value} ")),
            hex::encode(format!(" {value}a")),
        ] {
            let report = release.hunt(input.as_bytes());
            assert_eq!((report.hit_count, report.accused.len()), (0, 0), "{input}");
            assert!(report.hits.is_empty() && report.members.is_empty());
        }
    }
}

#[test]
fn nothing_is_found_in_nothing() {
    let release = Release::of(10);
    let mut rng = StdRng::seed_from_u64(1);
    let binary: Vec<u8> = (0..1 << 18).map(|_| rng.r#gen()).collect();
    for input in [&b""[..], b"\n", &[0; 40_000], &[0xff; 40_000], &[b'a'; 100_000], &[b'%'; 100_000], &binary]
    {
        let report = release.hunt(input);
        assert_eq!((report.hit_count, report.bytes), (0, input.len() as u64));
        assert!(report.accused.is_empty() && report.others_log10_e <= 0.0);
    }
}

#[test]
fn a_value_is_found_wherever_the_stream_is_cut() {
    let release = Release::of(10);
    let [trace, file, boundary] = release.values(LEAKER);
    let inputs = [
        format!("GET /x\nX-Trace: {}\r\nand more\n", trace.to_uppercase()),
        format!("\n\nPOST /a%2f{file}.ico"),
        format!("k={}; q", percent(&boundary)),
        format!("a\nAuthorization: Basic {}\n", base64(format!("user:{file}/").as_bytes())),
        format!("a\nblob {}", hex::encode(format!("\0{file}\0"))),
    ];
    for input in inputs {
        let bytes = input.as_bytes();
        let whole = release.hunt(bytes);
        assert_eq!((whole.hit_count, whole.hits.len()), (1, 1), "{input}");
        assert_eq!(whole.accused, ["member-3"], "{input}");
        for at in 0..=bytes.len() {
            let (one, two) = bytes.split_at(at);
            assert_eq!(release.hunt_in(&[one, two]), whole, "{input} cut at {at}");
        }
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(release.hunt_in(&single), whole, "{input} byte by byte");
    }
}

#[test]
fn a_hit_says_where_and_how() {
    let release = Release::of(10);
    let [trace, file, _] = release.values(LEAKER);
    let place = |input: &str| {
        let report = release.hunt(input.as_bytes());
        let [hit] = report.hits.as_slice() else { panic!("{input}: {:?}", report.hits) };
        assert_eq!((hit.member.as_str(), hit.record), ("member-3", 0));
        let at = usize::try_from(hit.offset).unwrap();
        (
            hit.name.clone().unwrap(),
            hit.line,
            input.get(at..at + hit.length).unwrap().to_owned(),
            hit.encodings.clone(),
        )
    };
    let plain = format!("one\ntwo {trace}.\n");
    assert_eq!(place(&plain), ("tr".into(), 2, trace.clone(), vec![]));
    let escaped = format!("\n\n/a%2F{file}%2eico");
    assert_eq!(place(&escaped), ("fn".into(), 3, file.clone(), vec![Encoding::Escaped]));
    let all = percent(&file);
    assert_eq!(place(&format!("?q={all}&")), ("fn".into(), 1, all, vec![Encoding::Escaped]));
    let dump = hex::encode(&trace);
    assert_eq!(place(&format!("0x{dump}")), ("tr".into(), 1, dump, vec![Encoding::Hex]));
    let (_, _, text, encodings) = place(&format!("b {}", base64(format!("--{trace}--").as_bytes())));
    assert!(text.len() >= 22 && encodings == [Encoding::Base64], "{text}");
}

#[test]
fn every_alignment_and_neighbour_of_base64_is_read() {
    let release = Release::of(10);
    for value in release.values(LEAKER) {
        for before in ["", " ", "/", "::", "\0\u{7f}", "\u{201c}", "é", "<<<", "::::"] {
            for after in ["", " ", "\u{201d}", "é", "~~", ">>>", "\0"] {
                let encoded = base64(format!("{before}{value}{after}").as_bytes());
                let web = encoded.replace('+', "-").replace('/', "_");
                for input in [&encoded, encoded.trim_end_matches('='), web.trim_end_matches('=')] {
                    for input in [input.to_owned(), format!("xyz {input} xyz")] {
                        let report = release.hunt(input.as_bytes());
                        assert_eq!(report.hit_count, 1, "{before:?} {value} {after:?}: {input}");
                        assert_eq!(report.hits[0].encodings, [Encoding::Base64]);
                    }
                }
            }
        }
    }
}

#[test]
fn two_encodings_are_looked_behind_and_three_are_not() {
    use Encoding::{Base64, Escaped, Hex};
    let release = Release::of(10);
    let [trace, file, _] = release.values(LEAKER);
    let plain = format!("/{file}/");
    let twice = [
        (format!("%252F{file}%252F"), vec![Escaped, Escaped]),
        (base64(base64(plain.as_bytes()).as_bytes()), vec![Base64, Base64]),
        (percent(&base64(plain.as_bytes())), vec![Escaped, Base64]),
        (base64(percent(&plain).as_bytes()), vec![Base64, Escaped]),
        (hex::encode(base64(plain.as_bytes())), vec![Hex, Base64]),
        (format!("%22\\\\x22{file}\\\\x22"), vec![Escaped, Escaped]),
    ];
    for (input, encodings) in twice {
        let report = release.hunt(input.as_bytes());
        assert_eq!(report.hits.iter().map(|hit| &hit.encodings).collect::<Vec<_>>(), [&encodings], "{input}");
    }
    for input in
        [base64(percent(&percent(&trace)).as_bytes()), base64(hex::encode(percent(&trace)).as_bytes())]
    {
        assert_eq!(release.hunt(input.as_bytes()).hit_count, 0, "{input}");
    }
}

/// A run of many windows: escapes and base64 everywhere, values at the windows' edges.
#[test]
fn long_runs_are_searched_in_windows_that_miss_nothing() {
    let release = Release::of(10);
    let [trace, file, _] = release.values(LEAKER);
    let step = stream::WINDOW - (1 << 12);
    for edge in [stream::WINDOW, stream::WINDOW + step] {
        for shift in (0..200).step_by(3) {
            let mut input = "ab%2F".repeat((edge - shift) / 5);
            input.push_str(&"a".repeat((edge - shift) % 5));
            input.push_str(&format!("%2F{trace}%2F{}%2F", percent(&file)));
            input.push_str(&"cd%2F".repeat(500));
            let report = release.hunt(input.as_bytes());
            assert_eq!((report.hit_count, report.members.len()), (2, 1), "{shift} before {edge}");
            let chunks: Vec<&[u8]> = input.as_bytes().chunks(4099).collect();
            assert_eq!(release.hunt_in(&chunks), report);
        }
    }
    let blob = format!("{} {trace} {}", "some text ".repeat(5000), "more text ".repeat(5000));
    let report = release.hunt(format!("x {}", base64(blob.as_bytes())).as_bytes());
    assert_eq!((report.hit_count, report.accused.len()), (1, 1));
}

#[test]
fn records_say_which_packet() {
    let release = Release::of(10);
    let [trace, file, _] = release.values(LEAKER);
    let mut hunter = release.hunter();
    let mut stream = Stream::new(5);
    let (head, tail) = trace.split_at(7);
    for (number, bytes) in
        [(11, format!("a\nbc {head}")), (12, tail.to_owned()), (15, format!("\n\n {file}"))]
    {
        stream.record(number);
        hunter.feed(&mut stream, bytes.as_bytes());
    }
    hunter.end(stream);
    let report = hunter.finish();
    let places: Vec<_> =
        report.hits.iter().map(|hit| (hit.source, hit.record, hit.line, hit.offset, hit.length)).collect();
    assert_eq!(places, [(5, 11, 2, 5, 16), (5, 15, 3, 3, 12)]);
}

#[test]
fn streams_do_not_run_into_each_other() {
    let release = Release::of(10);
    let [trace, ..] = release.values(LEAKER);
    let (head, tail) = trace.split_at(8);
    let mut hunter = release.hunter();
    let (mut one, mut two) = (Stream::new(0), Stream::new(1));
    hunter.feed(&mut one, head.as_bytes());
    hunter.feed(&mut two, tail.as_bytes());
    hunter.feed(&mut one, tail.as_bytes());
    hunter.end(one);
    hunter.end(two);
    let report = hunter.finish();
    assert_eq!((report.hit_count, report.hits[0].source), (1, 0));
}

#[test]
fn evidence_is_what_the_formula_says() {
    let release = Release::of(10);
    let [trace, ..] = release.values(LEAKER);
    // Three more tokens of the trace id's shape, one of them twice; one no member can have; one word.
    let input = format!(
        "{trace} 00c0ffee12345678 00c0ffee12345679 00C0FFEE12345679 c0ffee0012345678 1111111111111111 bababilolofu"
    );
    let report = release.hunt(input.as_bytes());
    let tokens: Vec<_> = report.constants.iter().map(|constant| (constant.tokens, constant.exact)).collect();
    assert_eq!(tokens, [(4, true), (1, true), (0, true)]);
    let space = release.codebook.value_space(SiteIx(0)).unwrap().at_least();
    let hit = 0.5 + 0.5 * (space / 4.0).min(crate::accuse::constant::CAP);
    let [one] = report.members.as_slice() else { panic!("{:?}", report.members) };
    assert_eq!((one.member.as_str(), one.hits, one.constants.len()), ("member-3", 1, 1));
    assert!((one.log10_e - (hit * 0.5).log10()).abs() < 1e-9, "{}", one.log10_e);
    assert!((report.others_log10_e - 0.25_f64.log10()).abs() < 1e-12);
    assert_eq!(report.accused, ["member-3"]);
}

#[test]
fn a_flood_is_counted_and_not_kept() {
    let release = Release::of(10);
    let [trace, file, boundary] = release.values(LEAKER);
    let other = &release.values(4)[1];
    let mut input = format!("{trace} {file}\n").repeat(5000);
    // More tokens of the shape than are told apart: the bound stays an upper one.
    let distinct = (1 << 16) + 5000;
    input.extend((0..distinct).map(|n| format!("{:016x} ", 0xabcd_0123_0000_0000_u64 + n)));
    input.push_str(&format!("{other} {boundary}"));
    let report = release.hunt(input.as_bytes());
    assert_eq!(report.hit_count, 10_002);
    assert_eq!(report.hits.len(), 202);
    assert_eq!(report.members.iter().map(|one| one.hits).collect::<Vec<_>>(), [10_001, 1]);
    let seen = &report.constants[0];
    assert!(!seen.exact && seen.tokens > distinct && seen.tokens <= distinct + 1, "{seen:?}");
}

#[test]
fn one_of_a_hundred_thousand_is_named() {
    let master = of_shape(Generator::Hex(8));
    let codebook = Codebook::new(&ReleaseSecret::new([8; 32]), &master);
    let members: Vec<String> = (0..100_000).map(|n| format!("member-{n}")).collect();
    let word = codebook.codeword(&members[77_777]);
    let [Symbol::Value(value)] = word.symbols() else { panic!("one constant") };
    let mut hunter = Hunter::new(&master, &codebook, &members, 1e-3).unwrap();
    let mut stream = Stream::new(0);
    hunter.feed(&mut stream, format!("GET /\nX-Trace: {value}\nX: 0badf00d").as_bytes());
    hunter.end(stream);
    let report = hunter.finish();
    assert_eq!(report.accused, ["member-77777"]);
    assert_eq!((report.hit_count, report.members.len(), report.population), (1, 1, 100_000));
}

/// Traffic full of tokens of the right shapes, many hunts, many members.
#[test]
fn unrelated_logs_accuse_nobody() {
    let mut rng = StdRng::seed_from_u64(20);
    let mut tokens = 0;
    for seed in 0..20 {
        let mut release = Release::of(2000);
        release.codebook = Codebook::new(&ReleaseSecret::new([seed; 32]), &release.master);
        let mut log = String::new();
        for _ in 0..400 {
            let word: String = (0..6)
                .flat_map(|_| [pick(&mut rng, b"bcdfghjklmnprstvwz"), pick(&mut rng, b"aeiou")])
                .collect();
            let (id, number): (u64, u64) = (rng.r#gen(), rng.gen_range(1_000_000_000_000..9_999_999_999_999));
            let encoded = base64(&id.to_be_bytes().repeat(3));
            log.push_str(&format!(
                "10.1.{}.2 - \"GET /{word}.ico?b={number}%2F{word} HTTP/1.1\" 200 {id:016x} {encoded} {number}77777{:06}\n",
                id & 255,
                id >> 45
            ));
        }
        let report = release.hunt(log.as_bytes());
        assert_eq!((report.accused.len(), report.hit_count), (0, 0), "{:?}", report.hits);
        tokens += report.constants.iter().map(|constant| constant.tokens).sum::<u64>();
    }
    assert!(tokens > 20 * 800, "{tokens} tokens had a shape");
}

/// With values so short that innocents match by chance, they match as rarely as the evidence says.
#[test]
fn chance_hits_are_as_rare_as_the_bound_says() {
    let master = of_shape(Generator::Num(8));
    let codebook = Codebook::new(&ReleaseSecret::new([3; 32]), &master);
    let members: Vec<String> = (0..20_000).map(|n| format!("m{n}")).collect();
    let mut hunter = Hunter::new(&master, &codebook, &members, EPSILON).unwrap();
    let mut stream = Stream::new(0);
    let mut rng = StdRng::seed_from_u64(4);
    let mut distinct = BTreeSet::new();
    for _ in 0..40_000 {
        let token = rng.gen_range(10_000_000_u32..100_000_000);
        distinct.insert(token);
        hunter.feed(&mut stream, format!("{token} ").as_bytes());
    }
    hunter.end(stream);
    let report = hunter.finish();
    let tokens = report.constants[0].tokens as f64;
    assert!(tokens <= distinct.len() as f64 && tokens > 0.99 * distinct.len() as f64);
    let expected = 20_000.0 * tokens / codebook.value_space(SiteIx(0)).unwrap().at_least();
    // About nine by chance; six standard deviations either way.
    let found = report.members.len() as f64;
    assert!((found - expected).abs() < 6.0 * expected.sqrt(), "{found} where {expected} are expected");
    assert!(report.accused.is_empty());
}

fn pick(rng: &mut StdRng, from: &[u8]) -> char {
    char::from(from[rng.gen_range(0..from.len())])
}

/// A piece of made-up traffic, of the values 0 to 2 in many guises.
fn piece() -> impl Strategy<Value = (u8, u8, String)> {
    (0_u8..12, 0_u8..3, "[a-z0-9%\\\\ /\n=+]{0,12}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, rng_seed: RngSeed::Fixed(5), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn chunks_never_change_the_result(
        pieces in proptest::collection::vec(piece(), 0..24),
        cuts in proptest::collection::vec(1_usize..40, 1..12),
        long in 0_usize..20_000,
    ) {
        let release = Release::of(10);
        let values = release.values(LEAKER);
        let mut input = "q%2".repeat(long / 3);
        for (guise, which, junk) in &pieces {
            let value = &values[usize::from(*which)];
            input.push_str(&match guise {
                0 | 1 => value.clone(),
                2 => percent(value),
                3 => base64(format!("{junk}{value}").as_bytes()),
                4 => base64(format!("{junk}{value} {junk}").as_bytes()),
                5 => hex::encode(format!("{junk} {value}")),
                6 => base64(percent(value).as_bytes()),
                7 => format!("\\x22{value}\\n"),
                8 => format!(" {value}\n"),
                _ => junk.clone(),
            });
            input.push_str(junk);
        }
        let bytes = input.as_bytes();
        let whole = release.hunt(bytes);
        let mut rest = bytes;
        let mut chunks = Vec::new();
        for cut in cuts.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (chunk, more) = rest.split_at((*cut).min(rest.len()));
            chunks.push(chunk);
            rest = more;
        }
        prop_assert_eq!(release.hunt_in(&chunks), whole.clone());
        for hit in &whole.hits {
            let at = usize::try_from(hit.offset).unwrap();
            prop_assert!(at + hit.length <= bytes.len());
            let line = bytes[..at].iter().filter(|&&byte| byte == b'\n').count() as u64 + 1;
            prop_assert_eq!(hit.line, line);
            if hit.encodings.is_empty() {
                prop_assert!(values.contains(&input.get(at..at + hit.length).unwrap().to_lowercase()));
            }
        }
    }

    #[test]
    fn no_bytes_break_a_hunt(bytes: Vec<u8>, escapes in "[a-f0-9%\\\\ux]{0,300}") {
        let release = Release::of(3);
        let chunks: [&[u8]; 3] = [&bytes, escapes.as_bytes(), &bytes];
        let all = chunks.concat();
        prop_assert_eq!(release.hunt_in(&chunks), release.hunt(&all));
    }
}
