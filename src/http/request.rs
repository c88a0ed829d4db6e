//! A GraphQL request as it arrives: in a body, in a query string, or in a socket's message.

use async_graphql::{Request, Variables};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::graphql::Api;

/// A request as the GraphQL-over-HTTP specification has it, and no batch of them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Asked {
    query: Option<String>,
    /// Of a trusted document, in place of its text.
    document_id: Option<String>,
    operation_name: Option<String>,
    variables: Option<Map<String, Value>>,
    /// Taken and not used: the specification lets every client send it.
    #[serde(rename = "extensions")]
    _extensions: Option<Map<String, Value>>,
}

impl Asked {
    /// The request of a body; `None` when it is none. The parser's own words may quote the body, so
    /// they are dropped.
    pub(super) fn in_body(body: &[u8]) -> Option<Self> {
        serde_json::from_slice(body).ok()
    }

    /// The request of a query string, in which variables and extensions are JSON.
    pub(super) fn in_query_string(text: &str) -> Option<Self> {
        let mut fields = Map::new();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            let value = match &*name {
                "variables" | "extensions" => serde_json::from_str(&value).ok()?,
                _ => Value::String(value.into_owned()),
            };
            if fields.insert(name.into_owned(), value).is_some() {
                return None;
            }
        }
        serde_json::from_value(Value::Object(fields)).ok()
    }

    /// Whether it names a document, by its text or by its id.
    pub(super) fn names_a_document(&self) -> bool {
        self.query.is_some() != self.document_id.is_some()
    }

    /// The request with its document's text; `None` without one, with two, or with an unknown id.
    pub(super) fn resolved(self, api: &Api) -> Option<Request> {
        let text = match (self.query, self.document_id) {
            (Some(text), None) => text,
            (None, Some(id)) => api.trusted_document(&id)?.to_owned(),
            _ => return None,
        };
        let mut request = Request::new(text);
        request.operation_name = self.operation_name;
        Some(request.variables(Variables::from_json(Value::Object(self.variables.unwrap_or_default()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_strict() {
        let reads = |text: &str| Asked::in_body(text.as_bytes()).is_some();
        assert!(reads(r#"{"query": "{ viewer { id } }"}"#));
        assert!(reads(r#"{"query": "", "operationName": null, "variables": {}, "extensions": {}}"#));
        assert!(!reads(r#"[{"query": "{ viewer { id } }"}]"#), "no batches");
        assert!(!reads(r#"{"query": "", "operation_name": "x"}"#));
        assert!(!reads(r#"{"query": "", "query": ""}"#));
        assert!(!reads(r#"{"query": "", "variables": []}"#));
        assert!(!reads(r#"{"query": 1}"#));
        assert!(!reads(r#"{"documentId": 1}"#));
    }

    #[test]
    fn a_query_string_is_strict() {
        let read =
            Asked::in_query_string("query=query+A(%24n:+Int)+%7B+a+%7D&operationName=A&variables=%7B%22n%22:1%7D");
        let read = read.expect("it is a request");
        assert_eq!(read.query.as_deref(), Some("query A($n: Int) { a }"));
        assert_eq!(read.operation_name.as_deref(), Some("A"));
        assert_eq!(read.variables.expect("variables")["n"], 1);
        for text in ["query=a&query=b", "query=a&variables=1", "query=a&variables=", "query=a&b=c"] {
            assert!(Asked::in_query_string(text).is_none(), "{text}");
        }
    }
}
