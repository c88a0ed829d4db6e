//! Metrics of the server: counted from commits, and read off the routing pool when asked.

use std::sync::Arc;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::domain::ProviderCode;
use crate::keys::Budget;
use crate::pool::Pool;
use crate::store::{Changes, Observer};
use crate::telemetry::Metrics;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderLabel {
    provider: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KeyLabels {
    provider: &'static str,
    status: &'static str,
}

/// The server's metrics.
pub(super) struct AppMetrics {
    metrics: Metrics,
    pool: Arc<Pool>,
    attempts: Family<ProviderLabel, Counter>,
    solved: Family<ProviderLabel, Counter>,
    charged: Family<ProviderLabel, Counter>,
    events: Counter,
    audited: Gauge,
    lies: Gauge,
    keys: Family<KeyLabels, Gauge>,
    eligible: Family<ProviderLabel, Gauge>,
    in_flight: Family<ProviderLabel, Gauge>,
    available: Family<ProviderLabel, Gauge>,
    paused: Family<ProviderLabel, Gauge>,
    pauses: Family<ProviderLabel, Counter>,
    rejections: Family<ProviderLabel, Gauge>,
    rejections_max: Family<ProviderLabel, Gauge>,
    waiting: Family<ProviderLabel, Gauge>,
}

impl AppMetrics {
    pub(super) fn new(pool: Arc<Pool>) -> Arc<Self> {
        let metrics = Metrics::new();
        let new = Self {
            pool,
            attempts: Family::default(),
            solved: Family::default(),
            charged: Family::default(),
            events: metrics.counter("account_events", "Events that were appended to accounts' streams"),
            audited: metrics.gauge("ledger_audited", "Accounts and keys that the audit at the start recomputed"),
            lies: metrics.gauge("ledger_lies", "What did not add up in that audit"),
            keys: Family::default(),
            eligible: Family::default(),
            in_flight: Family::default(),
            available: Family::default(),
            paused: Family::default(),
            pauses: Family::default(),
            rejections: Family::default(),
            rejections_max: Family::default(),
            waiting: Family::default(),
            metrics,
        };
        let it = &new.metrics;
        it.register("attempts_ended", "Attempts that ended at a provider", new.attempts.clone());
        it.register("attempts_solved", "Attempts that ended with a solution", new.solved.clone());
        it.register("charged_nano_usd", "Charges of solved attempts, in nano-dollars", new.charged.clone());
        it.register("keys", "Keys by provider and status", new.keys.clone());
        it.register("keys_eligible", "Keys that can serve at least the cheapest task", new.eligible.clone());
        it.register("attempts_in_flight", "Attempts under way", new.in_flight.clone());
        it.register("available_nano_usd", "What new attempts may use, in nano-dollars", new.available.clone());
        it.register("provider_paused", "Whether calls to the provider are paused", new.paused.clone());
        it.register("provider_pauses", "Pauses of calls that began", new.pauses.clone());
        it.register("rejections", "Keys that the provider rejected within ten minutes", new.rejections.clone());
        it.register("rejections_max", "How many it may before new keys wait", new.rejections_max.clone());
        it.register("validations_waiting", "New keys that wait for their turn", new.waiting.clone());
        Arc::new(new)
    }

    /// Counts a pause of calls to a provider.
    pub(super) fn paused(&self, provider: ProviderCode) {
        self.pauses.get_or_create(&ProviderLabel { provider: provider.slug() }).inc();
    }

    /// Notes what the audit at the start found.
    pub(super) fn audited(&self, checked: u64, lies: usize) {
        self.audited.set(signed(checked));
        self.lies.set(i64::try_from(lies).unwrap_or(i64::MAX));
    }

    /// Everything in the `OpenMetrics` text format, with the budgets of rejections as they are now.
    pub(super) fn render(&self, budgets: &[Budget]) -> String {
        for budget in budgets {
            let provider = ProviderLabel { provider: budget.provider.slug() };
            self.rejections.get_or_create(&provider).set(signed(budget.spent));
            self.rejections_max.get_or_create(&provider).set(signed(budget.most));
            self.waiting.get_or_create(&provider).set(signed(budget.waiting));
        }
        for it in self.pool.overview() {
            let provider = ProviderLabel { provider: it.provider.slug() };
            for (status, count) in it.key_counts {
                let labels = KeyLabels { provider: it.provider.slug(), status: status.as_str() };
                self.keys.get_or_create(&labels).set(signed(count));
            }
            self.eligible.get_or_create(&provider).set(signed(it.eligible_keys));
            self.in_flight.get_or_create(&provider).set(signed(it.in_flight));
            self.available.get_or_create(&provider).set(it.available.nanos());
            self.paused.get_or_create(&provider).set(i64::from(it.paused_until.is_some()));
        }
        self.metrics.render()
    }
}

impl Observer for AppMetrics {
    fn committed(&self, changes: &Changes) {
        for stat in &changes.stats {
            let provider = ProviderLabel { provider: stat.provider.slug() };
            self.attempts.get_or_create(&provider).inc_by(unsigned(stat.samples));
            self.solved.get_or_create(&provider).inc_by(unsigned(stat.solved));
            self.charged.get_or_create(&provider).inc_by(unsigned(stat.cost.nanos()));
        }
        self.events.inc_by(u64::try_from(changes.accounts.len()).unwrap_or(0));
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Counters only grow: a refused solution's correction does not count back.
fn unsigned(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}
