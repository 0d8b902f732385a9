//! One bucket on disk and in memory.
//!
//! `bucket.json` is the bucket's record. `objects/HASH.json` is an object's record, under the hash of its name, which
//! therefore never becomes a path; it names the file in `data/` with the bytes. What always holds: a record is written
//! whole and only after its bytes, so that both become visible together; bytes without a record were never visible,
//! and are removed when the bucket is next read from the disk.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use caddis_types::Timestamp;
use sha2::{Digest, Sha256};

use super::hashes::Sums;
use super::{Bucket, Conditions, Draft, Fields, Object, StoreError, disk, names};

const RECORD: &str = "bucket.json";
const OBJECTS: &str = "objects";
const DATA: &str = "data";

/// Objects by the bytes of their names, which is Google's order.
pub(super) type Objects = BTreeMap<Vec<u8>, Arc<Object>>;

/// A bucket. Whoever reads or changes it holds its lock; bytes are written and read without it.
pub(super) struct Room {
    folder: PathBuf,
    state: Mutex<State>,
}

struct State {
    bucket: Bucket,
    /// Absent until somebody asks for objects.
    objects: Option<Objects>,
    /// The last generation that was given.
    last: i64,
    gone: bool,
}

/// Bytes without a record yet; they are removed unless they get one.
pub(super) struct Blob {
    path: PathBuf,
    kept: bool,
}

impl Blob {
    pub(super) fn new(path: PathBuf) -> Blob {
        Blob { path, kept: false }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

impl Drop for Blob {
    fn drop(&mut self) {
        if !self.kept {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// What is known of bytes that are to become an object.
pub(super) struct Content {
    pub(super) blob: Blob,
    pub(super) size: u64,
    pub(super) sums: Sums,
    /// How many parts they were composed of.
    pub(super) components: Option<u64>,
    /// The resumable upload that they came by.
    pub(super) upload: Option<String>,
}

/// A bucket under its lock.
pub(super) struct Open<'a> {
    folder: &'a Path,
    state: MutexGuard<'a, State>,
}

/// Lays a new bucket out in a folder that nobody knows yet.
pub(super) fn lay_out(folder: &Path, bucket: &Bucket) -> Result<(), StoreError> {
    for path in [folder, &folder.join(OBJECTS), &folder.join(DATA)] {
        disk::make_folder(path)?;
    }
    write_record(folder, bucket)
}

fn write_record(folder: &Path, bucket: &Bucket) -> Result<(), StoreError> {
    let bytes = serde_json::to_vec(bucket).map_err(io::Error::other)?;
    Ok(disk::replace(&folder.join(RECORD), &bytes)?)
}

impl Room {
    pub(super) fn new(folder: PathBuf, bucket: Bucket) -> Room {
        Room { folder, state: Mutex::new(State { bucket, objects: None, last: 0, gone: false }) }
    }

    /// The bucket of a folder.
    pub(super) fn read(folder: PathBuf) -> Result<Room, StoreError> {
        let bytes = fs::read(folder.join(RECORD))?;
        let bucket = serde_json::from_slice(&bytes).map_err(io::Error::other)?;
        Ok(Room::new(folder, bucket))
    }

    /// Where a new blob of this name would be.
    pub(super) fn data(&self, name: &str) -> PathBuf {
        self.folder.join(DATA).join(name)
    }

    /// The bucket's record.
    pub(super) fn bucket(&self) -> Bucket {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).bucket.clone()
    }

    /// The bucket under its lock, with its objects read.
    pub(super) fn open(&self) -> Result<Open<'_>, StoreError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.gone {
            return Err(StoreError::NoBucket(state.bucket.name.clone()));
        }
        if state.objects.is_none() {
            let objects = load(&self.folder)?;
            state.last = objects.values().map(|object| object.generation).max().unwrap_or(0);
            state.objects = Some(objects);
        }
        Ok(Open { folder: &self.folder, state })
    }
}

impl Open<'_> {
    pub(super) fn bucket(&self) -> &Bucket {
        &self.state.bucket
    }

    /// Puts another record in the place of the bucket's.
    pub(super) fn set_bucket(&mut self, bucket: Bucket) -> Result<(), StoreError> {
        write_record(self.folder, &bucket)?;
        self.state.bucket = bucket;
        Ok(())
    }

    /// The end of the bucket, whose folder is moved away; it must be empty.
    pub(super) fn end(mut self, away: &Path) -> Result<(), StoreError> {
        if !self.objects().is_empty() {
            return Err(StoreError::NotEmpty(self.state.bucket.name.clone()));
        }
        fs::rename(self.folder, away)?;
        self.state.gone = true;
        Ok(disk::sync_parent(self.folder)?)
    }

    pub(super) fn objects(&self) -> &Objects {
        static NONE: Objects = Objects::new();
        self.state.objects.as_ref().unwrap_or(&NONE)
    }

    /// The object of this name; with a generation, only when it is that one.
    pub(super) fn object(&self, name: &str, generation: Option<i64>) -> Result<&Arc<Object>, StoreError> {
        let found = self.objects().get(name.as_bytes()).filter(|object| generation.is_none_or(|it| it == object.generation));
        found.ok_or_else(|| StoreError::NoObject { bucket: self.state.bucket.name.clone(), name: name.to_owned() })
    }

