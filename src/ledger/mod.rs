//! What billing and operators do with credits: deposit, spend, reverse, audit.
//!
//! Every movement is repeatable by the service's own idempotency key: the same content answers the
//! first transaction, another content an error that names the field.

mod audit;
mod failure;
mod idempotency;
mod money;
mod reverse;
mod reverse_key;

use crate::domain::Usd;
use crate::store::Store;

pub use audit::AuditReport;
pub use failure::Failure;
pub use money::{CreditError, CreditRefusal, MoveCredits};
pub use reverse::{Reversal, ReverseError, ReverseRefusal, Reversed};
pub use reverse_key::KeyReversal;

/// The use cases around credits; clones share everything.
#[derive(Clone)]
pub struct Ledger {
    store: Store,
    amount_max: Usd,
}

impl Ledger {
    /// The use cases over the database. `amount_max` bounds a single deposit or payment.
    #[must_use]
    pub fn new(store: Store, amount_max: Usd) -> Self {
        Self { store, amount_max }
    }
}
