//! Whose copy a leak derives from, weighed against a bound on accusing anyone innocent.
//!
//! [`accuse`] takes the population's rows, a code-blind [`Reading`](crate::reading::Reading) and ε and
//! returns a [`Trace`]. The mathematics is in five small files: [`factor`] (evidence of a choice or an
//! order), [`constant`] (evidence of a generated value), [`joint`] (evidence given what another member
//! holds), [`tail`] (exact conditional tails) and [`bound`] (what the bound needs and why it holds).
//! [`ledger`] weighs a member over many releases.

pub mod bound;
pub mod constant;
pub mod factor;
pub mod joint;
pub mod ledger;
mod many;
pub mod tail;
mod verdict;
pub(crate) mod weigh;

pub use many::accuse_many;
pub use verdict::{
    AccuseError, Law, MemberEvidence, Row, SCORER, SiteCount, SiteLaw, Trace, Verdict, accuse, own_log10_e,
};
