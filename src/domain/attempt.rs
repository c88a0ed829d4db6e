//! An attempt: one try at one task on one key, from the hold to its end.

use std::time::Duration;

use super::clock::Timestamp;
use super::id::{AccountId, AttemptId, KeyId};
use super::money::Usd;
use super::provider::{CostSource, ProviderCode, TaskType, coded_enum};

/// How long the reply of an ended attempt is kept for the dispatcher's polls.
pub const REPLY_KEPT: Duration = Duration::from_secs(15 * 60);

/// Longest reply that is stored.
pub const REPLY_BYTES_MAX: usize = 64 * 1024;

coded_enum! {
    /// Where an attempt is in its life.
    AttemptState {
        /// The hold is placed and nothing was sent.
        Reserved = "RESERVED",
        /// Sent to the provider, its answer is awaited.
        Sent = "SENT",
        /// The provider works on it.
        Submitted = "SUBMITTED",
        /// Solved, charged and credited.
        Settled = "SETTLED",
        /// Failed without a charge.
        FailedFree = "FAILED_FREE",
        /// Failed, yet charged and credited.
        FailedCharged = "FAILED_CHARGED",
        /// Nobody knows yet whether the provider took or charged it.
        Unknown = "UNKNOWN",
        /// Evidence did not decide, or the cost is not believable.
        UnderReview = "UNDER_REVIEW",
        /// Given back unused.
        Released = "RELEASED",
        /// Never used in time.
        Expired = "EXPIRED",
    }
}

impl AttemptState {
    /// Whether an attempt may go from this state to the other. These are all the arrows there are.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use AttemptState::{
            Expired, FailedCharged, FailedFree, Released, Reserved, Sent, Settled, Submitted, UnderReview, Unknown,
        };
        matches!(
            (self, next),
            (Reserved, Sent | Released | Expired)
                | (Sent, Submitted | Settled | FailedFree | FailedCharged | Unknown | UnderReview)
                | (Submitted, Settled | FailedFree | FailedCharged | Unknown | UnderReview)
                | (Unknown, Settled | FailedFree | UnderReview)
                | (UnderReview, Settled | FailedFree)
        )
    }

    /// Whether the hold still stands in this state.
    #[must_use]
    pub const fn holds(self) -> bool {
        matches!(self, Self::Reserved | Self::Sent | Self::Submitted | Self::Unknown)
    }

    /// Whether the provider may be working on it: what makes a key's balance unquiet.
    #[must_use]
    pub const fn is_under_way(self) -> bool {
        matches!(self, Self::Sent | Self::Submitted)
    }

    /// Whether nothing follows without an operator.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        !self.holds()
    }

    /// Whether the next try at the task may be opened after this one.
    #[must_use]
    pub const fn allows_next_try(self) -> bool {
        !matches!(self, Self::Reserved | Self::Sent | Self::Submitted | Self::Settled)
    }
}

coded_enum! {
    /// What the target site said to a solution.
    SolutionVerdict {
        /// It was taken.
        Accepted = "ACCEPTED",
        /// It was refused.
        Rejected = "REJECTED",
    }
}

coded_enum! {
    /// Whose key serves a task, in the order of preference.
    KeyClass {
        /// A key of the account that asked.
        Own = "OWN",
        /// A key of another owner.
        Shared = "SHARED",
        /// A key of the platform.
        Platform = "PLATFORM",
    }
}

coded_enum! {
    /// Which of a provider's protocols an attempt is sent by.
    Dialect {
        /// `createTask` and its kin.
        Json = "JSON",
        /// `in.php` and `res.php`.
        Legacy = "LEGACY",
    }
}

