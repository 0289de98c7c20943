//! Which operator may read the text of an item: a set of its own, with a schema of its own.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicyId, Request,
    RestrictedExpression, Schema,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::decide::{Decision, Effect};
use crate::entities::{Unformed, datetime};
use crate::facts::Class;
use crate::instant::down;
use crate::set::PolicyError;

const SCHEMA: &str = include_str!("../policies/operators.cedarschema");
const OPERATORS: &str = include_str!("../policies/operators.cedar");

/// What an operator does in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
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

impl Role {
    /// Every value, in the order of declaration.
    pub const ALL: &'static [Self] =
        &[Self::Coordinator, Self::VettingOfficer, Self::ReleaseEngineer, Self::Investigator, Self::Auditor];

    /// Returns the name used in policies.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Coordinator => "coordinator",
            Self::VettingOfficer => "vetting-officer",
            Self::ReleaseEngineer => "release-engineer",
            Self::Investigator => "investigator",
            Self::Auditor => "auditor",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Holds what the policies know of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator<'a> {
    /// Who.
    pub user: &'a str,
    /// In which roles; without any nothing may be read.
    pub roles: &'a BTreeSet<Role>,
}

/// Holds the policies on operators, ready to be asked.
#[derive(Debug)]
pub struct OperatorSet {
    policies: cedar_policy::PolicySet,
    schema: Schema,
    authorizer: Authorizer,
}

impl OperatorSet {
    /// Returns the shipped set, each policy under its `@id`.
    ///
    /// # Errors
    /// [`PolicyError`] where a text does not load; both are part of this crate and tested.
    pub fn shipped() -> Result<Self, PolicyError> {
        let defect = |why: String| PolicyError::Schema { why };
        let (schema, _) = Schema::from_cedarschema_str(SCHEMA).map_err(|error| defect(error.to_string()))?;
        let read = cedar_policy::PolicySet::from_str(OPERATORS).map_err(|error| defect(error.to_string()))?;
        let named = read.policies().map(|policy| {
            let id = policy.annotation("id").unwrap_or_default();
            policy.new_id(PolicyId::new(id))
        });
        let policies =
            cedar_policy::PolicySet::from_policies(named).map_err(|error| defect(error.to_string()))?;
        Ok(Self { policies, schema, authorizer: Authorizer::new() })
    }

    /// Returns the policies as Cedar holds them: what a proof is about.
    pub fn cedar(&self) -> &cedar_policy::PolicySet {
        &self.policies
    }

    /// Returns the schema that requests and policies fit.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Decides whether an operator may read an item of a class; denies where it cannot be sure.
    ///
    /// `approved_by` is who approved this reading; whether that counts is for the policies to say.
    pub fn may_read(
        &self,
        reader: Operator<'_>,
        approved_by: Option<Operator<'_>>,
        (item, class): (&str, Class),
        now: Timestamp,
    ) -> Decision {
        self.ask(reader, approved_by, (item, class), now).unwrap_or_else(|why| Decision {
            effect: Effect::Deny,
            policies: Vec::new(),
            facts: Vec::new(),
            says: format!("denied: the question could not be put to the policies ({why})"),
        })
    }

