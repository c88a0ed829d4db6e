//! Between a provider's words and the desk's terms.
//!
//! Requests of either dialect become an [`Ask`]; outcomes become replies. Nothing here touches the
//! books. The JSON dialect is `POST /{method}`, the legacy one `in.php` and `res.php`.

pub(crate) mod codes;
pub(crate) mod image;
pub(crate) mod json_reply;
pub(crate) mod json_request;
pub(crate) mod legacy_reply;
pub(crate) mod legacy_request;

use crate::account::Method;
use crate::outcome::{Order, Refusal};

/// A request, read and checked as far as this is possible without the books.
pub(crate) struct Ask {
    /// The caller's key, as sent.
    pub(crate) key: String,
    pub(crate) method: Method,
    /// A refusal waits until the key has been looked at: providers check the key first.
    pub(crate) deed: Result<Deed, Refusal>,
}

/// What is to be done.
#[derive(Debug)]
pub(crate) enum Deed {
    Create(Order),
    Result(String),
    Results(Vec<String>),
    Balance,
    Report { id: String, good: bool },
}

/// Parts of a reply that a fault replaces.
#[derive(Clone, Debug, Default)]
pub(crate) struct Substitutes {
    /// JSON token in place of the balance.
    pub(crate) balance: Option<String>,
    /// JSON token in place of the cost; `Some(None)` leaves the cost out.
    pub(crate) cost: Option<Option<String>>,
    /// JSON token in place of the task id.
    pub(crate) task_id: Option<String>,
}

/// A JSON token as plain text: quotes and escapes removed from strings, the rest untouched.
pub(crate) fn unquoted(token: &str) -> String {
    serde_json::from_str::<String>(token).unwrap_or_else(|_| token.to_owned())
}
