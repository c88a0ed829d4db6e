//! The one error type of resolvers, and every code that the API's top-level errors carry.
//!
//! A client sees a code and its fixed sentence, never a cause. Causes travel inside [`ApiError`]
//! to the answering extension, which logs them once under the request id.

use std::fmt;
use std::sync::Arc;

use crate::domain::Timestamp;

/// What a resolver answers.
pub(crate) type Result<T, E = ApiError> = std::result::Result<T, E>;

/// Codes of top-level errors, as `extensions.code` shows them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// Nobody is signed in, or the login is not good.
    Unauthenticated,
    /// The login was good once and is too old now.
    LoginExpired,
    /// The caller's role does not admit it to the field.
    Forbidden,
    /// A value of the request is out of range.
    BadUserInput,
    /// The document is not GraphQL.
    ParseFailed,
    /// The document does not fit the schema.
    ValidationFailed,
    /// The request is deeper or dearer than allowed.
    QueryTooCostly,
    /// The caller's budget for this window is spent.
    RateLimited,
    /// The request took too long.
    Timeout,
    /// A fault of ours.
    Internal,
    /// A stream fell too far behind.
    Lagged,
}

impl ErrorCode {
    const ALL: [Self; 11] = [
        Self::Unauthenticated,
        Self::LoginExpired,
        Self::Forbidden,
        Self::BadUserInput,
        Self::ParseFailed,
        Self::ValidationFailed,
        Self::QueryTooCostly,
        Self::RateLimited,
        Self::Timeout,
        Self::Internal,
        Self::Lagged,
    ];

    /// The constant text of the code.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::LoginExpired => "LOGIN_EXPIRED",
            Self::Forbidden => "FORBIDDEN",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::ParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::ValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            Self::QueryTooCostly => "QUERY_TOO_COSTLY",
            Self::RateLimited => "RATE_LIMITED",
            Self::Timeout => "TIMEOUT",
            Self::Internal => "INTERNAL",
            Self::Lagged => "LAGGED",
        }
    }

    /// The code of a text.
    #[must_use]
    pub fn from_code(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }

    /// The fixed sentence for people.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Unauthenticated => "Sign in first.",
            Self::LoginExpired => "The login has expired; sign in again.",
            Self::Forbidden => "The caller's role does not admit it to this field.",
            Self::BadUserInput => "A value of the request is malformed or out of range.",
            Self::ParseFailed => "The document is not GraphQL.",
            Self::ValidationFailed => "The document does not fit the schema.",
            Self::QueryTooCostly => "The request asks for more than one request may.",
            Self::RateLimited => "The request budget of this minute is spent.",
            Self::Timeout => "The request took too long.",
            Self::Internal => "Something went wrong on our side.",
            Self::Lagged => "The stream fell too far behind; resume it after the last cursor.",
        }
    }
}

/// A top-level error: a code, and for the log what is behind it.
///
/// It is no [`std::error::Error`] itself, so that every such error converts into it by `?` and
/// comes out as INTERNAL.
#[derive(Clone)]
pub struct ApiError {
    code: ErrorCode,
    retry_at: Option<Timestamp>,
    cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl ApiError {
    /// An error with the code and nothing behind it.
    #[must_use]
    pub const fn new(code: ErrorCode) -> Self {
        Self { code, retry_at: None, cause: None }
    }

    /// A value of the request is malformed or out of range.
    #[must_use]
    pub const fn bad_input() -> Self {
        Self::new(ErrorCode::BadUserInput)
    }

    /// A fault of ours that no error value describes.
    #[must_use]
    pub fn broken(what: &'static str) -> Self {
        Self { code: ErrorCode::Internal, retry_at: None, cause: Some(Arc::from(Box::from(what))) }
    }

    /// The budget is spent until the moment given.
    #[must_use]
    pub const fn rate_limited(until: Timestamp) -> Self {
        Self { code: ErrorCode::RateLimited, retry_at: Some(until), cause: None }
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> ErrorCode {
        self.code
    }

    /// When the same request can succeed, where known.
    #[must_use]
    pub const fn retry_at(&self) -> Option<Timestamp> {
        self.retry_at
    }

    /// What is behind it, for the log alone.
    pub(crate) fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync)> {
        self.cause.as_deref()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code.sentence())
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ApiError({})", self.code.as_str())
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for ApiError {
    fn from(cause: E) -> Self {
        Self { code: ErrorCode::Internal, retry_at: None, cause: Some(Arc::new(cause)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_never_shows() {
        let error = ApiError::from(std::io::Error::other("the database said no"));
        assert_eq!(error.code(), ErrorCode::Internal);
        assert!(!format!("{error} {error:?}").contains("database"));
        assert!(error.cause().is_some_and(|cause| cause.to_string().contains("database")));
    }

    #[test]
    fn codes_are_constants() {
        let all = [
            (ErrorCode::Unauthenticated, "UNAUTHENTICATED"),
            (ErrorCode::LoginExpired, "LOGIN_EXPIRED"),
            (ErrorCode::Forbidden, "FORBIDDEN"),
            (ErrorCode::BadUserInput, "BAD_USER_INPUT"),
            (ErrorCode::ParseFailed, "GRAPHQL_PARSE_FAILED"),
            (ErrorCode::ValidationFailed, "GRAPHQL_VALIDATION_FAILED"),
            (ErrorCode::QueryTooCostly, "QUERY_TOO_COSTLY"),
            (ErrorCode::RateLimited, "RATE_LIMITED"),
            (ErrorCode::Timeout, "TIMEOUT"),
            (ErrorCode::Internal, "INTERNAL"),
            (ErrorCode::Lagged, "LAGGED"),
        ];
        for (code, text) in all {
            assert_eq!((code.as_str(), ErrorCode::from_code(text)), (text, Some(code)));
        }
    }
}
