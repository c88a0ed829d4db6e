//! Which key a lease gets: own before others before the platform's, drawn as bestKey foretells.

use key_recycling::domain::Actor;
use key_recycling::domain::ProviderCode;
use key_recycling::keys::Submission;
use serde_json::{Value, json};

use crate::support::scene::leased;
use crate::support::{Scene, eventually};

const DECISION: &str = "{ summary speedWeight choice { keyId keyClass estimate margin share draw provider { code } }
    candidates { provider { code } eligibleKeys cost speedScore priceScore baseScore reliability bias score }
    exclusions { reason keys provider { code } } }";

async fn best_key(scene: &Scene, route: Value, task: Option<(&str, i32)>) -> Value {
    let document = format!(
        "query($route: RouteInput!, $taskId: ID, $attempt: Int!) {{
            bestKey(route: $route, taskId: $taskId, attempt: $attempt) {DECISION} }}"
    );
    let (task_id, attempt) = task.unzip();
    let variables = json!({ "route": route, "taskId": task_id, "attempt": attempt.unwrap_or(1) });
    scene.dispatcher.run(&document, variables).await.data()["bestKey"].clone()
}

async fn platform_key(scene: &Scene) {
    let secret = scene.server.providers.key("two_captcha", "1").await;
    let submission = Submission { provider: ProviderCode::TwoCaptcha, key: secret.into(), label: None };
    let submitted = scene.server.app().keys.submit(&Actor::Operator, submission).await.expect("the database works");
    assert!(submitted.is_ok(), "{submitted:?}");
}

fn pinned() -> Value {
    json!({ "taskType": "TURNSTILE", "onlyProviders": ["TWO_CAPTCHA"] })
}

fn for_owner(route: &Value) -> Value {
    let mut route = route.clone();
    route["account"] = json!({ "telegramUserId": "5000000001" });
    route
}

on_both_databases! {
    async fn own_keys_come_first_and_the_platforms_last(database) {
        let scene = Scene::start(database).await;
        platform_key(&scene).await;
        let class = async |route: &Value| {
            best_key(&scene, route.clone(), None).await["choice"]["keyClass"].as_str().map(str::to_owned)
        };
        let settled = async |route: Value, expected: &str| {
            eventually(expected, || async { (class(&route).await.as_deref() == Some(expected)).then_some(()) }).await;
        };
        settled(for_owner(&pinned()), "PLATFORM").await;
        let stranger = scene.server.owner(5_000_000_002);
        scene.key_of(&stranger, "two_captcha", json!({ "balance": "1" })).await;
        settled(for_owner(&pinned()), "SHARED").await;
        let own = scene.key("two_captcha", "0.01").await;
        settled(for_owner(&pinned()), "OWN").await;
        settled(pinned(), "SHARED").await;
        let opened = scene.dispatcher.open_lease("task", 1, for_owner(&pinned())).await;
        assert_eq!(opened["lease"]["attempt"]["keyId"], own.id);
        assert_eq!(opened["decision"]["choice"]["keyClass"], "OWN");
    }

    /// Each term is part of the answer, and the terms multiply to the score exactly.
    async fn scores_are_the_product_of_their_terms(database) {
        let scene = Scene::start(database).await;
        for slug in ["two_captcha", "capsolver", "anti_captcha", "ucaptcha_native"] {
            scene.key(slug, "1").await;
        }
        let route = json!({ "taskType": "TURNSTILE", "speedWeight": 37 });
        for route in [for_owner(&route), route] {
            let decision = best_key(&scene, route.clone(), None).await;
            let candidates = decision["candidates"].as_array().expect("candidates");
            assert!(!candidates.is_empty(), "{decision}");
            let term = |candidate: &Value, name: &str| candidate[name].as_f64().expect("a number");
            for candidate in candidates {
                let product = term(candidate, "baseScore") * term(candidate, "reliability") * term(candidate, "bias");
                assert_eq!(term(candidate, "score").to_bits(), product.to_bits(), "{candidate}");
                let biased = term(candidate, "bias") > 1.0;
                assert_eq!(biased, route["account"].is_object(), "{candidate}");
            }
            let scores: Vec<f64> = candidates.iter().map(|it| term(it, "score")).collect();
            assert!(scores.is_sorted_by(|one, other| one >= other), "{scores:?}");
            assert_eq!(decision["choice"]["provider"], candidates[0]["provider"]);
        }
    }

    async fn best_key_foretells_the_lease_and_it_can_be_replayed(database) {
        let scene = Scene::start(database).await;
        for _ in 0..4 {
            scene.key("two_captcha", "1").await;
        }
        let mut drawn = std::collections::HashSet::new();
        for number in 0..12 {
            let task = format!("task {number}");
            let foretold = best_key(&scene, pinned(), Some((&task, 1))).await;
            let opened = scene.dispatcher.open_lease(&task, 1, pinned()).await;
            assert_eq!(opened["lease"]["attempt"]["keyId"], foretold["choice"]["keyId"], "{task}");
            assert_eq!(opened["decision"]["choice"]["draw"], foretold["choice"]["draw"], "{task}");
            drawn.insert(foretold["choice"]["keyId"].to_string());
            let document = format!("query($id: ID!) {{ node(id: $id) {{ ... on Attempt {{ decision {DECISION} }} }} }}");
            let id = json!({ "id": opened["lease"]["attempt"]["id"] });
            let stored = scene.dispatcher.run(&document, id).await.data()["node"]["decision"].clone();
            assert_eq!(stored, foretold, "{task}");
        }
        assert!(drawn.len() > 1, "the draw spreads over the keys");
        // Without a task there is no draw, and the answer stays the same.
        let likeliest = best_key(&scene, pinned(), None).await;
        assert_eq!(likeliest["choice"]["draw"], Value::Null);
    }

    async fn a_tried_key_is_left_out(database) {
        let scene = Scene::start(database).await;
        let keys = [scene.key("two_captcha", "1").await, scene.key("two_captcha", "1").await];
        let error = json!({ "kind": "error", "code": "ERROR_NO_SLOT_AVAILABLE" });
        scene.server.providers.fault("two_captcha", "createTask", 2, error).await;
        let mut used = Vec::new();
        for number in [1, 2] {
            let opened = scene.dispatcher.open_lease("task", number, pinned()).await;
            assert_eq!(opened["userErrors"], json!([]));
            let lease = leased("two_captcha", &opened);
            scene.create(&lease).await;
            scene.attempt_in(&lease, "FAILED_FREE").await;
            used.push(lease.key);
        }
        assert!(keys.iter().all(|key| used.contains(&key.id)), "each was tried once");
        let opened = scene.dispatcher.open_lease("task", 3, pinned()).await;
        assert_eq!(opened["userErrors"][0]["code"], "NO_KEY_AVAILABLE");
        let tried = opened["decision"]["exclusions"].as_array().expect("exclusions").iter();
        let tried: Vec<_> = tried.filter(|it| it["reason"] == "KEY_TRIED").collect();
        assert_eq!(tried.len(), 1, "{opened}");
        assert_eq!(tried[0]["keys"], 2);
        let foretold = best_key(&scene, pinned(), Some(("task", 3))).await;
        assert_eq!(foretold["choice"], Value::Null);
    }
}
