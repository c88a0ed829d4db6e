//! Random lives of a key, compared with the model after every step.

use std::sync::Mutex;
use std::time::Duration;

use key_recycling::domain::{
    Actor, AttemptState, Clock, CostSource, KeyId, Scope, Scopes, ServiceIdentity, ServiceTokenId, TransferKind, Usd,
};
use key_recycling::ledger::{Ledger, Reversal};
use key_recycling::moves::attempt::Cost;
use key_recycling::moves::key::Report;
use key_recycling::store::{PageRequest, StoreError, TransferList};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::model::{Landed, Model, Try, Under};
use super::stage::{Stage, reported};
use crate::support::Database;

const DEPOSIT: i64 = 1_000_000_000;

/// Something that happens. Numbers choose among the attempts or readings it can happen to.
#[derive(Clone, Debug)]
enum Step {
    Wait(u64),
    Lease { estimate: i64, price: i64 },
    Send(usize),
    GiveBack(usize, bool),
    Charge(usize),
    Settle(usize),
    SettleAtListPrice(usize),
    Fail(usize),
    Lose(usize),
    Review(usize),
    Decide(usize),
    Resolve(usize),
    Duplicate(usize),
    BeginReading { tells_at_once: bool },
    EndReading(usize),
    SpendOutside(i64),
    TopUp(i64),
    Reverse(usize),
    Remove,
    AddAgain,
    Crash,
}

/// Steps whose outcome is known to the nano: nothing provisional, no top-ups, no reversals.
fn exact_step() -> BoxedStrategy<Step> {
    use Step::{
        AddAgain, BeginReading, Charge, Crash, Decide, Duplicate, EndReading, Fail, GiveBack, Lease, Lose, Remove,
        Resolve, Review, Send, Settle, SpendOutside, Wait,
    };
    let nth = 0..8_usize;
    prop_oneof![
        6 => (1..45_u64).prop_map(Wait),
        6 => (1..1_000_i64, 0..1_000_i64).prop_map(|(estimate, less)| Lease {
            estimate: 1_000 + estimate, price: 1_000 + estimate - less
        }),
        6 => nth.clone().prop_map(Send),
        1 => (nth.clone(), any::<bool>()).prop_map(|(number, lapsed)| GiveBack(number, lapsed)),
        6 => nth.clone().prop_map(Charge),
        5 => nth.clone().prop_map(Settle),
        2 => nth.clone().prop_map(Fail),
        2 => nth.clone().prop_map(Lose),
        2 => nth.clone().prop_map(Review),
        3 => nth.clone().prop_map(Decide),
        3 => nth.clone().prop_map(Resolve),
        2 => nth.clone().prop_map(Duplicate),
        6 => any::<bool>().prop_map(|tells_at_once| BeginReading { tells_at_once }),
        7 => nth.prop_map(EndReading),
        2 => (1..5_000_i64).prop_map(SpendOutside),
        1 => Just(Remove),
        2 => Just(AddAgain),
        1 => Just(Crash),
    ]
    .boxed()
}

/// Everything there is.
fn any_step() -> BoxedStrategy<Step> {
    prop_oneof![
        12 => exact_step(),
        2 => (0..8_usize).prop_map(Step::SettleAtListPrice),
        1 => (1..5_000_i64).prop_map(Step::TopUp),
        1 => (0..8_usize).prop_map(Step::Reverse),
    ]
    .boxed()
}

/// Provisional credits with nothing from outside.
fn provisional_step() -> BoxedStrategy<Step> {
    let quiet_world = |step: &Step| !matches!(step, Step::SpendOutside(_) | Step::Review(_));
    prop_oneof![
        8 => exact_step().prop_filter("nothing from outside", quiet_world),
        2 => (0..8_usize).prop_map(Step::SettleAtListPrice),
    ]
    .boxed()
}

/// A key's life and its model.
struct Life {
    key: KeyId,
    fingerprint: String,
    model: Model,
    /// Whether the outside spending has to be right to the nano.
    exact: bool,
}

fn usd(nanos: i64) -> Usd {
    Usd::from_nanos(nanos)
}

