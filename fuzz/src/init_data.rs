//! Init data: nobody signs in by what the bot's token did not sign.
//!
//! The first byte says what the others are: init data; changes of a login that is good; or pairs
//! that are signed here, by a signer that shares no code with the server, as they are.

use std::collections::HashMap;
use std::sync::LazyLock;

use hmac::{Hmac, KeyInit, Mac};
use key_recycling::domain::{Secret, Timestamp};
use key_recycling::fuzzing::signed_by;
use key_recycling::identity::sign_init_data;
use secrecy::ExposeSecret;
use serde_json::value::RawValue;
use sha2::Sha256;
use url::form_urlencoded;

use crate::edits;

static BOT_TOKEN: LazyLock<Secret> = LazyLock::new(|| "made-up-bot-token".into());

const USER: i64 = 5_000_000_001;
const AT: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

static GOOD: LazyLock<String> = LazyLock::new(|| sign_init_data(&BOT_TOKEN, USER, AT));

/// Looks at one input.
pub fn look(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    match kind % 3 {
        0 => assert_eq!(signed_by(&String::from_utf8_lossy(rest), &BOT_TOKEN), None, "nobody signed this"),
        1 => changed(rest),
        _ => freshly_signed(rest),
    }
}

/// A good login after changes: good while it says the same.
fn changed(script: &[u8]) {
    let mut bytes = GOOD.as_bytes().to_vec();
    edits::apply(&mut bytes, script);
    let Ok(text) = String::from_utf8(bytes) else { return };
    let is_same = pairs_of(&text) == pairs_of(&GOOD);
    assert_eq!(signed_by(&text, &BOT_TOKEN), is_same.then_some((USER, AT)), "{text}");
}

/// Pairs with a signature over them: good when there is a user, a time, and no pair twice.
fn freshly_signed(query: &[u8]) {
    let pairs: Vec<(String, String)> =
        form_urlencoded::parse(query).into_owned().filter(|(name, _)| name != "hash").collect();
    let text = signed(&pairs);
    let mut by_name: HashMap<&str, &str> = HashMap::new();
    let is_twice = pairs.iter().any(|(name, value)| by_name.insert(name, value).is_some());
    let user = by_name.get("user").copied().unwrap_or("");
    if user.starts_with('[') || user.matches("id").count() > 1 || user.contains('\\') {
        return; // Telegram signs no such user; whoever could have it signed could sign another's id.
    }
    let user = user_id(user).filter(|id| *id > 0);
    let at = by_name.get("auth_date").and_then(|text| seconds(text));
    let expected = user.zip(at).filter(|_| !is_twice && text.len() <= 4_096);
    assert_eq!(signed_by(&text, &BOT_TOKEN), expected, "{text}");
}

fn user_id(text: &str) -> Option<i64> {
    let members: HashMap<String, Box<RawValue>> = serde_json::from_str(text).ok()?;
    members.get("id")?.get().parse().ok()
}

fn seconds(text: &str) -> Option<Timestamp> {
    let seconds: i64 = text.parse().ok()?;
    let is_canonical = seconds.to_string() == text && (1..1_000_000_000_000).contains(&seconds);
    is_canonical.then(|| Timestamp::from_micros(seconds * 1_000_000))
}

fn signed(pairs: &[(String, String)]) -> String {
    let mut lines: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    lines.sort_by_key(|(name, _)| *name);
    let lines: Vec<String> = lines.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let secret = mac(b"WebAppData", BOT_TOKEN.expose_secret().as_bytes());
    let hash = mac(&secret, lines.join("\n").as_bytes());
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs).append_pair("hash", &hash).finish()
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn pairs_of(text: &str) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
    pairs.sort();
    pairs
}
