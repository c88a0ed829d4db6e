//! The JSON task dialect, served to dispatchers.
//!
//! Bodies are read as JSON whatever their content type says, since some clients say text.

use secrecy::ExposeSecret;

use super::refusal;
use crate::domain::attempt::Dialect;
use crate::domain::{Attempt, ProviderCode};
use crate::leases::{CreateAnswer, GatewayRefusal, Leases, ResultAnswer};
use crate::providers::dialect::answer::{self, Answer, Refusal};
use crate::providers::dialect::{JsonCall, report};

/// Serves a method.
pub(super) async fn serve(leases: &Leases, method: &str, body: &[u8]) -> Answer {
    let is_known = matches!(method, "createTask" | "getTaskResult" | "getBalance") || report::is_report_method(method);
    let Some(mut call) = JsonCall::parse(body) else {
        let refusal = if is_known { Refusal::BadParameters } else { Refusal::UnknownMethod };
        return answer::json_refused(None, refusal);
    };
    let token = call.token.take();
    let token = token.as_ref().map_or("", |token| token.expose_secret());
    let lease = match super::lease(leases, token).await {
        Ok(lease) => lease,
        Err(refusal) => return answer::json_refused(None, if is_known { refusal } else { Refusal::UnknownMethod }),
    };
    match method {
        "createTask" => create(leases, token, &lease, call).await,
        "getTaskResult" => result(leases, token, &lease, &call).await,
        "getBalance" => answer::json_balance(lease.provider, lease.held()),
        _ if is_known => feedback(leases, token, &lease, method, &call).await,
        _ => answer::json_refused(Some(lease.provider), Refusal::UnknownMethod),
    }
}

async fn create(leases: &Leases, token: &str, lease: &Attempt, call: JsonCall) -> Answer {
    let provider = lease.provider;
    let Some(task) = call.task else {
        return answer::json_refused(Some(provider), Refusal::BadParameters);
    };
    created(provider, leases.create(token, task).await)
}

fn created(provider: ProviderCode, outcome: Result<CreateAnswer, GatewayRefusal>) -> Answer {
    match outcome {
        Ok(CreateAnswer::Submitted { task_id }) => answer::json_created(provider, &task_id),
        Ok(CreateAnswer::Answered { reply, .. }) => answer::json_stored(provider, &reply),
        Ok(CreateAnswer::Failed { code, reply }) => failed(provider, &code, reply.as_deref(), None),
        Err(refused) => answer::json_refused(Some(provider), refusal(refused)),
    }
}

async fn result(leases: &Leases, token: &str, lease: &Attempt, call: &JsonCall) -> Answer {
    let provider = lease.provider;
    let Some(task_id) = call.task_id.as_deref() else {
        return answer::json_refused(Some(provider), Refusal::BadParameters);
    };
    // A task that came in by the other dialect is none of this one.
    if lease.dialect == Some(Dialect::Legacy) {
        return answer::json_refused(Some(provider), Refusal::UnknownTask);
    }
    told(provider, task_id, leases.result(token, task_id).await)
}

fn told(provider: ProviderCode, task_id: &str, outcome: Result<ResultAnswer, GatewayRefusal>) -> Answer {
    match outcome {
        Ok(ResultAnswer::Processing) => answer::json_processing(provider, task_id),
        Ok(ResultAnswer::Solved { reply }) => answer::json_stored(provider, &reply),
        Ok(ResultAnswer::Failed { code, reply }) => failed(provider, &code, reply.as_deref(), Some(task_id)),
        Err(refused) => answer::json_refused(Some(provider), refusal(refused)),
    }
}

fn failed(provider: ProviderCode, code: &str, reply: Option<&str>, task_id: Option<&str>) -> Answer {
    match reply {
        Some(reply) => answer::json_stored(provider, reply),
        None => answer::json_failed(provider, code, task_id),
    }
}

async fn feedback(leases: &Leases, token: &str, lease: &Attempt, method: &str, call: &JsonCall) -> Answer {
    let provider = lease.provider;
    let refused = |refusal| answer::json_refused(Some(provider), refusal);
    if !report::has_report_method(provider, method) {
        return refused(Refusal::UnknownMethod);
    }
    let verdict = report::reported_verdict(provider, method, call.invalid);
    let (Some(verdict), Some(task_id)) = (verdict, call.task_id.as_deref()) else {
        return refused(Refusal::BadParameters);
    };
    match leases.report_by_token(token, task_id, verdict).await {
        Ok(()) => answer::json_recorded(provider),
        Err(error) => refused(refusal(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_replies_go_out_as_they_are() {
        let reply = r#"{"errorId":0,"errorCode":"","errorDescription":"","taskId":"6113","status":"ready","solution":{"text":"x"}}"#;
        let outcome = Ok(CreateAnswer::Answered { task_id: Some("6113".to_owned()), reply: reply.to_owned() });
        let answer = created(ProviderCode::Capsolver, outcome);
        assert_eq!((answer.status, answer.body.as_str()), (200, reply));
    }

    #[test]
    fn failures_have_the_providers_form_and_status() {
        let outcome = || Ok(ResultAnswer::Failed { code: "ERROR_CAPTCHA_UNSOLVABLE".to_owned(), reply: None });
        let answer = told(ProviderCode::AntiCaptcha, "7", outcome());
        assert_eq!(answer.status, 200);
        assert!(answer.body.starts_with(r#"{"errorId":12,"errorCode":"ERROR_CAPTCHA_UNSOLVABLE","#), "{}", answer.body);
        assert_eq!(told(ProviderCode::Capsolver, "7", outcome()).status, 400);
        let failed = told(ProviderCode::UcaptchaNative, "7", outcome());
        assert_eq!(failed.status, 200);
        assert!(failed.body.starts_with(r#"{"errorId":0,"taskId":"7","status":"failed""#), "{}", failed.body);
    }

    #[test]
    fn refusals_have_the_providers_words() {
        let outcome = |refused| created(ProviderCode::Capsolver, Err(refused));
        let expired = outcome(GatewayRefusal::Expired);
        assert_eq!(expired.status, 401);
        assert!(expired.body.contains("ERROR_KEY_DENIED_ACCESS"));
        assert!(outcome(GatewayRefusal::BadParameters).body.contains("ERROR_INVALID_TASK_DATA"));
    }
}
