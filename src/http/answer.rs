//! An answer as it leaves: its status, its media type, and what goes with it.

use async_graphql::{Response as Answer, ServerError, Value};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, VARY, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::media::Media;
use crate::domain::Timestamp;
use crate::graphql::{ApiError, ErrorCode, RequestId, failure};

/// Room made for a body at once; most are no longer.
const BODY_BYTES: usize = 2048;

/// An answer in JSON: errors come first, and there is no data where nothing ran.
#[derive(Serialize)]
pub(super) struct Body<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [ServerError],
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Value>,
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    extensions: &'a std::collections::BTreeMap<String, Value>,
}

impl<'a> From<&'a Answer> for Body<'a> {
    fn from(answer: &'a Answer) -> Self {
        let data = (!never_ran(answer)).then_some(&answer.data);
        Self { errors: &answer.errors, data, extensions: &answer.extensions }
    }
}

/// Whether the request failed before any of its fields ran: then its errors have no path.
pub(super) fn never_ran(answer: &Answer) -> bool {
    !answer.errors.is_empty() && answer.data == Value::Null && answer.errors.iter().all(|error| error.path.is_empty())
}

/// The one place where a status is chosen for something that could be read as a request.
///
/// The published specification and its audit want 200 for whatever ran, and for
/// `application/graphql-response+json` 400 for what could not run; for `application/json` every
/// fault of the document is answered by 200. See `docs/adr/0009`.
fn status(answer: &Answer, media: Media) -> StatusCode {
    if !never_ran(answer) {
        return StatusCode::OK;
    }
    match (answer.errors.first().and_then(code), media) {
        (Some(ErrorCode::Unauthenticated | ErrorCode::LoginExpired), _) => StatusCode::UNAUTHORIZED,
        (Some(ErrorCode::Forbidden), _) => StatusCode::FORBIDDEN,
        (Some(ErrorCode::RateLimited), _) => StatusCode::TOO_MANY_REQUESTS,
        (Some(ErrorCode::Timeout), _) => StatusCode::SERVICE_UNAVAILABLE,
        (Some(ErrorCode::Internal) | None, _) => StatusCode::INTERNAL_SERVER_ERROR,
        (_, Media::GraphqlResponse) => StatusCode::BAD_REQUEST,
        (_, Media::Json) => StatusCode::OK,
    }
}

fn code(error: &ServerError) -> Option<ErrorCode> {
    text_of(error, "code").and_then(ErrorCode::from_code)
}

fn text_of<'a>(error: &'a ServerError, name: &str) -> Option<&'a str> {
    match error.extensions.as_ref()?.get(name)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// The answer to something that could be read as a request.
pub(super) fn answered(answer: &Answer, media: Media, now: Timestamp) -> Response {
    let mut response = written(status(answer, media), answer, media);
    let retry_at = answer.errors.first().and_then(|error| text_of(error, "retryAt")).and_then(Timestamp::from_rfc3339);
    if let Some(retry_at) = retry_at {
        // Rounded up: a second too early would be refused again.
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_at.since(now).as_secs() + 1));
    }
    response
}

/// The answer to what is no request, or comes from nobody we know.
pub(super) fn refused(status: StatusCode, error: &ApiError, id: &RequestId, media: Media) -> Response {
    written(status, &failure(error, &id.0), media)
}

fn written(status: StatusCode, answer: &Answer, media: Media) -> Response {
    let mut body = Vec::with_capacity(BODY_BYTES);
    if serde_json::to_writer(&mut body, &Body::from(answer)).is_err() {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media.content_type()));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("accept, authorization"));
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

#[cfg(test)]
mod tests {
    use async_graphql::{PathSegment, value};

    use super::*;

    fn failed(code: ErrorCode) -> Answer {
        failure(&ApiError::new(code), "r-1")
    }

    #[test]
    fn the_status_says_how_the_request_fared() {
        let (new, old) = (Media::GraphqlResponse, Media::Json);
        for (answer, in_new, in_old) in [
            (Answer::new(value!({ "viewer": null })), 200, 200),
            (failed(ErrorCode::ParseFailed), 400, 200),
            (failed(ErrorCode::ValidationFailed), 400, 200),
            (failed(ErrorCode::BadUserInput), 400, 200),
            (failed(ErrorCode::QueryTooCostly), 400, 200),
            (failed(ErrorCode::Unauthenticated), 401, 401),
            (failed(ErrorCode::LoginExpired), 401, 401),
            (failed(ErrorCode::Forbidden), 403, 403),
            (failed(ErrorCode::RateLimited), 429, 429),
            (failed(ErrorCode::Timeout), 503, 503),
            (failed(ErrorCode::Internal), 500, 500),
        ] {
            assert_eq!((status(&answer, new).as_u16(), status(&answer, old).as_u16()), (in_new, in_old), "{answer:?}");
        }
    }

    #[test]
    fn there_is_data_where_something_ran() {
        let json = |answer: &Answer| serde_json::to_string(&Body::from(answer)).expect("it is JSON");
        assert_eq!(json(&Answer::new(value!({ "a": 1 }))), r#"{"data":{"a":1}}"#);
        let refused = json(&failed(ErrorCode::ParseFailed));
        assert!(refused.starts_with(r#"{"errors":[{"message""#) && !refused.contains("data"), "{refused}");
        let mut ran = failed(ErrorCode::Internal);
        ran.errors[0].path = vec![PathSegment::Field("viewer".to_owned())];
        assert_eq!(status(&ran, Media::GraphqlResponse), StatusCode::OK);
        assert!(json(&ran).ends_with(r#","data":null}"#), "{}", json(&ran));
    }

    #[test]
    fn whoever_may_come_again_is_told_when() {
        let now = Timestamp::from_micros(1_000_000);
        let limited = failure(&ApiError::rate_limited(Timestamp::from_micros(31_500_000)), "r-1");
        let response = answered(&limited, Media::Json, now);
        assert_eq!(response.headers()[RETRY_AFTER], "31");
        assert!(!answered(&failed(ErrorCode::Internal), Media::Json, now).headers().contains_key(RETRY_AFTER));
    }
}