impl Life {
    async fn begin(stage: &mut Stage, number: i64, exact: bool) -> Self {
        stage.become_owner(number).await;
        let fingerprint = format!("{number:064x}");
        let key = stage.submit(&fingerprint, usd(DEPOSIT)).await;
        let mut model = Model { balance: DEPOSIT, ..Model::default() };
        let now = stage.clock.now();
        assert_eq!(model.land(now, now, (DEPOSIT, 0)), Landed::Quiet);
        Self { key, fingerprint, model, exact }
    }

    /// The attempt that a number chooses among those that something can happen to.
    fn pick(&mut self, number: usize, can: impl Fn(&Try) -> bool) -> Option<&mut Try> {
        let count = self.model.tries.iter().filter(|it| can(it)).count();
        let place = number.checked_rem(count)?;
        self.model.tries.iter_mut().filter(|it| can(it)).nth(place)
    }

    async fn step(&mut self, stage: &mut Stage, step: &Step) {
        stage.clock.advance(Duration::from_millis(1));
        match *step {
            Step::Wait(seconds) => stage.clock.advance(Duration::from_secs(seconds)),
            Step::Lease { estimate, price } => self.lease(stage, estimate, price).await,
            Step::Charge(number) => self.charge(number),
            Step::BeginReading { tells_at_once } => {
                let told = tells_at_once.then_some((self.model.balance, self.model.outside));
                self.model.under_way.push(Under { started_at: stage.clock.now(), told });
            }
            Step::EndReading(number) => self.end_reading(stage, number).await,
            Step::SpendOutside(amount) => {
                self.model.balance -= amount;
                self.model.outside += amount;
            }
            Step::TopUp(amount) => {
                self.model.balance += amount;
                self.model.topped_up += amount;
            }
            Step::Reverse(number) => self.reverse(stage, number).await,
            Step::Remove => self.remove(stage).await,
            Step::AddAgain => self.add_again(stage).await,
            Step::Crash => stage.crash().await,
            Step::Duplicate(number) => self.duplicate(stage, number).await,
            _ => self.move_attempt(stage, step).await,
        }
        self.check(stage).await;
    }

    async fn lease(&mut self, stage: &Stage, estimate: i64, price: i64) {
        let bears = !self.model.removed && !self.model.is_checking() && self.model.in_flight() < 10;
        let opened = stage.reserve(self.key, usd(estimate)).await;
        assert_eq!(opened.is_some(), bears, "a key that rests or is gone lends nothing, any other does");
        let Some(id) = opened else { return };
        self.model.tries.push(Try {
            id,
            estimate,
            price,
            charged: false,
            state: AttemptState::Reserved,
            returned_at: None,
            cost: 0,
            provisional: false,
            quiet_readings: 0,
        });
    }

    fn charge(&mut self, number: usize) {
        let Some(it) = self.pick(number, |it| it.state.is_under_way() && !it.charged) else { return };
        it.charged = true;
        let price = it.price;
        self.model.balance -= price;
    }

