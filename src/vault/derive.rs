//! Keys from keys: HKDF-SHA256 and HMAC-SHA256, with every label in one name space.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox};
use sha2::Sha256;

/// Thirty-two secret bytes, wiped when dropped.
pub(super) type KeyBytes = SecretBox<[u8; 32]>;

/// Stands before each label, so that no other program's derivation can meet one of ours.
const NAME_SPACE: &str = "key-recycling/v1/";

/// HKDF-SHA256 (RFC 5869) from a key, a salt and a label.
pub(super) fn subkey(key: &KeyBytes, salt: &[u8], label: &str) -> KeyBytes {
    expand(key.expose_secret(), salt, &[NAME_SPACE.as_bytes(), label.as_bytes()])
}

fn expand(key: &[u8], salt: &[u8], info: &[&[u8]]) -> KeyBytes {
    let mut derived = KeyBytes::default();
    Hkdf::<Sha256>::new(Some(salt), key)
        .expand_multi_info(info, derived.expose_secret_mut())
        .expect("HKDF-SHA256 gives up to 255 × 32 bytes and 32 are asked for");
    derived
}

/// A key for one purpose. It can make and compare codes, and nothing else comes out of it.
pub struct BranchKey(KeyBytes);

impl BranchKey {
    pub(super) fn derive(key: &KeyBytes, label: &str) -> Self {
        Self(subkey(key, &[], label))
    }

    /// HMAC-SHA256 over the parts, each with its length in front, so that no two lists of parts
    /// give the same bytes.
    #[must_use]
    pub fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.hmac();
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    fn hmac(&self) -> Hmac<Sha256> {
        Hmac::new_from_slice(self.0.expose_secret()).expect("HMAC takes keys of any length")
    }
}

impl std::fmt::Debug for BranchKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("BranchKey([REDACTED])")
    }
}

/// Lower hex digits of some bytes.
pub(super) fn lower_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    static_assertions::assert_not_impl_any!(KeyBytes: Clone, std::fmt::Display, serde::Serialize);
    static_assertions::assert_not_impl_any!(BranchKey: Clone, std::fmt::Display, serde::Serialize);

    #[test]
    fn derivation_is_rfc_5869() {
        // Test case 1 of RFC 5869; the first 32 of its 42 bytes.
        let salt: Vec<u8> = (0x00..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let derived = expand(&[0x0b; 22], &salt, &[&info]);
        assert_eq!(
            lower_hex(derived.expose_secret()),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
        );
    }

    #[test]
    fn code_is_rfc_4231() {
        // Test case 2 of RFC 4231 has a key of four bytes; HMAC fills keys up with zeros.
        let mut key = KeyBytes::default();
        key.expose_secret_mut()[..4].copy_from_slice(b"Jefe");
        let code = BranchKey(key).hmac().chain_update(b"what do ya want for nothing?").finalize().into_bytes();
        assert_eq!(lower_hex(&code), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    #[test]
    fn parts_cannot_be_shifted() {
        let key = BranchKey::derive(&KeyBytes::default(), "test");
        assert_ne!(key.mac(&[b"ab", b"c"]), key.mac(&[b"a", b"bc"]));
        assert_ne!(key.mac(&[b"abc"]), key.mac(&[b"abc", b""]));
    }
}
