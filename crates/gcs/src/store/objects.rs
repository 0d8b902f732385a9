//! Objects that are there: read, described, patched, removed, copied, composed.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

use caddis_types::Timestamp;

use super::hashes::Sums;
use super::room::{Blob, Content};
use super::{Conditions, Draft, Fields, Object, Store, StoreError, disk};

/// Objects that one request may compose, as Google limits it.
pub(crate) const MOST_SOURCES: usize = 32;

/// Which object, and what must hold of it.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// Its bucket.
    pub bucket: String,
    /// Its name.
    pub name: String,
    /// Only this generation of it.
    pub generation: Option<i64>,
    /// What must hold of it.
    pub conditions: Conditions,
}

impl Store {
    /// What is known of an object.
    pub fn stat(&self, bucket: &str, name: &str) -> Result<Arc<Object>, StoreError> {
        Ok(Arc::clone(self.room(bucket)?.open()?.object(name, None)?))
    }

    /// An object and its bytes, which stay readable when it goes meanwhile.
    pub fn read(&self, bucket: &str, name: &str) -> Result<(Arc<Object>, File), StoreError> {
        self.read_if(&Source { bucket: bucket.to_owned(), name: name.to_owned(), ..Source::default() })
    }

    /// The same under conditions.
    pub fn read_if(&self, source: &Source) -> Result<(Arc<Object>, File), StoreError> {
        let room = self.room(&source.bucket)?;
        let open = room.open()?;
        let object = Arc::clone(open.object(&source.name, source.generation)?);
        source.conditions.check_read(&object)?;
        let file = open.file(&object)?;
        Ok((object, file))
    }

    /// What is known of an object, under conditions.
    pub fn stat_if(&self, source: &Source) -> Result<Arc<Object>, StoreError> {
        let room = self.room(&source.bucket)?;
        let open = room.open()?;
        let object = open.object(&source.name, source.generation)?;
        source.conditions.check_read(object)?;
        Ok(Arc::clone(object))
    }

    /// Writes an object's bytes to a file, whole: until then there is none, or the one that was there.
    pub fn read_to(&self, bucket: &str, name: &str, path: &Path) -> Result<Arc<Object>, StoreError> {
        let (object, mut from) = self.read(bucket, name)?;
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = Path::new(&part);
        disk::remove(part)?;
        let written = disk::create(part).and_then(|mut to| io::copy(&mut from, &mut to)).and_then(|_| fs::rename(part, path));
        if let Err(error) = written {
            let _ = fs::remove_file(part);
            return Err(error.into());
        }
        Ok(object)
    }

    /// All objects whose names start so, by name.
    pub fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<Arc<Object>>, StoreError> {
        let room = self.room(bucket)?;
        let open = room.open()?;
        let from = open.objects().range(prefix.as_bytes().to_vec()..);
        Ok(from.take_while(|(name, _)| name.starts_with(prefix.as_bytes())).map(|(_, object)| Arc::clone(object)).collect())
    }

    /// Changes what an object's owner says of it.
    pub fn patch(
        &self,
        which: &Source,
        change: impl FnOnce(&Fields) -> Result<Fields, StoreError>,
        now: Timestamp,
    ) -> Result<Arc<Object>, StoreError> {
        self.room(&which.bucket)?.open()?.patch(&which.name, which.generation, &which.conditions, change, now)
    }

    /// Removes an object.
    pub fn delete(&self, bucket: &str, name: &str) -> Result<(), StoreError> {
        self.room(bucket)?.open()?.delete(name, None, &Conditions::default())
    }

    /// The same under conditions.
    pub fn delete_if(&self, which: &Source) -> Result<(), StoreError> {
        self.room(&which.bucket)?.open()?.delete(&which.name, which.generation, &which.conditions)
    }

    /// Makes an object of another's bytes, which are not copied: both name the same ones. Without `fields` it has the
    /// metadata of the other.
    pub fn copy(
        &self,
        source: &Source,
        bucket: &str,
        name: &str,
        fields: Option<Fields>,
        conditions: Conditions,
        now: Timestamp,
    ) -> Result<Arc<Object>, StoreError> {
        let target = self.room(bucket)?;
        drop(target.open()?);
        let path = target.data(&self.fresh(now));
        let (object, blob) = {
            let room = self.room(&source.bucket)?;
            let open = room.open()?;
            let object = Arc::clone(open.object(&source.name, source.generation)?);
            source.conditions.check_write(Some(&object))?;
            (Arc::clone(&object), link(&open.blob(&object), path)?)
        };
        let sums = Sums { md5: object.md5.clone().unwrap_or_default(), crc32c: object.crc32c.clone() };
        let content = Content { blob, size: object.size, sums, components: object.component_count, upload: None };
        let mut fields = fields.unwrap_or_else(|| Fields { temporary_hold: false, event_based_hold: false, ..object.fields.clone() });
        fields.content_type = fields.content_type.or_else(|| object.fields.content_type.clone());
        let draft = Draft { fields, conditions, ..Draft::named(name) };
        target.open()?.commit(draft, content, now)
    }

    /// Makes an object of the bytes of others, one after the other; all of one bucket.
    pub fn compose(&self, bucket: &str, sources: &[Source], draft: Draft, now: Timestamp) -> Result<Arc<Object>, StoreError> {
        if sources.is_empty() || sources.len() > MOST_SOURCES {
            return Err(StoreError::invalid("sourceObjects", format!("1 to {MOST_SOURCES} objects can be composed")));
        }
        let mut writer = self.writer(bucket, now)?;
        let opened: Vec<(Arc<Object>, File)> = sources.iter().map(|source| self.read_for_compose(bucket, source)).collect::<Result<_, _>>()?;
        let mut components = 0;
        for (object, file) in opened {
            components += object.component_count.unwrap_or(1);
            writer.copy(file)?;
        }
        writer.components = Some(components);
        writer.commit(draft, now)
    }

    fn read_for_compose(&self, bucket: &str, source: &Source) -> Result<(Arc<Object>, File), StoreError> {
        let room = self.room(bucket)?;
        let open = room.open()?;
        let object = Arc::clone(open.object(&source.name, source.generation)?);
        source.conditions.check_write(Some(&object))?;
        let file = open.file(&object)?;
        Ok((object, file))
    }
}

/// The same bytes under another name. Where the file system makes no more links they are copied.
fn link(from: &Path, to: std::path::PathBuf) -> Result<Blob, StoreError> {
    let blob = Blob::new(to);
    if fs::hard_link(from, blob.path()).is_err() {
        let mut file = disk::create(blob.path())?;
        io::copy(&mut disk::open(from)?, &mut file)?;
        file.sync_all()?;
    }
    Ok(blob)
}
