//! The store over a real folder: what is there is whole, what failed leaves nothing, and all of it is found again.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use caddis_gcs::store::{Bucket, Conditions, Draft, Expected, Fields, Progress, Source, Upload};
use caddis_gcs::{Store, StoreError};
use caddis_types::Timestamp;
use tempfile::TempDir;

const NOW: Timestamp = Timestamp(1_795_471_999_000_000);
const BUCKET: &str = "team-data";

fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(&folder.path().join("storage")).expect("a store");
    store.create_bucket(Bucket::new("ann", "p", BUCKET, NOW)).expect("a bucket");
    (folder, store)
}

fn again(folder: &TempDir) -> Store {
    Store::open(&folder.path().join("storage")).expect("a store")
}

fn content(store: &Store, name: &str) -> Vec<u8> {
    let (object, mut file) = store.read(BUCKET, name).expect(name);
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).expect("read");
    assert_eq!(object.size, bytes.len() as u64);
    bytes
}

fn source(name: &str) -> Source {
    Source { bucket: BUCKET.to_owned(), name: name.to_owned(), ..Source::default() }
}

/// Every file below a folder, with its size.
fn files(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let metadata = entry.metadata().expect("metadata");
        if metadata.is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.insert(entry.path(), metadata.len());
        }
    }
    found
}

#[test]
fn objects_are_found_again_after_a_restart() {
    let (folder, store) = store();
    let draft = Draft { fields: Fields::of_type("text/csv"), ..Draft::named("a/b.csv") };
    let made = store.put_bytes(BUCKET, draft, b"x,y\n", NOW).expect("made");
    assert_eq!((made.size, made.metageneration, made.md5.as_deref()), (4, 1, Some("BDISu5g04zRnfpyWWSlL1A==")));
    drop(store);
    let store = again(&folder);
    assert_eq!(content(&store, "a/b.csv"), b"x,y\n");
    assert_eq!(store.stat(BUCKET, "a/b.csv").expect("there"), made);
    let later = store.put_bytes(BUCKET, Draft::named("a/b.csv"), b"", Timestamp(5)).expect("made");
    assert!(later.generation > made.generation, "also when the clock was set back");
    let copy = folder.path().join("copy");
    store.read_to(BUCKET, "a/b.csv", &copy).expect("written");
    assert_eq!(fs::read(copy).expect("read"), b"");
}

#[test]
fn hostile_names_stay_inside() {
    let (folder, store) = store();
    let before = files(folder.path()).len();
    let long = "ä".repeat(512);
    let names = ["../../../escape", "/etc/passwd", "a//b/../c", "~root", "\0", "con\u{202e}txt", "%2e%2e", &long, "objects", "bucket.json"];
    for name in names {
        store.put_bytes(BUCKET, Draft::named(name), name.as_bytes(), NOW).expect(name);
    }
    let store = again(&folder);
    for name in names {
        assert_eq!(content(&store, name), name.as_bytes());
    }
    let after = files(folder.path());
    assert_eq!(after.len(), before + 2 * names.len());
    let inside = folder.path().join("storage/buckets").join(BUCKET);
    assert!(after.keys().all(|path| path.starts_with(&inside)), "{after:?}");
    for bad in ["../x", "a/b", ".", ""] {
        assert!(matches!(store.create_bucket(Bucket::new("ann", "p", bad, NOW)), Err(StoreError::Invalid { .. })), "{bad}");
    }
}

#[test]
fn a_link_in_the_place_of_a_folder_or_of_bytes_is_refused() {
    let (folder, store) = store();
    store.put_bytes(BUCKET, Draft::named("a"), b"mine", NOW).expect("made");
    let data = folder.path().join("storage/buckets").join(BUCKET).join("data");
    let blob = fs::read_dir(&data).expect("data").flatten().next().expect("bytes").path();
    fs::remove_file(&blob).expect("removed");
    std::os::unix::fs::symlink("/etc/passwd", &blob).expect("a link");
    assert!(matches!(store.read(BUCKET, "a"), Err(StoreError::Io(_))));
    let other = folder.path().join("other");
    std::os::unix::fs::symlink("/tmp", &other).expect("a link");
    assert!(Store::open(&other).is_err());
}

#[test]
fn files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, store) = store();
    store.put_bytes(BUCKET, Draft::named("a"), b"mine", NOW).expect("made");
    for path in files(folder.path()).keys() {
        assert_eq!(fs::metadata(path).expect("there").permissions().mode() & 0o777, 0o600, "{path:?}");
        for parent in path.ancestors().take_while(|parent| *parent != folder.path()).skip(1) {
            assert_eq!(fs::metadata(parent).expect("there").permissions().mode() & 0o777, 0o700, "{parent:?}");
        }
    }
}

