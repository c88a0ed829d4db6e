//! What an error code means, and the table that the `in.php` family shares.
//!
//! A fault is the catalogue's finer word for a [`BlameScope`]: it also tells a lost task id, an
//! answer that is not ready yet, and how long the provider stays angry. Only [`Fault::Rejected`]
//! and [`Fault::Empty`] may touch a key's status, and only typed codes lead there.

use std::time::Duration;

use crate::domain::{Blame, BlameScope, KeyProblemCode};

/// What an error code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The key is wrong, expired or disabled.
    Rejected,
    /// The key's balance is used up.
    Empty,
    /// The key may not be used from our address.
    AddressNotAllowed,
    /// Our address or account is refused, for so many seconds.
    AddressBanned(u64),
    /// The key is blocked for a while, for so many seconds.
    KeyBlocked(u64),
    /// Overloaded or throttling: come back after so many seconds.
    Busy(u64),
    /// The task was tried and not solved.
    Unsolvable,
    /// The task, its proxy or its parameters are bad.
    BadTask,
    /// The provider does not know the task id.
    UnknownTask,
    /// Not an error: the answer is not ready.
    NotReady,
    /// No table knows the code.
    Unknown,
}

/// A line of an error table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule {
    /// The provider's code.
    pub(crate) code: &'static str,
    /// Its `errorId`, where the provider numbers its errors.
    pub(crate) number: u32,
    /// What it means.
    pub(crate) fault: Fault,
}

/// What was found for a code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finding {
    /// What it means.
    pub(crate) fault: Fault,
    /// The code as the table has it.
    pub(crate) code: Option<&'static str>,
    /// Its `errorId`.
    pub(crate) number: u32,
}

/// A line whose error has no number of its own.
pub(super) const fn rule(code: &'static str, fault: Fault) -> Rule {
    Rule { code, number: 1, fault }
}

/// A line whose error has the given number.
pub(super) const fn numbered(number: u32, code: &'static str, fault: Fault) -> Rule {
    Rule { code, number, fault }
}

impl Finding {
    /// The fault as blame; `asked` is the wait that the reply itself asks for.
    pub(crate) fn blame(&self, asked: Option<Duration>) -> Blame {
        let (scope, problem, wait) = match self.fault {
            Fault::Rejected => (BlameScope::KeyRejected, Some(KeyProblemCode::Rejected), 0),
            Fault::Empty => (BlameScope::KeyEmpty, None, 0),
            Fault::AddressNotAllowed => (BlameScope::OurAddress, Some(KeyProblemCode::AddressNotAllowed), 0),
            Fault::AddressBanned(wait) => (BlameScope::OurAddress, Some(KeyProblemCode::ProviderUnavailable), wait),
            Fault::KeyBlocked(wait) => (BlameScope::OurAddress, Some(KeyProblemCode::TemporarilyBlocked), wait),
            Fault::Busy(wait) => (BlameScope::ProviderTrouble, Some(KeyProblemCode::ProviderUnavailable), wait),
            Fault::NotReady => (BlameScope::ProviderTrouble, Some(KeyProblemCode::ProviderUnavailable), 0),
            Fault::Unsolvable | Fault::BadTask => (BlameScope::TaskAtFault, None, 0),
            Fault::UnknownTask | Fault::Unknown => (BlameScope::Unknown, Some(KeyProblemCode::ProviderUnavailable), 0),
        };
        let table = (wait > 0).then(|| Duration::from_secs(wait));
        Blame { scope, problem, code: self.code, retry_after: asked.max(table) }
    }
}

/// Whether a code rejects the API key: it speaks of it, and neither of a site's key nor of a moment's trouble.
pub(super) fn names_the_key(code: &str) -> bool {
    let rest = code.strip_prefix("ERROR_").unwrap_or("");
    let of_others = ["GOOGLEKEY", "SITEKEY", "BLOCK", "BUSY", "LIMIT", "TEMP"];
    rest.contains("KEY") && !of_others.iter().any(|word| rest.contains(word))
}

