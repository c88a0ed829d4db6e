//! Tasks: made, solved or failed by time, asked for, reported, forgotten.
//!
//! Owns the moments at which money moves. Everything that happens by itself is an entry of the
//! agenda, and [`Desk::settle`] carries out what is due, in order of time. A task is dropped when
//! its result window ends; what it cost stays in the books.

use crate::account::Purse;
use crate::amount::Amount;
use crate::catalogue::Kind;
use crate::clock::Millis;
use crate::draw::Purpose;
use crate::outcome::{Order, Outcome, Refusal, Solved};
use crate::provider::Provider;
use crate::settings::{ChargeAt, Settings};

use super::Desk;

/// Tasks remembered per provider, open and finished; few in this crate's own tests.
const KEPT_TASKS: usize = if cfg!(test) { 8 } else { 200_000 };

/// Something that happens by itself at its time.
pub(super) enum Event {
    Finish { task: String },
    Refund { account: String, charge: u64 },
    Forget { task: String },
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Open,
    Solved,
    Failed,
}

/// A task and what it means for the books.
pub(super) struct Task {
    account: String,
    order: Order,
    state: State,
    created: Millis,
    ready: Millis,
    answer: u64,
    /// Decided at creation, so that a change of prices does not reach open tasks.
    price: Amount,
    purse: Purse,
    charge: Option<(u64, Amount)>,
    /// Will fail when its time comes.
    doomed: bool,
    polls: u32,
    reported: bool,
    /// Says "processing" once more after having been ready.
    relapse: bool,
}

impl Desk {
    /// Lets everything happen that was due by `now`.
    pub(crate) fn settle(&mut self, now: Millis) {
        while let Some(entry) = self.agenda.first_entry() {
            let at = entry.key().0;
            if at > now {
                break;
            }
            match entry.remove() {
                Event::Finish { task } => self.finish(&task, at),
                Event::Refund { account, charge } => {
                    if let Some(account) = self.accounts.get_mut(&account) {
                        account.refund(charge);
                    }
                }
                Event::Forget { task } => {
                    self.tasks.remove(&task);
                }
            }
        }
    }

    /// Makes a task and, where the provider charges at once, takes its price.
    pub(crate) fn create(&mut self, name: &str, order: Order, doomed: bool, now: Millis) -> Outcome {
        let settings = self.settings_of(name).clone();
        let Some(price) = settings.prices.get(&order.kind).copied() else {
            return Outcome::Refused(Refusal::TaskNotSupported);
        };
        if self.tasks.len() >= KEPT_TASKS && !self.forget_oldest() {
            return Outcome::Refused(Refusal::NoSlot);
        }
        let Some(account) = self.accounts.get_mut(name) else {
            return Outcome::Refused(Refusal::KeyUnknown { malformed: false });
        };
        let Some(purse) = account.purse_for(price) else {
            return Outcome::Refused(Refusal::ZeroBalance);
        };
        let id = self.issue_id();
        self.tasks_made += 1;
        let number = self.tasks_made;
        let at_once = order.kind == Kind::ImageToText && self.answers_at_once(&settings);
        let solve_ms = self.draw.within(Purpose::SolveTime, number, settings.solve_ms);
        let percentile = self.draw.within(Purpose::Unsolvable, number, (0, 99));
        let mut task = Task {
            account: name.to_owned(),
            order,
            state: State::Open,
            created: now,
            ready: if at_once { now } else { now + solve_ms },
            answer: self.draw.number(Purpose::Answer, number),
            price,
            purse,
            charge: None,
            doomed: doomed || percentile < u64::from(settings.unsolvable_percent),
            polls: 0,
            reported: false,
            relapse: false,
        };
        let account = self.open_account(name);
        account.totals.tasks_created += 1;
        account.last_task = Some(id.clone());
        if settings.charge_at == ChargeAt::Create {
            task.charge = Some(account.charge(&id, order.kind, (purse, price), now));
        } else {
            account.reserve(purse, price);
        }
        self.plan(task.ready, Event::Finish { task: id.clone() });
        self.tasks.insert(id.clone(), task);
        if at_once { self.answer_at_once(id, now) } else { Outcome::Created { id, answer: None } }
    }

