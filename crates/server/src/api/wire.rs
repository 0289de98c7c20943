//! How names and fixed words are written in the interface: the description's part of what the core reads.

use utoipa::ToSchema;

/// A name: 1 to 64 letters, digits, `.`, `_` or `-`, starting with a letter or digit.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
pub struct Name(pub String);

/// A length of time, as in `14d`, `24h` or `30m`.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^[1-9][0-9]{0,3}[dhms]$")]
pub struct Length(pub String);

/// A CVE id.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^CVE-[0-9]{4}-[0-9]{4,19}$")]
pub struct Cve(pub String);

/// What kind of artifact an item is.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ArtifactClass {
    /// That there is something.
    Notice,
    /// What it is.
    Advisory,
    /// How it is detected.
    Detection,
    /// What an attack leaves.
    Indicator,
    /// How it is reproduced.
    Reproduction,
    /// What mends it.
    Patch,
}

/// A Traffic Light Protocol 2.0 label.
#[derive(ToSchema)]
pub enum Label {
    /// For the eyes of the people it is sent to.
    #[schema(rename = "RED")]
    Red,
    /// Within the organisation alone.
    #[schema(rename = "AMBER+STRICT")]
    AmberStrict,
    /// Within the organisation and its clients.
    #[schema(rename = "AMBER")]
    Amber,
    /// Within the community.
    #[schema(rename = "GREEN")]
    Green,
    /// To anybody.
    #[schema(rename = "CLEAR")]
    Clear,
}

/// Something the world was seen to know.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Observed {
    /// The public is aware.
    PublicAware,
    /// An exploit is public.
    ExploitPublic,
    /// Attacks are observed.
    AttacksObserved,
}

/// A sighting's number.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^S[1-9][0-9]{0,8}$")]
pub struct SightingNumber(pub String);

/// A leak case's number.
#[derive(ToSchema)]
#[schema(value_type = String, pattern = "^L[1-9][0-9]{0,8}$")]
pub struct LeakNumber(pub String);

/// What a contact is there for.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ContactFor {
    /// Who handles what the program sends.
    Security,
    /// Who makes detections of it.
    Technical,
    /// Who answers for agreement and duties.
    Legal,
    /// Who answers at any hour.
    Emergency,
    /// Who keeps the membership.
    Administrative,
}

/// What a fact is about.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub enum FactKind {
    /// A duty to tell somebody.
    DisclosureDuty,
    /// The law a member lives under.
    Jurisdiction,
    /// Who owns or controls it.
    Ownership,
    /// Where its people sit.
    StaffLocation,
    /// Where what it gets is stored.
    DataLocation,
    /// What the laws call it.
    LegalRole,
    /// Membership in a government's programme.
    GovernmentProgramme,
    /// A membership criterion.
    Criteria,
    /// Anything else.
    Other,
}

/// What a duty makes a member tell.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub enum Subject {
    /// Nothing: it is under no duty.
    None,
    /// Vulnerabilities of its own products.
    OwnProduct,
    /// Vulnerabilities of other people's products.
    ThirdPartyVulnerability,
    /// Incidents at the member.
    Incident,
}

/// What starts a duty.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub enum Start {
    /// Learning of it.
    Knowledge,
    /// Its exploitation.
    Exploitation,
    /// An incident.
    Incident,
}

/// What came of comparing a member's name with a list.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Screened {
    /// Nobody on the list is this member.
    Clear,
    /// The member is on the list.
    Hit,
}

/// What a review may come to.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum ReviewOutcome {
    /// Nothing stands against the member.
    Clear,
    /// A warning.
    Warn,
    /// Nothing before the public instant, or not some classes.
    Restrict,
    /// Nothing at all.
    Suspend,
    /// Out of the program for good.
    Remove,
}

/// What a token is good for.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum TokenScope {
    /// A member's list, copies and receipts.
    Fetch,
    /// A member's acknowledgements.
    Acknowledge,
    /// A member's reports.
    Report,
    /// The whole program, without texts.
    Read,
    /// Commands in the operator's name.
    Act,
}

/// What an operator does.
#[derive(ToSchema)]
#[schema(rename_all = "kebab-case")]
pub enum OperatorRole {
    /// Runs cases and their embargoes.
    Coordinator,
    /// Admits members and keeps their records.
    VettingOfficer,
    /// Prepares packages and releases waves.
    ReleaseEngineer,
    /// Follows leaks.
    Investigator,
    /// Checks what the others did.
    Auditor,
}

/// Reads a whole number, in whatever way JSON writes one: `7.0` is 7.
///
/// **Source:** JSON Schema 2020-12, validation, section 6.1.1.
pub(crate) fn whole<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let number: serde_json::Number = serde::Deserialize::deserialize(deserializer)?;
    let float =
        || number.as_f64().filter(|float| float.fract() == 0.0 && (0.0..u64::MAX as f64).contains(float));
    let whole = number.as_u64().or_else(|| float().map(|float| float as u64));
    whole.ok_or_else(|| serde::de::Error::custom("a whole number, 0 or more, is needed"))
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;
    use utoipa::PartialSchema;

    use super::*;

    /// Reads every word that the description names as the core does; returns how many there are.
    fn words<Described: PartialSchema, Core: DeserializeOwned>() -> usize {
        let schema = serde_json::to_value(Described::schema()).unwrap();
        let words = schema["enum"].as_array().unwrap().clone();
        for word in &words {
            assert!(serde_json::from_value::<Core>(word.clone()).is_ok(), "{word}");
        }
        words.len()
    }

    #[test]
    fn the_description_has_the_cores_words() {
        assert_eq!(words::<ArtifactClass, policy::Class>(), policy::Class::ALL.len());
        assert_eq!(words::<FactKind, policy::FactKind>(), policy::FactKind::ALL.len());
        assert_eq!(words::<Subject, policy::DutySubject>(), policy::DutySubject::ALL.len());
        assert_eq!(words::<Start, policy::Trigger>(), policy::Trigger::ALL.len());
        assert_eq!(words::<ContactFor, program::vetting::ContactRole>(), 5);
        assert_eq!(words::<Label, program::item::Tlp>(), 5);
        assert_eq!(words::<Observed, program::case::Observation>(), 3);
        assert_eq!(words::<ReviewOutcome, program::review::Outcome>(), 5);
        assert_eq!(words::<Screened, program::vetting::ScreeningOutcome>(), 2);
        assert_eq!(words::<TokenScope, program::token::Scope>(), 5);
        assert_eq!(words::<OperatorRole, policy::Role>(), 5);
    }

    #[test]
    fn a_whole_number_is_read_however_it_is_written_and_nothing_else() {
        #[derive(serde::Deserialize)]
        struct Asked(#[serde(deserialize_with = "whole")] u64);
        let read = |text: &str| serde_json::from_str::<Asked>(text).ok().map(|asked| asked.0);
        for no in ["-1", "-0.5", "0.5", "1e300", "18446744073709551616", "\"7\"", "null", "true", "[7]"] {
            assert_eq!(read(no), None, "{no}");
        }
        for (text, number) in
            [("0", 0), ("7", 7), ("7.0", 7), ("24672.0", 24_672), ("2e3", 2000), ("-0.0", 0)]
        {
            assert_eq!(read(text), Some(number), "{text}");
        }
        assert_eq!(read("18446744073709551615"), Some(u64::MAX));
    }
}
