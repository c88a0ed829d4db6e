//! Anti-Captcha: costs reported, a finished task forgotten after 60 s, unsolvable tasks charged.
//!
//! Its old `in.php` took pictures only, so a picture of the legacy dialect goes out as JSON. The
//! result window counts from the task's creation; what keeps a finished task from being missed is
//! the interval, far below the 60 s.

use std::time::Duration;

use super::fault::{Fault, Rule, numbered, rule};
use super::{
    CLASSIC_REFUSALS, Entry, Habits, Limits, Prepaid, Report, Routes, Task, Unit, Upstream, always_ok, by, task, with,
    without,
};
use crate::domain::{CostSource, ProviderCode, SolutionVerdict, TaskType};
use crate::providers::key_format::{KeyFormat, KeyShape};

pub(super) const ENTRY: Entry = Entry {
    code: ProviderCode::AntiCaptcha,
    name: "Anti-Captcha",
    key: KeyFormat { shape: KeyShape::Hex32, hint: "32 hexadecimal digits", pattern: "^[0-9A-Fa-f]{32}$" },
    base_url: "https://api.anti-captcha.com/",
    legacy_base_url: "https://api.anti-captcha.com/",
    unit: Unit::Dollars,
    cost_source: CostSource::Reported,
    charged_failures: &["ERROR_CAPTCHA_UNSOLVABLE"],
    prepaid: Prepaid::Credits,
    routes: Routes {
        balance: Upstream::Json,
        json: by(Upstream::Json),
        legacy: Some(by(Upstream::Json)),
        legacy_poll: "get",
        legacy_image: "base64",
    },
    integer_ids: true,
    habits: Habits {
        extras: &["cost", "ip", "createTime", "endTime", "solveCount"],
        blank_error: None,
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
        token_interval: Duration::from_secs(2),
        first_image_poll: Duration::from_secs(5),
        first_token_poll: Duration::from_secs(5),
        result_window: Duration::from_secs(300),
        poll_cap: 150,
        rejections: 5,
    },
    tasks: TASKS,
    errors: &[ERRORS],
    unknown_key_codes_reject: false,
};

fn report(task_type: TaskType, verdict: SolutionVerdict) -> Report {
    use TaskType::{Hcaptcha, ImageToText, RecaptchaV2, RecaptchaV2Enterprise, RecaptchaV3, RecaptchaV3Enterprise};
    match (task_type, verdict) {
        (ImageToText, SolutionVerdict::Rejected) => Report::Method("reportIncorrectImageCaptcha"),
        (Hcaptcha, SolutionVerdict::Rejected) => Report::Method("reportIncorrectHcaptcha"),
        (RecaptchaV2 | RecaptchaV2Enterprise | RecaptchaV3 | RecaptchaV3Enterprise, SolutionVerdict::Rejected) => {
            Report::Method("reportIncorrectRecaptcha")
        }
        (RecaptchaV2 | RecaptchaV2Enterprise | RecaptchaV3 | RecaptchaV3Enterprise, SolutionVerdict::Accepted) => {
            Report::Method("reportCorrectRecaptcha")
        }
        _ => Report::None,
    }
}

const TASKS: &[Task] = &[
    task(TaskType::ImageToText, 700_000, 7.0, 0.95, &[without("ImageToTextTask")]),
    task(
        TaskType::RecaptchaV2,
        950_000,
        25.0,
        0.95,
        &[
            without("RecaptchaV2TaskProxyless"),
            with("RecaptchaV2Task"),
            without("NoCaptchaTaskProxyless"),
            with("NoCaptchaTask"),
        ],
    ),
    task(
        TaskType::RecaptchaV2Enterprise,
        5_000_000,
        30.0,
        0.93,
        &[without("RecaptchaV2EnterpriseTaskProxyless"), with("RecaptchaV2EnterpriseTask")],
    ),
    task(TaskType::RecaptchaV3, 1_000_000, 15.0, 0.93, &[without("RecaptchaV3TaskProxyless")]),
    task(TaskType::RecaptchaV3Enterprise, 5_000_000, 20.0, 0.92, &[without("RecaptchaV3TaskProxyless")]),
    task(TaskType::Hcaptcha, 2_000_000, 30.0, 0.9, &[without("HCaptchaTaskProxyless"), with("HCaptchaTask")]),
    task(TaskType::Turnstile, 2_000_000, 12.0, 0.95, &[without("TurnstileTaskProxyless"), with("TurnstileTask")]),
    task(TaskType::Funcaptcha, 3_000_000, 30.0, 0.9, &[without("FunCaptchaTaskProxyless"), with("FunCaptchaTask")]),
    task(TaskType::Geetest, 1_800_000, 20.0, 0.92, &[without("GeeTestTaskProxyless"), with("GeeTestTask")]),
    task(TaskType::AwsWaf, 2_000_000, 18.0, 0.92, &[without("AmazonTaskProxyless"), with("AmazonTask")]),
];

