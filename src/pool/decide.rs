//! From a request to a decision: what each provider could offer, the ranking, and the keys drawn.
//!
//! Every key of a provider is counted once: among the eligible, or under the first reason in this
//! order that keeps it back: not usable (which is any status but ACTIVE, REMOVED keys left out),
//! stale, busy, too low, tried. A provider without keys shows as `KEY_NOT_USABLE` with none.

use super::draw::{Class, DrawSeed, Drawn};
use super::index::{Index, Ready};
use super::statistics::Figures;
use super::tree::{Slot, Sum};
use super::{Pool, State};
use crate::domain::account::PLATFORM;
use crate::domain::decision::{Candidate, Choice, Exclusion, ExclusionReason};
use crate::domain::provider::{ProviderInfo, TaskOffer};
use crate::domain::{Decision, KeyClass, KeyId, RouteRequest, Timestamp, Usd};
use crate::routing::{self, RoutingInput};

/// The choice and two to fall back on: a lease is tried on so many keys.
const SHORTLIST: usize = 3;

/// What one provider could offer.
struct Survey<'a> {
    info: &'a ProviderInfo,
    figures: Figures,
    /// In the order of preference.
    classes: [Class<'a>; 3],
    own_available: Usd,
}

impl Survey<'_> {
    fn sum(&self) -> Sum {
        self.classes.iter().map(Class::sum).fold(Sum::default(), |all, class| all + class)
    }

    fn input(&self) -> RoutingInput {
        RoutingInput {
            provider: self.info.code,
            eligible_keys: self.sum().keys,
            samples: self.figures.samples,
            cost: self.figures.cost,
            solve_seconds: self.figures.solve_seconds,
            success_rate: self.figures.success_rate,
            own_available: self.own_available,
            estimate: self.figures.estimate,
        }
    }
}

impl Pool {
    /// Which key a task gets, from memory and without any effect: the draw of the seed's task and
    /// attempt, or the likeliest key without a seed. The keys tried before are left out.
    #[must_use]
    pub fn decide(&self, request: &RouteRequest, draw: Option<DrawSeed<'_>>, tried: &[KeyId]) -> Decision {
        let now = self.clock.now();
        self.pass_time(now);
        let state = self.read();
        let tried = tried_and_ready(&state.index, tried);
        let (mut surveys, mut exclusions) = (Vec::new(), Vec::new());
        for info in &self.infos {
            match open_offer(info, request, &state, now) {
                Err(exclusion) => exclusions.push(exclusion),
                Ok(offer) => {
                    let figures = state.statistics.figures(info.code, offer, now);
                    let survey = survey(info, figures, &state.index, request, &tried);
                    exclusions.extend(left_out(&survey, &state.index, &tried));
                    if survey.sum().keys > 0 {
                        surveys.push(survey);
                    }
                }
            }
        }
        let inputs = surveys.iter().map(Survey::input).collect();
        let (candidates, dominated) = routing::rank(request, self.settings.bias_cap_percent, inputs);
        exclusions.extend(dominated);
        let shortlist = shortlist(&candidates, &mut surveys, draw);
        Decision {
            choice: shortlist.first().cloned(),
            candidates,
            exclusions,
            speed_weight: request.speed_weight,
            decided_at: now,
            shortlist,
        }
    }
}

/// The provider's offer for the task, or what closes the provider as a whole.
fn open_offer<'a>(
    info: &'a ProviderInfo,
    request: &RouteRequest,
    state: &State,
    now: Timestamp,
) -> Result<&'a TaskOffer, Exclusion> {
    let closed = |reason, until| Exclusion { provider: info.code, reason, keys: None, dominated_by: None, until };
    let asked = request.only.as_ref().is_none_or(|only| only.contains(&info.code));
    if !asked || request.except.contains(&info.code) {
        return Err(closed(ExclusionReason::NotRequested, None));
    }
    let offer =
        info.offer(request.task_type, request.proxied).ok_or_else(|| closed(ExclusionReason::TaskUnsupported, None))?;
    if info.rate_missing {
        return Err(closed(ExclusionReason::RateMissing, None));
    }
    match state.paused_until(info.code, now) {
        Some(until) => Err(closed(ExclusionReason::ProviderUnavailable, Some(until))),
        None => Ok(offer),
    }
}

/// The tried keys that a draw could still meet, each once.
fn tried_and_ready(index: &Index, tried: &[KeyId]) -> Vec<Ready> {
    let mut tried = tried.to_vec();
    tried.sort_unstable();
    tried.dedup();
    tried.into_iter().filter_map(|key| index.ready(key)).collect()
}

