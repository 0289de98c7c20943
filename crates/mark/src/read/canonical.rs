//! Channels that a tool flattened: sorted lists, one spelling everywhere, one form of number.
//!
//! Such a channel shows what the tool did and not whose copy it was. It is taken out where all its sites read
//! alike and uniform draws would do so once in a thousand times at most.
//!
//! What is taken out is a function of the master and the reading, never of a row. A reading that is
//! independent of an innocent member's row stays so: the bound does not move, only power does.

use std::collections::BTreeMap;

use crate::master::{Master, Node, SiteKind};
use crate::reading::{ErasedChannel, Seen, SiteReading};

/// Chance of a channel's sites reading alike under uniform draws, at and below which it is taken out.
const CHANCE: f64 = 1e-3;

/// One site's part in a channel.
struct Part {
    /// Index of the site.
    site: usize,
    /// What each symbol amounts to, in symbol order; of an order, whether it is sorted.
    form: String,
    /// Chance of each form.
    chances: BTreeMap<String, f64>,
}

/// Erases flattened channels, and says which.
pub(super) fn erase(master: &Master, sites: &mut [SiteReading]) -> Vec<ErasedChannel> {
    let mut channels: BTreeMap<(String, Option<String>), Vec<Part>> = BTreeMap::new();
    for file in &master.files {
        collect(&file.nodes, &file.path, master, sites, &mut channels);
    }
    let mut erased = Vec::new();
    for ((channel, file), mut parts) in channels {
        parts.sort_by_key(|part| part.site);
        parts.dedup_by_key(|part| part.site);
        let Some(form) = parts.first().map(|part| part.form.clone()) else { continue };
        if parts.iter().any(|part| part.form != form) || form == UNSORTED {
            continue;
        }
        // The chance of any one form everywhere; of orders, of sorted ones.
        let chance = |form: &str| -> f64 {
            parts.iter().map(|part| part.chances.get(form).copied().unwrap_or(0.0)).product()
        };
        let forms = parts.first().map(|part| part.chances.keys().cloned().collect()).unwrap_or_default();
        let forms: Vec<String> = if form == SORTED { vec![form.clone()] } else { forms };
        let chance: f64 = forms.iter().map(|form| chance(form)).sum();
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
            channel,
            file,
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

fn collect(
    nodes: &[Node],
    file: &str,
    master: &Master,
    sites: &[SiteReading],
    channels: &mut BTreeMap<(String, Option<String>), Vec<Part>>,
) {
    for node in nodes {
        match node {
            Node::Text(_) | Node::Constant { .. } => {}
            Node::Choice { site, branches } => {
                if let Some(Seen::Index(index)) = sites.get(site.0).map(|site| &site.seen) {
                    let texts: Vec<String> = branches.iter().map(|branch| plain(branch)).collect();
                    for (channel, in_file, forms) in forms(&texts) {
                        let Some(form) = usize::try_from(*index).ok().and_then(|at| forms.get(at)) else {
                            continue;
                        };
                        let mut chances = BTreeMap::new();
                        for form in &forms {
                            *chances.entry(form.clone()).or_insert(0.0) += 1.0 / forms.len() as f64;
                        }
                        let key = (channel, in_file.then(|| file.to_owned()));
                        channels.entry(key).or_default().push(Part {
                            site: site.0,
                            form: form.clone(),
                            chances,
                        });
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
                    let form = if shown.is_sorted() { SORTED } else { UNSORTED };
                    let sorted = 1.0 / (1..=*keep).map(f64::from).product::<f64>();
                    let chances = BTreeMap::from([(SORTED.to_owned(), sorted)]);
                    let name =
                        if separator.contains('\n') { "order of lines" } else { "order of parameters" };
                    let part = Part { site: site.0, form: form.to_owned(), chances };
                    channels.entry((name.to_owned(), Some(file.to_owned()))).or_default().push(part);
                }
                items.iter().for_each(|item| collect(item, file, master, sites, channels));
            }
        }
    }
}

/// A branch as one rendering writes it.
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
fn forms(branches: &[String]) -> Vec<(String, bool, Vec<String>)> {
    let mut found = Vec::new();
    let mut variants: Vec<&str> = branches.iter().map(|branch| branch.trim()).collect();
    let own: Vec<String> = variants.iter().map(|branch| (*branch).to_owned()).collect();
    let all = |form: fn(&str) -> Option<&'static str>| -> Option<Vec<String>> {
        let forms: Vec<String> =
            own.iter().map(|branch| form(branch).map(str::to_owned)).collect::<Option<_>>()?;
        forms.windows(2).any(|two| two.first() != two.last()).then_some(forms)
    };
    let equal = |fold: fn(&str) -> String| {
        let mut folded: Vec<String> = own.iter().map(|branch| fold(branch)).collect();
        folded.dedup();
        folded.len() == 1
    };
    if equal(str::to_lowercase) {
        found.extend(all(case).map(|forms| (String::from("letter case"), true, forms)));
    } else if equal(american) {
        let of =
            |branch: &String| if *branch == american(branch) { "American" } else { "British" }.to_owned();
        found.push((String::from("spelling"), false, own.iter().map(of).collect()));
    } else {
        found.extend(all(number).map(|forms| (String::from("form of numbers"), true, forms)));
    }
    variants.sort_unstable();
    found.push((format!("choice of words `{}`", variants.join("`, `")), false, own));
    found
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
            let branches: Vec<String> = branches.iter().map(|branch| (*branch).to_owned()).collect();
            forms(&branches).into_iter().map(|(channel, ..)| channel).collect()
        };
        assert_eq!(names(&["0x10", "16"])[0], "form of numbers");
        assert_eq!(names(&["four", "4"])[0], "form of numbers");
        assert_eq!(names(&["Root Cause", "root cause"])[0], "letter case");
        assert_eq!(names(&["behaviour", "behavior"])[0], "spelling");
        assert_eq!(names(&["10", "11"]), ["choice of words `10`, `11`"]);
    }
}
