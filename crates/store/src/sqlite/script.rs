//! Several statements in one go: the way to the connection's thread and back costs more than most statements do.

use caddis_core::ledger::report;
use caddis_core::record::LedgerLine;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, Encode, Sqlite, SqliteConnection, Type};

use crate::body::LEDGER;

/// Scripts of up to so many statements stay prepared; longer ones are rare and each of another length.
const KEPT: usize = 6;

/// Statements with `?` for each of their values, in order.
#[derive(Default)]
pub(super) struct Script {
    sql: String,
    statements: usize,
    values: SqliteArguments,
}

impl Script {
    /// Adds a statement, which must be a constant, and its values.
    pub(super) fn add(&mut self, sql: &'static str, values: impl Values) -> Result<(), sqlx::Error> {
        self.sql.push_str(sql);
        self.sql.push(';');
        self.statements += 1;
        values.bind(self)
    }

    /// A ledger line; one whose key is there is left as it is.
    pub(super) fn line(&mut self, line: &LedgerLine, body: &str) -> Result<(), sqlx::Error> {
        let sql = "INSERT INTO ledger (key, owner, cluster, job, started_at, ended_at, cost, kind, machine, profile, tags, \
            idle, body_version, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING";
        self.add(sql, (&line.key, &line.owner, line.cluster.as_str(), report::job_group(line)))?;
        (line.started_at.0, line.ended_at.0, line.cost.0, report::kind(line)).bind(self)?;
        (&line.machine, &line.profile, tags(line)?, line.idle).bind(self)?;
        self.value(LEDGER.version())?;
        self.value(body)
    }

    /// Runs all of it.
    pub(super) async fn run(self, on: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        if self.statements == 0 {
            return Ok(());
        }
        // Safe: only constants were put together, see `add`.
        let query = sqlx::query_with(AssertSqlSafe(self.sql), self.values).persistent(self.statements <= KEPT);
        query.execute(on).await.map(|_| ())
    }

    fn value<'v>(&mut self, value: impl Encode<'v, Sqlite> + Type<Sqlite>) -> Result<(), sqlx::Error> {
        self.values.add(value).map_err(sqlx::Error::Encode)
    }
}

/// Tags as a column that SQLite can look into; most lines have none.
fn tags(line: &LedgerLine) -> Result<Option<String>, sqlx::Error> {
    let text = |tags| serde_json::to_string(tags).map_err(|error| sqlx::Error::Encode(error.into()));
    Some(&line.tags).filter(|tags| !tags.is_empty()).map(text).transpose()
}

/// The values of one statement.
pub(super) trait Values {
    /// Adds them in order.
    fn bind(self, to: &mut Script) -> Result<(), sqlx::Error>;
}

macro_rules! values {
    ($($name:ident)+) => {
        impl<'v, $($name: Encode<'v, Sqlite> + Type<Sqlite>),+> Values for ($($name,)+) {
            fn bind(self, to: &mut Script) -> Result<(), sqlx::Error> {
                #[expect(non_snake_case, reason = "values are named like their types")]
                let ($($name,)+) = self;
                $(to.value($name)?;)+
                Ok(())
            }
        }
    };
}

values!(A);
values!(A B C);
values!(A B C D);
