//! Everybody's keys, for operators.

use async_graphql::{Context, Object};

use crate::graphql::caller::{Admits, shown_to};
use crate::graphql::error::Result;
use crate::graphql::page::{PageArguments, Slice};
use crate::graphql::types::codes::{KeyStatus, ProviderCode};
use crate::graphql::types::key::{KeyRows, RecycledKeyConnection};
use crate::graphql::{page, services};
use crate::store::KeyList;

#[derive(Default)]
pub(super) struct KeyQueries;

#[Object]
impl KeyQueries {
    /// Operators: keys of every account, newest first.
    #[expect(clippy::too_many_arguments, reason = "they are the arguments of the field")]
    #[graphql(
        guard = "Admits::Operators",
        visible = "shown_to::operators",
        complexity = "page::cost(first, last, child_complexity)"
    )]
    async fn keys(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only these statuses.")] statuses: Option<Vec<KeyStatus>>,
        #[graphql(desc = "Only these providers.")] providers: Option<Vec<ProviderCode>>,
        #[graphql(desc = "Page size from the start, 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Cursor to continue after.")] after: Option<String>,
        #[graphql(desc = "Page size from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Cursor to continue before.")] before: Option<String>,
    ) -> Result<Option<RecycledKeyConnection>> {
        let list = KeyRows::new(KeyList::All, statuses, providers);
        let arguments = PageArguments { first, after, last, before };
        Ok(Some(RecycledKeyConnection(Slice::read(services(ctx)?, list, arguments).await?)))
    }
}
