//! What is wrong with a configuration: one line a fault, naming the setting, its variable and the
//! command that repairs it. Values are never quoted, since any of them may hold a secret.

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(String);

impl Fault {
    /// A fault of one setting.
    pub(super) fn of(name: &str, problem: &str, repair: &str) -> Self {
        Self(format!("{name} {problem} ({}). {repair}", variable(name)))
    }

    /// A fault that belongs to no single setting.
    pub(super) fn general(line: String) -> Self {
        Self(line)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Everything that is wrong, found in one go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(Fault::to_string).collect();
        formatter.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Faults {}

/// What every variable's name begins with.
pub(super) const PREFIX: &str = "KEY_RECYCLING_";

/// The environment's name of a setting: `server.listen` is `KEY_RECYCLING_SERVER_LISTEN`.
#[must_use]
pub fn variable(name: &str) -> String {
    format!("{PREFIX}{}", name.replace('.', "_").to_uppercase())
}

/// The known name that is closest to a misspelt one.
pub(super) fn nearest<'a>(misspelt: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known.min_by_key(|name| distance(misspelt, name))
}

/// Edits that lead from one text to the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for (column, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_found() {
        let known = ["server.listen", "sync.interval", "server.public_url"];
        assert_eq!(nearest("server.lisen", known.into_iter()), Some("server.listen"));
        assert_eq!(nearest("synk.intervall", known.into_iter()), Some("sync.interval"));
        assert_eq!((distance("", "abc"), distance("kitten", "sitting")), (3, 3));
    }

    #[test]
    fn variables_follow_the_name() {
        assert_eq!(variable("providers.two_captcha.base_url"), "KEY_RECYCLING_PROVIDERS_TWO_CAPTCHA_BASE_URL");
    }
}
