//! GraphQL over POST: one strict JSON request, one JSON answer.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::{HttpState, Inner};
use crate::graphql::{ApiError, Caller, ErrorCode, RequestId, failure};

/// A request as the GraphQL-over-HTTP specification has it, and no batch of them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    query: String,
    operation_name: Option<String>,
    variables: Option<serde_json::Map<String, serde_json::Value>>,
    /// Taken and not used: the specification lets every client send it.
    #[serde(rename = "extensions")]
    _extensions: Option<serde_json::Map<String, serde_json::Value>>,
}

impl From<Body> for async_graphql::Request {
    fn from(body: Body) -> Self {
        let mut request = Self::new(body.query);
        request.operation_name = body.operation_name;
        let variables = serde_json::Value::Object(body.variables.unwrap_or_default());
        request.variables(async_graphql::Variables::from_json(variables))
    }
}

/// Answers a POST to the endpoint.
pub(super) async fn answer(
    State(state): State<HttpState>,
    Extension(id): Extension<RequestId>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if !is_json(&headers) {
        return refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, &ApiError::bad_input(), &id);
    }
    let body = match body {
        Ok(body) => body,
        Err(rejection) => return refused(rejection.status(), &ApiError::bad_input(), &id),
    };
    let caller = match caller(&state.inner, &headers).await {
        Ok(caller) => caller,
        Err(error) if error.code() == ErrorCode::Internal => {
            return refused(StatusCode::INTERNAL_SERVER_ERROR, &error, &id);
        }
        Err(error) => return refused(StatusCode::UNAUTHORIZED, &error, &id),
    };
    // The parser's own words may quote the body, so they are dropped.
    let Ok(body) = serde_json::from_slice::<Body>(&body) else {
        return refused(StatusCode::BAD_REQUEST, &ApiError::bad_input(), &id);
    };
    let mut request = async_graphql::Request::from(body).data(id.clone());
    if let Some(caller) = caller {
        request = request.data(caller);
    }
    let within = state.inner.settings.answer_within;
    match tokio::time::timeout(within, state.inner.schema.execute(request)).await {
        Ok(answer) => json(&answer),
        Err(_) => json(&failure(&ApiError::new(ErrorCode::Timeout), &id.0)),
    }
}

/// Only `application/json`: other media types can be sent by a page of another origin unasked.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split(';').next().is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"))
}

/// The caller of the request; `None` where nobody tries to sign in.
async fn caller(inner: &Inner, headers: &HeaderMap) -> Result<Option<Caller>, ApiError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        let has_any = headers.contains_key(AUTHORIZATION);
        return if has_any { Err(ApiError::new(ErrorCode::Unauthenticated)) } else { Ok(None) };
    };
    let value = value.to_str().map_err(|_| ApiError::new(ErrorCode::Unauthenticated))?;
    Ok(Some(inner.login(value).await?.caller))
}

fn refused(status: StatusCode, error: &ApiError, id: &RequestId) -> Response {
    (status, json(&failure(error, &id.0))).into_response()
}

/// The answer as JSON that nobody keeps.
pub(super) fn json(answer: &async_graphql::Response) -> Response {
    let headers = [(CONTENT_TYPE, "application/json; charset=utf-8"), (CACHE_CONTROL, "no-store")];
    match serde_json::to_vec(answer) {
        Ok(body) => (headers, body).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_json_is_taken() {
        for (value, taken) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/json-patch+json", false),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("text/plain; application/json", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(value));
            assert_eq!(is_json(&headers), taken, "{value}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }

    #[test]
    fn the_request_is_strict() {
        let reads = |text: &str| serde_json::from_str::<Body>(text).is_ok();
        assert!(reads(r#"{"query": "{ viewer { id } }"}"#));
        assert!(reads(r#"{"query": "", "operationName": null, "variables": {}, "extensions": {}}"#));
        assert!(!reads(r#"[{"query": "{ viewer { id } }"}]"#), "no batches");
        assert!(!reads(r#"{"query": "", "operation_name": "x"}"#));
        assert!(!reads(r#"{"query": "", "variables": []}"#));
        assert!(!reads(r#"{"query": 1}"#));
        assert!(!reads("{}"));
    }
}
