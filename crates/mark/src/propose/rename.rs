//! Other names for variables and functions of code, strings of YARA and selections of Sigma.
//!
//! Whether a name can be renamed is the parser's decision; here are only names that read well.

use std::collections::HashSet;

use super::code::{Code, Line};
use super::draft::{Draft, Edit, newline};
use super::{Channel, Package, Tier};
use crate::kinds::FileKind;
use crate::kinds::lex::{TokenKind, is_ident};
use crate::syntax::{Source, Taken};

/// Parts of names of one meaning; a part that stands in no line stays.
const PARTS: &[&[&str]] = &[
    &["response", "reply", "answer"],
    &["resp", "reply", "answer"],
    &["result", "outcome", "found"],
    &["results", "outcomes", "findings"],
    &["payload", "content", "body"],
    &["data", "content", "blob"],
    &["buffer", "scratch", "store"],
    &["buf", "scratch", "chunk"],
    &["url", "endpoint", "address"],
    &["sock", "conn", "link"],
    &["connection", "channel", "link"],
    &["headers", "fields", "head"],
    &["header", "head", "prefix"],
    &["body", "content", "payload"],
    &["text", "content", "body"],
    &["message", "notice", "packet"],
    &["msg", "notice", "packet"],
    &["count", "total", "amount"],
    &["length", "size", "extent"],
    &["size", "length", "extent"],
    &["index", "position", "number"],
    &["offset", "position", "start"],
    &["path", "location", "route"],
    &["name", "label", "title"],
    &["line", "row", "entry"],
    &["lines", "rows", "entries"],
    &["items", "entries", "elements"],
    &["item", "entry", "element"],
    &["parts", "pieces", "segments"],
    &["part", "piece", "segment"],
    &["values", "entries", "numbers"],
    &["user", "account", "login"],
    &["parser", "options", "cli"],
    &["target", "victim", "subject"],
    &["host", "server", "machine"],
    &["check", "test", "examine"],
    &["send", "submit", "transmit"],
    &["make", "build", "create"],
    &["build", "make", "compose"],
    &["create", "make", "build"],
    &["get", "fetch", "obtain"],
    &["fetch", "retrieve", "load"],
    &["parse", "decode", "interpret"],
    &["show", "display", "present"],
    &["probe", "check", "inspect"],
    &["request", "query"],
    &["attempt", "trial", "round"],
    &["status", "state", "outcome"],
    &["token", "ticket", "secret"],
    &["session", "client", "visit"],
    &["found", "seen", "hits"],
    &["vulnerable", "affected", "exposed"],
    &["elapsed", "taken", "spent"],
    &["started", "begun", "opened"],
    &["marker", "witness", "sign"],
    &["limit", "bound", "ceiling"],
    &["output", "printed", "written"],
    // Strings of YARA and selections of Sigma.
    &["selection", "pattern", "match"],
    &["filter", "exclusion", "benign"],
    &["field", "member", "column"],
    &["uri", "route", "resource"],
    &["magic", "opening", "leader"],
    &["string", "word", "literal"],
    &["file", "document", "attachment"],
    &["method", "verb", "operation"],
    &["agent", "browser", "caller"],
];
/// Names of the languages and of what everybody imports; new names never shadow them.
const BUILT_IN: &[&str] = &[
    "input", "print", "hash", "type", "id", "list", "dict", "set", "str", "int", "len", "open", "file",
    "format", "match", "object", "iter", "next", "sum", "min", "max", "bytes", "filter", "map", "range",
    "zip", "vars",
];

/// Finds identifiers with other good names; lines that other drafts put a marker on are left to those.
pub(super) fn drafts(package: &Package<'_>, others: &[Draft]) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for (file, source, taken) in package.files() {
        let sigma = source.kind == FileKind::Yaml && source.text.contains("\ndetection:");
        if !sigma && !matches!(source.kind, FileKind::Python | FileKind::Yara) {
            continue;
        }
        let busy: HashSet<usize> = others
            .iter()
            .flat_map(|draft| &draft.edits)
            .filter(|(other, _)| *other == file)
            .map(|(_, edit)| source.line_of(edit.range.start))
            .collect();
        find(file, source, taken, &busy, &mut drafts);
    }
    drafts
}

