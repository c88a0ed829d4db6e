//! Rotation beside a server under load: killed again and again, and nothing is lost by it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use key_recycling::domain::KeyId;
use sea_orm::{ConnectionTrait, DatabaseTransaction, SqliteTransactionMode, TransactionOptions, TransactionTrait};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

use super::load::Load;
use super::ring::{Ring, expect_nothing_set_aside};
use super::{Program, Serving, dispatcher, owner, ready_to_serve};
use crate::support::draw::Draw;
use crate::support::server::write_configuration;
use crate::support::{Database, Plan, Providers, eventually};

/// How often the rotation is killed.
const KILLS: u64 = 10;

/// Longest time that a rotation may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// Room for a load that asks much of few, on a machine that may be slow with verdicts.
const ROOM: &str = "[keys]\nvalidation_wait = \"20s\"\ncheck_cooldown = \"1s\"\nchecks_per_hour = 100000\nsubmissions_per_hour = 10000\n\
                    [leases]\nopen_per_service = 100000\n";

/// Lets nobody change keys until it is rolled back.
async fn hold_writes(database: &Database) -> DatabaseTransaction {
    let connection = database.connect().await;
    if database.is_sqlite() {
        let immediate = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..Default::default()
        };
        return connection.begin_with_options(immediate).await.expect("nobody writes for long");
    }
    let held = connection.begin().await.expect("the database answers");
    held.execute_unprepared("LOCK TABLE provider_key IN EXCLUSIVE MODE").await.expect("nobody holds it for long");
    held
}

/// How many of two keys a line of a rotation says to be sealed anew.
fn told_of_two(line: &str) -> u64 {
    let said: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
    assert_eq!((&said["of"], &said["set_aside"], said["seconds"].is_u64()), (&json!(2), &json!(0), true), "{line}");
    said["sealed_anew"].as_u64().expect("a number")
}

/// What the rotations did.
#[derive(Default)]
struct Rotations {
    kills: u64,
    /// Rotations that ended by themselves.
    ended: u64,
    resealed: u64,
    /// Time that a rotation ran.
    time: Duration,
}

impl Rotations {
    /// Lets a rotation run, at most for this long, and then kills it.
    async fn run(&mut self, program: &Program, ring: &Ring, patience: Duration) {
        let before = ring.newest();
        let known = ring.sealed_by(&before).await;
        let begun = Instant::now();
        let mut child = program.command(&["vault", "rotate", "--json"]).spawn().expect("the program starts");
        match tokio::time::timeout(patience, child.wait()).await {
            Ok(ended) => {
                let mut said = String::new();
                let mut stderr = child.stderr.take().expect("standard error");
                stderr.read_to_string(&mut said).await.expect("text");
                assert!(ended.expect("the program runs").success(), "the rotation fails: {said}");
                self.ended += 1;
            }
            Err(_) => {
                child.kill().await.expect("it is killed");
                self.kills += 1;
            }
        }
        self.time += begun.elapsed();
        let newest = ring.newest();
        let sealed = ring.sealed_by(&newest).await;
        self.resealed += if newest == before { sealed.saturating_sub(known) } else { sealed };
    }
}

