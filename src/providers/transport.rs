//! The one HTTP client: bounded in time and size, no redirects, no proxy, no retries, and no way into our own
//! networks by a name.
//!
//! It refuses to send inside a transaction. Its errors are converted here and nowhere else: an
//! address may hold a key, so none survives, and what is left says whether the request can have
//! arrived.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use url::Url;
use zeroize::Zeroizing;

use super::lane::Lane;
use super::walls::Walls;
use crate::domain::guard::in_transaction;

/// Time for a whole call.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Time to establish a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an idle connection is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3);

/// Longest reply that is read.
const REPLY_BYTES_MAX: usize = 256 * 1024;

/// Longest wait that a reply may ask for.
const RETRY_AFTER_MAX: u64 = 60 * 60;

/// A request, ready to be sent. It holds a key.
pub(super) struct Outgoing {
    pub(super) url: Url,
    /// What is posted and its content type; without it the request is a GET.
    pub(super) content: Option<(&'static str, Zeroizing<Vec<u8>>)>,
}

/// A reply, whatever its status.
pub(super) struct Incoming {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
    /// The wait that the reply asks for.
    pub(super) retry_after: Option<Duration>,
}

/// Why there is no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoReply {
    /// The request was not sent.
    NeverSent,
    /// Nobody tried to send it: there was no turn, or calls are paused for so long.
    Held(Duration),
    /// The request may have arrived.
    Unclear,
}

/// The HTTP client cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be set up")]
pub struct TransportError(#[source] reqwest::Error);

/// The HTTP client.
pub(super) struct Transport {
    client: reqwest::Client,
}

impl Transport {
    #[expect(clippy::disallowed_methods, reason = "this is the one HTTP client")]
    pub(super) fn new() -> Result<Self, TransportError> {
        // Whoever came first has installed the same provider: there is only one in the build.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("key-recycling/", env!("CARGO_PKG_VERSION")))
            .timeout(TOTAL_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .dns_resolver(Arc::new(Walls::new()))
            // Servers hang up on idle connections, many after 5 s; a task sent into that is unclear.
            .pool_idle_timeout(IDLE_TIMEOUT)
            // A repeated request may buy a task twice.
            .retry(reqwest::retry::never())
            .http1_only()
            .build()
            .map_err(TransportError)?;
        Ok(Self { client })
    }

    /// Sends when the lane gives a turn, and reads the reply.
    pub(super) async fn send(&self, lane: &Lane, outgoing: Outgoing) -> Result<Incoming, NoReply> {
        let provider = lane.entry.code.as_str();
        if in_transaction() {
            tracing::error!(provider, "refused to call a provider inside a transaction");
            return Err(NoReply::NeverSent);
        }
        let Ok(_turn) = lane.turn().await else {
            tracing::warn!(provider, "no turn for a provider call in time");
            return Err(NoReply::Held(Duration::ZERO));
        };
        let request = match outgoing.content {
            None => self.client.get(outgoing.url),
            Some((content_type, body)) => self
                .client
                .post(outgoing.url)
                .header(reqwest::header::CONTENT_TYPE, content_type)
                .body(Bytes::from_owner(body)),
        };
        let response = request.send().await.map_err(|error| no_reply(provider, error))?;
        let status = response.status().as_u16();
        let retry_after = retry_after(&response);
        let body = read(provider, response).await?;
        tracing::trace!(provider, status, bytes = body.len(), "a provider has replied");
        Ok(Incoming { status, body, retry_after })
    }
}

/// Reads the body up to the limit.
async fn read(provider: &'static str, mut response: reqwest::Response) -> Result<Vec<u8>, NoReply> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| no_reply(provider, error))? {
        if body.len() + chunk.len() > REPLY_BYTES_MAX {
            tracing::warn!(provider, "a provider's reply is too long");
            return Err(NoReply::Unclear);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The one place that converts the client's errors. Their address, which may hold a key, is cut off.
fn no_reply(provider: &'static str, error: reqwest::Error) -> NoReply {
    let error = error.without_url();
    let fault = if error.is_connect() || error.is_builder() { NoReply::NeverSent } else { NoReply::Unclear };
    tracing::debug!(provider, timeout = error.is_timeout(), ?fault, "a provider call brought no reply");
    fault
}

/// The delay of a `Retry-After` header in seconds; dates are not looked at.
fn retry_after(response: &reqwest::Response) -> Option<Duration> {
    let text = response.headers().get(reqwest::header::RETRY_AFTER)?.to_str().ok()?;
    let seconds: u64 = text.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(RETRY_AFTER_MAX)))
}

#[cfg(test)]
static_assertions::assert_not_impl_any!(Outgoing: Clone, std::fmt::Display, serde::Serialize);
