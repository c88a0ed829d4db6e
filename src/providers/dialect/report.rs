//! The methods by which dispatchers report on a solution: each provider has its own.

use crate::domain::{ProviderCode, SolutionVerdict, TaskType};
use crate::providers::catalogue::{Report, entry};

/// The method that says in a parameter whether the solution was taken.
const FEEDBACK: &str = "feedbackTask";

/// The verdict that a JSON method of the provider reports; `None` when its parameter is missing.
#[must_use]
pub fn reported_verdict(code: ProviderCode, method: &str, invalid: Option<bool>) -> Option<SolutionVerdict> {
    if method == FEEDBACK {
        return invalid.map(|no| if no { SolutionVerdict::Rejected } else { SolutionVerdict::Accepted });
    }
    [SolutionVerdict::Rejected, SolutionVerdict::Accepted]
        .into_iter()
        .find(|verdict| reports(code, *verdict, |report| is_method(report, method)))
}

/// Whether the provider has a method that reports on a solution.
#[must_use]
pub fn has_report_method(code: ProviderCode, method: &str) -> bool {
    let matches = |report| match report {
        Report::Feedback { .. } => method == FEEDBACK,
        other => is_method(other, method),
    };
    SolutionVerdict::ALL.iter().any(|verdict| reports(code, *verdict, matches))
}

fn reports(code: ProviderCode, verdict: SolutionVerdict, matches: impl Fn(Report) -> bool) -> bool {
    TaskType::ALL.iter().any(|task_type| matches((entry(code).report)(*task_type, verdict)))
}

/// Whether a report goes out by the method, or by the one that the method is an alias of.
fn is_method(report: Report, method: &str) -> bool {
    let alias = report == Report::Method("reportIncorrectTokenCaptcha") && method == "reportIncorrectRecaptcha";
    alias || matches!(report, Report::Method(name) if name == method)
}

/// Whether a method reports on a solution at any provider.
#[must_use]
pub fn is_report_method(method: &str) -> bool {
    ProviderCode::ALL.iter().any(|code| has_report_method(*code, method))
}

#[cfg(test)]
mod tests {
    use ProviderCode::{AntiCaptcha, CapmonsterCloud, Capsolver, Multibot, TwoCaptcha};

    use super::*;

    #[test]
    fn reports_are_each_providers_own() {
        use SolutionVerdict::{Accepted, Rejected};
        for (code, method, verdict) in [
            (TwoCaptcha, "reportIncorrect", Some(Rejected)),
            (TwoCaptcha, "reportCorrect", Some(Accepted)),
            (AntiCaptcha, "reportCorrectRecaptcha", Some(Accepted)),
            (AntiCaptcha, "reportIncorrectHcaptcha", Some(Rejected)),
            (CapmonsterCloud, "reportIncorrectRecaptcha", Some(Rejected)),
            (CapmonsterCloud, "reportIncorrectTokenCaptcha", Some(Rejected)),
        ] {
            assert!(has_report_method(code, method), "{code} {method}");
            assert_eq!(reported_verdict(code, method, None), verdict);
        }
        assert_eq!(reported_verdict(Capsolver, "feedbackTask", Some(true)), Some(Rejected));
        assert_eq!(reported_verdict(Capsolver, "feedbackTask", None), None);
        for (code, method) in [
            (TwoCaptcha, "feedbackTask"),
            (Multibot, "reportIncorrect"),
            (AntiCaptcha, "sendFunds"),
            (AntiCaptcha, "reportIncorrectTokenCaptcha"),
        ] {
            assert!(!has_report_method(code, method), "{code} {method}");
        }
        assert!(is_report_method("feedbackTask") && !is_report_method("sendFunds"));
    }
}
