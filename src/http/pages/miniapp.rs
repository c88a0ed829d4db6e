//! The Mini App: framed by Telegram's web clients and by nobody else.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use rust_embed::Embed;

use super::super::HttpState;
use super::{linked, page};

#[derive(Embed)]
#[folder = "miniapp/dist"]
struct Files;

/// The policy of the page. Older WebKit does not count a socket as `'self'`, so its origin is named.
pub(in crate::http) fn policy(public_origin: &str) -> HeaderValue {
    let socket = public_origin.replacen("http", "ws", 1);
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         connect-src 'self' {socket}; base-uri 'none'; form-action 'none'; \
         frame-ancestors https://web.telegram.org https://*.telegram.org"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// The page.
pub(in crate::http) async fn index(State(state): State<HttpState>, headers: HeaderMap) -> Response {
    page::<Files>(&headers, state.inner.miniapp_policy.clone())
}

/// A file of the page.
pub(in crate::http) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    linked::<Files>(&format!("assets/{path}"), &headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_whole_and_has_nothing_inline() {
        super::super::assert_whole::<Files>("/");
    }

    #[test]
    fn a_socket_is_of_the_same_origin() {
        let policy = policy("https://keys.example.com");
        let policy = policy.to_str().expect("text");
        assert!(policy.contains("connect-src 'self' wss://keys.example.com;"), "{policy}");
    }
}
