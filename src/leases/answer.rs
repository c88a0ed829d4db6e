//! What the gateway tells a dispatcher about an attempt, before it is put into a dialect.

use crate::domain::{Attempt, AttemptState};

/// Code for "try again elsewhere": the attempt ended before anything was sent.
pub(super) const NO_SLOT: &str = "ERROR_NO_SLOT_AVAILABLE";

/// Code for "no solution from this one": what became of it is not the dispatcher's matter.
pub(super) const UNSOLVABLE: &str = "ERROR_CAPTCHA_UNSOLVABLE";

/// Answer to a task's creation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateAnswer {
    /// The provider works on it.
    Submitted {
        /// The provider's id of the task.
        task_id: String,
    },
    /// It is solved already.
    Answered {
        /// The provider's id of the task, where it gave one.
        task_id: Option<String>,
        /// The scrubbed reply.
        reply: String,
    },
    /// Nothing came of it.
    Failed {
        /// The provider's code, or one of ours that its dialect knows.
        code: String,
        /// The scrubbed reply, where there is one.
        reply: Option<String>,
    },
}

/// Answer to a poll for the result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResultAnswer {
    /// Not yet.
    Processing,
    /// Here it is.
    Solved {
        /// The scrubbed reply.
        reply: String,
    },
    /// Nothing came of it.
    Failed {
        /// The provider's code, or one of ours that its dialect knows.
        code: String,
        /// The scrubbed reply, where there is one.
        reply: Option<String>,
    },
}

/// Why the gateway does not act on a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GatewayRefusal {
    /// No lease has this token.
    UnknownToken,
    /// The task is not the lease's, or not the one it was used for.
    BadParameters,
    /// The lease was not used in time, or was given back.
    Expired,
    /// The lease has no such task, or its answer is no longer kept.
    UnknownTask,
    /// Something failed here; the log has it.
    Internal,
}

/// What a stored attempt answers to its creation; `None` while the provider's answer is awaited.
pub(super) fn to_creation(attempt: &Attempt) -> Option<CreateAnswer> {
    if attempt.state == AttemptState::Sent {
        return None;
    }
    let task_id = attempt.provider_task_id.clone();
    Some(match (to_poll(attempt), task_id) {
        (Some(ResultAnswer::Processing), Some(task_id)) => CreateAnswer::Submitted { task_id },
        (Some(ResultAnswer::Solved { reply }), task_id) if attempt.polls == 0 => {
            CreateAnswer::Answered { task_id, reply }
        }
        // Once polled, a repeated creation gets the id it got at first; the poll has the rest.
        (_, Some(task_id)) => CreateAnswer::Submitted { task_id },
        (Some(ResultAnswer::Solved { reply }), None) => CreateAnswer::Answered { task_id: None, reply },
        (Some(ResultAnswer::Failed { code, reply }), None) => CreateAnswer::Failed { code, reply },
        (Some(ResultAnswer::Processing) | None, None) => {
            CreateAnswer::Failed { code: UNSOLVABLE.to_owned(), reply: None }
        }
    })
}

/// What a stored attempt answers to a poll; `None` when its answer is no longer kept.
pub(super) fn to_poll(attempt: &Attempt) -> Option<ResultAnswer> {
    let failed = |default: &str| ResultAnswer::Failed {
        code: attempt.error_code.clone().unwrap_or_else(|| default.to_owned()),
        reply: attempt.reply.clone(),
    };
    match attempt.state {
        AttemptState::Reserved | AttemptState::Sent | AttemptState::Submitted => Some(ResultAnswer::Processing),
        // Under review is the charge, not the answer.
        AttemptState::Settled | AttemptState::UnderReview if attempt.error_code.is_none() => {
            attempt.reply.clone().map(|reply| ResultAnswer::Solved { reply })
        }
        AttemptState::Released | AttemptState::Expired => Some(failed(NO_SLOT)),
        AttemptState::Settled
        | AttemptState::UnderReview
        | AttemptState::FailedFree
        | AttemptState::FailedCharged
        | AttemptState::Unknown => Some(failed(UNSOLVABLE)),
    }
}
