//! Answers: what each provider gives for each kind of CAPTCHA.
//!
//! Answers are made up but recognisable: tokens begin with `sandbox-`, picture texts are six
//! lowercase letters and digits. The same task always has the same answer.

use crate::catalogue::Kind;
use crate::outcome::Solved;
use crate::provider::Provider;
use crate::reply::{Object, quote};

const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)";

/// The `solution` object of the JSON dialect.
pub(crate) fn object(provider: Provider, solved: &Solved) -> Object {
    let token = token(solved);
    match solved.order.kind {
        Kind::ImageToText => {
            let object = Object::new().text("text", &picture_text(solved));
            if provider == Provider::AntiCaptcha { object.text("url", "http://127.0.0.1/picture.jpg") } else { object }
        }
        Kind::RecaptchaV2
        | Kind::RecaptchaV2Enterprise
        | Kind::RecaptchaV3
        | Kind::RecaptchaV3Enterprise
        | Kind::Hcaptcha => recaptcha(provider, &token),
        Kind::Turnstile if provider == Provider::Capsolver => {
            Object::new().text("token", &token).text("userAgent", AGENT)
        }
        Kind::Turnstile | Kind::Funcaptcha => Object::new().text("token", &token),
        Kind::Geetest => geetest(solved, &token),
        Kind::Datadome => Object::new().text("cookie", &cookie(&token)),
        Kind::AwsWaf => amazon(provider, &token),
    }
}

/// What the legacy dialect puts after `OK|`; an object where one token does not suffice.
pub(crate) enum LegacyAnswer {
    Text(String),
    Object(String),
}

/// The answer in the legacy dialect.
pub(crate) fn legacy(provider: Provider, solved: &Solved) -> LegacyAnswer {
    match solved.order.kind {
        Kind::ImageToText => LegacyAnswer::Text(picture_text(solved)),
        Kind::Datadome => LegacyAnswer::Text(cookie(&token(solved))),
        Kind::AwsWaf => LegacyAnswer::Object(object(provider, solved).close()),
        Kind::Geetest if solved.order.fourth_version => LegacyAnswer::Object(object(provider, solved).close()),
        Kind::Geetest => {
            let token = token(solved);
            let answer = Object::new()
                .text("geetest_challenge", &hex(solved.answer))
                .text("geetest_validate", &token)
                .text("geetest_seccode", &format!("{token}|jordan"));
            LegacyAnswer::Object(answer.close())
        }
        _ => LegacyAnswer::Text(token(solved)),
    }
}

fn recaptcha(provider: Provider, token: &str) -> Object {
    let object = Object::new().text("gRecaptchaResponse", token);
    match provider {
        Provider::TwoCaptcha => object.text("token", token),
        Provider::Capsolver => object.text("userAgent", AGENT),
        _ => object,
    }
}

fn geetest(solved: &Solved, token: &str) -> Object {
    if solved.order.fourth_version {
        Object::new()
            .text("captcha_id", &hex(solved.answer))
            .text("lot_number", &hex(!solved.answer))
            .text("pass_token", token)
            .text("gen_time", &(solved.ended / 1_000).to_string())
            .text("captcha_output", token)
    } else {
        Object::new()
            .text("challenge", &hex(solved.answer))
            .text("validate", token)
            .text("seccode", &format!("{token}|jordan"))
    }
}

fn amazon(provider: Provider, token: &str) -> Object {
    match provider {
        Provider::TwoCaptcha => Object::new().text("captcha_voucher", token).text("existing_token", token),
        Provider::Capsolver => Object::new().text("cookie", token),
        Provider::CapmonsterCloud => {
            let cookies = Object::new().text("aws-waf-token", token);
            Object::new().raw("cookies", &cookies.close())
        }
        _ => Object::new().text("token", token),
    }
}

fn token(solved: &Solved) -> String {
    // Long, as the real ones are; clients have been seen to reject short tokens.
    let repeated = hex(solved.answer).repeat(8);
    format!("sandbox-{}-{repeated}", solved.id)
}

fn cookie(token: &str) -> String {
    format!("datadome={token}; Max-Age=31536000; Path=/; Secure; SameSite=Lax")
}

fn picture_text(solved: &Solved) -> String {
    (0..6)
        .map(|place| {
            let index = usize::try_from((solved.answer >> (place * 5)) & 31).unwrap_or(0);
            char::from(ALPHABET[index])
        })
        .collect()
}

fn hex(number: u64) -> String {
    format!("{number:016x}")
}

impl LegacyAnswer {
    /// For a plain reply.
    pub(crate) fn plain(self) -> String {
        match self {
            Self::Text(text) | Self::Object(text) => text,
        }
    }

    /// For the `request` field of a JSON reply.
    pub(crate) fn json(self) -> String {
        match self {
            Self::Text(text) => quote(&text),
            Self::Object(object) => object,
        }
    }
}
