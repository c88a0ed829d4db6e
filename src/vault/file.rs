//! The ring file on disk: made readable for its owner alone, never overwritten but by itself with one
//! key more, refused when it is open to others.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::ring::KeyRing;
use super::{VaultError, derive};
use crate::domain::clock::Clock;
use crate::domain::entropy::Entropy;

/// A ring of several hundred keys is far below this.
const FILE_BYTES_MAX: u64 = 256 * 1024;
const OWNER_ONLY: u32 = 0o600;
const OTHERS: u32 = 0o077;
/// What the name of a file that is being written has between the ring's name and random bytes.
const DRAFT: &str = ".draft-";
const DRAFT_BYTES: usize = 8;

const HEAD: &str = "\
# Key ring of Key Recycling. Without it no stored key can ever be used again: keep a copy apart from the database.
# The last [[key]] seals once `key-recycling vault rotate` has begun with it, the others are only read. A [[key]] may go
# when `key-recycling vault status` says so. The index key is never replaced.
";

/// Makes a ring of one random key in a new file that only its owner can read.
///
/// # Errors
/// Fails when the file exists, or cannot be written.
pub fn init_ring_file(path: &Path, clock: &dyn Clock, entropy: &dyn Entropy) -> Result<(), VaultError> {
    let mut text = Zeroizing::new(String::with_capacity(1_024));
    text.push_str(HEAD);
    text.push_str("index_key = \"");
    push_key(&mut text, entropy);
    text.push_str("\"\n");
    push_entry(&mut text, clock, entropy);
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(|error| not_written(path, error))?;
    }
    let draft = write_draft(path, &text, entropy).map_err(|error| not_written(path, error))?;
    // Unlike a rename, a link never replaces a file that is there.
    let linked = fs::hard_link(&draft, path);
    let removed = fs::remove_file(&draft);
    match linked.and(removed).and_then(|()| sync_folder(path)) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(VaultError::RingExists { file: path.to_owned() }),
        outcome => outcome.map_err(|error| not_written(path, error)),
    }
}

/// Adds a random key to a ring file and returns its id. Whenever this is cut off, the file is the
/// old one or the new one, whole.
///
/// # Errors
/// Fails when the file is not a good ring, or cannot be written; the old file stays then.
pub(super) fn add_ring_key(path: &Path, clock: &dyn Clock, entropy: &dyn Entropy) -> Result<String, VaultError> {
    // A symbolic link stays one: what it points to is replaced.
    let target = fs::canonicalize(path).map_err(|source| unreadable(path, source))?;
    // Of two who add at once, the later one has to see the key of the earlier. The file itself is
    // replaced, so its folder is what both can hold on to.
    let folder = File::open(folder_of(&target)).map_err(|error| not_written(path, error))?;
    folder.lock().map_err(|error| not_written(path, error))?;
    remove_drafts(&target).map_err(|error| not_written(path, error))?;
    let old = read_guarded(path)?;
    KeyRing::parse(&old, &path.display().to_string())?;
    let mut text = Zeroizing::new(String::with_capacity(old.len() + 1_024));
    text.push_str(&old);
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let id = push_entry(&mut text, clock, entropy);
    write_draft(&target, &text, entropy)
        .and_then(|draft| give_to_owner_of(&target, &draft).and_then(|()| fs::rename(draft, &target)))
        .and_then(|()| sync_folder(&target))
        .map_err(|error| not_written(path, error))?;
    Ok(id)
}

/// Reads a ring file that nobody but its owner may touch.
pub(super) fn read_guarded(path: &Path) -> Result<Zeroizing<String>, VaultError> {
    let file = open(path)?;
    // Asked of the open file: a symbolic link is judged by what it points to, and nobody can swap
    // the file between the look and the read.
    let mode = file.metadata().map_err(|source| unreadable(path, source))?.permissions().mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(VaultError::RingExposed { file: path.to_owned(), mode });
    }
    read_open(path, &file)
}

