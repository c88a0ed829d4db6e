//! Readings and attempts that meet at a key, one of them UNKNOWN or about to be.

use std::time::Duration;

use key_recycling::domain::{AttemptState, KeyProblemCode, Usd};
use key_recycling::moves;
use key_recycling::store::StoreError;
use tokio::sync::oneshot;

use super::stage::{Stage, WINDOW, reported};
use crate::support::{Database, eventually};

const PRICE: Usd = Usd::from_nanos(1_000);
const BALANCE: Usd = Usd::from_nanos(1_000_000);

/// It has seen no UNKNOWN attempt before it waited; what it records has to know of it all the same. Of SQLite
/// there is one writer, so nobody waits in the midst of a unit there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reading_knows_what_became_unknown_while_it_waited() {
    let database = Database::postgres().await;
    let stage = Stage::on(&database).await;
    let key = stage.submit("aa", BALANCE).await;
    let id = stage.reserve(key, PRICE).await.expect("the key can bear it");
    stage.go(id, AttemptState::Sent, None).await.expect("there is this arrow");
    let sent_at = stage.attempt(id).await.sent_at.expect("it is sent");
    stage.clock.advance(Duration::from_secs(1));

    let (holds, held) = oneshot::channel();
    let (go_on, told) = oneshot::channel::<()>();
    let losing = tokio::spawn({
        let store = stage.store.clone();
        async move {
            store
                .write("lose", move |tx| {
                    Box::pin(async move {
                        let mut attempt = tx.lock_attempt(id).await?.ok_or(StoreError::Stale)?;
                        moves::attempt::lose(tx, &mut attempt, WINDOW).await?;
                        holds.send(()).expect("the test waits");
                        told.await.expect("the test goes on");
                        Ok::<_, StoreError>(())
                    })
                })
                .await
        }
    });
    held.await.expect("the key is locked");
    let reading = tokio::spawn({
        let (stage, report) = (stage.clone(), stage.report(key, BALANCE));
        async move { stage.read(report).await }
    });
    let waiting = "SELECT count(*) FROM pg_stat_activity \
                   WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0";
    eventually("the reading waits", || async { (database.number(waiting).await? > 0).then_some(()) }).await;
    go_on.send(()).expect("it waits");
    losing.await.expect("nobody panics").expect("there is this arrow");
    let recorded = reading.await.expect("nobody panics").expect("it counts");
    assert_eq!(recorded.next_sync_at, Some(sent_at.plus(WINDOW)), "it is read when the result window ends");
    assert_eq!(recorded.problem.map(|problem| problem.code), Some(KeyProblemCode::CheckingCharge));
}

on_both_databases! {
    /// What is missing may be what either cost. Once that is known of one, by a result that came late or by an
    /// operator, it must not be put down to the other.
    async fn evidence_ends_with_any_attempt_of_its_key(database) {
        let stage = Stage::on(&database).await;
        for first in [AttemptState::Unknown, AttemptState::UnderReview] {
            let key = stage.submit(first.as_str(), BALANCE).await;
            let mut attempts = Vec::new();
            for _ in 0..2 {
                let id = stage.reserve(key, PRICE).await.expect("the key can bear it");
                stage.go(id, AttemptState::Sent, None).await.expect("there is this arrow");
                attempts.push(id);
            }
            let [one, other] = attempts[..] else { unreachable!() };
            stage.go(one, first, None).await.expect("there is this arrow");
            stage.go(other, AttemptState::Unknown, None).await.expect("there is this arrow");
            for pause in [WINDOW, Duration::from_secs(61)] {
                stage.clock.advance(pause + Duration::from_secs(1));
                stage.read(stage.report(key, BALANCE - PRICE)).await.expect("it counts");
            }
            let evidence = stage.key(key).await.evidence.expect("there is some");
            assert!(evidence.confirmed && evidence.missing == PRICE, "{first}: {evidence:?}");
            stage.go(one, AttemptState::Settled, reported(PRICE)).await.expect("there is this arrow");
            assert_eq!(stage.key(key).await.evidence, None, "{first}");
            assert_eq!(stage.attempt(other).await.state, AttemptState::Unknown);
        }
    }
}
