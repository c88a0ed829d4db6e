//! Statements of a transaction, on [`Tx`](super::Tx). Moves call them; nobody else does.

mod account;
mod attempt;
mod audit;
mod block;
pub(super) mod claim;
mod event;
mod key;
mod prune;
mod sealed;
mod stat;
mod token;
mod transfer;

pub use claim::Validations;
pub use sealed::Resealed;
pub use token::NewToken;
pub use transfer::ProvisionalCredit;

/// How rows are locked. Nothing changes their ids, so rows that refer to them may be written
/// meanwhile; a stronger lock would wait for those writers, who wait in their turn for the row.
const ROW_LOCK: sea_orm::sea_query::LockType = sea_orm::sea_query::LockType::NoKeyUpdate;
