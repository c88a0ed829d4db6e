//! The quirk of keys that are worth something beside money: packages and subscription credits.

use serde_json::value::RawValue;

use super::catalogue::Prepaid;
use super::dialect::Object;
use crate::domain::figure::parse_balance;

/// `status` of a package that can be used.
const PACKAGE_ACTIVE: i64 = 1;

/// Whether a reply to `getBalance` shows that tasks would be paid by something else than money.
///
/// Calls of a package are used up before money is; credits are what is left when there is none.
pub(super) fn is_prepaid(prepaid: Prepaid, text: &str, is_out_of_money: bool) -> bool {
    let Some(object) = Object::parse(text) else {
        return false;
    };
    match prepaid {
        Prepaid::None => false,
        Prepaid::Packages => object.raw("packages").is_some_and(has_package),
        Prepaid::Credits => is_out_of_money && object.raw("captchaCredits").is_some_and(is_positive),
    }
}

fn has_package(raw: &str) -> bool {
    let packages: Vec<&RawValue> = serde_json::from_str(raw).unwrap_or_default();
    packages.iter().filter_map(|package| Object::parse(package.get())).any(|package| {
        let usable = package.integer("status").is_none_or(|status| status == PACKAGE_ACTIVE);
        usable && package.raw("numberOfCalls").is_some_and(is_positive)
    })
}

fn is_positive(raw: &str) -> bool {
    parse_balance(raw).is_ok_and(crate::domain::Usd::is_positive)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_count_while_calls_are_left() {
        let packages = |inner: &str| is_prepaid(Prepaid::Packages, &format!(r#"{{"packages":[{inner}]}}"#), false);
        assert!(packages(r#"{"numberOfCalls":500000,"status":1,"token":"x"}"#));
        assert!(!packages(r#"{"numberOfCalls":0,"status":1}"#));
        assert!(!packages(r#"{"numberOfCalls":5,"status":2}"#));
        assert!(!packages(""));
        assert!(!is_prepaid(Prepaid::Packages, r#"{"packages":7}"#, true));
    }

    #[test]
    fn credits_count_when_money_is_out() {
        let some = r#"{"captchaCredits":85000}"#;
        assert!(is_prepaid(Prepaid::Credits, some, true));
        assert!(!is_prepaid(Prepaid::Credits, some, false));
        assert!(!is_prepaid(Prepaid::Credits, r#"{"captchaCredits":0}"#, true));
        assert!(!is_prepaid(Prepaid::Credits, "{}", true));
        assert!(!is_prepaid(Prepaid::None, some, true));
    }
}
