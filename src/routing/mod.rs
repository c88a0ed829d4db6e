//! Ranking: what is known of each provider goes in, scored candidates come out, best first.
//!
//! A pure function without clock, randomness or I/O: the same input gives the same ranking, and
//! each term of a score is part of the answer. Which keys are eligible, and which of them serves,
//! is left to `pool`.

use std::cmp::Ordering;

use crate::domain::decision::{Candidate, Exclusion, ExclusionReason};
use crate::domain::{ProviderCode, RouteRequest, Usd};

/// Attempts from which on a bad success rate is taken seriously.
pub const JUDGED_FROM: u64 = 20;

/// Success rate below which a judged candidate can't push others out.
pub const TRUSTED_FROM: f64 = 0.5;

/// What remains of a score when no attempt succeeds.
const RELIABILITY_FLOOR: f64 = 0.3;

/// How many tasks the requester's own balance must cover for the full bias.
const FULL_BIAS_TASKS: f64 = 100.0;

/// A provider that could serve the task.
#[derive(Clone, Debug, PartialEq)]
pub struct RoutingInput {
    /// The provider.
    pub provider: ProviderCode,
    /// Keys that could serve the task; at least one.
    pub eligible_keys: usize,
    /// Observations behind the statistics.
    pub samples: u64,
    /// Expected cost.
    pub cost: Usd,
    /// Expected time to a solution, in seconds; finite.
    pub solve_seconds: f64,
    /// Share of attempts that end solved, 0 to 1.
    pub success_rate: f64,
    /// Available on the requester's own eligible keys.
    pub own_available: Usd,
    /// What a lease would hold.
    pub estimate: Usd,
}

impl RoutingInput {
    fn is_dominated_by(&self, other: &Self) -> bool {
        other.may_dominate() && other.cost < self.cost && other.solve_seconds < self.solve_seconds
    }

    /// A fast, cheap and broken provider must not push out those that work.
    fn may_dominate(&self) -> bool {
        self.samples < JUDGED_FROM || self.success_rate >= TRUSTED_FROM
    }
}

/// Scores the providers, best first, and names those that another beats in both speed and price.
#[must_use]
pub fn rank(
    request: &RouteRequest,
    bias_cap_percent: u32,
    inputs: Vec<RoutingInput>,
) -> (Vec<Candidate>, Vec<Exclusion>) {
    let dominators: Vec<Option<ProviderCode>> = inputs.iter().map(|input| dominator(input, &inputs)).collect();
    let (mut remaining, mut exclusions) = (Vec::new(), Vec::new());
    for (input, dominated_by) in inputs.into_iter().zip(dominators) {
        if dominated_by.is_some() {
            exclusions.push(Exclusion {
                provider: input.provider,
                reason: ExclusionReason::Dominated,
                keys: None,
                dominated_by,
                until: None,
            });
        } else {
            remaining.push(input);
        }
    }
    let scales = Scales::over(&remaining);
    let mut candidates: Vec<Candidate> =
        remaining.iter().map(|input| scales.score(input, request.speed_weight, bias_cap_percent)).collect();
    candidates.sort_by(better_first);
    (candidates, exclusions)
}

/// Who pushes this one out: the cheapest that may, which nobody pushes out itself.
fn dominator(input: &RoutingInput, all: &[RoutingInput]) -> Option<ProviderCode> {
    all.iter()
        .filter(|other| input.is_dominated_by(other))
        .min_by(|one, other| {
            one.cost
                .cmp(&other.cost)
                .then(one.solve_seconds.total_cmp(&other.solve_seconds))
                .then(one.provider.cmp(&other.provider))
        })
        .map(|other| other.provider)
}

/// The span of speed and price over the candidates.
struct Scales {
    seconds: (f64, f64),
    cost: (Usd, Usd),
}

impl Scales {
    fn over(inputs: &[RoutingInput]) -> Self {
        let seconds = inputs.iter().map(|input| input.solve_seconds);
        let costs = || inputs.iter().map(|input| input.cost);
        Self {
            seconds: seconds
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(least, most), value| (least.min(value), most.max(value))),
            cost: (costs().min().unwrap_or_default(), costs().max().unwrap_or_default()),
        }
    }

    fn score(&self, input: &RoutingInput, speed_weight: u8, bias_cap_percent: u32) -> Candidate {
        let (fastest, slowest) = self.seconds;
        let (cheapest, dearest) = self.cost;
        let speed_score = share(slowest - input.solve_seconds, slowest - fastest);
        let price_score = share(nanos(dearest - input.cost), nanos(dearest - cheapest));
        let weight = f64::from(speed_weight.min(100));
        let base_score = weight / 100.0 * speed_score + (100.0 - weight) / 100.0 * price_score;
        let reliability = RELIABILITY_FLOOR + (1.0 - RELIABILITY_FLOOR) * input.success_rate;
        let bias = bias(input, bias_cap_percent);
        Candidate {
            provider: input.provider,
            eligible_keys: input.eligible_keys,
            samples: input.samples,
            cost: input.cost,
            solve_seconds: input.solve_seconds,
            success_rate: input.success_rate,
            speed_score,
            price_score,
            base_score,
            reliability,
            bias,
            score: base_score * reliability * bias,
        }
    }
}

/// Min–max: a place on a span from 0 to 1, and 1 where there is no span.
fn share(place: f64, span: f64) -> f64 {
    if span > 0.0 { place / span } else { 1.0 }
}

/// The recycle bias: who has balance of their own there is drawn there, the more the better it
/// lasts.
fn bias(input: &RoutingInput, cap_percent: u32) -> f64 {
    let full = FULL_BIAS_TASKS * nanos(input.estimate);
    let covered = match nanos(input.own_available) {
        own if own <= 0.0 => 0.0,
        own if own < full => own / full,
        _ => 1.0,
    };
    1.0 + f64::from(cap_percent) / 100.0 * covered
}

/// Nano-dollars for a ratio; no amount comes out of it again.
#[expect(clippy::cast_precision_loss, reason = "scores are ratios, 53 bits are plenty")]
fn nanos(amount: Usd) -> f64 {
    amount.nanos() as f64
}

fn better_first(one: &Candidate, other: &Candidate) -> Ordering {
    other
        .score
        .total_cmp(&one.score)
        .then_with(|| other.success_rate.total_cmp(&one.success_rate))
        .then_with(|| one.cost.cmp(&other.cost))
        .then_with(|| one.provider.cmp(&other.provider))
}

#[cfg(test)]
mod tests;
