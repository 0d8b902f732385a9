//! Decisions about the sizes of clusters: each look at a cluster that works is one, so there are thousands an hour.
//!
//! They are written as rows; whenever a cluster has [`PACK`] of them, those become one compressed pack, since each says
//! almost the same as the one before. A pack is made in the transaction that made it due.
//!
//! What always holds: a decision lies in one place; whoever reads cannot tell in which.

use std::io::{self, Read, Write};

use caddis_core::record::DecisionRow;
use caddis_engine::ports::StoreError;
use caddis_types::{ClusterId, Timestamp};
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use sqlx::{SqliteConnection, SqlitePool};

use crate::trouble;

/// So many rows become a pack.
const PACK: i64 = 64;
/// Of a file that was written before there were packs, this many are made in one transaction.
const AT_ONCE: i64 = 16;

/// A decision as it is stored: its moment, and the JSON of its body.
type Stored = (i64, String);

/// Where it lies, for an order of those with the same moment: the pack (rows come after all packs), and the place in it.
type Place = (i64, usize);

/// Makes packs of a cluster's rows while there are enough. Inside a transaction that the caller ends.
pub(super) async fn pack(cluster: &str, on: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let count = sqlx::query_scalar("SELECT count(*) FROM decisions WHERE cluster = ?1").bind(cluster);
    let count: i64 = count.fetch_one(&mut *on).await?;
    for _ in 0..(count / PACK).min(AT_ONCE) {
        let rows = "SELECT at, body, number FROM decisions WHERE cluster = ?1 ORDER BY number LIMIT ?2";
        let rows: Vec<(i64, String, i64)> = sqlx::query_as(rows).bind(cluster).bind(PACK).fetch_all(&mut *on).await?;
        let newest = rows.last().map_or(0, |(.., number)| *number);
        let rows: Vec<Stored> = rows.into_iter().map(|(at, body, _)| (at, body)).collect();
        put(cluster, &rows, on).await?;
        let done = sqlx::query("DELETE FROM decisions WHERE cluster = ?1 AND number <= ?2").bind(cluster).bind(newest);
        done.execute(&mut *on).await?;
    }
    Ok(())
}

async fn put(cluster: &str, rows: &[Stored], on: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let moments = || rows.iter().map(|(at, _)| *at);
    let (Some(first), Some(last)) = (moments().min(), moments().max()) else { return Ok(()) };
    let body = packed(rows)?;
    sqlx::query("INSERT INTO decision_packs (cluster, first, last, body) VALUES (?1, ?2, ?3, ?4)")
        .bind(cluster)
        .bind(first)
        .bind(last)
        .bind(body)
        .execute(&mut *on)
        .await?;
    Ok(())
}

/// Those after a moment, oldest first; `limit` of them and whatever else is of the last one's moment, 0 means all.
pub(super) async fn after(
    cluster: &ClusterId,
    after: Timestamp,
    limit: u32,
    from: &SqlitePool,
) -> Result<Result<Vec<DecisionRow>, StoreError>, sqlx::Error> {
    let limit = if limit == 0 { usize::MAX } else { limit as usize };
    // One look at the file: a pack that is made meanwhile would otherwise be seen twice, or not at all.
    let mut from = from.begin().await?;
    let loose = sqlx::query_as("SELECT at, body FROM decisions WHERE cluster = ?1 AND at > ?2 ORDER BY number");
    let loose: Vec<Stored> = loose.bind(cluster.as_str()).bind(after.0).fetch_all(&mut *from).await?;
    let packs = "SELECT number, first FROM decision_packs WHERE cluster = ?1 AND last > ?2 ORDER BY first, number";
    let packs: Vec<(i64, i64)> = sqlx::query_as(packs).bind(cluster.as_str()).bind(after.0).fetch_all(&mut *from).await?;
    let mut found: Vec<(i64, Place, String)> = Vec::new();
    take(&mut found, i64::MAX, loose, after);
    cut(&mut found, limit);
    for (number, first) in packs {
        // What begins later has nothing to say before those that are wanted.
        if found.len() >= limit && found[limit - 1].0 < first {
            break;
        }
        let body = sqlx::query_scalar("SELECT body FROM decision_packs WHERE number = ?1").bind(number);
        let body: Vec<u8> = body.fetch_one(&mut *from).await?;
        match unpacked(&body) {
            Ok(rows) => take(&mut found, number, rows, after),
            Err(error) => return Ok(Err(trouble::unreadable("pack of decisions", cluster.as_str(), &error))),
        }
        if limit < usize::MAX {
            cut(&mut found, limit);
        }
    }
    cut(&mut found, limit);
    let row = |(at, _, body): (i64, Place, String)| {
        let row = DecisionRow::read(cluster.clone(), Timestamp(at), &body);
        row.map_err(|error| trouble::unreadable("decision", cluster.as_str(), &error))
    };
    Ok(found.into_iter().map(row).collect())
}