/// Reads a ring file that the service manager guards.
pub(super) fn read(path: &Path) -> Result<Zeroizing<String>, VaultError> {
    read_open(path, &open(path)?)
}

fn open(path: &Path) -> Result<File, VaultError> {
    File::open(path).map_err(|source| match source.kind() {
        ErrorKind::NotFound => VaultError::RingMissing { file: path.to_owned() },
        _ => unreadable(path, source),
    })
}

fn read_open(path: &Path, file: &File) -> Result<Zeroizing<String>, VaultError> {
    let metadata = file.metadata().map_err(|source| unreadable(path, source))?;
    if !metadata.is_file() || metadata.len() > FILE_BYTES_MAX {
        return Err(unreadable(path, io::Error::other("not a file of a key ring's size")));
    }
    let room = usize::try_from(metadata.len()).unwrap_or(0) + 1;
    let mut text = Zeroizing::new(String::with_capacity(room));
    file.take(FILE_BYTES_MAX).read_to_string(&mut text).map_err(|source| unreadable(path, source))?;
    Ok(text)
}

fn push_entry(text: &mut String, clock: &dyn Clock, entropy: &dyn Entropy) -> String {
    let created = clock.now().to_rfc3339();
    let mut suffix = [0; 4];
    entropy.fill(&mut suffix);
    let id = format!("{}-{}", created.get(..10).unwrap_or("key"), derive::lower_hex(&suffix));
    text.push_str(&format!("\n[[key]]\nid = \"{id}\"\ncreated = \"{created}\"\nkey = \""));
    push_key(text, entropy);
    text.push_str("\"\n");
    id
}

fn push_key(text: &mut String, entropy: &dyn Entropy) {
    let mut bytes = Zeroizing::new([0; 32]);
    entropy.fill(&mut *bytes);
    STANDARD.encode_string(*bytes, text);
}

/// Writes the text beside the file under a name of its own, down to the disk.
fn write_draft(path: &Path, text: &str, entropy: &dyn Entropy) -> io::Result<PathBuf> {
    let mut suffix = [0; DRAFT_BYTES];
    entropy.fill(&mut suffix);
    let name = path.file_name().ok_or_else(|| io::Error::other("not the name of a file"))?;
    let mut draft_name = OsString::from(".");
    draft_name.push(name);
    draft_name.push(DRAFT);
    draft_name.push(derive::lower_hex(&suffix));
    let draft = path.with_file_name(draft_name);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(&draft)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // Half a ring must not lie about; if it can't be removed either, the first error says more.
        let _ = fs::remove_file(&draft);
        return Err(error);
    }
    Ok(draft)
}

/// Gives the draft to whom the file belongs: an operator may be root, and the servers are not. What can't be
/// given away must not take the file's place.
fn give_to_owner_of(path: &Path, draft: &Path) -> io::Result<()> {
    let owner = fs::metadata(path)?;
    let given = chown(draft, Some(owner.uid()), Some(owner.gid()));
    if given.is_err() {
        // Half a rotation must not lie about; if it can't be removed either, the first error says more.
        let _ = fs::remove_file(draft);
    }
    given
}

/// Removes what somebody left behind who was cut off while writing: such files hold the whole ring.
fn remove_drafts(path: &Path) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    for entry in fs::read_dir(folder_of(path))? {
        let entry = entry?;
        let found = entry.file_name();
        let rest = found.as_encoded_bytes().strip_prefix(b".").and_then(|rest| rest.strip_prefix(name));
        let suffix = rest.and_then(|rest| rest.strip_prefix(DRAFT.as_bytes()));
        if suffix.is_some_and(|suffix| suffix.len() == 2 * DRAFT_BYTES && suffix.iter().all(u8::is_ascii_hexdigit)) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Makes the folder's new entry last.
fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(folder_of(path))?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn unreadable(path: &Path, source: io::Error) -> VaultError {
    VaultError::RingUnreadable { file: path.to_owned(), source }
}

fn not_written(path: &Path, source: io::Error) -> VaultError {
    VaultError::RingNotWritten { file: path.to_owned(), source }
}
