//! What goes wrong on the way, and that nothing unclear is ever called free.

use super::*;
use crate::domain::guard::transaction;

const CODE: ProviderCode = ProviderCode::TwoCaptcha;

async fn created_by(reply: String) -> Created {
    providers_saying(CODE, reply).await.create(CODE, &key(), &recaptcha()).await
}

#[tokio::test]
async fn a_typed_refusal_is_free_whatever_its_status() {
    let body = r#"{"errorId":1,"errorCode":"ERROR_ZERO_BALANCE"}"#;
    for status in ["200 OK", "400 Bad Request", "402 Payment Required", "503 Service Unavailable"] {
        match created_by(http(status, body)).await {
            Created::Refused(blame, Some(reply)) => {
                assert_eq!(blame.scope, BlameScope::KeyEmpty);
                assert!(reply.contains("ERROR_ZERO_BALANCE"));
            }
            other => panic!("{status}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn what_cannot_be_understood_is_unclear() {
    for reply in [
        http("200 OK", "<html>hello</html>"),
        http("200 OK", r#"{"errorId":0,"taskId":1"#),
        http("200 OK", r#"{"errorId":0}"#),
        http("200 OK", r#"{"errorId":0,"taskId":-7}"#),
        http("502 Bad Gateway", "<html>502</html>"),
        http("500 Internal Server Error", r#"{"errorId":1,"errorCode":"ERROR_NEVER_SEEN"}"#),
        http("302 Found", ""),
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"errorId\":0".to_owned(),
        "nonsense".to_owned(),
        String::new(),
    ] {
        let created = created_by(reply.clone()).await;
        assert!(
            matches!(&created, Created::Unclear(blame) if blame.scope == BlameScope::ProviderTrouble),
            "{reply} {created:?}"
        );
    }
}

#[tokio::test]
async fn an_oversized_reply_is_not_read() {
    let body = format!(r#"{{"errorId":0,"taskId":5,"x":"{}"}}"#, "x".repeat(300 * 1024));
    assert!(matches!(created_by(http("200 OK", &body)).await, Created::Unclear(_)));
}

#[tokio::test]
async fn being_turned_away_is_free_and_says_when_to_return() {
    let reply = "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n".to_owned();
    match created_by(reply).await {
        Created::Refused(blame, None) => assert_eq!(blame.retry_after, Some(Duration::from_secs(7))),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_connection_that_never_was_is_never_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let providers = providers_at(CODE, &format!("http://{address}"));
    assert!(matches!(providers.create(CODE, &key(), &recaptcha()).await, Created::NeverSent(_)));
    assert_eq!(providers.health(CODE), ProviderHealth::Degraded);
}

#[tokio::test]
async fn nothing_is_sent_inside_a_transaction() {
    let providers = providers_replying(CODE, r#"{"errorId":0,"taskId":5}"#).await;
    let created = transaction(providers.create(CODE, &key(), &recaptcha())).await;
    assert!(matches!(created, Created::NeverSent(_)));
    let outside = providers.create(CODE, &key(), &recaptcha()).await;
    assert_eq!(outside, Created::Submitted { task_id: "5".to_owned() });
}

#[tokio::test]
async fn what_a_protocol_cannot_say_is_refused_unsent() {
    let providers = providers_at(ProviderCode::Capsolver, "http://127.0.0.1:1");
    let created = providers.create(ProviderCode::Capsolver, &key(), &legacy_task("method=base64&body=AA")).await;
    assert!(matches!(created, Created::Refused(blame, None) if blame.scope == BlameScope::TaskAtFault));
}

#[tokio::test]
async fn a_rejected_key_is_told_from_trouble() {
    let rejected = providers_saying(
        ProviderCode::Capsolver,
        http("401 Unauthorized", r#"{"errorId":1,"errorCode":"ERROR_KEY_DENIED_ACCESS","errorDescription":"x"}"#),
    );
    let blame = rejected.await.balance(ProviderCode::Capsolver, &key()).await.unwrap_err();
    assert_eq!(blame.scope, BlameScope::KeyRejected);
    let page = providers_saying(CODE, http("403 Forbidden", "<html>")).await;
    assert_eq!(page.balance(CODE, &key()).await.unwrap_err().scope, BlameScope::ProviderTrouble);
}

#[tokio::test]
async fn reports_are_made_where_there_is_a_method() {
    let fine = providers_replying(CODE, r#"{"errorId":0,"status":"success"}"#).await;
    assert_eq!(fine.report(CODE, &key(), "5", TaskType::RecaptchaV2, SolutionVerdict::Rejected).await, Ok(()));
    let refused = providers_replying(CODE, r#"{"errorId":1,"errorCode":"ERROR_DUPLICATE_REPORT"}"#).await;
    let blame = refused.report(CODE, &key(), "5", TaskType::RecaptchaV2, SolutionVerdict::Rejected).await;
    assert_eq!(blame.unwrap_err().scope, BlameScope::TaskAtFault);
    let silent = providers_at(ProviderCode::Multibot, "http://127.0.0.1:1");
    let done = silent.report(ProviderCode::Multibot, &key(), "5", TaskType::Hcaptcha, SolutionVerdict::Rejected).await;
    assert_eq!(done, Ok(()));
}
