//! The program's rules: what is data, not policy text.

use policy::Lead;
use serde::{Deserialize, Serialize};

use crate::{
    refusal::Refusal,
    vetting::{self, Criterion},
};

/// Rules of the program that are data, not policy text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// The longest embargo that may be proposed, counted from the proposal; a revision counts from when the
    /// embargo began, so that repeated extension comes to an end too.
    pub max_embargo: Lead,
    /// How long an exit decision may take once attacks are observed.
    pub exit_decision: Lead,
    /// The bound on accusing any innocent member in a case.
    pub epsilon: f64,
    /// How many members who mix their copies the marks are made for; the bound holds for any number.
    #[serde(default = "two")]
    pub colluders: u32,
    /// How old an assessment, a screening or a key's confirmation may become before it is due again.
    #[serde(default = "a_year")]
    pub attest_every: Lead,
    /// What a member must meet to be admitted; none means that admission asks for no criteria sheet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub criteria: Vec<Criterion>,
}

const DAY: u32 = 86_400;

fn a_year() -> Lead {
    Lead::from_seconds(365 * DAY)
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            max_embargo: Lead::from_seconds(90 * DAY),
            exit_decision: Lead::from_seconds(DAY),
            epsilon: 1e-6,
            colluders: two(),
            attest_every: a_year(),
            criteria: Vec::new(),
        }
    }
}

/// Checks rules before a program is founded on them.
pub(crate) fn check_rules(rules: &Rules) -> Result<(), Refusal> {
    check_bound(rules.epsilon, 1.0)?;
    if rules.colluders == 0 {
        return Err(Refusal::Empty("the coalition that marks are made for"));
    }
    if rules.max_embargo == Lead::ZERO {
        return Err(Refusal::Empty("the longest embargo"));
    }
    if rules.attest_every == Lead::ZERO {
        return Err(Refusal::Empty("the time after which a member is attested again"));
    }
    vetting::check_criteria(&rules.criteria)?;
    Ok(())
}

/// Checks that a bound on accusing anybody innocent is one, and no looser than `most`.
///
/// A number that is not finite has no JSON either: an entry with one could not be read back.
pub(crate) fn check_bound(given: f64, most: f64) -> Result<(), Refusal> {
    // Rounding of one multiplication or division more, on the way here.
    const ROUNDING: f64 = 1e-9;
    let sound = given > 0.0 && given < 1.0 && given <= most * (1.0 + ROUNDING);
    if sound { Ok(()) } else { Err(Refusal::LooseBound { given: given.to_string(), most: most.to_string() }) }
}

/// Colluders that marks are made for where nothing else is declared.
pub(crate) const fn two() -> u32 {
    2
}
