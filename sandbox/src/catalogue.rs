//! What each provider offers: list prices and the names of task types.
//!
//! Two tables, copied from nothing at run time. A kind without a price is not offered, even when
//! its name is known; an administrator can offer it by setting a price. Names are case-sensitive,
//! as at the vendors.

use serde::{Deserialize, Serialize};

use crate::provider::Provider;

/// A kind of CAPTCHA, named as the platform's schema names it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Kind {
    ImageToText,
    RecaptchaV2,
    RecaptchaV2Enterprise,
    RecaptchaV3,
    RecaptchaV3Enterprise,
    Hcaptcha,
    Turnstile,
    Funcaptcha,
    Geetest,
    Datadome,
    AwsWaf,
}

/// Whether a task of this name must bring its own proxy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Proxy {
    Optional,
    Required,
}

use Kind::{
    AwsWaf, Datadome, Funcaptcha, Geetest, Hcaptcha, ImageToText, RecaptchaV2, RecaptchaV2Enterprise, RecaptchaV3,
    RecaptchaV3Enterprise, Turnstile,
};
use Proxy::{Optional, Required};

/// List prices per task in nano-dollars, in nano-tokens for Multibot.
pub(crate) const fn list_prices(provider: Provider) -> &'static [(Kind, i64)] {
    match provider {
        Provider::TwoCaptcha => &[
            (ImageToText, 850_000),
            (RecaptchaV2, 2_990_000),
            (RecaptchaV2Enterprise, 2_990_000),
            (RecaptchaV3, 2_990_000),
            (RecaptchaV3Enterprise, 2_990_000),
            (Hcaptcha, 2_990_000),
            (Turnstile, 1_450_000),
            (Funcaptcha, 2_990_000),
            (Geetest, 2_990_000),
            (Datadome, 2_990_000),
            (AwsWaf, 1_450_000),
        ],
        Provider::Capsolver => &[
            (ImageToText, 400_000),
            (RecaptchaV2, 800_000),
            (RecaptchaV2Enterprise, 1_000_000),
            (RecaptchaV3, 1_000_000),
            (RecaptchaV3Enterprise, 3_000_000),
            (Turnstile, 1_200_000),
            (Geetest, 1_200_000),
            (Datadome, 2_500_000),
            (AwsWaf, 2_000_000),
        ],
        Provider::AntiCaptcha => &[
            (ImageToText, 700_000),
            (RecaptchaV2, 950_000),
            (RecaptchaV2Enterprise, 5_000_000),
            (RecaptchaV3, 1_000_000),
            (RecaptchaV3Enterprise, 5_000_000),
            (Hcaptcha, 2_000_000),
            (Turnstile, 2_000_000),
            (Funcaptcha, 3_000_000),
            (Geetest, 1_800_000),
            (AwsWaf, 2_000_000),
        ],
        Provider::CapmonsterCloud => &[
            (ImageToText, 300_000),
            (RecaptchaV2, 600_000),
            (RecaptchaV2Enterprise, 1_000_000),
            (RecaptchaV3, 900_000),
            (RecaptchaV3Enterprise, 1_000_000),
            (Hcaptcha, 2_000_000),
            (Turnstile, 1_300_000),
            (Funcaptcha, 2_000_000),
            (Geetest, 1_200_000),
            (Datadome, 1_500_000),
            (AwsWaf, 2_000_000),
        ],
        Provider::Multibot => &[
            (ImageToText, 500_000_000),
            (RecaptchaV2, 1_000_000_000),
            (RecaptchaV2Enterprise, 1_500_000_000),
            (Hcaptcha, 1_000_000_000),
            (Turnstile, 1_000_000_000),
        ],
        Provider::UcaptchaNative => &[
            (ImageToText, 670_000),
            (RecaptchaV2, 3_000_000),
            (RecaptchaV2Enterprise, 3_000_000),
            (RecaptchaV3, 3_000_000),
            (RecaptchaV3Enterprise, 3_000_000),
            (Hcaptcha, 8_000_000),
            (Turnstile, 2_000_000),
        ],
    }
}

