//! What every caller may ask.

use async_graphql::{Context, ID, Object};
use futures_util::future::try_join_all;

use crate::domain::AccountRef;
use crate::graphql::caller::{Admits, actor};
use crate::graphql::error::{ApiError, Result};
use crate::graphql::services;
use crate::graphql::types::account::Account;
use crate::graphql::types::node::Node;
use crate::graphql::types::provider::Provider;

/// Most ids that one call of nodes takes.
const NODES_MAX: usize = 100;

#[derive(Default)]
pub(super) struct CommonQueries;

#[Object]
impl CommonQueries {
    /// The signed-in owner's account, made at the first login; null when the caller is a service.
    #[graphql(guard = "Admits::SignedIn")]
    async fn viewer(&self, ctx: &Context<'_>) -> Result<Option<Account>> {
        let actor = actor(ctx)?;
        let Some(id) = actor.account() else { return Ok(None) };
        Ok(services(ctx)?.store.account(actor, AccountRef::Id(id)).await?.map(Account))
    }

    /// Any object by its opaque id; null when it is malformed, missing or not the caller's to see.
    #[graphql(guard = "Admits::SignedIn")]
    async fn node(&self, ctx: &Context<'_>, #[graphql(desc = "The opaque id.")] id: ID) -> Result<Option<Node>> {
        Node::find(services(ctx)?, actor(ctx)?, &id).await
    }

    /// Several objects at once, in the order asked, null for each that node would not answer.
    #[graphql(guard = "Admits::SignedIn", complexity = "ids.len().saturating_mul(child_complexity.saturating_add(1))")]
    async fn nodes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "At most 100 opaque ids.")] ids: Vec<ID>,
    ) -> Result<Option<Vec<Option<Node>>>> {
        if ids.len() > NODES_MAX {
            return Err(ApiError::bad_input());
        }
        let (services, actor) = (services(ctx)?, actor(ctx)?);
        try_join_all(ids.iter().map(|id| Node::find(services, actor, id))).await.map(Some)
    }

    /// The supported providers in catalogue order.
    #[graphql(guard = "Admits::SignedIn")]
    async fn providers(&self, ctx: &Context<'_>) -> Result<Option<Vec<Provider>>> {
        Ok(Some(services(ctx)?.keys.infos().iter().map(|info| Provider(info.code)).collect()))
    }
}
