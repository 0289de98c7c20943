//! PostgreSQL: for several replicas on several hosts. Durable at every commit; who appends first wins.

use std::time::Duration;

use sqlx::{
    Connection as _, PgConnection, PgPool, Row as _,
    postgres::{PgListener, PgPoolOptions},
};

use super::{
    StoreError,
    address::Server,
    migrations::{self, POSTGRES},
};

/// How long somebody waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connections of one process.
const CONNECTIONS: u32 = 8;

/// What replicas tell each other through: "something was appended", never what.
const CHANNEL: &str = "forewarn_entry";

/// Tells who listens, when the transaction commits.
const TELL: &str = "SELECT pg_notify('forewarn_entry', '')";

/// Makes a commit wait for the disk, whatever the server's or the role's default is.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) \
     WHERE current_setting('synchronous_commit') IN ('off', 'local')";

/// A read sees what was committed before it, in a transaction too.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";

/// Whether this role may append here and now.
const WRITABLE: &str =
    "SELECT current_setting('transaction_read_only') = 'off' AND has_table_privilege('entry', 'INSERT')";

/// Which of the log's tables are there, where names are looked up first.
const TABLES: &str = "SELECT CAST(c.relname AS TEXT) FROM pg_class c WHERE c.relkind IN ('r', 'p') \
     AND c.relnamespace = CAST(current_schema() AS regnamespace)";

/// Triggers of a table that are in force.
const TRIGGERS: &str = "SELECT CAST(tgname AS TEXT) FROM pg_trigger \
     WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') \
     AND tgrelid IN (SELECT oid FROM pg_class WHERE relname IN ('entry', 'moved') \
     AND relnamespace = CAST(current_schema() AS regnamespace))";

/// Which steps of migration were taken.
const STEPS: &str = "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";

/// A log's database on a server.
#[derive(Clone, Debug)]
pub struct Postgres {
    pub(super) pool: PgPool,
}

/// What wakes whoever waits for other replicas' entries. It may miss some: polling finds those.
#[derive(Clone, Debug)]
pub struct Wakes(PgPool);

pub(super) async fn open(server: &Server, create: bool) -> Result<Postgres, StoreError> {
    let pool = connect(server).await?;
    let opened = settle(&pool, server, create).await;
    if let Err(error) = opened {
        pool.close().await;
        return Err(error);
    }
    Ok(Postgres { pool })
}

/// Opens a database without bringing it to the present shape.
pub(super) async fn look(server: &Server) -> Result<Postgres, StoreError> {
    let pool = connect(server).await?;
    match check(&pool, server).await {
        Ok(_) => Ok(Postgres { pool }),
        Err(error) => {
            pool.close().await;
            Err(error)
        }
    }
}

async fn connect(server: &Server) -> Result<PgPool, StoreError> {
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(PATIENCE)
        .after_connect(|connection, _| {
            Box::pin(async move { sqlx::query(DURABLE).execute(connection).await.map(|_| ()) })
        })
        .connect_lazy_with(server.options());
    // The pool tries until its patience ends and then says only that; one plain attempt says why.
    if let Err(error) = pool.acquire().await {
        let error = match error {
            sqlx::Error::PoolTimedOut => match PgConnection::connect_with(&server.options()).await {
                Err(said) => said,
                Ok(_) => error,
            },
            other => other,
        };
        return Err(error.into());
    }
    Ok(pool)
}

/// Brings a log's database to the present shape; makes one of an empty database when `create` says so.
async fn settle(pool: &PgPool, server: &Server, create: bool) -> Result<(), StoreError> {
    let taken = if create {
        let tables: Vec<String> = sqlx::query_scalar(TABLES).fetch_all(pool).await?;
        if tables.iter().any(|table| table == "entry") {
            check(pool, server).await?
        } else if tables.is_empty() {
            0
        } else {
            return Err(not_a_log(server, "it has tables of something else; give a database of its own"));
        }
    } else {
        check(pool, server).await?
    };
    // Only who has to bring it forward needs a role that may.
    if taken < migrations::newest() {
        let place = server.to_string();
        migrations::migrator(POSTGRES).run(pool).await.map_err(|error| migrations::failed(&place, error))?;
    }
    Ok(())
}

/// Checks that a database is a log's, and not of a newer version; returns how far it was brought.
async fn check(pool: &PgPool, server: &Server) -> Result<i64, StoreError> {
    let tables: Vec<String> = sqlx::query_scalar(TABLES).fetch_all(pool).await?;
    let has = |name: &str| tables.iter().any(|table| table == name);
    if !has("entry") || !has("_sqlx_migrations") {
        return Err(not_a_log(server, "it has no table of entries"));
    }
    let steps: Vec<i64> = sqlx::query_scalar(STEPS).fetch_all(pool).await?;
    let newest = steps.last().copied().unwrap_or(0);
    if newest > migrations::newest() {
        return Err(StoreError::Newer(server.to_string()));
    }
    Ok(newest)
}

fn not_a_log(server: &Server, says: &'static str) -> StoreError {
    StoreError::NotALog { place: server.to_string(), says }
}

/// Commits, having told who listens.
pub(super) async fn commit(
    mut transaction: sqlx::Transaction<'static, sqlx::Postgres>,
) -> Result<(), StoreError> {
    sqlx::query(TELL).execute(&mut *transaction).await?;
    transaction.commit().await.map_err(|error| match StoreError::from(error) {
        StoreError::Unreachable(says) => StoreError::Unsettled(says),
        other => other,
    })
}

impl Postgres {
    pub(super) async fn begin(&self) -> Result<sqlx::Transaction<'static, sqlx::Postgres>, StoreError> {
        Ok(self.pool.begin_with(BEGIN).await?)
    }

    pub(super) async fn writable(&self) -> Result<(), StoreError> {
        let may: bool = sqlx::query_scalar(WRITABLE).fetch_one(&self.pool).await?;
        if may { Ok(()) } else { Err(StoreError::ReadOnly) }
    }

    pub(super) fn wakes(&self) -> Wakes {
        Wakes(self.pool.clone())
    }

    /// Says which of the triggers that keep entries are gone or switched off.
    pub(super) async fn soundness(&self) -> Result<Vec<String>, StoreError> {
        let rows = sqlx::query(TRIGGERS).fetch_all(&self.pool).await?;
        let kept: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get::<String, _>(0)).collect();
        let kept = kept?;
        let made = POSTGRES.iter().flat_map(|sql| sql.split("CREATE TRIGGER ").skip(1));
        let made = made.filter_map(|rest| rest.split_once(' ')).map(|(name, _)| name);
        let lost = made.filter(|name| !kept.iter().any(|kept| kept == name));
        Ok(lost.map(|name| format!("the trigger `{name}` is gone or switched off: entries can be changed unnoticed by the database; restore the newest sound one")).collect())
    }
}

impl Wakes {
    /// Calls `wake` whenever another replica appended, until it is dropped; comes back by itself when the
    /// connection breaks.
    pub async fn follow(self, wake: impl Fn()) {
        /// How long a broken connection is left alone; polling goes on meanwhile.
        const AGAIN: Duration = Duration::from_secs(1);
        while !self.0.is_closed() {
            if let Ok(mut listener) = PgListener::connect_with(&self.0).await
                && listener.listen(CHANNEL).await.is_ok()
            {
                // What came while nobody listened is looked for now.
                wake();
                while let Ok(Some(_)) = listener.try_recv().await {
                    wake();
                }
            }
            tokio::time::sleep(AGAIN).await;
        }
    }
}
