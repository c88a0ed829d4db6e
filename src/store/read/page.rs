//! Pages of lists that are ordered newest first by one unique column.

use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select, Value};

use crate::domain::{AttemptId, AuditId, KeyId};
use crate::store::StoreError;

/// A place in a list: the value of its ordering column.
pub trait Position: Copy + Send + Sync {
    /// The value that the database compares with.
    fn value(self) -> Value;
}

impl Position for i64 {
    fn value(self) -> Value {
        self.into()
    }
}

macro_rules! positions {
    ($($id:ty),*) => {$(
        impl Position for $id {
            fn value(self) -> Value {
                self.0.into()
            }
        }
    )*};
}
positions!(AttemptId, AuditId, KeyId);

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest<P> {
    /// Only what follows this place.
    pub after: Option<P>,
    /// Only what precedes this place.
    pub before: Option<P>,
    /// Most items.
    pub limit: u64,
    /// Whether to count from the end of the part.
    pub from_end: bool,
}

/// Part of a list, in the order of the list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Whether more follow.
    pub has_next: bool,
    /// Whether there are some before.
    pub has_previous: bool,
}

impl<T> Page<T> {
    /// The page with each item converted.
    pub(super) fn try_map<U>(self, convert: fn(T) -> Result<U, StoreError>) -> Result<Page<U>, StoreError> {
        Ok(Page { items: super::all(self.items, convert)?, has_next: self.has_next, has_previous: self.has_previous })
    }
}

/// Reads a page of the selection, newest first by the column.
pub(super) async fn fetch<E, C, P>(
    connection: &DatabaseConnection,
    selection: Select<E>,
    column: C,
    request: PageRequest<P>,
) -> Result<Page<E::Model>, StoreError>
where
    E: EntityTrait,
    C: ColumnTrait,
    P: Position,
{
    let mut selection = selection.limit(request.limit + 1);
    if let Some(after) = request.after {
        selection = selection.filter(column.lt(after.value()));
    }
    if let Some(before) = request.before {
        selection = selection.filter(column.gt(before.value()));
    }
    let ordered = if request.from_end { selection.order_by_asc(column) } else { selection.order_by_desc(column) };
    let mut items = ordered.all(connection).await?;
    let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
    let more = items.len() > limit;
    items.truncate(limit);
    if request.from_end {
        items.reverse();
        Ok(Page { items, has_next: request.before.is_some(), has_previous: more })
    } else {
        Ok(Page { items, has_next: more, has_previous: request.after.is_some() })
    }
}
