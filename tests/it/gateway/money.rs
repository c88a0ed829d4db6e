//! What is credited: reported costs, charged failures, balance deltas, list prices and their corrections.

use std::time::Duration;

use key_recycling::domain::Usd;
use serde_json::{Value, json};

use crate::support::Scene;
use crate::support::sandbox::usd;
use crate::support::scene::{Handed, QUIET};

fn amount(text: &str) -> Usd {
    text.parse().expect("an amount")
}

/// The owner's transactions of a kind, newest first.
async fn transactions(scene: &Scene, kind: &str) -> Vec<Value> {
    let account = scene.owner.account().await;
    let nodes = account["transactions"]["nodes"].as_array().expect("transactions").clone();
    nodes.into_iter().filter(|it| it["kind"] == kind).collect()
}

/// Waits for a reading of the key that is quiet.
async fn quiet_reading(scene: &Scene, key: &Handed) -> Value {
    scene.server.pass_time(QUIET).await;
    let from = scene.calls(key, "getBalance").await;
    crate::support::eventually("two more readings", || async {
        scene.server.pass_time(Duration::from_secs(1)).await;
        (scene.calls(key, "getBalance").await >= from + 2).then_some(())
    })
    .await;
    scene.server.until_readings_end().await;
    scene.owner.key(&key.id).await
}

