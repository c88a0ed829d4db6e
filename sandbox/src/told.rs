//! What the providers answered, told to whoever runs the sandbox in the same process.
//!
//! The books say what happened; this says when, to the microsecond, for figures of speed. Answers
//! that a fault breaks on their way are not told, since nobody knows what arrives.

use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use crate::dialect::Ask;
use crate::exchange::Exchange;
use crate::outcome::Outcome;
use crate::provider::Provider;

/// An answer at the moment at which it goes out.
#[derive(Clone, Debug)]
pub struct Told {
    /// Who answered.
    pub provider: Provider,
    /// What was said.
    pub what: Answer,
    /// When the reply was handed to its connection.
    pub at: Instant,
}

/// Answers that tell how far a task or a key is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer {
    /// The task is not done yet.
    Pending {
        /// Its id.
        task: String,
    },
    /// The task is solved or has failed.
    Final {
        /// Its id.
        task: String,
    },
    /// The balance of a key.
    Balance {
        /// The key.
        key: String,
    },
}

/// Where answers are told.
pub(crate) type Listener = UnboundedSender<Told>;

/// Tells an answer, if it is one of those and goes out whole.
pub(crate) fn tell(listener: &Listener, provider: Provider, ask: &Ask, exchange: &Exchange) {
    if exchange.wire.is_some() {
        return;
    }
    let what = match &exchange.outcome {
        Outcome::Pending { id } => Answer::Pending { task: id.clone() },
        Outcome::Ready(solved) => Answer::Final { task: solved.id.clone() },
        Outcome::Failed { id } => Answer::Final { task: id.clone() },
        Outcome::Balance(_) => Answer::Balance { key: ask.key.clone() },
        _ => return,
    };
    let at = Instant::now() + Duration::from_millis(exchange.latency);
    // Whoever listened may be gone; then nobody wants to know.
    let _ = listener.send(Told { provider, what, at });
}
