//! The settings that figures are quoted for.

use super::{Origin, Setting};
use crate::accuse::factor::Strategy;
use crate::code::Bias;

/// The ε that rates of detection are told at.
pub const DETECTION_EPSILON: f64 = 1e-6;

/// The ε that rates of false accusation are told at; large enough for an accusation to turn up at all.
pub const FALSE_ACCUSATION_EPSILONS: [f64; 2] = [1e-2, 1e-3];

/// Members of every standard setting.
const MEMBERS: usize = 100;

/// Settings whose least rate of detection is told, and what it should reach.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// One setting a strategy; for one leaker they all coincide.
    pub settings: Vec<Setting>,
    /// Rate that the least of them should reach.
    pub least: f64,
}

/// Returns the standard settings of detection, coalition size and strategy unknown to the decoder.
pub fn detection() -> Vec<Target> {
    let target = |colluders: usize, sites, erased, least| {
        let strategies = if colluders == 1 { &Strategy::ALL[..1] } else { &Strategy::ALL[..] };
        let setting = |strategy: &Strategy| Setting {
            members: MEMBERS,
            sites,
            bias: bias(colluders),
            origin: Origin::Mixed(*strategy),
            colluders,
            erased,
            misread: 0.0,
        };
        Target { settings: strategies.iter().map(setting).collect(), least }
    };
    vec![
        target(1, 32, 0.0, 0.99),
        target(1, 256, 0.8, 0.99),
        target(2, 128, 0.0, 0.99),
        target(2, 256, 0.5, 0.99),
        target(3, 512, 0.0, 0.95),
    ]
}

/// Returns the standard settings of false accusation: one, two and three colluders; nothing, half and most of
/// the sites erased; leaks of every origin, misreads up to one in ten.
pub fn false_accusations() -> Vec<Setting> {
    let setting = |colluders: usize, erased| Setting {
        members: MEMBERS,
        // So that some leakers are named and some are not: a code that is far too weak or far too strong
        // leaves little to get wrong.
        sites: 24 << colluders,
        bias: bias(colluders),
        origin: Origin::Any,
        colluders,
        erased,
        misread: 0.1,
    };
    (1..=3).flat_map(|colluders| [0.0, 0.5, 0.8].map(|erased| setting(colluders, erased))).collect()
}

fn bias(colluders: usize) -> Bias {
    Bias::for_colluders(u32::try_from(colluders).unwrap_or(u32::MAX))
}
