//! All that a key has earned is taken back, credit by credit.

use super::reverse::{Reversal, ReverseError, reverse};
use super::{Failure, Ledger};
use crate::domain::{Actor, KeyId, TransferId, Usd};

/// Credits that are looked for at once.
const BATCH: u64 = 500;

/// Why they are taken back, as their reversals say.
const NOTE: &str = "The key was blocked.";

/// What was taken back of a key's credits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyReversal {
    /// Credits that were reversed.
    pub credits: u64,
    /// What was taken back.
    pub taken: Usd,
    /// What the owner no longer had; the platform bears it.
    pub shortfall: Usd,
    /// Credits that stand although they were to be taken back, and why.
    pub refused: Vec<(TransferId, ReverseError)>,
}

impl KeyReversal {
    /// Counts what was taken back of another row of the key.
    pub fn add(&mut self, other: Self) {
        self.credits += other.credits;
        self.taken += other.taken;
        self.shortfall += other.shortfall;
        self.refused.extend(other.refused);
    }
}

impl Ledger {
    /// Reverses every credit of the key that stands, newest first. What was reversed before stays as it
    /// is, so that doing it again takes nothing twice; each credit is a transaction of its own.
    ///
    /// # Errors
    /// The database fails.
    pub async fn reverse_key(&self, actor: &Actor, key: KeyId) -> Result<KeyReversal, Failure> {
        let principal = actor.audit_name();
        let mut total = KeyReversal::default();
        let mut before = i64::MAX;
        loop {
            let credits = self.store.standing_credits(key, &principal, before, BATCH).await?;
            let Some(oldest) = credits.last() else { return Ok(total) };
            before = oldest.seq;
            for credit in credits {
                let (principal, it) = (
                    principal.clone(),
                    Reversal {
                        transaction: credit.id,
                        amount: None,
                        idempotency_key: format!("key.blocked {}", credit.id),
                        note: NOTE.to_owned(),
                    },
                );
                let reversed = self.store.write("reverse", move |tx| Box::pin(reverse(tx, principal, it))).await?;
                match reversed {
                    Ok(reversed) => {
                        total.credits += 1;
                        total.taken += reversed.transfer.map_or(Usd::ZERO, |it| Usd::ZERO - it.amount);
                        total.shortfall += reversed.shortfall;
                    }
                    Err(refusal) => match refusal.code {
                        // Somebody else reversed it, or corrections left nothing of it.
                        ReverseError::NotReversible | ReverseError::AmountInvalid => {}
                        code @ (ReverseError::TransactionNotFound | ReverseError::IdempotencyMismatch) => {
                            total.refused.push((credit.id, code));
                        }
                    },
                }
            }
        }
    }
}
