//! The server driven over real sockets, with a simulated clock.

#[cfg(test)]
mod fetch;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod http;
#[cfg(test)]
mod operate;
#[cfg(test)]
mod public;
#[cfg(test)]
mod silence;
#[cfg(test)]
mod wake;