/// An attempt as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Id of the attempt; the lease token is derived from it.
    pub id: AttemptId,
    /// The service that opened it.
    pub principal: String,
    /// The service's own id of the task.
    pub task_id: String,
    /// 1 for the first try at the task.
    pub number: i32,
    /// The account that asked for the task, as far as it is known here.
    pub requester: Option<AccountId>,
    /// What was asked for, as canonical JSON: a repeat must ask the same.
    pub request: String,
    /// The key it runs on.
    pub key: KeyId,
    /// The key's owner.
    pub owner: AccountId,
    /// The provider that solves it.
    pub provider: ProviderCode,
    /// The kind of task.
    pub task_type: TaskType,
    /// Whether the task brings its own proxy.
    pub proxied: bool,
    /// Whose key it is, seen from the requester.
    pub key_class: KeyClass,
    /// Where it is in its life.
    pub state: AttemptState,
    /// What is held on the key while the state holds.
    pub estimate: Usd,
    /// SHA-256 over what was sent: a repeat must send the same.
    pub body_hash: Option<Vec<u8>>,
    /// Protocol it was sent by.
    pub dialect: Option<Dialect>,
    /// The provider's id of the task, as text.
    pub provider_task_id: Option<String>,
    /// Scrubbed answer to createTask or to the last poll, for the dispatcher.
    pub reply: Option<String>,
    /// The provider's error code where it failed.
    pub error_code: Option<String>,
    /// What the provider charged.
    pub cost: Option<Usd>,
    /// The provider's own text of the cost.
    pub cost_raw: Option<String>,
    /// How the cost was learnt.
    pub cost_source: Option<CostSource>,
    /// The reading before it, where the cost is a balance delta.
    pub before: Option<Usd>,
    /// What the target site said.
    pub verdict: Option<SolutionVerdict>,
    /// The decision as it was taken, as JSON.
    pub decision: String,
    /// Ring key of the lease token.
    pub token_ring_key_id: String,
    /// When the lease was opened.
    pub opened_at: Timestamp,
    /// Until when a task may be created with it.
    pub expires_at: Timestamp,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// When the provider's result is asked for next.
    pub poll_at: Option<Timestamp>,
    /// How often the result was asked for.
    pub polls: i32,
    /// When it was no longer SENT or SUBMITTED.
    pub returned_at: Option<Timestamp>,
    /// When it reached a last state.
    pub ended_at: Option<Timestamp>,
}

impl Attempt {
    /// What is held on the key for it now.
    #[must_use]
    pub fn held(&self) -> Usd {
        if self.state.holds() { self.estimate } else { Usd::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::AttemptState::{
        Expired, FailedCharged, FailedFree, Released, Reserved, Sent, Settled, Submitted, UnderReview, Unknown,
    };
    use super::*;

    #[test]
    fn only_the_designed_arrows_exist() {
        let arrows = [
            (Reserved, Sent),
            (Reserved, Released),
            (Reserved, Expired),
            (Sent, Submitted),
            (Sent, Settled),
            (Sent, FailedFree),
            (Sent, FailedCharged),
            (Sent, Unknown),
            (Sent, UnderReview),
            (Submitted, Settled),
            (Submitted, FailedFree),
            (Submitted, FailedCharged),
            (Submitted, Unknown),
            (Submitted, UnderReview),
            (Unknown, Settled),
            (Unknown, FailedFree),
            (Unknown, UnderReview),
            (UnderReview, Settled),
            (UnderReview, FailedFree),
        ];
        for from in AttemptState::ALL {
            for to in AttemptState::ALL {
                assert_eq!(from.may_become(*to), arrows.contains(&(*from, *to)), "{from} → {to}");
            }
        }
    }

    #[test]
    fn each_state_says_what_it_means_for_its_key() {
        // Whether the hold stands, the provider may be at work, and the next try may be opened.
        for (state, holds, under_way, next_try) in [
            (Reserved, true, false, false),
            (Sent, true, true, false),
            (Submitted, true, true, false),
            (Settled, false, false, false),
            (FailedFree, false, false, true),
            (FailedCharged, false, false, true),
            (Unknown, true, false, true),
            (UnderReview, false, false, true),
            (Released, false, false, true),
            (Expired, false, false, true),
        ] {
            assert_eq!(
                (state.holds(), state.is_under_way(), state.allows_next_try()),
                (holds, under_way, next_try),
                "{state}"
            );
            assert_eq!(state.has_ended(), !holds, "{state}");
            let estimate = Usd::from_nanos(2_990_000);
            assert_eq!(attempt(state, estimate).held(), if holds { estimate } else { Usd::ZERO }, "{state}");
        }
    }

    #[test]
    fn a_reply_of_64_kib_is_kept_for_a_quarter_of_an_hour() {
        assert_eq!((REPLY_KEPT.as_secs(), REPLY_BYTES_MAX), (900, 65_536));
    }

    fn attempt(state: AttemptState, estimate: Usd) -> Attempt {
        let some = uuid::Uuid::from_u128(1);
        Attempt {
            id: AttemptId(some),
            principal: "dispatcher".to_owned(),
            task_id: "task".to_owned(),
            number: 1,
            requester: None,
            request: "{}".to_owned(),
            key: KeyId(some),
            owner: AccountId(some),
            provider: ProviderCode::Capsolver,
            task_type: TaskType::Turnstile,
            proxied: false,
            key_class: KeyClass::Shared,
            state,
            estimate,
            body_hash: None,
            dialect: None,
            provider_task_id: None,
            reply: None,
            error_code: None,
            cost: None,
            cost_raw: None,
            cost_source: None,
            before: None,
            verdict: None,
            decision: "{}".to_owned(),
            token_ring_key_id: "one".to_owned(),
            opened_at: Timestamp::from_micros(0),
            expires_at: Timestamp::from_micros(0),
            sent_at: None,
            poll_at: None,
            polls: 0,
            returned_at: None,
            ended_at: None,
        }
    }
}
