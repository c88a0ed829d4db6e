//! Keys that wait to be validated, and others who change them meanwhile.

use key_recycling::domain::{ProviderCode, Usd};
use key_recycling::store::StoreError;
use tokio::sync::oneshot;

use super::stage::Stage;
use crate::support::{Database, eventually};

/// A key as if it had just been handed over, and its turn had come.
async fn with_a_key_in_line(database: &Database) -> Stage {
    let stage = Stage::on(database).await;
    stage.submit("aa", Usd::from_nanos(1_000_000)).await;
    database.execute("UPDATE provider_key SET status = 'PENDING', next_sync_at = 1").await;
    stage
}

/// Of SQLite there is one writer, so nobody waits in the midst of a unit there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waited_for_the_line_looks_again_who_is_in_it() {
    let database = Database::postgres().await;
    let stage = with_a_key_in_line(&database).await;
    let (holds, held) = oneshot::channel();
    let (go_on, told) = oneshot::channel::<()>();
    let store = stage.store.clone();
    let before = tokio::spawn(async move {
        store
            .write("the line", move |tx| {
                Box::pin(async move {
                    tx.lock_validations(ProviderCode::TwoCaptcha).await?;
                    holds.send(()).expect("the test waits");
                    told.await.expect("the test goes on");
                    Ok::<_, StoreError>(())
                })
            })
            .await
    });
    held.await.expect("the line is locked");
    let claiming = tokio::spawn({
        let stage = stage.clone();
        async move { stage.claim_validations().await }
    });
    let waiting = "SELECT count(*) FROM pg_stat_activity \
                   WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0";
    eventually("it waits for the line", || async { (database.number(waiting).await? > 0).then_some(()) }).await;
    // Whoever held the line had the key read, and it was rejected.
    database.execute("UPDATE provider_key SET status = 'INVALID', invalid_at = 1, next_sync_at = NULL").await;
    go_on.send(()).expect("it waits");
    before.await.expect("nobody panics").expect("the database works");
    assert_eq!(claiming.await.expect("nobody panics"), 0, "it would be asked about again");
}

on_both_databases! {
    async fn a_blocked_key_is_in_no_line(database) {
        let stage = with_a_key_in_line(&database).await;
        database.execute("UPDATE provider_key SET blocked_at = 1").await;
        assert_eq!(stage.claim_validations().await, 0);
        database.execute("UPDATE provider_key SET blocked_at = NULL").await;
        assert_eq!(stage.claim_validations().await, 1);
    }
}
