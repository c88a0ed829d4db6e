//! What holds for every request, whatever it asks: limits before it runs, and the form of its answer.
//!
//! [`Engine`] takes a request through: its document is read and measured, or found among those that
//! [`Documents`] keeps; the caller's part of it is looked at; a new document is validated
//! (`validation`); its cost is charged; it runs; and its answer is put into the specified form
//! (`answers`, `completion`). Nothing here logs a document or a variable.

mod answers;
mod completion;
mod documents;
mod engine;
mod positions;
mod tokens;
mod typename;
mod validation;
mod variables;
mod walk;

use std::sync::Arc;

use async_graphql::{Pos, ServerError};

pub use self::answers::failure;
pub(super) use self::engine::Engine;
#[cfg(test)]
pub(super) use self::engine::usual_engine;
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
