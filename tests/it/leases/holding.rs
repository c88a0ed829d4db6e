//! What an open lease holds on its key, and who frees it.

use std::time::Duration;

use futures_util::future::join_all;
use key_recycling::domain::Usd;
use serde_json::{Value, json};

use crate::support::sandbox::usd;
use crate::support::{Scene, eventually};

/// What a Turnstile task costs at 2Captcha.
const PRICE: Usd = Usd::from_nanos(1_450_000);

async fn release(scene: &Scene, attempt: &Value) -> Value {
    let document = "mutation($input: ReleaseLeaseInput!) { releaseLease(input: $input) {
        attempt { id state held } userErrors { code } } }";
    let input = json!({ "input": { "attemptId": attempt } });
    scene.dispatcher.run(document, input).await.data()["releaseLease"].clone()
}

on_both_databases! {
    async fn a_hold_shows_on_the_key(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        let lease = scene.lease("two_captcha", "task").await;
        let shown = scene.owner.key(&key.id).await;
        assert_eq!(usd(&shown["held"]), PRICE);
        assert_eq!(usd(&shown["balance"]), "1".parse().expect("an amount"));
        assert_eq!(usd(&shown["available"]), usd(&shown["balance"]) - PRICE);
        assert_eq!(scene.solve(&lease).await["status"], "ready");
        let shown = scene.owner.key(&key.id).await;
        assert_eq!(usd(&shown["held"]), Usd::ZERO);
        assert_eq!(usd(&shown["available"]), usd(&shown["balance"]));
        scene.expect_credited(PRICE).await;
    }

    /// Many open at once on a key that has room for exactly five.
    async fn a_key_is_never_overspent(database) {
        let scene = Scene::start(database).await;
        let room = Usd::from_nanos(PRICE.nanos() * 5 + PRICE.nanos() - 1);
        let key = scene.key("two_captcha", &room.to_string()).await;
        let route = json!({ "taskType": "TURNSTILE", "onlyProviders": ["TWO_CAPTCHA"] });
        let openings = (0..40).map(|number| {
            let (scene, route) = (&scene, route.clone());
            async move { scene.dispatcher.open_lease(&format!("task {number}"), 1, route).await }
        });
        let opened = join_all(openings).await;
        let leases: Vec<_> = opened.iter().filter(|it| it["userErrors"] == json!([])).collect();
        assert_eq!(leases.len(), 5);
        let refused = opened.iter().filter(|it| it["userErrors"][0]["code"] == "NO_KEY_AVAILABLE").count();
        assert_eq!(refused, 35);
        let shown = scene.owner.key(&key.id).await;
        assert_eq!(usd(&shown["held"]).nanos(), PRICE.nanos() * 5);
        let leases = leases.iter().map(|it| crate::support::scene::leased("two_captcha", it));
        let solved = leases.map(|lease| {
            let scene = &scene;
            async move { scene.solve(&lease).await["status"].clone() }
        });
        assert!(join_all(solved).await.iter().all(|status| status == "ready"));
        let charged = scene.charged(&key).await;
        assert_eq!(charged.nanos(), PRICE.nanos() * 5);
        scene.expect_credited(charged).await;
    }

    /// A provider whose costs are learnt from the balance works on one task of a key at a time.
    async fn a_key_read_around_attempts_is_lent_once_at_a_time(database) {
        let scene = Scene::start(database).await;
        scene.key("capsolver", "1").await;
        let route = json!({ "taskType": "TURNSTILE", "onlyProviders": ["CAPSOLVER"] });
        let openings = (0..10).map(|number| {
            let (scene, route) = (&scene, route.clone());
            async move { scene.dispatcher.open_lease(&format!("task {number}"), 1, route).await }
        });
        let opened = join_all(openings).await;
        assert_eq!(opened.iter().filter(|it| it["userErrors"] == json!([])).count(), 1);
    }

    async fn an_unused_lease_lapses(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        let lease = scene.lease("two_captcha", "task").await;
        scene.server.pass_time(Duration::from_secs(59)).await;
        assert_eq!(usd(&scene.owner.key(&key.id).await["held"]), PRICE);
        scene.server.pass_time(Duration::from_secs(2)).await;
        // The gateway knows at once; the sweep comes within a second.
        let late = scene.create(&lease).await;
        assert_eq!(late["errorCode"], "ERROR_KEY_DOES_NOT_EXIST", "{late}");
        scene.attempt_in(&lease, "EXPIRED").await;
        let idle = scene.lease("two_captcha", "another task").await;
        scene.server.pass_time(Duration::from_secs(61)).await;
        scene.attempt_in(&idle, "EXPIRED").await;
        scene.key_once("nothing is held", &key.id, |shown| usd(&shown["held"]) == Usd::ZERO).await;
        assert_eq!(scene.calls(&key, "createTask").await, 0);
        assert_eq!(release(&scene, &lease.attempt).await["attempt"]["state"], "EXPIRED");
        scene.lease_for("two_captcha", "task", 2, "TURNSTILE").await;
        scene.expect_no_lies().await;
    }

    async fn a_lease_is_given_back_until_it_is_used(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        let lease = scene.lease("two_captcha", "task").await;
        for _ in 0..2 {
            let released = release(&scene, &lease.attempt).await;
            assert_eq!(released["attempt"]["state"], "RELEASED", "{released}");
            assert_eq!(usd(&released["attempt"]["held"]), Usd::ZERO);
        }
        assert_eq!(usd(&scene.owner.key(&key.id).await["held"]), Usd::ZERO);
        let late = scene.create(&lease).await;
        assert_eq!(late["errorCode"], "ERROR_KEY_DOES_NOT_EXIST", "{late}");
        assert_eq!(scene.calls(&key, "createTask").await, 0);

        let used = scene.lease("two_captcha", "another task").await;
        assert_eq!(scene.create(&used).await["errorId"], 0);
        assert_eq!(release(&scene, &used.attempt).await["userErrors"][0]["code"], "ALREADY_SENT");
        let other = scene.server.service("other", &[key_recycling::domain::Scope::Dispatch]).await;
        let document = "mutation($input: ReleaseLeaseInput!) { releaseLease(input: $input) { userErrors { code } } }";
        let foreign = other.run(document, json!({ "input": { "attemptId": lease.attempt } })).await.data();
        assert_eq!(foreign["releaseLease"]["userErrors"][0]["code"], "ATTEMPT_NOT_FOUND");
        eventually("it is solved all the same", || async {
            (scene.dispatcher.attempt(&used.attempt).await["state"] == "SETTLED").then_some(())
        })
        .await;
        scene.expect_credited(scene.charged(&key).await).await;
    }
}
