//! What leaves the program in other people's formats. Pure: renderers only.

pub mod advisory;
