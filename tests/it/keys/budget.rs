//! Wrong keys spend a budget: nobody's junk has the provider ban our address.

use std::time::Duration;

use futures_util::future::join_all;
use key_recycling::domain::{Actor, KeyId, ProviderCode};
use key_recycling::moves::key::may_be_read;
use key_recycling::store::StoreError;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{lively, only_error, until, until_passing};
use crate::support::keys::fresh_key;
use crate::support::{Caller, Database, Plan, Server, eventually, sql};

const SLUG: &str = "two_captcha";

/// A server at a provider that bans our address for five wrong keys, as it does.
async fn strict(database: Database) -> Server {
    let more = "[keys]\nsubmissions_per_hour = 1000\nper_account = 1000\nvalidation_wait = \"2s\"\n";
    let server = Server::start_edited(database, |text| super::calm(&text) + more).await;
    server.providers.settings(SLUG, json!({ "ban_wrong_keys": true, "ban_after": 5, "ban_ms": 600_000 })).await;
    server
}

/// Hands junk over, as much at once as it is, and answers the rows.
async fn junk(owner: &Caller, count: usize) -> Vec<Value> {
    let texts: Vec<String> = (0..count).map(|_| fresh_key(SLUG)).collect();
    submit_all(owner, &texts).await
}

async fn submit_all(owner: &Caller, texts: &[String]) -> Vec<Value> {
    let submitted = join_all(texts.iter().map(|text| async move {
        let submitted = owner.submit("TWO_CAPTCHA", text).await;
        assert_eq!(submitted["userErrors"], json!([]), "{submitted}");
        submitted["key"].clone()
    }));
    submitted.await
}

fn is_queued(key: &Value) -> bool {
    key["status"] == "PENDING" && key["problem"]["code"] == "VALIDATION_QUEUED"
}

async fn invalid(server: &Server) -> i64 {
    server.database.number("SELECT count(*) FROM provider_key WHERE status = 'INVALID'").await.expect("a count")
}

