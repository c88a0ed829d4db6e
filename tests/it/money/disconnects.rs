//! Clients that hang up in the middle of anything lose nothing that was acknowledged and gain nothing.

use futures_util::future::join_all;
use key_recycling::domain::Usd;
use serde_json::{Value, json};

use super::crowd::Crowd;
use crate::ledger::{move_credits, reverse, telegram};
use crate::support::draw::Draw;
use crate::support::sandbox::{code, usd};
use crate::support::scene::leased;
use crate::support::{Caller, Plan, Scene, eventually};

/// Telegram's ids of the owners count from here.
const OWNERS_FROM: i64 = 7_000_000_000;

/// Owners who do things at the same moment.
const AT_ONCE: i64 = 6;

/// Providers that tell what they charge, so that every credit is final at once.
const REPORTING: [&str; 3] = ["two_captcha", "anti_captcha", "ucaptcha_native"];

const MORE: &str =
    "[keys]\nsubmissions_per_hour = 1000\ncheck_cooldown = \"1s\"\n[leases]\nopen_per_service = 1000000\n";

/// A movement of credits that was asked for under a name.
struct Movement {
    verb: &'static str,
    amount: &'static str,
    name: String,
    /// The transaction that somebody was told.
    acknowledged: Option<Value>,
}

/// An owner with one key.
struct Life {
    owner: Caller,
    user: i64,
    slug: &'static str,
    secret: String,
    key: Value,
    movements: Vec<Movement>,
    reversal: Option<Value>,
    draw: Draw,
}

impl Life {
    /// Everything that is done in a life, most of it by callers who hang up.
    async fn live(crowd: &Crowd, user: i64, draw: Draw) -> Self {
        let mut life = Self::begin(crowd, user, draw).await;
        life.move_credits(crowd, "deposit", "1", true).await;
        for _ in 0..2 {
            life.move_credits(crowd, "deposit", "0.25", false).await;
            life.move_credits(crowd, "spend", "0.05", false).await;
        }
        for number in 0..3 {
            life.solve(crowd, number).await;
        }
        life.check_balance(crowd).await;
        life.reverse(crowd).await;
        life.repeat_movements(crowd).await;
        life.remove(crowd).await;
        life
    }

    async fn begin(crowd: &Crowd, user: i64, mut draw: Draw) -> Self {
        let slug = *draw.pick(&REPORTING);
        let owner = crowd.scene.server.owner(user);
        let secret = crowd.scene.server.providers.key(slug, "1").await;
        let provider = code(slug);
        let submit = || owner.submit(&provider, &secret);
        let early = crowd.hasty("submitKey", &mut draw, submit()).await;
        let again = crowd.calm("submitKey", submit()).await;
        let key = again["key"]["id"].clone();
        if let Some(early) = early {
            assert_eq!(early["key"]["id"], key, "the key handed over again is the same");
        }
        // Asked for sparingly, so that it is not the request budget that ends the wait.
        let status = "query($id: ID!) { node(id: $id) { ... on RecycledKey { status } } }";
        eventually("the key is ACTIVE", || async {
            let shown = owner.run(status, json!({ "id": key })).await.data();
            (shown["node"]["status"] == "ACTIVE").then_some(())
        })
        .await;
        Self { owner, user, slug, secret, key, movements: Vec::new(), reversal: None, draw }
    }

    async fn move_credits(&mut self, crowd: &Crowd, verb: &'static str, amount: &'static str, surely: bool) {
        let name = format!("{} of {}", self.movements.len(), self.user);
        let movement = || move_credits(&crowd.billing, verb, telegram(self.user), amount, &name, json!(name));
        let call = if verb == "deposit" { "depositCredits" } else { "spendCredits" };
        let early = crowd.hasty(call, &mut self.draw, movement()).await;
        let acknowledged = match early {
            None if surely => Some(crowd.calm(call, movement()).await),
            early => early,
        };
        self.movements.push(Movement { verb, amount, name, acknowledged });
    }

    /// What was acknowledged is answered the same; of the rest half is asked for once more.
    async fn repeat_movements(&mut self, crowd: &Crowd) {
        for it in &mut self.movements {
            if it.acknowledged.is_none() && self.draw.one_in(2) {
                continue;
            }
            let call = if it.verb == "deposit" { "depositCredits" } else { "spendCredits" };
            let (account, note) = (telegram(self.user), json!(it.name));
            let again =
                crowd.calm(call, move_credits(&crowd.billing, it.verb, account, it.amount, &it.name, note)).await;
            assert_eq!(again["userErrors"], json!([]), "{again}");
            assert_eq!(it.acknowledged.get_or_insert_with(|| again.clone()), &again, "a repeat answers the same");
        }
    }

