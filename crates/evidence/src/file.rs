//! `evidence.json` and the opened rows beside it, field by field.
//!
//! Logarithms are decimal and have six decimals. A file with a field that is not described here, or without
//! one that is, is refused.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Version of the file that is written and read.
pub const VERSION: &str = "forewarn-evidence/1";

/// Most bytes of a file that is read.
const MOST_BYTES: usize = 256 << 20;
/// Most sites of a package that is checked.
const MOST_SITES: usize = 100_000;
/// Most members.
const MOST_MEMBERS: usize = 1_000_000;
/// Longest generated value, in characters: no generator of the markup gives as many.
const MOST_CHARACTERS: u32 = 1_000;

/// What a trace says and everything that its numbers are made from, but the rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// [`VERSION`].
    pub version: String,
    /// Program and version that wrote the file.
    pub made_by: String,
    /// What was released, by name.
    pub package: String,
    /// What the release was said to support, in words, when it was made; `null` without such a statement.
    pub claim: Option<String>,
    /// What was seen outside, in the order it was read.
    pub exhibits: Vec<Exhibit>,
    /// What the trace says.
    pub verdict: Verdict,
    /// Bound on the chance that the procedure accuses any innocent member.
    pub epsilon: f64,
    /// log10 of the least evidence E that accuses: 2n/ε, n members.
    pub log10_e_threshold: f64,
    /// log10 of the greatest p that accuses: ε/(2n).
    pub log10_p_threshold: f64,
    /// Whether members that are not accused go by a number instead of their name.
    pub anonymous: bool,
    /// Everybody who held a copy: in the order of the release, or strongest first when anonymous.
    pub members: Vec<Member>,
    /// What the leak shows, as read without the codebook.
    pub reading: Reading,
    /// How likely symbol 1 was at each site of two symbols.
    pub biases: Biases,
    /// What was fixed about the codebook.
    pub commitment: Commitment,
    /// The constants of the scorer, spelled out.
    pub scorer: Scorer,
    /// Entries of the program's log that fixed things in time; `null` without a program.
    pub log: Option<Log>,
}

/// What a trace says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The text derives from the copy made for each accused member.
    Attributed,
    /// It derives from the package; whose copy cannot be said within the bound.
    Inconclusive,
    /// It does not derive from the package as far as it can be read.
    NotDerived,
}

/// A file that was seen outside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exhibit {
    /// Name that it was found under.
    pub name: String,
    /// SHA-256 of its bytes, lower-case hex.
    pub sha256: String,
}

/// The evidence about one member.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Who, or `member 17`.
    pub name: String,
    /// Whether the member is accused.
    pub accused: bool,
    /// log10 of the e-value that its own row gives, without regard to others.
    pub own_log10_e: f64,
    /// log10 of the e-value E that is compared with the threshold, others' rows included.
    pub log10_e: f64,
    /// log10 of the bound on an innocent's chance to score as high.
    pub log10_p: f64,
    /// Members without whose rows it would not be accused; empty when its own row is enough.
    pub given: Vec<String>,
}

/// What the leak shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Version of the reader.
    pub reader: String,
    /// SHA-256 of what leaked.
    pub leak_sha256: String,
    /// Share of the leak's words that follow the package, as the reading writes the number.
    pub aligned: String,
    /// Whether that is enough to say that the leak comes from the package.
    pub derived: bool,
    /// SHA-256 of the reading, see [`Reading::to_logged`].
    pub sha256: String,
    /// Every site in the package's order.
    pub sites: Vec<Site>,
}

/// One site: the law of an innocent member's symbol, and what was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Its id.
    pub site: String,
    /// The law; `null` where nothing was seen.
    pub law: Option<Law>,
    /// What was seen.
    pub seen: Seen,
}

/// The law of an innocent member's symbol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Law {
    /// Symbol 1 with the probability P/65536 that [`Biases`] gives, else 0.
    Binary,
    /// One of `q` equally likely symbols.
    Uniform {
        /// How many.
        q: u32,
    },
    /// A value drawn uniformly from at least `space` values.
    Value {
        /// Shape of the values.
        generator: Generator,
        /// Lower bound on their number.
        space: f64,
    },
}

/// Shape of generated values, with their length in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Generator {
    /// Consonant and vowel in turn: one of 18, one of 5.
    Word(u32),
    /// Lower-case hexadecimal digits.
    Hex(u32),
    /// Decimal digits, the first not 0.
    Num(u32),
}

/// What was seen at a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Seen {
    /// Nothing that could be read with a margin.
    Erased,
    /// The variant or arrangement that the leak took.
    Index(u32),
    /// Every token of the values' shape in the leak.
    Tokens(Vec<String>),
}

