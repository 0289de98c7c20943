//! What a release's marks support, in words that stand in every report.

use mark::{
    accuse::SiteLaw,
    strength::{Claim, ClaimError, Plan, plan},
};

/// Returns how many members together are withstood where nothing else is asked for, by the number that the marks
/// are made for: a code for one or two is the same code.
#[must_use]
pub fn withstood(colluders: u32) -> u32 {
    if colluders > 2 { colluders } else { 1 }
}

/// Weighs sites against what is asked of them.
///
/// # Errors
/// [`ClaimError`] when what is asked makes no sense.
pub fn weigh(sites: &[SiteLaw], members: usize, colluders: u32, epsilon: f64) -> Result<Plan, ClaimError> {
    plan(sites, Claim { members, colluders, epsilon, erased: 0.0 })
}

/// Returns a claim in a sentence; one that falls short is said to be weaker, with why that is enough.
#[must_use]
pub fn says(plan: &Plan, weaker: &str) -> String {
    let asked = plan.claim.says();
    if plan.short.is_some() {
        format!("weaker claim: supports {}, not {asked}: {weaker}", plan.supported())
    } else {
        let s = if plan.claim.members == 1 { "" } else { "s" };
        format!("claim: supports {asked} among {} member{s}", plan.claim.members)
    }
}
