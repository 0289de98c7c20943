//! The `forewarn` binary as people and scripts use it.

#[cfg(test)]
mod backup;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod deliveries;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod evidence;
#[cfg(test)]
mod exhibits;
#[cfg(test)]
mod help;
#[cfg(test)]
mod hunt;
#[cfg(test)]
mod leaks;
#[cfg(test)]
mod marks;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod pdf;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod propose;
#[cfg(test)]
mod prove;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod relocate;
#[cfg(test)]
mod replicas;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod strength;
#[cfg(test)]
mod vetting;
#[cfg(test)]
mod viewing;
#[cfg(test)]
mod walkthrough;
#[cfg(test)]
mod world;