on_both_databases! {
    async fn what_is_reported_is_credited_to_the_nano(database) {
        let scene = Scene::start(database).await;
        let key = scene.key_of(&scene.owner, "two_captcha", json!({
            "balance": "1", "prices": { "TURNSTILE": "0.001234567" }
        })).await;
        let lease = scene.lease("two_captcha", "task").await;
        let solved = scene.solve(&lease).await;
        assert_eq!(solved["cost"], "0.001234567", "{solved}");
        let attempt = scene.attempt_in(&lease, "SETTLED").await;
        assert_eq!((&attempt["cost"], &attempt["costSource"]), (&json!("0.001234567"), &json!("REPORTED")));
        let credit = &transactions(&scene, "RECYCLE_CREDIT").await[0];
        assert_eq!((&credit["costSource"], &credit["provisional"]), (&json!("REPORTED"), &json!(false)));
        scene.expect_credited(scene.charged(&key).await).await;
    }

    async fn a_failure_is_free_where_the_provider_gives_it_back(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        scene.server.providers.fault("two_captcha", "createTask", 1, json!({ "kind": "unsolvable" })).await;
        let lease = scene.lease("two_captcha", "task").await;
        let failed = scene.solve(&lease).await;
        assert_eq!(failed["errorCode"], "ERROR_CAPTCHA_UNSOLVABLE", "{failed}");
        let attempt = scene.attempt_in(&lease, "FAILED_FREE").await;
        assert_eq!(usd(&attempt["cost"]), Usd::ZERO);
        assert_eq!(scene.charged(&key).await, Usd::ZERO);
        scene.expect_credited(Usd::ZERO).await;
        let after = quiet_reading(&scene, &key).await;
        assert_eq!(usd(&after["outsideSpending"]), Usd::ZERO, "{after}");
    }

    /// Credits follow the charge, not our notion of solved.
    async fn a_charged_failure_is_credited(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("anti_captcha", "1").await;
        scene.server.providers.fault("anti_captcha", "createTask", 1, json!({ "kind": "unsolvable" })).await;
        let lease = scene.lease("anti_captcha", "task").await;
        let failed = scene.solve(&lease).await;
        assert_eq!(failed["errorCode"], "ERROR_CAPTCHA_UNSOLVABLE", "{failed}");
        let attempt = scene.attempt_in(&lease, "FAILED_CHARGED").await;
        assert_eq!(attempt["costSource"], "PRICE_LIST");
        let credit = &transactions(&scene, "RECYCLE_CREDIT").await[0];
        assert_eq!(credit["provisional"], true, "{credit}");
        let charged = scene.charged(&key).await;
        assert_eq!(charged, amount("0.002"));
        scene.expect_credited(charged).await;
        quiet_reading(&scene, &key).await;
        scene.expect_credited(charged).await;
        // A failure, charged or not, makes room for the next try.
        scene.key("anti_captcha", "1").await;
        scene.lease_for("anti_captcha", "task", 2, "TURNSTILE").await;
    }

    async fn a_drop_within_the_list_price_is_credited(database) {
        let scene = Scene::start(database).await;
        let mut expected = Usd::ZERO;
        for (slug, balance, price) in
            [("capsolver", "1", "0.000777"), ("capmonster_cloud", "1", "0.000333"), ("multibot", "100", "0.7")]
        {
            let settings = json!({ "balance": balance, "prices": { "TURNSTILE": price } });
            let key = scene.key_of(&scene.owner, slug, settings).await;
            let lease = scene.lease(slug, slug).await;
            assert_eq!(scene.solve(&lease).await["status"], "ready");
            let attempt = scene.attempt_in(&lease, "SETTLED").await;
            assert_eq!(attempt["costSource"], "BALANCE_DELTA", "{slug}");
            let charged = scene.charged(&key).await;
            assert_eq!(usd(&attempt["cost"]), charged, "{slug}");
            expected += charged;
            scene.expect_credited(expected).await;
            let after = quiet_reading(&scene, &key).await;
            assert_eq!(usd(&after["outsideSpending"]), Usd::ZERO, "{slug}: {after}");
            scene.expect_credited(expected).await;
        }
    }

    /// An owner who spends meanwhile is not paid for that.
    async fn spending_in_parallel_is_the_owners_own(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("capsolver", "1").await;
        scene.server.providers.settings("capsolver", json!({ "solve_ms": [500, 500] })).await;
        let lease = scene.lease("capsolver", "task").await;
        let created = scene.create(&lease).await;
        scene.server.providers.spend_outside("capsolver", &key.secret, "0.25").await;
        assert_eq!(scene.outcome(&lease, &created["taskId"]).await["status"], "ready");
        let attempt = scene.attempt_in(&lease, "SETTLED").await;
        assert_eq!((&attempt["costSource"], &attempt["cost"]), (&json!("PRICE_LIST"), &json!("0.0012")));
        assert_eq!(transactions(&scene, "RECYCLE_CREDIT").await[0]["provisional"], true);
        let after = quiet_reading(&scene, &key).await;
        assert_eq!(usd(&after["outsideSpending"]), amount("0.25"), "{after}");
        assert_eq!(usd(&after["balance"]), amount("0.7488"), "{after}");
        scene.expect_credited(scene.charged(&key).await).await;
    }

    /// Too late a figure at the provider: the list price is credited, and lowered by what did not drop.
    async fn a_provisional_credit_is_lowered_to_the_drop(database) {
        let scene = Scene::start(database).await;
        let key = scene.key_of(&scene.owner, "capsolver", json!({
            "balance": "1", "prices": { "TURNSTILE": "0.0005" }, "solve_ms": [500, 500]
        })).await;
        let lease = scene.lease("capsolver", "task").await;
        let created = scene.create(&lease).await;
        scene.server.until_readings_end().await;
        let unmoved = json!({ "kind": "balance_text", "text": "1" });
        scene.server.providers.fault("capsolver", "getBalance", 2, unmoved).await;
        assert_eq!(scene.outcome(&lease, &created["taskId"]).await["status"], "ready");
        let attempt = scene.attempt_in(&lease, "SETTLED").await;
        assert_eq!((&attempt["costSource"], &attempt["cost"]), (&json!("PRICE_LIST"), &json!("0.0012")));
        scene.expect_credited(amount("0.0012")).await;
        quiet_reading(&scene, &key).await;
        let adjustments = transactions(&scene, "ADJUSTMENT").await;
        assert_eq!(adjustments.len(), 1, "{adjustments:?}");
        assert_eq!(adjustments[0]["amount"], "-0.0007");
        assert_eq!(scene.charged(&key).await, amount("0.0005"));
        scene.expect_credited(amount("0.0005")).await;
        let after = quiet_reading(&scene, &key).await;
        assert_eq!(usd(&after["outsideSpending"]), Usd::ZERO, "{after}");
        scene.expect_credited(amount("0.0005")).await;
    }
}
