//! For tests: looks at something with the registry of a schema, which only an extension gets to see.

use std::sync::Arc;

use async_graphql::extensions::{Extension, ExtensionContext, ExtensionFactory, NextRequest};
use async_graphql::registry::Registry;
use async_graphql::{Response, async_trait};

/// Calls what it holds at each request.
#[derive(Clone, Copy)]
pub(super) struct Probe(pub(super) fn(&Registry));

impl ExtensionFactory for Probe {
    fn create(&self) -> Arc<dyn Extension> {
        Arc::new(*self)
    }
}

#[async_trait::async_trait]
impl Extension for Probe {
    async fn request(&self, ctx: &ExtensionContext<'_>, next: NextRequest<'_>) -> Response {
        (self.0)(&ctx.schema_env.registry);
        next.run(ctx).await
    }
}
