//! The memory of the running process, read from outside as root can: while no key is in use, no plain copy
//! of one is in it.
//!
//! What a core image would hold is read at its source, every page that can be written. The bot's token,
//! which has to be in memory, is found there each time, so the search reads what it should.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::time::Duration;

use super::scenario::{self, Planted};
use super::search::Secrets;
use super::witness::Witness;
use crate::support::Database;
use crate::support::plan::{Plan, say};
use crate::support::sandbox::SLUGS;
use crate::support::server::BOT_TOKEN;

/// A page of memory, or a multiple.
const PAGE: usize = 4096;

/// Uses of keys for each look at memory.
const USES_A_LOOK: u64 = 50;

/// Idle connections to providers are looked for every three seconds, and given up when they have been idle for
/// as long. Until then the connection's place in the pool keeps the address of the call that opened it, which
/// in the legacy dialect has the key in it.
const IDLE: Duration = Duration::from_secs(7);

/// How often the server may be found busy, with readings that follow a task, before it rests.
const BUSY_MAX: u32 = 10;

/// All memory of a process that can be written, less the pages that hold nothing.
fn memory_of(process: u32) -> Vec<u8> {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).expect("root sees the process");
    let memory = File::open(format!("/proc/{process}/mem")).expect("root may read its memory");
    let mut written = Vec::new();
    for line in maps.lines() {
        let (range, rest) = line.split_once(' ').expect("a range and its rights");
        if !rest.starts_with("rw") {
            continue;
        }
        let (start, end) = range.split_once('-').expect("a range");
        let at = |text: &str| u64::from_str_radix(text, 16).expect("an address");
        let mut region = vec![0; usize::try_from(at(end) - at(start)).expect("it fits")];
        // What was unmapped meanwhile is gone; nothing is under way, so that is the exception.
        if memory.read_exact_at(&mut region, at(start)).is_ok() {
            written.extend(region.chunks(PAGE).filter(|page| page.iter().any(|byte| *byte != 0)).flatten());
        }
    }
    written
}

/// Calls that the providers saw with these keys.
async fn uses(witness: &Witness, planted: &Planted) -> u64 {
    let mut calls = 0;
    for (slug, key) in SLUGS.iter().zip(&planted.keys) {
        let books = witness.providers.books(slug, key).await;
        let methods = books["calls"].as_object().expect("calls by method");
        calls += methods.values().map(|count| count.as_u64().expect("a number")).sum::<u64>();
    }
    calls
}

/// The memory of the process when the providers have seen no call for a while, by their own books.
async fn idle_memory(witness: &Witness, planted: &Planted) -> Vec<u8> {
    for _ in 0..BUSY_MAX {
        let before = uses(witness, planted).await;
        tokio::time::sleep(IDLE).await;
        let memory = memory_of(witness.process());
        if uses(witness, planted).await == before {
            return memory;
        }
    }
    panic!("the server never rests");
}

#[tokio::test]
async fn idle_memory_holds_no_key() {
    if !rustix::process::getuid().is_root() {
        say("memory is not looked at: only root may");
        return;
    }
    let database = Database::sqlite();
    let mut plan = Plan::begin("memory", &database);
    // Nothing reads balances by itself meanwhile.
    let mut witness = Witness::start_with(database, &[("KEY_RECYCLING_SYNC_INTERVAL", "1h")]).await;
    let mut planted = Planted::default();
    let callers = scenario::sign_in(&mut witness, &mut planted).await;
    for slug in SLUGS {
        scenario::hand_over_good(&mut witness, &mut planted, &callers, slug).await;
    }
    let mut keys = Secrets::default();
    for (number, key) in planted.keys.iter().enumerate() {
        keys.add(&format!("key {number}"), key);
    }
    let mut known = Secrets::default();
    known.add("bot token", BOT_TOKEN);
    while uses(&witness, &planted).await < plan.size {
        for slug in SLUGS {
            scenario::solve(&mut witness, &mut planted, &callers, slug, None).await;
        }
    }
    let looks = plan.size.div_ceil(USES_A_LOOK);
    let mut bytes = 0;
    for (look, slug) in (1..=looks).zip(SLUGS.into_iter().cycle()) {
        let memory = idle_memory(&witness, &planted).await;
        assert!(!known.find("memory", &memory).is_empty(), "what has to be there is seen");
        assert_eq!(keys.find(&format!("memory, look {look}"), &memory), Vec::<String>::new());
        bytes += memory.len() as u64;
        scenario::solve(&mut witness, &mut planted, &callers, slug, None).await;
    }
    plan.note("looks", looks);
    plan.note("bytes", bytes);
    plan.did(uses(&witness, &planted).await);
    witness.stop().await;
}
