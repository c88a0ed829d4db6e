//! Where values are given: flags over environment over file. Unknown names are refused here.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::fault::{Fault, PREFIX, nearest, variable};
use super::secrets::SECRETS;
use super::table::{Given, Origin, Row};
use crate::domain::failpoint;

/// The variable that names the configuration file.
const FILE_VARIABLE: &str = "KEY_RECYCLING_CONFIG";
/// The file that is read where none is named, if it is there.
const DEFAULT_FILE: &str = "key-recycling.toml";

/// A setting that a flag of the command line gives.
#[derive(Clone, Debug)]
pub struct Flag {
    /// Full name of the setting.
    pub setting: String,
    /// Its text.
    pub value: String,
    /// How people wrote it, such as `--log`.
    pub flag: String,
}

/// Everything a configuration is made of; nothing else is looked at.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// The file that `--config` names.
    pub file: Option<PathBuf>,
    /// The folder in which the default file is looked for; `None` looks for none.
    pub folder: Option<PathBuf>,
    /// The environment.
    pub environment: Vec<(String, String)>,
    /// Settings given by flags.
    pub flags: Vec<Flag>,
}

impl Sources {
    /// What this process was started with.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>, flags: Vec<Flag>) -> Self {
        let text = |text: OsString| text.to_string_lossy().into_owned();
        let environment = std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect();
        Self { file, folder: Some(PathBuf::from(".")), environment, flags }
    }

    /// The value of a variable.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The file to read, and whether it has to exist.
    fn file_choice(&self) -> Option<PathBuf> {
        let named = self.file.clone().or_else(|| self.variable(FILE_VARIABLE).map(PathBuf::from));
        named.or_else(|| {
            let default = self.folder.as_ref()?.join(DEFAULT_FILE);
            default.exists().then_some(default)
        })
    }

    /// The strongest value of each setting; an error when there is no reading the file, since all
    /// that it sets would then be called missing.
    pub(super) fn gather(&self, rows: &[Row], faults: &mut Vec<Fault>) -> Result<BTreeMap<String, Given>, Fault> {
        let mut given = BTreeMap::new();
        if let Some(path) = self.file_choice() {
            let names = rows.iter().map(Row::name).collect();
            let table = read_file(&path)?;
            FileReader { path: &path, names, given: &mut given, faults }.section("", &table);
        }
        self.read_environment(rows, &mut given, faults);
        for Flag { setting, value, flag } in &self.flags {
            let origin = Origin::Flag(flag.clone());
            given.insert(setting.clone(), Given { text: value.clone(), origin });
        }
        Ok(given)
    }

    fn read_environment(&self, rows: &[Row], given: &mut BTreeMap<String, Given>, faults: &mut Vec<Fault>) {
        let settings: BTreeMap<String, String> = rows.iter().map(|row| (row.variable(), row.name())).collect();
        let secrets: Vec<String> = SECRETS.iter().map(|secret| variable(&secret.name())).collect();
        for (name, value) in self.environment.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
            if let Some(setting) = settings.get(name) {
                let origin = Origin::Environment(name.clone());
                given.insert(setting.clone(), Given { text: value.clone(), origin });
            } else if name != FILE_VARIABLE && !secrets.contains(name) && !failpoint::is_variable(name) {
                let known = settings.keys().chain(&secrets).map(String::as_str).chain([FILE_VARIABLE]);
                let nearest = nearest(name, known).unwrap_or(FILE_VARIABLE);
                faults.push(Fault::general(format!(
                    "{name} is no variable of this program; the nearest is {nearest}. Take it away: unset {name}"
                )));
            }
        }
    }
}

fn read_file(path: &Path) -> Result<toml::Table, Fault> {
    let shown = path.display();
    let start = "Start from: key-recycling config example";
    let unread = |error: std::io::Error| Fault::general(format!("{shown} cannot be read ({}). {start}", error.kind()));
    let text = std::fs::read_to_string(path).map_err(unread)?;
    text.parse::<toml::Table>().map_err(|error| {
        // The error's full text quotes the line, which may hold what should not be there.
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        Fault::general(format!("{shown} line {line} is no TOML: {}. {start}", error.message()))
    })
}

struct FileReader<'a> {
    path: &'a Path,
    names: BTreeSet<String>,
    given: &'a mut BTreeMap<String, Given>,
    faults: &'a mut Vec<Fault>,
}

impl FileReader<'_> {
    fn section(&mut self, prefix: &str, table: &toml::Table) {
        for (key, value) in table {
            let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            match value {
                toml::Value::Table(inner) if self.is_section(&name) => self.section(&name, inner),
                _ if self.names.contains(&name) => self.setting(name, value),
                _ => self.unknown(&name),
            }
        }
    }

    fn is_section(&self, name: &str) -> bool {
        let opening = format!("{name}.");
        self.names.iter().any(|known| known.starts_with(&opening))
    }

    fn setting(&mut self, name: String, value: &toml::Value) {
        let text = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(switch) => switch.to_string(),
            _ => {
                let problem =
                    format!("in {} has to be text in quotes, a whole number, or true or false", self.path.display());
                self.faults.push(Fault::of(&name, &problem, "See it explained: key-recycling config example"));
                return;
            }
        };
        self.given.insert(name, Given { text, origin: Origin::File(self.path.to_owned()) });
    }

    fn unknown(&mut self, name: &str) {
        let file = self.path.display();
        if let Some(secret) = SECRETS.iter().find(|secret| secret.name() == name) {
            let problem = format!("is a secret and may not stand in {file}");
            let repair = format!("Put it into a file of its own and name that: {}", secret.file_setting());
            self.faults.push(Fault::of(name, &problem, &repair));
            return;
        }
        let nearest = nearest(name, self.names.iter().map(String::as_str)).unwrap_or_default();
        self.faults.push(Fault::general(format!(
            "{name} in {file} is no setting; the nearest is {nearest}. See them all: key-recycling config example"
        )));
    }
}
