//! Telegram's init data: signed pairs that name the user.
//!
//! The secret is HMAC-SHA256 of the bot token under the key `WebAppData`; the signature is
//! HMAC-SHA256 under it over every pair but `hash` (it keeps `signature`), sorted and joined by
//! newlines. Source: Telegram, "Validating data received via the Mini App".

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use secrecy::ExposeSecret;
use serde::Deserialize;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use url::Url;

use crate::domain::{Secret, Timestamp};

/// Longest init data that is looked at.
const LENGTH_MAX: usize = 4096;

/// What Telegram signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Signed {
    /// Telegram's id of the user.
    pub(super) user: i64,
    /// When it was signed.
    pub(super) at: Timestamp,
}

#[derive(Deserialize)]
struct User {
    id: i64,
}

/// Checks the signature and reads user and time. `None` for anything that is not exactly right.
pub(super) fn verify(init_data: &str, bot_token: &Secret) -> Option<Signed> {
    if init_data.len() > LENGTH_MAX {
        return None;
    }
    let mut pairs = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(init_data.as_bytes()) {
        if pairs.insert(name, value).is_some() {
            return None;
        }
    }
    let hash = decode_hash(&pairs.remove("hash")?)?;
    let check: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    if !bool::from(signature(bot_token, &check.join("\n")).ct_eq(&hash)) {
        return None;
    }
    let user: User = serde_json::from_str(pairs.get("user")?).ok()?;
    let at = Timestamp::from_micros(decode_seconds(pairs.get("auth_date")?)?.checked_mul(1_000_000)?);
    (user.id > 0).then_some(Signed { user: user.id, at })
}

/// Init data for a user as Telegram would sign it: for links on the operator's own machine, and for
/// tests.
#[must_use]
pub fn sign_init_data(bot_token: &Secret, telegram_user_id: i64, now: Timestamp) -> String {
    let user = format!(r#"{{"id":{telegram_user_id},"first_name":"Owner {telegram_user_id}"}}"#);
    let auth_date = now.seconds().to_string();
    let check = format!("auth_date={auth_date}\nuser={user}");
    let hash: String = signature(bot_token, &check).iter().map(|byte| format!("{byte:02x}")).collect();
    url::form_urlencoded::Serializer::new(String::new())
        .append_pair("user", &user)
        .append_pair("auth_date", &auth_date)
        .append_pair("hash", &hash)
        .finish()
}

/// The Mini App with a login in its fragment, as Telegram opens it.
#[must_use]
pub fn mini_app_link(origin: &Url, init_data: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(init_data.as_bytes()).collect();
    format!("{origin}#tgWebAppData={encoded}&tgWebAppVersion=8.0&tgWebAppPlatform=web")
}

fn signature(bot_token: &Secret, check: &str) -> [u8; 32] {
    let secret = mac(b"WebAppData", bot_token.expose_secret().as_bytes());
    mac(&secret, check.as_bytes())
}

fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// 64 lower hex digits, nothing else.
fn decode_hash(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// A number of seconds as Telegram writes it: digits without sign or leading zero.
fn decode_seconds(text: &str) -> Option<i64> {
    let canonical = !text.starts_with('0') && text.len() <= 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    if canonical { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_survives_its_fragment() {
        let origin = Url::parse("http://127.0.0.1:8080").expect("an origin");
        let link = mini_app_link(&origin, "user=%7B%22id%22%3A5%7D&hash=ab");
        assert!(link.starts_with("http://127.0.0.1:8080/#tgWebAppData=user%3D%257B%2522id"), "{link}");
    }

    /// The public test vector, valid and old.
    const BOT_TOKEN: &str = "5768337691:AAH5YkoiEuPk8-FZa32hStHTqXiLPtAEhx8";
    const VECTOR: &str = "query_id=AAHdF6IQAAAAAN0XohDhrOrc&user=%7B%22id%22%3A279058397%2C%22first_name%22%3A%22Vladislav%22%2C%22last_name%22%3A%22Kibenko%22%2C%22username%22%3A%22vdkfrost%22%2C%22language_code%22%3A%22ru%22%2C%22is_premium%22%3Atrue%7D&auth_date=1662771648&hash=c501b71e775f74ce10e377dea85a7ea24ecd640b223ea86dfe453e0eaed2e2b2";

    /// The other library means "within a day" by no limit at all.
    const AT_ANY_AGE: Option<u64> = Some(0);

    fn bot_token() -> Secret {
        BOT_TOKEN.into()
    }

    #[test]
    fn the_public_vector_is_valid() {
        let signed = verify(VECTOR, &bot_token()).expect("the vector is valid");
        assert_eq!(signed, Signed { user: 279_058_397, at: Timestamp::from_micros(1_662_771_648_000_000) });
        assert!(init_data_rs::validate(VECTOR, BOT_TOKEN, AT_ANY_AGE).is_ok(), "a second opinion");
    }

    #[test]
    fn what_we_sign_others_accept() {
        let now = Timestamp::from_micros(1_790_000_000_000_000);
        let text = sign_init_data(&bot_token(), 5_000_000_001, now);
        assert_eq!(verify(&text, &bot_token()), Some(Signed { user: 5_000_000_001, at: now }));
        assert!(init_data_rs::validate(&text, BOT_TOKEN, AT_ANY_AGE).is_ok(), "a second opinion");
    }

    #[test]
    fn anything_else_is_refused() {
        for broken in [
            String::new(),
            VECTOR.replace("279058397", "279058398"),
            VECTOR.replace("hash=c5", "hash=C5"),
            format!("{VECTOR}&auth_date=1662771648"),
            format!("{VECTOR}&extra=1"),
            VECTOR.replace("&hash=", "&hash=0"),
            VECTOR.split("&hash").next().unwrap_or_default().to_owned(),
            "a".repeat(5000),
        ] {
            assert_eq!(verify(&broken, &bot_token()), None, "{broken}");
        }
        assert_eq!(verify(VECTOR, &"another:token".into()), None);
    }

    /// Each of a hundred thousand changes of the valid vector, drawn by a fixed seed, is refused.
    #[test]
    fn no_mutation_is_accepted() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut below = |end: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % end
        };
        let mut refused = 0;
        while refused < 100_000 {
            let mut bytes = VECTOR.as_bytes().to_vec();
            for _ in 0..=below(3) {
                let place = below(bytes.len());
                match below(4) {
                    0 => bytes[place] = 0x20 + below(0x5f) as u8,
                    1 => drop(bytes.remove(place)),
                    2 => bytes.insert(place, 0x20 + below(0x5f) as u8),
                    _ => {
                        let other = below(bytes.len());
                        bytes.swap(place, other);
                    }
                }
            }
            let text = String::from_utf8(bytes).expect("the vector is ASCII and so is what is put in");
            // A letter for itself, or another spelling of the same pairs, is no other content.
            let is_same = pairs_of(&text) == pairs_of(VECTOR);
            if !is_same {
                assert_eq!(verify(&text, &bot_token()), None, "{text}");
                refused += 1;
            }
        }
    }

    fn pairs_of(text: &str) -> Vec<(String, String)> {
        let mut pairs: Vec<_> = url::form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        pairs.sort();
        pairs
    }

    #[test]
    fn times_are_canonical() {
        for text in ["", "0", "01", "-1", "+1", "1e9", "99999999999999999999", "１"] {
            assert_eq!(decode_seconds(text), None, "{text}");
        }
        assert_eq!(decode_seconds("1662771648"), Some(1_662_771_648));
    }
}
