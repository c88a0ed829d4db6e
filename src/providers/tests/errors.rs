//! Every error code that the providers document, and whose fault it is.

use ProviderCode::{AntiCaptcha, CapmonsterCloud, Capsolver, Multibot, TwoCaptcha, UcaptchaNative};

use super::*;
use crate::domain::KeyProblemCode;

/// Providers, scope, the problem that a key shows, and the codes.
type Line = (&'static [ProviderCode], BlameScope, Option<KeyProblemCode>, &'static [&'static str]);

const LINES: &[Line] = &[
    (
        &[TwoCaptcha, CapmonsterCloud, Multibot, UcaptchaNative],
        BlameScope::KeyRejected,
        Some(KeyProblemCode::Rejected),
        &["ERROR_WRONG_USER_KEY", "ERROR_KEY_DOES_NOT_EXIST"],
    ),
    (
        &[TwoCaptcha, AntiCaptcha],
        BlameScope::KeyRejected,
        Some(KeyProblemCode::Rejected),
        &["ERROR_KEY_DOES_NOT_EXIST", "ERROR_ACCOUNT_SUSPENDED"],
    ),
    (&[Capsolver], BlameScope::KeyRejected, Some(KeyProblemCode::Rejected), &["ERROR_KEY_DENIED_ACCESS"]),
    (&[Multibot], BlameScope::KeyRejected, Some(KeyProblemCode::Rejected), &["ERROR_BAD_KEY", "ERROR_KEY_EXPIRED"]),
    (
        &[TwoCaptcha, AntiCaptcha, CapmonsterCloud],
        BlameScope::OurAddress,
        Some(KeyProblemCode::AddressNotAllowed),
        &["ERROR_IP_NOT_ALLOWED"],
    ),
    (
        &[TwoCaptcha, AntiCaptcha, CapmonsterCloud],
        BlameScope::OurAddress,
        Some(KeyProblemCode::ProviderUnavailable),
        &["ERROR_IP_BLOCKED"],
    ),
    (
        &[TwoCaptcha],
        BlameScope::OurAddress,
        Some(KeyProblemCode::ProviderUnavailable),
        &["IP_BANNED", "ERROR: 1001", "ERROR: 1002", "ERROR: 1003", "ERROR: 1004", "ERROR: 1005"],
    ),
    (
        &[Capsolver, CapmonsterCloud],
        BlameScope::OurAddress,
        Some(KeyProblemCode::ProviderUnavailable),
        &["ERROR_IP_BANNED"],
    ),
    (&[Capsolver], BlameScope::OurAddress, Some(KeyProblemCode::TemporarilyBlocked), &["ERROR_KEY_TEMP_BLOCKED"]),
    (
        &[TwoCaptcha, Capsolver, AntiCaptcha, CapmonsterCloud, Multibot, UcaptchaNative],
        BlameScope::KeyEmpty,
        None,
        &["ERROR_ZERO_BALANCE"],
    ),
    (&[Capsolver], BlameScope::KeyEmpty, None, &["ERROR_SETTLEMENT_FAILED"]),
    (&[Multibot], BlameScope::KeyEmpty, None, &["ERROR_ZERO_BLANCE"]),
    (
        &[TwoCaptcha, Capsolver, AntiCaptcha, CapmonsterCloud],
        BlameScope::ProviderTrouble,
        Some(KeyProblemCode::ProviderUnavailable),
        &["ERROR_NO_SLOT_AVAILABLE"],
    ),
    (
        &[TwoCaptcha],
        BlameScope::ProviderTrouble,
        Some(KeyProblemCode::ProviderUnavailable),
        &["MAX_USER_TURN", "CAPCHA_NOT_READY"],
    ),
    (
        &[Capsolver],
        BlameScope::ProviderTrouble,
        Some(KeyProblemCode::ProviderUnavailable),
        &["ERROR_SERVICE_UNAVALIABLE", "ERROR_RATE_LIMIT"],
    ),
    (
        &[AntiCaptcha],
        BlameScope::ProviderTrouble,
        Some(KeyProblemCode::ProviderUnavailable),
        &["ERROR_ALL_WORKERS_FILTERED"],
    ),
    (
        &[CapmonsterCloud],
        BlameScope::ProviderTrouble,
        Some(KeyProblemCode::ProviderUnavailable),
        &["ERROR_TOO_MUCH_REQUESTS", "CAPTCHA_NOT_READY"],
    ),
    (
        &[UcaptchaNative],
        BlameScope::ProviderTrouble,
        Some(KeyProblemCode::ProviderUnavailable),
        &["ERROR_RATE_LIMIT", "ERROR_TOO_MANY_REQUESTS", "ERROR_NO_PROVIDERS_AVAILABLE"],
    ),
    (
        &[TwoCaptcha, Capsolver, AntiCaptcha, CapmonsterCloud, Multibot, UcaptchaNative],
        BlameScope::TaskAtFault,
        None,
        &["ERROR_CAPTCHA_UNSOLVABLE", "ERROR_PROXY_BANNED", "ERROR_TASK_NOT_SUPPORTED"],
    ),
    (
        &[TwoCaptcha, UcaptchaNative],
        BlameScope::TaskAtFault,
        None,
        &[
            "ERROR_PAGEURL",
            "ERROR_ZERO_CAPTCHA_FILESIZE",
            "ERROR_TOO_BIG_CAPTCHA_FILESIZE",
            "ERROR_WRONG_FILE_EXTENSION",
            "ERROR_IMAGE_TYPE_NOT_SUPPORTED",
            "ERROR_UPLOAD",
            "ERROR_BAD_TOKEN_OR_PAGEURL",
            "ERROR_GOOGLEKEY",
            "ERROR_WRONG_GOOGLEKEY",
            "ERROR_SITEKEY",
            "ERROR_PROXY_FORMAT",
            "ERROR_BAD_PROXY",
            "ERROR_PROXY_CONNECTION_FAILED",
            "ERROR_CAPTCHAIMAGE_BLOCKED",
            "TOO_MANY_BAD_IMAGES",
            "ERROR_BAD_PARAMETERS",
            "ERROR_EMPTY_ACTION",
            "ERROR_TOKEN_EXPIRED",
            "ERROR_BAD_DUPLICATES",
            "ERROR_NO_SUCH_METHOD",
            "ERROR_TASK_ABSENT",
        ],
    ),
    (
        &[TwoCaptcha],
        BlameScope::TaskAtFault,
        None,
        &[
            "ERROR_RECAPTCHA_INVALID_SITEKEY",
            "ERROR_BAD_IMGINSTRUCTIONS",
            "ERROR_REPORT_NOT_RECORDED",
            "ERROR_DUPLICATE_REPORT",
        ],
    ),
    (
        &[Capsolver],
        BlameScope::TaskAtFault,
        None,
        &[
            "ERROR_TASK_TIMEOUT",
            "ERROR_UNKNOWN_QUESTION",
            "ERROR_PARSE_IMAGE_FAIL",
            "ERROR_INVALID_TASK_DATA",
            "ERROR_BAD_REQUEST",
            "ERROR_INVALID_IMAGE",
            "ERROR_NO_SUCH_METHOD",
        ],
    ),
    (
        &[AntiCaptcha],
        BlameScope::TaskAtFault,
        None,
        &[
            "ERROR_BAD_DUPLICATES",
            "ERROR_RECAPTCHA_TIMEOUT",
            "ERROR_FAILED_LOADING_WIDGET",
            "ERROR_ZERO_CAPTCHA_FILESIZE",
            "ERROR_TOO_BIG_CAPTCHA_FILESIZE",
            "ERROR_NO_SUCH_METHOD",
            "ERROR_IMAGE_TYPE_NOT_SUPPORTED",
            "ERROR_EMPTY_COMMENT",
            "ERROR_TASK_ABSENT",
            "ERROR_INCORRECT_SESSION_DATA",
            "ERROR_PROXY_CONNECT_REFUSED",
            "ERROR_PROXY_SOMETHING_NEW",
            "ERROR_RECAPTCHA_INVALID_SITEKEY",
            "ERROR_RECAPTCHA_INVALID_DOMAIN",
            "ERROR_RECAPTCHA_OLD_BROWSER",
            "ERROR_TOKEN_EXPIRED",
            "ERROR_INVISIBLE_RECAPTCHA",
            "ERROR_VISIBLE_RECAPTCHA",
            "ERROR_BAD_PARAMETERS",
        ],
    ),
    (
        &[CapmonsterCloud],
        BlameScope::TaskAtFault,
        None,
        &[
            "ERROR_RECAPTCHA_TIMEOUT",
            "ERROR_ZERO_CAPTCHA_FILESIZE",
            "ERROR_TOO_BIG_CAPTCHA_FILESIZE",
            "ERROR_NO_SUCH_METHOD",
            "ERROR_TASK_ABSENT",
            "ERROR_DOMAIN_NOT_ALLOWED",
            "ERROR_TOKEN_EXPIRED",
            "ERROR_RECAPTCHA_INVALID_SITEKEY",
            "ERROR_RECAPTCHA_INVALID_DOMAIN",
            "ERROR_WRONG_USERAGENT",
            "ERROR_PROXY_MISSING",
            "ERROR_PROXY_NOT_AUTHORISED",
            "ERROR_PROXY_READ_TIMEOUT",
        ],
    ),
    (&[Multibot], BlameScope::TaskAtFault, None, &["WRONG_RESULT", "ERROR_WRONG_GOOGLEKEY", "ERROR_SITEKEY"]),
    (
        &[TwoCaptcha, Capsolver, AntiCaptcha, CapmonsterCloud, UcaptchaNative],
        BlameScope::Unknown,
        Some(KeyProblemCode::ProviderUnavailable),
        &["ERROR_NEVER_SEEN", "ERROR_SOME_KEY_THING", ""],
    ),
];

#[test]
fn every_documented_code_has_its_scope() {
    for (providers, scope, problem, codes) in LINES {
        for provider in *providers {
            for code in *codes {
                let blame = entry(*provider).finding(code).blame(None);
                assert_eq!((blame.scope, blame.problem), (*scope, *problem), "{provider} {code}");
            }
        }
    }
}

/// Of an entry's own table, which comes before those that it shares: lost ids have a test of their own.
#[test]
fn no_code_of_a_table_is_without_its_line() {
    let mut missing = Vec::new();
    for provider in ProviderCode::ALL {
        let own = entry(*provider).errors.iter().copied().take(1).flatten();
        for rule in own.filter(|rule| rule.fault != Fault::UnknownTask && !rule.code.starts_with("ERROR_PROXY_")) {
            let has_it = |line: &&Line| line.0.contains(provider) && line.3.contains(&rule.code);
            if !LINES.iter().any(|line| has_it(&line)) {
                missing.push(format!("{provider} {}", rule.code));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn lost_ids_are_told_from_other_errors() {
    for (provider, codes) in [
        (TwoCaptcha, &["ERROR_WRONG_CAPTCHA_ID", "ERROR_WRONG_ID_FORMAT", "ERROR_NO_SUCH_CAPCHA_ID"][..]),
        (Capsolver, &["ERROR_TASKID_INVALID", "ERROR_TASK_NOT_FOUND"]),
        (AntiCaptcha, &["ERROR_NO_SUCH_CAPCHA_ID"]),
        (CapmonsterCloud, &["ERROR_NO_SUCH_CAPCHA_ID", "WRONG_CAPTCHA_ID"]),
        (Multibot, &["ERROR_NOT_CAPTCHA_ID"]),
        (UcaptchaNative, &["ERROR_WRONG_CAPTCHA_ID"]),
    ] {
        for code in codes {
            assert_eq!(entry(provider).finding(code).fault, Fault::UnknownTask, "{provider} {code}");
        }
    }
}
