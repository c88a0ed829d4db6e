//! The plans of the money tests and of those against abuse: how much each does in a usual run, and how much in a part of the
//! long one. Everything that says so is read here and nowhere else.
//!
//! * `MONEY_PLAN=long`: do as much as a part of the long plan.
//! * `MONEY_SEED=NUMBER`: draw what this seed draws, which is how a failure is replayed and how the
//!   parts of the long plan differ. What races may still meet in another order.
//! * `MONEY_RESULTS=FILE`: add a line of JSON for each plan that ran, failed or not.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::Database;
use super::database::rand_u64;
use super::draw::Draw;

/// How much a plan does on each database.
struct Size {
    sqlite: u64,
    postgres: u64,
}

/// Every plan: its name, what it counts, how much of it is done in a usual run and in a long part.
const PLANS: [(&str, &str, Size, Size); 14] = [
    ("faults", "runs", Size { sqlite: 1, postgres: 1 }, Size { sqlite: 1, postgres: 1 }),
    ("model", "steps", Size { sqlite: 44_000, postgres: 6_000 }, Size { sqlite: 100_000, postgres: 50_000 }),
    ("orders", "orders", Size { sqlite: u64::MAX, postgres: 400 }, Size { sqlite: u64::MAX, postgres: u64::MAX }),
    ("settlers", "attempts", Size { sqlite: 500, postgres: 500 }, Size { sqlite: 5_000, postgres: 5_000 }),
    ("disconnects", "disconnects", Size { sqlite: 500, postgres: 500 }, Size { sqlite: 2_500, postgres: 2_500 }),
    ("dispatcher lies", "messages", Size { sqlite: 1_000, postgres: 1_000 }, Size { sqlite: 4_000, postgres: 4_000 }),
    ("leaks", "megabytes", Size { sqlite: 1, postgres: 1 }, Size { sqlite: 1_000, postgres: 100 }),
    ("memory", "uses", Size { sqlite: 60, postgres: 60 }, Size { sqlite: 1_000, postgres: 1_000 }),
    ("rotation", "rows", Size { sqlite: 2_000, postgres: 2_000 }, Size { sqlite: 100_000, postgres: 100_000 }),
    ("provider lies", "messages", Size { sqlite: 100, postgres: 100 }, Size { sqlite: 1_000, postgres: 1_000 }),
    ("fifty owners", "rounds", Size { sqlite: 10, postgres: 10 }, Size { sqlite: 200, postgres: 200 }),
    ("junk", "keys", Size { sqlite: 20, postgres: 20 }, Size { sqlite: 1_000, postgres: 1_000 }),
    ("ban", "keys", Size { sqlite: 12, postgres: 12 }, Size { sqlite: 50, postgres: 50 }),
    ("depleted", "keys", Size { sqlite: 6, postgres: 6 }, Size { sqlite: 500, postgres: 500 }),
];

/// A plan under way on one database. It tells its seed at once, and what came of it when dropped.
pub(crate) struct Plan {
    name: String,
    unit: &'static str,
    database: &'static str,
    pub(crate) is_long: bool,
    pub(crate) seed: u64,
    /// How much is to be done; more than there is means everything.
    pub(crate) size: u64,
    counts: Map<String, Value>,
    start: Instant,
}

impl Plan {
    /// Begins a plan of the table, or a part of one: `name: part`.
    pub(crate) fn begin(name: &str, database: &Database) -> Self {
        let is_named = |plan: &&(&str, _, _, _)| name.split(':').next() == Some(plan.0);
        let (_, unit, usual, long) = PLANS.iter().find(is_named).expect("a plan of the table");
        let is_long = std::env::var("MONEY_PLAN").is_ok_and(|plan| plan == "long");
        let size = if is_long { long } else { usual };
        let (database, size) = if database.is_sqlite() { ("sqlite", size.sqlite) } else { ("postgres", size.postgres) };
        let seed = seed().unwrap_or_else(|| rand_u64() >> 1);
        say(&format!("{name} on {database}: MONEY_SEED={seed}"));
        Self { name: name.to_owned(), unit, database, is_long, seed, size, counts: Map::new(), start: Instant::now() }
    }

    /// The stream of the seed.
    pub(crate) fn draw(&self) -> Draw {
        Draw::new(self.seed)
    }

    /// Notes how much was done of what the plan is about.
    pub(crate) fn did(&mut self, count: u64) {
        self.note(self.unit, count);
        assert!(count > 0 && (self.size == u64::MAX || count >= self.size), "only {count} {} were done", self.unit);
    }

    /// Notes how much was done of something else.
    pub(crate) fn note(&mut self, what: &str, count: u64) {
        self.counts.insert(what.to_owned(), json!(count));
    }
}

impl Drop for Plan {
    fn drop(&mut self) {
        let failures = u64::from(std::thread::panicking());
        let seconds = self.start.elapsed().as_secs();
        let mut words = format!("{} on {}: seed {}", self.name, self.database, self.seed);
        for (what, count) in &self.counts {
            let _ = write!(words, ", {count} {what}");
        }
        say(&format!("{words}, {seconds} s, {failures} failures"));
        let line = json!({
            "plan": self.name, "database": self.database, "long": self.is_long, "seed": self.seed,
            "counts": self.counts, "seconds": seconds, "failures": failures,
        });
        if let Ok(file) = std::env::var("MONEY_RESULTS") {
            let opened = std::fs::OpenOptions::new().create(true).append(true).open(&file);
            // One write a line, so that plans that run side by side don't mix theirs.
            let written = opened.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
            if let Err(error) = written {
                say(&format!("{file} can't be written: {error}"));
            }
        }
    }
}

/// The seed that was asked for.
pub(crate) fn seed() -> Option<u64> {
    let text = std::env::var("MONEY_SEED").ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("MONEY_SEED has to be a whole number")))
}

#[expect(clippy::print_stderr, reason = "figures are for whoever runs the tests")]
pub(crate) fn say(words: &str) {
    eprintln!("{words}");
}
