//! What holds for every request, whatever it asks: limits before it runs, and the form of its answer.
//!
//! [`Answers`] is the outermost and puts answers into the specified form: `null` where a field
//! failed, fields in the order asked, errors as a code with a fixed sentence. [`Limits`] reads,
//! bounds and charges a request. [`Documents`] keeps what validated. Nothing here logs a document
//! or a variable.

mod answers;
mod completion;
mod documents;
mod limits;
mod positions;
#[cfg(test)]
mod probe;
mod tokens;
mod typename;
mod variables;
mod walk;

use std::sync::Arc;

use async_graphql::{Pos, ServerError};

pub(super) use self::answers::Answers;
pub use self::answers::failure;
pub(super) use self::documents::Documents;
pub(super) use self::limits::{Limits, RECURSION_MAX};
use super::error::ApiError;

/// The error with its places in the document, and none of the framework's words.
fn refused(error: ApiError, locations: Vec<Pos>) -> ServerError {
    ServerError {
        message: error.to_string(),
        source: Some(Arc::new(error)),
        locations,
        path: Vec::new(),
        extensions: None,
    }
}
