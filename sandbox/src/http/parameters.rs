//! Collects the legacy dialect's parameters from wherever a client put them.
//!
//! Query first, then the body: a form, multipart, or JSON under any media type. Body fields win.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Multipart, Query, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::{Form, extract::DefaultBodyLimit};
use serde_json::Value;

use crate::dialect::legacy_request::Parameters;

use super::service::MOST_BYTES;

type Pairs = Vec<(String, String)>;

/// Reads all parameters of a request; the error is a ready answer.
pub(super) async fn read(request: Request) -> Result<Parameters, Response> {
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, MOST_BYTES).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE.into_response())?;
    let mut parameters = Parameters::default();
    let Query(query) = Query::<Pairs>::try_from_uri(&parts.uri).map_err(IntoResponse::into_response)?;
    parameters.fields.extend(query);
    let media_type =
        parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    if media_type.starts_with("multipart/form-data") {
        read_multipart(&mut parameters, parts, bytes).await?;
    } else if let Ok(Value::Object(fields)) = serde_json::from_slice(&bytes) {
        let text = |value: Value| match value {
            Value::String(text) => text,
            Value::Bool(flag) => u8::from(flag).to_string(),
            other => other.to_string(),
        };
        parameters.fields.extend(fields.into_iter().map(|(name, value)| (name, text(value))));
    } else if media_type.starts_with("application/x-www-form-urlencoded") {
        let request = Request::from_parts(parts, Body::from(bytes));
        let Form(form) = Form::<Pairs>::from_request(request, &()).await.map_err(IntoResponse::into_response)?;
        parameters.fields.extend(form);
    }
    Ok(parameters)
}

async fn read_multipart(parameters: &mut Parameters, parts: Parts, bytes: Bytes) -> Result<(), Response> {
    let mut request = Request::from_parts(parts, Body::from(bytes));
    // The size was checked above; axum's own limit is lower.
    DefaultBodyLimit::max(MOST_BYTES).apply(&mut request);
    let mut multipart = Multipart::from_request(request, &()).await.map_err(IntoResponse::into_response)?;
    while let Some(field) = multipart.next_field().await.map_err(IntoResponse::into_response)? {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "file" || field.file_name().is_some() {
            let content = field.bytes().await.map_err(IntoResponse::into_response)?;
            parameters.file = Some(content.len());
        } else {
            let text = field.text().await.map_err(IntoResponse::into_response)?;
            parameters.fields.insert(name, text);
        }
    }
    Ok(())
}