    /// Moves one attempt along an arrow.
    async fn move_attempt(&mut self, stage: &Stage, step: &Step) {
        use AttemptState::{Expired, FailedFree, Released, Reserved, Sent, Settled, Submitted, UnderReview, Unknown};
        let removed = self.model.removed;
        let under_way = |it: &Try| it.state.is_under_way();
        let at_list_price = matches!(step, Step::SettleAtListPrice(_));
        let chosen = match *step {
            Step::Send(number) if !removed => {
                let chosen = self.pick(number, |it| matches!(it.state, Reserved | Sent));
                chosen.map(|it| {
                    let to = if it.state == Reserved { Sent } else { Submitted };
                    (it, to)
                })
            }
            Step::GiveBack(number, lapsed) => {
                self.pick(number, |it| it.state == Reserved).map(|it| (it, if lapsed { Expired } else { Released }))
            }
            Step::Settle(number) | Step::SettleAtListPrice(number) => {
                self.pick(number, |it| under_way(it) && it.charged).map(|it| (it, Settled))
            }
            Step::Fail(number) => self.pick(number, |it| under_way(it) && !it.charged).map(|it| (it, FailedFree)),
            Step::Lose(number) => self.pick(number, under_way).map(|it| (it, Unknown)),
            Step::Review(number) => self.pick(number, under_way).map(|it| (it, UnderReview)),
            Step::Decide(number) | Step::Resolve(number) => {
                let from = if matches!(step, Step::Decide(_)) { Unknown } else { UnderReview };
                let chosen = self.pick(number, |it| it.state == from);
                chosen.map(|it| {
                    let to = if it.charged { Settled } else { FailedFree };
                    (it, to)
                })
            }
            _ => None,
        };
        let Some((it, to)) = chosen else { return };
        let cost = (to == Settled).then_some(if at_list_price { it.estimate } else { it.price });
        let paid = cost.map(|cost| Cost {
            amount: usd(cost),
            source: if at_list_price { CostSource::PriceList } else { CostSource::Reported },
            provisional: at_list_price,
        });
        stage.go(it.id, to, paid).await.expect("there is this arrow");
        if it.state.is_under_way() && to != Submitted {
            it.returned_at = Some(stage.clock.now());
        }
        it.state = to;
        it.cost = cost.unwrap_or(0);
        it.provisional = at_list_price;
    }

    /// Somebody settles once more what has ended, at another cost.
    async fn duplicate(&mut self, stage: &Stage, number: usize) {
        let Some(it) = self.pick(number, |it| it.state == AttemptState::Settled) else { return };
        let outcome = stage.go(it.id, AttemptState::Settled, reported(usd(it.price + 1))).await;
        assert!(matches!(outcome, Err(StoreError::Stale)), "{outcome:?}");
    }

    async fn end_reading(&mut self, stage: &Stage, number: usize) {
        let Some(place) = number.checked_rem(self.model.under_way.len()) else { return };
        let Under { started_at, told } = self.model.under_way.swap_remove(place);
        let (balance, outside) = told.unwrap_or((self.model.balance, self.model.outside));
        let report = Report { started_at, ..stage.report(self.key, usd(balance)) };
        let recorded = stage.read(report).await;
        let landed = self.model.land(started_at, stage.clock.now(), (balance, outside));
        assert_eq!(recorded.is_some(), landed != Landed::Dropped);
        self.check_outside(stage, landed).await;
    }

    /// What was spent elsewhere is known whenever a reading is quiet.
    async fn check_outside(&self, stage: &Stage, landed: Landed) {
        if self.exact && landed == Landed::Quiet {
            let (_, _, outside) = self.model.reading.expect("one has just landed");
            let shown = stage.key(self.key).await.outside_spending;
            assert_eq!(shown, usd(outside + self.model.charged_under_review()), "outside spending");
        }
    }

    async fn reverse(&mut self, stage: &Stage, number: usize) {
        let page = PageRequest { after: None, before: None, limit: 100, from_end: false };
        let kinds = [TransferKind::RecycleCredit];
        let credits = stage.store.transfer_page(TransferList::Account(stage.owner), Some(&kinds), page).await;
        let credits = credits.expect("it reads").items;
        let Some(credit) = number.checked_rem(credits.len()).and_then(|place| credits.get(place)) else { return };
        let reversal = Reversal {
            transaction: credit.id,
            amount: None,
            idempotency_key: format!("{}", stage.clock.now().micros()),
            note: "bad".to_owned(),
        };
        let ledger = Ledger::new(stage.store.clone(), usd(DEPOSIT));
        if let Ok(reversed) = ledger.reverse(&billing(), reversal).await.expect("the database works") {
            self.model.reversed -= reversed.transfer.map_or(0, |transfer| transfer.amount.nanos());
        }
    }

    async fn remove(&mut self, stage: &Stage) {
        stage.remove(self.key).await.expect("it is removed");
        self.model.removed = true;
        for it in self.model.tries.iter_mut().filter(|it| it.state == AttemptState::Reserved) {
            it.state = AttemptState::Released;
        }
    }

