//! GraphiQL: framed by nobody. Its style sheet brings its fonts along.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use rust_embed::Embed;

use super::{linked, page};

#[derive(Embed)]
#[folder = "graphiql/dist"]
struct Files;

const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The page.
pub(in crate::http) async fn index(headers: HeaderMap) -> Response {
    page::<Files>(&headers, POLICY)
}

/// A file of the page.
pub(in crate::http) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    linked::<Files>(&path, &headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_whole_and_has_nothing_inline() {
        super::super::assert_whole::<Files>("/graphiql/");
    }
}
