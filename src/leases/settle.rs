//! A task is over at its provider: what it cost, and the transaction that settles it.

use super::{Failure, Inner};
use crate::domain::attempt::REPLY_BYTES_MAX;
use crate::domain::{Attempt, AttemptState, CostSource, Secret, Usd, failpoint};
use crate::moves;
use crate::moves::attempt::{Cost, End};
use crate::providers::{Charge, CostFigure, Ending};
use crate::store::{StoreError, Tx};

impl Inner {
    /// Settles an attempt and answers it as it then stands. One that somebody else settled first is
    /// left as it is: terminal is terminal.
    pub(super) async fn settle(&self, attempt: Attempt, ending: Ending, secret: &Secret) -> Result<Attempt, Failure> {
        let price = self.list_price(&attempt);
        let dropped = if ending.solved && self.costs_by_balance(attempt.provider) {
            self.drop_since(&attempt, secret).await
        } else {
            None
        };
        let reports_cost = !self.costs_by_balance(attempt.provider);
        let end = conclude(&ending, price, dropped, reports_cost);
        let policy = self.policy(attempt.provider);
        let id = attempt.id;
        let blame = ending.blame;
        failpoint::reach("ended");
        let settled = self.store.write("settle", move |tx| {
            Box::pin(async move {
                let mut attempt = tx.lock_attempt(id).await?.ok_or(StoreError::Stale)?;
                // A result that comes after the attempt was given up still tells what it cost.
                let awaits = attempt.state.is_under_way() || attempt.state == AttemptState::Unknown;
                if awaits && attempt.state.may_become(end.to) {
                    let end = doubt(tx, &attempt, end).await?;
                    // Before the end: its statistics are shared by all and come last of all locks.
                    if let Some(blame) = blame {
                        moves::key::blame(tx, attempt.key, &blame, policy).await?;
                    }
                    moves::attempt::end(tx, &mut attempt, end).await?;
                }
                Ok::<_, StoreError>(attempt)
            })
        });
        let settled = settled.await?;
        failpoint::reach("settled");
        Ok(settled)
    }

    /// List price of the attempt's task; the hold where the catalogue no longer offers it.
    pub(super) fn list_price(&self, attempt: &Attempt) -> Usd {
        let info = self.providers.info(attempt.provider);
        info.offer(attempt.task_type, attempt.proxied).map_or(attempt.estimate, |offer| offer.list_price)
    }
}

/// Puts an end before an operator whose reported cost is more than the key can have had.
async fn doubt(tx: &mut Tx, attempt: &Attempt, end: End) -> Result<End, StoreError> {
    let reported = end.cost.as_ref().filter(|cost| cost.source == CostSource::Reported).map(|cost| cost.amount);
    let (Some(reported), Some(most)) = (reported, most_chargeable(tx, attempt).await?) else { return Ok(end) };
    if reported <= most {
        return Ok(end);
    }
    Ok(End { to: AttemptState::UnderReview, cost: None, ..end })
}

/// The most that the attempt's key can have had when it was charged, as far as its readings tell.
async fn most_chargeable(tx: &mut Tx, attempt: &Attempt) -> Result<Option<Usd>, StoreError> {
    let key = tx.lock_key(attempt.key).await?.ok_or(StoreError::Stale)?;
    let Some(last) = key.reading else { return Ok(None) };
    let mut most = last.balance - key.spent_since;
    if attempt.sent_at.is_none_or(|sent| sent < last.started_at) {
        // The charge may be in the figure already.
        most += attempt.estimate;
    }
    if let Some(quiet) = key.quiet_reading {
        most = most.max(quiet.balance - tx.charged_since_quiet(key.id, quiet.started_at).await?);
    }
    Ok(Some(most))
}

