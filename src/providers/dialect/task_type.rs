//! Which kind of task a request describes, by the names of the provider it goes to.

use super::request::TaskRequest;
use crate::domain::{ProviderCode, TaskType};
use crate::providers::catalogue::{Entry, Proxy, Task, Upstream, entry};

/// Members and fields that bring a proxy along.
const PROXY_FIELDS: &[&str] = &["proxy", "proxyAddress"];

/// The kind of task and whether it brings its own proxy; `None` when the provider offers no such
/// thing in this dialect.
#[must_use]
pub fn task_type(code: ProviderCode, request: &TaskRequest) -> Option<(TaskType, bool)> {
    let entry = entry(code);
    let found = match request {
        TaskRequest::Json { .. } => by_name(entry, request),
        TaskRequest::Legacy { .. } => by_method(entry, request),
    };
    let (task, proxied) = found?;
    task.shown_name(proxied).map(|_| (task.task_type, proxied))
}

fn by_name(entry: &'static Entry, request: &TaskRequest) -> Option<(&'static Task, bool)> {
    let given = request.field("type")?;
    let class = request.field("class");
    let fitting = entry.tasks.iter().filter_map(|task| {
        let name = task.names.iter().find(|name| name.text == given && name.class.is_none_or(|c| class == Some(c)))?;
        Some((task, name.proxy))
    });
    // Some providers tell v3 and v3 Enterprise apart by a flag and not by the name.
    let wanted = request.says_yes("isEnterprise");
    let (task, proxy) = fitting.reduce(|first, second| {
        let second_is_enterprise = second.0.task_type == TaskType::RecaptchaV3Enterprise;
        if second_is_enterprise == wanted { second } else { first }
    })?;
    let proxied = match proxy {
        Proxy::Without => false,
        Proxy::With => true,
        Proxy::Either => brings_proxy(request),
    };
    Some((task, proxied))
}

fn by_method(entry: &'static Entry, request: &TaskRequest) -> Option<(&'static Task, bool)> {
    let enterprise = request.says_yes("enterprise");
    let kind = match (request.field("method"), request) {
        (Some("post" | "base64" | "universal"), _) | (None, TaskRequest::Legacy { file: Some(_), .. }) => {
            TaskType::ImageToText
        }
        (Some("userrecaptcha" | "recaptchav2"), _) => match (request.field("version"), enterprise) {
            (Some("v3"), false) => TaskType::RecaptchaV3,
            (Some("v3"), true) => TaskType::RecaptchaV3Enterprise,
            (_, false) => TaskType::RecaptchaV2,
            (_, true) => TaskType::RecaptchaV2Enterprise,
        },
        (Some("hcaptcha"), _) => TaskType::Hcaptcha,
        (Some("turnstile"), _) => TaskType::Turnstile,
        (Some("funcaptcha"), _) => TaskType::Funcaptcha,
        (Some("geetest" | "geetest_v4"), _) => TaskType::Geetest,
        (Some("datadome"), _) => TaskType::Datadome,
        (Some("amazon_waf"), _) => TaskType::AwsWaf,
        _ => return None,
    };
    // A legacy task that goes out as JSON can only be a picture: that is all that is translated.
    let route = entry.routes.legacy?;
    if route.create == Upstream::Json && kind != TaskType::ImageToText {
        return None;
    }
    Some((entry.task(kind)?, brings_proxy(request)))
}

fn brings_proxy(request: &TaskRequest) -> bool {
    PROXY_FIELDS.iter().any(|name| request.field(name).is_some())
}

#[cfg(test)]
mod tests {
    use ProviderCode::{AntiCaptcha, CapmonsterCloud, Capsolver, Multibot, TwoCaptcha, UcaptchaNative};

    use super::*;
    use crate::providers::dialect::{JsonCall, LegacyCall};

