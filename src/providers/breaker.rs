//! When calls to a provider are paused, and how it gets its chance again.
//!
//! A pause begins when the provider refuses our address, when calls keep failing by its fault, or
//! when it seems to reject every key at once. When it is over one call goes out as a trial: if that
//! is answered, all others follow; if not, the next pause is twice as long. Each process learns for
//! itself; nothing here is stored.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::provider::ProviderHealth;

/// So many calls in a row that fail by the provider's fault begin a pause.
const FAILURES: u32 = 10;

/// Failures further apart than this are no row.
const GAP_MAX: Duration = Duration::from_secs(60);

/// The first pause, and the longest.
const PAUSE_MIN: Duration = Duration::from_secs(30);
const PAUSE_MAX: Duration = Duration::from_secs(15 * 60);

/// After this a trial whose call came to no end makes room for another.
const TRIAL_MAX: Duration = Duration::from_secs(60);

/// Why calls are paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// The provider refuses our address.
    Address,
    /// Calls keep failing by its fault.
    Trouble,
    /// It seems to reject every key.
    Rejections,
}

/// What a call came to, as far as the breaker cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The provider works.
    Answered,
    /// It answered that it rejects the key.
    Rejected,
    /// The call failed by the provider's fault.
    Failed,
    /// Our address is refused, for so long at least.
    Banned(Duration),
}

/// What kind of call asks to go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// One that can wait or be made elsewhere.
    Any,
    /// One for the result of a task under way, which may be lost by waiting.
    Result,
}

/// The breaker of one provider.
#[derive(Default)]
pub(super) struct Breaker(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    state: State,
    failures: u32,
    failed_at: Option<Timestamp>,
    /// Pauses since the last time that the provider worked.
    pauses: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Closed,
    Open {
        until: Timestamp,
        cause: Cause,
    },
    Trial {
        since: Timestamp,
        cause: Cause,
    },
}

/// What others are told about a pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It begins, for this cause, until then.
    Paused(Cause, Timestamp),
    /// It is over.
    Resumed,
}

impl Breaker {
    /// Lets a call out, or says until when it has to wait.
    pub(super) fn admit(&self, call: Call, now: Timestamp) -> Result<(), Timestamp> {
        let mut inner = self.lock();
        match inner.state {
            State::Closed => Ok(()),
            State::Open { cause, .. } | State::Trial { cause, .. }
                if call == Call::Result && cause != Cause::Address =>
            {
                Ok(())
            }
            State::Open { until, .. } if now < until => Err(until),
            State::Trial { since, .. } if now < since.plus(TRIAL_MAX) => Err(since.plus(TRIAL_MAX)),
            State::Open { cause, .. } | State::Trial { cause, .. } => {
                inner.state = State::Trial { since: now, cause };
                Ok(())
            }
        }
    }

    /// How many calls that can wait may begin now.
    pub(super) fn room(&self, now: Timestamp) -> usize {
        match self.lock().state {
            State::Closed => usize::MAX,
            State::Open { until, .. } if now < until => 0,
            State::Trial { since, .. } if now < since.plus(TRIAL_MAX) => 0,
            State::Open { .. } | State::Trial { .. } => 1,
        }
    }

    /// Remembers what a call came to. Answers what changed by it. Whether results can be had says nothing
    /// about the rest: they go out during most pauses too.
    pub(super) fn note(&self, call: Call, outcome: Outcome, now: Timestamp) -> Option<Change> {
        let is_ban = matches!(outcome, Outcome::Banned(_));
        if call == Call::Result && !is_ban {
            return None;
        }
        let mut inner = self.lock();
        match (outcome, inner.state) {
            (Outcome::Banned(wait), _) => inner.open(Cause::Address, wait, now),
            (Outcome::Failed, State::Closed) => {
                let is_row = inner.failed_at.is_some_and(|before| now.since(before) <= GAP_MAX);
                inner.failures = if is_row { inner.failures + 1 } else { 1 };
                inner.failed_at = Some(now);
                if inner.failures >= FAILURES { inner.open(Cause::Trouble, Duration::ZERO, now) } else { None }
            }
            (Outcome::Failed, State::Trial { cause, .. })
            | (Outcome::Rejected, State::Trial { cause: cause @ Cause::Rejections, .. }) => {
                inner.open(cause, Duration::ZERO, now)
            }
            (Outcome::Answered | Outcome::Rejected, State::Trial { .. }) => {
                *inner = Inner::default();
                Some(Change::Resumed)
            }
            (Outcome::Answered | Outcome::Rejected, State::Closed) => {
                inner.failures = 0;
                None
            }
            // The call went out before the pause began.
            (_, State::Open { .. }) => None,
        }
    }

