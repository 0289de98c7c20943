//! Proving every claim about a set, one after the other.

use cedar_policy::Schema;
use cedar_policy_symcc::Env;
use policy::{OperatorSet, PolicySet, Prospect, Scenario};
use serde::Serialize;

use crate::{
    claim::{Claim, Kept},
    counterexample::scenario,
    solver::{Answer, Kind, ProveError, Question},
    world::Fences,
};

/// Holds what became of one claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Outcome {
    /// It holds for every request there could be.
    Proved,
    /// A request breaks it.
    Refuted {
        /// The request as a scenario file; absent where it cannot be written as one.
        scenario: Option<String>,
        /// What the policies do with it, or the request in Cedar's words.
        says: String,
    },
    /// The solver could not say.
    Unknown {
        /// Why.
        says: String,
    },
}

/// Holds a claim with its outcome.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proof {
    /// The claim's id.
    pub theorem: String,
    /// The set's name.
    pub set: String,
    /// The claim as a sentence.
    pub says: String,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// Takes each proof as it is done, and tells the seconds since the one before.
pub trait Report {
    /// Returns the seconds since it was last asked.
    fn lap(&mut self) -> f64;
    /// Takes a proof.
    fn proof(&mut self, proof: Proof);
}

/// Proves every claim about a set on members: the theorems it is held to, and what holds of each policy.
///
/// With `base`, also that the set permits no more than that one.
///
/// # Errors
/// [`ProveError`] when the solver does not run or the policies cannot be turned into formulas; a claim that does
/// not hold is no error.
pub async fn prove(
    set: &PolicySet,
    kept: Kept,
    base: Option<&PolicySet>,
    report: &mut impl Report,
) -> Result<(), ProveError> {
    let live = set.cedar();
    let mut claims = Claim::on_members(live, kept)?;
    claims.extend(base.map(|base| Claim::no_more(base.cedar())));
    let (schema, world, wishes) = (PolicySet::schema()?, Fences::world()?, Fences::wishes()?);
    let prover = Prover::new(live, &schema, &world, &wishes)?;
    for Claim { id, says, question } in claims {
        let outcome = match prover.settle(&question).await? {
            Answer::Holds => Outcome::Proved,
            Answer::Unknown(says) => Outcome::Unknown { says },
            Answer::Broken(found) => refuted(set, &question, &found),
        };
        let seconds = report.lap();
        report.proof(Proof { theorem: id, set: set.name().to_owned(), says, outcome, seconds });
    }
    Ok(())
}

/// Proves every claim about the set on operators.
///
/// # Errors
/// As for [`prove`].
pub async fn prove_operators(report: &mut impl Report) -> Result<(), ProveError> {
    let set = OperatorSet::shipped()?;
    let (live, nothing) = (set.cedar(), Fences::none());
    let prover = Prover::new(live, set.schema(), &nothing, &nothing)?;
    for Claim { id, says, question } in Claim::on_operators(live)? {
        let outcome = match prover.settle(&question).await? {
            Answer::Holds => Outcome::Proved,
            Answer::Unknown(says) => Outcome::Unknown { says },
            Answer::Broken(found) => Outcome::Refuted { scenario: None, says: found.to_string() },
        };
        let seconds = report.lap();
        report.proof(Proof { theorem: id, set: String::from("operators"), says, outcome, seconds });
    }
    Ok(())
}

struct Prover<'a> {
    kinds: Vec<Kind<'a>>,
    wishes: &'a Fences,
}

impl<'a> Prover<'a> {
    /// Takes every kind of request that the schema knows; one that was left out would be a hole.
    fn new(
        live: &'a cedar_policy::PolicySet,
        schema: &'a Schema,
        world: &'a Fences,
        wishes: &'a Fences,
    ) -> Result<Self, ProveError> {
        let kinds = schema.request_envs().map(|env| Kind::new(env, schema, live, world));
        let mut kinds = kinds.collect::<Result<Vec<_>, ProveError>>()?;
        // A copy before a listing: the counterexample that matters most comes first.
        kinds.sort_by_key(Kind::action);
        Ok(Self { kinds, wishes })
    }

    async fn settle(&self, question: &Question) -> Result<Answer, ProveError> {
        let mut unknown = None;
        for kind in &self.kinds {
            match kind.holds(question).await? {
                Some(true) => {}
                Some(false) => return self.example(question, kind).await,
                None => unknown = Some(kind.action()),
            }
        }
        Ok(unknown.map_or(Answer::Holds, |action| {
            Answer::Unknown(format!("the solver gave up on {action}; write fewer or simpler conditions"))
        }))
    }

    /// Finds the plainest request that breaks what does not hold.
    async fn example(&self, question: &Question, kind: &Kind<'_>) -> Result<Answer, ProveError> {
        let mut granted = Fences::none();
        // Halves of halves: most wishes can be granted together.
        let mut open = vec![self.wishes.clone()];
        while let Some(wishes) = open.pop() {
            let narrower = granted.and(&wishes);
            if kind.holds_within(question, &narrower).await? == Some(false) {
                granted = narrower;
            } else if let Some((first, second)) = wishes.halves() {
                open.extend([second, first]);
            }
        }
        kind.example(question, &granted).await
    }
}

/// Tries a counterexample on the real policies.
fn refuted(set: &PolicySet, question: &Question, found: &Env) -> Outcome {
    let written = scenario(found, names_somebody(set)).and_then(|scenario| scenario.to_toml().ok());
    let Some(text) = written else {
        let says = format!("no scenario can be written of the request that breaks it: {found}");
        return Outcome::Refuted { scenario: None, says };
    };
    // What was written is what is tried.
    let tried =
        Scenario::parse(&text).ok().and_then(|read| Some((read.now(), read.run(set).into_iter().next()?)));
    let Some((now, row)) = tried else {
        return Outcome::Unknown {
            says: format!("the request that breaks it does not read as a scenario: {text}"),
        };
    };
    let released = matches!(row.effect, Prospect::Release { at } if at <= now);
    match question {
        Question::NeverFails(_) => Outcome::Refuted { scenario: Some(text), says: row.says },
        _ if released => Outcome::Refuted { scenario: Some(text), says: row.says },
        _ => Outcome::Unknown {
            says: format!("the solver's request is refused by the policies ({}): {text}", row.says),
        },
    }
}

fn names_somebody(set: &PolicySet) -> bool {
    let personal =
        |uid: &cedar_policy::EntityUid| matches!(uid.type_name().basename(), "Member" | "Item" | "Tier");
    set.cedar().policies().any(|policy| policy.entity_literals().iter().any(personal))
}

#[cfg(test)]
mod tests;
