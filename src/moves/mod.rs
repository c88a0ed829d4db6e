//! Changes of state that touch several rows, on a `&mut Tx`, each with its event rows.
//!
//! A move reads and writes through the transaction and calls other moves; it never begins or
//! commits one, and knows neither vault nor network. Locks are taken in one order: attempt, key,
//! owner accounts by id.

pub mod attempt;
pub mod key;
pub mod transfer;
