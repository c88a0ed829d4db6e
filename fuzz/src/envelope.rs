//! Sealed keys: what was not sealed here and for this place opens nowhere.
//!
//! The first byte says what the others are: an envelope; changes of a sealed one; another place for
//! it; or a text to be sealed and opened.

use std::sync::{Arc, LazyLock};

use key_recycling::domain::{Entropy, Secret};
use key_recycling::vault::{LocalRing, SealContext, Vault};
use secrecy::ExposeSecret;
use uuid::Uuid;

use crate::edits;

/// A ring of made-up keys, the SHA-256 of `fuzz index`, `fuzz old` and `fuzz new`, so that what was
/// found is found again.
const RING: &str = r#"
index_key = "mY0QOcMcPqiK3MSUxa7SKNWx5SdIfSl62JD7WInBMRM="
[[key]]
id = "old"
key = "WfQvtkMB3L12hYC7FM0SDV4XsZSfc8LVBkE71IfYn9o="
created = "2026-01-02T03:04:05Z"
[[key]]
id = "new"
key = "Yc5nLAcBLzqi4vG64wBAmVsfeAD1Z9hi/7G50OOeGrY="
created = "2026-01-02T03:04:05Z"
"#;

/// The ring keys, and the one that seals.
const RING_KEYS: [&str; 2] = ["old", SEALING];
const SEALING: &str = "new";

const PLAINTEXT: &str = "made-up-key-0123456789";

const PLACE: SealContext<'static> = SealContext {
    table: "provider_key",
    column: "envelope",
    row: Uuid::from_u128(7),
    owner: Uuid::from_u128(8),
    provider: "CAPSOLVER",
};

static VAULT: LazyLock<Vault> =
    LazyLock::new(|| Vault::open(LocalRing::Environment(RING.into()), Arc::new(Same)).expect("the ring is good"));

static SEALED: LazyLock<Vec<u8>> = LazyLock::new(|| seal(PLAINTEXT));

/// Not random at all, so that a run can be repeated.
struct Same;

impl Entropy for Same {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0x5a);
    }
}

/// Looks at one input.
pub fn look(data: &[u8]) {
    let Some((kind, rest)) = data.split_first() else { return };
    match kind % 4 {
        0 => assert!(RING_KEYS.iter().all(|id| open(&PLACE, id, rest).is_none()), "bytes that nobody sealed open"),
        1 => changed(rest),
        2 => moved(rest),
        _ => back(rest),
    }
}

fn open(place: &SealContext<'_>, ring_key_id: &str, envelope: &[u8]) -> Option<Secret> {
    VAULT.open_envelope(place, Some(ring_key_id), envelope).ok()
}

fn seal(text: &str) -> Vec<u8> {
    VAULT.seal(&PLACE, &Secret::from(text)).expect("it is short enough").envelope
}

/// A sealed key after changes.
fn changed(script: &[u8]) {
    let mut envelope = SEALED.clone();
    edits::apply(&mut envelope, script);
    let opened = open(&PLACE, SEALING, &envelope);
    let is_same = envelope == *SEALED;
    assert_eq!(opened.as_ref().map(ExposeSecret::expose_secret), is_same.then_some(PLAINTEXT));
}

/// A sealed key in another place: each part of the place is a line of the input.
fn moved(place: &[u8]) {
    let Ok(text) = std::str::from_utf8(place) else { return };
    let mut lines = text.split('\n');
    let mut part = |usual| lines.next().filter(|line| !line.is_empty()).unwrap_or(usual);
    let (table, column, provider) = (part(PLACE.table), part(PLACE.column), part(PLACE.provider));
    let mut id = |usual: Uuid| {
        let line = lines.next().and_then(|line| line.parse().ok());
        line.map_or(usual, Uuid::from_u128)
    };
    let (row, owner) = (id(PLACE.row), id(PLACE.owner));
    let is_same =
        (table, column, provider, row, owner) == (PLACE.table, PLACE.column, PLACE.provider, PLACE.row, PLACE.owner);
    let place = SealContext { table, column, row, owner, provider };
    assert_eq!(open(&place, SEALING, &SEALED).is_some(), is_same, "{place:?}");
}

/// A text that is sealed and opened.
fn back(text: &[u8]) {
    let Ok(text) = std::str::from_utf8(text) else { return };
    match VAULT.seal(&PLACE, &Secret::from(text)) {
        Ok(sealed) => {
            let opened = open(&PLACE, &sealed.ring_key_id, &sealed.envelope).expect("it was sealed here");
            assert_eq!(opened.expose_secret(), text);
            assert!(sealed.envelope.len() <= text.len() + 128, "{} bytes", sealed.envelope.len());
        }
        Err(_) => assert!(text.len() > 4_096, "{} bytes are refused", text.len()),
    }
}
