//! Money as providers write it: the raw text of a JSON number or string, read exactly or refused.
//!
//! Providers pass amounts through doubles, so `0.0029900000000000002` arrives for 0.00299. A figure
//! of 15 or more significant digits within one unit of its 15th digit of a decimal of at most nine
//! places is that decimal; for a cost anything else is refused, a balance is floored. No figure
//! ever goes through a float here.

use super::money::{PLACES, Usd};

/// Longest text that is looked at; longer ones are refused unread.
const LENGTH_MAX: usize = 64;

/// Significant decimal digits that a double is sure to carry (IEEE 754 binary64: `DBL_DIG`).
const DOUBLE_DIGITS: usize = 15;

/// The highest balance that is believed.
pub const BALANCE_MAX: Usd = Usd::from_nanos(1_000_000 * super::money::NANOS_PER_USD);

/// Why a provider's figure is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FigureFault {
    /// Not a decimal number at all.
    #[error("not a number")]
    NotANumber,
    /// More places than a nano-dollar, and not a decimal that went through a double.
    #[error("finer than a nano-dollar")]
    TooFine,
    /// Below zero where that makes no sense.
    #[error("negative")]
    Negative,
    /// Beyond what is believed.
    #[error("out of range")]
    OutOfRange,
}

/// Reads a cost from raw JSON text (`0.00299`, `"0.00299"`): exact and not negative, or refused.
///
/// # Errors
/// The figure is no number, negative, finer than a nano-dollar, or beyond the range of [`Usd`].
pub fn parse_cost(raw: &str) -> Result<Usd, FigureFault> {
    let decimal = Decimal::parse(raw)?;
    let nanos = decimal.to_nanos()?;
    let magnitude = match nanos.snapped() {
        Some(magnitude) => magnitude,
        None => return Err(FigureFault::TooFine),
    };
    if decimal.negative && !magnitude.is_zero() {
        return Err(FigureFault::Negative);
    }
    Ok(magnitude)
}

/// Reads a balance from raw JSON text: snapped like a cost where it can be, else floored to a
/// nano-dollar; negative reads as zero.
///
/// # Errors
/// The figure is no number, or above [`BALANCE_MAX`].
pub fn parse_balance(raw: &str) -> Result<Usd, FigureFault> {
    let decimal = Decimal::parse(raw)?;
    if decimal.negative {
        return Ok(Usd::ZERO);
    }
    let nanos = decimal.to_nanos()?;
    let balance = nanos.snapped().unwrap_or(nanos.floor);
    if balance > BALANCE_MAX { Err(FigureFault::OutOfRange) } else { Ok(balance) }
}

/// Converts an amount in a provider's own unit (nine places kept in `units`) at a rate of whole
/// nano-dollars per unit, flooring.
///
/// # Errors
/// The product is above [`BALANCE_MAX`].
pub fn convert_units(units: Usd, nano_usd_per_unit: u64) -> Result<Usd, FigureFault> {
    let product = i128::from(units.nanos()) * i128::from(nano_usd_per_unit);
    let nanos = product.div_euclid(i128::from(super::money::NANOS_PER_USD));
    i64::try_from(nanos)
        .map(Usd::from_nanos)
        .ok()
        .filter(|amount| *amount <= BALANCE_MAX)
        .ok_or(FigureFault::OutOfRange)
}

/// A decimal as written: `digits` × 10^`exponent`, without leading or trailing zero digits.
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    exponent: i32,
}

impl Decimal {
    /// Accepts the JSON number grammar, with or without the quotes of a JSON string around it.
    /// Leading zeros (`007.5`) are tolerated, nothing else beyond JSON is.
    fn parse(raw: &str) -> Result<Self, FigureFault> {
        let text = raw.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(raw);
        if text.len() > LENGTH_MAX {
            return Err(FigureFault::NotANumber);
        }
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, power) = match text.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, parse_power(power)?),
            None => (text, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return Err(FigureFault::NotANumber),
            None => (mantissa, ""),
        };
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) {
            return Err(FigureFault::NotANumber);
        }
        let mut digits: Vec<u8> =
            whole.bytes().chain(fraction.bytes()).map(|byte| byte - b'0').skip_while(|digit| *digit == 0).collect();
        // LENGTH_MAX bounds the fraction, so the conversion cannot fail.
        let mut exponent = power - i32::try_from(fraction.len()).unwrap_or(i32::MAX);
        while digits.last() == Some(&0) {
            digits.pop();
            exponent += 1;
        }
        Ok(Self { negative, digits, exponent })
    }

    /// The magnitude in nano-dollars: whole part and the digits below.
    fn to_nanos(&self) -> Result<Nanos, FigureFault> {
        let places = i32::try_from(PLACES).unwrap_or(9);
        // Digits that stand at or above the nano-dollar.
        let above = i32::try_from(self.digits.len()).unwrap_or(i32::MAX) + self.exponent + places;
        if self.digits.is_empty() {
            return Ok(Nanos { floor: Usd::ZERO, below: Vec::new(), significant: 0 });
        }
        if above > 19 {
            return Err(FigureFault::OutOfRange);
        }
        let mut whole: i64 = 0;
        for position in 0..above {
            let digit = usize::try_from(position).ok().and_then(|index| self.digits.get(index)).copied().unwrap_or(0);
            whole = whole
                .checked_mul(10)
                .and_then(|value| value.checked_add(i64::from(digit)))
                .ok_or(FigureFault::OutOfRange)?;
        }
        let mut below = vec![0; usize::try_from(-above).unwrap_or(0).min(LENGTH_MAX)];
        below.extend(self.digits.iter().skip(usize::try_from(above).unwrap_or(0)));
        Ok(Nanos { floor: Usd::from_nanos(whole), below, significant: self.digits.len() })
    }
}

