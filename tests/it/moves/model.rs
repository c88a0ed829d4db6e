//! The money of one key as it should be: a provider that charges, and what the server may know of it.
//!
//! It is written from the design and knows nothing of rows. All amounts are nano-dollars.

use std::time::Duration;

use key_recycling::domain::{AttemptId, AttemptState, Timestamp};

/// How long no attempt may have been under way before a quiet reading.
const QUIET: Duration = Duration::from_secs(30);

/// Quiet readings after which a provisional credit is final.
const FINAL_AFTER: usize = 2;

/// An attempt as the model sees it.
#[derive(Clone, Debug)]
pub(super) struct Try {
    pub(super) id: AttemptId,
    pub(super) estimate: i64,
    /// What the provider takes if it charges.
    pub(super) price: i64,
    pub(super) charged: bool,
    pub(super) state: AttemptState,
    pub(super) returned_at: Option<Timestamp>,
    pub(super) cost: i64,
    pub(super) provisional: bool,
    /// Quiet readings since it was settled.
    pub(super) quiet_readings: usize,
}

/// A reading under way.
#[derive(Clone, Debug)]
pub(super) struct Under {
    pub(super) started_at: Timestamp,
    /// What the provider told, if it told it at the beginning: balance and outside spending then.
    pub(super) told: Option<(i64, i64)>,
}

/// The key.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    /// What the provider has.
    pub(super) balance: i64,
    pub(super) outside: i64,
    pub(super) topped_up: i64,
    pub(super) reversed: i64,
    pub(super) tries: Vec<Try>,
    pub(super) under_way: Vec<Under>,
    /// The last accepted reading: figure, beginning, and the outside spending in it.
    pub(super) reading: Option<(i64, Timestamp, i64)>,
    /// End of the last quiet reading.
    pub(super) quiet_until: Option<Timestamp>,
    pub(super) removed: bool,
}

/// What became of a reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Landed {
    Dropped,
    Accepted,
    /// Accepted, with every charge in it.
    Quiet,
}

impl Model {
    fn sum(&self, what: impl Fn(&Try) -> i64) -> i64 {
        self.tries.iter().map(what).sum()
    }

    pub(super) fn held(&self) -> i64 {
        self.sum(|it| if it.state.holds() { it.estimate } else { 0 })
    }

    pub(super) fn in_flight(&self) -> usize {
        self.tries.iter().filter(|it| it.state.holds()).count()
    }

    pub(super) fn under_review(&self) -> i64 {
        self.sum(|it| if it.state == AttemptState::UnderReview { it.estimate } else { 0 })
    }

    pub(super) fn is_checking(&self) -> bool {
        self.tries.iter().any(|it| it.state == AttemptState::Unknown)
    }

    pub(super) fn charged(&self) -> i64 {
        self.sum(|it| if it.charged { it.price } else { 0 })
    }

    /// What the provider charged for attempts that wait for an operator.
    pub(super) fn charged_under_review(&self) -> i64 {
        self.sum(|it| if it.charged && it.state == AttemptState::UnderReview { it.price } else { 0 })
    }

    /// Costs of what ended, as they were credited first.
    pub(super) fn costs(&self) -> i64 {
        self.sum(|it| it.cost)
    }

    /// By how much provisional credits that are not final may be too high.
    pub(super) fn slack(&self) -> i64 {
        let is_open = |it: &Try| it.provisional && it.quiet_readings < FINAL_AFTER;
        self.sum(|it| if is_open(it) { it.cost - it.price } else { 0 })
    }

    /// Cost of what returned after the last accepted reading began.
    pub(super) fn spent_since(&self) -> i64 {
        let Some((_, started, _)) = self.reading else { return 0 };
        self.sum(|it| if it.returned_at.is_some_and(|at| at > started) { it.cost } else { 0 })
    }

    /// The most that may be promised to new attempts: what the provider has, with what nobody could
    /// have seen.
    pub(super) fn promise_limit(&self) -> i64 {
        let seen = self.reading.map_or(0, |(_, _, outside)| outside);
        self.balance + (self.outside - seen) + self.charged_under_review()
    }

    /// A reading comes in that began then and told this.
    pub(super) fn land(&mut self, started: Timestamp, now: Timestamp, (balance, outside): (i64, i64)) -> Landed {
        if self.removed || self.reading.is_some_and(|(_, last, _)| last > started) {
            return Landed::Dropped;
        }
        let busy = |it: &Try| it.state.is_under_way() || it.returned_at.is_some_and(|at| at > started.minus(QUIET));
        self.reading = Some((balance, started, outside));
        let overlaps = self.quiet_until.is_some_and(|end| end > started);
        if self.tries.iter().any(busy) || overlaps || self.is_checking() {
            return Landed::Accepted;
        }
        self.quiet_until = Some(now);
        for it in &mut self.tries {
            it.quiet_readings += usize::from(!it.state.holds());
        }
        Landed::Quiet
    }
}
