//! The codebook.
use crate::master::Generator;
/// Gives the bits of a generator's value space before exclusions.
pub fn nominal_bits(generator: Generator) -> f64 {
    match generator {
        Generator::Word(n) => f64::from(n.div_ceil(2)) * 18_f64.log2() + f64::from(n / 2) * 5_f64.log2(),
        Generator::Hex(n) => 4.0 * f64::from(n),
        Generator::Num(n) => 9_f64.log2() + f64::from(n.saturating_sub(1)) * 10_f64.log2(),
    }
}
