//! Routing: what a dispatcher asks for, and the decision with every figure behind it.

use async_graphql::{Context, ID, InputObject, Object};

use super::account::AccountRefInput;
use super::codes::{KeyClass, ProviderCode, RouteExclusionReason, TaskType};
use super::provider::Provider;
use crate::domain::decision::{Candidate, Choice, Exclusion};
use crate::domain::{self, Decision};
use crate::graphql::error::{ApiError, Result};
use crate::graphql::ids::OpaqueIds;
use crate::graphql::scalars::{DateTime, Usd, int};
use crate::graphql::services;
use crate::leases;

/// What is to be solved, for whom, and by which preference; bestKey and openLease take the same.
#[derive(InputObject)]
pub(crate) struct RouteInput {
    /// The kind of task.
    task_type: TaskType,
    /// Whether the task brings its own proxy.
    #[graphql(default = false)]
    proxied: bool,
    /// The account that asked for the task; without one, or with one unknown here, no key counts as its own and no bias applies.
    account: Option<AccountRefInput>,
    /// 0 is cheapest, 100 is fastest; the presets CHEAPEST, RELIABLE and FASTEST are 10, 50 and 90.
    #[graphql(default = 50)]
    speed_weight: i32,
    /// Only these providers; one entry pins it, null means all.
    only_providers: Option<Vec<ProviderCode>>,
    /// None of these providers.
    #[graphql(default)]
    except_providers: Vec<ProviderCode>,
}

impl RouteInput {
    /// The route as the use case takes it.
    ///
    /// # Errors
    /// BAD_USER_INPUT when the speed weight is out of range.
    pub(crate) fn into_route(self, ids: &OpaqueIds) -> Result<leases::RouteInput> {
        let speed_weight = u8::try_from(self.speed_weight).ok().filter(|weight| *weight <= 100);
        Ok(leases::RouteInput {
            task_type: self.task_type.into(),
            proxied: self.proxied,
            account: self.account.and_then(|account| account.resolve(ids)),
            speed_weight: speed_weight.ok_or(ApiError::bad_input())?,
            only: self.only_providers.map(codes),
            except: codes(self.except_providers),
        })
    }
}

fn codes(providers: Vec<ProviderCode>) -> Vec<domain::ProviderCode> {
    providers.into_iter().map(Into::into).collect()
}

/// A decision of the router.
pub(crate) struct RouteDecision(pub(crate) Decision);

/// Which key a task gets, and every figure behind it.
#[Object]
impl RouteDecision {
    /// The answer, null when nothing is eligible.
    async fn choice(&self) -> Option<RouteChoice<'_>> {
        self.0.choice.as_ref().map(RouteChoice)
    }

    /// The answer and its main reason in one English sentence.
    async fn summary(&self, ctx: &Context<'_>) -> Result<String> {
        Ok(services(ctx)?.pool.summary(&self.0))
    }

    /// The providers that were scored, best first.
    async fn candidates(&self) -> Vec<RouteCandidate<'_>> {
        self.0.candidates.iter().map(RouteCandidate).collect()
    }

    /// The providers and keys that were left out, and why.
    async fn exclusions(&self) -> Vec<RouteExclusion<'_>> {
        self.0.exclusions.iter().map(RouteExclusion).collect()
    }

    /// The speed weight that was applied.
    async fn speed_weight(&self) -> i32 {
        self.0.speed_weight.into()
    }

    /// When it was decided.
    async fn decided_at(&self) -> DateTime {
        self.0.decided_at.into()
    }
}

/// The choice of a decision.
pub(crate) struct RouteChoice<'a>(&'a Choice);

/// The key that was chosen.
#[Object]
impl RouteChoice<'_> {
    /// The winning provider.
    async fn provider(&self) -> Provider {
        Provider(self.0.provider)
    }

    /// Opaque id of the key.
    async fn key_id(&self, ctx: &Context<'_>) -> Result<ID> {
        Ok(services(ctx)?.ids.seal(self.0.key))
    }

    /// Whose key it is.
    async fn key_class(&self) -> KeyClass {
        self.0.key_class.into()
    }

    /// What the task is expected to cost, and what a lease holds.
    async fn estimate(&self) -> Usd {
        self.0.estimate.into()
    }

    /// Score ahead of the runner-up, null without one.
    async fn margin(&self) -> Option<f64> {
        self.0.margin
    }

    /// The chance this key had among the keys of its class: its available balance over theirs.
    async fn share(&self) -> f64 {
        self.0.share
    }

    /// The point drawn, 0 to 1, fixed by task and attempt; null when no task was given.
    async fn draw(&self) -> Option<f64> {
        self.0.draw
    }
}

/// A candidate of a decision.
pub(crate) struct RouteCandidate<'a>(&'a Candidate);

/// A scored provider: score equals baseScore times reliability times bias, multiplied in this order in double precision.
#[Object]
impl RouteCandidate<'_> {
    /// The provider.
    async fn provider(&self) -> Provider {
        Provider(self.0.provider)
    }

    /// Keys that could serve the task.
    async fn eligible_keys(&self) -> i32 {
        int(self.0.eligible_keys)
    }

    /// Observations behind the statistics; at zero they are the catalogue's priors.
    async fn samples(&self) -> i32 {
        int(self.0.samples)
    }

    /// Expected cost.
    async fn cost(&self) -> Usd {
        self.0.cost.into()
    }

    /// Expected time to a solution.
    async fn solve_seconds(&self) -> f64 {
        self.0.solve_seconds
    }

    /// Share of attempts that end solved, 0 to 1.
    async fn success_rate(&self) -> f64 {
        self.0.success_rate
    }

    /// 1 for the fastest candidate, 0 for the slowest.
    async fn speed_score(&self) -> f64 {
        self.0.speed_score
    }

    /// 1 for the cheapest candidate, 0 for the dearest.
    async fn price_score(&self) -> f64 {
        self.0.price_score
    }

    /// Speed and price scores mixed by the speed weight.
    async fn base_score(&self) -> f64 {
        self.0.base_score
    }

    /// Factor 0.3 plus 0.7 times the success rate.
    async fn reliability(&self) -> f64 {
        self.0.reliability
    }

    /// Factor from 1 to 1.15 where the asking account has a key with balance.
    async fn bias(&self) -> f64 {
        self.0.bias
    }

    /// The product; the highest wins.
    async fn score(&self) -> f64 {
        self.0.score
    }
}

/// An exclusion of a decision.
pub(crate) struct RouteExclusion<'a>(&'a Exclusion);

/// A provider, or some keys of it, left out of a decision.
#[Object]
impl RouteExclusion<'_> {
    /// The provider.
    async fn provider(&self) -> Provider {
        Provider(self.0.provider)
    }

    /// Why.
    async fn reason(&self) -> RouteExclusionReason {
        self.0.reason.into()
    }

    /// How many keys it concerns, null when it concerns the provider as a whole.
    async fn keys(&self) -> Option<i32> {
        self.0.keys.map(int)
    }

    /// The candidate that is both faster and cheaper, for DOMINATED.
    async fn dominated_by(&self) -> Option<Provider> {
        self.0.dominated_by.map(Provider)
    }

    /// When the reason is expected to lapse, where known.
    async fn until(&self) -> Option<DateTime> {
        self.0.until.map(DateTime)
    }
}
