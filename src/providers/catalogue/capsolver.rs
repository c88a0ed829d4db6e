//! CapSolver: JSON only, pictures are answered inside `createTask`, no cost is ever told.
//!
//! Costs are learnt from the balance, so one task at a time runs on a key. An active package pays
//! for calls while the money stands still. Its `getBalance` echoes keys in `packages[].token`;
//! nothing of that reply leaves this module tree.

use std::time::Duration;

use super::fault::{Fault, Rule, rule};
use super::{
    Blank, Entry, Habits, Limits, Prepaid, Refusals, Report, Routes, Task, Unit, Upstream, by, task, with, without,
};
use crate::domain::{CostSource, ProviderCode, SolutionVerdict, TaskType};
use crate::providers::key_format::{KeyFormat, KeyShape};

pub(super) const ENTRY: Entry = Entry {
    code: ProviderCode::Capsolver,
    name: "CapSolver",
    key: KeyFormat {
        shape: KeyShape::Capsolver,
        hint: "CAP- and 32 hexadecimal digits; older keys begin with CAI-",
        pattern: "^CA[PI]-[0-9A-Za-z]{16,64}$",
    },
    base_url: "https://api.capsolver.com/",
    legacy_base_url: "https://api.capsolver.com/",
    unit: Unit::Dollars,
    cost_source: CostSource::BalanceDelta,
    charged_failures: &[],
    prepaid: Prepaid::Packages,
    routes: Routes {
        balance: Upstream::Json,
        json: by(Upstream::Json),
        legacy: None,
        legacy_poll: "get",
        legacy_image: "base64",
    },
    integer_ids: false,
    habits: Habits {
        extras: &[],
        blank_error: Some(Blank::Text),
        // The vendor's own client reads `status` of this reply unguarded.
        created_status: Some("idle"),
        repeats_task_id: true,
        error_status,
        failed_status: false,
        recorded: ("message", "Feedback recorded"),
        refusals: Refusals {
            unknown_key: "ERROR_KEY_DENIED_ACCESS",
            bad_parameters: "ERROR_INVALID_TASK_DATA",
            unknown_task: "ERROR_TASKID_INVALID",
            unknown_method: "ERROR_NO_SUCH_METHOD",
            busy: "ERROR_SERVICE_UNAVALIABLE",
        },
    },
    report,
    limits: Limits {
        requests_per_second: 20,
        concurrency: 16,
        image_interval: Duration::from_secs(2),
        token_interval: Duration::from_millis(2_500),
        first_image_poll: Duration::from_secs(1),
        first_token_poll: Duration::from_secs(2),
        result_window: Duration::from_secs(300),
        poll_cap: 120,
        rejections: 5,
    },
    tasks: TASKS,
    errors: &[ERRORS],
    unknown_key_codes_reject: false,
};

const fn error_status(fault: Fault) -> u16 {
    match fault {
        Fault::Rejected => 401,
        Fault::Busy(_) => 429,
        _ => 400,
    }
}

fn report(_: TaskType, verdict: SolutionVerdict) -> Report {
    Report::Feedback { invalid: verdict == SolutionVerdict::Rejected }
}

const TASKS: &[Task] = &[
    task(TaskType::ImageToText, 400_000, 1.0, 0.93, &[without("ImageToTextTask")]),
    task(TaskType::RecaptchaV2, 800_000, 8.0, 0.95, &[without("ReCaptchaV2TaskProxyLess"), with("ReCaptchaV2Task")]),
    task(
        TaskType::RecaptchaV2Enterprise,
        1_000_000,
        10.0,
        0.93,
        &[without("ReCaptchaV2EnterpriseTaskProxyLess"), with("ReCaptchaV2EnterpriseTask")],
    ),
    task(TaskType::RecaptchaV3, 1_000_000, 6.0, 0.93, &[without("ReCaptchaV3TaskProxyLess"), with("ReCaptchaV3Task")]),
    task(
        TaskType::RecaptchaV3Enterprise,
        3_000_000,
        8.0,
        0.92,
        &[without("ReCaptchaV3EnterpriseTaskProxyLess"), with("ReCaptchaV3EnterpriseTask")],
    ),
    task(TaskType::Turnstile, 1_200_000, 6.0, 0.95, &[without("AntiTurnstileTaskProxyLess")]),
    task(TaskType::Geetest, 1_200_000, 8.0, 0.92, &[without("GeeTestTaskProxyLess"), with("GeeTestTask")]),
    task(TaskType::Datadome, 2_500_000, 10.0, 0.9, &[with("DatadomeSliderTask"), with("DataDomeSliderTask")]),
    task(TaskType::AwsWaf, 2_000_000, 8.0, 0.92, &[without("AntiAwsWafTaskProxyLess"), with("AntiAwsWafTask")]),
];

const ERRORS: &[Rule] = &[
    rule("ERROR_KEY_DENIED_ACCESS", Fault::Rejected),
    rule("ERROR_KEY_TEMP_BLOCKED", Fault::KeyBlocked(300)),
    rule("ERROR_IP_BANNED", Fault::AddressBanned(300)),
    rule("ERROR_ZERO_BALANCE", Fault::Empty),
    rule("ERROR_SETTLEMENT_FAILED", Fault::Empty),
    // The vendor spells it so.
    rule("ERROR_SERVICE_UNAVALIABLE", Fault::Busy(5)),
    rule("ERROR_RATE_LIMIT", Fault::Busy(5)),
    // Not the vendor's: the gateway's word for a lease that came to nothing before it was sent.
    rule("ERROR_NO_SLOT_AVAILABLE", Fault::Busy(5)),
    rule("ERROR_CAPTCHA_UNSOLVABLE", Fault::Unsolvable),
    rule("ERROR_TASK_TIMEOUT", Fault::Unsolvable),
    rule("ERROR_UNKNOWN_QUESTION", Fault::Unsolvable),
    rule("ERROR_PARSE_IMAGE_FAIL", Fault::Unsolvable),
    rule("ERROR_INVALID_TASK_DATA", Fault::BadTask),
    rule("ERROR_BAD_REQUEST", Fault::BadTask),
    rule("ERROR_TASK_NOT_SUPPORTED", Fault::BadTask),
    rule("ERROR_NO_SUCH_METHOD", Fault::BadTask),
    rule("ERROR_INVALID_IMAGE", Fault::BadTask),
    rule("ERROR_PROXY_BANNED", Fault::BadTask),
    rule("ERROR_TASKID_INVALID", Fault::UnknownTask),
    rule("ERROR_TASK_NOT_FOUND", Fault::UnknownTask),
];
