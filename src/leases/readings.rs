//! Readings of a key around an attempt, and its secret for the attempt's calls.

use std::time::Duration;

use super::{Failure, Inner};
use crate::domain::key::BalanceSource;
use crate::domain::{Attempt, BlameScope, CostSource, Key, KeyId, ProviderCode, Secret, Usd};
use crate::moves;
use crate::moves::key::{Answer, Report};
use crate::vault::{SealContext, VaultError};

/// Pause before a second look at a balance that has not moved yet.
const SECOND_LOOK: Duration = Duration::from_secs(1);

impl Inner {
    /// Opens a key's envelope; `None` when there is none any more or it fails its seal's check.
    pub(super) async fn unseal(&self, id: KeyId) -> Result<Option<Secret>, Failure> {
        Ok(self.unseal_with_key(id).await?.map(|(_, secret)| secret))
    }

    /// The same with what is known of the key.
    pub(super) async fn unseal_with_key(&self, id: KeyId) -> Result<Option<(Key, Secret)>, Failure> {
        let Some((key, envelope)) = self.store.envelope(id).await? else { return Ok(None) };
        if key.integrity_failed_at.is_some() {
            return Ok(None);
        }
        let place = SealContext::of_key(id, key.owner, key.provider);
        match self.vault.open_envelope(&place, key.ring_key_id.as_deref(), &envelope) {
            Ok(secret) => Ok(Some((key, secret))),
            Err(VaultError::Integrity) => {
                let work =
                    self.store.write("set key aside", move |tx| Box::pin(moves::key::set_aside(tx, id, envelope)));
                Ok(work.await.map(|()| None)?)
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Whether the cost of this provider's tasks is learnt from the key's balance.
    pub(super) fn costs_by_balance(&self, provider: ProviderCode) -> bool {
        self.providers.info(provider).cost_source == CostSource::BalanceDelta
    }

    /// The reading before an attempt, as a report to be recorded. One that rejects the key is a report too: the
    /// task is not to be a second wrong call.
    pub(super) async fn read_before(&self, attempt: &Attempt, secret: &Secret) -> Option<Report> {
        if !self.costs_by_balance(attempt.provider) {
            return None;
        }
        let started_at = self.clock.now();
        let outcome = match self.providers.balance(attempt.provider, secret).await {
            Ok(it) => Ok(Answer { balance: it.balance, native: it.native, prepaid: it.prepaid }),
            Err(blame) if blame.scope == BlameScope::KeyRejected => Err(blame),
            Err(_) => return None,
        };
        Some(Report {
            key: attempt.key,
            claim: None,
            source: BalanceSource::Attempt,
            started_at,
            read_at: self.clock.now(),
            outcome,
        })
    }

    /// By how much the balance has dropped since the reading before; looked at twice when it has
    /// not moved yet. `None` without a reading.
    pub(super) async fn drop_since(&self, attempt: &Attempt, secret: &Secret) -> Option<Usd> {
        let before = attempt.before?;
        let first = self.providers.balance(attempt.provider, secret).await.ok()?;
        if first.balance != before {
            return Some(before - first.balance);
        }
        tokio::time::sleep(SECOND_LOOK).await;
        let second = self.providers.balance(attempt.provider, secret).await.ok()?;
        Some(before - second.balance)
    }
}
