//! Connections: page arguments, the lists behind them, and the types that show a page.
//!
//! A [`List`] names one list of the API: how a page of it is read, how its rows are counted, and
//! what its cursors are bound to. Lists are newest first. Rows are counted only when asked.

use std::future::Future;

use async_graphql::{Context, SimpleObject};

use super::Services;
use super::error::{ApiError, Result};
use super::ids::{CursorScope, OpaqueIds, Position};
use super::scalars::int;
use crate::store::{Page, PageRequest, Store, StoreError};

/// Items of a page when nothing is said.
const SIZE_DEFAULT: i32 = 20;
/// Most items of a page.
const SIZE_MAX: i32 = 100;

/// One list of the API.
pub(crate) trait List: Send + Sync {
    /// What the list holds.
    type Row: Clone + Send + Sync;
    /// Where a row stands.
    type Position: Position;

    /// What cursors of the list are bound to.
    fn scope(&self) -> CursorScope;

    /// Where the row stands.
    fn position(row: &Self::Row) -> Self::Position;

    /// Reads a page.
    fn page(
        &self,
        store: &Store,
        request: PageRequest<Self::Position>,
    ) -> impl Future<Output = Result<Page<Self::Row>, StoreError>> + Send;

    /// Counts the whole list.
    fn count(&self, store: &Store) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// The four page arguments of every connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct PageArguments {
    pub(crate) first: Option<i32>,
    pub(crate) after: Option<String>,
    pub(crate) last: Option<i32>,
    pub(crate) before: Option<String>,
}

impl PageArguments {
    /// Checks the arguments against the list.
    ///
    /// # Errors
    /// BAD_USER_INPUT when both sizes are given, a size is out of range, or a cursor is of another list.
    fn request<P: Position>(&self, ids: &OpaqueIds, scope: CursorScope) -> Result<PageRequest<P>> {
        let (size, from_end) = match (self.first, self.last) {
            (Some(_), Some(_)) => return Err(ApiError::bad_input()),
            (None, Some(last)) => (last, true),
            (first, None) => (first.unwrap_or(SIZE_DEFAULT), false),
        };
        let limit = u64::try_from(size).ok().filter(|_| (1..=SIZE_MAX).contains(&size));
        let place = |cursor: &Option<String>| {
            cursor.as_ref().map(|text| ids.position(scope, text).ok_or(ApiError::bad_input())).transpose()
        };
        Ok(PageRequest {
            after: place(&self.after)?,
            before: place(&self.before)?,
            limit: limit.ok_or(ApiError::bad_input())?,
            from_end,
        })
    }
}

/// Points of a connection: its children once for each item it may hold.
pub(crate) fn cost(first: Option<i32>, last: Option<i32>, child: usize) -> usize {
    let size = first.or(last).unwrap_or(SIZE_DEFAULT).clamp(1, SIZE_MAX);
    child.saturating_mul(usize::try_from(size).unwrap_or(1)).saturating_add(1)
}

/// Position of a page in its list.
#[derive(Clone, SimpleObject)]
pub(crate) struct PageInfo {
    /// Whether more items follow this page.
    has_next_page: bool,
    /// Whether items come before this page.
    has_previous_page: bool,
    /// Cursor of the first item, null on an empty page.
    start_cursor: Option<String>,
    /// Cursor of the last item, null on an empty page.
    end_cursor: Option<String>,
}

/// A page that was read, and the list it is from.
pub(crate) struct Slice<L: List> {
    list: L,
    page: Page<L::Row>,
    ids: OpaqueIds,
}

impl<L: List> Slice<L> {
    /// Reads the page that the arguments ask for.
    ///
    /// # Errors
    /// BAD_USER_INPUT for bad arguments; INTERNAL when reading fails.
    pub(crate) async fn read(services: &Services, list: L, arguments: PageArguments) -> Result<Self> {
        let request = arguments.request(&services.ids, list.scope())?;
        let page = list.page(&services.store, request).await?;
        Ok(Self { list, page, ids: services.ids.clone() })
    }

    /// The rows in the order of the list.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &L::Row> {
        self.page.items.iter()
    }

    /// The rows with their cursors.
    pub(crate) fn rows_with_cursors(&self) -> impl Iterator<Item = (String, &L::Row)> {
        self.rows().map(|row| (self.cursor(row), row))
    }

    /// Where the page stands.
    pub(crate) fn info(&self) -> PageInfo {
        PageInfo {
            has_next_page: self.page.has_next,
            has_previous_page: self.page.has_previous,
            start_cursor: self.page.items.first().map(|row| self.cursor(row)),
            end_cursor: self.page.items.last().map(|row| self.cursor(row)),
        }
    }

    /// Counts the whole list.
    ///
    /// # Errors
    /// INTERNAL when counting fails.
    pub(crate) async fn total(&self, ctx: &Context<'_>) -> Result<i32> {
        Ok(int(self.list.count(&super::services(ctx)?.store).await?))
    }

    fn cursor(&self, row: &L::Row) -> String {
        self.ids.cursor(self.list.scope(), L::position(row))
    }
}

