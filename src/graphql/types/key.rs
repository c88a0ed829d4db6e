//! Recycled keys: state and figures, never the key.

use async_graphql::{Context, ID, Object, SimpleObject};
use uuid::Uuid;

use super::account::Account;
use super::codes::{BalanceSource, KeyProblemCode, KeyStatus, ProviderCode};
use super::provider::Provider;
use super::transaction::{TransactionConnection, TransferRows};
use crate::domain;
use crate::graphql::error::{ApiError, Result};
use crate::graphql::ids::{CursorScope, ListKind};
use crate::graphql::page::{List, PageArguments, Slice, connection};
use crate::graphql::scalars::{DateTime, Usd, int};
use crate::graphql::{loaders, page, services};
use crate::store::{KeyFilter, KeyList, Page, PageRequest, Store, StoreError, TransferList};

/// How far back a balance history reaches when nothing is said.
const HISTORY_DEFAULT: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 60 * 60);

/// A provider key in the pool, with its values of one moment.
#[derive(Clone)]
pub(crate) struct RecycledKey(pub(crate) domain::Key);

/// A provider key in the pool; the key itself is nowhere in this schema's answers.
#[Object]
impl RecycledKey {
    /// Opaque id of the key.
    pub(crate) async fn id(&self, ctx: &Context<'_>) -> Result<ID> {
        Ok(services(ctx)?.ids.seal(self.0.id))
    }

    /// The account that handed it over.
    async fn account(&self, ctx: &Context<'_>) -> Result<Account> {
        Ok(Account(loaders(ctx)?.account(self.0.owner).await?))
    }

    /// The provider that issued the key.
    async fn provider(&self) -> Provider {
        Provider(self.0.provider)
    }

    /// The owner's own name for the key.
    async fn label(&self) -> Option<&str> {
        self.0.label.as_deref()
    }

    /// Short mark by which the same key is recognised; it reveals none of its characters.
    async fn fingerprint(&self) -> String {
        self.0.mark()
    }

    /// Where the key is in its life.
    async fn status(&self) -> KeyStatus {
        self.0.status.into()
    }

    /// What stands in its way now, if anything.
    async fn problem(&self) -> Option<KeyProblem> {
        self.0.problem.clone().map(KeyProblem)
    }

    /// What the last reading at the provider says, less what was spent since; null until the first.
    async fn balance(&self) -> Option<Usd> {
        self.0.balance().map(Usd)
    }

    /// The balance in the provider's own unit where that is not dollars, such as tokens or prepaid calls.
    async fn native_balance(&self) -> Option<&str> {
        self.0.native_balance.as_deref()
    }

    /// Part of the balance held for attempts under way.
    async fn held(&self) -> Usd {
        self.0.held.into()
    }

    /// Estimates of attempts under review: no longer held, not credited yet.
    async fn under_review(&self) -> Usd {
        self.0.under_review.into()
    }

    /// What new attempts may use: balance less held, null while the balance is unknown.
    async fn available(&self) -> Option<Usd> {
        self.0.available().map(Usd)
    }

    /// Credits this key has earned, less reversals.
    async fn credited(&self) -> Usd {
        self.0.credited.into()
    }

    /// Balance that left the key without us, by spending or withdrawal elsewhere; it is never credited.
    async fn outside_spending(&self) -> Usd {
        self.0.outside_spending.into()
    }

    /// When the balance was last read.
    async fn balance_checked_at(&self) -> Option<DateTime> {
        self.0.reading.map(|reading| DateTime(reading.read_at))
    }

    /// When the balance is read next without being asked; null when it is not.
    async fn next_check_at(&self) -> Option<DateTime> {
        self.0.next_sync_at.map(DateTime)
    }

    /// From when a check by the owner reads the provider again; until then it answers the figure at hand.
    async fn checkable_at(&self) -> DateTime {
        self.0.checkable_at.into()
    }

    /// Whether two regular readings were missed.
    async fn stale(&self, ctx: &Context<'_>) -> Result<bool> {
        let services = services(ctx)?;
        Ok(self.0.is_stale(services.clock.now(), services.keys.sync_interval()))
    }

    /// Whether new attempts may use the key now; if not, status, problem or available say why.
    async fn lendable(&self, ctx: &Context<'_>) -> Result<bool> {
        let services = services(ctx)?;
        let cheapest = services.provider(self.0.provider)?.cheapest();
        Ok(is_lendable(&self.0, services.clock.now(), cheapest))
    }

    /// When the key was first handed over.
    async fn submitted_at(&self) -> DateTime {
        self.0.submitted_at.into()
    }

    /// When the owner removed the key, null while it is in the pool's care.
    async fn removed_at(&self) -> Option<DateTime> {
        self.0.removed_at.map(DateTime)
    }

    /// Grows with every change: of two answers about one key, the higher is the newer.
    async fn version(&self) -> i32 {
        int(self.0.version)
    }

    /// Transactions caused by this key, newest first.
    #[graphql(complexity = "page::cost(first, last, child_complexity)")]
    async fn transactions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Page size from the start, 1 to 100, default 20.")] first: Option<i32>,
        #[graphql(desc = "Cursor to continue after.")] after: Option<String>,
        #[graphql(desc = "Page size from the end, 1 to 100.")] last: Option<i32>,
        #[graphql(desc = "Cursor to continue before.")] before: Option<String>,
    ) -> Result<TransactionConnection> {
        let list = TransferRows::new(TransferList::Key(self.0.id), None);
        let arguments = PageArguments { first, after, last, before };
        Ok(TransactionConnection(Slice::read(services(ctx)?, list, arguments).await?))
    }

    /// Balance over time, oldest first, thinned evenly to the number of points.
    #[graphql(complexity = "history_cost(points, child_complexity)")]
    async fn balance_history(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Earliest moment, default 7 days ago.")] since: Option<DateTime>,
        #[graphql(desc = "Most points to answer, 2 to 500.", default = 120)] points: i32,
    ) -> Result<Vec<BalanceSample>> {
        let points = usize::try_from(points).ok().filter(|points| (2..=500).contains(points));
        let points = points.ok_or(ApiError::bad_input())?;
        let services = services(ctx)?;
        let now = services.clock.now();
        let since = since.map_or_else(|| now.minus(HISTORY_DEFAULT), |since| since.0);
        let samples = services.store.balance_samples(self.0.id, since, now).await?;
        Ok(thinned(samples, points).into_iter().map(BalanceSample::from).collect())
    }
}

