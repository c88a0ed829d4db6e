//! What the gateway refuses, in the dialect of the path and without a call.

use serde_json::{Value, json};

use crate::support::scene::turnstile;
use crate::support::server::{provider_setting, with_provider_setting};
use crate::support::wiretap::Wiretap;
use crate::support::{Scene, Server};

on_both_databases! {
    async fn an_unknown_token_is_a_key_that_does_not_exist(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        let lease = scene.lease("two_captcha", "task").await;
        let mut forged = lease.token().to_owned();
        let last = if forged.ends_with('a') { 'b' } else { 'a' };
        forged.pop();
        forged.push(last);
        for token in [forged.as_str(), "", "lease_", key.secret.as_str()] {
            for method in ["createTask", "getTaskResult", "getBalance", "reportIncorrect", "reportCorrect"] {
                let body = json!({ "clientKey": token, "taskId": 1, "task": turnstile("two_captcha") });
                let refused = scene.gateway.call(method, body).await;
                assert_eq!(refused["errorCode"], "ERROR_KEY_DOES_NOT_EXIST", "{method}: {refused}");
                assert_eq!(refused["errorId"], 1, "{method}");
            }
            let ask = [("key", token), ("action", "get"), ("id", "1")];
            assert_eq!(scene.gateway.get("res.php", &ask).await, "ERROR_KEY_DOES_NOT_EXIST");
            let create = [("key", token), ("method", "turnstile"), ("sitekey", "s"), ("pageurl", "p"), ("json", "1")];
            let refused: Value = serde_json::from_str(&scene.gateway.post_form("in.php", &create).await).expect("JSON");
            assert_eq!(refused, json!({ "status": 0, "request": "ERROR_KEY_DOES_NOT_EXIST" }));
        }
        assert_eq!(scene.calls(&key, "createTask").await, 0);
    }

    /// An allow-list, not a pipe.
    async fn an_unknown_method_makes_no_call(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("anti_captcha", "1").await;
        let lease = scene.lease("anti_captcha", "task").await;
        let before = scene.server.providers.books("anti_captcha", &key.secret).await["calls"].clone();
        for method in ["sendFunds", "getQueueStats", "pushAntiGateVariable", "getSpendingStats", "", "admin/books"] {
            let body = json!({ "clientKey": lease.token, "accountLogin": "me", "accountEmail": "me", "amount": 1 });
            let refused = scene.gateway.call(method, body).await;
            assert_eq!(refused["errorCode"], "ERROR_NO_SUCH_METHOD", "{method}: {refused}");
        }
        for action in ["getip", "transfer", "add_pingback", "addaccount"] {
            let refused = scene.gateway.get("res.php", &[("key", lease.token()), ("action", action)]).await;
            assert_eq!(refused, "ERROR_NO_SUCH_METHOD", "{action}");
        }
        let after = scene.server.providers.books("anti_captcha", &key.secret).await["calls"].clone();
        for method in ["other", "createTask", "getTaskResult", "report"] {
            assert_eq!(after[method], before[method], "{method}");
        }
    }

    /// Requests are built afresh: nothing of the client's own goes on to the provider.
    async fn only_the_task_reaches_the_provider(database) {
        let mut taps = Vec::new();
        let server = Server::start_edited(database, |text| {
            ["base_url", "legacy_base_url"].iter().fold(text, |text, name| {
                let tap = Wiretap::before(provider_setting(&text, "two_captcha", name));
                let tapped = with_provider_setting(&text, "two_captcha", name, &tap.address);
                taps.push(tap);
                tapped
            })
        })
        .await;
        let scene = Scene::with(server).await;
        let key = scene.key("two_captcha", "1").await;

        let lease = scene.lease("two_captcha", "json").await;
        let mut task = turnstile("two_captcha");
        for name in ["callbackUrl", "softId", "soft_id", "appId", "pingback"] {
            task[name] = json!("UNWANTED");
        }
        let body = json!({
            "clientKey": lease.token, "task": task, "softId": "UNWANTED", "callbackUrl": "https://UNWANTED.example/"
        });
        let request = scene.gateway.client.post(format!("{}/createTask?pingback=UNWANTED", scene.gateway.origin));
        let request = request.header("user-agent", "UNWANTED").header("x-client", "UNWANTED").body(body.to_string());
        let created: Value = serde_json::from_str(&request.send().await.expect("an answer").text().await.expect("text"))
            .expect("JSON");
        assert_eq!(scene.outcome(&lease, &created["taskId"]).await["status"], "ready");

        let legacy = scene.lease("two_captcha", "legacy").await;
        let fields = [
            ("key", legacy.token()),
            ("method", "turnstile"),
            ("sitekey", "site-key-of-a-form"),
            ("pageurl", "https://example.com/"),
            ("pingback", "UNWANTED"),
            ("soft_id", "UNWANTED"),
            ("header_acao", "UNWANTED"),
            ("nobody_knows_this", "UNWANTED"),
        ];
        let created = scene.gateway.post_form("in.php", &fields).await;
        assert!(created.starts_with("OK|"), "{created}");
        scene.attempt_in(&legacy, "SETTLED").await;

        let [json, form] = [0, 1].map(|number| taps[number].heard());
        assert!(json.contains("site-key-of-a-page") && json.contains(&key.secret), "{json}");
        assert!(form.contains("site-key-of-a-form") && form.contains(&key.secret), "{form}");
        for heard in [json, form] {
            assert!(!heard.contains("UNWANTED"), "{heard}");
            assert!(!heard.contains(lease.token()) && !heard.contains(legacy.token()), "{heard}");
        }
    }

    async fn a_lease_serves_its_own_kind_of_task(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        let lease = scene.lease("two_captcha", "task").await;
        let with = |name: &str, more: Value| {
            let mut task = turnstile("two_captcha");
            task["type"] = json!(name);
            task.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            task
        };
        let proxy = json!({ "proxyType": "http", "proxyAddress": "192.0.2.7", "proxyPort": 8080 });
        for task in [
            with("HCaptchaTaskProxyless", json!({})),
            with("TurnstileTask", proxy),
            with("AntiTurnstileTaskProxyLess", json!({})),
            json!({}),
            json!("TurnstileTaskProxyless"),
        ] {
            let refused = scene.gateway.create(&lease.token, &task).await;
            assert_eq!(refused["errorCode"], "ERROR_BAD_PARAMETERS", "{task}: {refused}");
        }
        let legacy = [("key", lease.token()), ("method", "hcaptcha"), ("sitekey", "s"), ("pageurl", "p")];
        assert_eq!(scene.gateway.post_form("in.php", &legacy).await, "ERROR_BAD_PARAMETERS");
        assert_eq!(scene.calls(&key, "createTask").await, 0);
        // Nothing of that has used the lease up.
        assert_eq!(scene.solve(&lease).await["status"], "ready");
        let foreign = scene.gateway.result(&lease.token, &json!(1)).await;
        assert_eq!(foreign["errorCode"], "ERROR_NO_SUCH_CAPCHA_ID", "{foreign}");
    }

    async fn the_balance_is_the_leases_own(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        let lease = scene.lease("two_captcha", "task").await;
        let answer = scene.gateway.call("getBalance", json!({ "clientKey": lease.token })).await;
        assert_eq!(answer, json!({ "errorId": 0, "balance": 0.00145 }));
        assert_eq!(scene.gateway.get("res.php", &[("key", lease.token()), ("action", "getbalance")]).await, "0.00145");
        assert_eq!(scene.solve(&lease).await["status"], "ready");
        let answer = scene.gateway.call("getBalance", json!({ "clientKey": lease.token })).await;
        assert_eq!(answer["balance"], 0);
        assert!(!answer.to_string().contains(&key.secret));
    }

    async fn big_and_broken_bodies_are_refused(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        let lease = scene.lease_for("two_captcha", "task", 1, "IMAGE_TO_TEXT").await;
        let picture = |bytes: usize| json!({ "type": "ImageToTextTask", "body": "A".repeat(bytes) });
        let refused = scene.gateway.create(&lease.token, &picture(1 << 20)).await;
        assert_eq!(refused["errorCode"], "ERROR_BAD_PARAMETERS", "{refused}");
        for body in ["", "{", "[]", "null", "\u{feff}{}", "{\"clientKey\":5}"] {
            let reply = scene.gateway.call_text("createTask", body.to_owned()).await;
            let reply: Value = serde_json::from_str(&reply).expect("JSON");
            assert_ne!(reply["errorId"], 0, "{body}");
        }
        assert_eq!(scene.calls(&key, "createTask").await, 0);
        let created = scene.gateway.create(&lease.token, &picture(4_000)).await;
        assert_eq!(created["errorId"], 0, "{created}");
    }
}
