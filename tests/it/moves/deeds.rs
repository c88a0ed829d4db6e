//! What may be done to one key by those who act at the same moment, and what the key has to show after.

use key_recycling::domain::{AttemptId, AttemptState, Key, KeyId, KeyStatus, Usd};
use key_recycling::store::StoreError;

use super::stage::{Stage, reported};

/// What the key has at its provider.
pub(super) const DEPOSIT: Usd = Usd::from_nanos(1_000_000_000);

/// Estimate and cost of every attempt.
pub(super) const PRICE: Usd = Usd::from_nanos(1_000);

/// Something done, in one transaction.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    /// Somebody moves the attempt of this number.
    Move(usize, AttemptState),
    /// The owner takes the key back.
    Remove,
    /// The sync claims the reading.
    Claim,
    /// The sync records what it has read under its claim.
    Record,
    /// A reading without a claim begins and ends.
    Read,
}

/// Moves an attempt, at its price where it is charged.
pub(super) async fn move_to(stage: &Stage, id: AttemptId, to: AttemptState) -> Result<(), StoreError> {
    let cost = (to == AttemptState::Settled).then(|| reported(PRICE)).flatten();
    stage.go(id, to, cost).await
}

/// So many prices.
pub(super) fn prices(count: usize) -> Usd {
    Usd::from_nanos(i64::try_from(count).expect("few attempts") * PRICE.nanos())
}

/// The key's figures are the sums over its attempts. Answers the key, and their states in the order in
/// which they were opened.
pub(super) async fn check(stage: &Stage, key: KeyId, removed: bool, what: &str) -> (Key, Vec<AttemptState>) {
    let shown = stage.key(key).await;
    let states: Vec<AttemptState> = stage.states(key).await.into_iter().map(|(_, state)| state).collect();
    let count = |state: AttemptState| states.iter().filter(|it| **it == state).count();
    let open = states.iter().filter(|it| it.holds()).count();
    assert_eq!(shown.status, if removed { KeyStatus::Removed } else { KeyStatus::Active }, "{what}");
    assert!(!removed || count(AttemptState::Reserved) == 0, "{what}: removal gives leases back");
    assert_eq!((shown.held, usize::try_from(shown.in_flight)), (prices(open), Ok(open)), "{what}");
    assert_eq!(shown.credited, prices(count(AttemptState::Settled)), "{what}");
    assert_eq!(shown.under_review, prices(count(AttemptState::UnderReview)), "{what}");
    assert_eq!(shown.sealed, !removed || open > 0, "{what}: the sealed form stays while an attempt may need it");
    (shown, states)
}
