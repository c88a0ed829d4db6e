//! A key that the provider rejects: at once, twice, once, and after a day.

use std::time::Duration;

use serde_json::{Value, json};

use super::{calm_server, gateway, lively, only_error, sealed_keys, turnstile, until, until_passing};
use crate::support::keys::fresh_key;
use crate::support::{Server, eventually};
use key_recycling::domain::Scope;

const SECOND_LOOK: Duration = Duration::from_secs(31);
const HOUR: Duration = Duration::from_secs(60 * 60 + 1);

async fn suspend(server: &Server, slug: &str, key: &str, suspended: bool) {
    server.providers.set_key(slug, key, json!({ "suspended": suspended })).await;
}

/// How many calls came with the key while it was suspended.
async fn wrong_calls(server: &Server, slug: &str, key: &str) -> u64 {
    server.providers.books(slug, key).await["suspended_calls"].as_u64().expect("a count")
}

fn is_unconfirmed(key: &Value) -> bool {
    key["problem"]["code"] == "REJECTION_UNCONFIRMED"
}

on_both_databases! {
    async fn a_key_once_active_is_invalid_by_two_rejections_apart(database) {
        let mut server = Server::start(database).await;
        let owner = server.owner(5_000_000_001);
        let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
        let (key, id) = lively(&server, &owner, "two_captcha", "1").await;
        suspend(&server, "two_captcha", &key, true).await;
        let first = until(&owner, &id, "the first rejection", is_unconfirmed).await;
        let found = (&first["status"], &first["balance"], &first["lendable"]);
        assert_eq!(found, (&json!("ACTIVE"), &json!("1"), &json!(false)), "{first}");
        assert!(first["problem"]["retryAt"].is_string() && first["problem"]["providerCode"].is_string(), "{first}");
        let refused = dispatcher.open_lease("a task", 1, json!({ "taskType": "TURNSTILE" })).await;
        assert_eq!(only_error(&refused)["code"], "NO_KEY_AVAILABLE");
        let early = owner.check(&id).await;
        assert_eq!((&early["key"]["status"], &early["checked"]), (&json!("ACTIVE"), &json!(false)), "{early}");
        assert_eq!(early["key"]["problem"]["code"], "REJECTION_UNCONFIRMED", "{early}");
        server.pass_time(SECOND_LOOK).await;
        let second = until(&owner, &id, "the second rejection", |key| key["status"] == "INVALID").await;
        assert_eq!(second["problem"]["code"], "REJECTED");
        assert_eq!(second["nextCheckAt"], Value::Null, "no timer looks again");
        server.stop().await;
    }

    async fn one_rejection_and_then_a_figure_leaves_the_key_active(database) {
        let mut server = Server::start(database).await;
        let owner = server.owner(5_000_000_001);
        let (key, id) = lively(&server, &owner, "capsolver", "1").await;
        for _ in 0..2 {
            suspend(&server, "capsolver", &key, true).await;
            until(&owner, &id, "the rejection", is_unconfirmed).await;
            suspend(&server, "capsolver", &key, false).await;
            server.pass_time(SECOND_LOOK).await;
            let well = until(&owner, &id, "the key is well again", |key| key["problem"].is_null()).await;
            assert_eq!((&well["status"], &well["lendable"]), (&json!("ACTIVE"), &json!(true)), "{well}");
        }
        server.stop().await;
    }

    /// A provider counts each call by a wrong key, also one that asks for a result.
    async fn a_key_in_doubt_is_asked_about_no_task(database) {
        let mut server = Server::start(database).await;
        let owner = server.owner(5_000_000_001);
        let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
        let (key, id) = lively(&server, &owner, "two_captcha", "1").await;
        server.providers.settings("two_captcha", json!({ "solve_ms": [600_000, 600_000] })).await;
        let opened = dispatcher.open_lease("a task", 1, json!({ "taskType": "TURNSTILE" })).await;
        let body = json!({ "clientKey": opened["lease"]["token"], "task": turnstile() });
        assert_eq!(gateway(&server, "createTask", body).await["errorId"], 0);
        let polls =
            async || server.providers.books("two_captcha", &key).await["calls"]["getTaskResult"].as_u64().unwrap_or(0);
        eventually("it is asked about", || async { (polls().await >= 3).then_some(()) }).await;
        suspend(&server, "two_captcha", &key, true).await;
        until(&owner, &id, "the rejection", is_unconfirmed).await;
        // Whatever poll was under way has arrived by then.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let (asked, in_vain) = (polls().await, wrong_calls(&server, "two_captcha", &key).await);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(wrong_calls(&server, "two_captcha", &key).await, in_vain, "calls by a key that may be wrong");
        suspend(&server, "two_captcha", &key, false).await;
        server.pass_time(SECOND_LOOK).await;
        until(&owner, &id, "the key is well again", |key| key["problem"].is_null()).await;
        eventually("its task is asked about again", || async { (polls().await > asked).then_some(()) }).await;
        server.stop().await;
    }

    async fn a_key_that_is_rejected_before_a_task_does_not_get_it(database) {
        let mut server = calm_server(database).await;
        let owner = server.owner(5_000_000_001);
        let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
        let (key, id) = lively(&server, &owner, "capsolver", "1").await;
        let opened = dispatcher.open_lease("a task", 1, json!({ "taskType": "TURNSTILE" })).await;
        suspend(&server, "capsolver", &key, true).await;
        let task = json!({ "type": "AntiTurnstileTaskProxyLess", "websiteURL": "https://example.com/", "websiteKey": "site-key" });
        let body = json!({ "clientKey": opened["lease"]["token"], "task": task });
        let answer = gateway(&server, "createTask", body).await;
        assert_eq!(answer["errorId"], 1, "{answer}");
        assert_eq!(wrong_calls(&server, "capsolver", &key).await, 1, "the reading tells, and the task is not sent");
        let found = owner.key(&id).await;
        assert!(is_unconfirmed(&found), "{found}");
        let attempt = dispatcher.attempt(&opened["lease"]["attempt"]["id"]).await;
        assert_eq!(attempt["state"], "RELEASED", "{attempt}");
        server.stop().await;
    }

    async fn trouble_after_a_rejection_does_not_lend_the_key_again(database) {
        let mut server = Server::start(database).await;
        let owner = server.owner(5_000_000_001);
        let (key, id) = lively(&server, &owner, "two_captcha", "1").await;
        suspend(&server, "two_captcha", &key, true).await;
        until(&owner, &id, "the rejection", is_unconfirmed).await;
        server.providers.balance_fault("two_captcha", &key, 1, json!({ "kind": "status", "status": 500 })).await;
        let before = server.providers.readings("two_captcha", &key).await;
        server.pass_time(SECOND_LOOK).await;
        eventually("the trouble", || async {
            let waiting = server.providers.call(reqwest::Method::GET, "two_captcha/faults", None).await;
            (waiting["waiting"] == 0).then_some(())
        })
        .await;
        let retried = until(&owner, &id, "the trouble is recorded", |key| key["nextCheckAt"].is_string()).await;
        assert_eq!(retried["lendable"], false, "{retried} after {before} readings");
        let looks = |key: &Value| key["status"] == "INVALID" || key["lendable"] == true;
        let end = until_passing(&server, &owner, &id, Duration::from_secs(2), "the second rejection", looks).await;
        assert_eq!(end["status"], "INVALID", "{end}");
        server.stop().await;
    }

    async fn an_invalid_key_is_kept_for_a_day_and_erased(database) {
        let mut server = Server::start(database).await;
        let owner = server.owner(5_000_000_001);
        let submitted = owner.submit("TWO_CAPTCHA", &fresh_key("two_captcha")).await;
        assert_eq!(submitted["key"]["status"], "INVALID");
        let keys = &server.app().keys;
        server.pass_time(Duration::from_secs(23 * 60 * 60)).await;
        keys.erase_unneeded().await.expect("the database works");
        assert_eq!(sealed_keys(&server).await, 1);
        server.pass_time(Duration::from_secs(60 * 60 + 1)).await;
        keys.erase_unneeded().await.expect("the database works");
        assert_eq!(sealed_keys(&server).await, 0);
        let owner = server.owner(5_000_000_001);
        let checked = owner.check(&submitted["key"]["id"]).await;
        assert_eq!((&checked["checked"], &checked["key"]["status"]), (&json!(false), &json!("INVALID")), "{checked}");
        server.stop().await;
    }

    async fn the_owner_of_an_invalid_key_may_have_it_looked_at_by_the_hour(database) {
        let mut server = Server::start(database).await;
        let owner = server.owner(5_000_000_001);
        let key = fresh_key("two_captcha");
        let id = owner.submit("TWO_CAPTCHA", &key).await["key"]["id"].clone();
        let early = owner.check(&id).await;
        assert_eq!((&early["checked"], &early["key"]["status"]), (&json!(false), &json!("INVALID")), "{early}");
        assert_eq!(server.providers.unknown_key_calls("two_captcha").await, 1);
        server.pass_time(HOUR).await;
        let still = owner.check(&id).await;
        assert_eq!(still["key"]["status"], "INVALID", "{still}");
        assert_eq!(server.providers.unknown_key_calls("two_captcha").await, 2);
        server.pass_time(Duration::from_secs(60)).await;
        owner.check(&id).await;
        assert_eq!(server.providers.unknown_key_calls("two_captcha").await, 2, "only once an hour");
        server.providers.set_key("two_captcha", &key, json!({ "balance": "2" })).await;
        server.pass_time(HOUR).await;
        let well = owner.check(&id).await;
        assert_eq!((&well["checked"], &well["key"]["status"]), (&json!(true), &json!("ACTIVE")), "{well}");
        assert_eq!(well["key"]["balance"], "2");
        owner.remove(&id).await;
        let again = owner.submit("TWO_CAPTCHA", &key).await;
        assert_eq!(again["key"]["status"], "ACTIVE", "a key that was good since is not known to be bad: {again}");
        server.stop().await;
    }
}
