//! What leaves the program in other people's formats. Pure: renderers and parsers.

pub mod advisory;
pub mod sdn;
