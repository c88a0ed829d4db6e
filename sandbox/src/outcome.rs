//! What a call led to, before any dialect puts it into words.
//!
//! The desk answers in these terms and the dialects only translate, so both dialects of a
//! provider tell the same story.

use crate::amount::Amount;
use crate::catalogue::Kind;
use crate::clock::Millis;

/// A task to be made, as far as the books and the answer depend on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) kind: Kind,
    /// GeeTest's fourth version, whose answer has other fields.
    pub(crate) fourth_version: bool,
}

/// A solved task.
#[derive(Clone, Debug)]
pub(crate) struct Solved {
    pub(crate) id: String,
    pub(crate) order: Order,
    /// The draw that the answer is made of.
    pub(crate) answer: u64,
    pub(crate) cost: Amount,
    pub(crate) created: Millis,
    pub(crate) ended: Millis,
}

/// What a key holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Standing {
    pub(crate) balance: Amount,
    pub(crate) decimals: u8,
    pub(crate) package_calls: u64,
    pub(crate) captcha_credits: u64,
}

/// The result of a call.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    Created {
        id: String,
        answer: Option<Solved>,
    },
    Pending {
        id: String,
    },
    Ready(Solved),
    /// The task could not be solved.
    Failed {
        id: String,
    },
    /// Answers to the legacy dialect's `ids`, in the order asked.
    Several(Vec<Outcome>),
    Balance(Standing),
    Reported,
    Refused(Refusal),
}

/// Why a call was refused.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Refusal {
    /// No such key; `malformed` when its length alone gives it away.
    KeyUnknown {
        malformed: bool,
    },
    Suspended,
    AddressBanned,
    ZeroBalance,
    NoSlot,
    /// Too many queries for one task.
    PollsExhausted,
    NoSuchTask,
    /// The task id has the wrong form.
    TaskIdForm,
    NoSuchMethod,
    /// The body is not what the dialect expects.
    Unreadable,
    TaskAbsent,
    TaskNotSupported,
    PageAddress,
    SiteKey,
    /// Any other missing or wrong field.
    Fields,
    Proxy,
    ImageEmpty,
    ImageTooBig,
    ImageForm,
    ReportRepeated,
    ReportTooEarly,
    /// An error to order, by its vendor code.
    Ordered {
        code: String,
        http_status: Option<u16>,
    },
}
