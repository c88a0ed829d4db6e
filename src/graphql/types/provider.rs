//! Providers as this service knows them: the catalogue under the configuration in force.

use async_graphql::{Context, Object};

use super::codes::{CostSource, ProviderCode, ProviderHealth, TaskType};
use crate::domain::{self, provider};
use crate::graphql::error::Result;
use crate::graphql::scalars::Usd;
use crate::graphql::services;

/// A provider, by its code; what it shows comes from the catalogue.
#[derive(Clone, Copy)]
pub(crate) struct Provider(pub(crate) domain::ProviderCode);

/// A CAPTCHA provider as this service knows it.
#[Object]
impl Provider {
    /// Its constant name in this schema.
    async fn code(&self) -> ProviderCode {
        self.0.into()
    }

    /// Its name as people write it.
    async fn name<'a>(&self, ctx: &Context<'a>) -> Result<&'a str> {
        Ok(services(ctx)?.provider(self.0)?.name)
    }

    /// What its keys look like, in words.
    async fn key_hint<'a>(&self, ctx: &Context<'a>) -> Result<&'a str> {
        Ok(services(ctx)?.provider(self.0)?.key_hint)
    }

    /// Regular expression that every key of it matches after trimming.
    async fn key_pattern<'a>(&self, ctx: &Context<'a>) -> Result<&'a str> {
        Ok(services(ctx)?.provider(self.0)?.key_pattern)
    }

    /// How the cost of its tasks is learnt as a rule.
    async fn cost_source(&self, ctx: &Context<'_>) -> Result<CostSource> {
        Ok(services(ctx)?.provider(self.0)?.cost_source.into())
    }

    /// How it does at the moment.
    async fn health(&self, ctx: &Context<'_>) -> Result<ProviderHealth> {
        Ok(services(ctx)?.keys.health(self.0).into())
    }

    /// Whether new keys of it are taken now.
    async fn accepts_keys(&self, ctx: &Context<'_>) -> Result<bool> {
        Ok(services(ctx)?.provider(self.0)?.accepts_keys)
    }

    /// The kinds of task it solves.
    async fn tasks(&self, ctx: &Context<'_>) -> Result<Vec<ProviderTask>> {
        Ok(services(ctx)?.provider(self.0)?.tasks.iter().cloned().map(ProviderTask).collect())
    }
}

/// A kind of task in a provider's offer.
pub(crate) struct ProviderTask(provider::TaskOffer);

/// A kind of task as one provider offers it.
#[Object]
impl ProviderTask {
    /// The kind.
    async fn task_type(&self) -> TaskType {
        self.0.task_type.into()
    }

    /// The provider's own type name without a proxy, null when not offered.
    async fn proxyless_name(&self) -> Option<&str> {
        self.0.proxyless_name
    }

    /// The provider's own type name with the caller's proxy, null when not offered.
    async fn proxied_name(&self) -> Option<&str> {
        self.0.proxied_name
    }

    /// List price of one task.
    async fn list_price(&self) -> Usd {
        self.0.list_price.into()
    }
}
