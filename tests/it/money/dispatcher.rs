//! A dispatcher that lies gains nothing: every lie is refused without a call to a provider, or gets the
//! answer that was given before, and the credits stay what the providers' books charged for honest tasks.

use key_recycling::domain::{Scope, Usd};
use serde_json::{Value, json};

use crate::ledger::telegram;
use crate::support::draw::Draw;
use crate::support::sandbox::code;
use crate::support::scene::{Handed, Leased, turnstile};
use crate::support::server::{provider_setting, with_provider_setting};
use crate::support::wiretap::Wiretap;
use crate::support::{Caller, Database, Plan, Scene, Server};

/// Providers of three sorts: both dialects; JSON with a method that moves money; costs by the balance.
const SLUGS: [&str; 3] = ["two_captcha", "anti_captcha", "capsolver"];

/// Lies told between two rounds of honest tasks.
const LIES_OF_A_ROUND: u64 = 50;

/// Methods that no dispatcher may call.
const UNKNOWN_METHODS: [&str; 7] =
    ["sendFunds", "getQueueStats", "getSpendingStats", "test", "", "admin/books", "pushAntiGateVariable"];

/// Where a provider would call back, if it were told.
const CALLBACK: &str = "https://UNWANTED.example/";

/// A lease with what its honest use was answered.
struct Honest {
    lease: Leased,
    created: Value,
    ended: Value,
}

/// A server, its honest users, and what is known to liars.
struct Den {
    scene: Scene,
    /// Another service with the same rights.
    rival: Caller,
    taps: Vec<Wiretap>,
    keys: Vec<Handed>,
    done: Vec<Honest>,
    /// Leases that lie about unused, one for each provider.
    unused: Vec<Leased>,
    /// A lease that was given back.
    returned: Leased,
    honest_tasks: u64,
    draw: Draw,
}

impl Den {
    async fn open(database: Database, draw: Draw) -> Self {
        let mut taps = Vec::new();
        let server = Server::start_edited(database, |text| {
            let places = SLUGS.iter().flat_map(|slug| [(*slug, "base_url"), (*slug, "legacy_base_url")]);
            places.fold(text, |text, (slug, name)| {
                let tap = Wiretap::before(provider_setting(&text, slug, name));
                let tapped = with_provider_setting(&text, slug, name, &tap.address);
                taps.push(tap);
                tapped
            })
        });
        let scene = Scene::with(server.await).await;
        let rival = scene.server.service("rival", &[Scope::Dispatch]).await;
        let mut keys = Vec::new();
        for slug in SLUGS {
            keys.push(scene.key(slug, "100").await);
        }
        let returned = scene.lease("two_captcha", "returned").await;
        let document = "mutation($input: ReleaseLeaseInput!) { releaseLease(input: $input) { userErrors { code } } }";
        let input = json!({ "input": { "attemptId": returned.attempt } });
        assert_eq!(scene.dispatcher.run(document, input).await.data()["releaseLease"]["userErrors"], json!([]));
        Self { scene, rival, taps, keys, done: Vec::new(), unused: Vec::new(), returned, honest_tasks: 0, draw }
    }

    /// Uses the leases that lay about, to show that no lie has used them up, and opens others.
    async fn be_honest(&mut self) {
        for lease in std::mem::take(&mut self.unused) {
            let created = self.create_with_callback(&lease).await;
            assert_eq!(created["errorId"], 0, "{created}");
            let ended = self.scene.outcome(&lease, &created["taskId"]).await;
            assert_eq!(ended["status"], "ready", "{ended}");
            self.done.push(Honest { lease, created, ended });
        }
        // Answers are kept for some minutes only.
        let kept = self.done.len().saturating_sub(12);
        self.done.drain(..kept);
        for slug in SLUGS {
            let lease = self.scene.lease(slug, &format!("{slug} {}", self.honest_tasks)).await;
            self.unused.push(lease);
            self.honest_tasks += 1;
        }
    }

    async fn create_with_callback(&self, lease: &Leased) -> Value {
        self.scene.gateway.call("createTask", with_callback(lease)).await
    }

    /// One lie of any sort.
    async fn lie(&mut self) {
        match self.draw.below(10) {
            0..4 => self.lie_in_json().await,
            4..6 => self.lie_in_legacy().await,
            6..8 => self.send_rubbish().await,
            _ => self.lie_to_the_api().await,
        }
    }

