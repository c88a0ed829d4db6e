//! One bad minute of a provider, or a ban of our address, takes no key out of the pool.

use std::time::Duration;

use serde_json::{Value, json};

use super::{gateway, lively, stop_timer, turnstile, until};
use crate::support::caller::http_client;
use crate::support::{Caller, Database, Plan, Server, eventually};
use key_recycling::domain::Scope;

const SLUG: &str = "two_captcha";
const OWNERS: i64 = 3;
const KEYS: usize = 12;

/// A server that reads by hand, with keys of several owners, all of them well.
async fn settled(database: Database, count: usize) -> (Server, Vec<Caller>, Vec<(usize, Value)>) {
    let more = "[keys]\nsubmissions_per_hour = 1000\nper_account = 1000\n";
    let server = Server::start_edited(database, |text| super::calm(&text) + more).await;
    let owners: Vec<Caller> = (0..OWNERS).map(|number| server.owner(5_000_000_001 + number)).collect();
    let mut keys = Vec::new();
    for owner in (0..owners.len()).cycle().take(count) {
        let (_, id) = lively(&server, &owners[owner], SLUG, "1").await;
        keys.push((owner, id));
    }
    (server, owners, keys)
}

/// Has every key read as soon as there is room.
async fn read_all(server: &Server) {
    server.database.execute("UPDATE provider_key SET next_sync_at = 0 WHERE next_sync_at IS NOT NULL").await;
}

/// When the last rejection came.
async fn rejected_at(server: &Server) -> Option<i64> {
    server.database.number("SELECT max(rejected_at) FROM provider_key").await
}

async fn health(caller: &Caller) -> String {
    let answer = caller.run("{ providers { code health } }", Value::Null).await;
    let providers = answer.0["data"]["providers"].as_array().expect("the providers").clone();
    let found = providers.iter().find(|provider| provider["code"] == "TWO_CAPTCHA").expect("the provider");
    found["health"].as_str().expect("a word").to_owned()
}

async fn until_health(caller: &Caller, wanted: &str) {
    eventually(wanted, || async { (health(caller).await == wanted).then_some(()) }).await;
}

async fn pauses(server: &Server) -> u64 {
    server.metric("provider_pauses_total", "two_captcha").await.unwrap_or(0)
}

/// Whether every key is as it was handed over.
async fn assert_all_active(owners: &[Caller], keys: &[(usize, Value)]) {
    for (owner, id) in keys {
        let key = owners[*owner].key(id).await;
        assert_eq!((&key["status"], &key["balance"]), (&json!("ACTIVE"), &json!("1")), "{key}");
    }
}

/// Lets time go by and keys be read until all of them are well.
async fn recover(server: &Server, owners: &[Caller], keys: &[(usize, Value)]) {
    for (owner, id) in keys {
        eventually("the key is well", || async {
            let key = owners[*owner].key(id).await;
            if key["status"] == "ACTIVE" && key["problem"].is_null() && key["lendable"] == true {
                return Some(());
            }
            server.pass_time(Duration::from_secs(10)).await;
            None
        })
        .await;
    }
}

