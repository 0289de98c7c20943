//! What tracked files may be: of a length that one can read, and free of any machine's paths.

use crate::exec::{root, stdout};
use anyhow::{Result, bail};
use std::path::Path;
use std::process::Command;

/// Longest source file, in lines without tests.
const LONGEST: usize = 600;

/// Top folders of machines; a path that starts with one works on one machine only.
const MACHINE: [&str; 5] = ["work", "root", "home", "tmp", "Users"];

/// Reads every tracked file and checks its length and contents.
///
/// # Errors
/// Names every file that breaks a rule, with the line.
pub(crate) fn check() -> Result<()> {
    let list = stdout(Command::new("git").args(["ls-files", "-z"]).current_dir(root()))?;
    let mut wrong = Vec::new();
    let mut count = 0;
    for name in list.split('\0').filter(|name| !name.is_empty()) {
        // A file may be deleted and not yet committed, or not be text.
        let Ok(text) = std::fs::read_to_string(root().join(name)) else { continue };
        count += 1;
        wrong
            .extend(machine_paths(&text).map(|(line, path)| format!("{name}:{line}: machine path `{path}`")));
        if name.ends_with(".rs") && !is_test(Path::new(name)) {
            let lines = product_lines(&text);
            if lines > LONGEST {
                wrong.push(format!("{name}: {lines} lines without tests; the limit is {LONGEST}"));
            }
        }
    }
    if !wrong.is_empty() {
        bail!("{}", wrong.join("; "));
    }
    println!("    {count} tracked files: no machine paths, no source file above {LONGEST} lines");
    Ok(())
}

fn is_test(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "tests.rs")
        || path.components().any(|part| part.as_os_str() == "tests")
}

/// Lines up to an inline test module, which by house rule ends the file.
fn product_lines(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines.windows(2).position(|pair| match pair {
        [attribute, module] => attribute.trim() == "#[cfg(test)]" && module.trim_end().ends_with('{'),
        _ => false,
    });
    tests.unwrap_or(lines.len())
}

/// Absolute paths under a machine's top folder, with their line numbers.
fn machine_paths(text: &str) -> impl Iterator<Item = (usize, String)> {
    text.lines().enumerate().flat_map(|(number, line)| {
        MACHINE.into_iter().filter_map(move |folder| {
            let path = format!("/{folder}/");
            let starts = line.match_indices(&path).any(|(at, _)| {
                let before = line.get(..at).and_then(|head| head.chars().next_back());
                !before.is_some_and(|c| c.is_alphanumeric() || "._-/}$*~".contains(c))
            });
            starts.then_some((number + 1, path))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_machine_paths_and_nothing_else() {
        let found = |text: &str| machine_paths(text).map(|(line, _)| line).collect::<Vec<_>>();
        let home = ["", "home", "someone"].join("/");
        assert_eq!(found(&format!("fine\nin {home}/x")), [2]);
        assert_eq!(found("net/home/x, $HOME/tmp/x, ../root/y, /srv/home"), [0; 0]);
    }

    #[test]
    fn counts_lines_before_inline_tests() {
        assert_eq!(product_lines("a\nb\n#[cfg(test)]\nmod tests {\n}\n"), 2);
        assert_eq!(product_lines("a\n#[cfg(test)]\nmod tests;\n"), 3);
        assert!(is_test(Path::new("crates/x/src/y/tests.rs")) && is_test(Path::new("tests/story.rs")));
        assert!(!is_test(Path::new("crates/x/src/attests.rs")));
    }
}
