//! One key's books: what it holds, every charge, every call.
//!
//! Invariant, checked by tests: `balance = deposited − charged − charged_outside + refunded`. Sums
//! are exact for ever; single charges are kept up to a cap, oldest dropped first. When money moves
//! is the desk's decision.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::catalogue::Kind;
use crate::clock::Millis;
use crate::settings::{Settings, SettingsPatch};

/// Charges kept per key.
const KEPT_CHARGES: usize = 100_000;

/// What a call asks for, whatever the dialect; the names are those of the JSON dialect.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(crate) enum Method {
    #[serde(rename = "createTask")]
    CreateTask,
    #[serde(rename = "getTaskResult")]
    GetTaskResult,
    #[serde(rename = "getBalance")]
    GetBalance,
    /// Any report or feedback.
    #[serde(rename = "report")]
    Report,
    /// A method that the provider does not have, or that the sandbox does not play.
    #[serde(rename = "other")]
    Other,
}

/// What pays for a task.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Purse {
    Money,
    /// CapSolver's prepaid calls.
    Package,
    /// Anti-Captcha's subscription credits.
    Credits,
}

/// Who spent it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    Task,
    Outside,
}

/// One entry in the books.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Charge {
    pub(crate) task_id: Option<String>,
    pub(crate) kind: Option<Kind>,
    pub(crate) amount: Amount,
    pub(crate) at: Millis,
    pub(crate) source: Source,
    pub(crate) paid_from: Purse,
    pub(crate) refunded: bool,
}

/// Sums over all charges and tasks; money sums are gross, refunds stand beside them.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Totals {
    pub(crate) tasks_created: u64,
    pub(crate) tasks_solved: u64,
    pub(crate) tasks_failed: u64,
    pub(crate) deposited: Amount,
    pub(crate) charged: Amount,
    pub(crate) charged_outside: Amount,
    pub(crate) refunded: Amount,
}

impl Totals {
    pub(crate) fn add(&mut self, other: &Self) {
        self.tasks_created += other.tasks_created;
        self.tasks_solved += other.tasks_solved;
        self.tasks_failed += other.tasks_failed;
        self.deposited += other.deposited;
        self.charged += other.charged;
        self.charged_outside += other.charged_outside;
        self.refunded += other.refunded;
    }
}

/// A key as the provider knows it.
#[derive(Default)]
pub(crate) struct Account {
    pub(crate) balance: Amount,
    pub(crate) package_calls: u64,
    pub(crate) captcha_credits: u64,
    pub(crate) suspended: bool,
    pub(crate) totals: Totals,
    pub(crate) calls: BTreeMap<Method, u64>,
    /// Calls of whatever method that were refused since the key is suspended.
    pub(crate) suspended_calls: u64,
    /// The latest task's id, for the fault that gives it out again.
    pub(crate) last_task: Option<String>,
    /// Settings of this key alone, and what comes of them over the provider's.
    pub(crate) overrides: Option<SettingsPatch>,
    pub(crate) own_settings: Option<Arc<Settings>>,
    charges: VecDeque<Charge>,
    charges_dropped: u64,
    reserved: Amount,
    reserved_calls: u64,
    reserved_credits: u64,
}

impl Account {
    /// Chooses what would pay for a task of this price; `None` when nothing can.
    pub(crate) fn purse_for(&self, price: Amount) -> Option<Purse> {
        if self.package_calls > self.reserved_calls {
            Some(Purse::Package)
        } else if self.captcha_credits > self.reserved_credits {
            Some(Purse::Credits)
        } else if self.balance - self.reserved >= price {
            Some(Purse::Money)
        } else {
            None
        }
    }

    /// Keeps the price of an open task from paying for another one.
    pub(crate) fn reserve(&mut self, purse: Purse, price: Amount) {
        match purse {
            Purse::Money => self.reserved += price,
            Purse::Package => self.reserved_calls += 1,
            Purse::Credits => self.reserved_credits += 1,
        }
    }

    /// Undoes [`Self::reserve`].
    pub(crate) fn release(&mut self, purse: Purse, price: Amount) {
        match purse {
            Purse::Money => self.reserved -= price,
            Purse::Package => self.reserved_calls = self.reserved_calls.saturating_sub(1),
            Purse::Credits => self.reserved_credits = self.reserved_credits.saturating_sub(1),
        }
    }

    /// Takes a task's price; answers the charge's number and what it cost in money.
    pub(crate) fn charge(
        &mut self,
        task_id: &str,
        kind: Kind,
        (purse, price): (Purse, Amount),
        at: Millis,
    ) -> (u64, Amount) {
        let amount = match purse {
            Purse::Money => price,
            Purse::Package => {
                self.package_calls = self.package_calls.saturating_sub(1);
                Amount::ZERO
            }
            Purse::Credits => {
                self.captcha_credits = self.captcha_credits.saturating_sub(1);
                Amount::ZERO
            }
        };
        self.balance -= amount;
        self.totals.charged += amount;
        let number = self.enter(Charge {
            task_id: Some(task_id.to_owned()),
            kind: Some(kind),
            amount,
            at,
            source: Source::Task,
            paid_from: purse,
            refunded: false,
        });
        (number, amount)
    }

    /// Spending that the platform knows nothing of; may push the balance below zero.
    pub(crate) fn spend_outside(&mut self, amount: Amount, at: Millis) {
        self.balance -= amount;
        self.totals.charged_outside += amount;
        self.enter(Charge {
            task_id: None,
            kind: None,
            amount,
            at,
            source: Source::Outside,
            paid_from: Purse::Money,
            refunded: false,
        });
    }

    /// Money that the owner pays in, or takes out when negative.
    pub(crate) fn deposit(&mut self, amount: Amount) {
        self.balance += amount;
        self.totals.deposited += amount;
    }

    /// Returns a charge to the purse it came from, at most once.
    pub(crate) fn refund(&mut self, number: u64) {
        let place = number.checked_sub(self.charges_dropped).and_then(|place| usize::try_from(place).ok());
        let Some(charge) = place.and_then(|place| self.charges.get_mut(place)) else {
            return;
        };
        if charge.refunded {
            return;
        }
        charge.refunded = true;
        match charge.paid_from {
            Purse::Money => {
                self.balance += charge.amount;
                self.totals.refunded += charge.amount;
            }
            Purse::Package => self.package_calls += 1,
            Purse::Credits => self.captcha_credits += 1,
        }
    }

    pub(crate) fn charges(&self) -> &VecDeque<Charge> {
        &self.charges
    }

    pub(crate) fn charges_dropped(&self) -> u64 {
        self.charges_dropped
    }

    fn enter(&mut self, charge: Charge) -> u64 {
        if self.charges.len() >= KEPT_CHARGES {
            self.charges.pop_front();
            self.charges_dropped += 1;
        }
        self.charges.push_back(charge);
        self.charges_dropped + self.charges.len() as u64 - 1
    }
}
