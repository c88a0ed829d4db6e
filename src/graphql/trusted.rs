//! Trusted documents: the operations of the Mini App, embedded with their hashes.
//!
//! A client may send a document's id in place of its text. In the production mode that
//! `server.trusted_documents` switches on, owners may ask for nothing else: what is not here was
//! not written by us.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use rust_embed::Embed;
use sha2::{Digest, Sha256};

#[derive(Embed)]
#[folder = "miniapp/operations"]
struct Operations;

static BY_ID: LazyLock<HashMap<String, String>> = LazyLock::new(|| {
    let files = Operations::iter().filter_map(|name| Operations::get(&name));
    let texts = files.filter_map(|file| String::from_utf8(file.data.into_owned()).ok());
    texts.map(|text| (id_of(&text), text)).collect()
});

/// The id of a document: `sha256:` and the hash of its text in lower hexadecimal.
fn id_of(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold("sha256:".to_owned(), |mut id, byte| {
        let _ = write!(id, "{byte:02x}");
        id
    })
}

/// The text of a trusted document.
pub(super) fn document(id: &str) -> Option<&'static str> {
    BY_ID.get(id).map(String::as_str)
}

/// Whether a text is one of them, to the byte.
pub(super) fn is_trusted(text: &str) -> bool {
    BY_ID.contains_key(&id_of(text))
}

/// Every trusted document.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = &'static str> {
    BY_ID.values().map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_found_by_its_hash_and_trusted_to_the_byte() {
        assert!(all().count() >= 9);
        for text in all() {
            assert_eq!(document(&id_of(text)), Some(text));
            assert!(is_trusted(text) && !is_trusted(&format!("{text} ")));
        }
        assert_eq!(document("sha256:00"), None);
    }
}
