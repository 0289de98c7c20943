//! Renames: one identifier, every place of it in a file, and the reasons not to touch it.
//!
//! Only whole identifiers are renamed, never the text of strings and comments. A name is refused when it is an
//! attribute, a keyword argument, a field, an import, or is evaluated inside a string, since a rename would
//! change what the file means; in YAML only the keys that a Sigma `condition` combines can be renamed.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::source::Source;
use crate::kinds::FileKind;
use crate::kinds::lex::{Token, TokenKind, is_ident};

/// A `rename old|new|…` marker.
pub(super) struct Rename<'a> {
    pub(super) at: usize,
    /// The identifier as written, then the new ones.
    pub(super) names: Vec<&'a str>,
}

/// What is known about a package's identifiers.
pub(super) struct Names<'a> {
    files: Vec<FileNames<'a>>,
    /// Files that use a name as an attribute, keyword argument or import.
    outside: HashMap<(FileKind, &'a str), Vec<usize>>,
}

/// The identifiers of one file.
struct FileNames<'a> {
    /// Indices of tokens.
    idents: HashMap<&'a str, Vec<usize>>,
    /// Innermost open bracket before each token, 0 for none.
    brackets: Vec<u8>,
    /// Words inside strings: byte offset and whether the string is evaluated.
    in_strings: HashMap<&'a str, Vec<(usize, bool)>>,
    /// `name*`, as YARA and Sigma select several names.
    wildcards: Vec<&'a str>,
    /// Whether the file looks names up at run time.
    dynamic: bool,
    /// Old and new names of renames so far.
    renamed: HashSet<&'a str>,
    /// Every word outside of marker comments, once a rename asks for it.
    words: Option<HashSet<&'a str>>,
}

/// Byte offset and a sentence for the author.
type Refusal = (usize, String);

const DYNAMIC: &[&str] =
    &["getattr", "setattr", "hasattr", "globals", "locals", "vars", "eval", "exec", "__all__"];
const IMPORTS: &[&str] = &["import", "from", "use", "include", "require", "package", "extern", "mod"];
/// Words that are reserved in one of the languages and make poor names in the others.
const RESERVED: &[&str] = &[
    "and",
    "as",
    "async",
    "await",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "class",
    "const",
    "continue",
    "def",
    "default",
    "defer",
    "del",
    "delete",
    "do",
    "done",
    "double",
    "elif",
    "else",
    "end",
    "enum",
    "esac",
    "except",
    "export",
    "extern",
    "false",
    "False",
    "fi",
    "finally",
    "float",
    "fn",
    "for",
    "from",
    "func",
    "function",
    "global",
    "go",
    "goto",
    "if",
    "impl",
    "import",
    "in",
    "int",
    "interface",
    "is",
    "lambda",
    "let",
    "long",
    "loop",
    "map",
    "match",
    "mod",
    "move",
    "mut",
    "new",
    "nil",
    "None",
    "nonlocal",
    "not",
    "null",
    "of",
    "or",
    "package",
    "pass",
    "pub",
    "raise",
    "range",
    "ref",
    "return",
    "select",
    "self",
    "Self",
    "short",
    "signed",
    "sizeof",
    "static",
    "struct",
    "super",
    "switch",
    "then",
    "this",
    "throw",
    "trait",
    "true",
    "True",
    "try",
    "type",
    "typedef",
    "typeof",
    "union",
    "unsafe",
    "unsigned",
    "until",
    "use",
    "var",
    "void",
    "volatile",
    "where",
    "while",
    "with",
    "yield",
    "all",
    "any",
    "them",
    "condition",
    "strings",
    "meta",
    "rule",
];