/// Declares the connection and the edge type over a [`List`]; the doc comments are the schema's.
macro_rules! connection {
    (
        $(#[doc = $connection_doc:literal])+ $connection:ident($list:ty => $node:ident) {
            $(#[doc = $edges_doc:literal])+ edges,
            $(#[doc = $nodes_doc:literal])+ nodes,
            $(#[doc = $total_doc:literal])+ total_count,
        }
        $(#[doc = $edge_doc:literal])+ $edge:ident {
            $(#[doc = $cursor_doc:literal])+ cursor,
            $(#[doc = $node_doc:literal])+ node,
        }
    ) => {
        $(#[doc = $connection_doc])+
        pub(crate) struct $connection(pub(crate) $crate::graphql::page::Slice<$list>);

        $(#[doc = $connection_doc])+
        #[async_graphql::Object]
        impl $connection {
            $(#[doc = $edges_doc])+
            async fn edges(&self) -> Vec<$edge> {
                self.0.rows_with_cursors().map(|(cursor, row)| $edge { cursor, node: $node(row.clone()) }).collect()
            }

            $(#[doc = $nodes_doc])+
            async fn nodes(&self) -> Vec<$node> {
                self.0.rows().cloned().map($node).collect()
            }

            /// Position of this page.
            async fn page_info(&self) -> $crate::graphql::page::PageInfo {
                self.0.info()
            }

            $(#[doc = $total_doc])+
            async fn total_count(&self, ctx: &async_graphql::Context<'_>) -> $crate::graphql::error::Result<i32> {
                self.0.total(ctx).await
            }
        }

        $(#[doc = $edge_doc])+
        #[derive(async_graphql::SimpleObject)]
        pub(crate) struct $edge {
            $(#[doc = $cursor_doc])+
            cursor: String,
            $(#[doc = $node_doc])+
            node: $node,
        }
    };
}
pub(crate) use connection;

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::graphql::ids::ListKind;
    use crate::graphql::ids::tests::test_ids;

    const SCOPE: CursorScope = CursorScope { kind: ListKind::AccountTransfers, of: Uuid::from_u128(1) };

    fn request(arguments: PageArguments) -> Option<(Option<i64>, Option<i64>, u64, bool)> {
        let request = arguments.request::<i64>(&test_ids(b"one"), SCOPE).ok()?;
        Some((request.after, request.before, request.limit, request.from_end))
    }

    fn sizes(first: Option<i32>, last: Option<i32>) -> PageArguments {
        PageArguments { first, last, ..PageArguments::default() }
    }

    #[test]
    fn sizes_are_bounded() {
        assert_eq!(request(sizes(None, None)), Some((None, None, 20, false)));
        assert_eq!(request(sizes(Some(1), None)), Some((None, None, 1, false)));
        assert_eq!(request(sizes(None, Some(100))), Some((None, None, 100, true)));
        for bad in [sizes(Some(0), None), sizes(Some(101), None), sizes(Some(-1), None), sizes(None, Some(0))] {
            assert_eq!(request(bad), None);
        }
        assert_eq!(request(sizes(Some(1), Some(1))), None, "both ends at once");
    }

    #[test]
    fn cursors_of_another_list_are_refused() {
        let ids = test_ids(b"one");
        let after = |scope| PageArguments { after: Some(ids.cursor(scope, 9_i64)), ..PageArguments::default() };
        assert_eq!(request(after(SCOPE)), Some((Some(9), None, 20, false)));
        assert_eq!(request(after(CursorScope { of: Uuid::from_u128(2), ..SCOPE })), None);
        assert_eq!(request(after(CursorScope { kind: ListKind::KeyTransfers, ..SCOPE })), None);
        let before = PageArguments { before: Some("nonsense".to_owned()), ..PageArguments::default() };
        assert_eq!(request(before), None);
    }

    #[test]
    fn a_list_costs_by_what_it_may_hold() {
        assert_eq!(cost(None, None, 3), 61);
        assert_eq!(cost(Some(100), None, 3), 301);
        assert_eq!(cost(None, Some(5), 3), 16);
        assert_eq!(cost(Some(i32::MAX), None, usize::MAX), usize::MAX);
    }
}
