//! A provider as configured: what may be set, and the catalogue facts under those settings.

use std::collections::BTreeMap;
use std::time::Duration;

use url::Url;

use super::catalogue::{Entry, Unit, entry};
use crate::domain::figure::convert_units;
use crate::domain::provider::{ProviderInfo, TaskOffer};
use crate::domain::{CostSource, ProviderCode, Usd};

/// Attempts at once on one key where costs are learnt from its balance.
const CAP_BALANCE_DELTA: i32 = 1;

/// Attempts at once on one key otherwise.
const CAP_ELSE: i32 = 10;

/// What may be configured of a provider.
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// Whether its keys are taken.
    pub enabled: bool,
    /// Where its JSON dialect is.
    pub base_url: Url,
    /// Where its legacy dialect is.
    pub legacy_base_url: Url,
    /// Most requests a second.
    pub requests_per_second: u32,
    /// Most requests at once.
    pub concurrency: usize,
    /// Balance under which a key counts as empty.
    pub dust: Usd,
    /// Highest cost of a task that is believed; `None` means five times its list price.
    pub max_cost: Option<Usd>,
    /// Nano-dollars for one token, where the provider counts in tokens.
    pub nano_usd_per_token: Option<u64>,
    /// Pause before and between polls in place of the catalogue's, for a provider on this machine.
    pub poll_interval: Option<Duration>,
}

impl ProviderSettings {
    /// The catalogue's settings.
    #[must_use]
    pub fn defaults(code: ProviderCode) -> Self {
        let entry = entry(code);
        let url = |text: &str| Url::parse(text).expect("the catalogue's addresses are URLs, as its test shows");
        let mut settings = Self {
            enabled: true,
            base_url: url(entry.base_url),
            legacy_base_url: url(entry.legacy_base_url),
            requests_per_second: entry.limits.requests_per_second,
            concurrency: entry.limits.concurrency,
            dust: Usd::ZERO,
            max_cost: None,
            nano_usd_per_token: None,
            poll_interval: None,
        };
        settings.dust = info(entry, &settings).cheapest();
        settings
    }
}

/// The settings of all providers.
#[derive(Clone, Debug)]
pub struct ProviderSettingsSet(BTreeMap<ProviderCode, ProviderSettings>);

impl Default for ProviderSettingsSet {
    /// The catalogue's settings for all.
    fn default() -> Self {
        Self(ProviderCode::ALL.iter().map(|code| (*code, ProviderSettings::defaults(*code))).collect())
    }
}

impl ProviderSettingsSet {
    /// The settings of a provider, to be changed.
    pub fn get_mut(&mut self, code: ProviderCode) -> &mut ProviderSettings {
        self.0.entry(code).or_insert_with(|| ProviderSettings::defaults(code))
    }

    /// Takes out the settings of a provider, with what follows from others filled in.
    pub(super) fn take(&mut self, code: ProviderCode) -> ProviderSettings {
        let mut settings = self.0.remove(&code).unwrap_or_else(|| ProviderSettings::defaults(code));
        let entry = entry(code);
        // Where the unit is tokens the cheapest price, and so the dust, waits for the rate.
        if entry.unit == Unit::Tokens && settings.dust.is_zero() {
            settings.dust = info(entry, &settings).cheapest();
        }
        settings
    }
}

/// The catalogue's facts under the settings.
pub(super) fn info(entry: &Entry, settings: &ProviderSettings) -> ProviderInfo {
    let offer = |task: &super::catalogue::Task| TaskOffer {
        task_type: task.task_type,
        proxyless_name: task.shown_name(false),
        proxied_name: task.shown_name(true),
        list_price: list_price(entry, settings, task.price),
        prior_solve_seconds: task.seconds,
        prior_success: task.success,
    };
    ProviderInfo {
        code: entry.code,
        name: entry.name,
        key_hint: entry.key.hint,
        key_pattern: entry.key.pattern,
        cost_source: entry.cost_source,
        accepts_keys: settings.enabled,
        rate_missing: entry.unit == Unit::Tokens && settings.nano_usd_per_token.is_none(),
        in_flight_cap: if entry.cost_source == CostSource::BalanceDelta { CAP_BALANCE_DELTA } else { CAP_ELSE },
        tasks: entry.tasks.iter().map(offer).collect(),
    }
}

/// A price of the catalogue in dollars; zero while the rate is missing.
fn list_price(entry: &Entry, settings: &ProviderSettings, price: i64) -> Usd {
    match entry.unit {
        Unit::Dollars => Usd::from_nanos(price),
        Unit::Tokens => settings
            .nano_usd_per_token
            .and_then(|rate| convert_units(Usd::from_nanos(price), rate).ok())
            .unwrap_or(Usd::ZERO),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::TaskType;

    #[test]
    fn dust_is_the_cheapest_price() {
        assert_eq!(ProviderSettings::defaults(ProviderCode::TwoCaptcha).dust, Usd::from_nanos(850_000));
    }

    #[test]
    fn token_prices_wait_for_the_rate() {
        let mut set = ProviderSettingsSet::default();
        let bare = set.clone().take(ProviderCode::Multibot);
        let bare_info = info(entry(ProviderCode::Multibot), &bare);
        assert!(bare_info.rate_missing);
        assert_eq!((bare.dust, bare_info.cheapest()), (Usd::ZERO, Usd::ZERO));

        set.get_mut(ProviderCode::Multibot).nano_usd_per_token = Some(1_000_000);
        let rated = set.take(ProviderCode::Multibot);
        let rated_info = info(entry(ProviderCode::Multibot), &rated);
        assert!(!rated_info.rate_missing);
        assert_eq!(rated.dust, Usd::from_nanos(500_000));
        let offer = rated_info.offer(TaskType::RecaptchaV2, false).expect("it is offered");
        assert_eq!(offer.list_price, Usd::from_nanos(1_000_000));
    }
}
