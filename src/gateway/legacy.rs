//! The legacy dialect, `in.php` and `res.php`, served to dispatchers.

use secrecy::ExposeSecret;

use super::refusal;
use crate::domain::attempt::Dialect;
use crate::domain::{Attempt, SolutionVerdict};
use crate::leases::{CreateAnswer, GatewayRefusal, Leases, ResultAnswer};
use crate::providers::dialect::LegacyCall;
use crate::providers::dialect::answer::{self, Answer, Refusal};

/// Most tasks that one call asks about.
const IDS_MAX: usize = 100;

/// `in.php`: creates the task.
pub(super) async fn submit(leases: &Leases, call: LegacyCall) -> Answer {
    let as_json = call.json;
    let token = call.token.as_ref().map_or("", |token| token.expose_secret());
    submitted(as_json, leases.create(token, call.task).await)
}

fn submitted(as_json: bool, outcome: Result<CreateAnswer, GatewayRefusal>) -> Answer {
    match outcome {
        Ok(CreateAnswer::Submitted { task_id } | CreateAnswer::Answered { task_id: Some(task_id), .. }) => {
            answer::legacy_fine(as_json, &task_id)
        }
        // This script can only hand out an id, and the provider gave none.
        Ok(CreateAnswer::Answered { task_id: None, .. }) => answer::legacy_refused(as_json, Refusal::Internal),
        Ok(CreateAnswer::Failed { code, reply }) => failed(as_json, &code, reply.as_deref()),
        Err(refused) => answer::legacy_refused(as_json, refusal(refused)),
    }
}

/// `res.php`: results, the balance, reports.
pub(super) async fn ask(leases: &Leases, call: &LegacyCall) -> Answer {
    let as_json = call.json;
    let token = call.token.as_ref().map_or("", |token| token.expose_secret());
    let lease = match super::lease(leases, token).await {
        Ok(lease) => lease,
        Err(refusal) => return answer::legacy_refused(as_json, refusal),
    };
    // Scripts of one provider leave the action out when they ask for a result.
    match (call.action.as_deref(), call.id.as_deref(), call.ids.as_deref()) {
        (Some("get2"), Some(id), _) => result(leases, token, &lease, id, as_json, true).await,
        (Some("get") | None, Some(id), _) => result(leases, token, &lease, id, as_json, false).await,
        (Some("get") | None, None, Some(ids)) => results(leases, token, &lease, ids, as_json).await,
        (Some("getbalance"), ..) => answer::legacy_balance(as_json, lease.held()),
        (Some("userinfo"), ..) => answer::legacy_user(lease.held()),
        (Some("reportbad"), Some(id), _) => report(leases, token, id, SolutionVerdict::Rejected, as_json).await,
        (Some("reportgood"), Some(id), _) => report(leases, token, id, SolutionVerdict::Accepted, as_json).await,
        (Some("get" | "get2" | "reportbad" | "reportgood") | None, ..) => {
            answer::legacy_refused(as_json, Refusal::BadParameters)
        }
        _ => answer::legacy_refused(as_json, Refusal::UnknownMethod),
    }
}

async fn result(
    leases: &Leases,
    token: &str,
    lease: &Attempt,
    task_id: &str,
    as_json: bool,
    with_price: bool,
) -> Answer {
    // A task that came in by the other dialect is none of this one.
    if lease.dialect == Some(Dialect::Json) {
        return answer::legacy_refused(as_json, Refusal::UnknownTask);
    }
    told(as_json, with_price, leases.result(token, task_id).await)
}

fn told(as_json: bool, with_price: bool, outcome: Result<ResultAnswer, GatewayRefusal>) -> Answer {
    match outcome {
        Ok(ResultAnswer::Processing) => answer::legacy_not_ready(as_json),
        Ok(ResultAnswer::Solved { reply }) => answer::legacy_stored(as_json, with_price, &reply),
        Ok(ResultAnswer::Failed { code, reply }) => failed(as_json, &code, reply.as_deref()),
        Err(refused) => answer::legacy_refused(as_json, refusal(refused)),
    }
}

/// Several results at once, joined with bars.
async fn results(leases: &Leases, token: &str, lease: &Attempt, ids: &str, as_json: bool) -> Answer {
    let ids: Vec<&str> = ids.split(',').map(str::trim).collect();
    if ids.len() > IDS_MAX {
        return answer::legacy_refused(as_json, Refusal::BadParameters);
    }
    let mut answers = Vec::with_capacity(ids.len());
    for id in ids {
        let plain = result(leases, token, lease, id, false, false).await.body;
        answers.push(plain.strip_prefix("OK|").map_or(plain.clone(), str::to_owned));
    }
    answer::legacy_several(as_json, &answers.join("|"))
}

fn failed(as_json: bool, code: &str, reply: Option<&str>) -> Answer {
    match reply {
        Some(reply) => answer::legacy_stored(as_json, false, reply),
        None => answer::legacy_error(as_json, code),
    }
}

async fn report(leases: &Leases, token: &str, task_id: &str, verdict: SolutionVerdict, as_json: bool) -> Answer {
    match leases.report_by_token(token, task_id, verdict).await {
        Ok(()) => answer::legacy_recorded(as_json),
        Err(refused) => answer::legacy_refused(as_json, refusal(refused)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_answers_come_plain_or_as_json() {
        let submit = |as_json| submitted(as_json, Ok(CreateAnswer::Submitted { task_id: "2122988149".to_owned() }));
        assert_eq!((submit(false).is_json, submit(false).body.as_str()), (false, "OK|2122988149"));
        assert_eq!(submit(true).body, r#"{"status":1,"request":"2122988149"}"#);

        let solved = |as_json, with_price| {
            let reply = r#"{"legacy":"ABCDE","price":"0.00085"}"#.to_owned();
            told(as_json, with_price, Ok(ResultAnswer::Solved { reply })).body
        };
        assert_eq!(solved(false, false), "OK|ABCDE");
        assert_eq!(solved(false, true), "OK|ABCDE|0.00085");
        assert_eq!(solved(true, true), r#"{"status":1,"request":"ABCDE","price":"0.00085"}"#);
        assert_eq!(told(false, false, Ok(ResultAnswer::Processing)).body, "CAPCHA_NOT_READY");
    }

    #[test]
    fn errors_are_codes() {
        let reply = Some(r#"{"error":"ERROR_ZERO_BALANCE"}"#.to_owned());
        let refused = |as_json| {
            submitted(as_json, Ok(CreateAnswer::Failed { code: "other".to_owned(), reply: reply.clone() })).body
        };
        assert_eq!(refused(false), "ERROR_ZERO_BALANCE");
        assert_eq!(refused(true), r#"{"status":0,"request":"ERROR_ZERO_BALANCE"}"#);
        assert_eq!(told(false, false, Err(GatewayRefusal::UnknownTask)).body, "ERROR_WRONG_CAPTCHA_ID");
        assert_eq!(submitted(false, Err(GatewayRefusal::Expired)).body, "ERROR_KEY_DOES_NOT_EXIST");
    }
}
