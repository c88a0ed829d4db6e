//! The crash rig: kills the server over and over under load, then compares what it kept with the
//! providers' own books. It also measures a restart, and the way from a charge to its credit.
//!
//! The providers run in this process and are never killed; the server is the real program, started
//! as a child. `docs/crash-rig.md` says how to run it and what it proves.

mod arguments;
mod cluster;
mod disk;
mod ground;
mod judge;
mod latency;
mod lives;
mod load;
mod oracle;
mod part;
mod program;
mod random;
mod restart;
mod results;
mod schedule;
mod socket;
mod spread;
mod trouble;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::Arguments;
use crate::trouble::{Outcome, Trouble};

#[tokio::main]
async fn main() -> ExitCode {
    // Fails when it is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let arguments = Arguments::parse();
    // Dropping the run ends the servers and the database that it started.
    let outcome = tokio::select! {
        outcome = run(&arguments) => outcome,
        told = told_to_end() => Err(told.map_or_else(Trouble::from, |()| Trouble("told to end".to_owned()))),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            say(&format!("the rig cannot go on: {trouble}"));
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &Arguments) -> Outcome<bool> {
    if let Some(file) = &arguments.summary {
        say(&results::summary(&std::fs::read_to_string(file)?));
        return Ok(true);
    }
    let first = arguments.seed.unwrap_or_else(seed_of_now);
    if let Some(count) = arguments.restart {
        return restart::measure(arguments, first, count).await;
    }
    if let Some(count) = arguments.latency {
        return latency::measure(arguments, first, count).await;
    }
    let done = match &arguments.results {
        Some(file) => results::parts_in(file, arguments)?,
        None => std::collections::HashMap::new(),
    };
    let mut all_held = true;
    for seed in (first..).take(arguments.parts) {
        if let Some(held) = done.get(&seed) {
            all_held &= held;
            let (plan, database) = (&arguments.plan, arguments.database.name());
            let verdict = if *held { "held" } else { "BROKEN" };
            say(&format!("{plan} on {database}, seed {seed}: in the results already, {verdict}"));
            continue;
        }
        let result = part::run(arguments, seed).await?;
        all_held &= result["held"] == true;
        if let Some(file) = &arguments.results {
            let mut file = std::fs::File::options().create(true).append(true).open(file)?;
            writeln!(file, "{result}")?;
        }
    }
    Ok(all_held)
}

async fn told_to_end() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[expect(clippy::disallowed_methods, reason = "only a seed, which is printed and replays")]
fn seed_of_now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(1, |since| since.as_secs())
}

/// A line for people.
fn say(line: &str) {
    // Without anybody reading there is nobody to tell.
    let _ = writeln!(std::io::stdout(), "{line}");
}
