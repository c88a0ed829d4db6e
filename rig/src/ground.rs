//! What every run stands on: the providers, a database, and a program that is configured for both.

use std::path::Path;
use std::time::Duration;

use sea_orm::DatabaseConnection;
use serde_json::Value;

use crate::arguments::{Arguments, Database};
use crate::cluster::Cluster;
use crate::load::Tokens;
use crate::oracle::Oracle;
use crate::program::{Program, Tuning};
use crate::trouble::{Outcome, Trouble};

/// Longest wait of a caller for one answer.
const CALL_PATIENCE: Duration = Duration::from_secs(15);

/// Everything but the server.
pub(crate) struct Ground {
    pub(crate) client: reqwest::Client,
    pub(crate) oracle: Oracle,
    pub(crate) cluster: Option<Cluster>,
    pub(crate) program: Program,
    /// The database's address.
    pub(crate) database: String,
}

impl Ground {
    /// Starts providers that have these habits and a database that is brought up to date. The rows of
    /// SQLite lie in `disk`; everything else is in `folder`.
    pub(crate) async fn lay(
        arguments: &Arguments,
        seed: u64,
        (folder, disk): (&Path, &Path),
        habits: &Value,
        tuning: Tuning,
    ) -> Outcome<Self> {
        #[expect(clippy::disallowed_methods, reason = "the rig is an outside caller")]
        let client = reqwest::Client::builder().no_proxy().timeout(CALL_PATIENCE).build()?;
        let oracle = Oracle::start(seed, client.clone(), habits).await?;
        let cluster = match (arguments.database, &arguments.postgres_bin) {
            (Database::Sqlite, _) => None,
            (Database::Postgres, Some(programs)) => Some(Cluster::start(programs, folder).await?),
            (Database::Postgres, None) => return Err(Trouble("PostgreSQL needs: --postgres-bin FOLDER".to_owned())),
        };
        let file = format!("sqlite:{}", disk.join("key-recycling.sqlite").display());
        let database = cluster.as_ref().map_or(file, Cluster::url);
        let (path, points) = (arguments.program()?, arguments.points_program()?);
        let program = Program { path, points, folder: folder.to_owned(), environment: Vec::new() };
        program.prepare(&database, &oracle, tuning)?;
        let (is_migrated, said) = program.ask(&["migrate"]).await?;
        if !is_migrated {
            return Err(Trouble(said));
        }
        Ok(Self { client, oracle, cluster, program, database })
    }

    /// Tokens for the two services.
    pub(crate) async fn tokens(&self) -> Outcome<Tokens> {
        Ok(Tokens {
            dispatcher: self.program.token("dispatcher", "dispatch").await?,
            billing: self.program.token("billing", "billing").await?,
        })
    }
}

/// Opens the rows as they are, beside the server.
pub(crate) async fn connect(database: &str) -> Outcome<DatabaseConnection> {
    Ok(sea_orm::Database::connect(database).await?)
}
