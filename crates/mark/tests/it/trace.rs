//! A hundred members, several releases, every class of leak: the right member and nobody else.

use mark::accuse::{Verdict, accuse};
use mark::code::Codebook;
use mark::master::{Master, Symbol};
use mark::read::{LeakFile, read};
use mark::reading::{Reading, Seen};
use mark::trace::{laws, rows, trace};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::leaks::{excerpt, joined, noisy, pasted, plain, reflowed, shuffled, without_constants};
use crate::package::{codebook, copy, is_constant, master, members, verbatim};

const EPSILON: f64 = 1e-6;
const SEEDS: std::ops::Range<u8> = 1..4;

/// Right, wrong and all sites that are no constants.
pub(crate) fn score(
    master: &Master,
    codebook: &Codebook,
    member: &str,
    reading: &Reading,
) -> (usize, usize, usize) {
    let codeword = codebook.codeword(member);
    let (mut right, mut wrong, mut all) = (0, 0, 0);
    for ((site, read), symbol) in master.sites.iter().zip(&reading.sites).zip(codeword.symbols()) {
        if is_constant(&site.kind) {
            continue;
        }
        all += 1;
        match (&read.seen, symbol) {
            (Seen::Index(seen), Symbol::Index(own)) if seen == own => right += 1,
            (Seen::Index(_), _) => wrong += 1,
            _ => {}
        }
    }
    (right, wrong, all)
}

/// Leaks one member's copy a release, and demands that the trace names that member alone, with the
/// constants and without them.
fn accuses_its_member_alone(name: &str, least_right: f64, leak: impl Fn(&str, &mut StdRng) -> String) {
    let master = master();
    let members = members();
    let (mut right, mut wrong, mut all) = (0, 0, 0);
    for seed in SEEDS {
        let codebook = codebook(&master, seed);
        let guilty = &members[usize::from(seed) * 17 % members.len()];
        let text = joined(&copy(&master, &codebook, guilty));
        let stripped = without_constants(&text, &codebook, guilty);
        for text in [text, stripped] {
            let mut rng = StdRng::seed_from_u64(u64::from(seed));
            let leak = pasted(leak(&text, &mut rng));
            let (reading, trace) = trace(&master, &codebook, &members, &leak, EPSILON).unwrap();
            let (r, w, a) = score(&master, &codebook, guilty, &reading);
            (right, wrong, all) = (right + r, wrong + w, all + a);
            assert_eq!(
                trace.accused,
                [guilty.as_str()],
                "{name}, release {seed}: {r} right, {w} wrong of {a}"
            );
            assert_eq!(trace.verdict, Verdict::Attributed);
        }
    }
    let share = |count: usize| count as f64 / all as f64;
    println!("{name}: {:.1} % right, {:.1} % wrong of {all}", 100.0 * share(right), 100.0 * share(wrong));
    assert!(share(right) >= least_right, "{name}: {right} right of {all}");
    assert!(share(wrong) < 0.02, "{name}: {wrong} wrong of {all}");
}

#[test]
fn package_has_enough_sites() {
    let master = master();
    let constants = master.sites.iter().filter(|site| is_constant(&site.kind)).count();
    assert!(
        master.sites.len() >= 80 && constants >= 4,
        "{} sites, {constants} constants",
        master.sites.len()
    );
}

#[test]
fn verbatim_files() {
    let master = master();
    let members = members();
    let (mut right, mut wrong, mut all) = (0, 0, 0);
    for seed in SEEDS {
        let codebook = codebook(&master, seed);
        let guilty = &members[usize::from(seed)];
        let leak = verbatim(&copy(&master, &codebook, guilty));
        let (reading, trace) = trace(&master, &codebook, &members, &leak, EPSILON).unwrap();
        assert_eq!(trace.accused, [guilty.as_str()]);
        let (r, w, a) = score(&master, &codebook, guilty, &reading);
        (right, wrong, all) = (right + r, wrong + w, all + a);
    }
    println!("verbatim files: {right} right, {wrong} wrong of {all}");
    assert!(right as f64 >= 0.95 * all as f64, "{right} right of {all}");
    assert!((wrong as f64) < 0.02 * all as f64, "{wrong} wrong of {all}");
}

#[test]
fn plain_paste() {
    accuses_its_member_alone("plain paste", 0.95, |text, _| plain(text));
}

#[test]
fn excerpts() {
    let master = master();
    let members = members();
    for seed in 1..9 {
        let codebook = codebook(&master, seed);
        let guilty = &members[usize::from(seed) * 7];
        let copy = copy(&master, &codebook, guilty);
        let mut rng = StdRng::seed_from_u64(u64::from(seed));
        // Of the whole package, wherever the cuts fall; of the prose, which alternatives must carry alone.
        let prose: Vec<_> = copy.iter().filter(|file| file.path.ends_with(".md")).cloned().collect();
        let whole = excerpt(&joined(&copy), 0.4, &mut rng);
        let part = excerpt(&without_constants(&joined(&prose), &codebook, guilty), 0.4, &mut rng);
        for leak in [whole, part] {
            let (reading, trace) = trace(&master, &codebook, &members, &pasted(leak), EPSILON).unwrap();
            let (right, wrong, all) = score(&master, &codebook, guilty, &reading);
            println!("release {seed}: {right} right, {wrong} wrong of {all}");
            assert_eq!(
                trace.accused,
                [guilty.as_str()],
                "release {seed}: {right} right, {wrong} wrong of {all}"
            );
        }
    }
}

