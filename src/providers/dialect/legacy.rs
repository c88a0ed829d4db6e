//! The legacy dialect: building `in.php` and `res.php` requests, and reading their replies.
//!
//! A task is always posted, so its key is in no address; `res.php` knows only GET, so there it
//! must be. JSON replies are asked for and plain ones taken as well.

use secrecy::ExposeSecret;
use url::Url;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

use super::object::{Object, is_task_id};
use super::reading::{Reading, Ready, is_code};
use crate::domain::Secret;

/// Content type of posted forms.
pub(crate) const CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

/// What `in.php` and `res.php` say while there is no answer.
pub(crate) const NOT_READY: &str = "CAPCHA_NOT_READY";

/// A form for `in.php`.
pub(crate) fn form(key: &Secret, fields: &[(String, String)]) -> Zeroizing<Vec<u8>> {
    let fields_length: usize = fields.iter().map(|(name, value)| name.len() + value.len() + 1).sum();
    // Percent-encoding trebles at most; a form that grows would leave copies of the key behind.
    let room = (fields_length + key.expose_secret().len()) * 3 + 64;
    let mut form = Serializer::new(String::with_capacity(room));
    form.append_pair("key", key.expose_secret());
    form.extend_pairs(fields);
    form.append_pair("json", "1");
    Zeroizing::new(form.finish().into_bytes())
}

/// Completes the address of `res.php` with key, action and task id.
pub(crate) fn ask(url: &mut Url, key: &Secret, action: &str, task_id: Option<&str>) {
    let mut query = url.query_pairs_mut();
    query.append_pair("key", key.expose_secret()).append_pair("action", action);
    if let Some(task_id) = task_id {
        query.append_pair("id", task_id);
    }
    query.append_pair("json", "1");
}

/// What a reply of `in.php` says.
pub(crate) fn read_created(text: &str) -> Reading {
    match parse(text, false) {
        Said::Fine { request, .. } => task_id_of(&request),
        Said::Error(code) => Reading::Error { code },
        Said::Nothing => Reading::Garbled,
    }
}

/// What a reply of `res.php` to `get` or, `with_price`, to `get2` says.
pub(crate) fn read_result(text: &str, with_price: bool) -> Reading {
    match parse(text, with_price) {
        Said::Fine { request, price } => {
            let blank = matches!(request.as_str(), "" | "\"\"" | "{}" | "[]" | "null" | "true" | "false");
            if blank {
                return Reading::Garbled;
            }
            let quoted = request.starts_with(['"', '{', '[']);
            let solution = if quoted { request } else { serde_json::Value::from(request).to_string() };
            Reading::Ready(Ready { solution, cost: price, task_id: None, extras: Vec::new() })
        }
        Said::Error(code) => Reading::Error { code },
        Said::Nothing => Reading::Garbled,
    }
}

/// The figure in a reply of `res.php` to `userinfo` or `getbalance`, as raw text.
pub(crate) fn read_balance(text: &str) -> Result<String, Reading> {
    if let Some(raw) = Object::parse(text).and_then(|object| object.raw("balance")) {
        return Ok(raw.to_owned());
    }
    match parse(text, false) {
        Said::Fine { request, .. } => Ok(request),
        Said::Error(code) => Err(Reading::Error { code }),
        Said::Nothing => Err(Reading::Garbled),
    }
}

/// A reply of either script.
enum Said {
    /// `OK`: what was asked for, and the price if it is there, as raw JSON.
    Fine {
        request: String,
        price: Option<String>,
    },
    Error(String),
    Nothing,
}

fn parse(text: &str, with_price: bool) -> Said {
    let text = text.trim();
    if text.starts_with('{') { parse_json(text) } else { parse_plain(text, with_price) }
}

fn parse_json(text: &str) -> Said {
    let Some(object) = Object::parse(text) else {
        return Said::Nothing;
    };
    let status = object.integer("status").or_else(|| object.text("status")?.parse().ok());
    match (status, object.raw("request")) {
        (Some(1), Some(request)) => {
            Said::Fine { request: request.to_owned(), price: object.raw("price").map(str::to_owned) }
        }
        (Some(0), Some(_)) => error(object.text("request")),
        _ => Said::Nothing,
    }
}

fn parse_plain(text: &str, with_price: bool) -> Said {
    let Some(rest) = text.strip_prefix("OK|") else {
        return error(Some(text.to_owned()));
    };
    let (answer, price) = match rest.rsplit_once('|').filter(|_| with_price) {
        Some((answer, price)) => (answer, Some(price.to_owned())),
        None => (rest, None),
    };
    Said::Fine { request: serde_json::Value::from(answer).to_string(), price }
}

