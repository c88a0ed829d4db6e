//! Settle, sweep, remove and sync in every order that there is.
//!
//! What they share is in the database alone and each step is one transaction, so the orders of
//! transactions are all the interleavings there are. Each is played step by step on a key of its own;
//! after each step every figure is compared with what the arrows and the design say.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::iter;
use key_recycling::domain::{AttemptId, AttemptState, Clock as _, KeyId, Timestamp};
use key_recycling::moves::key::Report;
use key_recycling::store::StoreError;
use uuid::Uuid;

use super::deeds::{DEPOSIT, Deed, PRICE, check, move_to, prices};
use super::stage::Stage;
use crate::support::Plan;

/// Orders that are played side by side, on keys of one owner.
const AT_ONCE: usize = 8;

/// Who acts on one key, each in steps that keep their order.
struct Cast {
    /// The attempts as they are at first.
    begin: Vec<AttemptState>,
    actors: Vec<Vec<Deed>>,
}

fn casts() -> Vec<Cast> {
    use AttemptState::{Expired, FailedFree, Reserved, Sent, Settled, Submitted, UnderReview, Unknown};
    use Deed::{Claim, Move, Record, Remove};
    let (owner, sync) = (vec![Remove], vec![Claim, Record]);
    vec![
        // A poll settles, a dispatcher creates a task that is answered at once, the sweep expires.
        Cast {
            begin: vec![Submitted, Reserved, Reserved],
            actors: vec![
                vec![Move(0, Settled)],
                vec![Move(1, Sent), Move(1, Settled)],
                vec![Move(2, Expired)],
                owner.clone(),
                sync.clone(),
            ],
        },
        // An attempt is lost and decided by evidence; the sweep gives up one that its call still settles.
        Cast {
            begin: vec![Submitted, Sent],
            actors: vec![
                vec![Move(0, Unknown), Move(0, Settled)],
                vec![Move(1, Settled)],
                vec![Move(1, Unknown)],
                owner.clone(),
                sync.clone(),
            ],
        },
        // Two want different ends of one attempt, while the sweep gives it up and puts it before an operator.
        Cast {
            begin: vec![Submitted],
            actors: vec![
                vec![Move(0, Settled)],
                vec![Move(0, FailedFree)],
                vec![Move(0, Unknown), Move(0, UnderReview)],
                owner,
                sync,
            ],
        },
    ]
}

/// Every order of the actors' steps.
fn orders(actors: &[Vec<Deed>]) -> Vec<Vec<Deed>> {
    fn go_on(actors: &[Vec<Deed>], done: &mut [usize], order: &mut Vec<Deed>, found: &mut Vec<Vec<Deed>>) {
        if order.len() == actors.iter().map(Vec::len).sum::<usize>() {
            found.push(order.clone());
        }
        for number in 0..actors.len() {
            if let Some(deed) = actors[number].get(done[number]) {
                done[number] += 1;
                order.push(*deed);
                go_on(actors, done, order, found);
                order.pop();
                done[number] -= 1;
            }
        }
    }
    let mut found = Vec::new();
    go_on(actors, &mut vec![0; actors.len()], &mut Vec::new(), &mut found);
    found
}

/// An order under way, with what is expected of it.
struct Run<'a> {
    stage: &'a Stage,
    key: KeyId,
    tries: Vec<AttemptId>,
    states: Vec<AttemptState>,
    returned: Vec<Option<Timestamp>>,
    removed: bool,
    claimed: Option<(Uuid, Timestamp)>,
    /// When the last reading that counts began.
    read_at: Timestamp,
}

impl<'a> Run<'a> {
    async fn begin(stage: &'a Stage, number: usize, begin: &[AttemptState]) -> Self {
        let read_at = stage.clock.now();
        let key = stage.submit(&format!("{number:064x}"), DEPOSIT).await;
        let mut tries = Vec::new();
        for state in begin {
            // Ids begin with their time, by which the attempts are then in the order of their opening.
            stage.clock.advance(Duration::from_millis(1));
            let id = stage.reserve(key, PRICE).await.expect("the key can bear it");
            for next in [AttemptState::Sent, AttemptState::Submitted] {
                if *state == next || *state == AttemptState::Submitted {
                    move_to(stage, id, next).await.expect("there is this arrow");
                }
            }
            tries.push(id);
        }
        let returned = vec![None; begin.len()];
        Self { stage, key, tries, states: begin.to_vec(), returned, removed: false, claimed: None, read_at }
    }

