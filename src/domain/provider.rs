//! Names that all providers share: who they are, what they solve, how a cost is learnt.

/// Declares an enum with one constant text for each value, as stored and as seen in the API.
macro_rules! coded_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant),* }

        impl $name {
            /// Every value, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The constant text of this value.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The value of a constant text; `None` for any other.
            #[must_use]
            pub fn from_code(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::from_code(&text).ok_or_else(|| serde::de::Error::custom(concat!("not a ", stringify!($name))))
            }
        }
    };
}
pub(super) use coded_enum;

coded_enum! {
    /// Constant names of the providers, in catalogue order.
    ProviderCode {
        /// 2Captcha.
        TwoCaptcha = "TWO_CAPTCHA",
        /// CapSolver.
        Capsolver = "CAPSOLVER",
        /// Anti-Captcha.
        AntiCaptcha = "ANTI_CAPTCHA",
        /// CapMonster Cloud.
        CapmonsterCloud = "CAPMONSTER_CLOUD",
        /// Multibot.
        Multibot = "MULTIBOT",
        /// UCaptcha Native.
        UcaptchaNative = "UCAPTCHA_NATIVE",
    }
}

impl ProviderCode {
    /// The name in configuration keys and metrics: lower case with underscores.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        match self {
            Self::TwoCaptcha => "two_captcha",
            Self::Capsolver => "capsolver",
            Self::AntiCaptcha => "anti_captcha",
            Self::CapmonsterCloud => "capmonster_cloud",
            Self::Multibot => "multibot",
            Self::UcaptchaNative => "ucaptcha_native",
        }
    }
}

coded_enum! {
    /// Kinds of task, the same for all providers.
    TaskType {
        /// Text from a picture.
        ImageToText = "IMAGE_TO_TEXT",
        /// ReCAPTCHA v2.
        RecaptchaV2 = "RECAPTCHA_V2",
        /// ReCAPTCHA v2 Enterprise.
        RecaptchaV2Enterprise = "RECAPTCHA_V2_ENTERPRISE",
        /// ReCAPTCHA v3.
        RecaptchaV3 = "RECAPTCHA_V3",
        /// ReCAPTCHA v3 Enterprise.
        RecaptchaV3Enterprise = "RECAPTCHA_V3_ENTERPRISE",
        /// HCaptcha.
        Hcaptcha = "HCAPTCHA",
        /// Cloudflare Turnstile.
        Turnstile = "TURNSTILE",
        /// Arkose FunCaptcha.
        Funcaptcha = "FUNCAPTCHA",
        /// GeeTest v3 or v4.
        Geetest = "GEETEST",
        /// DataDome slider.
        Datadome = "DATADOME",
        /// AWS WAF.
        AwsWaf = "AWS_WAF",
    }
}

coded_enum! {
    /// How the cost of an attempt is learnt.
    CostSource {
        /// The provider states the cost of each task.
        Reported = "REPORTED",
        /// The key's balance before and after.
        BalanceDelta = "BALANCE_DELTA",
        /// The provider's list price, provisional until reconciled.
        PriceList = "PRICE_LIST",
    }
}

coded_enum! {
    /// How a provider does.
    ProviderHealth {
        /// Calls succeed.
        Healthy = "HEALTHY",
        /// Many calls fail, or the first trial calls after a pause run.
        Degraded = "DEGRADED",
        /// Calls are paused.
        Unavailable = "UNAVAILABLE",
    }
}

/// A provider as people and the router see it: catalogue facts under the configuration in force.
#[derive(Clone, Debug, PartialEq)]
pub struct ProviderInfo {
    /// Its constant name.
    pub code: ProviderCode,
    /// Its name as people write it.
    pub name: &'static str,
    /// What its keys look like, in words.
    pub key_hint: &'static str,
    /// Regular expression that every key of it matches after trimming.
    pub key_pattern: &'static str,
    /// How the cost of its tasks is learnt as a rule.
    pub cost_source: CostSource,
    /// Whether new keys of it are taken.
    pub accepts_keys: bool,
    /// Whether it counts in a unit of its own and no dollar rate is set.
    pub rate_missing: bool,
    /// Most attempts under way on one key.
    pub in_flight_cap: i32,
    /// The kinds of task it solves.
    pub tasks: Vec<TaskOffer>,
}

/// A kind of task as one provider offers it.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskOffer {
    /// The kind.
    pub task_type: TaskType,
    /// The provider's own type name without a proxy.
    pub proxyless_name: Option<&'static str>,
    /// The provider's own type name with the caller's proxy.
    pub proxied_name: Option<&'static str>,
    /// List price of one task.
    pub list_price: super::Usd,
    /// Time to a solution that is assumed before any was seen, in seconds.
    pub prior_solve_seconds: f64,
    /// Share of solved attempts that is assumed before any was seen, 0 to 1.
    pub prior_success: f64,
}

impl ProviderInfo {
    /// The offer for a kind of task, with or without a proxy; `None` when there is none.
    #[must_use]
    pub fn offer(&self, task_type: TaskType, proxied: bool) -> Option<&TaskOffer> {
        self.tasks.iter().find(|offer| {
            let name = if proxied { offer.proxied_name } else { offer.proxyless_name };
            offer.task_type == task_type && name.is_some()
        })
    }

    /// The lowest list price.
    #[must_use]
    pub fn cheapest(&self) -> super::Usd {
        self.tasks.iter().map(|offer| offer.list_price).min().unwrap_or(super::Usd::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Usd;
    use super::*;

    fn offer(task_type: TaskType, names: [Option<&'static str>; 2], micros: i64) -> TaskOffer {
        TaskOffer {
            task_type,
            proxyless_name: names[0],
            proxied_name: names[1],
            list_price: Usd::from_nanos(micros * 1_000),
            prior_solve_seconds: 10.0,
            prior_success: 0.9,
        }
    }

    fn provider(tasks: Vec<TaskOffer>) -> ProviderInfo {
        ProviderInfo {
            code: ProviderCode::Capsolver,
            name: "CapSolver",
            key_hint: "letters",
            key_pattern: "^[A-Z]+$",
            cost_source: CostSource::BalanceDelta,
            accepts_keys: true,
            rate_missing: false,
            in_flight_cap: 1,
            tasks,
        }
    }

    #[test]
    fn a_slug_is_the_constant_name_in_lower_case() {
        for code in ProviderCode::ALL {
            assert_eq!(code.slug(), code.as_str().to_lowercase());
        }
    }

    #[test]
    fn an_offer_is_for_the_kind_of_task_and_the_way_it_is_reached() {
        let provider = provider(vec![
            offer(TaskType::Turnstile, [Some("Without"), None], 1_200),
            offer(TaskType::Hcaptcha, [None, Some("With")], 800),
            offer(TaskType::Geetest, [Some("Without"), Some("With")], 2_000),
        ]);
        for (task_type, proxyless, proxied) in [
            (TaskType::Turnstile, Some(1_200_000), None),
            (TaskType::Hcaptcha, None, Some(800_000)),
            (TaskType::Geetest, Some(2_000_000), Some(2_000_000)),
            (TaskType::AwsWaf, None, None),
        ] {
            let price = |proxied| provider.offer(task_type, proxied).map(|offer| offer.list_price.nanos());
            assert_eq!((price(false), price(true)), (proxyless, proxied), "{task_type}");
        }
        assert_eq!(provider.cheapest(), Usd::from_nanos(800_000));
    }

    #[test]
    fn who_offers_nothing_costs_nothing() {
        assert_eq!(provider(Vec::new()).cheapest(), Usd::ZERO);
    }
}
