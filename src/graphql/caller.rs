//! Who calls, as the doors put it into a request, and who is admitted to which root field.
//!
//! Every root field carries a guard made here. Hiding a field from introspection is a courtesy
//! beside it: the same table says what each role sees, and `operate` sees everything.

use async_graphql::{Context, Guard};

use super::error::{ApiError, ErrorCode, Result};
use crate::domain::{AccountId, Actor, Scope};

/// The signed-in caller of a request or a socket; without one nobody is signed in.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who it is.
    pub actor: Actor,
}

/// The id under which a request appears in logs, answers and headers.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// The actor of the request.
///
/// # Errors
/// UNAUTHENTICATED when nobody is signed in.
pub(crate) fn actor<'a>(ctx: &Context<'a>) -> Result<&'a Actor> {
    ctx.data_opt::<Caller>().map(|caller| &caller.actor).ok_or(ApiError::new(ErrorCode::Unauthenticated))
}

/// The account of the owner who calls.
///
/// # Errors
/// FORBIDDEN when somebody else calls.
pub(crate) fn owner(ctx: &Context<'_>) -> Result<AccountId> {
    actor(ctx)?.account().ok_or(ApiError::new(ErrorCode::Forbidden))
}

/// The name of the service that calls.
///
/// # Errors
/// FORBIDDEN when somebody else calls.
pub(crate) fn principal<'a>(ctx: &Context<'a>) -> Result<&'a str> {
    actor(ctx)?.principal().ok_or(ApiError::new(ErrorCode::Forbidden))
}

/// Whom a root field admits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admits {
    SignedIn,
    Owners,
    Dispatchers,
    DispatchersAndOperators,
    Billing,
    BillingAndOperators,
    Operators,
}

impl Admits {
    /// Whether the actor may use the field.
    pub(crate) fn admits(self, actor: &Actor) -> bool {
        match self {
            Self::SignedIn => true,
            Self::Owners => actor.account().is_some(),
            Self::Dispatchers => actor.may(Scope::Dispatch),
            Self::DispatchersAndOperators => actor.may(Scope::Dispatch) || actor.may(Scope::Operate),
            Self::Billing => actor.may(Scope::Billing),
            Self::BillingAndOperators => actor.may(Scope::Billing) || actor.may(Scope::Operate),
            Self::Operators => actor.may(Scope::Operate),
        }
    }

    /// Whether introspection shows the field to the caller.
    fn shows(self, ctx: &Context<'_>) -> bool {
        actor(ctx).is_ok_and(|actor| self.admits(actor) || actor.may(Scope::Operate))
    }
}

impl Guard for Admits {
    async fn check(&self, ctx: &Context<'_>) -> async_graphql::Result<()> {
        if self.admits(actor(ctx)?) { Ok(()) } else { Err(ApiError::new(ErrorCode::Forbidden).into()) }
    }
}

/// What introspection shows to whom, by the same table as the guards.
pub(crate) mod shown_to {
    use super::{Admits, Context};

    macro_rules! shown_to {
        ($($name:ident => $admits:ident),* $(,)?) => {$(
            pub(crate) fn $name(ctx: &Context<'_>) -> bool {
                Admits::$admits.shows(ctx)
            }
        )*};
    }

    shown_to! {
        owners => Owners,
        dispatchers => Dispatchers,
        dispatchers_and_operators => DispatchersAndOperators,
        billing => Billing,
        billing_and_operators => BillingAndOperators,
        operators => Operators,
    }
}
