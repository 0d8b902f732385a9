//! Documents of compatible faces: read by key, by the beginning of keys or by age, written under a generation.

use caddis_engine::ports::{Document, DocumentWrite};
use sqlx::{SqliteConnection, SqlitePool};

type Found = (i64, String, String, i64, Option<String>, String);

fn document((number, kind, key, generation, about, body): Found) -> Document {
    Document { kind, key, number: number as u64, generation: generation as u64, about, body }
}

const NEWEST: &str = "SELECT number, kind, key, generation, about, body FROM documents INDEXED BY documents_folder \
    WHERE kind = ?1 AND folder = ?2 AND number < ?3 ORDER BY number DESC LIMIT ?4";

/// One.
pub(super) async fn one(from: &SqlitePool, kind: &str, key: &str) -> Result<Option<Document>, sqlx::Error> {
    let sql = "SELECT number, kind, key, generation, about, body FROM documents WHERE kind = ?1 AND key = ?2";
    Ok(sqlx::query_as(sql).bind(kind).bind(key).fetch_optional(from).await?.map(document))
}

/// Those whose keys begin with `prefix`, after the key `after`.
pub(super) async fn list(
    from: &SqlitePool,
    kind: &str,
    prefix: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<Document>, sqlx::Error> {
    // Keys are compared as bytes, so what begins with the prefix is one range, up to the prefix with more of the last
    // character there is than any key has. It begins at the later of both ends: the other comparison, that would begin at
    // the first key of all when there is no `after`, is kept from being taken for the index.
    let sql = "SELECT number, kind, key, generation, about, body FROM documents INDEXED BY documents_key \
               WHERE kind = ?1 AND key >= max(?2, ?4) AND key < ?3 AND +key > ?4 ORDER BY key LIMIT ?5";
    let end = format!("{prefix}{0}{0}{0}{0}", char::MAX);
    let query = sqlx::query_as(sql).bind(kind).bind(prefix).bind(end).bind(after).bind(at_most(limit));
    let found: Vec<Found> = query.fetch_all(from).await?;
    Ok(found.into_iter().map(document).collect())
}

/// Those of a folder, the one that was made last first.
pub(super) async fn newest(
    from: &SqlitePool,
    kind: &str,
    folder: &str,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<Document>, sqlx::Error> {
    let before = before.and_then(|number| i64::try_from(number).ok()).unwrap_or(i64::MAX);
    let query = sqlx::query_as(NEWEST).bind(kind).bind(folder).bind(before).bind(at_most(limit));
    let found: Vec<Found> = query.fetch_all(from).await?;
    Ok(found.into_iter().map(document).collect())
}

/// A negative limit is none.
fn at_most(limit: u32) -> i64 {
    if limit == 0 { -1 } else { i64::from(limit) }
}

/// Writes or removes one; answers whether its generation was the one that was read.
pub(super) async fn write(write: &DocumentWrite, to: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let (kind, key, read) = (&write.kind, &write.key, write.generation as i64);
    let query = match (&write.body, read) {
        (Some(body), 0) => {
            // Not an insertion that is ignored: it would take a number.
            let sql = "INSERT INTO documents (kind, key, generation, about, body, folder) SELECT ?1, ?2, 1, ?3, ?4, ?5 \
                       WHERE NOT EXISTS (SELECT 1 FROM documents WHERE kind = ?1 AND key = ?2)";
            sqlx::query(sql).bind(kind).bind(key).bind(&write.about).bind(body).bind(write.folder())
        }
        (Some(body), read) => {
            let sql = "UPDATE documents SET generation = ?3 + 1, body = ?4, about = ?5 \
                       WHERE kind = ?1 AND key = ?2 AND generation = ?3";
            sqlx::query(sql).bind(kind).bind(key).bind(read).bind(body).bind(&write.about)
        }
        (None, read) => sqlx::query("DELETE FROM documents WHERE kind = ?1 AND key = ?2 AND generation = ?3")
            .bind(kind)
            .bind(key)
            .bind(read),
    };
    Ok(query.execute(to).await?.rows_affected() == 1)
}

#[cfg(test)]
mod tests {
    use sqlx::Connection;

    use super::*;
    use crate::sqlite::schema;

    #[tokio::test]
    async fn a_page_reads_the_rows_that_it_answers_and_sorts_none() {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.expect("memory is there");
        schema::migrate(&mut connection, "memory".as_ref()).await.expect("the schema is sound");
        let sql = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {NEWEST}"));
        let rows: Vec<(i64, i64, i64, String)> = sqlx::query_as(sql).fetch_all(&mut connection).await.unwrap();
        let plan: Vec<_> = rows.into_iter().map(|row| row.3).collect();
        assert_eq!(plan, ["SEARCH documents USING INDEX documents_folder (kind=? AND folder=? AND number<?)"]);
    }
}
