//! The catalogue: one entry a provider, facts only.
//!
//! An entry says where a provider is, what its keys look like, what it solves at which list price,
//! which protocol carries what, how its costs are learnt, its limits, and what its error codes
//! mean. Code elsewhere asks the entry and never the provider's name, so a seventh provider is one
//! more file here and a line in [`entry`].

mod anti_captcha;
mod capmonster_cloud;
mod capsolver;
mod fault;
mod multibot;
mod two_captcha;
mod ucaptcha_native;

use std::time::Duration;

use super::key_format::KeyFormat;
use crate::domain::{CostSource, ProviderCode, SolutionVerdict, TaskType};

pub(crate) use fault::{Fault, Finding, Rule};

/// What is known of a provider.
pub(crate) struct Entry {
    /// Its constant name.
    pub(crate) code: ProviderCode,
    /// Its name as people write it.
    pub(crate) name: &'static str,
    /// What its keys look like.
    pub(crate) key: KeyFormat,
    /// Where its JSON dialect is by default.
    pub(crate) base_url: &'static str,
    /// Where its legacy dialect is by default.
    pub(crate) legacy_base_url: &'static str,
    /// What its balance counts.
    pub(crate) unit: Unit,
    /// How the cost of a task is learnt.
    pub(crate) cost_source: CostSource,
    /// Error codes of failed tasks that are charged all the same.
    pub(crate) charged_failures: &'static [&'static str],
    /// What beside money can make a key worth something.
    pub(crate) prepaid: Prepaid,
    /// Which protocol goes out for which that comes in.
    pub(crate) routes: Routes,
    /// Whether task ids travel as JSON integers.
    pub(crate) integer_ids: bool,
    /// How its replies look to the dispatcher.
    pub(crate) habits: Habits,
    /// The report call for a verdict.
    pub(crate) report: fn(TaskType, SolutionVerdict) -> Report,
    /// How fast and how long it may be asked.
    pub(crate) limits: Limits,
    /// What it solves.
    pub(crate) tasks: &'static [Task],
    /// What its error codes mean; the first table that knows a code decides.
    pub(crate) errors: &'static [&'static [Rule]],
    /// Whether an unknown code that names the key is a rejection of it.
    pub(crate) unknown_key_codes_reject: bool,
}

/// What a balance counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// US dollars.
    Dollars,
    /// Tokens of the provider's own; list prices are nano-tokens.
    Tokens,
}

/// What beside money can make a key worth something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prepaid {
    /// Nothing.
    None,
    /// `packages` with calls left.
    Packages,
    /// `captchaCredits` above zero.
    Credits,
}

/// A protocol between us and a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Upstream {
    /// `createTask` and its kin.
    Json,
    /// `in.php` and `res.php`.
    Legacy,
}

/// How a task that came in by one dialect goes out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    /// By what the task is created.
    pub(crate) create: Upstream,
    /// By what its result is asked for.
    pub(crate) poll: Upstream,
}

/// Which protocol carries what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Routes {
    /// By what the balance is read.
    pub(crate) balance: Upstream,
    /// For tasks of the JSON dialect.
    pub(crate) json: Route,
    /// For tasks of the legacy dialect; `None` when the provider has no such thing.
    pub(crate) legacy: Option<Route>,
    /// The `action` that asks for a result over `res.php`.
    pub(crate) legacy_poll: &'static str,
    /// The `method` of a picture over `in.php`.
    pub(crate) legacy_image: &'static str,
}

/// Both ways over one protocol.
pub(crate) const fn by(upstream: Upstream) -> Route {
    Route { create: upstream, poll: upstream }
}

