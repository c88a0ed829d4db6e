//! CapMonster Cloud: both dialects, no cost in either, only solved tasks are charged.
//!
//! Keys may carry `__suffixes` that tune recognition; they name the same account. One type name
//! serves tasks with and without a proxy. Wrong keys and wrong ids ban for ten minutes.

use std::time::Duration;

use super::fault::{CLASSIC, Fault, Rule, rule};
use super::{
    Blank, CLASSIC_REFUSALS, Entry, Habits, Limits, Name, Prepaid, Proxy, Report, Routes, Task, Unit, Upstream,
    always_ok, by, either, task, without,
};
use crate::domain::{CostSource, ProviderCode, SolutionVerdict, TaskType};
use crate::providers::key_format::{KeyFormat, KeyShape};

pub(super) const ENTRY: Entry = Entry {
    code: ProviderCode::CapmonsterCloud,
    name: "CapMonster Cloud",
    key: KeyFormat {
        shape: KeyShape::Suffixed,
        hint: "usually 32 hexadecimal digits; anything from __ on is left out",
        pattern: "^[!-~]{16,128}$",
    },
    base_url: "https://api.capmonster.cloud/",
    legacy_base_url: "https://api.capmonster.cloud/",
    unit: Unit::Dollars,
    cost_source: CostSource::BalanceDelta,
    charged_failures: &[],
    prepaid: Prepaid::None,
    routes: Routes {
        balance: Upstream::Json,
        json: by(Upstream::Json),
        legacy: Some(by(Upstream::Legacy)),
        legacy_poll: "get",
        legacy_image: "base64",
    },
    integer_ids: true,
    habits: Habits {
        extras: &[],
        blank_error: Some(Blank::Null),
        created_status: None,
        repeats_task_id: false,
        error_status: always_ok,
        failed_status: false,
        recorded: ("status", "success"),
        refusals: CLASSIC_REFUSALS,
    },
    report,
    limits: Limits {
        requests_per_second: 20,
        concurrency: 16,
        image_interval: Duration::from_secs(2),
        token_interval: Duration::from_millis(2_500),
        first_image_poll: Duration::from_secs(1),
        first_token_poll: Duration::from_secs(3),
        result_window: Duration::from_secs(300),
        poll_cap: 120,
        rejections: 5,
    },
    tasks: TASKS,
    errors: &[ERRORS, CLASSIC],
    unknown_key_codes_reject: false,
};

fn report(task_type: TaskType, verdict: SolutionVerdict) -> Report {
    match (task_type, verdict) {
        (_, SolutionVerdict::Accepted) => Report::None,
        (TaskType::ImageToText, SolutionVerdict::Rejected) => Report::Method("reportIncorrectImageCaptcha"),
        (_, SolutionVerdict::Rejected) => Report::Method("reportIncorrectTokenCaptcha"),
    }
}

const TASKS: &[Task] = &[
    task(TaskType::ImageToText, 300_000, 1.5, 0.92, &[without("ImageToTextTask")]),
    task(
        TaskType::RecaptchaV2,
        600_000,
        15.0,
        0.94,
        &[
            either("RecaptchaV2Task"),
            either("RecaptchaV2TaskProxyless"),
            either("NoCaptchaTask"),
            either("NoCaptchaTaskProxyless"),
        ],
    ),
    task(
        TaskType::RecaptchaV2Enterprise,
        1_000_000,
        18.0,
        0.92,
        &[either("RecaptchaV2EnterpriseTask"), either("RecaptchaV2EnterpriseTaskProxyless")],
    ),
    task(TaskType::RecaptchaV3, 900_000, 8.0, 0.92, &[without("RecaptchaV3TaskProxyless")]),
    task(
        TaskType::RecaptchaV3Enterprise,
        1_000_000,
        10.0,
        0.91,
        &[without("RecaptchaV3EnterpriseTask"), without("RecaptchaV3TaskProxyless")],
    ),
    task(TaskType::Hcaptcha, 2_000_000, 20.0, 0.88, &[either("HCaptchaTask"), either("HCaptchaTaskProxyless")]),
    task(TaskType::Turnstile, 1_300_000, 8.0, 0.94, &[either("TurnstileTask"), either("TurnstileTaskProxyless")]),
    task(TaskType::Funcaptcha, 2_000_000, 15.0, 0.88, &[either("FunCaptchaTask"), either("FunCaptchaTaskProxyless")]),
    task(TaskType::Geetest, 1_200_000, 12.0, 0.92, &[either("GeeTestTask"), either("GeeTestTaskProxyless")]),
    task(
        TaskType::Datadome,
        1_500_000,
        15.0,
        0.9,
        &[Name { text: "CustomTask", proxy: Proxy::With, class: Some("DataDome") }],
    ),
    task(TaskType::AwsWaf, 2_000_000, 12.0, 0.9, &[either("AmazonTask"), either("AmazonTaskProxyless")]),
];

const ERRORS: &[Rule] = &[
    rule("ERROR_KEY_DOES_NOT_EXIST", Fault::Rejected),
    rule("ERROR_IP_NOT_ALLOWED", Fault::AddressNotAllowed),
    rule("ERROR_IP_BANNED", Fault::AddressBanned(600)),
    rule("ERROR_IP_BLOCKED", Fault::AddressBanned(600)),
    rule("ERROR_ZERO_BALANCE", Fault::Empty),
    rule("ERROR_NO_SLOT_AVAILABLE", Fault::Busy(5)),
    rule("ERROR_TOO_MUCH_REQUESTS", Fault::Busy(10)),
    rule("ERROR_CAPTCHA_UNSOLVABLE", Fault::Unsolvable),
    rule("ERROR_RECAPTCHA_TIMEOUT", Fault::Unsolvable),
    rule("ERROR_DOMAIN_NOT_ALLOWED", Fault::BadTask),
    rule("ERROR_RECAPTCHA_INVALID_SITEKEY", Fault::BadTask),
    rule("ERROR_RECAPTCHA_INVALID_DOMAIN", Fault::BadTask),
    rule("ERROR_WRONG_USERAGENT", Fault::BadTask),
    rule("ERROR_PROXY_CONNECT_REFUSED", Fault::BadTask),
    rule("ERROR_PROXY_BANNED", Fault::BadTask),
    rule("ERROR_PROXY_MISSING", Fault::BadTask),
    rule("ERROR_PROXY_NOT_AUTHORISED", Fault::BadTask),
    rule("ERROR_PROXY_READ_TIMEOUT", Fault::BadTask),
    rule("WRONG_CAPTCHA_ID", Fault::UnknownTask),
    // The vendor's own client looks for it beside `processing`.
    rule("CAPTCHA_NOT_READY", Fault::NotReady),
];
