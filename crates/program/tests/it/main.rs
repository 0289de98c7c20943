//! The program driven through its own door: commands in, entries out, the log read back after each.

#[cfg(test)]
mod body;
#[cfg(test)]
mod case;
#[cfg(test)]
mod delivery;
#[cfg(test)]
mod doubt;
#[cfg(test)]
mod due;
#[cfg(test)]
mod embargo;
#[cfg(test)]
mod fold;
#[cfg(test)]
mod grant;
#[cfg(test)]
mod heartbeat;
#[cfg(test)]
mod invitation;
#[cfg(test)]
mod leak;
#[cfg(test)]
mod member;
mod news;
#[cfg(test)]
mod notices;
mod operators;
#[cfg(test)]
mod passkey;
#[cfg(test)]
mod policies;
#[cfg(test)]
mod report;
#[cfg(test)]
mod review;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod shadow;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod strategies;
#[cfg(test)]
mod subject;
#[cfg(test)]
mod token;
#[cfg(test)]
mod vetting;
#[cfg(test)]
mod viewing;
#[cfg(test)]
mod wave;
#[cfg(test)]
mod world;
