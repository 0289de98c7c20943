//! What may be done to the program itself: its founding, its operators, its criteria.

use std::collections::BTreeSet;

use jiff::Timestamp;
use policy::{Role, Tier};

use super::{Program, ProgramEvent, Rules};
use crate::{
    Event, actor,
    context::Context,
    embargo::second_person,
    id::{TierId, UserId},
    passkey::{PasskeyEvent, User},
    policies,
    refusal::Refusal,
    rules::check_rules,
    subject::SubjectEvent,
    token::{Holder, TokenEvent},
    vetting::{self, Criterion},
};

impl Program {
    /// One person who could make a second approver would approve alone. A lone operator has nobody to ask.
    pub(super) fn add_operator(&self, actor: &UserId, operator: UserId) -> Result<Vec<Event>, Refusal> {
        not_reserved(&operator)?;
        let event = match self.first(self.proposed.get(&operator)) {
            _ if self.operators.len() < 2 => ProgramEvent::OperatorAdded { operator },
            None => ProgramEvent::OperatorProposed { operator },
            Some(first) => {
                second_person(self, first, actor, "add an operator")?;
                ProgramEvent::OperatorAdded { operator }
            }
        };
        Ok(vec![Event::Program(event)])
    }

    /// One person who could remove others would be left to approve alone; two always remain.
    pub(super) fn remove_operator(
        &self,
        ctx: &Context<'_>,
        operator: UserId,
        reason: String,
    ) -> Result<Vec<Event>, Refusal> {
        if reason.trim().is_empty() {
            return Err(Refusal::Empty("the reason"));
        }
        if !self.operators.contains(&operator) {
            return Err(Refusal::NotAnOperator(operator));
        }
        if self.operators.len() <= 2 {
            return Err(Refusal::TwoOperators { operator });
        }
        let Some(first) = self.first(self.leaving.get(&operator)) else {
            return Ok(vec![Event::Program(ProgramEvent::OperatorRemovalProposed { operator, reason })]);
        };
        second_person(self, first, ctx.actor, "remove an operator")?;
        let ways_in = self.ways_in(&operator, ctx.now);
        let removed = Event::Program(ProgramEvent::OperatorRemoved { operator, reason });
        Ok([removed].into_iter().chain(ways_in).collect())
    }

    /// Ends every way in of an operator, so that none comes back with the name.
    fn ways_in(&self, operator: &UserId, now: Timestamp) -> Vec<Event> {
        let reason = || String::from("no operator any more");
        let holder = Holder::Operator(operator.clone());
        let tokens = self
            .tokens()
            .iter()
            .filter(|token| token.holder == holder && token.revoked.is_none() && now < token.until);
        let tokens = tokens.map(|token| TokenEvent::Revoked { token: token.id, reason: reason() });
        let user = User::Operator(operator.clone());
        let passkeys = self.passkeys().of(&user).filter(|passkey| passkey.revoked.is_none());
        let passkeys =
            passkeys.map(|known| PasskeyEvent::Revoked { passkey: known.id, reason: reason(), by: None });
        let subjects = self.subjects().iter().filter(|(_, linked)| linked.operator == *operator);
        let subjects = subjects
            .map(|(subject, _)| SubjectEvent::Unlinked { subject: subject.clone(), reason: reason() });
        let passkeys = passkeys.map(Event::Passkey);
        tokens.map(Event::Token).chain(passkeys).chain(subjects.map(Event::Subject)).collect()
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
        let proposed = proposed.filter(|(_, first)| self.operators.contains(first));
        if proposed.is_none() && self.roles.get(&operator) == Some(&roles) {
            return Ok(Vec::new());
        }
        let event = match proposed {
            _ if self.operators.len() < 2 => ProgramEvent::RolesSet { operator, roles },
            Some((wanted, first)) if *wanted == roles => {
                second_person(self, first, actor, "set an operator's roles")?;
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
            Some((wanted, first)) if *wanted == criteria && self.operators.contains(first) => {
                second_person(self, first, actor, "change the criteria")?;
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
