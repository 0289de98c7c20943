//! One cell of the meter: how often somebody guilty was named, and how sure that is.

use serde::{Deserialize, Serialize};

/// Standard normal quantile of a two-sided 95 % interval.
const Z: f64 = 1.959_963_985;
/// Trials before a cell may stop.
const LEAST: u32 = 12;
/// Width of an interval that is narrow enough.
const NARROW: f64 = 0.15;
/// Shares that part unattributable, weak and strong.
pub(super) const WEAK: f64 = 0.5;
pub(super) const STRONG: f64 = 0.95;

/// How often a kind of leak named somebody guilty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Leaks in which at least one guilty member was named.
    pub named: u32,
    /// Leaks tried.
    pub trials: u32,
    /// `named` of `trials`.
    pub share: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end of the 95 % interval.
    pub high: f64,
    /// How the coalition mixed, for the strategy that was named least often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mix: Option<super::Mix>,
}

impl Cell {
    pub(super) fn new(named: u32, trials: u32, mix: Option<super::Mix>) -> Cell {
        let (low, high) = wilson(named, trials);
        let share = if trials == 0 { 0.0 } else { f64::from(named) / f64::from(trials) };
        Cell { named, trials, share, low, high, mix }
    }

    /// Tells whether more leaks would hardly change what the cell says: its interval is narrow, or lies
    /// within one of the bands below 50 %, 50 to 95 %, from 95 %.
    pub(super) fn is_clear(&self) -> bool {
        let within = self.high < WEAK || self.low >= STRONG || self.low >= WEAK && self.high < STRONG;
        self.trials >= LEAST && (within || self.high - self.low <= NARROW)
    }
}

/// Returns the 95 % interval of a share by Wilson's score; 0 to 1 without a trial.
///
/// **Source:** Wilson, "Probable inference, the law of succession, and statistical inference", 1927.
pub fn wilson(named: u32, trials: u32) -> (f64, f64) {
    if trials == 0 {
        return (0.0, 1.0);
    }
    let (n, share) = (f64::from(trials), f64::from(named) / f64::from(trials));
    let scale = 1.0 + Z * Z / n;
    let middle = (share + Z * Z / (2.0 * n)) / scale;
    let half = Z / scale * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    // The ends at 0 and all are exact; rounding must not show a share beyond them.
    let low = if named == 0 { 0.0 } else { (middle - half).max(0.0) };
    let high = if named == trials { 1.0 } else { (middle + half).min(1.0) };
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_trial_everything_is_possible() {
        assert_eq!(wilson(0, 0), (0.0, 1.0));
        assert!(!Cell::new(0, 0, None).is_clear());
    }

    /// Worked example of the literature: 10 of 100.
    #[test]
    fn published_interval() {
        let (low, high) = wilson(10, 100);
        assert!((low - 0.0552).abs() < 5e-5 && (high - 0.1744).abs() < 5e-5, "{low} {high}");
        let (low, high) = wilson(0, 10);
        assert!(low == 0.0 && (high - 0.2775).abs() < 5e-5, "{high}");
    }

    #[test]
    fn a_cell_stops_when_its_band_is_clear() {
        assert!(!Cell::new(0, 11, None).is_clear());
        assert!(Cell::new(0, 12, None).is_clear());
        assert!(!Cell::new(12, 12, None).is_clear(), "0.76 to 1 is weak or strong");
        assert!(Cell::new(22, 22, None).is_clear());
        assert!(!Cell::new(6, 12, None).is_clear());
    }
}