#[test]
fn shuffles() {
    accuses_its_member_alone("shuffled paragraphs", 0.9, shuffled);
}

#[test]
fn reflows() {
    accuses_its_member_alone("reflowed lines", 0.95, |text, _| reflowed(text, 60));
}

#[test]
fn noise() {
    accuses_its_member_alone("2 % noise", 0.9, |text, rng| noisy(text, 0.02, rng));
}

#[test]
fn upper_case() {
    accuses_its_member_alone("all capitals", 0.9, |text, _| text.to_uppercase());
    accuses_its_member_alone("all small", 0.9, |text, _| text.to_lowercase());
}

/// Attack traffic, a rewrite: nothing of the text, one value.
#[test]
fn one_constant_in_another_text() {
    let master = master();
    let members = members();
    let codebook = codebook(&master, 9);
    let trace_header = codebook
        .codeword(&members[31])
        .symbols()
        .iter()
        .find_map(|symbol| match symbol {
            Symbol::Value(value) if value.len() == 12 && value.bytes().any(|b| b.is_ascii_digit()) => {
                Some(value.clone())
            }
            _ => None,
        })
        .unwrap();
    let leak = format!(
        "POST /x HTTP/1.1\r\nHost: a.test\r\nX-Trace: {trace_header}\r\nX-Other: 0a1b2c3d4e5f\r\n\r\n"
    );
    let (reading, trace) = trace(&master, &codebook, &members, &pasted(leak), EPSILON).unwrap();
    assert!(!reading.derived);
    assert_eq!((trace.verdict, trace.accused), (Verdict::Attributed, vec![members[31].clone()]));
}

/// Two members mix their copies paragraph by paragraph; both their values stand in the mixture.
#[test]
fn two_colluders_convict_themselves_and_nobody_else() {
    let master = master();
    let members = members();
    for seed in SEEDS {
        let codebook = codebook(&master, seed);
        let pair = [&members[usize::from(seed)], &members[50]];
        let copies = pair.map(|member| joined(&copy(&master, &codebook, member)));
        let mut rng = StdRng::seed_from_u64(u64::from(seed));
        let [one, two] = copies.each_ref().map(|text| text.split("\n\n"));
        let mixed: Vec<&str> = one.zip(two).map(|(a, b)| if rng.gen_bool(0.5) { a } else { b }).collect();
        let leak = pasted(mixed.join("\n\n"));
        let (_, trace) = trace(&master, &codebook, &members, &leak, EPSILON).unwrap();
        assert!(!trace.accused.is_empty());
        assert!(trace.accused.iter().all(|member| pair.contains(&member)), "{:?}", trace.accused);
    }
}

/// Weighs one reading under several releases; whatever their codebooks hold, nobody is accused.
fn accuses_nobody(reading: &Reading, master: &Master, verdict: Verdict) {
    let members = members();
    for seed in 1..6 {
        let codebook = codebook(master, seed);
        let trace = accuse(&laws(master, &codebook), &rows(&codebook, &members), reading, EPSILON).unwrap();
        assert_eq!((trace.verdict, trace.accused.len()), (verdict, 0));
    }
}

#[test]
fn nobody_is_accused_of_another_text() {
    let master = master();
    let unrelated = [include_str!("../unrelated/scheduler.md"), include_str!("../unrelated/valve.md")];
    for text in [unrelated[0], unrelated[1], &unrelated.concat(), "", "\u{0}\u{7}"] {
        let reading = read(&master, &pasted(text.to_owned()));
        assert!(!reading.derived, "{} % aligned", 100.0 * reading.aligned);
        accuses_nobody(&reading, &master, Verdict::NotDerived);
    }
}

/// The unmarked rendering belongs to nobody.
#[test]
fn nobody_is_accused_of_the_default_rendering() {
    let master = master();
    let reading = read(&master, &verbatim(&mark::render::render_default(&master)));
    assert!(reading.derived);
    accuses_nobody(&reading, &master, Verdict::Inconclusive);
}

#[test]
fn a_large_leak_is_read_where_the_copy_is() {
    let master = master();
    let codebook = codebook(&master, 3);
    let filler = include_str!("../unrelated/valve.md").repeat(400);
    let leak = [filler.clone(), joined(&copy(&master, &codebook, "member-007")), filler].join("\n\n");
    let leak = [LeakFile { path: "dump.txt".into(), text: leak }];
    let reading = read(&master, &leak);
    let (right, wrong, all) = score(&master, &codebook, "member-007", &reading);
    assert!(right * 20 >= all * 19 && wrong * 50 < all, "{right} right, {wrong} wrong of {all}");
}
