//! The tool as a member runs it, against a server on a small program.

#[cfg(test)]
mod enrol;
#[cfg(test)]
mod fetch;
#[cfg(test)]
mod keys;
