//! A provider that lies gains nothing: a credit is what its books charged for that very task, or none.

use futures_util::future::join_all;
use key_recycling::domain::Usd;
use serde_json::{Value, json};

use crate::ledger::telegram;
use crate::support::draw::Draw;
use crate::support::sandbox::{code, usd};
use crate::support::scene::{Handed, Leased, leased};
use crate::support::{Caller, Plan, Scene, eventually};

/// Telegram's ids of the owners count from here.
const OWNERS_FROM: i64 = 8_000_000_000;

/// Keys, each of an owner of its own, whose provider lies at the same moment.
const AT_ONCE: usize = 24;

/// Lies told of each key, not counting the last one.
const LIES: usize = 4;

/// How far the clock moves between two looks at what is still held.
const STEP: std::time::Duration = std::time::Duration::from_secs(45);

/// Providers whose word on the cost counts.
const REPORTING: [&str; 3] = ["two_captcha", "anti_captcha", "ucaptcha_native"];

/// Balances that no key has.
const BALANCES: [&str; 7] = ["0", "-1", "0.000001", "1000", "999999", "1e9", "\"NaN\""];

/// What the provider says that is not so.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Lie {
    Nothing,
    /// The result names another cost.
    Cost(String),
    /// The task gets the id of the key's task before.
    DuplicateId,
    /// The task gets the id of a task of another key.
    ForeignId,
    /// The next readings show another balance.
    Balance(&'static str),
}

/// A task, and the lie told about it.
struct Told {
    lie: Lie,
    lease: Leased,
    /// The id that the provider told.
    task_id: Value,
}

struct Line {
    user: i64,
    owner: Caller,
    key: Handed,
    told: Vec<Told>,
}

