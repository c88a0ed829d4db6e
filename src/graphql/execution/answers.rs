//! The form of every error: a code, a fixed sentence, the request's id, and nothing else.

use async_graphql::{ErrorExtensionValues, Response, ServerError};

use crate::graphql::error::{ApiError, ErrorCode};

/// Most errors of one answer.
const ERRORS_MAX: usize = 20;

/// The response to a request that failed as a whole, outside of any field.
#[must_use]
pub fn failure(error: &ApiError, request_id: &str) -> Response {
    Response::from_errors(vec![stated(error, ServerError::new("", None), Some(request_id))])
}

/// The errors as the public sees them.
pub(super) fn public(errors: Vec<ServerError>, request_id: Option<&str>) -> Vec<ServerError> {
    errors.into_iter().take(ERRORS_MAX).map(|error| public_form(error, request_id)).collect()
}

fn public_form(error: ServerError, request_id: Option<&str>) -> ServerError {
    let known = error.source::<ApiError>().cloned();
    let stands_for = known.unwrap_or_else(|| match &error.source {
        Some(_) => ApiError::broken("a resolver answered an error without a code"),
        // The framework's own errors have no source: before a field ran the document is at fault,
        // inside a field the value of an argument.
        None if error.path.is_empty() => ApiError::new(ErrorCode::ValidationFailed),
        None => ApiError::bad_input(),
    });
    stated(&stands_for, error, request_id)
}

/// The error at the place of `at`, with nothing but the fixed texts; the cause goes to the log.
fn stated(error: &ApiError, at: ServerError, request_id: Option<&str>) -> ServerError {
    if let Some(cause) = error.cause() {
        let causes = std::iter::successors(cause.source(), |cause| cause.source());
        let chain = causes.fold(cause.to_string(), |chain, cause| format!("{chain}: {cause}"));
        tracing::error!(request_id, code = error.code().as_str(), error = chain, "a request failed: {chain}");
    }
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", error.code().as_str());
    if let Some(request_id) = request_id {
        extensions.set("requestId", request_id);
    }
    if let Some(retry_at) = error.retry_at() {
        extensions.set("retryAt", retry_at.to_rfc3339());
    }
    ServerError {
        message: error.code().sentence().to_owned(),
        source: None,
        locations: at.locations,
        path: at.path,
        extensions: Some(extensions),
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::{EmptyMutation, EmptySubscription, Object, Request, Schema};

    use super::*;
    use crate::graphql::caller::RequestId;
    use crate::graphql::error::Result;
    use crate::graphql::execution::usual_engine;
    use crate::graphql::scalars::Usd;

    struct Query;

    #[Object(name = "FormQuery")]
    impl Query {
        async fn broken(&self) -> Result<Option<i32>> {
            Err(std::io::Error::other("the database said no"))?
        }

        async fn careless(&self) -> async_graphql::Result<Option<i32>> {
            Err("text of a careless resolver".into())
        }

        async fn limited(&self) -> Result<Option<i32>> {
            Err(ApiError::rate_limited(crate::domain::Timestamp::from_micros(0)))
        }

        async fn pay(&self, amount: Usd) -> Option<String> {
            Some(amount.0.to_string())
        }
    }

    async fn errors(query: &str) -> String {
        let engine = usual_engine(|| Schema::build(Query, EmptyMutation, EmptySubscription));
        let request = Request::new(query).data(RequestId("r-1".to_owned()));
        let response = engine.execute(request).await;
        serde_json::to_string(&response.errors).expect("errors are JSON")
    }

    #[tokio::test]
    async fn causes_are_masked_and_the_request_is_named() {
        for query in ["{ broken }", "{ careless }"] {
            let shown = errors(query).await;
            assert!(shown.contains(r#""code":"INTERNAL""#) && shown.contains(r#""requestId":"r-1""#), "{shown}");
            assert!(!shown.contains("database") && !shown.contains("careless resolver"), "{shown}");
        }
    }

    #[tokio::test]
    async fn known_errors_keep_their_code_and_time() {
        let shown = errors("{ limited }").await;
        assert!(shown.contains("RATE_LIMITED") && shown.contains("1970-01-01T00:00:00Z"), "{shown}");
    }

    #[tokio::test]
    async fn framework_errors_echo_nothing() {
        for (query, code) in [
            (r#"{ pay(amount: "made-up-secret") }"#, "BAD_USER_INPUT"),
            (r#"{ pay(amont: "made-up-secret") }"#, "GRAPHQL_VALIDATION_FAILED"),
            (r#"{ madeupsecret }"#, "GRAPHQL_VALIDATION_FAILED"),
        ] {
            let shown = errors(query).await;
            assert!(shown.contains(code), "{query}: {shown}");
            assert!(!shown.contains("secret"), "{shown}");
        }
    }

    #[tokio::test]
    async fn an_answer_has_a_bounded_number_of_errors() {
        let many: String = (0..30).map(|number| format!("x{number} ")).collect();
        let shown: Vec<serde_json::Value> =
            serde_json::from_str(&errors(&format!("{{ {many} }}")).await).expect("a list");
        assert_eq!(shown.len(), ERRORS_MAX);
    }
}
