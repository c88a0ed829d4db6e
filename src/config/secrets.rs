//! Secrets: from a file of their own, a systemd credential, or (with a warning) the environment.
//!
//! Never from the configuration file itself and never from an argument. A file that others can
//! read is refused.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use super::fault::{Fault, variable};
use super::layers::Sources;
use super::table::{Effective, Origin};
use crate::domain::Secret;

/// Largest secret that is read.
const BYTES_MAX: u64 = 256 * 1024;

/// Where systemd puts credentials.
const CREDENTIALS_FOLDER: &str = "CREDENTIALS_DIRECTORY";

/// A secret by name.
pub(super) struct SecretName {
    section: &'static str,
    key: &'static str,
    /// How to come by it.
    repair: &'static str,
    /// The path that completes the repair where it is a command.
    example: Option<&'static str>,
}

/// The key ring.
pub(super) const RING: SecretName = SecretName {
    section: "vault",
    key: "ring",
    repair: "Make one: key-recycling vault init",
    example: Some("data/ring.toml"),
};
/// The bot's token.
pub(super) const BOT_TOKEN: SecretName = SecretName {
    section: "telegram",
    key: "bot_token",
    repair: "Put the token from @BotFather into a file only you can read.",
    example: None,
};
/// All of them.
pub(super) const SECRETS: [SecretName; 2] = [RING, BOT_TOKEN];

impl SecretName {
    /// Full name, which no file may give.
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.section, self.key)
    }

    /// Full name of the setting that names its file.
    pub(super) fn file_setting(&self) -> String {
        format!("{}_file", self.name())
    }

    /// Finds and reads the secret; `Ok(None)` when nothing gives it.
    pub(super) fn find(&self, file: Option<&Path>, sources: &Sources) -> Result<Option<Found>, Fault> {
        let name = self.name();
        if let Some(path) = file {
            let secret = read(path, true).map_err(|reason| self.unreadable(path, &reason))?;
            return Ok(Some(Found { secret, origin: Origin::File(path.to_owned()) }));
        }
        let credential = sources.variable(CREDENTIALS_FOLDER).map(|folder| PathBuf::from(folder).join(self.key));
        if let Some(path) = credential.filter(|path| path.exists()) {
            let secret = read(&path, false).map_err(|reason| self.unreadable(&path, &reason))?;
            return Ok(Some(Found { secret, origin: Origin::Credential(path) }));
        }
        let variable = variable(&name);
        Ok(sources
            .variable(&variable)
            .filter(|text| !text.is_empty())
            .map(|text| Found { secret: Secret::from(text.trim()), origin: Origin::Environment(variable.clone()) }))
    }

    /// The fault of a secret that is needed and that nothing gives.
    pub(super) fn missing(&self) -> Fault {
        Fault::of(&self.file_setting(), "is not set", &self.repair(None))
    }

    fn repair(&self, path: Option<&Path>) -> String {
        self.example.map_or_else(
            || self.repair.to_owned(),
            |example| format!("{} {}", self.repair, path.unwrap_or(Path::new(example)).display()),
        )
    }

    fn unreadable(&self, path: &Path, reason: &Unreadable) -> Fault {
        let shown = path.display();
        let (problem, repair) = match reason {
            Unreadable::Open(kind) => (format!("names {shown}, which cannot be read: {kind}"), self.repair(Some(path))),
            Unreadable::Shared => {
                (format!("names {shown}, which others can read"), format!("Close it: chmod 600 {shown}"))
            }
            Unreadable::Form => {
                (format!("names {shown}, which is empty, too long or no text"), self.repair(Some(path)))
            }
        };
        Fault::of(&self.file_setting(), &problem, &repair)
    }
}

/// Where a secret is, for a part that reads it by itself.
#[derive(Debug)]
pub enum SecretSource {
    /// A file that only its owner can read.
    File(PathBuf),
    /// A systemd credential.
    Credential(PathBuf),
    /// The text itself, from the environment.
    Environment(Secret),
}

/// A secret and where it was found.
pub(super) struct Found {
    /// The secret, trimmed.
    pub(super) secret: Secret,
    /// Where it was found.
    pub(super) origin: Origin,
}

impl Found {
    /// Where it was found, without the text where a path leads to it.
    pub(super) fn into_source(self) -> SecretSource {
        match self.origin {
            Origin::File(path) => SecretSource::File(path),
            Origin::Credential(path) => SecretSource::Credential(path),
            _ => SecretSource::Environment(self.secret),
        }
    }

    /// How it is shown.
    pub(super) fn effective(&self, name: &SecretName) -> Effective {
        Effective { name: name.name(), value: Some("set".to_owned()), origin: self.origin.clone() }
    }

    /// What to say about a secret that lies open to other programs of the same user.
    pub(super) fn warning(&self, name: &SecretName) -> Option<String> {
        let Origin::Environment(variable) = &self.origin else { return None };
        Some(format!(
            "{variable} holds a secret in the environment, which other programs may read; a file is safer: {}",
            name.file_setting()
        ))
    }
}

enum Unreadable {
    Open(io::ErrorKind),
    Shared,
    Form,
}

/// Reads a secret; a `private` one is refused when others can read it too. Credentials are guarded
/// by systemd's own means.
fn read(path: &Path, private: bool) -> Result<Secret, Unreadable> {
    let metadata = std::fs::metadata(path).map_err(|error| Unreadable::Open(error.kind()))?;
    if private && is_shared(&metadata) {
        return Err(Unreadable::Shared);
    }
    if metadata.len() > BYTES_MAX {
        return Err(Unreadable::Form);
    }
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => Unreadable::Form,
        kind => Unreadable::Open(kind),
    })?;
    let trimmed = text.trim();
    if trimmed.is_empty() { Err(Unreadable::Form) } else { Ok(Secret::from(trimmed)) }
}

fn is_shared(metadata: &Metadata) -> bool {
    metadata.permissions().mode() & 0o077 != 0
}