/// A magnitude split at the nano-dollar.
struct Nanos {
    floor: Usd,
    /// Digits below the nano-dollar, the tenth first.
    below: Vec<u8>,
    /// Significant digits of the whole figure.
    significant: usize,
}

impl Nanos {
    /// The exact amount, or the neighbour within one unit of the 15th significant digit.
    fn snapped(&self) -> Option<Usd> {
        if self.below.is_empty() {
            return Some(self.floor);
        }
        if self.significant < DOUBLE_DIGITS {
            return None;
        }
        let up = self.floor.checked_add(Usd::from_nanos(1))?;
        // The 15th digit stands `surplus` places above the figure's last digit.
        let surplus = self.significant - DOUBLE_DIGITS;
        let Some(kept) = self.below.len().checked_sub(surplus).filter(|kept| *kept > 0) else {
            // The 15th digit stands at or above the nano-dollar: the nearer neighbour is within it.
            return Some(if self.below[0] >= 5 { up } else { self.floor });
        };
        let (head, tail) = self.below.split_at(kept);
        let leading_zeros = head[..kept - 1].iter().all(|digit| *digit == 0);
        let tail_is_zero = tail.iter().all(|digit| *digit == 0);
        if leading_zeros && (head[kept - 1] == 0 || (head[kept - 1] == 1 && tail_is_zero)) {
            return Some(self.floor);
        }
        head.iter().all(|digit| *digit == 9).then_some(up)
    }
}

