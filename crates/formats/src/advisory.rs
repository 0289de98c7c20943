//! The public advisory, as Markdown for people and JSON for tools.

use std::fmt::Write as _;

use jiff::Timestamp;
use program::{Program, case::Case};
use serde::Serialize;

/// Version of the JSON form.
const FORMAT: &str = "forewarn-advisory/1";

/// What becomes public of a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Advisory {
    format: &'static str,
    publisher: String,
    case: String,
    title: String,
    cves: Vec<String>,
    tlp: &'static str,
    published: Timestamp,
    embargo: History,
    /// The texts, in the order of their items.
    pub sections: Vec<Section>,
}

/// One text of an advisory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Section {
    /// The item it comes from.
    pub name: String,
    /// Markdown.
    pub text: String,
}

/// How long the case was under embargo, for the program's statistics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct History {
    opened: Timestamp,
    ended: Option<Timestamp>,
    exploited_before_public: bool,
}

impl Advisory {
    /// Starts an advisory from a case; its texts are added by whoever can read them.
    #[must_use]
    pub fn of(program: &Program, case: &Case, published: Timestamp) -> Self {
        let ended = case.embargo().public();
        let attacked = case.observed().attacks_observed;
        Self {
            format: FORMAT,
            publisher: program.name().to_owned(),
            case: case.id().to_string(),
            title: case.title().to_owned(),
            cves: case.cves().to_vec(),
            tlp: "CLEAR",
            published,
            embargo: History {
                opened: case.opened(),
                ended,
                exploited_before_public: attacked
                    .zip(ended)
                    .is_some_and(|(attacked, ended)| attacked < ended),
            },
            sections: Vec::new(),
        }
    }

    /// Writes it as Markdown.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let mut page = format!("# {}\n\n", line(&self.title));
        let mut row = |name: &str, value: &str| {
            if !value.is_empty() {
                // Writing to a string cannot fail.
                let _ = writeln!(page, "- {name}: {value}");
            }
        };
        row("Publisher", &line(&self.publisher));
        row("Case", &self.case);
        row("CVE", &self.cves.join(", "));
        row("TLP", &format!("TLP:{}", self.tlp));
        row("Published", &self.published.to_string());
        if self.embargo.exploited_before_public {
            row("Exploitation", "attacks were observed before publication");
        }
        for section in &self.sections {
            page.push('\n');
            page.push_str(section.text.trim_end());
            page.push('\n');
        }
        page
    }

    /// Writes it as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Every field is a string, a flag or a list of such: there is nothing that JSON cannot say.
        let mut json = serde_json::to_string_pretty(self).unwrap_or_default();
        json.push('\n');
        json
    }
}

/// Keeps a title on its line, whatever was typed into it.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advisory() -> Advisory {
        Advisory {
            format: FORMAT,
            publisher: String::from("Acme PSIRT"),
            case: String::from("ACME-1"),
            title: String::from("Overlong\n# header"),
            cves: vec![String::from("CVE-2025-0001")],
            tlp: "CLEAR",
            published: "2025-07-08T17:00:00Z".parse().unwrap(),
            embargo: History {
                opened: "2025-05-16T09:00:00Z".parse().unwrap(),
                ended: Some("2025-07-08T17:00:00Z".parse().unwrap()),
                exploited_before_public: true,
            },
            sections: vec![Section { name: String::from("advisory.md"), text: String::from("Body.\n\n") }],
        }
    }

    #[test]
    fn a_title_cannot_open_a_second_heading() {
        let page = advisory().to_markdown();
        assert_eq!(page.lines().filter(|line| line.starts_with('#')).count(), 1);
    }

    #[test]
    fn markdown_says_what_a_reader_looks_for_first() {
        insta::assert_snapshot!(advisory().to_markdown(), @r"
        # Overlong # header

        - Publisher: Acme PSIRT
        - Case: ACME-1
        - CVE: CVE-2025-0001
        - TLP: TLP:CLEAR
        - Published: 2025-07-08T17:00:00Z
        - Exploitation: attacks were observed before publication

        Body.
        ");
    }

    #[test]
    fn json_reads_back() {
        let json: serde_json::Value = serde_json::from_str(&advisory().to_json()).unwrap();
        assert_eq!(json["format"], FORMAT);
        assert_eq!(json["published"], "2025-07-08T17:00:00Z");
        assert_eq!(json["sections"][0]["name"], "advisory.md");
    }
}
