//! Nobody knows whether the provider took a task: nothing is guessed, and nobody is paid twice.

use std::time::Duration;

use key_recycling::domain::Usd;
use serde_json::{Value, json};

use crate::support::sandbox::usd;
use crate::support::scene::{QUIET, leased};
use crate::support::{Scene, eventually};

/// What a Turnstile task costs at 2Captcha.
const PRICE: Usd = Usd::from_nanos(1_450_000);

fn pinned() -> Value {
    json!({ "taskType": "TURNSTILE", "onlyProviders": ["TWO_CAPTCHA"] })
}

on_both_databases! {
    async fn a_broken_creation_stops_lending_until_it_is_reviewed(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        let lease = scene.lease("two_captcha", "task").await;
        let reset = json!({ "kind": "reset", "effect": "apply" });
        scene.server.providers.fault("two_captcha", "createTask", 1, reset).await;
        let failed = scene.create(&lease).await;
        assert_ne!(failed["errorId"], 0, "{failed}");
        scene.attempt_in(&lease, "UNKNOWN").await;
        let shown = scene.owner.key(&key.id).await;
        assert_eq!((&shown["status"], &shown["lendable"]), (&json!("ACTIVE"), &json!(false)), "{shown}");
        assert_eq!(shown["problem"]["code"], "CHECKING_CHARGE");
        assert_eq!(usd(&shown["held"]), PRICE, "the hold stays");
        let opened = scene.dispatcher.open_lease("another task", 1, pinned()).await;
        assert_eq!(opened["userErrors"][0]["code"], "NO_KEY_AVAILABLE");
        assert_eq!(scene.create(&lease).await, failed, "a repeat creates nothing");

        // The task itself goes on with another key.
        let spare = scene.key("two_captcha", "1").await;
        let opened = scene.dispatcher.open_lease("task", 2, pinned()).await;
        let second = leased("two_captcha", &opened);
        assert_eq!(second.key, spare.id, "{opened}");
        assert_eq!(scene.solve(&second).await["status"], "ready");
        scene.expect_credited(scene.charged(&spare).await).await;
        assert_eq!(scene.calls(&key, "createTask").await, 1);
    }

    async fn what_stays_unknown_comes_before_an_operator(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        let lease = scene.lease("two_captcha", "task").await;
        // Spent from outside at the same time: no reading can tell whose charge it is.
        let reset = json!({ "kind": "reset", "effect": "apply" });
        scene.server.providers.fault("two_captcha", "createTask", 1, reset).await;
        scene.create(&lease).await;
        scene.server.providers.spend_outside("two_captcha", &key.secret, "0.001").await;
        scene.attempt_in(&lease, "UNKNOWN").await;
        scene.server.pass_time(Duration::from_secs(11 * 60 + 1)).await;
        scene.attempt_in(&lease, "UNDER_REVIEW").await;
        let shown = scene.key_once("the key lends again", &key.id, |shown| shown["lendable"] == true).await;
        assert_eq!((usd(&shown["underReview"]), usd(&shown["held"])), (PRICE, Usd::ZERO), "{shown}");
        scene.lease("two_captcha", "another task").await;
        let resolved = scene.resolve(&lease, "0.00145").await;
        assert_eq!(resolved["attempt"]["state"], "SETTLED", "{resolved}");
        scene.expect_credited(scene.charged(&key).await).await;
        scene.server.pass_time(QUIET).await;
        let outside = Usd::from_nanos(1_000_000);
        scene.key_once("only the rest is the owner's", &key.id, |it| usd(&it["outsideSpending"]) == outside).await;
    }

    /// Quiet readings tell whether the provider charged what nobody saw.
    async fn readings_tell_what_was_charged(database) {
        // No operator is waited for, however far the clock is moved.
        let scene = Scene::start_with(database, "[leases]\nreview_after = \"24h\"\n").await;
        let mut expected = Usd::ZERO;
        for (effect, state) in [("apply", "SETTLED"), ("none", "FAILED_FREE")] {
            let key = scene.key("two_captcha", "1").await;
            let lease = scene.lease("two_captcha", effect).await;
            let reset = json!({ "kind": "reset", "effect": effect });
            scene.server.providers.fault("two_captcha", "createTask", 1, reset).await;
            scene.create(&lease).await;
            scene.attempt_in(&lease, "UNKNOWN").await;
            let attempt = eventually("it is decided", || async {
                scene.server.pass_time(Duration::from_secs(15)).await;
                let attempt = scene.dispatcher.attempt(&lease.attempt).await;
                (attempt["state"] != "UNKNOWN").then_some(attempt)
            })
            .await;
            assert_eq!(attempt["state"], state, "{effect}");
            let charged = scene.charged(&key).await;
            assert_eq!(charged.is_positive(), state == "SETTLED", "{effect}");
            assert_eq!(usd(&attempt["cost"]), charged, "{effect}");
            expected += charged;
            scene.expect_credited(expected).await;
            let shown = scene.key_once("the key lends again", &key.id, |shown| shown["lendable"] == true).await;
            assert_eq!(usd(&shown["outsideSpending"]), Usd::ZERO, "{shown}");
            assert_eq!(usd(&shown["balance"]), Usd::from_nanos(1_000_000_000) - charged, "{shown}");
            assert_eq!(scene.calls(&key, "createTask").await, 1, "never sent again");
            let remove = "mutation($input: RemoveKeyInput!) { removeKey(input: $input) { userErrors { code } } }";
            scene.owner.run(remove, json!({ "input": { "keyId": key.id } })).await.data();
        }
    }

    /// What is missing may be what the other task cost, whose figure waits for an operator.
    async fn a_charge_before_the_operator_is_not_put_down_to_another_task(database) {
        let scene = Scene::start_with(database, "[leases]\nreview_after = \"24h\"\n").await;
        let key = scene.key("two_captcha", "1").await;
        let first = scene.lease("two_captcha", "first").await;
        let no_figure = json!({ "kind": "cost_text", "text": "\"NaN\"" });
        scene.server.providers.fault("two_captcha", "getTaskResult", 1, no_figure).await;
        scene.solve(&first).await;
        scene.attempt_in(&first, "UNDER_REVIEW").await;
        let second = scene.lease("two_captcha", "second").await;
        let reset = json!({ "kind": "reset", "effect": "none" });
        scene.server.providers.fault("two_captcha", "createTask", 1, reset).await;
        scene.create(&second).await;
        scene.attempt_in(&second, "UNKNOWN").await;
        let decided = eventually("it is decided", || async {
            scene.server.pass_time(Duration::from_secs(15)).await;
            let attempt = scene.dispatcher.attempt(&second.attempt).await;
            (attempt["state"] != "UNKNOWN").then_some(attempt)
        })
        .await;
        assert_eq!(decided["state"], "UNDER_REVIEW", "{decided}");
        scene.expect_credited(Usd::ZERO).await;
        for (lease, cost) in [(&first, "0.00145"), (&second, "0")] {
            let resolved = scene.resolve(lease, cost).await;
            assert_eq!(resolved["userErrors"], json!([]), "{resolved}");
        }
        assert_eq!(scene.charged(&key).await, PRICE);
        scene.expect_credited(PRICE).await;
    }

    async fn a_result_that_never_comes_is_unknown(database) {
        let scene = Scene::start(database).await;
        scene.key("anti_captcha", "1").await;
        scene.server.providers.settings("anti_captcha", json!({ "solve_ms": [600_000, 600_000] })).await;
        let lease = scene.lease("anti_captcha", "task").await;
        let created = scene.create(&lease).await;
        assert_eq!(scene.gateway.result(&lease.token, &created["taskId"]).await["status"], "processing");
        scene.server.pass_time(Duration::from_secs(20 * 60)).await;
        let attempt = eventually("it ends", || async {
            let attempt = scene.dispatcher.attempt(&lease.attempt).await;
            (attempt["state"] == "UNDER_REVIEW").then_some(attempt)
        })
        .await;
        assert!(attempt["cost"].is_null());
        let failed = scene.gateway.result(&lease.token, &created["taskId"]).await;
        assert_ne!(failed["errorId"], 0, "{failed}");
        scene.expect_credited(Usd::ZERO).await;
    }
}