type Name = (&'static str, Kind, Proxy);

/// The spelling that 2Captcha and Anti-Captcha share; uCaptcha accepts it beside its own.
const CLASSIC: &[Name] = &[
    ("ImageToTextTask", ImageToText, Optional),
    ("RecaptchaV2TaskProxyless", RecaptchaV2, Optional),
    ("RecaptchaV2Task", RecaptchaV2, Required),
    ("RecaptchaV2EnterpriseTaskProxyless", RecaptchaV2Enterprise, Optional),
    ("RecaptchaV2EnterpriseTask", RecaptchaV2Enterprise, Required),
    ("RecaptchaV3TaskProxyless", RecaptchaV3, Optional),
    ("HCaptchaTaskProxyless", Hcaptcha, Optional),
    ("HCaptchaTask", Hcaptcha, Required),
    ("TurnstileTaskProxyless", Turnstile, Optional),
    ("TurnstileTask", Turnstile, Required),
    ("FunCaptchaTaskProxyless", Funcaptcha, Optional),
    ("FunCaptchaTask", Funcaptcha, Required),
    ("GeeTestTaskProxyless", Geetest, Optional),
    ("GeeTestTask", Geetest, Required),
    ("AmazonTaskProxyless", AwsWaf, Optional),
    ("AmazonTask", AwsWaf, Required),
];

const OWN_TWO_CAPTCHA: &[Name] = &[("DataDomeSliderTask", Datadome, Required)];

const OWN_ANTI_CAPTCHA: &[Name] =
    &[("NoCaptchaTaskProxyless", RecaptchaV2, Optional), ("NoCaptchaTask", RecaptchaV2, Required)];

const OWN_UCAPTCHA: &[Name] = &[
    ("ReCaptchaV2TokenProxyLess", RecaptchaV2, Optional),
    ("HardCaptchaTokenProxyLess", Hcaptcha, Optional),
    ("TurnstileTokenProxyLess", Turnstile, Optional),
];

const OWN_MULTIBOT: &[Name] = &[("hCaptchaBase64", Hcaptcha, Optional)];

const CAPSOLVER: &[Name] = &[
    ("ImageToTextTask", ImageToText, Optional),
    ("ReCaptchaV2TaskProxyLess", RecaptchaV2, Optional),
    ("ReCaptchaV2Task", RecaptchaV2, Required),
    ("ReCaptchaV2EnterpriseTaskProxyLess", RecaptchaV2Enterprise, Optional),
    ("ReCaptchaV2EnterpriseTask", RecaptchaV2Enterprise, Required),
    ("ReCaptchaV3TaskProxyLess", RecaptchaV3, Optional),
    ("ReCaptchaV3Task", RecaptchaV3, Required),
    ("ReCaptchaV3EnterpriseTaskProxyLess", RecaptchaV3Enterprise, Optional),
    ("ReCaptchaV3EnterpriseTask", RecaptchaV3Enterprise, Required),
    ("HCaptchaTaskProxyLess", Hcaptcha, Optional),
    ("HCaptchaTask", Hcaptcha, Required),
    ("AntiTurnstileTaskProxyLess", Turnstile, Optional),
    ("FunCaptchaTaskProxyLess", Funcaptcha, Optional),
    ("GeeTestTaskProxyLess", Geetest, Optional),
    ("GeeTestTask", Geetest, Required),
    ("DatadomeSliderTask", Datadome, Required),
    ("DataDomeSliderTask", Datadome, Required),
    ("AntiAwsWafTaskProxyLess", AwsWaf, Optional),
    ("AntiAwsWafTask", AwsWaf, Required),
];

/// CapMonster has one name for both; the old names still work.
const CAPMONSTER: &[Name] = &[
    ("ImageToTextTask", ImageToText, Optional),
    ("RecaptchaV2Task", RecaptchaV2, Optional),
    ("RecaptchaV2TaskProxyless", RecaptchaV2, Optional),
    ("NoCaptchaTask", RecaptchaV2, Optional),
    ("NoCaptchaTaskProxyless", RecaptchaV2, Optional),
    ("RecaptchaV2EnterpriseTask", RecaptchaV2Enterprise, Optional),
    ("RecaptchaV2EnterpriseTaskProxyless", RecaptchaV2Enterprise, Optional),
    ("RecaptchaV3TaskProxyless", RecaptchaV3, Optional),
    ("RecaptchaV3EnterpriseTask", RecaptchaV3Enterprise, Optional),
    ("HCaptchaTask", Hcaptcha, Optional),
    ("HCaptchaTaskProxyless", Hcaptcha, Optional),
    ("TurnstileTask", Turnstile, Optional),
    ("TurnstileTaskProxyless", Turnstile, Optional),
    ("FunCaptchaTask", Funcaptcha, Optional),
    ("FunCaptchaTaskProxyless", Funcaptcha, Optional),
    ("GeeTestTask", Geetest, Optional),
    ("GeeTestTaskProxyless", Geetest, Optional),
    ("AmazonTask", AwsWaf, Optional),
    ("AmazonTaskProxyless", AwsWaf, Optional),
];

/// The task type of this name at this provider. CapMonster's DataDome hides inside `CustomTask`
/// and is the JSON dialect's affair.
pub(crate) fn task_type(provider: Provider, name: &str) -> Option<(Kind, Proxy)> {
    let tables: [&[Name]; 2] = match provider {
        Provider::TwoCaptcha => [CLASSIC, OWN_TWO_CAPTCHA],
        Provider::Capsolver => [CAPSOLVER, &[]],
        Provider::AntiCaptcha => [CLASSIC, OWN_ANTI_CAPTCHA],
        Provider::CapmonsterCloud => [CAPMONSTER, &[]],
        Provider::Multibot => [CLASSIC, OWN_MULTIBOT],
        Provider::UcaptchaNative => [CLASSIC, OWN_UCAPTCHA],
    };
    tables.into_iter().flatten().find(|(known, ..)| *known == name).map(|(_, kind, proxy)| (*kind, *proxy))
}
