//! Whose fault an error of a provider is, and so what it may change.

use std::time::Duration;

use super::key::KeyProblemCode;
use super::provider::coded_enum;

coded_enum! {
    /// Scope of a provider's error. Only the first two may touch a key's status.
    BlameScope {
        /// A typed rejection of the key: wrong, expired or disabled.
        KeyRejected = "KEY_REJECTED",
        /// The key's balance is used up.
        KeyEmpty = "KEY_EMPTY",
        /// The key may not solve this kind of task.
        KeyTaskType = "KEY_TASK_TYPE",
        /// The provider refuses our address, or this key from our address.
        OurAddress = "OUR_ADDRESS",
        /// The provider is in trouble, overloaded or not to be understood.
        ProviderTrouble = "PROVIDER_TROUBLE",
        /// The task itself is at fault: unsolvable, or badly described.
        TaskAtFault = "TASK_AT_FAULT",
        /// A code that no table knows.
        Unknown = "UNKNOWN",
    }
}

/// An error of a provider, with its scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blame {
    /// Whose fault it is.
    pub scope: BlameScope,
    /// The problem that a key shows for it, where it shows one.
    pub problem: Option<KeyProblemCode>,
    /// The provider's own code, as far as a table knows it; never free text.
    pub code: Option<&'static str>,
    /// How long the provider asks us to wait.
    pub retry_after: Option<Duration>,
}

impl Blame {
    /// Trouble at the provider without a code of its own: a timeout, a page of HTML, half a JSON.
    #[must_use]
    pub const fn trouble() -> Self {
        Self {
            scope: BlameScope::ProviderTrouble,
            problem: Some(KeyProblemCode::ProviderUnavailable),
            code: None,
            retry_after: None,
        }
    }
}
