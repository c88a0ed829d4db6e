//! Plays the fault matrix: a server for every part, and a key, an owner and an attempt for every line, all lines
//! of a part at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use key_recycling::domain::Usd;
use serde_json::{Value, json};

use super::relay::Relay;
use super::row::{Class, Credit, Door, Row, When};
use super::table::{self, FOREIGN_ID, SINK};
use crate::support::sandbox::{SLUGS, code, usd};
use crate::support::scene::{Handed, Leased, QUIET, leased};
use crate::support::server::{provider_setting, with_provider_setting};
use crate::support::{Caller, Database, Plan, Scene, Server};

/// Telegram's ids of the owners, one for each line, count from here.
const OWNERS_FROM: i64 = 6_000_000_000;

/// How long a line may take until its first state: a timeout and then some.
const FIRST_WITHIN: Duration = Duration::from_secs(75);

/// How far the clock moves between two looks at the lines.
const STEP: Duration = Duration::from_secs(45);

/// So many steps have to do: more than the longest pause after a failed reading.
const STEPS: usize = 80;

/// A line with its cast.
struct Played {
    row: Row,
    owner: Caller,
    key: Handed,
    lease: Leased,
    /// Charged and credited before the attempt of the line.
    earlier: Usd,
}

on_both_databases! {
    async fn connections(database) {
        hold("faults: connections", database, table::connections()).await;
    }

    async fn statuses(database) {
        hold("faults: statuses", database, table::statuses()).await;
    }

    async fn bodies(database) {
        hold("faults: bodies", database, table::bodies()).await;
    }

    async fn ids(database) {
        hold("faults: ids", database, table::ids()).await;
    }

    async fn errors(database) {
        hold("faults: errors", database, table::errors()).await;
    }

    async fn results(database) {
        hold("faults: results", database, table::results()).await;
    }

    async fn costs(database) {
        hold("faults: costs", database, table::costs()).await;
    }

    async fn balances(database) {
        hold("faults: balances", database, table::balances()).await;
    }

    async fn late_charges(database) {
        hold("faults: late charges", database, table::late_charges()).await;
    }
}

