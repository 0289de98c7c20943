//! Side by side with another tracer of leaked text, Oversight: whom its synonym matcher accuses, and whom ours.
//!
//! The matcher is written anew here from how Oversight describes it: a dictionary of classes of three words; a
//! mark is a pseudorandom sequence of variants, and the n-th dictionary word of a text takes the n-th; a text with
//! fewer than 8 such words stays unmarked; everybody whose sequence agrees with at least 70 % of a leak's words
//! is a match. Our texts and our dictionary, whose words are single and in one class each, which favours the
//! matcher. Its marks in white space and invisible characters are left out: a paste loses them.
//!
//! How many innocents match is a matter of how often two marks agree by chance: one in three words where a class
//! has three, one in two where it has two. Both are told; a dictionary whose classes overlap lies between them.
//!
//! **Source:** Oversight, docs/security.md and `oversight_core`, version 0.4.

use anyhow::Context as _;
use mark::{
    accuse::Verdict,
    code::{Codebook, ReleaseSecret},
    master::Master,
    read::LeakFile,
    render::render,
    syntax::SourceFile,
};

const MEMBERS: usize = 100;
const LEAKS: u8 = 60;
/// Bound on accusing any innocent member; ours alone has one.
const EPSILON: f64 = 1e-3;
/// Share of a leak's dictionary words that makes a match.
const MATCH: f64 = 0.70;
/// Dictionary words below which a text stays unmarked.
const LEAST_WORDS: usize = 8;

const DICTIONARY: [[&str; 3]; 16] = [
    ["begin", "start", "commence"],
    ["show", "display", "present"],
    ["obtain", "get", "acquire"],
    ["locate", "find", "discover"],
    ["provide", "give", "supply"],
    ["finish", "conclude", "complete"],
    ["create", "make", "produce"],
    ["assist", "help", "aid"],
    ["examine", "inspect", "study"],
    ["choose", "select", "pick"],
    ["alter", "change", "modify"],
    ["permit", "allow", "let"],
    ["demand", "require", "need"],
    ["remove", "delete", "erase"],
    ["gather", "collect", "assemble"],
    ["repair", "fix", "mend"],
];
const THINGS: [&str; 11] = [
    "parser", "listener", "queue", "session", "token", "worker", "cache", "gateway", "upload", "header",
    "relay",
];
const PLACES: [&str; 19] = [
    "harbor", "lantern", "meadow", "copper", "violet", "timber", "saddle", "marble", "garnet", "willow",
    "ember", "falcon", "pepper", "canyon", "anchor", "velvet", "cobalt", "drift", "maple",
];

/// A kind of text: how many sentences, how long, how many words of the dictionary.
struct Kind {
    name: &'static str,
    sentences: usize,
    /// Clauses a sentence has beside the first; 13 words each.
    clauses: usize,
    /// Dictionary words of a sentence, up to two, in every how-manieth one.
    words: usize,
    every: usize,
}

const KINDS: [Kind; 3] = [
    Kind { name: "advisory", sentences: 24, clauses: 0, words: 2, every: 1 },
    Kind { name: "specification", sentences: 35, clauses: 2, words: 1, every: 1 },
    Kind { name: "deployment guide", sentences: 30, clauses: 0, words: 1, every: 6 },
];

/// A part of a sentence.
enum Part {
    Text(String),
    /// A word of this class.
    Word(usize),
}

/// What came of the leaks of one kind of text.
#[derive(Debug, Default)]
struct Score {
    detected: u32,
    innocents: u32,
}

impl Score {
    fn add(&mut self, accused: &[usize], leakers: &[usize]) {
        self.detected += u32::from(accused.iter().any(|member| leakers.contains(member)));
        let innocents = accused.iter().filter(|member| !leakers.contains(member)).count();
        self.innocents += u32::try_from(innocents).unwrap_or(u32::MAX);
    }
}

/// What becomes of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leak {
    Whole,
    WithoutFirstSentence,
    /// Three tenths of the text, in one piece.
    Excerpt,
    /// Every dictionary word drawn anew from its class, as a rewriter's taste has it.
    Reworded,
    /// Every sentence from one of two members' copies.
    Mixed,
}

const LEAKS_OF: [(&str, Leak); 5] = [
    ("whole", Leak::Whole),
    ("without its first sentence", Leak::WithoutFirstSentence),
    ("three tenths of it", Leak::Excerpt),
    ("its dictionary words drawn anew", Leak::Reworded),
    ("two members' sentences mixed", Leak::Mixed),
];

/// Words of a class that are in use.
const VARIANTS: [usize; 2] = [3, 2];

