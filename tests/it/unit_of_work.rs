//! The unit of work: what is acknowledged is there, what is refused undoes itself alone, and a dropped
//! caller changes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use key_recycling::domain::{AccountRef, OsEntropy, SystemClock, Usd};
use key_recycling::store::{DatabaseSettings, Store, StoreError};
use sea_orm::{ConnectionTrait, Statement, TransactionTrait};

use crate::support::Database;

async fn store_on(database: &Database) -> Store {
    let settings = DatabaseSettings { url: database.url.clone(), connections: 8, exclusive: false };
    let store = Store::open(&settings, Arc::new(SystemClock), Arc::new(OsEntropy)).await.expect("it opens");
    store.migrate().await.expect("it migrates");
    store
}

async fn make_account(store: &Store, user: i64) -> Result<(), StoreError> {
    store.write("make account", move |tx| Box::pin(async move { tx.make_owner_account(user).await })).await
}

/// Makes the account and then asks for a balance that its table refuses.
async fn make_account_in_debt(store: &Store, user: i64) -> Result<(), StoreError> {
    let outcome = store.write("debt", move |tx| {
        Box::pin(async move {
            tx.make_owner_account(user).await?;
            let mut account = tx.lock_account(AccountRef::Telegram(user)).await?.ok_or(StoreError::Stale)?;
            account.balance = Usd::from_nanos(-1);
            tx.save_ledger_state(&account).await
        })
    });
    outcome.await
}

async fn has_account(store: &Store, user: i64) -> bool {
    store.account_by_ref(AccountRef::Telegram(user)).await.expect("it reads").is_some()
}

on_both_databases! {
    async fn a_refused_unit_undoes_itself_and_no_other(database) {
        let store = store_on(&database).await;
        // All at once, so that on SQLite they share transactions.
        let units = (1..=60).map(|user| {
            let store = store.clone();
            tokio::spawn(async move {
                if user % 3 == 0 { make_account_in_debt(&store, user).await } else { make_account(&store, user).await }
            })
        });
        for (user, unit) in (1..=60).zip(units.collect::<Vec<_>>()) {
            let outcome = unit.await.expect("it does not panic");
            if user % 3 == 0 {
                assert!(matches!(outcome, Err(StoreError::CheckFailed)), "{user}: {outcome:?}");
                assert!(!has_account(&store, user).await, "{user}");
            } else {
                outcome.expect("it is written");
                assert!(has_account(&store, user).await, "{user}");
            }
        }
    }

    async fn a_unit_that_panics_is_undone_and_the_next_one_works(database) {
        let store = store_on(&database).await;
        let outcome: Result<(), StoreError> = store
            .write("panic", |tx| {
                Box::pin(async move {
                    tx.make_owner_account(1).await?;
                    panic!("planted");
                })
            })
            .await;
        assert!(matches!(outcome, Err(StoreError::Panicked)), "{outcome:?}");
        assert!(!has_account(&store, 1).await);
        make_account(&store, 2).await.expect("the writer goes on");
        assert!(has_account(&store, 2).await);
    }

    /// The storm of dropped callers: every write that was acknowledged is there afterwards.
    async fn a_storm_of_dropped_callers_loses_nothing_acknowledged(database) {
        let store = store_on(&database).await;
        let mut acknowledged = Vec::new();
        for user in 1..=400_i64 {
            let write = make_account(&store, user);
            // Dropped at many different points of the transaction, and sometimes not at all.
            let patience = Duration::from_micros((user.unsigned_abs() % 20) * 150);
            if let Ok(outcome) = tokio::time::timeout(patience, write).await {
                outcome.expect("it is written");
                acknowledged.push(user);
            }
        }
        store.drain().await;
        assert!(acknowledged.len() < 400, "no caller was dropped, so nothing was tested");
        let mut last = 0;
        for user in acknowledged {
            assert!(has_account(&store, user).await, "user {user} was acknowledged and is gone");
            last = user;
        }
        make_account(&store, 1_000_000 + last).await.expect("the pool still works");
    }
}

/// The control of the storm: callers that begin transactions in their own task and are dropped meanwhile.
/// The driver then hands connections back inside an open transaction, and what others write there is
/// acknowledged and lost. Should this control lose nothing one day, the driver has been mended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_storm_catches_transactions_in_the_callers_task() {
    let database = Database::postgres().await;
    store_on(&database).await.drain().await;
    let mut options = sea_orm::ConnectOptions::new(database.url.clone());
    options.max_connections(4).sqlx_logging(false);
    let direct = sea_orm::Database::connect(options).await.expect("it connects");
    let mut acknowledged = Vec::new();
    for user in 1..=2_000_i64 {
        let patience = Duration::from_micros((user.unsigned_abs() % 40) * 10);
        if let Ok(Ok(transaction)) = tokio::time::timeout(patience, direct.begin()).await {
            transaction.rollback().await.expect("it rolls back");
        }
        let insert = format!(
            "INSERT INTO account (id, kind, telegram_user_id, balance_nano, credited_nano, event_seq, ledger_seq, \
             ledger_hash, created_at) VALUES (gen_random_uuid(), 'OWNER', {user}, 0, 0, 0, 0, '', 0)"
        );
        if direct.execute_unprepared(&insert).await.is_ok() {
            acknowledged.push(user);
        }
    }
    // Closing rolls back what was left open; only then does the table tell the truth.
    direct.close().await.expect("it closes");
    let reader = database.connect().await;
    let users = Statement::from_string(
        reader.get_database_backend(),
        "SELECT telegram_user_id FROM account WHERE kind = 'OWNER'",
    );
    let there: BTreeSet<i64> = reader
        .query_all_raw(users)
        .await
        .expect("it reads")
        .into_iter()
        .map(|row| row.try_get_by_index(0).expect("a user"))
        .collect();
    let lost = acknowledged.iter().filter(|user| !there.contains(user)).count();
    assert!(lost > 0, "the control lost nothing");
}
