//! Transfers: only ever inserted.

use entity::{provisional_credit, transfer};
use sea_orm::ActiveValue::Set;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::domain::{AttemptId, KeyId, Timestamp, Transfer, TransferId, TransferKind, Usd};
use crate::store::{StoreError, Tx, rows};

/// A credit that reconciliation may still lower.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisionalCredit {
    /// The credit.
    pub transfer: TransferId,
    /// The key that earned it.
    pub key: KeyId,
    /// What it still stands at.
    pub remaining: Usd,
    /// Quiet readings that may still lower it.
    pub readings_left: i32,
    /// Position of the credit in its account's ledger.
    pub seq: i64,
    /// When the attempt was settled.
    pub settled_at: Timestamp,
}

impl Tx {
    /// Posts a transfer. `request` is the service's name, its idempotency key and the hash of what
    /// it asked for; `reason` makes a correction unique among those of one transfer.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the attempt, the idempotency key or the correction is posted
    /// already.
    pub async fn insert_transfer(
        &mut self,
        posted: &Transfer,
        request: Option<(&str, &str, &[u8])>,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        let mut row = rows::transfer_row(posted);
        if let Some((principal, idempotency_key, hash)) = request {
            row.principal = Set(Some(principal.to_owned()));
            row.idempotency_key = Set(Some(idempotency_key.to_owned()));
            row.request_hash = Set(Some(hash.to_vec()));
        }
        row.correction_reason = Set(reason.map(str::to_owned));
        transfer::Entity::insert(row).exec_without_returning(&self.inner).await?;
        Ok(())
    }

    /// What a service posted under an idempotency key, with the hash of what it asked for.
    ///
    /// # Errors
    /// The database fails.
    pub async fn transfer_by_idempotency_key(
        &mut self,
        principal: &str,
        idempotency_key: &str,
    ) -> Result<Option<(Transfer, Vec<u8>)>, StoreError> {
        let query = transfer::Entity::find()
            .filter(transfer::Column::Principal.eq(principal))
            .filter(transfer::Column::IdempotencyKey.eq(idempotency_key));
        let Some(mut row) = query.one(&self.inner).await? else { return Ok(None) };
        let hash = row.request_hash.take().unwrap_or_default();
        Ok(Some((rows::transfer(row, false)?, hash)))
    }

    /// A transfer by its id.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_transfer(&mut self, id: TransferId) -> Result<Option<Transfer>, StoreError> {
        let row = transfer::Entity::find_by_id(id.0).one(&self.inner).await?;
        row.map(|row| rows::transfer(row, false)).transpose()
    }

    /// The credit of an attempt.
    ///
    /// # Errors
    /// The database fails.
    pub async fn credit_of(&mut self, attempt: AttemptId) -> Result<Option<Transfer>, StoreError> {
        let query = transfer::Entity::find()
            .filter(transfer::Column::AttemptId.eq(attempt.0))
            .filter(transfer::Column::Kind.eq(TransferKind::RecycleCredit.as_str()));
        query.one(&self.inner).await?.map(|row| rows::transfer(row, false)).transpose()
    }

    /// Everything that corrects or reverses a transfer, oldest first.
    ///
    /// # Errors
    /// The database fails.
    pub async fn find_corrections(&mut self, id: TransferId) -> Result<Vec<Transfer>, StoreError> {
        let query = transfer::Entity::find()
            .filter(transfer::Column::CorrectsTransferId.eq(id.0))
            .order_by_asc(transfer::Column::Seq);
        query.all(&self.inner).await?.into_iter().map(|row| rows::transfer(row, false)).collect()
    }

    /// Marks a credit as one that reconciliation may lower.
    ///
    /// # Errors
    /// The database fails.
    pub async fn insert_provisional(&mut self, credit: &ProvisionalCredit) -> Result<(), StoreError> {
        provisional_credit::Entity::insert(provisional_row(credit)).exec_without_returning(&self.inner).await?;
        Ok(())
    }

    /// A key's provisional credits, newest first, locked.
    ///
    /// # Errors
    /// The database fails.
    pub async fn lock_provisional(&mut self, key: KeyId) -> Result<Vec<ProvisionalCredit>, StoreError> {
        let query = provisional_credit::Entity::find()
            .filter(provisional_credit::Column::KeyId.eq(key.0))
            .order_by_desc(provisional_credit::Column::Seq)
            .lock(super::ROW_LOCK);
        let convert = |row: provisional_credit::Model| ProvisionalCredit {
            transfer: row.transfer_id.into(),
            key: row.key_id.into(),
            remaining: Usd::from_nanos(row.remaining_nano),
            readings_left: row.readings_left,
            seq: row.seq,
            settled_at: Timestamp::from_micros(row.settled_at),
        };
        Ok(query.all(&self.inner).await?.into_iter().map(convert).collect())
    }

    /// Writes a provisional credit back, or ends it when no reading may lower it any more.
    ///
    /// # Errors
    /// The database fails.
    pub async fn save_provisional(&mut self, credit: &ProvisionalCredit) -> Result<(), StoreError> {
        if credit.readings_left > 0 {
            provisional_credit::Entity::update(provisional_row(credit)).exec(&self.inner).await?;
        } else {
            self.delete_provisional(credit.transfer).await?;
        }
        Ok(())
    }

    /// Ends a provisional credit.
    ///
    /// # Errors
    /// The database fails.
    pub async fn delete_provisional(&mut self, credit: TransferId) -> Result<(), StoreError> {
        provisional_credit::Entity::delete_by_id(credit.0).exec(&self.inner).await?;
        Ok(())
    }
}

fn provisional_row(credit: &ProvisionalCredit) -> provisional_credit::ActiveModel {
    provisional_credit::ActiveModel {
        transfer_id: Set(credit.transfer.0),
        key_id: Set(credit.key.0),
        remaining_nano: Set(credit.remaining.nanos()),
        readings_left: Set(credit.readings_left),
        seq: Set(credit.seq),
        settled_at: Set(credit.settled_at.micros()),
    }
}
