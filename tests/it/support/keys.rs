//! Made-up keys in each provider's format.

use super::database::rand_u64;

/// A key that nobody has, in the format of the provider.
pub(crate) fn fresh_key(slug: &str) -> String {
    let hex = format!("{:016x}{:016x}", rand_u64(), rand_u64());
    match slug {
        "two_captcha" | "anti_captcha" | "capmonster_cloud" => hex,
        "capsolver" => format!("CAP-{}", hex.to_uppercase()),
        "multibot" => format!("Mb{}", &hex[..30]),
        "ucaptcha_native" => format!("ucap_{hex}"),
        other => panic!("no provider {other}"),
    }
}
