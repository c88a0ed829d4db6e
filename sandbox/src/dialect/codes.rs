//! Vendor error codes: which code, number and HTTP status each provider gives for a refusal.
//!
//! Owns the error tables of both dialects. A code that the vendor is not known to have is filled by
//! the nearest one it has.

use crate::outcome::Refusal;
use crate::provider::Provider;

/// The two ways to talk to a provider.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Dialect {
    Json,
    Legacy,
}

/// The vendor's code for a refusal.
pub(crate) fn code(provider: Provider, dialect: Dialect, refusal: &Refusal) -> &str {
    if let Refusal::Ordered { code, .. } = refusal {
        return code;
    }
    match (provider, dialect) {
        (Provider::TwoCaptcha, Dialect::Legacy) => legacy_two_captcha(refusal),
        (Provider::TwoCaptcha, Dialect::Json) => two_captcha(refusal),
        (Provider::Capsolver, _) => capsolver(refusal),
        (Provider::AntiCaptcha, _) => anti_captcha(refusal),
        (Provider::CapmonsterCloud, _) => capmonster(refusal),
        (Provider::Multibot, _) => multibot(refusal),
        (Provider::UcaptchaNative, _) => ucaptcha(refusal),
    }
}

fn legacy_two_captcha(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::KeyUnknown { malformed: true } => "ERROR_WRONG_USER_KEY",
        Refusal::AddressBanned => "ERROR: 1004",
        Refusal::NoSuchTask => "ERROR_WRONG_CAPTCHA_ID",
        Refusal::TaskIdForm => "ERROR_WRONG_ID_FORMAT",
        Refusal::SiteKey => "ERROR_GOOGLEKEY",
        Refusal::Proxy => "ERROR_PROXY_FORMAT",
        Refusal::NoSuchMethod | Refusal::TaskNotSupported | Refusal::TaskAbsent => "ERROR_BAD_PARAMETERS",
        _ => two_captcha(refusal),
    }
}

fn two_captcha(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::PageAddress => "ERROR_PAGEURL",
        Refusal::Proxy => "ERROR_BAD_PROXY",
        Refusal::Fields | Refusal::Unreadable => "ERROR_BAD_PARAMETERS",
        Refusal::ReportRepeated => "ERROR_DUPLICATE_REPORT",
        Refusal::ReportTooEarly => "ERROR_REPORT_NOT_RECORDED",
        _ => anti_captcha(refusal),
    }
}

fn anti_captcha(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Suspended => "ERROR_ACCOUNT_SUSPENDED",
        Refusal::AddressBanned => "ERROR_IP_BLOCKED",
        Refusal::Proxy => "ERROR_PROXY_CONNECT_REFUSED",
        _ => classic(refusal),
    }
}

fn capmonster(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::AddressBanned => "ERROR_IP_BANNED",
        Refusal::PollsExhausted => "ERROR_TOO_MUCH_REQUESTS",
        Refusal::Proxy => "ERROR_PROXY_MISSING",
        _ => classic(refusal),
    }
}

/// What three of the vendors have in common.
fn classic(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::ZeroBalance => "ERROR_ZERO_BALANCE",
        Refusal::NoSlot | Refusal::PollsExhausted => "ERROR_NO_SLOT_AVAILABLE",
        Refusal::NoSuchTask | Refusal::TaskIdForm => "ERROR_NO_SUCH_CAPCHA_ID",
        Refusal::NoSuchMethod => "ERROR_NO_SUCH_METHOD",
        Refusal::TaskNotSupported | Refusal::Proxy => "ERROR_TASK_NOT_SUPPORTED",
        Refusal::SiteKey => "ERROR_RECAPTCHA_INVALID_SITEKEY",
        Refusal::PageAddress => "ERROR_RECAPTCHA_INVALID_DOMAIN",
        Refusal::ImageEmpty => "ERROR_ZERO_CAPTCHA_FILESIZE",
        Refusal::ImageTooBig => "ERROR_TOO_BIG_CAPTCHA_FILESIZE",
        Refusal::ImageForm => "ERROR_IMAGE_TYPE_NOT_SUPPORTED",
        Refusal::TaskAbsent
        | Refusal::Unreadable
        | Refusal::Fields
        | Refusal::ReportRepeated
        | Refusal::ReportTooEarly => "ERROR_TASK_ABSENT",
        Refusal::KeyUnknown { .. } | Refusal::Suspended | Refusal::AddressBanned | Refusal::Ordered { .. } => {
            "ERROR_KEY_DOES_NOT_EXIST"
        }
    }
}