pub(crate) fn run() -> anyhow::Result<()> {
    println!(
        "beside Oversight's synonym matcher as described, {MEMBERS} members, {LEAKS} leaks a line, our texts, ours at {EPSILON}:"
    );
    println!(
        "  text, words, dictionary words, words of a class | leak | theirs: named, innocents a leak | ours: named, innocents a leak"
    );
    for (kind, variants) in KINDS.iter().flat_map(|kind| VARIANTS.map(|variants| (kind, variants))) {
        let text = text(kind);
        let (words, hits) = size(&text);
        for (name, leak) in LEAKS_OF {
            let [theirs, ours] = compare(&text, variants, leak, LEAKS)?;
            let each = |count: u32| f64::from(count) / f64::from(LEAKS);
            println!(
                "  {}, {words}, {hits}, {variants} | {name} | {:.2}, {:.2} | {:.2}, {:.2}",
                kind.name,
                each(theirs.detected),
                each(theirs.innocents),
                each(ours.detected),
                each(ours.innocents)
            );
        }
    }
    Ok(())
}

/// Leaks copies and asks both tracers; every leak is of a release of its own.
fn compare(text: &[Vec<Part>], variants: usize, how: Leak, leaks: u8) -> anyhow::Result<[Score; 2]> {
    let [mut theirs, mut ours] = [Score::default(), Score::default()];
    let source = [SourceFile {
        path: String::from("text.md"),
        text: written(text, |class| format!("{{~{}~}}", class_of(class, variants).join("|"))),
    }];
    let master = Master::parse(&source).ok().context("the text parses")?;
    let members: Vec<String> = (0..MEMBERS).map(|n| format!("member-{n}")).collect();
    for leak in 0..leaks {
        let mut random = Random(u64::from(leak) + 1);
        let leakers = if how == Leak::Mixed { 2 } else { 1 };
        let guilty: Vec<usize> = (0..leakers).map(|turn| random.below(MEMBERS / 2) * 2 + turn).collect();
        let choice: Vec<usize> = text.iter().map(|_| random.below(leakers)).collect();
        let kept = match how {
            Leak::WithoutFirstSentence => 1..text.len(),
            Leak::Excerpt => {
                let length = (3 * text.len()).div_ceil(10);
                let from = random.below(text.len() - length + 1);
                from..from + length
            }
            _ => 0..text.len(),
        };
        let seed = random.0;
        let leaked = |copies: &[String]| {
            let mixed = mixed(copies, &choice);
            let lines = mixed.lines().skip(kept.start).take(kept.len());
            let text: String = lines.map(|line| format!("{line}\n")).collect();
            if how == Leak::Reworded { reworded(&text, variants, &mut Random(seed)) } else { text }
        };

        let copies: Vec<String> =
            guilty.iter().map(|member| their_copy(text, variants, leak, *member)).collect();
        theirs.add(&their_matches(&leaked(&copies), variants, leak), &guilty);

        let codebook = Codebook::new(&ReleaseSecret::new([leak; 32]), &master);
        let copy = |member: &usize| {
            let files = render(&master, &codebook.codeword(members.get(*member)?));
            files.into_iter().next().map(|file| file.text)
        };
        let copies: Vec<String> = guilty.iter().filter_map(copy).collect();
        let leaked = [LeakFile { path: String::from("text.md"), text: leaked(&copies) }];
        let (_, trace) = mark::trace::trace(&master, &codebook, &members, &leaked, EPSILON)?;
        let named = members.iter().enumerate().filter(|(_, member)| trace.accused.contains(member));
        let accused: Vec<usize> = named.map(|(at, _)| at).collect();
        anyhow::ensure!(
            accused.is_empty() || trace.verdict == Verdict::Attributed,
            "an accusation is a verdict"
        );
        ours.add(&accused, &guilty);
    }
    Ok([theirs, ours])
}

/// The words of a class that are in use.
fn class_of(class: usize, variants: usize) -> &'static [&'static str] {
    DICTIONARY.get(class).and_then(|words| words.get(..variants)).unwrap_or_default()
}

/// Draws every dictionary word anew from its class.
fn reworded(text: &str, variants: usize, random: &mut Random) -> String {
    let word = |part: &str, random: &mut Random| {
        let word = part.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
        let class = DICTIONARY.iter().position(|words| words.contains(&word));
        let drawn = class.and_then(|class| class_of(class, variants).get(random.below(variants)).copied());
        drawn.map_or_else(|| part.to_owned(), |drawn| part.replacen(word, drawn, 1))
    };
    text.split_inclusive([' ', '\n']).map(|part| word(part, random)).collect()
}

/// Takes each sentence from the copy that was chosen for it; sentences are lines.
fn mixed(copies: &[String], choice: &[usize]) -> String {
    let line = |(at, copy): (usize, &usize)| copies.get(*copy).and_then(|copy| copy.lines().nth(at));
    choice.iter().enumerate().filter_map(line).map(|line| format!("{line}\n")).collect()
}

/// The mark of a member in a release: which variant the n-th dictionary word takes.
fn their_mark(variants: usize, leak: u8, member: usize) -> impl Iterator<Item = usize> {
    let mut random = Random(u64::from(leak) << 32 | (member as u64) << 8 | 0x5a);
    std::iter::repeat_with(move || random.below(variants))
}

