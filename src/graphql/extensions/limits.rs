//! What a request may ask for: parsing, depth, cost, the caller's budget, introspection.
//!
//! A document is parsed and measured here, before anything else walks it, so that a syntax error is
//! told from one that is nested too deeply, and that no document holds a core. Depth and cost are
//! judged after validation, which is where they are known.

use std::any::TypeId;
use std::collections::HashSet;
use std::sync::{Arc, OnceLock};

use async_graphql::extensions::{
    Extension, ExtensionContext, ExtensionFactory, NextExecute, NextParseQuery, NextPrepareRequest, NextValidation,
};
use async_graphql::parser::types::ExecutableDocument;
use async_graphql::{Data, Request, Response, ServerError, ServerResult, ValidationResult, Variables, async_trait};

use super::documents::{self, Documents, Known};
use super::walk::Bounds;
use super::{positions, refused, variables};
use crate::domain::Actor;
use crate::graphql::budget::{Budget, Charge};
use crate::graphql::caller::Caller;
use crate::graphql::error::{ApiError, ErrorCode};
use crate::graphql::settings::{Introspection, Settings};
use crate::graphql::trusted;

/// Deepest nesting that is walked at all; reading the schema by the usual tools needs 15.
pub(in crate::graphql) const RECURSION_MAX: usize = 24;

/// Bounds and charges each request.
pub(in crate::graphql) struct Limits(Arc<Shared>);

struct Shared {
    settings: Settings,
    budget: Budget,
    documents: Arc<Documents>,
    priced_by_value: OnceLock<HashSet<String>>,
}

impl Limits {
    pub(in crate::graphql) fn new(settings: &Settings, budget: Budget) -> Self {
        let bounds = Bounds {
            tokens: settings.tokens_max,
            aliases: settings.aliases_max,
            fields: u64::try_from(settings.cost_max).unwrap_or(u64::MAX),
        };
        let documents = Arc::new(Documents::new(bounds));
        Self(Arc::new(Shared { settings: *settings, budget, documents, priced_by_value: OnceLock::new() }))
    }

    /// The documents that are kept.
    pub(in crate::graphql) fn documents(&self) -> Arc<Documents> {
        self.0.documents.clone()
    }
}

impl ExtensionFactory for Limits {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(RequestLimits { shared: self.0.clone(), values_misfit: OnceLock::new(), charge: OnceLock::new() })
    }
}

struct RequestLimits {
    shared: Arc<Shared>,
    /// Set when the value of a variable is not of its type.
    values_misfit: OnceLock<()>,
    charge: OnceLock<Charge>,
}

#[async_trait::async_trait]
impl Extension for RequestLimits {
    async fn prepare_request(
        &self,
        ctx: &ExtensionContext<'_>,
        request: Request,
        next: NextPrepareRequest<'_>,
    ) -> ServerResult<Request> {
        let mut request = next.run(ctx, request).await?;
        let known = self.shared.documents.read(&request.query)?;
        request.set_parsed_query(known.document.clone());
        if !values_fit(ctx, &known, &request) {
            self.values_misfit.get_or_init(|| ());
            // Validation is to judge the document alone, so that its verdict is always the same.
            request.variables = Variables::default();
        }
        let of_request = request.data.get(&TypeId::of::<Caller>()).and_then(|caller| caller.downcast_ref::<Caller>());
        let actor = of_request.or_else(|| ctx.data_opt()).map(|caller| &caller.actor);
        let is_owner = actor.is_some_and(|actor| actor.account().is_some());
        if self.shared.settings.owners_run_trusted_only && is_owner && !trusted::is_trusted(&request.query) {
            return Err(refused(ApiError::new(ErrorCode::Forbidden), Vec::new()));
        }
        if !self.shared.settings.introspection.admits(actor) {
            if known.reads_schema {
                let code = if actor.is_some() { ErrorCode::Forbidden } else { ErrorCode::Unauthenticated };
                return Err(refused(ApiError::new(code), Vec::new()));
            }
            request = request.disable_introspection();
        }
        Ok(request.data(known))
    }

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
        let known = ctx.data_opt::<Arc<Known>>();
        let result = match known.and_then(|known| known.verdict()) {
            Some(verdict) => verdict,
            None => self.validate(ctx, known, next).await?,
        };
        let is_schema_alone = known.is_some_and(|known| known.is_schema_alone);
        let depth_max = if is_schema_alone { RECURSION_MAX } else { self.shared.settings.depth_max };
        if result.depth > depth_max || result.complexity > self.shared.settings.cost_max {
            return Err(vec![refused(ApiError::new(ErrorCode::QueryTooCostly), Vec::new())]);
        }
        if let Some(caller) = ctx.data_opt::<Caller>() {
            let charge = self.shared.budget.charge(&caller.actor, result.complexity);
            if let Some(charge) = charge.map_err(|error| vec![refused(error, Vec::new())])? {
                self.charge.get_or_init(|| charge);
            }
        }
        if self.values_misfit.get().is_some() {
            return Err(vec![refused(ApiError::bad_input(), Vec::new())]);
        }
        Ok(result)
    }

    async fn execute(
        &self,
        ctx: &ExtensionContext<'_>,
        operation_name: Option<&str>,
        next: NextExecute<'_>,
    ) -> Response {
        let mut data = Data::default();
        let Some(charge) = self.charge.get().copied() else {
            return next.run_with_data(ctx, operation_name, data).await;
        };
        data.insert(charge);
        next.run_with_data(ctx, operation_name, data).await.extension("cost", charge.shown())
    }
}

