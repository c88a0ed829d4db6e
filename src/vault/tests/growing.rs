//! A ring that changes under a running process.

use std::path::{Path, PathBuf};

use super::*;

struct Place {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn ring_file(text: &str) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ring.toml");
    write(&path, text);
    Place { _folder: folder, path }
}

/// As an operator copies a new file over the old one.
fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn open(path: &Path) -> Vault {
    Vault::open(LocalRing::File(path.to_owned()), Arc::new(OsEntropy)).unwrap()
}

#[test]
fn a_ring_key_that_another_process_added_opens_at_once_and_seals_by_its_canary() {
    let place = ring_file(&ring_text(&random_base64(), &[entry("one", &random_base64())]));
    let server = open(&place.path);
    let operator = open(&place.path);
    let id = operator.add_ring_key(&SystemClock).unwrap();
    assert_eq!(operator.sealing_ring_key_id(), "one", "a ring key that was added seals nothing yet");
    let canary = operator.canary_seal().unwrap();
    assert_eq!(canary.ring_key_id, id);
    operator.seal_by(&[(id.clone(), canary.envelope.clone())]).unwrap();
    assert_eq!(operator.sealing_ring_key_id(), id);

    let sealed = operator.seal(&PLACE, &secret()).unwrap();
    assert_eq!(sealed.ring_key_id, id);
    server.open_envelope(&PLACE, Some(&id), &sealed.envelope).unwrap();
    assert_eq!(server.sealing_ring_key_id(), "one");
    let attempt = AttemptId(Uuid::from_u128(5));
    let token = operator.lease_token(attempt, &id).unwrap();
    let late = open(&place.path);
    let next = operator.add_ring_key(&SystemClock).unwrap();
    let newer = operator.lease_token(attempt, &next).unwrap();
    for token in [token, newer] {
        assert_eq!(late.read_lease_token(token.expose_secret()).unwrap(), Some(attempt));
    }
    server.seal_by(&[(id.clone(), canary.envelope.clone())]).unwrap();
    assert_eq!(server.sealing_ring_key_id(), id);
    assert!(server.refresh().unwrap());
    let foreign = fresh().canary_seal().unwrap();
    let canaries = [(id.clone(), canary.envelope), (next, foreign.envelope)];
    assert!(matches!(server.seal_by(&canaries), Err(VaultError::WrongRing { .. })));
    assert_eq!(server.sealing_ring_key_id(), id, "a canary that does not open lets nothing seal");
}

#[test]
fn what_is_followed_are_the_canaries_that_were_read_last() {
    let vault = try_open(&ring_text(&random_base64(), &[entry("one", &random_base64())])).unwrap();
    assert!(vault.canaries().is_empty());
    let canary = |id: &str| (id.to_owned(), vault.canary_seal().unwrap().envelope);
    let canaries = [canary("one"), canary("retired"), canary("later")];
    vault.seal_by(&canaries[..2]).unwrap();
    let followed = || vault.canaries().iter().cloned().collect::<Vec<_>>();
    assert_eq!(followed(), ["one", "retired"], "one that nothing opens any more counts too");
    vault.seal_by(&canaries[..1]).unwrap();
    assert_eq!(followed(), ["one", "retired"], "a list that was read before goes nowhere");
    let refused = vault.seal_by(&canaries).unwrap_err();
    assert!(matches!(&refused, VaultError::UnknownRingKey { id, .. } if id == "later"), "{refused}");
    assert_eq!(followed(), ["one", "retired"]);
    assert_eq!(vault.sealing_ring_key_id(), "one");
}

