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
pub enum Seen {
    /// The public is aware.
    PublicAware,
    /// An exploit is public.
    ExploitPublic,
    /// Attacks are observed.
    AttacksObserved,
}
