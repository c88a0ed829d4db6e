//! Media types: what a request may come in, and what its answer goes out in.

use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};

/// The form of an answer. By it, and by nothing else, its status is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Media {
    /// `application/graphql-response+json`: the status says how the request fared.
    GraphqlResponse,
    /// `application/json`, as clients knew it before: what could be read as a request is answered
    /// by 200, whatever came of it.
    Json,
}

impl Media {
    /// The form that the `Accept` header wants most; `None` when it wants neither. A client that
    /// says nothing is an old one.
    pub(super) fn wanted(headers: &HeaderMap) -> Option<Self> {
        if !headers.contains_key(ACCEPT) {
            return Some(Self::Json);
        }
        let texts = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut ranges: Vec<(f32, u8, Self)> = texts.flat_map(|text| text.split(',')).filter_map(range).collect();
        // The dearest to the client first, then the most exact; the sort is stable.
        ranges.sort_by(|one, other| other.0.total_cmp(&one.0).then(other.1.cmp(&one.1)));
        ranges.first().filter(|(quality, ..)| *quality > 0.0).map(|(_, _, media)| *media)
    }

    /// The value of `Content-Type`.
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::GraphqlResponse => "application/graphql-response+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }
}

/// A media range with its quality and its exactness, if it is one of ours.
fn range(text: &str) -> Option<(f32, u8, Media)> {
    let mut parts = text.split(';').map(str::trim);
    let (media, exactness) = match parts.next()?.to_ascii_lowercase().as_str() {
        "application/graphql-response+json" => (Media::GraphqlResponse, 2),
        "application/json" => (Media::Json, 2),
        "application/*" => (Media::Json, 1),
        "*/*" => (Media::Json, 0),
        _ => return None,
    };
    let quality = parts.find_map(|part| part.strip_prefix("q="));
    Some((quality.map_or(Some(1.0), |quality| quality.parse().ok())?, exactness, media))
}

/// Whether the request's body is JSON in UTF-8. Other media types can be sent by a page of another
/// origin unasked.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = value.split(';').map(|part| part.trim().to_ascii_lowercase());
    let is_utf8 = |part: String| part.strip_prefix("charset=").is_none_or(|name| name.trim_matches('"') == "utf-8");
    parts.next().is_some_and(|media| media == "application/json") && parts.all(is_utf8)
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderName, HeaderValue};

    use super::*;

    fn with(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn only_json_is_taken() {
        for (value, taken) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/json; charset=\"UTF-8\"", true),
            ("application/json; charset=iso-8859-1", false),
            ("application/json-patch+json", false),
            ("application/graphql-response+json", false),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("text/plain; application/json", false),
        ] {
            assert_eq!(is_json(&with(CONTENT_TYPE, value)), taken, "{value}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }

    #[test]
    fn the_answer_is_of_the_form_that_is_wanted_most() {
        let new = Some(Media::GraphqlResponse);
        let old = Some(Media::Json);
        for (value, wanted) in [
            ("application/graphql-response+json", new),
            ("application/json", old),
            ("*/*", old),
            ("application/*", old),
            ("application/graphql-response+json, application/json;q=0.9", new),
            ("application/json, application/graphql-response+json", old),
            ("application/json;q=0.5, application/graphql-response+json;q=0.6", new),
            ("*/*, application/graphql-response+json", new),
            ("text/html, application/xhtml+xml, */*;q=0.8", old),
            ("APPLICATION/JSON; charset=utf-8", old),
            ("text/html", None),
            ("application/json;q=0", None),
            ("application/json;q=many", None),
            ("", None),
        ] {
            assert_eq!(Media::wanted(&with(ACCEPT, value)), wanted, "{value}");
        }
        assert_eq!(Media::wanted(&HeaderMap::new()), old);
    }
}