/// How an attempt ends, from what the provider said, its list price and the balance's drop.
fn conclude(ending: &Ending, price: Usd, dropped: Option<Usd>, reports_cost: bool) -> End {
    let reply = (ending.reply.len() <= REPLY_BYTES_MAX).then(|| ending.reply.clone());
    let code = ending.blame.as_ref().and_then(|blame| blame.code);
    let error_code = (!ending.solved).then(|| code.unwrap_or(super::answer::UNSOLVABLE).to_owned());
    let ended = |to, cost, cost_raw| End { to, cost, cost_raw, reply, error_code };
    let by_list_price = Cost { amount: price, source: CostSource::PriceList, provisional: true };
    let charged_state = if ending.solved { AttemptState::Settled } else { AttemptState::FailedCharged };
    if !ending.solved && ending.charge == Charge::Free {
        return ended(AttemptState::FailedFree, None, None);
    }
    match &ending.cost {
        CostFigure::Unbelievable { raw } => ended(AttemptState::UnderReview, None, Some(raw.clone())),
        CostFigure::Exact { cost, raw } if reports_cost => {
            let reported = Cost { amount: *cost, source: CostSource::Reported, provisional: false };
            ended(charged_state, Some(reported), Some(raw.clone()))
        }
        CostFigure::Exact { .. } | CostFigure::Absent => {
            let cost = match dropped {
                Some(drop) if drop.is_positive() && drop <= price => {
                    Cost { amount: drop, source: CostSource::BalanceDelta, provisional: false }
                }
                _ => by_list_price,
            };
            ended(charged_state, Some(cost), None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ending(solved: bool, charge: Charge, cost: CostFigure) -> Ending {
        Ending { solved, cost, charge, blame: None, reply: "{}".to_owned() }
    }

    fn usd(nanos: i64) -> Usd {
        Usd::from_nanos(nanos)
    }

    #[test]
    fn the_drop_is_credited_only_up_to_the_list_price() {
        let price = usd(600);
        for (dropped, amount, source) in [
            (Some(600), 600, CostSource::BalanceDelta),
            (Some(1), 1, CostSource::BalanceDelta),
            (Some(0), 600, CostSource::PriceList),
            (Some(601), 600, CostSource::PriceList),
            (Some(-5), 600, CostSource::PriceList),
            (None, 600, CostSource::PriceList),
        ] {
            let end = conclude(&ending(true, Charge::Charged, CostFigure::Absent), price, dropped.map(usd), false);
            let cost = end.cost.expect("a solved task has a cost");
            assert_eq!((end.to, cost.amount, cost.source), (AttemptState::Settled, usd(amount), source), "{dropped:?}");
            assert_eq!(cost.provisional, source == CostSource::PriceList);
        }
    }

    #[test]
    fn reported_costs_are_credited_as_they_are_or_reviewed() {
        let exact = CostFigure::Exact { cost: usd(2_990_000), raw: "0.00299".to_owned() };
        let end = conclude(&ending(true, Charge::Charged, exact), usd(1), None, true);
        assert_eq!(end.cost.expect("reported").amount, usd(2_990_000));
        let odd = CostFigure::Unbelievable { raw: "1e9".to_owned() };
        let end = conclude(&ending(true, Charge::Charged, odd), usd(1), None, true);
        assert_eq!((end.to, end.cost_raw.as_deref()), (AttemptState::UnderReview, Some("1e9")));
        assert!(end.cost.is_none() && end.reply.is_some());
    }

    #[test]
    fn failures_are_free_unless_the_provider_charges_them() {
        let free = conclude(&ending(false, Charge::Free, CostFigure::Absent), usd(700), Some(usd(700)), false);
        assert_eq!(free.to, AttemptState::FailedFree);
        assert!(free.cost.is_none());
        let charged = conclude(&ending(false, Charge::Charged, CostFigure::Absent), usd(700), None, true);
        assert_eq!(charged.to, AttemptState::FailedCharged);
        assert_eq!(charged.cost.expect("charged").source, CostSource::PriceList);
    }
}
