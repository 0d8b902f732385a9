//! Lists by filter, newest first, each by an index that is named.
//!
//! Named, because SQLite guesses without statistics: it takes the index that spares it sorting, and reads ten thousand
//! ended jobs for the three that are active. With a name, a query that cannot use its index is an error in the tests.

use caddis_engine::ports::{ClusterFilter, JobFilter};
use sqlx::{QueryBuilder, Sqlite};

use super::record::Stored;

/// Jobs of a filter.
pub(super) fn jobs(filter: &JobFilter) -> QueryBuilder<Sqlite> {
    let wanted = Wanted {
        table: "jobs",
        link: ("cluster", filter.cluster.as_ref().map(|id| id.as_str())),
        active: filter.active,
        owner: filter.owner.as_deref(),
        name: filter.name.as_deref(),
        limit: filter.limit,
    };
    wanted.query()
}

/// Clusters of a filter.
pub(super) fn clusters(filter: &ClusterFilter) -> QueryBuilder<Sqlite> {
    let wanted = Wanted {
        table: "clusters",
        link: ("job", filter.job.as_ref().map(|id| id.as_str())),
        active: filter.active,
        owner: filter.owner.as_deref(),
        name: filter.name.as_deref(),
        limit: filter.limit,
    };
    wanted.query()
}

/// Those of these ids that are there, newest first. One value holds them all, so that it stays one prepared statement.
pub(super) fn of<R: Stored>(ids: &[R::Id]) -> QueryBuilder<Sqlite> {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let mut query = QueryBuilder::new(R::READ_THESE);
    query.push_bind(serde_json::Value::from(ids).to_string()).push(")) ORDER BY id DESC");
    query
}

/// A filter of either table.
struct Wanted<'f> {
    table: &'static str,
    link: (&'static str, Option<&'f str>),
    active: bool,
    owner: Option<&'f str>,
    name: Option<&'f str>,
    limit: u32,
}

impl Wanted<'_> {
    /// The index that leaves the fewest rows to look at; none where all rows are wanted, in the order of their ids.
    fn index(&self) -> Option<String> {
        let (column, link) = self.link;
        let index = match (link, self.active, self.owner, self.name) {
            (Some(_), ..) => column,
            (None, true, Some(_), Some(_)) => "taken_name",
            (None, true, Some(_), None) => "active_owner",
            (None, true, None, _) => "active",
            (None, false, Some(_), Some(_)) => "name",
            (None, false, Some(_), None) => "owner",
            (None, false, None, _) => return None,
        };
        Some(format!("{}_{index}", self.table))
    }

    fn query(&self) -> QueryBuilder<Sqlite> {
        let mut query = QueryBuilder::new("SELECT id, generation, body_version, body FROM ");
        query.push(self.table);
        if let Some(index) = self.index() {
            query.push(" INDEXED BY ").push(index);
        }
        // Written out, not bound: a partial index is only used where its condition is seen.
        query.push(if self.active { " WHERE active = 1" } else { " WHERE true" });
        for (column, value) in [self.link, ("owner", self.owner), ("name", self.name)] {
            if let Some(value) = value {
                query.push(" AND ").push(column).push(" = ").push_bind(value.to_owned());
            }
        }
        query.push(" ORDER BY id DESC");
        if self.limit > 0 {
            query.push(" LIMIT ").push_bind(i64::from(self.limit));
        }
        query
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, SqliteConnection};

    use super::*;
    use crate::sqlite::schema;

    /// Every filter there is, with how SQLite answers it.
    async fn plans() -> Vec<(JobFilter, String)> {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.expect("memory is there");
        schema::migrate(&mut connection, "memory".as_ref()).await.expect("the schema is sound");
        let mut plans = Vec::new();
        for bits in 0..32u8 {
            let on = |bit: u8| bits & bit != 0;
            let filter = JobFilter {
                owner: on(1).then(|| "ada".to_owned()),
                active: on(2),
                cluster: on(4).then(|| "cl_0000000000000001".parse().expect("it is an id")),
                name: on(8).then(|| "etl".to_owned()),
                limit: u32::from(on(16)),
            };
            let mut query = QueryBuilder::<Sqlite>::new("EXPLAIN QUERY PLAN ");
            query.push(jobs(&filter).sql().as_str());
            let rows: Vec<(i64, i64, i64, String)> = query.build_query_as().fetch_all(&mut connection).await.unwrap();
            plans.push((filter, rows.into_iter().map(|row| row.3).collect::<Vec<_>>().join("; ")));
        }
        plans
    }

    #[tokio::test]
    async fn no_filter_of_the_loop_reads_rows_it_does_not_want_or_sorts_many() {
        for (filter, plan) in plans().await {
            let all = JobFilter { limit: 0, name: None, ..filter.clone() } == JobFilter::default();
            let active = JobFilter { limit: 0, name: None, active: false, ..filter.clone() } == JobFilter::default();
            if all {
                assert!(plan.contains("sqlite_autoindex_jobs_1"), "{filter:?}: {plan}");
            } else if active {
                assert!(plan.contains("SCAN jobs USING INDEX jobs_active"), "{filter:?}: {plan}");
            } else {
                assert!(plan.contains("SEARCH jobs USING INDEX"), "{filter:?}: {plan}");
            }
            let one_at_most = plan.contains("jobs_taken_name");
            assert!(one_at_most || !plan.contains("TEMP B-TREE"), "{filter:?}: {plan}");
        }
    }

    #[tokio::test]
    async fn both_tables_have_the_indexes_that_are_named() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.expect("memory is there");
        schema::migrate(&mut connection, "memory".as_ref()).await.expect("the schema is sound");
        for bits in 0..16u8 {
            let on = |bit: u8| bits & bit != 0;
            let filter = ClusterFilter {
                owner: on(1).then(|| "ada".to_owned()),
                active: on(2),
                job: on(4).then(|| "job_0000000000000001".parse().expect("it is an id")),
                name: on(8).then(|| "etl".to_owned()),
                limit: 3,
            };
            clusters(&filter).build().fetch_all(&mut connection).await.expect("its index can be used");
        }
    }
}
