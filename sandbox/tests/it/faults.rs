//! Faults that change what the provider says.

use sandbox::Provider;
use serde_json::{Value, json};

use crate::support::{App, KEY, turnstile};

const TASK: &str = "TurnstileTaskProxyless";

#[tokio::test]
async fn errors_to_order_take_the_dialects_shape() {
    let app = App::with_key(Provider::TwoCaptcha, "1").await;
    let busy = json!({ "kind": "error", "code": "ERROR_NO_SLOT_AVAILABLE" });
    app.fault(Provider::TwoCaptcha, "createTask", busy.clone()).await;
    let (status, refused) = app.create(Provider::TwoCaptcha, turnstile(TASK)).await;
    assert_eq!((status, &refused["errorId"]), (200, &json!(2)));
    assert_eq!(app.key_books(Provider::TwoCaptcha).await["tasks"]["created"], 0);
    app.fault(Provider::TwoCaptcha, "getBalance", busy).await;
    let (_, text) = app.legacy(Provider::TwoCaptcha, "res.php", &[("key", KEY), ("action", "getbalance")]).await;
    assert_eq!(text, "ERROR_NO_SLOT_AVAILABLE");
    app.put_key(Provider::Capsolver, KEY, json!({ "balance": "1" })).await;
    let limited = json!({ "kind": "error", "code": "ERROR_RATE_LIMIT", "http_status": 503, "effect": "apply" });
    app.fault(Provider::Capsolver, "createTask", limited).await;
    let (status, refused) = app.create(Provider::Capsolver, turnstile("AntiTurnstileTaskProxyLess")).await;
    assert_eq!((status, &refused["errorCode"]), (503, &json!("ERROR_RATE_LIMIT")));
    assert_eq!(app.key_books(Provider::Capsolver).await["tasks"]["created"], 1, "the effect was applied");
}

#[tokio::test]
async fn any_token_can_stand_where_a_number_stood() {
    let provider = Provider::TwoCaptcha;
    let app = App::with_key(provider, "1").await;
    app.fault(provider, "*", json!({ "kind": "balance_text", "text": "1e400" })).await;
    app.fault(provider, "getTaskResult", json!({ "kind": "cost_text", "text": "0.0029899999999999999" })).await;
    app.fault(provider, "getTaskResult", json!({ "kind": "cost_text", "text": null })).await;
    let (_, created) = app.create(provider, turnstile(TASK)).await;
    let url = app.url(provider, "getBalance");
    let request = app.client.post(url).json(&json!({ "clientKey": KEY }));
    let text = request.send().await.expect("an answer").text().await.expect("text");
    assert_eq!(text, r#"{"errorId":0,"balance":1e400}"#);
    // Queries that find the task open leave the order in place.
    let (_, ready) = app.await_result(provider, &created["taskId"]).await;
    assert_eq!(ready["cost"], json!(0.00299));
    let (_, ready) = app.result(provider, &created["taskId"]).await;
    assert_eq!((&ready["status"], ready.get("cost")), (&json!("ready"), None));
    let (_, ready) = app.result(provider, &created["taskId"]).await;
    assert_eq!(ready["cost"], "0.00145");
}

#[tokio::test]
async fn task_ids_can_be_false() {
    let provider = Provider::AntiCaptcha;
    let app = App::with_key(provider, "1").await;
    let (_, first) = app.create(provider, turnstile(TASK)).await;
    app.fault(provider, "createTask", json!({ "kind": "duplicate_task_id" })).await;
    let (_, second) = app.create(provider, turnstile(TASK)).await;
    assert_eq!(first["taskId"], second["taskId"]);
    assert_eq!(app.key_books(provider).await["charged"], "0.004", "both were charged");
    app.fault(provider, "createTask", json!({ "kind": "task_id_text", "text": "\"abc\"" })).await;
    let (_, third) = app.create(provider, turnstile(TASK)).await;
    assert_eq!(third["taskId"], "abc");
}

#[tokio::test]
async fn answers_can_be_taken_back_for_a_moment() {
    let provider = Provider::UcaptchaNative;
    let app = App::with_key(provider, "1").await;
    app.fault(provider, "getTaskResult", json!({ "kind": "solution_then_processing" })).await;
    let (_, created) = app.create(provider, turnstile(TASK)).await;
    let (_, ready) = app.await_result(provider, &created["taskId"]).await;
    let (_, relapsed) = app.result(provider, &created["taskId"]).await;
    let (_, again) = app.result(provider, &created["taskId"]).await;
    assert_eq!(relapsed["status"], "processing");
    assert_eq!(ready, again);
}

#[tokio::test]
async fn tasks_can_be_made_unsolvable() {
    let provider = Provider::CapmonsterCloud;
    let app = App::with_key(provider, "1").await;
    app.settings(provider, json!({ "solve_ms": [10_000, 10_000] })).await;
    let (_, created) = app.create(provider, turnstile("TurnstileTask")).await;
    app.fault(provider, "getTaskResult", json!({ "kind": "unsolvable" })).await;
    let (_, failed) = app.result(provider, &created["taskId"]).await;
    assert_eq!(failed["errorCode"], "ERROR_CAPTCHA_UNSOLVABLE");
    let books = app.key_books(provider).await;
    assert_eq!((&books["tasks"]["failed"], &books["balance"]), (&json!(1), &json!("1")));
    app.settings(provider, json!({ "solve_ms": [0, 0] })).await;
    app.fault(provider, "createTask", json!({ "kind": "unsolvable" })).await;
    let (_, created) = app.create(provider, turnstile("TurnstileTask")).await;
    let (_, failed) = app.result(provider, &created["taskId"]).await;
    assert_eq!(failed["errorCode"], "ERROR_CAPTCHA_UNSOLVABLE");
}

#[tokio::test]
async fn orders_name_key_and_calls() {
    let provider = Provider::TwoCaptcha;
    let app = App::with_key(provider, "1").await;
    let other = "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";
    app.put_key(provider, other, json!({ "balance": "2" })).await;
    let fault = json!({ "kind": "error", "code": "ERROR_NO_SLOT_AVAILABLE" });
    let order = json!({ "key": other, "method": "getBalance", "count": 2, "skip": 1, "fault": fault });
    app.fault_order(provider, order).await;
    let mut codes = Vec::new();
    for key in [KEY, other, other, other, other] {
        let (_, body) = app.post(provider, "getBalance", json!({ "clientKey": key })).await;
        codes.push(body["errorId"].clone());
    }
    assert_eq!(Value::from(codes), json!([0, 0, 2, 2, 0]));
}
