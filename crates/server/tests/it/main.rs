//! The server driven over real sockets, with a simulated clock.

#[cfg(test)]
mod acknowledge;
#[cfg(test)]
mod acts;
#[cfg(test)]
mod assertion;
#[cfg(test)]
mod certificate;
#[cfg(test)]
mod clock;
#[cfg(test)]
mod enrol;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod fetch;
#[cfg(test)]
mod heartbeat;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod http;
#[cfg(test)]
mod identity;
#[cfg(test)]
mod leaked;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod notices;
#[cfg(test)]
mod operate;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod people;
#[cfg(test)]
mod presence;
#[cfg(test)]
mod provider;
#[cfg(test)]
mod public;
#[cfg(test)]
mod records;
#[cfg(test)]
mod reports;
#[cfg(test)]
mod signed;
#[cfg(test)]
mod silence;
#[cfg(test)]
mod vetted;
#[cfg(test)]
mod wake;
