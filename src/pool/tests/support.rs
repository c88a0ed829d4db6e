//! Keys, providers and a clock for the pool's tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use uuid::Uuid;

use crate::domain::clock::Clock;
use crate::domain::decision::ExclusionReason;
use crate::domain::key::Reading;
use crate::domain::provider::{ProviderInfo, TaskOffer};
use crate::domain::{
    AccountId, CostSource, Decision, Key, KeyId, KeyStatus, ProviderCode, RouteRequest, TaskType, Timestamp, Usd,
};
use crate::pool::{Pool, PoolSettings};
use crate::store::{Changes, Observer};

/// List price of every provider here, in nano-dollars.
pub(super) const PRICE: i64 = 1_000_000;

pub(super) struct ManualClock(AtomicI64);

impl ManualClock {
    pub(super) fn advance(&self, duration: Duration) {
        self.0.store(self.now().plus(duration).micros(), Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

pub(super) struct World {
    pub(super) pool: Arc<Pool>,
    pub(super) clock: Arc<ManualClock>,
}

impl World {
    /// 2Captcha, CapSolver and Anti-Captcha, alike in everything.
    pub(super) fn new() -> Self {
        Self::with(vec![
            info(ProviderCode::TwoCaptcha, "2Captcha"),
            info(ProviderCode::Capsolver, "CapSolver"),
            info(ProviderCode::AntiCaptcha, "Anti-Captcha"),
        ])
    }

    pub(super) fn with(infos: Vec<ProviderInfo>) -> Self {
        let clock = Arc::new(ManualClock(AtomicI64::new(1_700_000_000_000_000)));
        let settings = PoolSettings { bias_cap_percent: 15, half_life: Duration::from_secs(3_600) };
        Self { pool: Pool::new(infos, settings, clock.clone()), clock }
    }

    /// A key of that owner with so much available, in list prices.
    pub(super) fn key(&self, id: u128, owner: AccountId, provider: ProviderCode, prices: i64) -> Key {
        let now = self.clock.now();
        Key {
            id: KeyId(Uuid::from_u128(id)),
            owner,
            provider,
            label: None,
            fingerprint: "f".repeat(64),
            sealed: true,
            ring_key_id: None,
            status: KeyStatus::Active,
            problem: None,
            blocked_at: None,
            integrity_failed_at: None,
            paused_until: None,
            prepaid: false,
            native_balance: None,
            reading: Some(Reading { balance: Usd::from_nanos(prices * PRICE), started_at: now, read_at: now }),
            quiet_reading: None,
            evidence: None,
            spent_since: Usd::ZERO,
            held: Usd::ZERO,
            in_flight: 0,
            under_review: Usd::ZERO,
            outside_spending: Usd::ZERO,
            vouched: Usd::ZERO,
            credited: Usd::ZERO,
            next_sync_at: None,
            checkable_at: now,
            backoff: 0,
            ever_active: true,
            first_rejected_at: None,
            rejected_at: None,
            invalid_at: None,
            removed_at: None,
            submitted_at: now,
            changed_at: now,
            version: 1,
        }
    }

    pub(super) fn commit(&self, keys: &[Key]) {
        self.pool.committed(&Changes { keys: keys.to_vec(), ..Changes::default() });
    }
}

pub(super) fn info(code: ProviderCode, name: &'static str) -> ProviderInfo {
    ProviderInfo {
        code,
        name,
        key_hint: "",
        key_pattern: "",
        cost_source: CostSource::Reported,
        accepts_keys: true,
        rate_missing: false,
        in_flight_cap: 3,
        tasks: vec![TaskOffer {
            task_type: TaskType::Turnstile,
            proxyless_name: Some("TurnstileTaskProxyless"),
            proxied_name: None,
            list_price: Usd::from_nanos(PRICE),
            prior_solve_seconds: 10.0,
            prior_success: 0.9,
        }],
    }
}

pub(super) fn owner(number: u128) -> AccountId {
    AccountId(Uuid::from_u128(1_000 + number))
}

pub(super) fn id(number: u128) -> KeyId {
    KeyId(Uuid::from_u128(number))
}

/// A Turnstile without a proxy for that account.
pub(super) fn request(requester: Option<AccountId>) -> RouteRequest {
    RouteRequest {
        task_type: TaskType::Turnstile,
        proxied: false,
        requester,
        speed_weight: 50,
        only: None,
        except: Vec::new(),
    }
}

pub(super) fn only(provider: ProviderCode) -> RouteRequest {
    RouteRequest { only: Some(vec![provider]), ..request(None) }
}

/// The reasons that concern a provider, with their counts.
pub(super) fn exclusions(decision: &Decision, provider: ProviderCode) -> Vec<(ExclusionReason, Option<usize>)> {
    decision
        .exclusions
        .iter()
        .filter(|exclusion| exclusion.provider == provider)
        .map(|exclusion| (exclusion.reason, exclusion.keys))
        .collect()
}

pub(super) fn chosen(decision: &Decision) -> Option<KeyId> {
    decision.choice.as_ref().map(|choice| choice.key)
}
