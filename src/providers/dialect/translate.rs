//! Between the two dialects, where a provider's own protocol is not the dispatcher's.
//!
//! Only what is known to mean the same on both sides is translated; a request that asks for more
//! is refused before anything is sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use super::request::TaskRequest;
use crate::domain::TaskType;

/// The form of `in.php` for a task; `image_method` is the provider's method for pictures.
pub(crate) fn to_form(request: &TaskRequest, task_type: TaskType, image_method: &str) -> Option<Vec<(String, String)>> {
    match request {
        TaskRequest::Legacy { fields, file } => Some(legacy_form(fields, file.as_deref(), task_type, image_method)),
        TaskRequest::Json { .. } => json_form(request, task_type, image_method),
    }
}

/// The given fields; a picture goes out as text, whichever way it came.
fn legacy_form(
    fields: &[(String, String)],
    file: Option<&[u8]>,
    task_type: TaskType,
    image_method: &str,
) -> Vec<(String, String)> {
    let mut form: Vec<(String, String)> = fields.to_vec();
    if task_type == TaskType::ImageToText {
        form.retain(|(name, _)| name != "method" && (name != "body" || file.is_none()));
        form.insert(0, ("method".to_owned(), image_method.to_owned()));
        if let Some(file) = file {
            form.push(("body".to_owned(), STANDARD.encode(file)));
        }
    }
    form
}

fn json_form(request: &TaskRequest, task_type: TaskType, image_method: &str) -> Option<Vec<(String, String)>> {
    let names: &[(&str, &str)] = match task_type {
        TaskType::ImageToText => &[("body", "body")],
        TaskType::RecaptchaV2 | TaskType::RecaptchaV2Enterprise => {
            &[("websiteKey", "googlekey"), ("websiteURL", "pageurl")]
        }
        TaskType::Hcaptcha | TaskType::Turnstile => &[("websiteKey", "sitekey"), ("websiteURL", "pageurl")],
        _ => return None,
    };
    let method = match task_type {
        TaskType::ImageToText => image_method,
        TaskType::Hcaptcha => "hcaptcha",
        TaskType::Turnstile => "turnstile",
        _ => "userrecaptcha",
    };
    let mut form = vec![("method".to_owned(), method.to_owned())];
    for (member, field) in names {
        form.push(((*field).to_owned(), request.field(member)?.to_owned()));
    }
    if task_type == TaskType::RecaptchaV2Enterprise {
        form.push(("enterprise".to_owned(), "1".to_owned()));
    }
    if request.says_yes("isInvisible") {
        form.push(("invisible".to_owned(), "1".to_owned()));
    }
    Some(form)
}

/// The task object for a request; from the legacy dialect only pictures are translated.
pub(crate) fn to_task(request: &TaskRequest, task_type: TaskType) -> Option<Map<String, Value>> {
    let (fields, file) = match request {
        TaskRequest::Json { task, .. } => return Some(task.clone()),
        TaskRequest::Legacy { fields, file } => (fields, file),
    };
    if task_type != TaskType::ImageToText {
        return None;
    }
    let body = match file {
        Some(file) => STANDARD.encode(file),
        None => request.field("body")?.to_owned(),
    };
    let mut task = Map::new();
    task.insert("type".to_owned(), Value::from("ImageToTextTask"));
    task.insert("body".to_owned(), Value::from(body));
    for (name, value) in fields {
        let number = || value.parse::<u32>().ok().map(Value::from);
        let (member, value) = match name.as_str() {
            "phrase" => ("phrase", Some(Value::from(value == "1"))),
            "regsense" => ("case", Some(Value::from(value == "1"))),
            "calc" => ("math", Some(Value::from(value == "1"))),
            "numeric" => ("numeric", number()),
            "min_len" => ("minLength", number()),
            "max_len" => ("maxLength", number()),
            "textinstructions" => ("comment", Some(Value::from(value.as_str()))),
            _ => continue,
        };
        task.insert(member.to_owned(), value?);
    }
    Some(task)
}

