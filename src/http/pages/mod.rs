//! Pages served from the binary: the Mini App and GraphiQL, each a folder that its own build filled.
//!
//! Files lie in compressed forms beside or instead of themselves, so nothing is compressed while
//! serving. The page itself is asked for again each time, cheaply by its tag; what it links has names
//! that change with the content and is kept for good.

pub(super) mod graphiql;
pub(super) mod miniapp;

use std::fmt::Write as _;

use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use rust_embed::{Embed, EmbeddedFile};

/// Encodings that files may be embedded in, best first, with the ending of their names.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// The page of a folder, under its policy.
fn page<F: Embed>(headers: &HeaderMap, policy: HeaderValue) -> Response {
    let mut response = serve::<F>("index.html", headers);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// A file that a page links. Those under `assets/` have names that change with their content.
fn linked<F: Embed>(path: &str, headers: &HeaderMap) -> Response {
    let mut response = serve::<F>(path, headers);
    if path.starts_with("assets/") && response.status() != StatusCode::NOT_FOUND {
        let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
        response.headers_mut().insert(CACHE_CONTROL, forever);
    }
    response
}

fn serve<F: Embed>(path: &str, headers: &HeaderMap) -> Response {
    let Some((file, encoding)) = find::<F>(path, headers) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let tag = tag(&file);
    let is_known = headers.get(IF_NONE_MATCH).is_some_and(|known| names(known, &tag));
    let mut response = if is_known { StatusCode::NOT_MODIFIED.into_response() } else { file.data.into_response() };
    let own = response.headers_mut();
    own.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        own.insert(ETAG, tag);
    }
    if !is_known {
        own.insert(CONTENT_TYPE, media_type(path));
        if let Some(encoding) = encoding {
            own.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
        }
    }
    response
}

/// A strong tag: each form of a file has bytes, and so a hash, of its own.
fn tag(file: &EmbeddedFile) -> String {
    let mut tag = "\"".to_owned();
    for byte in &file.metadata.sha256_hash()[..16] {
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

/// Whether an `If-None-Match` names the tag, for which a weak one is as good.
fn names(known: &HeaderValue, tag: &str) -> bool {
    known.to_str().is_ok_and(|known| {
        known.split(',').any(|one| {
            let one = one.trim();
            one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag
        })
    })
}

/// The file in the best form that the client takes. One that is embedded only in forms which it
/// does not name goes out as gzip, which every client of these pages reads.
fn find<F: Embed>(path: &str, headers: &HeaderMap) -> Option<(EmbeddedFile, Option<&'static str>)> {
    // A debug build reads the folder itself, in which this would lead somewhere.
    if path.split('/').any(|part| part == "..") {
        return None;
    }
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let compressed = |ending: &str| F::get(&format!("{path}{ending}"));
    let preferred = ENCODINGS.into_iter().filter(|(encoding, _)| accepts(accepted, encoding));
    let best = preferred.filter_map(|(encoding, ending)| Some((compressed(ending)?, Some(encoding)))).next();
    best.or_else(|| Some((F::get(path)?, None))).or_else(|| Some((compressed(".gz")?, Some("gzip"))))
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

/// Holds for each page: all that it links under `prefix` is there in every form, and nothing in it is
/// inline or from elsewhere.
#[cfg(test)]
fn assert_whole<F: Embed>(prefix: &str) {
    let headers = |value| HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]);
    assert!(find::<F>("index.html", &headers("br")).is_some());
    let page = F::get("index.html").expect("the page is built");
    let page = std::str::from_utf8(&page.data).expect("HTML is text").to_owned();
    let mut linked = 0;
    for part in page.split('"').filter_map(|part| part.strip_prefix(prefix)).filter(|part| !part.is_empty()) {
        let (_, encoding) = find::<F>(part, &headers("gzip, br")).expect("what the page links is there");
        assert!(encoding.is_none_or(|encoding| encoding == "br"));
        assert!(find::<F>(part, &HeaderMap::new()).is_some());
        assert_ne!(media_type(part), "application/octet-stream", "{part}");
        linked += 1;
    }
    assert!(linked >= 2, "a script and a style sheet");
    assert!(find::<F>("../Cargo.toml", &headers("br")).is_none());
    assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("<script>"));
    assert!(!page.contains("://"), "nothing from elsewhere");
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
    fn a_tag_is_known_again() {
        let names = |known| names(&HeaderValue::from_static(known), "\"ab\"");
        assert!(names("\"ab\"") && names("W/\"ab\"") && names("\"cd\", \"ab\"") && names("*"));
        assert!(!names("\"abc\"") && !names("ab") && !names(""));
    }
}
