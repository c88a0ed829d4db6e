//! What a provider's keys look like, and the two forms of a key that was handed over.
//!
//! The check costs no call and is strict only where the provider documents its keys. One form is
//! sent: as pasted, trimmed, without a suffix. The other is for the fingerprint, so that one key
//! in two spellings stays one key. No error carries a character of the key.

use secrecy::ExposeSecret;

use crate::domain::Secret;

/// Shortest and longest key where the provider does not document its keys.
const PRINTABLE: std::ops::RangeInclusive<usize> = 16..=128;

/// What a provider's keys look like.
pub(crate) struct KeyFormat {
    /// The shape, for the check.
    pub(crate) shape: KeyShape,
    /// The shape in words.
    pub(crate) hint: &'static str,
    /// A regular expression that every key of the shape matches.
    pub(crate) pattern: &'static str,
}

/// Shapes of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyShape {
    /// 32 hexadecimal digits; their case says nothing.
    Hex32,
    /// `CAP-` or `CAI-` and letters and digits; hexadecimal digits in either case.
    Capsolver,
    /// Printable characters; what follows `__` is not part of the key.
    Suffixed,
    /// Printable characters.
    Printable,
}

/// A key that has its provider's format.
pub struct NormalisedKey {
    /// What is sent to the provider and sealed.
    pub to_send: Secret,
    /// What the fingerprint is taken over.
    pub for_fingerprint: Secret,
}

/// A text does not have the format of the provider's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text does not have the format of this provider's keys")]
pub struct KeyFormatError;

impl KeyFormat {
    /// Checks a pasted key and brings it into its two forms.
    pub(crate) fn normalise(&self, pasted: &Secret) -> Result<NormalisedKey, KeyFormatError> {
        let text = pasted.expose_secret().trim();
        let text = match self.shape {
            KeyShape::Suffixed => text.split_once("__").map_or(text, |(key, _)| key),
            _ => text,
        };
        if !self.shape.fits(text) {
            return Err(KeyFormatError);
        }
        Ok(NormalisedKey { to_send: Secret::from(text), for_fingerprint: Secret::from(self.shape.canonical(text)) })
    }
}

impl KeyShape {
    fn fits(self, text: &str) -> bool {
        match self {
            Self::Hex32 => text.len() == 32 && is_hex(text),
            Self::Capsolver => text.strip_prefix("CAP-").or_else(|| text.strip_prefix("CAI-")).is_some_and(|rest| {
                (16..=64).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
            }),
            Self::Suffixed | Self::Printable => {
                PRINTABLE.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
            }
        }
    }

    fn canonical(self, text: &str) -> String {
        match self {
            Self::Hex32 => text.to_ascii_lowercase(),
            Self::Capsolver if text.get(4..).is_some_and(is_hex) => text.to_ascii_uppercase(),
            Self::Suffixed if text.len() == 32 && is_hex(text) => text.to_ascii_lowercase(),
            Self::Capsolver | Self::Suffixed | Self::Printable => text.to_owned(),
        }
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ProviderCode;
    use crate::providers::catalogue::entry;

    static_assertions::assert_not_impl_any!(NormalisedKey: Clone, std::fmt::Display, serde::Serialize);

    fn forms(code: ProviderCode, pasted: &str) -> Option<(String, String)> {
        let key = entry(code).key.normalise(&Secret::from(pasted)).ok()?;
        Some((key.to_send.expose_secret().to_owned(), key.for_fingerprint.expose_secret().to_owned()))
    }

    #[test]
    fn documented_formats_are_strict() {
        let hex = "0123456789ABCDEF".repeat(2);
        for code in [ProviderCode::TwoCaptcha, ProviderCode::AntiCaptcha] {
            assert_eq!(forms(code, &format!(" {hex}\n")), Some((hex.clone(), hex.to_lowercase())));
            assert_eq!(forms(code, &hex[..31]), None);
            assert_eq!(forms(code, &"g".repeat(32)), None);
            assert_eq!(forms(code, &"é".repeat(16)), None);
        }
        let capsolver = format!("CAP-{hex}");
        assert_eq!(forms(ProviderCode::Capsolver, &capsolver.to_lowercase()), None);
        assert_eq!(
            forms(ProviderCode::Capsolver, &format!("CAP-{}", hex.to_lowercase())),
            Some((format!("CAP-{}", hex.to_lowercase()), capsolver))
        );
        assert!(forms(ProviderCode::Capsolver, &format!("CAI-{hex}")).is_some());
        assert_eq!(forms(ProviderCode::Capsolver, &hex), None);
    }

    #[test]
    fn a_suffix_is_not_part_of_the_key() {
        let hex = "0123456789ABCDEF".repeat(2);
        let pasted = format!("{hex}__recognizingthreshold_70");
        assert_eq!(forms(ProviderCode::CapmonsterCloud, &pasted), Some((hex.clone(), hex.to_lowercase())));
        assert_eq!(forms(ProviderCode::CapmonsterCloud, "short__nocache-and-long-enough"), None);
    }

    #[test]
    fn other_keys_are_printable_and_kept_as_they_are() {
        let mixed = "aB3".repeat(10);
        for code in [ProviderCode::Multibot, ProviderCode::UcaptchaNative] {
            assert_eq!(forms(code, &mixed), Some((mixed.clone(), mixed.clone())));
            assert_eq!(forms(code, "fifteen-letters"), None);
            assert_eq!(forms(code, &"x".repeat(129)), None);
            assert_eq!(forms(code, "with a space in between"), None);
            assert_eq!(forms(code, "a\nline\nbreak\nin\nbetween"), None);
        }
    }
}
