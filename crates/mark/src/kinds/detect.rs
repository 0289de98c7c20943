//! What a package's own rules detect in its own files.
//!
//! YARA rules are compiled and run as they are. Snort and Suricata rules are evaluated as far as
//! [`snort`] says; what it cannot evaluate is no match and no miss but unknown, and so is a YARA file that needs a
//! module or a file that is not here. Sigma rules are evaluated as far as [`sigma`] says, over the JSON events of a
//! package; other logs do not say how they become the events of a log source.

mod sigma;
mod snort;

use std::collections::BTreeMap;
use std::time::Duration;

use boreal::Compiler;
use boreal::compiler::CompilerParams;
use boreal::scanner::ScanParams;

use super::FileKind;
use super::lex::{TokenKind, lex};
use super::tree::Broken;

/// How long the rules of a file may look at a sample; a condition can loop for as long as it likes.
const PATIENCE: Duration = Duration::from_secs(5);

/// Operators in a row; the compiler itself refuses conditions 40 deep.
const MAX_CHAIN: usize = 256;

/// A rule by its name or `sid`, and whether it matches each sample; `None` where that is unknown.
pub(crate) type Matches = BTreeMap<String, Vec<Option<bool>>>;

/// A file of rules, ready to run.
pub(crate) enum Rules {
    Yara(Box<boreal::Scanner>),
    Snort(Vec<snort::Rule>),
    Sigma(Vec<sigma::Rule>),
}

/// A file that rules look at.
pub(crate) struct Sample<'t> {
    pub(crate) kind: FileKind,
    pub(crate) text: &'t str,
}

/// Tells whether a kind holds rules that are run; of YAML, what is no Sigma rule comes to none.
pub(crate) fn is_rules(kind: FileKind) -> bool {
    matches!(kind, FileKind::Yara | FileKind::Rules | FileKind::Yaml)
}

/// Compiles a file of rules.
pub(crate) fn compile(kind: FileKind, text: &str) -> Result<Rules, Broken> {
    match kind {
        FileKind::Rules => return snort::compile(text).map(Rules::Snort),
        FileKind::Yaml => return Ok(Rules::Sigma(sigma::compile(text))),
        _ => {}
    }
    if let Some(at) = too_deep(text) {
        return Err(Broken { at, says: "no YARA: an expression is too long".to_owned() });
    }
    let mut compiler = Compiler::new();
    compiler.set_params(CompilerParams::default().disable_includes(true));
    match compiler.add_rules_str(text) {
        Ok(_) => {
            let mut scanner = compiler.finalize();
            scanner.set_scan_params(ScanParams::default().timeout_duration(Some(PATIENCE)));
            Ok(Rules::Yara(Box::new(scanner)))
        }
        Err(error) => {
            // The first line reads `mem:LINE:COLUMN: error: what`.
            let said = error.to_string();
            let mut parts = said.lines().next().unwrap_or_default().splitn(4, ':');
            let number = |part: Option<&str>| part.and_then(|part| part.parse::<usize>().ok()).unwrap_or(1);
            let (_, line, column) = (parts.next(), number(parts.next()), number(parts.next()));
            let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
            let what = parts.next().unwrap_or(&said).trim();
            Err(Broken {
                at: (before + column.saturating_sub(1)).min(text.len()),
                says: format!("no YARA: {}", what.strip_prefix("error: ").unwrap_or(what)),
            })
        }
    }
}

/// Finds a chain of operators that the compiler would take for a tree as deep as the chain is long.
///
/// It refuses deep trees, but drops them recursively; brackets it bounds itself.
fn too_deep(text: &str) -> Option<usize> {
    let mut chains = vec![0_usize];
    for token in lex(FileKind::Yara, text) {
        let word = text.get(token.start..token.end);
        match token.kind {
            TokenKind::Punct(b'(' | b'[' | b'{') => chains.push(0),
            TokenKind::Punct(b')' | b']' | b'}') if chains.len() > 1 => {
                chains.pop();
            }
            TokenKind::Punct(b',' | b':') => *chains.last_mut()? = 0,
            TokenKind::Ident if matches!(word, Some("and" | "or")) => {
                *chains.last_mut()? = 0;
            }
            _ if operates(token.kind, word) => {
                let chain = chains.last_mut()?;
                *chain += 1;
                if *chain > MAX_CHAIN {
                    return Some(token.start);
                }
            }
            _ => {}
        }
    }
    None
}