/// Whether the key can serve at least the cheapest task of its provider at this moment.
fn is_lendable(key: &domain::Key, now: domain::Timestamp, cheapest: domain::Usd) -> bool {
    let is_enough = |available: domain::Usd| available.is_positive() && available >= cheapest;
    key.is_usable(now) && key.is_fresh(now) && key.available().is_some_and(is_enough)
}

/// Points of a balance history: its children once for each point.
fn history_cost(points: i32, child: usize) -> usize {
    child.saturating_mul(usize::try_from(points).unwrap_or(0)).saturating_add(1)
}

/// At most so many of the items, evenly spread, the first and the last among them.
fn thinned<T>(items: Vec<T>, most: usize) -> Vec<T> {
    let count = items.len();
    if count <= most {
        return items;
    }
    let mut wanted = (0..most).map(|point| point * (count - 1) / (most - 1)).peekable();
    let kept = items.into_iter().enumerate().filter(|(place, _)| wanted.next_if_eq(place).is_some());
    kept.map(|(_, item)| item).collect()
}

/// What stands in a key's way, as it was noted.
pub(crate) struct KeyProblem(domain::KeyProblem);

/// What stands in a key's way, in words a person can act on.
#[Object]
impl KeyProblem {
    /// What it is.
    async fn code(&self) -> KeyProblemCode {
        self.0.code.into()
    }

    /// One sentence for the owner, ours and never the provider's text.
    async fn message(&self) -> &'static str {
        self.0.code.message()
    }

    /// The provider's own error code, where it is one that we know.
    async fn provider_code(&self) -> Option<&str> {
        self.0.provider_code.as_deref()
    }

    /// Since when.
    async fn since(&self) -> DateTime {
        self.0.since.into()
    }

    /// When it is tried again without being asked, null when the owner has to act.
    async fn retry_at(&self) -> Option<DateTime> {
        self.0.retry_at.map(DateTime)
    }
}

/// A balance at a moment.
#[derive(SimpleObject)]
pub(crate) struct BalanceSample {
    /// When it was read.
    at: DateTime,
    /// The balance then.
    balance: Usd,
    /// Where the figure came from.
    source: BalanceSource,
}

impl From<(domain::Timestamp, domain::Usd, domain::key::BalanceSource)> for BalanceSample {
    fn from((at, balance, source): (domain::Timestamp, domain::Usd, domain::key::BalanceSource)) -> Self {
        Self { at: at.into(), balance: balance.into(), source: source.into() }
    }
}

/// Keys of an account, or everybody's, under a filter.
pub(crate) struct KeyRows {
    list: KeyList,
    filter: KeyFilter,
}

impl KeyRows {
    pub(crate) fn new(list: KeyList, statuses: Option<Vec<KeyStatus>>, providers: Option<Vec<ProviderCode>>) -> Self {
        let statuses = statuses.map(|statuses| statuses.into_iter().map(Into::into).collect());
        let providers = providers.map(|providers| providers.into_iter().map(Into::into).collect());
        Self { list, filter: KeyFilter { statuses, providers } }
    }
}

impl List for KeyRows {
    type Row = domain::Key;
    type Position = domain::KeyId;

    fn scope(&self) -> CursorScope {
        let of = match self.list {
            KeyList::Account(account) => account.0,
            KeyList::All => Uuid::nil(),
        };
        CursorScope { kind: ListKind::Keys, of }
    }

    fn position(row: &domain::Key) -> domain::KeyId {
        row.id
    }

    async fn page(&self, store: &Store, request: PageRequest<domain::KeyId>) -> Result<Page<domain::Key>, StoreError> {
        store.key_page(self.list, &self.filter, request).await
    }

    async fn count(&self, store: &Store) -> Result<u64, StoreError> {
        store.key_count(self.list, &self.filter).await
    }
}

connection! {
    /// A page of keys.
    RecycledKeyConnection(KeyRows => RecycledKey) {
        /// The keys with their cursors.
        edges,
        /// The keys alone.
        nodes,
        /// Number of keys in the whole list, counted only when asked.
        total_count,
    }
    /// A key in a page.
    RecycledKeyEdge {
        /// Position of this key.
        cursor,
        /// The key.
        node,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_both_ends_and_the_order() {
        assert_eq!(thinned(vec![1, 2, 3], 3), [1, 2, 3]);
        assert_eq!(thinned((0..=100).collect(), 2), [0, 100]);
        assert_eq!(thinned((0..=100).collect(), 5), [0, 25, 50, 75, 100]);
        let many: Vec<u32> = thinned((0..1000).collect(), 500);
        assert_eq!((many.len(), many.first(), many.last()), (500, Some(&0), Some(&999)));
        assert!(many.is_sorted());
    }

    #[test]
    fn a_history_costs_by_its_points() {
        assert_eq!(history_cost(500, 3), 1501);
        assert_eq!(history_cost(-1, 3), 1);
    }
}
