//! What the rig is told to do.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, ValueEnum};

use crate::trouble::{Outcome, Trouble};

/// Longest load of one part.
const PART_MAX: Duration = Duration::from_secs(40 * 60);

/// Kill the server under load and compare what it kept with the providers' books.
#[derive(Clone, Debug, Parser)]
#[command(name = "rig", version)]
pub(crate) struct Arguments {
    /// Seed of schedule and load; drawn by the clock where none is given.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// How long each part's load lasts, such as 90s or 40m; at most 40m.
    #[arg(long = "for", value_name = "TIME", value_parser = length, default_value = "60s")]
    pub(crate) length: Duration,
    /// What the server keeps its rows in.
    #[arg(long, value_enum, default_value_t = Database::Sqlite)]
    pub(crate) database: Database,
    /// How often the server is killed at a random moment; every third kill is followed by one
    /// during recovery, which counts by itself.
    #[arg(long, default_value_t = 6)]
    pub(crate) kills: u64,
    /// Have it die at each named place too, for which this program is run: one built with the
    /// feature "failpoints".
    #[arg(long, value_name = "FILE")]
    pub(crate) points: Option<PathBuf>,
    /// Have the disk run full once (SQLite, as root).
    #[arg(long)]
    pub(crate) full_disk: bool,
    /// Have every fsync fail for a while (SQLite, with a C compiler).
    #[arg(long)]
    pub(crate) fsync: bool,
    /// How many dispatchers work at once.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..=200))]
    pub(crate) workers: u64,
    /// How long to wait at the end for calls that a kill cut off to be given up as unknown; without
    /// it they count as in doubt.
    #[arg(long, value_name = "TIME", value_parser = length, default_value = "20s")]
    pub(crate) settle: Duration,
    /// The server's program; else target/release, else target/debug.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Folder of PostgreSQL's programs.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) postgres_bin: Option<PathBuf>,
    /// Append one line of JSON for each part to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) results: Option<PathBuf>,
    /// Run so many parts with seeds from --seed on; parts already in the results are skipped.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) parts: usize,
    /// Name of the plan that the parts belong to, in the results.
    #[arg(long, value_name = "NAME", default_value = "kills")]
    pub(crate) plan: String,
    /// Print the figures of a file of results as a table, and do nothing else.
    #[arg(long, value_name = "FILE", group = "other")]
    pub(crate) summary: Option<PathBuf>,
    /// Measure a restart with so many open attempts instead, and do nothing else.
    #[arg(long, value_name = "N", group = "other", value_parser = clap::value_parser!(u64).range(6..=20_000))]
    pub(crate) restart: Option<u64>,
    /// Measure the time from a provider's last answer to the credit over so many tasks instead,
    /// and do nothing else.
    #[arg(long, value_name = "N", group = "other", value_parser = clap::value_parser!(u64).range(6..=100_000))]
    pub(crate) latency: Option<u64>,
}

/// What the server keeps its rows in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Database {
    /// A file.
    Sqlite,
    /// A cluster of the rig's own.
    Postgres,
}

impl Database {
    pub(crate) fn name(self) -> &'static str {
        if self == Self::Sqlite { "sqlite" } else { "postgres" }
    }
}

impl Arguments {
    /// The server's program.
    pub(crate) fn program(&self) -> Outcome<PathBuf> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
        let usual = ["release", "debug"].map(|profile| target.join(profile).join("key-recycling"));
        let found = match &self.program {
            Some(path) => Some(path.clone()),
            None => usual.into_iter().find(|path| path.exists()),
        };
        absolute(&found.ok_or_else(|| Trouble("no program. Build it: cargo build --release".to_owned()))?)
    }

    /// The program with the named places compiled in, if they are to be struck.
    pub(crate) fn points_program(&self) -> Outcome<Option<PathBuf>> {
        self.points.as_deref().map(absolute).transpose()
    }
}

fn absolute(path: &Path) -> Outcome<PathBuf> {
    std::path::absolute(path).map_err(|error| Trouble(format!("{}: {error}", path.display())))
}

fn length(text: &str) -> Result<Duration, String> {
    let last = text.char_indices().next_back().map_or(0, |(place, _)| place);
    let (number, unit) = text.split_at(last);
    let number: u64 = number.parse().map_err(|_| "has to be a time such as 90s or 40m".to_owned())?;
    let length = match unit {
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.saturating_mul(60)),
        _ => return Err("has to be a time such as 90s or 40m".to_owned()),
    };
    if length > PART_MAX { Err("has to be at most 40m".to_owned()) } else { Ok(length) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_up_to_forty_minutes() {
        assert_eq!(length("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(length("40m"), Ok(PART_MAX));
        assert!(["41m", "", "s", "5", "5h", "é"].into_iter().all(|text| length(text).is_err()));
    }
}
