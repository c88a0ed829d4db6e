//! A store with a clock moved by hand, one owner, and moves by short names.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use entity::attempt;
use key_recycling::domain::attempt::KeyClass;
use key_recycling::domain::key::BalanceSource;
use key_recycling::domain::{
    Account, AccountId, AccountRef, Attempt, AttemptId, AttemptState, Clock, CostSource, Key, KeyId, KeyStatus,
    OsEntropy, ProviderCode, TaskType, Timestamp, Usd,
};
use key_recycling::ledger::Ledger;
use key_recycling::moves;
use key_recycling::moves::attempt::{Cost, End};
use key_recycling::moves::key::{Answer, Bounds, Claim, NewKey, Policy, Report};
use key_recycling::store::{DatabaseSettings, Store, StoreError, Tx};
use sea_orm::{ColumnTrait as _, DatabaseConnection, EntityTrait as _, QueryFilter as _, QueryOrder as _};

use crate::support::Database;

/// When the tests begin.
const BEGINNING: i64 = 1_800_000_000_000_000;

/// How long a provider may take to charge a task.
pub(super) const WINDOW: Duration = Duration::from_secs(300);

/// A clock that stands still until it is moved.
#[derive(Clone)]
pub(super) struct HandClock(Arc<AtomicI64>);

impl HandClock {
    pub(super) fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_micros()).expect("a short time"), Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

/// The store and its owner.
#[derive(Clone)]
pub(super) struct Stage {
    pub(super) store: Store,
    pub(super) clock: HandClock,
    pub(super) owner: AccountId,
    settings: DatabaseSettings,
    rows: DatabaseConnection,
}

impl Stage {
    pub(super) async fn on(database: &Database) -> Self {
        let settings = DatabaseSettings { url: database.url.clone(), connections: 8, exclusive: false };
        let clock = HandClock(Arc::new(AtomicI64::new(BEGINNING)));
        let store = open(&settings, &clock).await;
        store.migrate().await.expect("it migrates");
        let mut stage =
            Self { store, clock, owner: AccountId(uuid::Uuid::nil()), settings, rows: database.connect().await };
        stage.become_owner(1).await;
        stage
    }

    /// Goes on as another owner, who is new.
    pub(super) async fn become_owner(&mut self, user: i64) {
        let made = self.store.write("owner", move |tx| Box::pin(async move { tx.make_owner_account(user).await }));
        made.await.expect("an account is made");
        let account = self.store.account_by_ref(AccountRef::Telegram(user)).await.expect("it reads");
        self.owner = account.expect("there is the account").id;
    }

    /// Whatever was in memory is gone; only rows are left.
    pub(super) async fn crash(&mut self) {
        self.store.close().await;
        self.store = open(&self.settings, &self.clock).await;
    }

    /// Another store over the same database, as another process has it.
    pub(super) async fn another(&self) -> Self {
        Self { store: open(&self.settings, &self.clock).await, ..self.clone() }
    }

    pub(super) async fn key(&self, id: KeyId) -> Key {
        self.store.keys_by_ids(&[id]).await.expect("it reads").pop().expect("there is the key")
    }

    pub(super) async fn attempt(&self, id: AttemptId) -> Attempt {
        self.store.attempt_by_id(id).await.expect("it reads").expect("there is the attempt")
    }

    /// Every attempt of a key, in the order in which they were opened.
    pub(super) async fn states(&self, key: KeyId) -> Vec<(AttemptId, AttemptState)> {
        let query = attempt::Entity::find().filter(attempt::Column::KeyId.eq(key.0));
        let found = query.order_by_asc(attempt::Column::Id).all(&self.rows).await.expect("it reads");
        let state = |row: &attempt::Model| AttemptState::from_code(&row.state).expect("a state");
        found.iter().map(|row| (row.id.into(), state(row))).collect()
    }

    pub(super) async fn account(&self) -> Account {
        let account = self.store.account_by_ref(AccountRef::Id(self.owner)).await.expect("it reads");
        account.expect("there is the account")
    }

    pub(super) async fn expect_no_lies(&self) {
        let report = Ledger::new(self.store.clone(), Usd::from_nanos(1)).audit(None).await.expect("the audit runs");
        assert_eq!(report.lies, Vec::<String>::new());
    }

    /// The owner hands a key over, for the first time or again, and the provider tells its balance.
    pub(super) async fn submit(&self, fingerprint: &str, balance: Usd) -> KeyId {
        let mut new = NewKey {
            id: KeyId::generate(&self.clock, &OsEntropy),
            owner: self.owner,
            provider: ProviderCode::TwoCaptcha,
            label: None,
            fingerprint: fingerprint.to_owned(),
            envelope: vec![1, 2, 3],
            ring_key_id: "ring".to_owned(),
        };
        loop {
            let claimed_until = self.clock.now().plus(Duration::from_secs(60));
            let bounds = Bounds { per_account: 1_000, rejections: POLICY.rejections, claimed_until };
            let claimed = new.clone();
            let claim = self.store.write("claim", move |tx| Box::pin(moves::key::claim(tx, claimed, bounds)));
            match claim.await.expect("it is claimed") {
                Claim::Pending(key, claim) => {
                    self.read(Report { claim: Some(claim), ..self.report(key.id, balance) }).await;
                    return key.id;
                }
                Claim::Kept(key) => return key.id,
                Claim::SealFor(id) => new.id = id,
                Claim::Queued(..) => panic!("nothing else is validated"),
                Claim::Refused(refusal) => panic!("refused: {refusal:?}"),
            }
        }
    }

