//! Honest books: charges, refunds, outside spending, bans, determinism.

use std::time::Duration;

use reqwest::Method;
use sandbox::Provider;
use serde_json::{Value, json};

use crate::support::{App, KEY, WRONG_KEY, turnstile};

const TASK: &str = "TurnstileTaskProxyless";

#[tokio::test]
async fn two_captcha_charges_at_upload_and_returns_the_money_of_failures() {
    let provider = Provider::TwoCaptcha;
    let app = App::with_key(provider, "1").await;
    let patience = json!({ "unsolvable_percent": 100, "solve_ms": [60, 60], "refund_delay_ms": 60 });
    app.put_key(provider, KEY, patience).await;
    app.create(provider, turnstile(TASK)).await;
    assert_eq!(app.key_books(provider).await["balance"], "0.99855", "charged while it is open");
    tokio::time::sleep(Duration::from_millis(90)).await;
    let books = app.key_books(provider).await;
    assert_eq!((&books["balance"], &books["tasks"]["failed"]), (&json!("0.99855"), &json!(1)));
    tokio::time::sleep(Duration::from_millis(60)).await;
    let books = app.key_books(provider).await;
    assert_eq!((&books["balance"], &books["charges"][0]["refunded"]), (&json!("1"), &json!(true)));
    assert_eq!((&books["charged"], &books["refunded"]), (&json!("0.00145"), &json!("0.00145")));
}

#[tokio::test]
async fn charge_moment_price_and_refund_are_knobs() {
    let provider = Provider::TwoCaptcha;
    let app = App::with_key(provider, "0.01").await;
    let knobs = json!({
        "charge_at": "ready", "prices": { "TURNSTILE": "0.006" }, "solve_ms": [40, 40], "refund_reported": true
    });
    app.put_key(provider, KEY, knobs).await;
    let (_, created) = app.create(provider, turnstile(TASK)).await;
    assert_eq!(app.key_books(provider).await["balance"], "0.01");
    let (_, refused) = app.create(provider, turnstile(TASK)).await;
    assert_eq!(refused["errorCode"], "ERROR_ZERO_BALANCE", "the open task's price is spoken for");
    let (_, ready) = app.await_result(provider, &created["taskId"]).await;
    assert_eq!(ready["cost"], "0.00600");
    assert_eq!(app.key_books(provider).await["balance"], "0.004");
    let report = json!({ "clientKey": KEY, "taskId": created["taskId"] });
    app.post(provider, "reportIncorrect", report).await;
    assert_eq!(app.key_books(provider).await["balance"], "0.01");
}

#[tokio::test]
async fn the_books_balance_whatever_happens() {
    let provider = Provider::Capsolver;
    let app = App::with_key(provider, "1").await;
    for _ in 0..3 {
        let (_, created) = app.create(provider, turnstile("AntiTurnstileTaskProxyLess")).await;
        app.await_result(provider, &created["taskId"]).await;
    }
    for (verb, amount) in [("spend", "0.0031"), ("top-up", "0.5")] {
        let path = format!("{provider}/keys/{KEY}/{verb}");
        let response = app.admin(Method::POST, &path, Some(json!({ "amount": amount }))).await;
        assert_eq!(response.status(), 200);
    }
    let books = app.key_books(provider).await;
    assert_eq!(books["deposited"], "1.5");
    assert_eq!((&books["charged"], &books["charged_outside"]), (&json!("0.0036"), &json!("0.0031")));
    assert_eq!(books["balance"], "1.4933");
    assert_eq!(books["charges"][3]["source"], "outside");
    assert_eq!(books["calls"]["createTask"], 3);
    let all: Value = app.admin(Method::GET, "books", None).await.json().await.expect("JSON");
    assert_eq!(all[provider.slug()]["charged"], "0.0036");
    assert_eq!(all[provider.slug()]["tasks_solved"], 3);
    assert_eq!(all["multibot"]["charged"], "0");
    let path = format!("{provider}/books");
    let one: Value = app.admin(Method::GET, &path, None).await.json().await.expect("JSON");
    assert_eq!(one["keys"][KEY]["charged_outside"], "0.0031");
}