    async fn lie_in_json(&mut self) {
        let sort = self.draw.below(10);
        let (honest, other) = (self.draw.place(self.done.len()), self.draw.place(self.done.len()));
        let (honest, other) = (&self.done[honest], &self.done[other]);
        let unused = &self.unused[self.draw.place(self.unused.len())];
        let gateway = &self.scene.gateway;
        let reply = match sort {
            0 if other.created["taskId"] != honest.created["taskId"] => {
                gateway.result(&honest.lease.token, &other.created["taskId"]).await
            }
            0 | 1 => {
                let replayed = gateway.result(&honest.lease.token, &honest.created["taskId"]).await;
                assert_eq!(replayed, honest.ended, "a replayed poll");
                return;
            }
            2 => {
                let replayed = self.create_with_callback(&honest.lease).await;
                assert_eq!(replayed, honest.created, "a replayed creation");
                return;
            }
            3 => gateway.create(&honest.lease.token, &site("other-site-key", honest.lease.slug)).await,
            4 => {
                let method = *self.draw.pick(&["createTask", "getTaskResult", "getBalance", "reportIncorrect"]);
                let token = flipped(unused.token(), &mut self.draw);
                let body =
                    json!({ "clientKey": token, "taskId": honest.created["taskId"], "task": turnstile(unused.slug) });
                gateway.call(method, body).await
            }
            5 => gateway.create(&unused.token, &swapped(unused.slug, &mut self.draw)).await,
            6 => {
                let method = *self.draw.pick(&UNKNOWN_METHODS);
                let body =
                    json!({ "clientKey": unused.token, "accountLogin": "me", "accountEmail": "me", "amount": 1 });
                gateway.call(method, body).await
            }
            7 => {
                let body = json!({ "clientKey": unused.token, "taskId": other.created["taskId"], "solution": { "invalid": true } });
                let method = *self.draw.pick(&["reportIncorrect", "reportIncorrectRecaptcha", "feedbackTask"]);
                gateway.call(method, body).await
            }
            8 => {
                let secrets = [
                    self.keys[0].secret.as_str(),
                    self.returned.token(),
                    "",
                    "lease_",
                    &self.scene.dispatcher.authorization,
                ];
                let token = *self.draw.pick(&secrets);
                gateway.call("createTask", json!({ "clientKey": token, "task": turnstile("two_captcha") })).await
            }
            _ => {
                let method =
                    self.draw.pick(&[reqwest::Method::GET, reqwest::Method::PUT, reqwest::Method::DELETE]).clone();
                let request = gateway.client.request(method, format!("{}/createTask", gateway.origin));
                let text =
                    request.body(with_callback(unused).to_string()).send().await.expect("an answer").text().await;
                serde_json::from_str(&text.expect("a text")).expect("JSON")
            }
        };
        expect_refused(&format!("JSON {sort}"), &reply.to_string());
    }

    async fn lie_in_legacy(&mut self) {
        let sort = self.draw.below(6);
        let honest = &self.done[self.draw.place(self.done.len())];
        let unused = &self.unused[self.draw.place(self.unused.len())];
        let task_id = honest.created["taskId"].to_string().replace('"', "");
        let gateway = &self.scene.gateway;
        let pingback = ("pingback", CALLBACK);
        let reply = match sort {
            // The task came in by the other dialect.
            0 => gateway.get("res.php", &[("key", honest.lease.token()), ("action", "get"), ("id", &task_id)]).await,
            1 => gateway.get("res.php", &[("key", unused.token()), ("action", "get2"), ("id", &task_id)]).await,
            2 => {
                let action = *self.draw.pick(&["transfer", "add_pingback", "addaccount", "getip", "sendFunds"]);
                gateway.get("res.php", &[("key", unused.token()), ("action", action), pingback]).await
            }
            3 => {
                let method = *self.draw.pick(&["hcaptcha", "userrecaptcha", "geetest", "no-such-method"]);
                let task =
                    [("method", method), ("sitekey", "s"), ("googlekey", "s"), ("pageurl", "https://example.com/")];
                gateway.post_form("in.php", &[&[("key", unused.token()), pingback][..], &task].concat()).await
            }
            4 => {
                let token = flipped(unused.token(), &mut self.draw);
                let task = [("method", "turnstile"), ("sitekey", "s"), ("pageurl", "https://example.com/"), pingback];
                gateway.post_form("in.php", &[&[("key", token.as_str())][..], &task].concat()).await
            }
            _ => {
                let action = *self.draw.pick(&["reportbad", "reportgood"]);
                gateway.get("res.php", &[("key", unused.token()), ("action", action), ("id", &task_id)]).await
            }
        };
        expect_refused(&format!("legacy {sort}"), &reply);
    }