fn find(file: usize, source: &Source<'_>, taken: &Taken, busy: &HashSet<usize>, drafts: &mut Vec<Draft>) {
    let Some(marker) = source.kind.marker() else { return };
    let code = Code::new(source);
    let mut used: HashSet<String> = source
        .text
        .split(|c: char| !c.is_ascii() || !is_ident(u8::try_from(c).unwrap_or(0)))
        .map(str::to_owned)
        .collect();
    let mut done: HashSet<&str> = HashSet::new();
    for line in &code.lines(source) {
        for (name, at) in bound(source, line) {
            if !done.insert(name) || taken.touches(&(at..at + name.len())) {
                continue;
            }
            let new = others(name, &used);
            let count = u32::try_from(new.len() + 1).map_or(0.0, f64::from);
            if new.is_empty() {
                continue;
            }
            used.extend(new.iter().cloned());
            let sigil = if source.kind == FileKind::Yara { "$" } else { "" };
            let names: Vec<String> = std::iter::once(name)
                .chain(new.iter().map(String::as_str))
                .map(|name| format!("{sigil}{name}"))
                .collect();
            let text = format!("{marker} rename {}", names.join("|"));
            let indent = source.slice(line.start, line.start + line.indent);
            let trailing = !line.comment
                && !busy.contains(&line.number)
                && !taken.touches(&(line.start..line.end + 1))
                && !source.slice(line.start, line.end).ends_with('\\')
                && !drafts.iter().any(|draft| {
                    draft.edits.iter().any(|(other, edit)| *other == file && edit.range.start == line.end)
                });
            let edit = match trailing {
                true => Edit::marker(line.end, format!("  {text}")),
                false => Edit::marker(line.start, format!("{indent}{text}{}", newline(source.text))),
            };
            let (channel, tier, safe, survives) = match source.kind {
                FileKind::Python => (
                    Channel::LocalRename,
                    Tier::B,
                    "the name is changed everywhere in the file and is no attribute, keyword argument or import; nothing looks it up by its text",
                    "copying and formatters; not another language",
                ),
                _ => (
                    Channel::IdentifierRename,
                    Tier::C,
                    "the name is changed in the definition and in every condition; it matches nothing by itself",
                    "verbatim copying; rule converters drop it",
                ),
            };
            drafts.push(Draft {
                channel,
                tier,
                bits: count.log2(),
                key: name.to_owned(),
                places: vec![(file, at)],
                edits: vec![(file, edit)],
                safe: safe.to_owned(),
                survives,
            });
        }
    }
}

/// Names that a line defines, with their offsets.
fn bound<'a>(source: &Source<'a>, line: &Line<'_>) -> Vec<(&'a str, usize)> {
    let text = |at: usize| line.tokens.get(at).map_or("", |token| source.slice(token.start, token.end));
    let punct = |at: usize| match line.tokens.get(at).map(|token| token.kind) {
        Some(TokenKind::Punct(byte)) => byte,
        _ => 0,
    };
    let ident = |at: usize| {
        let token = line.tokens.get(at).filter(|token| token.kind == TokenKind::Ident)?;
        Some((source.slice(token.start, token.end), token.start))
    };
    match source.kind {
        FileKind::Yara if punct(0) == b'$' && punct(2) == b'=' => ident(1).into_iter().collect(),
        FileKind::Yaml if line.indent > 0 && punct(1) == b':' && line.tokens.len() == 2 => {
            ident(0).into_iter().collect()
        }
        FileKind::Python => {
            if text(0) == "def" {
                // The name, then what follows a parenthesis or comma.
                let parameters = (2..line.tokens.len())
                    .filter(|at| matches!(punct(at - 1), b'(' | b','))
                    .filter_map(ident);
                return ident(1).into_iter().chain(parameters).collect();
            }
            if text(0) == "for" && text(2) == "in" {
                return ident(1).into_iter().collect();
            }
            if text(0) == "with" {
                let bound = (1..line.tokens.len()).filter(|at| text(at - 1) == "as").filter_map(ident);
                return bound.collect();
            }
            let simple = line.inside.is_none() && line.assigned() == Some(1);
            simple.then(|| ident(0)).flatten().into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Names that read as well and are not used.
fn others(name: &str, used: &HashSet<String>) -> Vec<String> {
    if name.len() < 4 && name != "url" && name != "msg" && name != "buf" && name != "uri"
        || name.starts_with('_')
    {
        return Vec::new();
    }
    let upper = name.bytes().all(|b| !b.is_ascii_lowercase());
    let parts: Vec<&str> = name.split('_').collect();
    let mut hits = parts.iter().enumerate().filter_map(|(at, part)| {
        let part = part.to_ascii_lowercase();
        let row = PARTS.iter().find(|row| row.first() == Some(&part.as_str()))?;
        Some((at, row))
    });
    let Some((at, row)) = hits.next_back() else { return Vec::new() };
    let variants = row.iter().skip(1).map(|new| {
        let mut parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        if let Some(part) = parts.get_mut(at) {
            *part = if upper { new.to_ascii_uppercase() } else { (*new).to_owned() };
        }
        parts.join("_")
    });
    // A name inside another: what a damaged leak leaves of one reads like the other.
    let apart = |new: &String| !name.contains(new.as_str()) && !new.contains(name);
    variants.filter(|new| apart(new) && !used.contains(new) && !BUILT_IN.contains(&new.as_str())).collect()
}
