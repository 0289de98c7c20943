//! Notices sent over real sockets to receivers that behave, and to ones that do not; the clock is simulated.

#[cfg(test)]
mod hooks;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod mail;
#[cfg(test)]
mod receiver;
#[cfg(test)]
mod world;
