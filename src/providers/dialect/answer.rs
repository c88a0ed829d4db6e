//! What a dispatcher is answered, in the dialect it speaks and the habits of the lease's provider.
//!
//! Several client libraries refuse replies with a member too many or too few, so each provider's
//! habits are kept to the letter. Texts are fixed; a provider's own sentences are never passed on.

use super::object::Object;
use super::{UNKNOWN_ERROR, json, legacy};
use crate::domain::{ProviderCode, Usd};
use crate::providers::catalogue::{Blank, CLASSIC_REFUSALS, Entry, Fault, Refusals, entry};

/// An answer, ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Whether the body is JSON; else it is plain text.
    pub is_json: bool,
    /// The body.
    pub body: String,
}

/// Why the gateway itself refuses a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No lease has this token.
    UnknownToken,
    /// No such method, or none that is let through.
    UnknownMethod,
    /// The parameters are missing, malformed, or not those of the lease.
    BadParameters,
    /// The lease has no such task.
    UnknownTask,
    /// Something failed on our side.
    Internal,
}

impl Refusal {
    fn name(self, names: &Refusals) -> &'static str {
        match self {
            Self::UnknownToken => names.unknown_key,
            Self::UnknownMethod => names.unknown_method,
            Self::BadParameters => names.bad_parameters,
            Self::UnknownTask => names.unknown_task,
            Self::Internal => names.busy,
        }
    }
}

/// JSON: a task was created.
#[must_use]
pub fn json_created(code: ProviderCode, task_id: &str) -> Answer {
    let entry = entry(code);
    let mut members = start(entry);
    if let Some(status) = entry.habits.created_status {
        members.push(("status", quoted(status)));
    }
    members.push(("taskId", json::raw_task_id(task_id, entry.integer_ids)));
    fine(object(&members))
}

/// JSON: the task is being worked on.
#[must_use]
pub fn json_processing(code: ProviderCode, task_id: &str) -> Answer {
    fine(object(&head(entry(code), Some("processing"), Some(task_id))))
}

/// JSON: the balance.
#[must_use]
pub fn json_balance(code: ProviderCode, balance: Usd) -> Answer {
    let mut members = start(entry(code));
    members.push(("balance", balance.to_string()));
    if entry(code).prepaid == crate::providers::catalogue::Prepaid::Packages {
        members.push(("packages", "[]".to_owned()));
    }
    fine(object(&members))
}

/// JSON: a report was recorded.
#[must_use]
pub fn json_recorded(code: ProviderCode) -> Answer {
    let (name, text) = entry(code).habits.recorded;
    fine(object(&[("errorId", "0".to_owned()), (name, quoted(text))]))
}

/// JSON: a stored reply, under the status that its error has, if it is one.
#[must_use]
pub fn json_stored(code: ProviderCode, reply: &str) -> Answer {
    let entry = entry(code);
    let error = Object::parse(reply).and_then(|object| object.text("errorCode")).filter(|code| !code.is_empty());
    let status = error.map_or(200, |code| (entry.habits.error_status)(entry.finding(&code).fault));
    Answer { status, is_json: true, body: reply.to_owned() }
}

/// JSON: a task failed with the provider's code.
#[must_use]
pub fn json_failed(code: ProviderCode, error_code: &str, task_id: Option<&str>) -> Answer {
    json_stored(code, &error_object(entry(code), error_code, task_id))
}

/// JSON: a refusal; without a known token in the words that most providers share.
#[must_use]
pub fn json_refused(code: Option<ProviderCode>, refusal: Refusal) -> Answer {
    match code {
        Some(code) => json_failed(code, refusal.name(&entry(code).habits.refusals), None),
        None => {
            let name = refusal.name(&CLASSIC_REFUSALS);
            let finding = entry(ProviderCode::TwoCaptcha).finding(name);
            fine(object(&[
                ("errorId", finding.number.to_string()),
                ("errorCode", quoted(name)),
                ("errorDescription", quoted(sentence(finding.fault))),
            ]))
        }
    }
}

/// Legacy: a text, such as a task id or `OK_REPORT_RECORDED`.
#[must_use]
pub fn legacy_fine(as_json: bool, text: &str) -> Answer {
    legacy_said(as_json, &quoted(text), None)
}

/// Legacy: several answers, joined.
#[must_use]
pub fn legacy_several(as_json: bool, answers: &str) -> Answer {
    legacy_bare(as_json, answers)
}

/// Legacy: a report was recorded.
#[must_use]
pub fn legacy_recorded(as_json: bool) -> Answer {
    legacy_bare(as_json, "OK_REPORT_RECORDED")
}

