//! What solving has cost, how long it took and how often it worked, per provider and task type.
//!
//! Additive buckets of time, weighted by `0.5^(age / half-life)` and dropped after
//! [`HORIZON_HALF_LIVES`]. The weights of all buckets shrink at the same pace, so their weighted
//! sums are kept as of a fixed moment and only that moment's own weight is worked out at a read: a
//! read is O(1). Sums and weights are whole numbers, so a bucket is taken out again without a
//! trace, and no amount goes through a float.
//!
//! The catalogue's priors count as [`PRIOR_WEIGHT`] observations of this moment. With the weight
//! `w` of each observation:
//!
//! ```text
//! cost    = (Σ w·cost    + 5·list price)    / (Σ w over those with a known cost + 5)
//! seconds = (Σ w·seconds + 5·prior seconds) / (Σ w over the solved              + 5)
//! success = (Σ w over the solved + 5·prior) / (Σ w over all                     + 5)
//! ```
//!
//! What a lease holds is the list price or, when that is more, the weighted mean cost without the
//! prior: a hold should cover the charge.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::domain::provider::TaskOffer;
use crate::domain::{ProviderCode, TaskType, Timestamp, Usd};
use crate::store::StatDelta;

/// How many observations the catalogue's priors count for.
const PRIOR_WEIGHT: f64 = 5.0;

/// After so many half-lives an observation weighs nothing any more and is dropped.
pub(super) const HORIZON_HALF_LIVES: u32 = 24;

/// The weight of the fixed moment: whole numbers keep enough of an old observation's weight.
const UNIT_BITS: f64 = 32.0;

/// The fixed moment moves on before the weights of later ones outgrow the sums.
const REBASE_HALF_LIVES: f64 = 16.0;

/// Sums of observations, plain in a bucket and weighted over all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    samples: i128,
    solved: i128,
    cost: i128,
    costed: i128,
    solve_ms: i128,
}

impl Sums {
    fn of(delta: &StatDelta) -> Self {
        Self {
            samples: delta.samples.into(),
            solved: delta.solved.into(),
            cost: delta.cost.nanos().into(),
            costed: delta.costed.into(),
            solve_ms: delta.solve_ms.into(),
        }
    }

    fn add(&mut self, other: &Self, weight: i128) {
        self.samples += other.samples * weight;
        self.solved += other.solved * weight;
        self.cost += other.cost * weight;
        self.costed += other.costed * weight;
        self.solve_ms += other.solve_ms * weight;
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    sums: Sums,
    weight: i128,
}

/// One provider's observations of one kind of task.
#[derive(Debug)]
struct Series {
    /// The moment whose weight is one.
    base: Timestamp,
    buckets: BTreeMap<Timestamp, Bucket>,
    weighted: Sums,
    samples: i128,
}

impl Series {
    fn new(base: Timestamp) -> Self {
        Self { base, buckets: BTreeMap::new(), weighted: Sums::default(), samples: 0 }
    }

    /// Adds to a bucket, or puts the sums in its place.
    fn record(&mut self, at: Timestamp, sums: &Sums, replace: bool, half_life: Duration) {
        let mut bucket = self.take(at).unwrap_or_default();
        if replace {
            bucket.sums = Sums::default();
        }
        bucket.sums.add(sums, 1);
        if half_lives(self.base, at, half_life) > REBASE_HALF_LIVES {
            self.rebase(at, half_life);
        }
        self.put(at, bucket.sums, half_life);
    }

    fn rebase(&mut self, base: Timestamp, half_life: Duration) {
        let buckets = std::mem::take(&mut self.buckets);
        *self = Self::new(base);
        for (at, bucket) in buckets {
            self.put(at, bucket.sums, half_life);
        }
    }

    fn put(&mut self, at: Timestamp, sums: Sums, half_life: Duration) {
        let weight = unit(half_lives(self.base, at, half_life));
        self.weighted.add(&sums, weight);
        self.samples += sums.samples;
        self.buckets.insert(at, Bucket { sums, weight });
    }

    fn take(&mut self, at: Timestamp) -> Option<Bucket> {
        let bucket = self.buckets.remove(&at)?;
        self.weighted.add(&bucket.sums, -bucket.weight);
        self.samples -= bucket.sums.samples;
        Some(bucket)
    }

    fn drop_before(&mut self, horizon: Timestamp) {
        while let Some(at) = self.buckets.first_key_value().map(|(at, _)| *at).filter(|at| *at < horizon) {
            self.take(at);
        }
    }
}

/// Half-lives from one moment to another, negative when that lies before.
#[expect(clippy::cast_precision_loss, reason = "a ratio of spans of time")]
fn half_lives(from: Timestamp, to: Timestamp, half_life: Duration) -> f64 {
    to.micros().saturating_sub(from.micros()) as f64 / half_life.as_micros() as f64
}

/// The whole-number weight of a moment so many half-lives after the base.
#[expect(clippy::cast_possible_truncation, reason = "the exponent is bounded, so the power fits")]
fn unit(half_lives_after_base: f64) -> i128 {
    let bound = 2.0 * f64::from(HORIZON_HALF_LIVES);
    (UNIT_BITS + half_lives_after_base.clamp(-bound, bound)).exp2() as i128
}

/// What is expected of a provider for a kind of task.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Figures {
    /// Observations within the horizon.
    pub(super) samples: u64,
    pub(super) cost: Usd,
    pub(super) solve_seconds: f64,
    pub(super) success_rate: f64,
    /// What a lease holds.
    pub(super) estimate: Usd,
}

