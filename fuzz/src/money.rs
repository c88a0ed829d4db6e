//! Figures of providers and amounts of the API, against a reference that reckons in big integers.
//!
//! The reference reads a number letter by letter and compares exact fractions, where the product
//! splits texts and looks at digits; the two share no code.

use key_recycling::domain::Usd;
use key_recycling::domain::figure::{BALANCE_MAX, convert_units, parse_balance, parse_cost};
use num_bigint::BigInt;

/// Significant digits from which a figure may have gone through a double.
const DOUBLE_DIGITS: usize = 15;

/// Longest text between its quotes, and largest exponent, that are looked at.
const LENGTH_MAX: usize = 64;
const POWER_MAX: u32 = 400;

/// Reads the text as everything that money is read from.
pub fn look(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let cost = parse_cost(text).ok();
    let balance = parse_balance(text).ok();
    let reference = Reference::read(text);
    assert_eq!(cost.map(exact), reference.as_ref().and_then(Reference::cost), "cost of {text:?}");
    assert_eq!(balance.map(exact), reference.as_ref().and_then(Reference::balance), "balance of {text:?}");

    let amount: Option<Usd> = text.parse().ok();
    assert_eq!(amount.map(exact), plain_amount(text), "amount of {text:?}");
    for known in [cost, balance, amount].into_iter().flatten() {
        let said = known.to_string();
        assert_eq!(said.parse(), Ok(known), "{said:?}, from {text:?}, is read again");
        if !known.is_negative() {
            assert_eq!(parse_cost(&said), Ok(known), "{said:?}, from {text:?}, is a figure");
        }
    }
    if let Some(balance) = balance {
        converted(balance, data);
    }
}

/// Units at a rate, which is made of the same bytes.
fn converted(units: Usd, data: &[u8]) {
    let rate = data.iter().fold(0_u64, |rate, byte| rate.wrapping_mul(31).wrapping_add(u64::from(*byte)));
    for rate in [rate, rate % 10_000_000] {
        let product: BigInt = exact(units) * rate / 1_000_000_000;
        let expected = (product <= exact(BALANCE_MAX)).then_some(product);
        assert_eq!(convert_units(units, rate).ok().map(exact), expected, "{units} at {rate}");
    }
}

fn exact(amount: Usd) -> BigInt {
    amount.nanos().into()
}

fn power_of_ten(power: u32) -> BigInt {
    BigInt::from(10).pow(power)
}

/// What the API's own text form says, in nano-dollars.
fn plain_amount(text: &str) -> Option<BigInt> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (mut nanos, mut places, mut seen, mut point) = (BigInt::ZERO, 0_u32, false, false);
    for letter in digits.chars() {
        match letter {
            '0'..='9' => {
                seen = true;
                places += u32::from(point);
                nanos = nanos * 10 + letter.to_digit(10)?;
            }
            '.' if seen && !point => (point, seen) = (true, false),
            _ => return None,
        }
    }
    if !seen {
        return None;
    }
    let scaled: BigInt = nanos * power_of_ten(9);
    let unit = power_of_ten(places);
    let whole: BigInt = &scaled / &unit;
    let fits = whole <= i64::MAX.into() && scaled == &whole * unit;
    fits.then(|| if text.starts_with('-') { -whole } else { whole })
}

/// A figure as a fraction of nano-dollars.
struct Reference {
    negative: bool,
    /// The magnitude is `numerator / denominator`, a power of ten.
    numerator: BigInt,
    denominator: BigInt,
    /// The magnitude's unit of the fifteenth significant digit, over the same denominator.
    unit: Option<BigInt>,
}

impl Reference {
    /// The JSON grammar of numbers, leading zeros allowed, in quotes or not.
    fn read(text: &str) -> Option<Self> {
        let quoted = text.len() >= 2 && text.starts_with('"') && text.ends_with('"');
        let text = if quoted { &text[1..text.len() - 1] } else { text };
        if text.len() > LENGTH_MAX {
            return None;
        }
        let mut letters = text.chars().peekable();
        let negative = letters.next_if_eq(&'-').is_some();
        let mut digits = String::new();
        let mut take = |letters: &mut std::iter::Peekable<std::str::Chars<'_>>| {
            let before = digits.len();
            while let Some(digit) = letters.next_if(char::is_ascii_digit) {
                digits.push(digit);
            }
            i64::try_from(digits.len() - before).ok().filter(|taken| *taken > 0)
        };
        take(&mut letters)?;
        let places = if letters.next_if_eq(&'.').is_some() { take(&mut letters)? } else { 0 };
        let mut power = 0;
        if letters.next_if(|letter| matches!(letter, 'e' | 'E')).is_some() {
            let sign = letters.next_if(|letter| matches!(letter, '+' | '-'));
            let rest: String = letters.by_ref().collect();
            if rest.is_empty() || !rest.chars().all(|letter| letter.is_ascii_digit()) {
                return None;
            }
            let size: BigInt = rest.parse().ok()?;
            let size: i64 = u32::try_from(size).ok().filter(|size| *size <= POWER_MAX)?.into();
            power = if sign == Some('-') { -size } else { size };
        }
        letters.next().is_none().then(|| Self::of(negative, &digits, power - places + 9))
    }

    /// `digits` × 10^`exponent` nano-dollars.
    fn of(negative: bool, digits: &str, exponent: i64) -> Self {
        let significant = digits.trim_matches('0').len();
        let trailing = digits.len() - digits.trim_end_matches('0').len();
        let up = power_of_ten(u32::try_from(exponent.max(0)).expect("it is bounded"));
        let denominator = power_of_ten(u32::try_from((-exponent).max(0)).expect("it is bounded"));
        let place = significant.checked_sub(DOUBLE_DIGITS).map(|surplus| surplus + trailing);
        let unit = place.map(|place| power_of_ten(u32::try_from(place).expect("it is bounded")) * &up);
        let digits: BigInt = digits.parse().expect("they are digits");
        Self { negative, numerator: digits * up, denominator, unit }
    }

    fn floor(&self) -> BigInt {
        &self.numerator / &self.denominator
    }

    /// The whole amount that the figure is, or is within one unit of its fifteenth digit of.
    fn snapped(&self) -> Option<BigInt> {
        let floor = self.floor();
        let below = &self.numerator - &floor * &self.denominator;
        if below == BigInt::ZERO {
            return fitting(floor);
        }
        let above = &self.denominator - &below;
        let unit = self.unit.as_ref()?;
        let snapped = if above <= below && above <= *unit {
            floor.clone() + 1
        } else if below <= *unit {
            floor.clone()
        } else {
            return None;
        };
        // Where the next amount is none, neither is this figure one.
        fitting(floor + 1).and(fitting(snapped))
    }

    fn cost(&self) -> Option<BigInt> {
        self.snapped().filter(|cost| !self.negative || *cost == BigInt::ZERO)
    }

    fn balance(&self) -> Option<BigInt> {
        if self.negative {
            return Some(BigInt::ZERO);
        }
        let balance = self.snapped().unwrap_or_else(|| self.floor());
        (balance <= exact(BALANCE_MAX)).then_some(balance)
    }
}

fn fitting(amount: BigInt) -> Option<BigInt> {
    (amount <= i64::MAX.into()).then_some(amount)
}