on_both_databases! {
    async fn one_owners_junk_spends_half_the_budget_and_the_rest_waits(database) {
        let mut plan = Plan::begin("junk", &database);
        let count = usize::try_from(plan.size).expect("a small number");
        let mut server = strict(database).await;
        let (mallory, ada) = (server.owner(5_000_000_666), server.owner(5_000_000_001));
        let texts: Vec<String> = (0..count).map(|_| fresh_key(SLUG)).collect();
        let keys = submit_all(&mallory, &texts).await;
        eventually("two are rejected", || async { (invalid(&server).await == 2).then_some(()) }).await;
        assert_eq!(server.providers.unknown_key_calls(SLUG).await, 2);
        assert_eq!(keys.iter().filter(|key| is_queued(key)).count(), count - 2);
        for (name, value) in [("rejections", 2), ("rejections_max", 3), ("validations_waiting", count as u64 - 2)] {
            assert_eq!(server.metric(name, SLUG).await, Some(value), "{name}");
        }
        for (text, key) in texts.iter().zip(&keys).filter(|(_, key)| !is_queued(key)) {
            let again = ada.submit("TWO_CAPTCHA", text).await;
            assert_eq!(only_error(&again)["code"], "KEY_NOT_ACCEPTED", "{key}");
        }
        assert_eq!(server.providers.unknown_key_calls(SLUG).await, 2, "a rejected key is no call again");
        // So many looks are within the owner's own budget of requests.
        for key in keys.iter().filter(|key| is_queued(key)).take(100) {
            let key = mallory.key(&key["id"]).await;
            assert!(key["problem"]["retryAt"].is_string() && key["problem"]["message"].is_string(), "{key}");
        }
        let (_, first) = lively(&server, &ada, SLUG, "1").await;
        let (_, second) = lively(&server, &ada, SLUG, "1").await;
        for id in [first, second] {
            assert_eq!(ada.key(&id).await["lendable"], true, "good keys cost nothing");
        }
        // Every ten minutes two more, and never so many that the address is banned.
        for round in 2..=4 {
            server.pass_time(Duration::from_secs(10 * 60 + 1)).await;
            let expected = 2 * round;
            eventually("two more are rejected", || async { (invalid(&server).await == expected).then_some(()) }).await;
            assert_eq!(i64::try_from(server.providers.unknown_key_calls(SLUG).await), Ok(expected));
            // The provider counts by its own clock, which has not moved.
            server.providers.settings(SLUG, json!({ "ban_wrong_keys": false })).await;
            server.providers.settings(SLUG, json!({ "ban_wrong_keys": true })).await;
        }
        plan.did(count as u64);
        plan.note("calls in half an hour", server.providers.unknown_key_calls(SLUG).await);
        server.stop().await;
    }

    async fn a_budget_that_is_spent_holds_back_new_keys_only(database) {
        let mut server = strict(database).await;
        let owners: Vec<Caller> = (1..=4).map(|number| server.owner(5_000_000_000 + number)).collect();
        let (good, proved) = lively(&server, &owners[0], SLUG, "1").await;
        for owner in &owners[1..] {
            let key = junk(owner, 1).await.remove(0);
            until(owner, &key["id"], "it is rejected", |key| key["status"] == "INVALID").await;
        }
        assert_eq!(server.providers.unknown_key_calls(SLUG).await, 3);
        let key = server.providers.key(SLUG, "1").await;
        let waiting = owners[0].submit("TWO_CAPTCHA", &key).await["key"].clone();
        assert!(is_queued(&waiting), "{waiting}");
        assert_eq!(server.providers.readings(SLUG, &key).await, 0);
        let asked = server.providers.readings(SLUG, &good).await;
        assert_eq!(owners[0].check(&proved).await["checked"], true, "what was validated before is read");
        assert_eq!(server.providers.readings(SLUG, &good).await, asked + 1);
        let by_hand = owners[0].check(&waiting["id"]).await;
        assert_eq!((&by_hand["checked"], server.providers.readings(SLUG, &key).await), (&json!(false), 0), "{by_hand}");
        let step = Duration::from_secs(60);
        until_passing(&server, &owners[0], &waiting["id"], step, "its turn", |key| key["status"] == "ACTIVE").await;
        server.stop().await;
    }

    async fn many_good_keys_at_once_are_all_validated(database) {
        let mut server = strict(database).await;
        let owners: Vec<Caller> = (1..=5).map(|number| server.owner(5_000_000_000 + number)).collect();
        let server_ref = &server;
        let submitted = join_all((0..20).map(|number| {
            let owner = &owners[number % 5];
            async move {
                let key = server_ref.providers.key(SLUG, "1").await;
                (owner, owner.submit("TWO_CAPTCHA", &key).await["key"]["id"].clone())
            }
        }));
        for (owner, id) in submitted.await {
            until(owner, &id, "it is validated", |key| key["status"] == "ACTIVE").await;
        }
        server.stop().await;
    }

    /// The provider counts what it was asked, whatever its key has become meanwhile.
    async fn junk_that_is_removed_while_it_is_asked_about_spends_the_budget_too(database) {
        let mut server = strict(database).await;
        server.providers.fault(SLUG, "getBalance", 100, json!({ "kind": "delay", "ms": 3_000 })).await;
        let mallory = server.owner(5_000_000_666);
        let texts: Vec<String> = (0..8).map(|_| fresh_key(SLUG)).collect();
        for text in &texts {
            let submitted = mallory.submit("TWO_CAPTCHA", text).await;
            assert_eq!(submitted["key"]["status"], "PENDING", "{submitted}");
            assert_eq!(mallory.remove(&submitted["key"]["id"]).await["key"]["status"], "REMOVED");
        }
        let counted = "SELECT count(*) FROM provider_key WHERE rejected_at IS NOT NULL";
        eventually("two are counted", || async { (server.database.number(counted).await == Some(2)).then_some(()) }).await;
        assert_eq!(server.providers.unknown_key_calls(SLUG).await, 2, "an owner's half of the budget");
        server.providers.clear_faults(SLUG).await;
        let again = mallory.submit("TWO_CAPTCHA", &texts[0]).await;
        assert_eq!(only_error(&again)["code"], "KEY_NOT_ACCEPTED", "it is known to be bad");
        assert!(is_queued(&mallory.submit("TWO_CAPTCHA", &fresh_key(SLUG)).await["key"]));
        assert_eq!(server.providers.unknown_key_calls(SLUG).await, 2);
        server.stop().await;
    }

    async fn whoever_comes_last_does_not_overtake_who_waits(database) {
        let mut server = strict(database).await;
        let owners: Vec<Caller> = (1..=4).map(|number| server.owner(5_000_000_000 + number)).collect();
        for owner in &owners[..3] {
            let key = junk(owner, 1).await.remove(0);
            until(owner, &key["id"], "it is rejected", |key| key["status"] == "INVALID").await;
        }
        for owner in &owners {
            assert!(is_queued(&junk(owner, 1).await[0]));
        }
        // There is room for three again, and no timer is to fill it.
        server.database.execute("UPDATE provider_key SET next_sync_at = 9000000000000000 WHERE status = 'PENDING'").await;
        server.pass_time(Duration::from_secs(10 * 60 + 1)).await;
        let store = server.app().store.clone();
        let connection = server.database.connect().await;
        for (place, its_turn) in [(0, true), (1, true), (2, true), (3, false)] {
            let query = format!("SELECT id FROM provider_key WHERE status = 'PENDING' ORDER BY id LIMIT 1 OFFSET {place}");
            let id = KeyId(sql::id(&connection, &query).await);
            let key = store.key(&Actor::Operator, id).await.expect("the database answers").expect("the key");
            let may = store.write("may", move |tx| Box::pin(async move { may_be_read(tx, &key, 3).await }));
            let may: Result<bool, StoreError> = may.await;
            assert_eq!(may.expect("the database answers"), its_turn, "{place}");
        }
        server.stop().await;
    }

    /// Both take a place in line and tell the same account, so they have to do it in one order.
    async fn submissions_and_checks_of_one_owner_do_not_wait_for_each_other(database) {
        let mut server = strict(database).await;
        server.providers.settings(SLUG, json!({ "ban_wrong_keys": false })).await;
        let ada = server.owner(5_000_000_001);
        let mut rejected = Vec::new();
        for _ in 0..4 {
            for key in junk(&ada, 2).await {
                until(&ada, &key["id"], "it is rejected", |key| key["status"] == "INVALID").await;
                rejected.push(key["id"].clone());
            }
            server.pass_time(Duration::from_secs(10 * 60 + 1)).await;
        }
        for _ in 0..4 {
            server.pass_time(Duration::from_secs(60 * 60 + 1)).await;
            let checks = join_all(rejected.iter().map(|id| ada.check(id)));
            let (checked, submitted) = futures_util::future::join(checks, junk(&ada, 8)).await;
            assert!(checked.iter().all(|answer| answer["userErrors"] == json!([])), "{checked:?}");
            assert!(submitted.iter().all(|key| key["id"].is_string()), "{submitted:?}");
        }
        server.stop().await;
    }
}

