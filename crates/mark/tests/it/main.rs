//! Tests across the crate's modules, over one package and over packages made up from seeds.

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod leaks;
#[cfg(test)]
mod package;
#[cfg(test)]
mod reformat;
#[cfg(test)]
mod survival;
#[cfg(test)]
mod trace;
