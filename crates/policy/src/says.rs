//! Words for a person: the sentence of a policy, and the facts it read.

use jiff::Timestamp;

use crate::entities::{duty_name, first_expiry, is_duty, unconfirmed};
use crate::request::{Subject, Thing};
use crate::set::Rule;

/// The gaps a sentence may have.
pub(crate) const GAPS: [&str; 8] =
    ["{member}", "{item}", "{class}", "{tier}", "{lead}", "{standing}", "{key}", "{public}"];

/// Returns the first gap that nothing would fill.
pub(crate) fn unknown_gap(sentence: &str) -> Option<String> {
    let mut parts = sentence.split_inclusive(['{', '}']);
    let mut open = false;
    parts.find_map(|part| {
        let was_open = std::mem::replace(&mut open, part.ends_with('{'));
        let gap = if was_open { format!("{{{part}") } else { part.to_owned() };
        let broken = was_open && !GAPS.contains(&gap.as_str());
        (broken || (!was_open && part.ends_with('}'))).then_some(gap)
    })
}

/// Returns a policy's sentence for this member and item.
pub(crate) fn sentence(rule: &Rule, subject: &Subject<'_>, thing: &Thing<'_>) -> String {
    let values = [
        subject.member.to_owned(),
        thing.item.to_owned(),
        thing.class.to_string(),
        subject.tier.id.clone(),
        subject.tier.lead.to_string(),
        subject.standing.to_string(),
        subject.key.to_string(),
        thing.public.map_or("an instant not yet set".to_owned(), |public| public.to_string()),
    ];
    // One pass from left to right, so that a member's name cannot open another gap.
    let mut text = String::with_capacity(rule.says.len());
    let mut rest = rule.says.as_str();
    while let Some((before, after)) = rest.split_once('{') {
        let found = GAPS.iter().zip(&values).find_map(|(gap, value)| {
            gap.strip_prefix('{').and_then(|name| after.strip_prefix(name)).map(|tail| (value, tail))
        });
        text.push_str(before);
        match found {
            Some((value, tail)) => {
                text.push_str(value);
                rest = tail;
            }
            None => rest = after,
        }
    }
    text.push_str(rest);
    text
}

/// Joins the sentences of policies, each with its id.
pub(crate) fn sentences<'r>(
    rules: impl IntoIterator<Item = &'r Rule>,
    subject: &Subject<'_>,
    thing: &Thing<'_>,
) -> Vec<String> {
    rules.into_iter().map(|rule| format!("{} (policy {})", sentence(rule, subject, thing), rule.id)).collect()
}

/// Returns what these policies read of the request, the member's own first, without repetition.
pub(crate) fn facts(rules: &[&Rule], subject: &Subject<'_>, thing: &Thing<'_>, at: Timestamp) -> Vec<String> {
    let read = |path: &str| rules.iter().any(|rule| rule.reads.path(path));
    let mut said = Vec::new();
    if read("principal.standing") {
        said.push(format!("standing: {}", subject.standing));
    }
    if let Some(restriction) = subject.restriction.filter(|_| read("principal.restricted_classes")) {
        said.push(format!("restriction: {restriction}"));
    }
    if read("principal.agreement_until") {
        said.push(match subject.agreement_until {
            None => "agreement: none".to_owned(),
            Some(until) if until <= at => format!("agreement: ended {until}"),
            Some(until) => format!("agreement: until {until}"),
        });
    }
    if read("principal.key") {
        said.push(format!("key: {}", subject.key));
    }
    let expiry = first_expiry(subject.facts).filter(|_| read("principal.duty_confirmed_until"));
    let mut duties: Vec<_> = subject
        .facts
        .iter()
        .filter(|fact| {
            duty_name(fact).is_some_and(|name| read(&format!("principal.duties.{name}")))
                || (is_duty(fact) && fact.until.is_some() && fact.until == expiry)
        })
        .chain(unconfirmed(subject.facts).filter(|_| read("principal.duty_unconfirmed")))
        .map(ToString::to_string)
        .collect();
    duties.sort();
    duties.dedup();
    said.extend(duties);
    if read("principal.tier") {
        let classes: Vec<_> = subject.tier.classes.iter().map(|class| class.as_str()).collect();
        said.push(format!(
            "tier: {}, lead {}, classes {}",
            subject.tier.id,
            subject.tier.lead,
            classes.join(" ")
        ));
    }
    if read("resource.class") {
        said.push(format!("class: {}", thing.class));
    }
    if read("resource.public") {
        said.push(thing.public.map_or("public: not set".to_owned(), |public| format!("public: {public}")));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_gap_that_nothing_fills() {
        assert_eq!(unknown_gap("`{member}` has {clas}"), Some("{clas}".to_owned()));
        assert_eq!(unknown_gap("a {member"), Some("{member".to_owned()));
        assert_eq!(unknown_gap("a member}"), Some("a member}".to_owned()));
        assert_eq!(unknown_gap("a {{member}}"), Some("{{".to_owned()));
        assert_eq!(unknown_gap("`{member}` in {tier}: {lead}"), None);
        assert_eq!(unknown_gap("plain"), None);
    }
}
