//! The engine driven through its own door, in temporary folders with a simulated clock.

#[cfg(test)]
mod damage;
#[cfg(test)]
mod early;
#[cfg(test)]
mod exhibit;
#[cfg(test)]
mod founding;
#[cfg(test)]
mod group;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod moving;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod policy_diff;
#[cfg(test)]
mod ready;
#[cfg(test)]
mod resume;
#[cfg(test)]
mod rollback;
#[cfg(test)]
mod server;
#[cfg(test)]
mod session;
#[cfg(test)]
mod story;
#[cfg(test)]
mod timer;

#[cfg(test)]
use testbed as world;
