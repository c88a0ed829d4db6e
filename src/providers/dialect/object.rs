//! A JSON object of a provider, read for its raw texts.
//!
//! Figures and ids must not pass through a double, so members stay raw until somebody asks for
//! them as what they should be. A name that occurs twice makes the object unreadable: two costs
//! are no cost.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Longest task id that is believed.
const ID_LENGTH_MAX: usize = 128;

/// A JSON object as its members' raw texts.
pub(crate) struct Object<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members: Self::Value = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    if members.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom("a name occurs twice"));
                    }
                    members.push((name, value));
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Members).map(Self)
    }
}

impl<'a> Object<'a> {
    /// Reads an object; `None` for anything else.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The raw text of a member; `None` when it is absent or null.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        Some(value.get()).filter(|text| *text != "null")
    }

    /// A member that is a string.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.raw(name)?).ok()
    }

    /// A member that is a whole number.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        serde_json::from_str(self.raw(name)?).ok()
    }

    /// A member that is an object, an array or a string with something in it, as raw text.
    pub(crate) fn filled(&self, name: &str) -> Option<&'a str> {
        let raw = self.raw(name)?;
        let blank = serde_json::from_str::<serde_json::Value>(raw).ok().is_none_or(|value| match value {
            serde_json::Value::Object(members) => members.is_empty(),
            serde_json::Value::Array(items) => items.is_empty(),
            serde_json::Value::String(text) => text.is_empty(),
            _ => true,
        });
        (!blank).then_some(raw)
    }

    /// A member that is a task id, as text: a number keeps its digits, whatever their count.
    pub(crate) fn task_id(&self, name: &str) -> Option<String> {
        let raw = self.raw(name)?;
        let id = if raw.starts_with('"') { serde_json::from_str(raw).ok()? } else { raw.to_owned() };
        let is_number = !raw.starts_with('"');
        is_task_id(&id, is_number).then_some(id)
    }

    /// The members' names and raw texts in their order.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.get()))
    }
}

/// Whether a text can be a task id. Zero stands for "none" in several replies.
pub(crate) fn is_task_id(id: &str, is_number: bool) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let all_zeros = id.bytes().all(|byte| byte == b'0');
    !id.is_empty()
        && id.len() <= ID_LENGTH_MAX
        && !all_zeros
        && !id.starts_with('-')
        && if is_number { id.bytes().all(|byte| byte.is_ascii_digit()) } else { id.bytes().all(plain) }
}

/// Appends a text as a JSON string, without a copy of it elsewhere.
pub(crate) fn push_string(buffer: &mut Vec<u8>, text: &str) {
    buffer.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => buffer.extend_from_slice(&[b'\\', byte]),
            0..0x20 => {
                const DIGITS: &[u8; 16] = b"0123456789abcdef";
                let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
                buffer.extend_from_slice(b"\\u00");
                buffer.extend_from_slice(&[DIGITS[high], DIGITS[low]]);
            }
            _ => buffer.push(byte),
        }
    }
    buffer.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_keep_their_digits() {
        for (text, expected) in [
            (r#"{"taskId":72345678901}"#, Some("72345678901")),
            (r#"{"taskId":9007199254740993}"#, Some("9007199254740993")),
            (r#"{"taskId":99999999999999999999}"#, Some("99999999999999999999")),
            (r#"{"taskId":"61138bb6-19fb-11ec"}"#, Some("61138bb6-19fb-11ec")),
            (r#"{"taskId":0}"#, None),
            (r#"{"taskId":-5}"#, None),
            (r#"{"taskId":"-5"}"#, None),
            (r#"{"taskId":1.5}"#, None),
            (r#"{"taskId":1e3}"#, None),
            (r#"{"taskId":""}"#, None),
            (r#"{"taskId":"a b"}"#, None),
            (r#"{"taskId":null}"#, None),
            (r#"{"taskId":[1]}"#, None),
            (r#"{"taskId":true}"#, None),
            (r#"{}"#, None),
        ] {
            let object = Object::parse(text).expect("it is an object");
            assert_eq!(object.task_id("taskId").as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn two_members_of_one_name_are_none() {
        assert!(Object::parse(r#"{"cost":1,"cost":2}"#).is_none());
        assert!(Object::parse(r#"["cost"]"#).is_none());
        assert!(Object::parse(r#"{"cost":1"#).is_none());
    }

    #[test]
    fn strings_are_escaped() {
        let mut buffer = Vec::new();
        push_string(&mut buffer, "a\"b\\c\n\u{e9}");
        let text = String::from_utf8(buffer).unwrap();
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), "a\"b\\c\n\u{e9}");
    }
}
