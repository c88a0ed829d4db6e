//! Delivers a reply, whole or damaged to order.
//!
//! Waiting ends early when the sandbox stops, so no fault can hold it up.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use futures_util::stream;
use serde_json::{Map, Value};
use tokio::sync::watch;

use crate::clock::Millis;
use crate::fault::FaultKind;
use crate::reply::{JSON, Reply};

use super::gzip;
use super::line::Peer;

/// Long enough for the first part of a body to leave before the connection ends.
const PART_PAUSE: Duration = Duration::from_millis(50);
const CHUNK: usize = 64 << 10;
const PAGE: &str = "<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\
<body><h1>502 Bad Gateway</h1></body></html>\n";

type Halt = watch::Receiver<bool>;

/// Sends a reply after `latency`, through the fault if there is one.
pub(super) async fn deliver(
    mut reply: Reply,
    fault: Option<FaultKind>,
    latency: Millis,
    peer: &Peer,
    halt: &Halt,
) -> Response {
    pause(Duration::from_millis(latency), halt).await;
    let Some(fault) = fault else {
        return whole(reply);
    };
    match fault {
        FaultKind::Status { status, content_type, body, headers } => {
            let bare = Reply {
                status,
                content_type: content_type.unwrap_or_else(|| JSON.to_owned()),
                body: body.unwrap_or_default().into_bytes(),
            };
            with_headers(whole(bare), &headers)
        }
        FaultKind::Hang { ms } => {
            pause(Duration::from_millis(ms), halt).await;
            cut(peer)
        }
        FaultKind::Delay { ms } => {
            pause(Duration::from_millis(ms), halt).await;
            whole(reply)
        }
        FaultKind::Reset => cut(peer),
        FaultKind::ResetMidBody => {
            let length = reply.body.len();
            broken_off(&reply, length / 2, length, Some(peer), halt)
        }
        FaultKind::Drip { interval_ms } => drip(reply, Duration::from_millis(interval_ms), halt),
        FaultKind::WrongLength => {
            let length = reply.body.len();
            broken_off(&reply, length, length + 64, None, halt)
        }
        FaultKind::HugeBody { bytes } => huge(reply, bytes),
        FaultKind::GzipBomb { bytes } => {
            reply.body = gzip::bomb(&reply.body, bytes);
            with_header(whole(reply), CONTENT_ENCODING, "gzip")
        }
        FaultKind::Redirect { location } => {
            reply.status = StatusCode::TEMPORARY_REDIRECT.as_u16();
            reply.body.clear();
            with_header(whole(reply), LOCATION, &location)
        }
        other => whole(rewritten(reply, other)),
    }
}

/// Faults that are another body, nothing more.
fn rewritten(mut reply: Reply, fault: FaultKind) -> Reply {
    match fault {
        FaultKind::Truncate => reply.body.truncate(reply.body.len() / 2),
        FaultKind::DoubleJson => reply.body = reply.body.repeat(2),
        FaultKind::Html { status } => {
            reply.status = status.unwrap_or(200);
            "text/html".clone_into(&mut reply.content_type);
            reply.body = PAGE.as_bytes().to_vec();
        }
        FaultKind::Garbage => reply.body = vec![b'{', b'"', 0xff, 0xfe, 0xc3, 0x28, b'"', b':', 0x80],
        FaultKind::Nesting { depth } => {
            reply.body = b"[".repeat(depth);
            reply.body.extend(b"]".repeat(depth));
        }
        FaultKind::WrongContentType => "image/png".clone_into(&mut reply.content_type),
        FaultKind::Raw { body, status, content_type } => {
            reply.body = body.into_bytes();
            reply.status = status.unwrap_or(reply.status);
            reply.content_type = content_type.unwrap_or(reply.content_type);
        }
        // The others never reach the wire: they change the outcome, or are handled above.
        _ => {}
    }
    reply
}

/// Waits, but not beyond the sandbox's own end.
async fn pause(time: Duration, halt: &Halt) {
    if time.is_zero() {
        return;
    }
    let mut halt = halt.clone();
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        // An error means that the sender is gone, which is the same thing.
        _ = halt.wait_for(|stopping| *stopping) => {}
    }
}

fn cut(peer: &Peer) -> Response {
    peer.cut();
    Response::new(Body::empty())
}

fn whole(reply: Reply) -> Response {
    let body = Body::from(reply.body);
    respond(reply.status, &reply.content_type, body)
}

fn respond(status: u16, content_type: &str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT);
    with_header(response, CONTENT_TYPE, content_type)
}

fn with_header(mut response: Response, name: HeaderName, value: &str) -> Response {
    // Values come from fault orders; one that cannot be a header is left out.
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response
}

fn with_headers(response: Response, headers: &Map<String, Value>) -> Response {
    headers.iter().fold(response, |response, (name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        match HeaderName::try_from(name) {
            Ok(name) => with_header(response, name, &text),
            Err(_) => response,
        }
    })
}

/// A body whose announced length need not be true.
fn announced<S>(reply: &Reply, length: usize, body: S) -> Response
where
    S: stream::Stream<Item = io::Result<Bytes>> + Send + 'static,
{
    let response = respond(reply.status, &reply.content_type, Body::from_stream(body));
    with_header(response, CONTENT_LENGTH, &length.to_string())
}

/// Sends the first `sent` bytes of the body, then ends: by a reset if there is a peer to cut.
fn broken_off(reply: &Reply, sent: usize, length: usize, reset: Option<&Peer>, halt: &Halt) -> Response {
    let part = Bytes::copy_from_slice(&reply.body[..sent]);
    let (reset, halt) = (reset.cloned(), halt.clone());
    let body = stream::unfold(Some(part), move |first| {
        let (reset, halt) = (reset.clone(), halt.clone());
        async move {
            if first.is_none() {
                pause(PART_PAUSE, &halt).await;
                if let Some(peer) = &reset {
                    peer.cut();
                }
            }
            let item = first.ok_or_else(|| io::ErrorKind::ConnectionReset.into());
            Some((item, None))
        }
    });
    announced(reply, length, body)
}

fn drip(reply: Reply, interval: Duration, halt: &Halt) -> Response {
    let length = reply.body.len();
    let head = Reply { body: Vec::new(), ..reply.clone() };
    let halt = halt.clone();
    let body = stream::unfold(reply.body.into_iter(), move |mut rest| {
        let halt = halt.clone();
        async move {
            let byte = rest.next()?;
            pause(interval, &halt).await;
            Some((Ok(Bytes::copy_from_slice(&[byte])), rest))
        }
    });
    announced(&head, length, body)
}

/// A well-formed object with a very long text in it.
fn huge(reply: Reply, bytes: u64) -> Response {
    let start = Bytes::from_static(b"{\"errorId\":0,\"padding\":\"");
    let end = Bytes::from_static(b"\"}");
    let chunk = Bytes::from(vec![b'x'; CHUNK]);
    let chunks = usize::try_from(bytes).unwrap_or(usize::MAX).div_ceil(CHUNK);
    let pieces = std::iter::once(start)
        .chain(std::iter::repeat_n(chunk, chunks))
        .chain(std::iter::once(end))
        .map(Ok::<Bytes, Infallible>);
    respond(reply.status, &reply.content_type, Body::from_stream(stream::iter(pieces)))
}
