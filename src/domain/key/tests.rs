//! What a key's status, problems and figures say about it, by tables.

use super::KeyStatus::{Active, Depleted, Invalid, Pending, Removed};
use super::*;

#[test]
fn only_the_designed_arrows_exist() {
    let arrows = [
        (Pending, Active),
        (Pending, Depleted),
        (Pending, Invalid),
        (Pending, Removed),
        (Active, Depleted),
        (Active, Invalid),
        (Active, Removed),
        (Depleted, Active),
        (Depleted, Invalid),
        (Depleted, Removed),
        (Invalid, Pending),
        (Invalid, Removed),
        (Removed, Pending),
    ];
    for from in KeyStatus::ALL {
        for to in KeyStatus::ALL {
            assert_eq!(from.may_become(*to), arrows.contains(&(*from, *to)), "{from} → {to}");
        }
    }
}

#[test]
fn a_key_is_in_doubt_from_a_rejection_to_the_next_figure() {
    let read_at = sample().reading.expect("a reading").read_at;
    let (before, after) = (read_at.minus(MINUTE), read_at.plus(MINUTE));
    for (status, rejected_at, in_doubt) in [
        (Active, None, false),
        (Active, Some(before), false),
        (Active, Some(read_at), false),
        (Active, Some(after), true),
        (Depleted, Some(after), true),
        (Pending, Some(after), false),
        (Invalid, Some(after), false),
        (Removed, Some(after), false),
    ] {
        let key = Key { status, rejected_at, ..sample() };
        assert_eq!(key.is_in_doubt(), in_doubt, "{status} {rejected_at:?}");
    }
    assert!(Key { rejected_at: Some(before), reading: None, ..sample() }.is_in_doubt());
}

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);
const MINUTE: Duration = Duration::from_secs(60);

/// An active key that holds 10 dollars, read a minute ago, with nothing in its way.
pub(in crate::domain) fn sample() -> Key {
    let some = uuid::Uuid::from_u128(1);
    Key {
        id: KeyId(some),
        owner: AccountId(some),
        provider: ProviderCode::Capsolver,
        label: None,
        fingerprint: "0123456789abcdef".repeat(4),
        sealed: true,
        ring_key_id: Some("one".to_owned()),
        status: Active,
        problem: None,
        blocked_at: None,
        integrity_failed_at: None,
        paused_until: None,
        prepaid: false,
        native_balance: None,
        reading: Some(reading(10_000_000_000, MINUTE)),
        quiet_reading: None,
        evidence: None,
        spent_since: Usd::ZERO,
        held: Usd::ZERO,
        in_flight: 0,
        under_review: Usd::ZERO,
        outside_spending: Usd::ZERO,
        credited: Usd::ZERO,
        vouched: Usd::ZERO,
        next_sync_at: None,
        checkable_at: NOW,
        backoff: 0,
        ever_active: true,
        first_rejected_at: None,
        rejected_at: None,
        invalid_at: None,
        removed_at: None,
        submitted_at: NOW,
        changed_at: NOW,
        version: 1,
    }
}

fn reading(nanos: i64, age: Duration) -> Reading {
    let read_at = NOW.minus(age);
    Reading { balance: Usd::from_nanos(nanos), started_at: read_at, read_at }
}

fn problem(code: KeyProblemCode, retry_at: Option<Timestamp>) -> KeyProblem {
    KeyProblem { code, provider_code: None, since: NOW, retry_at }
}

#[test]
fn timers_read_what_may_still_have_a_balance() {
    let read: Vec<&KeyStatus> = KeyStatus::ALL.iter().filter(|status| status.is_read_by_timer()).collect();
    assert_eq!(read, [&Pending, &Active, &Depleted]);
}

#[test]
fn each_problem_says_whether_it_stops_lending_and_what_ends_it() {
    use KeyProblemCode::{BalanceUnreadable, Blocked, CheckingCharge, IntegrityFailed, ProviderUnavailable};
    for code in KeyProblemCode::ALL {
        assert_eq!(code.stops_lending(), ![ProviderUnavailable, BalanceUnreadable].contains(code), "{code}");
        assert_eq!(code.has_its_own_end(), [CheckingCharge, Blocked, IntegrityFailed].contains(code), "{code}");
        let message = code.message();
        assert!(message.contains(' ') && message.ends_with('.') && !message.contains('_'), "{message}");
        assert_eq!(KeyProblemCode::ALL.iter().filter(|other| other.message() == message).count(), 1, "{message}");
    }
}