    fn ask(
        &self,
        reader: Operator<'_>,
        approved_by: Option<Operator<'_>>,
        (item, class): (&str, Class),
        now: Timestamp,
    ) -> Result<Decision, Unformed> {
        let resource = uid("Item", item)?;
        let word = |kind: &str, value: &str| -> Result<_, Unformed> {
            Ok(RestrictedExpression::new_entity_uid(uid(kind, value)?))
        };
        let user = |operator: Operator<'_>| -> Result<Entity, Unformed> {
            let roles: Result<Vec<_>, Unformed> =
                operator.roles.iter().map(|role| word("Role", role.as_str())).collect();
            let roles = RestrictedExpression::new_set(roles?);
            entity(uid("User", operator.user)?, ("roles", roles))
        };
        // One person is one entity, also where it approves its own reading.
        let approver = approved_by.filter(|approver| approver.user != reader.user);
        let mut entities =
            vec![user(reader)?, entity(resource.clone(), ("class", word("Class", class.as_str())?))?];
        entities.extend(approver.map(user).transpose()?);
        let entities = Entities::from_entities(entities, Some(&self.schema)).map_err(unformed)?;
        let approval: Option<Result<_, Unformed>> =
            approved_by.map(|approver| Ok(("approved_by".to_owned(), word("User", approver.user)?)));
        let pairs = [("now".to_owned(), datetime(down(now)))].into_iter().chain(approval.transpose()?);
        let context = Context::from_pairs(pairs).map_err(unformed)?;
        let (principal, action) = (uid("User", reader.user)?, uid("Action", "read")?);
        let request =
            Request::new(principal, action, resource, context, Some(&self.schema)).map_err(unformed)?;
        let response = self.authorizer.is_authorized(&request, &self.policies, &entities);
        // Cedar skips a forbid that fails, which would open what it bars: any error denies.
        if let Some(error) = response.diagnostics().errors().next() {
            return Err(error.to_string());
        }
        let deciding: BTreeSet<String> = response.diagnostics().reason().map(ToString::to_string).collect();
        let says = |id: &String| {
            let policy = self.policies.policy(&PolicyId::new(id));
            policy.and_then(|policy| policy.annotation("says")).unwrap_or_default().to_owned()
        };
        let sentences: Vec<String> =
            deciding.iter().map(|id| format!("{} (policy {id})", says(id))).collect();
        let (effect, start) = match response.decision() {
            cedar_policy::Decision::Allow => (Effect::Permit, "permitted"),
            cedar_policy::Decision::Deny => (Effect::Deny, "denied"),
        };
        let because = match sentences.as_slice() {
            [] => format!("no role of `{}` reads items", reader.user),
            sentences => sentences.join("; "),
        };
        let roles: Vec<&str> = reader.roles.iter().map(|role| role.as_str()).collect();
        let mut facts = vec![format!("roles: {}", roles.join(" ")), format!("class: {class}")];
        facts.extend(approved_by.map(|approver| format!("approved by: {}", approver.user)));
        Ok(Decision {
            effect,
            policies: deciding.into_iter().collect(),
            facts,
            says: format!("{start}: {because}"),
        })
    }
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, Unformed> {
    let kind = EntityTypeName::from_str(kind).map_err(unformed)?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

fn entity(uid: EntityUid, (name, value): (&str, RestrictedExpression)) -> Result<Entity, Unformed> {
    let attributes = [(name.to_owned(), value)].into();
    Entity::new(uid, attributes, std::collections::HashSet::new()).map_err(unformed)
}

fn unformed(error: impl fmt::Display) -> Unformed {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKERS: [Role; 3] = [Role::Coordinator, Role::ReleaseEngineer, Role::Investigator];

    /// Every set of roles there is.
    fn every() -> impl Iterator<Item = BTreeSet<Role>> {
        (0..1_u32 << Role::ALL.len()).map(|bits| {
            Role::ALL
                .iter()
                .enumerate()
                .filter(|(at, _)| bits >> at & 1 == 1)
                .map(|(_, role)| *role)
                .collect()
        })
    }

    /// The rule by hand, over every pair of role sets, with another approver, with oneself, and with none.
    #[test]
    fn every_answer_is_the_one_worked_out_by_hand() {
        let set = OperatorSet::shipped().unwrap();
        for roles in every() {
            let ann = Operator { user: "ann", roles: &roles };
            let works = WORKERS.iter().any(|role| roles.contains(role));
            for class in [Class::Reproduction, Class::Advisory] {
                let open = works && class != Class::Reproduction;
                let may = |approver: Option<Operator<'_>>| {
                    set.may_read(ann, approver, ("poc.py", class), Timestamp::UNIX_EPOCH).effect
                        == Effect::Permit
                };
                assert_eq!(may(None), open, "{roles:?} {class} alone");
                assert_eq!(may(Some(ann)), open, "{roles:?} {class} approved by oneself");
                for theirs in every().filter(|theirs| theirs.len() < 2) {
                    let bob = Operator { user: "bob", roles: &theirs };
                    let expected = works && (class != Class::Reproduction || !theirs.is_empty());
                    assert_eq!(may(Some(bob)), expected, "{roles:?} {class} approved by {theirs:?}");
                }
            }
        }
    }

    #[test]
    fn an_answer_names_its_policy_and_says_why() {
        let set = OperatorSet::shipped().unwrap();
        let roles = [Role::Investigator].into();
        let denied = set.may_read(
            Operator { user: "ann", roles: &roles },
            None,
            ("poc.py", Class::Reproduction),
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(denied.policies, ["reproduction-second-approval"]);
        insta::assert_snapshot!(denied.says, @"denied: a reproduction is read with the approval of a second operator, who has a role (policy reproduction-second-approval)");
        let none = BTreeSet::new();
        let denied = set.may_read(
            Operator { user: "ann", roles: &none },
            None,
            ("a.md", Class::Advisory),
            Timestamp::UNIX_EPOCH,
        );
        insta::assert_snapshot!(denied.says, @"denied: no role of `ann` reads items");
    }
}