/// Legacy: a balance.
#[must_use]
pub fn legacy_balance(as_json: bool, balance: Usd) -> Answer {
    legacy_bare(as_json, &balance.to_string())
}

/// Legacy: a balance as `userinfo` tells it.
#[must_use]
pub fn legacy_user(balance: Usd) -> Answer {
    fine(object(&[("balance", balance.to_string())]))
}

/// Legacy: an error code.
#[must_use]
pub fn legacy_error(as_json: bool, error_code: &str) -> Answer {
    if as_json {
        fine(object(&[("status", "0".to_owned()), ("request", quoted(error_code))]))
    } else {
        plain(error_code.to_owned())
    }
}

/// Legacy: the answer is not ready.
#[must_use]
pub fn legacy_not_ready(as_json: bool) -> Answer {
    legacy_error(as_json, legacy::NOT_READY)
}

/// Legacy: a refusal.
#[must_use]
pub fn legacy_refused(as_json: bool, refusal: Refusal) -> Answer {
    let name = match refusal {
        // This dialect has a name of its own for it.
        Refusal::UnknownTask => "ERROR_WRONG_CAPTCHA_ID",
        _ => refusal.name(&CLASSIC_REFUSALS),
    };
    legacy_error(as_json, name)
}

/// Legacy: a stored reply, with its price if `with_price` asks for it.
#[must_use]
pub fn legacy_stored(as_json: bool, with_price: bool, reply: &str) -> Answer {
    let Some(object) = Object::parse(reply) else {
        return legacy_error(as_json, UNKNOWN_ERROR);
    };
    match object.raw("legacy") {
        Some(answer) => {
            let price = object.text("price").filter(|_| with_price);
            legacy_said(as_json, answer, price.as_deref())
        }
        None => legacy_error(as_json, &object.text("error").unwrap_or_else(|| UNKNOWN_ERROR.to_owned())),
    }
}

/// The error object in a provider's habits.
pub(crate) fn error_object(entry: &Entry, error_code: &str, task_id: Option<&str>) -> String {
    let finding = entry.finding(error_code);
    let mut members = Vec::new();
    let by_status = entry.habits.failed_status && finding.fault == Fault::Unsolvable && task_id.is_some();
    members.push(("errorId", if by_status { "0".to_owned() } else { finding.number.to_string() }));
    if by_status {
        members.extend(task_id.map(|id| ("taskId", json::raw_task_id(id, entry.integer_ids))));
        members.push(("status", quoted("failed")));
    }
    members.push(("errorCode", quoted(error_code)));
    members.push(("errorDescription", quoted(sentence(finding.fault))));
    object(&members)
}

/// The members that a reply about a task begins with.
pub(crate) fn head(entry: &Entry, status: Option<&str>, task_id: Option<&str>) -> Vec<(&'static str, String)> {
    let mut members = start(entry);
    if entry.habits.repeats_task_id {
        members.extend(task_id.map(|id| ("taskId", json::raw_task_id(id, entry.integer_ids))));
    }
    members.extend(status.map(|status| ("status", quoted(status))));
    members
}

/// Writes an object from names and raw JSON.
pub(crate) fn object(members: &[(&str, String)]) -> String {
    let inner: Vec<String> = members.iter().map(|(name, raw)| format!("{}:{raw}", quoted(name))).collect();
    format!("{{{}}}", inner.join(","))
}

fn start(entry: &Entry) -> Vec<(&'static str, String)> {
    let mut members = vec![("errorId", "0".to_owned())];
    if let Some(blank) = entry.habits.blank_error {
        let raw = if blank == Blank::Text { "\"\"" } else { "null" };
        members.push(("errorCode", raw.to_owned()));
        members.push(("errorDescription", raw.to_owned()));
    }
    members
}

/// A text that stands alone when it is plain.
fn legacy_bare(as_json: bool, text: &str) -> Answer {
    if as_json { legacy_fine(true, text) } else { plain(text.to_owned()) }
}

