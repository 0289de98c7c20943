//! What is known of a member: its standing, its tier, its key and the dated statements about it.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::lead::Lead;

/// Gives an enum its one list of names: the serde form, `as_str`, `ALL` and `Display` cannot drift apart.
macro_rules! named {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$doc])* #[serde(rename = $text)] $variant,)+
        }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Returns the name used in files, in policies and on screens.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

named! {
    /// Where a member stands in the program.
    Standing {
        /// Has asked to join; nothing is decided.
        Applied = "applied",
        /// Is being vetted.
        Vetting = "vetting",
        /// In good order.
        Active = "active",
        /// Stays a member, and hears nothing before the public.
        Restricted = "restricted",
        /// Gets nothing until a review lifts it.
        Suspended = "suspended",
        /// No longer a member.
        Removed = "removed",
        /// Was refused.
        Declined = "declined",
    }
}

named! {
    /// What kind of artifact an item is; each class is gated on its own.
    Class {
        /// That something comes, without how it works.
        Notice = "notice",
        /// The written description.
        Advisory = "advisory",
        /// Rules and guidance to detect it.
        Detection = "detection",
        /// Hashes, addresses and other constants to look for.
        Indicator = "indicator",
        /// Code or steps that reproduce it.
        Reproduction = "reproduction",
        /// The fix itself.
        Patch = "patch",
    }
}

named! {
    /// What is known of the key a member's copies are sealed to.
    KeyState {
        /// No key is on record.
        None = "none",
        /// A key is on record that nobody compared with the member.
        Unconfirmed = "unconfirmed",
        /// The key was confirmed and holds.
        Confirmed = "confirmed",
        /// The key, or its confirmation, has lapsed.
        Expired = "expired",
    }
}

named! {
    /// What a fact is about.
    FactKind {
        /// A duty to tell somebody, usually an authority; the kind that policies read.
        DisclosureDuty = "disclosure-duty",
        /// The law a member lives under.
        Jurisdiction = "jurisdiction",
        /// Who owns or controls the member.
        Ownership = "ownership",
        /// Where the people sit who handle what it gets.
        StaffLocation = "staff-location",
        /// Where what it gets is stored and worked on.
        DataLocation = "data-location",
        /// What the laws call it: a manufacturer, an operator, an entity of some kind.
        LegalRole = "legal-role",
        /// Membership in a government's vulnerability programme.
        GovernmentProgramme = "government-programme",
        /// A membership criterion of the program.
        Criteria = "criteria",
        /// Anything else worth recording.
        Other = "other",
    }
}

named! {
    /// What a duty makes a member tell.
    DutySubject {
        /// Nothing: the member is under no duty.
        None = "none",
        /// Vulnerabilities of its own products.
        OwnProduct = "own-product",
        /// Vulnerabilities of other people's products.
        ThirdPartyVulnerability = "third-party-vulnerability",
        /// Incidents at the member.
        Incident = "incident",
    }
}

named! {
    /// What starts a duty.
    Trigger {
        /// Learning of it.
        Knowledge = "knowledge",
        /// Its exploitation.
        Exploitation = "exploitation",
        /// An incident.
        Incident = "incident",
    }
}

/// Holds one dated statement about a member, as the program has it on record now.
///
/// The caller passes the facts that stand: one that was replaced is left out, since an old statement that
/// has expired still bars. `subject`, `trigger` and `deadline` are meant for disclosure duties.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// What it is about.
    pub kind: FactKind,
    /// What the duty makes the member tell; absent where nobody found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<DutySubject>,
    /// What starts the duty; absent where nobody found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<Trigger>,
    /// How long the duty leaves from its trigger; absent where it is open-ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Lead>,
    /// The statement in words, for people; no policy reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// The instant from which it no longer holds, exclusive end; absent where it was never confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Holds a named class of members: how early they hear, and which classes of item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// The tier's name.
    pub id: String,
    /// How long before the public instant.
    pub lead: Lead,
    /// The classes its members have early; every other class they have from the public instant.
    pub classes: BTreeSet<Class>,
}

/// Holds what a review took from a member: classes it may not have before they are public.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restriction {
    /// The classes.
    pub classes: BTreeSet<Class>,
    /// The instant it ends by itself, exclusive; absent where it lasts until a review lifts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl fmt::Display for Restriction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let classes: Vec<_> = self.classes.iter().map(|class| class.as_str()).collect();
        match self.until {
            Some(until) => write!(f, "{} until {until}", classes.join(", ")),
            None => write!(f, "{} until a review lifts it", classes.join(", ")),
        }
    }
}

impl fmt::Display for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        match (self.kind, self.subject, &self.says) {
            (_, Some(subject), _) => write!(f, ": {subject}")?,
            (FactKind::DisclosureDuty, None, _) => f.write_str(": subject not known")?,
            (_, None, Some(says)) => write!(f, ": {says}")?,
            (_, None, None) => {}
        }
        if let Some(trigger) = self.trigger {
            write!(f, " on {trigger}")?;
        }
        if let Some(deadline) = self.deadline {
            write!(f, " within {deadline}")?;
        }
        match self.until {
            Some(until) => write!(f, ", until {until}"),
            None => f.write_str(", never confirmed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_an_unknown_word_or_field() {
        assert!(serde_json::from_str::<Standing>("\"Active\"").is_err());
        assert!(serde_json::from_str::<FactKind>("\"disclosure_duty\"").is_err());
        assert!(serde_json::from_str::<Fact>(r#"{"kind":"other","untill":"2026-01-01T00:00:00Z"}"#).is_err());
        assert!(serde_json::from_str::<Fact>(r#"{"kind":"other","until":"2026-01-01T00:00:00"}"#).is_err());
    }

    #[test]
    fn every_name_reads_back() {
        for class in Class::ALL {
            let json = serde_json::to_string(class).unwrap();
            assert_eq!(json, format!("\"{class}\""));
            assert_eq!(serde_json::from_str::<Class>(&json).unwrap(), *class);
        }
    }

    #[test]
    fn a_fact_says_what_it_is_and_until_when() {
        let fact = Fact {
            kind: FactKind::DisclosureDuty,
            subject: Some(DutySubject::ThirdPartyVulnerability),
            trigger: Some(Trigger::Knowledge),
            deadline: Some(Lead::from_seconds(172_800)),
            says: None,
            until: Some("2027-01-01T00:00:00Z".parse().unwrap()),
        };
        let shown =
            "disclosure-duty: third-party-vulnerability on knowledge within 2d, until 2027-01-01T00:00:00Z";
        assert_eq!(fact.to_string(), shown);
        let never = Fact { subject: None, trigger: None, deadline: None, until: None, ..fact.clone() };
        assert_eq!(never.to_string(), "disclosure-duty: subject not known, never confirmed");

        let until = fact.until;
        let seat =
            Fact { kind: FactKind::Jurisdiction, says: Some(String::from("AT")), until, ..never.clone() };
        assert_eq!(seat.to_string(), "jurisdiction: AT, until 2027-01-01T00:00:00Z");
        let met = Fact { kind: FactKind::Criteria, until, ..never };
        assert_eq!(met.to_string(), "criteria, until 2027-01-01T00:00:00Z");
    }
}
