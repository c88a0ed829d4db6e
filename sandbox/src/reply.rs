//! A reply before it goes on the wire, and the writer of its JSON.
//!
//! JSON is written as text: a fault may put any token where a number stands, and numbers keep the
//! digits they were given.

use serde_json::Value;

/// Media type of JSON replies; CapMonster's JavaScript client insists on it.
pub(crate) const JSON: &str = "application/json";
/// Media type of the legacy dialect's plain replies.
pub(crate) const PLAIN: &str = "text/plain; charset=utf-8";

/// Status, media type and body.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn json(status: u16, object: Object) -> Self {
        Self { status, content_type: JSON.to_owned(), body: object.close().into_bytes() }
    }

    pub(crate) fn plain(status: u16, text: String) -> Self {
        Self { status, content_type: PLAIN.to_owned(), body: text.into_bytes() }
    }
}

/// Writes one JSON object, field by field.
#[derive(Debug)]
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Self {
        Self("{".to_owned())
    }

    /// A field whose value is written as given.
    pub(crate) fn raw(mut self, name: &str, value: &str) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        // Field names are this crate's own and need no escaping.
        self.0.push('"');
        self.0.push_str(name);
        self.0.push_str("\":");
        self.0.push_str(value);
        self
    }

    pub(crate) fn text(self, name: &str, value: &str) -> Self {
        let quoted = quote(value);
        self.raw(name, &quoted)
    }

    pub(crate) fn number(self, name: &str, value: u64) -> Self {
        self.raw(name, &value.to_string())
    }

    pub(crate) fn null(self, name: &str) -> Self {
        self.raw(name, "null")
    }

    pub(crate) fn close(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// JSON text of a string.
pub(crate) fn quote(text: &str) -> String {
    Value::from(text).to_string()
}
