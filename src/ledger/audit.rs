//! Recomputes the ledger from its rows and names every lie.

use std::collections::HashMap;

use uuid::Uuid;

use super::{Failure, Ledger};
use crate::domain::account::PLATFORM;
use crate::domain::{
    Account, AccountId, AccountKind, AttemptId, AttemptState, Key, KeyId, Transfer, TransferKind, Usd,
};
use crate::moves::transfer::chain_hash;
use crate::store::AttemptFigures;

/// Rows that are fetched at once.
const BATCH: u64 = 500;

/// What an audit found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditReport {
    /// Accounts and keys that were recomputed.
    pub checked: u64,
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
                check_account(account, &self.store.ledger_of(account.id).await?, &mut report);
            }
            seen += u64::try_from(accounts.len()).unwrap_or(u64::MAX);
        }
        let mut last = KeyId(Uuid::nil());
        let mut seen = 0;
        loop {
            let keys = self.store.keys_after(last, BATCH.min(most - seen)).await?;
            let Some(end) = keys.last() else { break };
            last = end.id;
            for key in &keys {
                // Read in this order: an attempt that settles in between is in neither list wrongly,
                // because the key is read again afterwards.
                self.check_key(key.id, &mut report).await?;
            }
            seen += u64::try_from(keys.len()).unwrap_or(u64::MAX);
        }
        Ok(report)
    }

    /// Checks a key whose rows stood still meanwhile; one that moves is tried again, then left to
    /// the next audit.
    async fn check_key(&self, id: KeyId, report: &mut AuditReport) -> Result<(), Failure> {
        for _ in 0..3 {
            let Some(before) = self.store.keys_by_ids(&[id]).await?.pop() else { return Ok(()) };
            let attempts = self.store.figures_on(id).await?;
            // The platform's own keys earn no credits.
            let is_owned = before.owner != PLATFORM;
            let transfers = if is_owned { self.store.credits_of_key(id).await? } else { Vec::new() };
            let after = self.store.keys_by_ids(&[id]).await?.pop();
            if after.is_some_and(|after| after.version == before.version) {
                check_key(&before, &attempts, &transfers, report);
                return Ok(());
            }
        }
        Ok(())
    }
}

fn check_account(account: &Account, ledger: &[Transfer], report: &mut AuditReport) {
    report.checked += 1;
    let mut lie = |what: String| report.lies.push(format!("account {}: {what}", account.id));
    let (mut balance, mut credited, mut hash) = (Usd::ZERO, Usd::ZERO, Vec::new());
    for (number, transfer) in (1_i64..).zip(ledger) {
        balance += transfer.amount;
        if transfer.kind.is_recycling() {
            credited += transfer.amount;
        }
        if transfer.seq != number {
            lie(format!("transfer {} has seq {} where {number} is due", transfer.id, transfer.seq));
        }
        if transfer.balance_after != balance {
            lie(format!("transfer {} says balance {} after it; it is {balance}", transfer.id, transfer.balance_after));
        }
        hash = chain_hash(&hash, transfer);
        if hash != transfer.hash {
            lie(format!("transfer {} breaks the chain", transfer.id));
            hash.clone_from(&transfer.hash);
        }
    }
    let newest = i64::try_from(ledger.len()).unwrap_or(i64::MAX);
    // An account that moved while its ledger was read is older than the ledger, not wrong.
    if account.ledger_seq > newest {
        lie(format!("{} transfers are gone", account.ledger_seq - newest));
    }
    if account.ledger_seq == newest && account.ledger_hash != hash {
        lie("the chain does not end where the account says".to_owned());
    }
    if account.ledger_seq == newest && (account.balance, account.credited) != (balance, credited) {
        lie(format!(
            "balance {} and credited {} should be {balance} and {credited}",
            account.balance, account.credited
        ));
    }
}

fn check_key(key: &Key, attempts: &[AttemptFigures], transfers: &[(Option<Uuid>, Transfer)], report: &mut AuditReport) {
    report.checked += 1;
    let mut lie = |what: String| report.lies.push(format!("key {}: {what}", key.id));
    let holding = || attempts.iter().filter(|attempt| attempt.state.holds());
    let held: Usd = holding().map(|attempt| attempt.estimate).sum();
    let in_flight = i32::try_from(holding().count()).unwrap_or(i32::MAX);
    if (key.held, key.in_flight) != (held, in_flight) {
        lie(format!("holds {} for {}; its attempts hold {held} for {in_flight}", key.held, key.in_flight));
    }
    let in_review = attempts.iter().filter(|attempt| attempt.state == AttemptState::UnderReview);
    let under_review: Usd = in_review.map(|attempt| attempt.estimate).sum();
    if key.under_review != under_review {
        lie(format!("{} under review; its attempts say {under_review}", key.under_review));
    }
    if key.owner == PLATFORM {
        return;
    }
    let credited: Usd = transfers.iter().map(|(_, transfer)| transfer.amount).sum();
    if key.credited != credited {
        lie(format!("credited {}; its transfers add up to {credited}", key.credited));
    }
    let mut credits: HashMap<AttemptId, Usd> = transfers
        .iter()
        .filter(|(_, transfer)| transfer.kind == TransferKind::RecycleCredit)
        .filter_map(|(attempt, transfer)| attempt.map(|attempt| (attempt.into(), transfer.amount)))
        .collect();
    for attempt in attempts {
        let charged = attempt.cost.unwrap_or_default();
        let credit = credits.remove(&attempt.id).unwrap_or_default();
        if charged != credit {
            lie(format!("attempt {} was charged {charged} and credited {credit}", attempt.id));
        }
    }
    for (attempt, credit) in credits {
        lie(format!("a credit of {credit} names attempt {attempt}, which is not the key's"));
    }
}
