//! An operator stops an account's submissions and spending, and lets them go on.
//!
//! Whoever submits or spends looks at the account's row in its own transaction, so that a freeze counts
//! in every process with its commit. What the account earns meanwhile is still credited.

use super::Identity;
use crate::domain::audit::{Target, TargetKind};
use crate::domain::{Account, AccountKind, AccountRef, Actor};
use crate::store::{StoreError, Tx};

impl Identity {
    /// Freezes an owner's account or lets it go. Answers the account and whether that changed anything;
    /// `None` when no owner has such an account.
    ///
    /// # Errors
    /// The database fails.
    pub async fn set_frozen(
        &self,
        actor: &Actor,
        account: AccountRef,
        to: bool,
    ) -> Result<Option<(Account, bool)>, StoreError> {
        let actor = actor.audit_name();
        let name = if to { "freeze account" } else { "unfreeze account" };
        self.store.write(name, move |tx| Box::pin(async move { set_frozen(tx, &actor, account, to).await })).await
    }
}

async fn set_frozen(
    tx: &mut Tx,
    actor: &str,
    account: AccountRef,
    to: bool,
) -> Result<Option<(Account, bool)>, StoreError> {
    let found = tx.lock_account(account).await?;
    let Some(mut account) = found.filter(|account| account.kind == AccountKind::Owner) else { return Ok(None) };
    if account.frozen_at.is_some() == to {
        return Ok(Some((account, false)));
    }
    account.frozen_at = to.then_some(tx.now());
    tx.save_frozen(account.id, account.frozen_at).await?;
    let action = if to { "account.frozen" } else { "account.unfrozen" };
    let target = Target { kind: TargetKind::Account, id: account.id.0 };
    tx.append_audit(actor, action, Some(target), None).await?;
    Ok(Some((account, true)))
}
