//! Money and tokens as whole nano-units.
//!
//! Owns the only conversion between decimal text and numbers in this crate. Invariant: an amount
//! never passes through floating point, and its text form is exact. What an amount counts
//! (dollars, or Multibot's tokens) is the provider's affair.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

const UNIT: i128 = 1_000_000_000;
const PLACES: usize = 9;
const WHOLE_DIGITS: usize = 12;

/// An amount in nano-units of the provider's currency; may be negative.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Amount(i128);

impl Amount {
    pub(crate) const ZERO: Self = Self(0);

    pub(crate) const fn from_nano(nano: i64) -> Self {
        // `From` is not available in constants; widening loses nothing.
        Self(nano as i128)
    }

    /// Reads plain decimal text: digits, at most nine of them after the point, an optional minus.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(whole) || !plain(fraction) || whole.len() > WHOLE_DIGITS || fraction.len() > PLACES {
            return None;
        }
        let nano = format!("{whole}{fraction:0<PLACES$}").parse::<i128>().ok()?;
        Some(Self(if negative { -nano } else { nano }))
    }

    /// Decimal text with at least `least` and at most `most` places, rounded down.
    pub(crate) fn with_places(self, least: usize, most: usize) -> String {
        let step = 10_i128.pow(u32::try_from(PLACES.saturating_sub(most)).unwrap_or(0));
        let floored = self.0.div_euclid(step) * step;
        let sign = if floored < 0 { "-" } else { "" };
        let magnitude = floored.abs();
        let fraction = format!("{:09}", magnitude % UNIT);
        let needed = fraction.trim_end_matches('0').len();
        let shown = &fraction[..needed.max(least).min(PLACES)];
        let whole = magnitude / UNIT;
        if shown.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{shown}") }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.with_places(0, PLACES))
    }
}

impl Add for Amount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Amount {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Amount {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl SubAssign for Amount {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| de::Error::custom("an amount is decimal text such as \"1.25\", at most nine places"))
    }
}

#[cfg(test)]
mod tests {
    use super::Amount;

    #[test]
    fn text_is_exact_both_ways() {
        for text in ["0", "1.25", "0.000000001", "-0.5", "999999999999.999999999"] {
            let amount = Amount::parse(text).expect("plain decimal text");
            assert_eq!(amount.to_string(), text);
        }
    }

    #[test]
    fn loose_text_is_refused() {
        for text in ["", ".", "1.", ".5", "+1", "1e3", "1_000", "0.0000000001", "1234567890123"] {
            assert!(Amount::parse(text).is_none(), "{text} was accepted");
        }
    }

    #[test]
    fn places_round_down_and_pad() {
        let amount = Amount::parse("7.1234567").expect("plain decimal text");
        assert_eq!(amount.with_places(0, 6), "7.123456");
        assert_eq!(Amount::parse("50.25").expect("text").with_places(4, 6), "50.2500");
        assert_eq!(Amount::parse("-0.0000001").expect("text").with_places(0, 6), "-0.000001");
        assert_eq!(Amount::parse("3").expect("text").with_places(0, 6), "3");
    }
}
