//! The schema's enums: faces of the domain's, converted both ways.
//!
//! The texts are the schema's descriptions. A value that the domain gains does not compile until it
//! is named here.

use async_graphql::Enum;

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::key::KeyStatus")]
pub(crate) enum KeyStatus {
    /// Handed over, the provider's verdict is awaited.
    Pending,
    /// Validated and in the routing pool.
    Active,
    /// Balance used up; it returns by itself after a top-up.
    Depleted,
    /// Rejected by the provider.
    Invalid,
    /// Removed by its owner.
    Removed,
}

/// What can stand in a key's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::key::KeyProblemCode")]
pub(crate) enum KeyProblemCode {
    /// The provider rejects the key: wrong, expired or disabled; the key is INVALID.
    Rejected,
    /// The provider rejected the key once; it rests until a second look.
    RejectionUnconfirmed,
    /// It waits for its turn to be validated.
    ValidationQueued,
    /// The provider does not let our servers use this key; its owner can allow them there.
    AddressNotAllowed,
    /// The provider blocks the key for a while.
    TemporarilyBlocked,
    /// The provider is in trouble or refuses our servers; the key is not to blame.
    ProviderUnavailable,
    /// The provider's figure could not be read and the last one stands.
    BalanceUnreadable,
    /// The provider counts in tokens and no dollar rate is set, so the key is not lent.
    RateMissing,
    /// The key's worth is a package or subscription that tasks would use up without a credit, so it is not lent.
    Prepaid,
    /// The key rests until it is known whether an attempt was charged.
    CheckingCharge,
    /// Stopped by an operator or by the key's rightful owner.
    Blocked,
    /// Its stored form failed the seal's check; hand the key over again.
    IntegrityFailed,
}

/// Where a balance figure came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::key::BalanceSource")]
pub(crate) enum BalanceSource {
    /// The regular read every few minutes.
    Sync,
    /// A check the owner asked for.
    Manual,
    /// A reading around an attempt, to learn its cost.
    Attempt,
}

/// Kinds of movement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::transfer::TransferKind")]
pub(crate) enum TransactionKind {
    /// Credits bought.
    Deposit,
    /// Credits spent on tasks.
    Spend,
    /// The provider's charge on a recycled key, credited to its owner.
    RecycleCredit,
    /// A recycling credit taken back.
    RecycleReversal,
    /// A correction after reconciliation.
    Adjustment,
}

/// How the cost of an attempt is learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::provider::CostSource")]
pub(crate) enum CostSource {
    /// The provider states the cost of each task.
    Reported,
    /// The key's balance before and after.
    BalanceDelta,
    /// The provider's list price, provisional until reconciled.
    PriceList,
}

/// Constant names of the providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::provider::ProviderCode")]
pub(crate) enum ProviderCode {
    /// 2Captcha.
    TwoCaptcha,
    /// CapSolver.
    Capsolver,
    /// Anti-Captcha.
    AntiCaptcha,
    /// CapMonster Cloud.
    CapmonsterCloud,
    /// Multibot.
    Multibot,
    /// UCaptcha Native.
    UcaptchaNative,
}

/// How a provider does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::provider::ProviderHealth")]
pub(crate) enum ProviderHealth {
    /// Calls succeed.
    Healthy,
    /// Many calls fail, or the first trial calls after a pause run.
    Degraded,
    /// Calls are paused.
    Unavailable,
}

/// Kinds of task, the same for all providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::provider::TaskType")]
pub(crate) enum TaskType {
    /// Text from a picture.
    ImageToText,
    /// ReCAPTCHA v2.
    RecaptchaV2,
    /// ReCAPTCHA v2 Enterprise.
    RecaptchaV2Enterprise,
    /// ReCAPTCHA v3.
    RecaptchaV3,
    /// ReCAPTCHA v3 Enterprise.
    RecaptchaV3Enterprise,
    /// HCaptcha.
    Hcaptcha,
    /// Cloudflare Turnstile.
    Turnstile,
    /// Arkose FunCaptcha.
    Funcaptcha,
    /// GeeTest v3 or v4.
    Geetest,
    /// DataDome slider.
    Datadome,
    /// AWS WAF.
    AwsWaf,
}

/// Whose key serves a task, in the order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::attempt::KeyClass")]
pub(crate) enum KeyClass {
    /// A key of the account that asked.
    Own,
    /// A key of another owner.
    Shared,
    /// A key of the platform.
    Platform,
}

/// Why a provider or a key is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::decision::ExclusionReason")]
pub(crate) enum RouteExclusionReason {
    /// The request rules the provider out.
    NotRequested,
    /// The provider does not solve this kind of task in this way.
    TaskUnsupported,
    /// Calls to the provider are paused.
    ProviderUnavailable,
    /// The provider counts in tokens and no dollar rate is set.
    RateMissing,
    /// Another candidate is both faster and cheaper.
    Dominated,
    /// The keys are not ACTIVE, or a problem keeps them from being lent.
    KeyNotUsable,
    /// The keys' balances are over an hour old.
    KeyStale,
    /// What is available on the keys is under the estimate.
    KeyTooLow,
    /// The keys have as many attempts under way as they may.
    KeyBusy,
    /// The keys were already tried for this task.
    KeyTried,
}

/// Where an attempt is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::attempt::AttemptState")]
pub(crate) enum AttemptState {
    /// The hold is placed and nothing was sent.
    Reserved,
    /// Sent to the provider, its answer is awaited.
    Sent,
    /// The provider works on it.
    Submitted,
    /// Solved, charged and credited.
    Settled,
    /// Failed without a charge.
    FailedFree,
    /// Failed, yet charged and credited.
    FailedCharged,
    /// Nobody knows yet whether the provider took or charged it.
    Unknown,
    /// Evidence did not decide, or the cost is not believable; an operator has to.
    UnderReview,
    /// Given back unused.
    Released,
    /// Never used in time.
    Expired,
}

/// What the target site said to a solution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "crate::domain::attempt::SolutionVerdict")]
pub(crate) enum SolutionVerdict {
    /// It was taken.
    Accepted,
    /// It was refused.
    Rejected,
}
