//! The closing account: the sandbox's books against the ledger, to the nano-dollar.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::domain::{CostSource, ProviderCode};

use super::client::Trouble;
use super::watch::Watcher;

/// The closing account, as `--report` writes it; amounts are decimal text.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// Whether every provider's charges and credits are equal and nothing is open.
    pub(super) balanced: bool,
    /// How long tasks were dispatched.
    pub(super) seconds: u64,
    pub(super) seed: u64,
    pub(super) sent: u64,
    pub(super) solved: u64,
    pub(super) failed: u64,
    /// Attempts that still hold something.
    pub(super) open: u64,
    pub(super) cost_sources: BTreeSet<CostSource>,
    pub(super) statuses_seen: BTreeSet<String>,
    pub(super) providers: BTreeMap<ProviderCode, ProviderAccount>,
}

/// One provider's part.
#[derive(Debug, Serialize)]
pub(super) struct ProviderAccount {
    pub(super) balanced: bool,
    pub(super) sent: u64,
    pub(super) solved: u64,
    pub(super) failed: u64,
    /// By the sandbox's books, for tasks that the gateway sent, less what was given back.
    pub(super) charged: String,
    /// By the ledger.
    pub(super) credited: String,
    /// Credits that reconciliation may still lower.
    pub(super) provisional: u64,
    pub(super) cost_sources: BTreeSet<CostSource>,
    pub(super) statuses_seen: BTreeSet<String>,
}

impl Report {
    /// Draws up the account as things stand now.
    pub(super) async fn draw_up(watcher: &Watcher, seconds: u64, seed: u64) -> Result<Self, Trouble> {
        let open = watcher.open_attempts().await?;
        let charges = watcher.charges().await?;
        let mut credits = watcher.credits().await?;
        let mut providers = BTreeMap::new();
        for code in ProviderCode::ALL.iter().copied() {
            let tally = watcher.tally(code).await?;
            let credited = credits.remove(&code).unwrap_or_default();
            let charged = charges.get(&code).copied().unwrap_or_default();
            providers.insert(
                code,
                ProviderAccount {
                    balanced: charged == credited.sum,
                    sent: tally.sent,
                    solved: tally.solved,
                    failed: tally.failed,
                    charged: charged.to_string(),
                    credited: credited.sum.to_string(),
                    provisional: credited.provisional,
                    cost_sources: credited.sources,
                    statuses_seen: watcher.statuses.get(&code).cloned().unwrap_or_default(),
                },
            );
        }
        let sum = |figure: fn(&ProviderAccount) -> u64| providers.values().map(figure).sum();
        Ok(Self {
            balanced: open == 0 && providers.values().all(|provider| provider.balanced),
            seconds,
            seed,
            sent: sum(|provider| provider.sent),
            solved: sum(|provider| provider.solved),
            failed: sum(|provider| provider.failed),
            open,
            cost_sources: providers.values().flat_map(|provider| provider.cost_sources.clone()).collect(),
            statuses_seen: providers.values().flat_map(|provider| provider.statuses_seen.clone()).collect(),
            providers,
        })
    }

    /// Whether it balances and nothing can change it any more.
    pub(super) fn is_reconciled(&self) -> bool {
        self.balanced && self.providers.values().all(|provider| provider.provisional == 0)
    }

    /// The account as lines for people.
    pub(super) fn lines(&self) -> Vec<String> {
        let head = format!(
            "  {:<17} {:>6} {:>7} {:>7} {:>12} {:>12}   {}",
            "provider", "sent", "solved", "failed", "charged", "credited", ""
        );
        let verdict = |balanced: bool| if balanced { "balanced" } else { "NOT BALANCED" };
        let mut lines = vec!["Closing account".to_owned(), head];
        lines.extend(self.providers.iter().map(|(code, it)| {
            format!(
                "  {:<17} {:>6} {:>7} {:>7} {:>12} {:>12}   {}",
                code.as_str(),
                it.sent,
                it.solved,
                it.failed,
                it.charged,
                it.credited,
                verdict(it.balanced)
            )
        }));
        lines.push(format!(
            "  {} solved, {} failed, {} open in {} s: {}",
            self.solved,
            self.failed,
            self.open,
            self.seconds,
            verdict(self.balanced)
        ));
        lines
    }
}