fn take(found: &mut Vec<(i64, Place, String)>, number: i64, rows: Vec<Stored>, after: Timestamp) {
    let placed = rows.into_iter().enumerate().map(|(index, (at, body))| (at, (number, index), body));
    found.extend(placed.filter(|(at, ..)| *at > after.0));
}

/// Orders them and ends the page behind the last one's moment, so that no moment is on two pages.
fn cut(found: &mut Vec<(i64, Place, String)>, limit: usize) {
    found.sort_unstable_by_key(|(at, place, _)| (*at, *place));
    if let Some(last) = found.get(limit - 1).map(|(at, ..)| *at) {
        found.truncate(found.partition_point(|(at, ..)| *at <= last));
    }
}

/// Removes those of these clusters (a JSON list), and whatever is older than `before`. Inside a transaction that the
/// caller ends.
pub(super) async fn remove(clusters: &str, before: i64, from: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    for sql in [
        "DELETE FROM decisions WHERE at < ?2 OR cluster IN (SELECT value FROM json_each(?1))",
        "DELETE FROM decision_packs WHERE (first < ?2 AND last < ?2) OR cluster IN (SELECT value FROM json_each(?1))",
    ] {
        sqlx::query(sql).bind(clusters).bind(before).execute(&mut *from).await?;
    }
    let parts = "SELECT number, cluster, body FROM decision_packs WHERE first < ?1";
    let parts: Vec<(i64, String, Vec<u8>)> = sqlx::query_as(parts).bind(before).fetch_all(&mut *from).await?;
    for (number, cluster, body) in parts {
        let mut rows = match unpacked(&body) {
            Ok(rows) => rows,
            Err(error) => {
                // It goes when all of it is old. Nothing else shall stay because of it.
                tracing::warn!(cluster, %error, "a pack of decisions in the state file cannot be read");
                continue;
            }
        };
        rows.retain(|(at, _)| *at >= before);
        // In its place, since the order of packs tells which of two of the same moment came first.
        let first = rows.iter().map(|(at, _)| *at).min();
        let body = packed(&rows)?;
        sqlx::query("UPDATE decision_packs SET first = ?2, body = ?3 WHERE number = ?1")
            .bind(number)
            .bind(first)
            .bind(body)
            .execute(&mut *from)
            .await?;
    }
    Ok(())
}

fn packed(rows: &[Stored]) -> io::Result<Vec<u8>> {
    let mut stream = ZlibEncoder::new(Vec::new(), Compression::default());
    for (at, body) in rows {
        writeln!(stream, "{at} {body}")?;
    }
    stream.finish()
}

fn unpacked(body: &[u8]) -> serde_json::Result<Vec<Stored>> {
    let mut text = String::new();
    ZlibDecoder::new(body).read_to_string(&mut text).map_err(serde_json::Error::io)?;
    let line = |line: &str| {
        let (at, body) = line.split_once(' ').unwrap_or_default();
        Ok((serde_json::from_str(at)?, body.to_owned()))
    };
    text.lines().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pack_is_read_as_it_was_made_and_one_that_is_cut_off_is_refused() {
        let rows: Vec<Stored> = (0..100).map(|n| (n, format!(r#"{{"current":{n},"why":"steady"}}"#))).collect();
        let body = packed(&rows).unwrap();
        assert_eq!(unpacked(&body).unwrap(), rows);
        assert!(unpacked(&body[..body.len() / 2]).is_err());
        assert!(unpacked(b"no stream").is_err());
    }
}
