//! The knobs of a provider and, laid over them, of a single key.
//!
//! Owns defaults, validation and the merging of partial changes. Invariant: ranges are ordered and
//! percentages at most 100, so the engine need not check again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::catalogue::{Kind, list_prices};
use crate::provider::Provider;

/// When the money leaves the balance.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ChargeAt {
    Create,
    Ready,
}

/// Declares the full settings and their partial form from one list, so that neither can lack a
/// field of the other.
macro_rules! settings {
    ($($(#[$doc:meta])* $field:ident: $kind:ty,)*) => {
        /// Settings in force.
        #[derive(Clone, Debug, Serialize)]
        pub(crate) struct Settings {
            /// Price per task; a kind that is absent is not offered.
            pub(crate) prices: BTreeMap<Kind, Amount>,
            $($(#[$doc])* pub(crate) $field: $kind,)*
        }

        /// A change: absent fields stay as they are.
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct SettingsPatch {
            prices: Option<BTreeMap<Kind, Amount>>,
            $($field: Option<$kind>,)*
        }

        impl Settings {
            /// Lays a change over these settings.
            pub(crate) fn apply(&mut self, patch: &SettingsPatch) {
                if let Some(prices) = &patch.prices {
                    self.prices.extend(prices.iter().map(|(kind, price)| (*kind, *price)));
                }
                $(if let Some(value) = patch.$field { self.$field = value; })*
            }
        }

        impl SettingsPatch {
            /// Adds a later change to this one; the later value wins.
            pub(crate) fn merge(&mut self, later: Self) {
                if let Some(prices) = later.prices {
                    self.prices.get_or_insert_default().extend(prices);
                }
                $(self.$field = later.$field.or(self.$field);)*
            }
        }
    };
}

settings! {
    /// Bounds of a task's solve time, in milliseconds.
    solve_ms: (u64, u64),
    /// Bounds of the time that passes before any answer, in milliseconds.
    latency_ms: (u64, u64),
    /// Whether the price is taken at creation or when the answer is ready.
    charge_at: ChargeAt,
    /// Whether a task that could not be solved is charged.
    charge_unsolvable: bool,
    /// Share of tasks that cannot be solved.
    unsolvable_percent: u8,
    /// Time between a failure (or an accepted report) and the money's return.
    refund_delay_ms: u64,
    /// Whether a report of a wrong answer returns the price.
    refund_reported: bool,
    /// Most places shown in a balance; the rest is cut off.
    balance_decimals: u8,
    /// Whether picture tasks are answered inside createTask, where the dialect can say so.
    sync_images: bool,
    /// How long an answer can be fetched: from creation at CapSolver, from completion elsewhere.
    result_window_ms: u64,
    /// Most result queries per task; 0 for no limit.
    max_polls: u32,
    /// Whether an address that keeps sending unknown keys is shut out; for the provider only.
    ban_wrong_keys: bool,
    /// Unknown keys within the ban's length that lead to a ban.
    ban_after: u32,
    /// Length of a ban.
    ban_ms: u64,
}

impl Settings {
    /// What the vendor does as far as it is known, and a fixed choice where it is not.
    pub(crate) fn defaults(provider: Provider) -> Self {
        let charged_at_create =
            matches!(provider, Provider::TwoCaptcha | Provider::AntiCaptcha | Provider::UcaptchaNative);
        let capped = matches!(provider, Provider::Capsolver | Provider::CapmonsterCloud);
        Self {
            prices: list_prices(provider).iter().map(|(kind, nano)| (*kind, Amount::from_nano(*nano))).collect(),
            solve_ms: (300, 1_500),
            latency_ms: (0, 0),
            charge_at: if charged_at_create { ChargeAt::Create } else { ChargeAt::Ready },
            charge_unsolvable: provider == Provider::AntiCaptcha,
            unsolvable_percent: 0,
            refund_delay_ms: 0,
            refund_reported: false,
            balance_decimals: 6,
            sync_images: provider == Provider::Capsolver,
            result_window_ms: match provider {
                Provider::AntiCaptcha => 60_000,
                Provider::Capsolver | Provider::CapmonsterCloud => 300_000,
                // Reports are taken for 15 minutes after submission.
                Provider::TwoCaptcha => 900_000,
                Provider::Multibot | Provider::UcaptchaNative => 600_000,
            },
            max_polls: if capped { 120 } else { 0 },
            ban_wrong_keys: false,
            ban_after: 5,
            ban_ms: 600_000,
        }
    }
}

impl SettingsPatch {
    /// The reason why this change cannot be taken, if there is one.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let reversed = |range: Option<(u64, u64)>| range.is_some_and(|(low, high)| low > high);
        let negative = |price: &Amount| *price < Amount::ZERO;
        if reversed(self.solve_ms) || reversed(self.latency_ms) {
            Some("a range begins with its smaller bound")
        } else if self.unsolvable_percent.is_some_and(|percent| percent > 100) {
            Some("unsolvable_percent is at most 100")
        } else if self.balance_decimals.is_some_and(|places| places > 9) {
            Some("balance_decimals is at most 9")
        } else if self.prices.iter().flat_map(BTreeMap::values).any(negative) {
            Some("a price is not negative")
        } else {
            None
        }
    }

    /// Whether the change names something that exists only for a provider as a whole.
    pub(crate) fn touches_bans(&self) -> bool {
        self.ban_wrong_keys.is_some() || self.ban_after.is_some() || self.ban_ms.is_some()
    }
}
