//! Validation of a document, and nothing else.
//!
//! The framework validates and runs in one go, and shows a schema's registry to extensions alone. Here
//! an extension stops it in between, so that what was found can be kept, and that whatever runs later
//! runs without extensions: each of them would cost every field a boxed future.

use std::sync::{Arc, OnceLock};

use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextExecute, NextParseQuery, NextValidation,
};
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::registry::Registry;
use async_graphql::{
    ObjectType, Request, Response, Schema, SchemaBuilder, SchemaEnv, ServerError, ServerResult, SubscriptionType,
    ValidationResult, Variables, async_trait,
};
use futures_util::FutureExt as _;

use super::documents::Known;
use super::{positions, refused};
use crate::graphql::error::{ApiError, ErrorCode};

/// Validates documents against a schema.
pub(super) struct Validator<Q, M, S> {
    schema: Schema<Q, M, S>,
    env: SchemaEnv,
}

/// What validation found in a document that is right, and in which schema.
struct Found {
    result: ValidationResult,
    env: SchemaEnv,
}

/// Where a request's findings go.
type Slot = Arc<OnceLock<Found>>;

impl<Q: ObjectType + 'static, M: ObjectType + 'static, S: SubscriptionType + 'static> Validator<Q, M, S> {
    pub(super) fn new(builder: SchemaBuilder<Q, M, S>) -> Self {
        let schema = builder.extension(Stop).finish();
        let slot = Slot::default();
        let request = Request::new("{ __typename }").data(slot.clone());
        let response = schema.execute(request).now_or_never();
        assert!(response.is_some(), "validation waits for nothing");
        let found = slot.get().expect("every schema has a query type, and every type its name");
        let env = found.env.clone();
        Self { schema, env }
    }

    /// The types of the schema.
    pub(super) fn registry(&self) -> &Registry {
        &self.env.registry
    }

    /// The cost and the depth of a document, some of which may depend on the values of variables.
    ///
    /// # Errors
    /// GRAPHQL_VALIDATION_FAILED with the places; QUERY_TOO_COSTLY for one that is nested too deeply to be walked.
    pub(super) async fn validate(
        &self,
        known: &Known,
        operation_name: Option<&str>,
        variables: Variables,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let slot = Slot::default();
        let mut request = Request::new("").variables(variables).data(slot.clone());
        request.operation_name = operation_name.map(str::to_owned);
        request.set_parsed_query(known.document.clone());
        let response = self.schema.execute(request).await;
        let found = slot.get().filter(|_| response.errors.is_empty()).ok_or(response.errors)?;
        if !positions::are_allowed(self.registry(), &known.document) {
            return Err(vec![refused(ApiError::new(ErrorCode::ValidationFailed), Vec::new())]);
        }
        Ok(found.result)
    }
}

/// Makes a schema stop before it runs anything.
struct Stop;

impl ExtensionFactory for Stop {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(Self)
    }
}

#[async_trait::async_trait]
impl Extension for Stop {
    async fn parse_query(
        &self,
        ctx: &ExtensionContext<'_>,
        query: &str,
        variables: &Variables,
        next: NextParseQuery<'_>,
    ) -> ServerResult<ExecutableDocument> {
        // The document is parsed already, so what fails here is the check on nesting.
        let too_deep = |error: ServerError| refused(ApiError::new(ErrorCode::QueryTooCostly), error.locations);
        next.run(ctx, query, variables).await.map_err(too_deep)
    }

    async fn validation(
        &self,
        ctx: &ExtensionContext<'_>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let invalid = |error: ServerError| refused(ApiError::new(ErrorCode::ValidationFailed), error.locations);
        let result = next.run(ctx).await.map_err(|errors| errors.into_iter().map(invalid).collect::<Vec<_>>())?;
        if let Some(slot) = ctx.data_opt::<Slot>() {
            slot.get_or_init(|| Found { result, env: ctx.schema_env.clone() });
        }
        Ok(result)
    }

    async fn execute(&self, _: &ExtensionContext<'_>, _: Option<&str>, _: NextExecute<'_>) -> Response {
        Response::default()
    }
}
