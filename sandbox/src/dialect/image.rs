//! What can be said about a picture without looking at it: that it is there, is base64, and is not
//! larger than the provider takes.

use crate::dialect::codes::Dialect;
use crate::outcome::Refusal;
use crate::provider::Provider;

/// Checks a base64 text.
pub(crate) fn check_base64(provider: Provider, dialect: Dialect, text: &str) -> Result<(), Refusal> {
    let body = text.split_once("base64,").map_or(text, |(_, body)| body);
    let body: Vec<u8> = body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=-_".contains(byte);
    if !body.iter().all(known) {
        return Err(Refusal::ImageForm);
    }
    check_size(provider, dialect, body.len() / 4 * 3)
}

/// Checks the size of a picture in bytes.
pub(crate) fn check_size(provider: Provider, dialect: Dialect, bytes: usize) -> Result<(), Refusal> {
    let most = match (provider, dialect) {
        (Provider::TwoCaptcha, Dialect::Json) => 100_000,
        (Provider::TwoCaptcha, Dialect::Legacy) => 600_000,
        (Provider::CapmonsterCloud, _) => 50_000,
        _ => 500_000,
    };
    match bytes {
        0 => Err(Refusal::ImageEmpty),
        _ if bytes > most => Err(Refusal::ImageTooBig),
        _ => Ok(()),
    }
}
