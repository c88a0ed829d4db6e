//! Random lives of a key, compared with the model after every step.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use key_recycling::domain::{
    Actor, AttemptState, Clock, CostSource, KeyId, Scope, Scopes, ServiceIdentity, ServiceTokenId, TransferKind, Usd,
};
use key_recycling::ledger::{Ledger, Reversal};
use key_recycling::moves::attempt::Cost;
use key_recycling::moves::key::Report;
use key_recycling::store::{PageRequest, StoreError, TransferList};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tokio::runtime::Handle;

use super::model::{Landed, Model, Try, Under};
use super::stage::{Stage, reported};
use super::steps::{Step, any_step, exact_step, provisional_step};
use crate::support::Plan;
use crate::support::draw::Draw;

const DEPOSIT: i64 = 1_000_000_000;

/// Steps of a life are fewer than this.
const LENGTH_MAX: usize = 80;

/// After so many lives they go on in a fresh database.
const LIVES_OF_A_DATABASE: usize = 200;

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

    /// Lets something happen, and compares. Answers whether there was anything that it could happen to.
    async fn step(&mut self, stage: &mut Stage, step: &Step) -> bool {
        stage.clock.advance(Duration::from_millis(1));
        let happened = self.happen(stage, step).await;
        if happened {
            self.check(stage).await;
        }
        happened
    }

    async fn happen(&mut self, stage: &mut Stage, step: &Step) -> bool {
        match *step {
            Step::Wait(seconds) => stage.clock.advance(Duration::from_secs(seconds)),
            Step::Lease { estimate, price } => self.lease(stage, estimate, price).await,
            Step::Charge(number) => return self.charge(number),
            Step::BeginReading { tells_at_once } => {
                let told = tells_at_once.then_some((self.model.balance, self.model.outside));
                self.model.under_way.push(Under { started_at: stage.clock.now(), told });
            }
            Step::EndReading(number) => return self.end_reading(stage, number).await,
            Step::SpendOutside(amount) => {
                self.model.balance -= amount;
                self.model.outside += amount;
            }
            Step::TopUp(amount) => {
                self.model.balance += amount;
                self.model.topped_up += amount;
            }
            Step::Reverse(number) => return self.reverse(stage, number).await,
            Step::Remove => self.remove(stage).await,
            Step::AddAgain => self.add_again(stage).await,
            Step::Crash => stage.crash().await,
            Step::Duplicate(number) => return self.duplicate(stage, number).await,
            _ => return self.move_attempt(stage, step).await,
        }
        true
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

    fn charge(&mut self, number: usize) -> bool {
        let Some(it) = self.pick(number, |it| it.state.is_under_way() && !it.charged) else { return false };
        it.charged = true;
        let price = it.price;
        self.model.balance -= price;
        true
    }

    /// Moves one attempt along an arrow.
    async fn move_attempt(&mut self, stage: &Stage, step: &Step) -> bool {
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
        let Some((it, to)) = chosen else { return false };
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
        true
    }

    /// Somebody settles once more what has ended, at another cost.
    async fn duplicate(&mut self, stage: &Stage, number: usize) -> bool {
        let Some(it) = self.pick(number, |it| it.state == AttemptState::Settled) else { return false };
        let outcome = stage.go(it.id, AttemptState::Settled, reported(usd(it.price + 1))).await;
        assert!(matches!(outcome, Err(StoreError::Stale)), "{outcome:?}");
        true
    }

    async fn end_reading(&mut self, stage: &Stage, number: usize) -> bool {
        let Some(place) = number.checked_rem(self.model.under_way.len()) else { return false };
        let Under { started_at, told } = self.model.under_way.swap_remove(place);
        let (balance, outside) = told.unwrap_or((self.model.balance, self.model.outside));
        let report = Report { started_at, ..stage.report(self.key, usd(balance)) };
        let recorded = stage.read(report).await;
        let landed = self.model.land(started_at, stage.clock.now(), (balance, outside));
        assert_eq!(recorded.is_some(), landed != Landed::Dropped);
        self.check_outside(stage, landed).await;
        true
    }

    /// What was spent elsewhere is known whenever a reading is quiet.
    async fn check_outside(&self, stage: &Stage, landed: Landed) {
        if self.exact && landed == Landed::Quiet {
            let (_, _, outside) = self.model.reading.expect("one has just landed");
            let shown = stage.key(self.key).await.outside_spending;
            assert_eq!(shown, usd(outside + self.model.charged_under_review()), "outside spending");
        }
    }

    async fn reverse(&mut self, stage: &Stage, number: usize) -> bool {
        let page = PageRequest { after: None, before: None, limit: 100, from_end: false };
        let kinds = [TransferKind::RecycleCredit];
        let credits = stage.store.transfer_page(TransferList::Account(stage.owner), Some(&kinds), page).await;
        let credits = credits.expect("it reads").items;
        let Some(credit) = number.checked_rem(credits.len()).and_then(|place| credits.get(place)) else {
            return false;
        };
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
        true
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
        let stored: HashMap<_, _> = stage.states(self.key).await.into_iter().collect();
        let expected: HashMap<_, _> = model.tries.iter().map(|it| (it.id, it.state)).collect();
        assert_eq!(stored, expected, "states");
    }

    /// Everything ends, and two quiet readings see it. Answers how many steps something came of.
    async fn end(&mut self, stage: &mut Stage) -> u64 {
        let mut happened = 0;
        for _ in 0..self.model.tries.len() {
            for step in [Step::Send(0), Step::Charge(0), Step::Settle(0), Step::Decide(0), Step::Resolve(0)] {
                happened += u64::from(self.step(stage, &step).await);
            }
        }
        happened += u64::from(self.step(stage, &Step::AddAgain).await);
        self.model.under_way.clear();
        for _ in 0..2 {
            for step in [Step::Wait(40), Step::BeginReading { tells_at_once: true }, Step::EndReading(0)] {
                happened += u64::from(self.step(stage, &step).await);
            }
        }
        assert_eq!(self.model.in_flight(), 0, "{:?}", self.model);
        let key = stage.key(self.key).await;
        if self.model.outside + self.model.topped_up + self.model.reversed == 0 {
            assert_eq!(key.credited, usd(self.model.charged()), "what was charged is credited");
            assert_eq!(key.outside_spending, Usd::ZERO);
        }
        happened
    }
}

