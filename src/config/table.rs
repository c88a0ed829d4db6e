//! The settings as rows, and the values that flags, environment, file and defaults give them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::fault::{Fault, variable};
use super::readers::Reader;

/// One setting, as people read about it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Section, such as `server` or `providers.multibot`.
    pub section: String,
    /// Name inside the section.
    pub key: &'static str,
    /// Default as TOML writes it; `None` when there is none.
    pub default: Option<String>,
    /// What values it takes, completing "has to be …".
    pub rule: String,
    /// What it is for.
    pub description: String,
}

impl Row {
    pub(super) fn new<R: Reader>(
        section: &str,
        key: &'static str,
        default: Option<&str>,
        reader: &R,
        description: &[&str],
    ) -> Self {
        let quoted = |text: &str| if R::BARE { text.to_owned() } else { format!("\"{text}\"") };
        Self {
            section: section.to_owned(),
            key,
            default: default.map(quoted),
            rule: reader.rule(),
            description: description.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" "),
        }
    }

    /// The setting's full name.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}.{}", self.section, self.key)
    }

    /// Its name in the environment.
    #[must_use]
    pub fn variable(&self) -> String {
        variable(&self.name())
    }
}

/// Where a value in force came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Built in.
    Default,
    /// The configuration file.
    File(PathBuf),
    /// A variable.
    Environment(String),
    /// A flag of the command line.
    Flag(String),
    /// A systemd credential.
    Credential(PathBuf),
    /// Nothing sets it.
    Unset,
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::File(path) | Self::Credential(path) => write!(formatter, "{}", path.display()),
            Self::Environment(name) | Self::Flag(name) => formatter.write_str(name),
            Self::Unset => formatter.write_str("not set"),
        }
    }
}

/// A setting in force, ready to be shown: secrets are masked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// Full name.
    pub name: String,
    /// Value as shown, `None` when it has none.
    pub value: Option<String>,
    /// Where it came from.
    pub origin: Origin,
}

/// A value that was given, and where.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// The given values, strongest origin already chosen, and what reading them brought up.
pub(super) struct Values<'a> {
    given: &'a BTreeMap<String, Given>,
    pub(super) faults: Vec<Fault>,
    pub(super) effective: Vec<Effective>,
}

impl<'a> Values<'a> {
    pub(super) fn new(given: &'a BTreeMap<String, Given>) -> Self {
        Self { given, faults: Vec::new(), effective: Vec::new() }
    }

    /// Reads one setting; `None` after a fault was noted.
    pub(super) fn take<R: Reader>(
        &mut self,
        section: &str,
        key: &str,
        default: Option<&str>,
        reader: &R,
    ) -> Option<R::Value> {
        let name = format!("{section}.{key}");
        let given = self.given.get(&name);
        let Some(text) = given.map(|given| given.text.as_str()).or(default) else {
            self.effective.push(Effective { name, value: None, origin: Origin::Unset });
            return reader.absent();
        };
        let origin = given.map_or(Origin::Default, |given| given.origin.clone());
        let value = reader.read(text);
        if value.is_none() {
            let problem = format!("from {origin} has to be {}", reader.rule());
            self.faults.push(Fault::of(&name, &problem, "See it explained: key-recycling config example"));
        }
        self.effective.push(Effective { name, value: Some(reader.shown(text)), origin });
        value
    }
}