    /// Answers whether it did what it was there for, or came too late.
    async fn act(&mut self, deed: Deed) -> bool {
        self.stage.clock.advance(Duration::from_millis(1));
        match deed {
            Deed::Move(number, to) => self.move_to(number, to).await,
            Deed::Remove => {
                self.stage.remove(self.key).await.expect("it is removed");
                self.removed = true;
                for state in self.states.iter_mut().filter(|it| **it == AttemptState::Reserved) {
                    *state = AttemptState::Released;
                }
                true
            }
            Deed::Claim => {
                let (key, now) = (self.key, self.stage.clock.now());
                let until = now.plus(Duration::from_secs(600));
                let claim = self.stage.store.write("claim", move |tx| Box::pin(tx.claim_key(key, until)));
                self.claimed = claim.await.expect("it is claimed or not").map(|claim| (claim, now));
                let is_there = !self.removed || self.states.iter().any(|it| it.holds());
                assert_eq!(self.claimed.is_some(), is_there, "a key is claimed as long as it is there");
                is_there
            }
            Deed::Record | Deed::Read => self.record().await,
        }
    }

    async fn move_to(&mut self, number: usize, to: AttemptState) -> bool {
        let from = self.states[number];
        let outcome = move_to(self.stage, self.tries[number], to).await;
        if !from.may_become(to) {
            assert!(matches!(outcome, Err(StoreError::Stale)), "{from} → {to}: {outcome:?}");
            return false;
        }
        outcome.unwrap_or_else(|error| panic!("{from} → {to}: {error}"));
        if from.is_under_way() && !to.is_under_way() {
            self.returned[number] = Some(self.stage.clock.now());
        }
        self.states[number] = to;
        true
    }

    async fn record(&mut self) -> bool {
        let Some((claim, started_at)) = self.claimed.take() else { return false };
        let report = Report { claim: Some(claim), started_at, ..self.stage.report(self.key, DEPOSIT) };
        let recorded = self.stage.read(report).await.is_some();
        assert_eq!(recorded, !self.removed, "a reading counts as long as the key is there");
        if recorded {
            self.read_at = started_at;
        }
        recorded
    }

    async fn check(&self, what: &str) {
        let (shown, states) = check(self.stage, self.key, self.removed, what).await;
        assert_eq!(states, self.states, "{what}");
        let settled = self.states.iter().zip(&self.returned).filter(|(state, _)| **state == AttemptState::Settled);
        let since = settled.filter(|(_, returned)| returned.is_some_and(|at| at > self.read_at)).count();
        assert_eq!(shown.spent_since, prices(since), "{what}: spent since the reading");
    }
}

/// Plays an order to its end. Answers how many of its deeds came too late.
async fn play(stage: &Stage, number: usize, begin: &[AttemptState], order: &[Deed]) -> u64 {
    let mut run = Run::begin(stage, number, begin).await;
    let mut late = 0;
    for (done, deed) in order.iter().enumerate() {
        late += u64::from(!run.act(*deed).await);
        run.check(&format!("{order:?} after {}", done + 1)).await;
    }
    for attempt in 0..run.tries.len() {
        if run.states[attempt].holds() {
            run.act(Deed::Move(attempt, AttemptState::Settled)).await;
        }
    }
    run.check(&format!("{order:?} at its end")).await;
    assert!(!stage.key(run.key).await.sealed, "{order:?}: the removed key is erased");
    late
}

on_both_databases! {
    async fn in_every_order_every_figure_is_right(database) {
        let mut plan = Plan::begin("orders", &database);
        let (stage, mut draw) = (Stage::on(&database).await, plan.draw());
        let casts = casts();
        let mut all = Vec::new();
        for cast in &casts {
            all.extend(orders(&cast.actors).into_iter().map(|order| (&cast.begin, order)));
        }
        assert_eq!(all.len(), 3 * 1_260, "seven steps, two pairs of which keep their order, three times");
        // Where not all are played, a seed says which.
        draw.shuffle(&mut all);
        all.truncate(usize::try_from(plan.size).unwrap_or(usize::MAX));
        let played = all.iter().enumerate();
        let late: Vec<u64> = iter(played.map(|(number, (begin, order))| play(&stage, number, begin, order)))
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        stage.expect_no_lies().await;
        plan.note("late deeds", late.iter().sum());
        plan.did(u64::try_from(late.len()).expect("thousands"));
    }
}
