//! Who is told when calls to a provider are paused, and who has them paused.

use std::sync::Arc;

use super::metrics::AppMetrics;
use super::parts::Parts;
use crate::providers::Providers;
use crate::store::{Changes, Observer};

/// Keeps tasks away from providers whose calls are paused, counts the pauses, and has commits raise
/// their alarms.
pub(super) fn follow(parts: &Parts, metrics: &Arc<AppMetrics>) {
    let (pool, metrics) = (parts.pool.clone(), metrics.clone());
    parts.providers.follow_pauses(move |provider, until| {
        pool.pause(provider, until);
        if until.is_some() {
            metrics.paused(provider);
        }
    });
    parts.store.observe(Arc::new(Alarms(parts.providers.clone())));
}

/// Pauses the calls to a provider that was seen to reject every key.
struct Alarms(Arc<Providers>);

impl Observer for Alarms {
    fn committed(&self, changes: &Changes) {
        for provider in &changes.alarms {
            self.0.alarm(*provider);
        }
    }
}
