//! Why a command did not do what it was asked, and the exit code that says so.

use std::io;

use crate::config::Faults;

/// Why a command ended otherwise than done.
#[derive(Debug)]
pub(super) enum Failure {
    /// The answer is no; what there is to say has been said.
    No,
    /// Usage or configuration: the lines to print.
    Usage(String),
    /// Something that is needed cannot be reached or fails.
    Unreachable(String),
    /// Standard output is gone.
    Output(io::Error),
}

/// What commands answer.
pub(super) type Outcome = Result<(), Failure>;

impl Failure {
    /// The process's exit code.
    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::No => 1,
            Self::Usage(_) => 2,
            Self::Unreachable(_) => 3,
            // Whoever closed the pipe has read enough: `key-recycling key list | head`.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Output(_) => 3,
        }
    }

    /// What people are told, if anything.
    pub(super) fn message(&self) -> Option<String> {
        match self {
            Self::No => None,
            Self::Usage(text) | Self::Unreachable(text) => Some(text.clone()),
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => None,
            Self::Output(error) => Some(format!("standard output cannot be written: {error}")),
        }
    }

    /// A failure of a part that a command depends on.
    pub(super) fn unreachable(error: impl std::fmt::Display) -> Self {
        Self::Unreachable(error.to_string())
    }

    /// A refusal by one of the product's rules.
    pub(super) fn usage(error: impl std::fmt::Display) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<Faults> for Failure {
    fn from(faults: Faults) -> Self {
        Self::Usage(faults.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}