/// Opens rows at random, as a server does, until it is told to stop.
async fn read_on(ring: Arc<Ring>, ids: Vec<KeyId>, mut draw: Draw, stop: Arc<AtomicBool>, opened: Arc<AtomicU64>) {
    while !stop.load(Ordering::SeqCst) {
        ring.opened(*draw.pick(&ids)).await.expect("nobody erases these");
        opened.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// What the server's log says of failures.
fn errors_of(log: &str) -> String {
    log.lines().filter(|line| line.contains("ERROR")).take(20).collect::<Vec<_>>().join("\n")
}

/// Every row hangs on the newest ring key and opens to the key that was stored.
async fn expect_all_sealed_anew(ring: &Ring, rows: &BTreeMap<KeyId, String>) {
    let newest = ring.newest();
    let all = ring.all().await;
    assert!(all.iter().all(|(row, _)| row.ring_key_id.as_deref() == Some(newest.as_str())), "rows were left out");
    let same = all.iter().filter(|(row, text)| rows.get(&row.id) == Some(text)).count();
    assert_eq!(same, rows.len(), "each row opens to the key that was stored");
}

on_both_databases! {
    async fn a_rotation_under_load_may_be_killed_at_any_moment(database) {
        let mut plan = Plan::begin("rotation", &database);
        let mut draw = plan.draw();
        let providers = Providers::start().await;
        write_configuration(&database, &providers, ROOM);
        let program = Program::new(database.folder());
        program.run(&["migrate"]).await.done();
        let serving = Serving::start(&program).await;
        let ring = Arc::new(Ring::of(&database).await);
        // The many keys belong to somebody who does nothing else: an account has a limit of keys.
        let holder = owner(&program, &serving, "5000000002").await;
        holder.submit("CAPSOLVER", &providers.key("capsolver", "1000").await).await;
        let like = ring.store.pool_keys().await.expect("the database answers").pop().expect("the key");
        let rows = ring.fill(&like, plan.size).await;

        let load = {
            let owner = owner(&program, &serving, "5000000001").await;
            Load::begin(&serving, owner, dispatcher(&program, &serving).await, &providers).await
        };
        let (stop, opened) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let ids = rows.keys().copied().collect();
        let reader = tokio::spawn(read_on(ring.clone(), ids, Draw::new(draw.number()), stop.clone(), opened.clone()));

        // Over the whole life of the process: while it starts, adds the ring key, seals the first rows or the last.
        let longest = 400 + plan.size / 50;
        let mut rotations = Rotations::default();
        while rotations.kills < KILLS {
            assert!(rotations.ended < 5 * KILLS, "rotations end before they are killed");
            let patience = Duration::from_millis(draw.below(longest));
            rotations.run(&program, &ring, patience).await;
        }
        rotations.run(&program, &ring, PATIENCE).await;

        stop.store(true, Ordering::SeqCst);
        reader.await.expect("every row that was read opened");
        let counts = match load.end().await {
            Ok(counts) => counts,
            Err(failure) => panic!("{failure}; the server says: {}", errors_of(&serving.log().await)),
        };
        let failures = counts.failures.into_inner().expect("nobody panicked");
        assert!(failures.is_empty(), "{} requests failed: {:?}", failures.len(), &failures[..failures.len().min(5)]);
        expect_all_sealed_anew(&ring, &rows).await;
        expect_nothing_set_aside(&database).await;
        let entries = "SELECT count(*) FROM audit_log WHERE action = 'ring_key.activated'";
        assert!(database.number(entries).await > Some(0), "the audit log tells of each ring key");
        eventually("every attempt has ended", || async {
            let open = "SELECT count(*) FROM attempt WHERE state IN ('SENT', 'SUBMITTED')";
            (database.number(open).await == Some(0)).then_some(())
        })
        .await;
        let audit = program.command(&["audit"]).output();
        let audit = tokio::time::timeout(PATIENCE, audit).await.expect("the audit ends in time").expect("it runs");
        assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
        assert_eq!(errors_of(&serving.log().await), "");

        let per_second = rotations.resealed * 1_000 / u64::try_from(rotations.time.as_millis()).expect("a short time");
        plan.did(rows.len() as u64);
        for (what, count) in [
            ("kills", rotations.kills),
            ("resealed", rotations.resealed),
            ("resealed a second", per_second),
            ("rows read", opened.load(Ordering::Relaxed)),
            ("requests", counts.asked.load(Ordering::Relaxed)),
            ("leases", counts.leases.load(Ordering::Relaxed)),
            ("keys revived", counts.revived.load(Ordering::Relaxed)),
        ] {
            assert!(count > 0, "no {what}");
            plan.note(what, count);
        }
    }

    async fn the_operator_sees_how_far_a_rotation_is(database) {
        let (program, providers) = ready_to_serve(&database).await;
        program.run(&["migrate"]).await.done();
        let serving = Serving::start(&program).await;
        let owner = owner(&program, &serving, "5000000001").await;
        owner.submit("CAPSOLVER", &providers.key("capsolver", "1").await).await;
        let status = program.run(&["vault", "status", "--json"]).await.json();
        let old = status[0]["ring_key"].clone();
        assert_eq!((&status[0]["sealed_keys"], &status[0]["may_go"]), (&json!("1"), &json!("no")), "{status}");

        let added = program.run(&["vault", "rotate", "--add-only", "--json"]).await.json();
        let new = added["ring_key"].clone();
        assert!(new != old && added["state"] == "added", "{added}");
        let again = program.run(&["vault", "rotate", "--add-only", "--json"]).await.json();
        assert_eq!((&again["ring_key"], &again["state"]), (&new, &json!("was there already")));
        let status = program.run(&["vault", "status", "--json"]).await.json();
        assert_eq!((&status[0]["use"], &status[1]["use"]), (&json!("seals and opens"), &json!("prepared")), "{status}");
        assert_eq!((&status[1]["canary"], &status[1]["may_go"]), (&json!("none yet"), &json!("no")), "{status}");

        let done = program.run(&["vault", "rotate", "--resume", "--json"]).await.json();
        assert_eq!((&done["ring_key"], &done["added"], &done["sealed_anew"]), (&new, &json!("no"), &json!("1")));
        let status = program.run(&["vault", "status", "--json"]).await.json();
        for (row, expected) in [(0, json!(["opens", "0", "yes"])), (1, json!(["seals and opens", "1", "no"]))] {
            let key = &status[row];
            assert_eq!(json!([key["use"], key["sealed_keys"], key["may_go"]]), expected, "{status}");
        }
        // What the server seals from now on hangs on the new ring key.
        owner.submit("CAPSOLVER", &providers.key("capsolver", "1").await).await;
        let status = program.run(&["vault", "status", "--json"]).await.json();
        assert_eq!((&status[0]["sealed_keys"], &status[1]["sealed_keys"]), (&json!("0"), &json!("2")), "{status}");
        // A rotation that takes its time says meanwhile how far it is.
        let held = hold_writes(&database).await;
        let command = program.run(&["vault", "rotate", "--json"]);
        let release = async {
            tokio::time::sleep(Duration::from_secs(4)).await;
            held.rollback().await.expect("the database answers");
        };
        let (more, ()) = futures_util::future::join(command, release).await;
        // A key that the server works on at that moment is passed over, and comes again.
        let told: Vec<u64> = more.err.lines().map(told_of_two).collect();
        assert!(!told.is_empty() && told.is_sorted() && told.iter().all(|sealed| *sealed <= 2), "{}", more.err);
        let more = more.json();
        assert_eq!((&more["added"], &more["sealed_anew"]), (&json!("yes"), &json!("2")), "{more}");
        expect_nothing_set_aside(&database).await;
        assert_eq!(serving.end_by("TERM").await, Some(0));
    }
}