fn able_at<'a>(info: &'a ProviderInfo, estimate: Usd, keys: &'a [Ready]) -> impl Iterator<Item = &'a Ready> {
    keys.iter().filter(move |ready| ready.provider == info.code && ready.slot.available >= estimate)
}

fn survey<'a>(
    info: &'a ProviderInfo,
    figures: Figures,
    index: &'a Index,
    request: &RouteRequest,
    tried: &[Ready],
) -> Survey<'a> {
    let (shelf, estimate) = (index.shelf(info.code), figures.estimate);
    let requester = request.requester.filter(|requester| *requester != PLATFORM);
    let tried: Vec<Ready> = able_at(info, estimate, tried).copied().collect();
    let own: Vec<Slot> = requester
        .into_iter()
        .flat_map(|requester| index.ready_of(requester, info.code))
        .filter(|slot| slot.available >= estimate)
        .collect();
    let untried_own: Vec<Slot> =
        own.iter().copied().filter(|slot| tried.iter().all(|ready| ready.slot != *slot)).collect();
    let own_available = untried_own.iter().map(|slot| slot.available).sum();

    // The requester's own keys stand in the tree of all owners, and are no shared keys to it.
    let (tried_platform, tried_owners): (Vec<Ready>, Vec<Ready>) =
        tried.into_iter().partition(|ready| ready.owner == PLATFORM);
    let tried_shared = tried_owners.iter().filter(|ready| Some(ready.owner) != requester);
    let skip_owners = own.iter().copied().chain(tried_shared.map(|ready| ready.slot)).collect();
    let skip_platform = tried_platform.iter().map(|ready| ready.slot).collect();
    let classes = [
        Class::few(KeyClass::Own, untried_own),
        Class::head(KeyClass::Shared, &shelf.owners, shelf.owners.able_to_pay(estimate), skip_owners),
        Class::head(KeyClass::Platform, &shelf.platform, shelf.platform.able_to_pay(estimate), skip_platform),
    ];
    Survey { info, figures, classes, own_available }
}

/// The keys of a provider that can't serve, counted by reason.
fn left_out(survey: &Survey<'_>, index: &Index, tried: &[Ready]) -> Vec<Exclusion> {
    let shelf = index.shelf(survey.info.code);
    let too_low = shelf.ready() - shelf.able_to_pay(survey.figures.estimate).keys;
    let tried = able_at(survey.info, survey.figures.estimate, tried).count();
    let counts = [
        (ExclusionReason::KeyNotUsable, shelf.unusable),
        (ExclusionReason::KeyStale, shelf.stale),
        (ExclusionReason::KeyTooLow, too_low),
        (ExclusionReason::KeyBusy, shelf.busy),
        (ExclusionReason::KeyTried, tried),
    ];
    let without_keys = survey.sum().keys == 0 && counts.iter().all(|(_, keys)| *keys == 0);
    counts
        .into_iter()
        .filter(|(reason, keys)| *keys > 0 || (without_keys && *reason == ExclusionReason::KeyNotUsable))
        .map(|(reason, keys)| Exclusion {
            provider: survey.info.code,
            reason,
            keys: Some(keys),
            dominated_by: None,
            until: None,
        })
        .collect()
}

/// Draws the choice and its fallbacks: round by round in the winner's best class, then in its next
/// classes, then at the next provider.
fn shortlist(candidates: &[Candidate], surveys: &mut [Survey<'_>], seed: Option<DrawSeed<'_>>) -> Vec<Choice> {
    let mut shortlist = Vec::with_capacity(SHORTLIST);
    for (rank, candidate) in candidates.iter().enumerate() {
        let margin = candidates.get(rank + 1).map(|next| candidate.score - next.score);
        let Some(survey) = surveys.iter_mut().find(|survey| survey.info.code == candidate.provider) else { continue };
        let estimate = survey.figures.estimate;
        for class in &mut survey.classes {
            while shortlist.len() < SHORTLIST
                && let Some(Drawn { slot, share, point }) = class.draw(seed, shortlist.len())
            {
                class.leave_out(slot);
                shortlist.push(Choice {
                    provider: candidate.provider,
                    key: slot.key,
                    key_class: class.class,
                    estimate,
                    margin,
                    share,
                    draw: point,
                });
            }
        }
    }
    shortlist
}
