//! Lease tokens: `lease_` and 77 characters that hold an attempt's id and a code over it.
//!
//! A token is computed again whenever it is asked for and stored nowhere. Letters and digits only,
//! since clients put it where a provider's key goes.

use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use uuid::Uuid;

use super::BranchKey;
use crate::domain::{AttemptId, Secret};

const PREFIX: &str = "lease_";
const ID_BYTES: usize = 16;
const TOKEN_BYTES: usize = ID_BYTES + 32;
/// Five bits a character: 384 bits take 77, the last of which carries four.
const TOKEN_CHARS: usize = 77;
/// RFC 4648 base32 in lower case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// Whether a text is meant as a lease token, be it a good one or not.
#[must_use]
pub fn looks_like_lease_token(text: &str) -> bool {
    text.trim().as_bytes().get(..PREFIX.len()).is_some_and(|head| head.eq_ignore_ascii_case(PREFIX.as_bytes()))
}

/// The token of an attempt under one ring key's branch.
pub(super) fn write(attempt: AttemptId, branch: &BranchKey) -> Secret {
    let mut bytes = [0; TOKEN_BYTES];
    bytes[..ID_BYTES].copy_from_slice(attempt.as_bytes());
    bytes[ID_BYTES..].copy_from_slice(&branch.mac(&[attempt.as_bytes()]));
    let mut text = String::with_capacity(PREFIX.len() + TOKEN_CHARS);
    text.push_str(PREFIX);
    encode(&bytes, &mut text);
    text.into()
}

/// The attempt of a token that one of the branches made. All are tried in constant time.
pub(super) fn read<'a>(token: &str, branches: impl Iterator<Item = &'a BranchKey>) -> Option<AttemptId> {
    let bytes = decode(token.strip_prefix(PREFIX)?)?;
    let (id, code) = bytes.split_first_chunk::<ID_BYTES>()?;
    let mut good = 0_u8;
    for branch in branches {
        let same: Choice = branch.mac(&[id]).as_slice().ct_eq(code);
        good.conditional_assign(&1, same);
    }
    (good == 1).then(|| AttemptId(Uuid::from_bytes(*id)))
}

fn encode(bytes: &[u8; TOKEN_BYTES], text: &mut String) {
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in bytes {
        bits = (bits << 8) | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(char::from(ALPHABET[(bits >> held & 31) as usize]));
        }
    }
    text.push(char::from(ALPHABET[(bits << (5 - held) & 31) as usize]));
}

/// Reads the one spelling there is: exact length, lower case, nothing in the spare bit.
fn decode(text: &str) -> Option<[u8; TOKEN_BYTES]> {
    if text.len() != TOKEN_CHARS {
        return None;
    }
    let mut bytes = [0; TOKEN_BYTES];
    let (mut bits, mut held, mut filled) = (0_u32, 0_u32, 0);
    for character in text.bytes() {
        let value = match character {
            b'a'..=b'z' => character - b'a',
            b'2'..=b'7' => character - b'2' + 26,
            _ => return None,
        };
        bits = (bits << 5) | u32::from(value);
        held += 5;
        if held >= 8 {
            held -= 8;
            *bytes.get_mut(filled)? = (bits >> held & 0xff) as u8;
            filled += 1;
        }
    }
    (bits & ((1 << held) - 1) == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_rfc_4648() {
        let mut bytes = [0; TOKEN_BYTES];
        bytes[..6].copy_from_slice(b"foobar");
        let mut text = String::new();
        encode(&bytes, &mut text);
        assert_eq!(text.len(), TOKEN_CHARS);
        assert!(text.starts_with("mzxw6ytboi"), "{text}");
        assert_eq!(decode(&text), Some(bytes));
    }

    #[test]
    fn there_is_one_spelling() {
        let good = "a".repeat(TOKEN_CHARS);
        assert_eq!(decode(&good), Some([0; TOKEN_BYTES]));
        // `b` sets the spare bit of the last character, `q` a bit of the last byte.
        assert_eq!(decode(&format!("{}b", "a".repeat(TOKEN_CHARS - 1))), None);
        assert!(decode(&format!("{}q", "a".repeat(TOKEN_CHARS - 1))).is_some());
        for bad in [good.to_uppercase(), good[1..].to_owned(), format!("{good}a"), good.replacen('a', "1", 1)] {
            assert_eq!(decode(&bad), None, "{bad}");
        }
    }
}
