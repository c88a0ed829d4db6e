//! Pages: forward and backward over each list, and what their arguments may be.

use std::time::Duration;

use serde_json::{Value, json};

use super::{ADA, BO};
use crate::support::sandbox::SLUGS;
use crate::support::{Caller, Server, sql};
use key_recycling::domain::Scope;

/// A list of the API: how its field is reached, and what stands between it and the root.
#[derive(Clone)]
struct List {
    name: &'static str,
    caller: Caller,
    /// The way from the root to the field, each step as it is written.
    path: Vec<String>,
}

impl List {
    fn document(&self, arguments: &str) -> String {
        let name = self.path.last().expect("a field");
        let arguments = if arguments.is_empty() { String::new() } else { format!("({arguments})") };
        let field = format!(
            "{name}{arguments} {{ edges {{ cursor node {{ id }} }} nodes {{ id }}
             pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} totalCount }}"
        );
        let inner = self.path[..self.path.len() - 1].iter().rev().fold(field, |inner, step| {
            if step.starts_with("node") {
                format!("{step} {{ ... on RecycledKey {{ {inner} }} }}")
            } else {
                format!("{step} {{ {inner} }}")
            }
        });
        format!("{{ {inner} }}")
    }

    /// A page, with its ids.
    async fn page(&self, arguments: &str) -> (Value, Vec<String>) {
        let mut page = self.caller.run(&self.document(arguments), Value::Null).await.data();
        while page.get("pageInfo").is_none() {
            page = page.as_object().and_then(|object| object.values().next()).expect("a field").clone();
        }
        let ids: Vec<String> = page["nodes"]
            .as_array()
            .expect("nodes")
            .iter()
            .map(|node| node["id"].as_str().expect("id").to_owned())
            .collect();
        let edges = page["edges"].as_array().expect("edges");
        let of_edges: Vec<&str> = edges.iter().map(|edge| edge["node"]["id"].as_str().expect("an id")).collect();
        assert_eq!(ids, of_edges, "{}", self.name);
        let ends = [edges.first(), edges.last()].map(|edge| edge.map_or(Value::Null, |edge| edge["cursor"].clone()));
        assert_eq!(ends, [page["pageInfo"]["startCursor"].clone(), page["pageInfo"]["endCursor"].clone()]);
        (page, ids)
    }

    async fn refuses(&self, arguments: &str) {
        let answer = self.caller.run(&self.document(arguments), Value::Null).await;
        assert_eq!(answer.code(), "BAD_USER_INPUT", "{} {arguments}: {}", self.name, answer.0);
    }

    async fn cursor(&self) -> String {
        self.page("first: 1").await.0["pageInfo"]["endCursor"].as_str().expect("a cursor").to_owned()
    }
}

/// Every list that the API has, each with seven items or more.
async fn lists(server: &Server) -> Vec<List> {
    let (ada, bo) = (server.owner(ADA), server.owner(BO));
    let dispatcher = server.service("dispatcher", &[Scope::Dispatch]).await;
    let billing = server.service("billing", &[Scope::Billing]).await;
    let operator = server.service("operations", &[Scope::Operate]).await;
    for owner in [&ada, &bo] {
        for slug in SLUGS.into_iter().chain(["capsolver"]) {
            let key = server.providers.key(slug, "1").await;
            assert_eq!(owner.submit(&slug.to_uppercase(), &key).await["userErrors"], json!([]));
        }
    }
    for (number, user) in (0..14).map(|number| (number, if number % 2 == 0 { ADA } else { BO })) {
        let document =
            "mutation($input: DepositCreditsInput!) { depositCredits(input: $input) { userErrors { code } } }";
        let name = format!("d{number}");
        let input = json!({ "account": { "telegramUserId": user.to_string() }, "amount": "1", "idempotencyKey": name });
        billing.run(document, json!({ "input": input })).await.data();
    }
    for number in 0..7 {
        let opened = dispatcher.open_lease(&format!("t{number}"), 1, json!({ "taskType": "TURNSTILE" })).await;
        assert_eq!(opened["userErrors"], json!([]));
    }
    let rows = server.database.connect().await;
    let id = if server.database.is_sqlite() { "randomblob(16)" } else { "gen_random_uuid()" };
    for number in 0..7 {
        let statement = format!(
            "INSERT INTO audit_log (id, occurred_at, actor, action, note)
             VALUES ({id}, {number}, 'system', 'credit.shortfall', 'entry {number}')"
        );
        sql::run(&rows, &statement).await;
    }
    // One key with transactions of its own: its newest are lent by a hand that writes SQL.
    sql::drop_ledger_triggers(&rows).await;
    sql::run(
        &rows,
        "UPDATE transfer SET key_id = (SELECT id FROM provider_key WHERE provider = 'MULTIBOT'
         AND owner_id = transfer.account_id)",
    )
    .await;
    let keys = ada.run("{ viewer { keys(providers: [MULTIBOT]) { nodes { id } } } }", Value::Null).await.data();
    let key = keys["viewer"]["keys"]["nodes"][0]["id"].as_str().expect("an id").to_owned();
    let list = |name, caller: &Caller, path: &[&str]| List {
        name,
        caller: caller.clone(),
        path: path.iter().map(|step| (*step).to_owned()).collect(),
    };
    vec![
        list("an owner's keys", &ada, &["viewer", "keys"]),
        list("an owner's transactions", &ada, &["viewer", "transactions"]),
        list("a key's transactions", &ada, &[&format!("node(id: \"{key}\")"), "transactions"]),
        list("another owner's keys", &bo, &["viewer", "keys"]),
        list("another owner's transactions", &bo, &["viewer", "transactions"]),
        list("all keys", &operator, &["keys"]),
        list("a dispatcher's attempts", &dispatcher, &["attempts"]),
        list("all attempts", &operator, &["attempts"]),
        list("the audit log", &operator, &["auditLog"]),
    ]
}

