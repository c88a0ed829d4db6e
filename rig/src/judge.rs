//! Compares the rows that are left with the providers' books and with what was acknowledged.
//!
//! Per key: a credit belongs to one charge and is as high as it; a charge without a credit is explained
//! by an attempt whose outcome is in doubt. It reads the rows itself and shares no code with `audit`.

use std::collections::{BTreeMap, HashMap, HashSet};

use entity::{account, attempt, provider_key, transfer};
use key_recycling::domain::Usd;
use sea_orm::prelude::Uuid;
use sea_orm::{ColumnTrait as _, DatabaseConnection, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};
use serde_json::{Value, json};

use crate::load::{Load, Notes, label};
use crate::oracle::{Charge, KeyName};
use crate::trouble::{Outcome, Trouble};

/// States in which an attempt holds something.
pub(crate) const HOLDING: [&str; 4] = ["RESERVED", "SENT", "SUBMITTED", "UNKNOWN"];

/// States in which nobody knows yet, or nobody may decide but an operator.
const IN_DOUBT: [&str; 4] = ["SENT", "SUBMITTED", "UNKNOWN", "UNDER_REVIEW"];

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) breaches: Vec<String>,
    pub(crate) figures: Value,
}

/// The rows as they are.
struct Rows {
    accounts: Vec<account::Model>,
    keys: Vec<provider_key::Model>,
    attempts: Vec<attempt::Model>,
    transfers: Vec<transfer::Model>,
}

/// How much of what, per provider.
#[derive(Default)]
struct Sums {
    charged: Usd,
    credited: Usd,
    in_doubt: Usd,
}

/// How many attempts are in one of the states.
pub(crate) async fn count_in(database: &DatabaseConnection, states: &[&str]) -> Outcome<u64> {
    let held = attempt::Entity::find().filter(attempt::Column::State.is_in(states.iter().copied()));
    Ok(held.count(database).await?)
}

/// Compares everything.
pub(crate) async fn judge(database: &DatabaseConnection, load: &Load) -> Outcome<Findings> {
    let rows = Rows {
        accounts: account::Entity::find().all(database).await?,
        keys: provider_key::Entity::find().all(database).await?,
        attempts: attempt::Entity::find().all(database).await?,
        transfers: transfer::Entity::find().all(database).await?,
    };
    let keys = load.notes().keys.clone();
    let books = load.oracle.charges(&keys).await?;
    let mut breaches = Vec::new();
    let credits = rows.net_credits(&mut breaches);
    let names: HashMap<String, KeyName> = keys.keys().map(|name| (label(*name), *name)).collect();
    let mut sums: BTreeMap<&str, Sums> = BTreeMap::new();
    let mut seen = HashSet::new();
    for key in &rows.keys {
        let name = key.label.as_ref().and_then(|label| names.get(label));
        let name = *name.ok_or_else(|| Trouble(format!("key {} is not the rig's", key.id)))?;
        seen.insert(name);
        let attempts: Vec<&attempt::Model> = rows.attempts.iter().filter(|it| it.key_id == key.id).collect();
        let charges = books.get(&name).cloned().unwrap_or_default();
        let of_key = match_charges(&label(name), &attempts, charges, &credits, &mut breaches);
        let sum = sums.entry(name.0).or_default();
        sum.charged += of_key.charged;
        sum.credited += of_key.credited;
        sum.in_doubt += of_key.in_doubt;
        check_holds(&label(name), key, &attempts, &mut breaches);
    }
    rows.check_balances(&mut breaches);
    rows.check_acknowledged(&load.notes(), &seen, &mut breaches);
    let figures = json!({
        "attempts": rows.states(),
        "providers": sums.iter().map(|(slug, sums)| ((*slug).to_owned(), sums.shown())).collect::<BTreeMap<_, _>>(),
        "keys": rows.keys.len(),
        "transfers": rows.transfers.len(),
    });
    Ok(Findings { breaches, figures })
}

impl Sums {
    fn shown(&self) -> Value {
        json!({
            "charged": self.charged.to_string(),
            "credited": self.credited.to_string(),
            "in_doubt": self.in_doubt.to_string(),
        })
    }
}

impl Rows {
    fn states(&self) -> BTreeMap<&str, u64> {
        let mut states = BTreeMap::new();
        for attempt in &self.attempts {
            *states.entry(attempt.state.as_str()).or_default() += 1;
        }
        states
    }

    /// What each attempt is credited after corrections; an attempt credited twice is a breach.
    fn net_credits(&self, breaches: &mut Vec<String>) -> HashMap<Uuid, i64> {
        let mut credits = HashMap::new();
        let mut attempt_of = HashMap::new();
        for it in self.transfers.iter().filter(|it| it.kind == "RECYCLE_CREDIT") {
            let Some(attempt) = it.attempt_id else {
                breaches.push(format!("credit {} names no attempt", it.id));
                continue;
            };
            attempt_of.insert(it.id, attempt);
            if credits.insert(attempt, it.amount_nano).is_some() {
                breaches.push(format!("attempt {attempt} is credited twice"));
            }
        }
        for it in &self.transfers {
            let corrected = it.corrects_transfer_id.and_then(|id| attempt_of.get(&id));
            if let Some(net) = corrected.and_then(|attempt| credits.get_mut(attempt)) {
                *net += it.amount_nano;
            }
        }
        credits
    }