/// The observations of all providers.
#[derive(Debug)]
pub(super) struct Statistics {
    half_life: Duration,
    series: HashMap<(ProviderCode, TaskType), Series>,
    /// When the oldest bucket is to be dropped.
    due: Option<Timestamp>,
}

impl Statistics {
    pub(super) fn new(half_life: Duration) -> Self {
        Self { half_life: half_life.max(Duration::from_secs(1)), series: HashMap::new(), due: None }
    }

    /// Adds what a commit has brought.
    pub(super) fn add(&mut self, deltas: &[StatDelta], now: Timestamp) {
        self.record(deltas, false, now);
    }

    /// Takes over what the store holds of whole buckets, in the place of what was counted here.
    pub(super) fn replace(&mut self, buckets: &[StatDelta], now: Timestamp) {
        self.record(buckets, true, now);
    }

    /// The oldest moment that still counts.
    pub(super) fn horizon(&self, now: Timestamp) -> Timestamp {
        now.minus(self.half_life * HORIZON_HALF_LIVES)
    }

    /// Whether a bucket is to be dropped because time has passed.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.due.is_some_and(|due| due < now)
    }

    /// Drops the buckets that are too old.
    pub(super) fn drop_old(&mut self, now: Timestamp) {
        let horizon = self.horizon(now);
        self.series.retain(|_, series| {
            series.drop_before(horizon);
            !series.buckets.is_empty()
        });
        let oldest = self.series.values().filter_map(|series| series.buckets.keys().next()).min();
        self.due = oldest.map(|oldest| oldest.plus(self.half_life * HORIZON_HALF_LIVES));
    }

    /// What is expected of a provider for a kind of task.
    pub(super) fn figures(&self, provider: ProviderCode, offer: &TaskOffer, now: Timestamp) -> Figures {
        let list_price = i128::from(offer.list_price.nanos());
        let series = self.series.get(&(provider, offer.task_type));
        let sums = series.map(|series| series.weighted).unwrap_or_default();
        let age = series.map_or(0.0, |series| half_lives(series.base, now, self.half_life));
        let prior = unit(age + PRIOR_WEIGHT.log2()).max(1);
        let mean_cost = if sums.costed > 0 { round_up(sums.cost, sums.costed) } else { 0 };
        Figures {
            samples: series.map_or(0, |series| u64::try_from(series.samples).unwrap_or(0)),
            cost: usd((sums.cost + prior * list_price) / (sums.costed + prior).max(1)),
            solve_seconds: blend(sums.solve_ms, offer.prior_solve_seconds * 1_000.0, sums.solved, prior) / 1_000.0,
            success_rate: blend(sums.solved, offer.prior_success, sums.samples, prior).clamp(0.0, 1.0),
            estimate: usd(mean_cost.max(list_price).max(1)),
        }
    }

    fn record(&mut self, deltas: &[StatDelta], replace: bool, now: Timestamp) {
        let horizon = self.horizon(now);
        for delta in deltas.iter().filter(|delta| delta.bucket >= horizon) {
            self.series.entry((delta.provider, delta.task_type)).or_insert_with(|| Series::new(delta.bucket)).record(
                delta.bucket,
                &Sums::of(delta),
                replace,
                self.half_life,
            );
        }
        self.drop_old(now);
    }
}

#[expect(clippy::cast_precision_loss, reason = "a mean of times or a rate; never an amount")]
fn blend(sum: i128, prior: f64, weight: i128, prior_weight: i128) -> f64 {
    if weight <= 0 {
        return prior;
    }
    let (weight, prior_weight) = (weight as f64, prior_weight as f64);
    (sum.max(0) as f64 + prior_weight * prior) / (weight + prior_weight)
}

fn round_up(sum: i128, count: i128) -> i128 {
    (sum + count - 1).div_euclid(count)
}

