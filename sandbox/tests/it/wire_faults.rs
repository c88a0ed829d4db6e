//! Faults that happen between the provider and the caller.

use std::time::{Duration, Instant};

use reqwest::{Method, Response};
use sandbox::Provider;
use serde_json::{Value, json};

use crate::support::{App, KEY, turnstile};

const PROVIDER: Provider = Provider::TwoCaptcha;

async fn balance(app: &App) -> reqwest::Result<Response> {
    app.client.post(app.url(PROVIDER, "getBalance")).json(&json!({ "clientKey": KEY })).send().await
}

async fn broken_balance(app: &App, fault: Value) -> Response {
    app.fault(PROVIDER, "getBalance", fault).await;
    balance(app).await.expect("headers arrive")
}

#[tokio::test]
async fn connections_break_before_and_within_the_answer() {
    let app = App::with_key(PROVIDER, "1").await;
    app.fault(PROVIDER, "getBalance", json!({ "kind": "reset" })).await;
    assert!(balance(&app).await.is_err());
    app.fault(PROVIDER, "getBalance", json!({ "kind": "hang", "ms": 30 })).await;
    let started = Instant::now();
    assert!(balance(&app).await.is_err());
    assert!(started.elapsed() >= Duration::from_millis(30));
    for kind in ["reset_mid_body", "wrong_length"] {
        let response = broken_balance(&app, json!({ "kind": kind })).await;
        assert!(response.bytes().await.is_err(), "{kind}");
    }
    let text = balance(&app).await.expect("an answer").text().await.expect("text");
    assert_eq!(text, r#"{"errorId":0,"balance":1}"#, "the next call is whole");
}

#[tokio::test]
async fn effect_says_whether_the_call_happened() {
    let app = App::with_key(PROVIDER, "1").await;
    for (effect, created) in [("none", 0), ("apply", 1)] {
        app.fault(PROVIDER, "createTask", json!({ "kind": "reset", "effect": effect })).await;
        let task = turnstile("TurnstileTaskProxyless");
        let request = app.client.post(app.url(PROVIDER, "createTask"));
        let sent = request.json(&json!({ "clientKey": KEY, "task": task })).send().await;
        assert!(sent.is_err());
        assert_eq!(app.key_books(PROVIDER).await["tasks"]["created"], created);
    }
}

#[tokio::test]
async fn bodies_come_in_every_bad_shape() {
    let app = App::with_key(PROVIDER, "1").await;
    let whole = r#"{"errorId":0,"balance":1}"#;
    let text = broken_balance(&app, json!({ "kind": "truncate" })).await.text().await.expect("text");
    assert_eq!(text, whole[..whole.len() / 2]);
    let text = broken_balance(&app, json!({ "kind": "double_json" })).await.text().await.expect("text");
    assert_eq!(text, whole.repeat(2));
    let response = broken_balance(&app, json!({ "kind": "html" })).await;
    assert_eq!(response.headers()["content-type"], "text/html");
    let bytes = broken_balance(&app, json!({ "kind": "garbage" })).await.bytes().await.expect("bytes");
    assert!(std::str::from_utf8(&bytes).is_err());
    let bytes = broken_balance(&app, json!({ "kind": "huge_body", "bytes": 1_000_000 })).await.bytes().await;
    let value: Value = serde_json::from_slice(&bytes.expect("bytes")).expect("well-formed");
    assert!(value["padding"].as_str().expect("text").len() >= 1_000_000);
    let text = broken_balance(&app, json!({ "kind": "nesting", "depth": 500 })).await.text().await.expect("text");
    assert_eq!(text.len(), 1_000);
    let response = broken_balance(&app, json!({ "kind": "gzip_bomb", "bytes": 1_000_000 })).await;
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert!(response.bytes().await.expect("bytes").len() < 10_000);
    let response = broken_balance(&app, json!({ "kind": "wrong_content_type" })).await;
    assert_eq!(response.headers()["content-type"], "image/png");
    assert_eq!(response.text().await.expect("text"), whole);
}

#[tokio::test]
async fn statuses_redirects_and_raw_bodies() {
    let app = App::with_key(PROVIDER, "1").await;
    let status = json!({ "kind": "status", "status": 429, "body": "slow", "headers": { "retry-after": "7" } });
    let response = broken_balance(&app, status).await;
    assert_eq!((response.status().as_u16(), &response.headers()["retry-after"]), (429, &"7".parse().expect("a value")));
    let redirect = json!({ "kind": "redirect", "location": "http://127.0.0.1:9/" });
    let response = broken_balance(&app, redirect).await;
    assert_eq!(
        (response.status().as_u16(), &response.headers()["location"]),
        (307, &"http://127.0.0.1:9/".parse().expect("a value"))
    );
    let raw = json!({ "kind": "raw", "body": "[]", "status": 500 });
    let response = broken_balance(&app, raw).await;
    assert_eq!((response.status().as_u16(), response.text().await.expect("text").as_str()), (500, "[]"));
}

#[tokio::test]
async fn answers_come_late_or_byte_by_byte() {
    let app = App::with_key(PROVIDER, "1").await;
    let started = Instant::now();
    broken_balance(&app, json!({ "kind": "delay", "ms": 40 })).await;
    assert!(started.elapsed() >= Duration::from_millis(40));
    app.put_key(PROVIDER, KEY, json!({ "latency_ms": [40, 50] })).await;
    let started = Instant::now();
    balance(&app).await.expect("an answer");
    assert!(started.elapsed() >= Duration::from_millis(40));
    app.put_key(PROVIDER, KEY, json!({ "latency_ms": [0, 0] })).await;
    let started = Instant::now();
    let response = broken_balance(&app, json!({ "kind": "drip", "interval_ms": 2 })).await;
    assert_eq!(response.text().await.expect("text"), r#"{"errorId":0,"balance":1}"#);
    assert!(started.elapsed() >= Duration::from_millis(50));
}

#[tokio::test]
async fn orders_can_be_withdrawn_and_nothing_holds_up_the_end() {
    let app = App::with_key(PROVIDER, "1").await;
    let order = json!({ "method": "*", "count": 9, "fault": { "kind": "reset" } });
    app.fault_order(PROVIDER, order).await;
    app.admin(Method::DELETE, &format!("{PROVIDER}/faults"), None).await;
    assert_eq!(balance(&app).await.expect("an answer").status(), 200);
    app.fault(PROVIDER, "getBalance", json!({ "kind": "hang", "ms": 600_000 })).await;
    let request = app.client.post(app.url(PROVIDER, "getBalance")).json(&json!({ "clientKey": KEY }));
    let hanging = tokio::spawn(request.send());
    tokio::time::sleep(Duration::from_millis(50)).await;
    let started = Instant::now();
    app.sandbox.stop().await;
    assert!(started.elapsed() < Duration::from_secs(3));
    assert!(hanging.await.expect("not cancelled").is_err());
}
