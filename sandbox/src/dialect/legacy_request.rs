//! Reads the legacy dialect: `in.php` makes tasks, `res.php` does everything else.
//!
//! Parameters come from the query and from a form, multipart or JSON body, all merged; how they
//! were carried makes no difference.

use std::collections::HashMap;

use crate::account::Method;
use crate::catalogue::Kind;
use crate::dialect::codes::Dialect;
use crate::dialect::{Ask, Deed, image};
use crate::outcome::{Order, Refusal};
use crate::provider::Provider;

/// Tasks that one `ids` query may name.
const MOST_IDS: usize = 100;

/// Parameters of a legacy call.
#[derive(Default)]
pub(crate) struct Parameters {
    pub(crate) fields: HashMap<String, String>,
    /// Size of the uploaded `file`.
    pub(crate) file: Option<usize>,
}

impl Parameters {
    fn get(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }

    fn has(&self, name: &str) -> bool {
        !self.get(name).is_empty()
    }
}

/// The form in which the caller wants the reply.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Style {
    pub(crate) json: bool,
    /// With the price: `get2`.
    pub(crate) priced: bool,
    /// Multibot's balance, an object of its own in either form.
    pub(crate) user_info: bool,
}

/// The two scripts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Script {
    In,
    Res,
}

/// The script of this path, if the provider has the legacy dialect.
pub(crate) fn script(provider: Provider, path: &str) -> Option<Script> {
    match path {
        _ if provider == Provider::Capsolver => None,
        "in.php" => Some(Script::In),
        "res.php" => Some(Script::Res),
        _ => None,
    }
}

/// Reads one legacy call.
pub(crate) fn read(provider: Provider, script: Script, parameters: &Parameters) -> (Ask, Style) {
    let mut style = Style { json: parameters.get("json") == "1", ..Style::default() };
    let key = parameters.get("key").to_owned();
    let (method, deed) = match script {
        Script::In => (Method::CreateTask, order(provider, parameters).map(Deed::Create)),
        Script::Res => {
            let action = parameters.get("action");
            style.priced = action == "get2";
            style.user_info = action == "userinfo";
            query(provider, action, parameters)
        }
    };
    (Ask { key, method, deed }, style)
}

fn query(provider: Provider, action: &str, parameters: &Parameters) -> (Method, Result<Deed, Refusal>) {
    let id = || task_id(provider, parameters.get("id"));
    match action {
        "get" if parameters.has("ids") => {
            let ids: Result<Vec<String>, Refusal> =
                parameters.get("ids").split(',').take(MOST_IDS).map(|id| task_id(provider, id.trim())).collect();
            (Method::GetTaskResult, ids.map(Deed::Results))
        }
        "get" => (Method::GetTaskResult, id().map(Deed::Result)),
        "" if provider == Provider::Multibot => (Method::GetTaskResult, id().map(Deed::Result)),
        // Only 2Captcha is known to tell the price this way.
        "get2" if provider == Provider::TwoCaptcha => (Method::GetTaskResult, id().map(Deed::Result)),
        "getbalance" if provider != Provider::Multibot => (Method::GetBalance, Ok(Deed::Balance)),
        "userinfo" if provider == Provider::Multibot => (Method::GetBalance, Ok(Deed::Balance)),
        "reportbad" => (Method::Report, id().map(|id| Deed::Report { id, good: false })),
        "reportgood" => (Method::Report, id().map(|id| Deed::Report { id, good: true })),
        _ => (Method::Other, Err(Refusal::NoSuchMethod)),
    }
}

fn task_id(provider: Provider, text: &str) -> Result<String, Refusal> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if provider.has_uuid_tasks() || digits { Ok(text.to_owned()) } else { Err(Refusal::TaskIdForm) }
}

fn order(provider: Provider, parameters: &Parameters) -> Result<Order, Refusal> {
    let kind = named(provider, parameters).ok_or(Refusal::TaskNotSupported)?;
    check_fields(provider, kind, parameters)?;
    Ok(Order { kind, fourth_version: parameters.get("method") == "geetest_v4" })
}

fn named(provider: Provider, parameters: &Parameters) -> Option<Kind> {
    let method = parameters.get("method");
    let enterprise = parameters.has("enterprise") && parameters.get("enterprise") != "0";
    let third = parameters.get("version") == "v3";
    // Without a method the body is a picture, as in the oldest form of the dialect.
    let picture = match provider {
        Provider::Multibot => method == "universal",
        _ => matches!(method, "" | "post" | "base64"),
    };
    if picture {
        return Some(Kind::ImageToText);
    }
    // Anti-Captcha's old scripts know pictures only.
    if provider == Provider::AntiCaptcha {
        return None;
    }
    match method {
        "userrecaptcha" => Some(match (third, enterprise) {
            (false, false) => Kind::RecaptchaV2,
            (false, true) => Kind::RecaptchaV2Enterprise,
            (true, false) => Kind::RecaptchaV3,
            (true, true) => Kind::RecaptchaV3Enterprise,
        }),
        "recaptchav2" if provider == Provider::Multibot => Some(Kind::RecaptchaV2),
        "hcaptcha" => Some(Kind::Hcaptcha),
        "turnstile" => Some(Kind::Turnstile),
        "funcaptcha" => Some(Kind::Funcaptcha),
        "geetest" | "geetest_v4" => Some(Kind::Geetest),
        "datadome" => Some(Kind::Datadome),
        "amazon_waf" => Some(Kind::AwsWaf),
        _ => None,
    }
}

fn check_fields(provider: Provider, kind: Kind, parameters: &Parameters) -> Result<(), Refusal> {
    let need_page = || parameters.has("pageurl").then_some(()).ok_or(Refusal::PageAddress);
    let need_one =
        |names: &[&str], refusal: Refusal| names.iter().any(|name| parameters.has(name)).then_some(()).ok_or(refusal);
    match kind {
        Kind::ImageToText => match parameters.file {
            Some(bytes) => image::check_size(provider, Dialect::Legacy, bytes),
            None => image::check_base64(provider, Dialect::Legacy, parameters.get("body")),
        },
        Kind::RecaptchaV2
        | Kind::RecaptchaV2Enterprise
        | Kind::RecaptchaV3
        | Kind::RecaptchaV3Enterprise
        | Kind::Hcaptcha
        | Kind::Turnstile => {
            need_page()?;
            need_one(&["googlekey", "sitekey"], Refusal::SiteKey)
        }
        Kind::Funcaptcha => {
            need_page()?;
            need_one(&["publickey"], Refusal::SiteKey)
        }
        Kind::Geetest | Kind::AwsWaf => need_page(),
        Kind::Datadome => need_one(&["proxy"], Refusal::Proxy),
    }
}