#[tokio::test]
async fn wrong_keys_lead_to_a_ban_only_when_ordered() {
    let provider = Provider::TwoCaptcha;
    let app = App::with_key(provider, "1").await;
    let wrong = json!({ "clientKey": WRONG_KEY });
    for _ in 0..6 {
        app.post(provider, "getBalance", wrong.clone()).await;
    }
    let good = json!({ "clientKey": KEY });
    let (_, fine) = app.post(provider, "getBalance", good.clone()).await;
    assert_eq!(fine["errorId"], 0);
    app.settings(provider, json!({ "ban_wrong_keys": true, "ban_ms": 60_000 })).await;
    for _ in 0..5 {
        app.post(provider, "getBalance", wrong.clone()).await;
    }
    let (_, banned) = app.post(provider, "getBalance", good).await;
    assert_eq!((&banned["errorId"], &banned["errorCode"]), (&json!(21), &json!("ERROR_IP_BLOCKED")));
    let (_, text) = app.legacy(provider, "res.php", &[("key", KEY), ("action", "getbalance")]).await;
    assert_eq!(text, "ERROR: 1004");
    let path = format!("{provider}/books");
    let books: Value = app.admin(Method::GET, &path, None).await.json().await.expect("JSON");
    assert_eq!(books["unknown_key_calls"], 11);
}

#[tokio::test]
async fn suspended_keys_and_credits() {
    let app = App::start().await;
    app.put_key(Provider::TwoCaptcha, KEY, json!({ "balance": "1", "suspended": true })).await;
    let (_, refused) = app.post(Provider::TwoCaptcha, "getBalance", json!({ "clientKey": KEY })).await;
    assert_eq!((&refused["errorId"], &refused["errorCode"]), (&json!(55), &json!("ERROR_ACCOUNT_SUSPENDED")));
    let provider = Provider::AntiCaptcha;
    app.put_key(provider, KEY, json!({ "captcha_credits": 85_000 })).await;
    let (_, created) = app.create(provider, turnstile(TASK)).await;
    let (_, ready) = app.await_result(provider, &created["taskId"]).await;
    assert_eq!(ready["cost"], "0.000000");
    let (_, balance) = app.post(provider, "getBalance", json!({ "clientKey": KEY })).await;
    assert_eq!(balance.to_string(), r#"{"errorId":0,"balance":0,"captchaCredits":84999}"#);
}

#[tokio::test]
async fn bad_orders_are_refused() {
    let app = App::start().await;
    for (method, path, body) in [
        (Method::PATCH, "multibot/settings", json!({ "solve_ms": [9, 1] })),
        (Method::PATCH, "multibot/settings", json!({ "solve": [1, 9] })),
        (Method::PATCH, "multibot/settings", json!({ "prices": { "IMAGE_TO_TEXT": 0.5 } })),
        (Method::PUT, "multibot/keys/k", json!({ "balance": 1.5 })),
        (Method::PUT, "multibot/keys/k", json!({ "balanse": "1.5" })),
        (Method::PUT, "multibot/keys/k", json!({ "ban_wrong_keys": true })),
        (Method::POST, "multibot/faults", json!({ "method": "*", "count": 1, "fault": { "kind": "none" } })),
        (Method::GET, "nobody/books", json!({})),
    ] {
        let status = app.admin(method, path, Some(body)).await.status();
        assert!(status.is_client_error(), "{path}: {status}");
    }
    assert_eq!(app.admin(Method::GET, "health", None).await.status(), 200);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_answers() {
    let mut answers = Vec::new();
    for _ in 0..2 {
        let app = App::with_key(Provider::Capsolver, "1").await;
        let task = json!({ "type": "ImageToTextTask", "body": "AAAA" });
        let (_, created) = app.create(Provider::Capsolver, task).await;
        answers.push(created["solution"]["text"].clone());
        app.sandbox.stop().await;
    }
    assert_eq!(answers[0], answers[1]);
}
