//! Documents of compatible faces: read by key or by the beginning of keys, written under a generation.

use caddis_engine::ports::{Document, DocumentWrite};
use sqlx::{SqliteConnection, SqlitePool};

type Found = (String, String, i64, String);

fn document((kind, key, generation, body): Found) -> Document {
    Document { kind, key, generation: generation as u64, body }
}

/// One.
pub(super) async fn one(from: &SqlitePool, kind: &str, key: &str) -> Result<Option<Document>, sqlx::Error> {
    let sql = "SELECT kind, key, generation, body FROM documents WHERE kind = ?1 AND key = ?2";
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
    // character there is than any key has; a negative limit is none.
    let limit = if limit == 0 { -1 } else { i64::from(limit) };
    let sql = "SELECT kind, key, generation, body FROM documents \
               WHERE kind = ?1 AND key >= ?2 AND key < ?3 AND key > ?4 ORDER BY key LIMIT ?5";
    let query = sqlx::query_as(sql).bind(kind).bind(prefix).bind(format!("{prefix}{0}{0}{0}{0}", char::MAX)).bind(after).bind(limit);
    let found: Vec<Found> = query.fetch_all(from).await?;
    Ok(found.into_iter().map(document).collect())
}

/// Writes or removes one; answers whether its generation was the one that was read.
pub(super) async fn write(write: &DocumentWrite, to: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    let (kind, key, read) = (&write.kind, &write.key, write.generation as i64);
    let query = match (&write.body, read) {
        (Some(body), 0) => sqlx::query("INSERT OR IGNORE INTO documents (kind, key, generation, body) VALUES (?1, ?2, ?3 + 1, ?4)")
            .bind(kind)
            .bind(key)
            .bind(read)
            .bind(body),
        (Some(body), read) => {
            sqlx::query("UPDATE documents SET generation = ?3 + 1, body = ?4 WHERE kind = ?1 AND key = ?2 AND generation = ?3")
                .bind(kind)
                .bind(key)
                .bind(read)
                .bind(body)
        }
        (None, read) => sqlx::query("DELETE FROM documents WHERE kind = ?1 AND key = ?2 AND generation = ?3")
            .bind(kind)
            .bind(key)
            .bind(read),
    };
    Ok(query.execute(to).await?.rows_affected() == 1)
}
