//! The crash rig: kills the server over and over under load, then compares what it kept with the
//! providers' own books.
//!
//! The providers run in this process and are never killed; the server is the real program, started
//! as a child. `docs/crash-rig.md` says how to run it and what it proves.

mod cluster;
mod disk;
mod judge;
mod lives;
mod load;
mod oracle;
mod part;
mod program;
mod random;
mod schedule;
mod trouble;

use std::collections::HashSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use serde_json::Value;

use crate::trouble::{Outcome, Trouble};

/// Longest load of one part.
const PART_MAX: Duration = Duration::from_secs(40 * 60);

/// Kill the server under load and compare what it kept with the providers' books.
#[derive(Clone, Debug, Parser)]
#[command(name = "rig", version)]
struct Arguments {
    /// Seed of schedule and load; drawn by the clock where none is given.
    #[arg(long)]
    seed: Option<u64>,
    /// How long each part's load lasts, such as 90s or 40m; at most 40m.
    #[arg(long = "for", value_name = "TIME", value_parser = length, default_value = "60s")]
    length: Duration,
    /// What the server keeps its rows in.
    #[arg(long, value_enum, default_value_t = Database::Sqlite)]
    database: Database,
    /// How often the server is killed; every third kill is followed by one during recovery.
    #[arg(long, default_value_t = 6)]
    kills: u64,
    /// Have it die at each named place too; the program needs the feature "failpoints".
    #[arg(long)]
    points: bool,
    /// Have the disk run full once (SQLite, as root).
    #[arg(long)]
    full_disk: bool,
    /// Have every fsync fail for a while (SQLite, with a C compiler).
    #[arg(long)]
    fsync: bool,
    /// How many dispatchers work at once.
    #[arg(long, default_value_t = 12)]
    workers: u64,
    /// How long to wait at the end for calls that a kill cut off to be given up as unknown; without
    /// it they count as in doubt.
    #[arg(long, value_name = "TIME", value_parser = length, default_value = "20s")]
    settle: Duration,
    /// The server's program; else target/release, else target/debug.
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
    /// Folder of PostgreSQL's programs.
    #[arg(long, value_name = "FOLDER")]
    postgres_bin: Option<PathBuf>,
    /// Append one line of JSON for each part to this file.
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    /// Run so many parts with seeds from --seed on; parts already in the results are skipped.
    #[arg(long, value_name = "N", default_value_t = 1)]
    plan: u64,
}

/// What the server keeps its rows in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Database {
    /// A file.
    Sqlite,
    /// A cluster of the rig's own.
    Postgres,
}

impl Database {
    fn name(self) -> &'static str {
        if self == Self::Sqlite { "sqlite" } else { "postgres" }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    // Fails when it is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match run(&Arguments::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            say(&format!("the rig cannot go on: {trouble}"));
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &Arguments) -> Outcome<bool> {
    let first = arguments.seed.unwrap_or_else(seed_of_now);
    let program = program(arguments.program.as_deref())?;
    let done = match &arguments.results {
        Some(file) => parts_in(file, arguments)?,
        None => HashSet::new(),
    };
    let mut all_held = true;
    for seed in (first..).take(usize::try_from(arguments.plan).unwrap_or(usize::MAX)) {
        if done.contains(&seed) {
            say(&format!("seed {seed} is in the results already"));
            continue;
        }
        let result = part::run(arguments, seed, &program).await?;
        all_held &= result["held"] == true;
        if let Some(file) = &arguments.results {
            let mut file = std::fs::File::options().create(true).append(true).open(file)?;
            writeln!(file, "{result}")?;
        }
    }
    Ok(all_held)
}

/// The seeds of parts like these in a file of results.
fn parts_in(file: &Path, arguments: &Arguments) -> Outcome<HashSet<u64>> {
    let text = match std::fs::read_to_string(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        read => read?,
    };
    let mut seeds = HashSet::new();
    // A part that was cut off while its line was written is run again.
    for line in text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        let is_like = line["database"] == arguments.database.name() && line["load_s"] == arguments.length.as_secs();
        seeds.extend(line["seed"].as_u64().filter(|_| is_like));
    }
    Ok(seeds)
}

fn program(wanted: Option<&Path>) -> Outcome<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| PathBuf::from("target"), PathBuf::from);
    let usual = ["release", "debug"].map(|profile| target.join(profile).join("key-recycling"));
    let found = match wanted {
        Some(path) => Some(path.to_owned()),
        None => usual.into_iter().find(|path| path.exists()),
    };
    let found = found.ok_or_else(|| Trouble("no program. Build it: cargo build --release".to_owned()))?;
    std::path::absolute(&found).map_err(|error| Trouble(format!("{}: {error}", found.display())))
}

#[expect(clippy::disallowed_methods, reason = "only a seed, which is printed and replays")]
fn seed_of_now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(1, |since| since.as_secs())
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

/// A line for people.
fn say(line: &str) {
    // Without anybody reading there is nobody to tell.
    let _ = writeln!(std::io::stdout(), "{line}");
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
