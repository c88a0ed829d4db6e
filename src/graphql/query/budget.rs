//! The caller's request budget.

use async_graphql::{Context, Object, SimpleObject};

use crate::graphql::budget::Charge;
use crate::graphql::caller::Admits;
use crate::graphql::error::Result;
use crate::graphql::scalars::{DateTime, int};

#[derive(Default)]
pub(super) struct BudgetQueries;

#[Object]
impl BudgetQueries {
    /// What is left of the caller's request budget.
    #[graphql(guard = "Admits::SignedIn")]
    async fn rate_limit(&self, ctx: &Context<'_>) -> Result<Option<RateLimit>> {
        Ok(ctx.data_opt::<Charge>().copied().map(RateLimit::from))
    }
}

/// What is left of the caller's request budget.
#[derive(SimpleObject)]
pub(crate) struct RateLimit {
    /// Points a window has.
    limit: i32,
    /// Points left in this window.
    remaining: i32,
    /// Points that this request costs.
    cost: i32,
    /// When the window begins anew.
    reset_at: DateTime,
}

impl From<Charge> for RateLimit {
    fn from(charge: Charge) -> Self {
        Self {
            limit: int(charge.limit),
            remaining: int(charge.remaining),
            cost: int(charge.cost),
            reset_at: charge.reset_at.into(),
        }
    }
}
