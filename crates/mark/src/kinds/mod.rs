//! What a file is, by its path, and where its strings and comments lie.

pub mod check;
mod detect;
pub(crate) mod lex;
pub(crate) mod shape;
mod tree;

/// A kind of file, as far as marks are concerned.
///
/// Text markup works in every kind; code markup in those with a [`FileKind::marker`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// Anything without a kind of its own.
    Text,
    /// Markdown.
    Markdown,
    /// A raw HTTP request or response.
    Http,
    /// JSON, including CSAF and OSV.
    Json,
    /// YAML, including Sigma rules and Nuclei templates.
    Yaml,
    /// YARA rules.
    Yara,
    /// Snort and Suricata rules.
    Rules,
    /// Python.
    Python,
    /// POSIX shell and its relatives.
    Shell,
    /// C, C++, Java and C#.
    C,
    /// Go.
    Go,
    /// JavaScript and TypeScript.
    JavaScript,
    /// Rust.
    Rust,
}

impl FileKind {
    /// Tells the kind of a file from its extension, whatever its case.
    pub fn of(path: &str) -> FileKind {
        let name = path.rsplit('/').next().unwrap_or(path);
        let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        match extension.as_deref().unwrap_or("") {
            "md" | "markdown" => FileKind::Markdown,
            "http" | "req" | "resp" => FileKind::Http,
            "json" => FileKind::Json,
            "yml" | "yaml" => FileKind::Yaml,
            "yar" | "yara" => FileKind::Yara,
            "rules" => FileKind::Rules,
            "py" | "pyw" => FileKind::Python,
            "sh" | "bash" | "zsh" | "ksh" => FileKind::Shell,
            "c" | "h" | "cc" | "cpp" | "cxx" | "hh" | "hpp" | "java" | "cs" => FileKind::C,
            "go" => FileKind::Go,
            "js" | "mjs" | "cjs" | "ts" | "jsx" | "tsx" => FileKind::JavaScript,
            "rs" => FileKind::Rust,
            _ => FileKind::Text,
        }
    }

    /// Gives what opens a marker comment: `#~` or `//~`, or nothing where code markup is not read.
    pub fn marker(self) -> Option<&'static str> {
        match self {
            FileKind::Python | FileKind::Shell | FileKind::Yaml | FileKind::Rules => Some("#~"),
            FileKind::C | FileKind::Go | FileKind::JavaScript | FileKind::Rust | FileKind::Yara => {
                Some("//~")
            }
            FileKind::Text | FileKind::Markdown | FileKind::Http | FileKind::Json => None,
        }
    }

    /// Tells whether an unquoted word may be a string: YAML scalars and shell words.
    pub(crate) fn has_plain_strings(self) -> bool {
        matches!(self, FileKind::Yaml | FileKind::Shell)
    }
}
