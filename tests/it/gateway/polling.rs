//! Who is asked for results, when there are many to ask for.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::server::with_provider_setting;
use crate::support::{Scene, Server, eventually};

/// More attempts than a process may ask one provider about at once.
const ATTEMPTS: usize = 270;

/// Keys that can bear them, ten each, with some to spare for openings that draw the same one.
const KEYS: usize = 40;

/// Longer than the time between two polls at the provider that hangs.
const POLLS_DUE: Duration = Duration::from_secs(61);

async fn health(scene: &Scene, slug: &str) -> Value {
    let document = "{ providers { code health } }";
    let data = scene.operator.run(document, json!({})).await.data();
    let providers = data["providers"].as_array().expect("providers").clone();
    let found = providers.into_iter().find(|it| it["code"] == *slug.to_uppercase());
    found.expect("the provider")["health"].clone()
}

on_both_databases! {
    /// Its polls fill its own room, and no other provider's result waits for them.
    async fn a_provider_that_hangs_delays_no_other(database) {
        let edit = |text: String| {
            let text = with_provider_setting(&text, "two_captcha", "poll_interval", "60s");
            format!("{text}[keys]\nsubmissions_per_hour = 100\n")
        };
        let scene = Scene::with(Server::start_edited(database, edit).await).await;
        let providers = &scene.server.providers;
        providers.settings("two_captcha", json!({ "solve_ms": [600_000, 600_000] })).await;
        for _ in 0..KEYS {
            scene.key("two_captcha", "1").await;
        }
        scene.key("anti_captcha", "1").await;
        for first in (0..ATTEMPTS).step_by(10) {
            let tasks = (first..first + 10).map(|number| {
                let scene = &scene;
                async move {
                    let lease = scene.lease("two_captcha", &format!("task {number}")).await;
                    assert_eq!(scene.create(&lease).await["errorId"], 0);
                }
            });
            join_all(tasks).await;
        }
        for count in [1, 10_000] {
            providers.fault("two_captcha", "getTaskResult", count, json!({ "kind": "hang", "ms": 60_000 })).await;
        }
        scene.server.leap(POLLS_DUE);
        eventually("the provider hangs", || async {
            let orders = providers.call(reqwest::Method::GET, "two_captcha/faults", None).await;
            (orders["waiting"] == 1).then_some(())
        })
        .await;
        // Polls that still hang are due once more.
        scene.server.leap(POLLS_DUE);
        let lease = scene.lease("anti_captcha", "task elsewhere").await;
        assert_eq!(scene.solve(&lease).await["status"], "ready");
        assert_eq!(health(&scene, "two_captcha").await, "HEALTHY", "the solution waited for polls to be given up");
    }
}
