//! What a dispatcher asks for, as parsed fields: the only form in which a task travels onwards.
//!
//! Requests to providers are built afresh from these fields. What would make a provider call back
//! or name another application is dropped here, and so is every legacy field that nobody documents.

use crate::domain::Secret;
use std::fmt;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// Members of a task that never go out: callbacks, application ids, and keys.
const DROPPED: &[&str] = &["clientKey", "callbackUrl", "pingback", "softId", "soft_id", "appId", "key"];

/// Legacy fields that may go out, beside `data[…]`.
const LEGACY_FIELDS: &[&str] = &[
    "method",
    "body",
    "phrase",
    "regsense",
    "numeric",
    "calc",
    "min_len",
    "max_len",
    "language",
    "lang",
    "textinstructions",
    "imginstructions",
    "googlekey",
    "sitekey",
    "pageurl",
    "domain",
    "invisible",
    "version",
    "action",
    "min_score",
    "score",
    "enterprise",
    "data-s",
    "cookies",
    "userAgent",
    "useragent",
    "header",
    "proxy",
    "proxytype",
    "publickey",
    "surl",
    "gt",
    "challenge",
    "api_server",
    "offline",
    "new_captcha",
    "captcha_id",
    "captcha_url",
    "iv",
    "context",
    "challenge_script",
    "captcha_script",
    "data",
    "pagedata",
    "rqdata",
];

/// A task that a dispatcher wants solved.
#[derive(Clone)]
pub enum TaskRequest {
    /// By `createTask`.
    Json {
        /// The task object.
        task: Map<String, Value>,
        /// Which workers may see it: `en` or `rn`.
        language_pool: Option<String>,
    },
    /// By `in.php`.
    Legacy {
        /// The method and its fields, in their order.
        fields: Vec<(String, String)>,
        /// An uploaded picture.
        file: Option<Vec<u8>>,
    },
}

impl fmt::Debug for TaskRequest {
    /// Tasks hold sites, pictures and proxies, so only the dialect is shown.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Json { .. } => "TaskRequest::Json",
            Self::Legacy { .. } => "TaskRequest::Legacy",
        })
    }
}

impl TaskRequest {
    /// SHA-256 over a canonical form: the order of members and fields makes no difference.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        match self {
            Self::Json { task, language_pool } => {
                hash.update(b"json");
                feed(&mut hash, language_pool.as_deref().unwrap_or("").as_bytes());
                feed_object(&mut hash, task);
            }
            Self::Legacy { fields, file } => {
                hash.update(b"legacy");
                let mut sorted: Vec<&(String, String)> = fields.iter().collect();
                sorted.sort();
                for (name, value) in sorted {
                    feed(&mut hash, name.as_bytes());
                    feed(&mut hash, value.as_bytes());
                }
                feed(&mut hash, file.as_deref().unwrap_or_default());
            }
        }
        hash.finalize().into()
    }

    /// A member of the task that is a string with something in it, or a field of the form.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let text = match self {
            Self::Json { task, .. } => task.get(name)?.as_str()?,
            Self::Legacy { fields, .. } => fields.iter().find(|(known, _)| known == name)?.1.as_str(),
        };
        (!text.is_empty()).then_some(text)
    }

    /// Whether a member or field says yes in one of the ways people say it.
    pub(crate) fn says_yes(&self, name: &str) -> bool {
        match self {
            Self::Json { task, .. } => match task.get(name) {
                Some(Value::Bool(yes)) => *yes,
                Some(Value::Number(number)) => number.as_u64() == Some(1),
                Some(Value::String(text)) => matches!(text.as_str(), "1" | "true"),
                _ => false,
            },
            Self::Legacy { .. } => matches!(self.field(name), Some("1" | "true")),
        }
    }
}

