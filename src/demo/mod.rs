//! Everything on this machine: the sandbox and a dispatcher as children, the server in between.
//!
//! Owners, tasks and money move through the same doors as in earnest: the GraphQL API, the
//! gateway, the providers' protocols. At the end the sandbox's books and the ledger have to agree
//! to the nano-dollar.

mod cast;
mod child;
mod client;
mod dialect;
mod dispatcher;
mod play;
mod random;
mod report;
mod stage;
mod table;
mod watch;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::app::StartError;

pub(crate) use child::stdin_closed;
pub(crate) use client::Trouble;
pub(crate) use dispatcher::dispatch;
pub(crate) use play::run;

/// How the demo runs.
#[derive(Debug)]
pub(crate) struct Options {
    /// How long tasks are dispatched; until told to end without it.
    pub(crate) length: Option<Duration>,
    /// Where the closing account goes as JSON.
    pub(crate) report: Option<PathBuf>,
    /// Port of the public listener; 0 takes free ones everywhere.
    pub(crate) port: u16,
    /// The data folder; a fresh one without it.
    pub(crate) data: Option<PathBuf>,
    /// Seed of keys, tasks and the sandbox.
    pub(crate) seed: u64,
    /// Whether the table is redrawn in place.
    pub(crate) live: bool,
    /// Whether it is coloured.
    pub(crate) color: bool,
    /// What the server logs.
    pub(crate) log: Option<String>,
}

/// Why the demo did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The options make no sense here.
    #[error("{0}")]
    Usage(String),
    /// The server does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Something the demo depends on does not answer.
    #[error(transparent)]
    Trouble(#[from] Trouble),
    /// The screen is gone.
    #[error("standard output cannot be written")]
    Output(#[from] io::Error),
}