fn billing() -> Actor {
    let id = ServiceTokenId(uuid::Uuid::nil());
    Actor::Service(ServiceIdentity { token: id, name: "billing".to_owned(), scopes: Scopes::of(&[Scope::Billing]) })
}

/// The sorts of lives, each with what happens in it.
#[derive(Clone, Copy, Debug)]
enum Sort {
    /// Every figure is known to the nano.
    Exact,
    /// Provisional credits end at what was charged.
    Provisional,
    /// No more is credited than left the balance.
    Any,
}

impl Sort {
    fn step(self) -> BoxedStrategy<Step> {
        match self {
            Self::Exact => exact_step(),
            Self::Provisional => provisional_step(),
            Self::Any => any_step(),
        }
    }
}

/// Plays a random life; one that fails is shrunk to the shortest that fails. Answers how many steps
/// something came of. `lives` counts up with every life, shrunk ones too, since each is another owner's.
fn live(stage: &mut Stage, sort: Sort, lives: &mut i64, draw: &mut Draw) -> u64 {
    let seed: Vec<u8> = (0..4).flat_map(|_| draw.number().to_le_bytes()).collect();
    let config = Config { cases: 1, failure_persistence: None, max_shrink_iters: 500, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed));
    let played = Mutex::new((stage, lives, 0));
    let outcome = runner.run(&proptest::collection::vec(sort.step(), 1..LENGTH_MAX), |steps| {
        let mut played = played.lock().unwrap_or_else(PoisonError::into_inner);
        let (stage, lives, happened) = &mut *played;
        **lives += 1;
        *happened = 0;
        Handle::current().block_on(async {
            let mut life = Life::begin(stage, **lives, matches!(sort, Sort::Exact)).await;
            for step in &steps {
                *happened += u64::from(life.step(stage, step).await);
            }
            *happened += life.end(stage).await;
        });
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{sort:?}: {failure}");
    }
    let (_, _, happened) = played.into_inner().unwrap_or_else(PoisonError::into_inner);
    happened
}

on_both_databases! {
    /// After every step every figure is as the model says.
    async fn lives_of_keys_agree_with_the_model(database) {
        let mut plan = Plan::begin("model", &database);
        let (mut database, mut draw) = (database, plan.draw());
        let mut stage = Stage::on(&database).await;
        let (mut steps, mut lives) = (0, 1);
        for number in 0_usize.. {
            let sort = [Sort::Exact, Sort::Provisional, Sort::Any][number % 3];
            steps += tokio::task::block_in_place(|| live(&mut stage, sort, &mut lives, &mut draw));
            // The audit looks at everybody, so it is not for every life, and not for too many at once.
            if number % LIVES_OF_A_DATABASE == LIVES_OF_A_DATABASE - 1 {
                stage.expect_no_lies().await;
                stage.store.close().await;
                database = database.another().await;
                stage = Stage::on(&database).await;
            }
            if steps >= plan.size {
                break;
            }
        }
        stage.expect_no_lies().await;
        plan.note("lives", lives.unsigned_abs() - 1);
        plan.did(steps);
    }
}
