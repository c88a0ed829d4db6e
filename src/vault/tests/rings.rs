//! What a ring may look like, how large its file may be, and how messages lead to what is wrong.

use std::path::Path;

use zeroize::Zeroizing;

use super::*;

const LARGEST: usize = 262_144;

fn written(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    file
}

fn open(source: LocalRing) -> Result<Vault, VaultError> {
    Vault::open(source, Arc::new(OsEntropy))
}

#[test]
fn an_id_is_1_to_64_letters_digits_dots_dashes_and_underscores() {
    let key = random_base64();
    let with = |id: &str| try_open(&ring_text(&random_base64(), &[entry(id, &key)]));
    for good in ["a", "2026-01-02.Main_9", &"x".repeat(64)] {
        assert_eq!(with(good).unwrap().sealing_ring_key_id(), good);
    }
    for bad in ["", "a b", "a/b", "ä", "a:b", &"x".repeat(65)] {
        assert!(matches!(with(bad), Err(VaultError::RingMalformed { line: None, .. })), "{bad}");
    }
}

#[test]
fn ring_keys_are_told_with_their_moments() {
    let found = fresh().ring_keys();
    let created = Timestamp::from_rfc3339("2026-01-02T03:04:05Z").unwrap();
    assert_eq!(found, [RingKeyInfo { id: "one".to_owned(), created }]);
}

#[test]
fn a_malformed_line_is_named_by_its_number() {
    let good = ring_text(&random_base64(), &[entry("one", &random_base64())]);
    for (text, says) in [
        (good.replace("created", "made"), "the environment is not valid in line 5: not a key ring in TOML"),
        (
            good.replace("id = \"one\"", "id = one two"),
            "the environment is not valid in line 3: not a key ring in TOML",
        ),
        (good.replace("\"one\"", "\"one two\""), "the environment is not valid: an id is not"),
    ] {
        let message = try_open(&text).unwrap_err().to_string();
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn whose_ring_key_is_missing_is_told_where_to_put_it() {
    let text = ring_text(&random_base64(), &[entry("one", &random_base64())]);
    let file = written(&text);
    let path = file.path().display();
    for (source, says) in [
        (LocalRing::File(file.path().to_owned()), format!("put it back into {path}, which is read again at once")),
        (
            LocalRing::Credential(file.path().to_owned()),
            format!("the ring comes from the credential {path}: start again"),
        ),
        (LocalRing::Environment(text.as_str().into()), "the ring comes from the environment: start again".to_owned()),
    ] {
        let message = open(source).unwrap().lease_token(AttemptId(Uuid::nil()), "two").unwrap_err().to_string();
        assert!(message.contains("no key \"two\"") && message.contains(&says), "{message}");
    }
}

#[test]
fn a_ring_of_256_kib_is_read_and_a_larger_one_is_not() {
    let ring = ring_text(&random_base64(), &[entry("one", &random_base64())]);
    let of_size = |size: usize| format!("{ring}#{}", "x".repeat(size - ring.len() - 1));
    let read = |size| {
        let file = written(&of_size(size));
        open(LocalRing::File(file.path().to_owned()))
    };
    assert_eq!(read(LARGEST).unwrap().sealing_ring_key_id(), "one");
    assert!(matches!(read(LARGEST + 1), Err(VaultError::RingUnreadable { .. })));
}

#[test]
fn a_ring_is_read_into_one_buffer_that_does_not_grow() {
    let file = written(&ring_text(&random_base64(), &[entry("one", &random_base64())]));
    let text = file::read_guarded(file.path()).unwrap();
    // A buffer that grew would leave the ring behind where it was.
    assert!(text.capacity() <= text.len() + 1, "{} for {}", text.capacity(), text.len());
}

#[test]
fn what_is_no_file_is_not_read() {
    for path in ["/dev/zero", "/"] {
        let refused = open(LocalRing::Credential(Path::new(path).to_owned()));
        assert!(matches!(refused, Err(VaultError::RingUnreadable { .. })), "{path}");
    }
    let error = open(LocalRing::Credential("/nowhere/ring.toml".into())).unwrap_err();
    assert!(matches!(error, VaultError::RingMissing { .. }), "{error}");
}

#[test]
fn where_no_ring_can_be_made_the_message_says_so() {
    let file = written("");
    let below_a_file = file.path().join("ring.toml");
    let refused = init_ring_file(&below_a_file, &SystemClock, &OsEntropy).unwrap_err();
    assert!(matches!(&refused, VaultError::RingNotWritten { .. }), "{refused}");
    assert!(refused.to_string().contains(&below_a_file.display().to_string()), "{refused}");
}

/// Stands for a service that keeps rings wrapped: the file that it has is none.
struct Unwrapping(std::path::PathBuf);

impl RingSource for Unwrapping {
    fn text(&self) -> Result<Zeroizing<String>, VaultError> {
        let wrapped = file::read(&self.0)?;
        Ok(Zeroizing::new(wrapped.chars().rev().collect()))
    }

    fn stamp(&self) -> Option<Stamp> {
        Stamp::of(&self.0)
    }

    fn origin(&self) -> String {
        "the service".to_owned()
    }

    fn hint(&self) -> String {
        "ask the service".to_owned()
    }

    fn file(&self) -> Option<&Path> {
        None
    }
}

#[test]
fn a_ring_may_be_unwrapped_elsewhere() {
    let wrapped = |entries: &[String], index: &str| ring_text(index, entries).chars().rev().collect::<String>();
    let (index, first) = (random_base64(), entry("one", &random_base64()));
    let file = written(&wrapped(std::slice::from_ref(&first), &index));
    let vault = Vault::open(Unwrapping(file.path().to_owned()), Arc::new(OsEntropy)).unwrap();
    let sealed = vault.seal(&PLACE, &secret()).unwrap();
    let more = [first, entry("two", &random_base64())];
    fs::write(file.path(), wrapped(&more, &index)).unwrap();
    assert!(vault.refresh().unwrap(), "it is unwrapped again when it has changed");
    assert_eq!(vault.ring_keys().len(), 2);
    let opened = vault.open_envelope(&PLACE, Some("one"), &sealed.envelope).unwrap();
    assert_eq!(opened.expose_secret(), secret().expose_secret());
    let refused = vault.add_ring_key(&SystemClock).unwrap_err();
    assert!(refused.to_string().contains("the service"), "its ring keys are made there: {refused}");
}
