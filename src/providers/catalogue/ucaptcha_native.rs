//! UCaptcha Native: costs reported, errors with HTTP statuses, a failed task has `errorId` 0.
//!
//! The legacy dialect tells no price, so a task that came in by it is created by `in.php` and its
//! result asked for by `getTaskResult`.

use std::time::Duration;

use super::fault::{CLASSIC, Fault, Rule, rule};
use super::{
    CLASSIC_REFUSALS, Entry, Habits, Limits, Prepaid, Refusals, Report, Route, Routes, Task, Unit, Upstream, by, task,
    without,
};
use crate::domain::{CostSource, ProviderCode, SolutionVerdict, TaskType};
use crate::providers::key_format::{KeyFormat, KeyShape};

pub(super) const ENTRY: Entry = Entry {
    code: ProviderCode::UcaptchaNative,
    name: "UCaptcha Native",
    key: KeyFormat {
        shape: KeyShape::Printable,
        hint: "ucap_ and 32 lower-case letters and digits",
        pattern: "^[!-~]{16,128}$",
    },
    base_url: "https://api.ucaptcha.net/",
    legacy_base_url: "https://api.ucaptcha.net/",
    unit: Unit::Dollars,
    cost_source: CostSource::Reported,
    charged_failures: &[],
    prepaid: Prepaid::None,
    routes: Routes {
        balance: Upstream::Json,
        json: by(Upstream::Json),
        legacy: Some(Route { create: Upstream::Legacy, poll: Upstream::Json }),
        legacy_poll: "get",
        legacy_image: "base64",
    },
    integer_ids: false,
    habits: Habits {
        extras: &["cost", "solveTime"],
        blank_error: None,
        created_status: Some("processing"),
        repeats_task_id: true,
        error_status,
        failed_status: true,
        recorded: ("message", "Feedback recorded"),
        refusals: Refusals {
            unknown_task: "ERROR_WRONG_CAPTCHA_ID",
            busy: "ERROR_NO_PROVIDERS_AVAILABLE",
            ..CLASSIC_REFUSALS
        },
    },
    report,
    limits: Limits {
        requests_per_second: 50,
        concurrency: 16,
        image_interval: Duration::from_secs(5),
        token_interval: Duration::from_secs(5),
        first_image_poll: Duration::from_secs(5),
        first_token_poll: Duration::from_secs(5),
        result_window: Duration::from_secs(300),
        poll_cap: 60,
        rejections: 5,
    },
    tasks: TASKS,
    errors: &[ERRORS, CLASSIC],
    unknown_key_codes_reject: false,
};

const fn error_status(fault: Fault) -> u16 {
    match fault {
        Fault::Rejected => 401,
        Fault::Empty => 402,
        Fault::AddressNotAllowed | Fault::AddressBanned(_) | Fault::KeyBlocked(_) => 403,
        Fault::BadTask | Fault::Unknown => 400,
        Fault::UnknownTask => 404,
        Fault::Busy(_) => 503,
        Fault::Unsolvable | Fault::NotReady => 200,
    }
}

fn report(_: TaskType, verdict: SolutionVerdict) -> Report {
    Report::Feedback { invalid: verdict == SolutionVerdict::Rejected }
}

const TASKS: &[Task] = &[
    task(TaskType::ImageToText, 670_000, 6.0, 0.93, &[without("ImageToTextTask")]),
    task(
        TaskType::RecaptchaV2,
        3_000_000,
        20.0,
        0.94,
        &[without("RecaptchaV2TaskProxyless"), without("ReCaptchaV2TokenProxyLess")],
    ),
    task(TaskType::RecaptchaV2Enterprise, 3_000_000, 25.0, 0.92, &[without("RecaptchaV2EnterpriseTaskProxyless")]),
    task(TaskType::RecaptchaV3, 3_000_000, 15.0, 0.92, &[without("RecaptchaV3TaskProxyless")]),
    task(TaskType::RecaptchaV3Enterprise, 3_000_000, 18.0, 0.91, &[without("RecaptchaV3TaskProxyless")]),
    task(
        TaskType::Hcaptcha,
        8_000_000,
        25.0,
        0.9,
        &[without("HardCaptchaTokenProxyLess"), without("HCaptchaTaskProxyless")],
    ),
    task(
        TaskType::Turnstile,
        2_000_000,
        10.0,
        0.94,
        &[without("TurnstileTokenProxyLess"), without("TurnstileTaskProxyless")],
    ),
];

const ERRORS: &[Rule] = &[
    rule("ERROR_RATE_LIMIT", Fault::Busy(5)),
    rule("ERROR_TOO_MANY_REQUESTS", Fault::Busy(5)),
    rule("ERROR_NO_PROVIDERS_AVAILABLE", Fault::Busy(5)),
];
