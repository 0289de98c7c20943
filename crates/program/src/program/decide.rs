//! What may be done to the program itself: its founding, its operators, its criteria.

use std::collections::BTreeSet;

use policy::{Role, Tier};

use super::{Program, ProgramEvent, Rules};
use crate::{
    Event, actor,
    embargo::second_person,
    id::{TierId, UserId},
    policies,
    refusal::Refusal,
    rules::check_rules,
    vetting::{self, Criterion},
};

impl Program {
    /// One person who could make a second approver would approve alone. A lone operator has nobody to ask.
    pub(super) fn add_operator(&self, actor: &UserId, operator: UserId) -> Result<Vec<Event>, Refusal> {
        not_reserved(&operator)?;
        let event = match self.proposed.get(&operator) {
            _ if self.operators.len() < 2 => ProgramEvent::OperatorAdded { operator },
            None => ProgramEvent::OperatorProposed { operator },
            Some(first) => {
                second_person(Some(first), actor, "add an operator")?;
                ProgramEvent::OperatorAdded { operator }
            }
        };
        Ok(vec![Event::Program(event)])
    }

    /// Roles decide who reads what: one person who could give them would read alone.
    pub(super) fn set_roles(
        &self,
        actor: &UserId,
        operator: UserId,
        roles: BTreeSet<Role>,
    ) -> Result<Vec<Event>, Refusal> {
        if !self.operators.contains(&operator) {
            return Err(Refusal::NotAnOperator(operator));
        }
        let proposed = self.proposed_roles.get(&operator);
        if proposed.is_none() && self.roles.get(&operator) == Some(&roles) {
            return Ok(Vec::new());
        }
        let event = match proposed {
            _ if self.operators.len() < 2 => ProgramEvent::RolesSet { operator, roles },
            Some((wanted, first)) if *wanted == roles => {
                second_person(Some(first), actor, "set an operator's roles")?;
                ProgramEvent::RolesSet { operator, roles }
            }
            _ => ProgramEvent::RolesProposed { operator, roles },
        };
        Ok(vec![Event::Program(event)])
    }

    /// Criteria decide who is admitted: one person who could drop them would admit alone.
    pub(super) fn set_criteria(
        &self,
        actor: &UserId,
        criteria: Vec<Criterion>,
    ) -> Result<Vec<Event>, Refusal> {
        vetting::check_criteria(&criteria)?;
        if self.rules.criteria == criteria && self.proposed_criteria.is_none() {
            return Ok(Vec::new());
        }
        let event = match &self.proposed_criteria {
            Some((wanted, first)) if *wanted == criteria => {
                second_person(Some(first), actor, "change the criteria")?;
                ProgramEvent::CriteriaSet { criteria }
            }
            _ => ProgramEvent::CriteriaProposed { criteria },
        };
        Ok(vec![Event::Program(event)])
    }

    pub(super) fn found(
        &self,
        name: String,
        rules: Rules,
        operators: BTreeSet<UserId>,
        tiers: Vec<(TierId, Tier)>,
    ) -> Result<Vec<Event>, Refusal> {
        if self.entries > 0 {
            return Err(Refusal::Exists { what: "program", id: self.name.clone() });
        }
        if name.trim().is_empty() {
            return Err(Refusal::Empty("the program's name"));
        }
        if operators.is_empty() {
            return Err(Refusal::Empty("the list of operators"));
        }
        operators.iter().try_for_each(not_reserved)?;
        check_rules(&rules)?;
        let mut named = BTreeSet::new();
        for (id, tier) in &tiers {
            check_tier(id, tier)?;
            if !named.insert(id) {
                return Err(Refusal::Exists { what: "tier", id: id.to_string() });
            }
        }
        let founded = ProgramEvent::Founded { name, rules };
        let operators = operators.into_iter().map(|operator| ProgramEvent::OperatorAdded { operator });
        let tiers = tiers.into_iter().map(|(_, tier)| ProgramEvent::TierSet { tier });
        let own = [founded].into_iter().chain(operators).chain(tiers).map(Event::Program);
        Ok(own.chain(policies::founding().map(Event::Policy)).collect())
    }
}

fn not_reserved(operator: &UserId) -> Result<(), Refusal> {
    if actor::is_reserved(operator) { Err(Refusal::Reserved(operator.clone())) } else { Ok(()) }
}

/// A tier is kept under its own name, so both names must be the same.
pub(super) fn check_tier(id: &TierId, tier: &Tier) -> Result<(), Refusal> {
    if tier.id == id.as_str() {
        return Ok(());
    }
    Err(Refusal::OtherTier { id: id.clone(), tier: tier.id.clone() })
}
