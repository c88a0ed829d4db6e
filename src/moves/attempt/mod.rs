//! Changes of an attempt: each arrow is one compare-and-set, with what it does to the key.

mod end;
mod open;

pub use end::{Cost, End, decide, end, note_verdict};
pub use open::{advance, give_back, lose, release, release_reserved, reserve};
