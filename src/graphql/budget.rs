//! The request budget: points per caller and minute, in this process's memory.
//!
//! Windows are whole minutes of the clock, the same for everybody, so that what was spent is
//! forgotten in one stroke. Callers who are not signed in spend nothing: they get no data either.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_graphql::{Value, value};

use super::error::{ApiError, Result};
use super::settings::Settings;
use crate::domain::clock::SharedClock;
use crate::domain::{AccountId, Actor, Timestamp};

const WINDOW: Duration = Duration::from_secs(60);

/// What a request cost, and what it left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Charge {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    pub(crate) cost: u32,
    pub(crate) reset_at: Timestamp,
}

impl Charge {
    /// As `extensions.cost` of an answer shows it.
    pub(crate) fn shown(self) -> Value {
        value!({
            "requested": self.cost,
            "remaining": self.remaining,
            "limit": self.limit,
            "resetAt": self.reset_at.to_rfc3339(),
        })
    }
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Payer {
    Account(AccountId),
    Service(String),
}

#[derive(Default)]
struct Window {
    minute: i64,
    spent: HashMap<Payer, u32>,
}

/// What callers have spent in the running window.
pub(crate) struct Budget {
    clock: SharedClock,
    owner_limit: u32,
    service_limit: u32,
    window: Mutex<Window>,
}

impl Budget {
    pub(crate) fn new(clock: SharedClock, settings: &Settings) -> Self {
        Self {
            clock,
            owner_limit: settings.owner_points_per_minute,
            service_limit: settings.service_points_per_minute,
            window: Mutex::default(),
        }
    }

    /// Takes the cost from the caller's budget; `None` for a caller who has none to spend.
    ///
    /// # Errors
    /// RATE_LIMITED when less is left; nothing is taken then.
    pub(crate) fn charge(&self, actor: &Actor, cost: usize) -> Result<Option<Charge>> {
        let (payer, limit) = match actor {
            Actor::Owner(account) => (Payer::Account(*account), self.owner_limit),
            Actor::Service(service) => (Payer::Service(service.name.clone()), self.service_limit),
            Actor::Operator | Actor::System => return Ok(None),
        };
        let cost = u32::try_from(cost).unwrap_or(u32::MAX);
        let minute = self.clock.now().seconds().div_euclid(60);
        let reset_at = Timestamp::from_micros(minute * 60_000_000).plus(WINDOW);
        // The map is whole even where a holder panicked: each change of it is a single insertion.
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        if window.minute != minute {
            *window = Window { minute, spent: HashMap::new() };
        }
        let spent = window.spent.entry(payer).or_default();
        let Some(total) = spent.checked_add(cost).filter(|total| *total <= limit) else {
            return Err(ApiError::rate_limited(reset_at));
        };
        *spent = total;
        Ok(Some(Charge { limit, remaining: limit - total, cost, reset_at }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};

    use uuid::Uuid;

    use super::*;
    use crate::domain::Clock;
    use crate::graphql::error::ErrorCode;

    struct HandClock(AtomicI64);

    impl Clock for HandClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(self.0.load(Ordering::Relaxed) * 1_000_000)
        }
    }

    #[test]
    fn a_budget_is_per_caller_and_minute() {
        let clock = Arc::new(HandClock(AtomicI64::new(61)));
        let budget = Budget::new(clock.clone(), &Settings { owner_points_per_minute: 10, ..Settings::default() });
        let (ada, bo) = (Actor::Owner(AccountId(Uuid::from_u128(1))), Actor::Owner(AccountId(Uuid::from_u128(2))));
        let first = budget.charge(&ada, 7).expect("in budget").expect("an owner pays");
        assert_eq!((first.limit, first.remaining, first.cost), (10, 3, 7));
        assert_eq!(first.reset_at.seconds(), 120);
        let refused = budget.charge(&ada, 4).expect_err("only three are left");
        assert_eq!((refused.code(), refused.retry_at()), (ErrorCode::RateLimited, Some(first.reset_at)));
        assert!(budget.charge(&ada, 3).is_ok(), "a refusal takes nothing");
        assert!(budget.charge(&bo, 10).is_ok());
        clock.0.store(120, Ordering::Relaxed);
        assert!(budget.charge(&ada, 10).is_ok());
    }

    #[test]
    fn a_cost_beyond_every_number_is_refused() {
        let budget = Budget::new(Arc::new(HandClock(AtomicI64::new(0))), &Settings::default());
        assert!(budget.charge(&Actor::Owner(AccountId(Uuid::from_u128(1))), usize::MAX).is_err());
        assert!(matches!(budget.charge(&Actor::System, usize::MAX), Ok(None)));
    }
}
