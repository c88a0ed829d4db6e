//! What the fuzz targets look at: each takes bytes, and panics over what must not be.
//!
//! The targets in `fuzz_targets/` hand libFuzzer's inputs on; `tests/corpus.rs` hands on the corpus
//! that is committed. `fuzz/run` builds and runs them all.

mod edits;
pub mod envelope;
pub mod gateway;
pub mod guard;
pub mod init_data;
pub mod money;
pub mod replies;
mod wait;
