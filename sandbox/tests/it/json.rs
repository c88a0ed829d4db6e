//! The JSON dialect of each provider: a whole solve, exact shapes, refusals.

use sandbox::Provider;
use serde_json::{Value, json};

use crate::support::{App, KEY, PICTURE, WRONG_KEY, fields, turnstile};

/// Solves one task and checks the charge in the books; answers the create and result replies.
async fn solve(app: &App, provider: Provider, task: Value, price: &str) -> (Value, Value) {
    let (status, created) = app.create(provider, task).await;
    assert_eq!((status, &created["errorId"]), (200, &json!(0)), "{created}");
    let (status, ready) = app.await_result(provider, &created["taskId"]).await;
    assert_eq!((status, &ready["status"]), (200, &json!("ready")), "{ready}");
    let books = app.key_books(provider).await;
    let charges = books["charges"].as_array().expect("charges");
    let last = charges.last().expect("a charge");
    assert_eq!((&last["amount"], &last["source"], &last["refunded"]), (&json!(price), &json!("task"), &json!(false)));
    (created, ready)
}

#[tokio::test]
async fn two_captcha_solves_and_tells_the_cost() {
    let app = App::with_key(Provider::TwoCaptcha, "1.25").await;
    let provider = Provider::TwoCaptcha;
    let (created, ready) = solve(&app, provider, turnstile("TurnstileTaskProxyless"), "0.00145").await;
    assert_eq!(fields(&created), ["errorId", "taskId"]);
    assert!(created["taskId"].as_u64().expect("an integer") > u64::from(u32::MAX));
    let expected = ["errorId", "status", "solution", "cost", "ip", "createTime", "endTime", "solveCount"];
    assert_eq!(fields(&ready), expected);
    assert_eq!((&ready["cost"], &ready["solveCount"]), (&json!("0.00145"), &json!(1)));
    let (_, balance) = app.post(provider, "getBalance", json!({ "clientKey": KEY })).await;
    assert_eq!(balance.to_string(), r#"{"errorId":0,"balance":1.24855}"#);
    let report = json!({ "clientKey": KEY, "taskId": created["taskId"] });
    let (_, reported) = app.post(provider, "reportIncorrect", report.clone()).await;
    assert_eq!(reported, json!({ "errorId": 0, "status": "success" }));
    let (_, again) = app.post(provider, "reportIncorrect", report).await;
    assert_eq!(again["errorCode"], "ERROR_DUPLICATE_REPORT");
}

#[tokio::test]
async fn capsolver_answers_pictures_inside_create() {
    let provider = Provider::Capsolver;
    let app = App::with_key(provider, "0.01").await;
    let (_, created) = app.create(provider, json!({ "type": "ImageToTextTask", "body": PICTURE })).await;
    let expected = ["errorId", "errorCode", "errorDescription", "status", "solution", "taskId"];
    assert_eq!(fields(&created), expected);
    assert_eq!(created["status"], "ready");
    assert_eq!(created["solution"]["text"].as_str().expect("text").len(), 6);
    assert_eq!(app.key_books(provider).await["balance"], "0.0096");
}

#[tokio::test]
async fn capsolver_charges_when_ready_and_uses_http_statuses() {
    let provider = Provider::Capsolver;
    let app = App::with_key(provider, "0.01").await;
    let (created, ready) = solve(&app, provider, turnstile("AntiTurnstileTaskProxyLess"), "0.0012").await;
    assert_eq!(created["status"], "idle");
    assert!(created["taskId"].as_str().expect("text").len() == 36);
    assert!(ready.get("cost").is_none());
    let (status, denied) = app.post(provider, "getBalance", json!({ "clientKey": WRONG_KEY })).await;
    assert_eq!((status, &denied["errorCode"]), (401, &json!("ERROR_KEY_DENIED_ACCESS")));
    let (status, denied) = app.create(provider, turnstile("HCaptchaTaskProxyLess")).await;
    assert_eq!((status, &denied["errorCode"]), (400, &json!("ERROR_TASK_NOT_SUPPORTED")));
    let (status, denied) = app.result(provider, &json!(17)).await;
    assert_eq!((status, &denied["errorCode"]), (400, &json!("ERROR_TASKID_INVALID")));
}

#[tokio::test]
async fn capsolver_packages_pay_instead_of_money() {
    let provider = Provider::Capsolver;
    let app = App::start().await;
    app.put_key(provider, KEY, json!({ "package_calls": 2 })).await;
    let (_, balance) = app.post(provider, "getBalance", json!({ "clientKey": KEY })).await;
    assert_eq!(balance["packages"][0]["numberOfCalls"], 2);
    assert_eq!(balance["packages"][0]["token"], KEY, "the vendor repeats the key");
    solve(&app, provider, turnstile("AntiTurnstileTaskProxyLess"), "0").await;
    assert_eq!(app.key_books(provider).await["package_calls"], 1);
}

#[tokio::test]
async fn anti_captcha_has_exact_fields_and_charges_the_unsolvable() {
    let provider = Provider::AntiCaptcha;
    let app = App::with_key(provider, "1").await;
    let (_, ready) = solve(&app, provider, json!({ "type": "ImageToTextTask", "body": PICTURE }), "0.0007").await;
    let expected = ["errorId", "status", "solution", "cost", "ip", "createTime", "endTime", "solveCount"];
    assert_eq!(fields(&ready), expected);
    assert_eq!((&ready["cost"], &ready["solveCount"]), (&json!("0.000700"), &json!("0")));
    app.settings(provider, json!({ "unsolvable_percent": 100 })).await;
    let (_, created) = app.create(provider, turnstile("TurnstileTaskProxyless")).await;
    let (_, failed) = app.await_result(provider, &created["taskId"]).await;
    assert_eq!((&failed["errorId"], &failed["errorCode"]), (&json!(12), &json!("ERROR_CAPTCHA_UNSOLVABLE")));
    assert!(failed.get("cost").is_none());
    let books = app.key_books(provider).await;
    assert_eq!((&books["charged"], &books["refunded"]), (&json!("0.0027"), &json!("0")));
    assert_eq!(books["tasks"], json!({ "created": 2, "solved": 1, "failed": 1 }));
}

#[tokio::test]
async fn anti_captcha_forgets_answers_and_accepts_old_names() {
    let provider = Provider::AntiCaptcha;
    let app = App::with_key(provider, "1").await;
    app.settings(provider, json!({ "result_window_ms": 30 })).await;
    let (_, created) = app.create(provider, turnstile("NoCaptchaTaskProxyless")).await;
    tokio::time::sleep(std::time::Duration::from_millis(80)).await;
    let (_, gone) = app.result(provider, &created["taskId"]).await;
    assert_eq!((&gone["errorId"], &gone["errorCode"]), (&json!(16), &json!("ERROR_NO_SUCH_CAPCHA_ID")));
    assert_eq!(app.key_books(provider).await["charged"], "0.00095", "the charge stays");
    let (_, refused) = app.create(provider, turnstile("NoCaptchaTask")).await;
    assert_eq!(refused["errorCode"], "ERROR_PROXY_CONNECT_REFUSED", "a proxied task needs a proxy");
    let (_, unknown) = app.post(provider, "sendFunds", json!({ "clientKey": KEY, "amount": 1 })).await;
    assert_eq!(unknown["errorCode"], "ERROR_NO_SUCH_METHOD");
    assert_eq!(app.key_books(provider).await["calls"]["other"], 1);
}

#[tokio::test]
async fn capmonster_takes_suffixes_and_caps_polls() {
    let provider = Provider::CapmonsterCloud;
    let app = App::with_key(provider, "1").await;
    let key = format!("{KEY}__nocache");
    let order = json!({ "clientKey": key, "task": turnstile("TurnstileTask") });
    let (_, created) = app.post(provider, "createTask", order).await;
    let (_, ready) = app.await_result(provider, &created["taskId"]).await;
    assert_eq!(fields(&ready), ["errorId", "errorCode", "errorDescription", "status", "solution"]);
    assert_eq!((&ready["errorCode"], &ready["solution"]["token"].is_string()), (&Value::Null, &true));
    assert_eq!(app.key_books(provider).await["balance"], "0.9987");
    app.settings(provider, json!({ "max_polls": 1 })).await;
    let (_, exhausted) = app.result(provider, &created["taskId"]).await;
    assert_eq!(exhausted["errorCode"], "ERROR_TOO_MUCH_REQUESTS");
    let (status, refused) = app.create(provider, json!({ "type": "NoSuchTask" })).await;
    assert_eq!((status, &refused["errorId"], &refused["taskId"]), (200, &json!(1), &json!(0)));
}

#[tokio::test]
async fn capmonster_hides_datadome_in_a_custom_task() {
    let provider = Provider::CapmonsterCloud;
    let app = App::with_key(provider, "1").await;
    let task = json!({
        "type": "CustomTask", "class": "DataDome", "websiteURL": "https://example.com/",
        "proxyType": "http", "proxyAddress": "203.0.113.7", "proxyPort": 8080,
        "metadata": { "captchaUrl": "https://geo.captcha-delivery.com/x", "datadomeCookie": "datadome=x" }
    });
    let (_, ready) = solve(&app, provider, task, "0.0015").await;
    assert!(ready["solution"]["cookie"].as_str().expect("text").starts_with("datadome="));
}

#[tokio::test]
async fn multibot_counts_tokens_and_takes_its_type_beside_the_task() {
    let provider = Provider::Multibot;
    let app = App::with_key(provider, "10").await;
    let order = json!({
        "clientKey": KEY, "type": "hCaptchaBase64", "task": { "request_type": "Grid", "question": "q", "body": "b" }
    });
    let (_, created) = app.post(provider, "createTask", order).await;
    let (_, ready) = app.await_result(provider, &created["taskId"]).await;
    assert_eq!(fields(&ready), ["errorId", "status", "solution"]);
    let (_, balance) = app.post(provider, "getBalance", json!({ "clientKey": KEY })).await;
    assert_eq!(balance.to_string(), r#"{"errorId":0,"balance":9}"#);
}

#[tokio::test]
async fn ucaptcha_tells_cost_as_a_number_and_failure_without_an_error() {
    let provider = Provider::UcaptchaNative;
    let app = App::with_key(provider, "50.25").await;
    let (created, ready) = solve(&app, provider, turnstile("TurnstileTokenProxyLess"), "0.002").await;
    assert_eq!((&created["status"], created["taskId"].is_string()), (&json!("processing"), true));
    assert_eq!(fields(&ready), ["errorId", "taskId", "status", "solution", "cost", "solveTime"]);
    assert_eq!(ready["cost"].to_string(), "0.002");
    let (_, balance) = app.post(provider, "getBalance", json!({ "clientKey": KEY })).await;
    assert_eq!(balance["balance"], json!(50.248));
    app.settings(provider, json!({ "unsolvable_percent": 100 })).await;
    let (_, created) = app.create(provider, turnstile("TurnstileTaskProxyless")).await;
    let (status, failed) = app.await_result(provider, &created["taskId"]).await;
    assert_eq!((status, &failed["errorId"], &failed["status"]), (200, &json!(0), &json!("failed")));
    let books = app.key_books(provider).await;
    assert_eq!((&books["balance"], &books["refunded"]), (&json!("50.248"), &json!("0.002")));
    for (key, body, status) in
        [(WRONG_KEY, turnstile("TurnstileTaskProxyless"), 401), (KEY, json!({ "type": "TurnstileTaskProxyless" }), 400)]
    {
        let order = json!({ "clientKey": key, "task": body });
        assert_eq!(app.post(provider, "createTask", order).await.0, status);
    }
    assert_eq!(app.result(provider, &json!("nothing")).await.0, 404);
}

#[tokio::test]
async fn an_empty_key_buys_nothing() {
    for (provider, name, status) in [
        (Provider::TwoCaptcha, "TurnstileTaskProxyless", 200),
        (Provider::Capsolver, "AntiTurnstileTaskProxyLess", 400),
        (Provider::AntiCaptcha, "TurnstileTaskProxyless", 200),
        (Provider::CapmonsterCloud, "TurnstileTask", 200),
        (Provider::Multibot, "TurnstileTaskProxyless", 200),
        (Provider::UcaptchaNative, "TurnstileTaskProxyless", 402),
    ] {
        let app = App::with_key(provider, "0.0001").await;
        let (got, refused) = app.create(provider, turnstile(name)).await;
        assert_eq!((got, &refused["errorCode"]), (status, &json!("ERROR_ZERO_BALANCE")), "{provider}");
        assert!(refused["errorId"].as_u64().expect("a number") > 0);
        assert_eq!(app.key_books(provider).await["tasks"]["created"], 0);
        let (_, wrong) = app.post(provider, "getBalance", json!({ "clientKey": WRONG_KEY })).await;
        assert!(wrong["errorCode"].as_str().expect("text").contains("KEY"), "{wrong}");
    }
}

#[tokio::test]
async fn json_is_read_under_any_media_type_and_below_the_slug() {
    let app = App::with_key(Provider::TwoCaptcha, "7.5").await;
    let url = format!("http://{}/two_captcha/getBalance", app.sandbox.base());
    let body = json!({ "clientKey": KEY }).to_string();
    let request = app.client.post(url).header("content-type", "text/plain").body(body);
    let text = request.send().await.expect("an answer").text().await.expect("text");
    assert_eq!(text, r#"{"errorId":0,"balance":7.5}"#);
}
