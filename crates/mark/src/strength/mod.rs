//! How strong a package's marks are: planned from its sites, and measured by leaking it.
//!
//! [`plan()`] is static: bits that the sites hold against bits that a claim (n, C, ε) needs. It is a floor; what
//! is below it cannot work. [`Meter::measure`] is the other half: it draws test codebooks, renders, does to the
//! copies what leakers do, reads the result blind and accuses, all through the functions a real trace uses.

mod advice;
mod cell;
mod coalition;
mod floor;
mod leaks;
mod meter;
mod plan;
mod reformat;
mod scope;

pub use advice::Advice;
pub use cell::{Cell, wilson};
pub use coalition::Mix;
pub use floor::{binary_rate, joint_bits};
pub use leaks::LeakClass;
pub use meter::{Meter, RowStrength, SAMPLE, Settings, Strength, WEIGHED};
pub use plan::{Claim, ClaimError, MAX_COLLUDERS, Plan, Shortfall, SiteTally, Supported, plan, shown_in};
