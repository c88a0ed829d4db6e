//! Changes of state that touch several rows, on a `&mut Tx`, each with its event rows.
//!
//! A move reads and writes through the transaction and calls other moves; it never begins or
//! commits one, and knows neither vault nor network. Locks are taken in one order: a provider's line of
//! validations, attempts, keys, owner accounts by id, statistics. What a decision rests on is read once
//! the lock that guards it is had: whoever waited for one has missed what was committed meanwhile.

pub mod attempt;
pub mod key;
pub mod transfer;
