//! Writes the legacy dialect: `OK|…` and bare codes, or `{"status":…,"request":…}`.

use crate::dialect::codes::{self, Dialect, UNSOLVABLE};
use crate::dialect::json_reply::balance_digits;
use crate::dialect::legacy_request::Style;
use crate::dialect::{Substitutes, unquoted};
use crate::outcome::{Outcome, Refusal, Solved};
use crate::provider::Provider;
use crate::reply::{Object, Reply, quote};
use crate::solution;

const NOT_READY: &str = "CAPCHA_NOT_READY";

/// Puts an outcome into the legacy dialect.
pub(crate) fn write(provider: Provider, style: Style, substitutes: &Substitutes, outcome: &Outcome) -> Reply {
    match outcome {
        Outcome::Created { id, .. } => {
            let token = substitutes.task_id.clone().unwrap_or_else(|| quote(id));
            success(style, &unquoted(&token), &token)
        }
        Outcome::Pending { .. } => refusal(provider, style, NOT_READY, None),
        Outcome::Ready(solved) => ready(provider, style, substitutes, solved),
        Outcome::Failed { .. } => refusal(provider, style, UNSOLVABLE, None),
        Outcome::Several(outcomes) => {
            let answers: Vec<String> = outcomes.iter().map(|outcome| one_of_several(provider, outcome)).collect();
            let joined = answers.join("|");
            if style.json { success(style, &joined, &quote(&joined)) } else { Reply::plain(200, joined) }
        }
        Outcome::Balance(standing) => {
            let digits = balance_digits(provider, standing);
            let token = substitutes.balance.clone();
            if style.user_info {
                let object = Object::new().raw("balance", &token.unwrap_or(digits));
                Reply::json(200, object)
            } else if style.json {
                success(style, "", &token.unwrap_or_else(|| quote(&digits)))
            } else {
                Reply::plain(200, token.map_or(digits, |token| unquoted(&token)))
            }
        }
        Outcome::Reported => {
            let text = "OK_REPORT_RECORDED";
            if style.json { success(style, "", &quote(text)) } else { Reply::plain(200, text.to_owned()) }
        }
        Outcome::Refused(reason) => {
            let http_status = match reason {
                Refusal::Ordered { http_status, .. } => *http_status,
                _ => None,
            };
            let code = codes::code(provider, Dialect::Legacy, reason);
            refusal(provider, style, code, http_status)
        }
    }
}

fn success(style: Style, plain: &str, token: &str) -> Reply {
    if style.json {
        Reply::json(200, Object::new().number("status", 1).raw("request", token))
    } else {
        Reply::plain(200, format!("OK|{plain}"))
    }
}

fn refusal(provider: Provider, style: Style, code: &str, http_status: Option<u16>) -> Reply {
    let http_status = http_status.unwrap_or_else(|| codes::http_status(provider, code));
    if style.json || style.user_info {
        let object = Object::new().number("status", 0).text("request", code);
        Reply::json(http_status, object)
    } else {
        Reply::plain(http_status, code.to_owned())
    }
}

fn ready(provider: Provider, style: Style, substitutes: &Substitutes, solved: &Solved) -> Reply {
    let answer = solution::legacy(provider, solved);
    if !style.priced {
        return if style.json { success(style, "", &answer.json()) } else { success(style, &answer.plain(), "") };
    }
    let cost = match &substitutes.cost {
        Some(token) => token.clone(),
        None => Some(quote(&solved.cost.with_places(5, 9))),
    };
    if style.json {
        let object = Object::new().number("status", 1).raw("request", &answer.json());
        let object = match &cost {
            Some(token) => object.raw("price", token),
            None => object,
        };
        Reply::json(200, object)
    } else {
        let price = cost.map_or_else(String::new, |token| format!("|{}", unquoted(&token)));
        Reply::plain(200, format!("OK|{}{price}", answer.plain()))
    }
}

/// Within `ids` answers stand bare, without `OK|`.
fn one_of_several(provider: Provider, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Ready(solved) => solution::legacy(provider, solved).plain(),
        Outcome::Pending { .. } => NOT_READY.to_owned(),
        Outcome::Failed { .. } => UNSOLVABLE.to_owned(),
        Outcome::Refused(reason) => codes::code(provider, Dialect::Legacy, reason).to_owned(),
        Outcome::Created { .. } | Outcome::Several(_) | Outcome::Balance(_) | Outcome::Reported => {
            codes::code(provider, Dialect::Legacy, &Refusal::Fields).to_owned()
        }
    }
}
