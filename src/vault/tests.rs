//! The vault as a whole: what opens, what is refused, and what never shows.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::sync::Arc;

use proptest::prelude::*;
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::*;
use crate::domain::clock::SystemClock;
use crate::domain::{Entropy, OsEntropy, Secret};

mod growing;
mod rings;
mod tampering;

const PLACE: SealContext<'static> = SealContext {
    table: "provider_key",
    column: "envelope",
    row: Uuid::from_u128(7),
    owner: Uuid::from_u128(8),
    provider: "CAPSOLVER",
};

fn random_base64() -> String {
    use base64::Engine;
    let mut bytes = [0; 32];
    OsEntropy.fill(&mut bytes);
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn entry(id: &str, key: &str) -> String {
    format!("[[key]]\nid = \"{id}\"\nkey = \"{key}\"\ncreated = \"2026-01-02T03:04:05Z\"\n")
}

fn ring_text(index_key: &str, entries: &[String]) -> String {
    format!("index_key = \"{index_key}\"\n{}", entries.concat())
}

fn try_open(text: &str) -> Result<Vault, VaultError> {
    Vault::open(LocalRing::Environment(text.into()), Arc::new(OsEntropy))
}

fn fresh() -> Vault {
    try_open(&ring_text(&random_base64(), &[entry("one", &random_base64())])).unwrap()
}

fn secret() -> Secret {
    "made-up-key-0123456789".into()
}

#[test]
fn a_sealed_key_opens_in_its_place() {
    let vault = fresh();
    for text in ["", "k", "made-up-key-0123456789", &"x".repeat(4_096)] {
        let sealed = vault.seal(&PLACE, &text.into()).unwrap();
        assert_eq!(sealed.ring_key_id, "one");
        assert_eq!(vault.open_envelope(&PLACE, Some("one"), &sealed.envelope).unwrap().expose_secret(), text);
    }
    assert!(matches!(vault.seal(&PLACE, &"x".repeat(4_097).into()), Err(VaultError::TooLong { length: 4_097 })));
    assert_ne!(vault.seal(&PLACE, &secret()).unwrap(), vault.seal(&PLACE, &secret()).unwrap());
}

#[test]
fn a_change_of_any_byte_is_refused() {
    let vault = fresh();
    let envelope = vault.seal(&PLACE, &secret()).unwrap().envelope;
    for position in 0..envelope.len() {
        for flip in [1, 0x80, 0xff] {
            let mut changed = envelope.clone();
            changed[position] ^= flip;
            assert!(vault.open_envelope(&PLACE, Some("one"), &changed).is_err(), "byte {position}");
        }
    }
}

#[test]
fn a_cut_or_longer_envelope_is_refused() {
    let vault = fresh();
    let mut envelope = vault.seal(&PLACE, &secret()).unwrap().envelope;
    for length in 0..envelope.len() {
        assert!(
            matches!(vault.open_envelope(&PLACE, Some("one"), &envelope[..length]), Err(VaultError::Integrity)),
            "{length}"
        );
    }
    envelope.push(0);
    assert!(matches!(vault.open_envelope(&PLACE, Some("one"), &envelope), Err(VaultError::Integrity)));
    envelope.extend([0; 63]);
    assert!(matches!(vault.open_envelope(&PLACE, Some("one"), &envelope), Err(VaultError::Integrity)));
}

#[test]
fn another_place_is_refused() {
    let vault = fresh();
    let envelope = vault.seal(&PLACE, &secret()).unwrap().envelope;
    for place in [
        SealContext { table: "account", ..PLACE },
        SealContext { column: "label", ..PLACE },
        SealContext { table: "provider_keye", column: "nvelope", ..PLACE },
        SealContext { row: PLACE.owner, ..PLACE },
        SealContext { owner: PLACE.row, ..PLACE },
        SealContext { provider: "MULTIBOT", ..PLACE },
    ] {
        assert!(matches!(vault.open_envelope(&place, Some("one"), &envelope), Err(VaultError::Integrity)), "{place:?}");
    }
}

#[test]
fn every_ring_key_opens_and_the_last_one_seals() {
    let (index_key, first, second) = (random_base64(), random_base64(), random_base64());
    let old = try_open(&ring_text(&index_key, &[entry("one", &first)])).unwrap();
    let rotated = try_open(&ring_text(&index_key, &[entry("one", &first), entry("two", &second)])).unwrap();
    let sealed = old.seal(&PLACE, &secret()).unwrap();
    assert_eq!(
        rotated.open_envelope(&PLACE, Some("one"), &sealed.envelope).unwrap().expose_secret(),
        secret().expose_secret()
    );
    assert_eq!(rotated.sealing_ring_key_id(), "two");
    assert_eq!(rotated.ring_keys().into_iter().map(|key| key.id).collect::<Vec<_>>(), ["one", "two"]);

    let newer = rotated.seal(&PLACE, &secret()).unwrap();
    assert!(
        matches!(old.open_envelope(&PLACE, Some("two"), &newer.envelope), Err(VaultError::UnknownRingKey { id, .. }) if id == "two")
    );
    let same_id = try_open(&ring_text(&index_key, &[entry("one", &random_base64())])).unwrap();
    assert!(matches!(same_id.open_envelope(&PLACE, Some("one"), &sealed.envelope), Err(VaultError::Integrity)));

    let attempt = AttemptId(Uuid::from_u128(5));
    let token = old.lease_token(attempt, "one").unwrap();
    assert_eq!(rotated.read_lease_token(token.expose_secret()).unwrap(), Some(attempt));
    assert_eq!(old.fingerprint("CAPSOLVER", &secret()), rotated.fingerprint("CAPSOLVER", &secret()));
    assert_eq!(old.branch("cursor").mac(&[b"x"]), rotated.branch("cursor").mac(&[b"x"]));
}

#[test]
fn the_stored_length_hides_the_keys_length() {
    let vault = fresh();
    let stored = |length: usize| vault.seal(&PLACE, &"x".repeat(length).into()).unwrap().envelope.len();
    assert_eq!(stored(16), stored(60));
    assert_eq!(stored(61), stored(124));
    assert_eq!(stored(61) - stored(60), 64);
}

#[test]
fn the_blind_index_knows_a_key_again() {
    let vault = fresh();
    let mark = vault.fingerprint("CAPSOLVER", &secret());
    assert_eq!(mark, vault.fingerprint("CAPSOLVER", &secret()));
    assert!(mark.len() == 64 && mark.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
    assert_ne!(mark, vault.fingerprint("MULTIBOT", &secret()));
    assert_ne!(mark, vault.fingerprint("CAPSOLVER", &"made-up-key-012345678".into()));
    assert_ne!(vault.fingerprint("A", &"\0B".into()), vault.fingerprint("A\0", &"B".into()));
}

#[test]
fn lease_tokens_are_stable_and_cannot_be_forged() {
    let vault = fresh();
    let attempt = AttemptId(Uuid::from_u128(99));
    let token = vault.lease_token(attempt, "one").unwrap();
    let text = token.expose_secret();
    assert_eq!(text, vault.lease_token(attempt, "one").unwrap().expose_secret());
    assert!(text.len() == 83 && text[6..].bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert_eq!(vault.read_lease_token(text).unwrap(), Some(attempt));
    assert!(looks_like_lease_token(text) && looks_like_lease_token(" Lease_x") && !looks_like_lease_token("leas"));
    assert!(matches!(vault.lease_token(attempt, "two"), Err(VaultError::UnknownRingKey { .. })));

    for position in 0..text.len() {
        let mut changed = text.to_owned().into_bytes();
        changed[position] = if changed[position] == b'b' { b'c' } else { b'b' };
        assert_eq!(vault.read_lease_token(std::str::from_utf8(&changed).unwrap()).unwrap(), None, "{position}");
        assert_eq!(vault.read_lease_token(&text[..position]).unwrap(), None);
    }
    let stranger = fresh();
    assert_eq!(stranger.read_lease_token(text).unwrap(), None);
}

#[test]
fn the_canary_tells_this_ring_from_others() {
    let (index_key, key) = (random_base64(), random_base64());
    let vault = try_open(&ring_text(&index_key, &[entry("one", &key)])).unwrap();
    let sealed = vault.canary_seal().unwrap();
    vault.canary_check(&sealed.envelope, "one").unwrap();
    let other_key = try_open(&ring_text(&index_key, &[entry("one", &random_base64())])).unwrap();
    let other_index = try_open(&ring_text(&random_base64(), &[entry("one", &key)])).unwrap();
    for (vault, envelope, id) in [
        (&other_key, &sealed.envelope, "one"),
        (&other_index, &sealed.envelope, "one"),
        (&vault, &sealed.envelope, "two"),
        (&vault, &Vec::new(), "one"),
    ] {
        assert!(matches!(vault.canary_check(envelope, id), Err(VaultError::WrongRing { .. })));
    }
}

#[test]
fn unfit_ring_keys_are_refused_by_id_alone() {
    use base64::Engine;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let counting: Vec<u8> = (0..32).collect();
    let mut halves = [0xa7; 32];
    halves[3] = 1;
    halves[19] = 1;
    for (key, fault) in [
        ("not base64!".to_owned(), KeyFault::Length),
        (encode(&[7; 31]), KeyFault::Length),
        (encode(&[7; 33]), KeyFault::Length),
        (encode(&[0; 32]), KeyFault::Zero),
        (encode(&[7; 32]), KeyFault::Repeated),
        (encode(&halves), KeyFault::Repeated),
        (encode(&counting), KeyFault::Example),
        (encode(b"correct horse battery staple 123"), KeyFault::Example),
        ("YD3rEBXKcb4rc67whX13gR81LAc7YQjXLZgQowkU3/Q=".to_owned(), KeyFault::Example),
        ("/v/pkoZlcxxtao+UZzCDCP7/6ZKGZXMcbWqPlGcwgwg=".to_owned(), KeyFault::Example),
    ] {
        for text in [
            ring_text(&random_base64(), &[entry("2026-unfit", &key)]),
            ring_text(&key, &[entry("fine", &random_base64())]),
        ] {
            let error = try_open(&text).unwrap_err();
            assert!(matches!(&error, VaultError::RingKeyRefused { fault: found, .. } if *found == fault), "{error}");
            let message = format!("{error} {error:?}");
            assert!(message.contains("2026-unfit") || message.contains("index_key"), "{message}");
            assert!(!message.contains(&key) && message.contains("key-recycling vault init"), "{message}");
        }
    }
    let twice = random_base64();
    for text in [
        ring_text(&twice, &[entry("one", &twice)]),
        ring_text(&random_base64(), &[entry("one", &twice), entry("two", &twice)]),
        ring_text(&random_base64(), &[entry("one", &twice), entry("one", &random_base64())]),
    ] {
        assert!(matches!(try_open(&text), Err(VaultError::RingKeyRefused { fault: KeyFault::Twice, .. })));
    }
}

#[test]
fn a_malformed_ring_is_refused_without_quoting_it() {
    let key = random_base64();
    let good = ring_text(&random_base64(), &[entry("one", &key)]);
    for text in [
        String::new(),
        ring_text(&random_base64(), &[]),
        good.replace("[[key]]", "[key"),
        good.replace("index_key", "index_keys"),
        good.replace(&format!("\"{key}\""), &key),
        good.replace("2026-01-02T", "yesterday "),
        good.replace("\"one\"", "\"one two\""),
        good.replace("\"one\"", "\"\""),
    ] {
        let error = try_open(&text).unwrap_err();
        let message = format!("{error} {error:?}");
        assert!(matches!(error, VaultError::RingMalformed { .. }), "{message}");
        assert!(!message.contains(&key) && !error.to_string().contains('\n'), "{message}");
    }
}

#[test]
fn a_ring_file_is_made_once_for_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data").join("ring.toml");
    let open = |path: &std::path::Path| Vault::open(LocalRing::File(path.to_owned()), Arc::new(OsEntropy));
    let error = open(&path).unwrap_err().to_string();
    assert!(
        error.contains("does not exist") && error.contains(&format!("key-recycling vault init {}", path.display()))
    );

    init_ring_file(&path, &SystemClock, &OsEntropy).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let vault = open(&path).unwrap();
    let before = fs::read(&path).unwrap();
    assert!(matches!(init_ring_file(&path, &SystemClock, &OsEntropy), Err(VaultError::RingExists { .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "no draft is left");

    let sealed = vault.seal(&PLACE, &secret()).unwrap();
    let link = folder.path().join("link");
    symlink(&path, &link).unwrap();
    let id = file::add_ring_key(&link, &SystemClock, &OsEntropy).unwrap();
    let rotated = open(&path).unwrap();
    assert_eq!(rotated.sealing_ring_key_id(), id);
    rotated.open_envelope(&PLACE, Some(&sealed.ring_key_id), &sealed.envelope).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());

    for mode in [0o604, 0o640, 0o620, 0o644] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        for path in [&path, &link] {
            let error = open(path).unwrap_err();
            assert!(matches!(error, VaultError::RingExposed { mode: found, .. } if found == mode), "{error}");
            assert!(error.to_string().contains("chmod 600"));
        }
    }
    Vault::open(LocalRing::Credential(path), Arc::new(OsEntropy)).unwrap();
    assert!(matches!(
        open(folder.path()).unwrap_err(),
        VaultError::RingUnreadable { .. } | VaultError::RingExposed { .. }
    ));
}

#[test]
fn debug_output_holds_ids_only() {
    let (index_key, key) = (random_base64(), random_base64());
    let text = ring_text(&index_key, &[entry("one", &key)]);
    let source = LocalRing::Environment(text.as_str().into());
    let vault = try_open(&text).unwrap();
    let shown = format!("{source:?} {vault:?} {:?}", vault.branch("x"));
    assert!(!shown.contains(&key) && !shown.contains(&index_key), "{shown}");
    assert_eq!(shown, "the environment Vault { ring: [\"one\"], .. } BranchKey([REDACTED])");
}

proptest! {
    #[test]
    fn noise_never_opens_and_never_panics(noise in proptest::collection::vec(any::<u8>(), 0..300)) {
        let vault = fresh();
        prop_assert!(vault.open_envelope(&PLACE, Some("one"), &noise).is_err());
        let mut framed = vec![1, 1, 3, b'o', b'n', b'e'];
        framed.extend(noise);
        prop_assert!(vault.open_envelope(&PLACE, Some("one"), &framed).is_err());
    }

    #[test]
    fn no_text_but_a_token_is_read_as_one(text in "(lease_)?[a-z2-7]{70,80}") {
        prop_assert_eq!(fresh().read_lease_token(&text).unwrap(), None);
    }
}
