//! The audit log, for operators and billing.

use async_graphql::{Context, ID, Object};

use crate::domain::Scope;
use crate::graphql::caller::{Admits, actor, shown_to};
use crate::graphql::error::Result;
use crate::graphql::page::{PageArguments, Slice};
use crate::graphql::types::audit::{AuditEntryConnection, AuditRows};
use crate::graphql::{page, services};

#[derive(Default)]
pub(super) struct AuditQueries;

#[Object]
impl AuditQueries {
    /// Operators, and billing for entries about money: who did what, and what asks for a look, newest first.
    #[expect(clippy::too_many_arguments, reason = "they are the arguments of the field")]
    #[graphql(
        guard = "Admits::BillingAndOperators",
        visible = "shown_to::billing_and_operators",
        complexity = "page::cost(first, last, child_complexity)"
    )]
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only entries about this object.")] target_id: Option<ID>,
        #[graphql(desc = "Only these actions, such as refund.suspected.")] actions: Option<Vec<String>>,
        #[graphql(desc = "Page size from the start, 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Cursor to continue after.")] after: Option<String>,
        #[graphql(desc = "Page size from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Cursor to continue before.")] before: Option<String>,
    ) -> Result<Option<AuditEntryConnection>> {
        let services = services(ctx)?;
        let money_only = !actor(ctx)?.may(Scope::Operate);
        let list = AuditRows::new(&services.ids, target_id.as_ref(), actions, money_only);
        let arguments = PageArguments { first, after, last, before };
        Ok(Some(AuditEntryConnection(Slice::read(services, list, arguments).await?)))
    }
}