/// Feeds bytes with their length, so that neighbours can't run into each other.
fn feed(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

fn feed_object(hash: &mut Sha256, object: &Map<String, Value>) {
    let mut members: Vec<(&String, &Value)> = object.iter().collect();
    members.sort_by_key(|(name, _)| *name);
    hash.update(b"{");
    for (name, value) in members {
        feed(hash, name.as_bytes());
        feed_value(hash, value);
    }
    hash.update(b"}");
}

fn feed_value(hash: &mut Sha256, value: &Value) {
    match value {
        Value::Object(object) => feed_object(hash, object),
        Value::Array(items) => {
            hash.update(b"[");
            items.iter().for_each(|item| feed_value(hash, item));
            hash.update(b"]");
        }
        scalar => feed(hash, scalar.to_string().as_bytes()),
    }
}

/// A call of the JSON dialect.
pub struct JsonCall {
    /// What stands where the key goes.
    pub token: Option<Secret>,
    /// The task to create.
    pub task: Option<TaskRequest>,
    /// The task that is asked or reported about.
    pub task_id: Option<String>,
    /// What `feedbackTask` says: whether the solution was refused.
    pub invalid: Option<bool>,
}

impl JsonCall {
    /// Reads a body; `None` when it is no JSON object.
    #[must_use]
    pub fn parse(body: &[u8]) -> Option<Self> {
        let mut members: Map<String, Value> = serde_json::from_slice(body).ok()?;
        let token = match members.remove("clientKey") {
            Some(Value::String(text)) => Some(Secret::from(text)),
            _ => None,
        };
        let language_pool = members
            .get("languagePool")
            .and_then(Value::as_str)
            .filter(|pool| matches!(*pool, "en" | "rn"))
            .map(str::to_owned);
        let outer_type = members.get("type").filter(|name| name.is_string()).cloned();
        let task = match members.remove("task") {
            Some(Value::Object(task)) => Some(TaskRequest::Json { task: admit(task, outer_type), language_pool }),
            _ => None,
        };
        let task_id = match members.get("taskId") {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Number(number)) if !number.is_f64() => Some(number.to_string()),
            _ => None,
        };
        let invalid = members.get("result").and_then(|result| result.get("invalid")).and_then(Value::as_bool);
        Some(Self { token, task, task_id, invalid })
    }
}

/// Drops what never goes out. One provider has the type beside the task; it moves in.
fn admit(mut task: Map<String, Value>, outer_type: Option<Value>) -> Map<String, Value> {
    task.retain(|name, _| !DROPPED.contains(&name.as_str()));
    if let Some(name) = outer_type
        && !task.contains_key("type")
    {
        task.insert("type".to_owned(), name);
    }
    task
}

/// A call of the legacy dialect, from whichever part of a request its fields came.
pub struct LegacyCall {
    /// What stands where the key goes.
    pub token: Option<Secret>,
    /// Whether the reply is to be JSON.
    pub json: bool,
    /// What `res.php` is to do.
    pub action: Option<String>,
    /// The task that is asked or reported about.
    pub id: Option<String>,
    /// Several tasks that are asked about.
    pub ids: Option<String>,
    /// The task to create.
    pub task: TaskRequest,
}

