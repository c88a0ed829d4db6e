//! createTask: once per lease, whatever the dispatcher's connection does.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use crate::support::scene::turnstile;
use crate::support::{Scene, eventually};

on_both_databases! {
    async fn a_repeat_gets_the_same_answer_and_one_charge(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        let lease = scene.lease("two_captcha", "task").await;
        let first = scene.create(&lease).await;
        assert_eq!(scene.create(&lease).await, first);
        assert_eq!(scene.outcome(&lease, &first["taskId"]).await["status"], "ready");
        assert_eq!(scene.create(&lease).await, first, "when it is solved too");
        let mut other = turnstile("two_captcha");
        other["websiteURL"] = json!("https://example.org/");
        let refused = scene.gateway.create(&lease.token, &other).await;
        assert_eq!(refused["errorCode"], "ERROR_BAD_PARAMETERS", "{refused}");
        assert_eq!(scene.calls(&key, "createTask").await, 1);
        scene.expect_credited("0.00145".parse().expect("an amount")).await;
    }

    async fn identical_creations_at_once_are_one(database) {
        let scene = Scene::start(database).await;
        scene.server.providers.settings("two_captcha", json!({ "latency_ms": [200, 300] })).await;
        let key = scene.key("two_captcha", "1").await;
        let lease = scene.lease("two_captcha", "task").await;
        let answers = join_all((0..10).map(|_| scene.create(&lease))).await;
        assert_eq!(answers[0]["errorId"], 0, "{answers:?}");
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        assert_eq!(scene.outcome(&lease, &answers[0]["taskId"]).await["status"], "ready");
        assert_eq!(scene.calls(&key, "createTask").await, 1);
        scene.expect_credited(scene.charged(&key).await).await;
    }

    /// The provider has the task, so the server follows it to its end without the dispatcher.
    async fn hanging_up_changes_nothing(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        let lease = scene.lease("two_captcha", "task").await;
        scene.server.providers.settings("two_captcha", json!({ "latency_ms": [600, 600] })).await;
        let body = json!({ "clientKey": lease.token, "task": turnstile("two_captcha") }).to_string();
        let request = scene.gateway.client.post(format!("{}/createTask", scene.gateway.origin)).body(body);
        let outcome = request.timeout(Duration::from_millis(200)).send().await;
        assert!(outcome.is_err_and(|error| error.is_timeout()), "the dispatcher gives up first");
        scene.server.providers.settings("two_captcha", json!({ "latency_ms": [0, 0] })).await;
        scene.attempt_in(&lease, "SETTLED").await;
        let created = scene.create(&lease).await;
        assert_eq!(created["errorId"], 0, "{created}");
        assert_eq!(scene.outcome(&lease, &created["taskId"]).await["status"], "ready");
        assert_eq!(scene.calls(&key, "createTask").await, 1);
        scene.expect_credited(scene.charged(&key).await).await;
    }

    async fn a_picture_is_answered_inside_create(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("capsolver", "1").await;
        let lease = scene.lease_for("capsolver", "task", 1, "IMAGE_TO_TEXT").await;
        let task = json!({ "type": "ImageToTextTask", "body": "iVBORw0KGgoAAAANSUhEUgAA" });
        let created = scene.gateway.create(&lease.token, &task).await;
        assert_eq!((&created["errorId"], &created["status"]), (&json!(0), &json!("ready")), "{created}");
        assert!(created["solution"]["text"].is_string(), "{created}");
        assert_eq!(scene.gateway.create(&lease.token, &task).await, created, "again the same");
        let attempt = scene.attempt_in(&lease, "SETTLED").await;
        assert_eq!(attempt["costSource"], "BALANCE_DELTA");
        assert_eq!(scene.calls(&key, "createTask").await, 1);
        scene.expect_credited(scene.charged(&key).await).await;
    }

    /// Solutions can be fetched for a quarter of an hour.
    async fn results_are_kept_for_a_while(database) {
        let scene = Scene::start(database).await;
        scene.key("two_captcha", "1").await;
        let lease = scene.lease("two_captcha", "task").await;
        let created = scene.create(&lease).await;
        let solved = scene.outcome(&lease, &created["taskId"]).await;
        for (minutes, kept) in [(14, true), (2, false)] {
            scene.server.pass_time(Duration::from_secs(minutes * 60)).await;
            scene.server.app().leases.erase_old_replies().await.expect("the database works");
            let polled = scene.gateway.result(&lease.token, &created["taskId"]).await;
            assert_eq!(polled == solved, kept, "{polled}");
            if !kept {
                assert_eq!(polled["errorCode"], "ERROR_NO_SUCH_CAPCHA_ID", "{polled}");
            }
        }
    }

    /// What the dispatcher is told is in the database already.
    async fn polls_tell_only_what_is_committed(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        let lease = scene.lease("two_captcha", "task").await;
        let created = scene.create(&lease).await;
        let reached = eventually("an end", || async {
            let polled = scene.gateway.result(&lease.token, &created["taskId"]).await;
            let state = scene.dispatcher.attempt(&lease.attempt).await["state"].clone();
            (polled["status"] == "ready").then_some(state)
        })
        .await;
        assert_eq!(reached, "SETTLED");
        let asked = scene.calls(&key, "getTaskResult").await;
        for _ in 0..20 {
            scene.gateway.result(&lease.token, &created["taskId"]).await;
        }
        assert_eq!(scene.calls(&key, "getTaskResult").await, asked, "the server is the one poller");
    }
}