    /// An answer to createTask that has no task behind it.
    pub(crate) fn pretend_create(&mut self) -> Outcome {
        Outcome::Created { id: self.issue_id(), answer: None }
    }

    /// The state of a task, to the key that made it.
    pub(crate) fn result(&mut self, name: &str, id: &str) -> Outcome {
        let cap = self.settings_of(name).max_polls;
        let Some(task) = self.tasks.get_mut(id).filter(|task| task.account == name) else {
            return Outcome::Refused(Refusal::NoSuchTask);
        };
        task.polls = task.polls.saturating_add(1);
        if cap > 0 && task.polls > cap {
            return Outcome::Refused(Refusal::PollsExhausted);
        }
        if task.relapse {
            task.relapse = false;
            return Outcome::Pending { id: id.to_owned() };
        }
        match task.state {
            State::Open => Outcome::Pending { id: id.to_owned() },
            State::Failed => Outcome::Failed { id: id.to_owned() },
            State::Solved => Outcome::Ready(task.solved(id)),
        }
    }

    /// Takes a verdict on an answer. Where the settings say so, a complaint returns the price.
    pub(crate) fn report(&mut self, name: &str, id: &str, good: bool, now: Millis) -> Outcome {
        let settings = self.settings_of(name).clone();
        let strict = self.provider == Provider::TwoCaptcha;
        let Some(task) = self.tasks.get_mut(id).filter(|task| task.account == name) else {
            return Outcome::Refused(Refusal::NoSuchTask);
        };
        if strict && task.state != State::Solved {
            return Outcome::Refused(Refusal::ReportTooEarly);
        }
        if strict && task.reported {
            return Outcome::Refused(Refusal::ReportRepeated);
        }
        task.reported = true;
        let charge = task.charge.filter(|_| !good && settings.refund_reported);
        if let Some((charge, _)) = charge {
            let account = name.to_owned();
            self.plan(now + settings.refund_delay_ms, Event::Refund { account, charge });
            self.settle(now);
        }
        Outcome::Reported
    }

    /// Whether the key has a task of this id that is still being solved.
    pub(crate) fn is_open(&self, name: &str, id: &str) -> bool {
        self.tasks.get(id).is_some_and(|task| task.account == name && task.state == State::Open)
    }

    /// Makes an open task fail now.
    pub(crate) fn doom(&mut self, id: &str, now: Millis) {
        if let Some(task) = self.tasks.get_mut(id) {
            task.doomed = true;
        }
        self.finish(id, now);
        self.settle(now);
    }

    /// Lets a solved task look unsolved at the next query.
    pub(crate) fn relapse(&mut self, id: &str) {
        if let Some(task) = self.tasks.get_mut(id) {
            task.relapse = true;
        }
    }

    fn finish(&mut self, id: &str, at: Millis) {
        // A doomed task may have been finished ahead of its entry in the agenda.
        let Some(task) = self.tasks.get(id).filter(|task| task.state == State::Open) else {
            return;
        };
        let name = task.account.clone();
        let settings = self.settings_of(&name).clone();
        let (Some(task), Some(account)) = (self.tasks.get_mut(id), self.accounts.get_mut(&name)) else {
            return;
        };
        task.ready = at;
        if task.charge.is_none() {
            account.release(task.purse, task.price);
            if !task.doomed || settings.charge_unsolvable {
                let payment = (task.purse, task.price);
                task.charge = Some(account.charge(id, task.order.kind, payment, at));
            }
        }
        if task.doomed {
            task.state = State::Failed;
            account.totals.tasks_failed += 1;
        } else {
            task.state = State::Solved;
            account.totals.tasks_solved += 1;
        }
        let returned = task.charge.filter(|_| task.doomed && !settings.charge_unsolvable);
        let window_from = if self.provider == Provider::Capsolver { task.created } else { at };
        let forget_at = at.max(window_from + settings.result_window_ms);
        if let Some((charge, _)) = returned {
            self.plan(at + settings.refund_delay_ms, Event::Refund { account: name, charge });
        }
        self.plan(forget_at, Event::Forget { task: id.to_owned() });
    }

