//! What an owner does with a key: check, rename, remove, hand over again.

use std::time::Duration;

use serde_json::{Value, json};

use super::{calm, calm_server, gateway, lively, only_error, sealed_keys, stop_timer, turnstile, until};
use crate::support::{Server, eventually};
use key_recycling::domain::Scope;

on_both_databases! {
    async fn a_check_reads_the_provider_and_then_cools_down(database) {
        let mut server = calm_server(database).await;
        let owner = server.owner(5_000_000_001);
        let (key, id) = lively(&server, &owner, "two_captcha", "1").await;
        stop_timer(&server).await;
        server.providers.spend_outside("two_captcha", &key, "0.25").await;
        let checked = owner.check(&id).await;
        assert_eq!((&checked["checked"], &checked["key"]["balance"]), (&json!(true), &json!("0.75")), "{checked}");
        stop_timer(&server).await;
        server.providers.spend_outside("two_captcha", &key, "0.25").await;
        let early = owner.check(&id).await;
        assert_eq!((&early["checked"], &early["key"]["balance"]), (&json!(false), &json!("0.75")), "{early}");
        assert_eq!(early["key"]["checkableAt"], checked["key"]["checkableAt"]);
        assert_eq!(early["userErrors"], json!([]));
        assert_eq!(server.providers.readings("two_captcha", &key).await, 2);
        server.pass_time(Duration::from_secs(30)).await;
        let later = owner.check(&id).await;
        assert_eq!((&later["checked"], &later["key"]["balance"]), (&json!(true), &json!("0.5")), "{later}");
        server.stop().await;
    }

    async fn checks_are_limited_by_the_hour(database) {
        let mut server = Server::start_with(database, "[keys]\nchecks_per_hour = 2\n").await;
        let (owner, other) = (server.owner(5_000_000_001), server.owner(5_000_000_002));
        let (key, id) = lively(&server, &owner, "two_captcha", "1").await;
        let (_, others) = lively(&server, &other, "two_captcha", "1").await;
        stop_timer(&server).await;
        for _ in 0..2 {
            assert_eq!(owner.check(&id).await["checked"], true);
            assert_eq!(owner.check(&id).await["checked"], false, "the cool-down counts nothing");
            // A check sets the timer anew, and a reading by it would be the one under way.
            stop_timer(&server).await;
            server.pass_time(Duration::from_secs(30)).await;
        }
        let asked = server.providers.readings("two_captcha", &key).await;
        let refused = owner.check(&id).await;
        assert_eq!((&refused["checked"], &refused["userErrors"]), (&json!(false), &json!([])), "{refused}");
        assert_eq!(server.providers.readings("two_captcha", &key).await, asked, "nobody was asked");
        assert_eq!(other.check(&others).await["checked"], true);
        stop_timer(&server).await;
        server.pass_time(Duration::from_secs(60 * 60)).await;
        assert_eq!(owner.check(&id).await["checked"], true);
        server.stop().await;
    }

    async fn a_check_and_a_reading_under_way_are_one(database) {
        let mut server = calm_server(database).await;
        let owner = server.owner(5_000_000_001);
        let (key, id) = lively(&server, &owner, "two_captcha", "1").await;
        stop_timer(&server).await;
        server.providers.balance_fault("two_captcha", &key, 1, json!({ "kind": "delay", "ms": 500 })).await;
        let checks = futures_util::future::join_all((0..5).map(|_| owner.check(&id))).await;
        let checked = checks.iter().filter(|answer| answer["checked"] == true).count();
        assert_eq!(checked, 1, "{checks:?}");
        assert_eq!(server.providers.readings("two_captcha", &key).await, 2);
        server.stop().await;
    }

    async fn a_foreign_a_missing_and_a_malformed_id_get_one_answer(database) {
        let mut server = calm_server(database).await;
        let (owner, other) = (server.owner(5_000_000_001), server.owner(5_000_000_002));
        let (_, id) = lively(&server, &owner, "two_captcha", "1").await;
        let malformed = json!("no id at all");
        let pairs = [
            (other.check(&id).await, other.check(&malformed).await),
            (other.rename(&id, Some("mine")).await, other.rename(&malformed, Some("mine")).await),
            (other.remove(&id).await, other.remove(&malformed).await),
        ];
        for (foreign, missing) in pairs {
            assert_eq!(foreign, missing);
            let error = only_error(&foreign);
            assert_eq!((&error["code"], &error["field"]), (&json!("KEY_NOT_FOUND"), &json!(["keyId"])), "{foreign}");
        }
        assert_eq!((other.key(&id).await, other.key(&malformed).await), (Value::Null, Value::Null));
        let key = owner.key(&id).await;
        assert_eq!((&key["status"], &key["label"]), (&json!("ACTIVE"), &Value::Null));
        server.stop().await;
    }

    async fn a_removed_key_is_erased_and_keeps_its_history(database) {
        let mut server = calm_server(database).await;
        let (owner, other) = (server.owner(5_000_000_001), server.owner(5_000_000_002));
        let (key, id) = lively(&server, &owner, "two_captcha", "1").await;
        owner.rename(&id, Some("old")).await;
        assert_eq!(sealed_keys(&server).await, 1);
        let removed = owner.remove(&id).await;
        assert_eq!(removed["key"]["status"], "REMOVED", "{removed}");
        assert!(removed["key"]["removedAt"].is_string(), "{removed}");
        assert_eq!(sealed_keys(&server).await, 0, "nothing needs it any more");
        assert_eq!(owner.remove(&id).await, removed, "removing again changes nothing");
        assert_eq!(only_error(&owner.check(&id).await)["code"], "KEY_REMOVED");
        let kept = owner.key(&id).await;
        assert_eq!((&kept["status"], &kept["label"], &kept["nextCheckAt"]), (&json!("REMOVED"), &json!("old"), &Value::Null));
        let again = owner.submit("TWO_CAPTCHA", &key).await;
        let found = (&again["key"]["id"], &again["key"]["status"], &again["key"]["label"]);
        assert_eq!(found, (&id, &json!("ACTIVE"), &json!("old")), "the row is revived");
        assert_eq!(owner.key(&id).await["removedAt"], Value::Null);
        owner.remove(&id).await;
        let theirs = other.submit("TWO_CAPTCHA", &key).await;
        assert_eq!(theirs["key"]["status"], "ACTIVE", "{theirs}");
        assert_ne!(theirs["key"]["id"], id);
        assert_eq!(theirs["key"]["label"], Value::Null);
        assert_eq!(only_error(&owner.submit("TWO_CAPTCHA", &key).await)["code"], "KEY_NOT_ACCEPTED");
        assert_eq!(owner.key(&id).await["status"], "REMOVED");
        server.stop().await;
    }

    async fn removal_releases_what_was_reserved(database) {
        let mut server = calm_server(database).await;
        let owner = server.owner(5_000_000_001);
        let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
        let (key, id) = lively(&server, &owner, "two_captcha", "1").await;
        let opened = dispatcher.open_lease("a task", 1, json!({ "taskType": "TURNSTILE" })).await;
        assert_eq!(owner.key(&id).await["held"], opened["lease"]["attempt"]["held"]);
        let removed = owner.remove(&id).await;
        assert_eq!((&removed["key"]["status"], &removed["key"]["held"]), (&json!("REMOVED"), &json!("0")), "{removed}");
        assert_eq!(dispatcher.attempt(&opened["lease"]["attempt"]["id"]).await["state"], "RELEASED");
        assert_eq!(sealed_keys(&server).await, 0);
        let body = json!({ "clientKey": opened["lease"]["token"], "task": turnstile() });
        let created = gateway(&server, "createTask", body).await;
        assert_ne!(created["errorId"], 0, "{created}");
        assert_eq!(server.providers.books("two_captcha", &key).await["calls"]["createTask"], Value::Null);
        server.stop().await;
    }

    async fn a_task_under_way_settles_after_the_removal(database) {
        let mut server = calm_server(database).await;
        server.providers.settings("two_captcha", json!({ "solve_ms": [1500, 1500] })).await;
        let owner = server.owner(5_000_000_001);
        let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
        let (key, id) = lively(&server, &owner, "two_captcha", "1").await;
        let opened = dispatcher.open_lease("a task", 1, json!({ "taskType": "TURNSTILE" })).await;
        let body = json!({ "clientKey": opened["lease"]["token"], "task": turnstile() });
        assert_eq!(gateway(&server, "createTask", body).await["errorId"], 0);
        owner.remove(&id).await;
        assert_eq!(sealed_keys(&server).await, 1, "the attempt needs it");
        eventually("the attempt settles", || async {
            let attempt = dispatcher.attempt(&opened["lease"]["attempt"]["id"]).await;
            (attempt["state"] == "SETTLED").then_some(())
        })
        .await;
        assert_eq!(sealed_keys(&server).await, 0, "the last attempt has ended");
        let credited = owner.account().await["balance"].clone();
        assert_eq!(credited, server.providers.charged("two_captcha", &key).await.to_string());
        assert_eq!(owner.key(&id).await["credited"], credited);
        server.stop().await;
    }

    async fn the_history_of_a_balance_shows_what_was_charged(database) {
        let mut server = calm_server(database).await;
        let (owner, dispatcher) = (server.owner(5_000_000_001), server.service("dispatcher", &[Scope::Dispatch]).await);
        let (key, id) = lively(&server, &owner, "two_captcha", "1").await;
        let history = || async {
            let query = "query($id: ID!) { node(id: $id) { ... on RecycledKey { balanceHistory { balance } } } }";
            owner.run(query, json!({ "id": id })).await.0["data"]["node"]["balanceHistory"].clone()
        };
        assert_eq!(history().await, json!([{ "balance": "1" }]));
        let opened = dispatcher.open_lease("a task", 1, json!({ "taskType": "TURNSTILE" })).await;
        let body = json!({ "clientKey": opened["lease"]["token"], "task": turnstile() });
        assert_eq!(gateway(&server, "createTask", body).await["errorId"], 0);
        until(&owner, &id, "the charge is credited", |key| key["credited"] != "0").await;
        server.pass_time(Duration::from_secs(60)).await;
        stop_timer(&server).await;
        assert_eq!(owner.check(&id).await["checked"], true);
        let left = owner.key(&id).await["balance"].clone();
        assert!(left != "1" && server.providers.charged("two_captcha", &key).await.is_positive());
        assert_eq!(history().await, json!([{ "balance": "1" }, { "balance": left }]));
        server.pass_time(Duration::from_secs(60)).await;
        assert_eq!(owner.check(&id).await["checked"], true);
        assert_eq!(history().await.as_array().map(Vec::len), Some(2), "what did not change is no news");
        server.stop().await;
    }

    async fn a_depleted_key_handed_over_again_is_read_at_once(database) {
        let mut server = Server::start_edited(database, |text| calm(&text)).await;
        let owner = server.owner(5_000_000_001);
        let key = server.providers.key("two_captcha", "0").await;
        let id = owner.submit("TWO_CAPTCHA", &key).await["key"]["id"].clone();
        until(&owner, &id, "the key is depleted", |key| key["status"] == "DEPLETED").await;
        server.providers.top_up("two_captcha", &key, "1").await;
        let again = owner.submit("TWO_CAPTCHA", &key).await;
        let found = (&again["key"]["id"], &again["key"]["status"], &again["key"]["balance"]);
        assert_eq!(found, (&id, &json!("ACTIVE"), &json!("1")), "{again}");
        server.stop().await;
    }
}
