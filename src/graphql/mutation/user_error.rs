//! Expected failures of mutations: each its own type with its own codes, all of one interface.

use async_graphql::Interface;

use super::check_key_balance::CheckKeyBalanceError;
use super::deposit_credits::DepositCreditsError;
use super::open_lease::OpenLeaseError;
use super::release_lease::ReleaseLeaseError;
use super::remove_key::RemoveKeyError;
use super::rename_key::RenameKeyError;
use super::report_solution::ReportSolutionError;
use super::resolve_attempt::ResolveAttemptError;
use super::reverse_credit::ReverseCreditError;
use super::spend_credits::SpendCreditsError;
use super::submit_key::SubmitKeyError;
use crate::graphql::scalars::DateTime;

/// An expected failure of a mutation; each mutation has its own type with its own codes.
#[derive(Interface)]
#[graphql(
    field(name = "message", ty = "String", desc = "One English sentence for people; programs read the code."),
    field(
        name = "field",
        ty = "Option<Vec<String>>",
        desc = "Path into the input that is to blame, null when none is."
    ),
    field(
        name = "retry_at",
        ty = "Option<DateTime>",
        desc = "When the same call can succeed, null when waiting does not help."
    )
)]
pub(crate) enum UserError {
    SubmitKey(SubmitKeyError),
    CheckKeyBalance(CheckKeyBalanceError),
    RenameKey(RenameKeyError),
    RemoveKey(RemoveKeyError),
    OpenLease(OpenLeaseError),
    ReleaseLease(ReleaseLeaseError),
    ReportSolution(ReportSolutionError),
    DepositCredits(DepositCreditsError),
    SpendCredits(SpendCreditsError),
    ReverseCredit(ReverseCreditError),
    ResolveAttempt(ResolveAttemptError),
}

/// The path that a use case named, else the usual one of the code.
pub(super) fn blamed(named: Vec<String>, usual: Option<Vec<String>>) -> Option<Vec<String>> {
    if named.is_empty() { usual } else { Some(named) }
}

/// Declares a mutation's error type and its codes, each with its sentence and the input that is to
/// blame as a rule. The doc comments are the schema's.
macro_rules! user_error {
    (
        $(#[doc = $error_doc:literal])+ $error:ident,
        $(#[doc = $codes_doc:literal])+ $codes:ident {
            $($(#[doc = $code_doc:literal])+ $code:ident $(at $($path:literal).+)? => $sentence:literal),+ $(,)?
        }
    ) => {
        $(#[doc = $codes_doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
        pub(crate) enum $codes {
            $($(#[doc = $code_doc])+ $code),+
        }

        $(#[doc = $error_doc])+
        pub(crate) struct $error {
            code: $codes,
            field: Option<Vec<String>>,
            retry_at: Option<$crate::domain::Timestamp>,
        }

        impl From<$codes> for $error {
            fn from(code: $codes) -> Self {
                let path: &[&str] = match code {
                    $($codes::$code => &[$($($path),+)?]),+
                };
                let field = (!path.is_empty()).then(|| path.iter().copied().map(str::to_owned).collect());
                Self { code, field, retry_at: None }
            }
        }

        $(#[doc = $error_doc])+
        #[async_graphql::Object]
        impl $error {
            /// What it is.
            async fn code(&self) -> $codes {
                self.code
            }

            /// One English sentence for people.
            pub(crate) async fn message(&self) -> &'static str {
                match self.code {
                    $($codes::$code => $sentence),+
                }
            }

            /// Path into the input that is to blame.
            pub(crate) async fn field(&self) -> Option<Vec<String>> {
                self.field.clone()
            }

            /// When the same call can succeed.
            pub(crate) async fn retry_at(&self) -> Option<$crate::graphql::scalars::DateTime> {
                self.retry_at.map($crate::graphql::scalars::DateTime)
            }
        }
    };
}
pub(super) use user_error;
