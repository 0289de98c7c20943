//! Criteria as data: the list that is shipped, and a program's own.

use std::path::Path;

use anyhow::Context as _;
use program::vetting::Criterion;
use serde::Deserialize;

const SHIPPED: &str = include_str!("../../../../data/criteria.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    criterion: Vec<Criterion>,
}

/// Returns the criteria that `default`, `none` or the path of a file names.
pub(crate) fn named(name: &str) -> anyhow::Result<Vec<Criterion>> {
    match name {
        "none" => Ok(Vec::new()),
        "default" => read(SHIPPED).context("the criteria that are shipped"),
        path => {
            let path = Path::new(path);
            let text = std::fs::read_to_string(path).with_context(|| format!("`{}`", path.display()))?;
            read(&text).with_context(|| format!("`{}` holds no list of criteria", path.display()))
        }
    }
}

fn read(text: &str) -> anyhow::Result<Vec<Criterion>> {
    // The reader's own message shows the place over several lines; here one says it all.
    let file: File = toml::from_str(text).map_err(|error| anyhow::anyhow!("{}", error.message()))?;
    anyhow::ensure!(!file.criterion.is_empty(), "it names no criterion; for none at all write `none`");
    Ok(file.criterion)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shipped_has_a_sentence_and_a_source_each() {
        let criteria = named("default").unwrap();
        let ids: Vec<&str> = criteria.iter().map(|criterion| criterion.id.as_str()).collect();
        assert_eq!(
            ids.join(" "),
            "nda coordinated-disclosure customer-base active-protections publish-after commercially-available \
             no-offensive-products api public-naming"
        );
        for criterion in criteria {
            assert!(criterion.sentence.ends_with('.') && criterion.source.ends_with('.'), "{}", criterion.id);
        }
        assert!(named("none").unwrap().is_empty());
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        let one = |more: &str| format!("[[criterion]]\nid = \"nda\"\nsentence = \"a\"\n{more}");
        assert!(read(&one("source = \"b\"\n")).is_ok());
        for bad in [one(""), one("source = \"b\"\nwaived = true\n"), String::new(), one("source = 1\n")] {
            assert!(read(&bad).is_err(), "{bad}");
        }
        assert!(read(&one("source = \"b\"\n").replace("nda", "../nda")).is_err());
    }
}
