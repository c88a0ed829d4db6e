//! What a reply of a provider says, whichever protocol it came by.

/// A reply to the call that creates a task or asks for its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// The task was taken under this id.
    Taken {
        /// Its id.
        task_id: String,
    },
    /// The task is being worked on.
    Working,
    /// The task is solved.
    Ready(Ready),
    /// The task ended without a solution.
    Failed {
        /// The provider's code.
        code: String,
    },
    /// An error.
    Error {
        /// The provider's code.
        code: String,
    },
    /// Nothing that can be understood.
    Garbled,
}

/// A solved task, as raw JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ready {
    /// The solution: an object, a string or an array.
    pub(crate) solution: String,
    /// The cost.
    pub(crate) cost: Option<String>,
    /// The task's id, where the reply tells it.
    pub(crate) task_id: Option<String>,
    /// What else the dispatcher gets, as names and raw JSON.
    pub(crate) extras: Vec<(String, String)>,
}

/// Whether a text can be an error code at all: capitals, digits and what the known ones have.
pub(crate) fn is_code(text: &str) -> bool {
    (3..=64).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_uppercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b':' | b' '))
}
