//! Reads the JSON dialect.
//!
//! Bodies are JSON whatever the media type says, since clients send JSON as text. Checks follow the
//! vendors' order as far as it is known: method, then task, type, fields.

use serde_json::{Map, Value};

use crate::account::Method;
use crate::catalogue::{Kind, Proxy, task_type};
use crate::dialect::codes::Dialect;
use crate::dialect::{Ask, Deed, image};
use crate::outcome::{Order, Refusal};
use crate::provider::Provider;

type Fields = Map<String, Value>;

/// Reads one call to `POST /{method}`.
pub(crate) fn read(provider: Provider, method: &str, body: &[u8]) -> Ask {
    let fields = match serde_json::from_slice::<Value>(body) {
        Ok(Value::Object(fields)) => Some(fields),
        _ => None,
    };
    let report = report_verdict(provider, method);
    let kind = match method {
        "createTask" => Method::CreateTask,
        "getTaskResult" => Method::GetTaskResult,
        "getBalance" => Method::GetBalance,
        _ if report.is_some() => Method::Report,
        _ => Method::Other,
    };
    let Some(fields) = fields else {
        return Ask { key: String::new(), method: kind, deed: Err(Refusal::Unreadable) };
    };
    let deed = match (kind, report) {
        (Method::CreateTask, _) => read_task(provider, &fields).map(Deed::Create),
        (Method::GetTaskResult, _) => task_id(provider, &fields).map(Deed::Result),
        (Method::GetBalance, _) => Ok(Deed::Balance),
        (Method::Report, Some(verdict)) => {
            task_id(provider, &fields).map(|id| Deed::Report { id, good: verdict.is_good(&fields) })
        }
        (Method::Report | Method::Other, _) => Err(Refusal::NoSuchMethod),
    };
    Ask { key: text(&fields, "clientKey").to_owned(), method: kind, deed }
}

#[derive(Clone, Copy)]
enum Verdict {
    Good,
    Bad,
    /// `result.invalid` tells.
    InBody,
}

impl Verdict {
    fn is_good(self, fields: &Fields) -> bool {
        match self {
            Self::Good => true,
            Self::Bad => false,
            Self::InBody => {
                let invalid = fields.get("result").and_then(|result| result.get("invalid"));
                invalid != Some(&Value::Bool(true))
            }
        }
    }
}

fn report_verdict(provider: Provider, method: &str) -> Option<Verdict> {
    match (provider, method) {
        (Provider::TwoCaptcha, "reportCorrect") | (Provider::AntiCaptcha, "reportCorrectRecaptcha") => {
            Some(Verdict::Good)
        }
        (Provider::TwoCaptcha, "reportIncorrect")
        | (
            Provider::AntiCaptcha,
            "reportIncorrectImageCaptcha" | "reportIncorrectRecaptcha" | "reportIncorrectHcaptcha",
        )
        | (
            Provider::CapmonsterCloud,
            "reportIncorrectImageCaptcha" | "reportIncorrectTokenCaptcha" | "reportIncorrectRecaptcha",
        ) => Some(Verdict::Bad),
        (Provider::Capsolver | Provider::UcaptchaNative, "feedbackTask") => Some(Verdict::InBody),
        _ => None,
    }
}

/// Task ids have the provider's own JSON type; only Multibot's is unknown and may be either.
fn task_id(provider: Provider, fields: &Fields) -> Result<String, Refusal> {
    match fields.get("taskId") {
        Some(Value::String(id)) if provider.has_uuid_tasks() || provider == Provider::Multibot => Ok(id.clone()),
        Some(Value::Number(id)) if !provider.has_uuid_tasks() => Ok(id.to_string()),
        _ => Err(Refusal::TaskIdForm),
    }
}

fn read_task(provider: Provider, fields: &Fields) -> Result<Order, Refusal> {
    let task = fields.get("task").and_then(Value::as_object).ok_or(Refusal::TaskAbsent)?;
    // Multibot's own calls carry the type beside the task.
    let beside = text(fields, "type");
    let own_form = provider == Provider::Multibot && !beside.is_empty();
    let name = if own_form { beside } else { text(task, "type") };
    if name.is_empty() {
        return Err(Refusal::TaskAbsent);
    }
    let (kind, proxy) = named(provider, name, task).ok_or(Refusal::TaskNotSupported)?;
    if proxy == Proxy::Required && text(task, "proxy").is_empty() && text(task, "proxyAddress").is_empty() {
        return Err(Refusal::Proxy);
    }
    if !own_form {
        check_fields(provider, kind, task)?;
    }
    Ok(Order { kind, fourth_version: kind == Kind::Geetest && is_fourth_version(task) })
}

fn named(provider: Provider, name: &str, task: &Fields) -> Option<(Kind, Proxy)> {
    let custom = provider == Provider::CapmonsterCloud && name == "CustomTask";
    if custom && text(task, "class").eq_ignore_ascii_case("datadome") {
        return Some((Kind::Datadome, Proxy::Required));
    }
    let (kind, proxy) = task_type(provider, name)?;
    let enterprise = task.get("isEnterprise") == Some(&Value::Bool(true));
    match kind {
        Kind::RecaptchaV3 if enterprise => Some((Kind::RecaptchaV3Enterprise, proxy)),
        _ => Some((kind, proxy)),
    }
}

fn is_fourth_version(task: &Fields) -> bool {
    task.get("version").and_then(Value::as_u64) == Some(4)
        || task.get("initParameters").is_some_and(|parameters| parameters.get("captcha_id").is_some())
        || task.contains_key("captchaId")
}

fn check_fields(provider: Provider, kind: Kind, task: &Fields) -> Result<(), Refusal> {
    let need = |name: &str, refusal: Refusal| {
        if text(task, name).is_empty() { Err(refusal) } else { Ok(()) }
    };
    match kind {
        Kind::ImageToText => image::check_base64(provider, Dialect::Json, text(task, "body")),
        Kind::RecaptchaV2
        | Kind::RecaptchaV2Enterprise
        | Kind::RecaptchaV3
        | Kind::RecaptchaV3Enterprise
        | Kind::Hcaptcha
        | Kind::Turnstile => {
            need("websiteURL", Refusal::PageAddress)?;
            need("websiteKey", Refusal::SiteKey)
        }
        Kind::Funcaptcha => {
            need("websiteURL", Refusal::PageAddress)?;
            need("websitePublicKey", Refusal::SiteKey)
        }
        Kind::Geetest | Kind::AwsWaf => need("websiteURL", Refusal::PageAddress),
        Kind::Datadome if provider == Provider::CapmonsterCloud => {
            let metadata = task.get("metadata").and_then(Value::as_object);
            let address = metadata.map(|metadata| text(metadata, "captchaUrl"));
            if address.is_some_and(|address| !address.is_empty()) { Ok(()) } else { Err(Refusal::Fields) }
        }
        Kind::Datadome => need("captchaUrl", Refusal::Fields),
    }
}

fn text<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}
