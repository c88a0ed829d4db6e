//! 2Captcha: both dialects in its own invention, costs reported, failures returned by itself.
//!
//! Five requests with a wrong key ban our address for ten minutes, and balance calls count against
//! the load limit. Legacy results are asked for by `get2`, since `get` tells no price.

use std::time::Duration;

use super::fault::{CLASSIC, Fault, Rule, numbered, rule};
use super::{
    CLASSIC_REFUSALS, Entry, Habits, Limits, Prepaid, Report, Routes, Task, Unit, Upstream, always_ok, by, task, with,
    without,
};
use crate::domain::{CostSource, ProviderCode, SolutionVerdict, TaskType};
use crate::providers::key_format::{KeyFormat, KeyShape};

pub(super) const ENTRY: Entry = Entry {
    code: ProviderCode::TwoCaptcha,
    name: "2Captcha",
    key: KeyFormat { shape: KeyShape::Hex32, hint: "32 hexadecimal digits", pattern: "^[0-9A-Fa-f]{32}$" },
    base_url: "https://api.2captcha.com/",
    legacy_base_url: "https://2captcha.com/",
    unit: Unit::Dollars,
    cost_source: CostSource::Reported,
    charged_failures: &[],
    prepaid: Prepaid::None,
    routes: Routes {
        balance: Upstream::Json,
        json: by(Upstream::Json),
        legacy: Some(by(Upstream::Legacy)),
        legacy_poll: "get2",
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
        requests_per_second: 15,
        concurrency: 16,
        image_interval: Duration::from_secs(5),
        token_interval: Duration::from_secs(5),
        first_image_poll: Duration::from_secs(5),
        first_token_poll: Duration::from_secs(10),
        result_window: Duration::from_secs(360),
        poll_cap: 72,
        rejections: 3,
    },
    tasks: TASKS,
    errors: &[ERRORS, CLASSIC],
    unknown_key_codes_reject: false,
};

fn report(_: TaskType, verdict: SolutionVerdict) -> Report {
    Report::Method(match verdict {
        SolutionVerdict::Accepted => "reportCorrect",
        SolutionVerdict::Rejected => "reportIncorrect",
    })
}

const TASKS: &[Task] = &[
    task(TaskType::ImageToText, 850_000, 8.0, 0.95, &[without("ImageToTextTask")]),
    task(TaskType::RecaptchaV2, 2_990_000, 30.0, 0.95, &[without("RecaptchaV2TaskProxyless"), with("RecaptchaV2Task")]),
    task(
        TaskType::RecaptchaV2Enterprise,
        2_990_000,
        35.0,
        0.93,
        &[without("RecaptchaV2EnterpriseTaskProxyless"), with("RecaptchaV2EnterpriseTask")],
    ),
    task(TaskType::RecaptchaV3, 2_990_000, 20.0, 0.93, &[without("RecaptchaV3TaskProxyless")]),
    task(TaskType::RecaptchaV3Enterprise, 2_990_000, 25.0, 0.92, &[without("RecaptchaV3TaskProxyless")]),
    task(TaskType::Hcaptcha, 2_990_000, 35.0, 0.9, &[without("HCaptchaTaskProxyless"), with("HCaptchaTask")]),
    task(TaskType::Turnstile, 1_450_000, 15.0, 0.95, &[without("TurnstileTaskProxyless"), with("TurnstileTask")]),
    task(TaskType::Funcaptcha, 2_990_000, 30.0, 0.9, &[without("FunCaptchaTaskProxyless"), with("FunCaptchaTask")]),
    task(TaskType::Geetest, 2_990_000, 25.0, 0.92, &[without("GeeTestTaskProxyless"), with("GeeTestTask")]),
    task(TaskType::Datadome, 2_990_000, 30.0, 0.9, &[with("DataDomeSliderTask")]),
    task(TaskType::AwsWaf, 1_450_000, 20.0, 0.92, &[without("AmazonTaskProxyless"), with("AmazonTask")]),
];

const ERRORS: &[Rule] = &[
    numbered(1, "ERROR_KEY_DOES_NOT_EXIST", Fault::Rejected),
    numbered(55, "ERROR_ACCOUNT_SUSPENDED", Fault::Rejected),
    numbered(11, "ERROR_IP_NOT_ALLOWED", Fault::AddressNotAllowed),
    numbered(21, "ERROR_IP_BLOCKED", Fault::AddressBanned(300)),
    numbered(10, "ERROR_ZERO_BALANCE", Fault::Empty),
    numbered(2, "ERROR_NO_SLOT_AVAILABLE", Fault::Busy(5)),
    numbered(12, "ERROR_CAPTCHA_UNSOLVABLE", Fault::Unsolvable),
    numbered(13, "ERROR_BAD_DUPLICATES", Fault::Unsolvable),
    numbered(3, "ERROR_ZERO_CAPTCHA_FILESIZE", Fault::BadTask),
    numbered(4, "ERROR_TOO_BIG_CAPTCHA_FILESIZE", Fault::BadTask),
    numbered(5, "ERROR_PAGEURL", Fault::BadTask),
    numbered(14, "ERROR_NO_SUCH_METHOD", Fault::BadTask),
    numbered(15, "ERROR_IMAGE_TYPE_NOT_SUPPORTED", Fault::BadTask),
    numbered(22, "ERROR_TASK_ABSENT", Fault::BadTask),
    numbered(23, "ERROR_TASK_NOT_SUPPORTED", Fault::BadTask),
    numbered(31, "ERROR_RECAPTCHA_INVALID_SITEKEY", Fault::BadTask),
    numbered(110, "ERROR_BAD_PARAMETERS", Fault::BadTask),
    numbered(115, "ERROR_BAD_IMGINSTRUCTIONS", Fault::BadTask),
    numbered(130, "ERROR_BAD_PROXY", Fault::BadTask),
    numbered(16, "ERROR_NO_SUCH_CAPCHA_ID", Fault::UnknownTask),
    // In this dialect an unknown id of `res.php` has its own name.
    rule("ERROR_WRONG_CAPTCHA_ID", Fault::UnknownTask),
];
