//! Which operator may read an item: a set of its own, with a schema of its own.
//!
//! No command shows an operator the text of an item, so nothing asks these policies yet; they are written and
//! proved first, for whatever does.

use std::str::FromStr;

use cedar_policy::{PolicyId, Schema};

use crate::set::PolicyError;

const SCHEMA: &str = include_str!("../policies/operators.cedarschema");
const OPERATORS: &str = include_str!("../policies/operators.cedar");

/// Returns the policies on operators, each under its `@id`, with their schema.
///
/// # Errors
/// [`PolicyError`] where a text does not load; both are part of this crate and tested.
pub fn operators() -> Result<(cedar_policy::PolicySet, Schema), PolicyError> {
    let defect = |why: String| PolicyError::Schema { why };
    let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(|error| defect(error.to_string()))?;
    let read = cedar_policy::PolicySet::from_str(OPERATORS).map_err(|error| defect(error.to_string()))?;
    let named = read.policies().map(|policy| {
        let id = policy.annotation("id").unwrap_or_default();
        policy.new_id(PolicyId::new(id))
    });
    let policies =
        cedar_policy::PolicySet::from_policies(named).map_err(|error| defect(error.to_string()))?;
    Ok((policies, schema))
}
