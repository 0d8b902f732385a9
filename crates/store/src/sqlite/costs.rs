//! Adding up the ledger. SQLite adds the lines that lie within the span; those across its ends are told one by one.
//!
//! Sums, edges and living clusters are read in one transaction: with a write-ahead log that is one moment of the file.

use caddis_core::ledger::report::Sum;
use caddis_core::record::ClusterRecord;
use caddis_engine::ports::{ClusterFilter, CostFilter, Costs, StoreError};
use caddis_types::api::CostBy;
use caddis_types::{NanoDollars, Timestamp};
use sqlx::{QueryBuilder, Sqlite, SqlitePool};

use super::query;
use super::record::{Found, read};
use crate::body::LEDGER;

/// A line lies within a day, unless a clock was wrong by years.
const DAY: i64 = 86_400_000_000;

const READ: &str = " SELECT key, body_version, body FROM owners CROSS JOIN ledger";
const AND_READ: &str = " UNION ALL SELECT key, body_version, body FROM owners CROSS JOIN ledger";
/// Every owner, found by leaps through the index: there are few, and each has a part of it.
const EVERYBODY: &str = "WITH RECURSIVE owners (name) AS (SELECT min(owner) FROM ledger UNION ALL \
    SELECT (SELECT min(owner) FROM ledger WHERE owner > name) FROM owners WHERE name IS NOT NULL)";

/// Rows as they were read.
pub(super) struct Rows {
    sums: Vec<(Option<String>, bool, i64, i64, i64)>,
    edges: Vec<(String, i64, String)>,
    living: Vec<Found>,
    by: CostBy,
}

impl Rows {
    /// The same as records.
    pub(super) fn read(self) -> Result<Costs, StoreError> {
        let sum = |(group, idle, lines, micros, cost): (Option<String>, bool, i64, i64, i64)| Sum {
            group: group.map(|group| label(self.by, group)),
            idle,
            lines: lines.unsigned_abs(),
            micros,
            cost: NanoDollars(cost),
        };
        let edges = self.edges.iter().map(|(key, version, body)| LEDGER.read(key, *version, body));
        Ok(Costs {
            edges: edges.collect::<Result<_, _>>()?,
            living: self.living.into_iter().map(read::<ClusterRecord>).collect::<Result<_, _>>()?,
            sums: self.sums.into_iter().map(sum).collect(),
        })
    }
}

/// Days are numbers in the file.
fn label(by: CostBy, group: String) -> String {
    match (by, group.parse::<i64>()) {
        (CostBy::Day, Ok(day)) => Timestamp(day.saturating_mul(DAY)).date(),
        _ => group,
    }
}

pub(super) async fn costs(readers: &SqlitePool, filter: &CostFilter) -> Result<Rows, sqlx::Error> {
    let mut reader = readers.begin().await?;
    let sums = sums(filter).build_query_as().fetch_all(&mut *reader).await?;
    let edges = edges(filter).build_query_as().fetch_all(&mut *reader).await?;
    let living = ClusterFilter { owner: filter.owner.clone(), active: true, ..ClusterFilter::default() };
    let living = query::clusters(&living).build_query_as().fetch_all(&mut *reader).await?;
    reader.commit().await?;
    Ok(Rows { sums, edges, living, by: filter.by })
}

fn sums(filter: &CostFilter) -> QueryBuilder<Sqlite> {
    let mut query = of_owners(filter);
    query.push(" SELECT ");
    match filter.by {
        CostBy::Owner => query.push("owner"),
        CostBy::Tag => match &filter.tag {
            Some(tag) => query.push("json_extract(tags, ").push_bind(format!("$.\"{tag}\"")).push(")"),
            // They stand in the order of their names.
            None => query.push("(SELECT group_concat(key || '=' || value, ', ') FROM json_each(tags))"),
        },
        CostBy::Job => query.push("job"),
        // Before 1970 a plain division would round the other way.
        CostBy::Day => query.push("CAST((started_at - ((started_at % 86400000000) + 86400000000) % 86400000000) / 86400000000 AS TEXT)"),
        CostBy::Profile => query.push("NULLIF(profile, '')"),
        CostBy::Machine => query.push("NULLIF(machine, '')"),
        CostBy::Kind => query.push("kind"),
        CostBy::Cluster => query.push("cluster"),
    };
    query.push(" AS grouped, idle, count(*), sum(ended_at - started_at), sum(cost) FROM owners CROSS JOIN ledger INDEXED BY ledger_sums WHERE owner = name AND started_at >= ");
    query.push_bind(filter.since.0).push(" AND started_at < ").push_bind(filter.until.0);
    query.push(" AND ended_at <= ").push_bind(filter.until.0);
    query.push(" GROUP BY grouped, idle ORDER BY grouped, idle");
    query
}

