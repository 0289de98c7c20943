//! Names from the server as names of files: a server that was taken over must not write where it likes.

use thiserror::Error;

/// Longest name, in bytes.
const LONGEST: usize = 64;

/// A name that no file gets.
#[derive(Debug, Error)]
#[error(
    "the server names `{0}`, which cannot be a file here: nothing was written for it; tell the program's operators"
)]
pub(crate) struct BadName(String);

/// Checks the name of a case or an item.
pub(crate) fn check(name: &str) -> Result<&str, BadName> {
    let sound = name.len() <= LONGEST
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !name.ends_with('.')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    if sound {
        Ok(name)
    } else {
        Err(BadName(name.chars().take(LONGEST).flat_map(char::escape_debug).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leads_out_of_the_folder() {
        for bad in
            ["", ".", "..", "../x", "/x", "a/b", "a\\b", ".hidden", "a.", "a b", "ä", "a\0", &"a".repeat(65)]
        {
            assert!(check(bad).is_err(), "{bad}");
        }
        for good in ["advisory.md", "ACME-2026-7", "a", "7_b.tar.gz"] {
            assert!(check(good).is_ok(), "{good}");
        }
    }
}