fn their_copy(text: &[Vec<Part>], variants: usize, leak: u8, member: usize) -> String {
    let mut mark = their_mark(variants, leak, member);
    let marks = size(text).1 >= LEAST_WORDS;
    written(text, |class| {
        let variant = if marks { mark.next().unwrap_or(0) } else { 0 };
        class_of(class, variants).get(variant).copied().unwrap_or_default().to_owned()
    })
}

/// Everybody whose mark agrees with enough of the leak's dictionary words, counted from its start.
fn their_matches(leaked: &str, variants: usize, leak: u8) -> Vec<usize> {
    let variant =
        |word: &str| DICTIONARY.iter().find_map(|words| words.iter().position(|other| *other == word));
    let seen: Vec<usize> = leaked
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter_map(|word| variant(&word.to_lowercase()))
        .collect();
    let agrees = |member: &usize| {
        let mark = their_mark(variants, leak, *member);
        let same = seen.iter().zip(mark).filter(|(seen, own)| *seen == own).count();
        !seen.is_empty() && same as f64 / seen.len() as f64 >= MATCH
    };
    (0..MEMBERS).filter(agrees).collect()
}

fn written(text: &[Vec<Part>], mut word: impl FnMut(usize) -> String) -> String {
    let mut out = String::new();
    for sentence in text {
        for part in sentence {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Word(class) => out.push_str(&word(*class)),
            }
        }
        out.push('\n');
    }
    out
}

/// Words of a text, and those of them in the dictionary.
fn size(text: &[Vec<Part>]) -> (usize, usize) {
    let words = written(text, |_| String::from("word")).split_whitespace().count();
    (words, text.iter().flatten().filter(|part| matches!(part, Part::Word(_))).count())
}

/// Writes sentences of which no two are alike, a line each.
fn text(kind: &Kind) -> Vec<Vec<Part>> {
    let name =
        |list: &[&'static str], at: usize| list.get(at % list.len().max(1)).copied().unwrap_or_default();
    let thing =
        |at: usize| format!("{} {}", name(&PLACES, at * 7 + at / 19), name(&THINGS, at * 3 + at / 11));
    let sentence = |at: usize| {
        let words = if at.is_multiple_of(kind.every) { kind.words } else { 0 };
        let word = |turn: usize, plain: &str| match turn < words {
            true => Part::Word((at * 2 + turn * 5) % DICTIONARY.len()),
            false => Part::Text(plain.to_owned()),
        };
        let mut parts = vec![Part::Text(format!("Operators {} ", thing(at))), word(0, "watch")];
        parts.push(Part::Text(format!(" the {} and ", thing(at + 40))));
        parts.push(word(1, "keep"));
        parts.push(Part::Text(format!(" row {}", at * 31 + 3)));
        for clause in 0..kind.clauses {
            let (from, to) = (at * 5 + clause * 80 + 90, at * 9 + clause * 70 + 200);
            let says =
                format!(", while under load the {} waits in row {from} for its {}", thing(from), thing(to));
            parts.push(Part::Text(says));
        }
        parts.push(Part::Text(String::from(".")));
        parts
    };
    (0..kind.sentences).map(sentence).collect()
}

/// **Source:** Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014 (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let wide = u128::from(z ^ (z >> 31)) * count as u128;
        usize::try_from(wide >> 64).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ours_accuses_no_innocent_and_theirs_does() {
        let (mut their_innocents, mut named) = ([0; 2], 0);
        for kind in &KINDS {
            for (at, variants) in VARIANTS.into_iter().enumerate() {
                for (name, leak) in LEAKS_OF {
                    let [theirs, ours] = compare(&text(kind), variants, leak, 5).unwrap();
                    assert_eq!(ours.innocents, 0, "{}, {variants}, {name}", kind.name);
                    their_innocents[at] += theirs.innocents;
                    named += ours.detected;
                }
            }
        }
        let [three, two] = their_innocents;
        assert!(three > 0 && two > three && named > 0, "{three} and {two} innocents, {named} leaks named");
    }

    #[test]
    fn their_matcher_finds_its_own_mark() {
        let text = text(&KINDS[0]);
        for member in [0, 7, 99] {
            assert!(their_matches(&their_copy(&text, 3, 3, member), 3, 3).contains(&member));
        }
        // The marks count from the start, so that nothing lines up without the first line.
        let copy = their_copy(&text, 3, 3, 7);
        assert!(!their_matches(copy.split_once('\n').unwrap().1, 3, 3).contains(&7));
    }

    #[test]
    fn drawing_anew_leaves_the_other_words() {
        let copy = "Operators begin, then watch.\nshow it";
        let drawn = reworded(copy, 2, &mut Random(1));
        let words: Vec<&str> = drawn.split([' ', '\n']).collect();
        assert_eq!([words[0], words[2], words[3], words[5]], ["Operators", "then", "watch.", "it"]);
        assert!(
            ["begin,", "start,"].contains(&words[1]) && ["show", "display"].contains(&words[4]),
            "{drawn}"
        );
    }
}
