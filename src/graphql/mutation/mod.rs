//! The mutation root: one file a mutation, with its input, payload, error and codes.

mod check_key_balance;
mod deposit_credits;
mod open_lease;
mod release_lease;
mod remove_key;
mod rename_key;
mod report_solution;
mod resolve_attempt;
mod reverse_credit;
mod spend_credits;
mod submit_key;
mod user_error;

use async_graphql::MergedObject;

pub(crate) use self::user_error::UserError;

/// Mutations: each can be repeated safely, and each answers expected failures as userErrors.
#[derive(Default, MergedObject)]
pub struct Mutation(
    submit_key::SubmitKey,
    check_key_balance::CheckKeyBalance,
    rename_key::RenameKey,
    remove_key::RemoveKey,
    open_lease::OpenLease,
    release_lease::ReleaseLease,
    report_solution::ReportSolution,
    deposit_credits::DepositCredits,
    spend_credits::SpendCredits,
    reverse_credit::ReverseCredit,
    resolve_attempt::ResolveAttempt,
);
