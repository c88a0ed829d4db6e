//! Sample replies of the providers, and what they come to.

use super::*;
use crate::domain::{KeyProblemCode, Usd};

async fn balance(code: ProviderCode, body: &str) -> Result<BalanceAnswer, Blame> {
    providers_replying(code, body).await.balance(code, &key()).await
}

fn money(nanos: i64) -> Result<BalanceAnswer, Blame> {
    Ok(BalanceAnswer { balance: Usd::from_nanos(nanos), native: None, prepaid: false })
}

async fn result(code: ProviderCode, dialect: Dialect, body: &str) -> Polled {
    let providers = providers_replying(code, body).await;
    providers.result(code, &key(), dialect, "72345678901", TaskType::RecaptchaV2).await
}

fn ended(polled: Polled) -> Ending {
    match polled {
        Polled::Ended(ending) => ending,
        other => panic!("the task has ended, not {other:?}"),
    }
}

#[tokio::test]
async fn balances_are_read_exactly() {
    for (code, body, expected) in [
        (ProviderCode::TwoCaptcha, r#"{"errorId":0,"balance":7.5}"#, money(7_500_000_000)),
        (ProviderCode::AntiCaptcha, r#"{"errorId":0,"balance":12.3456,"captchaCredits":5}"#, money(12_345_600_000)),
        (ProviderCode::AntiCaptcha, r#"{"errorId":0,"balance":-0.5}"#, money(0)),
        (
            ProviderCode::Capsolver,
            r#"{"errorId":0,"errorCode":"","balance":0.30000000000000004,"packages":[]}"#,
            money(300_000_000),
        ),
        (ProviderCode::UcaptchaNative, r#"{"errorId":0,"balance":50.2500}"#, money(50_250_000_000)),
    ] {
        assert_eq!(balance(code, body).await, expected, "{body}");
    }
}

#[tokio::test]
async fn unreadable_balances_keep_the_old_figure() {
    for figure in ["\"lots\"", "null", "[1]", "1e9", "true"] {
        let blame = balance(ProviderCode::TwoCaptcha, &format!(r#"{{"errorId":0,"balance":{figure}}}"#)).await;
        assert_eq!(blame.unwrap_err().problem, Some(KeyProblemCode::BalanceUnreadable), "{figure}");
    }
}

#[tokio::test]
async fn packages_and_credits_show_as_prepaid() {
    let package = r#"{"errorId":0,"balance":3.2,"packages":[{"numberOfCalls":5,"status":1,"token":"CAP-X"}]}"#;
    assert!(balance(ProviderCode::Capsolver, package).await.unwrap().prepaid);
    let credits = |balance: &str| format!(r#"{{"errorId":0,"balance":{balance},"captchaCredits":850}}"#);
    assert!(balance(ProviderCode::AntiCaptcha, &credits("0.0001")).await.unwrap().prepaid);
    assert!(!balance(ProviderCode::AntiCaptcha, &credits("5")).await.unwrap().prepaid);
}

#[tokio::test]
async fn tokens_become_dollars_by_the_rate() {
    let code = ProviderCode::Multibot;
    let mut providers = providers_replying(code, r#"{"balance":"4.8925"}"#).await;
    let bare = providers.balance(code, &key()).await.unwrap();
    assert_eq!((bare.balance, bare.native.as_deref()), (Usd::ZERO, Some("4.8925")));
    assert!(providers.info(code).rate_missing);

    let base_url = providers.settings(code).base_url.clone();
    let mut settings = ProviderSettingsSet::default();
    let multibot = settings.get_mut(code);
    (multibot.legacy_base_url, multibot.nano_usd_per_token) = (base_url, Some(1_000_001));
    providers = Providers::new(settings, Arc::new(SystemClock)).unwrap();
    let rated = providers.balance(code, &key()).await.unwrap();
    assert_eq!((rated.balance, rated.native.as_deref()), (Usd::from_nanos(4_892_504), Some("4.8925")));
}

#[tokio::test]
async fn a_solved_task_tells_its_cost() {
    let body = r#"{"errorId":0,"status":"ready","solution":{"gRecaptchaResponse":"r"},"cost":"0.00299","ip":"192.0.2.1","other":1}"#;
    let ending = ended(result(ProviderCode::TwoCaptcha, Dialect::Json, body).await);
    assert_eq!(ending.cost, CostFigure::Exact { cost: Usd::from_nanos(2_990_000), raw: "0.00299".to_owned() });
    assert_eq!((ending.solved, ending.charge), (true, Charge::Charged));
    assert_eq!(
        ending.reply,
        r#"{"errorId":0,"status":"ready","solution":{"gRecaptchaResponse":"r"},"cost":"0.00299","ip":"192.0.2.1"}"#
    );
}

#[tokio::test]
async fn costs_that_cannot_be_are_set_aside() {
    for (cost, expected) in [
        (
            "0.0029900000000000002",
            CostFigure::Exact { cost: Usd::from_nanos(2_990_000), raw: "0.0029900000000000002".to_owned() },
        ),
        ("99", CostFigure::Unbelievable { raw: "99".to_owned() }),
        ("-0.1", CostFigure::Unbelievable { raw: "-0.1".to_owned() }),
        ("\"free\"", CostFigure::Unbelievable { raw: "free".to_owned() }),
        ("[0.1]", CostFigure::Unbelievable { raw: "[0.1]".to_owned() }),
        ("null", CostFigure::Absent),
    ] {
        let body = format!(r#"{{"errorId":0,"status":"ready","solution":{{"token":"t"}},"cost":{cost}}}"#);
        let ending = ended(result(ProviderCode::UcaptchaNative, Dialect::Json, &body).await);
        assert_eq!(ending.cost, expected);
        assert!(ending.solved);
    }
}

#[tokio::test]
async fn legacy_answers_carry_their_price() {
    let body = r#"{"status":1,"request":"ABCDE","price":"0.00085"}"#;
    let ending = ended(result(ProviderCode::TwoCaptcha, Dialect::Legacy, body).await);
    assert_eq!(ending.cost, CostFigure::Exact { cost: Usd::from_nanos(850_000), raw: "0.00085".to_owned() });
    assert_eq!(ending.reply, r#"{"legacy":"ABCDE","price":"0.00085"}"#);

    let by_json = r#"{"errorId":0,"status":"ready","solution":{"gRecaptchaResponse":"r"},"cost":0.003}"#;
    let ending = ended(result(ProviderCode::UcaptchaNative, Dialect::Legacy, by_json).await);
    assert_eq!(ending.reply, r#"{"legacy":"r","price":"0.003"}"#);

    let by_legacy = r#"{"status":1,"request":"r"}"#;
    let ending = ended(result(ProviderCode::Multibot, Dialect::Json, by_legacy).await);
    assert_eq!(ending.reply, r#"{"errorId":0,"status":"ready","solution":{"gRecaptchaResponse":"r","token":"r"}}"#);
}

#[tokio::test]
async fn failures_are_charged_where_the_catalogue_says_so() {
    let unsolvable = r#"{"errorId":12,"errorCode":"ERROR_CAPTCHA_UNSOLVABLE","errorDescription":"x"}"#;
    for (code, charge) in [(ProviderCode::AntiCaptcha, Charge::Charged), (ProviderCode::TwoCaptcha, Charge::Free)] {
        let ending = ended(result(code, Dialect::Json, unsolvable).await);
        assert_eq!((ending.solved, ending.charge), (false, charge));
        assert_eq!(ending.blame.and_then(|blame| blame.code), Some("ERROR_CAPTCHA_UNSOLVABLE"));
    }
    let failed = r#"{"errorId":0,"taskId":"x","status":"failed","errorCode":"ERROR_CAPTCHA_UNSOLVABLE"}"#;
    let ending = ended(result(ProviderCode::UcaptchaNative, Dialect::Json, failed).await);
    assert!(!ending.solved && ending.reply.starts_with(r#"{"errorId":0,"taskId":"72345678901","status":"failed""#));
}

#[tokio::test]
async fn unsettled_polls_are_told_apart() {
    let json = |body: &'static str| result(ProviderCode::CapmonsterCloud, Dialect::Json, body);
    assert_eq!(json(r#"{"errorId":1,"errorCode":"CAPTCHA_NOT_READY"}"#).await, Polled::Pending);
    assert_eq!(json(r#"{"errorId":0,"errorCode":null,"status":"processing"}"#).await, Polled::Pending);
    assert!(matches!(json(r#"{"errorId":1,"errorCode":"ERROR_NO_SUCH_CAPCHA_ID"}"#).await, Polled::Lost(_)));
    for body in [
        "<html>",
        r#"{"errorId":1,"errorCode":"ERROR_KEY_DOES_NOT_EXIST"}"#,
        r#"{"errorId":1,"errorCode":"ERROR_NEW"}"#,
    ] {
        assert!(matches!(json(body).await, Polled::Trouble(_)), "{body}");
    }
}

#[tokio::test]
async fn a_key_that_is_echoed_does_not_come_back() {
    let body = format!(
        r#"{{"errorId":0,"status":"ready","solution":{{"text":"x {KEY} y","{KEY}":["{}"]}},"cost":"{KEY}","ip":"{KEY}"}}"#,
        KEY.to_uppercase()
    );
    let ending = ended(result(ProviderCode::TwoCaptcha, Dialect::Json, &body).await);
    let shown = format!("{ending:?}").to_lowercase();
    assert!(!shown.contains(KEY), "{shown}");

    let refused = format!(r#"{{"errorId":1,"errorCode":"{}"}}"#, KEY.to_uppercase());
    let providers = providers_replying(ProviderCode::TwoCaptcha, &refused).await;
    let created = providers.create(ProviderCode::TwoCaptcha, &key(), &recaptcha()).await;
    assert!(!format!("{created:?}").to_lowercase().contains(KEY));

    let echoed = providers_replying(ProviderCode::Capsolver, &format!(r#"{{"errorId":0,"taskId":"{KEY}"}}"#)).await;
    let task = json_task(r#"{"type":"ImageToTextTask","body":"AA"}"#);
    let created = echoed.create(ProviderCode::Capsolver, &key(), &task).await;
    assert!(matches!(created, Created::Unclear(_)));
}