impl LegacyCall {
    /// Sorts the fields of a request; of a field that occurs twice the first counts.
    #[must_use]
    pub fn from_fields(given: Vec<(String, String)>, file: Option<Vec<u8>>) -> Self {
        let mut call = Self {
            token: None,
            json: false,
            action: None,
            id: None,
            ids: None,
            task: TaskRequest::Legacy { fields: Vec::new(), file: None },
        };
        let mut fields: Vec<(String, String)> = Vec::new();
        for (name, value) in given {
            match name.as_str() {
                "key" if call.token.is_none() => call.token = Some(Secret::from(value)),
                "json" => call.json = value == "1",
                "id" if call.id.is_none() => call.id = Some(value),
                "ids" if call.ids.is_none() => call.ids = Some(value),
                _ => {
                    if name == "action" && call.action.is_none() {
                        call.action = Some(value.clone());
                    }
                    let known = LEGACY_FIELDS.contains(&name.as_str()) || name.starts_with("data[");
                    if known && !fields.iter().any(|(given, _)| *given == name) {
                        fields.push((name, value));
                    }
                }
            }
        }
        call.task = TaskRequest::Legacy { fields, file };
        call
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn task_of(body: &str) -> (Map<String, Value>, Option<String>) {
        match JsonCall::parse(body.as_bytes()).and_then(|call| call.task) {
            Some(TaskRequest::Json { task, language_pool }) => (task, language_pool),
            _ => panic!("there is a task"),
        }
    }

    #[test]
    fn callbacks_and_applications_are_dropped() {
        let (task, pool) = task_of(
            r#"{"clientKey":"t","softId":5,"callbackUrl":"http://x","appId":"a","languagePool":"xx",
                "task":{"type":"T","websiteURL":"u","callbackUrl":"http://x","softId":5,"appId":"a","clientKey":"k"}}"#,
        );
        assert_eq!(task.keys().collect::<Vec<_>>(), ["type", "websiteURL"]);
        assert_eq!(pool, None);
        assert_eq!(task_of(r#"{"languagePool":"rn","task":{"type":"T"}}"#).1.as_deref(), Some("rn"));
    }

    #[test]
    fn a_type_beside_the_task_moves_in() {
        assert_eq!(task_of(r#"{"type":"hcaptcha","task":{}}"#).0["type"], "hcaptcha");
        assert_eq!(task_of(r#"{"type":"hcaptcha","task":{"type":"own"}}"#).0["type"], "own");
    }

    #[test]
    fn ids_come_as_numbers_or_text() {
        let id = |body: &str| JsonCall::parse(body.as_bytes()).and_then(|call| call.task_id);
        assert_eq!(id(r#"{"taskId":72345678901}"#).as_deref(), Some("72345678901"));
        assert_eq!(id(r#"{"taskId":"6113-ec"}"#).as_deref(), Some("6113-ec"));
        assert_eq!(id(r#"{"taskId":1.5}"#), None);
        assert!(JsonCall::parse(b"[1]").is_none());
    }

    #[test]
    fn legacy_fields_are_allow_listed() {
        let given = [
            ("key", "t"),
            ("json", "1"),
            ("method", "userrecaptcha"),
            ("pingback", "http://x"),
            ("soft_id", "5"),
            ("header_acao", "1"),
            ("googlekey", "g"),
            ("data[blob]", "b"),
            ("action", "verify"),
            ("method", "other"),
        ];
        let call = LegacyCall::from_fields(given.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec(), None);
        assert_eq!(call.token.as_ref().map(|token| token.expose_secret().to_owned()).as_deref(), Some("t"));
        assert!(call.json);
        let TaskRequest::Legacy { fields, .. } = &call.task else { panic!("it is legacy") };
        let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["method", "googlekey", "data[blob]", "action"]);
        assert_eq!(call.task.field("method"), Some("userrecaptcha"));
    }

    #[test]
    fn the_hash_ignores_order_and_nothing_else() {
        let hash = |body: &str| JsonCall::parse(body.as_bytes()).and_then(|call| call.task).map(|task| task.hash());
        let first = hash(r#"{"clientKey":"a","task":{"type":"T","x":{"b":1,"a":[1,"1"]}}}"#);
        assert_eq!(first, hash(r#"{"clientKey":"b","task":{"x":{"a":[1,"1"],"b":1},"type":"T","softId":1}}"#));
        assert_ne!(first, hash(r#"{"task":{"type":"T","x":{"b":1,"a":["1",1]}}}"#));
        assert_ne!(first, hash(r#"{"languagePool":"en","task":{"type":"T","x":{"b":1,"a":[1,"1"]}}}"#));
        let legacy = |value: &str, file| {
            TaskRequest::Legacy { fields: vec![("method".to_owned(), value.to_owned())], file }.hash()
        };
        assert_ne!(legacy("post", None), legacy("post", Some(vec![1])));
    }
}
