//! Arguments of the demo and of its sandbox.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::values::span;

/// How the demo runs.
#[derive(Args, Debug)]
pub(in crate::cli) struct DemoArguments {
    /// End by itself after this time, such as 30s.
    #[arg(long = "for", value_name = "TIME", value_parser = span)]
    pub(in crate::cli) length: Option<Duration>,
    /// Write the closing account to this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) report: Option<PathBuf>,
    /// Port of the public listener; gateway, admin and sandbox follow. 0 takes free ones.
    #[arg(long, default_value_t = 8080)]
    pub(in crate::cli) port: u16,
    /// Folder for database, key ring and log; a fresh temporary one by default.
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) data: Option<PathBuf>,
    /// Seed of keys, tasks and the sandbox.
    #[arg(long, default_value_t = 1)]
    pub(in crate::cli) seed: u64,
    /// Lines instead of a live table; the default without a terminal.
    #[arg(long)]
    pub(in crate::cli) plain: bool,
}

/// How the sandbox runs.
#[derive(Args, Debug)]
pub(in crate::cli) struct SandboxArguments {
    /// Base port; the six providers follow. 0 takes free ones.
    #[arg(long, default_value_t = 8083)]
    pub(in crate::cli) port: u16,
    /// Seed of solve times, failures and answers.
    #[arg(long, default_value_t = 1)]
    pub(in crate::cli) seed: u64,
    /// End when standard input closes, which is how a child notices that its parent has gone.
    #[arg(long, hide = true)]
    pub(in crate::cli) until_stdin_closes: bool,
}
