//! Keys that the platform owns itself; the key comes through standard input.

use crate::domain::account::PLATFORM;
use crate::domain::{Actor, KeyId, KeyStatus, ProviderCode};
use crate::keys::{Submission, SubmitError};
use crate::store::{KeyFilter, KeyList};

use super::context::Context;
use super::failure::{Failure, Outcome};
use super::look::{key_listing, newest};
use super::out::complain;
use super::prompt;

/// Most keys that are listed.
const LISTED_MAX: u64 = 1_000;

pub(super) async fn add(context: &Context, provider: ProviderCode, label: Option<String>) -> Outcome {
    let key = prompt::secret("the key")?;
    let parts = context.parts().await?;
    let submission = Submission { provider, key, label };
    let outcome = parts.keys.submit(&Actor::Operator, submission).await.map_err(Failure::unreachable)?;
    let key = outcome.map_err(|refusal| Failure::Usage(refused(refusal.code, provider)))?;
    parts.store.drain().await;
    let problem = key.problem.as_ref().map(|problem| problem.code.message());
    context.out.list(&key_listing(std::slice::from_ref(&key)))?;
    if key.status == KeyStatus::Invalid {
        complain(problem.unwrap_or("The provider rejects this key."));
        return Err(Failure::No);
    }
    Ok(())
}

pub(super) async fn list(context: &Context) -> Outcome {
    let store = context.store().await?;
    let page = store.key_page(KeyList::Account(PLATFORM), &KeyFilter::default(), newest(LISTED_MAX)).await;
    Ok(context.out.list(&key_listing(&page.map_err(Failure::unreachable)?.items))?)
}

pub(super) async fn remove(context: &Context, id: KeyId) -> Outcome {
    prompt::agree(context, &format!("Key {id} leaves routing now and is erased once its attempts have ended."))?;
    let parts = context.parts().await?;
    let outcome = parts.keys.remove(&Actor::Operator, id).await.map_err(Failure::unreachable)?;
    if outcome.is_err() {
        complain(&format!("The platform has no key {id}. See its keys: key-recycling platform-key list"));
        return Err(Failure::No);
    }
    Ok(context.out.line(&format!("Key {id} is removed."))?)
}

fn refused(code: SubmitError, provider: ProviderCode) -> String {
    let slug = provider.slug();
    let reason = match code {
        SubmitError::KeyFormat => "The text cannot be a key of this provider; nobody was asked.",
        SubmitError::KeyNotAccepted => "The key cannot be taken here; nobody was asked.",
        SubmitError::LabelFormat => {
            "The label has to be at most 64 characters, without control characters and without a word that looks like a key."
        }
        SubmitError::ProviderClosed => "New keys of this provider are not taken now.",
        SubmitError::KeyLimit => "There are as many keys as keys.per_account allows.",
        SubmitError::TooManySubmissions => "There were as many submissions as keys.submissions_per_hour allows.",
        SubmitError::AccountFrozen => "The account is frozen.",
    };
    format!("{reason} Try again: key-recycling platform-key add {slug} < FILE")
}