/// The answer of the legacy dialect in a solution object: the member that the dispatcher wants,
/// or the whole where there are several.
pub(crate) fn to_answer(solution: &str) -> String {
    let Some(object) = super::object::Object::parse(solution) else {
        return solution.to_owned();
    };
    ["text", "gRecaptchaResponse", "token", "cookie"]
        .iter()
        .find_map(|name| object.raw(name).filter(|raw| raw.starts_with('"')))
        .unwrap_or(solution)
        .to_owned()
}

/// The solution object for an answer of the legacy dialect.
pub(crate) fn to_solution(answer: &str, task_type: TaskType) -> String {
    if answer.starts_with('{') {
        return answer.to_owned();
    }
    match task_type {
        TaskType::ImageToText => format!(r#"{{"text":{answer}}}"#),
        TaskType::Turnstile | TaskType::Funcaptcha | TaskType::AwsWaf => format!(r#"{{"token":{answer}}}"#),
        TaskType::Datadome => format!(r#"{{"cookie":{answer}}}"#),
        _ => format!(r#"{{"gRecaptchaResponse":{answer},"token":{answer}}}"#),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::dialect::{JsonCall, LegacyCall};

    fn json(task: &str) -> TaskRequest {
        JsonCall::parse(format!(r#"{{"task":{task}}}"#).as_bytes()).and_then(|call| call.task).expect("a task")
    }

    fn legacy(form: &str, file: Option<Vec<u8>>) -> TaskRequest {
        LegacyCall::from_fields(url::form_urlencoded::parse(form.as_bytes()).into_owned().collect(), file).task
    }

    fn query(form: Option<Vec<(String, String)>>) -> Option<String> {
        form.map(|form| url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish())
    }

    #[test]
    fn tasks_become_forms() {
        let recaptcha = json(r#"{"type":"x","websiteKey":"k","websiteURL":"u","isInvisible":true}"#);
        assert_eq!(
            query(to_form(&recaptcha, TaskType::RecaptchaV2Enterprise, "universal")).as_deref(),
            Some("method=userrecaptcha&googlekey=k&pageurl=u&enterprise=1&invisible=1")
        );
        assert_eq!(
            query(to_form(&json(r#"{"body":"AA=="}"#), TaskType::ImageToText, "universal")).as_deref(),
            Some("method=universal&body=AA%3D%3D")
        );
        assert_eq!(to_form(&json(r#"{"websiteKey":"k"}"#), TaskType::Hcaptcha, "universal"), None);
        assert_eq!(to_form(&json("{}"), TaskType::Geetest, "universal"), None);
    }

    #[test]
    fn pictures_go_out_as_text() {
        let upload = legacy("method=post&numeric=1", Some(vec![0, 1, 2]));
        assert_eq!(
            query(to_form(&upload, TaskType::ImageToText, "base64")).as_deref(),
            Some("method=base64&numeric=1&body=AAEC")
        );
        let task = to_task(&upload, TaskType::ImageToText).unwrap();
        assert_eq!(Value::Object(task).to_string(), r#"{"type":"ImageToTextTask","body":"AAEC","numeric":1}"#);
        assert!(to_task(&legacy("method=userrecaptcha", None), TaskType::RecaptchaV2).is_none());
    }

    #[test]
    fn answers_and_solutions_correspond() {
        assert_eq!(to_answer(r#"{"text":"abc","url":"x"}"#), r#""abc""#);
        assert_eq!(to_answer(r#"{"gRecaptchaResponse":"r","token":"t"}"#), r#""r""#);
        assert_eq!(to_answer(r#"{"challenge":"c","validate":"v"}"#), r#"{"challenge":"c","validate":"v"}"#);
        assert_eq!(to_solution(r#""abc""#, TaskType::ImageToText), r#"{"text":"abc"}"#);
        assert_eq!(to_solution(r#"{"a":1}"#, TaskType::Geetest), r#"{"a":1}"#);
    }
}
