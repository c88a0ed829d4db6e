//! Routing and attempts, for dispatchers and operators.

use async_graphql::{Context, ID, Object};

use crate::domain::Scope;
use crate::graphql::caller::{Admits, actor, principal, shown_to};
use crate::graphql::error::Result;
use crate::graphql::page::{PageArguments, Slice};
use crate::graphql::types::attempt::{AttemptConnection, AttemptRows};
use crate::graphql::types::codes::{AttemptState, ProviderCode};
use crate::graphql::types::pool::ProviderPool;
use crate::graphql::types::route::{RouteDecision, RouteInput};
use crate::graphql::{page, services, texts};

#[derive(Default)]
pub(super) struct RoutingQueries;

#[Object]
impl RoutingQueries {
    /// Dispatchers: the best key for a task right now and why, answered from memory without any side effect.
    #[graphql(guard = "Admits::Dispatchers", visible = "shown_to::dispatchers")]
    async fn best_key(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is to be solved, and for whom.")] route: RouteInput,
        #[graphql(
            desc = "The caller's own task: leaves out the keys it has tried and makes the draw that openLease will make; without it the likeliest key is shown."
        )]
        task_id: Option<ID>,
        #[graphql(desc = "Number of the try, for the draw.", default = 1)] attempt: i32,
    ) -> Result<Option<RouteDecision>> {
        let services = services(ctx)?;
        task_id.as_ref().map_or(Ok(()), |id| texts::task_id(id))?;
        let task = task_id.as_ref().map(|id| (id.as_str(), attempt));
        let route = route.into_route(&services.ids)?;
        Ok(Some(RouteDecision(services.leases.best_key(Some(principal(ctx)?), route, task).await?)))
    }

    /// Dispatchers and operators: the routing pool, one entry a provider.
    #[graphql(guard = "Admits::DispatchersAndOperators", visible = "shown_to::dispatchers_and_operators")]
    async fn pool(&self, ctx: &Context<'_>) -> Result<Option<Vec<ProviderPool>>> {
        Ok(Some(services(ctx)?.pool.overview().into_iter().map(ProviderPool).collect()))
    }

    /// Attempts, newest first: a dispatcher sees its own, an operator all.
    #[expect(clippy::too_many_arguments, reason = "they are the arguments of the field")]
    #[graphql(
        guard = "Admits::DispatchersAndOperators",
        visible = "shown_to::dispatchers_and_operators",
        complexity = "page::cost(first, last, child_complexity)"
    )]
    async fn attempts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only the attempts at this task.")] task_id: Option<ID>,
        #[graphql(desc = "Only these states.")] states: Option<Vec<AttemptState>>,
        #[graphql(desc = "Only these providers.")] providers: Option<Vec<ProviderCode>>,
        #[graphql(desc = "Page size from the start, 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Cursor to continue after.")] after: Option<String>,
        #[graphql(desc = "Page size from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Cursor to continue before.")] before: Option<String>,
    ) -> Result<Option<AttemptConnection>> {
        task_id.as_ref().map_or(Ok(()), |id| texts::task_id(id))?;
        let whose = if actor(ctx)?.may(Scope::Operate) { None } else { Some(principal(ctx)?) };
        let list = AttemptRows::new(whose, task_id, states, providers);
        let arguments = PageArguments { first, after, last, before };
        Ok(Some(AttemptConnection(Slice::read(services(ctx)?, list, arguments).await?)))
    }
}
