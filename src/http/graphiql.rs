//! GraphiQL, served from the binary. Big files are embedded in compressed form only.

use axum::extract::Path;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use rust_embed::{Embed, EmbeddedFile};

#[derive(Embed)]
#[folder = "graphiql/dist"]
struct Files;

/// Everything from here and nothing inline; the style sheet brings its fonts along.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// Encodings that files may be embedded in, best first, with the ending of their names.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// The page.
pub(super) async fn index(headers: HeaderMap) -> Response {
    let mut response = serve("index.html", &headers);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, POLICY);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// A file of the page; its name changes with its content.
pub(super) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let mut response = serve(&path, &headers);
    if response.status() == StatusCode::OK && path.starts_with("assets/") {
        let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
        response.headers_mut().insert(CACHE_CONTROL, forever);
    }
    response
}

fn serve(path: &str, headers: &HeaderMap) -> Response {
    let Some((file, encoding)) = find(path, headers) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = file.data.into_response();
    let own = response.headers_mut();
    own.insert(CONTENT_TYPE, media_type(path));
    own.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        own.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// The file in the best form that the client takes. One that is embedded only in forms which it
/// does not name goes out as gzip, which every client of this page reads.
fn find(path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let compressed = |ending: &str| Files::get(&format!("{path}{ending}"));
    let preferred = ENCODINGS.into_iter().filter(|(encoding, _)| accepts(accepted, encoding));
    let best = preferred.filter_map(|(encoding, ending)| Some((compressed(ending)?, Some(encoding)))).next();
    best.or_else(|| Some((Files::get(path)?, None))).or_else(|| Some((compressed(".gz")?, Some("gzip"))))
}

/// Whether the header names the encoding without refusing it.
fn accepts(header: &str, encoding: &str) -> bool {
    header.split(',').any(|entry| {
        let (name, weight) = entry.split_once(';').unwrap_or((entry, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
        name.trim().eq_ignore_ascii_case(encoding) && weight > 0.0
    })
}

fn media_type(path: &str) -> HeaderValue {
    HeaderValue::from_static(match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("md") => "text/markdown; charset=utf-8",
        _ => "application/octet-stream",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_negotiated() {
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(accepts("BR;q=0.5", "br"));
        assert!(!accepts("br;q=0, gzip", "br"));
        assert!(!accepts("brotli", "br"));
        assert!(!accepts("", "gzip"));
    }

    #[test]
    fn every_file_of_the_page_is_found_and_typed() {
        let headers = |value| HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]);
        assert!(matches!(find("index.html", &headers("br")), Some((_, None))));
        let page = Files::get("index.html").expect("the page is built");
        let page = std::str::from_utf8(&page.data).expect("HTML is text").to_owned();
        let mut linked = 0;
        for part in page.split('"').filter_map(|part| part.strip_prefix("/graphiql/")) {
            let (_, encoding) = find(part, &headers("gzip, br")).expect("what the page links is there");
            assert!(encoding.is_none_or(|encoding| encoding == "br"));
            assert!(find(part, &HeaderMap::new()).is_some());
            assert_ne!(media_type(part), "application/octet-stream", "{part}");
            linked += 1;
        }
        assert!(linked >= 2, "a script and a style sheet");
        assert!(find("../Cargo.toml", &headers("br")).is_none());
    }

    #[test]
    fn the_page_has_nothing_inline() {
        let page = Files::get("index.html").expect("the page is built");
        let page = std::str::from_utf8(&page.data).expect("HTML is text").to_owned();
        assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("<script>"));
        assert!(!page.contains("://"), "nothing from elsewhere");
    }
}