fn usd(nanos: i128) -> Usd {
    Usd::from_nanos(i64::try_from(nanos.max(0)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn offer() -> TaskOffer {
        TaskOffer {
            task_type: TaskType::Turnstile,
            proxyless_name: Some("TurnstileTaskProxyless"),
            proxied_name: None,
            list_price: Usd::from_nanos(1_000_000),
            prior_solve_seconds: 10.0,
            prior_success: 0.9,
        }
    }

    fn delta(at: Timestamp, samples: i64, solved: i64, nanos_each: i64, seconds_each: i64) -> StatDelta {
        StatDelta {
            provider: ProviderCode::Capsolver,
            task_type: TaskType::Turnstile,
            bucket: at,
            samples,
            solved,
            cost: Usd::from_nanos(nanos_each * solved),
            costed: solved,
            solve_ms: seconds_each * 1_000 * solved,
        }
    }

    fn hours(hours: u32) -> Timestamp {
        Timestamp::from_micros(1_700_000_000_000_000).plus(HOUR * hours)
    }

    fn figures(statistics: &Statistics, now: Timestamp) -> Figures {
        statistics.figures(ProviderCode::Capsolver, &offer(), now)
    }

    fn close(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-6
    }

    #[test]
    fn without_observations_the_catalogue_speaks() {
        let nothing = figures(&Statistics::new(HOUR), hours(0));
        let expected = Figures {
            samples: 0,
            cost: Usd::from_nanos(1_000_000),
            solve_seconds: 10.0,
            success_rate: 0.9,
            estimate: Usd::from_nanos(1_000_000),
        };
        assert_eq!(nothing, expected);
    }

    #[test]
    fn observations_blend_with_the_prior_as_documented() {
        let mut statistics = Statistics::new(HOUR);
        statistics.add(&[delta(hours(0), 15, 10, 2_000_000, 20)], hours(0));
        let fresh = figures(&statistics, hours(0));
        assert_eq!((fresh.samples, fresh.cost.nanos()), (15, 25_000_000 / 15));
        assert!(close(fresh.solve_seconds, (200.0 + 50.0) / 15.0), "{fresh:?}");
        assert!(close(fresh.success_rate, (10.0 + 4.5) / 20.0), "{fresh:?}");
        assert_eq!(fresh.estimate, Usd::from_nanos(2_000_000), "the mean without the prior");

        // Two half-lives later they count for a quarter, to the prior but not among themselves.
        let later = figures(&statistics, hours(2));
        assert_eq!((later.samples, later.cost.nanos()), (15, (5_000_000 + 5_000_000) * 2 / 15));
        assert!(close(later.success_rate, (2.5 + 4.5) / (3.75 + 5.0)), "{later:?}");
        assert_eq!(later.estimate, Usd::from_nanos(2_000_000));
    }

    #[test]
    fn the_newer_weigh_more() {
        let mut statistics = Statistics::new(HOUR);
        statistics.add(&[delta(hours(0), 2, 2, 5_000_000, 9)], hours(0));
        statistics.add(&[delta(hours(1), 1, 1, 2_000_000, 9)], hours(1));
        // Weights 2·½ and 1: the mean of 5 and 2 is 3.5.
        assert_eq!(figures(&statistics, hours(1)).estimate, Usd::from_nanos(3_500_000));
    }

    #[test]
    fn a_hold_is_never_below_the_list_price() {
        let mut statistics = Statistics::new(HOUR);
        statistics.add(&[delta(hours(0), 90, 90, 1, 9)], hours(0));
        let cheap = figures(&statistics, hours(0));
        assert_eq!(cheap.estimate, offer().list_price);
        assert!(cheap.cost < Usd::from_nanos(60_000));
    }

    #[test]
    fn old_buckets_are_dropped_without_a_trace() {
        let mut statistics = Statistics::new(HOUR);
        let mut recent = Statistics::new(HOUR);
        for hour in 0..100 {
            statistics.add(&[delta(hours(hour), 3, 2, 1_500_000 + i64::from(hour), 12)], hours(hour));
        }
        for hour in 75..100 {
            recent.add(&[delta(hours(hour), 3, 2, 1_500_000 + i64::from(hour), 12)], hours(hour));
        }
        let (long, short) = (figures(&statistics, hours(99)), figures(&recent, hours(99)));
        assert_eq!((long.samples, long.cost, long.estimate), (75, short.cost, short.estimate));
        assert!(close(long.success_rate, short.success_rate) && close(long.solve_seconds, short.solve_seconds));

        assert!(!statistics.is_due(hours(99)) && statistics.is_due(hours(100)));
        statistics.drop_old(hours(200));
        assert!(statistics.series.is_empty() && statistics.due.is_none());
        statistics.add(&[delta(hours(0), 3, 2, 1_500_000, 12)], hours(200));
        assert_eq!(figures(&statistics, hours(200)).samples, 0, "too old to count");
    }

    #[test]
    fn a_stored_bucket_takes_the_place_of_what_was_counted() {
        let mut statistics = Statistics::new(HOUR);
        statistics.add(&[delta(hours(0), 3, 2, 1_500_000, 12)], hours(0));
        statistics.replace(&[delta(hours(0), 10, 5, 3_000_000, 30)], hours(0));
        let mut direct = Statistics::new(HOUR);
        direct.add(&[delta(hours(0), 10, 5, 3_000_000, 30)], hours(0));
        assert_eq!(figures(&statistics, hours(1)), figures(&direct, hours(1)));
    }
}