fn capsolver(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::KeyUnknown { .. } | Refusal::Suspended => "ERROR_KEY_DENIED_ACCESS",
        Refusal::AddressBanned => "ERROR_IP_BANNED",
        Refusal::ZeroBalance => "ERROR_ZERO_BALANCE",
        Refusal::NoSlot => "ERROR_SERVICE_UNAVALIABLE",
        Refusal::PollsExhausted => "ERROR_RATE_LIMIT",
        Refusal::NoSuchTask => "ERROR_TASK_NOT_FOUND",
        Refusal::TaskIdForm => "ERROR_TASKID_INVALID",
        Refusal::TaskNotSupported => "ERROR_TASK_NOT_SUPPORTED",
        Refusal::ImageEmpty | Refusal::ImageTooBig | Refusal::ImageForm => "ERROR_INVALID_IMAGE",
        Refusal::TaskAbsent | Refusal::PageAddress | Refusal::SiteKey | Refusal::Fields | Refusal::Proxy => {
            "ERROR_INVALID_TASK_DATA"
        }
        Refusal::NoSuchMethod
        | Refusal::Unreadable
        | Refusal::ReportRepeated
        | Refusal::ReportTooEarly
        | Refusal::Ordered { .. } => "ERROR_BAD_REQUEST",
    }
}

fn multibot(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::KeyUnknown { .. } | Refusal::Suspended => "ERROR_WRONG_USER_KEY",
        Refusal::AddressBanned => "IP_BANNED",
        Refusal::NoSuchTask | Refusal::TaskIdForm => "ERROR_NOT_CAPTCHA_ID",
        Refusal::PageAddress => "ERROR_PAGEURL",
        Refusal::SiteKey => "ERROR_GOOGLEKEY",
        Refusal::Fields | Refusal::Unreadable => "ERROR_BAD_PARAMETERS",
        _ => classic(refusal),
    }
}

fn ucaptcha(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::KeyUnknown { malformed: true } => "ERROR_WRONG_USER_KEY",
        Refusal::KeyUnknown { .. } | Refusal::Suspended => "ERROR_KEY_DOES_NOT_EXIST",
        Refusal::AddressBanned | Refusal::PollsExhausted => "ERROR_RATE_LIMIT",
        Refusal::ZeroBalance => "ERROR_ZERO_BALANCE",
        Refusal::NoSlot => "ERROR_NO_PROVIDERS_AVAILABLE",
        Refusal::NoSuchTask | Refusal::TaskIdForm => "ERROR_WRONG_CAPTCHA_ID",
        Refusal::TaskNotSupported => "ERROR_TASK_NOT_SUPPORTED",
        Refusal::PageAddress => "ERROR_PAGEURL",
        Refusal::SiteKey => "ERROR_SITEKEY",
        Refusal::Proxy => "ERROR_BAD_PROXY",
        _ => "ERROR_BAD_PARAMETERS",
    }
}

/// The code for a task that could not be solved, the same everywhere.
pub(crate) const UNSOLVABLE: &str = "ERROR_CAPTCHA_UNSOLVABLE";