/// Lines that begin before the span and reach into it, or begin in it and reach beyond. Nearly all are at most a day long,
/// so that only a day before each end is looked through; the others have an index of their own.
fn edges(filter: &CostFilter) -> QueryBuilder<Sqlite> {
    let (since, until) = (filter.since.0, filter.until.0);
    let mut query = of_owners(filter);
    for (number, end) in [since, until].into_iter().enumerate() {
        query.push(if number == 0 { READ } else { AND_READ }).push(" INDEXED BY ledger_sums WHERE owner = name AND started_at >= ");
        query.push_bind(end.saturating_sub(DAY)).push(" AND started_at < ").push_bind(end);
        query.push(" AND ended_at > ").push_bind(end).push(" AND ended_at - started_at <= 86400000000");
        // What reaches across both ends is told once, and what ends before the span not at all.
        if number == 1 {
            query.push(" AND started_at >= ").push_bind(since);
        }
    }
    query.push(AND_READ).push(" INDEXED BY ledger_long WHERE owner = name AND ended_at - started_at > 86400000000 AND started_at < ");
    query.push_bind(until).push(" AND ended_at > ").push_bind(since);
    query.push(" AND (started_at < ").push_bind(since).push(" OR ended_at > ").push_bind(until).push(")");
    query
}

/// Whose lines, as a table `owners (name)`: the index has the lines of each in the order of time.
fn of_owners(filter: &CostFilter) -> QueryBuilder<Sqlite> {
    let Some(owner) = &filter.owner else { return QueryBuilder::new(EVERYBODY) };
    let mut query = QueryBuilder::new("WITH owners (name) AS (SELECT ");
    query.push_bind(owner.clone()).push(")");
    query
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, SqliteConnection};

    use super::*;
    use crate::sqlite::schema;

    async fn plan(connection: &mut SqliteConnection, wanted: &QueryBuilder<Sqlite>) -> String {
        let mut query = QueryBuilder::<Sqlite>::new("EXPLAIN QUERY PLAN ");
        query.push(wanted.sql().as_str());
        let rows: Vec<(i64, i64, i64, String)> = query.build_query_as().fetch_all(connection).await.unwrap();
        rows.into_iter().map(|row| row.3).collect::<Vec<_>>().join("; ")
    }

    #[tokio::test]
    async fn sums_read_the_index_alone_and_edges_a_day_of_it() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.expect("memory is there");
        schema::migrate(&mut connection, "memory".as_ref()).await.expect("the schema is sound");
        let tags = [None, Some("team".to_owned())];
        for (by, tag) in CostBy::ALL.iter().flat_map(|by| tags.clone().map(|tag| (by, tag))) {
            for owner in [None, Some("ada".to_owned())] {
                let filter = CostFilter { owner, by: *by, tag: tag.clone(), ..CostFilter::default() };
                let sums = plan(&mut connection, &sums(&filter)).await;
                assert!(sums.contains("SEARCH ledger USING COVERING INDEX ledger_sums (owner=? AND started_at>? AND started_at<?)"), "{by:?}: {sums}");
                let edges = plan(&mut connection, &edges(&filter)).await;
                assert_eq!(edges.matches("USING INDEX ledger_sums (owner=? AND started_at>? AND started_at<?)").count(), 2, "{edges}");
                assert!(edges.contains("ledger_long"), "{edges}");
            }
        }
    }
}