    /// Bodies that are no request, under content types of all sorts.
    async fn send_rubbish(&mut self) {
        let unused = &self.unused[self.draw.place(self.unused.len())];
        let good = with_callback(unused).to_string();
        let sort = self.draw.below(8);
        let body: Vec<u8> = match sort {
            0 => (0..self.draw.below(200)).flat_map(|_| self.draw.number().to_le_bytes()).collect(),
            1 => good.as_bytes()[..self.draw.place(good.len())].to_vec(),
            2 => "[".repeat(self.draw.place(50_000) + 1).into_bytes(),
            // Far from always, since it is a megabyte.
            3 if self.draw.one_in(10) => vec![b'A'; (1 << 20) + 1],
            3 | 4 => format!("{{\"clientKey\":{}}}", self.draw.number()).into_bytes(),
            5 => good.replacen('{', "{\u{0}", 1).into_bytes(),
            6 => format!("[{good}]").into_bytes(),
            _ => good.replace("clientKey", "clientkey").into_bytes(),
        };
        let types = [
            "application/json",
            "text/xml",
            "multipart/form-data; boundary=x",
            "application/x-www-form-urlencoded",
            "",
        ];
        let (content_type, path) =
            (*self.draw.pick(&types), *self.draw.pick(&["createTask", "getTaskResult", "in.php", "res.php"]));
        let gateway = &self.scene.gateway;
        let request = gateway.client.post(format!("{}/{path}", gateway.origin)).header("content-type", content_type);
        // A body that is too long may be refused before all of it was sent.
        let Ok(response) = request.body(body).send().await else {
            return assert_eq!(sort, 3, "an answer to rubbish {sort}");
        };
        if let Ok(text) = response.text().await {
            expect_refused(&format!("rubbish {sort} as {content_type} to {path}"), &text);
        }
    }

    /// What a dispatcher asks of the API that is not his.
    async fn lie_to_the_api(&mut self) {
        let honest = &self.done[self.draw.place(self.done.len())];
        let unused = &self.unused[self.draw.place(self.unused.len())];
        let (scene, rival) = (&self.scene, &self.rival);
        match self.draw.below(6) {
            0 => {
                let input = json!({ "account": telegram(5_000_000_001), "amount": "1", "idempotencyKey": "theirs" });
                let document = *self.draw.pick(&[
                    "mutation($input: DepositCreditsInput!) { depositCredits(input: $input) { userErrors { code } } }",
                    "mutation($input: SpendCreditsInput!) { spendCredits(input: $input) { userErrors { code } } }",
                ]);
                assert_eq!(rival.run(document, json!({ "input": input })).await.code(), "FORBIDDEN");
            }
            1 => {
                let document =
                    "mutation($input: ResolveAttemptInput!) { resolveAttempt(input: $input) { userErrors { code } } }";
                let input = json!({ "attemptId": honest.lease.attempt, "cost": "1000", "note": "believe me" });
                assert_eq!(rival.run(document, json!({ "input": input })).await.code(), "FORBIDDEN");
            }
            2 => {
                let document =
                    "mutation($input: ReleaseLeaseInput!) { releaseLease(input: $input) { userErrors { code } } }";
                let input = json!({ "input": { "attemptId": unused.attempt } });
                let refused = rival.run(document, input).await.data();
                assert_eq!(refused["releaseLease"]["userErrors"][0]["code"], "ATTEMPT_NOT_FOUND", "{refused}");
            }
            3 => {
                let document =
                    "mutation($input: ReportSolutionInput!) { reportSolution(input: $input) { userErrors { code } } }";
                let input = json!({ "input": { "attemptId": honest.lease.attempt, "verdict": "REJECTED" } });
                let refused = rival.run(document, input).await.data();
                assert_eq!(refused["reportSolution"]["userErrors"][0]["code"], "ATTEMPT_NOT_FOUND", "{refused}");
            }
            4 => {
                let task_id = format!("{} {}", unused.slug, self.honest_tasks);
                let route = json!({ "taskType": "TURNSTILE", "onlyProviders": [code(unused.slug)], "account": telegram(5_000_000_001) });
                // Numbers that no task has reached, and a task whose content was another.
                let refused = scene.dispatcher.open_lease(&task_id, 2, route.clone()).await;
                assert_eq!(refused["lease"], Value::Null, "{refused}");
                let refused = scene.dispatcher.open_lease("returned", 1, route).await;
                assert_eq!(refused["userErrors"][0]["code"], "TASK_MISMATCH", "{refused}");
            }
            _ => {
                let token = unused.token();
                let refused = scene.owner.submit(&code(unused.slug), token).await;
                assert_eq!(refused["key"], Value::Null, "{refused}");
                assert_eq!(refused["userErrors"][0]["code"], "KEY_FORMAT", "{refused}");
            }
        }
    }

