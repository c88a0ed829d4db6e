//! Requests as they go out: built afresh from parsed fields and the key, nothing else.

use serde_json::Value;
use url::Url;

use super::catalogue::{Report, Upstream};
use super::dialect::{TaskRequest, json, legacy, task_type, translate};
use super::lane::Lane;
use super::transport::Outgoing;
use crate::domain::{Secret, TaskType};

/// The call that creates a task; `None` when it can't be said in the provider's own protocol.
pub(super) fn create(
    lane: &Lane,
    key: &Secret,
    request: &TaskRequest,
    create_by: Upstream,
) -> Option<(Outgoing, TaskType)> {
    let (kind, _) = task_type(lane.entry.code, request)?;
    let outgoing = match create_by {
        Upstream::Json => {
            let task = translate::to_task(request, kind)?;
            let mut members = vec![("task", Value::Object(task).to_string())];
            if let TaskRequest::Json { language_pool: Some(pool), .. } = request {
                members.push(("languagePool", Value::from(pool.as_str()).to_string()));
            }
            post(lane, "createTask", key, &members)
        }
        Upstream::Legacy => {
            let form = translate::to_form(request, kind, lane.entry.routes.legacy_image)?;
            Outgoing {
                url: endpoint(&lane.settings.legacy_base_url, "in.php"),
                content: Some((legacy::CONTENT_TYPE, legacy::form(key, &form))),
            }
        }
    };
    Some((outgoing, kind))
}

/// The call that asks for a task's result.
pub(super) fn poll(lane: &Lane, key: &Secret, poll_by: Upstream, task_id: &str) -> Outgoing {
    match poll_by {
        Upstream::Json => post(lane, "getTaskResult", key, &[("taskId", raw_id(lane, task_id))]),
        Upstream::Legacy => ask(lane, key, lane.entry.routes.legacy_poll, Some(task_id)),
    }
}

/// The call that reads the balance.
pub(super) fn balance(lane: &Lane, key: &Secret) -> Outgoing {
    match lane.entry.routes.balance {
        Upstream::Json => post(lane, "getBalance", key, &[]),
        Upstream::Legacy => ask(lane, key, "userinfo", None),
    }
}

/// The call that reports on a solution, where there is one.
pub(super) fn report(lane: &Lane, key: &Secret, report: Report, task_id: &str) -> Option<Outgoing> {
    let task = ("taskId", raw_id(lane, task_id));
    match report {
        Report::None => None,
        Report::Method(method) => Some(post(lane, method, key, &[task])),
        Report::Feedback { invalid } => {
            let result = ("result", format!(r#"{{"invalid":{invalid}}}"#));
            Some(post(lane, "feedbackTask", key, &[task, result]))
        }
    }
}

fn post(lane: &Lane, method: &str, key: &Secret, members: &[(&str, String)]) -> Outgoing {
    Outgoing {
        url: endpoint(&lane.settings.base_url, method),
        content: Some((json::CONTENT_TYPE, json::body(key, members))),
    }
}

fn ask(lane: &Lane, key: &Secret, action: &str, task_id: Option<&str>) -> Outgoing {
    let mut url = endpoint(&lane.settings.legacy_base_url, "res.php");
    legacy::ask(&mut url, key, action, task_id);
    Outgoing { url, content: None }
}

fn raw_id(lane: &Lane, task_id: &str) -> String {
    json::raw_task_id(task_id, lane.entry.integer_ids)
}

/// A method under a base address, whose path may end with or without a slash.
fn endpoint(base: &Url, name: &str) -> Url {
    let mut url = base.clone();
    let path = format!("{}/{name}", base.path().trim_end_matches('/'));
    url.set_path(&path);
    url.set_query(None);
    url.set_fragment(None);
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ProviderCode;
    use crate::providers::catalogue::entry;
    use crate::providers::dialect::{JsonCall, LegacyCall};
    use crate::providers::settings::ProviderSettings;

    const KEY: &str = "madeupmadeupmadeupmadeupmadeup12";

    fn lane(code: ProviderCode) -> Lane {
        let mut settings = ProviderSettings::defaults(code);
        settings.base_url = Url::parse("http://127.0.0.1:1/one").expect("an address");
        settings.legacy_base_url = Url::parse("http://127.0.0.1:1/two/").expect("an address");
        Lane::new(entry(code), settings)
    }

    fn text(outgoing: &Outgoing) -> String {
        let body = outgoing.content.as_ref().map(|(_, body)| body.to_vec()).unwrap_or_default();
        String::from_utf8(body).expect("requests are text")
    }

    #[test]
    fn a_task_goes_out_with_the_key_and_nothing_foreign() {
        let key = Secret::from(KEY);
        let body = r#"{"clientKey":"lease_x","callbackUrl":"http://x","softId":9,"languagePool":"en",
            "task":{"type":"RecaptchaV2TaskProxyless","websiteURL":"https://a.test","websiteKey":"k","minScore":0.7}}"#;
        let task = JsonCall::parse(body.as_bytes()).and_then(|call| call.task).expect("a task");
        let lane = lane(ProviderCode::TwoCaptcha);
        let (outgoing, kind) = create(&lane, &key, &task, Upstream::Json).expect("it can be said");
        assert_eq!(kind, TaskType::RecaptchaV2);
        assert_eq!(outgoing.url.as_str(), "http://127.0.0.1:1/one/createTask");
        assert_eq!(
            text(&outgoing),
            format!(
                r#"{{"clientKey":"{KEY}","task":{{"type":"RecaptchaV2TaskProxyless","websiteURL":"https://a.test","websiteKey":"k","minScore":0.7}},"languagePool":"en"}}"#
            )
        );
    }

    #[test]
    fn a_legacy_task_is_posted_and_its_key_is_in_no_address() {
        let key = Secret::from(KEY);
        let given = [("key", "lease_x"), ("method", "post"), ("pingback", "http://x"), ("soft_id", "9")];
        let fields = given.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let call = LegacyCall::from_fields(fields, Some(vec![255; 3]));
        let lane = lane(ProviderCode::TwoCaptcha);
        let (outgoing, _) = create(&lane, &key, &call.task, Upstream::Legacy).expect("it can be said");
        assert_eq!(outgoing.url.as_str(), "http://127.0.0.1:1/two/in.php");
        assert_eq!(text(&outgoing), format!("key={KEY}&method=base64&body=%2F%2F%2F%2F&json=1"));
    }

    #[test]
    fn ids_go_back_as_they_came() {
        let key = Secret::from(KEY);
        let poll = |code| text(&poll(&lane(code), &key, Upstream::Json, "9007199254740993"));
        assert!(poll(ProviderCode::TwoCaptcha).ends_with(r#""taskId":9007199254740993}"#));
        assert!(poll(ProviderCode::Capsolver).ends_with(r#""taskId":"9007199254740993"}"#));
    }

    #[test]
    fn balances_and_reports_have_their_calls() {
        let key = Secret::from(KEY);
        let multibot = balance(&lane(ProviderCode::Multibot), &key);
        assert_eq!(multibot.url.query(), Some(&*format!("key={KEY}&action=userinfo&json=1")));
        let feedback = report(&lane(ProviderCode::Capsolver), &key, Report::Feedback { invalid: true }, "6113-ec");
        assert!(text(&feedback.expect("a call")).ends_with(r#""taskId":"6113-ec","result":{"invalid":true}}"#));
    }
}
