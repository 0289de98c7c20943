//! Questions to the solver: one process each, with a limit on its time.

use cedar_policy::{Policy, PolicySet, RequestEnv, Schema};
use cedar_policy_symcc::{
    CedarSymCompiler, CompiledPolicy, CompiledPolicySet, Env,
    err::{Error, SolverError},
    solver::LocalSolver,
};

use crate::world::Fences;

/// Most time that the solver takes for one question, in milliseconds.
const LIMIT: u32 = 60_000;

/// Says why nothing could be proved.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The solver does not run.
    #[error(
        "the solver `cvc5` does not run ({why}); install it (`apt-get install cvc5`), or set CVC5 to its path"
    )]
    Solver {
        /// What the system said.
        why: String,
    },
    /// A theorem, or what the theorems assume, does not load.
    #[error("a theorem does not load: {why}; this is a defect of the build")]
    Theorem {
        /// Cedar's message.
        why: String,
    },
    /// The policies cannot be turned into formulas.
    #[error("the policies cannot be turned into formulas: {why}")]
    Formula {
        /// The symbolic compiler's message.
        why: String,
    },
    /// A set to prove something of is none.
    #[error(transparent)]
    Policy(#[from] policy::PolicyError),
}

/// A question about a set: is there a request that breaks this?
#[derive(Clone, Debug)]
pub(crate) enum Question {
    /// Nothing that the situation permits is permitted by the set.
    Disjoint(PolicySet),
    /// Whatever the set permits, this one permits.
    Implies(PolicySet),
    /// The policy can always be evaluated.
    NeverFails(Box<Policy>),
}

/// What the solver found.
pub(crate) enum Answer {
    /// There is no request that breaks it.
    Holds,
    /// This one does.
    Broken(Box<Env>),
    /// It could not say in time.
    Unknown(String),
}

/// Holds a set as formulas for one kind of request: one action with its types.
pub(crate) struct Kind<'a> {
    env: RequestEnv,
    schema: &'a Schema,
    live: &'a PolicySet,
    world: &'a Fences,
    /// The set inside the world, which every question starts from.
    compiled: CompiledPolicySet,
}

impl<'a> Kind<'a> {
    pub(crate) fn new(
        env: RequestEnv,
        schema: &'a Schema,
        live: &'a PolicySet,
        world: &'a Fences,
    ) -> Result<Self, ProveError> {
        let compiled = CompiledPolicySet::compile(&world.around(live)?, &env, schema).map_err(formula)?;
        Ok(Self { env, schema, live, world, compiled })
    }

    /// Names the action.
    pub(crate) fn action(&self) -> String {
        self.env.action().to_string()
    }

    /// Asks whether no request breaks it; nothing where the solver gave up.
    pub(crate) async fn holds(&self, question: &Question) -> Result<Option<bool>, ProveError> {
        match question {
            // Most policies cannot fail whatever the request is, which needs no solver.
            Question::NeverFails(policy) => {
                let alone = start()?.check_never_errors_opt(&self.policy(policy)?).await;
                match settle(alone)? {
                    Some(true) => Ok(Some(true)),
                    _ => self.holds_within(question, &Fences::none()).await,
                }
            }
            Question::Disjoint(situation) => {
                settle(start()?.check_disjoint_opt(&self.compiled, &self.set(situation)?).await)
            }
            Question::Implies(wide) => {
                settle(start()?.check_implies_opt(&self.compiled, &self.set(wide)?).await)
            }
        }
    }

    /// Asks the same inside further fences.
    pub(crate) async fn holds_within(
        &self,
        question: &Question,
        wishes: &Fences,
    ) -> Result<Option<bool>, ProveError> {
        let fences = self.world.and(wishes);
        let mut solver = start()?;
        settle(match question {
            Question::NeverFails(policy) => {
                solver.check_never_errors_opt(&self.policy(&fences.inside(policy)?)?).await
            }
            Question::Disjoint(situation) => {
                let live = self.set(&fences.around(self.live)?)?;
                solver.check_disjoint_opt(&live, &self.set(situation)?).await
            }
            Question::Implies(wide) => {
                let live = self.set(&fences.around(self.live)?)?;
                solver.check_implies_opt(&live, &self.set(wide)?).await
            }
        })
    }

    /// Asks for a request that breaks it, inside further fences.
    pub(crate) async fn example(&self, question: &Question, wishes: &Fences) -> Result<Answer, ProveError> {
        let fences = self.world.and(wishes);
        let mut solver = start()?;
        let found = settle(match question {
            Question::NeverFails(policy) => {
                let inside = self.policy(&fences.inside(policy)?)?;
                solver.check_never_errors_with_counterexample_opt(&inside).await
            }
            Question::Disjoint(situation) => {
                let live = self.set(&fences.around(self.live)?)?;
                solver.check_disjoint_with_counterexample_opt(&live, &self.set(situation)?).await
            }
            Question::Implies(wide) => {
                let live = self.set(&fences.around(self.live)?)?;
                solver.check_implies_with_counterexample_opt(&live, &self.set(wide)?).await
            }
        })?;
        Ok(match found {
            Some(Some(example)) => Answer::Broken(Box::new(example)),
            Some(None) => Answer::Holds,
            None => Answer::Unknown(format!("the solver found no example within {} s", LIMIT / 1_000)),
        })
    }

    fn set(&self, policies: &PolicySet) -> Result<CompiledPolicySet, ProveError> {
        CompiledPolicySet::compile(policies, &self.env, self.schema).map_err(formula)
    }

    fn policy(&self, policy: &Policy) -> Result<CompiledPolicy, ProveError> {
        CompiledPolicy::compile(policy, &self.env, self.schema).map_err(formula)
    }
}

fn start() -> Result<CedarSymCompiler<LocalSolver>, ProveError> {
    let solver = LocalSolver::cvc5_with_args([format!("--tlimit-per={LIMIT}")])
        .map_err(|error| ProveError::Solver { why: told(&error) })?;
    CedarSymCompiler::new(solver).map_err(formula)
}

/// Tells an answer from a solver that gave up and from one that failed.
fn settle<T>(asked: Result<T, Error>) -> Result<Option<T>, ProveError> {
    match asked {
        Ok(answer) => Ok(Some(answer)),
        Err(Error::SolverUnknown) => Ok(None),
        Err(Error::SolverError(error)) => Err(ProveError::Solver { why: told(&error) }),
        Err(error) => Err(formula(error)),
    }
}

fn told(error: &SolverError) -> String {
    match error {
        SolverError::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

fn formula(error: impl std::fmt::Display) -> ProveError {
    ProveError::Formula { why: error.to_string() }
}
