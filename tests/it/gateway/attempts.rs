//! What a provider's refusals do to attempt and key, and attempts that outlive server and key.

use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use crate::support::scene::QUIET;
use crate::support::server::with_provider_setting;
use crate::support::{Scene, Server};
use key_recycling::domain::Usd;

async fn order_error(scene: &Scene, code: &str) {
    let error = json!({ "kind": "error", "code": code });
    scene.server.providers.fault("two_captcha", "createTask", 1, error).await;
}

/// How many keys still have their sealed form.
async fn envelopes(scene: &Scene) -> i64 {
    let database = scene.server.database.connect().await;
    let count = "SELECT count(*) FROM provider_key WHERE envelope IS NOT NULL";
    let statement = Statement::from_string(database.get_database_backend(), count.to_owned());
    let row = database.query_one_raw(statement).await.expect("the database answers").expect("a row");
    row.try_get_by_index(0).expect("a number")
}

async fn open(scene: &Scene, task_id: &str) -> Value {
    let route = json!({ "taskType": "TURNSTILE", "onlyProviders": ["TWO_CAPTCHA"] });
    scene.dispatcher.open_lease(task_id, 1, route).await
}

on_both_databases! {
    /// At once, and until a quiet reading has shown what is true.
    async fn an_empty_key_stops_lending(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        let lease = scene.lease("two_captcha", "task").await;
        order_error(&scene, "ERROR_ZERO_BALANCE").await;
        let refused = scene.create(&lease).await;
        assert_eq!(refused["errorCode"], "ERROR_ZERO_BALANCE", "{refused}");
        scene.attempt_in(&lease, "FAILED_FREE").await;
        assert_eq!(open(&scene, "at once").await["userErrors"][0]["code"], "NO_KEY_AVAILABLE");
        let resting = scene.owner.key(&key.id).await;
        assert_eq!((&resting["lendable"], &resting["problem"]["code"]), (&json!(false), &json!("TEMPORARILY_BLOCKED")));
        scene.server.pass_time(QUIET).await;
        let shown = scene.key_once("a quiet reading", &key.id, |shown| shown["lendable"] == true).await;
        assert_eq!((&shown["status"], &shown["problem"]), (&json!("ACTIVE"), &json!(null)));
        assert_eq!(open(&scene, "later").await["userErrors"], json!([]));
        scene.expect_credited(Usd::ZERO).await;
    }

    /// One rejection of a key that was good proves nothing, but it is not lent meanwhile.
    async fn one_rejection_makes_no_key_invalid(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        let lease = scene.lease("two_captcha", "task").await;
        order_error(&scene, "ERROR_KEY_DOES_NOT_EXIST").await;
        let refused = scene.create(&lease).await;
        assert_ne!(refused["errorId"], 0, "{refused}");
        scene.attempt_in(&lease, "FAILED_FREE").await;
        let shown = scene.owner.key(&key.id).await;
        assert_eq!((&shown["status"], &shown["lendable"]), (&json!("ACTIVE"), &json!(false)), "{shown}");
        assert_eq!(shown["problem"]["code"], "REJECTION_UNCONFIRMED");
        assert_eq!(open(&scene, "at once").await["userErrors"][0]["code"], "NO_KEY_AVAILABLE");
        scene.server.pass_time(QUIET).await;
        let shown = scene.key_once("the second look", &key.id, |shown| shown["problem"].is_null()).await;
        assert_eq!((&shown["status"], &shown["lendable"]), (&json!("ACTIVE"), &json!(true)), "{shown}");
        scene.expect_no_lies().await;
    }

    /// Never connected, never charged.
    async fn a_refused_connection_is_free(database) {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
        let address = format!("http://{closed}");
        let closed = |text: String| with_provider_setting(&text, "two_captcha", "legacy_base_url", &address);
        let scene = Scene::with(Server::start_edited(database, closed).await).await;
        let key = scene.key("two_captcha", "1").await;
        let lease = scene.lease("two_captcha", "task").await;
        let fields = [("key", lease.token()), ("method", "turnstile"), ("sitekey", "s"), ("pageurl", "p")];
        assert_eq!(scene.gateway.post_form("in.php", &fields).await, "ERROR_NO_SLOT_AVAILABLE");
        scene.attempt_in(&lease, "FAILED_FREE").await;
        let shown = scene.owner.key(&key.id).await;
        assert_eq!((&shown["held"], &shown["lendable"]), (&json!("0"), &json!(true)), "{shown}");
        assert_eq!(open(&scene, "another task").await["userErrors"], json!([]));
        scene.expect_credited(Usd::ZERO).await;
    }

    async fn a_restart_loses_no_task(database) {
        let mut scene = Scene::start(database).await;
        let keys = [scene.key("two_captcha", "1").await, scene.key("capsolver", "1").await];
        let mut leases = Vec::new();
        for key in &keys {
            scene.server.providers.settings(key.slug, json!({ "solve_ms": [1500, 1500] })).await;
            let lease = scene.lease(key.slug, key.slug).await;
            let created = scene.create(&lease).await;
            assert_eq!(created["errorId"], 0, "{created}");
            leases.push((lease, created));
        }
        scene.restart().await;
        let mut expected = Usd::ZERO;
        for (key, (lease, created)) in keys.iter().zip(&leases) {
            assert_eq!(scene.outcome(lease, &created["taskId"]).await["status"], "ready");
            scene.attempt_in(lease, "SETTLED").await;
            assert_eq!(scene.calls(key, "createTask").await, 1);
            let charged = scene.charged(key).await;
            assert!(charged.is_positive());
            expected += charged;
        }
        scene.expect_credited(expected).await;
    }

    async fn a_removed_key_still_settles_and_is_erased_then(database) {
        let scene = Scene::start(database).await;
        scene.server.providers.settings("two_captcha", json!({ "solve_ms": [1000, 1000] })).await;
        let key = scene.key("two_captcha", "1").await;
        let running = scene.lease("two_captcha", "running").await;
        let idle = scene.lease("two_captcha", "idle").await;
        let created = scene.create(&running).await;
        let document = "mutation($input: RemoveKeyInput!) { removeKey(input: $input) {
            key { status } userErrors { code } } }";
        let removed = scene.owner.run(document, json!({ "input": { "keyId": key.id } })).await.data();
        assert_eq!(removed["removeKey"]["key"]["status"], "REMOVED", "{removed}");
        assert_eq!(envelopes(&scene).await, 1, "the running attempt needs it");
        scene.attempt_in(&idle, "RELEASED").await;
        let late = scene.create(&idle).await;
        assert_ne!(late["errorId"], 0, "{late}");
        assert_eq!(scene.outcome(&running, &created["taskId"]).await["status"], "ready");
        scene.attempt_in(&running, "SETTLED").await;
        assert_eq!(envelopes(&scene).await, 0, "erased by the transaction that settled it");
        assert_eq!(scene.calls(&key, "createTask").await, 1);
        scene.expect_credited(scene.charged(&key).await).await;
    }
}
