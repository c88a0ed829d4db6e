//! The key ring: made, looked at, rotated.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::app::Parts;
use crate::config;
use crate::keys::{self, Keys, RingKeyStatus, Rotated};
use crate::vault::init_ring_file;

use super::context::Context;
use super::failure::{Failure, Outcome};
use super::out::{Listing, complain};

/// Time between two words on how far a rotation is.
const TELL: Duration = Duration::from_secs(1);

/// What a rotation may do about the ring file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Adding {
    /// Add a key unless one is there that is not fully used.
    WhereNeeded,
    /// Add none.
    Never,
    /// Do nothing else.
    Only,
}

pub(super) fn init(context: &Context, file: &Path) -> Outcome {
    init_ring_file(file, &*context.clock, &*context.entropy).map_err(Failure::usage)?;
    let shown = file.display();
    context.out.line(&format!("{shown} holds a new key ring. Keep a copy of it apart from the database."))?;
    Ok(context.out.line(&format!("Name it to the server: {}={shown}", config::variable("vault.ring_file")))?)
}

pub(super) async fn status(context: &Context) -> Outcome {
    // Opening the parts has checked the ring against the database's canaries.
    let parts = context.parts().await?;
    let mut listing = Listing::new(&["ring key", "created", "use", "sealed keys", "leases", "canary", "may go"]);
    for key in parts.keys.ring_keys().await? {
        let purpose = match (key.seals, key.is_prepared()) {
            (true, _) => "seals and opens",
            (_, true) => "prepared",
            _ => "opens",
        };
        let canary = if key.has_canary { "good" } else { "none yet" };
        let may_go = if key.may_retire() { "yes" } else { "no" };
        listing.row([
            Some(key.id),
            Some(key.created.to_rfc3339()),
            Some(purpose.to_owned()),
            Some(key.uses.sealed.to_string()),
            Some(key.uses.leases.to_string()),
            Some(canary.to_owned()),
            Some(may_go.to_owned()),
        ]);
    }
    Ok(context.out.list(&listing)?)
}

pub(super) async fn rotate(context: &Context, adding: Adding) -> Outcome {
    let parts = context.parts().await?;
    let outcome = rotate_with(context, &parts, adding).await;
    parts.store.drain().await;
    outcome
}

async fn rotate_with(context: &Context, parts: &Parts, adding: Adding) -> Outcome {
    let added = prepare(&parts.keys, adding).await?;
    let all = parts.keys.ring_keys().await?;
    let newest = all.last().map(|key| key.id.clone());
    if adding == Adding::Only {
        let state = if added { "added" } else { "was there already" };
        return Ok(context.out.record(&["ring key", "state"], [newest, Some(state.to_owned())])?);
    }
    let total: u64 = left(&all);
    let start = Instant::now();
    let mut told = start;
    let is_json = context.out.is_json();
    let done = parts.keys.rotate(|so_far| {
        if told.elapsed() >= TELL {
            told = Instant::now();
            tell(is_json, so_far, total, start.elapsed());
        }
    });
    let done = done.await?;
    let count = |count: u64| Some(count.to_string());
    context.out.record(
        &["ring key", "added", "sealed anew", "set aside", "seconds"],
        [
            newest,
            Some(if added { "yes" } else { "no" }.to_owned()),
            count(done.resealed),
            count(done.set_aside),
            count(start.elapsed().as_secs()),
        ],
    )?;
    Ok(())
}

/// Adds a ring key where one is due, and answers whether it did.
async fn prepare(keys: &Keys, adding: Adding) -> Result<bool, Failure> {
    let all = keys.ring_keys().await?;
    let is_prepared = all.last().is_some_and(RingKeyStatus::is_prepared);
    let is_due = match adding {
        Adding::WhereNeeded => !is_prepared && left(&all) == 0,
        Adding::Only => !is_prepared,
        Adding::Never => false,
    };
    if is_due {
        keys.add_ring_key()?;
    }
    Ok(is_due)
}

/// How many keys the newest ring key does not seal yet.
fn left(all: &[RingKeyStatus]) -> u64 {
    all.iter().rev().skip(1).map(|key| key.uses.sealed).sum()
}

fn tell(is_json: bool, so_far: Rotated, total: u64, elapsed: Duration) {
    let Rotated { resealed, set_aside, .. } = so_far;
    if is_json {
        let seconds = elapsed.as_secs();
        complain(
            &json!({ "sealed_anew": resealed, "set_aside": set_aside, "of": total, "seconds": seconds }).to_string(),
        );
    } else {
        complain(&format!("{resealed} of {total} keys sealed anew"));
    }
}

impl From<keys::Failure> for Failure {
    fn from(failure: keys::Failure) -> Self {
        match failure {
            keys::Failure::Vault(refusal) => Self::usage(refusal),
            other => Self::unreachable(other),
        }
    }
}
