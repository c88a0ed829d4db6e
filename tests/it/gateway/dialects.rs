//! Every form in which off-the-shelf clients put a call, at every provider that has it.

use serde_json::{Value, json};

use crate::support::scene::Leased;
use crate::support::{Scene, eventually};

/// How a client sends `in.php`.
#[derive(Clone, Copy, Debug)]
enum Way {
    Address,
    Form,
    Upload,
    Json,
}

/// Sends `in.php` in a form, with the fields given.
async fn submit(scene: &Scene, way: Way, fields: &[(&str, &str)]) -> String {
    let url = format!("{}/in.php", scene.gateway.origin);
    let request = match way {
        Way::Address => return scene.gateway.get("in.php", fields).await,
        Way::Form => return scene.gateway.post_form("in.php", fields).await,
        Way::Upload => {
            let part = |(name, value): &(&str, &str)| {
                let file = if *name == "file" { "; filename=\"picture.png\"" } else { "" };
                format!("--sep\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n")
            };
            let body: String = fields.iter().map(part).collect();
            let content_type = "multipart/form-data; boundary=sep";
            scene.gateway.client.post(url).header("content-type", content_type).body(body + "--sep--\r\n")
        }
        Way::Json => {
            let members: serde_json::Map<String, Value> =
                fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
            scene.gateway.client.post(url).body(Value::Object(members).to_string())
        }
    };
    request.send().await.expect("the gateway answers").text().await.expect("a text")
}

/// The task's id in a reply of `in.php`.
fn id_of(reply: &str, as_json: bool) -> String {
    if !as_json {
        return reply.strip_prefix("OK|").unwrap_or_else(|| panic!("no id: {reply}")).to_owned();
    }
    let reply: Value = serde_json::from_str(reply).unwrap_or_else(|_| panic!("not JSON: {reply}"));
    assert_eq!(reply["status"], 1, "{reply}");
    reply["request"].as_str().expect("an id is text").to_owned()
}

/// Polls `res.php` with an action until there is an answer.
async fn answer(scene: &Scene, lease: &Leased, action: Option<&str>, id: &str, as_json: bool) -> String {
    let mut fields = vec![("key", lease.token()), ("id", id)];
    fields.extend(action.map(|action| ("action", action)));
    if as_json {
        fields.push(("json", "1"));
    }
    eventually("an answer", || async {
        let reply = scene.gateway.get("res.php", &fields).await;
        (!reply.contains("CAPCHA_NOT_READY")).then_some(reply)
    })
    .await
}

const TURNSTILE: [(&str, &str); 3] =
    [("method", "turnstile"), ("sitekey", "0x4AAAAAAA"), ("pageurl", "https://example.com/?a=b&c=d")];
const PICTURE: [(&str, &str); 2] = [("method", "base64"), ("body", "iVBORw0KGgoAAAANSUhEUgAA")];

/// One task at a provider, sent in a form and asked for plain or as JSON.
async fn play(scene: &Scene, slug: &'static str, way: Way, as_json: bool) {
    let what = format!("{slug} {way:?} json={as_json}");
    let has_token_tasks = slug != "anti_captcha";
    let kind = if has_token_tasks { "TURNSTILE" } else { "IMAGE_TO_TEXT" };
    let lease = scene.lease_for(slug, &what, 1, kind).await;
    let mut fields = vec![("key", lease.token())];
    fields.extend_from_slice(if has_token_tasks { &TURNSTILE } else { &PICTURE });
    fields.push(("json", if as_json { "1" } else { "0" }));
    let id = id_of(&submit(scene, way, &fields).await, as_json);
    let action = (slug != "multibot").then_some("get");
    let reply = answer(scene, &lease, action, &id, as_json).await;
    let solution = if as_json {
        let reply: Value = serde_json::from_str(&reply).unwrap_or_else(|_| panic!("{what}: {reply}"));
        assert_eq!(reply["status"], 1, "{what}: {reply}");
        reply["request"].as_str().expect("a solution is text").to_owned()
    } else {
        reply.strip_prefix("OK|").unwrap_or_else(|| panic!("{what}: {reply}")).to_owned()
    };
    assert_eq!(solution.starts_with("sandbox-"), has_token_tasks, "{what}: {solution}");
    scene.attempt_in(&lease, "SETTLED").await;
}

on_both_databases! {
    async fn legacy_tasks_come_in_every_form(database) {
        let scene = Scene::start(database).await;
        let mut expected = key_recycling::domain::Usd::ZERO;
        for slug in ["two_captcha", "anti_captcha", "multibot", "ucaptcha_native"] {
            let balance = if slug == "multibot" { "100" } else { "1" };
            let key = scene.key(slug, balance).await;
            for way in [Way::Address, Way::Form, Way::Upload, Way::Json] {
                for as_json in [false, true] {
                    play(&scene, slug, way, as_json).await;
                }
            }
            let charged = scene.charged(&key).await;
            assert!(charged.is_positive(), "{slug}");
            expected += charged;
            scene.expect_credited(expected).await;
        }
    }

    async fn a_picture_can_be_uploaded_and_its_price_asked_for(database) {
        let scene = Scene::start(database).await;
        let key = scene.key("two_captcha", "1").await;
        for as_json in [false, true] {
            let lease = scene.lease_for("two_captcha", &format!("{as_json}"), 1, "IMAGE_TO_TEXT").await;
            let json = if as_json { "1" } else { "0" };
            let fields = [("key", lease.token()), ("method", "post"), ("file", "not much of a picture"), ("json", json)];
            let id = id_of(&submit(&scene, Way::Upload, &fields).await, as_json);
            let reply = answer(&scene, &lease, Some("get2"), &id, as_json).await;
            if as_json {
                let reply: Value = serde_json::from_str(&reply).expect("JSON");
                assert_eq!(reply["price"], "0.00085", "{reply}");
            } else {
                assert!(reply.starts_with("OK|") && reply.ends_with("|0.00085"), "{reply}");
            }
            let plain = answer(&scene, &lease, Some("get"), &id, false).await;
            assert_eq!(plain.matches('|').count(), 1, "get tells no price: {plain}");
            let several = [("key", lease.token()), ("action", "get"), ("ids", id.as_str())];
            assert!(!scene.gateway.get("res.php", &several).await.is_empty());
        }
        scene.expect_credited(scene.charged(&key).await).await;
    }

    async fn balances_are_asked_for_by_either_action(database) {
        let scene = Scene::start(database).await;
        scene.key("multibot", "100").await;
        let lease = scene.lease("multibot", "task").await;
        let user = scene.gateway.get("res.php", &[("key", lease.token()), ("action", "userinfo")]).await;
        let user: Value = serde_json::from_str(&user).expect("JSON");
        assert_eq!(user["balance"], 0.001, "{user}");
    }

    /// What came in by one dialect is answered in it alone.
    async fn dialects_do_not_mix(database) {
        let scene = Scene::start(database).await;
        scene.key("two_captcha", "1").await;
        let lease = scene.lease("two_captcha", "task").await;
        let created = scene.create(&lease).await;
        let id = created["taskId"].to_string();
        let asked = [("key", lease.token()), ("action", "get"), ("id", id.as_str())];
        assert_eq!(scene.gateway.get("res.php", &asked).await, "ERROR_WRONG_CAPTCHA_ID");
        // Some clients put a slash too many.
        let body = json!({ "clientKey": lease.token, "taskId": created["taskId"] });
        let polled = scene.gateway.call("/getTaskResult", body).await;
        assert_eq!(polled["errorId"], 0, "{polled}");
    }
}