    /// A task from lease to result; now and then nobody comes back after hanging up.
    async fn solve(&mut self, crowd: &Crowd, number: u32) {
        let (scene, task_id) = (&crowd.scene, format!("task {number} of {}", self.user));
        let route =
            json!({ "taskType": "TURNSTILE", "onlyProviders": [code(self.slug)], "account": telegram(self.user) });
        let open = || scene.dispatcher.open_lease(&task_id, 1, route.clone());
        let early = crowd.hasty("openLease", &mut self.draw, open()).await;
        if early.is_none() && self.draw.one_in(4) {
            return;
        }
        let opened = crowd.calm("openLease", open()).await;
        if let Some(early) = early {
            assert_eq!(early["lease"], opened["lease"], "the lease opened again is the same");
        }
        let lease = leased(self.slug, &opened);
        assert_eq!(lease.key, self.key, "the requester's own key comes first: {opened}");
        let early = crowd.hasty("createTask", &mut self.draw, scene.create(&lease)).await;
        if early.is_none() && self.draw.one_in(3) {
            return;
        }
        let created = crowd.calm("createTask", scene.create(&lease)).await;
        assert_eq!(created["errorId"], 0, "{created}");
        if let Some(early) = early {
            assert_eq!(early, created, "the task created again is the same");
        }
        let ask = || scene.gateway.result(&lease.token, &created["taskId"]);
        let early = crowd.hasty("getTaskResult", &mut self.draw, ask()).await;
        if self.draw.one_in(6) {
            return;
        }
        let ended = scene.outcome(&lease, &created["taskId"]).await;
        assert_eq!(ended["status"], "ready", "{ended}");
        assert_eq!(crowd.calm("getTaskResult", ask()).await, ended, "the result asked for again is the same");
        if let Some(early) = early.filter(|early| early["status"] == "ready") {
            assert_eq!(early, ended);
        }
    }

    async fn check_balance(&mut self, crowd: &Crowd) {
        crowd.hasty("checkKeyBalance", &mut self.draw, self.owner.check(&self.key)).await;
        let checked = crowd.calm("checkKeyBalance", self.owner.check(&self.key)).await;
        assert_eq!(checked["userErrors"], json!([]), "{checked}");
    }

    /// Billing takes a credit back.
    async fn reverse(&mut self, crowd: &Crowd) {
        let transactions = self.transactions().await;
        let Some(credit) = transactions.iter().find(|it| it["kind"] == "RECYCLE_CREDIT") else { return };
        let name = format!("reversal of {}", self.user);
        let reversal = || reverse(&crowd.billing, &credit["id"], Value::Null, &name);
        let early = crowd.hasty("reverseCredit", &mut self.draw, reversal()).await;
        if early.is_none() && self.draw.one_in(3) {
            return;
        }
        let again = crowd.calm("reverseCredit", reversal()).await;
        assert_eq!(again["userErrors"], json!([]), "{again}");
        assert_eq!(early.as_ref().unwrap_or(&again), &again, "the reversal asked for again is the same");
        self.reversal = Some(again["transaction"]["id"].clone());
    }

    async fn remove(&mut self, crowd: &Crowd) {
        crowd.hasty("removeKey", &mut self.draw, self.owner.remove(&self.key)).await;
        let removed = crowd.calm("removeKey", self.owner.remove(&self.key)).await;
        assert_eq!(removed["key"]["status"], "REMOVED", "{removed}");
    }

    async fn transactions(&self) -> Vec<Value> {
        let document = "{ viewer { transactions { nodes { id kind amount note } } } }";
        let viewer = self.owner.run(document, Value::Null).await.data()["viewer"].clone();
        viewer["transactions"]["nodes"].as_array().expect("transactions").clone()
    }

