//! Channels that a tool flattened: sorted lists, one spelling everywhere, one form of number.
//!
//! Such a channel shows what the tool did and not whose copy it was. It is taken out where all its sites read
//! alike and uniform draws would do so once in a thousand times at most.
//!
//! What is taken out is a function of the master and the reading, never of a row. A reading that is
//! independent of an innocent member's row stays so: the bound does not move, only power does.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use crate::arrange::arrangement;
use crate::master::{Master, Node, SiteKind};
use crate::reading::{ErasedChannel, Seen, SiteReading};

/// Chance of a channel's sites reading alike under uniform draws, at and below which it is taken out.
const CHANCE: f64 = 1e-3;

/// What a tool may have flattened, and the file it may have done so in, if channels end with the file.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Channel<'m>(Flattened<'m>, Option<&'m str>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Flattened<'m> {
    /// A choice between these words, sorted, wherever it is made.
    Words(Vec<Cow<'m, str>>),
    Named(&'static str),
}

impl fmt::Display for Flattened<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => write!(f, "choice of words `{}`", words.join("`, `")),
            Self::Named(name) => f.write_str(name),
        }
    }
}

/// One site's part in a channel, at one place.
#[derive(Debug)]
struct Part<'m> {
    /// Index of the site.
    site: usize,
    shows: Shows<'m>,
}

/// What a part's symbols amount to.
#[derive(Debug)]
enum Shows<'m> {
    /// A form each, all of them as likely.
    Forms(Vec<Cow<'m, str>>),
    /// Items in an order, of which some are kept.
    Order { keys: Vec<String>, items: u32, keep: u32 },
}

impl<'m> Shows<'m> {
    /// What a symbol amounts to; of an order, whether it is sorted.
    fn form(&self, symbol: u32) -> Option<&str> {
        match self {
            Self::Forms(forms) => forms.get(usize::try_from(symbol).ok()?).map(AsRef::as_ref),
            Self::Order { keys, items, keep } => {
                let order = arrangement(symbol, *items, *keep);
                let sorted = order.iter().filter_map(|item| keys.get(*item)).is_sorted();
                Some(if sorted { SORTED } else { UNSORTED })
            }
        }
    }

    /// Every form that counts, once for each symbol that has it, and the chance of each.
    fn forms(&self) -> (&[Cow<'m, str>], f64) {
        match self {
            Self::Forms(forms) => (forms, 1.0 / forms.len() as f64),
            Self::Order { keep, .. } => (&[SORTED_ALONE], 1.0 / (1..=*keep).map(f64::from).product::<f64>()),
        }
    }

    fn chance(&self, form: &str) -> f64 {
        let (forms, each) = self.forms();
        forms.iter().filter(|other| *other == form).map(|_| each).sum()
    }
}

/// Everything a tool may have flattened, in order, with the sites that show it.
#[derive(Debug)]
pub(super) struct Channels<'m>(Vec<(Channel<'m>, Vec<Part<'m>>)>);

impl<'m> Channels<'m> {
    /// Takes the channels of a master that could be taken out.
    pub(super) fn of(master: &'m Master) -> Self {
        let mut all = Found::new();
        for file in &master.files {
            collect(&file.nodes, &file.path, master, &mut all);
        }
        // All forms of one choice together are certain.
        let counts = |parts: &[Part<'_>]| {
            let choice = parts.first().filter(|part| matches!(part.shows, Shows::Forms(_)));
            choice.is_none_or(|first| parts.iter().any(|part| part.site != first.site))
        };
        let mut channels: Vec<_> = all.into_iter().filter(|(_, parts)| counts(parts)).collect();
        channels.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        channels.iter_mut().for_each(|(_, parts)| parts.sort_by_key(|part| part.site));
        Channels(channels)
    }

