//! The fields of a legacy request, from wherever a client put them: address, form, upload, JSON.
//!
//! Clients mix these freely, up to parameters in the address and a JSON body sent as text. The
//! body's fields count before those of the address.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use serde_json::{Map, Value};

use crate::providers::dialect::LegacyCall;

/// Most fields that are read.
const FIELDS_MAX: usize = 100;

/// Reads the call; `None` when its body is malformed or has too many fields.
pub(super) async fn read(parts: Parts, body: Bytes) -> Option<LegacyCall> {
    let from_address = parsed(parts.uri.query().unwrap_or("").as_bytes())?;
    let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let (mut fields, file) = if content_type.starts_with("multipart/form-data") {
        uploaded(parts, body).await?
    } else if body.trim_ascii_start().starts_with(b"{") {
        (from_json(&body)?, None)
    } else {
        (parsed(&body)?, None)
    };
    fields.extend(from_address);
    (fields.len() <= FIELDS_MAX).then(|| LegacyCall::from_fields(fields, file))
}

fn parsed(form: &[u8]) -> Option<Vec<(String, String)>> {
    serde_urlencoded::from_bytes(form).ok()
}

fn from_json(body: &[u8]) -> Option<Vec<(String, String)>> {
    let members: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let fields = members.into_iter().filter_map(|(name, value)| match value {
        Value::String(text) => Some((name, text)),
        Value::Number(number) => Some((name, number.to_string())),
        Value::Bool(yes) => Some((name, if yes { "1" } else { "0" }.to_owned())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    });
    Some(fields.collect())
}

async fn uploaded(parts: Parts, body: Bytes) -> Option<(Vec<(String, String)>, Option<Vec<u8>>)> {
    let request = Request::from_parts(parts, Body::from(body));
    let mut multipart = Multipart::from_request(request, &()).await.ok()?;
    let mut fields = Vec::new();
    let mut file = None;
    while let Some(field) = multipart.next_field().await.ok()? {
        let name = field.name().unwrap_or("").to_owned();
        let bytes = field.bytes().await.ok()?;
        if name == "file" {
            file = Some(bytes.to_vec());
        } else if fields.len() < FIELDS_MAX {
            fields.push((name, String::from_utf8(bytes.to_vec()).ok()?));
        } else {
            return None;
        }
    }
    Some((fields, file))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;
    use crate::providers::dialect::TaskRequest;

    async fn call(address: &str, content_type: &str, body: &str) -> Option<LegacyCall> {
        let request = Request::post(address).header(CONTENT_TYPE, content_type).body(()).expect("a request");
        read(request.into_parts().0, Bytes::from(body.to_owned())).await
    }

    type Found = (Option<String>, bool, Vec<(String, String)>, Option<Vec<u8>>);

    fn parts_of(call: LegacyCall) -> Found {
        let TaskRequest::Legacy { fields, file } = call.task else { panic!("it is legacy") };
        (call.token.map(|token| token.expose_secret().to_owned()), call.json, fields, file)
    }

    fn method(name: &str) -> Vec<(String, String)> {
        vec![("method".to_owned(), name.to_owned())]
    }

    #[tokio::test]
    async fn fields_are_found_wherever_they_are() {
        let expected = (Some("t".to_owned()), true, method("base64"), None);
        for (address, content_type, body) in [
            ("/in.php?key=t&method=base64&json=1", "", ""),
            ("/in.php", "application/x-www-form-urlencoded", "key=t&method=base64&json=1"),
            ("/in.php", "application/json", r#"{"key":"t","method":"base64","json":1}"#),
            ("/in.php?key=t&json=1", "text/plain", r#" {"method":"base64","list":[1]}"#),
        ] {
            let found = call(address, content_type, body).await.expect("a call");
            assert_eq!(parts_of(found), expected, "{address} {body}");
        }
    }

    #[tokio::test]
    async fn uploads_are_read() {
        let body = "--x\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nt\r\n\
                    --x\r\nContent-Disposition: form-data; name=\"method\"\r\n\r\npost\r\n\
                    --x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\nPNG\r\n--x--\r\n";
        let found = call("/in.php", "multipart/form-data; boundary=x", body).await.expect("a call");
        assert_eq!(parts_of(found), (Some("t".to_owned()), false, method("post"), Some(b"PNG".to_vec())));
    }

    #[tokio::test]
    async fn malformed_bodies_are_no_calls() {
        assert!(call("/in.php", "application/json", "{broken").await.is_none());
        assert!(call("/in.php", "multipart/form-data; boundary=x", "nothing").await.is_none());
        let many = "a=1&".repeat(FIELDS_MAX + 1);
        assert!(call("/in.php", "", &many).await.is_none());
    }
}
