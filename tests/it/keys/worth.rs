//! What a key is worth: used up, topped up, prepaid, in tokens, spent elsewhere.

use std::time::Duration;

use serde_json::{Value, json};

use super::{gateway, lively, only_error, turnstile, until};
use crate::support::{Server, eventually};
use key_recycling::domain::Scope;

const QUIET: Duration = Duration::from_secs(31);

on_both_databases! {
    async fn a_key_below_dust_is_depleted_and_returns_after_a_top_up(database) {
        let mut server = Server::start(database).await;
        let owner = server.owner(5_000_000_001);
        let key = server.providers.key("two_captcha", "0.0001").await;
        let submitted = owner.submit("TWO_CAPTCHA", &key).await;
        let id = submitted["key"]["id"].clone();
        let found = (&submitted["key"]["status"], &submitted["key"]["balance"], &submitted["key"]["lendable"]);
        assert_eq!(found, (&json!("DEPLETED"), &json!("0.0001"), &json!(false)), "{submitted}");
        let gap = "SELECT (next_sync_at - read_at) / 1000000 FROM provider_key";
        eventually("the interval grows to four times", || async {
            server.pass_time(Duration::from_secs(1)).await;
            (server.database.number(gap).await? >= 4).then_some(())
        })
        .await;
        server.providers.top_up("two_captcha", &key, "1").await;
        server.pass_time(Duration::from_secs(60)).await;
        let well = until(&owner, &id, "the key returns", |key| key["status"] == "ACTIVE").await;
        assert_eq!((&well["balance"], &well["lendable"]), (&json!("1.0001"), &json!(true)), "{well}");
        server.stop().await;
    }

    async fn the_interval_of_a_depleted_key_has_a_ceiling(database) {
        let edit = |text: String| text.replace("interval = \"1s\"\n", "interval = \"1s\"\ndepleted_interval_max = \"5s\"\n");
        let mut server = Server::start_edited(database, edit).await;
        let owner = server.owner(5_000_000_001);
        let key = server.providers.key("two_captcha", "0").await;
        assert_eq!(owner.submit("TWO_CAPTCHA", &key).await["key"]["status"], "DEPLETED");
        let gap = "SELECT next_sync_at - read_at FROM provider_key";
        eventually("many readings", || async {
            server.pass_time(Duration::from_secs(6)).await;
            (server.providers.readings("two_captcha", &key).await >= 6).then_some(())
        })
        .await;
        let gap = server.database.number(gap).await.expect("a gap");
        assert!((5_000_000..6_000_000).contains(&gap), "{gap}");
        server.stop().await;
    }

    async fn only_a_quiet_reading_depletes_a_key(database) {
        let mut server = Server::start(database).await;
        server.providers.settings("two_captcha", json!({ "solve_ms": [3000, 3000] })).await;
        let owner = server.owner(5_000_000_001);
        let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
        let (key, id) = lively(&server, &owner, "two_captcha", "0.01").await;
        let opened = dispatcher.open_lease("a task", 1, json!({ "taskType": "TURNSTILE" })).await;
        let token = opened["lease"]["token"].clone();
        let created = gateway(&server, "createTask", json!({ "clientKey": token, "task": turnstile() })).await;
        assert_eq!(created["errorId"], 0, "{created}");
        server.providers.spend_outside("two_captcha", &key, "0.0085").await;
        until(&owner, &id, "the low balance is read", |key| key["balance"] == "0.00005").await;
        let attempt = opened["lease"]["attempt"]["id"].clone();
        let settled = eventually("the task settles", || async {
            assert_eq!(owner.key(&id).await["status"], "ACTIVE", "a reading beside a task depletes nothing");
            let attempt = dispatcher.attempt(&attempt).await;
            (attempt["state"] == "SETTLED").then_some(attempt)
        })
        .await;
        assert_eq!(settled["cost"], "0.00145");
        assert_eq!(owner.key(&id).await["status"], "ACTIVE", "30 s have to go by");
        server.pass_time(QUIET).await;
        until(&owner, &id, "the key is depleted", |key| key["status"] == "DEPLETED").await;
        server.stop().await;
    }

    async fn a_prepaid_key_is_active_and_not_lent(database) {
        let mut server = Server::start(database).await;
        let owner = server.owner(5_000_000_001);
        let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
        for (slug, provider, holdings) in [
            ("capsolver", "CAPSOLVER", json!({ "balance": "5", "package_calls": 1000 })),
            ("anti_captcha", "ANTI_CAPTCHA", json!({ "balance": "0", "captcha_credits": 85_000 })),
        ] {
            let key = server.providers.key_with(slug, holdings).await;
            let submitted = owner.submit(provider, &key).await["key"].clone();
            let found = (&submitted["status"], &submitted["problem"]["code"], &submitted["lendable"]);
            assert_eq!(found, (&json!("ACTIVE"), &json!("PREPAID"), &json!(false)), "{slug}: {submitted}");
            let refused = dispatcher.open_lease(slug, 1, json!({ "taskType": "TURNSTILE" })).await;
            assert_eq!(only_error(&refused)["code"], "NO_KEY_AVAILABLE", "{slug}");
            let spent = json!({ "balance": "5", "package_calls": 0, "captcha_credits": 0 });
            server.providers.set_key(slug, &key, spent).await;
            let well = until(&owner, &submitted["id"], "the package is used up", |key| key["lendable"] == true).await;
            assert_eq!((&well["problem"], &well["balance"]), (&Value::Null, &json!("5")), "{slug}");
            owner.remove(&submitted["id"]).await;
        }
        server.stop().await;
    }

    async fn tokens_without_a_rate_are_shown_and_not_lent(database) {
        let edit = |text: String| text.replace("nano_usd_per_token = 1000000\n", "");
        let mut server = Server::start_edited(database, edit).await;
        let owner = server.owner(5_000_000_001);
        let key = server.providers.key("multibot", "1234").await;
        let submitted = owner.submit("MULTIBOT", &key).await["key"].clone();
        let found = (&submitted["status"], &submitted["problem"]["code"], &submitted["lendable"]);
        assert_eq!(found, (&json!("ACTIVE"), &json!("RATE_MISSING"), &json!(false)), "{submitted}");
        assert_eq!(owner.key(&submitted["id"]).await["nativeBalance"], "1234");
        server.providers.spend_outside("multibot", &key, "34").await;
        until(&owner, &submitted["id"], "the figure follows", |key| key["nativeBalance"] == "1200").await;
        server.stop().await;
    }

    async fn what_leaves_a_key_without_us_is_shown_and_never_credited(database) {
        let mut server = Server::start(database).await;
        let owner = server.owner(5_000_000_001);
        for slug in crate::support::sandbox::SLUGS {
            let (key, id) = lively(&server, &owner, slug, if slug == "multibot" { "1000" } else { "1" }).await;
            server.providers.spend_outside(slug, &key, if slug == "multibot" { "300" } else { "0.3" }).await;
            let shown = until(&owner, &id, "the spending is shown", |key| key["outsideSpending"] != "0").await;
            let found = (&shown["outsideSpending"], &shown["balance"], &shown["credited"]);
            assert_eq!(found, (&json!("0.3"), &json!("0.7"), &json!("0")), "{slug}: {shown}");
        }
        assert_eq!(owner.account().await["balance"], "0");
        server.stop().await;
    }
}