const ERRORS: &[Rule] = &[
    numbered(1, "ERROR_KEY_DOES_NOT_EXIST", Fault::Rejected),
    numbered(55, "ERROR_ACCOUNT_SUSPENDED", Fault::Rejected),
    numbered(11, "ERROR_IP_NOT_ALLOWED", Fault::AddressNotAllowed),
    numbered(21, "ERROR_IP_BLOCKED", Fault::AddressBanned(300)),
    numbered(10, "ERROR_ZERO_BALANCE", Fault::Empty),
    numbered(2, "ERROR_NO_SLOT_AVAILABLE", Fault::Busy(5)),
    numbered(54, "ERROR_ALL_WORKERS_FILTERED", Fault::Busy(5)),
    numbered(12, "ERROR_CAPTCHA_UNSOLVABLE", Fault::Unsolvable),
    numbered(13, "ERROR_BAD_DUPLICATES", Fault::Unsolvable),
    numbered(30, "ERROR_RECAPTCHA_TIMEOUT", Fault::Unsolvable),
    numbered(52, "ERROR_FAILED_LOADING_WIDGET", Fault::Unsolvable),
    numbered(3, "ERROR_ZERO_CAPTCHA_FILESIZE", Fault::BadTask),
    numbered(4, "ERROR_TOO_BIG_CAPTCHA_FILESIZE", Fault::BadTask),
    numbered(14, "ERROR_NO_SUCH_METHOD", Fault::BadTask),
    numbered(15, "ERROR_IMAGE_TYPE_NOT_SUPPORTED", Fault::BadTask),
    numbered(20, "ERROR_EMPTY_COMMENT", Fault::BadTask),
    numbered(22, "ERROR_TASK_ABSENT", Fault::BadTask),
    numbered(23, "ERROR_TASK_NOT_SUPPORTED", Fault::BadTask),
    numbered(24, "ERROR_INCORRECT_SESSION_DATA", Fault::BadTask),
    numbered(25, "ERROR_PROXY_CONNECT_REFUSED", Fault::BadTask),
    numbered(26, "ERROR_PROXY_CONNECT_TIMEOUT", Fault::BadTask),
    numbered(27, "ERROR_PROXY_READ_TIMEOUT", Fault::BadTask),
    numbered(28, "ERROR_PROXY_BANNED", Fault::BadTask),
    numbered(29, "ERROR_PROXY_TRANSPARENT", Fault::BadTask),
    numbered(31, "ERROR_RECAPTCHA_INVALID_SITEKEY", Fault::BadTask),
    numbered(32, "ERROR_RECAPTCHA_INVALID_DOMAIN", Fault::BadTask),
    numbered(33, "ERROR_RECAPTCHA_OLD_BROWSER", Fault::BadTask),
    numbered(34, "ERROR_TOKEN_EXPIRED", Fault::BadTask),
    numbered(35, "ERROR_PROXY_HAS_NO_IMAGE_SUPPORT", Fault::BadTask),
    numbered(36, "ERROR_PROXY_INCOMPATIBLE_HTTP_VERSION", Fault::BadTask),
    numbered(49, "ERROR_PROXY_NOT_AUTHORISED", Fault::BadTask),
    numbered(51, "ERROR_INVISIBLE_RECAPTCHA", Fault::BadTask),
    numbered(53, "ERROR_VISIBLE_RECAPTCHA", Fault::BadTask),
    numbered(16, "ERROR_NO_SUCH_CAPCHA_ID", Fault::UnknownTask),
    rule("ERROR_BAD_PARAMETERS", Fault::BadTask),
];
