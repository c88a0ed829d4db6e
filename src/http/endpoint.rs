//! The GraphQL endpoint: a POST or a GET becomes one request, and its answer one response.

use std::net::{IpAddr, SocketAddr};

use async_graphql::parser::types::OperationType;
use axum::body::Bytes;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{ConnectInfo, Extension, FromRequest as _, Request, State};
use axum::http::header::{ALLOW, AUTHORIZATION};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use tokio::time::timeout;

use super::answer::{answered, refused};
use super::media::{Media, is_json};
use super::request::Asked;
use super::{HttpState, Inner, socket};
use crate::domain::request_id;
use crate::graphql::{ApiError, Caller, ErrorCode, RequestId, failure};

/// Answers whatever comes to the endpoint.
pub(super) async fn answer(
    State(state): State<HttpState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    Extension(id): Extension<RequestId>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    request: Request,
) -> Response {
    if let Ok(upgrade) = upgrade {
        return socket::open(state.inner, upgrade, request.headers(), (id, peer.ip()));
    }
    let inner = &state.inner;
    let Some(media) = Media::wanted(request.headers()) else {
        return refused(StatusCode::NOT_ACCEPTABLE, &ApiError::bad_input(), &id, Media::Json);
    };
    match answer_as(inner, request, (&id, peer.ip()), media).await {
        Ok(response) => response,
        Err(refusal) if refusal.error.code() == ErrorCode::RateLimited => {
            answered(&failure(&refusal.error, &id.0), media, inner.clock.now())
        }
        Err(Refusal { status, error, allow }) => {
            let mut response = refused(status, &error, &id, media);
            if let Some(allow) = allow {
                response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
            }
            response
        }
    }
}

/// Why something is no request that could be run.
struct Refusal {
    status: StatusCode,
    error: ApiError,
    allow: Option<&'static str>,
}

impl From<StatusCode> for Refusal {
    fn from(status: StatusCode) -> Self {
        Self { status, error: ApiError::bad_input(), allow: None }
    }
}

impl Refusal {
    fn method(allow: &'static str) -> Self {
        Self { allow: Some(allow), ..StatusCode::METHOD_NOT_ALLOWED.into() }
    }
}

async fn answer_as(
    inner: &Inner,
    request: Request,
    (id, peer): (&RequestId, IpAddr),
    media: Media,
) -> Result<Response, Refusal> {
    let is_post = match *request.method() {
        Method::POST if !is_json(request.headers()) => return Err(StatusCode::UNSUPPORTED_MEDIA_TYPE.into()),
        Method::POST => true,
        Method::GET => false,
        _ => return Err(Refusal::method("GET, POST")),
    };
    // Whoever is not let in need not be listened to.
    let caller = known(inner, peer, caller(inner, request.headers()).await)?;
    let asked = if is_post {
        Asked::in_body(&body(inner, request).await?)
    } else {
        Asked::in_query_string(request.uri().query().unwrap_or_default())
    };
    let mut asked = asked.and_then(|asked| asked.resolved(&inner.api)).ok_or(StatusCode::BAD_REQUEST)?;
    // A link can make a browser send a GET.
    if !is_post && inner.api.operation_type(&asked) == Some(OperationType::Mutation) {
        return Err(Refusal::method("POST"));
    }
    asked = asked.data(id.clone());
    if let Some(caller) = caller {
        asked = asked.data(caller);
    }
    let answer = timeout(inner.settings.answer_within, request_id::within(&id.0, inner.api.execute(asked))).await;
    let answer = answer.unwrap_or_else(|_| failure(&ApiError::new(ErrorCode::Timeout), &id.0));
    Ok(answered(&answer, media, inner.clock.now()))
}

/// The body, within its bounds of size and time.
async fn body(inner: &Inner, request: Request) -> Result<Bytes, Refusal> {
    match timeout(inner.settings.body_within, Bytes::from_request(request, &())).await {
        Ok(body) => body.map_err(|rejection| rejection.status().into()),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT.into()),
    }
}

/// The caller of the request; `None` where nobody tries to sign in.
async fn caller(inner: &Inner, headers: &HeaderMap) -> Result<Option<Caller>, Refusal> {
    let unauthenticated = || Refusal::from(ApiError::new(ErrorCode::Unauthenticated));
    let mut values = headers.get_all(AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let value = value.to_str().map_err(|_| unauthenticated())?;
            Ok(Some(inner.login(value).await?.caller))
        }
        _ => Err(unauthenticated()),
    }
}

/// The caller, unless the address has come too often without a good login.
fn known(inner: &Inner, peer: IpAddr, caller: Result<Option<Caller>, Refusal>) -> Result<Option<Caller>, Refusal> {
    let is_stranger = match &caller {
        Ok(caller) => caller.is_none(),
        Err(refusal) => refusal.error.code() != ErrorCode::Internal,
    };
    if is_stranger {
        inner.strangers.admit(peer, inner.clock.now())?;
    }
    caller
}

impl From<ApiError> for Refusal {
    /// Of a login that failed.
    fn from(error: ApiError) -> Self {
        let is_ours = error.code() == ErrorCode::Internal;
        let status = if is_ours { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::UNAUTHORIZED };
        Self { status, error, allow: None }
    }
}