/// Reads the exponent after `e`; beyond ±400 no figure is meaningful.
fn parse_power(text: &str) -> Result<i32, FigureFault> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(FigureFault::NotANumber);
    }
    let magnitude: i32 = digits.parse().map_err(|_| FigureFault::OutOfRange)?;
    if magnitude > 400 {
        return Err(FigureFault::OutOfRange);
    }
    Ok(if text.starts_with('-') { -magnitude } else { magnitude })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::Decimal;

    use super::super::money::NANOS_PER_USD;
    use super::{BALANCE_MAX, FigureFault, Usd, convert_units, parse_balance, parse_cost};

    fn nanos(nanos: i64) -> Result<Usd, FigureFault> {
        Ok(Usd::from_nanos(nanos))
    }

    #[test]
    fn costs_are_exact_or_refused() {
        for (raw, expected) in [
            ("0.00299", nanos(2_990_000)),
            ("\"0.000700\"", nanos(700_000)),
            ("2.99e-3", nanos(2_990_000)),
            ("0", nanos(0)),
            ("-0", nanos(0)),
            ("\"-0.000000\"", nanos(0)),
            ("0.0029900000000000002", nanos(2_990_000)),
            ("0.0029899999999999998", nanos(2_990_000)),
            ("0.00299000000001", Err(FigureFault::TooFine)),
            ("0.0000000001", Err(FigureFault::TooFine)),
            ("0.123456789123456789", Err(FigureFault::TooFine)),
            ("-0.00299", Err(FigureFault::Negative)),
            ("1e308", Err(FigureFault::OutOfRange)),
            ("9999999999999999999999999999999999999999", Err(FigureFault::OutOfRange)),
            ("NaN", Err(FigureFault::NotANumber)),
            ("\"\"", Err(FigureFault::NotANumber)),
            ("null", Err(FigureFault::NotANumber)),
            ("[0.1]", Err(FigureFault::NotANumber)),
            ("\"0,00299\"", Err(FigureFault::NotANumber)),
            ("\"０.1\"", Err(FigureFault::NotANumber)),
            ("1_000", Err(FigureFault::NotANumber)),
            ("+1", Err(FigureFault::NotANumber)),
            (".5", Err(FigureFault::NotANumber)),
            ("5.", Err(FigureFault::NotANumber)),
            ("0x10", Err(FigureFault::NotANumber)),
        ] {
            assert_eq!(parse_cost(raw), expected, "{raw}");
        }
    }

    #[test]
    fn balances_are_floored_and_bounded() {
        for (raw, expected) in [
            ("12.3456", nanos(12_345_600_000)),
            ("0.0000000019", nanos(1)),
            ("0.30000000000000004", nanos(300_000_000)),
            ("-3.5", nanos(0)),
            ("1e6", nanos(1_000_000_000_000_000)),
            ("1000000.1", Err(FigureFault::OutOfRange)),
            ("\"7.5\"", nanos(7_500_000_000)),
            ("1234567.123456789012", Err(FigureFault::OutOfRange)),
            ("123456.12345678901", nanos(123_456_123_456_789)),
            ("Infinity", Err(FigureFault::NotANumber)),
        ] {
            assert_eq!(parse_balance(raw), expected, "{raw}");
        }
    }

    #[test]
    fn one_unit_of_the_15th_digit_is_the_noise_of_a_double() {
        let too_fine = || Err(FigureFault::TooFine);
        for (raw, expected) in [
            ("0.00299000000000001", nanos(2_990_000)),
            ("0.00298999999999999", nanos(2_990_000)),
            ("0.00299000000000002", too_fine()),
            ("0.00298999999999998", too_fine()),
            // A digit fewer is not what a double was printed with, and past the unit is past it.
            ("0.0029900000000001", too_fine()),
            ("0.002990000000000009", nanos(2_990_000)),
            ("0.002990000000000011", too_fine()),
            // Where the 15th digit stands at a nano-dollar or above, it is the nearer one.
            ("123456.1234567894", nanos(123_456_123_456_789)),
            ("123456.1234567895", nanos(123_456_123_456_790)),
            ("12345678.12345678949", nanos(12_345_678_123_456_789)),
            ("12345678.12345678951", nanos(12_345_678_123_456_790)),
        ] {
            assert_eq!(parse_cost(raw), expected, "{raw}");
        }
    }

    #[test]
    fn figures_end_where_they_mean_nothing() {
        let (long, longer) = (format!("{:064}", 7), format!("{:065}", 7));
        let (out, none) = (Err(FigureFault::OutOfRange), Err(FigureFault::NotANumber));
        for (raw, expected) in [
            ("9223372036.854775807", nanos(i64::MAX)),
            ("9223372036.854775808", out),
            ("10000000000", out),
            ("0e400", nanos(0)),
            ("0e401", out),
            ("1e-400", Err(FigureFault::TooFine)),
            ("1e-401", out),
            ("1e99999999999", out),
            ("1E+2", nanos(100_000_000_000)),
            ("1e", none),
            ("1e+", none),
            ("1e2.0", none),
            (&long, nanos(7_000_000_000)),
            (&longer, none),
        ] {
            assert_eq!(parse_cost(raw), expected, "{raw}");
        }
    }

    #[test]
    fn units_convert_by_flooring() {
        let one_dollar = NANOS_PER_USD.unsigned_abs();
        assert_eq!(convert_units(BALANCE_MAX, one_dollar), Ok(BALANCE_MAX));
        let above = BALANCE_MAX + Usd::from_nanos(1);
        assert_eq!(convert_units(above, one_dollar), Err(FigureFault::OutOfRange));
        assert_eq!(convert_units(Usd::from_nanos(4_892_500_000), 1_000_001), nanos(4_892_504));
        assert_eq!(convert_units(BALANCE_MAX, u64::MAX), Err(FigureFault::OutOfRange));
    }

    proptest! {
        /// Against an exact decimal library: what has at most nine places is read as it stands.
        #[test]
        fn plain_decimals_are_read_as_an_exact_library_reads_them(whole in 0_u32..1_000_000, places in "[0-9]{0,9}") {
            let text = if places.is_empty() { whole.to_string() } else { format!("{whole}.{places}") };
            let reference = Decimal::from_str_exact(&text).expect("it fits 28 digits") * Decimal::from(NANOS_PER_USD);
            let read = parse_cost(&text).map(|cost| Decimal::from(cost.nanos()));
            prop_assert_eq!(read, Ok(reference.normalize()));
            prop_assert_eq!(parse_balance(&text), parse_cost(&text));
        }

        #[test]
        fn a_price_through_a_double_comes_back(units in 0_i64..100_000_000) {
            // Up to 100 dollars in steps of a micro-dollar, printed with 17 significant digits.
            let exact = Usd::from_nanos(units * 1_000);
            let double: f64 = exact.to_string().parse().expect("a decimal parses as a double");
            prop_assert_eq!(parse_cost(&format!("{double:.17e}")), Ok(exact));
        }
    }
}
