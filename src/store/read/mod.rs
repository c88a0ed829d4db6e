//! Finders. Those for one object take an [`Actor`](crate::domain::Actor): what is not the actor's
//! to see is `None`, exactly as what does not exist.

mod account;
mod attempt;
mod audit;
mod event;
mod key;
mod ledger;
mod page;
mod stat;
mod token;
mod transfer;

pub use attempt::AttemptFilter;
pub use audit::AuditFilter;
pub use key::{KeyFilter, KeyList};
pub use ledger::AttemptFigures;
pub use page::{Page, PageRequest, Position};
pub use transfer::TransferList;

use super::StoreError;

/// Converts rows that can be inconsistent.
fn all<M, T>(rows: Vec<M>, convert: fn(M) -> Result<T, StoreError>) -> Result<Vec<T>, StoreError> {
    rows.into_iter().map(convert).collect()
}

/// Codes of an optional filter, as the column holds them.
fn codes<T: Copy>(values: Option<&[T]>, as_str: fn(T) -> &'static str) -> Option<Vec<&'static str>> {
    values.map(|values| values.iter().map(|value| as_str(*value)).collect())
}
