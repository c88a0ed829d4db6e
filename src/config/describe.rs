//! The settings in words: the commented example file and the reference table.

use std::fmt::Write as _;

use super::secrets::SECRETS;
use super::table::Row;
use super::{fault, rows};

/// A configuration file with every setting at its default, commented.
#[must_use]
pub fn example() -> String {
    let mut text = String::from(
        "# Key Recycling. Every setting with its default; a line without one is optional or required as said.\n\
         # Flags win over the environment, the environment over this file, this file over the defaults.\n",
    );
    let mut section = String::new();
    for row in rows() {
        if row.section != section {
            section.clone_from(&row.section);
            let _ = write!(text, "\n[{section}]\n");
        }
        let _ = writeln!(text, "# {} Has to be {}.", row.description, row.rule);
        let _ = match &row.default {
            Some(default) => writeln!(text, "# {} = {default}", row.key),
            None => writeln!(text, "# {} =", row.key),
        };
    }
    text
}

/// The settings as a Markdown table, for the README.
#[must_use]
pub fn reference_markdown() -> String {
    let mut text = String::from("| setting | variable | default | what it is |\n|---|---|---|---|\n");
    let provider_opening = "providers.";
    let first_provider =
        rows().into_iter().find(|row| row.section.starts_with(provider_opening)).map(|row| row.section);
    for row in rows() {
        let is_provider = row.section.starts_with(provider_opening);
        // The six tables are alike: the first stands for all, and only what it lacks is added.
        if is_provider && Some(&row.section) != first_provider.as_ref() && row.key != "nano_usd_per_token" {
            continue;
        }
        let _ = writeln!(text, "{}", line(&row, is_provider));
    }
    for secret in &SECRETS {
        let name = secret.name();
        let _ = writeln!(
            text,
            "| (secret) `{name}` | `{}` | | From `{}`, else the systemd credential of its last name, else this variable. |",
            fault::variable(&name),
            secret.file_setting(),
        );
    }
    text
}

fn line(row: &Row, is_provider: bool) -> String {
    let any = is_provider && row.key != "nano_usd_per_token";
    let (name, variable) = if any {
        (format!("providers.*.{}", row.key), fault::variable(&format!("providers.*.{}", row.key)))
    } else {
        (row.name(), row.variable())
    };
    let default = row.default.as_ref().map(|default| format!("`{default}`")).unwrap_or_default();
    format!("| `{name}` | `{variable}` | {default} | {} Has to be {}. |", row.description, row.rule.replace('|', "\\|"))
}
