//! A decision in one English sentence with its main reason, for people who read along.

use crate::domain::decision::{Candidate, Choice, ExclusionReason};
use crate::domain::provider::ProviderInfo;
use crate::domain::{Decision, KeyClass, ProviderCode};

/// Relative differences below this are not worth a word.
const SAME: f64 = 0.01;

/// Relative differences below this are slight.
const SLIGHT: f64 = 0.25;

/// What keeps keys back, the reasons closest to a choice first.
const KEY_REASONS: [(ExclusionReason, &str); 5] = [
    (ExclusionReason::KeyBusy, "busy"),
    (ExclusionReason::KeyTooLow, "below the estimate"),
    (ExclusionReason::KeyTried, "already tried"),
    (ExclusionReason::KeyStale, "not read for an hour"),
    (ExclusionReason::KeyNotUsable, "not usable"),
];

/// What closes providers that solve this kind of task.
const PROVIDER_REASONS: [(ExclusionReason, &str); 3] = [
    (ExclusionReason::ProviderUnavailable, "paused"),
    (ExclusionReason::RateMissing, "without a dollar rate"),
    (ExclusionReason::NotRequested, "not asked for"),
];

/// The decision in one sentence, such as "CapSolver 0.81, ahead of 2Captcha 0.74: cheaper, slightly
/// slower; own key × 1.12".
#[must_use]
pub fn summary(decision: &Decision, infos: &[ProviderInfo]) -> String {
    let scored = |candidate: &Candidate| format!("{} {:.2}", name(candidate.provider, infos), candidate.score);
    let served = decision.choice.as_ref().and_then(|choice| {
        let rank = decision.candidates.iter().position(|candidate| candidate.provider == choice.provider)?;
        Some((choice, rank, &decision.candidates[rank]))
    });
    match served {
        None => no_choice(decision, infos),
        // A lease that found the best keys taken has fallen back.
        Some((choice, rank @ 1.., serving)) => {
            let better = scored(&decision.candidates[rank - 1]);
            format!("{}, since the keys of {better} were taken; {}", scored(serving), class(choice, serving))
        }
        Some((choice, 0, winner)) => match decision.candidates.get(1) {
            None => format!("{}, the only candidate; {}", scored(winner), class(choice, winner)),
            Some(second) => {
                let words = versus(winner, second);
                format!("{}, ahead of {}: {words}; {}", scored(winner), scored(second), class(choice, winner))
            }
        },
    }
}

fn name(provider: ProviderCode, infos: &[ProviderInfo]) -> &'static str {
    infos.iter().find(|info| info.code == provider).map_or(provider.as_str(), |info| info.name)
}

fn class(choice: &Choice, serving: &Candidate) -> String {
    match choice.key_class {
        KeyClass::Own if serving.bias > 1.0 => format!("own key × {:.2}", serving.bias),
        KeyClass::Own => "own key".to_owned(),
        KeyClass::Shared => "another owner's key".to_owned(),
        KeyClass::Platform => "a platform key".to_owned(),
    }
}

/// What the winner has over the second, and what it lacks.
#[expect(clippy::cast_precision_loss, reason = "a ratio of prices")]
fn versus(winner: &Candidate, second: &Candidate) -> String {
    let cost = |candidate: &Candidate| candidate.cost.nanos() as f64;
    let words: Vec<String> = [
        compare(cost(winner), cost(second), "cheaper", "dearer"),
        compare(winner.solve_seconds, second.solve_seconds, "faster", "slower"),
        compare(second.success_rate, winner.success_rate, "more reliable", "less reliable"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if words.is_empty() { "otherwise alike".to_owned() } else { words.join(", ") }
}

/// The word for a figure that is lower or higher than the other one.
fn compare(one: f64, other: f64, lower: &str, higher: &str) -> Option<String> {
    let largest = one.abs().max(other.abs());
    let difference = if largest > 0.0 { (one - other).abs() / largest } else { 0.0 };
    let word = if one < other { lower } else { higher };
    if difference < SAME {
        None
    } else if difference < SLIGHT {
        Some(format!("slightly {word}"))
    } else {
        Some(word.to_owned())
    }
}

fn no_choice(decision: &Decision, infos: &[ProviderInfo]) -> String {
    let of = |reason| decision.exclusions.iter().filter(move |exclusion| exclusion.reason == reason);
    let keys = KEY_REASONS.iter().filter_map(|(reason, words)| {
        let count: usize = of(*reason).filter_map(|exclusion| exclusion.keys).sum();
        (count > 0).then(|| format!("{count} {words}"))
    });
    let providers = PROVIDER_REASONS.iter().filter_map(|(reason, words)| {
        let names: Vec<&str> = of(*reason).map(|exclusion| name(exclusion.provider, infos)).collect();
        (!names.is_empty()).then(|| format!("{} {words}", names.join(", ")))
    });
    let reasons: Vec<String> = keys.chain(providers).collect();
    if reasons.is_empty() {
        "No key can serve this: there is none at a provider that solves it".to_owned()
    } else {
        format!("No key can serve this: {}", reasons.join("; "))
    }
}
