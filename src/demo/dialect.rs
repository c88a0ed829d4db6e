//! A task solved through the gateway as an off-the-shelf client does it: the lease token where the
//! key goes, the gateway where the provider's address goes.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::domain::{ProviderCode, TaskType};

use super::client::{Client, Trouble};

/// Pause between two looks at a task.
const POLL_INTERVAL: Duration = Duration::from_millis(400);
/// Longest wait for a solution.
const SOLVE_TIME_MAX: Duration = Duration::from_secs(150);

/// A picture that clients would send: the smallest GIF, padded to a size that providers take.
const PICTURE: &str = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7AAAAAAAAAAAAAAAAAAAAAAAAAAAA\
                       AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\
                       AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
const PAGE: &str = "https://shop.example/login";
const SITE_KEY: &str = "6Le-wvkSAAAAAPBMRTvw0Q4Muexq9bi0DJwx_mJ-";

/// A lease, as far as a client needs it.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    pub(super) provider: ProviderCode,
    pub(super) endpoint: String,
    pub(super) token: String,
}

/// Solves one task by the JSON dialect; answers whether it was solved.
pub(super) async fn solve_json(client: &Client, ticket: &Ticket, name: &str, kind: TaskType) -> Result<bool, Trouble> {
    let mut task = fields(kind);
    task["type"] = name.into();
    let body = json!({ "clientKey": ticket.token, "task": task });
    let made = client.post(&format!("{}/createTask", ticket.endpoint), &body).await?;
    if let Some(solved) = verdict(&made) {
        return Ok(solved);
    }
    let question = json!({ "clientKey": ticket.token, "taskId": made.get("taskId") });
    let address = format!("{}/getTaskResult", ticket.endpoint);
    let deadline = Instant::now() + SOLVE_TIME_MAX;
    while Instant::now() < deadline {
        sleep(POLL_INTERVAL).await;
        // An answer that was lost on the way is asked for again.
        let Ok(answer) = client.post(&address, &question).await else { continue };
        if let Some(solved) = verdict(&answer) {
            return Ok(solved);
        }
    }
    Ok(false)
}

/// Whether the answer ends the task, and how.
fn verdict(answer: &Value) -> Option<bool> {
    let is_error = answer.get("errorId").and_then(Value::as_i64) != Some(0);
    match answer.get("status").and_then(Value::as_str) {
        _ if is_error => Some(false),
        Some("ready") => Some(true),
        Some("failed") => Some(false),
        _ => None,
    }
}

fn fields(kind: TaskType) -> Value {
    match kind {
        TaskType::ImageToText => json!({ "body": PICTURE }),
        TaskType::RecaptchaV3 => {
            json!({ "websiteURL": PAGE, "websiteKey": SITE_KEY, "pageAction": "login", "minScore": 0.3 })
        }
        _ => json!({ "websiteURL": PAGE, "websiteKey": SITE_KEY }),
    }
}

/// Whether the provider takes this kind of task by `in.php`.
pub(super) fn speaks_legacy(provider: ProviderCode, kind: TaskType) -> bool {
    let has_legacy = matches!(provider, ProviderCode::TwoCaptcha | ProviderCode::Multibot);
    has_legacy && method(provider, kind).is_some()
}

/// The `method` of `in.php`, and the field that names the site.
fn method(provider: ProviderCode, kind: TaskType) -> Option<(&'static str, &'static str)> {
    match kind {
        TaskType::ImageToText if provider == ProviderCode::Multibot => Some(("universal", "")),
        TaskType::ImageToText => Some(("base64", "")),
        TaskType::RecaptchaV2 => Some(("userrecaptcha", "googlekey")),
        TaskType::Turnstile => Some(("turnstile", "sitekey")),
        TaskType::Hcaptcha => Some(("hcaptcha", "sitekey")),
        _ => None,
    }
}

/// Solves one task by `in.php` and `res.php`; answers whether it was solved.
pub(super) async fn solve_legacy(client: &Client, ticket: &Ticket, kind: TaskType) -> Result<bool, Trouble> {
    let Some((method, site_field)) = method(ticket.provider, kind) else { return Ok(false) };
    let mut form = vec![("key", ticket.token.as_str()), ("method", method), ("json", "1")];
    if kind == TaskType::ImageToText {
        form.push(("body", PICTURE));
    } else {
        form.extend([(site_field, SITE_KEY), ("pageurl", PAGE)]);
    }
    let made = client.form(&format!("{}/in.php", ticket.endpoint), &form).await?;
    let Some(id) = accepted(&made) else { return Ok(false) };
    let question = [("key", ticket.token.as_str()), ("action", "get"), ("id", id.as_str()), ("json", "1")];
    let address = format!("{}/res.php", ticket.endpoint);
    let deadline = Instant::now() + SOLVE_TIME_MAX;
    while Instant::now() < deadline {
        sleep(POLL_INTERVAL).await;
        let Ok(answer) = client.get(&address, &question).await else { continue };
        if accepted(&answer).is_some() {
            return Ok(true);
        }
        // The missing T is the protocol's.
        if answer.get("request").and_then(Value::as_str) != Some("CAPCHA_NOT_READY") {
            return Ok(false);
        }
    }
    Ok(false)
}

/// What a good answer of the legacy dialect carries.
fn accepted(answer: &Value) -> Option<String> {
    let is_good = answer.get("status").and_then(Value::as_i64) == Some(1);
    let carried = match answer.get("request")? {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    is_good.then_some(carried)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_end_a_task_or_do_not() {
        for (answer, expected) in [
            (json!({ "errorId": 0, "taskId": 5 }), None),
            (json!({ "errorId": 0, "status": "processing" }), None),
            (json!({ "errorId": 0, "status": "ready", "solution": {} }), Some(true)),
            (json!({ "errorId": 0, "status": "failed" }), Some(false)),
            (json!({ "errorId": 12, "errorCode": "ERROR_CAPTCHA_UNSOLVABLE" }), Some(false)),
            (json!({}), Some(false)),
        ] {
            assert_eq!(verdict(&answer), expected, "{answer}");
        }
        assert_eq!(accepted(&json!({ "status": 1, "request": "72" })), Some("72".to_owned()));
        assert_eq!(accepted(&json!({ "status": 0, "request": "CAPCHA_NOT_READY" })), None);
    }

    #[test]
    fn only_two_providers_are_spoken_to_by_in_php() {
        assert!(speaks_legacy(ProviderCode::Multibot, TaskType::ImageToText));
        assert!(!speaks_legacy(ProviderCode::Capsolver, TaskType::ImageToText));
        assert!(!speaks_legacy(ProviderCode::TwoCaptcha, TaskType::RecaptchaV3));
    }
}