/// A member's symbol at a site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Symbol {
    /// Index of a variant or an arrangement.
    Index(u32),
    /// A generated value.
    Value(String),
}

/// How likely symbol 1 was, with what proves that it was fixed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Biases {
    /// Site id and P in 1/65536, in the order of the ids.
    pub ones: Vec<(String, u32)>,
    /// 32 bytes, lower-case hex.
    pub salt: String,
}

/// What was fixed about the codebook; all hashes in lower-case hex.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commitment {
    /// Hash over everything else.
    pub root: String,
    /// Hash of the package with its markup.
    pub site_map: String,
    /// Commitment that [`Biases`] opens.
    pub bias: String,
    /// Commitments to the members' rows in ascending order, one a member.
    pub rows: Vec<String>,
}

/// One member's row with what proves it: a file of the folder `rows`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowOpening {
    /// Whose.
    pub member: String,
    /// Every site's symbol in the order of the site ids.
    pub symbols: Vec<(String, Symbol)>,
    /// 32 bytes, lower-case hex.
    pub salt: String,
}

/// The constants of a scorer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scorer {
    /// Its version; the check knows the constants of each by itself.
    pub version: String,
    /// Colluders and strategy of the models whose e-values are averaged, with equal weights.
    pub bank: Vec<(u32, String)>,
    /// The models of a pair, with their weights.
    pub pair_bank: Vec<(u32, String, f64)>,
    /// The models of a triple, with equal weights.
    pub triple_bank: Vec<(u32, String)>,
    /// Misread rate d of the models.
    pub misread: f64,
    /// Share ρ of the evidence that a missing value cannot take away.
    pub rho: f64,
    /// Most that a matching value may count for.
    pub cap: f64,
    /// Lattice step of the two tail scores.
    pub step: f64,
    /// Greatest weight of a hit in the symmetric score.
    pub weight_cap: f64,
    /// Number K of tail scores, by which a tail is multiplied.
    pub scores: u32,
    /// Most members that are paired with each other.
    pub screen: u32,
    /// Most pairs of (member, pair of others) that are evaluated.
    pub triples: u32,
    /// Evidence, in nats, that rounding is given beyond the threshold.
    pub rounding_nats: f64,
}

/// Entries of the program's log, opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// The log's verifier key; compare it with one that you got another way.
    pub vkey: String,
    /// The case that leaked.
    pub case: String,
    /// Version of its package.
    pub package: u32,
    /// The leak case.
    pub leak: String,
    /// Which look into a leak of the case this was, from 1.
    pub look: u32,
    /// The bound over all looks.
    pub epsilon: f64,
    /// The entries in the log's order.
    pub entries: Vec<LogEntry>,
}

/// An entry of the log with what proves it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogEntry {
    /// Its place, from 0.
    pub seq: u64,
    /// Its salt, lower-case hex.
    pub salt: String,
    /// Its stored text, exactly; the log's record is SHA-256(salt ‖ text).
    pub body: String,
    /// Inclusion proof with a signed checkpoint, as a C2SP `.tlog-proof` file.
    pub proof: String,
}

/// A file that is no evidence.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EvidenceError {
    /// The JSON does not read.
    #[error("it is damaged or of another version: {0}")]
    Json(String),
    /// Another version.
    #[error("it has version `{0}`, this tool reads `{VERSION}`: use the tool of that version")]
    Version(String),
    /// More than is checked.
    #[error("it holds {found} {what}, more than the {most} that are checked")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many are checked.
        most: usize,
    },
    /// A number that cannot be.
    #[error("its field `{field}` is {found}: {expected}")]
    Number {
        /// Which field.
        field: &'static str,
        /// What it holds.
        found: String,
        /// What it should be.
        expected: &'static str,
    },
}

impl Evidence {
    /// Reads a file, however hostile.
    ///
    /// # Errors
    /// [`EvidenceError`] when the file is not of this version, is too large or holds a number that cannot be.
    pub fn from_json(bytes: &[u8]) -> Result<Evidence, EvidenceError> {
        let most = |what, found, most| {
            if found > most { Err(EvidenceError::TooMany { what, found, most }) } else { Ok(()) }
        };
        most("bytes", bytes.len(), MOST_BYTES)?;
        let evidence: Evidence =
            serde_json::from_slice(bytes).map_err(|error| EvidenceError::Json(error.to_string()))?;
        if evidence.version != VERSION {
            return Err(EvidenceError::Version(evidence.version));
        }
        most("sites", evidence.reading.sites.len(), MOST_SITES)?;
        most("members", evidence.members.len(), MOST_MEMBERS)?;
        if !(evidence.epsilon > 0.0 && evidence.epsilon < 1.0) {
            return Err(number("epsilon", evidence.epsilon, "a bound lies between 0 and 1"));
        }
        for site in &evidence.reading.sites {
            site.check()?;
        }
        Ok(evidence)
    }

