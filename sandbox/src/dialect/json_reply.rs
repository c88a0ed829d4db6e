//! Writes the JSON dialect.
//!
//! Field sets are exact: some client libraries reject a field they do not know, and one fails when
//! a field is missing. Balances and costs are written as the digits that the books hold.

use crate::account::Method;
use crate::dialect::Substitutes;
use crate::dialect::codes::{self, Dialect, UNSOLVABLE};
use crate::outcome::{Outcome, Refusal, Solved, Standing};
use crate::provider::Provider;
use crate::reply::{Object, Reply};
use crate::solution;

/// What a reply depends on beside the outcome.
pub(crate) struct Setting<'a> {
    pub(crate) provider: Provider,
    pub(crate) method: Method,
    /// The caller's key: CapSolver repeats it in its packages.
    pub(crate) key: &'a str,
    pub(crate) substitutes: &'a Substitutes,
}

/// Puts an outcome into the provider's JSON.
pub(crate) fn write(setting: &Setting<'_>, outcome: &Outcome) -> Reply {
    let provider = setting.provider;
    let object = match outcome {
        Outcome::Created { id, answer } => created(setting, id, answer.as_ref()),
        Outcome::Pending { id } => {
            let object = fine(provider).text("status", "processing");
            with_uuid(provider, object, id)
        }
        Outcome::Ready(solved) => ready(setting, solved),
        Outcome::Failed { id } if provider == Provider::UcaptchaNative => {
            // A failed task is not an error here: errorId stays 0.
            Object::new()
                .number("errorId", 0)
                .text("taskId", id)
                .text("status", "failed")
                .text("errorCode", UNSOLVABLE)
                .text("errorDescription", codes::description(UNSOLVABLE))
        }
        Outcome::Failed { .. } => return error(setting, UNSOLVABLE, None),
        Outcome::Balance(standing) => balance(setting, standing),
        Outcome::Reported => reported(provider),
        Outcome::Several(_) => return error(setting, "ERROR_BAD_PARAMETERS", None),
        Outcome::Refused(refusal) => {
            let http_status = match refusal {
                Refusal::Ordered { http_status, .. } => *http_status,
                _ => None,
            };
            let code = codes::code(provider, Dialect::Json, refusal);
            return error(setting, code, http_status);
        }
    };
    Reply::json(200, object)
}

fn error(setting: &Setting<'_>, code: &str, http_status: Option<u16>) -> Reply {
    let provider = setting.provider;
    let object = Object::new()
        .number("errorId", u64::from(codes::number(provider, code)))
        .text("errorCode", code)
        .text("errorDescription", codes::description(code));
    let object = if provider == Provider::CapmonsterCloud && setting.method == Method::CreateTask {
        object.number("taskId", 0)
    } else {
        object
    };
    Reply::json(http_status.unwrap_or_else(|| codes::http_status(provider, code)), object)
}

/// The head of a reply to a task query that went well.
fn fine(provider: Provider) -> Object {
    let object = Object::new().number("errorId", 0);
    match provider {
        Provider::Capsolver | Provider::CapmonsterCloud => object.null("errorCode").null("errorDescription"),
        _ => object,
    }
}

fn with_uuid(provider: Provider, object: Object, id: &str) -> Object {
    if provider.has_uuid_tasks() { object.text("taskId", id) } else { object }
}

fn created(setting: &Setting<'_>, id: &str, answer: Option<&Solved>) -> Object {
    let provider = setting.provider;
    let token = setting.substitutes.task_id.clone().unwrap_or_else(|| provider.id_token(id));
    let object = Object::new().number("errorId", 0);
    match (provider, answer) {
        (Provider::Capsolver, answer) => {
            let object = object.text("errorCode", "").text("errorDescription", "");
            let object = match answer {
                Some(solved) => {
                    object.text("status", "ready").raw("solution", &solution::object(provider, solved).close())
                }
                None => object.text("status", "idle"),
            };
            object.raw("taskId", &token)
        }
        (Provider::UcaptchaNative, Some(solved)) => {
            let object = object.raw("taskId", &token).text("status", "ready");
            with_answer(setting, object, solved)
        }
        (Provider::UcaptchaNative, None) => object.raw("taskId", &token).text("status", "processing"),
        _ => object.raw("taskId", &token),
    }
}

fn ready(setting: &Setting<'_>, solved: &Solved) -> Object {
    let object = with_uuid(setting.provider, fine(setting.provider), &solved.id);
    with_answer(setting, object.text("status", "ready"), solved)
}

fn with_answer(setting: &Setting<'_>, object: Object, solved: &Solved) -> Object {
    let provider = setting.provider;
    let object = object.raw("solution", &solution::object(provider, solved).close());
    match provider {
        Provider::TwoCaptcha | Provider::AntiCaptcha => {
            let object = with_cost(setting, object, solved)
                .text("ip", "127.0.0.1")
                .number("createTime", solved.created / 1_000)
                .number("endTime", solved.ended / 1_000);
            if provider == Provider::AntiCaptcha {
                object.text("solveCount", "0")
            } else {
                object.number("solveCount", 1)
            }
        }
        Provider::UcaptchaNative => {
            with_cost(setting, object, solved).number("solveTime", solved.ended.saturating_sub(solved.created))
        }
        Provider::Capsolver | Provider::CapmonsterCloud | Provider::Multibot => object,
    }
}

fn with_cost(setting: &Setting<'_>, object: Object, solved: &Solved) -> Object {
    match &setting.substitutes.cost {
        Some(Some(token)) => object.raw("cost", token),
        Some(None) => object,
        None => match setting.provider {
            Provider::UcaptchaNative => object.raw("cost", &solved.cost.to_string()),
            Provider::AntiCaptcha => object.text("cost", &solved.cost.with_places(6, 9)),
            _ => object.text("cost", &solved.cost.with_places(5, 9)),
        },
    }
}

/// The balance's digits: uCaptcha shows four places at least, the others no trailing zeros.
pub(crate) fn balance_digits(provider: Provider, standing: &Standing) -> String {
    let most = usize::from(standing.decimals);
    let least = if provider == Provider::UcaptchaNative { most.min(4) } else { 0 };
    standing.balance.with_places(least, most)
}

fn balance(setting: &Setting<'_>, standing: &Standing) -> Object {
    let provider = setting.provider;
    let digits = setting.substitutes.balance.clone().unwrap_or_else(|| balance_digits(provider, standing));
    let object = Object::new().number("errorId", 0);
    match provider {
        Provider::Capsolver => object
            .text("errorCode", "")
            .text("errorDescription", "")
            .raw("balance", &digits)
            .raw("packages", &packages(setting.key, standing.package_calls)),
        Provider::AntiCaptcha => object.raw("balance", &digits).number("captchaCredits", standing.captcha_credits),
        _ => object.raw("balance", &digits),
    }
}

fn packages(key: &str, calls: u64) -> String {
    if calls == 0 {
        return "[]".to_owned();
    }
    // The vendor repeats the key here, which callers must not store or show.
    let package = Object::new()
        .text("packageId", "sandbox-package")
        .number("type", 2)
        .text("title", "Prepaid calls")
        .number("numberOfCalls", calls)
        .number("status", 1)
        .text("token", key)
        .number("expireTime", 4_102_444_800);
    format!("[{}]", package.close())
}

fn reported(provider: Provider) -> Object {
    let object = Object::new().number("errorId", 0);
    match provider {
        Provider::Capsolver | Provider::UcaptchaNative => object.text("message", "Feedback recorded"),
        _ => object.text("status", "success"),
    }
}