impl RequestLimits {
    async fn validate(
        &self,
        ctx: &ExtensionContext<'_>,
        known: Option<&Arc<Known>>,
        next: NextValidation<'_>,
    ) -> Result<ValidationResult, Vec<ServerError>> {
        let invalid = |error: ServerError| refused(ApiError::new(ErrorCode::ValidationFailed), error.locations);
        let result = next.run(ctx).await.map_err(|errors| errors.into_iter().map(invalid).collect::<Vec<_>>())?;
        if let Some(known) = known {
            let registry = &ctx.schema_env.registry;
            if !positions::are_allowed(registry, &known.document) {
                return Err(vec![refused(ApiError::new(ErrorCode::ValidationFailed), Vec::new())]);
            }
            let priced = self.shared.priced_by_value.get_or_init(|| documents::priced_by_value(registry));
            self.shared.documents.keep(known, result, priced);
        }
        Ok(result)
    }
}

/// Whether the values given fit the operation that runs. A name that fits none is told later.
fn values_fit(ctx: &ExtensionContext<'_>, known: &Known, request: &Request) -> bool {
    known.operation(request.operation_name.as_deref()).is_none_or(|operation| {
        variables::fit(&ctx.schema_env.registry, &operation.variable_definitions, &request.variables)
    })
}

impl Introspection {
    fn admits(self, actor: Option<&Actor>) -> bool {
        match self {
            Self::Nobody => false,
            Self::Services => actor.is_some_and(|actor| actor.account().is_none()),
            // To nobody in particular nothing is shown, and a schema of nothing is none.
            Self::Everybody => actor.is_some(),
        }
    }
}

/// Limits as they are where nothing is set.
#[cfg(test)]
pub(super) fn usual_limits() -> Limits {
    let settings = Settings::default();
    Limits::new(&settings, Budget::new(Arc::new(crate::domain::SystemClock), &settings))
}

#[cfg(test)]
mod tests {
    use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};
    use uuid::Uuid;

    use super::*;
    use crate::domain::{AccountId, Clock, SystemClock};
    use crate::graphql::extensions::Answers;

    struct Query;

    #[Object(name = "LimitQuery")]
    impl Query {
        async fn deeper(&self) -> Query {
            Query
        }

        #[graphql(complexity = "100")]
        async fn dear(&self) -> i32 {
            1
        }

        async fn cost(&self, ctx: &async_graphql::Context<'_>) -> Option<i32> {
            ctx.data_opt::<Charge>().and_then(|charge| i32::try_from(charge.cost).ok())
        }
    }

    async fn run(query: &str, settings: Settings, owner: Option<u128>) -> String {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let schema = Schema::build(Query, EmptyMutation, EmptySubscription)
            .limit_recursive_depth(RECURSION_MAX)
            .extension(Answers)
            .extension(Limits::new(&settings, Budget::new(clock, &settings)))
            .finish();
        let mut request = Request::new(query);
        if let Some(owner) = owner {
            request = request.data(Caller { actor: Actor::Owner(AccountId(Uuid::from_u128(owner))) });
        }
        serde_json::to_string(&schema.execute(request).await).expect("an answer is JSON")
    }

    fn nested(depth: usize) -> String {
        format!("{{ {} cost {} }}", "deeper { ".repeat(depth - 1), "}".repeat(depth - 1))
    }

    #[tokio::test]
    async fn each_limit_has_its_code() {
        let limits = Settings { depth_max: 5, cost_max: 150, ..Settings::default() };
        assert!(!run(&nested(5), limits, None).await.contains("errors"));
        for (query, code) in [
            ("{ cost".to_owned(), "GRAPHQL_PARSE_FAILED"),
            ("{ cots }".to_owned(), "GRAPHQL_VALIDATION_FAILED"),
            (nested(6), "QUERY_TOO_COSTLY"),
            (nested(RECURSION_MAX + 3), "QUERY_TOO_COSTLY"),
            ("{ dear again: dear }".to_owned(), "QUERY_TOO_COSTLY"),
        ] {
            let answer = run(&query, limits, None).await;
            assert!(answer.contains(code), "{query}: {answer}");
        }
    }

    #[tokio::test]
    async fn a_caller_pays_and_sees_the_price() {
        let limits = Settings { owner_points_per_minute: 101, ..Settings::default() };
        assert!(run("{ dear cost }", limits, Some(1)).await.contains(r#""cost":101"#));
        assert!(run("{ dear cost c: cost }", limits, Some(1)).await.contains("RATE_LIMITED"));
        assert!(run("{ dear cost }", limits, None).await.contains(r#""cost":null"#));
    }

    #[tokio::test]
    async fn introspection_is_for_whom_it_is_set() {
        let query = "{ __schema { queryType { name } } }";
        let with = |introspection| Settings { introspection, ..Settings::default() };
        assert!(run(query, with(Introspection::Everybody), Some(1)).await.contains("LimitQuery"));
        assert!(run(query, with(Introspection::Everybody), None).await.contains("UNAUTHENTICATED"));
        assert!(run(query, with(Introspection::Services), Some(1)).await.contains("FORBIDDEN"));
        assert!(run(query, with(Introspection::Nobody), Some(1)).await.contains("FORBIDDEN"));
        let hidden = "{ ...Part } fragment Part on LimitQuery { ... { deeper { ...Deep } } } \
                      fragment Deep on LimitQuery { __typename t: __type(name: \"LimitQuery\") { name } }";
        assert!(!run(hidden, with(Introspection::Services), Some(1)).await.contains(r#""name""#));
        assert!(run("{ __typename }", with(Introspection::Nobody), None).await.contains("LimitQuery"));
    }
}