    /// What was acknowledged is there once, what was not at most once, and nothing else is. Answers how
    /// many tasks the provider got.
    async fn expect_the_books(&self, crowd: &Crowd) -> i64 {
        let user = self.user;
        let transactions = self.transactions().await;
        let of_kind = |kind: &'static str| transactions.iter().filter(move |it| it["kind"] == kind);
        let mut known = 0;
        for movement in &self.movements {
            let posted: Vec<_> = transactions.iter().filter(|it| it["note"] == movement.name.as_str()).collect();
            known += posted.len();
            assert!(posted.len() <= 1, "{user}: twice: {posted:?}");
            if let Some(acknowledged) = &movement.acknowledged {
                assert_eq!(posted.len(), 1, "{user}: acknowledged and gone: {acknowledged}");
                assert_eq!(posted[0]["id"], acknowledged["transaction"]["id"], "{user}");
            }
        }
        let reversals: Vec<_> = of_kind("RECYCLE_REVERSAL").map(|it| &it["id"]).collect();
        assert!(reversals.len() <= 1, "{user}: {reversals:?}");
        assert!(self.reversal.is_none() || reversals.first().copied() == self.reversal.as_ref(), "{user}");
        let credits = of_kind("RECYCLE_CREDIT").count();
        assert_eq!(known + reversals.len() + credits, transactions.len(), "{user}: {transactions:#?}");

        let books = crowd.scene.server.providers.books(self.slug, &self.secret).await;
        assert_eq!(books["tasks"]["solved"], credits, "{user}: {books}");
        assert_eq!(books["tasks"]["created"], credits, "{user}: {books}");
        assert_eq!(books["calls"]["createTask"].as_u64().unwrap_or(0), credits as u64, "{user}: {books}");
        let charged = crowd.scene.server.providers.charged(self.slug, &self.secret).await;
        assert_eq!(of_kind("RECYCLE_CREDIT").map(|it| usd(&it["amount"])).sum::<Usd>(), charged, "{user}");
        let account = self.owner.account().await;
        assert_eq!(usd(&account["balance"]), transactions.iter().map(|it| usd(&it["amount"])).sum(), "{user}");
        let shown = self.owner.key(&self.key).await;
        assert_eq!((&shown["status"], &shown["held"]), (&json!("REMOVED"), &json!("0")), "{user}: {shown}");
        i64::try_from(credits).expect("few tasks")
    }
}

/// Waits for what is under way, and then for the leases that nobody used.
async fn drain(crowd: &Crowd) {
    let database = &crowd.scene.server.database;
    let none = |states: &'static str| async move {
        let sql = format!("SELECT count(*) FROM attempt WHERE state IN ({states})");
        (database.number(&sql).await == Some(0)).then_some(())
    };
    eventually("nothing is under way", || none("'SENT', 'SUBMITTED'")).await;
    crowd.scene.server.pass_time(std::time::Duration::from_secs(61)).await;
    eventually("nothing is held", || none("'RESERVED', 'SENT', 'SUBMITTED', 'UNKNOWN'")).await;
}

on_both_databases! {
    async fn who_hangs_up_loses_nothing_and_gains_nothing(database) {
        let mut plan = Plan::begin("disconnects", &database);
        let mut draw = plan.draw();
        let crowd = Crowd::before(Scene::start_with(database, MORE).await).await;
        let mut lives = Vec::new();
        let mut next = OWNERS_FROM;
        while crowd.hung_up() < plan.size {
            let begun: Vec<_> = (next..next + AT_ONCE).map(|user| (user, Draw::new(draw.number()))).collect();
            next += AT_ONCE;
            lives.extend(join_all(begun.into_iter().map(|(user, draw)| Life::live(&crowd, user, draw))).await);
        }
        crowd.expect_both_of_each(9);
        drain(&crowd).await;
        let mut tasks = 0;
        for life in &lives {
            tasks += life.expect_the_books(&crowd).await;
        }
        let database = &crowd.scene.server.database;
        let keys = i64::try_from(lives.len()).expect("hundreds");
        for (what, expected) in [
            ("SELECT count(*) FROM attempt WHERE sent_at IS NOT NULL", tasks),
            ("SELECT count(*) FROM provider_key", keys),
            ("SELECT count(*) FROM provider_key WHERE held_nano <> 0 OR in_flight <> 0", 0),
        ] {
            assert_eq!(database.number(what).await, Some(expected), "{what}");
        }
        crowd.scene.expect_no_lies().await;
        plan.note("lives", keys.unsigned_abs());
        plan.note("tasks", tasks.unsigned_abs());
        plan.did(crowd.hung_up());
    }
}
