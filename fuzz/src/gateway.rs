//! What dispatchers send: read without a panic, and what was read can be said again, to us and to
//! each provider.
//!
//! The first byte says what the others are: a body of the JSON dialect; or a legacy request, as the
//! lines query and content type with the body below.

use std::sync::LazyLock;

use axum::body::Bytes;
use axum::http::Request;
use axum::http::header::CONTENT_TYPE;
use key_recycling::domain::{ProviderCode, Secret};
use key_recycling::fuzzing::{Bench, legacy_call};
use key_recycling::providers::dialect::{JsonCall, LegacyCall, TaskRequest, task_type};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use crate::wait::wait_for;

const KEY: &str = "madeupmadeupmadeupmadeupmadeup12";

/// What would have a provider call back, name an application, or be paid for by another key.
const NEVER_OUT: [&str; 6] = ["callbackUrl", "pingback", "softId", "soft_id", "appId", "clientKey"];

static BENCH: LazyLock<Bench> = LazyLock::new(|| Bench::new(Default::default()));

/// Looks at one input.
pub fn look(data: &[u8]) {
    match data.split_first() {
        Some((kind, rest)) if kind % 2 == 0 => json(rest),
        Some((_, rest)) => legacy(rest),
        None => {}
    }
}

fn json(body: &[u8]) {
    let Some(call) = JsonCall::parse(body) else { return };
    let said = said_in_json(&call);
    let again = JsonCall::parse(said.to_string().as_bytes()).expect("it is an object");
    assert_eq!(exposed(&call.token), exposed(&again.token));
    assert_eq!((&call.task_id, call.invalid), (&again.task_id, again.invalid), "{said}");
    let (hash, hash_again) = (call.task.as_ref().map(TaskRequest::hash), again.task.as_ref().map(TaskRequest::hash));
    assert_eq!(hash, hash_again, "{said}");
    if let Some(task) = &call.task {
        goes_out(task);
    }
}

fn said_in_json(call: &JsonCall) -> Value {
    let mut said = Map::new();
    if let Some(token) = &call.token {
        said.insert("clientKey".to_owned(), token.expose_secret().into());
    }
    if let Some(TaskRequest::Json { task, language_pool }) = &call.task {
        said.insert("task".to_owned(), Value::Object(task.clone()));
        said.insert("languagePool".to_owned(), language_pool.clone().into());
    }
    said.insert("taskId".to_owned(), call.task_id.clone().into());
    said.insert("result".to_owned(), json!({ "invalid": call.invalid }));
    Value::Object(said)
}

fn legacy(given: &[u8]) {
    let mut parts = given.splitn(3, |byte| *byte == b'\n');
    let mut part = || parts.next().unwrap_or_default();
    let (query, content_type, body) = (part(), part(), part());
    let address = [b"/in.php?", query].concat();
    let Some(call) = called(&address, content_type, Bytes::copy_from_slice(body)) else { return };
    let TaskRequest::Legacy { fields, file } = &call.task else { panic!("the dialect is the legacy one") };

    let said = said_in_form(&call, fields);
    let again = if let Some(file) = file {
        LegacyCall::from_fields(form_urlencoded::parse(said.as_bytes()).into_owned().collect(), Some(file.clone()))
    } else {
        called(b"/in.php", b"", said.clone().into()).expect("a form is read")
    };
    assert_eq!(exposed(&call.token), exposed(&again.token));
    assert_eq!((call.json, &call.action, &call.id, &call.ids), (again.json, &again.action, &again.id, &again.ids));
    assert_eq!(call.task.hash(), again.task.hash(), "{said}");
    let TaskRequest::Legacy { fields: fields_again, .. } = &again.task else { panic!("the dialect is the legacy one") };
    assert_eq!(fields, fields_again);
    goes_out(&call.task);
}

/// `None` also for what is no request at all.
fn called(address: &[u8], content_type: &[u8], body: Bytes) -> Option<LegacyCall> {
    let request = Request::post(address).header(CONTENT_TYPE, content_type).body(()).ok()?;
    wait_for(legacy_call(request.into_parts().0, body))
}

fn said_in_form(call: &LegacyCall, fields: &[(String, String)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    let mut say = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            form.append_pair(name, value);
        }
    };
    say("key", call.token.as_ref().map(ExposeSecret::expose_secret));
    say("id", call.id.as_deref());
    say("ids", call.ids.as_deref());
    say("json", call.json.then_some("1"));
    fields.iter().for_each(|(name, value)| say(name, Some(value)));
    form.finish()
}

/// Each provider can be told the task, by our key and to no other effect, or is not told.
fn goes_out(task: &TaskRequest) {
    let key = Secret::from(KEY);
    for code in ProviderCode::ALL {
        let kind = task_type(*code, task);
        let Some((url, body)) = BENCH.creation(*code, &key, task) else { continue };
        let kind = kind.unwrap_or_else(|| panic!("{code} is told what it does not offer"));
        assert!(url.query().is_none() && !url.as_str().contains(KEY), "{url}");
        let body = std::str::from_utf8(&body).expect("a request is text");
        let told = if url.path().ends_with("/in.php") { told_in_form(body) } else { told_in_json(body) };
        let found = task_type(*code, &told);
        // A picture is told by another method or name; with and without a proxy stay apart.
        assert!(found.is_none_or(|(found, _)| found == kind.0), "{code}: {kind:?} goes out as {found:?}");
    }
}

fn told_in_json(body: &str) -> TaskRequest {
    let members: Map<String, Value> = serde_json::from_str(body).expect("a request is an object");
    assert_eq!(members.get("clientKey").and_then(Value::as_str), Some(KEY));
    let is_known = |name: &String| matches!(name.as_str(), "clientKey" | "task" | "languagePool");
    assert!(members.keys().all(is_known), "{body}");
    let task = members.get("task").and_then(Value::as_object).expect("there is a task");
    assert!(NEVER_OUT.iter().all(|name| !task.contains_key(*name)), "{body}");
    JsonCall::parse(body.as_bytes()).and_then(|call| call.task).expect("there is a task")
}

fn told_in_form(body: &str) -> TaskRequest {
    let pairs: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let values =
        |wanted: &'static str| pairs.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value.as_str());
    assert!(values("key").eq([KEY]) && values("json").eq(["1"]) && values("method").count() <= 1, "{body}");
    assert!(pairs.iter().all(|(name, _)| !NEVER_OUT.contains(&name.as_str())), "{body}");
    LegacyCall::from_fields(pairs, None).task
}

fn exposed(token: &Option<Secret>) -> Option<&str> {
    token.as_ref().map(ExposeSecret::expose_secret)
}
