//! Text that nobody may see: keys of providers, tokens, lease tokens.

use secrecy::{ExposeSecret, SecretBox};

/// A secret. It is wiped when dropped and redacted where it is printed for debugging. A copy is always a
/// decision that can be searched for: it takes [`ExposeSecret::expose_secret`].
///
/// ```
/// use key_recycling::domain::Secret;
/// use secrecy::ExposeSecret;
///
/// let secret = Secret::from("made up");
/// assert_eq!(secret.expose_secret(), "made up");
/// assert!(!format!("{secret:?}").contains("made up"));
/// ```
///
/// It cannot be cloned, printed or serialised. What would do so does not compile:
///
/// ```compile_fail,E0599
/// let secret = key_recycling::domain::Secret::from("made up");
/// let copy: key_recycling::domain::Secret = secret.clone();
/// ```
///
/// ```compile_fail,E0277
/// let secret = key_recycling::domain::Secret::from("made up");
/// println!("{secret}");
/// ```
///
/// ```compile_fail,E0277
/// let secret = key_recycling::domain::Secret::from("made up");
/// let json = serde_json::to_string(&secret);
/// ```
#[derive(Debug)]
pub struct Secret(SecretBox<str>);

impl ExposeSecret<str> for Secret {
    fn expose_secret(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static_assertions::assert_not_impl_any!(Secret: Clone, std::fmt::Display, serde::Serialize);

    #[test]
    fn a_secret_is_what_was_put_in_and_is_not_seen() {
        for secret in [Secret::from("made up"), Secret::from("made up".to_owned())] {
            assert_eq!(secret.expose_secret(), "made up");
            assert!(!format!("{secret:?}").contains("made up"));
        }
    }
}
