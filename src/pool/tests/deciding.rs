//! What is eligible, what is left out and why.

use std::time::Duration;

use super::support::{PRICE, World, chosen, exclusions, id, info, only, owner, request};
use crate::domain::account::PLATFORM;
use crate::domain::decision::ExclusionReason as Reason;
use crate::domain::key::{KeyProblem, KeyProblemCode};
use crate::domain::provider::ProviderCode::{self, AntiCaptcha, Capsolver, TwoCaptcha};
use crate::domain::{Decision, Key, KeyClass, KeyStatus, RouteRequest, TaskType, Usd};
use crate::pool::DrawSeed;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn every_key_counts_once_under_its_first_reason() {
    let world = World::new();
    let mut stale = world.key(20, owner(2), Capsolver, 10);
    stale.reading.as_mut().unwrap().read_at = stale.changed_at.minus(MINUTE * 61);
    let never_read = Key { reading: None, ..world.key(21, owner(2), Capsolver, 10) };
    let problem = |code| Some(KeyProblem { code, provider_code: None, since: stale.changed_at, retry_at: None });
    world.commit(&[
        world.key(1, owner(1), Capsolver, 10),
        world.key(2, PLATFORM, Capsolver, 10),
        Key { status: KeyStatus::Invalid, ..world.key(10, owner(2), Capsolver, 10) },
        Key { status: KeyStatus::Pending, ..world.key(11, owner(2), Capsolver, 10) },
        Key { blocked_at: Some(stale.changed_at), ..world.key(12, owner(2), Capsolver, 10) },
        Key { prepaid: true, ..world.key(13, owner(2), Capsolver, 10) },
        Key { problem: problem(KeyProblemCode::CheckingCharge), ..world.key(14, owner(2), Capsolver, 10) },
        Key { problem: problem(KeyProblemCode::ProviderUnavailable), ..world.key(3, owner(2), Capsolver, 10) },
        Key { status: KeyStatus::Removed, ..world.key(15, owner(2), Capsolver, 10) },
        stale.clone(),
        never_read,
        Key { in_flight: 3, ..world.key(30, owner(2), Capsolver, 10) },
        Key { in_flight: 2, ..world.key(4, owner(2), Capsolver, 10) },
        world.key(40, owner(2), Capsolver, 0),
        Key { held: Usd::from_nanos(1), ..world.key(41, PLATFORM, Capsolver, 1) },
        world.key(5, owner(2), Capsolver, 1),
        world.key(50, owner(2), Capsolver, 10),
    ]);
    let tried = [id(50), id(50), id(30), id(99)];
    let decision = world.pool.decide(&only(Capsolver), None, &tried);
    assert_eq!(
        exclusions(&decision, Capsolver),
        [
            (Reason::KeyNotUsable, Some(5)),
            (Reason::KeyStale, Some(2)),
            (Reason::KeyTooLow, Some(2)),
            (Reason::KeyBusy, Some(1)),
            (Reason::KeyTried, Some(1)),
        ]
    );
    assert_eq!(decision.candidates.len(), 1);
    assert_eq!(decision.candidates[0].eligible_keys, 5);
    for provider in [TwoCaptcha, AntiCaptcha] {
        assert_eq!(exclusions(&decision, provider), [(Reason::NotRequested, None)]);
    }
}

#[test]
fn providers_are_left_out_as_a_whole() {
    let mut rateless = info(ProviderCode::Multibot, "Multibot");
    rateless.rate_missing = true;
    let world = World::with(vec![info(TwoCaptcha, "2Captcha"), info(Capsolver, "CapSolver"), rateless]);
    world.commit(&[world.key(1, owner(1), TwoCaptcha, 10), world.key(2, owner(1), Capsolver, 10)]);
    let until = world.key(1, owner(1), TwoCaptcha, 1).changed_at.plus(MINUTE);
    world.pool.pause(TwoCaptcha, Some(until));

    let decision = world.pool.decide(&RouteRequest { except: vec![Capsolver], ..request(None) }, None, &[]);
    assert_eq!(decision.choice, None);
    assert_eq!(exclusions(&decision, TwoCaptcha), [(Reason::ProviderUnavailable, None)]);
    assert_eq!(decision.exclusions[0].until, Some(until));
    assert_eq!(exclusions(&decision, Capsolver), [(Reason::NotRequested, None)]);
    assert_eq!(exclusions(&decision, ProviderCode::Multibot), [(Reason::RateMissing, None)]);
    assert_eq!(
        world.pool.summary(&decision),
        "No key can serve this: 2Captcha paused; Multibot without a dollar rate; CapSolver not asked for"
    );
    for other in
        [RouteRequest { proxied: true, ..request(None) }, RouteRequest { task_type: TaskType::AwsWaf, ..request(None) }]
    {
        let decision = world.pool.decide(&other, None, &[]);
        assert!(decision.exclusions.iter().all(|exclusion| exclusion.reason == Reason::TaskUnsupported));
        assert_eq!(world.pool.summary(&decision), "No key can serve this: there is none at a provider that solves it");
    }
    world.clock.advance(MINUTE);
    assert_eq!(chosen(&world.pool.decide(&only(TwoCaptcha), None, &[])), Some(id(1)), "a pause lapses by itself");
    world.pool.pause(Capsolver, Some(until.plus(MINUTE)));
    world.pool.pause(Capsolver, None);
    assert_eq!(chosen(&world.pool.decide(&only(Capsolver), None, &[])), Some(id(2)));
}

#[test]
fn a_provider_without_keys_says_so() {
    let decision = World::new().pool.decide(&only(Capsolver), None, &[]);
    assert_eq!(exclusions(&decision, Capsolver), [(Reason::KeyNotUsable, Some(0))]);
}

