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
    pub(super) fn new() -> Result<Self, TransportError> {
        Self::within(Walls::new())
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one HTTP client")]
    fn within(walls: Walls) -> Result<Self, TransportError> {
        // Whoever came first has installed the same provider: there is only one in the build.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .user_agent(concat!("key-recycling/", env!("CARGO_PKG_VERSION")))
            .timeout(TOTAL_TIMEOUT)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .dns_resolver(Arc::new(walls))
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

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::timeout;
    use tokio_rustls::TlsAcceptor;

    use super::*;

    /// Whether the names below were asked for.
    static ASKED: AtomicBool = AtomicBool::new(false);

    /// A client whose every name is answered with this machine.
    fn led_home() -> reqwest::Client {
        let walls = Walls::answering(|_| {
            ASKED.store(true, Ordering::SeqCst);
            Box::pin(async { Ok(vec![SocketAddr::from(([127, 0, 0, 1], 0))]) })
        });
        Transport::within(walls).expect("a client").client
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_never_connected_to() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let port = listener.local_addr().expect("an address").port();
        let refused =
            led_home().get(format!("http://api.example.com:{port}/")).send().await.expect_err("it is refused");
        assert!(refused.is_connect(), "nothing was sent: {refused:?}");
        assert!(ASKED.load(Ordering::SeqCst), "the name was looked up by our own resolver");
        let nobody = timeout(Duration::from_millis(200), listener.accept()).await;
        assert!(nobody.is_err(), "somebody came");
        let local = tokio::spawn(led_home().get(format!("http://localhost:{port}/")).send());
        assert!(listener.accept().await.is_ok(), "what is written as local is local");
        local.abort();
    }

    #[tokio::test]
    async fn a_certificate_that_nobody_vouches_for_is_refused() {
        let client = Transport::new().expect("a client").client;
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
        let key = rustls::pki_types::PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        let config = rustls::ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![made.cert.der().clone()], key).expect("a configuration");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
        let port = listener.local_addr().expect("an address").port();
        let asked = tokio::spawn(async move {
            let (connection, _) = listener.accept().await.expect("a connection");
            let Ok(mut connection) = TlsAcceptor::from(Arc::new(config)).accept(connection).await else { return false };
            let mut request = [0; 1_024];
            let read = connection.read(&mut request).await.unwrap_or(0);
            let _ = connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
            read > 0
        });
        let refused = client.get(format!("https://localhost:{port}/")).send().await.expect_err("it is refused");
        assert!(refused.is_connect(), "nothing was sent: {refused:?}");
        assert!(!asked.await.expect("it ends"), "a request went over it");
    }
}