    /// The owner takes the key back.
    pub(super) async fn remove(&self, key: KeyId) -> Result<(), StoreError> {
        let removed = self.store.write("remove", move |tx| {
            Box::pin(async move {
                moves::attempt::release_reserved(tx, key).await?;
                let before = tx.lock_key(key).await?.ok_or(StoreError::Stale)?;
                if before.status == KeyStatus::Removed {
                    return Ok(());
                }
                let removed = moves::key::remove(tx, &before).await?;
                moves::key::erase_if_done(tx, &removed).await
            })
        });
        removed.await
    }

    /// A reading that begins and ends now.
    pub(super) fn report(&self, key: KeyId, balance: Usd) -> Report {
        let now = self.clock.now();
        Report {
            key,
            claim: None,
            source: BalanceSource::Sync,
            started_at: now,
            read_at: now,
            outcome: Ok(Answer { balance, native: None, prepaid: false }),
        }
    }

    pub(super) async fn read(&self, report: Report) -> Option<Key> {
        let recorded = self.store.write("reading", move |tx| Box::pin(moves::key::record_reading(tx, report, POLICY)));
        recorded.await.expect("it is recorded")
    }

    /// Claims the PENDING keys whose turn it is, and answers how many there were.
    pub(super) async fn claim_validations(&self) -> usize {
        let until = self.clock.now().plus(Duration::from_secs(60));
        let claimed = self.store.write("claim validations", move |tx| {
            Box::pin(moves::key::claim_validations(tx, ProviderCode::TwoCaptcha, POLICY, until, 10))
        });
        claimed.await.expect("they are claimed").len()
    }

    /// Opens an attempt, if the key can bear it.
    pub(super) async fn reserve(&self, key: KeyId, estimate: Usd) -> Option<AttemptId> {
        let attempt = self.new_attempt(key, estimate);
        let id = attempt.id;
        let held = self
            .store
            .write("reserve", move |tx| Box::pin(async move { moves::attempt::reserve(tx, &attempt, 10).await }));
        held.await.expect("it is reserved").then_some(id)
    }

    fn new_attempt(&self, key: KeyId, estimate: Usd) -> Attempt {
        let (now, id) = (self.clock.now(), AttemptId::generate(&self.clock, &OsEntropy));
        Attempt {
            id,
            principal: "dispatcher".to_owned(),
            task_id: id.to_string(),
            number: 1,
            requester: None,
            request: "{}".to_owned(),
            key,
            owner: self.owner,
            provider: ProviderCode::TwoCaptcha,
            task_type: TaskType::Turnstile,
            proxied: false,
            key_class: KeyClass::Shared,
            state: AttemptState::Reserved,
            estimate,
            body_hash: None,
            dialect: None,
            provider_task_id: None,
            reply: None,
            error_code: None,
            cost: None,
            cost_raw: None,
            cost_source: None,
            before: None,
            verdict: None,
            decision: "{}".to_owned(),
            token_ring_key_id: "ring".to_owned(),
            opened_at: now,
            expires_at: now.plus(Duration::from_secs(60)),
            sent_at: None,
            poll_at: None,
            polls: 0,
            returned_at: None,
            ended_at: None,
        }
    }

    /// Moves an attempt as it stands in the database.
    pub(super) async fn go(&self, id: AttemptId, to: AttemptState, cost: Option<Cost>) -> Result<(), StoreError> {
        let moved = self.store.write("go", move |tx| {
            Box::pin(async move {
                let mut attempt = tx.lock_attempt(id).await?.ok_or(StoreError::Stale)?;
                step(tx, &mut attempt, to, cost).await
            })
        });
        moved.await
    }

    /// Moves an attempt as somebody saw it some time ago.
    pub(super) async fn go_from(
        &self,
        mut seen: Attempt,
        to: AttemptState,
        cost: Option<Cost>,
    ) -> Result<(), StoreError> {
        let moved = self.store.write("go", move |tx| Box::pin(async move { step(tx, &mut seen, to, cost).await }));
        moved.await
    }
}

/// The move that brings an attempt into a state.
async fn step(tx: &mut Tx, attempt: &mut Attempt, to: AttemptState, cost: Option<Cost>) -> Result<(), StoreError> {
    use AttemptState::{Expired, Released, Reserved, Sent, Submitted, Unknown};
    match to {
        Reserved | Sent | Submitted => {
            if to == Sent {
                attempt.sent_at = Some(tx.now());
            }
            moves::attempt::advance(tx, attempt, to).await
        }
        Released | Expired => moves::attempt::give_back(tx, attempt, to).await,
        Unknown => moves::attempt::lose(tx, attempt, WINDOW).await.map(|_| ()),
        _ => {
            let end = End { to, cost, cost_raw: None, reply: None, error_code: None };
            moves::attempt::end(tx, attempt, end).await
        }
    }
}

/// A cost that the provider told.
pub(super) fn reported(amount: Usd) -> Option<Cost> {
    Some(Cost { amount, source: CostSource::Reported, provisional: false })
}

/// The rules of readings.
const POLICY: Policy = Policy {
    interval: Duration::from_secs(300),
    depleted_interval_max: Duration::from_secs(600),
    dust: Usd::from_nanos(1),
    result_window: WINDOW,
    rate_missing: false,
    rejects_all: false,
    rejections: 1_000,
    jitter: 0.5,
};

async fn open(settings: &DatabaseSettings, clock: &HandClock) -> Store {
    Store::open(settings, Arc::new(clock.clone()), Arc::new(OsEntropy)).await.expect("it opens")
}