/// `OK` with something, given as raw JSON.
fn legacy_said(as_json: bool, raw: &str, price: Option<&str>) -> Answer {
    if as_json {
        let mut members = vec![("status", "1".to_owned()), ("request", raw.to_owned())];
        members.extend(price.map(|price| ("price", quoted(price))));
        return fine(object(&members));
    }
    let text = serde_json::from_str::<String>(raw).unwrap_or_else(|_| raw.to_owned());
    plain(match price {
        Some(price) => format!("OK|{text}|{price}"),
        None => format!("OK|{text}"),
    })
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn fine(body: String) -> Answer {
    Answer { status: 200, is_json: true, body }
}

fn plain(body: String) -> Answer {
    Answer { status: 200, is_json: false, body }
}

/// What an error is, in our own words.
const fn sentence(fault: Fault) -> &'static str {
    match fault {
        Fault::Rejected => "The key is not known or not admitted.",
        Fault::Empty => "The balance does not suffice.",
        Fault::AddressNotAllowed | Fault::AddressBanned(_) => "Requests from this address are refused.",
        Fault::KeyBlocked(_) => "The key is blocked for a while.",
        Fault::Busy(_) => "No capacity at the moment, try again later.",
        Fault::Unsolvable => "The task could not be solved.",
        Fault::BadTask => "The request is not understood or not admitted.",
        Fault::UnknownTask => "There is no such task.",
        Fault::NotReady => "The answer is not ready.",
        Fault::Unknown => "The task failed.",
    }
}

#[cfg(test)]
mod tests {
    use ProviderCode::{AntiCaptcha, CapmonsterCloud, Capsolver, Multibot, TwoCaptcha, UcaptchaNative};

    use super::*;

    #[test]
    fn fresh_tasks_are_told_as_each_provider_tells_them() {
        for (code, id, body) in [
            (TwoCaptcha, "72345678901", r#"{"errorId":0,"taskId":72345678901}"#),
            (AntiCaptcha, "7654321", r#"{"errorId":0,"taskId":7654321}"#),
            (CapmonsterCloud, "5", r#"{"errorId":0,"errorCode":null,"errorDescription":null,"taskId":5}"#),
            (
                Capsolver,
                "6113-ec",
                r#"{"errorId":0,"errorCode":"","errorDescription":"","status":"idle","taskId":"6113-ec"}"#,
            ),
            (UcaptchaNative, "6113-ec", r#"{"errorId":0,"status":"processing","taskId":"6113-ec"}"#),
            (Multibot, "12", r#"{"errorId":0,"taskId":"12"}"#),
        ] {
            assert_eq!(json_created(code, id).body, body);
        }
    }

    #[test]
    fn strict_clients_get_no_member_too_many() {
        assert_eq!(json_processing(AntiCaptcha, "5").body, r#"{"errorId":0,"status":"processing"}"#);
        assert_eq!(
            json_processing(Capsolver, "x").body,
            r#"{"errorId":0,"errorCode":"","errorDescription":"","taskId":"x","status":"processing"}"#
        );
        assert_eq!(json_balance(TwoCaptcha, Usd::from_nanos(2_990_000)).body, r#"{"errorId":0,"balance":0.00299}"#);
    }

    #[test]
    fn refusals_have_words_numbers_and_statuses() {
        for (code, refusal, status, number, name) in [
            (None, Refusal::UnknownToken, 200, 1, "ERROR_KEY_DOES_NOT_EXIST"),
            (None, Refusal::UnknownMethod, 200, 14, "ERROR_NO_SUCH_METHOD"),
            (Some(AntiCaptcha), Refusal::UnknownTask, 200, 16, "ERROR_NO_SUCH_CAPCHA_ID"),
            (Some(TwoCaptcha), Refusal::BadParameters, 200, 110, "ERROR_BAD_PARAMETERS"),
            (Some(Capsolver), Refusal::UnknownMethod, 400, 1, "ERROR_NO_SUCH_METHOD"),
            (Some(Capsolver), Refusal::UnknownToken, 401, 1, "ERROR_KEY_DENIED_ACCESS"),
            (Some(UcaptchaNative), Refusal::UnknownTask, 404, 1, "ERROR_WRONG_CAPTCHA_ID"),
            (Some(UcaptchaNative), Refusal::Internal, 503, 1, "ERROR_NO_PROVIDERS_AVAILABLE"),
        ] {
            let answer = json_refused(code, refusal);
            let start = format!(r#"{{"errorId":{number},"errorCode":"{name}","errorDescription":""#);
            assert!(answer.status == status && answer.body.starts_with(&start), "{answer:?}");
        }
    }

    #[test]
    fn legacy_answers_of_several_members_stay_json() {
        let reply = r#"{"legacy":{"challenge":"c"}}"#;
        assert_eq!(legacy_stored(false, true, reply).body, r#"OK|{"challenge":"c"}"#);
        assert_eq!(legacy_stored(true, false, reply).body, r#"{"status":1,"request":{"challenge":"c"}}"#);
        assert_eq!(legacy_stored(false, false, "broken").body, UNKNOWN_ERROR);
    }
}
