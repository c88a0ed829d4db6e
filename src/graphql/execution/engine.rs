//! The way of a request: what it may ask for, its cost, its run, and its answer.
//!
//! A document is parsed and measured before anything else walks it, so that a syntax error is told
//! from one that is nested too deeply, and that no document holds a core. Depth and cost are judged
//! after validation, which is where they are known.

use std::any::{Any, TypeId};
use std::collections::HashSet;
use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{
    Data, ObjectType, Request, Response, Schema, SchemaBuilder, ServerError, SubscriptionType, ValidationMode,
    ValidationResult, Variables,
};
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt as _, StreamExt as _};

use super::answers::public;
use super::completion::Completion;
use super::documents::{self, Documents, Known};
use super::validation::Validator;
use super::walk::Bounds;
use super::{refused, variables};
use crate::domain::Actor;
use crate::graphql::budget::{Budget, Charge};
use crate::graphql::caller::{Caller, RequestId};
use crate::graphql::error::{ApiError, ErrorCode};
use crate::graphql::settings::{Introspection, Settings};
use crate::graphql::trusted;

/// Deepest nesting that is walked at all; reading the schema by the usual tools needs 15.
const RECURSION_MAX: usize = 24;

/// Answers requests to one schema.
pub(in crate::graphql) struct Engine<Q, M, S> {
    settings: Settings,
    budget: Budget,
    documents: Documents,
    priced_by_value: HashSet<String>,
    validator: Validator<Q, M, S>,
    /// Runs what has been validated.
    runner: Schema<Q, M, S>,
}

impl<Q, M, S> Engine<Q, M, S>
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    /// An engine over the schema, which is built twice: to validate, and to run, then with `data`.
    pub(in crate::graphql) fn new(
        schema: impl Fn() -> SchemaBuilder<Q, M, S>,
        data: impl FnOnce(SchemaBuilder<Q, M, S>) -> SchemaBuilder<Q, M, S>,
        settings: &Settings,
        budget: Budget,
    ) -> Self {
        let bounds = Bounds {
            tokens: settings.tokens_max,
            aliases: settings.aliases_max,
            fields: u64::try_from(settings.cost_max).unwrap_or(u64::MAX),
        };
        let schema = || schema().limit_recursive_depth(RECURSION_MAX);
        let validator = Validator::new(schema().disable_suggestions());
        Self {
            settings: *settings,
            budget,
            documents: Documents::new(bounds),
            priced_by_value: documents::priced_by_value(validator.registry()),
            validator,
            runner: data(schema()).validation_mode(ValidationMode::Fast).finish(),
        }
    }

    /// Answers a query or a mutation.
    pub(in crate::graphql) async fn execute(&self, request: Request) -> Response {
        let request_id = request_id(&request.data, None);
        match self.prepare(request, None).await {
            Ok(ready) => {
                let answer = self.runner.execute(ready.request).await;
                self.form(&ready.form, request_id.as_deref(), answer)
            }
            Err(errors) => Response::from_errors(public(errors, request_id.as_deref())),
        }
    }

    /// Answers any operation, a subscription by as many answers as it brings.
    pub(in crate::graphql) fn stream(
        self: Arc<Self>,
        request: Request,
        session: Arc<Data>,
    ) -> BoxStream<'static, Response> {
        let answers = async move {
            let request_id = request_id(&request.data, Some(&session));
            let ready = match self.prepare(request, Some(&session)).await {
                Ok(ready) => ready,
                Err(errors) => {
                    let refused = Response::from_errors(public(errors, request_id.as_deref()));
                    return stream::iter([refused]).boxed();
                }
            };
            let answers = self.runner.execute_stream_with_session_data(ready.request, session);
            answers.map(move |answer| self.form(&ready.form, request_id.as_deref(), answer)).boxed()
        };
        answers.flatten_stream().boxed()
    }

    /// What kind of operation a request runs; `None` where there is no such operation.
    pub(in crate::graphql) fn operation_type(&self, request: &Request) -> Option<OperationType> {
        self.documents.operation_type(&request.query, request.operation_name.as_deref())
    }

    /// The request as it may run.
    async fn prepare(&self, mut request: Request, session: Option<&Data>) -> Result<Ready, Vec<ServerError>> {
        let known = self.documents.read(&request.query).map_err(|error| vec![error])?;
        let caller = held::<Caller>(&request.data, session).map(|caller| caller.actor.clone());
        let caller = caller.as_ref();
        let is_owner = caller.is_some_and(|actor| actor.account().is_some());
        if self.settings.owners_run_trusted_only && is_owner && !trusted::is_trusted(&request.query) {
            return Err(whole(ApiError::new(ErrorCode::Forbidden)));
        }
        if !self.settings.introspection.admits(caller) {
            if known.reads_schema {
                let code = if caller.is_some() { ErrorCode::Forbidden } else { ErrorCode::Unauthenticated };
                return Err(whole(ApiError::new(code)));
            }
            request = request.disable_introspection();
        }
        let values_fit = self.values_fit(&known, &request);
        if !values_fit {
            // Validation is to judge the document alone, so that its verdict is always the same.
            request.variables = Variables::default();
        }
        let charge = self.charge(caller, self.verdict(&known, &request).await?, &known)?;
        if !values_fit {
            return Err(whole(ApiError::bad_input()));
        }
        if let Some(charge) = charge {
            request = request.data(charge);
        }
        request.set_parsed_query(known.document.clone());
        let form = Form { operation_name: request.operation_name.clone(), known, charge };
        Ok(Ready { request, form })
    }

    /// Whether each variable has a value of its type. A name that fits no operation is told later.
    fn values_fit(&self, known: &Known, request: &Request) -> bool {
        known.operation(request.operation_name.as_deref()).is_none_or(|operation| {
            variables::fit(self.validator.registry(), &operation.variable_definitions, &request.variables)
        })
    }

    /// What validation finds, or found before.
    async fn verdict(&self, known: &Arc<Known>, request: &Request) -> Result<ValidationResult, Vec<ServerError>> {
        if let Some(verdict) = known.verdict() {
            return Ok(verdict);
        }
        let name = request.operation_name.as_deref();
        let verdict = self.validator.validate(known, name, request.variables.clone()).await?;
        self.documents.keep(known, verdict, &self.priced_by_value);
        Ok(verdict)
    }

    /// Takes the cost from the caller's budget, unless the request is beyond all limits.
    fn charge(
        &self,
        caller: Option<&Actor>,
        verdict: ValidationResult,
        known: &Known,
    ) -> Result<Option<Charge>, Vec<ServerError>> {
        let depth_max = if known.is_schema_alone { RECURSION_MAX } else { self.settings.depth_max };
        if verdict.depth > depth_max || verdict.complexity > self.settings.cost_max {
            return Err(whole(ApiError::new(ErrorCode::QueryTooCostly)));
        }
        let charge = caller.map(|actor| self.budget.charge(actor, verdict.complexity));
        charge.transpose().map(Option::flatten).map_err(whole)
    }

    /// The answer in its specified form.
    fn form(&self, form: &Form, request_id: Option<&str>, mut answer: Response) -> Response {
        let operation = form.operation_name.as_deref();
        let completion = Completion::new(self.validator.registry(), &form.known.document);
        answer.data = completion.complete(operation, answer.data, &answer.errors);
        answer.errors = public(answer.errors, request_id);
        let is_stream = form.known.operation(operation).is_some_and(|asked| asked.ty == OperationType::Subscription);
        match form.charge {
            Some(charge) if !is_stream => answer.extension("cost", charge.shown()),
            _ => answer,
        }
    }
}

