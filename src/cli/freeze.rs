//! Accounts stopped and let go.

use crate::domain::{AccountRef, Actor};

use super::context::Context;
use super::failure::{Failure, Outcome};
use super::look::nothing;

/// Freezes an account or lets it go.
pub(super) async fn set(context: &Context, account: AccountRef, to: bool) -> Outcome {
    let parts = context.parts().await?;
    let done = parts.identity.set_frozen(&Actor::Operator, account, to).await.map_err(Failure::unreachable)?;
    let Some((account, changed)) = done else { return nothing("owner's account") };
    let id = account.id;
    let text = match (to, changed) {
        (true, true) => format!("Account {id} is frozen: it can't hand keys over and can't spend."),
        (true, false) => format!("Account {id} was frozen already; nothing changed."),
        (false, true) => format!("Account {id} can hand keys over and spend again."),
        (false, false) => format!("Account {id} was not frozen; nothing changed."),
    };
    Ok(context.out.line(&text)?)
}
