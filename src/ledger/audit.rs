//! Recomputes the ledger from its rows and names every lie.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Failure, Ledger};
use crate::domain::account::PLATFORM;
use crate::domain::{Account, AccountId, AccountKind, Key, KeyId, Transfer, Usd};
use crate::moves::transfer::chain_hash;
use crate::store::{KeySums, Miscredited, StrayCredit};

/// Rows that are fetched at once.
const BATCH: u64 = 500;

/// Lies of one sort that are named for each key; more of them tell nothing more.
const LIES_MAX: u64 = 100;

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Accounts and keys that were recomputed.
    pub checked: u64,
    /// Keys that changed whenever they were looked at; they are the next audit's.
    pub passed_over: u64,
    /// What does not add up, each naming its row.
    pub lies: Vec<String>,
}

impl Ledger {
    /// Recomputes balances, chains, holds and credits of every account and key, or of the first
    /// `sample` of each.
    ///
    /// # Errors
    /// The database fails.
    pub async fn audit(&self, sample: Option<u64>) -> Result<AuditReport, Failure> {
        let mut report = AuditReport::default();
        let most = sample.unwrap_or(u64::MAX);
        let mut last = AccountId(Uuid::nil());
        let mut seen = 0;
        loop {
            let accounts = self.store.accounts_after(last, BATCH.min(most - seen)).await?;
            let Some(end) = accounts.last() else { break };
            last = end.id;
            for account in accounts.iter().filter(|account| account.kind == AccountKind::Owner) {
                self.check_account(account, &mut report).await?;
            }
            seen += u64::try_from(accounts.len()).unwrap_or(u64::MAX);
        }
        let mut last = KeyId(Uuid::nil());
        let mut seen = 0;
        loop {
            let keys = self.store.keys_after(last, BATCH.min(most - seen)).await?;
            let Some(end) = keys.last() else { break };
            last = end.id;
            seen += u64::try_from(keys.len()).unwrap_or(u64::MAX);
            self.check_keys(keys, &mut report).await?;
        }
        Ok(report)
    }

    /// Walks the ledger of an account up to where the account says it ends: what was posted since
    /// is the next audit's.
    async fn check_account(&self, account: &Account, report: &mut AuditReport) -> Result<(), Failure> {
        let mut walk = LedgerWalk::default();
        let mut last = 0;
        loop {
            let transfers = self.store.ledger_after(account.id, last, BATCH).await?;
            let Some(end) = transfers.last() else { break };
            last = end.seq;
            transfers.iter().filter(|transfer| transfer.seq <= account.ledger_seq).for_each(|it| walk.step(it));
            if last >= account.ledger_seq {
                break;
            }
        }
        walk.end(account, report);
        Ok(())
    }

    /// Checks keys whose rows stood still meanwhile; those that move are tried again, then left to
    /// the next audit.
    async fn check_keys(&self, mut keys: Vec<Key>, report: &mut AuditReport) -> Result<(), Failure> {
        for _ in 0..3 {
            let ids: Vec<KeyId> = keys.iter().map(|key| key.id).collect();
            let sums = self.store.key_sums(&ids).await?;
            let wrong = self.wrong_credits(&keys).await?;
            if keys.len() > 1 && u64::try_from(wrong.len()).is_ok_and(|lies| lies >= LIES_MAX) {
                // There may be more, and those that are left out may be all those of a key.
                for key in keys {
                    Box::pin(self.check_keys(vec![key], report)).await?;
                }
                return Ok(());
            }
            let versions: HashMap<KeyId, i64> = keys.iter().map(|key| (key.id, key.version)).collect();
            let after = self.store.keys_by_ids(&ids).await?;
            let (still, moved): (Vec<Key>, Vec<Key>) =
                after.into_iter().partition(|key| versions.get(&key.id) == Some(&key.version));
            for key in &still {
                let lies = check_sums(key, sums.get(&key.id).copied().unwrap_or_default());
                let lies = lies.iter().chain(wrong.iter().filter(|(id, _)| *id == key.id).map(|(_, lie)| lie));
                report.lies.extend(lies.map(|lie| format!("key {}: {lie}", key.id)));
                report.checked += 1;
            }
            keys = moved;
            if keys.is_empty() {
                break;
            }
        }
        report.passed_over += u64::try_from(keys.len()).unwrap_or(u64::MAX);
        Ok(())
    }

