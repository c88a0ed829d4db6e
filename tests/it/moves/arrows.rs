//! Arrows that there are not: every move along one is refused and changes nothing.

use key_recycling::domain::{Attempt, AttemptId, AttemptState, Key, KeyId, KeyStatus, Usd};
use key_recycling::moves;
use key_recycling::moves::attempt::Cost;
use key_recycling::store::StoreError;

use super::stage::{Stage, reported};
use crate::support::Database;

const PRICE: Usd = Usd::from_nanos(1_000_000);

/// The way from RESERVED to a state.
fn way_to(state: AttemptState) -> &'static [AttemptState] {
    use AttemptState::{
        Expired, FailedCharged, FailedFree, Released, Reserved, Sent, Settled, Submitted, UnderReview, Unknown,
    };
    match state {
        Reserved => &[],
        Sent => &[Sent],
        Released => &[Released],
        Expired => &[Expired],
        Submitted => &[Sent, Submitted],
        Settled => &[Sent, Submitted, Settled],
        FailedFree => &[Sent, Submitted, FailedFree],
        FailedCharged => &[Sent, Submitted, FailedCharged],
        Unknown => &[Sent, Submitted, Unknown],
        UnderReview => &[Sent, Submitted, Unknown, UnderReview],
    }
}

fn cost_of(state: AttemptState) -> Option<Cost> {
    matches!(state, AttemptState::Settled | AttemptState::FailedCharged).then(|| reported(PRICE)).flatten()
}

/// An attempt in a state, on a key of its own.
async fn in_state(stage: &Stage, name: &str, state: AttemptState) -> (KeyId, AttemptId) {
    let key = stage.submit(name, Usd::from_nanos(1_000_000_000)).await;
    let id = stage.reserve(key, PRICE).await.expect("the key can bear it");
    for next in way_to(state) {
        stage.go(id, *next, cost_of(*next)).await.expect("there is this arrow");
    }
    (key, id)
}

/// Everything that a move could change.
async fn all(stage: &Stage, key: KeyId, id: AttemptId) -> (Attempt, Key, String) {
    (stage.attempt(id).await, stage.key(key).await, format!("{:?}", stage.account().await))
}

on_both_databases! {
    async fn an_attempt_goes_along_no_arrow_that_there_is_not(database) {
        let stage = Stage::on(&database).await;
        let mut refused = 0;
        for from in AttemptState::ALL.iter().copied() {
            let (key, id) = in_state(&stage, from.as_str(), from).await;
            for to in AttemptState::ALL.iter().copied().filter(|to| !from.may_become(*to)) {
                let before = all(&stage, key, id).await;
                let outcome = stage.go(id, to, cost_of(to)).await;
                assert!(matches!(outcome, Err(StoreError::Stale)), "{from} → {to}: {outcome:?}");
                assert_eq!(all(&stage, key, id).await, before, "{from} → {to}");
                refused += 1;
            }
        }
        assert_eq!(refused, 100 - 19, "all but the designed arrows");
        stage.expect_no_lies().await;
    }

    /// Whoever saw the attempt before somebody else moved it comes too late, whatever he wants.
    async fn what_was_seen_before_another_move_moves_nothing(database) {
        let stage = Stage::on(&database).await;
        let arrows = || AttemptState::ALL.iter().copied();
        for from in arrows() {
            for moved in arrows().filter(|to| from.may_become(*to)) {
                let (key, id) = in_state(&stage, &format!("{from} {moved}"), from).await;
                let seen = stage.attempt(id).await;
                stage.go(id, moved, cost_of(moved)).await.expect("there is this arrow");
                let before = all(&stage, key, id).await;
                for to in arrows().filter(|to| from.may_become(*to)) {
                    let outcome = stage.go_from(seen.clone(), to, cost_of(to)).await;
                    assert!(matches!(outcome, Err(StoreError::Stale)), "{from} → {to} after {moved}: {outcome:?}");
                    assert_eq!(all(&stage, key, id).await, before, "{from} → {to} after {moved}");
                }
            }
        }
        stage.expect_no_lies().await;
    }

    async fn a_key_goes_along_no_arrow_that_there_is_not(database) {
        let stage = Stage::on(&database).await;
        let mut refused = 0;
        for from in KeyStatus::ALL.iter().copied() {
            let id = stage.submit(from.as_str(), Usd::from_nanos(1_000_000_000)).await;
            put_into(&database, id, from).await;
            for to in KeyStatus::ALL.iter().copied().filter(|to| *to != from && !from.may_become(*to)) {
                let before = (stage.key(id).await, stage.account().await.event_seq);
                let outcome = stage.store.write("save", move |tx| Box::pin(async move {
                    let key = tx.lock_key(id).await?.ok_or(StoreError::Stale)?;
                    moves::key::save(tx, &key, Key { status: to, ..key.clone() }).await
                })).await;
                assert!(matches!(outcome, Err(StoreError::Inconsistent { .. })), "{from} → {to}: {outcome:?}");
                assert_eq!((stage.key(id).await, stage.account().await.event_seq), before, "{from} → {to}");
                refused += 1;
            }
        }
        assert_eq!(refused, 20 - 13, "all but the designed arrows");
    }
}

async fn put_into(database: &Database, id: KeyId, status: KeyStatus) {
    let (id, status) = (id.0.simple(), status.as_str());
    // SQLite keeps ids as blobs.
    let id = if database.is_sqlite() { format!("X'{id}'") } else { format!("'{id}'") };
    database.execute(&format!("UPDATE provider_key SET status = '{status}' WHERE id = {id}")).await;
}