/// The number beside a code: 2Captcha and Anti-Captcha number their codes, the others say 1.
pub(crate) fn number(provider: Provider, code: &str) -> u32 {
    if !matches!(provider, Provider::TwoCaptcha | Provider::AntiCaptcha) {
        return 1;
    }
    match code {
        "ERROR_NO_SLOT_AVAILABLE" => 2,
        "ERROR_ZERO_CAPTCHA_FILESIZE" => 3,
        "ERROR_TOO_BIG_CAPTCHA_FILESIZE" => 4,
        "ERROR_PAGEURL" => 5,
        "ERROR_ZERO_BALANCE" => 10,
        "ERROR_IP_NOT_ALLOWED" => 11,
        UNSOLVABLE => 12,
        "ERROR_BAD_DUPLICATES" => 13,
        "ERROR_NO_SUCH_METHOD" => 14,
        "ERROR_IMAGE_TYPE_NOT_SUPPORTED" => 15,
        "ERROR_NO_SUCH_CAPCHA_ID" => 16,
        "ERROR_EMPTY_COMMENT" => 20,
        "ERROR_IP_BLOCKED" => 21,
        "ERROR_TASK_ABSENT" => 22,
        "ERROR_TASK_NOT_SUPPORTED" => 23,
        "ERROR_INCORRECT_SESSION_DATA" => 24,
        "ERROR_PROXY_CONNECT_REFUSED" => 25,
        "ERROR_PROXY_CONNECT_TIMEOUT" => 26,
        "ERROR_PROXY_READ_TIMEOUT" => 27,
        "ERROR_PROXY_BANNED" => 28,
        "ERROR_PROXY_TRANSPARENT" => 29,
        "ERROR_RECAPTCHA_TIMEOUT" => 30,
        "ERROR_RECAPTCHA_INVALID_SITEKEY" => 31,
        "ERROR_RECAPTCHA_INVALID_DOMAIN" => 32,
        "ERROR_RECAPTCHA_OLD_BROWSER" => 33,
        "ERROR_TOKEN_EXPIRED" => 34,
        "ERROR_PROXY_NOT_AUTHORISED" => 49,
        "ERROR_FAILED_LOADING_WIDGET" => 52,
        "ERROR_ALL_WORKERS_FILTERED" => 54,
        "ERROR_ACCOUNT_SUSPENDED" => 55,
        "ERROR_BAD_PARAMETERS" => 110,
        "ERROR_BAD_IMGINSTRUCTIONS" => 115,
        "ERROR_BAD_PROXY" => 130,
        _ => 1,
    }
}

/// The HTTP status that carries a code.
pub(crate) fn http_status(provider: Provider, code: &str) -> u16 {
    match provider {
        Provider::TwoCaptcha | Provider::AntiCaptcha | Provider::CapmonsterCloud | Provider::Multibot => 200,
        Provider::Capsolver => match code {
            "ERROR_KEY_DENIED_ACCESS" => 401,
            "ERROR_RATE_LIMIT" => 429,
            _ => 400,
        },
        Provider::UcaptchaNative => match code {
            "ERROR_KEY_DOES_NOT_EXIST" | "ERROR_WRONG_USER_KEY" => 401,
            "ERROR_ZERO_BALANCE" => 402,
            "ERROR_WRONG_CAPTCHA_ID" => 404,
            "ERROR_RATE_LIMIT" => 429,
            "ERROR_NO_PROVIDERS_AVAILABLE" => 503,
            UNSOLVABLE | "CAPCHA_NOT_READY" => 200,
            _ => 400,
        },
    }
}

/// The sentence beside a code.
pub(crate) fn description(code: &str) -> &'static str {
    match code {
        "ERROR_KEY_DENIED_ACCESS" => "account authorization is invalid: Code(41)",
        "ERROR_KEY_DOES_NOT_EXIST" | "ERROR_WRONG_USER_KEY" => "Account authorization key not found",
        "ERROR_ZERO_BALANCE" => "Account has zero or negative balance",
        "ERROR_NO_SLOT_AVAILABLE" => "No idle workers are available, try again later",
        UNSOLVABLE => "The captcha could not be solved",
        "ERROR_NO_SUCH_CAPCHA_ID" | "ERROR_TASK_NOT_FOUND" | "ERROR_WRONG_CAPTCHA_ID" => {
            "The task does not exist or has expired"
        }
        "ERROR_TASK_NOT_SUPPORTED" => "This type of task is not supported",
        "ERROR_NO_SUCH_METHOD" => "This method does not exist",
        _ => "The request was refused",
    }
}
