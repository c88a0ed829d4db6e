//! Changes of state without a network: every arrow, every order of readings and charges.
//!
//! The store and the moves run for real; the provider is a number in the test.

mod arrows;
mod deeds;
mod interleaving;
mod line;
mod machine;
mod meeting;
mod model;
mod orders;
mod settlers;
mod stage;
mod steps;
mod vouched;