    /// Writes a file.
    ///
    /// # Errors
    /// [`EvidenceError::Json`] when it cannot be written.
    pub fn to_json(&self) -> Result<String, EvidenceError> {
        let text = serde_json::to_string_pretty(self);
        text.map(|text| text + "\n").map_err(|error| EvidenceError::Json(error.to_string()))
    }
}

impl RowOpening {
    /// Reads an opened row.
    ///
    /// # Errors
    /// [`EvidenceError`] when the file is none.
    pub fn from_json(bytes: &[u8]) -> Result<RowOpening, EvidenceError> {
        if bytes.len() > MOST_BYTES {
            return Err(EvidenceError::TooMany { what: "bytes", found: bytes.len(), most: MOST_BYTES });
        }
        serde_json::from_slice(bytes).map_err(|error| EvidenceError::Json(error.to_string()))
    }
}

impl Reading {
    /// Returns the text whose hash [`Reading::sha256`] is, and which a program logs before it opens the
    /// codebook: reader, hash of the leak, sites with what was seen, share, derived, as JSON without spaces.
    ///
    /// # Errors
    /// [`EvidenceError::Json`] when it cannot be written.
    pub fn to_logged(&self) -> Result<String, EvidenceError> {
        #[derive(Serialize)]
        struct Seen<'a> {
            site: &'a str,
            seen: &'a super::file::Seen,
        }
        let json = |text: serde_json::Result<String>| text.map_err(|e| EvidenceError::Json(e.to_string()));
        let sites: Vec<Seen<'_>> =
            self.sites.iter().map(|Site { site, seen, .. }| Seen { site, seen }).collect();
        Ok(format!(
            r#"{{"reader":{},"leak_sha256":{},"sites":{},"aligned":{},"derived":{}}}"#,
            json(serde_json::to_string(&self.reader))?,
            json(serde_json::to_string(&self.leak_sha256))?,
            json(serde_json::to_string(&sites))?,
            self.aligned,
            self.derived
        ))
    }
}

impl Site {
    fn check(&self) -> Result<(), EvidenceError> {
        let fits = match (&self.law, &self.seen) {
            (None, Seen::Erased) => true,
            (Some(Law::Binary), Seen::Index(seen)) => *seen < 2,
            (Some(Law::Uniform { q }), Seen::Index(seen)) => seen < q,
            (Some(Law::Value { .. }), Seen::Tokens(_)) => true,
            _ => false,
        };
        if !fits {
            let found = format!("{:?} at site `{}`", self.seen, self.site);
            return Err(number("seen", found, "it is nothing that the site's law allows"));
        }
        let Some(Law::Value { generator, space }) = &self.law else { return Ok(()) };
        if generator.length() > MOST_CHARACTERS {
            return Err(number("generator", generator.length(), "no value is as long"));
        }
        // Not even all values of the shape may be as many as the lower bound says.
        if !(*space >= 1.0 && *space <= generator.values()) {
            return Err(number("space", space, "it is no number of values of the site's shape"));
        }
        Ok(())
    }
}

impl Generator {
    fn length(self) -> u32 {
        match self {
            Generator::Word(n) | Generator::Hex(n) | Generator::Num(n) => n,
        }
    }

    /// Returns how many values have the shape.
    fn values(self) -> f64 {
        match self {
            Generator::Word(n) => 18f64.powf(f64::from(n.div_ceil(2))) * 5f64.powf(f64::from(n / 2)),
            Generator::Hex(n) => 16f64.powf(f64::from(n)),
            Generator::Num(n) => 9.0 * 10f64.powf(f64::from(n) - 1.0),
        }
    }

    /// Tells whether a value has the shape.
    pub fn fits(self, value: &str) -> bool {
        let vowel = |c: char| "aeiou".contains(c);
        let length = usize::try_from(self.length()).is_ok_and(|length| value.len() == length);
        length
            && value.chars().enumerate().all(|(at, c)| match self {
                Generator::Word(_) => c.is_ascii_lowercase() && vowel(c) == (at % 2 == 1),
                Generator::Hex(_) => c.is_ascii_digit() || ('a'..='f').contains(&c),
                Generator::Num(_) => c.is_ascii_digit() && (at > 0 || c != '0'),
            })
    }
}

fn number(field: &'static str, found: impl ToString, expected: &'static str) -> EvidenceError {
    EvidenceError::Number { field, found: found.to_string(), expected }
}
