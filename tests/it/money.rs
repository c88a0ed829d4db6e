//! Money against everybody: clients that hang up, dispatchers that lie, providers that lie.
//!
//! How much of it is done stands in `support::plan`; the sandbox's books are the oracle.

mod crowd;
mod disconnects;
mod dispatcher;
mod provider;
