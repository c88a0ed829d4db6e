//! The JSON task dialect: building `createTask` and its kin, and reading their replies.
//!
//! Replies are judged by `status` and `errorCode`; the numbers in `errorId` differ between
//! providers and one of them reports failed tasks with 0. A body is read whatever its HTTP status.

use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use super::object::{Object, push_string};
use super::reading::{Reading, Ready, is_code};
use crate::domain::Secret;

/// Content type of requests.
pub(crate) const CONTENT_TYPE: &str = "application/json";

/// A request body: the key, then members given as names and raw JSON.
pub(crate) fn body(key: &Secret, members: &[(&str, String)]) -> Zeroizing<Vec<u8>> {
    let members_length: usize = members.iter().map(|(name, raw)| name.len() + raw.len() + 4).sum();
    // Room for everything at once: a buffer that grows leaves copies of the key behind.
    let room = key.expose_secret().len() * 6 + members_length + 32;
    let mut buffer = Zeroizing::new(Vec::with_capacity(room));
    buffer.extend_from_slice(br#"{"clientKey":"#);
    push_string(&mut buffer, key.expose_secret());
    for (name, raw) in members {
        buffer.extend_from_slice(b",\"");
        buffer.extend_from_slice(name.as_bytes());
        buffer.extend_from_slice(b"\":");
        buffer.extend_from_slice(raw.as_bytes());
    }
    buffer.push(b'}');
    buffer
}

/// A task id as raw JSON: an integer where the provider counts, else a string.
pub(crate) fn raw_task_id(task_id: &str, integer: bool) -> String {
    let counts = integer && task_id.bytes().all(|byte| byte.is_ascii_digit()) && !task_id.starts_with('0');
    if counts && !task_id.is_empty() {
        return task_id.to_owned();
    }
    serde_json::Value::from(task_id).to_string()
}

/// What a reply to `createTask` says.
pub(crate) fn read_created(text: &str, extras: &[&str]) -> Reading {
    let Some(object) = Object::parse(text) else {
        return Reading::Garbled;
    };
    if let Some(over) = read_over(&object, extras) {
        return over;
    }
    if object.integer("errorId") != Some(0) {
        return Reading::Garbled;
    }
    match object.task_id("taskId") {
        Some(task_id) => Reading::Taken { task_id },
        None => Reading::Garbled,
    }
}

/// What a reply to `getTaskResult` says.
pub(crate) fn read_result(text: &str, extras: &[&str]) -> Reading {
    let Some(object) = Object::parse(text) else {
        return Reading::Garbled;
    };
    if let Some(over) = read_over(&object, extras) {
        return over;
    }
    match (object.integer("errorId"), object.text("status").as_deref()) {
        (Some(0), Some("processing" | "idle")) => Reading::Working,
        _ => Reading::Garbled,
    }
}

/// What is the same in both: a task that is over, and errors.
fn read_over(object: &Object<'_>, extras: &[&str]) -> Option<Reading> {
    let error_id = object.integer("errorId");
    let code = object.text("errorCode").filter(|code| !code.is_empty());
    match object.text("status").as_deref() {
        Some("failed") => return Some(Reading::Failed { code: code_or_unknown(code) }),
        Some("ready") if error_id == Some(0) => {
            let solution = object.filled("solution").filter(|raw| raw.starts_with('{'));
            return Some(solution.map_or(Reading::Garbled, |raw| Reading::Ready(ready(object, raw, extras))));
        }
        _ => {}
    }
    match (error_id, code) {
        // A code beside a task id is no error: the id would be lost with it.
        (Some(0), Some(_)) if object.task_id("taskId").is_some() => None,
        (_, Some(code)) if is_code(&code) => Some(Reading::Error { code }),
        (Some(id), code) if id != 0 => Some(Reading::Error { code: code_or_unknown(code) }),
        _ => None,
    }
}

fn code_or_unknown(code: Option<String>) -> String {
    code.filter(|code| is_code(code)).unwrap_or_else(|| super::UNKNOWN_ERROR.to_owned())
}

fn ready(object: &Object<'_>, solution: &str, extras: &[&str]) -> Ready {
    Ready {
        solution: solution.to_owned(),
        cost: object.raw("cost").map(str::to_owned),
        task_id: object.task_id("taskId"),
        extras: extras
            .iter()
            .filter_map(|name| object.raw(name).map(|raw| ((*name).to_owned(), raw.to_owned())))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str) -> Reading {
        Reading::Error { code: code.to_owned() }
    }

    #[test]
    fn replies_to_create_are_told_apart() {
        let taken = |id: &str| Reading::Taken { task_id: id.to_owned() };
        for (text, expected) in [
            (r#"{"errorId":0,"taskId":72345678901}"#, taken("72345678901")),
            (
                r#"{"errorId":0,"errorCode":"","errorDescription":"","status":"idle","taskId":"6113-ec"}"#,
                taken("6113-ec"),
            ),
            (r#"{"errorId":0,"errorCode":null,"status":null,"taskId":"6113-ec"}"#, taken("6113-ec")),
            (r#"{"errorId":1,"errorCode":"ERROR_KEY_DOES_NOT_EXIST","taskId":0}"#, error("ERROR_KEY_DOES_NOT_EXIST")),
            (r#"{"errorCode":"ERROR_ZERO_BALANCE"}"#, error("ERROR_ZERO_BALANCE")),
            (r#"{"errorId":7}"#, error("ERROR_UNKNOWN")),
            (r#"{"errorId":1,"errorCode":"look: <b>html</b>"}"#, error("ERROR_UNKNOWN")),
            (r#"{"errorId":0}"#, Reading::Garbled),
            (r#"{"errorId":"0","taskId":5}"#, Reading::Garbled),
            (r#"{"taskId":5}"#, Reading::Garbled),
            (r#"{"errorId":0,"taskId":""}"#, Reading::Garbled),
            (r#"{"errorId":0,"taskId":-4}"#, Reading::Garbled),
            (r#"{"errorId":0,"taskId":5"#, Reading::Garbled),
            ("<html>502</html>", Reading::Garbled),
            ("", Reading::Garbled),
            ("[]", Reading::Garbled),
        ] {
            assert_eq!(read_created(text, &[]), expected, "{text}");
        }
    }

    #[test]
    fn a_picture_is_answered_at_once() {
        let text = r#"{"errorId":0,"errorCode":"","status":"ready","solution":{"text":"44795sds"},"taskId":"6113-ec"}"#;
        let Reading::Ready(ready) = read_created(text, &[]) else { panic!("it is ready") };
        assert_eq!(ready.solution, r#"{"text":"44795sds"}"#);
        assert_eq!(ready.task_id.as_deref(), Some("6113-ec"));
    }

    #[test]
    fn results_are_told_apart() {
        for (text, expected) in [
            (r#"{"errorId":0,"status":"processing"}"#, Reading::Working),
            (r#"{"errorId":0,"taskId":"x","status":"idle"}"#, Reading::Working),
            (
                r#"{"errorId":0,"taskId":"x","status":"failed","errorCode":"ERROR_CAPTCHA_UNSOLVABLE"}"#,
                Reading::Failed { code: "ERROR_CAPTCHA_UNSOLVABLE".to_owned() },
            ),
            (r#"{"errorId":12,"errorCode":"ERROR_CAPTCHA_UNSOLVABLE"}"#, error("ERROR_CAPTCHA_UNSOLVABLE")),
            (r#"{"errorId":1,"errorCode":"CAPTCHA_NOT_READY"}"#, error("CAPTCHA_NOT_READY")),
            (r#"{"errorId":0,"status":"ready"}"#, Reading::Garbled),
            (r#"{"errorId":0,"status":"ready","solution":{}}"#, Reading::Garbled),
            (r#"{"errorId":0,"status":"ready","solution":7}"#, Reading::Garbled),
            (r#"{"errorId":0,"status":"ready","solution":"token"}"#, Reading::Garbled),
            (r#"{"errorId":0,"status":"resting"}"#, Reading::Garbled),
            (r#"{"errorId":0,"status":1}"#, Reading::Garbled),
        ] {
            assert_eq!(read_result(text, &[]), expected, "{text}");
        }
    }

    #[test]
    fn the_cost_stays_raw() {
        for cost in [r#""0.00299""#, "0.0029900000000000002", "[0.1]"] {
            let text = format!(
                r#"{{"errorId":0,"status":"ready","solution":{{"token":"t"}},"cost":{cost},"ip":"1.2.3.4","x":1}}"#
            );
            let Reading::Ready(ready) = read_result(&text, &["cost", "ip"]) else { panic!("it is ready") };
            assert_eq!(ready.cost.as_deref(), Some(cost));
            assert_eq!(ready.extras.len(), 2);
        }
    }

    #[test]
    fn the_key_stands_in_the_body_and_fills_it_without_growing() {
        let key = Secret::from("made-up-\"key\"-of-a-test");
        let body = body(&key, &[("taskId", raw_task_id("72345678901", true)), ("x", raw_task_id("6113", false))]);
        let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(value["clientKey"], "made-up-\"key\"-of-a-test");
        assert_eq!(value["taskId"], 72_345_678_901_u64);
        assert_eq!(value["x"], "6113");
    }
}
