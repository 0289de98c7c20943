//! Literals that may be anything, and every place they stand in.
//!
//! A literal is proposed when all its places in the package can carry the same generated value: prose, samples,
//! comments, and in code a string or number of its own. One place in a rule's condition, in an address that is
//! a link, or in the middle of a string of code, and it is left alone.

mod place;
mod shapes;

use super::draft::{Draft, Edit};
use super::tally::bits;
use super::{Channel, Package, Tier};
use crate::master::{Generator, Master, SiteKind};
use crate::render::placeholder;
use crate::syntax::{Problem, SourceFile, written};
use place::{How, How::Inline, How::Literal, Places};
use shapes::Candidate;

/// Repeated literals that are worth a warning at a time.
const MOST_REPEATED: usize = 5;

/// Finds constants, coupled over all files.
pub(super) fn drafts(package: &Package<'_>) -> Vec<Draft> {
    let candidates = shapes::candidates(package);
    let places = Places::new(package);
    let mut names = package.names.clone();
    let mut drafts = Vec::new();
    for candidate in &candidates {
        let Some(found) = places.of(package, candidate) else { continue };
        if let Some(draft) = draft(package, candidate, &found, &name(candidate.stem, &mut names)) {
            drafts.push(draft);
        }
    }
    drafts
}

/// Warns about literals of several places that are not marked.
pub(crate) fn repeated(files: &[SourceFile], master: &Master) -> Vec<Problem> {
    let package = Package::new(files, master);
    let places = Places::new(&package);
    let mut problems = Vec::new();
    for candidate in shapes::candidates(&package) {
        let Some(found) = places.of(&package, &candidate).filter(|found| found.len() > 1) else { continue };
        let Some(((file, range), source)) = found
            .first()
            .and_then(|(file, range, _)| Some(((*file, range.clone()), package.sources.get(*file)?)))
        else {
            continue;
        };
        let files: std::collections::BTreeSet<usize> =
            found.iter().map(|(file, ..)| *file).chain([file]).collect();
        let says = format!(
            "`{}` stands unmarked in {} places of {}; coupled, it would carry {:.0} bits: `forewarn mark propose` shows how",
            candidate.literal,
            found.len(),
            if files.len() == 1 { "one file".to_owned() } else { format!("{} files", files.len()) },
            bits(&SiteKind::Constant(candidate.generator)),
        );
        problems.push(Problem::warning("E2", source.locate(range.start), says));
    }
    problems.truncate(MOST_REPEATED);
    problems
}

fn name(stem: &str, names: &mut Vec<String>) -> String {
    let free = |name: &String| !names.contains(name);
    let name = Some(stem.to_owned())
        .filter(free)
        .or_else(|| (2..1000).map(|n| format!("{stem}{n}")).find(free))
        .unwrap_or_default();
    names.push(name.clone());
    name
}

fn draft(
    package: &Package<'_>,
    candidate: &Candidate,
    found: &[(usize, std::ops::Range<usize>, How)],
    name: &str,
) -> Option<Draft> {
    let generator = candidate.generator;
    let shown = placeholder(generator);
    // Code can only reuse a name; a text must define it.
    let home = found.iter().position(|(.., how)| *how == Inline)?;
    let mut edits = Vec::with_capacity(found.len());
    for (index, (file, range, how)) in found.iter().enumerate() {
        let source = package.sources.get(*file)?;
        match how {
            Inline => {
                let with = if index == home {
                    format!("{{~{name}={}~}}", written(generator))
                } else {
                    format!("{{~{name}~}}")
                };
                edits.push((*file, Edit::value(source, range.clone(), with, shown.clone())));
            }
            Literal => {
                let marker = source.kind.marker()?;
                let end = source.line_end(source.line_of(range.start));
                edits.push((*file, Edit::literal(source, range.clone(), shown.clone())));
                edits.push((*file, Edit::marker(end, format!("  {marker} ={name}"))));
            }
        }
    }
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.swap(0, home);
    let places =
        order.iter().filter_map(|at| found.get(*at)).map(|(file, range, _)| (*file, range.start)).collect();
    let files: std::collections::BTreeSet<usize> = found.iter().map(|(file, ..)| *file).collect();
    let reach = match (found.len(), files.len()) {
        (1, _) => "quote it in another file too, so that a leak of that file shows it".to_owned(),
        (n, 1) => format!("its {n} places stay equal; quote it in another file too"),
        (n, files) => format!("its {n} places in {files} files stay equal"),
    };
    let survives = match generator {
        Generator::Word(_) => "rewriting and translation that keep the sample; traffic of whoever reuses it",
        _ => "rewriting, another language, and traffic of whoever reuses the sample",
    };
    Some(Draft {
        channel: Channel::FreeConstant,
        tier: if candidate.certain { Tier::A } else { Tier::B },
        bits: bits(&SiteKind::Constant(generator)),
        key: candidate.literal.clone(),
        places,
        edits,
        safe: format!("{}; no rule depends on it; {reach}", candidate.why),
        survives,
    })
}