/// A request that may run, and what the form of its answers depends on.
struct Ready {
    request: Request,
    form: Form,
}

struct Form {
    known: Arc<Known>,
    operation_name: Option<String>,
    charge: Option<Charge>,
}

/// What a request carries over HTTP, and a session over a socket.
fn held<'a, T: Any>(request: &'a Data, session: Option<&'a Data>) -> Option<&'a T> {
    let held = |data: &'a Data| data.get(&TypeId::of::<T>()).and_then(|held| held.downcast_ref::<T>());
    held(request).or_else(|| session.and_then(held))
}

fn request_id(request: &Data, session: Option<&Data>) -> Option<String> {
    held::<RequestId>(request, session).map(|RequestId(id)| id.clone())
}

/// The one error of a request that failed as a whole.
fn whole(error: ApiError) -> Vec<ServerError> {
    vec![refused(error, Vec::new())]
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

/// An engine over a schema under the limits as they are where nothing is set.
#[cfg(test)]
pub(in crate::graphql) fn usual_engine<Q, M, S>(schema: impl Fn() -> SchemaBuilder<Q, M, S>) -> Engine<Q, M, S>
where
    Q: ObjectType + 'static,
    M: ObjectType + 'static,
    S: SubscriptionType + 'static,
{
    let settings = Settings::default();
    let budget = Budget::new(Arc::new(crate::domain::SystemClock), &settings);
    Engine::new(schema, |builder| builder, &settings, budget)
}

#[cfg(test)]
mod tests {
    use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};
    use uuid::Uuid;

    use super::*;
    use crate::domain::{AccountId, Clock, SystemClock};

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
        let schema = || Schema::build(Query, EmptyMutation, EmptySubscription);
        let engine = Engine::new(schema, |builder| builder, &settings, Budget::new(clock, &settings));
        let mut request = Request::new(query);
        if let Some(owner) = owner {
            request = request.data(Caller { actor: Actor::Owner(AccountId(Uuid::from_u128(owner))) });
        }
        serde_json::to_string(&engine.execute(request).await).expect("an answer is JSON")
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