/// How replies look to the dispatcher, so that strict client libraries take them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits {
    /// Members of a ready reply beside `errorId`, `status` and `solution`.
    pub(crate) extras: &'static [&'static str],
    /// Which `errorCode` and `errorDescription` a reply without an error carries.
    pub(crate) blank_error: Option<Blank>,
    /// `status` of a fresh task in the reply to `createTask`.
    pub(crate) created_status: Option<&'static str>,
    /// Whether `getTaskResult` repeats the task id.
    pub(crate) repeats_task_id: bool,
    /// The HTTP status of an error.
    pub(crate) error_status: fn(Fault) -> u16,
    /// Whether a failed task is told by `status` with `errorId` 0.
    pub(crate) failed_status: bool,
    /// What an accepted report is answered with, as name and text.
    pub(crate) recorded: (&'static str, &'static str),
    /// What our own refusals are called.
    pub(crate) refusals: Refusals,
}

/// A provider's names for what the gateway refuses by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusals {
    /// The key is not known.
    pub(crate) unknown_key: &'static str,
    /// The parameters are bad.
    pub(crate) bad_parameters: &'static str,
    /// The task id is not known.
    pub(crate) unknown_task: &'static str,
    /// The method is not known.
    pub(crate) unknown_method: &'static str,
    /// Come back later.
    pub(crate) busy: &'static str,
}

/// The names of 2Captcha and those who follow it.
pub(crate) const CLASSIC_REFUSALS: Refusals = Refusals {
    unknown_key: "ERROR_KEY_DOES_NOT_EXIST",
    bad_parameters: "ERROR_BAD_PARAMETERS",
    unknown_task: "ERROR_NO_SUCH_CAPCHA_ID",
    unknown_method: "ERROR_NO_SUCH_METHOD",
    busy: "ERROR_NO_SLOT_AVAILABLE",
};

/// Errors come with HTTP 200.
pub(crate) const fn always_ok(_: Fault) -> u16 {
    200
}

/// How an absent error is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blank {
    /// As empty text.
    Text,
    /// As null.
    Null,
}

/// What is called to report on a solution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Report {
    /// Nothing.
    None,
    /// A method that takes key and task id.
    Method(&'static str),
    /// `feedbackTask` with `result.invalid`.
    Feedback {
        /// Whether the solution was refused.
        invalid: bool,
    },
}

/// How fast and how long a provider may be asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Requests a second by default.
    pub(crate) requests_per_second: u32,
    /// Requests at once by default.
    pub(crate) concurrency: usize,
    /// Pause between two polls of a picture.
    pub(crate) image_interval: Duration,
    /// Pause between two polls of a token.
    pub(crate) token_interval: Duration,
    /// Wait before a picture is asked for.
    pub(crate) first_image_poll: Duration,
    /// Wait before a token is asked for.
    pub(crate) first_token_poll: Duration,
    /// How long after its creation a task's result may be had.
    pub(crate) result_window: Duration,
    /// Most polls of one task.
    pub(crate) poll_cap: u32,
    /// Keys that it may reject in ten minutes, well under what makes it ban our address.
    pub(crate) rejections: usize,
}

/// A kind of task as a provider offers it.
pub(crate) struct Task {
    /// The kind.
    pub(crate) task_type: TaskType,
    /// List price: nano-dollars, or nano-tokens where the unit is tokens.
    pub(crate) price: i64,
    /// Time to a solution that is assumed before any was seen, in seconds.
    pub(crate) seconds: f64,
    /// Share of solved attempts that is assumed before any was seen.
    pub(crate) success: f64,
    /// Its names, those to be shown first.
    pub(crate) names: &'static [Name],
}

/// A type name of a provider.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Name {
    /// The name, case-sensitive.
    pub(crate) text: &'static str,
    /// What it says about a proxy.
    pub(crate) proxy: Proxy,
    /// The `class` that must stand beside it.
    pub(crate) class: Option<&'static str>,
}

/// What a type name says about a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Proxy {
    /// The provider brings it.
    Without,
    /// The caller brings it.
    With,
    /// The caller may bring it.
    Either,
}

/// A name for tasks without a proxy.
pub(crate) const fn without(text: &'static str) -> Name {
    Name { text, proxy: Proxy::Without, class: None }
}

