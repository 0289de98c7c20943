//! What is committed about a package's marks before any copy of it exists.

use serde::{Deserialize, Serialize};

use crate::{
    Event,
    id::{CaseId, Sha256},
    program::Program,
    refusal::Refusal,
    rules::{check_bound, two},
};

/// The commitment to a package's codebook and to how a leak of it will be judged.
///
/// It enters the log before the first copy, so that neither the marks, nor the scoring, nor the threshold
/// can be fitted to a leak afterwards.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarksCommitment {
    /// Version of the package, see [`crate::item::ItemEvent::Added`].
    pub package: u32,
    /// Commitment to the release secret, from which every member's marks follow.
    pub codebook: Sha256,
    /// SHA-256 of the master: every file, branch and site.
    pub site_map: Sha256,
    /// How many sites there are.
    pub sites: u32,
    /// Version of the renderer.
    pub renderer: String,
    /// Version of the reader.
    pub reader: String,
    /// Version of the scorer: its bank of strategies, its split of the bound.
    pub scorer: String,
    /// The bound on accusing any innocent member in this case, over all looks.
    pub epsilon: f64,
    /// How many colluders the marks are made for, which chooses the law of their symbols.
    #[serde(default = "two")]
    pub colluders: u32,
    /// Commitment to how likely each symbol is, opened with the evidence of a trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bias: Option<Sha256>,
}

/// What happened to a package's marks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarksEvent {
    /// The marks of a package version were committed.
    Committed {
        /// Which case.
        case: CaseId,
        /// The commitment.
        marks: MarksCommitment,
    },
}

impl MarksEvent {
    /// Returns the case it belongs to.
    #[must_use]
    pub fn case(&self) -> &CaseId {
        match self {
            Self::Committed { case, .. } => case,
        }
    }
}

/// Decides on a commitment; the first one for a package version stands.
pub(crate) fn decide(program: &Program, id: &CaseId, marks: MarksCommitment) -> Result<Vec<Event>, Refusal> {
    let case = program.case(id)?;
    case.check_open()?;
    check_bound(marks.epsilon, program.rules().epsilon)?;
    if marks.package == 0 || marks.package != case.package() {
        return Err(Refusal::MarksNotCommitted { case: id.clone() });
    }
    match case.marks(marks.package) {
        Some(known) if *known == marks => Ok(Vec::new()),
        Some(_) => {
            Err(Refusal::Exists { what: "marks commitment", id: format!("package {}", marks.package) })
        }
        None => Ok(vec![Event::Marks(MarksEvent::Committed { case: id.clone(), marks })]),
    }
}
