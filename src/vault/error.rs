//! What can go wrong with the key ring and with sealed keys, in sentences without secret content.

use std::io;
use std::path::PathBuf;

/// Why the vault refuses.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// There is no ring file.
    #[error("the key ring {file} does not exist. Make one: key-recycling vault init {file}", file = .file.display())]
    RingMissing {
        /// The file.
        file: PathBuf,
    },
    /// The ring file cannot be read.
    #[error("the key ring {file} cannot be read: {source}. A new one is made by: key-recycling vault init FILE", file = .file.display())]
    RingUnreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Other users may read or write the ring file.
    #[error("the key ring {file} is open to other users (mode {mode:04o}). Close it: chmod 600 {file}; key-recycling vault init makes such files", file = .file.display())]
    RingExposed {
        /// The file.
        file: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The ring is not what `vault init` writes.
    #[error("the key ring in {origin} is not valid{at}: {what}. For a new database make one: key-recycling vault init FILE", at = at_line(*.line))]
    RingMalformed {
        /// Where it was read from.
        origin: String,
        /// The line at fault, where known.
        line: Option<usize>,
        /// What is wrong, without the text itself.
        what: &'static str,
    },
    /// A key of the ring is no key.
    #[error(
        "key {id:?} of the key ring in {origin} {fault}. Make a ring of random keys: key-recycling vault init FILE"
    )]
    RingKeyRefused {
        /// Where it was read from.
        origin: String,
        /// Id of the key, `index_key` for the index key.
        id: String,
        /// What is wrong with it.
        fault: KeyFault,
    },
    /// A ring is never overwritten: the keys that it seals would be lost.
    #[error("{file} exists and is not overwritten, since every key it seals would be lost. Choose another file: key-recycling vault init FILE", file = .file.display())]
    RingExists {
        /// The file.
        file: PathBuf,
    },
    /// The ring file cannot be written.
    #[error("the key ring {file} cannot be written: {source}. Choose another place: key-recycling vault init FILE", file = .file.display())]
    RingNotWritten {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The ring lacks the key that sealed an envelope or made a token.
    #[error("the key ring has no key {id:?}, which this database was sealed with; {hint}")]
    UnknownRingKey {
        /// Id of the key.
        id: String,
        /// How to bring it in.
        hint: String,
    },
    /// A ring key was taken out of the ring although stored keys or leases hang on it.
    #[error(
        "the key ring has no key {id:?}, which seals {sealed} stored keys and {leases} leases; put it back into the ring, then move them to the newest: key-recycling vault rotate"
    )]
    RingKeyInUse {
        /// Id of the key.
        id: String,
        /// Stored keys that it seals.
        sealed: u64,
        /// Leases whose tokens it makes.
        leases: u64,
    },
    /// The source has other bytes under an id that is in use.
    #[error(
        "key {id:?} of the key ring in {origin} is another than before, so the ring read earlier stays in use; put the old one back"
    )]
    RingChanged {
        /// Where it was read from.
        origin: String,
        /// Id of the key, `index_key` for the index key.
        id: String,
    },
    /// The ring comes from where nothing can be written.
    #[error(
        "the key ring comes from {origin}, where no key can be added. Add one to the file that it is made from (vault rotate --add-only), give that to every server, then run: key-recycling vault rotate --resume"
    )]
    RingNotOurs {
        /// Where it comes from.
        origin: String,
    },
    /// The ring cannot open the canary.
    #[error("the key ring is not the one this database was sealed with (key {id:?}); put that ring back")]
    WrongRing {
        /// Id of the key that sealed the canary.
        id: String,
    },
    /// The envelope is damaged, or belongs to another row, owner or provider.
    #[error("a sealed key failed its seal's check")]
    Integrity,
    /// The plaintext is longer than any key may be.
    #[error("too long to be sealed: {length} bytes")]
    TooLong {
        /// Its length.
        length: usize,
    },
}

fn at_line(line: Option<usize>) -> String {
    line.map(|line| format!(" in line {line}")).unwrap_or_default()
}

/// What makes a key of the ring unfit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Not standard base64 of 32 bytes.
    #[error("is not base64 of 32 bytes")]
    Length,
    /// Nothing but zeros.
    #[error("is all zeros")]
    Zero,
    /// The same few bytes over and over.
    #[error("repeats itself")]
    Repeated,
    /// A key from a manual, or text.
    #[error("is an example or text, not random")]
    Example,
    /// Another key of the ring has the same bytes or the same id.
    #[error("occurs twice")]
    Twice,
}
