//! Proofs about a set of policies: for every member, item and instant there could be, not for examples.
//!
//! A theorem is turned into formulas by Cedar's symbolic compiler and given to cvc5, which finds a request that
//! breaks it or shows that there is none. What is found is written as a scenario and tried on the real policies.

mod claim;
mod counterexample;
mod report;
mod solver;
mod world;

pub use claim::{Claim, Kept};
pub use report::{Outcome, Proof, Report, prove, prove_operators};
pub use solver::ProveError;
