//! A block of a key that several owners have had, beside others who hold what it needs.

use std::time::Duration;

use key_recycling::domain::{AccountId, AccountRef, Actor, ProviderCode};
use key_recycling::store::StoreError;
use tokio::sync::oneshot;

use crate::support::{Database, Server, eventually, sql};

/// Longer than PostgreSQL lets two transactions wait for each other.
const PATIENCE: Duration = Duration::from_secs(20);

/// The rows are those of the younger account first, so that accounts locked row by row come in the wrong order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_of_several_rows_locks_their_accounts_in_one_order() {
    let mut server = Server::start(Database::postgres().await).await;
    let (elder, younger) = (server.owner(5_000_000_001), server.owner(5_000_000_002));
    elder.account().await;
    let key = server.providers.key("two_captcha", "1").await;
    let submitted = younger.submit("TWO_CAPTCHA", &key).await;
    assert_eq!(younger.remove(&submitted["key"]["id"]).await["key"]["status"], "REMOVED");
    assert_eq!(elder.submit("TWO_CAPTCHA", &key).await["key"]["status"], "ACTIVE");
    // Nothing shows of a removed row; one that the provider rejected shows BLOCKED, which its owner is told.
    let rejected =
        "UPDATE provider_key SET status = 'INVALID', removed_at = NULL, invalid_at = 1 WHERE status = 'REMOVED'";
    server.database.execute(rejected).await;
    let connection = server.database.connect().await;
    let account = async |which: &str| {
        let query = format!("SELECT id FROM account WHERE telegram_user_id = {which}");
        AccountRef::Id(AccountId(sql::id(&connection, &query).await))
    };
    let (low, high) = (account("5000000001").await, account("5000000002").await);

    let (holds, held) = oneshot::channel();
    let (go_on, told) = oneshot::channel::<()>();
    let store = server.app().store.clone();
    let other = tokio::spawn(async move {
        store
            .write("both accounts", move |tx| {
                Box::pin(async move {
                    tx.lock_account(low).await?;
                    holds.send(()).expect("the test waits");
                    told.await.expect("the test goes on");
                    tx.lock_account(high).await.map(drop)
                })
            })
            .await
    });
    held.await.expect("the first account is locked");
    let keys = server.app().keys.clone();
    let pasted = key.as_str().into();
    let block = tokio::spawn(async move { keys.block(&Actor::Operator, ProviderCode::TwoCaptcha, &pasted).await });
    // Not just any wait: the one for whoever has come as far as an account.
    let waiting = "SELECT count(*) FROM pg_stat_activity AS one JOIN pg_stat_activity AS holder \
                   ON holder.pid = ANY(pg_blocking_pids(one.pid)) \
                   WHERE one.datname = current_database() AND one.query LIKE '%FROM \"account\"%FOR %UPDATE%' \
                   AND holder.query LIKE '%FROM \"account\"%FOR %UPDATE%'";
    eventually("the block waits for the account", || async {
        (server.database.number(waiting).await? > 0).then_some(())
    })
    .await;
    go_on.send(()).expect("the other transaction waits");

    let outcome: Result<(), StoreError> = other.await.expect("no panic");
    outcome.expect("the other transaction is not given up");
    let blocked = tokio::time::timeout(PATIENCE, block).await.expect("in time").expect("no panic");
    let blocked = blocked.expect("the block is not given up").expect("it is a key");
    assert!(blocked.changed && blocked.rows.len() == 2 && blocked.rows.iter().all(|row| row.blocked_at.is_some()));
    server.stop().await;
}
