//! One provider at run time: its settings in force, how many calls run and how fast, how they went.
//!
//! Requests wait here, before anything is sent, so a wait that grows too long is a call that was
//! never made.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::breaker::Breaker;
use super::catalogue::Entry;
use super::settings::{ProviderSettings, info};
use crate::domain::Timestamp;
use crate::domain::provider::{ProviderHealth, ProviderInfo};

/// How many calls are remembered.
const CALLS_REMEMBERED: usize = 20;

/// How long a call is remembered.
const CALL_AGE_MAX: Duration = Duration::from_secs(15 * 60);

/// Longest wait for a turn.
const WAIT_MAX: Duration = Duration::from_secs(15);

/// A provider at run time.
pub(super) struct Lane {
    pub(super) entry: &'static Entry,
    pub(super) settings: ProviderSettings,
    pub(super) info: ProviderInfo,
    bulkhead: Semaphore,
    pacer: Mutex<Pacer>,
    calls: Mutex<VecDeque<(Timestamp, bool)>>,
    pub(super) breaker: Breaker,
}

/// No turn came in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoTurn;

impl Lane {
    pub(super) fn new(entry: &'static Entry, settings: ProviderSettings) -> Self {
        Self {
            entry,
            info: info(entry, &settings),
            bulkhead: Semaphore::new(settings.concurrency.clamp(1, Semaphore::MAX_PERMITS)),
            pacer: Mutex::new(Pacer::new(settings.requests_per_second)),
            calls: Mutex::new(VecDeque::with_capacity(CALLS_REMEMBERED)),
            breaker: Breaker::default(),
            settings,
        }
    }

    /// Waits for a turn, which lasts until the permit is dropped.
    pub(super) async fn turn(&self) -> Result<SemaphorePermit<'_>, NoTurn> {
        let wait_for_turn = async {
            let permit = self.bulkhead.acquire().await.map_err(|_| NoTurn)?;
            let start = self.pacer.lock().unwrap_or_else(PoisonError::into_inner).reserve(Instant::now());
            tokio::time::sleep_until(start).await;
            Ok(permit)
        };
        tokio::time::timeout(WAIT_MAX, wait_for_turn).await.map_err(|_| NoTurn)?
    }

    /// Remembers how a call went.
    pub(super) fn note(&self, now: Timestamp, good: bool) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() == CALLS_REMEMBERED {
            calls.pop_front();
        }
        calls.push_back((now, good));
    }

    /// How the provider did of late.
    pub(super) fn health(&self, now: Timestamp) -> ProviderHealth {
        if let Some(health) = self.breaker.health(now) {
            return health;
        }
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = calls.iter().filter(|(at, _)| now.since(*at) <= CALL_AGE_MAX);
        let (all, failed) = recent.fold((0, 0), |(all, failed), (_, good)| (all + 1, failed + usize::from(!good)));
        if failed * 2 > all { ProviderHealth::Degraded } else { ProviderHealth::Healthy }
    }
}

/// Spaces requests evenly, with bursts of up to a second's worth.
struct Pacer {
    spacing: Duration,
    next: Option<Instant>,
}

impl Pacer {
    fn new(per_second: u32) -> Self {
        Self { spacing: Duration::from_secs(1) / per_second.max(1), next: None }
    }

    /// Reserves the next turn and tells when it is.
    fn reserve(&mut self, now: Instant) -> Instant {
        let burst = Duration::from_secs(1) - self.spacing;
        let earliest = now.checked_sub(burst).unwrap_or(now);
        let slot = self.next.map_or(earliest, |next| next.max(earliest));
        self.next = Some(slot + self.spacing);
        slot.max(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ProviderCode;
    use crate::providers::catalogue::entry;

    #[test]
    fn bursts_are_a_seconds_worth() {
        let mut pacer = Pacer::new(4);
        let now = Instant::now() + Duration::from_secs(60);
        let waits: Vec<u128> = (0..6).map(|_| pacer.reserve(now).duration_since(now).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 250, 500]);
        let later = now + Duration::from_secs(10);
        assert_eq!(pacer.reserve(later), later);
    }

    #[test]
    fn health_is_the_last_twenty_calls() {
        let code = ProviderCode::TwoCaptcha;
        let lane = Lane::new(entry(code), ProviderSettings::defaults(code));
        let now = Timestamp::from_micros(1_000_000_000_000);
        assert_eq!(lane.health(now), ProviderHealth::Healthy);
        for _ in 0..10 {
            lane.note(now, true);
        }
        for _ in 0..10 {
            lane.note(now, false);
        }
        assert_eq!(lane.health(now), ProviderHealth::Healthy);
        lane.note(now, false);
        assert_eq!(lane.health(now), ProviderHealth::Degraded);
        assert_eq!(lane.health(now.plus(CALL_AGE_MAX * 2)), ProviderHealth::Healthy);
    }

    #[tokio::test]
    async fn a_full_lane_gives_no_turn() {
        let code = ProviderCode::TwoCaptcha;
        let lane = Lane::new(entry(code), ProviderSettings { concurrency: 1, ..ProviderSettings::defaults(code) });
        let held = lane.turn().await.expect("the lane is empty");
        let moment = Duration::from_millis(20);
        assert!(tokio::time::timeout(moment, lane.turn()).await.is_err());
        drop(held);
        assert!(lane.turn().await.is_ok());
    }
}
