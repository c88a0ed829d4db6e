//! A stolen key is stopped at the terminal, beside a server that goes on.

use std::time::Duration;

use serde_json::{Value, json};

use super::Program;
use super::beside::{choice, soon};
use crate::ledger::{move_credits, telegram};
use crate::support::caller::http_client;
use crate::support::keys::fresh_key;
use crate::support::sandbox::{code, usd};
use crate::support::solving::{GatewayClient, solve, turnstile};
use crate::support::{Caller, Database, Server, eventually, sql};
use key_recycling::domain::{AccountRef, Actor, Scope, Scopes, ServiceIdentity, ServiceTokenId, Usd};
use key_recycling::ledger::MoveCredits;

const SLUG: &str = "two_captcha";
const ADA: i64 = 5_000_000_001;
const DAY: Duration = Duration::from_secs(24 * 60 * 60 + 60);

/// What a submission is answered, byte by byte, but for what is left of the caller's own budget.
async fn raw(owner: &Caller, slug: &str, key: &str) -> String {
    let document = "mutation($input: SubmitKeyInput!) { submitKey(input: $input) {
        key { id } userErrors { code message field retryAt } } }";
    let body = json!({ "query": document, "variables": { "input": { "provider": code(slug), "key": key } } });
    let request = http_client().post(&owner.endpoint).header("authorization", &owner.authorization);
    let request = request.header("content-type", "application/json").body(body.to_string());
    let text = request.send().await.expect("an answer").text().await.expect("a text");
    let (answer, budget) = text.split_once(",\"extensions\":{\"cost\":").expect("a budget");
    assert!(answer.starts_with("{\"data\":") && !budget.contains("code"), "{text}");
    answer.to_owned()
}

/// Blocks a key, or takes that back, and answers what the command said.
async fn run(program: &Program, verb: &str, slug: &str, more: &[&str], key: &str) -> Value {
    let ended = program.run_with(&[&["key", verb, slug, "--json"], more].concat(), key).await;
    assert!(!ended.out.contains(key) && !ended.err.contains(key), "the key is shown");
    ended.json()
}

async fn entries(program: &Program, action: &str) -> Vec<Value> {
    let entries = program.run(&["log", "--action", action, "--json"]).await.json();
    entries.as_array().expect("entries").clone()
}

async fn started(database: Database) -> (Server, Program, Caller) {
    let server = Server::start_with(database, "[keys]\nsubmissions_per_hour = 1000\ncheck_cooldown = \"1s\"\n").await;
    let program = Program::new(server.database.folder());
    let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
    (server, program, dispatcher)
}

