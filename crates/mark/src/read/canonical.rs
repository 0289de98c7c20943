//! Channels that a tool flattened: sorted lists, one spelling everywhere, one form of number.
//!
//! Such a channel shows what the tool did and not whose copy it was. It is taken out where all its sites read
//! alike and uniform draws would do so once in a thousand times at most.
//!
//! What is taken out is a function of the master and the reading, never of a row. A reading that is
//! independent of an innocent member's row stays so: the bound does not move, only power does.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use crate::master::{Master, Node, SiteKind};
use crate::reading::{ErasedChannel, Seen, SiteReading};

/// Chance of a channel's sites reading alike under uniform draws, at and below which it is taken out.
const CHANCE: f64 = 1e-3;

/// What a tool may have flattened, and the file it may have done so in, if channels end with the file.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Channel<'m>(Flattened<'m>, Option<&'m str>);

#[derive(PartialEq, Eq, PartialOrd, Ord)]
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

/// One site's part in a channel.
struct Part<'m> {
    /// Index of the site.
    site: usize,
    /// What was seen amounts to; of an order, whether it is sorted.
    form: Cow<'m, str>,
    /// What each symbol amounts to, and its chance.
    chances: Vec<(Cow<'m, str>, f64)>,
}

type Channels<'m> = BTreeMap<Channel<'m>, Vec<Part<'m>>>;

/// Erases flattened channels, and says which.
pub(super) fn erase(master: &Master, sites: &mut [SiteReading]) -> Vec<ErasedChannel> {
    let mut channels = Channels::new();
    for file in &master.files {
        collect(&file.nodes, &file.path, master, sites, &mut channels);
    }
    let mut erased = Vec::new();
    for (Channel(flattened, file), mut parts) in channels {
        parts.sort_by_key(|part| part.site);
        parts.dedup_by_key(|part| part.site);
        let Some(first) = parts.first() else { continue };
        let form = &first.form;
        if parts.iter().any(|part| part.form != *form) || form == UNSORTED {
            continue;
        }
        // The chance of any one form everywhere; of orders, of sorted ones.
        let of_part = |part: &Part<'_>, form: &str| -> f64 {
            part.chances.iter().filter(|(other, _)| other == form).map(|(_, chance)| chance).sum()
        };
        let everywhere = |form: &str| parts.iter().map(|part| of_part(part, form)).product::<f64>();
        let mut forms: Vec<&str> = first.chances.iter().map(|(form, _)| form.as_ref()).collect();
        forms.sort_unstable();
        forms.dedup();
        let chance: f64 = forms.into_iter().map(everywhere).sum();
        if chance > CHANCE {
            continue;
        }
        let ids =
            parts.iter().filter_map(|part| master.sites.get(part.site)).map(|site| site.id.clone()).collect();
        erased.push(ErasedChannel {
            reason: format!(
                "all {} sites read `{form}`; by chance they do with probability {chance:.1e}",
                parts.len()
            ),
            channel: flattened.to_string(),
            file: file.map(str::to_owned),
            sites: ids,
        });
        for part in &parts {
            if let Some(site) = sites.get_mut(part.site) {
                site.seen = Seen::Erased;
            }
        }
    }
    erased
}

const SORTED: &str = "sorted";
const UNSORTED: &str = "not sorted";

fn collect<'m>(
    nodes: &'m [Node],
    file: &'m str,
    master: &Master,
    sites: &[SiteReading],
    channels: &mut Channels<'m>,
) {
    for node in nodes {
        match node {
            Node::Text(_) | Node::Constant { .. } => {}
            Node::Choice { site, branches } => {
                if let Some(Seen::Index(index)) = sites.get(site.0).map(|site| &site.seen) {
                    for (flattened, in_file, forms) in forms(branches) {
                        let seen = usize::try_from(*index).ok().and_then(|at| forms.get(at)).cloned();
                        let Some(form) = seen else { continue };
                        let each = 1.0 / forms.len() as f64;
                        let chances = forms.into_iter().map(|form| (form, each)).collect();
                        let part = Part { site: site.0, form, chances };
                        channels.entry(Channel(flattened, in_file.then_some(file))).or_default().push(part);
                    }
                }
                branches.iter().for_each(|branch| collect(branch, file, master, sites, channels));
            }
            Node::Order { site, items, separator } => {
                let seen = sites.get(site.0).map(|site| &site.seen);
                let kind = master.sites.get(site.0).map(|site| &site.kind);
                if let (Some(Seen::Index(rank)), Some(SiteKind::Order { items: count, keep })) = (seen, kind)
                {
                    let keys: Vec<String> = items.iter().map(|item| key(item)).collect();
                    let order = crate::arrange::arrangement(*rank, *count, *keep);
                    let shown: Vec<&String> = order.iter().filter_map(|item| keys.get(*item)).collect();
                    let form = Cow::Borrowed(if shown.is_sorted() { SORTED } else { UNSORTED });
                    let sorted = 1.0 / (1..=*keep).map(f64::from).product::<f64>();
                    let chances = vec![(Cow::Borrowed(SORTED), sorted)];
                    let name =
                        if separator.contains('\n') { "order of lines" } else { "order of parameters" };
                    let part = Part { site: site.0, form, chances };
                    channels.entry(Channel(Flattened::Named(name), Some(file))).or_default().push(part);
                }
                items.iter().for_each(|item| collect(item, file, master, sites, channels));
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
        let channels = erase(&master, &mut sites);
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