/// A name for tasks with the caller's proxy.
pub(crate) const fn with(text: &'static str) -> Name {
    Name { text, proxy: Proxy::With, class: None }
}

/// A name for tasks with or without the caller's proxy.
pub(crate) const fn either(text: &'static str) -> Name {
    Name { text, proxy: Proxy::Either, class: None }
}

/// A kind of task with its list price, the assumed seconds and success, and its names.
pub(crate) const fn task(task_type: TaskType, price: i64, seconds: f64, success: f64, names: &'static [Name]) -> Task {
    Task { task_type, price, seconds, success, names }
}

/// The entry of a provider.
pub(crate) const fn entry(code: ProviderCode) -> &'static Entry {
    match code {
        ProviderCode::TwoCaptcha => &two_captcha::ENTRY,
        ProviderCode::Capsolver => &capsolver::ENTRY,
        ProviderCode::AntiCaptcha => &anti_captcha::ENTRY,
        ProviderCode::CapmonsterCloud => &capmonster_cloud::ENTRY,
        ProviderCode::Multibot => &multibot::ENTRY,
        ProviderCode::UcaptchaNative => &ucaptcha_native::ENTRY,
    }
}

impl Entry {
    /// The offer for a kind of task.
    pub(crate) fn task(&self, task_type: TaskType) -> Option<&Task> {
        self.tasks.iter().find(|task| task.task_type == task_type)
    }

    /// The route for a task of the caller's dialect.
    pub(crate) fn route(&self, dialect: crate::domain::attempt::Dialect) -> Option<Route> {
        match dialect {
            crate::domain::attempt::Dialect::Json => Some(self.routes.json),
            crate::domain::attempt::Dialect::Legacy => self.routes.legacy,
        }
    }

    /// What an error code means here.
    pub(crate) fn finding(&self, code: &str) -> Finding {
        if let Some(rule) = self.errors.iter().copied().flatten().find(|rule| rule.code == code) {
            return Finding { fault: rule.fault, code: Some(rule.code), number: rule.number };
        }
        let unknown = |fault| Finding { fault, code: None, number: 1 };
        // All six name proxy trouble this way; no list of it is complete.
        if code.starts_with("ERROR_PROXY_") {
            return unknown(Fault::BadTask);
        }
        if self.unknown_key_codes_reject && fault::names_the_key(code) {
            return unknown(Fault::Rejected);
        }
        unknown(Fault::Unknown)
    }
}

impl Task {
    /// The name shown for tasks without or with the caller's proxy.
    pub(crate) fn shown_name(&self, proxied: bool) -> Option<&'static str> {
        let other = if proxied { Proxy::Without } else { Proxy::With };
        self.names.iter().find(|name| name.proxy != other).map(|name| name.text)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn entries_are_whole() {
        for code in ProviderCode::ALL {
            let entry = entry(*code);
            assert_eq!(entry.code, *code);
            for url in [entry.base_url, entry.legacy_base_url] {
                assert!(url.starts_with("https://"), "{url}");
            }
            assert!(!entry.tasks.is_empty());
            for task in entry.tasks {
                assert!(task.price > 0 && task.seconds > 0.0 && (0.0..=1.0).contains(&task.success));
                assert!(task.shown_name(false).or(task.shown_name(true)).is_some());
            }
            for charged in entry.charged_failures {
                assert_eq!(entry.finding(charged).fault, Fault::Unsolvable);
            }
            let polls = entry.limits.token_interval * entry.limits.poll_cap;
            assert!(polls >= entry.limits.result_window, "{code}: the cap outlasts the window");
        }
    }

    #[test]
    fn no_table_names_a_code_twice() {
        for code in ProviderCode::ALL {
            for table in entry(*code).errors {
                let codes: HashSet<&str> = table.iter().map(|rule| rule.code).collect();
                assert_eq!(codes.len(), table.len(), "{code}");
            }
        }
    }
}