fn error(code: Option<String>) -> Said {
    code.filter(|code| is_code(code)).map_or(Said::Nothing, Said::Error)
}

/// Reads a task id from raw JSON, a string or a number.
fn task_id_of(raw: &str) -> Reading {
    let text: Option<String> = if raw.starts_with('"') { serde_json::from_str(raw).ok() } else { Some(raw.to_owned()) };
    match text.filter(|id| is_task_id(id, !raw.starts_with('"'))) {
        Some(task_id) => Reading::Taken { task_id },
        None => Reading::Garbled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ready(solution: &str, cost: Option<&str>) -> Reading {
        Reading::Ready(Ready {
            solution: solution.to_owned(),
            cost: cost.map(str::to_owned),
            task_id: None,
            extras: Vec::new(),
        })
    }

    #[test]
    fn submissions_are_told_apart() {
        let taken = |id: &str| Reading::Taken { task_id: id.to_owned() };
        let error = |code: &str| Reading::Error { code: code.to_owned() };
        for (text, expected) in [
            ("OK|2122988149", taken("2122988149")),
            (r#"{"status":1,"request":"2122988149"}"#, taken("2122988149")),
            (r#"{"status":1,"request":2122988149}"#, taken("2122988149")),
            ("ERROR_ZERO_BALANCE", error("ERROR_ZERO_BALANCE")),
            ("ERROR: 1004", error("ERROR: 1004")),
            (r#"{"status":0,"request":"MAX_USER_TURN","error_text":"x"}"#, error("MAX_USER_TURN")),
            ("OK|", Reading::Garbled),
            ("OK|0", Reading::Garbled),
            ("OK|-3", Reading::Garbled),
            (r#"{"status":1,"request":[5]}"#, Reading::Garbled),
            (r#"{"status":1}"#, Reading::Garbled),
            (r#"{"status":true,"request":"5"}"#, Reading::Garbled),
            (r#"{"status":0,"request":"sorry"}"#, Reading::Garbled),
            ("<html>", Reading::Garbled),
            ("", Reading::Garbled),
        ] {
            assert_eq!(read_created(text), expected, "{text}");
        }
    }

    #[test]
    fn answers_keep_their_price() {
        for (text, expected) in [
            ("OK|ABCDE|0.00085", ready("\"ABCDE\"", Some("0.00085"))),
            ("OK|A|B|0.00085", ready("\"A|B\"", Some("0.00085"))),
            (r#"{"status":1,"request":"ABCDE","price":"0.00085"}"#, ready("\"ABCDE\"", Some("\"0.00085\""))),
            (r#"{"status":1,"request":{"challenge":"c"}}"#, ready(r#"{"challenge":"c"}"#, None)),
            (r#"{"status":1,"request":1234}"#, ready("\"1234\"", None)),
            (r#"{"status":1,"request":""}"#, Reading::Garbled),
            ("CAPCHA_NOT_READY", Reading::Error { code: NOT_READY.to_owned() }),
        ] {
            assert_eq!(read_result(text, true), expected, "{text}");
        }
        assert_eq!(read_result("OK|A|B", false), ready("\"A|B\"", None));
    }

    #[test]
    fn balances_come_in_several_shapes() {
        for (text, expected) in [
            (r#"{"balance":4.8925}"#, "4.8925"),
            (r#"{"balance":"4.8925"}"#, "\"4.8925\""),
            (r#"{"status":1,"request":"7.5"}"#, "\"7.5\""),
            ("OK|7.5", "\"7.5\""),
        ] {
            assert_eq!(read_balance(text), Ok(expected.to_owned()), "{text}");
        }
        assert_eq!(read_balance("{}"), Err(Reading::Garbled));
    }

    #[test]
    fn forms_carry_the_key_and_ask_for_json() {
        let key = Secret::from("made up & key");
        let form = form(&key, &[("method".to_owned(), "base64".to_owned())]);
        assert_eq!(form.as_slice(), b"key=made+up+%26+key&method=base64&json=1");
        let mut url = Url::parse("https://example.test/res.php").unwrap();
        ask(&mut url, &Secret::from("k"), "get2", Some("5"));
        assert_eq!(url.query(), Some("key=k&action=get2&id=5&json=1"));
    }
}
