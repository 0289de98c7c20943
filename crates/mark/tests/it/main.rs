//! Tests across the crate's modules, over one package.

#[cfg(test)]
mod leaks;
#[cfg(test)]
mod package;
#[cfg(test)]
mod trace;