#[test]
fn a_running_process_forgets_no_ring_key_and_takes_no_other_in_its_place() {
    let (index_key, first, second) = (random_base64(), random_base64(), random_base64());
    let whole = ring_text(&index_key, &[entry("one", &first), entry("two", &second)]);
    let place = ring_file(&whole);
    let vault = open(&place.path);
    let sealed = vault.seal(&PLACE, &secret()).unwrap();
    let still_opens = || vault.open_envelope(&PLACE, Some("two"), &sealed.envelope).unwrap();

    write(&place.path, &ring_text(&index_key, &[entry("one", &first), entry("three", &random_base64())]));
    assert!(vault.refresh().unwrap());
    assert!(!vault.refresh().unwrap(), "what has not changed is not read again");
    assert_eq!(vault.ring_keys().into_iter().map(|key| key.id).collect::<Vec<_>>(), ["two", "one", "three"]);
    assert_eq!(vault.sealing_ring_key_id(), "two");
    still_opens();

    for changed in [
        ring_text(&index_key, &[entry("one", &random_base64()), entry("two", &second)]),
        ring_text(&random_base64(), &[entry("one", &first), entry("two", &second)]),
    ] {
        write(&place.path, &changed);
        assert!(matches!(vault.refresh(), Err(VaultError::RingChanged { .. })));
        assert!(!vault.refresh().unwrap(), "it is told once");
        still_opens();
    }
    write(&place.path, "no ring at all");
    assert!(matches!(vault.refresh(), Err(VaultError::RingMalformed { .. })));
    fs::remove_file(&place.path).unwrap();
    assert!(!vault.refresh().unwrap());
    still_opens();
    let missing = vault.lease_token(AttemptId(Uuid::from_u128(5)), "four").unwrap_err();
    assert!(matches!(&missing, VaultError::UnknownRingKey { id, .. } if id == "four"), "{missing}");
    write(&place.path, &whole);
    assert!(vault.refresh().unwrap());
}

#[test]
fn a_ring_key_that_was_mistyped_takes_no_envelope_for_damaged() {
    let (index_key, first, right) = (random_base64(), random_base64(), random_base64());
    let ring = |second: &str| ring_text(&index_key, &[entry("one", &first), entry("two", second)]);
    let sealed = try_open(&ring(&right)).unwrap().seal(&PLACE, &secret()).unwrap();
    for (second, is_right) in [(random_base64(), false), (right, true)] {
        let place = ring_file(&ring_text(&index_key, &[entry("one", &first)]));
        let vault = open(&place.path);
        write(&place.path, &ring(&second));
        assert!(vault.refresh().unwrap());
        let opened = vault.open_envelope(&PLACE, Some("two"), &sealed.envelope);
        assert_eq!(opened.is_ok(), is_right);
        let mut damaged = sealed.envelope.clone();
        *damaged.last_mut().unwrap() ^= 1;
        let refused = vault.open_envelope(&PLACE, Some("two"), &damaged).unwrap_err();
        // Only a key that has opened something can tell damage.
        assert_eq!(matches!(refused, VaultError::Integrity), is_right, "{refused}");
        assert_eq!(matches!(refused, VaultError::WrongRing { .. }), !is_right, "{refused}");
    }
}

#[test]
fn a_ring_that_root_adds_to_stays_its_owners() {
    let place = ring_file(&ring_text(&random_base64(), &[entry("one", &random_base64())]));
    let (user, group) = (4_711, 4_712);
    if chown(&place.path, Some(user), Some(group)).is_err() {
        // Only root can give a file away, and not in every container.
        return;
    }
    open(&place.path).add_ring_key(&SystemClock).unwrap();
    assert_eq!(open(&place.path).ring_keys().len(), 2);
    let found = fs::metadata(&place.path).unwrap();
    assert_eq!((found.uid(), found.gid(), found.mode() & 0o777), (user, group, 0o600));
}

