//! openLease: the same try is the same lease, and tries come in order.

use serde_json::{Value, json};

use crate::support::Scene;

fn route() -> Value {
    json!({ "taskType": "TURNSTILE", "onlyProviders": ["TWO_CAPTCHA"] })
}

/// The code and the path of the one user error.
fn refusal(opened: &Value) -> (String, Value) {
    let error = &opened["userErrors"][0];
    assert_eq!(opened["lease"], Value::Null, "{opened}");
    assert!(!error["message"].as_str().unwrap_or("").is_empty(), "{opened}");
    (error["code"].as_str().unwrap_or("none").to_owned(), error["field"].clone())
}

on_both_databases! {
    /// A lost answer costs nothing: asked again, the lease is the one there is.
    async fn the_same_try_is_the_same_lease(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        let first = scene.dispatcher.open_lease("task", 1, route()).await;
        let again = scene.dispatcher.open_lease("task", 1, route()).await;
        assert!(first["lease"]["token"].as_str().expect("a token").starts_with("lease_"));
        assert_eq!(first["lease"], again["lease"]);
        assert_eq!(first["decision"], again["decision"]);
        assert_eq!(first["lease"]["endpoint"], "http://127.0.0.1:8081");
        let held = scene.owner.key(&key.id).await["held"].clone();
        assert_eq!(held, first["lease"]["attempt"]["held"], "held once");

        // Many at the same moment are one lease too.
        let openings = (0..12).map(|_| scene.dispatcher.open_lease("at once", 1, route()));
        let opened = futures_util::future::join_all(openings).await;
        assert!(opened.iter().all(|one| one["userErrors"] == json!([])), "{opened:?}");
        assert!(opened.iter().all(|one| one["lease"]["token"] == opened[0]["lease"]["token"]));

        // A task id belongs to the service that uses it.
        let other = scene.server.service("other", &[key_recycling::domain::Scope::Dispatch]).await;
        let theirs = other.open_lease("task", 1, route()).await;
        assert_ne!(theirs["lease"]["token"], first["lease"]["token"]);
        assert_eq!(theirs["userErrors"], json!([]));
        scene.expect_no_lies().await;
    }

    async fn another_content_is_refused_by_its_field(database) {
        let scene = Scene::start(database).await;
        scene.key("two_captcha", "1").await;
        scene.dispatcher.open_lease("task", 1, route()).await;
        for (field, value) in [
            ("taskType", json!("HCAPTCHA")),
            ("proxied", json!(true)),
            ("account", json!({ "telegramUserId": "5000000001" })),
            ("speedWeight", json!(51)),
            ("onlyProviders", json!(["TWO_CAPTCHA", "CAPSOLVER"])),
            ("exceptProviders", json!(["CAPSOLVER"])),
        ] {
            let mut changed = route();
            changed[field] = value;
            let opened = scene.dispatcher.open_lease("task", 1, changed).await;
            assert_eq!(refusal(&opened), ("TASK_MISMATCH".to_owned(), json!(["route", field])));
        }
    }

    async fn tries_come_in_order(database) {
        let scene = Scene::start(database).await;
        scene.key("two_captcha", "1").await;
        scene.key("two_captcha", "1").await;
        let open = async |number| scene.dispatcher.open_lease("task", number, route()).await;
        assert_eq!(refusal(&open(2).await), ("ATTEMPT_OUT_OF_ORDER".to_owned(), json!(["attempt"])));
        let first = open(1).await;
        assert_eq!(refusal(&open(2).await).0, "ATTEMPT_OPEN");
        assert_eq!(refusal(&open(3).await).0, "ATTEMPT_OUT_OF_ORDER");

        // A failed try makes room for the next, whose task must still be the same.
        let error = json!({ "kind": "error", "code": "ERROR_NO_SLOT_AVAILABLE" });
        scene.server.providers.fault("two_captcha", "createTask", 1, error).await;
        let lease = crate::support::scene::leased("two_captcha", &first);
        assert_ne!(scene.create(&lease).await["errorId"], 0);
        scene.attempt_in(&lease, "FAILED_FREE").await;
        let mut other_task = route();
        other_task["taskType"] = json!("HCAPTCHA");
        let opened = scene.dispatcher.open_lease("task", 2, other_task).await;
        assert_eq!(refusal(&opened), ("TASK_MISMATCH".to_owned(), json!(["route", "taskType"])));
        let mut other_preference = route();
        other_preference["speedWeight"] = json!(90);
        let second = scene.dispatcher.open_lease("task", 2, other_preference).await;
        assert_eq!(second["userErrors"], json!([]), "preferences may change");

        let lease = crate::support::scene::leased("two_captcha", &second);
        assert_eq!(scene.solve(&lease).await["status"], "ready");
        assert_eq!(refusal(&open(3).await).0, "TASK_FINISHED");
        // What was opened can still be asked for.
        assert_eq!(open(1).await["lease"]["token"], first["lease"]["token"]);
        scene.expect_no_lies().await;
    }

    async fn a_service_holds_so_many_leases_and_no_more(database) {
        let scene = Scene::start_with(database, "[leases]\nopen_per_service = 2\n").await;
        scene.key("two_captcha", "1").await;
        let one = scene.lease("two_captcha", "one").await;
        scene.lease("two_captcha", "two").await;
        let three = scene.dispatcher.open_lease("three", 1, route()).await;
        assert_eq!(refusal(&three).0, "TOO_MANY_LEASES");
        let repeated = scene.dispatcher.open_lease("one", 1, route()).await;
        assert_eq!(repeated["lease"]["token"], one.token, "what is open may be asked for");
        assert_eq!(scene.solve(&one).await["status"], "ready");
        scene.lease("two_captcha", "three").await;
    }

    async fn without_a_key_every_exclusion_is_told(database) {
        let scene = Scene::start(database).await;
        scene.key("two_captcha", "0.002").await;
        scene.key("capsolver", "1").await;
        scene.lease("two_captcha", "takes what there is").await;
        scene.lease("capsolver", "takes the turn").await;
        let except = json!({ "taskType": "TURNSTILE", "exceptProviders": ["MULTIBOT"] });
        let opened = scene.dispatcher.open_lease("task", 1, except).await;
        assert_eq!(refusal(&opened).0, "NO_KEY_AVAILABLE");
        assert_eq!(opened["decision"]["choice"], Value::Null);
        let excluded = |provider: &str| {
            let exclusions = opened["decision"]["exclusions"].as_array().expect("exclusions");
            let found = exclusions.iter().find(|it| it["provider"]["code"] == provider).expect(provider);
            (found["reason"].as_str().expect("a reason").to_owned(), found["keys"].clone())
        };
        assert_eq!(excluded("TWO_CAPTCHA"), ("KEY_TOO_LOW".to_owned(), json!(1)));
        assert_eq!(excluded("CAPSOLVER"), ("KEY_BUSY".to_owned(), json!(1)));
        assert_eq!(excluded("MULTIBOT"), ("NOT_REQUESTED".to_owned(), Value::Null));
        assert_eq!(excluded("ANTI_CAPTCHA"), ("KEY_NOT_USABLE".to_owned(), json!(0)));
        // Nothing was opened, so the number is still free.
        scene.key("anti_captcha", "1").await;
        let except = json!({ "taskType": "TURNSTILE", "exceptProviders": ["MULTIBOT"] });
        assert_eq!(scene.dispatcher.open_lease("task", 1, except).await["userErrors"], json!([]));
    }
}
