//! The file of results: which parts are in it, and what they add up to.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::Path;

use key_recycling::domain::Usd;
use serde_json::Value;

use crate::arguments::Arguments;
use crate::trouble::Outcome;

/// The parts of a plan in a file of results: their seeds, and whether all held.
pub(crate) fn parts_in(file: &Path, arguments: &Arguments) -> Outcome<HashMap<u64, bool>> {
    let text = match std::fs::read_to_string(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        read => read?,
    };
    let is_like = |line: &Value| line["plan"] == *arguments.plan && line["database"] == arguments.database.name();
    let part = |line: Value| Some((line["seed"].as_u64()?, line["held"] == true));
    Ok(lines(&text).filter(is_like).filter_map(part).collect())
}

/// A part that was cut off while its line was written counts as not run.
fn lines(text: &str) -> impl Iterator<Item = Value> {
    text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok())
}

/// The parts of one plan on one database, added up.
#[derive(Default)]
struct Sum {
    seeds: BTreeSet<u64>,
    counts: BTreeMap<&'static str, u64>,
    breaches: usize,
    charged: Usd,
    credited: Usd,
    in_doubt: Usd,
    slowest_start: u64,
}

/// Counts of a part, in the order of the table.
const COUNTS: [&str; 7] = ["kills", "recovery_kills", "points", "database_stops", "disk_faults", "leases", "solved"];

impl Sum {
    fn add(&mut self, part: &Value) {
        self.seeds.extend(part["seed"].as_u64());
        for name in COUNTS {
            *self.counts.entry(name).or_default() += part[name].as_u64().unwrap_or(0);
        }
        self.breaches += part["breaches"].as_array().map_or(0, Vec::len);
        for provider in part["rows"]["providers"].as_object().into_iter().flat_map(|all| all.values()) {
            let amount = |name: &str| provider[name].as_str().and_then(|text| text.parse().ok()).unwrap_or(Usd::ZERO);
            self.charged += amount("charged");
            self.credited += amount("credited");
            self.in_doubt += amount("in_doubt");
        }
        self.slowest_start = self.slowest_start.max(part["slowest_start_ms"].as_u64().unwrap_or(0));
    }

    fn cells(&self) -> Vec<String> {
        let seeds = match (self.seeds.first(), self.seeds.last()) {
            (Some(first), Some(last)) if first != last => format!("{first}–{last}"),
            (first, _) => first.map(u64::to_string).unwrap_or_default(),
        };
        let counts = COUNTS.map(|name| self.counts.get(name).copied().unwrap_or(0).to_string());
        let money = [self.charged, self.credited, self.in_doubt].map(|amount| amount.to_string()).join(" / ");
        let mut cells = vec![self.seeds.len().to_string(), seeds];
        cells.extend(counts);
        cells.extend([self.breaches.to_string(), money, format!("{} ms", self.slowest_start)]);
        cells
    }
}

/// The results as a table, a row for each plan on each database.
pub(crate) fn summary(text: &str) -> String {
    let mut sums: BTreeMap<(String, String), Sum> = BTreeMap::new();
    for part in lines(text) {
        let name = |field: &str| part[field].as_str().unwrap_or_default().to_owned();
        sums.entry((name("plan"), name("database"))).or_default().add(&part);
    }
    let mut table = "| plan | database | parts | seeds | kills | kills during recovery | places | stops of PostgreSQL \
         | disk faults | leases | solved | breaches | charged / credited / in doubt (USD) | slowest start |\n"
        .to_owned();
    table.push_str(&"|---".repeat(14));
    table.push('|');
    for ((plan, database), sum) in sums {
        // Writing to a text can't fail.
        let _ = write!(table, "\n| {plan} | {database} | {} |", sum.cells().join(" | "));
    }
    table
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parts_of_a_plan_add_up_and_a_torn_line_counts_for_nothing() {
        let part = |seed: u64, breaches: &[&str]| {
            json!({
                "plan": "kills", "database": "sqlite", "seed": seed, "kills": 100, "recovery_kills": 33, "points": 9,
                "leases": 10, "solved": 8, "breaches": breaches, "slowest_start_ms": 100 + seed,
                "rows": { "providers": { "multibot": { "charged": "0.003", "credited": "0.002", "in_doubt": "0.001" } } },
            })
        };
        let text = format!("{}\n{}\n{{\"plan\": \"kills\", \"se", part(4, &[]), part(5, &["lost"]));
        let table = summary(&text);
        let row = table.lines().last().expect("a row");
        assert_eq!(
            row,
            "| kills | sqlite | 2 | 4–5 | 200 | 66 | 18 | 0 | 0 | 20 | 16 | 1 | 0.006 / 0.004 / 0.002 | 105 ms |"
        );
    }
}
