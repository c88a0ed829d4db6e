//! A routing decision with every figure behind it, as it is shown, stored and replayed.

use serde::{Deserialize, Serialize};

use super::attempt::KeyClass;
use super::clock::Timestamp;
use super::id::{AccountId, KeyId};
use super::money::Usd;
use super::provider::{ProviderCode, TaskType, coded_enum};

/// What is to be solved, for whom, and by which preference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteRequest {
    /// The kind of task.
    pub task_type: TaskType,
    /// Whether the task brings its own proxy.
    pub proxied: bool,
    /// The account that asked; without one no key counts as its own and no bias applies.
    pub requester: Option<AccountId>,
    /// 0 is cheapest, 100 is fastest.
    pub speed_weight: u8,
    /// Only these providers; `None` means all.
    pub only: Option<Vec<ProviderCode>>,
    /// None of these providers.
    pub except: Vec<ProviderCode>,
}

/// Which key a task gets, and every figure behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The answer, `None` when nothing is eligible.
    pub choice: Option<Choice>,
    /// The providers that were scored, best first.
    pub candidates: Vec<Candidate>,
    /// The providers and keys that were left out, and why.
    pub exclusions: Vec<Exclusion>,
    /// The speed weight that was applied.
    pub speed_weight: u8,
    /// When it was decided.
    pub decided_at: Timestamp,
    /// The choice and those to fall back on when its key was taken meanwhile, best first.
    #[serde(skip)]
    pub shortlist: Vec<Choice>,
}

/// The key that was chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The winning provider.
    pub provider: ProviderCode,
    /// The key.
    pub key: KeyId,
    /// Whose key it is, seen from the requester.
    pub key_class: KeyClass,
    /// What the task is expected to cost, and what a lease holds.
    pub estimate: Usd,
    /// Score ahead of the runner-up, `None` without one.
    pub margin: Option<f64>,
    /// The key's available balance over that of its class.
    pub share: f64,
    /// The point drawn in [0, 1), `None` when no task was given.
    pub draw: Option<f64>,
}

/// A scored provider: `score = base_score * reliability * bias`, from left to right in doubles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// The provider.
    pub provider: ProviderCode,
    /// Keys that could serve the task.
    pub eligible_keys: usize,
    /// Observations behind the statistics.
    pub samples: u64,
    /// Expected cost.
    pub cost: Usd,
    /// Expected time to a solution, in seconds.
    pub solve_seconds: f64,
    /// Share of attempts that end solved, 0 to 1.
    pub success_rate: f64,
    /// 1 for the fastest candidate, 0 for the slowest.
    pub speed_score: f64,
    /// 1 for the cheapest candidate, 0 for the dearest.
    pub price_score: f64,
    /// Speed and price scores mixed by the speed weight.
    pub base_score: f64,
    /// 0.3 plus 0.7 times the success rate.
    pub reliability: f64,
    /// 1 to 1.15, where the requester has a key with balance.
    pub bias: f64,
    /// The product; the highest wins.
    pub score: f64,
}

coded_enum! {
    /// Why a provider or a key is left out.
    ExclusionReason {
        /// The request rules the provider out.
        NotRequested = "NOT_REQUESTED",
        /// The provider does not solve this kind of task in this way.
        TaskUnsupported = "TASK_UNSUPPORTED",
        /// Calls to the provider are paused.
        ProviderUnavailable = "PROVIDER_UNAVAILABLE",
        /// The provider counts in tokens and no dollar rate is set.
        RateMissing = "RATE_MISSING",
        /// Another candidate is both faster and cheaper.
        Dominated = "DOMINATED",
        /// The keys are not ACTIVE, or a problem keeps them from being lent.
        KeyNotUsable = "KEY_NOT_USABLE",
        /// The keys' balances are over an hour old.
        KeyStale = "KEY_STALE",
        /// What is available on the keys is under the estimate.
        KeyTooLow = "KEY_TOO_LOW",
        /// The keys have as many attempts under way as they may.
        KeyBusy = "KEY_BUSY",
        /// The keys were already tried for this task.
        KeyTried = "KEY_TRIED",
    }
}

/// A provider, or some keys of it, left out of a decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exclusion {
    /// The provider.
    pub provider: ProviderCode,
    /// Why.
    pub reason: ExclusionReason,
    /// How many keys it concerns, `None` when it concerns the provider as a whole.
    pub keys: Option<usize>,
    /// The candidate that is both faster and cheaper, for DOMINATED.
    pub dominated_by: Option<ProviderCode>,
    /// When the reason is expected to lapse, where known.
    pub until: Option<Timestamp>,
}
