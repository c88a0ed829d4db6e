//! Replies as they are stored with an attempt: finished for the dispatcher and free of keys.
//!
//! A JSON reply is the whole object in the provider's habits. A legacy one is `{"legacy": answer}`
//! with a `price` where it is known, or `{"error": code}`; how it is written depends on the poll.

use serde_json::{Map, Value};

use super::object::push_string;
use super::reading::Ready;
use super::{answer, scrub, translate};
use crate::domain::attempt::{Dialect, REPLY_BYTES_MAX};
use crate::domain::{Secret, TaskType};
use crate::providers::catalogue::{Entry, Upstream};

/// Stands for an answer that is too long to be kept.
const TOO_LONG: &str = "ERROR_REPLY_TOO_LONG";

/// The reply for a solved task; `None` when the solution does not survive scrubbing.
pub(crate) fn solved(
    entry: &Entry,
    key: &Secret,
    dialect: Dialect,
    came_by: Upstream,
    task_type: TaskType,
    task_id: Option<&str>,
    ready: &Ready,
) -> Option<String> {
    let clean = scrub::json(&ready.solution, key);
    if clean == "null" {
        return None;
    }
    let reply = match (dialect, came_by) {
        (Dialect::Json, Upstream::Json) => json(entry, key, &clean, task_id, ready),
        (Dialect::Json, Upstream::Legacy) => {
            json(entry, key, &translate::to_solution(&clean, task_type), task_id, ready)
        }
        (Dialect::Legacy, Upstream::Json) => legacy(&translate::to_answer(&clean), key, ready),
        (Dialect::Legacy, Upstream::Legacy) => legacy(&clean, key, ready),
    };
    Some(if reply.len() > REPLY_BYTES_MAX { failed(entry, dialect, TOO_LONG, task_id) } else { reply })
}

/// The reply for a task that failed or was refused with the code.
pub(crate) fn failed(entry: &Entry, dialect: Dialect, code: &str, task_id: Option<&str>) -> String {
    match dialect {
        Dialect::Json => answer::error_object(entry, code, task_id),
        Dialect::Legacy => {
            let mut object = Map::new();
            object.insert("error".to_owned(), Value::from(code));
            Value::Object(object).to_string()
        }
    }
}

fn json(entry: &Entry, key: &Secret, solution: &str, task_id: Option<&str>, ready: &Ready) -> String {
    let mut members = answer::head(entry, Some("ready"), task_id);
    members.push(("solution", solution.to_owned()));
    for (name, raw) in &ready.extras {
        members.push((name, scrub::json(raw, key)));
    }
    answer::object(&members)
}

fn legacy(answer: &str, key: &Secret, ready: &Ready) -> String {
    let mut members = vec![("legacy", answer.to_owned())];
    if let Some(cost) = &ready.cost {
        let mut price = Vec::new();
        push_string(&mut price, &scrub::figure(cost, key));
        members.push(("price", String::from_utf8_lossy(&price).into_owned()));
    }
    answer::object(&members)
}
