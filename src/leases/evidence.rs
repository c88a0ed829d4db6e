//! UNKNOWN attempts are decided by what is missing on their key, when two quiet readings agree.

use std::collections::BTreeMap;
use std::time::Duration;

use super::answer::UNSOLVABLE;
use super::{Failure, Inner};
use crate::domain::{Attempt, AttemptId, AttemptState, CostSource, KeyId, Usd};
use crate::moves;
use crate::moves::attempt::Cost;
use crate::store::{StoreError, Tx};

/// What the evidence says.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Finding {
    /// So many of the attempts of this price were charged, the oldest first; the rest is free.
    Charged(Usd, usize),
    /// None was.
    Free,
    /// It fits no number of attempts of one price.
    Undecided,
}

impl Inner {
    /// Decides the attempts whose key has confirmed evidence.
    pub(super) async fn decide_unknown(&self, unknown: &[Attempt]) -> Result<(), Failure> {
        let mut prices: BTreeMap<KeyId, BTreeMap<AttemptId, Usd>> = BTreeMap::new();
        for attempt in unknown {
            prices.entry(attempt.key).or_default().insert(attempt.id, self.list_price(attempt));
        }
        let ids: Vec<KeyId> = prices.keys().copied().collect();
        for key in self.store.keys_by_ids(&ids).await? {
            let (Some(evidence), Some(prices)) = (key.evidence, prices.remove(&key.id)) else { continue };
            if evidence.confirmed {
                let (id, window) = (key.id, self.providers.result_window(key.provider));
                let decided = self.store.write("decide unknown", move |tx| Box::pin(decide(tx, id, prices, window)));
                if let Err(error) = decided.await {
                    tracing::error!(key.id = %id, %error, "UNKNOWN attempts of key {id} could not be decided");
                }
            }
        }
        Ok(())
    }
}

/// Finds the one price and number of attempts that explain what is missing.
fn weigh(missing: Usd, attempts: &[(AttemptId, Usd)]) -> Finding {
    if missing.is_zero() {
        return Finding::Free;
    }
    let mut counts: BTreeMap<Usd, usize> = BTreeMap::new();
    for (_, price) in attempts {
        *counts.entry(*price).or_default() += 1;
    }
    let explained = |(price, count): (Usd, usize)| {
        let most = i64::try_from(count).unwrap_or(i64::MAX);
        let charged = (1..=most).find(|number| price.checked_mul(*number) == Some(missing))?;
        Some(Finding::Charged(price, usize::try_from(charged).ok()?))
    };
    let mut findings = counts.into_iter().filter_map(explained);
    match (findings.next(), findings.next()) {
        (Some(finding), None) => finding,
        _ => Finding::Undecided,
    }
}

/// Weighs and decides under the locks of all the key's UNKNOWN attempts and then its own, so that
/// nobody moves one of them, or the evidence, in between.
async fn decide(
    tx: &mut Tx,
    id: KeyId,
    prices: BTreeMap<AttemptId, Usd>,
    result_window: Duration,
) -> Result<(), StoreError> {
    let unknown = tx.lock_attempts_of(id, AttemptState::Unknown).await?;
    let key = tx.lock_key(id).await?.ok_or(StoreError::Stale)?;
    let priced: Option<Vec<(AttemptId, Usd)>> =
        unknown.iter().map(|attempt| Some((attempt.id, *prices.get(&attempt.id)?))).collect();
    // An attempt that became UNKNOWN meanwhile, or evidence that was withdrawn: the next pass decides.
    let evidence = key.evidence.filter(|evidence| evidence.confirmed);
    let (Some(priced), Some(evidence), Some(quiet)) = (priced, evidence, key.quiet_reading) else {
        return Ok(());
    };
    // One may go before the operator while the provider still works on it, and be charged after that reading.
    let not_in_it = quiet.started_at.minus(result_window);
    let finding = match weigh(evidence.missing, &priced) {
        // What is missing may be what an attempt before the operator cost, which would be credited twice then.
        Finding::Charged(..) if tx.is_cost_open_since(id, not_in_it).await? => Finding::Undecided,
        finding => finding,
    };
    tracing::info!(key.id = %id, ?finding, "UNKNOWN attempts of key {id} are decided");
    let (charged_price, mut left) = match finding {
        Finding::Charged(price, number) => (Some(price), number),
        Finding::Free | Finding::Undecided => (None, 0),
    };
    for (mut attempt, (_, price)) in unknown.into_iter().zip(priced) {
        let is_charged = left > 0 && charged_price == Some(price);
        let (to, cost) = match finding {
            Finding::Undecided => (AttemptState::UnderReview, None),
            _ if is_charged => {
                left -= 1;
                let cost = Cost { amount: price, source: CostSource::BalanceDelta, provisional: false };
                (AttemptState::Settled, Some(cost))
            }
            _ => (AttemptState::FailedFree, None),
        };
        moves::attempt::decide(tx, &mut attempt, to, cost, UNSOLVABLE).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn what_is_missing_has_to_be_a_number_of_one_price() {
        let attempts = |prices: &[i64]| -> Vec<(AttemptId, Usd)> {
            let id = |number: usize| AttemptId(Uuid::from_u128(number as u128));
            prices.iter().enumerate().map(|(number, nanos)| (id(number), Usd::from_nanos(*nanos))).collect()
        };
        for (missing, prices, finding) in [
            (0, &[5][..], Finding::Free),
            (5, &[5], Finding::Charged(Usd::from_nanos(5), 1)),
            (10, &[5, 5, 5], Finding::Charged(Usd::from_nanos(5), 2)),
            (10, &[5], Finding::Undecided),
            (7, &[5, 5], Finding::Undecided),
            (-5, &[5], Finding::Undecided),
            (6, &[3, 3, 6], Finding::Undecided),
            (9, &[3, 3, 6], Finding::Undecided),
            (3, &[3, 6], Finding::Charged(Usd::from_nanos(3), 1)),
        ] {
            assert_eq!(weigh(Usd::from_nanos(missing), &attempts(prices)), finding, "{missing} of {prices:?}");
        }
    }
}
