//! Looks for secrets in whatever disguise: as they are, in other letter cases, reversed, and in the
//! usual encodings; whole or any twelve characters of them.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

/// Characters of a secret that must not be found together.
const WINDOW: usize = 12;

/// Secrets to look for.
#[derive(Default)]
pub(super) struct Secrets {
    /// Each encoded window with the secret's name and the encoding.
    needles: HashMap<Vec<u8>, (String, &'static str)>,
    /// Lengths of the needles.
    lengths: Vec<usize>,
    /// Which beginnings of three bytes any needle has: most places are dismissed by it alone.
    beginnings: Vec<u64>,
    count: u64,
}

impl Secrets {
    /// Takes a secret up under a name that may be shown.
    pub(super) fn add(&mut self, name: &str, secret: &str) {
        assert!(secret.len() >= WINDOW, "{name} is no secret");
        self.count += 1;
        let bytes = secret.as_bytes();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let percent: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
        let form: String = url::form_urlencoded::byte_serialize(bytes).collect();
        let reversed: String = secret.chars().rev().collect();
        for (encoding, text, window) in [
            ("as it is", secret.to_owned(), WINDOW),
            ("in small letters", secret.to_lowercase(), WINDOW),
            ("in capitals", secret.to_uppercase(), WINDOW),
            ("reversed", reversed, WINDOW),
            ("as a form's field", form, WINDOW),
            ("in hexadecimal", hex.clone(), 2 * WINDOW),
            ("in capital hexadecimal", hex.to_uppercase(), 2 * WINDOW),
            ("in percent", percent.clone(), 3 * WINDOW),
            ("in small percent", percent.to_lowercase(), 3 * WINDOW),
        ] {
            self.add_windows(name, encoding, text.as_bytes(), window);
        }
        for shift in 0..3 {
            // Sixteen characters hold twelve bytes. The ends mix with what stands beside the secret.
            let shifted = [&vec![0; shift], bytes].concat();
            for (encoding, text) in
                [("in base64", STANDARD.encode(&shifted)), ("in base64url", URL_SAFE.encode(&shifted))]
            {
                let text = text.trim_end_matches('=');
                let end = text.len() - usize::from(!shifted.len().is_multiple_of(3));
                let start = [0, 2, 3][shift];
                self.add_windows(name, encoding, &text.as_bytes()[start..end], 15);
            }
        }
        // Thirty-two hexadecimal digits are sixteen bytes, which could be stored as such.
        let digits: Option<Vec<u8>> = (0..bytes.len() / 2)
            .map(|place| secret.get(2 * place..2 * place + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
            .collect();
        if let Some(digits) = digits.filter(|digits| digits.len() >= WINDOW) {
            self.add_windows(name, "as the bytes its digits mean", &digits, WINDOW);
        }
    }

    /// How many secrets are looked for.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    fn add_windows(&mut self, name: &str, encoding: &'static str, text: &[u8], window: usize) {
        for needle in text.windows(window) {
            self.needles.entry(needle.to_vec()).or_insert_with(|| (name.to_owned(), encoding));
            if self.beginnings.is_empty() {
                self.beginnings = vec![0; (1 << 24) / 64];
            }
            let place = beginning(needle);
            self.beginnings[place / 64] |= 1 << (place % 64);
        }
        if !self.lengths.contains(&window) {
            self.lengths.push(window);
        }
    }

    /// Where and how secrets occur in the text, without the secrets themselves.
    pub(super) fn find(&self, place: &str, text: &[u8]) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for at in 0..text.len().saturating_sub(2) {
            let start = beginning(&text[at..]);
            if self.beginnings[start / 64] & (1 << (start % 64)) == 0 {
                continue;
            }
            for length in &self.lengths {
                let here = text.get(at..at + length).and_then(|part| self.needles.get(part));
                if let Some((name, encoding)) = here {
                    let hit = format!("{place}: {name} {encoding}");
                    if !found.contains(&hit) {
                        found.push(hit);
                    }
                }
            }
        }
        found
    }
}

fn beginning(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 16 | usize::from(bytes[1]) << 8 | usize::from(bytes[2])
}

/// The search itself must be able to find.
#[test]
fn every_disguise_is_seen_through() {
    let secret = "CAP-0123456789ABCDEF0123456789abcdef";
    let mut secrets = Secrets::default();
    secrets.add("a key", secret);
    secrets.add("digits", "00112233445566778899aabbccddeeff");
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let percent = |text: &str| text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    for part in [secret, &secret[4..20], &secret[20..32]] {
        for disguised in [
            part.to_owned(),
            part.to_lowercase(),
            part.to_uppercase(),
            part.chars().rev().collect(),
            hex(part),
            hex(part).to_uppercase(),
            percent(part),
            percent(part).to_lowercase(),
        ] {
            assert_eq!(secrets.find("here", format!("x{disguised}y").as_bytes()).len().min(1), 1, "{disguised}");
        }
    }
    for before in ["", "a", "ab", "abc"] {
        for engine in [STANDARD, URL_SAFE] {
            let encoded = engine.encode(format!("{before}{secret}z"));
            assert!(!secrets.find("here", encoded.as_bytes()).is_empty(), "{before}");
            let encoded = engine.encode(format!("{before}{}zz", &secret[3..17]));
            assert!(!secrets.find("here", encoded.as_bytes()).is_empty(), "{before}");
        }
    }
    let bytes: Vec<u8> = (0..16).map(|number| number * 0x11).collect();
    assert!(!secrets.find("here", &bytes).is_empty());
    assert_eq!(secrets.find("here", b"CAP-0123456 and other words, nothing of the secret"), Vec::<String>::new());
}
