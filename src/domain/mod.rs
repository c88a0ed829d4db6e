//! The words of the product as types: money, ids, providers, states and their arrows, time.
//!
//! Nothing here does I/O beyond reading the clock and the operating system's random generator
//! behind traits, and nothing here imports another module of ours. A state changes only along an
//! arrow of the tables in [`key`] and [`attempt`].

pub mod account;
pub mod actor;
pub mod attempt;
pub mod audit;
pub mod blame;
pub mod clock;
pub mod decision;
pub mod entropy;
pub mod event;
pub mod failpoint;
pub mod figure;
pub mod guard;
pub mod id;
pub mod key;
pub mod money;
pub mod provider;
pub mod reach;
pub mod request_id;
pub mod secret;
pub mod token;
pub mod transfer;

pub use account::{Account, AccountKind, AccountRef};
pub use actor::{Actor, Scope, Scopes, ServiceIdentity};
pub use attempt::{Attempt, AttemptState, KeyClass, SolutionVerdict};
pub use blame::{Blame, BlameScope};
pub use clock::{Clock, SystemClock, Timestamp};
pub use decision::{Decision, RouteRequest};
pub use entropy::{Entropy, OsEntropy};
pub use id::{AccountId, AttemptId, AuditId, KeyId, ServiceTokenId, TransferId};
pub use key::{Key, KeyProblem, KeyProblemCode, KeyStatus};
pub use money::Usd;
pub use provider::{CostSource, ProviderCode, TaskType};
pub use secret::Secret;
pub use transfer::{Transfer, TransferKind};
