//! The schema's own scalars: money, moments, the key that goes in and the token that comes out.
//!
//! A refused value gets a fixed sentence: what a caller sent is echoed nowhere.

use async_graphql::{InputValueError, InputValueResult, Scalar, ScalarType, Value};
use secrecy::ExposeSecret as _;

use crate::domain;
use crate::domain::Secret;

/// US dollars as a decimal string with at most nine places, never a JSON number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Usd(pub(crate) domain::Usd);

/// US dollars as a decimal string with at most nine places, never a JSON number.
#[Scalar(name = "Usd", specified_by_url = "https://www.w3.org/TR/xmlschema11-2/#decimal")]
impl ScalarType for Usd {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = value else {
            return Err(InputValueError::custom("an amount is a decimal string"));
        };
        text.parse()
            .map(Self)
            .map_err(|_| InputValueError::custom("an amount is a decimal string of at most nine places"))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

impl From<domain::Usd> for Usd {
    fn from(amount: domain::Usd) -> Self {
        Self(amount)
    }
}

/// A moment in UTC as RFC 3339 text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DateTime(pub(crate) domain::Timestamp);

/// A moment in UTC as RFC 3339 text.
#[Scalar(name = "DateTime", specified_by_url = "https://scalars.graphql.org/andimarek/date-time.html")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let Value::String(text) = value else {
            return Err(InputValueError::custom("a moment is RFC 3339 text"));
        };
        domain::Timestamp::from_rfc3339(&text)
            .map(Self)
            .ok_or_else(|| InputValueError::custom("a moment is RFC 3339 text"))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_rfc3339())
    }
}

impl From<domain::Timestamp> for DateTime {
    fn from(moment: domain::Timestamp) -> Self {
        Self(moment)
    }
}

/// A provider's API key: taken as input only, no output field has this type.
#[derive(Debug)]
pub(crate) struct ProviderKey(pub(crate) Secret);

/// A provider's API key: taken as input only, no output field has this type.
#[Scalar(name = "ProviderKey", specified_by_url = "https://www.rfc-editor.org/rfc/rfc8265#section-4.2")]
impl ScalarType for ProviderKey {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) => Ok(Self(Secret::from(text))),
            _ => Err(InputValueError::custom("a key is text")),
        }
    }

    fn to_value(&self) -> Value {
        // Asked for where a default value is shown; a key never comes out.
        Value::Null
    }
}

/// A secret good for one task at the provider and any number of polls: lease_ and at most 90 letters and digits.
#[derive(Debug)]
pub(crate) struct LeaseToken(pub(crate) Secret);

/// A secret good for one task at the provider and any number of polls: lease_ and at most 90 letters and digits.
#[Scalar(name = "LeaseToken", specified_by_url = "https://www.rfc-editor.org/rfc/rfc6750#section-2.1")]
impl ScalarType for LeaseToken {
    fn parse(_value: Value) -> InputValueResult<Self> {
        Err(InputValueError::custom("a lease token is given out only"))
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.expose_secret().to_owned())
    }
}

/// A count for the API, whose Int has 32 bits; larger ones show as the largest.
pub(crate) fn int(count: impl TryInto<i32>) -> i32 {
    count.try_into().unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    static_assertions::assert_not_impl_any!(ProviderKey: Clone, std::fmt::Display, serde::Serialize);
    static_assertions::assert_not_impl_any!(LeaseToken: Clone, std::fmt::Display, serde::Serialize);

    #[test]
    fn refusals_do_not_echo() {
        let secret = "a-made-up-secret-value";
        let usd = Usd::parse(Value::from(secret)).map(|_| ()).map_err(|error| format!("{error:?}"));
        assert!(!usd.expect_err("no amount").contains(secret));
        let moment = DateTime::parse(Value::from(secret)).map(|_| ()).map_err(|error| format!("{error:?}"));
        assert!(!moment.expect_err("no moment").contains(secret));
        let key = ProviderKey::parse(Value::from(vec![Value::from(secret)])).map(|_| ());
        assert!(!key.map_err(|error| format!("{error:?}")).expect_err("a list is no key").contains(secret));
    }

    #[test]
    fn a_key_never_comes_out() {
        let key = ProviderKey::parse(Value::from("made-up")).map_err(|_| ()).expect("text is a key");
        assert_eq!(key.to_value(), Value::Null);
    }

    #[test]
    fn amounts_are_strings() {
        assert_eq!(Usd::parse(Value::from("0.10")).map_err(|_| ()).map(|usd| usd.to_value()), Ok(Value::from("0.1")));
        assert!(Usd::parse(Value::from(1)).is_err());
        assert!(Usd::parse(Value::from("1e3")).is_err());
    }

    #[test]
    fn counts_saturate() {
        assert_eq!(int(5_u64), 5);
        assert_eq!(int(u64::MAX), i32::MAX);
    }
}