    /// Erases flattened channels, and says which.
    pub(super) fn erase(&self, master: &Master, sites: &mut [SiteReading]) -> Vec<ErasedChannel> {
        let symbols: Vec<Option<u32>> = sites
            .iter()
            .map(|site| match site.seen {
                Seen::Index(symbol) => Some(symbol),
                Seen::Erased | Seen::Tokens(_) => None,
            })
            .collect();
        let flattened =
            self.0.iter().filter_map(|(channel, parts)| flattened(channel, parts, &symbols, master));
        let mut erased = Vec::new();
        for (channel, parts) in flattened {
            erased.push(channel);
            for part in parts {
                if let Some(site) = sites.get_mut(part.site) {
                    site.seen = Seen::Erased;
                }
            }
        }
        erased
    }
}

/// A channel with the parts that were read, if it is to be taken out.
fn flattened<'p, 'm>(
    Channel(flattened, file): &Channel<'m>,
    parts: &'p [Part<'m>],
    symbols: &[Option<u32>],
    master: &Master,
) -> Option<(ErasedChannel, Vec<&'p Part<'m>>)> {
    let form = |part: &'p Part<'m>| part.shows.form(symbols.get(part.site).copied().flatten()?);
    let mut read = parts.iter().filter_map(|part| Some((part, form(part)?)));
    let (first, form) = read.next().filter(|(_, form)| *form != UNSORTED)?;
    let mut alike = vec![first];
    for (part, other) in read {
        if alike.last().is_some_and(|last| last.site == part.site) {
            continue;
        }
        if other != form {
            return None;
        }
        alike.push(part);
    }
    // The chance of any one form everywhere; of orders, of sorted ones.
    let everywhere = |form: &str| alike.iter().map(|part| part.shows.chance(form)).product::<f64>();
    let mut forms: Vec<&str> = first.shows.forms().0.iter().map(AsRef::as_ref).collect();
    forms.sort_unstable();
    forms.dedup();
    let chance: f64 = forms.into_iter().map(everywhere).sum();
    if chance > CHANCE {
        return None;
    }
    let ids = alike.iter().filter_map(|part| master.sites.get(part.site)).map(|site| site.id.clone());
    let channel = ErasedChannel {
        reason: format!(
            "all {} sites read `{form}`; by chance they do with probability {chance:.1e}",
            alike.len()
        ),
        channel: flattened.to_string(),
        file: file.map(str::to_owned),
        sites: ids.collect(),
    };
    Some((channel, alike))
}

const SORTED: &str = "sorted";
const SORTED_ALONE: Cow<'_, str> = Cow::Borrowed(SORTED);
const UNSORTED: &str = "not sorted";

type Found<'m> = HashMap<Channel<'m>, Vec<Part<'m>>>;

fn collect<'m>(nodes: &'m [Node], file: &'m str, master: &Master, channels: &mut Found<'m>) {
    for node in nodes {
        match node {
            Node::Text(_) | Node::Constant { .. } => {}
            Node::Choice { site, branches } => {
                for (flattened, in_file, forms) in forms(branches) {
                    let part = Part { site: site.0, shows: Shows::Forms(forms) };
                    channels.entry(Channel(flattened, in_file.then_some(file))).or_default().push(part);
                }
                branches.iter().for_each(|branch| collect(branch, file, master, channels));
            }
            Node::Order { site, items, separator } => {
                let kind = master.sites.get(site.0).map(|site| &site.kind);
                if let Some(SiteKind::Order { items: count, keep }) = kind {
                    let keys = items.iter().map(|item| key(item)).collect();
                    let name =
                        if separator.contains('\n') { "order of lines" } else { "order of parameters" };
                    let shows = Shows::Order { keys, items: *count, keep: *keep };
                    let part = Part { site: site.0, shows };
                    channels.entry(Channel(Flattened::Named(name), Some(file))).or_default().push(part);
                }
                items.iter().for_each(|item| collect(item, file, master, channels));
            }
        }
    }
}

/// A branch as one rendering writes it, without white space around.
fn trimmed(nodes: &[Node]) -> Cow<'_, str> {
    match nodes {
        [Node::Text(text)] => Cow::Borrowed(text.trim()),
        _ => Cow::Owned(plain(nodes).trim().to_owned()),
    }
}

/// Some nodes as one rendering writes them.
fn plain(nodes: &[Node]) -> String {
    let part = |node: &Node| match node {
        Node::Text(text) => text.clone(),
        Node::Choice { branches, .. } => branches.first().map(|branch| plain(branch)).unwrap_or_default(),
        Node::Constant { .. } => String::from("?"),
        Node::Order { items, separator, .. } => {
            items.iter().map(|item| plain(item)).collect::<Vec<_>>().join(separator)
        }
    };
    nodes.iter().map(part).collect()
}

