//! Multibot: the legacy dialect upstream, a balance in tokens, no cost told.
//!
//! No vendor documentation is at hand, so what goes out keeps to the calls that were seen to work:
//! `in.php`, `res.php`, and `action=userinfo` for the balance. Its code for a bad key is unknown;
//! any typed error that names the key is taken as a rejection.

use std::time::Duration;

use super::fault::{CLASSIC, Fault, Rule, rule};
use super::{
    CLASSIC_REFUSALS, Entry, Habits, Limits, Prepaid, Report, Routes, Task, Unit, Upstream, always_ok, by, task,
    without,
};
use crate::domain::{CostSource, ProviderCode, SolutionVerdict, TaskType};
use crate::providers::key_format::{KeyFormat, KeyShape};

pub(super) const ENTRY: Entry = Entry {
    code: ProviderCode::Multibot,
    name: "Multibot",
    key: KeyFormat {
        shape: KeyShape::Printable,
        hint: "usually 30 or 32 letters and digits",
        pattern: "^[!-~]{16,128}$",
    },
    base_url: "https://api.multibot.cloud/",
    legacy_base_url: "https://api.multibot.cloud/",
    unit: Unit::Tokens,
    cost_source: CostSource::BalanceDelta,
    charged_failures: &[],
    prepaid: Prepaid::None,
    routes: Routes {
        balance: Upstream::Legacy,
        json: by(Upstream::Legacy),
        legacy: Some(by(Upstream::Legacy)),
        legacy_poll: "get",
        legacy_image: "universal",
    },
    integer_ids: false,
    habits: Habits {
        extras: &[],
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
        requests_per_second: 5,
        concurrency: 8,
        image_interval: Duration::from_secs(3),
        token_interval: Duration::from_secs(5),
        first_image_poll: Duration::from_secs(3),
        first_token_poll: Duration::from_secs(5),
        result_window: Duration::from_secs(300),
        poll_cap: 60,
        rejections: 5,
    },
    tasks: TASKS,
    errors: &[ERRORS, CLASSIC],
    unknown_key_codes_reject: true,
};

fn report(_: TaskType, _: SolutionVerdict) -> Report {
    Report::None
}

/// Prices are nano-tokens.
const TASKS: &[Task] = &[
    task(TaskType::ImageToText, 500_000_000, 5.0, 0.85, &[without("ImageToTextTask"), without("universal")]),
    task(
        TaskType::RecaptchaV2,
        1_000_000_000,
        30.0,
        0.85,
        &[without("RecaptchaV2TaskProxyless"), without("userrecaptcha"), without("recaptchav2")],
    ),
    task(TaskType::RecaptchaV2Enterprise, 1_500_000_000, 35.0, 0.8, &[without("RecaptchaV2EnterpriseTaskProxyless")]),
    task(TaskType::Hcaptcha, 1_000_000_000, 25.0, 0.85, &[without("HCaptchaTaskProxyless"), without("hcaptcha")]),
    task(TaskType::Turnstile, 1_000_000_000, 15.0, 0.85, &[without("TurnstileTaskProxyless"), without("turnstile")]),
];

const ERRORS: &[Rule] = &[
    // Scripts in the wild test for this misspelling, too.
    rule("ERROR_ZERO_BLANCE", Fault::Empty),
    rule("WRONG_RESULT", Fault::Unsolvable),
    rule("ERROR_NOT_CAPTCHA_ID", Fault::UnknownTask),
];
