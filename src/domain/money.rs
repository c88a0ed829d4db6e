//! Money: whole nano-dollars, never a float.
//!
//! [`Usd`] is what the ledger, the holds and the balances are made of. Its text form is the one of
//! the API: no exponent, no plus sign, no trailing zeros, at most nine places.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};
use std::str::FromStr;

/// Nano-dollars in one dollar.
pub const NANOS_PER_USD: i64 = 1_000_000_000;

/// Decimal places of a nano-dollar amount.
pub const PLACES: usize = 9;

/// An amount of US dollars as a signed whole number of nano-dollars (1e-9 USD).
///
/// The range is about ±9.2 billion dollars. Every amount that enters the system is bounded far
/// below that (balances by 10^6 USD, transfers by configuration), so the arithmetic operators,
/// which panic on overflow, cannot overflow on admitted values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Usd(i64);

impl Usd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The amount of so many nano-dollars.
    #[must_use]
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// The amount in nano-dollars.
    #[must_use]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whether the amount is exactly zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether the amount is above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Whether the amount is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// This amount, or zero when it is negative.
    #[must_use]
    pub fn or_zero(self) -> Self {
        self.max(Self::ZERO)
    }

    /// The sum, or `None` when it does not fit.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// This amount taken `factor` times, or `None` when it does not fit.
    #[must_use]
    pub fn checked_mul(self, factor: i64) -> Option<Self> {
        self.0.checked_mul(factor).map(Self)
    }
}

impl Add for Usd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.checked_add(other.0).expect("admitted amounts are bounded far below i64"))
    }
}

impl Sub for Usd {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.checked_sub(other.0).expect("admitted amounts are bounded far below i64"))
    }
}

impl Neg for Usd {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.checked_neg().expect("admitted amounts are bounded far below i64"))
    }
}

impl AddAssign for Usd {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Usd {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Usd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let nanos_per_usd = NANOS_PER_USD.unsigned_abs();
        let (whole, fraction) = (magnitude / nanos_per_usd, magnitude % nanos_per_usd);
        let sign = if self.0 < 0 { "-" } else { "" };
        if fraction == 0 {
            return write!(formatter, "{sign}{whole}");
        }
        let places = format!("{fraction:09}");
        write!(formatter, "{sign}{whole}.{}", places.trim_end_matches('0'))
    }
}

/// Why a text is not an amount of dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsdParseError {
    /// Not an optional minus sign, digits, and at most one point between digits.
    #[error("not a decimal number of dollars")]
    Malformed,
    /// More than nine places.
    #[error("more than nine decimal places")]
    TooPrecise,
    /// Beyond the range of [`Usd`].
    #[error("amount out of range")]
    OutOfRange,
}

impl FromStr for Usd {
    type Err = UsdParseError;

    /// Reads the API's text form: `-?digits(.digits)?`, at most nine places, ASCII only.
    fn from_str(text: &str) -> Result<Self, UsdParseError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !all_digits(whole) || !all_digits(fraction) {
            return Err(UsdParseError::Malformed);
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > PLACES {
            return Err(UsdParseError::TooPrecise);
        }
        let nanos = format!("{whole}{fraction:0<9}");
        let magnitude: i64 = nanos.parse().map_err(|_| UsdParseError::OutOfRange)?;
        Ok(Self(if negative { -magnitude } else { magnitude }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_canonical() {
        for (nanos, text) in [
            (0, "0"),
            (1, "0.000000001"),
            (-1, "-0.000000001"),
            (2_990_000, "0.00299"),
            (1_000_000_000, "1"),
            (-12_500_000_000, "-12.5"),
        ] {
            assert_eq!(Usd::from_nanos(nanos).to_string(), text);
        }
    }

    #[test]
    fn input_grammar_is_strict() {
        for text in ["", "-", ".", "1.", ".5", "+1", "1e3", "1_000", "1,5", " 1", "１", "0x1", "--1", "NaN"] {
            assert_eq!(text.parse::<Usd>(), Err(UsdParseError::Malformed), "{text}");
        }
        assert_eq!("0.0000000001".parse::<Usd>(), Err(UsdParseError::TooPrecise));
        assert_eq!("99999999999999".parse::<Usd>(), Err(UsdParseError::OutOfRange));
        assert_eq!("0.0010000000000".parse::<Usd>(), Ok(Usd::from_nanos(1_000_000)));
    }

    proptest! {
        #[test]
        fn text_round_trips(nanos in -i64::MAX..=i64::MAX) {
            let amount = Usd::from_nanos(nanos);
            prop_assert_eq!(amount.to_string().parse::<Usd>(), Ok(amount));
        }

        /// Amounts add up as their nano-dollars do.
        #[test]
        fn arithmetic_is_that_of_whole_numbers(one in -1_i64 << 60..1 << 60, other in -1_i64 << 60..1 << 60) {
            let (left, right) = (Usd::from_nanos(one), Usd::from_nanos(other));
            prop_assert_eq!((left + right).nanos(), one + other);
            prop_assert_eq!((left - right).nanos(), one - other);
            prop_assert_eq!((-left).nanos(), -one);
            let mut account = left;
            account += right;
            prop_assert_eq!(account, left + right);
            account -= right;
            prop_assert_eq!(account, left);
            prop_assert_eq!([left, right, left].into_iter().sum::<Usd>(), left + right + left);
        }
    }

    #[test]
    fn amounts_know_their_sign() {
        for (nanos, zero, positive, negative) in
            [(0, true, false, false), (1, false, true, false), (-1, false, false, true), (i64::MAX, false, true, false)]
        {
            let amount = Usd::from_nanos(nanos);
            assert_eq!(
                (amount.is_zero(), amount.is_positive(), amount.is_negative()),
                (zero, positive, negative),
                "{nanos}"
            );
            assert_eq!(amount.or_zero().nanos(), if negative { 0 } else { nanos });
        }
        assert_eq!(Usd::default(), Usd::ZERO);
    }

    #[test]
    fn what_does_not_fit_is_none_and_never_wraps() {
        let (most, two) = (Usd::from_nanos(i64::MAX), Usd::from_nanos(2));
        assert_eq!(two.checked_add(Usd::from_nanos(3)), Some(Usd::from_nanos(5)));
        assert_eq!(two.checked_mul(-3), Some(Usd::from_nanos(-6)));
        assert_eq!(most.checked_add(two), None);
        assert_eq!(most.checked_mul(2), None);
        let least = Usd::from_nanos(i64::MIN);
        let panics =
            |operation: fn(Usd, Usd) -> Usd, one, other| std::panic::catch_unwind(|| operation(one, other)).is_err();
        assert!(panics(|one, other| one + other, most, two));
        assert!(panics(|one, other| one - other, least, two));
        assert!(panics(|one, _| -one, least, two));
    }

    #[test]
    fn dollars_and_places_are_read_as_written() {
        for (text, nanos) in [
            ("0", 0),
            ("-0", 0),
            ("1", 1_000_000_000),
            ("-12.5", -12_500_000_000),
            ("0.123456789", 123_456_789),
            ("007.50", 7_500_000_000),
            ("9223372036.854775807", i64::MAX),
        ] {
            assert_eq!(text.parse::<Usd>(), Ok(Usd::from_nanos(nanos)), "{text}");
        }
    }
}