/// What a sorter compares: letters and digits, whatever their case, quotes and bullets.
fn key(item: &[Node]) -> String {
    let text = plain(item);
    text.trim_start_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

/// The channels a choice belongs to, whether they end with the file, and the form of each branch there.
fn forms(branches: &[Vec<Node>]) -> Vec<(Flattened<'_>, bool, Vec<Cow<'_, str>>)> {
    let mut found = Vec::new();
    let own: Vec<Cow<'_, str>> = branches.iter().map(|branch| trimmed(branch)).collect();
    let all = |form: fn(&str) -> Option<&'static str>| -> Option<Vec<Cow<'_, str>>> {
        let forms: Vec<_> =
            own.iter().map(|branch| form(branch).map(Cow::Borrowed)).collect::<Option<_>>()?;
        forms.windows(2).any(|two| two.first() != two.last()).then_some(forms)
    };
    let alike = |same: fn(&str, &str) -> bool| own.iter().zip(own.iter().skip(1)).all(|(a, b)| same(a, b));
    if alike(same_letters) {
        found.extend(all(case).map(|forms| (Flattened::Named("letter case"), true, forms)));
    } else if alike(same_word) {
        let of = |branch: &Cow<'_, str>| {
            Cow::Borrowed(if *branch == american(branch) { "American" } else { "British" })
        };
        found.push((Flattened::Named("spelling"), false, own.iter().map(of).collect()));
    } else {
        found.extend(all(number).map(|forms| (Flattened::Named("form of numbers"), true, forms)));
    }
    let mut variants = own.clone();
    variants.sort_unstable();
    found.push((Flattened::Words(variants), false, own));
    found
}

fn same_letters(one: &str, other: &str) -> bool {
    if one.is_ascii() && other.is_ascii() {
        return one.eq_ignore_ascii_case(other);
    }
    one.to_lowercase() == other.to_lowercase()
}

/// Whether two texts differ in spelling at most; no spelling changes the first letter.
fn same_word(one: &str, other: &str) -> bool {
    one.chars().next() == other.chars().next() && american(one) == american(other)
}

fn case(text: &str) -> Option<&'static str> {
    let (upper, lower) = (text.contains(char::is_uppercase), text.contains(char::is_lowercase));
    Some(match (upper, lower) {
        (true, false) => "capitals",
        (false, _) => "small letters",
        (true, true) => "both cases",
    })
}

fn number(text: &str) -> Option<&'static str> {
    const WORDS: [&str; 13] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    let digits = |text: &str, hex: bool| {
        !text.is_empty() && text.chars().all(|c| if hex { c.is_ascii_hexdigit() } else { c.is_ascii_digit() })
    };
    // What starts with a letter is a number in words only, and none of those is longer.
    if text.len() > 6 && text.starts_with(char::is_alphabetic) {
        return None;
    }
    let lower = text.to_lowercase();
    match lower.strip_prefix("0x") {
        Some(rest) if digits(rest, true) => Some("hexadecimal"),
        _ if digits(&lower, false) => Some("decimal"),
        _ => WORDS.contains(&lower.as_str()).then_some("in words"),
    }
}