    /// Begins a pause unless there is one.
    pub(super) fn alarm(&self, now: Timestamp) -> Option<Change> {
        let mut inner = self.lock();
        match inner.state {
            State::Closed => inner.open(Cause::Rejections, Duration::ZERO, now),
            State::Open { .. } | State::Trial { .. } => None,
        }
    }

    /// Whether the provider is taken to reject every key, until a trial shows that it does not.
    pub(super) fn rejects_all(&self) -> bool {
        let state = self.lock().state;
        matches!(state, State::Open { cause: Cause::Rejections, .. } | State::Trial { cause: Cause::Rejections, .. })
    }

    /// How the pause stands; `None` when there is none.
    pub(super) fn health(&self, now: Timestamp) -> Option<ProviderHealth> {
        match self.lock().state {
            State::Closed => None,
            State::Open { until, .. } if now < until => Some(ProviderHealth::Unavailable),
            State::Open { .. } | State::Trial { .. } => Some(ProviderHealth::Degraded),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        // Every change is whole, also under a holder that panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn open(&mut self, cause: Cause, at_least: Duration, now: Timestamp) -> Option<Change> {
        let pause = PAUSE_MIN.saturating_mul(1 << self.pauses.min(10)).min(PAUSE_MAX).max(at_least);
        let until = match self.state {
            // Several calls may learn of one ban; each is an answer to a call before the pause.
            State::Open { until, cause: before } if before == cause => until,
            _ => now.plus(pause),
        };
        let next = State::Open { until, cause };
        if self.state == next {
            return None;
        }
        self.state = next;
        self.failures = 0;
        self.pauses += 1;
        Some(Change::Paused(cause, until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn failing(times: u32) -> Breaker {
        let breaker = Breaker::default();
        for _ in 1..times {
            assert_eq!(breaker.note(Call::Any, Outcome::Failed, at(0)), None);
        }
        breaker
    }

    #[test]
    fn a_row_of_failures_begins_a_pause() {
        let breaker = failing(FAILURES);
        assert_eq!(breaker.note(Call::Any, Outcome::Failed, at(0)), Some(Change::Paused(Cause::Trouble, at(30))));
        assert_eq!((breaker.admit(Call::Any, at(29)), breaker.room(at(29))), (Err(at(30)), 0));
        assert_eq!(breaker.health(at(29)), Some(ProviderHealth::Unavailable));
        assert_eq!(breaker.admit(Call::Result, at(29)), Ok(()), "a result may be lost by waiting");
    }

    #[test]
    fn an_answer_or_a_long_gap_ends_the_row() {
        let breaker = failing(FAILURES);
        breaker.note(Call::Any, Outcome::Answered, at(0));
        assert_eq!(breaker.note(Call::Any, Outcome::Failed, at(0)), None);
        let breaker = failing(FAILURES);
        assert_eq!(breaker.note(Call::Any, Outcome::Failed, at(61)), None);
        let breaker = failing(FAILURES);
        assert_eq!(breaker.note(Call::Result, Outcome::Failed, at(0)), None);
        assert_eq!(breaker.note(Call::Result, Outcome::Answered, at(0)), None);
        assert!(breaker.note(Call::Any, Outcome::Failed, at(0)).is_some(), "results do not count");
        assert_eq!(breaker.note(Call::Any, Outcome::Rejected, at(61)), None, "a rejection is an answer");
    }

    #[test]
    fn one_trial_decides_what_follows() {
        let breaker = failing(FAILURES);
        breaker.note(Call::Any, Outcome::Failed, at(0));
        assert_eq!((breaker.room(at(30)), breaker.admit(Call::Any, at(30))), (1, Ok(())));
        assert_eq!((breaker.room(at(31)), breaker.admit(Call::Any, at(31))), (0, Err(at(90))));
        assert_eq!(breaker.health(at(31)), Some(ProviderHealth::Degraded));
        assert_eq!(
            breaker.note(Call::Any, Outcome::Failed, at(31)),
            Some(Change::Paused(Cause::Trouble, at(91))),
            "twice as long"
        );
        assert_eq!(breaker.admit(Call::Any, at(91)), Ok(()));
        assert_eq!(breaker.note(Call::Any, Outcome::Answered, at(92)), Some(Change::Resumed));
        assert_eq!(
            (breaker.admit(Call::Any, at(92)), breaker.room(at(92)), breaker.health(at(92))),
            (Ok(()), usize::MAX, None)
        );
    }

    #[test]
    fn a_trial_that_comes_to_no_end_makes_room() {
        let breaker = failing(FAILURES);
        breaker.note(Call::Any, Outcome::Failed, at(0));
        breaker.admit(Call::Any, at(30)).expect("the trial");
        assert_eq!((breaker.room(at(90)), breaker.admit(Call::Any, at(90))), (1, Ok(())));
    }

    #[test]
    fn a_ban_is_one_pause_however_many_learn_of_it() {
        let breaker = Breaker::default();
        let wait = Duration::from_secs(300);
        assert_eq!(
            breaker.note(Call::Any, Outcome::Banned(wait), at(0)),
            Some(Change::Paused(Cause::Address, at(300)))
        );
        assert_eq!(breaker.note(Call::Any, Outcome::Banned(wait), at(1)), None);
        assert_eq!(breaker.admit(Call::Result, at(1)), Err(at(300)), "every call would make it longer");
        assert_eq!(breaker.note(Call::Any, Outcome::Answered, at(2)), None, "it went out before");
        assert_eq!(breaker.admit(Call::Any, at(300)), Ok(()));
        assert_eq!(
            breaker.note(Call::Any, Outcome::Rejected, at(301)),
            Some(Change::Resumed),
            "who rejects a key hears us"
        );
    }

    #[test]
    fn a_rejection_is_no_proof_where_all_are_rejected() {
        let breaker = Breaker::default();
        assert_eq!(breaker.alarm(at(0)), Some(Change::Paused(Cause::Rejections, at(30))));
        assert_eq!(breaker.alarm(at(1)), None);
        assert!(breaker.rejects_all());
        assert_eq!(breaker.admit(Call::Any, at(30)), Ok(()));
        assert_eq!(breaker.note(Call::Any, Outcome::Rejected, at(30)), Some(Change::Paused(Cause::Rejections, at(90))));
        assert_eq!(breaker.admit(Call::Any, at(90)), Ok(()));
        assert!(breaker.rejects_all());
        assert_eq!(breaker.note(Call::Any, Outcome::Answered, at(90)), Some(Change::Resumed));
        assert!(!breaker.rejects_all());
    }

    #[test]
    fn pauses_grow_to_a_quarter_of_an_hour() {
        let breaker = Breaker::default();
        let mut now = at(0);
        let mut change = breaker.alarm(now);
        for _ in 0..12 {
            let Some(Change::Paused(_, until)) = change else { panic!("{change:?}") };
            assert!(until.since(now) <= PAUSE_MAX);
            now = until;
            breaker.admit(Call::Any, now).expect("the trial");
            change = breaker.note(Call::Any, Outcome::Failed, now);
        }
        let Some(Change::Paused(_, until)) = change else { panic!("{change:?}") };
        assert_eq!(until.since(now), PAUSE_MAX);
    }
}