#[test]
fn what_a_killed_process_left_is_removed() {
    let (folder, store) = store();
    store.put_bytes(BUCKET, Draft::named("kept"), b"kept", NOW).expect("made");
    let clean = files(folder.path());
    let mut writer = store.writer(BUCKET, NOW).expect("a writer");
    writer.write(b"half an obj").expect("written");
    // As if the process had been killed: nothing is dropped.
    std::mem::forget(writer);
    let bucket = folder.path().join("storage/buckets").join(BUCKET);
    fs::write(bucket.join("objects/0123.new"), b"{\"name\":").expect("written");
    fs::create_dir(folder.path().join("storage/aside/1-1")).expect("made");
    assert!(store.stat(BUCKET, "half").is_err());
    let store = again(&folder);
    assert_eq!(store.list(BUCKET, "").expect("a list").len(), 1);
    assert_eq!(files(folder.path()), clean);
    assert!(!folder.path().join("storage/aside/1-1").exists());
}

#[test]
fn a_writer_that_is_dropped_leaves_nothing() {
    let (folder, store) = store();
    let clean = files(folder.path());
    let mut writer = store.writer(BUCKET, NOW).expect("a writer");
    writer.write(b"half").expect("written");
    drop(writer);
    let wrong = Draft { expected: Expected { md5: Some("AAAA".into()), crc32c: None }, ..Draft::named("a") };
    assert!(matches!(store.put_bytes(BUCKET, wrong, b"x", NOW), Err(StoreError::Invalid { .. })));
    assert!(store.put_bytes(BUCKET, Draft::named("a\n"), b"x", NOW).is_err());
    assert_eq!(files(folder.path()), clean);
}

#[test]
fn preconditions_decide_races() {
    let (_folder, store) = store();
    let locks = std::thread::scope(|scope| {
        let take = || {
            let draft = Draft { conditions: Conditions::absent(), ..Draft::named("lock") };
            store.put_bytes(BUCKET, draft, b"me", NOW).is_ok()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(take)).collect();
        threads.into_iter().map(|thread| u32::from(thread.join().expect("a thread"))).sum::<u32>()
    });
    assert_eq!(locks, 1, "one of eight took the lock");
    let object = store.stat(BUCKET, "lock").expect("there");
    let when = |conditions| Source { conditions, ..source("lock") };
    let other = Conditions { generation_match: Some(object.generation + 1), ..Conditions::default() };
    assert!(matches!(store.delete_if(&when(other)), Err(StoreError::Condition("ifGenerationMatch"))));
    let known = Conditions { generation_not_match: Some(object.generation), ..Conditions::default() };
    assert!(matches!(store.stat_if(&when(known)), Err(StoreError::Unchanged)));
    let patched = store.patch(&source("lock"), |_| Ok(Fields::of_type("text/plain")), NOW).expect("patched");
    assert_eq!((patched.generation, patched.metageneration), (object.generation, 2));
    let meta = Conditions { metageneration_match: Some(1), ..Conditions::default() };
    assert!(store.delete_if(&when(meta)).is_err());
    store.delete(BUCKET, "lock").expect("deleted");
    assert!(matches!(store.delete(BUCKET, "lock"), Err(StoreError::NoObject { .. })));
}

#[test]
fn copies_share_bytes_and_outlive_their_source() {
    let (folder, store) = store();
    store.create_bucket(Bucket::new("ann", "p", "other", NOW)).expect("a bucket");
    let draft = Draft { fields: Fields::of_type("text/plain"), ..Draft::named("a") };
    let made = store.put_bytes(BUCKET, draft, b"bytes", NOW).expect("made");
    let copy = store.copy(&source("a"), "other", "b", None, Conditions::default(), NOW).expect("copied");
    assert_eq!((copy.md5.as_ref(), &copy.crc32c, &copy.fields), (made.md5.as_ref(), &made.crc32c, &made.fields));
    store.delete(BUCKET, "a").expect("deleted");
    let mut text = String::new();
    again(&folder).read("other", "b").expect("there").1.read_to_string(&mut text).expect("read");
    assert_eq!(text, "bytes");
}

#[test]
fn composed_objects_hold_their_sources_in_order() {
    let (_folder, store) = store();
    for (name, text) in [("1", "one "), ("2", "two "), ("3", "three")] {
        store.put_bytes(BUCKET, Draft::named(name), text.as_bytes(), NOW).expect("made");
    }
    let sources: Vec<Source> = ["1", "2", "1"].map(source).into();
    let made = store.compose(BUCKET, &sources, Draft::named("1"), NOW).expect("composed");
    assert_eq!((content(&store, "1"), made.component_count, made.md5.clone()), (b"one two one ".to_vec(), Some(3), None));
    let plain = store.put_bytes(BUCKET, Draft::named("plain"), b"one two one ", NOW).expect("made");
    assert_eq!(plain.crc32c, made.crc32c);
    let more = store.compose(BUCKET, &["1", "3"].map(source), Draft::named("4"), NOW).expect("composed");
    assert_eq!(more.component_count, Some(4));
    assert!(store.compose(BUCKET, &[], Draft::named("x"), NOW).is_err());
    assert!(store.compose(BUCKET, &vec![source("3"); 33], Draft::named("x"), NOW).is_err());
    assert!(matches!(store.compose(BUCKET, &[source("none")], Draft::named("x"), NOW), Err(StoreError::NoObject { .. })));
}

