//! Who may know what, when and why: Forewarn's policies, written in Cedar.
//!
//! Pure: no clock, no files. Every rule is Cedar text in `policies/`; this crate turns facts into
//! attributes, asks, and puts the answer into words. It denies whenever it cannot be sure.

mod anyone;
mod decide;
pub mod duties;
mod entities;
mod explain;
mod facts;
pub mod instant;
mod lead;
mod operators;
mod outlook;
mod prepared;
mod reads;
mod request;
mod says;
mod scenario;
mod set;

pub use anyone::Anyone;
pub use decide::{Decision, Effect};
pub use explain::{Change, Explanation};
pub use facts::{Class, DutySubject, Fact, FactKind, KeyState, Restriction, Standing, Tier, Trigger};
pub use lead::{Lead, LeadError};
pub use operators::{Operator, OperatorSet, Role};
pub use outlook::{Outlook, Prospect};
pub use prepared::{Asking, Moment, Wanted};
pub use request::{Action, Subject, Thing};
pub use scenario::{Row, Scenario, ScenarioError};
pub use set::{PolicyError, PolicySet};
