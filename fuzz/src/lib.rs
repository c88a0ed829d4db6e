//! What the fuzz targets look at: each takes bytes, and panics over what must not be.
//!
//! The targets in `fuzz_targets/` hand libFuzzer's inputs on, and `fuzz/run` runs them all. The tests
//! do with less: the committed corpora, and mutations that are always the same.

mod edits;
pub mod envelope;
pub mod gateway;
pub mod guard;
pub mod init_data;
pub mod money;
pub mod replies;
mod wait;

#[cfg(test)]
mod tests;
