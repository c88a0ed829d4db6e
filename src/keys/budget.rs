//! How far each provider's budget of rejections is spent, for operators.

use super::{Failure, Keys};
use crate::domain::ProviderCode;
use crate::moves::key::REJECTIONS_WINDOW;

/// The budget of rejections at a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The provider.
    pub provider: ProviderCode,
    /// Keys that it rejected within the budget's window.
    pub spent: u64,
    /// How many it may.
    pub most: u64,
    /// Keys that wait for their turn to be validated.
    pub waiting: u64,
}

impl Keys {
    /// The budget of every provider, as the database has it now.
    ///
    /// # Errors
    /// The database fails.
    pub async fn budgets(&self) -> Result<Vec<Budget>, Failure> {
        let inner = &self.inner;
        let counted = inner.store.rejected_and_waiting(inner.clock.now().minus(REJECTIONS_WINDOW)).await?;
        let budget = |provider: &ProviderCode| {
            let of_provider = counted.iter().find(|(code, ..)| code == provider);
            let (spent, waiting) = of_provider.map_or((0, 0), |(_, rejected, waiting)| (*rejected, *waiting));
            let most = u64::try_from(inner.providers.rejections(*provider)).unwrap_or(u64::MAX);
            Budget { provider: *provider, spent, most, waiting }
        };
        Ok(ProviderCode::ALL.iter().map(budget).collect())
    }
}
