//! The check against what traces: agreement on sound evidence, refusal of changed evidence.

#[cfg(test)]
mod agrees;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod world;