/// Folds British spellings onto American ones, whether or not what comes out is a word.
fn american(text: &str) -> String {
    const ENDINGS: [(&str, &str); 15] = [
        ("isation", "ization"),
        ("ising", "izing"),
        ("ised", "ized"),
        ("ises", "izes"),
        ("ise", "ize"),
        ("ysed", "yzed"),
        ("yse", "yze"),
        ("ours", "ors"),
        ("our", "or"),
        ("oured", "ored"),
        ("tre", "ter"),
        ("lled", "led"),
        ("lling", "ling"),
        ("ence", "ense"),
        ("ogue", "og"),
    ];
    let fold = |word: &str| {
        let word = if word.eq_ignore_ascii_case("grey") { word.replace("ey", "ay") } else { word.to_owned() };
        let folded = ENDINGS.iter().find_map(|(from, to)| Some(format!("{}{to}", word.strip_suffix(from)?)));
        folded.unwrap_or(word)
    };
    text.split(' ').map(fold).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::tests::{choice, master, order, text};

    fn erased(nodes: Vec<Node>, seen: &[u32]) -> (Vec<ErasedChannel>, usize) {
        let master = master(nodes);
        let mut sites: Vec<SiteReading> = master
            .sites
            .iter()
            .zip(seen)
            .map(|(site, seen)| SiteReading { site: site.id.clone(), seen: Seen::Index(*seen) })
            .collect();
        let channels = Channels::of(&master).erase(&master, &mut sites);
        (channels, sites.iter().filter(|site| site.seen == Seen::Erased).count())
    }

    fn spellings(count: usize) -> Vec<Node> {
        const PAIRS: [[&str; 2]; 3] =
            [["colour", "color"], ["normalize", "normalise"], ["licence", "license"]];
        (0..count).flat_map(|at| [text(" and "), choice(at, &PAIRS[at % 3])]).collect()
    }

    #[test]
    fn few_sites_or_mixed_ones_stay() {
        let american: Vec<u32> = (0..10).map(|at| if at % 3 == 1 { 0 } else { 1 }).collect();
        assert_eq!(erased(spellings(10), &american), (vec![], 0));
        let mixed: Vec<u32> = (0..14).map(|at| u32::from(at % 2 == 0)).collect();
        assert_eq!(erased(spellings(14), &mixed), (vec![], 0));
    }

    #[test]
    fn one_spelling_everywhere_is_a_spell_checker() {
        let american: Vec<u32> = (0..12).map(|at| if at % 3 == 1 { 0 } else { 1 }).collect();
        let (channels, count) = erased(spellings(12), &american);
        assert_eq!((channels.len(), channels[0].channel.as_str(), count), (1, "spelling", 12));
        assert!(channels[0].reason.contains("all 12 sites read `American`"), "{}", channels[0].reason);
    }

    #[test]
    fn one_variant_everywhere_is_a_global_replacement() {
        let nodes = || (0..12).flat_map(|at| [text(" x "), choice(at, &["client", "customer"])]).collect();
        assert_eq!(erased(nodes(), &[0; 12]).1, 12);
        let mut one_other = [0; 12];
        one_other[7] = 1;
        assert_eq!(erased(nodes(), &one_other).1, 0);
    }

    #[test]
    fn sorted_lists_are_a_sorter_and_lists_in_reverse_are_not() {
        let items = |at: usize| [format!("- b{at}"), format!("- A{at}"), format!("- c{at}")];
        let nodes = || -> Vec<Node> {
            let list = |at| {
                let items = items(at);
                order(at, &[&items[0], &items[1], &items[2]])
            };
            (0..4).flat_map(|at| [text("\n\n"), list(at)]).collect()
        };
        let rank = |order: &[usize]| crate::arrange::rank_of(order, 3).unwrap();
        let (sorted, reverse) = (rank(&[1, 0, 2]), rank(&[2, 0, 1]));
        let (channels, count) = erased(nodes(), &[sorted; 4]);
        assert_eq!((channels[0].channel.as_str(), count), ("order of lines", 4));
        assert_eq!(channels[0].file.as_deref(), Some("a.md"));
        assert_eq!(erased(nodes(), &[reverse; 4]).1, 0);
        assert_eq!(erased(nodes(), &[sorted, sorted, sorted, reverse]).1, 0);
    }

    #[test]
    fn forms_are_told() {
        let names = |branches: &[&str]| -> Vec<String> {
            let branches: Vec<Vec<Node>> = branches.iter().map(|branch| vec![text(branch)]).collect();
            forms(&branches).into_iter().map(|(channel, ..)| channel.to_string()).collect()
        };
        assert_eq!(names(&["0x10", "16"])[0], "form of numbers");
        assert_eq!(names(&["four", "4"])[0], "form of numbers");
        assert_eq!(names(&["Root Cause", "root cause"])[0], "letter case");
        assert_eq!(names(&["behaviour", "behavior"])[0], "spelling");
        assert_eq!(names(&["10", "11"]), ["choice of words `10`, `11`"]);
    }
}