#[test]
fn who_adds_at_once_loses_nobodys_ring_key() {
    let place = ring_file(&ring_text(&random_base64(), &[entry("one", &random_base64())]));
    let left_behind = place.path.with_file_name(".ring.toml.draft-0123456789abcdef");
    write(&left_behind, "half a ring");
    let copies =
        ["copy", "20260102", "0123456789abcdef"].map(|ending| place.path.with_file_name(format!("ring.toml.{ending}")));
    for copy in &copies {
        write(copy, "an operator's own");
    }
    let add = || open(&place.path).add_ring_key(&SystemClock).unwrap();
    let made: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(add)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let found: Vec<String> = open(&place.path).ring_keys().into_iter().map(|key| key.id).collect();
    assert_eq!(found.len(), 9);
    assert!(made.iter().all(|id| found.contains(id)), "{made:?} {found:?}");
    assert_eq!(fs::metadata(&place.path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!left_behind.exists() && copies.iter().all(|copy| copy.exists()));
    assert_eq!(fs::read_dir(place.path.parent().unwrap()).unwrap().count(), 4, "no draft is left");
}

#[test]
fn a_ring_that_is_no_file_of_ours_is_not_written() {
    let place = ring_file(&ring_text(&random_base64(), &[entry("one", &random_base64())]));
    let text = fs::read_to_string(&place.path).unwrap();
    for source in [LocalRing::Environment(text.as_str().into()), LocalRing::Credential(place.path.clone())] {
        let vault = Vault::open(source, Arc::new(OsEntropy)).unwrap();
        let refused = vault.add_ring_key(&SystemClock).unwrap_err();
        assert!(matches!(refused, VaultError::RingNotOurs { .. }), "{refused}");
        assert!(refused.to_string().contains("vault rotate --resume"), "{refused}");
    }
    assert_eq!(fs::read_to_string(&place.path).unwrap(), text);
}

#[test]
fn of_several_canaries_the_one_of_the_newest_ring_key_counts() {
    let index_key = random_base64();
    let entries = ["one", "two", "three"].map(|id| entry(id, &random_base64()));
    let canary = |keys: usize| {
        let sealed = try_open(&ring_text(&index_key, &entries[..keys])).unwrap().canary_seal().unwrap();
        (sealed.ring_key_id, sealed.envelope)
    };
    let vault = try_open(&ring_text(&index_key, &entries)).unwrap();
    let foreign = ("four".to_owned(), Vec::new());
    vault.seal_by(&[foreign.clone(), canary(1), canary(2)]).unwrap();
    assert_eq!(vault.sealing_ring_key_id(), "two", "three has no canary yet, four is not in the ring");
    vault.seal_by(&[canary(3), foreign.clone(), canary(2), canary(1)]).unwrap();
    assert_eq!(vault.sealing_ring_key_id(), "three");
    for older in [Vec::new(), vec![foreign.clone()], vec![foreign, canary(1), canary(2)]] {
        vault.seal_by(&older).unwrap();
        assert_eq!(vault.sealing_ring_key_id(), "three", "canaries never go: the list is an older one");
        assert!(vault.canaries().contains("three"));
    }
}

#[test]
fn only_what_looks_like_a_lease_token_has_the_ring_read() {
    let place = ring_file(&ring_text(&random_base64(), &[entry("one", &random_base64())]));
    let vault = open(&place.path);
    write(&place.path, "no ring at all");
    assert_eq!(vault.read_lease_token("made-up-key-0123456789").unwrap(), None);
    assert!(matches!(vault.read_lease_token("lease_x"), Err(VaultError::RingMalformed { .. })));
}

#[test]
fn a_ring_key_is_added_a_blank_line_below_what_an_operator_wrote() {
    let text = format!("# kept by hand\n{}", ring_text(&random_base64(), &[entry("one", &random_base64())]));
    for (written, between) in [(text.as_str(), "\n[[key]]\n"), (text.trim_end(), "\n\n[[key]]\n")] {
        let place = ring_file(written);
        let id = open(&place.path).add_ring_key(&SystemClock).unwrap();
        let after = fs::read_to_string(&place.path).unwrap();
        let added = after.strip_prefix(written).expect("what was there stays as it was");
        assert!(added.starts_with(&format!("{between}id = \"{id}\"\n")), "{added:.60}");
    }
}
