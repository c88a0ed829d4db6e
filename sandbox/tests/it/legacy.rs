//! The legacy dialect: every way to send, every form of reply.

use reqwest::multipart::{Form, Part};
use sandbox::Provider;
use serde_json::{Value, json};

use crate::support::{App, KEY, PICTURE, WRONG_KEY};

const PAGE: [(&str, &str); 2] = [("pageurl", "https://example.com/"), ("sitekey", "0x4AAAAAAA")];

fn query<'a>(head: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    head.iter().copied().chain([("key", KEY)]).collect()
}

#[tokio::test]
async fn two_captcha_solves_and_tells_the_price() {
    let provider = Provider::TwoCaptcha;
    let app = App::with_key(provider, "7.5").await;
    let order = query(&[("method", "turnstile"), PAGE[0], PAGE[1]]);
    let (status, text) = app.legacy(provider, "in.php", &order).await;
    let id = text.strip_prefix("OK|").expect("accepted");
    assert_eq!(status, 200);
    let text = app.await_legacy(provider, &query(&[("action", "get2"), ("id", id)])).await;
    let parts: Vec<&str> = text.split('|').collect();
    assert_eq!((parts.len(), parts[0], parts[2]), (3, "OK", "0.00145"));
    let asked = query(&[("action", "get2"), ("id", id), ("json", "1")]);
    let (_, text) = app.legacy(provider, "res.php", &asked).await;
    let answer: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!((&answer["status"], &answer["price"]), (&json!(1), &json!("0.00145")));
    let (_, text) = app.legacy(provider, "res.php", &query(&[("action", "getbalance")])).await;
    assert_eq!(text, "7.49855");
    let (_, text) = app.legacy(provider, "res.php", &query(&[("action", "getbalance"), ("json", "1")])).await;
    assert_eq!(text, r#"{"status":1,"request":"7.49855"}"#);
    let (_, text) = app.legacy(provider, "res.php", &query(&[("action", "reportbad"), ("id", id)])).await;
    assert_eq!(text, "OK_REPORT_RECORDED");
    assert_eq!(app.key_books(provider).await["calls"]["report"], 1);
}

#[tokio::test]
async fn pictures_come_in_by_every_road() {
    let provider = Provider::TwoCaptcha;
    let app = App::with_key(provider, "1").await;
    let url = app.url(provider, "in.php");
    let multipart =
        Form::new().text("key", KEY).text("method", "post").part("file", Part::bytes(vec![1; 200]).file_name("c.png"));
    let json_body = json!({ "key": KEY, "method": "base64", "body": PICTURE, "json": 1 });
    let by_query = [("key", KEY), ("method", "base64")];
    let requests = [
        app.client.post(&url).form(&[("key", KEY), ("method", "base64"), ("body", PICTURE)]),
        app.client.post(&url).multipart(multipart),
        app.client.post(&url).json(&json_body),
        app.client.post(&url).query(&by_query).body(json!({ "body": PICTURE }).to_string()),
        app.client.get(&url).query(&[("key", KEY), ("method", "base64"), ("body", PICTURE), ("json", "1")]),
    ];
    for request in requests {
        let text = request.send().await.expect("an answer").text().await.expect("text");
        assert!(text.starts_with("OK|") || text.starts_with(r#"{"status":1,"#), "{text}");
    }
    let books = app.key_books(provider).await;
    assert_eq!((&books["tasks"]["created"], &books["charged"]), (&json!(5), &json!("0.00425")));
}

#[tokio::test]
async fn errors_have_the_dialects_shapes() {
    let provider = Provider::TwoCaptcha;
    let app = App::with_key(provider, "0").await;
    let order = query(&[("method", "turnstile"), PAGE[0], PAGE[1]]);
    for (script, parameters, expected) in [
        ("in.php", order, "ERROR_ZERO_BALANCE"),
        ("in.php", query(&[("method", "turnstile"), PAGE[1]]), "ERROR_PAGEURL"),
        ("in.php", query(&[("method", "nothing")]), "ERROR_BAD_PARAMETERS"),
        ("in.php", query(&[("method", "base64")]), "ERROR_ZERO_CAPTCHA_FILESIZE"),
        ("res.php", query(&[("action", "get"), ("id", "1")]), "ERROR_WRONG_CAPTCHA_ID"),
        ("res.php", query(&[("action", "get"), ("id", "x")]), "ERROR_WRONG_ID_FORMAT"),
        ("res.php", vec![("action", "getbalance"), ("key", WRONG_KEY)], "ERROR_KEY_DOES_NOT_EXIST"),
        ("res.php", vec![("action", "getbalance"), ("key", "short")], "ERROR_WRONG_USER_KEY"),
    ] {
        let (status, text) = app.legacy(provider, script, &parameters).await;
        assert_eq!((status, text.as_str()), (200, expected));
        let as_json: Vec<_> = parameters.into_iter().chain([("json", "1")]).collect();
        let (_, text) = app.legacy(provider, script, &as_json).await;
        assert_eq!(text, format!(r#"{{"status":0,"request":"{expected}"}}"#));
    }
}

#[tokio::test]
async fn several_ids_are_answered_in_order() {
    let provider = Provider::TwoCaptcha;
    let app = App::with_key(provider, "1").await;
    app.settings(provider, json!({ "solve_ms": [0, 0] })).await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let order = query(&[("method", "base64"), ("body", PICTURE)]);
        let (_, text) = app.legacy(provider, "in.php", &order).await;
        ids.push(text.trim_start_matches("OK|").to_owned());
    }
    let list = format!("{},{},5", ids[0], ids[1]);
    let (_, text) = app.legacy(provider, "res.php", &query(&[("action", "get"), ("ids", &list)])).await;
    let parts: Vec<&str> = text.split('|').collect();
    assert_eq!((parts.len(), parts[0].len(), parts[2]), (3, 6, "ERROR_WRONG_CAPTCHA_ID"));
}

#[tokio::test]
async fn multibot_has_its_own_balance_call_and_polls_without_an_action() {
    let provider = Provider::Multibot;
    let app = App::with_key(provider, "4.8925").await;
    let (_, text) = app.legacy(provider, "res.php", &query(&[("action", "userinfo")])).await;
    assert_eq!(text, r#"{"balance":4.8925}"#);
    let (_, text) = app.legacy(provider, "in.php", &query(&[("method", "universal"), ("body", PICTURE)])).await;
    let id = text.strip_prefix("OK|").expect("accepted");
    let answer = app.await_legacy(provider, &query(&[("id", id)])).await;
    assert_eq!(answer.len(), "OK|".len() + 6);
    let (_, text) = app.legacy(provider, "res.php", &query(&[("action", "userinfo")])).await;
    assert_eq!(text, r#"{"balance":4.3925}"#);
    let (_, text) = app.legacy(provider, "res.php", &[("key", WRONG_KEY), ("action", "userinfo")]).await;
    assert_eq!(text, r#"{"status":0,"request":"ERROR_WRONG_USER_KEY"}"#);
}

#[tokio::test]
async fn the_other_legacy_doors_work() {
    for (provider, price) in [
        (Provider::AntiCaptcha, "0.0007"),
        (Provider::CapmonsterCloud, "0.0003"),
        (Provider::UcaptchaNative, "0.00067"),
    ] {
        let app = App::with_key(provider, "1").await;
        let (_, text) = app.legacy(provider, "in.php", &query(&[("method", "base64"), ("body", PICTURE)])).await;
        let id = text.strip_prefix("OK|").expect("accepted").to_owned();
        let answer = app.await_legacy(provider, &query(&[("action", "get"), ("id", &id)])).await;
        assert_eq!(answer.len(), "OK|".len() + 6, "{provider}");
        assert_eq!(app.key_books(provider).await["charged"], price, "{provider}");
    }
    let app = App::with_key(Provider::UcaptchaNative, "50.25").await;
    let (_, text) = app.legacy(Provider::UcaptchaNative, "res.php", &query(&[("action", "getbalance")])).await;
    assert_eq!(text, "50.2500");
    let (status, text) =
        app.legacy(Provider::UcaptchaNative, "res.php", &[("key", WRONG_KEY), ("action", "getbalance")]).await;
    assert_eq!((status, text.as_str()), (401, "ERROR_KEY_DOES_NOT_EXIST"));
}
