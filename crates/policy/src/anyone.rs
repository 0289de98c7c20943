//! Outlooks that hold for everybody with the same record, so that a large plan judges each record once.

use jiff::Timestamp;

use crate::outlook::Outlook;
use crate::request::{Subject, Thing};
use crate::set::PolicySet;

/// What stands for the names until they are filled in; no identifier holds these characters.
const MEMBER: &str = "\u{e000}";
const ITEM: &str = "\u{e001}";

/// Holds an outlook in which the member's and the item's names are still open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anyone(Outlook);

impl PolicySet {
    /// Finds the outlook of whoever has this subject's record on whatever item is like this thing.
    ///
    /// Nothing where a policy names a member or an item: equal records may differ then, and each is judged
    /// by [`PolicySet::outlook`].
    pub fn outlook_of_anyone(
        &self,
        subject: &Subject<'_>,
        thing: &Thing<'_>,
        now: Timestamp,
    ) -> Option<Anyone> {
        if !self.names_nobody() {
            return None;
        }
        let subject = Subject { member: MEMBER, ..*subject };
        let thing = Thing { item: ITEM, ..*thing };
        Some(Anyone(self.outlook(&subject, &thing, now)))
    }
}

impl Anyone {
    /// Fills in the names.
    pub fn named(&self, member: &str, item: &str) -> Outlook {
        let says = self.0.says.replace(MEMBER, member).replace(ITEM, item);
        Outlook { says, ..self.0.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Class, KeyState, Standing, Tier};
    use crate::lead::Lead;

    fn asked(set: &PolicySet, standing: Standing, class: Class) -> (Outlook, Option<Outlook>) {
        let tier =
            Tier { id: "entry".into(), lead: Lead::from_seconds(86_400), classes: [Class::Advisory].into() };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let subject = Subject {
            member: "acme",
            tier: &tier,
            standing,
            agreement_until: Some(at("2027-01-01T00:00:00Z")),
            key: KeyState::Confirmed,
            facts: &[],
            restriction: None,
        };
        let thing = Thing { item: "poc.py", class, public: Some(at("2026-12-08T18:00:00Z")) };
        let now = at("2026-12-01T00:00:00Z");
        let anyone =
            set.outlook_of_anyone(&subject, &thing, now).map(|anyone| anyone.named("acme", "poc.py"));
        (set.outlook(&subject, &thing, now), anyone)
    }

    #[test]
    fn anyone_with_the_record_has_the_members_own_outlook() {
        let set = PolicySet::default_set().unwrap();
        for standing in Standing::ALL {
            for class in Class::ALL {
                let (own, anyone) = asked(&set, *standing, *class);
                assert_eq!(Some(own), anyone);
            }
        }
    }

    #[test]
    fn a_set_that_names_somebody_judges_each_on_its_own() {
        let named = "@id(\"a\") @says(\"a\") permit (principal, action, resource);\n";
        for bar in [
            "principal == Member::\"acme\", action, resource",
            "principal, action, resource == Item::\"poc.py\"",
        ] {
            let text = format!("{named}@id(\"b\") @says(\"b\") forbid ({bar});");
            let set = PolicySet::parse("named", &text).unwrap();
            assert_eq!(asked(&set, Standing::Active, Class::Advisory).1, None, "{bar}");
        }
        let text = format!(
            "{named}@id(\"b\") @says(\"b\") forbid (principal, action, resource) when {{ principal == Member::\"acme\" }};"
        );
        assert_eq!(
            asked(&PolicySet::parse("named", &text).unwrap(), Standing::Active, Class::Advisory).1,
            None
        );
        assert!(
            asked(&PolicySet::parse("open", named).unwrap(), Standing::Active, Class::Advisory).1.is_some()
        );
    }
}