#[test]
fn what_was_spent_and_what_is_held_comes_off_the_reading() {
    // Spent since and held in nano-dollars, then the balance and what is available of 10 dollars.
    for (spent, held, balance, available) in [
        (0, 0, 10_000_000_000, 10_000_000_000),
        (3_000_000_000, 0, 7_000_000_000, 7_000_000_000),
        (3_000_000_000, 2_000_000_000, 7_000_000_000, 5_000_000_000),
        (3_000_000_000, 8_000_000_000, 7_000_000_000, 0),
        (11_000_000_000, 0, 0, 0),
    ] {
        let key = Key { spent_since: Usd::from_nanos(spent), held: Usd::from_nanos(held), ..sample() };
        let figures = (key.balance().map(Usd::nanos), key.available().map(Usd::nanos));
        assert_eq!(figures, (Some(balance), Some(available)), "{spent} {held}");
    }
    let unread = Key { reading: None, ..sample() };
    assert_eq!((unread.balance(), unread.available()), (None, None));
}

#[test]
fn a_key_is_stale_once_two_readings_were_missed() {
    let interval = MINUTE * 5;
    let second = Duration::from_secs(1);
    let (just, over) = (MINUTE * 10, MINUTE * 10 + second);
    let is_stale = |key: Key| key.is_stale(NOW, interval);
    let aged = |status, age| Key { status, reading: Some(reading(1, age)), ..sample() };
    assert!(!is_stale(aged(Active, just)) && is_stale(aged(Active, over)));
    assert!(!is_stale(Key { reading: None, ..sample() }));
    for status in [Pending, Invalid, Removed] {
        assert!(!is_stale(aged(status, over)), "{status}");
    }
    // A depleted key is read less often: its figure alone does not make it stale.
    let failing = |retry_at| Some(problem(KeyProblemCode::ProviderUnavailable, retry_at));
    assert!(!is_stale(aged(Depleted, over)));
    assert!(!is_stale(Key { problem: failing(None), ..aged(Depleted, over) }));
    assert!(is_stale(Key { problem: failing(Some(NOW)), ..aged(Depleted, over) }));
    assert!(!is_stale(Key { problem: failing(Some(NOW)), ..aged(Depleted, just) }));
    for (overdue, stale) in [(just, false), (over, true)] {
        let due = Some(NOW.minus(overdue));
        assert_eq!(is_stale(Key { next_sync_at: due, ..aged(Depleted, over) }), stale, "{overdue:?}");
        assert!(!is_stale(Key { next_sync_at: due, ..aged(Depleted, just) }));
    }
}

#[test]
fn each_single_obstacle_makes_a_key_unusable() {
    let later = NOW.plus(MINUTE);
    let stopped = |code| Some(problem(code, None));
    for (what, key, usable) in [
        ("nothing", sample(), true),
        ("a pause that is over", Key { paused_until: Some(NOW), ..sample() }, true),
        ("trouble of the provider", Key { problem: stopped(KeyProblemCode::ProviderUnavailable), ..sample() }, true),
        ("no reading yet", Key { reading: None, ..sample() }, true),
        ("a pause", Key { paused_until: Some(later), ..sample() }, false),
        ("a problem that stops lending", Key { problem: stopped(KeyProblemCode::Rejected), ..sample() }, false),
        ("another status", Key { status: Depleted, ..sample() }, false),
        ("no sealed form", Key { sealed: false, ..sample() }, false),
        ("a block", Key { blocked_at: Some(NOW), ..sample() }, false),
        ("a broken seal", Key { integrity_failed_at: Some(NOW), ..sample() }, false),
        ("a package", Key { prepaid: true, ..sample() }, false),
    ] {
        assert_eq!(key.is_usable(NOW), usable, "{what}");
    }
}

#[test]
fn a_reading_is_fresh_for_an_hour() {
    let read = |age| Key { reading: Some(reading(1, age)), ..sample() };
    assert!(read(MINUTE * 60).is_fresh(NOW));
    assert!(!read(MINUTE * 60 + Duration::from_secs(1)).is_fresh(NOW));
    assert!(!Key { reading: None, ..sample() }.is_fresh(NOW));
}

#[test]
fn a_mark_is_ten_digits_in_capitals() {
    assert_eq!(sample().mark(), "0123456789");
    assert_eq!(Key::mark_of("abcdef0123456789"), "ABCDEF0123");
}