#[test]
fn an_upload_goes_on_after_a_restart_and_is_finished_once() {
    let (folder, store) = store();
    let draft = Draft { conditions: Conditions::absent(), ..Draft::named("large") };
    let id = store.begin_upload(&Upload::new("ann", BUCKET, draft, Some(10), NOW)).expect("begun");
    let (first, _) = store.continue_upload(&id).expect("there");
    assert_eq!(first.append(0, b"01234").expect("taken"), 5);
    drop(store);
    let store = again(&folder);
    let (turn, progress) = store.continue_upload(&id).expect("there");
    assert!(matches!(progress, Progress::Received(5)), "{progress:?}");
    assert!(turn.append(6, b"x").is_err(), "no gap");
    assert_eq!(turn.append(3, b"34567").expect("taken"), 8, "what is known is passed over");
    let (late, _) = store.continue_upload(&id).expect("there");
    assert!(matches!(turn.append(8, b"zz"), Err(StoreError::Superseded)), "the request before may still be at it");
    assert_eq!(late.append(8, b"89").expect("taken"), 10);
    let record = folder.path().join("storage/uploads").join(format!("{id}.json"));
    let unfinished = fs::read(&record).expect("a record");
    let made = late.finish(&Expected::default(), NOW).expect("finished");
    assert_eq!(content(&store, "large"), b"0123456789");
    assert_eq!(late.finish(&Expected::default(), NOW).expect("finished"), made);
    let (_, progress) = store.continue_upload(&id).expect("there");
    assert!(matches!(progress, Progress::Finished(object) if *object == made));
    // As if the process had been killed between the object and the record of its upload.
    fs::write(&record, unfinished).expect("written");
    fs::write(record.with_extension("data"), b"0123456789").expect("written");
    let (turn, _) = again(&folder).continue_upload(&id).expect("there");
    assert_eq!(turn.finish(&Expected::default(), NOW).expect("finished"), made, "no condition stands against itself");
}

#[test]
fn uploads_end_by_being_cancelled_or_after_a_week() {
    let (folder, store) = store();
    let upload = Upload::new("ann", BUCKET, Draft::named("a"), None, NOW);
    let (one, two) = (store.begin_upload(&upload).expect("begun"), store.begin_upload(&upload).expect("begun"));
    let (turn, _) = store.continue_upload(&one).expect("there");
    store.cancel_upload(&one).expect("cancelled");
    assert!(turn.append(0, b"x").is_err());
    assert!(matches!(store.continue_upload(&one), Err(StoreError::NoUpload)));
    let day = std::time::Duration::from_secs(86_400);
    store.expire(None, NOW + day * 6).expect("expired");
    assert!(store.continue_upload(&two).is_ok());
    store.expire(None, NOW + day * 8).expect("expired");
    assert!(matches!(store.continue_upload(&two), Err(StoreError::NoUpload)));
    assert_eq!(fs::read_dir(folder.path().join("storage/uploads")).expect("a folder").count(), 0);
    for bad in ["", "../x", "a/b", "..", "ä"] {
        assert!(matches!(store.continue_upload(bad), Err(StoreError::NoUpload)), "{bad}");
    }
}

#[test]
fn old_staging_data_goes_and_nothing_else() {
    let (_folder, store) = store();
    store.ensure_bucket("ann", "p", "dataproc-staging-x", NOW).expect("made");
    assert!(store.ensure_bucket("ann", "p", "dataproc-staging-x", NOW).is_ok());
    assert!(store.ensure_bucket("bob", "p", "dataproc-staging-x", NOW).is_err(), "another's");
    for (bucket, name) in [("dataproc-staging-x", "a"), (BUCKET, "google-cloud-dataproc-metainfo/u/x"), (BUCKET, "data")] {
        store.put_bytes(bucket, Draft::named(name), b"", NOW).expect("made");
    }
    let day = std::time::Duration::from_secs(86_400);
    assert_eq!(store.expire(Some(day * 7), NOW + day * 6).expect("expired"), 0);
    assert_eq!(store.expire(None, NOW + day * 99).expect("expired"), 0);
    assert_eq!(store.expire(Some(day * 7), NOW + day * 7).expect("expired"), 2);
    assert_eq!(store.list(BUCKET, "").expect("a list").len(), 1);
}

#[test]
fn buckets_go_when_they_are_empty() {
    let (folder, store) = store();
    let writer = store.writer(BUCKET, NOW).expect("a writer");
    store.put_bytes(BUCKET, Draft::named("a"), b"", NOW).expect("made");
    assert!(matches!(store.create_bucket(Bucket::new("bob", "p", BUCKET, NOW)), Err(StoreError::BucketExists(_))));
    assert!(matches!(store.delete_bucket(BUCKET, &Conditions::default(), NOW), Err(StoreError::NotEmpty(_))));
    store.delete(BUCKET, "a").expect("deleted");
    store.delete_bucket(BUCKET, &Conditions::default(), NOW).expect("deleted");
    assert!(matches!(writer.commit(Draft::named("late"), NOW), Err(StoreError::NoBucket(_))));
    assert!(again(&folder).buckets().is_empty());
    assert!(files(folder.path()).is_empty());
}