    /// Lies about the credits of keys, at most so many of one sort.
    async fn wrong_credits(&self, keys: &[Key]) -> Result<Vec<(KeyId, String)>, Failure> {
        let ids: Vec<KeyId> = keys.iter().map(|key| key.id).collect();
        // The platform's own keys earn no credits.
        let owned: Vec<KeyId> = keys.iter().filter(|key| key.owner != PLATFORM).map(|key| key.id).collect();
        let miscredited = self.store.miscredited(&owned, LIES_MAX).await?;
        let stray = self.store.stray_credits(&ids, LIES_MAX).await?;
        let miscredited = miscredited.into_iter().map(|Miscredited { key, attempt, charged, credited }| {
            (key, format!("attempt {attempt} was charged {charged} and credited {credited}"))
        });
        let stray = stray.into_iter().map(|StrayCredit { key, amount, attempt }| {
            let named = attempt.map_or("no attempt".to_owned(), |id| format!("attempt {id}"));
            (key, format!("a credit of {amount} names {named}, which is not the key's"))
        });
        Ok(miscredited.chain(stray).collect())
    }
}

/// The ledger of one account, walked from its first transfer on.
#[derive(Default)]
struct LedgerWalk {
    newest: i64,
    balance: Usd,
    credited: Usd,
    hash: Vec<u8>,
    lies: Vec<String>,
}

impl LedgerWalk {
    fn step(&mut self, transfer: &Transfer) {
        self.newest += 1;
        self.balance += transfer.amount;
        if transfer.kind.is_recycling() {
            self.credited += transfer.amount;
        }
        let Self { newest, balance, .. } = *self;
        let id = transfer.id;
        if transfer.seq != newest {
            self.lies.push(format!("transfer {id} has seq {} where {newest} is due", transfer.seq));
        }
        if transfer.balance_after != balance {
            self.lies.push(format!("transfer {id} says balance {} after it; it is {balance}", transfer.balance_after));
            // Those after it are measured from what it says, or each of them would be named as well.
            self.balance = transfer.balance_after;
        }
        self.hash = chain_hash(&self.hash, transfer);
        if self.hash != transfer.hash {
            self.lies.push(format!("transfer {id} breaks the chain"));
            self.hash.clone_from(&transfer.hash);
        }
    }

    fn end(self, account: &Account, report: &mut AuditReport) {
        let Self { newest, balance, credited, hash, mut lies } = self;
        if account.ledger_seq > newest {
            lies.push(format!("{} transfers are gone", account.ledger_seq - newest));
        } else if account.ledger_hash != hash {
            lies.push("the chain does not end where the account says".to_owned());
        }
        if account.ledger_seq == newest && (account.balance, account.credited) != (balance, credited) {
            lies.push(format!(
                "balance {} and credited {} should be {balance} and {credited}",
                account.balance, account.credited
            ));
        }
        report.checked += 1;
        report.lies.extend(lies.into_iter().map(|lie| format!("account {}: {lie}", account.id)));
    }
}

fn check_sums(key: &Key, sums: KeySums) -> Vec<String> {
    let mut lies = Vec::new();
    let KeySums { held, in_flight, under_review, credited, unseen } = sums;
    if key.held != held || u64::try_from(key.in_flight).ok() != Some(in_flight) {
        lies.push(format!("holds {} for {}; its attempts hold {held} for {in_flight}", key.held, key.in_flight));
    }
    if key.under_review != under_review {
        lies.push(format!("{} under review; its attempts say {under_review}", key.under_review));
    }
    if key.owner != PLATFORM && key.credited != credited {
        lies.push(format!("credited {}; its transfers add up to {credited}", key.credited));
    }
    if credited > key.vouched + unseen {
        let vouched = key.vouched;
        lies.push(format!("credited {credited}; only {vouched} is vouched for, and {unseen} not seen yet"));
    }
    lies
}
