//! An archive in the object store, where one asks for it there.

use caddis_engine::calls::Caller;
use caddis_gcs::Store;
use caddis_gcs::store::{Draft, Fields};
use caddis_types::Timestamp;

use super::{FILE, unwritten};
use crate::face::Dataproc;
use crate::wire::Status;

/// A folder of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folder {
    bucket: String,
    /// Without a slash at its end; empty for the bucket itself.
    path: String,
}

/// The folder that is named as `gs://bucket/folder`, or nothing; its bucket is there and the caller's.
pub(super) fn wished(face: &Dataproc, caller: &Caller, uri: &str) -> Result<Option<Folder>, Status> {
    if uri.is_empty() {
        return Ok(None);
    }
    let folder = parse(uri).map_err(|what| Status::field("tarball_gcs_dir", what))?;
    match face.objects.bucket(&folder.bucket) {
        Ok(found) if found.owner == caller.owner => Ok(Some(folder)),
        _ => {
            let what = format!("the bucket `{}` does not exist; make it first, or leave the field out", folder.bucket);
            Err(Status::field("tarball_gcs_dir", what))
        }
    }
}

fn parse(uri: &str) -> Result<Folder, String> {
    let (bucket, path) = match uri.strip_prefix("gs://") {
        Some(rest) => rest.split_once('/').unwrap_or((rest, "")),
        None => ("", ""),
    };
    let path = path.trim_end_matches('/');
    // An object's name has at most 1024 bytes, and ours come behind it.
    match bucket {
        "" => Err(format!("`{uri}` is not of the form gs://bucket/folder")),
        _ if path.len() > 800 || path.contains(['\0', '\r', '\n']) => Err("its folder cannot be the begin of an object's name".to_owned()),
        _ => Ok(Folder { bucket: bucket.to_owned(), path: path.to_owned() }),
    }
}

/// Puts it there, and answers its address. Blocks.
pub(super) fn put(store: &Store, to: &Folder, name: &str, archive: &[u8], now: Timestamp) -> Result<String, Status> {
    let object = match to.path.as_str() {
        "" => format!("{name}/{FILE}"),
        path => format!("{path}/{name}/{FILE}"),
    };
    let draft = Draft { fields: Fields::of_type("application/gzip"), ..Draft::named(&object) };
    store.put_bytes(&to.bucket, draft, archive, now).map_err(|error| unwritten(&error))?;
    Ok(format!("gs://{}/{object}", to.bucket))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_buckets() {
        for (uri, bucket, path) in [("gs://b", "b", ""), ("gs://b/", "b", ""), ("gs://b/a/c/", "b", "a/c")] {
            assert_eq!(parse(uri), Ok(Folder { bucket: bucket.to_owned(), path: path.to_owned() }), "{uri}");
        }
        let long = format!("gs://b/{}", "x".repeat(801));
        for bad in ["b", "/b", "gs://", "gs:///a", "s3://b/a", "gs://b/a\nb", &long] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