on_both_databases! {
    async fn a_ban_of_our_address_is_one_pause_and_no_keys_fault(database) {
        let mut plan = Plan::begin("ban", &database);
        let (mut server, owners, keys) = settled(database, usize::try_from(plan.size).expect("a small number")).await;
        let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
        server.providers.settings(SLUG, json!({ "ban_wrong_keys": true, "ban_after": 5, "ban_ms": 3_600_000 })).await;
        let stranger = json!({ "clientKey": "0".repeat(32) });
        for _ in 0..5 {
            // The sandbox bans by address, which is the same for this and for the server.
            let url = format!("{}/getBalance", server.providers.address(SLUG));
            http_client().post(url).body(stranger.to_string()).send().await.expect("an answer");
        }
        read_all(&server).await;
        until_health(&owners[0], "UNAVAILABLE").await;
        let answer = dispatcher.run("{ bestKey(route: { taskType: TURNSTILE, onlyProviders: [TWO_CAPTCHA] }) {
            choice { estimate } exclusions { provider { code } reason until } } }", Value::Null).await;
        let decision = &answer.0["data"]["bestKey"];
        let reasons: Vec<_> = decision["exclusions"].as_array().expect("reasons").iter()
            .filter(|exclusion| exclusion["provider"]["code"] == "TWO_CAPTCHA").collect();
        assert!(decision["choice"].is_null() && reasons[0]["reason"] == "PROVIDER_UNAVAILABLE", "{decision}");
        assert!(reasons[0]["until"].is_string(), "{decision}");
        // Whoever hands a key over meanwhile waits for the end of it.
        let key = server.providers.key(SLUG, "1").await;
        let submitted = owners[0].submit("TWO_CAPTCHA", &key).await;
        assert_eq!(submitted["key"]["status"], "PENDING", "{submitted}");
        assert_eq!(submitted["key"]["problem"]["code"], "PROVIDER_UNAVAILABLE", "{submitted}");
        assert_eq!(server.providers.readings(SLUG, &key).await, 0, "nobody was asked");
        assert_all_active(&owners, &keys).await;
        assert_eq!(pauses(&server).await, 1);

        server.providers.settings(SLUG, json!({ "ban_wrong_keys": false })).await;
        let id = submitted["key"]["id"].clone();
        recover(&server, &owners, &[&*keys, &[(0, id)]].concat()).await;
        assert_eq!((health(&owners[0]).await.as_str(), pauses(&server).await), ("HEALTHY", 1));
        plan.did(keys.len() as u64);
        plan.note("pauses", pauses(&server).await);
        server.stop().await;
    }

    async fn a_provider_that_rejects_every_key_takes_none_out(database) {
        let (mut server, owners, keys) = settled(database, KEYS).await;
        let lie = json!({ "kind": "error", "code": "ERROR_KEY_DOES_NOT_EXIST" });
        server.providers.fault(SLUG, "getBalance", 100_000, lie).await;
        read_all(&server).await;
        until_health(&owners[0], "UNAVAILABLE").await;
        let key = server.providers.key(SLUG, "1").await;
        let submitted = owners[0].submit("TWO_CAPTCHA", &key).await;
        assert_eq!(submitted["key"]["status"], "PENDING", "{submitted}");
        for _ in 0..30 {
            server.pass_time(Duration::from_secs(10)).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            assert_all_active(&owners, &keys).await;
        }
        assert!(pauses(&server).await > 1, "each trial was rejected");
        server.providers.clear_faults(SLUG).await;
        let id = submitted["key"]["id"].clone();
        recover(&server, &owners, &[&*keys, &[(0, id)]].concat()).await;
        assert_eq!(health(&owners[0]).await, "HEALTHY");
        server.stop().await;
    }

    /// What a process knows of a pause is gone with it; what was rejected meanwhile is in the database.
    async fn a_restart_while_every_key_is_rejected_takes_none_out(database) {
        let (mut server, owners, keys) = settled(database, KEYS).await;
        let lie = json!({ "kind": "error", "code": "ERROR_KEY_DOES_NOT_EXIST" });
        server.providers.fault(SLUG, "getBalance", 100_000, lie).await;
        read_all(&server).await;
        until_health(&owners[0], "UNAVAILABLE").await;
        eventually("more than one has been rejected", || async {
            let rejected = "SELECT count(*) FROM provider_key WHERE rejected_at IS NOT NULL";
            server.database.number(rejected).await.filter(|count| *count >= 3)
        })
        .await;
        server.restart().await;
        let owners: Vec<Caller> = (0..OWNERS).map(|number| server.owner(5_000_000_001 + number)).collect();
        stop_timer(&server).await;
        // One at a time and further apart than a minute: alone, each would look like a bad key.
        let before = rejected_at(&server).await;
        for _ in 0..2 {
            for (owner, id) in &keys {
                server.pass_time(Duration::from_secs(90)).await;
                owners[*owner].check(id).await;
                stop_timer(&server).await;
            }
        }
        assert!(rejected_at(&server).await > before, "they are asked about");
        assert_all_active(&owners, &keys).await;
        server.providers.clear_faults(SLUG).await;
        server.database.execute("UPDATE provider_key SET next_sync_at = 0").await;
        recover(&server, &owners, &keys).await;
        server.stop().await;
    }

    /// Whatever was rejected while nothing counted has two rejections before it still.
    async fn a_provider_that_wavers_takes_no_key_out_by_one_rejection(database) {
        let (mut server, owners, keys) = settled(database, KEYS).await;
        let lie = json!({ "kind": "error", "code": "ERROR_KEY_DOES_NOT_EXIST" });
        stop_timer(&server).await;
        server.providers.fault(SLUG, "getBalance", 100_000, lie.clone()).await;
        for (owner, id) in &keys[..4] {
            owners[*owner].check(id).await;
        }
        until_health(&owners[0], "UNAVAILABLE").await;
        stop_timer(&server).await;
        server.providers.clear_faults(SLUG).await;
        let (owner, good) = &keys[4];
        eventually("one figure is told", || async {
            server.pass_time(Duration::from_secs(31)).await;
            (owners[*owner].check(good).await["checked"] == true).then_some(())
        })
        .await;
        until_health(&owners[0], "HEALTHY").await;
        server.providers.fault(SLUG, "getBalance", 100_000, lie).await;
        server.pass_time(Duration::from_secs(90)).await;
        let (owner, id) = &keys[0];
        let before = rejected_at(&server).await;
        owners[*owner].check(id).await;
        assert!(rejected_at(&server).await > before, "it is asked about");
        let key = owners[*owner].key(id).await;
        assert_eq!((&key["status"], &key["problem"]["code"]), (&json!("ACTIVE"), &json!("REJECTION_UNCONFIRMED")), "{key}");
        server.stop().await;
    }

    /// The control: the same rejections of one owner's keys are those keys' fault.
    async fn one_owners_keys_are_rejected_for_themselves(database) {
        let (mut server, owners, keys) = settled(database, KEYS).await;
        let lie = json!({ "kind": "error", "code": "ERROR_KEY_DOES_NOT_EXIST" });
        let ids: Vec<&Value> = keys.iter().filter(|(owner, _)| *owner == 0).map(|(_, id)| id).collect();
        let sql = "SELECT count(*) FROM provider_key WHERE status = 'INVALID'";
        server.database.execute("UPDATE provider_key SET next_sync_at = NULL").await;
        server.providers.fault(SLUG, "getBalance", 100_000, lie).await;
        for _ in 0..2 {
            for id in &ids {
                owners[0].check(id).await;
            }
            server.pass_time(Duration::from_secs(31)).await;
        }
        eventually("they are INVALID", || async {
            (server.database.number(sql).await == i64::try_from(ids.len()).ok()).then_some(())
        })
        .await;
        assert_eq!(pauses(&server).await, 0);
        server.stop().await;
    }

    async fn failures_in_a_row_pause_the_provider_but_not_its_results(database) {
        let (mut server, owners, keys) = settled(database, KEYS).await;
        let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
        server.providers.settings(SLUG, json!({ "solve_ms": [1500, 1500] })).await;
        let opened = dispatcher.open_lease("a task", 1, json!({ "taskType": "TURNSTILE" })).await;
        let body = json!({ "clientKey": opened["lease"]["token"], "task": turnstile() });
        assert_eq!(gateway(&server, "createTask", body).await["errorId"], 0);
        server.providers.fault(SLUG, "getBalance", 100_000, json!({ "kind": "status", "status": 500 })).await;
        read_all(&server).await;
        until_health(&owners[0], "UNAVAILABLE").await;
        eventually("the task under way is credited", || async {
            let attempt = dispatcher.attempt(&opened["lease"]["attempt"]["id"]).await;
            (attempt["state"] == "SETTLED").then_some(())
        })
        .await;
        assert_eq!(health(&owners[0]).await, "UNAVAILABLE");
        server.providers.clear_faults(SLUG).await;
        for (owner, id) in &keys {
            until(&owners[*owner], id, "the status stands", |key| key["status"] == "ACTIVE").await;
        }
        eventually("the provider is well", || async {
            server.pass_time(Duration::from_secs(10)).await;
            (health(&owners[0]).await == "HEALTHY").then_some(())
        })
        .await;
        server.stop().await;
    }
}