/// Plays the lines of a part, and fails unless each does what it says.
async fn hold(name: &str, database: Database, rows: Vec<Row>) {
    let mut plan = Plan::begin(name, &database);
    let panics = count_panics();
    let mut relays = Vec::new();
    let more = "[keys]\nsubmissions_per_hour = 1000\n[leases]\nreview_after = \"24h\"\n";
    let server = Server::start_edited(database, |text| {
        let text = with_relays(&text, &rows, &mut relays);
        text.replace("requests_per_second", "concurrency = 500\nrequests_per_second") + more
    });
    let scene = Scene::with(server.await).await;
    let (sink, sunk) = sink();
    let foreign_id = foreign_id(&scene).await;

    let owned = (OWNERS_FROM..).zip(rows);
    let mut lines = join_all(owned.map(|(user, row)| set_up(&scene, user, row))).await;
    for line in &mut lines {
        for order in &mut line.row.orders {
            order.fault = filled_in(&order.fault, &sink, &foreign_id);
        }
        order_faults(&scene, line, When::Before).await;
    }
    for (slug, relay) in &mut relays {
        let doors = lines.iter().find(|line| line.row.slug == *slug).map(|line| line.row.door);
        relay.shut(doors.expect("a line has the relay")).await;
    }

    join_all(lines.iter().map(|line| play(&scene, line))).await;
    pass_time(&scene, &lines, QUIET).await;
    for line in &lines {
        order_readings(&scene, line, When::Quiet).await;
    }
    settle_down(&scene, &lines).await;
    // What more readings show has to leave it as it is.
    for _ in 0..3 {
        pass_time(&scene, &lines, QUIET).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let amiss = amiss(&scene, &lines).await;
    assert!(amiss.is_empty(), "moved again: {amiss:#?}");
    scene.expect_no_lies().await;

    let late = "SELECT count(*) FROM audit_log WHERE action = 'attempt.late_drift'";
    let listed = lines.iter().filter(|line| line.row.first == "UNKNOWN" && line.row.class == Class::Elsewhere);
    let listed = i64::try_from(listed.count()).expect("few lines");
    assert_eq!(scene.server.database.number(late).await, Some(listed), "late charges are listed for review");
    assert_eq!(sunk.load(Ordering::SeqCst), 0, "no redirect was followed");
    assert_eq!(panics.load(Ordering::SeqCst), 0, "nothing panicked");
    plan.did(1);
    plan.note("faults", u64::try_from(lines.len()).expect("few lines"));
}

/// A key of an owner of its own, and a lease on it.
async fn set_up(scene: &Scene, user: i64, row: Row) -> Played {
    let owner = scene.server.owner(user);
    let key = scene.key_of(&owner, row.slug, row.settings.clone()).await;
    let mut earlier = Usd::ZERO;
    if row.earlier_task {
        let lease = lease_of(scene, user, row.slug, &format!("earlier task of: {}", row.name)).await;
        assert_eq!(scene.solve(&lease).await["status"], "ready", "{}", row.name);
        earlier = scene.charged(&key).await;
    }
    let lease = lease_of(scene, user, row.slug, row.name).await;
    assert_eq!(lease.key, key.id, "{}: the requester's own key comes first", row.name);
    Played { row, owner, key, lease, earlier }
}

async fn lease_of(scene: &Scene, user: i64, slug: &'static str, task_id: &str) -> Leased {
    let account = json!({ "telegramUserId": user.to_string() });
    let route = json!({ "taskType": "TURNSTILE", "onlyProviders": [code(slug)], "account": account });
    let opened = scene.dispatcher.open_lease(task_id, 1, route).await;
    assert_eq!(opened["userErrors"], json!([]), "{task_id}: {opened}");
    leased(slug, &opened)
}

async fn order_faults(scene: &Scene, line: &Played, when: When) {
    for order in line.row.orders.iter().filter(|order| order.when == when) {
        let order = json!({
            "key": line.key.secret, "method": order.method, "skip": order.skip, "count": order.count, "fault": order.fault
        });
        let path = format!("{}/faults", line.row.slug);
        scene.server.providers.call(reqwest::Method::POST, &path, Some(order)).await;
    }
}

/// Orders faults for readings that begin from now on, none for one that is under way.
async fn order_readings(scene: &Scene, line: &Played, when: When) {
    if line.row.orders.iter().any(|order| order.when == when) {
        scene.server.until_readings_end().await;
    }
    order_faults(scene, line, when).await;
}

/// From the creation to the first state, with nothing credited that is not settled.
async fn play(scene: &Scene, line: &Played) {
    scene.create(&line.lease).await;
    let name = line.row.name;
    order_faults(scene, line, When::Created).await;
    let start = Instant::now();
    let attempt = loop {
        let attempt = scene.dispatcher.attempt(&line.lease.attempt).await;
        if attempt["state"] == line.row.first {
            break attempt;
        }
        let waits = matches!(attempt["state"].as_str(), Some("SENT" | "SUBMITTED"));
        assert!(waits && start.elapsed() < FIRST_WITHIN, "{name}: {attempt}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let shown = line.owner.key(&line.key.id).await;
    assert_eq!(shown["status"], "ACTIVE", "{name}: {shown}");
    if line.row.first == "UNKNOWN" {
        assert_eq!(shown["problem"]["code"], "CHECKING_CHARGE", "{name}: {shown}");
        assert!(usd(&attempt["held"]).is_positive(), "{name}: {attempt}");
        assert_eq!(usd(&shown["credited"]), line.earlier, "{name}: {shown}");
    } else {
        assert_eq!(usd(&attempt["held"]), Usd::ZERO, "{name}: {attempt}");
    }
    assert!(scene.calls(&line.key, "createTask").await <= 1 + u64::from(line.row.earlier_task), "{name}: sent twice");
    order_readings(scene, line, When::Settled).await;
}

/// Moves the clock, without waiting for readings where a door hangs: one behind it ends only when it is given up.
async fn pass_time(scene: &Scene, lines: &[Played], by: Duration) {
    match lines.iter().any(|line| line.row.door == Door::Hanging) {
        true => scene.server.leap(by),
        false => scene.server.pass_time(by).await,
    }
}

/// Lets time go by until every fault has happened and every line is as it should be in the end.
async fn settle_down(scene: &Scene, lines: &[Played]) {
    for _ in 0..STEPS {
        pass_time(scene, lines, STEP).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        if faults_waiting(scene).await == 0 && amiss(scene, lines).await.is_empty() {
            return;
        }
    }
    let waiting = faults_waiting(scene).await;
    panic!("{waiting} faults did not happen, not as the matrix says: {:#?}", amiss(scene, lines).await);
}

async fn faults_waiting(scene: &Scene) -> u64 {
    let waiting = join_all(SLUGS.map(async |slug| {
        let faults = scene.server.providers.call(reqwest::Method::GET, &format!("{slug}/faults"), None).await;
        faults["waiting"].as_u64().expect("a count")
    }));
    waiting.await.into_iter().sum()
}

/// What is not yet, or not at all, as the matrix says.
async fn amiss(scene: &Scene, lines: &[Played]) -> Vec<String> {
    join_all(lines.iter().map(|line| look(scene, line))).await.into_iter().flatten().collect()
}

async fn look(scene: &Scene, line: &Played) -> Option<String> {
    let Played { row, owner, key, lease, earlier, .. } = line;
    let attempt = scene.dispatcher.attempt(&lease.attempt).await;
    let shown = owner.key(&key.id).await;
    let charged = scene.charged(key).await - *earlier;
    let credited = match row.credit {
        Credit::AsCharged => charged,
        Credit::Nothing => Usd::ZERO,
        Credit::Reported(amount) => amount.parse().expect("an amount"),
    };
    let elsewhere = if row.class == Class::Elsewhere { charged - credited } else { Usd::ZERO };
    let elsewhere = row.by_false_figure.map_or(elsewhere, |figure| figure.parse().expect("an amount"));
    let account = owner.account().await;
    // A key behind a shut door can't be read, which is not its fault.
    let problem = if row.door == Door::Open { Value::Null } else { json!("PROVIDER_UNAVAILABLE") };
    let is = json!([
        attempt["state"],
        shown["credited"],
        account["balance"],
        shown["outsideSpending"],
        shown["held"],
        shown["status"],
        shown["problem"].get("code").unwrap_or(&Value::Null),
    ]);
    let total = (*earlier + credited).to_string();
    let expected = json!([row.last, total, total, elsewhere.to_string(), "0", "ACTIVE", problem]);
    (is != expected).then(|| format!("{}: {is} instead of {expected}", row.name))
}

/// The id of a task that another key has at 2Captcha.
async fn foreign_id(scene: &Scene) -> String {
    scene.key("two_captcha", "1").await;
    let lease = scene.lease("two_captcha", "bystander").await;
    let created = scene.create(&lease).await;
    assert_eq!(scene.outcome(&lease, &created["taskId"]).await["status"], "ready");
    created["taskId"].to_string()
}

/// The fault with what is known only now.
fn filled_in(fault: &Value, sink: &str, foreign_id: &str) -> Value {
    let mut fault = fault.clone();
    for (name, mark, value) in [("location", SINK, sink), ("text", FOREIGN_ID, foreign_id)] {
        if fault[name] == mark {
            fault[name] = json!(value);
        }
    }
    fault
}

/// A listener on loopback that counts who comes.
fn sink() -> (String, Arc<AtomicUsize>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a listener that does not block");
    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
    let address = format!("http://{}/", listener.local_addr().expect("an address"));
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (address, count)
}

/// The configuration with a relay before each provider whose door a line shuts.
fn with_relays(text: &str, rows: &[Row], relays: &mut Vec<(&'static str, Relay)>) -> String {
    let shut = rows.iter().filter(|row| row.door != Door::Open);
    shut.fold(text.to_owned(), |text, row| {
        let relay = Relay::before(provider_setting(&text, row.slug, "base_url"));
        let address = format!("http://{}", relay.address);
        relays.push((row.slug, relay));
        let text = with_provider_setting(&text, row.slug, "base_url", &address);
        with_provider_setting(&text, row.slug, "legacy_base_url", &address)
    })
}

/// Counts the panics of the server's own code, which nobody may have waited for.
fn count_panics() -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.location().is_some_and(|location| location.file().starts_with("src/")) {
            counted.fetch_add(1, Ordering::SeqCst);
        }
        usual(panic);
    }));
    count
}