    fn json(code: ProviderCode, task: &str) -> Option<(TaskType, bool)> {
        let body = format!(r#"{{"task":{task}}}"#);
        task_type(code, &JsonCall::parse(body.as_bytes())?.task?)
    }

    fn legacy(code: ProviderCode, form: &str) -> Option<(TaskType, bool)> {
        let fields = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
        task_type(code, &LegacyCall::from_fields(fields, None).task)
    }

    #[test]
    fn every_shown_name_is_found_again() {
        for code in ProviderCode::ALL {
            for task in entry(*code).tasks {
                for proxied in [false, true] {
                    let Some(name) = task.shown_name(proxied) else { continue };
                    let enterprise = task.task_type == TaskType::RecaptchaV3Enterprise;
                    let described = format!(
                        r#"{{"type":"{name}","class":"DataDome","isEnterprise":{enterprise}{}}}"#,
                        if proxied { r#","proxyAddress":"192.0.2.7""# } else { "" }
                    );
                    assert_eq!(json(*code, &described), Some((task.task_type, proxied)), "{code} {name}");
                }
            }
        }
    }

    #[test]
    fn names_are_case_sensitive_and_the_providers_own() {
        assert_eq!(json(TwoCaptcha, r#"{"type":"recaptchav2task"}"#), None);
        assert_eq!(json(TwoCaptcha, r#"{"type":"ReCaptchaV2TaskProxyLess"}"#), None);
        assert_eq!(json(Capsolver, r#"{"type":"HCaptchaTaskProxyLess"}"#), None);
        assert_eq!(json(CapmonsterCloud, r#"{"type":"CustomTask","class":"other"}"#), None);
        assert_eq!(json(Multibot, r#"{"type":"universal"}"#), Some((TaskType::ImageToText, false)));
        assert_eq!(
            json(UcaptchaNative, r#"{"type":"ReCaptchaV2TokenProxyLess"}"#),
            Some((TaskType::RecaptchaV2, false))
        );
        assert_eq!(json(TwoCaptcha, r#"{"type":5}"#), None);
    }

    #[test]
    fn a_flag_makes_v3_enterprise() {
        let name = r#""type":"RecaptchaV3TaskProxyless""#;
        for (code, flag, expected) in [
            (TwoCaptcha, "true", TaskType::RecaptchaV3Enterprise),
            (AntiCaptcha, "false", TaskType::RecaptchaV3),
            (CapmonsterCloud, "true", TaskType::RecaptchaV3Enterprise),
        ] {
            assert_eq!(json(code, &format!(r#"{{{name},"isEnterprise":{flag}}}"#)), Some((expected, false)));
        }
    }

    #[test]
    fn legacy_methods_are_kinds() {
        for (form, expected) in [
            ("method=base64&body=AA", Some((TaskType::ImageToText, false))),
            ("method=userrecaptcha&googlekey=g&pageurl=p", Some((TaskType::RecaptchaV2, false))),
            ("method=userrecaptcha&version=v3&enterprise=1", Some((TaskType::RecaptchaV3Enterprise, false))),
            ("method=userrecaptcha&enterprise=1&proxy=u:p@192.0.2.7:1", Some((TaskType::RecaptchaV2Enterprise, true))),
            ("method=datadome&proxy=x", Some((TaskType::Datadome, true))),
            ("method=datadome", None),
            ("method=userrecaptcha&version=v3&proxy=x", None),
            ("method=authkong", None),
            ("", None),
        ] {
            assert_eq!(legacy(TwoCaptcha, form), expected, "{form}");
        }
        assert_eq!(legacy(Multibot, "method=universal"), Some((TaskType::ImageToText, false)));
        assert_eq!(legacy(Multibot, "method=funcaptcha"), None);
        assert_eq!(legacy(AntiCaptcha, "method=base64"), Some((TaskType::ImageToText, false)));
        assert_eq!(legacy(AntiCaptcha, "method=userrecaptcha"), None);
        assert_eq!(legacy(Capsolver, "method=base64"), None);
    }
}
