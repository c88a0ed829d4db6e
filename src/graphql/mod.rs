//! The GraphQL API: types, queries, mutations, subscriptions, and the rules of every answer.
//!
//! Types wrap domain values and show them field by field; a resolver reads the context, asks one
//! use case or finder, and converts. Each root field is guarded by role (`caller`), ids and
//! cursors are opaque (`ids`), and whatever fails leaves here as a code with a fixed sentence
//! (`error`, `extensions`). How requests arrive is the business of `http`.

mod budget;
mod caller;
mod error;
mod execution;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod ids;
mod loaders;
mod mutation;
mod page;
mod query;
mod scalars;
mod settings;
mod subscription;
mod texts;
mod trusted;
mod types;

#[cfg(test)]
mod schema_tests;

use std::sync::Arc;

use async_graphql::parser::types::OperationType;
use async_graphql::{Context, Data, Request, Response, SDLExportOptions, Schema, SchemaBuilder};
use futures_util::stream::BoxStream;

use self::budget::Budget;
pub use self::caller::{Caller, RequestId};
pub use self::error::{ApiError, ErrorCode};
use self::execution::Engine;
pub use self::execution::failure;
pub use self::ids::{IdSealer, OpaqueIds};
use self::loaders::Loaders;
pub use self::mutation::Mutation;
pub use self::query::Query;
pub use self::settings::{Introspection, Settings};
pub use self::subscription::Subscription;
use crate::domain::ProviderCode;
use crate::domain::clock::SharedClock;
use crate::domain::provider::ProviderInfo;
use crate::keys::Keys;
use crate::leases::Leases;
use crate::ledger::Ledger;
use crate::live::Live;
use crate::pool::Pool;
use crate::store::Store;

/// The API, ready to answer.
#[derive(Clone)]
pub struct Api {
    engine: Arc<ApiEngine>,
}

type ApiEngine = Engine<Query, Mutation, Subscription>;
type ApiBuilder = SchemaBuilder<Query, Mutation, Subscription>;

impl Api {
    /// The API over the services, under the limits given.
    #[must_use]
    pub fn new(services: Services, settings: &Settings) -> Self {
        let budget = Budget::new(services.clock.clone(), settings);
        let loaders = Loaders::new(services.store.clone());
        let data = |schema: ApiBuilder| schema.data(loaders).data(services);
        Self { engine: Arc::new(Engine::new(registered, data, settings, budget)) }
    }

    /// Answers a query or a mutation.
    pub async fn execute(&self, request: Request) -> Response {
        // Its many kilobytes would otherwise be moved along with every future around it.
        Box::pin(self.engine.execute(request)).await
    }

    /// Answers any operation, a subscription by as many answers as it brings.
    #[must_use]
    pub fn stream(&self, request: Request, session: Arc<Data>) -> BoxStream<'static, Response> {
        self.engine.clone().stream(request, session)
    }

    /// The text of a trusted document.
    #[must_use]
    pub fn trusted_document(&self, id: &str) -> Option<&'static str> {
        trusted::document(id)
    }

    /// What kind of operation a request runs; `None` where there is no such operation.
    #[must_use]
    pub fn operation_type(&self, request: &Request) -> Option<OperationType> {
        self.engine.operation_type(request)
    }
}

/// What resolvers work with.
pub struct Services {
    /// Keys: submit, check, rename, remove.
    pub keys: Arc<Keys>,
    /// Leases and their attempts.
    pub leases: Arc<Leases>,
    /// Credits.
    pub ledger: Arc<Ledger>,
    /// The routing pool.
    pub pool: Arc<Pool>,
    /// Live streams of accounts.
    pub live: Arc<Live>,
    /// Finders.
    pub store: Store,
    /// The time.
    pub clock: SharedClock,
    /// Opaque ids and cursors.
    pub ids: OpaqueIds,
}

impl Services {
    /// The provider under the code.
    fn provider(&self, code: ProviderCode) -> error::Result<&ProviderInfo> {
        let found = self.keys.infos().iter().find(|info| info.code == code);
        found.ok_or_else(|| ApiError::broken("the catalogue lacks a provider"))
    }
}

/// The schema as SDL, the same text at every call.
#[must_use]
pub fn sdl() -> String {
    let options = SDLExportOptions::new().prefer_single_line_descriptions().include_specified_by().use_space_ident();
    registered().finish().sdl_with_options(options)
}

/// All types, without anything to answer from.
fn registered() -> ApiBuilder {
    Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .register_output_type::<mutation::UserError>()
}

/// What resolvers work with.
pub(crate) fn services<'a>(ctx: &Context<'a>) -> error::Result<&'a Services> {
    ctx.data_opt::<Services>().ok_or_else(|| ApiError::broken("the schema was built without services"))
}

/// The loaders.
pub(crate) fn loaders<'a>(ctx: &Context<'a>) -> error::Result<&'a Loaders> {
    ctx.data_opt::<Loaders>().ok_or_else(|| ApiError::broken("the schema was built without loaders"))
}
