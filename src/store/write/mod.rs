//! Statements of a transaction, on [`Tx`](super::Tx). Moves call them; nobody else does.

mod account;
mod attempt;
mod audit;
pub(super) mod claim;
mod event;
mod key;
mod prune;
mod stat;
mod token;
mod transfer;

pub use token::NewToken;
pub use transfer::ProvisionalCredit;
