//! Commands that set a server up: configuration, database, schema.

use std::path::Path;

use crate::config::{self, Needs};
use crate::graphql;

use super::context::Context;
use super::failure::{Failure, Outcome};
use super::out::{Listing, complain};

pub(super) fn check(context: &Context) -> Outcome {
    context.config(Needs::SERVER)?;
    Ok(context.out.line("The configuration is good.")?)
}

pub(super) fn show(context: &Context) -> Outcome {
    let loaded = config::load(&context.sources(), Needs::NONE)?;
    let mut listing = Listing::new(&["setting", "value", "origin"]);
    for row in loaded.effective {
        listing.row([Some(row.name), row.value, Some(row.origin.to_string())]);
    }
    Ok(context.out.list(&listing)?)
}

pub(super) fn example(context: &Context) -> Outcome {
    Ok(context.out.raw(&config::example())?)
}

pub(super) async fn migrate(context: &Context, status_only: bool) -> Outcome {
    let store = context.store_as_it_is().await?;
    if !status_only {
        store.migrate().await.map_err(Failure::unreachable)?;
    }
    let migrations = store.migrations().await.map_err(Failure::unreachable)?;
    let mut listing = Listing::new(&["migration", "state"]);
    for (name, applied) in &migrations {
        listing.row([Some(name.clone()), Some(if *applied { "applied" } else { "pending" }.to_owned())]);
    }
    context.out.list(&listing)?;
    store.drain().await;
    if migrations.iter().all(|(_, applied)| *applied) {
        return Ok(());
    }
    complain("The database is behind. Bring it up to date: key-recycling migrate");
    Err(Failure::No)
}

pub(super) fn schema(context: &Context, check: Option<&Path>) -> Outcome {
    let schema = graphql::sdl();
    let Some(file) = check else { return Ok(context.out.raw(&schema)?) };
    let shown = file.display();
    let committed = std::fs::read_to_string(file).map_err(|error| {
        Failure::Usage(format!("{shown} cannot be read ({}). Write it: key-recycling schema > {shown}", error.kind()))
    })?;
    if committed == schema {
        return Ok(());
    }
    let line = committed.lines().zip(schema.lines()).take_while(|(left, right)| left == right).count() + 1;
    complain(&format!("{shown} differs from the schema at line {line}. Write it anew: key-recycling schema > {shown}"));
    Err(Failure::No)
}