/// On PostgreSQL, where whoever waits for a lock holds a connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits_in_line_leaves_the_database_to_others() {
    let mut server = strict(Database::postgres().await).await;
    let (mallory, ada) = (server.owner(5_000_000_666), server.owner(5_000_000_001));
    let (_, hers) = lively(&server, &ada, "capsolver", "1").await;
    let (locked, is_locked) = oneshot::channel();
    let (go_on, may_go_on) = oneshot::channel::<()>();
    let store = server.app().store.clone();
    let holder = tokio::spawn(async move {
        let held = store.write("the line", move |tx| {
            Box::pin(async move {
                tx.lock_validations(ProviderCode::TwoCaptcha).await?;
                locked.send(()).expect("the test waits");
                may_go_on.await.expect("the test goes on");
                Ok::<_, StoreError>(())
            })
        });
        held.await
    });
    is_locked.await.expect("the line is locked");
    // More than the database has connections.
    let waiting = junk(&mallory, 40);
    let others = async {
        let first = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
                     AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
        eventually("somebody waits for the line", || async {
            (server.database.number(first).await? > 0).then_some(())
        })
        .await;
        let served = async {
            for _ in 0..20 {
                assert_eq!(ada.key(&hers).await["status"], "ACTIVE");
            }
            lively(&server, &ada, "capsolver", "1").await
        };
        let served = tokio::time::timeout(Duration::from_secs(8), served).await;
        go_on.send(()).expect("the line is still held");
        served.expect("others read and write meanwhile");
    };
    let (keys, ()) = futures_util::future::join(waiting, others).await;
    assert!(keys.iter().all(|key| key["id"].is_string()), "{keys:?}");
    holder.await.expect("no panic").expect("the database answers");
    server.stop().await;
}
