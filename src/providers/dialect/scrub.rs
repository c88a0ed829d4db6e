//! Takes a key out of what a provider said, before anything of it is kept.
//!
//! Replies are walked as raw JSON: numbers keep their digits and strings are compared after their
//! escapes are undone, so a key can't hide behind `\u0041`.

use secrecy::ExposeSecret;
use serde_json::value::RawValue;

use super::object::{Object, push_string};
use crate::domain::Secret;

/// What stands in the place of a key.
const BLANK: &str = "***";

/// Deepest nesting that is kept; below it stands null.
const DEPTH_MAX: usize = 32;

/// A text without the key, in whatever letter case the key occurs.
pub(crate) fn text(text: &str, key: &Secret) -> String {
    let needle = key.expose_secret().as_bytes();
    let bytes = text.as_bytes();
    if needle.is_empty() || needle.len() > bytes.len() {
        return text.to_owned();
    }
    let mut kept = String::with_capacity(text.len());
    let mut start = 0;
    let mut position = 0;
    while position + needle.len() <= bytes.len() {
        let end = position + needle.len();
        if bytes[position..end].eq_ignore_ascii_case(needle)
            && text.is_char_boundary(position)
            && text.is_char_boundary(end)
        {
            kept.push_str(&text[start..position]);
            kept.push_str(BLANK);
            (start, position) = (end, end);
        } else {
            position += 1;
        }
    }
    kept.push_str(&text[start..]);
    kept
}

/// The text of a figure without the key: what stands in a JSON string, other JSON compactly, and
/// what is no JSON as it is, but for quotes around it.
pub(crate) fn figure(raw: &str, key: &Secret) -> String {
    match raw.as_bytes().first() {
        Some(b'{' | b'[') => json(raw, key),
        _ => match serde_json::from_str::<String>(raw) {
            Ok(inner) => text(&inner, key),
            Err(_) => text(raw.trim_matches('"'), key),
        },
    }
}

/// Raw JSON without the key, written compactly; null when it is no JSON.
pub(crate) fn json(raw: &str, key: &Secret) -> String {
    let mut kept = Vec::with_capacity(raw.len());
    write(&mut kept, raw, key, 0);
    String::from_utf8(kept).unwrap_or_else(|_| "null".to_owned())
}

fn write(kept: &mut Vec<u8>, raw: &str, key: &Secret, depth: usize) {
    let parsed = match raw.as_bytes().first() {
        Some(b'{') if depth < DEPTH_MAX => Object::parse(raw).map(|object| write_object(kept, &object, key, depth)),
        Some(b'[') if depth < DEPTH_MAX => {
            serde_json::from_str::<Vec<&RawValue>>(raw).ok().map(|items| write_array(kept, &items, key, depth))
        }
        Some(b'{' | b'[') => None,
        Some(b'"') => serde_json::from_str::<String>(raw).ok().map(|inner| push_string(kept, &text(&inner, key))),
        // A literal or a number: it can hold a key only if the key is all digits.
        _ => (text(raw, key) == raw).then(|| kept.extend_from_slice(raw.as_bytes())),
    };
    if parsed.is_none() {
        kept.extend_from_slice(b"null");
    }
}

fn write_object(kept: &mut Vec<u8>, object: &Object<'_>, key: &Secret, depth: usize) {
    kept.push(b'{');
    for (position, (name, raw)) in object.members().enumerate() {
        if position > 0 {
            kept.push(b',');
        }
        push_string(kept, &text(name, key));
        kept.push(b':');
        write(kept, raw, key, depth + 1);
    }
    kept.push(b'}');
}

fn write_array(kept: &mut Vec<u8>, items: &[&RawValue], key: &Secret, depth: usize) {
    kept.push(b'[');
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            kept.push(b',');
        }
        write(kept, item.get(), key, depth + 1);
    }
    kept.push(b']');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Secret {
        Secret::from("CAP-MADEUPMADEUPMADEUP")
    }

    #[test]
    fn the_key_goes_wherever_it_stands() {
        let raw = r#"{"token":"CAP-MADEUPMADEUPMADEUP","list":["x cap-madeupmadeupmadeup y",{"CAP-MADEUPMADEUPMADEUP":1}],
            "hidden":"\u0043AP-MADEUPMADEUPMADEUP","n":0.0029900000000000002,"big":99999999999999999999}"#;
        assert_eq!(
            json(raw, &key()),
            r#"{"token":"***","list":["x *** y",{"***":1}],"hidden":"***","n":0.0029900000000000002,"big":99999999999999999999}"#
        );
    }

    #[test]
    fn other_text_stays() {
        assert_eq!(text("é CAP-MADEUP é", &key()), "é CAP-MADEUP é");
        assert_eq!(text("", &key()), "");
        assert_eq!(json("12", &Secret::from("12")), "null");
        assert_eq!(json("{broken", &key()), "null");
    }

    #[test]
    fn a_figure_hides_no_key_behind_escapes() {
        for (raw, expected) in [
            (r#""0.00299""#, "0.00299"),
            ("0.0029900000000000002", "0.0029900000000000002"),
            (r#""\u0043AP-MADEUPMADEUPMADEUP""#, "***"),
            (r#"["\u0043AP-MADEUPMADEUPMADEUP", 0.1]"#, r#"["***",0.1]"#),
            ("\"CAP-MADEUPMADEUPMADEUP", "***"),
            ("[0.1", "null"),
        ] {
            assert_eq!(figure(raw, &key()), expected, "{raw}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let raw = format!("{}{}", "[".repeat(100), "]".repeat(100));
        assert!(json(&raw, &key()).contains("null"));
    }
}
