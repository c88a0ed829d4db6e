//! Keys stopped for good and let go; the key comes through standard input.

use crate::app::Parts;
use crate::domain::{Actor, Key, KeyId, ProviderCode, Secret, Usd};
use crate::keys::Blocking;
use crate::ledger::{KeyReversal, ReverseError};

use super::context::Context;
use super::failure::{Failure, Outcome};
use super::out::complain;
use super::prompt;

/// Blocks the key, and takes back what it has earned when asked to.
pub(super) async fn block(context: &Context, provider: ProviderCode, reverse_credits: bool) -> Outcome {
    let key = prompt::secret("the key")?;
    let parts = context.parts().await?;
    if reverse_credits {
        let rows = parts.keys.rows_of(provider, &key).await.map_err(Failure::unreachable)?;
        let rows = rows.ok_or_else(|| no_key("block", provider))?;
        prompt::agree(context, &consequence(&parts, &rows).await?)?;
    }
    let done = parts.keys.block(&Actor::Operator, provider, &key).await.map_err(Failure::unreachable)?;
    let blocking = done.ok_or_else(|| no_key("block", provider))?;
    let mut reversal = KeyReversal::default();
    for id in blocking.rows.iter().map(|row| row.id).filter(|_| reverse_credits) {
        let more = reverse(&parts, id).await?;
        // Said at once: a later row may fail.
        for (credit, error) in &more.refused {
            complain(&format!("The credit {credit} stands: {}", why(*error)));
        }
        reversal.add(more);
    }
    parts.store.drain().await;
    let may_earn = |row: &Key| row.in_flight > 0 || row.under_review.is_positive();
    if reverse_credits && blocking.rows.iter().any(may_earn) {
        complain(&format!(
            "Tasks of this key are under way or under review and may still earn. When key-recycling key show ID has \
             0 in flight and 0 under review, take that back too: \
             key-recycling key block {} --reverse-credits < FILE",
            provider.slug()
        ));
    }
    let is_partial = !reversal.refused.is_empty();
    let state = if blocking.changed { "blocked" } else { "was blocked already; nothing changed" };
    tell(context, provider, &blocking, state, reverse_credits.then_some(&reversal))?;
    if is_partial { Err(Failure::No) } else { Ok(()) }
}

/// Takes a block back.
pub(super) async fn unblock(context: &Context, provider: ProviderCode) -> Outcome {
    let key: Secret = prompt::secret("the key")?;
    let parts = context.parts().await?;
    let done = parts.keys.unblock(&Actor::Operator, provider, &key).await.map_err(Failure::unreachable)?;
    let blocking = done.ok_or_else(|| no_key("unblock", provider))?;
    parts.store.drain().await;
    let state = if blocking.changed { "not blocked any more" } else { "was not blocked; nothing changed" };
    tell(context, provider, &blocking, state, None)
}

async fn reverse(parts: &Parts, key: KeyId) -> Result<KeyReversal, Failure> {
    parts.ledger.reverse_key(&Actor::Operator, key).await.map_err(Failure::unreachable)
}

/// Why a credit could not be taken back, and what to do about it.
const fn why(error: ReverseError) -> &'static str {
    match error {
        ReverseError::TransactionNotFound | ReverseError::NotReversible | ReverseError::AmountInvalid => {
            "the ledger has it otherwise than a moment ago. Look: key-recycling audit"
        }
        ReverseError::IdempotencyMismatch => {
            "its reversal's idempotency key was used for something else by a service named operator. \
             Take it back by a service of another name: the mutation reverseCredit"
        }
    }
}

/// What taking the key's credits back does, for whoever has to agree.
async fn consequence(parts: &Parts, rows: &[Key]) -> Result<String, Failure> {
    let mut text = "The key is blocked for good.".to_owned();
    for row in rows.iter().filter(|row| row.credited.is_positive()) {
        let owner = crate::domain::AccountRef::Id(row.owner);
        let account = parts.store.account(&Actor::Operator, owner).await.map_err(Failure::unreachable)?;
        let balance = account.map_or(Usd::ZERO, |account| account.balance);
        text += &format!(
            " Of the {} USD that it has earned account {} up to {} USD are taken back; the rest is the platform's loss.",
            row.credited,
            row.owner,
            row.credited.min(balance)
        );
    }
    Ok(text)
}

fn tell(
    context: &Context,
    provider: ProviderCode,
    blocking: &Blocking,
    state: &str,
    reversal: Option<&KeyReversal>,
) -> Outcome {
    let under_way: i32 = blocking.rows.iter().map(|row| row.in_flight).sum();
    let ids: Vec<String> = blocking.rows.iter().map(|row| row.id.to_string()).collect();
    Ok(context.out.record(
        &[
            "provider",
            "mark",
            "state",
            "handed over as",
            "tasks under way",
            "credits reversed",
            "credits refused",
            "taken back",
            "shortfall",
        ],
        [
            Some(provider.to_string()),
            Some(blocking.mark.clone()),
            Some(state.to_owned()),
            (!ids.is_empty()).then(|| ids.join(" ")),
            Some(under_way.to_string()),
            reversal.map(|it| it.credits.to_string()),
            reversal.map(|it| it.refused.len().to_string()),
            reversal.map(|it| it.taken.to_string()),
            reversal.map(|it| it.shortfall.to_string()),
        ],
    )?)
}

fn no_key(verb: &str, provider: ProviderCode) -> Failure {
    let slug = provider.slug();
    Failure::Usage(format!(
        "The text cannot be a key of this provider. Try again: key-recycling key {verb} {slug} < FILE"
    ))
}