fn operates(kind: TokenKind, word: Option<&str>) -> bool {
    match kind {
        TokenKind::Punct(byte) => b"+-*/\\%&|^<>=!~".contains(&byte),
        TokenKind::Ident => matches!(word, Some("not" | "defined")),
        _ => false,
    }
}

impl Rules {
    /// Tells whether there is no rule.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Rules::Yara(scanner) => scanner.rules().next().is_none(),
            Rules::Snort(rules) => rules.is_empty(),
            Rules::Sigma(rules) => rules.is_empty(),
        }
    }

    /// Tells whether a sample is something that the rules are made for: not a text about them, and with events
    /// where they are about events.
    pub(crate) fn meant_for(&self, sample: &Sample<'_>) -> bool {
        match self {
            Rules::Sigma(_) => sigma::events(sample).is_some_and(|events| !events.is_empty()),
            Rules::Yara(_) | Rules::Snort(_) => sample.kind != FileKind::Markdown,
        }
    }

    /// Runs the rules over samples.
    pub(crate) fn run(&self, samples: &[Sample<'_>]) -> Matches {
        match self {
            Rules::Yara(scanner) => {
                let mut matches: Matches = scanner
                    .rules()
                    .map(|rule| (rule.name.to_owned(), vec![Some(false); samples.len()]))
                    .collect();
                for (index, sample) in samples.iter().enumerate() {
                    match scanner.scan_mem(sample.text.as_bytes()) {
                        Ok(found) => {
                            for rule in found.rules {
                                let row = matches.get_mut(rule.name).and_then(|row| row.get_mut(index));
                                if let Some(cell) = row {
                                    *cell = Some(true);
                                }
                            }
                        }
                        Err(_) => {
                            matches
                                .values_mut()
                                .filter_map(|row| row.get_mut(index))
                                .for_each(|cell| *cell = None);
                        }
                    }
                }
                matches
            }
            Rules::Snort(rules) => {
                let seen: Vec<Vec<snort::Traffic>> = samples.iter().map(snort::traffic).collect();
                let row = |rule: &snort::Rule| seen.iter().map(|traffic| rule.matches(traffic)).collect();
                rules.iter().map(|rule| (rule.name.clone(), row(rule))).collect()
            }
            Rules::Sigma(rules) => {
                let seen: Vec<_> = samples.iter().map(sigma::events).collect();
                let row =
                    |rule: &sigma::Rule| seen.iter().map(|events| rule.matches(events.as_ref())).collect();
                rules.iter().map(|rule| (rule.name.clone(), row(rule))).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(kind: FileKind, rules: &str, sample: &str) -> Vec<(String, Option<bool>)> {
        let sample = Sample { kind: FileKind::Text, text: sample };
        let found = compile(kind, rules).map_err(|broken| broken.says).unwrap().run(&[sample]);
        found.into_iter().map(|(name, row)| (name, row[0])).collect()
    }

    #[test]
    fn rules_that_do_not_compile_say_where() {
        let broken = compile(FileKind::Yara, "rule r {\n condition: $x }").err().unwrap();
        assert!(broken.says.starts_with("no YARA: ") && broken.at > 9, "{broken:?}");
        assert!(compile(FileKind::Yara, "include \"/etc/passwd\"").is_err());
        assert!(compile(FileKind::Rules, "alert tcp any any -> any any (sid:1").is_err());
    }

    #[test]
    fn yara_is_run() {
        let rules =
            "rule a { strings: $a = \"xyz\" nocase condition: $a } rule b { condition: filesize > 100 }";
        assert_eq!(
            run(FileKind::Yara, rules, "..XyZ"),
            [("a".to_owned(), Some(true)), ("b".to_owned(), Some(false))]
        );
    }

    #[test]
    fn deep_conditions_are_answered() {
        for deep in ["(", "not ", "-", "~", "1 + ", "defined ", "for any of them : ("] {
            let rules = format!("rule a {{ condition: {} true }}", deep.repeat(100_000));
            assert!(compile(FileKind::Yara, &rules).is_err(), "{deep}");
        }
        let regex = format!(
            "rule a {{ strings: $a = /{}a{}/ condition: $a }}",
            "(".repeat(50_000),
            ")".repeat(50_000)
        );
        assert!(compile(FileKind::Yara, &regex).is_err());
    }
}
