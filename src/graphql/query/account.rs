//! Accounts, for billing and operators.

use async_graphql::{Context, Object};

use crate::graphql::caller::{Admits, actor, shown_to};
use crate::graphql::error::Result;
use crate::graphql::services;
use crate::graphql::types::account::{Account, AccountRefInput};

#[derive(Default)]
pub(super) struct AccountQueries;

#[Object]
impl AccountQueries {
    /// Billing and operators: an account by either of its identities.
    #[graphql(guard = "Admits::BillingAndOperators", visible = "shown_to::billing_and_operators")]
    async fn account(
        &self,
        ctx: &Context<'_>,
        #[graphql(name = "ref", desc = "Which account.")] reference: AccountRefInput,
    ) -> Result<Option<Account>> {
        let services = services(ctx)?;
        let Some(account) = reference.resolve(&services.ids) else { return Ok(None) };
        Ok(services.store.account(actor(ctx)?, account).await?.map(Account))
    }
}