    /// The file with an object's bytes. They stay readable when the object goes meanwhile.
    pub(super) fn file(&self, object: &Object) -> Result<File, StoreError> {
        Ok(disk::open(&self.blob(object))?)
    }

    /// Where an object's bytes are.
    pub(super) fn blob(&self, object: &Object) -> PathBuf {
        self.folder.join(DATA).join(&object.blob)
    }

    /// Gives bytes, which are on the disk, their record: from here on there is the object, and the one that had its
    /// name is gone.
    pub(super) fn commit(&mut self, draft: Draft, content: Content, now: Timestamp) -> Result<Arc<Object>, StoreError> {
        names::check_object(&draft.name)?;
        draft.expected.check(&content.sums)?;
        let before = self.objects().get(draft.name.as_bytes()).cloned();
        draft.conditions.check_write(before.as_deref())?;
        refuse_held(before.as_deref())?;
        let generation = now.0.max(self.state.last + 1);
        let mut blob = content.blob;
        let composed = content.components.is_some();
        let object = Object {
            name: draft.name,
            bucket: self.state.bucket.name.clone(),
            generation,
            metageneration: 1,
            size: content.size,
            md5: (!composed).then_some(content.sums.md5),
            crc32c: content.sums.crc32c,
            component_count: content.components,
            created: now,
            updated: now,
            fields: draft.fields,
            blob: blob.name(),
            upload: content.upload,
        };
        disk::sync_parent(blob.path())?;
        let object = self.put(object)?;
        blob.kept = true;
        self.state.last = generation;
        if let Some(before) = before {
            let _ = fs::remove_file(self.blob(&before));
        }
        Ok(object)
    }

    /// Lays other metadata over an object's.
    pub(super) fn patch(
        &mut self,
        name: &str,
        generation: Option<i64>,
        conditions: &Conditions,
        change: impl FnOnce(&Fields) -> Result<Fields, StoreError>,
        now: Timestamp,
    ) -> Result<Arc<Object>, StoreError> {
        let object = self.object(name, generation)?;
        conditions.check_write(Some(object))?;
        let fields = change(&object.fields)?;
        let metageneration = object.metageneration + 1;
        let object = Object { fields, metageneration, updated: now, ..Object::clone(object) };
        self.put(object)
    }

    /// Removes an object.
    pub(super) fn delete(&mut self, name: &str, generation: Option<i64>, conditions: &Conditions) -> Result<(), StoreError> {
        let object = Arc::clone(self.object(name, generation)?);
        conditions.check_write(Some(&object))?;
        refuse_held(Some(&object))?;
        let record = self.folder.join(OBJECTS).join(file_name(name));
        disk::remove(&record)?;
        if let Some(objects) = &mut self.state.objects {
            objects.remove(name.as_bytes());
        }
        let _ = fs::remove_file(self.blob(&object));
        Ok(disk::sync_parent(&record)?)
    }

    fn put(&mut self, object: Object) -> Result<Arc<Object>, StoreError> {
        let bytes = serde_json::to_vec(&object).map_err(io::Error::other)?;
        disk::replace(&self.folder.join(OBJECTS).join(file_name(&object.name)), &bytes)?;
        let object = Arc::new(object);
        if let Some(objects) = &mut self.state.objects {
            objects.insert(object.name.clone().into_bytes(), Arc::clone(&object));
        }
        Ok(object)
    }
}

fn refuse_held(object: Option<&Object>) -> Result<(), StoreError> {
    match object.filter(|object| object.fields.held()) {
        Some(object) => Err(StoreError::Held(object.name.clone())),
        None => Ok(()),
    }
}

fn file_name(object: &str) -> String {
    let hash = Sha256::digest(object.as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).chain([".json".to_owned()]).collect()
}

/// Reads all records, and removes what has none.
fn load(folder: &Path) -> Result<Objects, StoreError> {
    let mut objects = Objects::new();
    for name in disk::entries(&folder.join(OBJECTS))? {
        let path = folder.join(OBJECTS).join(&name);
        if name.ends_with(disk::NEW) {
            disk::remove(&path)?;
            continue;
        }
        match fs::read(&path).map_err(io::Error::other).and_then(|bytes| serde_json::from_slice::<Object>(&bytes).map_err(io::Error::other)) {
            Ok(object) if file_name(&object.name) == name => drop(objects.insert(object.name.clone().into_bytes(), Arc::new(object))),
            Ok(_) => tracing::error!(file = %path.display(), "a record of an object stands under another's name and is left out"),
            Err(error) => tracing::error!(file = %path.display(), error = %error, "a record of an object cannot be read and is left out"),
        }
    }
    // Where a record could not be read its bytes are not thrown away.
    let complete = disk::entries(&folder.join(OBJECTS))?.len() == objects.len();
    let named: std::collections::BTreeSet<&str> = objects.values().map(|object| object.blob.as_str()).collect();
    for name in disk::entries(&folder.join(DATA))?.iter().filter(|name| complete && !named.contains(name.as_str())) {
        disk::remove(&folder.join(DATA).join(name))?;
    }
    Ok(objects)
}
