//! CVE ids, as far as their shape goes.

use thiserror::Error;

/// A text that is no CVE id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not a CVE id: write it as in CVE-2026-1234")]
pub struct NotACve(String);

/// Checks that a text has a CVE id's shape.
///
/// # Errors
/// [`NotACve`] when it has another.
///
/// **Source:** CVE Record Format 5, `cveId`.
pub fn check(text: &str) -> Result<(), NotACve> {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let sound = text
        .strip_prefix("CVE-")
        .and_then(|rest| rest.split_once('-'))
        .is_some_and(|(year, n)| year.len() == 4 && digits(year) && n.len() >= 4 && digits(n));
    if sound { Ok(()) } else { Err(NotACve(text.escape_debug().to_string())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        for bad in
            ["", "2026-1", "CVE-2026-1", "CVE-26-1234", "cve-2026-1234", "CVE-2026-1234-5", "CVE-2026-12x4"]
        {
            assert!(check(bad).is_err(), "{bad}");
        }
        assert_eq!(check("CVE-2026-12345"), Ok(()));
    }
}