impl Line {
    async fn play(scene: &Scene, user: i64, foreign_ids: &[(&'static str, String)], mut draw: Draw) -> Self {
        let slug = *draw.pick(&REPORTING);
        let owner = scene.server.owner(user);
        let key = scene.key_of(&owner, slug, json!({ "balance": "1", "solve_ms": [0, 20] })).await;
        let mut line = Self { user, owner, key, told: Vec::new() };
        line.task(scene, Lie::Nothing, foreign_ids).await;
        let price = scene.charged(&line.key).await;
        for _ in 0..LIES {
            let lie = match draw.below(6) {
                0 => Lie::Cost(format!("\"{}\"", Usd::from_nanos(price.nanos() * 1_000))),
                1 => Lie::Cost(format!("\"-{price}\"")),
                2 => Lie::Cost(format!("\"{}\"", Usd::from_nanos(price.nanos() * 5 + 1_000_000))),
                // Of two in a row the second gives out the id that was never taken, and so is no lie.
                3 if line.told.last().is_some_and(|last| last.lie != Lie::DuplicateId) => Lie::DuplicateId,
                _ => Lie::Balance(BALANCES[draw.place(BALANCES.len())]),
            };
            line.task(scene, lie, foreign_ids).await;
        }
        // The last one, since the key rests until it is explained.
        if draw.one_in(3) {
            line.task(scene, Lie::ForeignId, foreign_ids).await;
        }
        line
    }

    async fn task(&mut self, scene: &Scene, lie: Lie, foreign_ids: &[(&'static str, String)]) {
        let slug = self.key.slug;
        let task_id = format!("task {} of {}", self.told.len(), self.user);
        let route = json!({ "taskType": "TURNSTILE", "onlyProviders": [code(slug)], "account": telegram(self.user) });
        let opened = scene.dispatcher.open_lease(&task_id, 1, route).await;
        let lease = leased(slug, &opened);
        assert_eq!(lease.key, self.key.id, "the requester's own key comes first: {opened}");
        let fault = match &lie {
            Lie::Nothing => None,
            Lie::Cost(text) => Some(("getTaskResult", json!({ "kind": "cost_text", "text": text }))),
            Lie::DuplicateId => Some(("createTask", json!({ "kind": "duplicate_task_id" }))),
            Lie::ForeignId => {
                let foreign = foreign_ids.iter().find(|(of, _)| *of == slug).expect("each provider has a bystander");
                Some(("createTask", json!({ "kind": "task_id_text", "text": foreign.1 })))
            }
            Lie::Balance(text) => Some(("getBalance", json!({ "kind": "balance_text", "text": text }))),
        };
        if let Some((method, fault)) = fault {
            let order = json!({ "key": self.key.secret, "method": method, "count": 1, "fault": fault });
            scene.server.providers.call(reqwest::Method::POST, &format!("{slug}/faults"), Some(order)).await;
        }
        let created = scene.create(&lease).await;
        if lie == Lie::DuplicateId {
            assert_ne!(created["errorId"], 0, "an id given out twice is not handed on: {created}");
        } else {
            assert_eq!(created["errorId"], 0, "{lie:?}: {created}");
            let ended = scene.outcome(&lease, &created["taskId"]).await;
            assert!(lie == Lie::ForeignId || ended["status"] == "ready", "{lie:?}: {ended}");
        }
        if matches!(lie, Lie::Balance(_)) {
            self.read_again(scene).await;
        }
        self.told.push(Told { lie, lease, task_id: created["taskId"].clone() });
    }

    /// Waits for a reading that is a lie and one that is true, after which the key lends again.
    async fn read_again(&self, scene: &Scene) {
        let from = scene.calls(&self.key, "getBalance").await;
        eventually("the key is read and lends again", || async {
            let is_read = scene.calls(&self.key, "getBalance").await >= from + 2;
            let shown = self.owner.key(&self.key.id).await;
            (is_read && shown["lendable"] == true && usd(&shown["available"]) < usd(&json!("2"))).then_some(())
        })
        .await;
    }

    /// Each credit is the charge of its own task. Answers how many attempts wait for an operator.
    async fn expect_the_books(&self, scene: &Scene) -> u64 {
        let books = scene.server.providers.books(self.key.slug, &self.key.secret).await;
        let charges = books["charges"].as_array().expect("charges");
        let (mut credited, mut reviewed) = (Usd::ZERO, 0);
        for it in &self.told {
            let attempt = scene.dispatcher.attempt(&it.lease.attempt).await;
            let what = format!("{} {:?}: {attempt}", self.user, it.lie);
            let state = attempt["state"].as_str().expect("a state");
            match it.lie {
                Lie::Nothing | Lie::Balance(_) => assert_eq!(state, "SETTLED", "{what}"),
                Lie::Cost(_) | Lie::DuplicateId => assert_eq!(state, "UNDER_REVIEW", "{what}"),
                // Decided by what the readings show was charged, as far as they can tell.
                Lie::ForeignId => assert!(["SETTLED", "UNDER_REVIEW"].contains(&state), "{what}"),
            }
            reviewed += u64::from(state == "UNDER_REVIEW");
            if state == "SETTLED" {
                credited += usd(&attempt["cost"]);
            }
            if attempt["costSource"] == "REPORTED" {
                let id = it.task_id.as_str().map_or_else(|| it.task_id.to_string(), str::to_owned);
                let charge = charges.iter().find(|charge| charge["task_id"] == id.as_str());
                let charge = charge.unwrap_or_else(|| panic!("{what}: the books have no task {id}"));
                assert_eq!(usd(&attempt["cost"]), usd(&charge["amount"]), "{what}");
            }
        }
        let account = self.owner.account().await;
        assert_eq!((usd(&account["credited"]), usd(&account["balance"])), (credited, credited), "{}", self.user);
        assert!(credited <= scene.charged(&self.key).await, "{}: more was credited than charged", self.user);
        assert_eq!(scene.calls(&self.key, "createTask").await, self.told.len() as u64, "{}", self.user);
        reviewed
    }
}

/// An id of a task of somebody else's key, at each provider.
async fn foreign_ids(scene: &Scene) -> Vec<(&'static str, String)> {
    let mut ids = Vec::new();
    for slug in REPORTING {
        scene.key(slug, "1").await;
        let lease = scene.lease(slug, &format!("bystander at {slug}")).await;
        let created = scene.create(&lease).await;
        assert_eq!(scene.outcome(&lease, &created["taskId"]).await["status"], "ready");
        ids.push((slug, created["taskId"].to_string()));
    }
    ids
}

/// Lets time go by until evidence has decided whatever is UNKNOWN.
async fn settle_down(scene: &Scene) {
    let open = "SELECT count(*) FROM attempt WHERE state IN ('RESERVED', 'SENT', 'SUBMITTED', 'UNKNOWN')";
    eventually("nothing is held any more", || async {
        scene.server.pass_time(STEP).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        (scene.server.database.number(open).await == Some(0)).then_some(())
    })
    .await;
}

on_both_databases! {
    async fn a_provider_that_lies_gains_nothing(database) {
        let mut plan = Plan::begin("provider lies", &database);
        let mut draw = plan.draw();
        let more = "[keys]\nsubmissions_per_hour = 1000\n[leases]\nopen_per_service = 100000\nreview_after = \"24h\"\n";
        let scene = Scene::start_with(database, more).await;
        let foreign_ids = foreign_ids(&scene).await;
        let (mut lies, mut tasks, mut reviewed) = (0, 0, 0);
        for first in (OWNERS_FROM..).step_by(AT_ONCE) {
            let lines = (first..).take(AT_ONCE).map(|user| (user, Draw::new(draw.number()))).collect::<Vec<_>>();
            let lines = lines.into_iter().map(|(user, draw)| Line::play(&scene, user, &foreign_ids, draw));
            let lines = join_all(lines).await;
            settle_down(&scene).await;
            for line in &lines {
                reviewed += line.expect_the_books(&scene).await;
                tasks += line.told.len() as u64;
                lies += line.told.iter().filter(|it| it.lie != Lie::Nothing).count() as u64;
                assert_eq!(line.owner.remove(&line.key.id).await["key"]["status"], "REMOVED");
            }
            if lies >= plan.size {
                break;
            }
        }
        let held = "SELECT count(*) FROM provider_key WHERE held_nano <> 0 OR in_flight <> 0";
        assert_eq!(scene.server.database.number(held).await, Some(0));
        scene.expect_no_lies().await;
        plan.note("tasks", tasks);
        plan.note("under review", reviewed);
        plan.did(lies);
    }
}