on_both_databases! {
    async fn every_list_is_paged_forward_and_backward(database) {
        let mut server = Server::start(database).await;
        for list in lists(&server).await {
            // Each owner has a budget for each minute.
            server.pass_time(Duration::from_secs(61)).await;
            let (whole, ids) = list.page("first: 100").await;
            assert!(ids.len() >= 7, "{}", list.name);
            assert_eq!(whole["totalCount"], ids.len(), "{}", list.name);
            assert_eq!(whole["pageInfo"]["hasNextPage"], false);
            assert_eq!(whole["pageInfo"]["hasPreviousPage"], false);
            let mut forward = Vec::new();
            let mut after = String::new();
            loop {
                let (page, ids) = list.page(&format!("first: 3 {after}")).await;
                assert_eq!(page["totalCount"], whole["totalCount"], "{}", list.name);
                assert_eq!(page["pageInfo"]["hasPreviousPage"], json!(!after.is_empty()), "{}", list.name);
                forward.extend(ids);
                if page["pageInfo"]["hasNextPage"] == false {
                    break;
                }
                after = format!("after: {}", page["pageInfo"]["endCursor"]);
            }
            assert_eq!(forward, ids, "{}", list.name);
            let mut backward = Vec::new();
            let mut before = String::new();
            loop {
                let (page, ids) = list.page(&format!("last: 3 {before}")).await;
                assert_eq!(page["pageInfo"]["hasNextPage"], json!(!before.is_empty()), "{}", list.name);
                backward.splice(0..0, ids);
                if page["pageInfo"]["hasPreviousPage"] == false {
                    break;
                }
                before = format!("before: {}", page["pageInfo"]["startCursor"]);
            }
            assert_eq!(backward, ids, "{}", list.name);
            let cursors: Vec<&Value> = whole["edges"].as_array().expect("edges").iter().map(|edge| &edge["cursor"]).collect();
            let (_, between) = list.page(&format!("first: 100 after: {} before: {}", cursors[1], cursors[5])).await;
            assert_eq!(between, ids[2..5], "{}", list.name);
        }
        server.stop().await;
    }

    async fn page_arguments_have_bounds(database) {
        let mut server = Server::start(database).await;
        let lists = lists(&server).await;
        for list in &lists {
            server.pass_time(Duration::from_secs(61)).await;
            for arguments in [
                "first: 0", "first: 101", "first: -1", "last: 0", "last: 101", "last: -1", "first: 1 last: 1",
                "after: \"\"", "after: \"nonsense\"", "before: \"nonsense\"", "first: -2147483648",
            ] {
                list.refuses(arguments).await;
            }
            assert_eq!(list.page("first: 100").await.1, list.page("").await.1, "{}: 20 are a page", list.name);
        }
        for list in &lists {
            server.pass_time(Duration::from_secs(61)).await;
            for other in &lists {
                // A dispatcher's attempts and an operator's are one list, seen through two filters.
                let is_same = list.path == other.path && list.caller.authorization == other.caller.authorization;
                let is_attempts = list.path == ["attempts"] && other.path == ["attempts"];
                // Keys of one owner and keys of all are two lists by what their cursors are bound to.
                if !is_same && !is_attempts {
                    let cursor = other.cursor().await;
                    list.refuses(&format!("first: 1 after: \"{cursor}\"")).await;
                }
            }
        }
        // An id is no cursor, and the cursor of a stream is none of a list.
        let ada = server.owner(ADA);
        let account = ada.run("{ viewer { id eventCursor } }", Value::Null).await.data();
        for text in [&account["viewer"]["id"], &account["viewer"]["eventCursor"]] {
            lists[0].refuses(&format!("first: 1 after: {text}")).await;
        }
        server.stop().await;
    }
}