    /// Every balance is the sum of its transfers.
    fn check_balances(&self, breaches: &mut Vec<String>) {
        for account in self.accounts.iter().filter(|it| it.kind == "OWNER") {
            let sum: i64 =
                self.transfers.iter().filter(|it| it.account_id == account.id).map(|it| it.amount_nano).sum();
            if sum != account.balance_nano {
                breaches.push(format!(
                    "account {} has {} and its transfers sum to {sum}",
                    account.id, account.balance_nano
                ));
            }
        }
    }

    /// What was acknowledged is there, once; what was never asked for is not.
    fn check_acknowledged(&self, notes: &Notes, keys: &HashSet<KeyName>, breaches: &mut Vec<String>) {
        for name in notes.taken.iter().filter(|name| !keys.contains(name)) {
            breaches.push(format!("key {} was taken and is gone", label(*name)));
        }
        let by_task: HashMap<&str, &attempt::Model> =
            self.attempts.iter().map(|it| (it.task_id.as_str(), it)).collect();
        for task in &notes.solved {
            let state = by_task.get(task.as_str()).map_or("gone", |it| it.state.as_str());
            if !["SETTLED", "UNDER_REVIEW"].contains(&state) {
                breaches.push(format!("{task} was answered as solved and is {state}"));
            }
        }
        let mut posted: HashMap<&str, u64> = HashMap::new();
        for it in self.transfers.iter().filter(|it| it.kind == "DEPOSIT") {
            *posted.entry(it.idempotency_key.as_deref().unwrap_or_default()).or_default() += 1;
        }
        for (name, is_acknowledged) in &notes.deposits {
            match posted.remove(name.as_str()) {
                Some(1) => {}
                None if !is_acknowledged => {}
                None => breaches.push(format!("{name} was acknowledged and is gone")),
                Some(times) => breaches.push(format!("{name} was posted {times} times")),
            }
        }
        breaches.extend(posted.keys().map(|name| format!("nobody asked for {name}")));
    }
}

/// Finds the charge of each credit of a key, and the attempt in doubt of each charge without one.
fn match_charges(
    key: &str,
    attempts: &[&attempt::Model],
    charges: Vec<Charge>,
    credits: &HashMap<Uuid, i64>,
    breaches: &mut Vec<String>,
) -> Sums {
    let mut sums = Sums { charged: charges.iter().map(|charge| charge.amount).sum(), ..Sums::default() };
    let mut left = charges;
    let is_in_doubt = |attempt: &attempt::Model| IN_DOUBT.contains(&attempt.state.as_str());
    let mut nameless = Vec::new();
    for attempt in attempts {
        let credited = Usd::from_nanos(credits.get(&attempt.id).copied().unwrap_or(0));
        sums.credited += credited;
        let place = attempt.provider_task_id.as_ref().and_then(|id| left.iter().position(|it| it.task_id == *id));
        let Some(place) = place else {
            nameless.push((attempt, credited));
            continue;
        };
        let charge = left.swap_remove(place);
        if credited.is_zero() && is_in_doubt(attempt) {
            sums.in_doubt += charge.amount;
        } else if credited != charge.amount {
            let (id, state) = (attempt.id, &attempt.state);
            breaches.push(format!("{key}: attempt {id} ({state}) cost {} and is credited {credited}", charge.amount));
        }
    }
    // Whose task id a crash swallowed is known by its price alone.
    for (attempt, credited) in nameless.iter().filter(|(_, credited)| !credited.is_zero()) {
        match left.iter().position(|charge| charge.amount == *credited) {
            Some(place) => drop(left.swap_remove(place)),
            None => breaches.push(format!("{key}: attempt {} is credited {credited} without a charge", attempt.id)),
        }
    }
    let mut doubtful: Vec<i64> = nameless
        .iter()
        .filter(|(attempt, credited)| credited.is_zero() && is_in_doubt(attempt))
        .map(|(attempt, _)| attempt.estimate_nano)
        .collect();
    for charge in left {
        match doubtful.iter().position(|estimate| *estimate == charge.amount.nanos()) {
            Some(place) => {
                doubtful.swap_remove(place);
                sums.in_doubt += charge.amount;
            }
            None => breaches
                .push(format!("{key}: nothing explains the charge {} of task {}", charge.amount, charge.task_id)),
        }
    }
    sums
}

/// What a key holds is what its attempts hold.
fn check_holds(name: &str, key: &provider_key::Model, attempts: &[&attempt::Model], breaches: &mut Vec<String>) {
    let holding: Vec<i64> = attempts
        .iter()
        .filter(|attempt| HOLDING.contains(&attempt.state.as_str()))
        .map(|attempt| attempt.estimate_nano)
        .collect();
    let (held, count) = (holding.iter().sum::<i64>(), holding.len());
    if (key.held_nano, usize::try_from(key.in_flight).ok()) != (held, Some(count)) {
        let said = (key.held_nano, key.in_flight);
        breaches.push(format!("{name}: holds {said:?} and its attempts hold ({held}, {count})"));
    }
}