impl<'a> Names<'a> {
    pub(super) fn new(sources: &[Source<'a>], lexed: &[Vec<Token>]) -> Names<'a> {
        let mut outside: HashMap<(FileKind, &'a str), Vec<usize>> = HashMap::new();
        let mut files = Vec::with_capacity(sources.len());
        for (file, (source, tokens)) in sources.iter().zip(lexed).enumerate() {
            let names = FileNames::new(source, tokens);
            for (name, places) in &names.idents {
                if places.iter().any(|&place| names.fixed(source, tokens, place).is_some()) {
                    outside.entry((source.kind, name)).or_default().push(file);
                }
            }
            files.push(names);
        }
        Names { files, outside }
    }

    /// Gives the places that a rename changes.
    ///
    /// # Errors
    /// Where and why the rename would not be safe.
    pub(super) fn check(
        &mut self,
        file: usize,
        source: &Source<'a>,
        tokens: &[Token],
        markers: &[Range<usize>],
        rename: &Rename<'a>,
    ) -> Result<Vec<Range<usize>>, Refusal> {
        let refuse = |says: String| Err((rename.at, says));
        let sigils = source.kind == FileKind::Yara && rename.names.iter().all(|name| name.starts_with('$'));
        let names = rename.names.iter().map(|name| name.strip_prefix('$').filter(|_| sigils).unwrap_or(name));
        let names: Vec<&'a str> = names.collect();
        let Some((&old, new)) = names.split_first().filter(|(_, new)| !new.is_empty()) else {
            return refuse("write `rename old|new`, with one new name at least".to_owned());
        };
        if let Some(bad) = names.iter().find(|name| !is_identifier(name)) {
            return refuse(format!("`{bad}` is no identifier"));
        }
        if let Some(bad) = names.iter().find(|name| RESERVED.contains(name)) {
            return refuse(format!("`{bad}` is a reserved word"));
        }
        if self.outside.get(&(source.kind, old)).is_some_and(|files| files.iter().any(|&other| other != file))
        {
            return refuse(format!(
                "another file of the package uses `{old}` as an attribute, argument or import"
            ));
        }
        let Some(known) = self.files.get_mut(file) else { return Ok(Vec::new()) };
        let words = known.words.get_or_insert_with(|| words_outside(source, markers));
        if let Some(bad) = new.iter().find(|name| words.contains(*name) || known.renamed.contains(*name)) {
            return refuse(format!("`{bad}` occurs in this file already; choose another name"));
        }
        if !known.renamed.insert(old) {
            return refuse(format!("`{old}` is renamed twice"));
        }
        known.renamed.extend(new);
        let places = known.places(source, tokens, old, new)?;
        if places.is_empty() {
            return refuse(format!("`{old}` does not occur in this file"));
        }
        Ok(places)
    }
}

impl<'a> FileNames<'a> {
    fn new(source: &Source<'a>, tokens: &[Token]) -> FileNames<'a> {
        let mut names = FileNames {
            idents: HashMap::new(),
            brackets: Vec::with_capacity(tokens.len()),
            in_strings: HashMap::new(),
            wildcards: Vec::new(),
            dynamic: false,
            renamed: HashSet::new(),
            words: None,
        };
        let mut open = Vec::new();
        for (index, token) in tokens.iter().enumerate() {
            names.brackets.push(open.last().copied().unwrap_or(0));
            match token.kind {
                TokenKind::Punct(bracket @ (b'(' | b'[' | b'{')) => open.push(bracket),
                TokenKind::Punct(b')' | b']' | b'}') => {
                    open.pop();
                }
                TokenKind::Ident => {
                    let name = source.slice(token.start, token.end);
                    names.idents.entry(name).or_default().push(index);
                    names.dynamic |= DYNAMIC.contains(&name);
                    if source.byte(token.end) == Some(b'*') {
                        names.wildcards.push(name);
                    }
                }
                TokenKind::Str { live, .. } => {
                    for (at, word) in words(source.slice(token.start, token.end)) {
                        names.in_strings.entry(word).or_default().push((token.start + at, live));
                    }
                }
                TokenKind::Punct(_) | TokenKind::Number | TokenKind::Comment => {}
            }
        }
        names
    }

    fn places(
        &self,
        source: &Source<'_>,
        tokens: &[Token],
        old: &str,
        new: &[&str],
    ) -> Result<Vec<Range<usize>>, Refusal> {
        let selects = matches!(source.kind, FileKind::Yara | FileKind::Yaml);
        let selected = |name: &str| self.wildcards.iter().any(|prefix| name.starts_with(prefix));
        let indices = self.idents.get(old).map(Vec::as_slice).unwrap_or_default();
        let first = indices.first().and_then(|&index| tokens.get(index)).map_or(0, |token| token.start);
        if selects && (selected(old) || new.iter().any(|name| selected(name))) {
            return Err((first, format!("`{old}` or its new name is selected by a wildcard")));
        }
        if source.kind == FileKind::Yaml {
            return keys(source, tokens, indices, old, first);
        }
        let mut places = Vec::with_capacity(indices.len());
        for &index in indices {
            let Some(token) = tokens.get(index) else { continue };
            if let Some(why) = self.fixed(source, tokens, index) {
                return Err((token.start, format!("`{old}` is {why} here and cannot be renamed")));
            }
            places.push(token.start..token.end);
        }
        for &(at, live) in self.in_strings.get(old).into_iter().flatten() {
            let before = at.checked_sub(1).and_then(|before| source.byte(before));
            let named = matches!(before, Some(b'{' | b'$'));
            let evaluated = match source.kind {
                FileKind::Shell => live && named,
                FileKind::Rust => named,
                _ => live,
            };
            if evaluated || self.dynamic {
                return Err((
                    at,
                    format!("`{old}` may be evaluated inside this string and cannot be renamed"),
                ));
            }
        }
        Ok(places)
    }

    /// Says why an identifier is part of an interface, if it is.
    fn fixed(&self, source: &Source<'_>, tokens: &[Token], index: usize) -> Option<&'static str> {
        let token = tokens.get(index)?;
        let punct = |at: Option<usize>| match at.and_then(|at| tokens.get(at)).map(|token| token.kind) {
            Some(TokenKind::Punct(byte)) => byte,
            _ => 0,
        };
        let (before, after) = (punct(index.checked_sub(1)), punct(Some(index + 1)));
        let (before2, after2) = (punct(index.checked_sub(2)), punct(Some(index + 2)));
        let bracket = self.brackets.get(index).copied().unwrap_or(0);
        let adjacent = |bytes: &[u8], at: Option<usize>| {
            at.and_then(|at| source.byte(at)).is_some_and(|b| bytes.contains(&b))
        };
        let (left, right) = (token.start.checked_sub(1), Some(token.end));
        let c_like =
            matches!(source.kind, FileKind::C | FileKind::Go | FileKind::JavaScript | FileKind::Rust);
        match source.kind {
            FileKind::Yaml => return None,
            FileKind::Shell => {
                let variable = adjacent(b"$", left) || adjacent(b"{", left) && before2 == b'$';
                let word = adjacent(b"-./:@%+", left) || (!variable && adjacent(b"-./:@%+", right));
                return word.then_some("part of a longer word");
            }
            _ => {}
        }
        let first_on_line = || {
            let start = source.line_start(source.line_of(token.start));
            let line =
                source.slice(start, token.start).trim_start_matches(|c: char| c.is_whitespace() || c == '#');
            words(line).next().is_some_and(|(at, word)| at == 0 && IMPORTS.contains(&word))
        };
        if before == b'.' && before2 != b'.'
            || before == b'>' && before2 == b'-'
            || before == b':' && before2 == b':'
        {
            return Some("an attribute");
        }
        if source.kind == FileKind::Python && bracket == b'(' && after == b'=' && after2 != b'=' {
            return Some("a keyword argument");
        }
        if c_like && bracket == b'{' && matches!(before, b'{' | b',') {
            let key = after == b':' && after2 != b':';
            if key || matches!(after, b',' | b'}') {
                return Some("a field");
            }
        }
        first_on_line().then_some("imported")
    }
}

/// Keys of a YAML mapping that a `condition` combines, with their places in it.
fn keys(
    source: &Source<'_>,
    tokens: &[Token],
    indices: &[usize],
    old: &str,
    first: usize,
) -> Result<Vec<Range<usize>>, Refusal> {
    let (mut places, mut keys, mut conditions) = (Vec::new(), 0, 0);
    for token in indices.iter().filter_map(|&index| tokens.get(index)) {
        let start = source.line_start(source.line_of(token.start));
        let before = source.slice(start, token.start);
        let neighbours = [token.start.checked_sub(1), Some(token.end)];
        let longer =
            neighbours.into_iter().flatten().filter_map(|at| source.byte(at)).any(|b| b"-./".contains(&b));
        let key = before.trim().is_empty() && source.byte(token.end) == Some(b':');
        let condition = before.trim_start().starts_with("condition:");
        if (key || condition) && !longer {
            keys += usize::from(key);
            conditions += usize::from(condition);
            places.push(token.start..token.end);
        }
    }
    if keys != 1 || conditions == 0 {
        return Err((first, format!("`{old}` must be one key that a `condition:` on one line combines")));
    }
    Ok(places)
}

fn is_identifier(name: &str) -> bool {
    name.bytes().next().is_some_and(|byte| is_ident(byte) && !byte.is_ascii_digit())
        && name.bytes().all(is_ident)
}

fn words_outside<'a>(source: &Source<'a>, markers: &[Range<usize>]) -> HashSet<&'a str> {
    let mut sorted: Vec<&Range<usize>> = markers.iter().collect();
    sorted.sort_by_key(|range| range.start);
    let mut found = HashSet::new();
    let mut pos = 0;
    for range in sorted {
        found.extend(words(source.slice(pos, range.start)).map(|(_, word)| word));
        pos = range.end.max(pos);
    }
    found.extend(words(source.slice(pos, source.text.len())).map(|(_, word)| word));
    found
}

/// Words of a text with their byte offsets.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && c != '_').filter_map(move |word| {
        let start = at;
        at += word.len() + 1;
        (!word.is_empty()).then_some((start, word))
    })
}