on_both_databases! {
    async fn a_blocked_key_is_lent_read_and_taken_no_more(database) {
        let (mut server, program, dispatcher) = started(database).await;
        let (ada, bo) = (server.owner(ADA), server.owner(ADA + 1));
        let key = server.providers.key(SLUG, "1").await;
        let id = ada.submit("TWO_CAPTCHA", &key).await["key"]["id"].clone();
        let opened = dispatcher.open_lease("a task", 1, json!({ "taskType": "TURNSTILE" })).await;
        assert_eq!(opened["userErrors"], json!([]), "{opened}");

        let done = run(&program, "block", SLUG, &[], &key.to_uppercase()).await;
        assert_eq!((&done["state"], &done["tasks_under_way"]), (&json!("blocked"), &json!("0")), "{done}");
        soon("the server lends it no more", || async { choice(&dispatcher).await.is_null().then_some(()) }).await;
        let shown = ada.key(&id).await;
        assert_eq!(shown["problem"]["code"], "BLOCKED", "{shown}");
        let rest = (&shown["status"], &shown["lendable"], &shown["held"], &shown["nextCheckAt"]);
        assert_eq!(rest, (&json!("ACTIVE"), &json!(false), &json!("0"), &Value::Null), "{shown}");
        assert_eq!(dispatcher.attempt(&opened["lease"]["attempt"]["id"]).await["state"], "RELEASED");
        let body = json!({ "clientKey": opened["lease"]["token"], "task": turnstile(SLUG) });
        assert_ne!(GatewayClient::new(&server).post("createTask", body).await["errorId"], 0);
        assert_eq!(server.providers.books(SLUG, &key).await["calls"]["createTask"], Value::Null, "nothing was sent");

        let asked = server.providers.readings(SLUG, &key).await;
        server.pass_time(Duration::from_secs(60)).await;
        assert_eq!(ada.check(&id).await["checked"], false);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(server.providers.readings(SLUG, &key).await, asked, "it was read on");

        let again = run(&program, "block", SLUG, &[], &key).await;
        assert!(again["state"].as_str().expect("a state").contains("nothing changed"), "{again}");
        let log = entries(&program, "key.blocked").await;
        assert_eq!((log.len(), &log[0]["who"]), (1, &json!("operator")), "{log:?}");

        let refused = raw(&bo, SLUG, &key).await;
        assert!(refused.contains("KEY_NOT_ACCEPTED"), "{refused}");
        assert_eq!(raw(&ada, SLUG, &key).await, refused, "its own holder");
        assert_eq!(ada.remove(&id).await["key"]["status"], "REMOVED");
        let sealed = "SELECT count(*) FROM provider_key WHERE envelope IS NOT NULL";
        assert_eq!(server.database.number(sealed).await, Some(0), "nothing of it is kept");
        for owner in [&ada, &bo] {
            assert_eq!(raw(owner, SLUG, &key).await, refused, "removed and handed over again");
        }
        assert_eq!(server.providers.readings(SLUG, &key).await, asked, "nobody was asked");

        let done = run(&program, "unblock", SLUG, &[], &key).await;
        assert_eq!(done["state"], "not blocked any more", "{done}");
        let revived = ada.submit("TWO_CAPTCHA", &key).await;
        assert_eq!((&revived["key"]["id"], &revived["key"]["status"]), (&id, &json!("ACTIVE")), "{revived}");
        server.stop().await;
    }

    async fn a_block_taken_back_lets_the_key_go_on(database) {
        let (mut server, program, dispatcher) = started(database).await;
        let ada = server.owner(ADA);
        let key = server.providers.key(SLUG, "1").await;
        let id = ada.submit("TWO_CAPTCHA", &key).await["key"]["id"].clone();
        run(&program, "block", SLUG, &[], &key).await;
        assert_eq!(ada.key(&id).await["problem"]["code"], "BLOCKED");
        run(&program, "unblock", SLUG, &[], &key).await;
        let again = run(&program, "unblock", SLUG, &[], &key).await;
        assert!(again["state"].as_str().expect("a state").contains("nothing changed"), "{again}");
        soon("the server lends it again", || async { choice(&dispatcher).await.is_object().then_some(()) }).await;
        assert_eq!(ada.key(&id).await["problem"], Value::Null);
        assert_eq!(entries(&program, "key.unblocked").await.len(), 1);
        server.stop().await;
    }

    /// Whatever the reason, a refusal without a call is the same to the last byte, and a block outlasts the day
    /// after which a rejected key may come again.
    async fn every_refusal_without_a_call_is_the_same(database) {
        let (mut server, program, _) = started(database).await;
        let (ada, bo) = (server.owner(ADA), server.owner(ADA + 1));
        let live = server.providers.key(SLUG, "1").await;
        ada.submit("TWO_CAPTCHA", &live).await;
        let elsewhere = raw(&bo, SLUG, &live).await;
        assert!(elsewhere.contains("KEY_NOT_ACCEPTED"), "{elsewhere}");
        let bad = fresh_key(SLUG);
        ada.submit("TWO_CAPTCHA", &bad).await;
        let stopped = server.providers.key(SLUG, "1").await;
        let done = run(&program, "block", SLUG, &[], &stopped).await;
        assert_eq!((&done["state"], &done["handed_over_as"]), (&json!("blocked"), &Value::Null), "{done}");
        let log = entries(&program, "key.blocked").await;
        let mark = done["mark"].as_str().expect("a mark");
        assert!(log[0]["note"].as_str().is_some_and(|note| note.contains(mark)), "{log:?}");
        for owner in [&ada, &bo] {
            for key in [&bad, &stopped, &format!(" {}\n", stopped.to_uppercase())] {
                assert_eq!(raw(owner, SLUG, key).await, elsewhere);
            }
        }
        server.pass_time(DAY).await;
        let late = server.owner(ADA);
        assert_ne!(raw(&late, SLUG, &bad).await, elsewhere, "a rejected key may come again");
        assert_eq!(raw(&late, SLUG, &stopped).await, elsewhere, "a blocked one may not");
        assert_eq!(server.providers.readings(SLUG, &stopped).await, 0, "nobody was asked");
        let refused = program.run_with(&["key", "block", SLUG], "not a key").await;
        assert!(refused.refusal(2).contains("cannot be a key"), "{}", refused.err);
        server.stop().await;
    }

    /// Tasks under way are still credited, and a second look takes that back as well.
    async fn what_a_stolen_key_has_earned_is_taken_back(database) {
        let (mut server, program, dispatcher) = started(database).await;
        let billing = server.service("billing", &[Scope::Billing]).await;
        let ada = server.owner(ADA);
        let key = server.providers.key(SLUG, "1").await;
        let id = ada.submit("TWO_CAPTCHA", &key).await["key"]["id"].clone();
        for task in ["first", "second"] {
            solve(&server, &dispatcher, SLUG, task).await;
        }
        server.providers.settings(SLUG, json!({ "solve_ms": [4_000, 4_000] })).await;
        let opened = dispatcher.open_lease("third", 1, json!({ "taskType": "TURNSTILE" })).await;
        let body = json!({ "clientKey": opened["lease"]["token"], "task": turnstile(SLUG) });
        assert_eq!(GatewayClient::new(&server).post("createTask", body).await["errorId"], 0);
        let earned = usd(&ada.account().await["balance"]);
        let gone = Usd::from_nanos(earned.nanos() / 4 * 3);
        move_credits(&billing, "spend", telegram(ADA), &gone.to_string(), "spent", Value::Null).await;

        let asked = program.run_with(&["key", "block", SLUG, "--reverse-credits"], &key).await;
        let consequence = asked.refusal(2);
        assert!(consequence.contains(&earned.to_string()) && consequence.contains("--yes"), "{consequence}");
        assert_eq!(ada.key(&id).await["problem"], Value::Null, "nothing happens unless agreed to");
        let ended = program.run_with(&["key", "block", SLUG, "--reverse-credits", "--yes", "--json"], &key).await;
        let command = "key-recycling key block two_captcha --reverse-credits < FILE";
        assert!(ended.err.contains("still earn") && ended.err.contains(command), "what is left to do: {}", ended.err);
        let done = ended.json();
        assert_eq!((&done["credits_reversed"], &done["tasks_under_way"]), (&json!("2"), &json!("1")), "{done}");
        assert_eq!((usd(&done["taken_back"]), usd(&done["shortfall"])), (earned - gone, gone), "{done}");
        assert_eq!(ada.account().await["balance"], "0");
        let shortfalls = entries(&program, "credit.shortfall").await;
        assert_eq!((shortfalls.len(), &shortfalls[0]["who"]), (2, &json!("operator")), "{shortfalls:?}");

        eventually("the task under way is credited", || async {
            (ada.account().await["balance"] != "0").then_some(())
        })
        .await;
        let shown = ada.key(&id).await;
        assert_eq!((&shown["problem"]["code"], &shown["held"]), (&json!("BLOCKED"), &json!("0")), "{shown}");
        let row = done["handed_over_as"].as_str().expect("an id");
        let shown = program.run(&["key", "show", row, "--json"]).await.json();
        let left = (&shown["in_flight"], &shown["under_review"]);
        assert_eq!(left, (&json!("0"), &json!("0")), "what the command said to wait for: {shown}");
        let done = run(&program, "block", SLUG, &["--reverse-credits", "--yes"], &key).await;
        assert_eq!((&done["credits_reversed"], &done["shortfall"]), (&json!("1"), &json!("0")), "{done}");
        let account = ada.account().await;
        assert_eq!(account["balance"], "0");
        let again = run(&program, "block", SLUG, &["--reverse-credits", "--yes"], &key).await;
        assert_eq!((&again["credits_reversed"], &again["taken_back"]), (&json!("0"), &json!("0")), "{again}");
        assert_eq!(ada.account().await, account);
        assert_eq!(server.app().ledger.audit(None).await.expect("the audit runs").lies, Vec::<String>::new());
        server.stop().await;
    }

    /// What a reversal needs is taken for one of two credits: it is named, and the other is taken back.
    async fn a_credit_that_cannot_be_taken_back_is_named(database) {
        let (mut server, program, dispatcher) = started(database).await;
        let ada = server.owner(ADA);
        let key = server.providers.key(SLUG, "1").await;
        ada.submit("TWO_CAPTCHA", &key).await;
        for task in ["first", "second"] {
            solve(&server, &dispatcher, SLUG, task).await;
        }
        let oldest = "SELECT id FROM transfer WHERE kind = 'RECYCLE_CREDIT' ORDER BY seq LIMIT 1";
        let credit = sql::id(&server.database.connect().await, oldest).await;
        let namesake = Actor::Service(ServiceIdentity {
            name: "operator".to_owned(),
            token: ServiceTokenId(credit),
            scopes: Scopes::of(&[Scope::Billing]),
        });
        let deposit = MoveCredits {
            account: AccountRef::Telegram(ADA),
            amount: Usd::from_nanos(1),
            idempotency_key: format!("key.blocked {credit}"),
            note: None,
        };
        let posted = server.app().ledger.deposit(&namesake, deposit).await;
        assert!(posted.expect("the database works").is_ok());

        for (turn, reversed) in [("first", "1"), ("again", "0")] {
            let ended = program.run_with(&["key", "block", SLUG, "--reverse-credits", "--yes", "--json"], &key).await;
            let refused = ended.refusal(1);
            assert!(refused.contains(&credit.to_string()) && refused.contains("reverseCredit"), "{turn}: {refused}");
            let done: Value = serde_json::from_str(&ended.out).expect("what was done is answered all the same");
            let counts = (&done["credits_reversed"], &done["credits_refused"]);
            assert_eq!(counts, (&json!(reversed), &json!("1")), "{turn}: {done}");
        }
        server.stop().await;
    }
}