#[test]
fn time_alone_makes_keys_stale_and_ends_their_pauses() {
    let world = World::new();
    let key = world.key(1, owner(1), Capsolver, 10);
    let paused = Key { paused_until: Some(key.changed_at.plus(MINUTE * 30)), ..world.key(2, owner(1), Capsolver, 10) };
    world.commit(&[key, paused]);
    let eligible = || {
        let decision = world.pool.decide(&only(Capsolver), None, &[]);
        (decision.candidates.first().map_or(0, |candidate| candidate.eligible_keys), exclusions(&decision, Capsolver))
    };
    assert_eq!(eligible(), (1, vec![(Reason::KeyNotUsable, Some(1))]));
    world.clock.advance(MINUTE * 30);
    assert_eq!(eligible(), (2, vec![]));
    world.clock.advance(MINUTE * 30);
    assert_eq!(eligible(), (2, vec![]), "sixty minutes are young enough");
    let mut seen = world.pool.changes();
    seen.mark_unchanged();
    world.clock.advance(Duration::from_micros(1));
    assert_eq!(eligible(), (0, vec![(Reason::KeyStale, Some(2))]));
    assert!(seen.has_changed().unwrap());
    world.commit(&[Key { version: 2, ..world.key(1, owner(1), Capsolver, 10) }]);
    assert_eq!(eligible(), (1, vec![(Reason::KeyStale, Some(1))]));
}

#[test]
fn a_key_is_busy_at_its_providers_cap() {
    let world = World::new();
    let key = world.key(1, owner(1), Capsolver, 10);
    for (version, in_flight, free) in [(1, 2, true), (2, 3, false), (3, 4, false), (4, 2, true)] {
        world.commit(&[Key { version, in_flight, ..key.clone() }]);
        assert_eq!(world.pool.decide(&only(Capsolver), None, &[]).choice.is_some(), free, "{in_flight}");
    }
}

#[test]
fn tried_keys_are_left_out_of_every_class() {
    let world = World::new();
    world.commit(&[
        world.key(1, owner(1), Capsolver, 10),
        world.key(2, owner(2), Capsolver, 10),
        world.key(3, owner(3), Capsolver, 10),
        world.key(4, PLATFORM, Capsolver, 10),
    ]);
    let decide = |tried: &[_]| {
        let seed = DrawSeed { task_id: "task", attempt: 1 };
        world.pool.decide(&request(Some(owner(1))), Some(seed), tried)
    };
    let choice = |tried: &[_]| decide(tried).choice.map(|choice| (choice.key, choice.key_class));
    assert_eq!(choice(&[]), Some((id(1), KeyClass::Own)));
    assert_eq!(choice(&[id(1), id(3)]), Some((id(2), KeyClass::Shared)));
    assert_eq!(choice(&[id(1), id(2), id(3)]), Some((id(4), KeyClass::Platform)));
    let none = decide(&[id(1), id(2), id(3), id(4)]);
    assert_eq!((none.choice.is_none(), exclusions(&none, Capsolver)), (true, vec![(Reason::KeyTried, Some(4))]));
    assert_eq!(decide(&[id(1)]).candidates[0].bias, 1.0, "a tried key brings no bias");
}

#[test]
fn the_shortlist_goes_on_at_the_next_provider() {
    let world = World::new();
    world.commit(&[
        world.key(1, owner(1), TwoCaptcha, 10),
        world.key(2, owner(2), Capsolver, 10),
        world.key(3, PLATFORM, Capsolver, 10),
        world.key(4, PLATFORM, AntiCaptcha, 10),
    ]);
    let decision = world.pool.decide(&request(Some(owner(1))), None, &[]);
    let keys: Vec<_> = decision.shortlist.iter().map(|choice| (choice.provider, choice.key)).collect();
    assert_eq!(keys, [(TwoCaptcha, id(1)), (Capsolver, id(2)), (Capsolver, id(3))]);
    let margin = decision.shortlist[0].margin.unwrap();
    assert_eq!(margin, decision.candidates[0].score - decision.candidates[1].score);
    assert_eq!(
        world.pool.summary(&decision),
        "2Captcha 0.94, ahead of CapSolver 0.93: otherwise alike; own key × 1.01"
    );
    let fallen_back = Decision { choice: Some(decision.shortlist[1].clone()), ..decision };
    assert_eq!(
        world.pool.summary(&fallen_back),
        "CapSolver 0.93, since the keys of 2Captcha 0.94 were taken; another owner's key"
    );
}

#[test]
fn the_summary_names_what_decided() {
    let mut cheap = info(Capsolver, "CapSolver");
    cheap.tasks[0].list_price = Usd::from_nanos(PRICE / 2);
    cheap.tasks[0].prior_solve_seconds = 11.0;
    let world = World::with(vec![info(TwoCaptcha, "2Captcha"), cheap]);
    world.commit(&[world.key(1, owner(1), TwoCaptcha, 10), world.key(2, owner(2), Capsolver, 10)]);
    let decision = world.pool.decide(&RouteRequest { speed_weight: 10, ..request(None) }, None, &[]);
    assert_eq!(
        world.pool.summary(&decision),
        "CapSolver 0.84, ahead of 2Captcha 0.09: cheaper, slightly slower; another owner's key"
    );
    let alone = world.pool.decide(&only(TwoCaptcha), None, &[]);
    assert_eq!(world.pool.summary(&alone), "2Captcha 0.93, the only candidate; another owner's key");
    let tried = world.pool.decide(&only(TwoCaptcha), None, &[id(1)]);
    assert_eq!(world.pool.summary(&tried), "No key can serve this: 1 already tried; CapSolver not asked for");
}