    async fn add_again(&mut self, stage: &Stage) {
        let id = stage.submit(&self.fingerprint, usd(self.model.balance)).await;
        assert_eq!(id, self.key, "the row comes back with its history");
        if self.model.removed {
            self.model.removed = false;
            let now = stage.clock.now();
            let landed = self.model.land(now, now, (self.model.balance, self.model.outside));
            self.check_outside(stage, landed).await;
        }
    }

    async fn check(&self, stage: &Stage) {
        let (model, key, account) = (&self.model, stage.key(self.key).await, stage.account().await);
        let reading = key.reading.map(|it| (it.balance.nanos(), it.started_at));
        assert_eq!(reading, model.reading.map(|(balance, started, _)| (balance, started)), "reading");
        assert_eq!(key.held, usd(model.held()), "held");
        assert_eq!(usize::try_from(key.in_flight), Ok(model.in_flight()), "in flight");
        assert_eq!(key.under_review, usd(model.under_review()), "under review");
        assert_eq!(key.spent_since, usd(model.spent_since()), "spent since");
        assert!(!key.outside_spending.is_negative() && !account.balance.is_negative(), "{key:?}");
        let last = key.reading.expect("the key was read");
        let promised = last.balance - key.spent_since - key.held;
        assert!(promised <= usd(model.promise_limit()), "{promised} promised of {}", usd(model.promise_limit()));
        assert_eq!((account.credited, account.balance), (key.credited, key.credited), "credits");
        let credited = key.credited.nanos();
        assert!(credited + model.reversed <= model.costs(), "{credited} credited for {}", model.costs());
        let dropped = model.charged() + model.outside + model.slack();
        assert!(credited <= dropped, "{credited} credited, {dropped} dropped");
        for it in &model.tries {
            assert_eq!(stage.attempt(it.id).await.state, it.state);
        }
    }

    /// Everything ends, and two quiet readings see it.
    async fn end(&mut self, stage: &mut Stage) {
        for _ in 0..self.model.tries.len() {
            for step in [Step::Send(0), Step::Charge(0), Step::Settle(0), Step::Decide(0), Step::Resolve(0)] {
                self.step(stage, &step).await;
            }
        }
        self.step(stage, &Step::AddAgain).await;
        self.model.under_way.clear();
        for _ in 0..2 {
            self.step(stage, &Step::Wait(40)).await;
            self.step(stage, &Step::BeginReading { tells_at_once: true }).await;
            self.step(stage, &Step::EndReading(0)).await;
        }
        assert_eq!(self.model.in_flight(), 0, "{:?}", self.model);
        let key = stage.key(self.key).await;
        if self.model.outside + self.model.topped_up + self.model.reversed == 0 {
            assert_eq!(key.credited, usd(self.model.charged()), "what was charged is credited");
            assert_eq!(key.outside_spending, Usd::ZERO);
        }
        stage.expect_no_lies().await;
    }
}

fn billing() -> Actor {
    let id = ServiceTokenId(uuid::Uuid::nil());
    Actor::Service(ServiceIdentity { token: id, name: "billing".to_owned(), scopes: Scopes::of(&[Scope::Billing]) })
}

/// Plays random lives; a failure is shrunk to the shortest life that fails.
fn play(cases: u32, step: BoxedStrategy<Step>, exact: bool) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let database = Database::sqlite();
    let stage = Mutex::new((runtime.block_on(Stage::on(&database)), 1));
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 500, ..Config::default() };
    let lives = proptest::collection::vec(step, 1..60);
    let outcome = TestRunner::new(config).run(&lives, |steps| {
        let mut stage = stage.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (stage, number) = &mut *stage;
        *number += 1;
        runtime.block_on(async {
            let mut life = Life::begin(stage, *number, exact).await;
            for step in &steps {
                life.step(stage, step).await;
            }
            life.end(stage).await;
        });
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
fn figures_are_right_in_every_order_of_readings_and_charges() {
    play(70, exact_step(), true);
}

#[test]
fn provisional_credits_end_at_what_was_charged() {
    play(50, provisional_step(), false);
}

#[test]
fn no_life_of_a_key_credits_more_than_left_its_balance() {
    play(70, any_step(), false);
}