/// The codes of `in.php` and `res.php` as 2Captcha made them and others copied them.
pub(super) const CLASSIC: &[Rule] = &[
    rule("ERROR_WRONG_USER_KEY", Fault::Rejected),
    rule("ERROR_KEY_DOES_NOT_EXIST", Fault::Rejected),
    rule("ERROR_IP_NOT_ALLOWED", Fault::AddressNotAllowed),
    rule("IP_BANNED", Fault::AddressBanned(300)),
    // What our address has done too often: https://2captcha.com/2captcha-api#limits
    rule("ERROR: 1001", Fault::AddressBanned(600)),
    rule("ERROR: 1002", Fault::AddressBanned(300)),
    rule("ERROR: 1003", Fault::AddressBanned(30)),
    rule("ERROR: 1004", Fault::AddressBanned(600)),
    rule("ERROR: 1005", Fault::AddressBanned(300)),
    rule("ERROR_ZERO_BALANCE", Fault::Empty),
    rule("ERROR_NO_SLOT_AVAILABLE", Fault::Busy(5)),
    rule("MAX_USER_TURN", Fault::Busy(10)),
    rule("ERROR_CAPTCHA_UNSOLVABLE", Fault::Unsolvable),
    rule("ERROR_BAD_DUPLICATES", Fault::Unsolvable),
    rule("ERROR_PAGEURL", Fault::BadTask),
    rule("ERROR_ZERO_CAPTCHA_FILESIZE", Fault::BadTask),
    rule("ERROR_TOO_BIG_CAPTCHA_FILESIZE", Fault::BadTask),
    rule("ERROR_WRONG_FILE_EXTENSION", Fault::BadTask),
    rule("ERROR_IMAGE_TYPE_NOT_SUPPORTED", Fault::BadTask),
    rule("ERROR_UPLOAD", Fault::BadTask),
    rule("ERROR_BAD_TOKEN_OR_PAGEURL", Fault::BadTask),
    rule("ERROR_GOOGLEKEY", Fault::BadTask),
    rule("ERROR_WRONG_GOOGLEKEY", Fault::BadTask),
    rule("ERROR_SITEKEY", Fault::BadTask),
    rule("ERROR_PROXY_FORMAT", Fault::BadTask),
    rule("ERROR_BAD_PROXY", Fault::BadTask),
    rule("ERROR_PROXY_CONNECTION_FAILED", Fault::BadTask),
    rule("ERROR_CAPTCHAIMAGE_BLOCKED", Fault::BadTask),
    rule("TOO_MANY_BAD_IMAGES", Fault::BadTask),
    rule("ERROR_BAD_PARAMETERS", Fault::BadTask),
    rule("ERROR_EMPTY_ACTION", Fault::BadTask),
    rule("ERROR_TOKEN_EXPIRED", Fault::BadTask),
    rule("ERROR_NO_SUCH_METHOD", Fault::BadTask),
    rule("ERROR_TASK_ABSENT", Fault::BadTask),
    rule("ERROR_TASK_NOT_SUPPORTED", Fault::BadTask),
    rule("ERROR_REPORT_NOT_RECORDED", Fault::BadTask),
    rule("ERROR_DUPLICATE_REPORT", Fault::BadTask),
    rule("ERROR_WRONG_CAPTCHA_ID", Fault::UnknownTask),
    rule("ERROR_WRONG_ID_FORMAT", Fault::UnknownTask),
    rule("ERROR_NO_SUCH_CAPCHA_ID", Fault::UnknownTask),
    rule("CAPCHA_NOT_READY", Fault::NotReady),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_typed_rejections_and_empty_keys_touch_a_key() {
        for fault in [
            Fault::AddressNotAllowed,
            Fault::AddressBanned(1),
            Fault::KeyBlocked(1),
            Fault::Busy(1),
            Fault::Unsolvable,
            Fault::BadTask,
            Fault::UnknownTask,
            Fault::NotReady,
            Fault::Unknown,
        ] {
            let scope = Finding { fault, code: None, number: 1 }.blame(None).scope;
            assert!(!matches!(scope, BlameScope::KeyRejected | BlameScope::KeyEmpty), "{fault:?}");
        }
    }

    #[test]
    fn the_longer_wait_counts() {
        let finding = Finding { fault: Fault::Busy(10), code: None, number: 1 };
        assert_eq!(finding.blame(None).retry_after, Some(Duration::from_secs(10)));
        assert_eq!(finding.blame(Some(Duration::from_secs(99))).retry_after, Some(Duration::from_secs(99)));
    }

    #[test]
    fn a_sites_key_is_not_the_key() {
        assert!(names_the_key("ERROR_KEY_EXPIRED") && names_the_key("ERROR_WRONG_KEY"));
        assert!(!names_the_key("ERROR_WRONG_SITEKEY") && !names_the_key("ERROR_BAD_GOOGLEKEY"));
        assert!(!names_the_key("ERROR_KEY_TEMP_BLOCKED") && !names_the_key("ERROR_KEY_BUSY"));
        assert!(!names_the_key("KEY"));
    }
}