    /// The providers got the honest tasks and nothing else; their books are the credits.
    async fn expect_honest_books(&self) {
        let mut charged = Usd::ZERO;
        let mut created = 0;
        for key in &self.keys {
            let calls = self.scene.server.providers.books(key.slug, &key.secret).await["calls"].clone();
            created += calls["createTask"].as_u64().unwrap_or(0);
            for method in ["report", "other"] {
                assert_eq!(calls[method].as_u64().unwrap_or(0), 0, "{}: {calls}", key.slug);
            }
            charged += self.scene.charged(key).await;
        }
        assert_eq!(created, self.honest_tasks, "each honest task was created once, and no other");
        let database = &self.scene.server.database;
        let attempts = database.number("SELECT count(*) FROM attempt").await;
        assert_eq!(attempts, Some(i64::try_from(self.honest_tasks + 1).expect("thousands")), "and one was given back");
        assert_eq!(database.number("SELECT count(*) FROM transfer WHERE kind <> 'RECYCLE_CREDIT'").await, Some(0));
        self.scene.expect_credited(charged).await;
        for tap in &self.taps {
            let heard = tap.heard();
            for unwanted in ["UNWANTED", "callback", "pingback", "lease_"] {
                assert!(!heard.contains(unwanted), "{unwanted} reached a provider");
            }
        }
    }
}

/// The honest request of a lease, with all that a provider may not be told.
fn with_callback(lease: &Leased) -> Value {
    let mut task = turnstile(lease.slug);
    task["callbackUrl"] = json!(CALLBACK);
    task["pingback"] = json!(CALLBACK);
    json!({ "clientKey": lease.token, "task": task, "callbackUrl": CALLBACK, "softId": "UNWANTED" })
}

fn site(key: &str, slug: &str) -> Value {
    let mut task = turnstile(slug);
    task["websiteKey"] = json!(key);
    task
}

/// A task of another kind than the lease's, or in another provider's words.
fn swapped(slug: &str, draw: &mut Draw) -> Value {
    let mut task = turnstile(slug);
    let names = ["HCaptchaTaskProxyless", "TurnstileTask", "RecaptchaV2TaskProxyless", "ImageToTextTask", "NoSuchTask"];
    task["type"] = json!(draw.pick(&names));
    task["body"] = json!("AAAA");
    task
}

/// The token with one character exchanged.
fn flipped(token: &str, draw: &mut Draw) -> String {
    let mut letters: Vec<char> = token.chars().collect();
    let place = draw.place(letters.len());
    letters[place] = if letters[place] == 'a' { 'b' } else { 'a' };
    letters.into_iter().collect()
}

fn expect_refused(what: &str, reply: &str) {
    let refused = match serde_json::from_str::<Value>(reply) {
        Ok(reply) => reply["errorId"].as_i64().is_some_and(|id| id != 0) || reply["status"] == 0,
        Err(_) => reply.starts_with("ERROR_"),
    };
    assert!(refused, "{what} was not refused: {reply}");
}

on_both_databases! {
    async fn a_dispatcher_that_lies_gains_nothing(database) {
        let mut plan = Plan::begin("dispatcher lies", &database);
        let mut den = Den::open(database, plan.draw()).await;
        let mut lies = 0;
        den.be_honest().await;
        while lies < plan.size {
            den.be_honest().await;
            for _ in 0..LIES_OF_A_ROUND {
                den.lie().await;
            }
            lies += LIES_OF_A_ROUND;
        }
        // What lies about unused is used as well, and the round after it is given back by its time.
        for lease in std::mem::take(&mut den.unused) {
            let created = den.create_with_callback(&lease).await;
            assert_eq!(den.scene.outcome(&lease, &created["taskId"]).await["status"], "ready");
        }
        den.expect_honest_books().await;
        plan.note("honest tasks", den.honest_tasks);
        plan.did(lies);
    }
}
