//! What holds for every request, whatever it asks: limits before it runs, and the form of its answer.
//!
//! [`Answers`] is the outermost and puts answers into the specified form: `null` where a field
//! failed, fields in the order asked, errors as a code with a fixed sentence. [`Limits`] parses,
//! bounds and charges a request. Neither logs a document or a variable.

mod answers;
mod completion;
mod limits;
mod walk;

pub(super) use self::answers::Answers;
pub use self::answers::failure;
pub(super) use self::limits::{Limits, RECURSION_MAX};
