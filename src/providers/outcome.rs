//! What calls to a provider come to: the words that the use cases act on.

use crate::domain::{Blame, Usd};

/// A balance that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceAnswer {
    /// In dollars; zero where the provider counts in tokens and no rate is set.
    pub balance: Usd,
    /// The figure in the provider's own unit, where that is not dollars.
    pub native: Option<String>,
    /// Whether the key's worth is a package or subscription.
    pub prepaid: bool,
}

/// What became of the call that creates a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// The provider works on it.
    Submitted {
        /// Its id there.
        task_id: String,
    },
    /// It is over already.
    Answered(Ending),
    /// A typed refusal: nothing runs and nothing is charged.
    Refused(Blame, Option<String>),
    /// The request never left: nothing runs and nothing is charged.
    NeverSent(Blame),
    /// It may or may not run, and be charged.
    Unclear(Blame),
}

/// What became of the call that asks for a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Polled {
    /// The provider still works on it.
    Pending,
    /// It is over.
    Ended(Ending),
    /// The provider does not know the task any more.
    Lost(Blame),
    /// No answer that says anything about the task: ask again later.
    Trouble(Blame),
}

/// The end of a task at its provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// Whether it was solved.
    pub solved: bool,
    /// What the provider says it cost.
    pub cost: CostFigure,
    /// Whether the provider charges it.
    pub charge: Charge,
    /// Why it was not solved.
    pub blame: Option<Blame>,
    /// What the dispatcher gets: JSON text, free of keys.
    pub reply: String,
}

/// A cost as the provider tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CostFigure {
    /// It tells none.
    Absent,
    /// A figure that is believed.
    Exact {
        /// The figure.
        cost: Usd,
        /// Its text.
        raw: String,
    },
    /// A figure that is not to be credited blindly.
    Unbelievable {
        /// Its text.
        raw: String,
    },
}

/// Whether an ended task is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charge {
    /// It is not.
    Free,
    /// It is.
    Charged,
}
