//! The memory of the running process, read from outside as root can: while nothing is in use, no plain copy of a
//! key, a lease token, a service's token or a login is in it.
//!
//! What a core image would hold is read at its source: all but what is only a file's, and what the kernel lends
//! every process. In the long plan `gcore` writes such an image too, which is searched whole. The bot's token,
//! which has to be in memory, is found there each time, so the search reads what it should.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Duration;

use tokio::process::Command;

use super::scenario::{self, Planted};
use super::witness::Witness;
use crate::support::Database;
use crate::support::plan::{Plan, say};
use crate::support::sandbox::SLUGS;

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

/// Mappings that hold nothing of the process's: the kernel's own, for clocks and calls.
const OF_THE_KERNEL: [&str; 4] = ["[vvar]", "[vvar_vclock]", "[vdso]", "[vsyscall]"];

/// Whether a line of a process's map names memory that can hold what the process has made: not that of a file
/// that can't be written.
fn is_its_own(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let is_written = words.nth(1).is_some_and(|rights| rights.contains('w'));
    let name = words.nth(3).unwrap_or_default();
    is_written || !(name.starts_with('/') || OF_THE_KERNEL.contains(&name))
}

/// All memory of a process's own, less the pages that hold nothing; `None` when it was mapped anew meanwhile.
fn memory_of(process: u32) -> Option<Vec<u8>> {
    let maps = || std::fs::read_to_string(format!("/proc/{process}/maps")).expect("root sees the process");
    let memory = File::open(format!("/proc/{process}/mem")).expect("root may read its memory");
    let before = maps();
    let mut written = Vec::new();
    for line in before.lines().filter(|line| is_its_own(line)) {
        let (start, end) = line.split(' ').next().and_then(|range| range.split_once('-')).expect("a range");
        let at = |text: &str| u64::from_str_radix(text, 16).expect("an address");
        let mut region = vec![0; usize::try_from(at(end) - at(start)).expect("it fits")];
        if let Err(error) = memory.read_exact_at(&mut region, at(start)) {
            assert_ne!(before, maps(), "{line}: {error}");
            return None;
        }
        written.extend(region.chunks(PAGE).filter(|page| page.iter().any(|byte| *byte != 0)).flatten());
    }
    Some(written)
}

/// The core image that `gcore` writes of a process.
async fn core_of(process: u32, folder: &Path) -> Vec<u8> {
    let prefix = folder.join("core");
    let made = Command::new("gcore").arg("-o").arg(&prefix).arg(process.to_string()).output().await;
    let made = made.expect("gcore, of gdb, is there");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let file = prefix.with_extension(process.to_string());
    let core = std::fs::read(&file).expect("a core image");
    std::fs::remove_file(file).expect("it goes");
    core
}

/// Calls that the providers saw with these keys.
async fn uses(witness: &Witness, planted: &Planted) -> u64 {
    let mut calls = 0;
    let keys = planted.keys.borrow().clone();
    for (slug, key) in SLUGS.iter().zip(&keys) {
        let books = witness.providers.books(slug, key).await;
        let methods = books["calls"].as_object().expect("calls by method");
        calls += methods.values().map(|count| count.as_u64().expect("a number")).sum::<u64>();
    }
    calls
}

/// What is looked at when the providers have seen no call for a while, by their own books.
async fn idle(witness: &Witness, planted: &Planted, look: impl AsyncFn(u32) -> Option<Vec<u8>>) -> Vec<u8> {
    for _ in 0..BUSY_MAX {
        let before = uses(witness, planted).await;
        tokio::time::sleep(IDLE).await;
        let memory = look(witness.process()).await;
        if let Some(memory) = memory
            && uses(witness, planted).await == before
        {
            return memory;
        }
    }
    panic!("the server never rests");
}

/// Of all that was planted nothing is there but the bot's token, which has to be.
fn expect_clean(planted: &Planted, place: &str, memory: &[u8]) {
    let found = planted.secrets.borrow().find(place, memory);
    let (kept, left): (Vec<_>, Vec<_>) = found.into_iter().partition(|hit| hit.contains(": bot token "));
    assert!(!kept.is_empty(), "{place}: what has to be there is seen");
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test]
async fn idle_memory_holds_no_secret() {
    if !rustix::process::getuid().is_root() {
        say("memory is not looked at: only root may");
        return;
    }
    let database = Database::sqlite();
    let mut plan = Plan::begin("memory", &database);
    // Nothing reads balances by itself meanwhile.
    let mut witness = Witness::start_with(database, &[("KEY_RECYCLING_SYNC_INTERVAL", "1h")]).await;
    let planted = Planted::default();
    let callers = scenario::sign_in(&witness, &planted).await;
    for slug in SLUGS {
        scenario::hand_over_good(&witness, &planted, &callers.owner, slug).await;
    }
    while uses(&witness, &planted).await < plan.size {
        for slug in SLUGS {
            scenario::solve(&witness, &planted, &callers, slug).await;
        }
    }
    let looks = plan.size.div_ceil(USES_A_LOOK);
    let mut bytes = 0;
    for (look, slug) in (1..=looks).zip(SLUGS.into_iter().cycle()) {
        let memory = idle(&witness, &planted, async |process| memory_of(process)).await;
        expect_clean(&planted, &format!("memory, look {look}"), &memory);
        bytes += memory.len() as u64;
        scenario::solve(&witness, &planted, &callers, slug).await;
    }
    if plan.is_long {
        let core = idle(&witness, &planted, async |process| Some(core_of(process, witness.folder()).await)).await;
        expect_clean(&planted, "core image", &core);
        plan.note("bytes of a core image", core.len() as u64);
    }
    plan.note("looks", looks);
    plan.note("bytes", bytes);
    plan.did(uses(&witness, &planted).await);
    witness.stop().await;
}
