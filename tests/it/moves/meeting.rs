//! A reading that waits for its key while an attempt on it becomes UNKNOWN.

use std::time::Duration;

use key_recycling::domain::{AttemptState, KeyProblemCode, Usd};
use key_recycling::moves;
use key_recycling::store::StoreError;
use tokio::sync::oneshot;

use super::stage::{Stage, WINDOW};
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