    fn answer_at_once(&mut self, id: String, now: Millis) -> Outcome {
        self.settle(now);
        match self.tasks.get(&id) {
            Some(task) if task.state == State::Solved => {
                let answer = Some(task.solved(&id));
                Outcome::Created { id, answer }
            }
            _ => Outcome::Failed { id },
        }
    }

    /// Drops the finished task whose window ends first; answers false when all are open.
    fn forget_oldest(&mut self) -> bool {
        let finished = |event: &Event| matches!(event, Event::Forget { .. });
        let Some(place) = self.agenda.iter().find(|(_, event)| finished(event)).map(|(place, _)| *place) else {
            return false;
        };
        if let Some(Event::Forget { task }) = self.agenda.remove(&place) {
            self.tasks.remove(&task);
        }
        true
    }

    /// Only two dialects have words for an answer inside createTask.
    fn answers_at_once(&self, settings: &Settings) -> bool {
        settings.sync_images && matches!(self.provider, Provider::Capsolver | Provider::UcaptchaNative)
    }

    fn plan(&mut self, at: Millis, event: Event) {
        self.events_planned += 1;
        self.agenda.insert((at, self.events_planned), event);
    }

    fn issue_id(&mut self) -> String {
        self.ids_issued += 1;
        let number = self.first_id + self.ids_issued;
        if self.provider.has_uuid_tasks() {
            let half = |n: u64| u128::from(self.draw.number(Purpose::TaskId, n));
            let bits = half(number) << 64 | half(u64::MAX - number);
            uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid().to_string()
        } else {
            number.to_string()
        }
    }
}

impl Task {
    fn solved(&self, id: &str) -> Solved {
        Solved {
            id: id.to_owned(),
            order: self.order,
            answer: self.answer,
            cost: self.charge.map_or(Amount::ZERO, |(_, amount)| amount),
            created: self.created,
            ended: self.ready,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Desk, KEPT_TASKS, Order, Outcome, Refusal};
    use crate::amount::Amount;
    use crate::catalogue::Kind;
    use crate::provider::Provider;

    const PICTURE: Order = Order { kind: Kind::ImageToText, fourth_version: false };

    fn desk(solve_ms: [u64; 2]) -> Desk {
        let mut desk = Desk::new(Provider::TwoCaptcha, 1, 0);
        desk.open_account("key").deposit(Amount::from_nano(1_000_000_000));
        desk.patch_settings(&serde_json::from_value(json!({ "solve_ms": solve_ms })).unwrap());
        desk
    }

    fn create(desk: &mut Desk, now: u64) -> Outcome {
        desk.settle(now);
        desk.create("key", PICTURE, false, now)
    }

    #[test]
    fn finished_tasks_make_room_and_open_ones_do_not() {
        let mut quick = desk([0, 0]);
        for now in 0..100 {
            assert!(matches!(create(&mut quick, now), Outcome::Created { .. }));
        }
        assert!(quick.tasks.len() <= KEPT_TASKS);
        assert_eq!(quick.totals().charged, Amount::from_nano(85_000_000), "every charge stays in the books");
        let mut slow = desk([10_000, 10_000]);
        for now in 0..8 {
            assert!(matches!(create(&mut slow, now), Outcome::Created { .. }));
        }
        assert!(matches!(create(&mut slow, 9), Outcome::Refused(Refusal::NoSlot)));
    }

    #[test]
    fn results_last_for_their_window_and_charges_keep_their_time() {
        let mut desk = desk([500, 500]);
        let Outcome::Created { id, .. } = create(&mut desk, 0) else { panic!("refused") };
        desk.settle(499);
        assert!(matches!(desk.result("key", &id), Outcome::Pending { .. }));
        desk.settle(800_000);
        let Outcome::Ready(solved) = desk.result("key", &id) else { panic!("not ready") };
        assert_eq!((solved.created, solved.ended), (0, 500));
        assert!(matches!(desk.result("other", &id), Outcome::Refused(Refusal::NoSuchTask)));
        desk.settle(900_500);
        assert!(matches!(desk.result("key", &id), Outcome::Refused(Refusal::NoSuchTask)));
    }
}
